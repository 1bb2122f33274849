"""Probe values for a pod, derived from the slowest start that was seen, with the formula beside each.

kubelet: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/ (fields and
defaults), pkg/kubelet/prober/worker.go (the first probe comes at once, then one each period: readiness is seen half a
period late on average). The factors are ours: a node in production is slower than a quiet one, and a start-up probe that
is too tight kills pods that would have been fine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from explorer.coldstart.phase import metric
from explorer.coldstart.probe import Readiness
from explorer.coldstart.sample import Sample
from explorer.translation import tr

# Budget of the start-up probe: this many times the worst start seen, and never less than so many seconds.
_FACTOR, _LEAST_BUDGET = 5, 10
_LATENCY_FACTOR = 5
_READINESS_PERIOD, _LIVENESS_PERIOD, _FAILURES = 2, 10, 3
_HTTP_PORT = 8080


@dataclass(frozen=True)
class Probe:
    """One probe's fields, as kubelet names them (seconds, counts)."""

    period_seconds: int
    failure_threshold: int
    timeout_seconds: int

    @property
    def detection_seconds(self) -> int:
        """How long it takes until a dead container is noticed, at worst."""
        return self.period_seconds * self.failure_threshold


@dataclass(frozen=True)
class Probes:
    """All three, the worst start seen (W) and the mean delay until kubelet notices readiness, in seconds."""

    startup: Probe
    readiness: Probe
    liveness: Probe
    worst: float
    detection_delay: float
    target: Readiness


def probes(sample: Sample, arm: int) -> Probes | None:
    """Values for an arm; None when it never became ready, or is a program that ends. Warm-ups and outliers count: a pod meets them too."""
    runs = [run for run in sample.runs if run.arm == arm and run.status == "ok"]
    starts = [seconds for run in runs if (seconds := metric(run.phases, "app")) is not None]
    if not starts or sample.spec.arms[arm].readiness.kind == "exit":
        return None
    latencies = [run.probe_seconds for run in runs if run.probe_seconds is not None]
    return derive(max(0.0, *starts), max(latencies, default=0.0), sample.spec.arms[arm].readiness)


def derive(worst: float, latency: float, target: Readiness) -> Probes:
    """The values for a worst start W and a worst probe latency L, both in seconds."""
    timeout = max(1, math.ceil(_LATENCY_FACTOR * latency))
    budget = max(_LEAST_BUDGET, math.ceil(_FACTOR * worst))
    return Probes(
        startup=Probe(1, budget, timeout),
        readiness=Probe(_READINESS_PERIOD, _FAILURES, timeout),
        liveness=Probe(_LIVENESS_PERIOD, _FAILURES, timeout),
        worst=worst,
        # A start-up probe's success triggers readiness at once: half of its period of one second.
        detection_delay=0.5,
        target=target,
    )


def probes_yaml(found: Probes) -> str:
    """The probes as part of a container's specification, to copy, with the formula in comments."""
    lines = [
        "# "
        + tr(
            "W = {worst} s: the slowest start seen, process start to ready",
            worst=f"{found.worst:.3f}",
        ),
        "# " + tr("startupProbe: failureThreshold = max(10, ceil(5 * W)) at a period of 1 s"),
        "# " + tr("timeoutSeconds = max(1, ceil(5 * slowest probe answer))"),
        "# "
        + tr(
            "kubelet notices readiness {delay} s after it on average, because it asks once a period",
            delay=f"{found.detection_delay:g}",
        ),
    ]
    for name, item in (
        ("startupProbe", found.startup),
        ("readinessProbe", found.readiness),
        ("livenessProbe", found.liveness),
    ):
        lines += [
            f"{name}:",
            *_action(found.target),
            f"  periodSeconds: {item.period_seconds}",
            f"  failureThreshold: {item.failure_threshold}",
            f"  timeoutSeconds: {item.timeout_seconds}",
        ]
    return "\n".join(lines) + "\n"


def _action(target: Readiness) -> list[str]:
    port = target.port or _HTTP_PORT
    if target.kind == "tcp":
        return ["  tcpSocket:", f"    port: {port}"]
    path = target.paths[0] if target.paths else "/healthz"
    # A path is ASCII without control characters (probe._TARGET); quotes and backslashes are escaped as JSON does.
    quoted = path.replace("\\", "\\\\").replace('"', '\\"')
    return ["  httpGet:", f'    path: "{quoted}"', f"    port: {port}"]
