"""Writes a snapshot: what is private left out, the rest as sections of one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from explorer.coldstart.store import document
from explorer.dockerfile.rewrite.files import RewriteFiles
from explorer.filesystem.columnfile import Array, read_columns
from explorer.findings.analysis import ANALYSIS_VERSION, Analysis
from explorer.gobinary.binary import GoBinary
from explorer.image.redact import redact
from explorer.snapshot.container import write_container
from explorer.snapshot.model import RecordedRewrite, Snapshot
from explorer.snapshot.privacy import (
    private_finding,
    private_image,
    private_reference,
    private_sample,
    private_text,
    private_told,
    source_kind,
    without_contents,
)
from explorer.translation import english

KIND = "analysis"
COLUMNS = "analysis/"


def write_snapshot(path: Path, snapshot: Snapshot) -> int:
    """Write `snapshot` without what is private and return the file's size in bytes; StorageError, LimitExceeded."""
    analysis = private_analysis(snapshot.analysis)
    meta, arrays = columns_of(analysis)
    # Of somebody else's file no reader takes what texts are made of.
    meta["problems"] = list(analysis.problems)
    origin = replace(
        snapshot.origin,
        reference=private_reference(snapshot.origin.reference),
        source=source_kind(snapshot.origin.source),
        note=private_text(snapshot.origin.note),
    )
    head = {
        "origin": msgspec.to_builtins(origin),
        "image": _summary(analysis),
        "analysis": ANALYSIS_VERSION,
    }
    values: dict[str, Any] = {
        "analysis": meta,
        "binaries": {digest: _binary(item) for digest, item in snapshot.binaries.items()},
        "samples": [_plain(document(private_sample(item))) for item in snapshot.samples],
    }
    if snapshot.rewrite is not None:
        values["rewrite"] = _rewrite(snapshot.rewrite)
    return write_container(
        path, head, values, {COLUMNS + name: array for name, array in arrays.items()}
    )


def private_analysis(analysis: Analysis) -> Analysis:
    """`analysis` as it leaves: no first bytes, no secrets, no homes."""
    return replace(
        without_contents(analysis),
        image=private_image(analysis.image),
        problems=tuple(map(private_told, analysis.problems)),
        findings=tuple(map(private_finding, analysis.findings)),
    )


def columns_of(analysis: Analysis) -> tuple[dict[str, Any], dict[str, Array]]:
    """Everything of an analysis as it is saved: values, and arrays by name."""
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        path = Path(folder) / "analysis.col"
        analysis.save(path)
        # The file is mapped: it may go while the arrays stay.
        return read_columns(path, KIND, ANALYSIS_VERSION)


def _summary(analysis: Analysis) -> Mapping[str, Any]:
    """What a list of snapshots shows without unpacking anything."""
    image = analysis.image
    return {
        "tags": list(image.tags),
        "id": image.id,
        "os": image.platform.os,
        "architecture": image.platform.architecture,
        "variant": image.platform.variant,
        "created": image.created,
        "layers": len(image.layers),
        "content_bytes": analysis.totals.content_bytes,
        "files": analysis.totals.files,
    }


def _binary(binary: GoBinary) -> Any:
    """Build settings name folders of the machine that built it; only those in homes say whose it was."""
    settings = {name: private_text(value) for name, value in binary.settings.items()}
    return _plain(replace(binary, settings=settings))


def _rewrite(found: RecordedRewrite) -> Any:
    files = found.files
    sources = files.sources
    if sources is not None:
        # No rule reads the scripts' texts; what a rule asks of the sources is in the other facts.
        sources = replace(sources, root=os.path.basename(sources.root), scripts={})
    kept = RewriteFiles(files.text, os.path.basename(files.path), sources)
    facts = replace(
        found.facts,
        settings={name: private_text(value) for name, value in found.facts.settings.items()},
    )
    parts = {
        "facts": facts,
        "images": found.images,
        "files": kept,
        "options": found.options,
        "plan": replace(found.plan, reference=private_reference(found.plan.reference)),
    }
    return _masked(_plain(parts))


def _masked(value: Any) -> Any:
    """Plain values with their texts in English and the secrets in them masked."""
    if isinstance(value, str):
        return redact(english(value))
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
