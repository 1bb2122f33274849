"""The analysis as JSON, schema image-explorer/analysis/1: sizes in bytes, durations in seconds, texts in English.

Fields may be added, never renamed. Paths that are not UTF-8 have their odd bytes written as \\xNN, as in every list.
"""

from __future__ import annotations

from typing import Any

import msgspec

from explorer.findings.analysis import Analysis
from explorer.findings.binary import ImageBinary
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding
from explorer.image.history import shown_instruction
from explorer.image.redact import redact
from explorer.translation import english
from explorer.units import display_name

SCHEMA = "image-explorer/analysis/1"
# A finding lists its biggest paths; `paths_total` says how many there are.
PATHS_LISTED = 100


def analysis_document(analysis: Analysis) -> dict[str, Any]:
    """The analysis as plain values, in the order that the schema names."""
    return {
        "schema": SCHEMA,
        "image": image_block(analysis),
        "layers": _layers(analysis),
        "totals": msgspec.to_builtins(analysis.totals),
        "dive": msgspec.to_builtins(analysis.dive),
        "categories": [
            {"id": category.id, "label": category.label(), "bytes": size, "files": files}
            for category, (size, files) in zip(CATEGORIES, analysis.category_bytes(), strict=True)
        ],
        "findings": [_finding(analysis, finding) for finding in analysis.findings],
        "go_binaries": [_binary(binary) for binary in analysis.go_binaries],
        "tool_binaries": analysis.tool_binaries,
        "timings": {name: round(seconds, 6) for name, seconds in analysis.timings.items()},
    }


def analysis_json(analysis: Analysis) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(analysis_document(analysis)), indent=2) + b"\n"


def image_block(analysis: Analysis) -> dict[str, Any]:
    """What image it is, where it came from and whether it was read whole."""
    image = analysis.image
    return {
        "reference": image.reference,
        "id": image.id,
        "tags": list(image.tags),
        "platform": str(image.platform),
        "created": image.created,
        "source": image.source,
        "via": analysis.via,
        "complete": analysis.complete,
        "problems": [english(problem) for problem in analysis.problems],
    }


def _layers(analysis: Analysis) -> list[dict[str, Any]]:
    figures = {item.index: item for item in analysis.layers}
    rows = []
    for layer in analysis.image.layers:
        item = figures[layer.index]
        created_by = layer.history.created_by if layer.history else ""
        rows.append(
            {
                "index": layer.index,
                "diff_id": layer.diff_id,
                "digest": layer.digest,
                "media_type": layer.media_type,
                "created_by": redact(created_by),
                "instruction": shown_instruction(created_by),
                "empty": item.read and item.entries == 0,
                "stored_bytes": layer.stored_bytes if layer.stored_bytes >= 0 else None,
                "content_bytes": item.content_bytes,
                "contribution_bytes": item.contribution_bytes,
                "reclaimable_bytes": item.reclaimable_bytes,
                "entries": item.entries,
                "added": item.added,
                "modified": item.modified,
                "deleted": item.deleted,
                "verified": item.verified,
                "complete": item.complete,
            }
        )
    return rows


def _binary(binary: ImageBinary) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(binary)
    del document["row"]
    return document


def _finding(analysis: Analysis, finding: Finding) -> dict[str, Any]:
    stack = analysis.stack
    paths = [
        display_name(stack.tree.path(int(stack.node[row]))) for row in finding.rows[:PATHS_LISTED]
    ]
    return {
        "id": finding.id,
        "category": finding.category,
        "title": finding.title(),
        "bytes": finding.bytes,
        "layer": finding.layer if finding.layer >= 0 else None,
        "paths": ["/" + path for path in paths],
        "paths_total": len(finding.rows),
        "reason": finding.reason(),
        "remedy": finding.remedy(),
        "confidence": finding.confidence,
        "overlaps": finding.overlaps,
    }
