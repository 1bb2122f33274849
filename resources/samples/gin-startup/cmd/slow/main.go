// Command slow starts as many services do: each package connects in its init(), one after the other, before main begins.
package main

import (
	_ "example.org/gin-startup/internal/slow/config"
	_ "example.org/gin-startup/internal/slow/database"
	_ "example.org/gin-startup/internal/slow/registry"

	"example.org/gin-startup/internal/service"
)

func main() {
	service.Serve()
}
