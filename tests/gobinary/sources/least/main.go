// The least that a Go program can be.
package main

func main() { println("hello") }
