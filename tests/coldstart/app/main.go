// Command app misbehaves on request: each word of its command line is one thing to do, in order.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	for _, word := range os.Args[1:] {
		name, value, _ := strings.Cut(word, "=")
		do(name, value)
	}
}

func do(name, value string) {
	switch name {
	case "sleep":
		duration, _ := time.ParseDuration(value)
		time.Sleep(duration)
	case "print":
		fmt.Println(value)
	case "complain":
		fmt.Fprintln(os.Stderr, value)
	case "exit":
		code, _ := strconv.Atoi(value)
		os.Exit(code)
	case "stamp":
		fmt.Println("stamp", value, time.Now().UnixNano())
	case "serve": // answers every request with 200
		serve(value, "200 OK", time.Time{})
	case "late": // 503 for half a second, then 200
		serve(value, "200 OK", time.Now().Add(500*time.Millisecond))
	case "notfound": // 404 except for /ping
		serve(value, "", time.Time{})
	case "accept": // never answers
		listener := listen(value)
		var held []net.Conn
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			held = append(held, connection)
		}
	case "backlog": // listens, and accepts nothing
		listen(value)
		time.Sleep(time.Hour)
	case "deaf": // ignores SIGTERM
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
	case "flood":
		line := []byte(strings.Repeat("x", 1<<10) + "\n")
		for {
			os.Stdout.Write(line)
		}
	case "fork": // each child does the same
		for {
			command := exec.Command("/proc/self/exe", "fork")
			if command.Start() != nil {
				time.Sleep(10 * time.Millisecond)
			}
		}
	case "eat":
		var held [][]byte
		for {
			piece := make([]byte, 8<<20)
			for at := 0; at < len(piece); at += 4096 {
				piece[at] = 1
			}
			held = append(held, piece)
		}
	case "wait":
		time.Sleep(time.Hour)
	}
}

func listen(address string) net.Listener {
	network := "tcp"
	if strings.HasPrefix(address, "[") {
		network = "tcp6"
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return listener
}

func serve(address, status string, from time.Time) {
	listener := listen(address)
	fmt.Println("stamp listening", time.Now().UnixNano())
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go answer(connection, status, from)
	}
}

func answer(connection net.Conn, status string, from time.Time) {
	defer connection.Close()
	held := make([]byte, 4096)
	count, _ := connection.Read(held)
	path := strings.Fields(string(held[:count]) + " / /")[1]
	if status == "" {
		status = "404 Not Found"
		if path == "/ping" {
			status = "200 OK"
		}
	}
	if time.Now().Before(from) {
		status = "503 Service Unavailable"
	}
	fmt.Fprintf(connection, "HTTP/1.1 %s\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n", status)
}
