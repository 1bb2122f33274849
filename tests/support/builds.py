"""What builds are tried on: a base of one program that does what a step is to do, contexts in folders."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from explorer.dockerfile.context import Context, read_context
from explorer.task import Task
from tests.engine.docker import Docker
from tests.support.projects import program, tar_of

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


def image(docker: Docker, tag: str, files: Mapping[str, bytes | Path | str], *changes: str) -> str:
    """An image of these files (see tar_of); `changes` are Dockerfile lines such as CMD ["/app"]."""
    options = [part for change in changes for part in ("-c", change)]
    docker("import", *options, "-", tag, data=tar_of(files))
    return tag


def naive_image(docker: Docker, tag: str, *words: str, **files: str) -> str:
    """The tool as a naive build leaves it, with sources and toolchain, started with `words`; `files` lie beside it in /app."""
    held: dict[str, bytes | Path | str] = {
        "app/server": tool(),
        "app/main.go": "package main\n",
        "app/go.mod": "module example.com/shop\n",
        "usr/local/go/VERSION": "go1.27.3\n",
        "usr/local/go/bin/go": os.urandom(2_000_000),
        "usr/local/go/src/runtime/proc.go": "package runtime\n",
    }
    held |= {f"app/{name.replace('_', '.')}": text for name, text in files.items()}
    return image(docker, tag, held, f"CMD {json.dumps(['/app/server', *words])}")
