"""A measurement as JSON, schema image-explorer/coldstart/1: durations in seconds, texts in English.

Fields may be added, never renamed. It is the stored measurement, with what follows from its runs added.
"""

from __future__ import annotations

from typing import Any

import msgspec

from explorer.coldstart.kubernetes import Probe, probes
from explorer.coldstart.phase import METRICS
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import compare, summaries, typical_run
from explorer.coldstart.store import document
from explorer.coldstart.verdict import caution_texts, verdict_text
from explorer.translation import english


def coldstart_document(sample: Sample) -> dict[str, Any]:
    """The measurement as plain values, in the order that the schema names."""
    found = document(sample)
    diagnostics = found.pop("diagnostics")
    found["summary"] = [msgspec.to_builtins(item) for item in summaries(sample)]
    found["typical"] = [typical_run(sample, arm) for arm in range(len(sample.spec.arms))]
    found["comparison"] = _comparison(sample)
    found["comparisons"] = [
        msgspec.to_builtins(item)
        for name in METRICS
        if (item := compare(sample, name)) is not None and item.n_a and item.n_b
    ]
    found["probes"] = _probes(sample)
    found["cautions"] = [english(text) for text in caution_texts(sample)]
    found["diagnostics"] = diagnostics
    return found


def coldstart_json(sample: Sample) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(coldstart_document(sample)), indent=2) + b"\n"


def _comparison(sample: Sample) -> dict[str, Any] | None:
    compared = compare(sample)
    if compared is None:
        return None
    return {**msgspec.to_builtins(compared), "text": verdict_text(compared)}


def _probes(sample: Sample) -> dict[str, Any] | None:
    """Of the last image: what a pod will run after the change."""
    found = probes(sample, sample.spec.measured[-1]) if sample.spec.measured else None
    if found is None:
        return None
    return {
        "startup": _probe(found.startup),
        "readiness": _probe(found.readiness),
        "liveness": _probe(found.liveness),
        "worst_seconds": found.worst,
        "detection_delay_seconds": found.detection_delay,
        "action": msgspec.to_builtins(found.action),
    }


def _probe(item: Probe) -> dict[str, int]:
    return {
        "periodSeconds": item.period_seconds,
        "failureThreshold": item.failure_threshold,
        "timeoutSeconds": item.timeout_seconds,
    }
