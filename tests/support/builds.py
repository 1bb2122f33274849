"""What builds are tried on: a base of one program that does what a step is to do, contexts in folders."""

from __future__ import annotations

from pathlib import Path

from explorer.dockerfile.context import Context, read_context
from explorer.task import Task
from tests.support.projects import program

# There is no shell in an image made of nothing: steps are written RUN ["/tool", "say", "hello"].
TOOL = """package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func number(text string) int {
	count, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return count
}

func main() {
	for place := 1; place+1 < len(os.Args); place += 2 {
		value := os.Args[place+1]
		switch os.Args[place] {
		case "say":
			fmt.Println(value)
		case "count":
			for line := 1; line <= number(value); line++ {
				fmt.Println("line", line)
			}
		case "sleep":
			time.Sleep(time.Duration(number(value)) * time.Second)
		case "exit":
			os.Exit(number(value))
		case "touch":
			if err := os.WriteFile(value, nil, 0o644); err != nil {
				panic(err)
			}
		case "fill":
			file, err := os.Create("/filled")
			for count := 0; err == nil && count < number(value); count++ {
				_, err = file.Write(make([]byte, 1<<20))
			}
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		case "show":
			data, err := os.ReadFile(value)
			fmt.Println(string(data), err)
		}
	}
}
"""


def tool() -> Path:
    """The program, static."""
    return program(TOOL, "-ldflags=-s -w")


def context(folder: Path, **files: str) -> Context:
    """A folder with the tool in it and files of these texts (names with "_" for ".")."""
    (folder / "tool").write_bytes(tool().read_bytes())
    (folder / "tool").chmod(0o755)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return read_context(Task(), folder)
