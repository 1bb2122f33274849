// Command gin-clock tells the time in any zone and asks another server over TLS: it needs time zone data and certificates.
package main

import (
	"crypto/x509"
	"log"
	"net/http"
	"os"
	"os/user"
	"time"

	"github.com/gin-gonic/gin"
)

// A fixed moment: what is compared is how a zone writes it.
var moment = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func main() {
	engine := gin.New()
	engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, moment.In(time.Local).Format(time.RFC1123Z)) })
	engine.GET("/zone/*name", func(c *gin.Context) {
		zone, err := time.LoadLocation(c.Param("name")[1:])
		if err != nil {
			c.String(http.StatusNotFound, err.Error())
			return
		}
		c.String(http.StatusOK, moment.In(zone).Format(time.RFC1123Z))
	})
	engine.GET("/certificates", func(c *gin.Context) {
		pool, err := x509.SystemCertPool()
		if err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.JSON(http.StatusOK, gin.H{"empty": pool.Equal(x509.NewCertPool())})
	})
	engine.GET("/fetch", func(c *gin.Context) {
		answer, err := http.Get(os.Getenv("UPSTREAM"))
		if err != nil {
			c.String(http.StatusBadGateway, err.Error())
			return
		}
		defer answer.Body.Close()
		c.String(http.StatusOK, answer.Status)
	})
	engine.GET("/user", func(c *gin.Context) {
		who, err := user.Current()
		if err != nil {
			c.String(http.StatusInternalServerError, err.Error())
			return
		}
		c.String(http.StatusOK, who.Username)
	})
	log.Fatal(engine.Run(":8080"))
}
