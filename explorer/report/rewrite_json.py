"""A rewrite as JSON, schema image-explorer/rewrite/1: sizes in bytes, texts in English, secrets masked.

Fields may be added, never renamed. `build` and `verify` are null where they were not asked for, or had nothing to do.
"""

from __future__ import annotations

from typing import Any

import msgspec

from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.verify.model import Verification
from explorer.engine.build_events import BuildResult
from explorer.image.redact import redact
from explorer.report.rewrite_trial import setting_text
from explorer.units import display_name

SCHEMA = "image-explorer/rewrite/1"


def rewrite_document(
    plan: RewritePlan,
    build: BuildResult | None = None,
    context: Context | None = None,
    verification: Verification | None = None,
) -> dict[str, Any]:
    """The plan and what came of it as plain values, in the order that the schema names; `context` is what was sent."""
    return {
        "schema": SCHEMA,
        "mode": plan.mode,
        "reference": plan.reference,
        "original": redact(plan.original),
        "rewritten": redact(plan.rewritten),
        "changes": [
            {
                "rule": change.rule,
                "title": change.title,
                "reason": change.reason,
                "lines": list(change.lines),
                "risk": change.risk,
                "enabled": change.enabled,
                "available": change.available,
                "why_off": change.why_off,
                "bytes": change.bytes,
                "findings": list(change.findings),
                "source": change.source,
            }
            for change in plan.changes
        ],
        "predicted_bytes": plan.predicted_bytes,
        "original_bytes": plan.original_bytes,
        "predicted_layers": [msgspec.to_builtins(layer) for layer in plan.layers],
        "runtime": {
            "choice": plan.runtime.choice,
            "image": plan.runtime.image,
            "reasons": list(plan.runtime.reasons),
        },
        "config_changes": [
            {
                "field": item.field,
                "before": setting_text(item.field, item.before),
                "after": setting_text(item.field, item.after),
                "reason": item.reason,
            }
            for item in plan.config_changes
        ],
        "dockerignore": plan.dockerignore,
        "jobs": dict(plan.jobs),
        "problems": [{"line": item.line, "reason": item.reason} for item in plan.problems],
        "warnings": list(plan.warnings),
        "build": None if build is None else _build(build, context or Context()),
        "verify": None if verification is None else _verification(verification),
    }


def rewrite_json(
    plan: RewritePlan,
    build: BuildResult | None = None,
    context: Context | None = None,
    verification: Verification | None = None,
) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    document = rewrite_document(plan, build, context, verification)
    safe = _without_odd_bytes(document)
    return msgspec.json.format(msgspec.json.encode(safe), indent=2) + b"\n"


def _build(result: BuildResult, context: Context) -> dict[str, Any]:
    return {
        "image_id": result.image_id,
        "tag": result.tag,
        "content_bytes": result.content_bytes,
        "seconds": round(result.seconds, 3),
        "builder": result.builder,
        "steps": [
            {"name": redact(step.name), "seconds": round(step.seconds, 3), "cached": step.cached}
            for step in result.steps
        ],
        "notes": list(result.notes),
        "context": {
            "files": context.files,
            "bytes": context.total_bytes,
            "ignored": context.ignored,
            "suspects": [
                {"path": display_name(item.path), "reason": item.reason, "bytes": item.bytes}
                for item in context.suspects
            ],
        },
    }


def _verification(found: Verification) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "checks": [msgspec.to_builtins(check) for check in found.checks],
        "untested": list(found.untested),
    }


def _without_odd_bytes(value: Any) -> Any:
    """Bytes that were no UTF-8 as \\xNN: JSON has no other way to hold them."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {key: _without_odd_bytes(item) for key, item in value.items()}
    return [_without_odd_bytes(item) for item in value] if isinstance(value, list) else value
