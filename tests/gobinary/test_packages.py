"""Bytes by package, against what Go's own tools say of the same programs."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from explorer.gobinary.binary import GO
from explorer.gobinary.buildinfo import BuildInfo, Module
from explorer.gobinary.elf import read_elf
from explorer.gobinary.groups import by_module
from explorer.gobinary.moduledata import ModuleData, read_module_data
from explorer.gobinary.modules import DEPENDENCY, MAIN, STANDARD, UNKNOWN, ModuleFinder
from explorer.gobinary.names import ASSEMBLY, GENERATED, package_name, split_names
from explorer.gobinary.pclntab import find_table
from explorer.gobinary.pointers import Pointers
from explorer.gobinary.sections import CODE, EMBEDDED, TYPES
from tests.gobinary.conftest import Program
from tests.gobinary.programs import PACKAGED, analysed, go_1_17_program, go_output, installed

_WAYS = {
    "static": ((), {}),
    "pie": (("-buildmode=pie",), {}),
    "arm64": ((), {"GOARCH": "arm64"}),
    "386": ((), {"GOARCH": "386"}),
    "s390x": ((), {"GOARCH": "s390x"}),
    "mips": ((), {"GOARCH": "mips"}),
    "arm": ((), {"GOARCH": "arm"}),
    "cgo": ((), {"CGO_ENABLED": "1"}),
    "race": (("-race",), {"CGO_ENABLED": "1"}),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", _WAYS)
def test_that_code_by_package_is_what_nm_adds_up_to(
    go: str, go_caches: Path, program: Program, needs_gcc: None, way: str
) -> None:
    arguments, env = _WAYS[way]
    path = program(_source(way), *arguments, **env)
    # A package whose functions are all inlined has its names in the tables and no code of its own.
    ours = {item.name: item.code_bytes for item in analysed(path).packages if item.code_bytes}
    _assert_as_nm(ours, _code_by_nm(go_output(go, go_caches, "tool", "nm", "-size", str(path))))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_that_the_table_of_go_1_17_is_read_as_well(
    go: str, go_caches: Path, tmp_path: Path
) -> None:
    path = tmp_path / "go117"
    path.write_bytes(go_1_17_program())
    ours = {item.name: item.code_bytes for item in analysed(path).packages if item.code_bytes}
    _assert_as_nm(ours, _code_by_nm(go_output(go, go_caches, "tool", "nm", "-size", str(path))))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["static", "pie", "arm64", "386", "s390x", "mips"])
def test_that_code_and_function_data_begin_where_their_symbols_say(
    go: str, go_caches: Path, program: Program, way: str
) -> None:
    arguments, env = _WAYS[way]
    path = program("tiny", *arguments, **env)
    exe = read_elf(memoryview(path.read_bytes()))
    table = find_table(exe)
    assert table is not None
    found = read_module_data(Pointers(exe), table, "go1.27.3")
    printed = go_output(go, go_caches, "tool", "nm", str(path)).splitlines()
    symbols = {
        line.split()[-1]: int(line.split()[0], 16) for line in printed if len(line.split()) == 3
    }
    assert found == ModuleData(symbols["runtime.text"], symbols["go:func.*"])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", _WAYS)
def test_that_stripping_changes_no_attribution(program: Program, needs_gcc: None, way: str) -> None:
    arguments, env = _WAYS[way]
    full = analysed(program(_source(way), *arguments, **env))
    small = analysed(program(_source(way), *arguments, "-ldflags=-s -w", **env))
    assert {p.name: p.code_bytes for p in full.packages} == {
        p.name: p.code_bytes for p in small.packages
    }
    assert full.init_packages == small.init_packages
    assert full.embedded_files == small.embedded_files
    # Nine tenths of the code belong to packages, whatever the processor.
    outside = sum(row.bytes for row in small.unattributed if row.reason == CODE)
    assert outside <= 0.1 * sum(package.code_bytes for package in small.packages)


@pytest.mark.slow
def test_that_every_package_of_the_program_is_named_with_its_module(program: Program) -> None:
    binary = analysed(program("tiny"))
    groups = {item.name: (item.module, item.group) for item in binary.packages}
    assert groups["main"] == ("example.com/tiny", MAIN)
    assert groups["example.com/tiny/price"] == ("example.com/tiny", MAIN)
    assert groups["strconv"] == ("std", STANDARD)
    modules = by_module(binary)
    assert sum(module.total_bytes for module in modules) == binary.attributed_bytes
    assert [m.total_bytes for m in modules] == sorted(
        (m.total_bytes for m in modules), reverse=True
    )


@pytest.mark.slow
def test_that_types_of_go_1_27_are_a_row_of_their_own(program: Program) -> None:
    binary = analysed(program("tiny", "-ldflags=-s -w"))
    rows = {row.reason: row.bytes for row in binary.unattributed}
    assert rows[TYPES] > 50_000
    assert rows[EMBEDDED] == binary.embedded_bytes


@pytest.mark.slow
@pytest.mark.parametrize("path", PACKAGED)
def test_that_packaged_programs_are_attributed_for_the_most_part(path: str) -> None:
    binary = analysed(installed(path))
    assert binary.state == GO
    # Dynamic symbols, relocations and debug information are nobody's; of all else three quarters belong to a package.
    nobodys = sum(
        row.bytes
        for row in binary.unattributed
        if row.reason in ("dynamic-symbols", "relocations", "symbols", "debug")
    )
    assert binary.attributed_bytes >= 0.75 * (binary.size_bytes - nobodys)


def test_that_the_longest_listed_module_owns_a_package() -> None:
    finder = ModuleFinder(
        _info("example.com/app", "github.com/a/b", "github.com/a/b/v2", "github.com/a/b/sub")
    )
    assert finder.find("github.com/a/b/x") == ("github.com/a/b", DEPENDENCY)
    assert finder.find("github.com/a/b/sub/x") == ("github.com/a/b/sub", DEPENDENCY)
    assert finder.find("github.com/a/b/v2") == ("github.com/a/b/v2", DEPENDENCY)
    assert finder.find("github.com/a/bc") == ("github.com/a/bc", UNKNOWN)
    assert finder.find("example.com/app/internal/x") == ("example.com/app", MAIN)
    assert finder.find("main") == ("example.com/app", MAIN)
    assert finder.find("net/http") == ("std", STANDARD)
    assert finder.find("vendor/golang.org/x/net/idna") == ("std", STANDARD)


def test_that_a_main_module_without_a_dot_is_not_the_standard_library() -> None:
    finder = ModuleFinder(_info("app"))
    assert finder.find("app/store") == ("app", MAIN)
    assert finder.find("application") == ("std", STANDARD)


def test_that_without_a_module_list_repositories_are_guessed_from_paths() -> None:
    finder = ModuleFinder(BuildInfo("go1.19", "github.com/docker/cli/cmd/docker"))
    assert finder.find("github.com/docker/cli/vendor/k8s.io/api/core/v1") == ("k8s.io/api", UNKNOWN)
    assert finder.find("github.com/docker/cli/cli/command") == ("github.com/docker/cli", MAIN)
    assert finder.find("golang.org/x/net/http2") == ("golang.org/x/net", UNKNOWN)


def _assert_as_nm(ours: dict[str, int], by_nm: dict[str, tuple[int, int]]) -> None:
    # nm leaves out the padding between functions (32 bytes at most each), and knows C functions the table does not.
    for package, (size, functions) in by_nm.items():
        if package in (ASSEMBLY, GENERATED):
            continue
        assert size <= ours[package] <= size + 64 * functions, package
    assert set(ours) - set(by_nm) <= {ASSEMBLY, GENERATED}


def _source(way: str) -> str:
    """Only a program that looks names up calls C."""
    return "server" if way == "cgo" else "tiny"


def _info(main: str, *dependencies: str) -> BuildInfo:
    modules = tuple(Module(path, "v1.0.0") for path in dependencies)
    return BuildInfo("go1.26", f"{main}/cmd", Module(main, "(devel)"), modules)


def _code_by_nm(printed: str) -> dict[str, tuple[int, int]]:
    """Package -> (bytes, functions) of the text symbols that `go tool nm` lists."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    # A name of assembly functions has .abi0 behind it in the symbol table only.
    line = re.compile(r"^\s*[0-9a-f]+\s+(\d+)\s+[Tt]\s+(.*?)(?:\.abi0|\.abiinternal)?$")
    for match in filter(None, map(line.match, printed.splitlines())):
        ((raw, rest),) = split_names(match[2].encode() + b"\0")
        package = package_name(raw, rest)
        size, functions = found[package]
        found[package] = size + int(match[1]), functions + 1
    return found
