"""Cuts a Dockerfile into segments that cover every line once, by the rules of BuildKit (dockerfile/parser/parser.go).

Nothing is lost: the segments' texts joined are the file, byte for byte. What BuildKit would refuse is a Problem with
its line, and the rest is read all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from explorer.dockerfile.model import (
    Dockerfile,
    Heredoc,
    Instruction,
    Problem,
    Segment,
    split_lines,
)
from explorer.dockerfile.words import BLANKS, Options, name_values, split_words, take_flags
from explorer.translation import tr
from explorer.units import display_text

# Real Dockerfiles have some kilobytes; a hostile one must not stall the preview.
TEXT_LIMIT = 4 << 20
KEYWORDS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
     "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)  # fmt: skip
_BOM = "\ufeff"
_DIRECTIVE = re.compile(r"^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_BLANK_RUN = re.compile(r"[\t\v\f\r ]+")
_HEREDOC = re.compile(r"^(\d*)<<(-?)\s*([^<]*)$")
_HEREDOC_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})
_JSON_KEYWORDS = frozenset(
    {"ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"}
)
# BuildKit looks for here-documents before any variable has a value.
_AS_WRITTEN = Options(raw=True, keep_unset=True, keep_defaults=True)
_UNQUOTED = Options(keep_unset=True, keep_defaults=True)
_CONTINUED = {
    escape: re.compile(rf"([^{re.escape(escape)}]){re.escape(escape)}[ \t]*$|^{re.escape(escape)}[ \t]*$")
    for escape in ("\\", "`")
}  # fmt: skip


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile; never raises, see Dockerfile.problems. Odd bytes come as surrogateescape characters."""
    return _Reader(text).read()


def decode(data: bytes) -> str:
    """The text of a Dockerfile; encode() gives the same bytes again."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text made by decode()."""
    return text.encode("utf-8", "surrogateescape")


@dataclass
class _Reader:
    text: str
    escape: str = "\\"
    directives: dict[str, str] = field(default_factory=dict)
    directives_done: bool = False
    at: int = 0
    segments: list[Segment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def read(self) -> Dockerfile:
        self.lines = split_lines(self.text)
        while self.at < len(self.lines):
            self._segment()
        document = Dockerfile(
            self.text, tuple(self.segments), self.escape, self.directives, tuple(self.problems)
        )
        if not document.instructions:
            self.problems.append(Problem(1, tr("The file has no instructions.")))
        elif not document.stages:
            line = document.instructions[0].start
            self.problems.append(Problem(line, tr("There is no FROM instruction.")))
        return Dockerfile(
            self.text, tuple(self.segments), self.escape, self.directives, tuple(self.problems)
        )

    def _segment(self) -> None:
        line = self.lines[self.at]
        if self.at == 0:
            line = line.removeprefix(_BOM)
        bare = line.rstrip("\r\n").lstrip(BLANKS)
        directive = self._directive(bare)
        if bare.startswith("#"):
            self._add("directive" if directive else "comment", 1)
        elif not bare:
            self._add("blank", 1)
        else:
            self._instruction(bare)

    def _directive(self, bare: str) -> bool:
        if self.directives_done:
            return False
        match = _DIRECTIVE.match(bare)
        if match is None:
            self.directives_done = True
            return False
        name, value = match[1].lower(), match[2]
        if name not in _DIRECTIVES:
            self.directives_done = True
            return False
        if name in self.directives:
            self._problem(tr("The directive {name} appears twice.", name=name))
        if name == "escape":
            if value in _CONTINUED:
                self.escape = value
            else:
                self._problem(
                    tr(
                        "{value} is not an escape character: only \\ and ` are.",
                        value=_shown(value),
                    )
                )
        self.directives.setdefault(name, value)
        return True

    def _instruction(self, bare: str) -> None:
        first = self.at
        head, last = self._join(bare)
        keyword, flags, rest = split_instruction(head)
        words, inner = json_form(keyword, rest)
        heredocs: list[Heredoc] = []
        end = last + 1
        if inner in _HEREDOC_KEYWORDS and words is None and "<<" in head:
            heredocs, end = self._heredocs(head, end)
        text = "".join(self.lines[first:end])
        instruction = Instruction(
            keyword=keyword,
            start=first + 1,
            end=end,
            text=text,
            line=head.strip(BLANKS),
            flags=flags,
            rest=rest,
            words=words,
            heredocs=tuple(heredocs),
            head_lines=last + 1 - first,
        )
        self._check(instruction)
        self._add("instruction", end - first, instruction)

    def _join(self, bare: str) -> tuple[str, int]:
        """The instruction's text with continuation lines joined, and the index of its last line."""
        continued = _CONTINUED[self.escape]
        head, more = _without_mark(bare, continued)
        at = self.at
        while more and at + 1 < len(self.lines):
            at += 1
            line = self.lines[at].rstrip("\r\n")
            stripped = line.lstrip(BLANKS)
            if not stripped or stripped.startswith("#"):
                continue
            piece, more = _without_mark(line, continued)
            head += piece
        return head, at

    def _heredocs(self, head: str, end: int) -> tuple[list[Heredoc], int]:
        found = []
        for word in split_words(head, {}, _AS_WRITTEN):
            opened = _opened(word)
            if opened is None:
                continue
            name, expands, strip_tabs = opened
            content = []
            for at in range(end, len(self.lines)):
                line = self.lines[at]
                bare = line.rstrip("\r\n")
                if (bare.lstrip("\t") if strip_tabs else bare) == name:
                    end = at + 1
                    break
                content.append(line)
            else:
                self._problem(
                    tr("The here-document {name} has no end.", name=_shown(name)), self.at + 1
                )
                end = len(self.lines)
            found.append(Heredoc(name, "".join(content), expands, strip_tabs))
        return found, end

    def _check(self, instruction: Instruction) -> None:
        keyword, line = instruction.keyword, instruction.start
        if keyword not in KEYWORDS:
            self._problem(tr("{word} is not an instruction.", word=_shown(keyword)), line)
        elif not instruction.rest and not instruction.heredocs:
            self._problem(tr("{word} has no arguments.", word=keyword), line)
        elif keyword == "FROM" and not _valid_from(instruction.rest):
            self._problem(tr("FROM takes one image, or an image AS a name."), line)
        elif keyword in ("ENV", "LABEL") and name_values(instruction.rest, self.escape) is None:
            self._problem(tr("{word} takes NAME=VALUE pairs.", word=keyword), line)
        elif keyword in _JSON_KEYWORDS and _not_strings(instruction.rest):
            self._problem(tr("A JSON list may hold strings only."), line)

    def _problem(self, reason: str, line: int = 0) -> None:
        self.problems.append(Problem(line or self.at + 1, reason))

    def _add(self, kind: str, count: int, instruction: Instruction | None = None) -> None:
        text = "".join(self.lines[self.at : self.at + count])
        self.segments.append(Segment(kind, self.at + 1, self.at + count, text, instruction))
        self.at += count


def split_instruction(line: str) -> tuple[str, tuple[str, ...], str]:
    """Keyword in capitals, flags and the rest of a joined line."""
    parts = _BLANK_RUN.split(line.strip(BLANKS), maxsplit=1)
    flags, rest = take_flags(parts[1]) if len(parts) == 2 else ((), "")
    return parts[0].upper(), flags, rest


def json_form(keyword: str, rest: str) -> tuple[tuple[str, ...] | None, str]:
    """The strings of the JSON form, None for the other form; and the keyword that counts (of ONBUILD: the inner one)."""
    if keyword == "ONBUILD":
        inner, _flags, inner_rest = split_instruction(rest) if rest else ("", (), "")
        return (json_form(inner, inner_rest)[0], inner) if inner != "ONBUILD" else (None, "")
    if keyword == "HEALTHCHECK":
        kind, _, rest = rest.partition(" ")
        rest = rest if kind.upper() == "CMD" else ""
    if keyword not in _JSON_KEYWORDS or not rest.lstrip(BLANKS).startswith("["):
        return None, keyword
    try:
        return tuple(msgspec.json.decode(rest.encode("utf-8", "strict"), type=list[str])), keyword
    except (
        ValueError,
        RecursionError,
    ):  # no JSON, other types, not UTF-8: then it is a command line
        return None, keyword


def _without_mark(line: str, continued: re.Pattern[str]) -> tuple[str, bool]:
    match = continued.search(line)
    return (line[: match.start()] + (match[1] or ""), True) if match else (line, False)


def _opened(word: str) -> tuple[str, bool, bool] | None:
    """Name, whether variables are expanded, whether tabs are stripped, of a word like <<-"EOF"."""
    match = _HEREDOC.match(word)
    if match is None or not match[3]:
        return None
    plain = split_words(match[3], {}, _UNQUOTED)
    raw = split_words(match[3], {}, _AS_WRITTEN)
    if len(plain) != 1 or len(raw) != 1:
        return None
    return plain[0], plain == raw, match[2] == "-"


def _not_strings(rest: str) -> bool:
    """Whether this is a JSON list with something else than strings in it, which BuildKit refuses."""
    if not rest.startswith("["):
        return False
    try:
        found = msgspec.json.decode(rest.encode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):  # no JSON: then it is a command line
        return False
    return not all(isinstance(item, str) for item in found)


def _valid_from(rest: str) -> bool:
    words = rest.split()
    return len(words) == 1 or (len(words) == 3 and words[1].upper() == "AS")


def _shown(text: str) -> str:
    return display_text(text, 60)
