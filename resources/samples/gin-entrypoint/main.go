// Command gin-entrypoint is started by a shell script, which prepares what it reads.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

func main() {
	motto, err := os.ReadFile("/tmp/motto.txt")
	if err != nil {
		log.Fatal(err)
	}
	engine := gin.Default()
	engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, string(motto)) })
	log.Fatal(engine.Run())
}
