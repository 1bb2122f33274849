"""Facts of real Go programs, built here: what is linked is told, what is not linked is proved absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.dockerfile.facts import ProgramFacts, program_facts
from explorer.dockerfile.sources import read_sources
from explorer.gobinary.analyse import analyse_binary
from explorer.task import Task
from tests.support.projects import program

_CODE = """package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println(time.LoadLocation(os.Args[1]))
	}
	if len(os.Args) > 2 {
		fmt.Println(exec.Command(os.Args[1]).Run())
	}
}
"""


def _built(code: str, *flags: str) -> ProgramFacts:
    data = program(
        {"main.go": code, "go.mod": "module example.com/t\n\ngo 1.21\n"}, *flags
    ).read_bytes()
    return program_facts(analyse_binary(Task(), data, "/t"))


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("-ldflags=-s -w", "-trimpath")])
def test_that_a_program_tells_what_it_may_do_stripped_or_not(flags: tuple[str, ...]) -> None:
    facts = _built(_CODE, *flags)
    assert facts.uses is not None
    assert {"programs", "time-zones"} <= facts.uses
    assert not facts.may("certificates")
    assert not facts.may("plugins")
    assert facts.cgo_packages == ()
    assert (facts.static, facts.interpreter, facts.module) == (True, "", "example.com/t")
    assert facts.stripped is bool(flags)
    assert (facts.removable_bytes > 100_000) is not bool(flags)


@pytest.mark.slow
def test_that_a_small_program_is_proved_to_do_nothing() -> None:
    facts = _built("package main\n\nfunc main() { println(1) }\n")
    assert facts.uses == frozenset()


def test_that_nothing_is_proved_of_a_program_that_was_not_looked_at() -> None:
    facts = ProgramFacts()
    assert not facts.known
    assert facts.may("programs")
    assert not facts.proved("programs")


def test_that_a_source_folder_tells_modules_calls_and_embeds(tmp_path: Path) -> None:
    files = {
        "go.mod": "module example.com/a // b\n\ngo 1.22.1\n\nreplace x.com/y v1.0.0 => ./y // local\n",
        "go.work": "go 1.22\n\nuse (\n\t.\n\t./tool\n)\n",
        "main.go": 'package main\n\nimport "C"\n\n//go:embed web/*.html all:static\nvar f embed.FS\n\nvar _ = exec.Command("sh", "-c")\n',
        "cmd/x/main.go": "package main\n\nvar _ = time.LoadLocation\n\nfunc f() { time.LoadLocation(x) }\n",
        "a_test.go": 'package main\n\nvar _ = plugin.Open("x")\n',
        "testdata/b.go": 'package b\n\nvar _ = plugin.Open("x")\n',
        "b.go": "//go:build !cgo && linux\n\npackage main\n",
        ".dockerignore": "x\n",
        ".git/HEAD": "ref\n",
        "run.sh": "#!/bin/sh\n",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = read_sources(Task(), tmp_path)
    assert (found.module, found.go_version) == ("example.com/a", "1.22.1")
    assert (found.local_replacements, found.workspace) == (("./y",), (".", "./tool"))
    assert found.calls == {
        "cgo": ("main.go:3",), "cgo-tag": ("b.go:1",), "programs": ("main.go:8",), "time-zones": ("cmd/x/main.go:5",),
    }  # fmt: skip
    assert found.programs == ("sh",)
    assert found.embeds == ("static", "web/*.html")
    assert found.main_packages == ("", "cmd/x")
    assert found.ignore_text == "x\n"
    assert found.has_folder(".git")
    assert not found.has_folder("testdata")
    assert found.complete


def test_that_code_that_is_not_built_here_or_not_the_users_says_nothing(tmp_path: Path) -> None:
    calls = 'package main\n\nimport "C"\n\nvar _ = runtime.Caller(0)\n'
    for name in ("vendor/x.com/y/a.go", "a_windows.go", "b_darwin_arm64.go", "c_test.go"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(calls)
    assert read_sources(Task(), tmp_path).calls == {}
    (tmp_path / "d_linux.go").write_text(calls)
    assert read_sources(Task(), tmp_path).calls == {
        "cgo": ("d_linux.go:3",),
        "caller": ("d_linux.go:5",),
    }
