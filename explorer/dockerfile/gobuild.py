"""The go commands of a stage: what they build, with which flags, and the edits that change one flag and nothing else."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from explorer.dockerfile.model import Instruction, Stage
from explorer.dockerfile.shell import Command, Script, Word, script
from explorer.dockerfile.words import expand, name_values

# `go help build`, `go help buildflags`: flags that take a value in the next word when it is not joined by "=".
_VALUED = frozenset(
    {"C", "asmflags", "buildmode", "buildvcs", "compiler", "coverpkg", "covermode", "exec", "gccgoflags", "gcflags",
     "installsuffix", "ldflags", "mod", "modfile", "o", "overlay", "p", "pgo", "pkgdir", "tags", "toolexec"}
)  # fmt: skip
_ONE_WORD_ONLY = frozenset(
    {"buildvcs"}
)  # boolean in form: -buildvcs false is a package named false
_BUILDING = frozenset({"build", "install"})
_FROM_PACKAGES = re.compile(r"^-?-?ldflags=?")


@dataclass(frozen=True)
class Edit:
    """Put `text` in the place of the instruction's characters start..end (its own text, from 0)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Flag:
    """One flag of a go command; `words` are the one or two words it is written as."""

    name: str
    value: str
    words: tuple[Word, ...]


@dataclass(frozen=True)
class GoCommand:
    """`go build` or `go install` in a RUN: its folder, its flags, its packages; `variables` are ENV and ARG there."""

    instruction: Instruction
    command: Command
    folder: str
    flags: tuple[Flag, ...]
    packages: tuple[str, ...]
    variables: Mapping[str, str]
    user: str = ""

    @property
    def verb(self) -> str:
        """build or install."""
        return self.command.words[1].value

    def flag(self, name: str) -> Flag | None:
        """The flag of this name; the last one wins."""
        return next((f for f in reversed(self.flags) if f.name == name), None)

    def setting(self, name: str) -> str | None:
        """An environment variable as the command sees it, None when it is not set."""
        for word in reversed(self.command.assignments):
            key, _, value = word.value.partition("=")
            if key == name:
                return value
        return self.variables.get(name)

    @property
    def in_goflags(self) -> str:
        """The GOFLAGS that add to the command line."""
        return self.setting("GOFLAGS") or ""

    def output(self) -> str:
        """Absolute path of what is built, "" when it cannot be told."""
        flag = self.flag("o")
        if flag is None or self.verb != "build":
            return ""
        value = expand(flag.value, self.variables)
        if not value or re.search(r"[$`*?]", value):
            return ""
        return posixpath.normpath(posixpath.join(self.folder or "/", value))

    def insert_flag(self, text: str) -> Edit:
        """The edit that writes a flag behind `go build`."""
        end = self.command.words[1].end
        return Edit(end, end, f" {text}")

    def insert_assignment(self, text: str) -> Edit:
        """The edit that sets an environment variable for this command only."""
        start = self.command.words[0].start
        return Edit(start, start, f"{text} ")

    def remove(self, flag: Flag) -> Edit:
        """The edit that takes a flag away, with the blanks before it."""
        text, start = self.instruction.text, flag.words[0].start
        while start > 0 and text[start - 1] in " \t":
            start -= 1
        return Edit(start, flag.words[-1].end, "")


def apply_edits(text: str, edits: list[Edit]) -> str:
    """`text` with the edits made, which must not overlap."""
    for edit in sorted(edits, key=lambda item: (item.start, item.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def run_script(instruction: Instruction, escape: str) -> Script | None:
    """The commands of a RUN; None for the JSON form and for here-documents, which are not taken apart."""
    if instruction.keyword != "RUN" or instruction.words is not None or instruction.heredocs:
        return None
    return script(instruction.text, _command_start(instruction), escape)


def go_commands(
    stage: Stage, escape: str, outer: Mapping[str, str] | None = None
) -> tuple[GoCommand, ...]:
    """The stage's `go build` and `go install` commands, in order; `outer` is the environment of its base."""
    variables = dict(outer or {})
    folder, user = variables.pop("", "/"), ""
    found = []
    for instruction in stage.instructions:
        if instruction.keyword == "WORKDIR":
            folder = posixpath.join(folder, expand(instruction.rest, variables, escape))
        elif instruction.keyword == "USER":
            user = expand(instruction.rest, variables, escape)
        elif instruction.keyword in ("ENV", "ARG"):
            variables |= declared(instruction, variables, escape)
        elif instruction.keyword == "RUN":
            found += _in_run(instruction, escape, folder, dict(variables), user)
    return tuple(found)


def declared(instruction: Instruction, known: Mapping[str, str], escape: str) -> dict[str, str]:
    """The variables an ENV or ARG sets; an ARG without a value sets none."""
    if instruction.keyword == "ENV":
        pairs = name_values(instruction.rest, escape) or ()
        return {name: expand(value, known, escape) for name, value in pairs}
    pairs = tuple(word.partition("=")[::2] for word in instruction.rest.split() if "=" in word)
    return {name: expand(value, known, escape) for name, value in pairs if name not in known}


def mentions_go(instruction: Instruction) -> bool:
    """Whether a RUN names the go command in any form, here-documents and JSON included."""
    return instruction.keyword == "RUN" and bool(
        re.search(r"(?<![\w./-])(?:/usr/local/go/bin/)?go[\"',\s]+(?:build|install|run|generate|mod)\b", instruction.text)
    )  # fmt: skip


def _in_run(
    instruction: Instruction, escape: str, folder: str, variables: Mapping[str, str], user: str
) -> list[GoCommand]:
    lines = run_script(instruction, escape)
    if lines is None or lines.opaque:
        return []
    found, exported = [], dict(variables)
    for command in lines.commands:
        values = command.values()
        if command.name == "cd" and len(values) == 2:
            folder = posixpath.join(folder, expand(values[1], exported, escape))
        elif command.name == "export":
            pairs = (value.partition("=") for value in values[1:] if "=" in value)
            exported |= {name: expand(value, exported, escape) for name, _, value in pairs}
        elif command.name == "go" and len(values) > 1 and values[1] in _BUILDING:
            flags, packages = _flags(command)
            inside = next((flag.value for flag in flags if flag.name == "C"), "")
            place = posixpath.normpath(posixpath.join(folder, inside))
            found.append(
                GoCommand(instruction, command, place, flags, packages, dict(exported), user)
            )
    return found


def _flags(command: Command) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    flags: list[Flag] = []
    words = list(command.words[2:])
    while words and words[0].value.startswith("-") and words[0].value != "-":
        word = words.pop(0)
        name, joined, value = word.value.lstrip("-").partition("=")
        if not joined and name in _VALUED - _ONE_WORD_ONLY and words:
            following = words.pop(0)
            flags.append(Flag(name, following.value, (word, following)))
        else:
            flags.append(Flag(name, value, (word,)))
    return tuple(flags), tuple(word.value for word in words)


def _command_start(instruction: Instruction) -> int:
    """Where the command begins in the RUN's text: behind the keyword and its flags."""
    text = instruction.text
    match = re.match(r"\ufeff?\s*\S+\s*", text)
    at = match.end() if match else 0
    flag = re.compile(r"--[a-z]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'])*)?[ \t]*")
    # A continued line, and the comments and empty lines that may follow it.
    skip = re.compile(r"\\[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*")
    while True:
        found = skip.match(text, at) or flag.match(text, at)
        if found is None or not found.end() > at:
            return at
        at = found.end()


def merged_ldflags(command: GoCommand) -> Edit | None:
    """The edit that adds -s -w to what the linker is told; None where that cannot be done safely."""
    flag = command.flag("ldflags")
    if flag is None:
        return command.insert_flag('-ldflags="-s -w"')
    word = flag.words[-1]
    text = command.instruction.text[word.start : word.end]
    head = _FROM_PACKAGES.match(text) if len(flag.words) == 1 else None
    start = head.end() if head else 0
    if len(flag.words) == 1 and head is None:
        return None  # the whole word is quoted: '-ldflags=…'
    inner = text[start:].lstrip("\"' ")
    if inner and inner[0] not in "-$":
        return None  # a pattern of packages comes first: all=-X …
    if text[start : start + 1] in ("'", '"'):
        place = word.start + start + 1
        return Edit(place, place, "-s -w " if flag.value.strip() else "-s -w")
    if not word.literal or "\\" in text or "'" in text or '"' in text:
        return None  # $LDFLAGS without quotes is several words or none
    return Edit(
        word.start + start, word.end, f'"-s -w {text[start:]}"' if text[start:] else '"-s -w"'
    )


def strips(command: GoCommand) -> bool:
    """Whether the command already leaves symbols out."""
    flag = command.flag("ldflags")
    words = (flag.value if flag else "").split() + command.in_goflags.split()
    return any(word in ("-s", "-ldflags=-s", "-s=true") for word in words)
