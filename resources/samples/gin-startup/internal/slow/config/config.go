// Package config does its blocking work before main begins, because somebody imports it. That is the mistake this sample shows.
package config

import (
	"time"

	"example.org/gin-startup/internal/remote"
	"example.org/gin-startup/internal/service"
)

func init() {
	began := time.Now()
	service.Must("config", remote.Config())
	service.Phase("config", began)
}
