"""What the app itself says about its start: phases in JSON log lines, gauges on /metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.coldstart.sample import AppPhase
from explorer.units import display_text

_PHASE_KEYS = ("startup_phase", "start_phase", "init_phase", "phase", "step", "stage")
# Key -> seconds in one of its units; keys without a unit hold seconds, or a text such as Go's 12.5ms.
_DURATION_KEYS = {
    "duration_ns": 1e-9, "elapsed_ns": 1e-9, "took_ns": 1e-9, "duration_us": 1e-6,
    "duration_ms": 1e-3, "elapsed_ms": 1e-3, "took_ms": 1e-3, "ms": 1e-3,
    "duration_s": 1.0, "duration_seconds": 1.0, "elapsed_seconds": 1.0, "seconds": 1.0,
    "duration": 1.0, "elapsed": 1.0, "took": 1.0,
}  # fmt: skip
# Go's time.Duration.String(): 1h2m3.5s, 12.5ms, 3µs.
_GO_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|μs|ns)")
_GO_UNITS = {
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ns": 1e-9,
}
_METRIC = re.compile(r"^([a-zA-Z_:][\w:]*_startup_duration_seconds)(?:\{([^}]*)\})?\s+(\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_LIMIT = 200
_LONGEST = 3600.0


def reported_phases(lines: Iterable[bytes]) -> list[AppPhase]:
    """The phases in JSON log lines that name one and its duration, in the order of the log; the last of a name counts."""
    found: dict[str, float] = {}
    for line in lines:
        if not line.startswith(b"{") or len(found) >= _LIMIT:
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            continue
        phase = _phase(document) if isinstance(document, dict) else None
        if phase is not None:
            found[phase[0]] = phase[1]
    return [AppPhase(name, seconds) for name, seconds in found.items()]


def metrics_phases(text: str) -> list[AppPhase]:
    """The gauges NAME_startup_duration_seconds in Prometheus text; their labels' values name a part of the start."""
    found: list[AppPhase] = []
    for line in text.splitlines():
        match = _METRIC.match(line)
        if match is None or len(found) >= _LIMIT:
            continue
        seconds = _number(match[3])
        labels = [value for _, value in _LABEL.findall(match[2] or "")]
        name = "/".join(labels) if labels else match[1]
        if seconds is not None:
            found.append(AppPhase(display_text(name, 80), seconds, "metrics"))
    return found


def go_duration(text: str) -> float | None:
    """Seconds of what Go prints for a time.Duration, None for anything else."""
    parts = _GO_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _GO_UNITS[unit] for number, unit in parts)


def _phase(document: Mapping[str, Any]) -> tuple[str, float] | None:
    name = next((document[key] for key in _PHASE_KEYS if isinstance(document.get(key), str)), None)
    if not name:
        return None
    for key, unit in _DURATION_KEYS.items():
        seconds = _seconds(document.get(key), unit)
        if seconds is not None:
            return display_text(name, 80), seconds
    return None


def _seconds(value: Any, unit: float) -> float | None:
    if isinstance(value, str):
        return go_duration(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    seconds = float(value) * unit
    return seconds if 0 <= seconds <= _LONGEST else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= _LONGEST else None
