// Package service is what both variants serve: health, readiness, metrics, and logs as JSON on the right streams.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
)

var (
	output  = slog.New(slog.NewJSONHandler(os.Stdout, nil))
	trouble = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	began   = time.Now()
	ready   atomic.Bool
	start   startup
)

// startup is what the start took, for /metrics.
type startup struct {
	sync.Mutex
	names   []string
	seconds map[string]float64
}

// The histogram's upper bounds in seconds, from a cached start to a very slow one.
var bounds = []float64{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

// Phase records and logs what a part of the start took.
func Phase(name string, from time.Time) {
	took := time.Since(from)
	start.Lock()
	defer start.Unlock()
	if start.seconds == nil {
		start.seconds = map[string]float64{}
	}
	start.names = append(start.names, name)
	start.seconds[name] = took.Seconds()
	output.Info("start", "startup_phase", name, "duration_ms", float64(took.Microseconds())/1000)
}

// Must ends the program when a part of the start failed.
func Must(name string, err error) {
	if err != nil {
		trouble.Error("start failed", "startup_phase", name, "error", err.Error())
		os.Exit(1)
	}
}

// Serve answers until SIGTERM; the port is open and ready when this logs that it listens.
func Serve() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery())
	router.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	router.GET("/readyz", func(c *gin.Context) {
		if !ready.Load() {
			c.String(http.StatusServiceUnavailable, "starting\n")
			return
		}
		c.String(http.StatusOK, "ready\n")
	})
	router.GET("/metrics", func(c *gin.Context) {
		c.Data(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", []byte(metrics()))
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	// Gin's own message comes before the port is open; this one comes after.
	listener, err := net.Listen("tcp", ":"+port)
	Must("listen", err)
	Phase("total", began)
	ready.Store(true)
	output.Info("listening", "address", listener.Addr().String(), "unix_nano", time.Now().UnixNano())
	server := &http.Server{Handler: router, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-ended
		ready.Store(false)
		within, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = server.Shutdown(within)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		Must("serve", err)
	}
}

func metrics() string {
	start.Lock()
	defer start.Unlock()
	var text strings.Builder
	text.WriteString("# HELP gin_startup_duration_seconds What each part of the start took.\n")
	text.WriteString("# TYPE gin_startup_duration_seconds gauge\n")
	for _, name := range start.names {
		fmt.Fprintf(&text, "gin_startup_duration_seconds{phase=%q} %g\n", name, start.seconds[name])
	}
	text.WriteString("# HELP gin_start_phases_seconds The parts of the start as a histogram.\n")
	text.WriteString("# TYPE gin_start_phases_seconds histogram\n")
	sum := 0.0
	for _, bound := range bounds {
		count := 0
		for _, seconds := range start.seconds {
			if seconds <= bound {
				count++
			}
		}
		fmt.Fprintf(&text, "gin_start_phases_seconds_bucket{le=\"%g\"} %d\n", bound, count)
	}
	for _, seconds := range start.seconds {
		sum += seconds
	}
	fmt.Fprintf(&text, "gin_start_phases_seconds_bucket{le=\"+Inf\"} %d\n", len(start.seconds))
	fmt.Fprintf(&text, "gin_start_phases_seconds_sum %g\ngin_start_phases_seconds_count %d\n", sum, len(start.seconds))
	return text.String()
}
