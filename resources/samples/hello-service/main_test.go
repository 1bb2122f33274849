package main

import "testing"

func TestThatAnUnknownMethodIsRefused(t *testing.T) {
	if status, _ := answer("POST / HTTP/1.1"); status != "405 Method Not Allowed" {
		t.Errorf("status = %q", status)
	}
}
