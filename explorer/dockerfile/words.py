"""Words of an instruction as BuildKit splits and expands them (frontend/dockerfile/shell/lex.go)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What Go's unicode.IsSpace takes for a blank; str.isspace also takes \x1c to \x1f.
BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# Braces in braces: people write one or two levels.
_DEPTH_LIMIT = 8
# Lines of people have some kilobytes; longer ones are taken as they are written.
_LINE_LIMIT = 1 << 16
_QUOTES = "'\""
_MODIFIERS = frozenset(":-+?#%/")


@dataclass(frozen=True)
class Options:
    """How words are read: with `raw` quotes and escapes stay, with `keep_unset` unknown variables stay as written.

    With `keep_defaults` an unknown variable stays as written even where it names a value to take instead.
    """

    escape: str = "\\"
    raw: bool = False
    keep_unset: bool = False
    keep_defaults: bool = False


def expand(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """`text` with its variables filled in and its quotes taken away; unknown variables stay as written."""
    if len(text) > _LINE_LIMIT:
        return text
    return _Lexer(text, variables, Options(escape, keep_unset=True)).run()[0]


def unresolved(text: str, variables: Mapping[str, str], escape: str = "\\") -> frozenset[str]:
    """The variables that `text` names and `variables` does not have."""
    lexer = _Lexer(text[:_LINE_LIMIT], variables, Options(escape, keep_unset=True))
    lexer.run()
    return frozenset(lexer.unset)


def split_words(
    text: str, variables: Mapping[str, str] | None = None, options: Options = Options()
) -> tuple[str, ...]:
    """The words of `text`, expanded; blanks inside quotes do not split."""
    if len(text) > _LINE_LIMIT:
        return tuple(text.split())
    return tuple(_Lexer(text, variables or {}, options).run()[1])


def name_values(rest: str, escape: str = "\\") -> tuple[tuple[str, str], ...] | None:
    """(name, value as written) of ENV and LABEL: `A=1 B=2` or the old `A 1`; None when they are neither."""
    words = split_words(rest, {}, Options(escape, raw=True, keep_unset=True, keep_defaults=True))
    if not words:
        return None
    if "=" not in words[0]:
        parts = rest.split(None, 1)
        return ((parts[0], parts[1].strip(BLANKS)),) if len(parts) == 2 else None
    if not all("=" in word for word in words):
        return None
    return tuple((name, value) for name, _, value in (word.partition("=") for word in words))


def take_flags(text: str) -> tuple[tuple[str, ...], str]:
    """The leading `--flag` words and what follows them, as BuildKit's extractBuilderFlags does."""
    flags: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] in BLANKS:
            position += 1
        if not text.startswith("--", position):
            return tuple(flags), text[position:].strip(BLANKS)
        word, position = _flag_word(text, position)
        if word == "--":
            return tuple(flags), text[position:].strip(BLANKS)
        flags.append(word)


def _flag_word(text: str, position: int) -> tuple[str, int]:
    word, quote = "", ""
    while position < len(text):
        char = text[position]
        if char == "\\" and position + 1 < len(text):
            position += 1
            word += text[position]
        elif quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in _QUOTES:
            quote = char
        elif char in BLANKS:
            break
        elif char != "\\":
            word += char
        position += 1
    return word, position


class _Lexer:
    """One run over a text; the result as one string and as words."""

    def __init__(
        self, text: str, variables: Mapping[str, str], options: Options, depth: int = 0
    ) -> None:
        self._depth = depth
        self._text, self._variables, self._options = text, variables, options
        self._at = 0
        self._words: list[str] = []
        self._word = ""
        self._inside = False
        self.unset: list[str] = []

    def run(self) -> tuple[str, list[str]]:
        whole = self._until("")
        self._end_word()
        return whole, self._words

    def _until(self, stop: str) -> str:
        result = ""
        while self._at < len(self._text):
            char = self._text[self._at]
            if stop and char == stop:
                self._at += 1
                break
            if char in _QUOTES:
                piece = self._single() if char == "'" else self._double()
                self._add_raw(piece)
            elif char == "$":
                piece = self._dollar()
                self._add(piece)
            else:
                piece = self._plain()
            result += piece
        return result

    def _plain(self) -> str:
        char = self._text[self._at]
        self._at += 1
        if char != self._options.escape:
            self._add(char)
            return char
        piece = char if self._options.raw else ""
        piece += self._text[self._at : self._at + 1]
        self._at += 1
        self._add_raw(piece)
        return piece

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        stop = len(self._text) if end < 0 else end
        raw = self._text[self._at : stop + 1]
        self._at = stop + 1
        return raw if self._options.raw else raw[1:].removesuffix("'")

    def _double(self) -> str:
        self._at += 1
        result = ""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == '"':
                break
            if char == "$":
                result += self._dollar()
                continue
            self._at += 1
            if char == self._options.escape and self._at < len(self._text):
                following = self._text[self._at]
                self._at += 1
                kept = self._options.raw or following not in ('"', "$", self._options.escape)
                result += (char if kept else "") + following
                continue
            result += char
        closed = self._at < len(self._text)
        self._at += 1
        return f'"{result}{chr(34) if closed else ""}' if self._options.raw else result

    def _dollar(self) -> str:
        start = self._at
        self._at += 1
        if self._at >= len(self._text):
            return "$"
        if self._text[self._at] == "{":
            return self._braces(start)
        name = self._name()
        return self._value(name, self._text[start : self._at]) if name else "$"

    def _name(self) -> str:
        start = self._at
        text = self._text
        if start < len(text) and (text[start].isdigit() or text[start] in "@*#?-!"):
            self._at += 1
            return text[start] if text[start].isdigit() else ""
        while self._at < len(text) and (text[self._at].isalnum() or text[self._at] == "_"):
            self._at += 1
        return text[start : self._at]

    def _braces(self, start: int) -> str:
        self._at += 1
        name = self._name()
        modifier = ""
        while self._at < len(self._text) and self._text[self._at] in _MODIFIERS:
            modifier += self._text[self._at]
            self._at += 1
            if modifier[-1] != ":" and len(modifier) > 1:
                break
            if modifier[-1] in "-+?":
                break
        inner = _Lexer(self._rest_of_braces(), self._variables, self._options, self._depth + 1)
        if inner._depth > _DEPTH_LIMIT:
            return self._text[start : self._at]
        word = inner.run()[0]
        self.unset += inner.unset
        return self._modified(name, modifier, word, self._text[start : self._at])

    def _rest_of_braces(self) -> str:
        depth, start = 1, self._at
        while self._at < len(self._text) and depth:
            depth += {"{": 1, "}": -1}.get(self._text[self._at], 0)
            self._at += 1
        return self._text[start : self._at - (0 if depth else 1)]

    def _modified(self, name: str, modifier: str, word: str, written: str) -> str:
        known = name in self._variables
        filled = known and (self._variables[name] != "" or not modifier.startswith(":"))
        kind = modifier.lstrip(":")
        if self._options.keep_defaults and not known:
            return written
        if kind == "-":
            return self._variables[name] if filled else word
        if kind == "+":
            return word if filled else ""
        if kind in ("", "?"):
            return self._value(name, written)
        # Patterns (${V#x}, ${V/a/b}) need syntax 1.7; they are shown as written.
        self.unset.append(name)
        return written

    def _value(self, name: str, written: str) -> str:
        if name in self._variables:
            return self._variables[name]
        self.unset.append(name)
        return written if self._options.keep_unset else ""

    def _add(self, piece: str) -> None:
        for char in piece:
            if char in BLANKS:
                self._end_word()
            else:
                self._word += char
                self._inside = True

    def _add_raw(self, piece: str) -> None:
        self._word += piece
        self._inside = True

    def _end_word(self) -> None:
        if self._inside:
            self._words.append(self._word)
        self._word, self._inside = "", False
