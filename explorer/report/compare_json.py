"""A comparison as JSON, schema image-explorer/compare/1: sizes in bytes, texts in English; deltas are b minus a.

Fields may be added, never renamed. Paths that are not UTF-8 have their odd bytes written as \\xNN, as in every list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from explorer.coldstart.stats import PRIMARY
from explorer.compare.comparison import Comparison, Pair
from explorer.compare.programs import BinaryDelta
from explorer.compare.startup import StartUp
from explorer.compare.surface import LABELS, Surface
from explorer.filesystem.diff import Change
from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding
from explorer.report.analysis_json import image_block
from explorer.report.fates import Fate, fates
from explorer.units import display_name

SCHEMA = "image-explorer/compare/1"
# The largest differences are listed; the counts have them all.
FILES_LISTED = 100
_FATES = {
    "added": Change.ADDED,
    "removed": Change.REMOVED,
    "changed": Change.CHANGED,
    "metadata": Change.METADATA,
    "same": Change.SAME,
}


def compare_document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values, in the order that the schema names."""
    c = comparison
    return {
        "schema": SCHEMA,
        "complete": c.complete,
        "notes": list(c.notes),
        "a": image_block(c.a),
        "b": image_block(c.b),
        "totals": {
            "content_bytes": _pair(c.content),
            "contribution_bytes": _pair(c.contribution),
            "reclaimable_bytes": _pair(c.reclaimable),
            "files": _pair(c.files),
        },
        "layers": {
            "shared": [_layer(c.b, index) for _, index in c.layers.shared],
            "only_a": [_layer(c.a, index) for index in c.layers.only_a],
            "only_b": [_layer(c.b, index) for index in c.layers.only_b],
        },
        "categories": [{"id": item.id, **_pair(item.size)} for item in c.categories],
        "files": _files(c),
        "findings": {
            "gone": [_finding(item) for item in c.findings_gone],
            "new": [_finding(item) for item in c.findings_new],
        },
        "binaries": [_binary(item) for item in c.binaries],
        "config": [msgspec.to_builtins(change) for change in c.config],
        "surface": _surface(c.surface_a, c.surface_b),
        "coldstart": _start_up(c.startup),
    }


def compare_json(comparison: Comparison) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    document = msgspec.json.encode(compare_document(comparison))
    return msgspec.json.format(document, indent=2) + b"\n"


def _pair(pair: Pair) -> dict[str, int]:
    return {"a": pair.a, "b": pair.b, "delta": pair.delta}


def _layer(analysis: Analysis, index: int) -> dict[str, Any]:
    layer = next(item for item in analysis.image.layers if item.index == index)
    figures = next(item for item in analysis.layers if item.index == index)
    return {"index": index, "diff_id": layer.diff_id, "content_bytes": figures.content_bytes}


def _files(c: Comparison) -> dict[str, Any]:
    """Paths by what became of them; their files and bytes sum to both images' final file systems."""
    told = {fate.change: fate for fate in fates(c) if not fate.turned}
    (turned,) = (fate for fate in fates(c) if fate.turned)
    away, here = told[Change.MOVED_AWAY], told[Change.MOVED_HERE]
    # A moved file's bytes stood at the other path before.
    moved = replace(
        here, files=Pair(away.files.a, here.files.b), size=Pair(away.size.a, here.size.b)
    )
    counted = {name: _fate(told[change]) for name, change in _FATES.items()}
    # A file became a folder, or a folder a file.
    counted |= {"moved": _fate(moved), "turned": _fate(turned)}
    return {**counted, "largest": _largest(c)}


def _fate(fate: Fate) -> dict[str, int]:
    return {
        "count": fate.paths,
        "a_files": fate.files.a,
        "b_files": fate.files.b,
        "a_bytes": fate.size.a,
        "b_bytes": fate.size.b,
    }


def _largest(c: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "path": "/" + display_name(item.path),
            "change": item.change.name.lower(),
            **_pair(item.size),
            "partner": "/" + display_name(item.partner) if item.partner else None,
        }
        for item in c.largest_files(FILES_LISTED)
    ]


def _binary(item: BinaryDelta) -> dict[str, Any]:
    """packages and unattributed together are both sizes; both are empty when the files are the same to the byte."""
    return {
        "path": item.path,
        "path_a": item.path_a or None,
        "path_b": item.path_b or None,
        **_pair(item.size),
        "changes": [msgspec.to_builtins(change) for change in item.changes],
        "packages": [
            {"name": row.name, "module": row.module, **_pair(row.size)} for row in item.packages
        ],
        "unattributed": [{"reason": row.reason, **_pair(row.size)} for row in item.rest],
        "dependencies": [msgspec.to_builtins(change) for change in item.dependencies],
    }


def _start_up(found: StartUp | None) -> dict[str, Any] | None:
    """Seconds; `comparison` only where one measurement ran both images."""
    if found is None:
        return None
    return {
        "phase": PRIMARY,
        "a": msgspec.to_builtins(found.a),
        "b": msgspec.to_builtins(found.b),
        "comparison": msgspec.to_builtins(found.together),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"id": finding.id, "title": finding.title(), "bytes": finding.bytes}


def _surface(a: Surface, b: Surface) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for kind in LABELS:
        if kind == "root":
            rows.append({"kind": kind, "a": [a.user], "b": [b.user]})
            continue
        before, after = ([_shown(path) for path in side.paths[kind]] for side in (a, b))
        rows.append({"kind": kind, "a": before, "b": after})
    return rows


def _shown(path: bytes) -> str:
    return "/" + display_name(path)
