// Command good does the same work, but side by side, with a cached configuration, and says what each part took.
package main

import (
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"example.org/gin-startup/internal/remote"
	"example.org/gin-startup/internal/service"
)

// The configuration is read from the copy in the image, and fetched when somebody asks for what is not in it.
var fresh = sync.OnceValue(remote.Config)

func main() {
	began := time.Now()
	cached := map[string]string{"greeting": "hello"}
	if len(cached) == 0 {
		service.Must("config", fresh())
	}
	service.Phase("config", began)

	var group errgroup.Group
	for name, connect := range map[string]func() error{
		"database": remote.Database,
		"registry": remote.Registry,
	} {
		group.Go(func() error {
			from := time.Now()
			defer func() { service.Phase(name, from) }()
			return connect()
		})
	}
	service.Must("connect", group.Wait())
	service.Serve()
}
