"""Builds the benchmarks' input: a naive single-stage Gin image of about 1.1 GB and 35,000 files.

Needs an engine that holds golang:1.27-bookworm, and Go on this machine, whose module proxy the build gets as a folder:
nothing is fetched inside the build.

    python -m tests.benchmarks.naive_image [TAG]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TAG = "naive-gin:bench"
_SOURCE = Path(__file__).parent / "naive"


def naive_image(tag: str = TAG) -> str:
    """Build the image if the engine does not hold it yet; returns its ID."""
    held = subprocess.run(
        ["docker", "image", "inspect", "-f", "{{.Id}}", tag], capture_output=True, text=True
    )
    if held.returncode == 0:
        return held.stdout.strip()
    with tempfile.TemporaryDirectory(prefix="naive-") as folder:
        context = Path(folder) / "app"
        shutil.copytree(_SOURCE, context)
        cache = Path(folder) / "modules"
        go = {**os.environ, "GOMODCACHE": str(cache), "GOFLAGS": "-mod=mod -modcacherw"}
        subprocess.run(["go", "mod", "tidy"], cwd=context, env=go, check=True)
        subprocess.run(["go", "mod", "download", "all"], cwd=context, env=go, check=True)
        shutil.copytree(cache / "cache" / "download", context / "proxy")
        build = ["docker", "build", "-q", "--network", "none", "-t", tag, str(context)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    return naive_image(tag)


if __name__ == "__main__":
    print(naive_image(*sys.argv[1:2]))
