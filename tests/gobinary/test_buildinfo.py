"""Build information: both formats of the linker, against `go version -m` on real programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.gobinary.buildinfo import BuildInfo, Module, parse_module_text, read_build_info
from explorer.gobinary.elf import read_elf
from tests.gobinary.conftest import Program
from tests.gobinary.programs import PACKAGED, analysed, go_1_17_program, go_output, installed

_FLAGS = {
    "static": ((), {}),
    "stripped": (("-ldflags=-s -w",), {}),
    "trimpath": (("-trimpath", "-ldflags=-s -w -X main.version=1"), {}),
    "tags": (("-tags=one,two", "-gcflags=all=-N -l"), {}),
    "pie": (("-buildmode=pie",), {}),
    "arm64": ((), {"GOARCH": "arm64"}),
    "386": ((), {"GOARCH": "386"}),
    "s390x": ((), {"GOARCH": "s390x"}),
    "mips": ((), {"GOARCH": "mips"}),
    "windows": ((), {"GOOS": "windows"}),
    "darwin": ((), {"GOOS": "darwin", "GOARCH": "arm64"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", _FLAGS)
def test_that_build_information_is_what_go_version_prints(
    go: str, go_caches: Path, program: Program, way: str
) -> None:
    arguments, env = _FLAGS[way]
    path = program("least", *arguments, **env)
    assert _as_go_prints(path) == _by_go(go, go_caches, path)


@pytest.mark.slow
@pytest.mark.parametrize("path", PACKAGED)
def test_that_packaged_programs_say_the_same_to_us_and_to_go(
    go: str, go_caches: Path, path: str
) -> None:
    assert _as_go_prints(installed(path)) == _by_go(go, go_caches, Path(path))


def test_that_a_program_of_go_1_17_keeps_its_information_behind_pointers() -> None:
    info = read_build_info(read_elf(memoryview(go_1_17_program())))
    assert info == BuildInfo(
        "go1.17", "example.com/go117", Module("example.com/go117", "(devel)"), (), {}
    )


def test_that_replaced_modules_keep_what_they_stand_for() -> None:
    text = "path\tm/cmd\nmod\tm\tv1.2.3\th1:m=\ndep\ta\tv1.0.0\n=>\tb\tv2.0.0\th1:b=\ndep\tc\tv3.0.0\th1:c=\n"
    info = parse_module_text("go1.26", text)
    assert info.main == Module("m", "v1.2.3", "h1:m=")
    assert info.dependencies == (
        Module("a", "v1.0.0", "", Module("b", "v2.0.0", "h1:b=")),
        Module("c", "v3.0.0", "h1:c="),
    )


def test_that_a_replacement_of_the_main_module_is_not_a_dependencys() -> None:
    info = parse_module_text("go1.26", "mod\tm\tv1\t\n=>\t./local\t\t\n")
    assert info.main == Module("m", "v1", "", Module("./local"))
    assert info.dependencies == ()


def test_that_without_the_main_modules_line_the_dependencies_are_unknown_not_none() -> None:
    assert parse_module_text("go1.19", "path\tgithub.com/docker/cli\n").dependencies is None
    assert parse_module_text("go1.19", "").dependencies is None


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("CGO_ENABLED=0", ("CGO_ENABLED", "0")),
        ('-ldflags="-s -w -X main.v=\\"a b\\""', ("-ldflags", '-s -w -X main.v="a b"')),
        ('-tags=`a"b`', ("-tags", 'a"b')),
        ('"odd key"="v\\x41\\t"', ("odd key", "vA\t")),
        ("vcs.time=2026-01-02T03:04:05Z", ("vcs.time", "2026-01-02T03:04:05Z")),
        ("-empty=", ("-empty", "")),
    ],
)  # fmt: skip
def test_that_settings_are_unquoted_as_go_quotes_them(line: str, setting: tuple[str, str]) -> None:
    assert parse_module_text("go1.26", f"build\t{line}\n").settings == dict([setting])


def _as_go_prints(path: Path) -> dict[str, Any]:
    """Our reading in the words of `go version -m -json`."""
    binary = analysed(path)
    document: dict[str, Any] = {"GoVersion": binary.go_version, "Path": binary.main_package}
    document["Main"] = _go_module(binary.module)
    document["Deps"] = [_go_module(module) for module in binary.dependencies or ()]
    document["Settings"] = binary.settings
    return document


def _go_module(module: Module | None) -> dict[str, Any]:
    if module is None:
        return {}
    fields = {"Path": module.path, "Version": module.version, "Sum": module.sum}
    document: dict[str, Any] = {name: value for name, value in fields.items() if value}
    if module.replace is not None:
        document["Replace"] = _go_module(module.replace)
    return document


def _by_go(go: str, caches: Path, path: Path) -> dict[str, Any]:
    printed = json.loads(go_output(go, caches, "version", "-m", "-json", str(path)))
    return {
        "GoVersion": printed["GoVersion"],
        "Path": printed["Path"],
        "Main": {name: value for name, value in printed["Main"].items() if value},
        "Deps": printed.get("Deps") or [],
        "Settings": {item["Key"]: item.get("Value", "") for item in printed.get("Settings") or []},
    }
