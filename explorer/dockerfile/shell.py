"""Simple commands in the shell form of RUN, CMD and ENTRYPOINT, with the place of every word in the instruction's text.

A small part of POSIX sh (XCU 2.3, 2.10): what it cannot take apart is said to be opaque, and nothing is edited there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.dockerfile.words import BLANKS

# Command lines of people have some kilobytes; longer ones are not edited.
LINE_LIMIT = 1 << 16
_OPERATORS = ("&&", "||", ";;", ";", "|", "&", "(", ")")
_RESERVED = frozenset({"if", "then", "elif", "else", "do", "while", "until", "!", "{", "time"})
_ENDINGS = frozenset({"fi", "done", "esac", "}"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
# What makes a command line need a shell: substitution, patterns, redirection, quoting, several commands.
_SHELL_SYNTAX = re.compile(r"[$`*?\[\]<>|&;(){}~#\\\"'\n!]")
_SHELL_WORDS = frozenset(
    {".", ":", "alias", "cd", "command", "eval", "exec", "exit", "export", "read", "set", "shift", "source", "test",
     "trap", "type", "ulimit", "umask", "unset", "wait"}
)  # fmt: skip


@dataclass(frozen=True)
class Word:
    """One word; `value` without its quotes, variables as written; text[start:end] is how it is written."""

    value: str
    start: int
    end: int
    written: str

    @property
    def literal(self) -> bool:
        """Whether the shell would put nothing else in its place."""
        return not re.search(r"[$`*?\[~{]", self.written)


@dataclass(frozen=True)
class Command:
    """A simple command: assignments before it, its words, and the operator after it ("" at the end)."""

    assignments: tuple[Word, ...]
    words: tuple[Word, ...]
    operator: str

    @property
    def name(self) -> str:
        """The program's name without its folders, "" when there is none."""
        return self.words[0].value.rpartition("/")[2] if self.words else ""

    def values(self) -> tuple[str, ...]:
        """The words without quotes."""
        return tuple(word.value for word in self.words)


@dataclass(frozen=True)
class Script:
    """A shell line taken apart; `opaque` when parts of it were not understood, and then nothing may be edited."""

    commands: tuple[Command, ...]
    opaque: bool = False


def script(text: str, start: int = 0, escape: str = "\\") -> Script:
    """The commands of text[start:]; `text` is an instruction as written, continuations and comments included."""
    logical, places = _logical(text[: start + LINE_LIMIT], start, escape)
    commands, opaque, at = [], len(text) - start > LINE_LIMIT, 0
    words: list[Word] = []
    try:
        while at < len(logical):
            operator = next((o for o in _OPERATORS if logical.startswith(o, at)), "")
            if logical[at] in BLANKS and logical[at] != "\n":
                at += 1
            elif operator or logical[at] == "\n":
                commands.append((words, operator or ";"))
                words = []
                at += len(operator) or 1
            elif logical[at] in "<>":
                at = _redirection(logical, at)
            else:
                end = _word_end(logical, at)
                written = logical[at:end]
                if written.isdigit() and logical[end : end + 1] in ("<", ">"):
                    at = end  # 2>: the number belongs to the redirection
                    continue
                place = places[at], places[end - 1] + 1
                words.append(Word(_unquoted(written), *place, written))
                at = end
    except (_Unclosed, RecursionError):
        opaque = True
    commands.append((words, ""))
    found = tuple(_command(items, operator) for items, operator in commands if items)
    return Script(tuple(c for c in found if c.words or c.assignments), opaque)


def needs_shell(line: str) -> bool:
    """Whether a CMD or ENTRYPOINT line is more than a program with plain arguments."""
    words = line.split()
    return (
        not words or bool(_SHELL_SYNTAX.search(line)) or words[0] in _SHELL_WORDS or "=" in words[0]
    )


class _Unclosed(Exception):
    """A quote or substitution that does not end."""


def _logical(text: str, start: int, escape: str) -> tuple[str, list[int]]:
    """The text a shell sees, and where each of its characters stands in `text`."""
    pieces: list[str] = []
    places: list[int] = []
    at, first = start, True
    for line in re.split(r"(?<=\n)", text[start:]):
        body = line.rstrip("\r\n")
        comment = not first and body.lstrip(BLANKS).startswith("#")
        marked = re.search(rf"{re.escape(escape)}[ \t]*$", body)
        if not comment and (first or body.strip(BLANKS)):
            body = body[: marked.start()] if marked else body
            pieces.append(body)
            places += range(at, at + len(body))
        at += len(line)
        first = False
    return "".join(pieces), places


def _word_end(text: str, at: int) -> int:
    while at < len(text):
        char = text[at]
        if char in BLANKS or char in "&|;()<>":
            break
        if char == "\\":
            at += 2
        elif char == "'":
            at = _closing(text, at + 1, "'")
        elif char == '"':
            at = _double_end(text, at + 1)
        elif char in "$`":
            at = _substitution_end(text, at)
        else:
            at += 1
    return min(at, len(text))


def _closing(text: str, at: int, mark: str) -> int:
    end = text.find(mark, at)
    if end < 0:
        raise _Unclosed
    return end + 1


def _double_end(text: str, at: int) -> int:
    while at < len(text):
        char = text[at]
        if char == '"':
            return at + 1
        if char == "\\":
            at += 2
        elif char in "$`":
            at = _substitution_end(text, at)
        else:
            at += 1
    raise _Unclosed


def _substitution_end(text: str, at: int) -> int:
    if text[at] == "`":
        return _closing(text, at + 1, "`")
    if text[at + 1 : at + 2] not in ("(", "{"):
        return at + 1
    opening, closing = text[at + 1], ")" if text[at + 1] == "(" else "}"
    depth, at = 1, at + 2
    while at < len(text):
        char = text[at]
        if char == "'":
            at = _closing(text, at + 1, "'")
            continue
        if char == '"':
            at = _double_end(text, at + 1)
            continue
        depth += (char == opening) - (char == closing)
        at += 2 if char == "\\" else 1
        if not depth:
            return at
    raise _Unclosed


def _redirection(text: str, at: int) -> int:
    while at < len(text) and text[at] in "<>&|":
        at += 1
    while at < len(text) and text[at] in " \t":
        at += 1
    return _word_end(text, at) if at < len(text) else at


def _unquoted(written: str) -> str:
    result, at = "", 0
    while at < len(written):
        char = written[at]
        if char == "\\":
            result += written[at + 1 : at + 2]
            at += 2
        elif char == "'":
            end = _closing(written, at + 1, "'")
            result += written[at + 1 : end - 1]
            at = end
        elif char == '"':
            end = _double_end(written, at + 1)
            result += re.sub(r'\\([$`"\\])', r"\1", written[at + 1 : end - 1])
            at = end
        elif char in "$`":
            end = _substitution_end(written, at)
            result += written[at:end]
            at = end
        else:
            result += char
            at += 1
    return result


def _command(items: list[Word], operator: str) -> Command:
    at = 0
    while at < len(items) and items[at].written in _RESERVED | _ENDINGS:
        at += 1
    assignments = []
    while at < len(items) and _ASSIGNMENT.match(items[at].written):
        assignments.append(items[at])
        at += 1
    if at + 1 < len(items) and items[at].value in ("env", "exec", "sudo"):
        return _command(items[at + 1 :], operator)
    return Command(tuple(assignments), tuple(items[at:]), operator)
