"""One executable as JSON, schema image-explorer/binary/1: sizes in bytes, texts in English; packages + unattributed = size.

Fields may be added, never renamed. `dependencies` is null when the program does not list them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from explorer.gobinary.binary import GoBinary
from explorer.gobinary.buildinfo import Module

SCHEMA = "image-explorer/binary/1"


def binary_document(binary: GoBinary) -> dict[str, Any]:
    """The executable as plain values, in the order that the schema names."""
    dependencies = binary.dependencies
    return {
        "schema": SCHEMA,
        "path": binary.path,
        "size_bytes": binary.size_bytes,
        "state": binary.state,
        "format": binary.format,
        "arch": binary.arch,
        "bits": binary.bits,
        "go_version": binary.go_version,
        "main_package": binary.main_package,
        "module": None if binary.module is None else _module(binary.module),
        "dependencies": None if dependencies is None else [_module(m) for m in dependencies],
        "settings": binary.settings,
        "linkage": msgspec.to_builtins(binary.linkage),
        "runs_on": [
            {"base": item.base, "runs": item.runs, "reason": item.reason()}
            for item in binary.runs_on()
        ],
        "stripped": binary.stripped,
        "sections": msgspec.to_builtins(binary.sections),
        "removable": {
            **msgspec.to_builtins(binary.removable),
            "total_bytes": binary.removable.total_bytes,
        },
        "packages": [
            {**msgspec.to_builtins(item), "total_bytes": item.total_bytes}
            for item in binary.packages
        ],
        "unattributed": [
            {"id": row.reason, "reason": row.label(), "bytes": row.bytes}
            for row in binary.unattributed
        ],
        "embedded_files": msgspec.to_builtins(binary.embedded_files),
        "init_packages": [item.name for item in binary.init_packages],
        "init_code": msgspec.to_builtins(binary.init_packages),
        "packed": msgspec.to_builtins(binary.packed),
        "problems": list(binary.problems()),
    }


def binary_json(binary: GoBinary) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(binary_document(binary)), indent=2) + b"\n"


def _module(module: Module) -> dict[str, Any]:
    return {
        "path": module.path,
        "version": module.version,
        "sum": module.sum,
        "replace": None if module.replace is None else _module(module.replace),
    }
