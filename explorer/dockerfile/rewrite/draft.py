"""A Dockerfile while rules change it: lines that know where they come from, and the layers that the result will have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from explorer.dockerfile.gobuild import Edit, apply_edits
from explorer.dockerfile.model import Dockerfile, Instruction, Stage, split_lines
from explorer.dockerfile.parser import parse
from explorer.dockerfile.rewrite.change import PredictedLayer, RuntimeChoice

BUILD_STAGE = "build"


@dataclass(frozen=True)
class DraftLine:
    """A line with its end; `origin` is its line in the original (0: a new one), `rule` the last rule that wrote it."""

    text: str
    origin: int = 0
    rule: str = ""


@dataclass(frozen=True)
class Draft:
    """One state of the rewrite; rules return new ones. `static` says how the program will be linked, None: unknown."""

    lines: tuple[DraftLine, ...]
    layers: tuple[PredictedLayer, ...]
    program_bytes: int = 0
    static: bool | None = None
    split_from: str = ""  # the stage that files are copied from, once there is a runtime stage
    runtime: RuntimeChoice = field(default_factory=lambda: RuntimeChoice("", ""))
    ignore_text: str | None = None

    @cached_property
    def text(self) -> str:
        """The Dockerfile as it stands."""
        return "".join(line.text for line in self.lines)

    @cached_property
    def document(self) -> Dockerfile:
        """The text, read."""
        return _parsed(self.text)

    @property
    def total_bytes(self) -> int:
        """Content of all layers of the result."""
        return sum(layer.bytes for layer in self.layers)

    @property
    def final(self) -> Stage:
        """The last stage, which becomes the image."""
        return self.document.stages[-1]

    def origins(self, instructions: Iterable[Instruction]) -> tuple[int, ...]:
        """The original's lines that these instructions come from."""
        found = {
            line.origin
            for i in instructions
            for line in self.lines[i.start - 1 : i.end]
            if line.origin
        }
        return tuple(sorted(found))

    def splice(self, start: int, end: int, text: str, rule: str) -> Draft:
        """Put `text` in the place of lines start..end - 1 (from 0); lines that stay the same keep their origin."""
        newline = self.document.newline
        old = self.lines[start:end]
        before = self.lines[:start]
        if text and before and not before[-1].text.endswith("\n"):
            before = (*before[:-1], replace(before[-1], text=before[-1].text + newline))
        new = []
        for number, line in enumerate(split_lines(text)):
            written = (
                line[:-1] + newline if line.endswith("\n") and not line.endswith("\r\n") else line
            )
            origin = old[number].origin if number < len(old) else 0
            same = next((item for item in old if item.text == written), None)
            new.append(same or DraftLine(written, origin, rule))
        return replace(self, lines=(*before, *new, *self.lines[end:]))

    def edit(self, instruction: Instruction, edits: list[Edit], rule: str) -> Draft:
        """Change parts of one instruction."""
        text = apply_edits(instruction.text, edits)
        return self.splice(instruction.start - 1, instruction.end, text, rule)

    def rewrite(self, instruction: Instruction, text: str, rule: str) -> Draft:
        """Put another instruction in the place of one."""
        end = "\n" if instruction.text.endswith("\n") and not text.endswith("\n") else ""
        return self.splice(instruction.start - 1, instruction.end, text + end, rule)

    def insert_before(self, instruction: Instruction, text: str, rule: str) -> Draft:
        """Write lines before an instruction, and before the comments that stand directly above it."""
        at = instruction.start - 1
        while (
            at > 0
            and self.lines[at - 1].text.lstrip().startswith("#")
            and at - 1 >= self._after_previous(instruction)
        ):
            at -= 1
        return self.splice(at, at, text, rule)

    def remove(self, instruction: Instruction) -> Draft:
        """Take an instruction and the comments directly above it away."""
        start = instruction.start - 1
        first = self._after_previous(instruction)
        while start > first and self.lines[start - 1].text.lstrip().startswith("#"):
            start -= 1
        return replace(self, lines=self.lines[:start] + self.lines[instruction.end :])

    def with_comments(self, instruction: Instruction) -> str:
        """An instruction's text with the comments directly above it."""
        start = instruction.start - 1
        first = self._after_previous(instruction)
        while start > first and self.lines[start - 1].text.lstrip().startswith("#"):
            start -= 1
        text = "".join(line.text for line in self.lines[start : instruction.end])
        return text if text.endswith("\n") else text + self.document.newline

    def _after_previous(self, instruction: Instruction) -> int:
        """The first line that no earlier instruction or directive holds (from 0)."""
        ends = [
            s.end
            for s in self.document.segments
            if s.kind in ("instruction", "directive") and s.end < instruction.start
        ]
        return max(ends, default=0)

    def again(self, instruction: Instruction) -> Instruction:
        """The instruction of this draft that stands at the same line as one of an earlier draft with as many lines."""
        return next(i for i in self.document.instructions if i.start == instruction.start)

    def with_layer(self, layer: PredictedLayer) -> Draft:
        """The draft with one more layer on top."""
        return replace(self, layers=(*self.layers, layer))

    def shrink(self, kind: str, count: int) -> Draft:
        """Take bytes from the topmost layer of a kind, as far as it has them."""
        layers = list(self.layers)
        for number in range(len(layers) - 1, -1, -1):
            if layers[number].kind == kind:
                left = max(0, layers[number].bytes - count)
                layers[number] = replace(layers[number], bytes=left)
                break
        return replace(self, layers=tuple(layers))


@lru_cache(maxsize=256)
def _parsed(text: str) -> Dockerfile:
    """Most states of a draft come again when a switch is turned."""
    return parse(text)


def draft_of(text: str, layers: tuple[PredictedLayer, ...]) -> Draft:
    """The draft a rewrite begins with."""
    lines = tuple(DraftLine(line, number) for number, line in enumerate(split_lines(text), 1))
    return Draft(lines, layers)
