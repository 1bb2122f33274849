"""Whether the kernel could start a program of an image: interpreter, libraries, scripts and the programs they name."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.dockerfile.verify.rootfs import FILE_LIMIT, RootFs
from explorer.gobinary.elf import MAGIC, read_elf
from explorer.gobinary.executable import Damaged
from explorer.gobinary.linkage import Linkage, read_linkage
from explorer.translation import tr
from explorer.units import display_text

# ld.so(8): where glibc and musl look when nothing else is said.
_LIBRARY_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
_SHELLS = ("sh", "bash", "ash", "dash")
_LIBRARIES_LIMIT = 200
# Words of a shell's own, which no file stands for (POSIX 2.14, 2.9.4 and what bash and busybox add).
_SHELL_WORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "while",
        "until",
        "case",
        "esac",
        "function",
        "select",
        "time",
        "{",
        "}",
        "!",
        "[[",
        "]]",
        ".",
        ":",
        "[",
        "alias",
        "bg",
        "break",
        "cd",
        "command",
        "continue",
        "declare",
        "echo",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "printf",
        "pwd",
        "read",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ]
)
_WORD = re.compile(
    r"""(?x) (?:^|[\n;|&({`]) \s*                                             # where a command may begin
    (?:(?:then|do|else|elif|exec|if|while|until|time|!)\s+)*                  # words that come before one
    (?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|[^\s$"'(]+)?\s+)*                      # A=1 command
    ([A-Za-z0-9_./-]+) (?![=\w])"""
)


@dataclass
class Needs:
    """What a program lacks in an image, and what it was found to need."""

    missing: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    kind: str = ""
    arch: str = ""


def needs_of(fs: RootFs, path: str, data: bytes) -> Needs:
    """What starting the file at `path` takes, followed through scripts and libraries."""
    needs = Needs()
    if data.startswith(MAGIC):
        _elf(fs, data, needs)
    elif data.startswith(b"#!"):
        _script(fs, data, needs)
    elif data:
        needs.missing.append(
            tr("{path} is neither a program nor a script", path=display_text(path))
        )
    return needs


def shell_text(fs: RootFs, words: tuple[str, ...], data: bytes) -> str:
    """The shell code that a command runs: that of `sh -c`, or of a script; "" for none."""
    if words and posixpath.basename(words[0]) in _SHELLS:
        if len(words) > 2 and words[1].startswith("-") and "c" in words[1]:
            return words[2]
        if len(words) > 1 and not words[1].startswith("-"):
            return fs.text(posixpath.join(fs.image.config.working_dir or "/", words[1]))
    if data.startswith(b"#!") and b"sh" in data.split(b"\n", 1)[0]:
        return data.decode("utf-8", "replace")
    return ""


def commands_in(text: str) -> Iterator[str]:
    """The words of shell code that stand where programs are named; some may be none."""
    # Empty lines go too: from each of them the pattern would look through all that follow.
    stripped = (line.strip() for line in text.splitlines())
    lines = (line for line in stripped if line and not line.startswith("#"))
    seen = set()
    for match in _WORD.finditer("\n".join(lines)):
        word = match[1]
        if word not in _SHELL_WORDS and word not in seen and not word.startswith("-"):
            seen.add(word)
            yield word


def split_words(text: str) -> tuple[str, ...]:
    """The words of a simple command, () when it cannot be read."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ()


def _script(fs: RootFs, data: bytes, needs: Needs) -> None:
    needs.kind = "script"
    line = data.split(b"\n", 1)[0][2:].strip().decode("utf-8", "replace")
    if line.endswith("\r"):
        line = line.rstrip("\r")
    words = line.split(None, 1)
    if not words:
        needs.missing.append(tr("an interpreter: the script's first line names none"))
        return
    found = fs.stat(words[0])
    if found is None:
        needs.missing.append(words[0])
        return
    needs.found.append(words[0])
    if posixpath.basename(words[0]) == "env" and len(words) > 1:
        name = words[1].removeprefix("-S").split()[0]
        (needs.found if fs.program(name) else needs.missing).append(name)
    inner = fs.read(found.path, FILE_LIMIT)
    if inner.startswith(MAGIC):
        _elf(fs, inner, needs, own=False)


def _elf(fs: RootFs, data: bytes, needs: Needs, *, own: bool = True) -> None:
    try:
        exe = read_elf(memoryview(data))
    except Damaged:
        needs.missing.append(tr("a readable program header"))
        return
    linkage = read_linkage(exe)
    if own:
        needs.arch = exe.arch
        needs.kind = "static" if linkage.static else "dynamic"
    if linkage.interpreter:
        there = fs.exists(linkage.interpreter)
        (needs.found if there else needs.missing).append(linkage.interpreter)
    _libraries(fs, linkage, exe.arch, needs)


def _libraries(fs: RootFs, linkage: Linkage, arch: str, needs: Needs) -> None:
    """Find each library, and those that it needs, and the versions of symbols asked of them."""
    folders = _folders(fs, arch)
    queue = [linkage]
    seen: dict[str, bytes] = {}
    while queue and len(seen) < _LIBRARIES_LIMIT:
        now = queue.pop()
        for name in now.needed:
            if name in seen:
                continue
            seen[name] = _library(fs, name, folders)
            if not seen[name]:
                needs.missing.append(name)
                continue
            needs.found.append(name)
            try:
                queue.append(read_linkage(read_elf(memoryview(seen[name]))))
            except Damaged:
                continue
        for item in now.versions:
            held = seen.get(item.library, b"")
            lacking = [v for v in item.versions if held and v.encode() + b"\0" not in held]
            needs.missing += [f"{item.library} ({version})" for version in lacking]


def _library(fs: RootFs, name: str, folders: list[str]) -> bytes:
    if "/" in name:
        return fs.read(name, FILE_LIMIT)
    for folder in folders:
        data = fs.read(posixpath.join(folder, name), FILE_LIMIT)
        if data:
            return data
    return b""


def _folders(fs: RootFs, arch: str) -> list[str]:
    """Where libraries are looked for: LD_LIBRARY_PATH, the multiarch folders of Debian, the usual ones."""
    triplets = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "386": "i386-linux-gnu"}
    triplet = triplets.get(arch, "")
    own = [folder for folder in fs.image.config.variable("LD_LIBRARY_PATH").split(":") if folder]
    multi = [f"/lib/{triplet}", f"/usr/lib/{triplet}"] if triplet else []
    return [*own, *multi, *_LIBRARY_FOLDERS]
