"""The values a Dockerfile is made of: segments that tile the text, instructions, stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Heredoc:
    """A here-document of a RUN, COPY or ADD; `content` as written, without its last line."""

    name: str
    content: str
    expand: bool = True
    strip_tabs: bool = False


@dataclass(frozen=True)
class Instruction:
    """One instruction; `line` is its text with continuations joined and comments left out, `start` counts from 1."""

    keyword: str  # in capitals
    start: int
    end: int
    text: str  # exactly as written, line ends included
    line: str
    flags: tuple[str, ...] = ()  # "--from=build"
    rest: str = ""  # what follows keyword and flags
    words: tuple[str, ...] | None = None  # the JSON form's strings, None for the other form
    heredocs: tuple[Heredoc, ...] = ()
    head_lines: int = 1  # lines before the first here-document

    def flag(self, name: str) -> str:
        """The value of `--name=value`, "" when it is absent."""
        prefix = f"--{name}="
        return next((f[len(prefix) :] for f in self.flags if f.startswith(prefix)), "")

    def mounts(self) -> tuple[str, ...]:
        """The values of all --mount flags."""
        return tuple(f.partition("=")[2] for f in self.flags if f.startswith("--mount="))


@dataclass(frozen=True)
class Segment:
    """A piece of the file: "directive", "comment", "blank" or "instruction"; segments cover every line once."""

    kind: str
    start: int
    end: int
    text: str
    instruction: Instruction | None = None


@dataclass(frozen=True)
class Problem:
    """What BuildKit would refuse: the line, counted from 1, and the reason in the user's language."""

    line: int
    reason: str


@dataclass(frozen=True)
class Stage:
    """One FROM and what follows it; `base` as written, `name` in lower case, "" without AS."""

    index: int
    base: str
    name: str
    platform: str
    opening: Instruction
    instructions: tuple[Instruction, ...] = ()

    @property
    def end(self) -> int:
        """The last line of the stage's last instruction."""
        return self.instructions[-1].end if self.instructions else self.opening.end

    def find(self, *keywords: str) -> tuple[Instruction, ...]:
        """The stage's instructions of these kinds, in order."""
        return tuple(i for i in self.instructions if i.keyword in keywords)

    def last(self, keyword: str) -> Instruction | None:
        """The one that counts where the last one wins (CMD, ENTRYPOINT, USER, …)."""
        found = self.find(keyword)
        return found[-1] if found else None


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile, read; `text` is exactly what was read."""

    text: str
    segments: tuple[Segment, ...]
    escape: str = "\\"
    directives: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def newline(self) -> str:
        """The line end that most lines have."""
        return "\r\n" if self.text.count("\r\n") * 2 > self.text.count("\n") else "\n"

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        """All instructions, in order."""
        return tuple(s.instruction for s in self.segments if s.instruction is not None)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The text's lines with their ends; joined they are the text."""
        return tuple(split_lines(self.text))

    @cached_property
    def global_args(self) -> tuple[Instruction, ...]:
        """The ARGs before the first FROM; only FROM lines see them."""
        found = []
        for instruction in self.instructions:
            if instruction.keyword == "FROM":
                break
            if instruction.keyword == "ARG":
                found.append(instruction)
        return tuple(found)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The build stages, in order."""
        groups: list[list[Instruction]] = []
        for instruction in self.instructions:
            if instruction.keyword == "FROM":
                groups.append([instruction])
            elif groups:
                groups[-1].append(instruction)
        return tuple(_stage(number, group) for number, group in enumerate(groups))

    def stage(self, reference: str) -> Stage | None:
        """The stage that `--from=` or FROM names: a name or an index."""
        wanted = reference.lower()
        for stage in reversed(self.stages):
            if wanted in (stage.name or None, str(stage.index)):
                return stage
        return None


def split_lines(text: str) -> list[str]:
    """Lines with their ends; only \\n ends a line, as in BuildKit."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _stage(number: int, group: list[Instruction]) -> Stage:
    opening = group[0]
    words = opening.rest.split()
    name = words[2].lower() if len(words) >= 3 and words[1].upper() == "AS" else ""
    return Stage(
        index=number,
        base=words[0] if words else "",
        name=name,
        platform=opening.flag("platform"),
        opening=opening,
        instructions=tuple(group[1:]),
    )
