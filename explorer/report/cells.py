"""How a report's cells read: the same words for the same figures in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from explorer.coldstart.verdict import duration_text
from explorer.report.document import Cell, Column, Kind, Row, Table, Typed
from explorer.translation import ntr, tr
from explorer.units import (
    count_text,
    display_name,
    display_text,
    seconds_text,
    signed_count,
    signed_size,
    size_text,
)

NOTHING = "–"
# What a row of a table is.
ROW, REST, TOTAL = "row", "rest", "total"
_PATH_LIMIT = 240
# From here on nobody reads percents.
_MANY_TIMES = 10


def cell_text(kind: Kind, value: Cell) -> str:
    """A cell as people read it; one harmless line."""
    if isinstance(value, Typed):
        return cell_text(value.kind, value.value)
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bytes):
        return "/" + display_name(value, _PATH_LIMIT)
    if isinstance(value, str):
        return visible(value)
    if kind is Kind.FLAG:
        return tr("yes") if value else tr("no")
    if kind in _NUMBERS:
        return _NUMBERS[kind](value)
    return str(value)


@dataclass(frozen=True)
class Shown:
    """A cell as people read it; `exact` is every digit of it, in columns that show them."""

    column: Column
    kind: Kind
    value: str | bytes | int | float | None
    text: str
    exact: str = ""

    @property
    def number(self) -> int | float | None:
        """The number that the text stands for, None for all else."""
        if self.kind is Kind.FLAG or not isinstance(self.value, int | float):
            return None
        return self.value


def shown_rows(table: Table) -> Iterator[tuple[str, tuple[Shown, ...]]]:
    """All rows of a table and what they are: the listed ones, what stands for those that are not, the total."""
    for row in table.rows:
        yield ROW, tuple(_shown(table.columns, row))
    if table.more:
        yield REST, tuple(_shown(table.columns, (more_text(table), *table.rest[1:]), sums=True))
    if table.total:
        yield TOTAL, tuple(_shown(table.columns, table.total, sums=True))


def _shown(columns: Sequence[Column], row: Row, *, sums: bool = False) -> Iterator[Shown]:
    for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
        kind, value = column.kind, cell
        if isinstance(value, Typed):
            kind, value = value.kind, value.value
        if sums and not place:
            # The name of the row stands in the first column, whatever that holds.
            kind = Kind.TEXT
        if sums and value is None:
            yield Shown(column, kind, None, "", NOTHING if is_exact(column) else "")
            continue
        exact = exact_text(kind, value) if is_exact(column) else ""
        yield Shown(column, kind, value, cell_text(kind, value), exact)


def exact_text(kind: Kind, value: Cell) -> str:
    """Every digit of a number of bytes, with its sign where it is a difference."""
    if not isinstance(value, int):
        return NOTHING
    if kind is Kind.DELTA:
        sign = "−" if value < 0 else "+"
        return f"{sign}{count_text(abs(value))}" if value else "="
    return count_text(value)


def share_of(part: float) -> str:
    """A share of 1.0 as a percentage; a small one is not rounded away."""
    return "<0.1%" if 0 < part < 0.0005 else f"{100 * part:.1f}%"


def change_text(before: Cell, value: Cell) -> str:
    """By how many percent a number changed, or how many times as big it is, "" where that says nothing."""
    if not isinstance(before, int | float) or not isinstance(value, int | float):
        return ""
    if not before or before == value:
        return ""
    if value >= _MANY_TIMES * before:
        return f"×{value / before:,.0f}"
    share = 100 * (value - before) / before
    if share <= -99.95 and value:
        # 100 % would mean that nothing is left.
        return f"−{min(-share, 99.99):.2f}%"
    return f"{'−' if share < 0 else '+'}{abs(share):.1f}%"


def more_text(table: Table) -> str:
    """What stands for the rows that are not listed."""
    return ntr("{n} more", "{n} more", table.more, n=count_text(table.more))


def visible(text: str) -> str:
    """`text` in one line with control and direction characters to be seen; backslashes stay, unlike display_text."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else display_text(char) for char in text.replace("\r\n", "\n")
    )


def clipped(text: str, limit: int) -> str:
    """A sentence, or a name that is told already, as one harmless line; a long one is cut in the middle."""
    # Far longer ones are cut before they are looked at.
    text = visible(text[: 2 * limit] + text[-limit:] if len(text) > 3 * limit else text)
    half = (limit - 1) // 2
    return f"{text[:half]}…{text[-half:]}" if len(text) > limit else text


def _minus(text: str) -> str:
    """A number with a true minus sign."""
    return f"−{text[1:]}" if text.startswith("-") else text


def is_exact(column: Column) -> bool:
    """Whether a column shows its numbers to the last digit as well."""
    return column.exact and column.kind in (Kind.BYTES, Kind.DELTA)


_NUMBERS: Mapping[Kind, Callable[[float], str]] = {
    Kind.BYTES: lambda value: size_text(int(value)),
    Kind.DELTA: lambda value: signed_size(int(value)),
    Kind.COUNT: lambda value: count_text(int(value)),
    Kind.COUNT_DELTA: lambda value: signed_count(int(value)),
    Kind.SHARE: share_of,
    Kind.SECONDS: lambda value: _minus(seconds_text(value) if value >= 1 else duration_text(value)),
    Kind.DECIMAL: lambda value: _minus(f"{value:.2g}"),
}
