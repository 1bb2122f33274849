"""A measurement as gauges: a text file for node exporter's textfile collector, or a push to a Pushgateway.

A benchmark is a batch job, one of the two cases in which a duration may be a gauge
(https://prometheus.io/docs/practices/instrumentation/). Only gauges are used, because the same file must be read by
scrapers that know OpenMetrics and by the textfile collector, which knows the older format.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import pushadd_to_gateway
from prometheus_client.openmetrics.exposition import generate_latest

from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import compare, summaries
from explorer.errors import InputError
from explorer.storing import whole_file
from explorer.translation import tr
from explorer.units import display_text

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
JOB = "image_explorer_coldstart"
_PUSH_SECONDS = 10.0
# Below it a 95th percentile is the maximum under another name.
_LEAST_FOR_P95 = 20
_JOB_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def registry(sample: Sample) -> CollectorRegistry:
    """The gauges of a measurement; no label takes a value that grows with the number of runs."""
    found = CollectorRegistry()
    labels = ["image", "variant"]
    duration = Gauge(
        "coldstart_duration",
        "Cold-start time of a container by phase, over the runs of one measurement",
        [*labels, "phase", "stat"],
        unit="seconds",
        registry=found,
    )
    runs = Gauge("coldstart_runs", "Runs that became ready", labels, registry=found)
    failed = Gauge(
        "coldstart_failed_runs", "Runs that did not become ready", labels, registry=found
    )
    when = Gauge(
        "coldstart_last_run_timestamp",
        "When it was measured",
        labels,
        unit="seconds",
        registry=found,
    )
    info = Gauge(
        "coldstart_info",
        "How it was measured; always 1",
        [*labels, "engine", "image_id12", "network", "cache", "cpus", "readiness"],
        registry=found,
    )
    for place, arm in enumerate(sample.spec.arms):
        named = (display_text(arm.reference or arm.label, 200), arm.label)
        good = sample.good(place)
        runs.labels(*named).set(len(good))
        failed.labels(*named).set(len(sample.of(place)) - len(good))
        when.labels(*named).set(_timestamp(sample.created))
        environment = sample.environment
        info.labels(
            *named,
            f"{environment.engine} {environment.engine_version}".strip(),
            arm.image_id.removeprefix("sha256:")[:12],
            environment.network,
            environment.cache,
            f"{sample.spec.cpus or environment.cpus:g}",
            arm.readiness.kind,
        ).set(1)
    for item in summaries(sample):
        arm = sample.spec.arms[item.arm]
        named = (display_text(arm.reference or arm.label, 200), arm.label)
        stats = {"median": item.median, "min": item.min, "max": item.max}
        if item.n >= _LEAST_FOR_P95:
            stats["p95"] = item.p95
        for stat, value in stats.items():
            duration.labels(*named, item.phase, stat).set(value)
    _comparison(sample, found)
    return found


def _comparison(sample: Sample, found: CollectorRegistry) -> None:
    compared = compare(sample)
    if compared is None or compared.shift is None:
        return
    shift = Gauge(
        "coldstart_shift",
        "Typical difference of variant B to variant A; stat low and high bound it with 95 % confidence",
        ["phase", "stat"],
        unit="seconds",
        registry=found,
    )
    bounds = {"shift": compared.shift, "low": compared.ci_low, "high": compared.ci_high}
    for stat, value in bounds.items():
        if value is not None:
            shift.labels(compared.phase, stat).set(value)


def exposition(sample: Sample) -> bytes:
    """The gauges as OpenMetrics text, ending with # EOF."""
    text: bytes = generate_latest(registry(sample))  # type: ignore[no-untyped-call]
    return text


def write_textfile(sample: Sample, path: Path) -> None:
    """Write the gauges to `path` at once: whoever reads it sees the old file or the new one; StorageError."""
    with whole_file(path, tr("Choose another file or free some space.")) as file:
        # node exporter runs as another user
        os.fchmod(file.fileno(), 0o644)
        file.write(exposition(sample))


def push(sample: Sample, url: str, job: str = JOB) -> None:
    """Push the gauges to a Pushgateway, in place of what this job pushed before; InputError when it does not take them."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _JOB_NAME.fullmatch(job):
        raise InputError(
            tr("{url} is not the address of a Pushgateway.", url=display_text(url, 120)),
            tr("Write http://host:9091."),
        )
    try:
        pushadd_to_gateway(parts.geturl(), job, registry(sample), timeout=_PUSH_SECONDS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(
            tr(
                "The Pushgateway at {url} did not accept the measurement: {reason}.",
                url=display_text(url, 120),
                reason=display_text(str(reason), 200),
            ),
            tr("Check that it runs there; the measurement itself is saved."),
        ) from error


def _timestamp(created: str) -> float:
    try:
        return datetime.fromisoformat(created).timestamp()
    except ValueError:
        return 0.0
