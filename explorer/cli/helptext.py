"""How --help looks: whole lines in any width and language, examples as they are, argparse's own words translated."""

from __future__ import annotations

import argparse
import gettext
import re
from collections.abc import Generator, Iterable
from unicodedata import east_asian_width

from explorer.resources import resource
from explorer.translation import mark, sentences, tr

_WIDE = "\u2e80-\uffef"
# What stays on one line: a word, or one Chinese character with the marks that may not stand apart from it.
_PIECES = re.compile(rf"\s+|[（“]*[{_WIDE}][，。、；：？！）”]*|[^\s{_WIDE}]+[，。、；：？！）”]*")
_WORDS = (
    mark("positional arguments"),
    mark("options"),
    mark("show this help message and exit"),
    mark("show program's version number and exit"),
    mark("the following arguments are required: %s"),
    mark("unrecognized arguments: %s"),
    mark("expected one argument"),
    mark("expected at least one argument"),
    mark("argument %(argument_name)s: %(message)s"),
    mark("invalid choice: %(value)r (choose from %(choices)s)"),
    mark("invalid %(type)s value: %(value)r"),
    mark("not allowed with argument %s"),
    mark("ambiguous option: %(option)s could match %(matches)s"),
    mark("ignored explicit argument %r"),
)


def translate_argparse() -> None:
    """argparse asks gettext for its words: let it find them in the program's catalogue."""
    gettext.bindtextdomain("explorer", str(resource("locale")))
    gettext.textdomain("explorer")


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Lines that begin with a blank are kept; all others are folded where a terminal would cut them."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        if prefix is None:
            prefix = sentences(tr("usage:"), self._prog).removesuffix(self._prog)
        super().add_usage(usage, actions, groups, prefix)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None,
    ) -> str:
        # argparse counts characters, of which Chinese ones take two columns.
        wider = _columns(prefix or "") - len(prefix or "")
        self._width -= wider
        try:
            return super()._format_usage(usage, actions, groups, prefix)
        finally:
            self._width += wider

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        for line in text.splitlines():
            lines += [line] if line.startswith(" ") else folded(line, width)
        return "\n".join(indent + line for line in lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return folded(" ".join(text.split()), width)

    def _format_action(self, action: argparse.Action) -> str:
        if action.nargs == argparse.PARSER:
            # The commands, without a line for all of them.
            return "".join(map(self._format_action, self._iter_indented_subactions(action)))
        return super()._format_action(action)

    def _iter_indented_subactions(
        self, action: argparse.Action
    ) -> Generator[argparse.Action, None, None]:
        # argparse forgets the indent when it looks for the longest name.
        yield from getattr(action, "_get_subactions", tuple)()


def folded(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, broken at blanks and between Chinese characters."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if line and _columns(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
