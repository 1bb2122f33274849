// A web server of the standard library; with cgo it calls the C library's resolver.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	if len(os.Args) > 1 {
		os.Exit(0)
	}
	fmt.Println(http.ListenAndServe(":8080", nil))
}
