// Package database does its blocking work before main begins, because somebody imports it. That is the mistake this sample shows.
package database

import (
	"time"

	"example.org/gin-startup/internal/remote"
	"example.org/gin-startup/internal/service"
)

func init() {
	began := time.Now()
	service.Must("database", remote.Database())
	service.Phase("database", began)
}
