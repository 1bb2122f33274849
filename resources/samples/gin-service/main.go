// Command gin-service shows notes: pages from templates, a style sheet from a folder, a JSON interface.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = "dev"

type note struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

var notes = []note{{1, "Buy milk"}, {2, "Make the image smaller"}}

func router() *gin.Engine {
	engine := gin.Default()
	engine.LoadHTMLGlob("templates/*.html")
	engine.Static("/static", "./static")
	engine.StaticFile("/robots.txt", "static/robots.txt")
	engine.GET("/", func(c *gin.Context) {
		c.HTML(http.StatusOK, "index.html", gin.H{"notes": notes, "version": version})
	})
	engine.GET("/api/notes", func(c *gin.Context) { c.JSON(http.StatusOK, notes) })
	engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	engine.POST("/upload", func(c *gin.Context) {
		file, err := c.FormFile("file")
		if err != nil {
			c.String(http.StatusBadRequest, err.Error())
			return
		}
		c.JSON(http.StatusOK, gin.H{"name": file.Filename, "size": file.Size})
	})
	return engine
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := router().Run(":" + port); err != nil {
		log.Fatal(err)
	}
}
