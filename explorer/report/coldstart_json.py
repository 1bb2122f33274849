"""A measurement as JSON, schema image-explorer/coldstart/1: durations in seconds, texts in English.

Fields may be added, never renamed. It is the stored measurement, with what follows from its runs added.
"""

from __future__ import annotations

from typing import Any

import msgspec

from explorer.coldstart.kubernetes import Probe, Probes
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import Comparison, typical_run
from explorer.coldstart.store import document
from explorer.coldstart.verdict import caution_texts, verdict_text
from explorer.report.startup_figures import StartupFigures
from explorer.translation import english


def coldstart_document(sample: Sample, figures: StartupFigures | None = None) -> dict[str, Any]:
    """The measurement as plain values, in the order that the schema names."""
    known = figures or StartupFigures(sample)
    found = document(sample)
    diagnostics = found.pop("diagnostics")
    found["summary"] = [msgspec.to_builtins(item) for item in known.summaries]
    found["typical"] = [typical_run(sample, arm) for arm in range(len(sample.spec.arms))]
    found["comparison"] = _comparison(known.comparison())
    found["comparisons"] = [msgspec.to_builtins(item) for item in known.comparisons()]
    found["probes"] = _probes(known.probes)
    found["cautions"] = [english(text) for text in caution_texts(sample)]
    found["diagnostics"] = diagnostics
    return found


def coldstart_json(sample: Sample, figures: StartupFigures | None = None) -> bytes:
    """The document as indented UTF-8 JSON with a final newline."""
    return (
        msgspec.json.format(msgspec.json.encode(coldstart_document(sample, figures)), indent=2)
        + b"\n"
    )


def _comparison(compared: Comparison | None) -> dict[str, Any] | None:
    if compared is None:
        return None
    return {**msgspec.to_builtins(compared), "text": verdict_text(compared)}


def _probes(found: Probes | None) -> dict[str, Any] | None:
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
