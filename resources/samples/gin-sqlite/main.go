// Command gin-sqlite keeps its notes in SQLite, which is C: the program is linked to the C library of the image it is built in.
package main

import (
	"database/sql"
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
	_ "github.com/mattn/go-sqlite3"
)

func main() {
	path := os.Getenv("DATABASE")
	if path == "" {
		path = "/data/notes.db"
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)"); err != nil {
		log.Fatal(err)
	}
	engine := gin.Default()
	engine.GET("/", func(c *gin.Context) {
		var count int
		if err := db.QueryRow("SELECT count(*) FROM notes").Scan(&count); err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.JSON(http.StatusOK, gin.H{"notes": count})
	})
	engine.POST("/notes", func(c *gin.Context) {
		if _, err := db.Exec("INSERT INTO notes (text) VALUES (?)", c.PostForm("text")); err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.Status(http.StatusCreated)
	})
	log.Fatal(engine.Run(":8080"))
}
