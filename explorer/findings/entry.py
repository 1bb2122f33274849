"""What an image runs: its entrypoint and command, followed to the files that they name."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import numpy as np

from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack
from explorer.image.model import Config

# Programs that only start another one; what they start is looked for in their arguments.
SHELLS = frozenset(
    {"ash", "bash", "busybox", "catatonit", "dash", "dumb-init", "env", "gosu", "ksh", "nice", "setpriv", "sh", "su-exec",
     "sudo", "timeout", "tini", "tini-static", "zsh"}
)  # fmt: skip
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MAX_LINKS = 40  # MAXSYMLINKS of Linux
_MAX_PATH = 4096
_MAX_WORDS = 100
_MAX_TEXT = 65536
_MAX_FOLDERS = 32
_MAX_VARIABLES = 500
_BUILDERS = frozenset(
    {"go", "air", "CompileDaemon", "dlv", "fresh", "gow", "modd", "realize", "reflex", "wgo"}
)
_OPERATORS = frozenset({"&&", "||", ";", "|", "&", "exec", "if", "then", "do", "(", ")", "{", "}"})


def entry_words(config: Config) -> list[str]:
    """Entrypoint and command in one, the lines of `sh -c` taken apart."""
    return _words((*config.entrypoint, *config.cmd))


def _words(lines: Sequence[str]) -> list[str]:
    words: list[str] = []
    left = _MAX_TEXT
    for line in lines:
        left -= len(line)
        if left < 0 or len(words) >= _MAX_WORDS:
            break  # nobody writes such a command line
        words += _split(line) if any(sign in line for sign in " \n\t;&") else [line]
    return words[:_MAX_WORDS]


def runs_go_command(config: Config) -> bool:
    """Whether the image starts with `go run` or another go command, or with a tool that builds when files change."""
    return not _BUILDERS.isdisjoint(
        word.rpartition("/")[2] for word in _programs(entry_words(config))
    )


def entry_nodes(stack: Stack, config: Config) -> list[int]:
    """Nodes of the files that entrypoint and command name, shells and the like left out."""
    return _files_named(FinalFiles(stack), entry_words(config), config)


def named_nodes(stack: Stack, config: Config) -> list[int]:
    """entry_nodes() and the files that the health check and environment variables name: all that the image asks for."""
    health = _words(config.healthcheck)
    values = [item.partition("=")[2] for item in config.env[:_MAX_VARIABLES]]
    paths = [value for value in values if value.startswith("/")]
    return _files_named(FinalFiles(stack), [*entry_words(config), *health, *paths], config)


def _files_named(final: FinalFiles, words: Sequence[str], config: Config) -> list[int]:
    found: dict[int, None] = {}
    for word in dict.fromkeys(words):
        for path in _places(word, config):
            node = final.resolve(path)
            if node >= 0:
                if path.rpartition(b"/")[2].decode("utf-8", "replace") not in SHELLS:
                    found[node] = None
                break
    return list(found)


class FinalFiles:
    """Looks paths up in the final file system, following links as the kernel does."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._row = np.full(len(stack.tree), -1, dtype=np.int64)
        rows = np.flatnonzero(stack.merged())
        self._row[stack.node[rows]] = rows
        self._children: dict[int, dict[bytes, int]] = {}

    def resolve(self, path: bytes) -> int:
        """Node of the regular file at an absolute path, -1 when there is none."""
        stack, trail, steps = self._stack, [0], 0
        pending = path.split(b"/")[::-1]
        while pending:
            part = pending.pop()
            if part == b"..":
                trail = trail[:-1] or [0]
            if part in (b"", b".", b".."):
                continue
            node = self._child(trail[-1], part)
            row = int(self._row[node]) if node >= 0 else -1
            if row < 0:
                return -1
            if stack.kind[row] != Kind.SYMLINK:
                trail.append(node)
                continue
            steps += 1
            target = stack.link_target(row)
            if steps > _MAX_LINKS or len(target) > _MAX_PATH:
                return -1
            trail = [0] if target.startswith(b"/") else trail
            pending += target.split(b"/")[::-1]
        row = int(self._row[trail[-1]])
        return trail[-1] if row >= 0 and stack.kind[row] in (Kind.FILE, Kind.HARDLINK) else -1

    def _child(self, node: int, name: bytes) -> int:
        known = self._children.get(node)
        if known is None:
            tree = self._stack.tree
            known = {tree.name(child): child for child in tree.children(node).tolist()}
            self._children[node] = known
        return known.get(name, -1)


def _places(word: str, config: Config) -> list[bytes]:
    """Where a word of a command line may name a program, as absolute paths."""
    if "\0" in word or len(word) > _MAX_PATH or word.startswith("-"):
        return []
    name = word.encode("utf-8", "surrogateescape")
    folder = config.working_dir.encode("utf-8", "surrogateescape") or b"/"
    if name.startswith(b"/"):
        return [name]
    if b"/" in name:
        return [folder + b"/" + name]
    search = (config.variable("PATH") or _DEFAULT_PATH).split(":")[:_MAX_FOLDERS]
    return [item.encode("utf-8", "surrogateescape") + b"/" + name for item in search if item]


def _programs(words: Sequence[str]) -> list[str]:
    """The words that stand where a program is named: first, or behind a shell, `-c` or an operator."""
    programs, expected = [], True
    for word in words:
        if expected and "=" in word:
            continue
        if expected:
            programs.append(word)
        name = word.rpartition("/")[2]
        expected = word in _OPERATORS or word in ("-c", "--") or name in SHELLS
    return programs


def _split(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return line.split()  # an unclosed quote
