"""A check as JSON, schema image-explorer/check/1: sizes in bytes, durations in seconds, shares as fractions, texts in English.

Fields may be added, never renamed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from explorer.compare.gate.rules import Outcome, overall
from explorer.findings.analysis import Analysis
from explorer.translation import english

SCHEMA = "image-explorer/check/1"


def check_json(
    image: Analysis, baseline: Analysis | None, outcomes: tuple[Outcome, ...], exit_code: int
) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    document = {
        "schema": SCHEMA,
        "verdict": overall(outcomes),
        "exit_code": exit_code,
        "image": _image(image),
        "against": _image(baseline) if baseline is not None else None,
        "rules": [_rule(outcome) for outcome in outcomes],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _image(analysis: Analysis) -> dict[str, Any]:
    image = analysis.image
    return {
        "reference": _text(image.reference),
        "id": _text(image.id),
        "tags": [_text(tag) for tag in image.tags],
        "platform": _text(str(image.platform)),
        "created": _text(image.created),
        "via": _text(analysis.via),
        "complete": analysis.complete,
        "content_bytes": analysis.totals.content_bytes,
        "reclaimable_bytes": analysis.totals.reclaimable_bytes,
        "problems": [_text(english(problem)) for problem in analysis.problems],
    }


def _rule(outcome: Outcome) -> dict[str, Any]:
    rule = outcome.rule
    return {
        "id": _text(rule.id),
        "kind": rule.kind,
        "subject": _text(rule.subject),
        "title": rule.title(),
        "origin": _text(rule.origin),
        "verdict": outcome.verdict,
        "measured": _number(outcome.measured),
        "limit": _number(rule.limit.value),
        "unit": rule.limit.unit,
        "reason": _text(outcome.reason),
        "evidence": [_text(line) for line in outcome.evidence],
    }


def _number(value: float | None) -> float | int | None:
    """Whole numbers without a fraction."""
    return int(value) if value is not None and value == int(value) else value


def _text(text: str) -> str:
    """Untrusted text may hold what UTF-8 cannot (lone surrogates)."""
    return text.encode("utf-8", "replace").decode()
