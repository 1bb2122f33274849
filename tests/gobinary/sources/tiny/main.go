// A program that starts, has one package of its own and work to do before main.
package main

import (
	"embed"
	"fmt"

	"example.com/tiny/price"
)

//go:embed notes
var notes embed.FS

func main() {
	text, _ := notes.ReadFile("notes/hello.txt")
	fmt.Println(price.Of(7), len(text))
}
