// Package remote stands in for what a service talks to while it starts: a configuration server, a database and a service
// registry. Each is a listener of this process that takes its time to answer, so the sample needs no network.
package remote

import (
	"bufio"
	"fmt"
	"net"
	"time"
)

// How long each takes to answer; one after the other they make 800 ms, side by side 400 ms.
const (
	ConfigDelay   = 150 * time.Millisecond
	DatabaseDelay = 400 * time.Millisecond
	RegistryDelay = 250 * time.Millisecond
)

// Config fetches the remote configuration.
func Config() error { return ask(ConfigDelay) }

// Database opens the connection to the database and asks it once.
func Database() error { return ask(DatabaseDelay) }

// Registry makes the service known to the registry.
func Registry() error { return ask(RegistryDelay) }

// ask talks to a listener of ours over TCP, as the real thing would.
func ask(delay time.Duration) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go answer(listener, delay)
	connection, err := net.DialTimeout("tcp", listener.Addr().String(), 5*time.Second)
	if err != nil {
		return err
	}
	defer connection.Close()
	if _, err := bufio.NewReader(connection).ReadString('\n'); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	return nil
}

func answer(listener net.Listener, delay time.Duration) {
	connection, err := listener.Accept()
	if err != nil {
		return
	}
	defer connection.Close()
	time.Sleep(delay)
	fmt.Fprintln(connection, "ready")
}
