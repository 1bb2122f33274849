"""Which files of an image are looked into, and where a path leads."""

from __future__ import annotations

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.union import Stack, stack_layers
from explorer.gobinary.discovery import find_candidates, resolve
from tests.support.layers import Entry, elf, file, hardlink, layer, program, symlink, whiteout

_BIG = 2_000_000


def test_that_the_first_bytes_tell_executables_from_objects_and_scripts() -> None:
    stack = _stack(
        program("bin/app", _BIG),
        file("bin/big-endian", _BIG, head=elf(2, big_endian=True)),
        file("bin/pie", 5 * _BIG, head=elf(3)),
        file("bin/perl", _BIG, head=elf(3)),
        file("lib/a.o", _BIG, head=elf(1)),
        file("core", _BIG, head=elf(4)),
        file("bin/run", _BIG, head=b"#!/bin/sh\n"),
    )
    assert _paths(stack) == ["bin/pie", "bin/app", "bin/big-endian"]


def test_that_the_images_own_programs_come_before_larger_ones_of_the_system() -> None:
    stack = _stack(
        program("usr/bin/system", 3 * _BIG), program("app", 400_000), program("small", 1000)
    )
    own = np.array([name.startswith("app") for name in _names(stack)])
    assert _paths(stack, own=own) == ["app", "usr/bin/system"]


def test_that_libraries_and_what_is_hidden_are_left_out() -> None:
    below = layer(
        program("bin/old", _BIG), program("bin/new", _BIG), file("lib/libx.so.1", _BIG, head=elf(3))
    )
    stack = stack_layers([below, layer(whiteout("bin/old"))])
    assert _paths(stack) == ["bin/new"]


def test_that_a_toolchains_programs_are_counted_only() -> None:
    stack = _stack(
        program("usr/local/go/bin/go", _BIG),
        program("usr/local/go/pkg/tool/vet", 10),
        program("app", _BIG),
    )
    tools = np.array([name.startswith("usr/local/go/") for name in _names(stack)])
    found = find_candidates(stack, tools, np.zeros(len(stack), dtype=bool), 10)
    assert ([_names(stack)[row] for row in found.rows], found.toolchain) == (["app"], 2)


def test_that_no_more_than_the_limit_are_looked_into() -> None:
    stack = _stack(*(program(f"bin/{n}", _BIG + n) for n in range(5)))
    assert _paths(stack, limit=2) == ["bin/4", "bin/3"]


def test_that_links_lead_to_the_file_that_holds_the_bytes() -> None:
    stack = _stack(
        program("opt/app/server", 10),
        symlink("usr/bin/server", "../../opt/app/server"),
        symlink("bin", "usr/bin"),
        symlink("start", "/bin/server"),
        hardlink("opt/twin", "opt/app/server"),
    )
    wanted = _names(stack).index("opt/app/server")
    paths = (
        b"/opt/app/server",
        b"usr/bin/server",
        b"/bin/server",
        b"start",
        b"opt/twin",
        b"/opt/../opt/./app/server",
    )
    assert [resolve(stack, path) for path in paths] == [wanted] * len(paths)


def test_that_a_loop_a_folder_and_nothing_lead_nowhere() -> None:
    stack = _stack(symlink("a", "b"), symlink("b", "a"), file("d/x", 1))
    assert [resolve(stack, path) for path in (b"a", b"d", b"nope", b"d/x/y", b"")] == [-1] * 5


def _stack(*entries: Entry) -> Stack:
    return stack_layers([layer(*entries)])


def _names(stack: Stack) -> list[str]:
    return [stack.tree.path(int(node)).decode() for node in stack.node]


def _paths(stack: Stack, own: Array | None = None, limit: int = 10) -> list[str]:
    nothing = np.zeros(len(stack), dtype=bool)
    found = find_candidates(stack, nothing, nothing if own is None else own, limit)
    return [_names(stack)[row] for row in found.rows]
