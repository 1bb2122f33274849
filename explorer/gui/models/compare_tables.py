"""The tables of a comparison: rows that sort by what they mean, can be filtered, and carry their difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from explorer.coldstart.verdict import duration_text, verdict_text
from explorer.compare.comparison import CategoryDelta, Comparison
from explorer.compare.pair import ConfigChange, Pair
from explorer.compare.programs import BinaryDelta
from explorer.compare.startup import StartTime, StartUp
from explorer.compare.surface import LABELS, label
from explorer.findings.analysis import Analysis
from explorer.gobinary.names import shown_package
from explorer.gui.models.binary import Cell, Index, RowsModel
from explorer.gui.models.deltas import (
    ADDED,
    CHANGED,
    MOVED,
    REMOVED,
    SAME,
    STATE_LABELS,
    held_size,
)
from explorer.gui.models.diff_tree import DELTA_ROLE
from explorer.gui.models.file_tree import DISPLAY
from explorer.image.history import shown_instruction
from explorer.translation import mark, tr
from explorer.units import count_text, display_name, display_text, signed_count, signed_size

# Paths of one kind of the attack surface that are listed.
_PATHS_LISTED = 5000
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class DeltaCell(Cell):
    """A difference: shown with its sign, sorted by how much it is, drawn as a bar."""

    delta: int = 0


class CompareRows(RowsModel):
    """A RowsModel that shows the rows in which a text occurs; bars are as long as the largest difference."""

    def __init__(
        self, heads: Sequence[str], numbers: Sequence[int] = (), parent: QObject | None = None
    ) -> None:
        super().__init__(heads, numbers, parent)
        self._all: list[Row] = []
        self._text = ""
        self._most = 1

    @property
    def count(self) -> int:
        """How many rows there are without the filter."""
        return len(self._all)

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows, through the same filter."""
        self._all = list(rows)
        deltas = (abs(cell.delta) for row in rows for cell in row if isinstance(cell, DeltaCell))
        self._most = max(deltas, default=0) or 1
        self._keep()

    def set_filter(self, text: str) -> None:
        """Keep the rows that hold the text, in either case."""
        self._text = text.strip().casefold()
        self._keep()

    def _keep(self) -> None:
        kept = [row for row in self._all if any(self._text in c.text.casefold() for c in row)]
        super().show(kept if self._text else self._all)

    def row(self, number: int) -> Row:
        """One of the rows that are shown."""
        return self._rows[number]

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role == DELTA_ROLE:
            cell = self._rows[index.row()][index.column()]
            return cell.delta / self._most if isinstance(cell, DeltaCell) else None
        return super().data(index, role)


# ---- causes


@dataclass(frozen=True)
class WaterfallStep:
    """A bar from `start` to `end` in bytes; the first and the last stand for the images themselves."""

    label: str
    start: int
    end: int
    total: bool = False
    category: str = ""

    @property
    def delta(self) -> int:
        """How much the cause adds."""
        return self.end - self.start


def waterfall_steps(c: Comparison, a: str, b: str, limit: int = 14) -> list[WaterfallStep]:
    """From A's content to B's, the biggest savings first; causes beyond `limit` are one bar, so that all sum exactly."""
    steps = [WaterfallStep(a, 0, c.content.a, total=True)]
    told = _told(c.waterfall, limit)
    reached = c.content.a
    for item in told:
        steps.append(_step(reached, item.label, item.size.delta, item.id))
        reached += item.size.delta
    rest = [item for item in c.waterfall if item not in told]
    if rest:
        delta = sum(item.size.delta for item in rest)
        steps.append(_step(reached, tr("{n} other causes", n=len(rest)), delta))
    return [*steps, WaterfallStep(b, 0, c.content.b, total=True)]


def _told(items: Sequence[CategoryDelta], limit: int) -> list[CategoryDelta]:
    if len(items) <= limit:
        return list(items)
    weight = sorted(items, key=lambda item: -abs(item.size.delta))[: limit - 1]
    return [item for item in items if item in weight]


def _step(start: int, text: str, delta: int, category: str = "") -> WaterfallStep:
    return WaterfallStep(text, start, start + delta, category=category)


CATEGORY_HEADS = (mark("Category"), "A", "B", mark("Difference"))


def category_rows(c: Comparison) -> list[Row]:
    """All categories that either image has bytes of."""
    return [
        (Cell(item.label, item.label), *size_cells(item.size))
        for item in c.categories
        if item.size.a or item.size.b
    ]


def size_cells(pair: Pair) -> tuple[Cell, Cell, DeltaCell]:
    """A size of A, of B, and the difference."""
    return (
        Cell(held_size(pair.a), pair.a),
        Cell(held_size(pair.b), pair.b),
        DeltaCell(signed_size(pair.delta), abs(pair.delta), pair.delta),
    )


# ---- layers, findings, settings, surface

LAYER_HEADS = (mark("State"), mark("A, layer"), mark("B, layer"), mark("Instruction"), "A", "B", mark("Difference"), mark("Content digest"))  # fmt: skip


def layer_rows(c: Comparison) -> list[Row]:
    """Shared layers in the order of B, then those of A alone, then those of B alone."""
    rows = [_layer_row(c, a, b) for a, b in c.layers.shared]
    rows += [_layer_row(c, a, -1) for a in c.layers.only_a]
    rows += [_layer_row(c, -1, b) for b in c.layers.only_b]
    return rows


def _layer_row(c: Comparison, a: int, b: int) -> Row:
    analysis, index = (c.b, b) if b >= 0 else (c.a, a)
    layer = analysis.image.layers[index]
    step = shown_instruction(layer.history.created_by) if layer.history is not None else ""
    step = step or tr("(no build history)")
    size_a = _layer_bytes(c.a, a) if a >= 0 else 0
    size_b = _layer_bytes(c.b, b) if b >= 0 else 0
    state = SAME if a >= 0 and b >= 0 else REMOVED if a >= 0 else ADDED
    return (
        _state(state, tr("shared") if state == SAME else ""),
        Cell(str(a) if a >= 0 else "", a),
        Cell(str(b) if b >= 0 else "", b),
        _text(" ".join(step.split())),
        *size_cells(Pair(size_a, size_b)),
        _text(layer.diff_id.removeprefix("sha256:")[:16]),
    )


def _layer_bytes(analysis: Analysis, index: int) -> int:
    return next(item.content_bytes for item in analysis.layers if item.index == index)


FINDING_HEADS = (mark("State"), mark("Finding"), mark("Size"), mark("Layer"), mark("Reason"))


def finding_rows(c: Comparison) -> list[Row]:
    """Findings that are gone, then those that came."""
    rows: list[Row] = []
    for state, word, findings in (
        (REMOVED, tr("gone"), c.findings_gone),
        (ADDED, tr("new"), c.findings_new),
    ):
        rows += [
            (
                _state(state, word),
                _text(item.title()),
                Cell(held_size(item.bytes), item.bytes),
                Cell(str(item.layer) if item.layer >= 0 else "", item.layer),
                _text(item.reason()),
            )
            for item in findings
        ]
    return rows


CONFIG_HEADS = (mark("State"), mark("Setting"), "A", "B")


def config_rows(changes: Iterable[ConfigChange]) -> list[Row]:
    """Settings that differ."""
    rows: list[Row] = []
    for change in changes:
        state = ADDED if not change.a else REMOVED if not change.b else CHANGED
        rows.append((_state(state), _text(change.key), _text(change.a), _text(change.b)))
    return rows


SURFACE_HEADS = (mark("What"), "A", "B", mark("Difference"))
PATH_HEADS = (mark("State"), mark("What"), mark("Path"))


def surface_rows(c: Comparison) -> list[Row]:
    """How much of each kind both images hold, and whom they run as."""
    rows: list[Row] = []
    for kind in LABELS:
        if kind == "root":
            users = [display_text(side.runs_as, 60) for side in (c.surface_a, c.surface_b)]
            delta = int(c.surface_b.runs_as_root) - int(c.surface_a.runs_as_root)
            same = users[0] == users[1]
            text = "▼" if delta < 0 else "▲" if delta else "=" if same else "≠"
            rows.append(
                (_text(label(kind)), Cell(users[0], 0), Cell(users[1], 0), Cell(text, abs(delta)))
            )
            continue
        pair = Pair(len(c.surface_a.paths[kind]), len(c.surface_b.paths[kind]))
        rows.append(
            (
                _text(label(kind)),
                Cell(count_text(pair.a), pair.a),
                Cell(count_text(pair.b), pair.b),
                DeltaCell(signed_count(pair.delta), abs(pair.delta), pair.delta),
            )
        )
    return rows


def surface_path_rows(c: Comparison) -> list[Row]:
    """The paths of the attack surface: gone, new, then those in both."""
    rows: list[Row] = []
    for kind in LABELS:
        if kind == "root":
            continue
        before, after = set(c.surface_a.paths[kind]), set(c.surface_b.paths[kind])
        for state, paths in ((REMOVED, before - after), (ADDED, after - before), (SAME, before & after)):  # fmt: skip
            rows += [
                (_state(state), _text(label(kind)), Cell("/" + display_name(path), path.hex()))
                for path in sorted(paths)[:_PATHS_LISTED]
            ]
    return rows


# ---- programs

PROGRAM_HEADS = (mark("State"), mark("Go executable"), "A", "B", mark("Difference"), mark("Go version"), mark("In A at"))  # fmt: skip
PACKAGE_HEADS = (mark("Package"), mark("Module"), "A", "B", mark("Difference"))
MODULE_HEADS = (mark("State"), mark("Module"), "A", "B")


def program_rows(binaries: Sequence[BinaryDelta]) -> list[Row]:
    """The Go executables of both images."""
    return [
        (
            _state(_program_state(item), _program_word(item)),
            _text(item.path),
            *size_cells(item.size),
            _text(_version_change(item)),
            _text(item.path_a if item.moved else ""),
        )
        for item in binaries
    ]


def _program_state(item: BinaryDelta) -> str:
    if not item.path_a:
        return ADDED
    if not item.path_b:
        return REMOVED
    if item.moved:
        return MOVED
    return CHANGED if item.packages or item.rest or item.size.delta else SAME


def _program_word(item: BinaryDelta) -> str:
    return tr("moved, changed") if item.moved and (item.packages or item.rest) else ""


def _version_change(item: BinaryDelta) -> str:
    change = next((change for change in item.changes if change.key == "go_version"), None)
    return f"{change.a or '–'} → {change.b or '–'}" if change else ""


def package_rows(item: BinaryDelta) -> list[Row]:
    """Packages, and what belongs to none: both sizes of the program, to the byte."""
    rows: list[Row] = [
        (_text(shown_package(row.name)), _text(row.module), *size_cells(row.size))
        for row in item.packages
    ]
    rows += [(_text(f"({row.label()})"), _text(""), *size_cells(row.size)) for row in item.rest]
    return rows


def module_rows(item: BinaryDelta) -> list[Row]:
    """Dependencies whose version is another one."""
    return config_rows(ConfigChange(row.path, row.a, row.b) for row in item.dependencies)


def build_rows(item: BinaryDelta) -> list[Row]:
    """What the build differs in."""
    return config_rows(item.changes)


# ---- start-up

START_HEADS = (mark("Image"), mark("Median"), mark("95 % interval"), mark("Runs"), mark("Measured"))


def start_rows(found: StartUp, a: str, b: str) -> list[Row]:
    """What was measured of each image."""
    return [
        (
            _text(f"{letter}  {name}"),
            Cell(duration_text(time.median), round(1e9 * time.median)),
            _text(start_interval(time)),
            Cell(str(time.runs), time.runs),
            _text(time.created.replace("T", " ").removesuffix("Z")),
        )
        for letter, name, time in (("A", a, found.a), ("B", b, found.b))
        if time is not None
    ]


def start_interval(time: StartTime) -> str:
    """The interval of a median, nothing where there were too few runs for one."""
    if time.ci_low is None or time.ci_high is None:
        return ""
    return f"{duration_text(time.ci_low)} – {duration_text(time.ci_high)}"


def start_text(found: StartUp) -> str:
    """What the measurement says, in a sentence."""
    if found.together is not None:
        return verdict_text(found.together)
    if found.a is not None and found.b is not None:
        return tr(
            "measured separately: {a} and {b}. Only one measurement of both, in turns, can tell a difference from noise.",
            a=duration_text(found.a.median),
            b=duration_text(found.b.median),
        )
    time = found.a or found.b
    assert time is not None
    return tr(
        "{seconds} for {image}; the other image was not measured.",
        seconds=duration_text(time.median),
        image="A" if found.a else "B",
    )


def start_short(found: StartUp) -> str:
    """What the measurement says, in a few words for a card."""
    if found.together is None:
        return (
            tr("start-up: measured separately")
            if found.a and found.b
            else tr("start-up: one measured")
        )
    shift = found.together.shift
    if found.together.verdict not in ("faster", "slower") or shift is None:
        return tr("start-up: no difference shown")
    sign = "▼ −" if shift < 0 else "▲ +"
    return tr("start-up {difference}", difference=f"{sign}{duration_text(abs(shift))}")


def _state(state: str, word: str = "") -> Cell:
    return Cell(f"{state} {word or tr(STATE_LABELS[state])}", state)


def _text(text: str) -> Cell:
    return Cell(display_text(text), text)
