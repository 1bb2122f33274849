"""Measures a rewrite of the naive Gin sample end to end: preview, size, prediction, verdict, and how fast it rebuilds.

Needs an engine that holds golang:1.27-bookworm, and Go on this machine, which gets the sample's modules: they go into the
context (vendor), for the steps of a build may have no network.

    python -m tests.benchmarks.rewrite [SAMPLE]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from explorer import sandbox
from explorer.dockerfile.context import read_context
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.files import rewrite_files
from explorer.dockerfile.rewrite.plan import Preparation, plan, prepare
from explorer.dockerfile.rewrite.trial import order_of, verify_options
from explorer.engine.build import TAG_PREFIX, build, remove_build
from explorer.engine.build_events import BuildResult
from explorer.engine.client import connect
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.workflow.rewriting import build_rewrite, held_inputs, load_rules, verify_rewrite
from tests.benchmarks.measure import machine

SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
_PREVIEWS = 7
# The line that a developer changes, and what it is changed to, with another text each time.
_CHANGED_FILE, _REBUILDS = "main.go", 3


def main(sample: str) -> None:
    """Print all figures; what was built is removed again."""
    print(machine())
    made: list[BuildResult] = []
    with _project(sample) as folder:
        try:
            _measure(sample, folder, made)
        finally:
            for result in reversed(made):
                remove_build(connect(), result)


def _measure(sample: str, folder: Path, made: list[BuildResult]) -> None:
    old_text = (folder / "Dockerfile").read_text()
    tag = f"{TAG_PREFIX}bench-{sample}"
    seconds, old = _timed(lambda: _build(folder, old_text, f"{tag}:naive"))
    made.append(old)
    print(f"naive image built in {seconds:.1f} s")
    prepared, made_plan = _preview(f"docker-daemon:{old.tag}", folder)
    order = order_of(
        made_plan, prepared, host="", folder=str(folder), dockerfile=str(folder / "Dockerfile")
    )
    context = read_context(Task(), folder, order.dockerfile, made_plan.dockerignore)
    new = build_rewrite(Task(), "", context, made_plan.rewritten, f"{tag}:small", "")
    made.append(new)
    error = new.content_bytes / made_plan.predicted_bytes - 1
    share = new.content_bytes / made_plan.original_bytes
    print(
        f"rewritten: {new.content_bytes:,} bytes, {share:.2%} of {made_plan.original_bytes:,} (at most 12,000,000 and 2 %)"
    )
    print(f"predicted: {made_plan.predicted_bytes:,} bytes, off by {error:+.2%} (at most 5 %)")
    seconds, found = _timed(
        lambda: verify_rewrite(
            Task(), "", order.image_id, new.image_id, verify_options(made_plan, order.run_files)
        )
    )
    differing = [check.name for check in found.checks if check.result != "same"]
    print(
        f"verified: {found.verdict} in {seconds:.1f} s, {len(found.checks)} checks {differing or ''}"
    )
    _rebuilds(folder, {"old": old_text, "new": made_plan.rewritten}, tag, made)


def _preview(reference: str, folder: Path) -> tuple[Preparation, RewritePlan]:
    """The plan, and how long after the analysis it can be shown; imports are done while an image is read."""
    options: dict[str, Any] = {"reference": reference}
    with tempfile.TemporaryDirectory() as scratch:
        path = sandbox.run(
            Task(),
            "explorer.workflow.analysing:analyse_to_file",
            options,
            scratch,
            meanwhile=lambda: load_rules(Task()),
        )
        analysis = Analysis.load(Path(path))
    options["image_id"] = analysis.image.id
    files = rewrite_files(Task(), "", str(folder))

    def prepared() -> Preparation:
        facts, images = held_inputs(Task(), options, analysis)
        assert facts is not None
        return prepare(analysis, files.text, files.sources, facts, RewriteOptions(), images)

    took = [_timed(lambda: plan(prepared(), {}))[0] * 1000 for _ in range(_PREVIEWS)]
    print(
        f"preview after the analysis: first {took[0]:.0f} ms, median {median(took):.0f} ms (under 300 ms)",
        flush=True,
    )
    found = prepared()
    return found, plan(found, {})


def _rebuilds(folder: Path, texts: Mapping[str, str], tag: str, made: list[BuildResult]) -> None:
    """How long a build takes after a change of one line, with each Dockerfile in turn."""
    took: dict[str, list[float]] = {name: [] for name in texts}
    for number in range(_REBUILDS):
        for name, text in texts.items():
            _change(folder / _CHANGED_FILE, f"{name} {number} {time.time_ns()}")
            seconds, result = _timed(partial(_build, folder, text, f"{tag}:{name}"))
            took[name].append(seconds)
            made.append(result)
    old, new = median(took["old"]), median(took["new"])
    print(
        f"rebuilt after a change of one line: {old:.1f} s → {new:.1f} s, {old / new:.1f} times faster (at least 5)"
    )
    print(
        "   "
        + "; ".join(
            f"{name}: {', '.join(f'{s:.1f}' for s in values)}" for name, values in took.items()
        )
    )


def _change(path: Path, text: str) -> None:
    """Another line of code, as a developer leaves it: the program really is another."""
    kept = [line for line in path.read_text().splitlines() if not line.startswith("var changed")]
    path.write_text("\n".join((*kept, f'var changed = "{text}"')) + "\n")


def _build(folder: Path, text: str, tag: str) -> BuildResult:
    return build(Task(), connect(), read_context(Task(), folder), text, tag=tag)


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.monotonic()
    value = act()
    return time.monotonic() - started, value


@contextmanager
def _project(sample: str) -> Iterator[Path]:
    """A copy of a sample with its modules beside it."""
    with tempfile.TemporaryDirectory(prefix="rewrite-") as scratch:
        folder = Path(scratch) / sample
        shutil.copytree(SAMPLES / sample, folder)
        go = {**os.environ, "GOFLAGS": "-mod=mod"}
        subprocess.run(["go", "mod", "vendor"], cwd=folder, env=go, check=True)
        yield folder


if __name__ == "__main__":
    main(*sys.argv[1:2] or ["gin-service"])
