// A small service on Gin: what most Go images hold.
package main

import "github.com/gin-gonic/gin"

func main() {
	router := gin.New()
	router.GET("/", func(c *gin.Context) { c.String(200, "hello") })
	_ = router.Run()
}
