"""What an image runs, followed through shells, PATH and links to the files."""

from __future__ import annotations

import pytest

from explorer.filesystem.union import Stack, stack_layers
from explorer.findings.entry import FinalFiles, entry_nodes, entry_words, runs_go_command
from explorer.image.model import Config
from tests.support.layers import directory, file, hardlink, layer, program, symlink, whiteout


def _entries(stack: Stack, config: Config) -> list[str]:
    return [stack.tree.path(node).decode() for node in entry_nodes(stack, config)]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(entrypoint=("/app",)), ["app"]),
        (Config(cmd=("./app",), working_dir="/srv"), ["srv/app"]),
        (Config(cmd=("./app",)), ["app"]),
        (Config(cmd=("tool",)), ["usr/bin/tool"]),
        (Config(cmd=("tool",), env=("PATH=/srv:/usr/bin",)), ["srv/tool"]),
        (Config(entrypoint=("/bin/sh", "-c"), cmd=("exec /app --x && tool",)), ["app", "usr/bin/tool"]),
        (Config(entrypoint=("/usr/bin/env", "tool")), ["usr/bin/tool"]),
        (Config(entrypoint=("/link",)), ["app"]),
        (Config(cmd=("/nothing", "-v", "x\0y", "/srv")), []),
        (Config(cmd=("bash",)), []),
        (Config(cmd=("/bin/sh -c 'unclosed /app",)), ["app"]),
        (Config(), []),
    ],
)  # fmt: skip
def test_that_the_entry_is_found(config: Config, expected: list[str]) -> None:
    stack = stack_layers(
        [
            layer(
                program("/app"),
                program("/srv/app"),
                program("/srv/tool"),
                program("/usr/bin/tool"),
                program("/usr/bin/env"),
                program("/usr/bin/bash"),
                program("/bin/sh"),
                symlink("/link", "usr/../app"),
            )
        ]
    )
    assert _entries(stack, config) == expected


def test_that_a_deleted_program_is_no_entry() -> None:
    stack = stack_layers([layer(program("/app")), layer(whiteout("/app"))])
    assert _entries(stack, Config(cmd=("/app",))) == []


def test_that_links_are_followed_as_the_kernel_does() -> None:
    stack = stack_layers(
        [
            layer(
                file("/usr/bin/x", 1),
                symlink("/bin", "usr/bin"),
                symlink("/a", "/bin/../bin/./x"),
                symlink("/loop", "/loop"),
                symlink("/up", "../../../usr/bin/x"),
                hardlink("/hard", "/usr/bin/x"),
                directory("/d"),
            )
        ]
    )
    final = FinalFiles(stack)
    target = stack.tree.find(b"usr/bin/x")
    for path in (b"/bin/x", b"/a", b"/up", b"//usr/./bin//x"):
        assert final.resolve(path) == target
    assert final.resolve(b"/hard") == stack.tree.find(b"hard")
    for path in (b"/loop", b"/d", b"/", b"/usr/bin/x/y", b"/no"):
        assert final.resolve(path) == -1


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("go", "run", "."), True),
        (("/usr/local/go/bin/go", "test"), True),
        (("sh", "-c", "cd /x && go run ."), True),
        (("sh", "-c", "CGO_ENABLED=0 go run ."), True),
        (("air",), True),
        (("/app", "go"), False),
        (("echo", "go", "run"), False),
        (("/app/go-server",), False),
    ],
)
def test_that_an_image_that_builds_when_it_starts_is_known(
    command: tuple[str, ...], expected: bool
) -> None:
    assert runs_go_command(Config(cmd=command)) is expected


def test_that_a_long_command_is_cut() -> None:
    assert len(entry_words(Config(cmd=("a b " * 1000, *["x"] * 500)))) == 100
    assert entry_words(Config(entrypoint=("/app",), cmd=("a " * 100_000,))) == ["/app"]
