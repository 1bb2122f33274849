"""An image analysed: the joined layers, what each byte is, the figures and the findings; and the file it is handed over in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from explorer.filesystem.columnfile import Array, read_columns, write_columns
from explorer.filesystem.dive import DiveFigures, dive_figures
from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import Stack, stack_layers
from explorer.findings.binary import ImageBinary
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding
from explorer.image.model import Image
from explorer.translation import source_of, told

if TYPE_CHECKING:
    from explorer.findings.rules import RuleSet

ANALYSIS_VERSION = 1
_KIND = "analysis"


@dataclass(frozen=True)
class LayerFigures:
    """One layer in numbers; sizes in bytes, `added`, `modified` and `deleted` count paths other than directories."""

    index: int
    content_bytes: int
    contribution_bytes: int
    reclaimable_bytes: int
    entries: int
    added: int
    modified: int
    deleted: int
    verified: str
    complete: bool
    read: bool


@dataclass(frozen=True)
class Totals:
    """The image in numbers: `content` = sum of payloads, `contribution` = what is visible in the end, both in bytes."""

    content_bytes: int
    contribution_bytes: int
    reclaimable_bytes: int
    efficiency: float
    files: int
    directories: int


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything known of an image; never changes once made. `category` and `rule` have one element a row."""

    image: Image
    via: str
    complete: bool
    problems: tuple[str, ...]
    stack: Stack
    category: Array  # uint8[r], index into findings.category.CATEGORIES
    rule: Array  # uint16[r], index into `rules`
    rules: tuple[str, ...]  # rule ids; rules[0] is "" for rows that no rule named
    layers: tuple[LayerFigures, ...]  # one for each layer of the image
    totals: Totals
    dive: DiveFigures
    findings: tuple[Finding, ...]
    go_binaries: tuple[ImageBinary, ...] = ()  # biggest first
    tool_binaries: int = 0  # executables of Go toolchains and caches, which are only counted
    stack_layers: tuple[int, ...] = ()  # image layer index of each layer of the stack
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds

    @property
    def layers_read(self) -> int:
        """How many layers were read, in whole or in part."""
        return sum(figures.read for figures in self.layers)

    def category_bytes(self) -> list[tuple[int, int]]:
        """(bytes, files) of each category over all payload rows: a partition of totals.content_bytes."""
        payload = self.stack.kind == Kind.FILE
        codes = self.category[payload]
        sizes = np.bincount(
            codes, weights=self.stack.size[payload].astype(np.float64), minlength=len(CATEGORIES)
        )
        counts = np.bincount(codes, minlength=len(CATEGORIES))
        return list(zip(sizes.astype(np.int64).tolist(), counts.tolist(), strict=True))

    def save(self, path: Path) -> int:
        """Write the analysis to a file; see write_columns."""
        arrays = {f"stack.{name}": getattr(self.stack, name) for name in _arrays_of(Stack)}
        arrays |= {f"tree.{name}": getattr(self.stack.tree, name) for name in _arrays_of(FileTree)}
        arrays |= {"category": self.category, "rule": self.rule}
        for number, finding in enumerate(self.findings):
            arrays[f"finding.{number}"] = finding.rows
        meta = {name: msgspec.to_builtins(getattr(self, name)) for name in _META}
        # As their sources: what is kept is told in the language of the day.
        meta["problems"] = [source_of(text) for text in self.problems]
        meta["findings"] = [
            {
                f.name: msgspec.to_builtins(getattr(finding, f.name))
                for f in fields(finding)
                if f.name != "rows"
            }
            for finding in self.findings
        ]
        return write_columns(path, _KIND, ANALYSIS_VERSION, meta, arrays)

    @classmethod
    def load(cls, path: Path) -> Analysis:
        """Map an analysis written by save(); see read_columns for the errors."""
        meta, arrays = read_columns(path, _KIND, ANALYSIS_VERSION)
        tree = FileTree(**{name: arrays[f"tree.{name}"] for name in _arrays_of(FileTree)})
        stack = Stack(tree=tree, **{name: arrays[f"stack.{name}"] for name in _arrays_of(Stack)})
        findings = tuple(
            Finding(rows=arrays[f"finding.{number}"], **values)
            for number, values in enumerate(meta.pop("findings"))
        )
        meta["problems"] = [told(source) for source in meta["problems"]]
        types = {f.name: f.type for f in fields(cls)}
        values = {
            name: msgspec.convert(value, _META_TYPES[types[name]]) for name, value in meta.items()
        }
        return cls(
            stack=stack,
            category=arrays["category"],
            rule=arrays["rule"],
            findings=findings,
            **values,
        )


def _arrays_of(kind: type[Any]) -> list[str]:
    return [f.name for f in fields(kind) if f.type == "Array"]


# How each non-array field is read back; keyed by its annotation, which is text under `from __future__ import annotations`.
_META_TYPES: dict[Any, Any] = {
    "Image": Image,
    "str": str,
    "bool": bool,
    "tuple[str, ...]": tuple[str, ...],
    "tuple[int, ...]": tuple[int, ...],
    "tuple[LayerFigures, ...]": tuple[LayerFigures, ...],
    "Totals": Totals,
    "tuple[ImageBinary, ...]": tuple[ImageBinary, ...],
    "int": int,
    "DiveFigures": DiveFigures,
    "Mapping[str, float]": dict[str, float],
}
_META = [f.name for f in fields(Analysis) if f.type in _META_TYPES]


def analyse(
    image: Image,
    layers: Mapping[int, LayerIndex],
    *,
    via: str = "",
    problems: Iterable[str] = (),
    timings: Mapping[str, float] | None = None,
    rules: RuleSet | None = None,
) -> Analysis:
    """Join the layers that were read (by their index in the image), classify every row and look for waste.

    Layers that are missing are left out and make the result incomplete.
    """
    # Loaded here: who only shows an analysis needs none of them, and they are half of what showing one takes.
    from explorer.findings.catalogue import find
    from explorer.findings.classify import classify
    from explorer.findings.rules import load_rules

    clock = [time.monotonic()]
    rules = load_rules(image.config) if rules is None else rules
    order = sorted(layers)
    stack = stack_layers([layers[index] for index in order])
    clock.append(time.monotonic())
    category, rule = classify(stack, image.config, rules)
    clock.append(time.monotonic())
    findings = find(stack, category, rule, image, rules, order)
    clock.append(time.monotonic())
    notes = [*problems, *rules.problems]
    notes += [text for index in order for text in layers[index].problems if text not in notes]
    measured = dict(zip(("union", "classify", "findings"), np.diff(clock).tolist(), strict=True))
    return Analysis(
        image=image,
        via=via,
        complete=len(layers) == len(image.layers)
        and all(layer.complete for layer in layers.values()),
        problems=tuple(dict.fromkeys(notes)),
        stack=stack,
        category=category,
        rule=rule,
        rules=rules.ids,
        layers=_layer_figures(image, layers, order, stack),
        totals=_totals(stack),
        dive=dive_figures(stack),
        findings=findings,
        stack_layers=tuple(order),
        timings={**(timings or {}), **measured},
    )


def _totals(stack: Stack) -> Totals:
    content = int(stack.size.sum())
    contribution = int(stack.size[stack.payload_until == stack.layer_count].sum())
    live = stack.kind[stack.merged()]
    return Totals(
        content_bytes=content,
        contribution_bytes=contribution,
        reclaimable_bytes=content - contribution,
        efficiency=contribution / content if content else 1.0,
        files=int(((live == Kind.FILE) | (live == Kind.HARDLINK)).sum()),
        directories=int((live == Kind.DIRECTORY).sum()),
    )


def _layer_figures(
    image: Image, layers: Mapping[int, LayerIndex], order: list[int], stack: Stack
) -> tuple[LayerFigures, ...]:
    count = stack.layer_count
    sizes = stack.size
    reached = stack.payload_until == count
    leaf = (stack.kind != Kind.DIRECTORY) & (stack.kind != Kind.WHITEOUT)
    held = _sum_by(stack.layer, sizes, count)
    visible = _sum_by(stack.layer, np.where(reached, sizes, 0), count)
    written = np.bincount(stack.layer[leaf & (stack.layer_node >= 0)], minlength=count)
    over = stack.replaced_by[leaf & (stack.replaced_by >= 0)]
    modified = np.bincount(stack.layer[over], minlength=count)
    gone = leaf & (stack.replaced_by < 0) & (stack.until < count) & (stack.layer_node >= 0)
    deleted = np.bincount(stack.until[gone], minlength=count)
    figures = []
    for layer in image.layers:
        index = layers.get(layer.index)
        if index is None:
            figures.append(LayerFigures(layer.index, 0, 0, 0, 0, 0, 0, 0, "", False, False))
            continue
        k = order.index(layer.index)
        figures.append(
            LayerFigures(
                index=layer.index,
                content_bytes=int(held[k]),
                contribution_bytes=int(visible[k]),
                reclaimable_bytes=int(held[k] - visible[k]),
                entries=index.entries,
                added=int(written[k] - modified[k]),
                modified=int(modified[k]),
                deleted=int(deleted[k]),
                verified=index.verified,
                complete=index.complete,
                read=True,
            )
        )
    return tuple(figures)


def _sum_by(keys: Array, values: Array, count: int) -> Array:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, keys, values)
    return sums
