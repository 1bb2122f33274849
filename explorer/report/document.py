"""A report as a value: facts, warnings and sections of tables and charts, which every writer (HTML, Markdown, PDF, CSV) shows.

Texts are in the user's language; paths are raw bytes, sizes integers, so that each writer can show them in its way and
all of them show the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import overload

from explorer.filesystem.columnfile import Array


class Kind(Enum):
    """What a cell is."""

    TEXT = "text"
    CODE = "code"  # text of machines: commands, digests, names of packages
    PATH = "path"  # raw bytes, without a leading slash
    BYTES = "bytes"
    DELTA = "delta"  # bytes more (or less) than before
    COUNT = "count"
    COUNT_DELTA = "count-delta"
    NUMBER = "number"  # a number that is a name: a layer's index
    SHARE = "share"  # 0.0 to 1.0
    SECONDS = "seconds"
    DECIMAL = "decimal"  # a number without a unit, which has no more than two digits to tell
    FLAG = "flag"  # whether something is so: True or False


@dataclass(frozen=True)
class Typed:
    """A cell of another kind than the others of its column."""

    kind: Kind
    value: str | bytes | int | float | None


Cell = str | bytes | int | float | Typed | None

_ADDABLE = (Kind.BYTES, Kind.DELTA, Kind.COUNT, Kind.COUNT_DELTA)
NUMERIC = (*_ADDABLE, Kind.NUMBER, Kind.SHARE, Kind.SECONDS, Kind.DECIMAL)


@dataclass(frozen=True)
class Column:
    """A column: `id` names it in CSV; `exact` ones show every digit; `summed` is False where rows overlap.

    People are spared an `optional` one in which nothing stands.
    """

    id: str
    title: str
    kind: Kind = Kind.TEXT
    exact: bool = False
    summed: bool = True
    optional: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the cells of the column make a sum."""
        return self.summed and self.kind in _ADDABLE


Row = tuple[Cell, ...]
_READ_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Listing(Sequence[Row]):
    """Rows that are made when they are read, out of ids, some thousand at a time: a million take the room of their ids."""

    ids: Array
    made: Callable[[Array], Iterable[Row]]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self.ids), _READ_AT_ONCE):
            yield from self.made(self.ids[start : start + _READ_AT_ONCE])

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Listing: ...
    def __getitem__(self, place: int | slice) -> Row | Listing:
        if isinstance(place, slice):
            return Listing(self.ids[place], self.made)
        (row,) = self.made(self.ids[place : place + 1 or None])
        return row


@dataclass(frozen=True)
class Table:
    """Rows, the biggest first. `more` rows are not listed: `rest` has their sums; `total` is the sum over all rows."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    more: int = 0
    rest: Row = ()
    total: Row = ()
    note: str = ""

    def capped(self, limit: int | None) -> Table:
        """The table with at most `limit` rows, None for all; what is left out joins the rest."""
        if limit is None or len(self.rows) <= limit:
            return self
        kept, cut = self.rows[:limit], self.rows[limit:]
        others = [self.rest] if self.more else []
        rest = sums(self.columns, [*cut, *others])
        return replace(self, rows=kept, more=self.more + len(cut), rest=rest)

    def filled(self) -> Table:
        """The table for people: without optional columns in which nothing stands."""
        kept = [
            place
            for place, column in enumerate(self.columns)
            if not column.optional or any(row[place] not in (None, "") for row in self.rows)
        ]
        if len(kept) == len(self.columns):
            return self

        def of(row: Row) -> Row:
            return tuple(row[place] for place in kept) if row else ()

        return replace(
            self,
            columns=tuple(self.columns[place] for place in kept),
            rows=tuple(map(of, self.rows)),
            rest=of(self.rest),
            total=of(self.total),
        )


def sums(columns: Sequence[Column], rows: Sequence[Row]) -> Row:
    """One cell a column: the sum where a column adds up, None elsewhere."""
    return tuple(
        sum(number(row[place]) for row in rows) if column.adds_up else None
        for place, column in enumerate(columns)
    )


def number(cell: Cell) -> int:
    """A cell of a column that adds up; an empty one is 0."""
    assert cell is None or isinstance(cell, int)
    return cell or 0


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Figure:
    """A key figure; `before` is its value in the earlier image, None without one; `id` names it in CSV."""

    label: str
    value: Cell
    kind: Kind = Kind.BYTES
    before: Cell = None
    note: str = ""
    id: str = ""


@dataclass(frozen=True)
class KeyFigures:
    """The few numbers to look at first."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Bar:
    """A named amount of bytes; `group` is the colour group of its category."""

    label: str
    bytes: int
    group: str = "system"


@dataclass(frozen=True)
class Bars:
    """Amounts beside each other."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Waterfall:
    """From one size to another: start + all steps = end, to the byte; a step's bytes have a sign."""

    title: str
    start: Bar
    steps: tuple[Bar, ...]
    end: Bar


@dataclass(frozen=True)
class Tile:
    """A rectangle of a treemap; `parts` sum to its bytes or are empty."""

    label: str
    bytes: int
    group: str
    parts: tuple[Tile, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One image's treemap."""

    label: str
    tiles: tuple[Tile, ...]

    @property
    def bytes(self) -> int:
        """What the whole panel stands for."""
        return sum(tile.bytes for tile in self.tiles)


@dataclass(frozen=True)
class Treemap:
    """One panel an image; all panels have one scale, so that their areas compare."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Strip:
    """Measured times of one image, in seconds, with their median and its interval; `runs` where only these are known."""

    label: str
    values: tuple[float, ...]
    median: float
    low: float
    high: float
    runs: int = 0

    @property
    def starts(self) -> int:
        """How many starts were measured."""
        return len(self.values) or self.runs


@dataclass(frozen=True)
class Strips:
    """Measurements on one axis."""

    title: str
    strips: tuple[Strip, ...]


@dataclass(frozen=True)
class Code:
    """A text in lines; the lines of "diff" begin with +, - or a space."""

    title: str
    text: str
    language: str = ""


Block = Paragraph | KeyFigures | Table | Bars | Waterfall | Treemap | Strips | Code


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; `detail` sections may be folded."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    detail: bool = False


@dataclass(frozen=True)
class Fact:
    """A line under the title: what was looked at."""

    label: str
    value: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Document:
    """A whole report. `warnings` say what makes it less than whole; they stand before all figures."""

    title: str
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    language: str = "en"

    def tables(self) -> Iterator[Table]:
        """All tables, in order."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    yield block

    def table(self, name: str) -> Table:
        """The table of an id; KeyError when there is none."""
        for table in self.tables():
            if table.id == name:
                return table
        raise KeyError(name)
