"""A comparison as a file for another process, beside the two analyses that it is of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import msgspec

from explorer.compare.comparison import CategoryDelta, Comparison, Layers
from explorer.compare.pair import ConfigChange, Pair
from explorer.compare.programs import BinaryDelta
from explorer.compare.startup import StartUp
from explorer.compare.surface import Surface
from explorer.filesystem.columnfile import read_columns, write_columns
from explorer.filesystem.diff import TreeDiff
from explorer.filesystem.tree import FileTree
from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding

_KIND, _VERSION = "comparison", 1
_TREE = tuple(item.name for item in fields(FileTree))
_DIFF = tuple(item.name for item in fields(TreeDiff) if item.name != "tree")


@dataclass(frozen=True)
class _Meta:
    """What is no array; findings by their place in the analysis."""

    content: Pair
    contribution: Pair
    reclaimable: Pair
    files: Pair
    shared: tuple[tuple[int, int], ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    categories: tuple[tuple[str, Pair], ...]
    findings_gone: tuple[int, ...]
    findings_new: tuple[int, ...]
    binaries: tuple[BinaryDelta, ...]
    config: tuple[ConfigChange, ...]
    surface_a: Surface
    surface_b: Surface
    startup: StartUp | None


def save_comparison(comparison: Comparison, path: Path) -> int:
    """Write all but the two analyses; see write_columns."""
    c = comparison
    meta = _Meta(
        content=c.content,
        contribution=c.contribution,
        reclaimable=c.reclaimable,
        files=c.files,
        shared=c.layers.shared,
        only_a=c.layers.only_a,
        only_b=c.layers.only_b,
        categories=tuple((item.id, item.size) for item in c.categories),
        findings_gone=_places(c.findings_gone, c.a),
        findings_new=_places(c.findings_new, c.b),
        binaries=c.binaries,
        config=c.config,
        surface_a=c.surface_a,
        surface_b=c.surface_b,
        startup=c.startup,
    )
    arrays = {f"tree.{name}": getattr(c.diff.tree, name) for name in _TREE}
    arrays |= {f"diff.{name}": getattr(c.diff, name) for name in _DIFF}
    return write_columns(path, _KIND, _VERSION, msgspec.to_builtins(meta), arrays)


def load_comparison(path: Path, a: Analysis, b: Analysis) -> Comparison:
    """Map a comparison of these two analyses; see read_columns for the errors."""
    held, arrays = read_columns(path, _KIND, _VERSION)
    meta = msgspec.convert(held, _Meta)
    tree = FileTree(**{name: arrays[f"tree.{name}"] for name in _TREE})
    return Comparison(
        a=a,
        b=b,
        diff=TreeDiff(tree=tree, **{name: arrays[f"diff.{name}"] for name in _DIFF}),
        content=meta.content,
        contribution=meta.contribution,
        reclaimable=meta.reclaimable,
        files=meta.files,
        layers=Layers(meta.shared, meta.only_a, meta.only_b),
        categories=tuple(CategoryDelta(name, size) for name, size in meta.categories),
        findings_gone=tuple(a.findings[place] for place in meta.findings_gone),
        findings_new=tuple(b.findings[place] for place in meta.findings_new),
        binaries=meta.binaries,
        config=meta.config,
        surface_a=meta.surface_a,
        surface_b=meta.surface_b,
        startup=meta.startup,
    )


def _places(findings: tuple[Finding, ...], analysis: Analysis) -> tuple[int, ...]:
    held = {id(finding): place for place, finding in enumerate(analysis.findings)}
    return tuple(held[id(finding)] for finding in findings)
