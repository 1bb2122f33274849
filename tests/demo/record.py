"""Records the demo: the Gin sample built naively, rewritten by the program, built again, both measured in turns.

Needs an engine that holds golang:1.27-bookworm and can start containers, and the Go module proxy once. Nothing is
fetched inside the builds. What it writes are snapshots as the program makes them of any image.

With --private-engine a dockerd of its own does it all, in a temporary folder and with a bridge of its own (as root).

    python -m tests.demo.record [FOLDER] [--runs N] [--private-engine]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.files import rewrite_files
from explorer.dockerfile.rewrite.plan import plan_rewrite
from explorer.filesystem.cache import LayerStore
from explorer.resources import resource
from explorer.snapshot.reading import SnapshotFile
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from explorer.workflow.rewriting import build_rewrite, look_at_build, rewrite_inputs
from tests.coldstart.engines import BridgedEngine
from tests.support.projects import SAMPLES, with_modules

BASE = "golang:1.27-bookworm"
BEFORE, AFTER = "gin-service:naive", "gin-service:rewritten"
NOTE = "The sample service of resources/samples/gin-service, {what}; recorded for the demo."
_PROGRAM = str(Path(sys.executable).with_name("image-explorer"))


def main() -> None:
    """Record both snapshots into a folder, resources/demo unless another is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", default=str(resource("demo")))
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--private-engine", action="store_true")
    arguments = parser.parse_args()
    target = Path(arguments.folder)
    target.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if arguments.private_engine:
            stack.enter_context(_private_engine())
        _record(target, arguments.runs)


@contextmanager
def _private_engine() -> Iterator[None]:
    """An engine that has the base image and a bridge, and is the usual one while this lasts."""
    with tempfile.TemporaryDirectory(prefix="demo-engine-") as folder:
        engine = BridgedEngine(Path(folder))
        engine.start()
        try:
            held = subprocess.Popen(["docker", "save", BASE], stdout=subprocess.PIPE)
            subprocess.run(["docker", "-H", engine.host, "load"], stdin=held.stdout, check=True)
            os.environ["DOCKER_HOST"] = engine.host
            yield
        finally:
            os.environ.pop("DOCKER_HOST", None)
            engine.stop()


def _record(target: Path, runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        # Measurements of the demo stay out of the history of whoever records it.
        environment = {**os.environ, "XDG_DATA_HOME": folder, "LC_ALL": "C.UTF-8"}
        context = with_modules(SAMPLES / "gin-service", Path(folder) / "gin-service")
        _docker("build", "-q", "--network", "none", "-t", BEFORE, str(context))
        built = _rewritten(context)
        _docker("tag", built, AFTER)
        _docker("rmi", "--no-prune", built)
        _run(environment, "coldstart", BEFORE, AFTER, "--runs", str(runs))
        for name, reference, what, more in (
            ("before", BEFORE, "built as it stands there", ("--context", str(context))),
            ("after", AFTER, "built from the rewritten Dockerfile", ()),
        ):
            path = target / f"{name}.image-snapshot"
            note = NOTE.format(what=what)
            _run(environment, "snapshot", reference, "-o", str(path), "--note", note, *more)
            _say(SnapshotFile.open(path).origin.sentence())
    _say(f"{sum(path.stat().st_size for path in target.glob('*.image-snapshot')):,} bytes")


def _rewritten(context: Path) -> str:
    """Rewrite the naive image as the window would, build it and return the tag."""
    task, options = Task(), Options(f"docker-daemon:{BEFORE}")
    store = LayerStore.open()
    analysis = analyse(task, options, store)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "analysis.col"
        analysis.save(path)
        facts, images = rewrite_inputs(task, asdict(options), str(path))
    store.close()
    files = rewrite_files(task, "", str(context))
    plan: RewritePlan = plan_rewrite(
        analysis, files.text, files.sources, facts, RewriteOptions(), None, images
    )
    _say(plan.rewritten)
    sent, _ = look_at_build(task, "", str(context), "Dockerfile", plan.dockerignore)
    tag = "image-explorer.local/gin-service:demo"
    result = build_rewrite(task, "", sent, plan.rewritten, tag, str(analysis.image.platform))
    _say(f"predicted {plan.predicted_bytes:,}, built {result.content_bytes:,} bytes")
    return result.tag


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _docker(*arguments: str) -> None:
    program = shutil.which("docker")
    assert program, "docker is not installed"
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)


def _run(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([_PROGRAM, *arguments], check=True, env=environment)


if __name__ == "__main__":
    main()
