"""Probe values for a pod, derived from the slowest start that was seen, with the formula beside each.

kubelet: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/ (fields and
defaults), pkg/kubelet/prober/worker.go (the first probe comes at once, then one each period: readiness is seen half a
period late on average). The factors are ours: a node in production is slower than a quiet one, and a start-up probe that
is too tight kills pods that would have been fine.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from explorer.coldstart.phase import metric, values
from explorer.coldstart.probe import default_readiness
from explorer.coldstart.sample import Sample
from explorer.coldstart.spec import Arm
from explorer.image.model import Config
from explorer.translation import tr

# Budget of the start-up probe: this many times the worst start seen, and never less than so many seconds.
_FACTOR, _LEAST_BUDGET = 5, 10
_LATENCY_FACTOR = 5
_READINESS_PERIOD, _LIVENESS_PERIOD, _FAILURES = 2, 10, 3
# What nobody can mistake for a value: no port of a container has such a name, so kubectl refuses it.
PLACEHOLDER = "FILL_IN"
HTTP, TCP, EXEC, UNKNOWN = "http", "tcp", "exec", "unknown"
MEASURED, HEALTHCHECK, EXPOSED = "measured", "healthcheck", "exposed port"


@dataclass(frozen=True)
class Action:
    """What kubelet is to ask: `kind` is http (port, path), tcp (port), exec (command) or unknown; `source` is what that
    comes from: measured, the image's healthcheck, its exposed port, "" for unknown."""

    kind: str
    port: int = 0
    path: str = ""
    command: tuple[str, ...] = ()
    source: str = MEASURED


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
    action: Action


def probes(sample: Sample, arm: int) -> Probes | None:
    """Values for an arm; None when it never became ready, or is a program that ends. Warm-ups and outliers count: a pod meets them too."""
    runs = [run for run in sample.runs if run.arm == arm and run.status == "ok"]
    starts = [seconds for run in runs if (seconds := metric(run.phases, "app")) is not None]
    if not starts or sample.spec.arms[arm].readiness.kind == "exit":
        return None
    latencies = [run.probe_seconds for run in runs if run.probe_seconds is not None]
    action = probe_action(sample.spec.arms[arm])
    return derive(max(0.0, *starts), max(latencies, default=0.0), action)


def probe_action(arm: Arm) -> Action:
    """What the probes of an arm's pod can ask. Kubelet reads no log: what was measured by a line of it is asked as the image itself says, and not at a port or path that nobody named."""
    target = arm.readiness
    if target.kind == "http" and target.paths:
        return Action(HTTP, target.port, target.paths[0])
    if target.kind == "tcp":
        return Action(TCP, target.port)
    own = default_readiness(Config(healthcheck=arm.healthcheck, exposed_ports=arm.exposed_ports))
    if own.source == "healthcheck":
        return Action(HTTP, own.port, own.paths[0], source=HEALTHCHECK)
    kind, words = arm.healthcheck[:1], arm.healthcheck[1:]
    if kind == ("CMD",) and words:
        return Action(EXEC, command=words, source=HEALTHCHECK)
    if kind == ("CMD-SHELL",) and words:
        return Action(EXEC, command=("/bin/sh", "-c", *words), source=HEALTHCHECK)
    if own.kind == "http":
        return Action(TCP, own.port, source=EXPOSED)
    return Action(UNKNOWN, source="")


def derive(worst: float, latency: float, action: Action) -> Probes:
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
        action=action,
    )


def pod_yaml(sample: Sample, arm: int) -> str:
    """What a pod's specification gets from an arm: its probes, or in comments why it has none."""
    found = probes(sample, arm)
    if found is not None:
        return probes_yaml(found)
    if sample.spec.arms[arm].readiness.kind != "exit":
        return f"# {tr('No run became ready, so no probe value follows.')}\n"
    return "".join(f"# {line}\n" for line in _job_lines(sample, arm))


def _job_lines(sample: Sample, arm: int) -> list[str]:
    ends = values((run.phases for run in sample.good(arm)), "app")
    lines = [
        tr("It was measured until it ended: no probe makes sense for a program that ends."),
        tr("Run it as a Job (kind: Job), with restartPolicy Never or OnFailure."),
    ]
    if ends:
        lines.append(tr("Its longest run took {seconds} s.", seconds=f"{max(ends):.3f}"))
    return lines


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
    lines += [f"# {line}" for line in _source_lines(found.action)]
    for name, item in (
        ("startupProbe", found.startup),
        ("readinessProbe", found.readiness),
        ("livenessProbe", found.liveness),
    ):
        lines += [
            f"{name}:",
            *_asked(found.action),
            f"  periodSeconds: {item.period_seconds}",
            f"  failureThreshold: {item.failure_threshold}",
            f"  timeoutSeconds: {item.timeout_seconds}",
        ]
    return "\n".join(lines) + "\n"


def _source_lines(action: Action) -> list[str]:
    """Where the question comes from, when it is not the one that was measured, and what it cannot tell."""
    told = {
        HEALTHCHECK: tr(
            "kubelet reads no log: the probes ask what the image's HEALTHCHECK asks, which was not measured"
        ),
        EXPOSED: tr(
            "kubelet reads no log: the probes ask the port that the image exposes, which was not measured"
        ),
        "": tr(
            "{placeholder}: kubelet reads no log, and the image has neither HEALTHCHECK nor EXPOSE; write a path that answers 200 when it is ready, and its port",
            placeholder=PLACEHOLDER,
        ),
    }
    lines = [told[action.source]] if action.source in told else []
    if action.kind == TCP:
        lines.append(
            tr("an open port says that it listens, not that it can serve: a path would say more")
        )
    if action.kind != TCP:
        lines.append(
            tr("livenessProbe must not fail when another service does: ask nothing that needs one")
        )
    return lines


def _asked(action: Action) -> list[str]:
    if action.kind == TCP:
        return ["  tcpSocket:", f"    port: {action.port}"]
    if action.kind == EXEC:
        return ["  exec:", "    command:", *(f"    - {_quoted(word)}" for word in action.command)]
    if action.kind == HTTP:
        return ["  httpGet:", f"    path: {_quoted(action.path)}", f"    port: {action.port}"]
    return ["  httpGet:", f'    path: "/{PLACEHOLDER}"', f'    port: "{PLACEHOLDER}"']


def _quoted(text: str) -> str:
    """As JSON writes it, which YAML reads the same; bytes that are no text become question marks."""
    return json.dumps(text.encode("utf-8", "replace").decode())
