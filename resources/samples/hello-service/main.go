// Command hello-service answers every request with a greeting. It speaks just enough HTTP/1.0 by hand: net/http, log and fmt
// would make the sample image larger than it may be.
package main

import (
	"bufio"
	_ "embed"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"example.org/greeting"
)

//go:embed page.html
var page string

const (
	requestLimit = 8 << 10
	idleTimeout  = 10 * time.Second
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("", port))
	if err != nil {
		say("error: " + err.Error())
		os.Exit(1)
	}
	say("listening on " + listener.Addr().String())
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			say("error: " + err.Error())
			continue
		}
		go serve(connection)
	}
}

func say(line string) {
	os.Stderr.WriteString(line + "\n")
}

func serve(connection net.Conn) {
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(idleTimeout)); err != nil {
		return
	}
	line, err := bufio.NewReader(io.LimitReader(connection, requestLimit)).ReadString('\n')
	if err != nil {
		return
	}
	status, body := answer(line)
	if _, err := io.WriteString(connection, response(status, body)); err != nil {
		say("error: " + err.Error())
	}
}

// answer tells status and body for one request line such as "GET /zh HTTP/1.1".
func answer(line string) (status, body string) {
	method, rest, found := strings.Cut(strings.TrimSpace(line), " ")
	path, _, _ := strings.Cut(rest, " ")
	switch {
	case !found || !strings.HasPrefix(path, "/"):
		return "400 Bad Request", "what?\n"
	case method != "GET":
		return "405 Method Not Allowed", "only GET\n"
	case path == "/healthz":
		return "200 OK", "ok\n"
	}
	return "200 OK", strings.ReplaceAll(page, "{{greeting}}", greeting.In(strings.Trim(path, "/")))
}

func response(status, body string) string {
	return "HTTP/1.0 " + status + "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body
}
