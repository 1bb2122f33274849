"""What leaves with a snapshot and what does not: no first bytes of files, no secrets, no names of people, hosts or homes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from explorer.coldstart.sample import Environment, Run, Sample
from explorer.errors import ReferenceInvalid
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import HEAD_BYTES, Kind
from explorer.filesystem.union import Stack
from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding
from explorer.image.model import Config, History, Image
from explorer.image.redact import redact
from explorer.image.reference import (
    DOCKER_ARCHIVE,
    OCI,
    OCI_ARCHIVE,
    PATH,
    SNAPSHOT,
    parse_reference,
)
from explorer.translation import english

# First bytes that say what a file is and nothing else of it; explorer.gui.models.magic has the words for them.
MAGICS = (
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh", b"!<arch>\n", b"!<thin>\n", b"PK\x03\x04",
    b"SQLite format 3\x00", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"%PDF-", b"\x00asm", b"MZ",
    b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xde\x12\x04\x95", b"TZif", b"<?xml", b"-----BEGIN ",
)  # fmt: skip
_ELF = b"\x7fELF"
_SHEBANG = b"#!"
# What stands for the first bytes of a text and of anything else.
_TEXT, _DATA = b" " * HEAD_BYTES, bytes(HEAD_BYTES)
# Fields of a finding that are patterns of a rule.
_PATTERNS = ("title", "reason", "remedy", "what", "cure", "text")
_TEXT_CONTROLS = b"\t\n\r\f\x1b"
# /home/ann, /Users/ann: whose folder it is says a name.
_HOMES = re.compile(r"(/(?:home|Users)/)[^/\s:'\"]+")


def without_contents(analysis: Analysis) -> Analysis:
    """`analysis` with of each file's first bytes only what tells its type, and without places to read it from."""
    stack = analysis.stack
    offsets = np.full_like(stack.data_offset, -1)
    return replace(analysis, stack=replace(stack, head=reduced_heads(stack), data_offset=offsets))


def reduced_heads(stack: Stack) -> Array:
    """uint8[r, HEAD_BYTES]: magic numbers, ELF headers and `#!` lines of programs; a stand-in for all else."""
    runs = (stack.mode & 0o111) != 0
    heads = np.ascontiguousarray(stack.head)
    keys = np.concatenate([heads, runs.astype(np.uint8)[:, None]], axis=1)
    if not len(keys):
        return heads
    rows = np.ascontiguousarray(keys).view(f"V{HEAD_BYTES + 1}").reshape(-1)
    different, place = np.unique(rows, return_inverse=True)
    reduced = b"".join(
        _reduced(bytes(item)[:HEAD_BYTES], runs=bytes(item)[-1] == 1) for item in different
    )
    table = np.frombuffer(reduced, dtype=np.uint8).reshape(-1, HEAD_BYTES)
    found = table[place.reshape(-1)]
    return np.where(((stack.kind == Kind.FILE) & (stack.size > 0))[:, None], found, 0).astype(
        np.uint8
    )


def _reduced(head: bytes, *, runs: bool) -> bytes:
    if head.startswith(_ELF):
        return head
    if head.startswith(_SHEBANG):
        line = head.partition(b"\n")[0] if runs else _SHEBANG
        return (line + b"\n")[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0")
    for magic in MAGICS:
        if head.startswith(magic):
            return magic.ljust(HEAD_BYTES, b"\0")
    return _TEXT if _is_text(head.rstrip(b"\0") or b"\0") else _DATA


def _is_text(head: bytes) -> bool:
    if any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head):
        return False
    # The head may end inside a character.
    return any(_decodes(head[: len(head) - cut]) for cut in range(min(4, len(head))))


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def private_text(text: str) -> str:
    """`text` without secrets and without the names of home folders."""
    home = str(Path.home())
    if len(home) > 1:
        text = re.sub(rf"{re.escape(home)}(?=/|\s|$)", "~", text)
    return redact(_HOMES.sub(r"\1…", text))


def private_told(text: str) -> str:
    """A text of the program's own as private_text() leaves it, in English: whoever reads it may have another language."""
    return private_text(english(text))


def private_image(image: Image) -> Image:
    """`image` with secrets masked and without the folders it was read from."""
    return replace(
        image,
        reference=private_reference(image.reference),
        source=source_kind(image.source),
        config=_config(image.config),
        history=tuple(map(_step, image.history)),
        layers=tuple(
            replace(layer, history=_step(layer.history)) if layer.history is not None else layer
            for layer in image.layers
        ),
    )


def private_finding(finding: Finding) -> Finding:
    """`finding` with secrets masked in what its texts name; a rule's own texts stay."""
    fields = {
        name: redact(value) if isinstance(value, str) and name not in _PATTERNS else value
        for name, value in finding.fields.items()
    }
    return replace(finding, fields=fields)


def private_reference(reference: str) -> str:
    """A reference whose path is only its last part; "" when it is none."""
    try:
        found = parse_reference(reference)
    except ReferenceInvalid:
        return ""
    if found.transport not in (DOCKER_ARCHIVE, OCI_ARCHIVE, OCI, SNAPSHOT, PATH):
        return reference
    return str(replace(found, name=os.path.basename(os.path.abspath(found.name))))


def source_kind(source: str) -> str:
    """How an image was reached, without the address: unix, ssh, tcp, docker-archive …"""
    return source.partition("://")[0] if "://" in source else source.partition(":")[0]


def private_sample(sample: Sample) -> Sample:
    """A measurement without the names of hosts, folders and secrets; machines stay told apart."""
    arms = tuple(
        replace(arm, env=tuple(map(_masked, arm.env)), reference=private_reference(arm.reference))
        for arm in sample.spec.arms
    )
    return replace(
        sample,
        spec=replace(sample.spec, arms=arms),
        environment=_environment(sample.environment),
        runs=tuple(map(_run, sample.runs)),
        note=private_text(sample.note),
        diagnostics=tuple(_plain(item) for item in sample.diagnostics),
    )


def _environment(found: Environment) -> Environment:
    # A measurement says whether another one is of the same machine; a name is not needed for it.
    mark = hashlib.sha256(b"image-explorer " + found.host.encode("utf-8", "replace")).hexdigest()
    known = re.fullmatch(r"machine-[0-9a-f]{8}", found.host)
    return replace(
        found,
        endpoint=source_kind(found.endpoint),
        host=found.host if known or not found.host else f"machine-{mark[:8]}",
        notes=tuple(map(private_told, found.notes)),
    )


def _run(run: Run) -> Run:
    return replace(
        run,
        detail=private_told(run.detail),
        log_tail=tuple(map(private_text, run.log_tail)),
        warnings=tuple(map(private_told, run.warnings)),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return private_told(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _config(config: Config) -> Config:
    return replace(
        config,
        env=tuple(map(_masked, config.env)),
        labels={name: redact(value) for name, value in config.labels.items()},
    )


def _masked(variable: str) -> str:
    return redact(variable)


def _step(step: History) -> History:
    return replace(step, created_by=redact(step.created_by), comment=redact(step.comment))
