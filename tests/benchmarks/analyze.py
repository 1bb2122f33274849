"""`analyze` against `docker save`: every figure and its ratio, taken in one run on one engine.

    python -m tests.benchmarks.analyze [--runs 3] [--image TAG]

Builds its input with naive_image.py. With DOCKER_HOST set to a current engine (packaging/modern-engine.sh start) the
direct way is the one of the containerd image store.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import Run, machine, run
from tests.benchmarks.naive_image import TAG, naive_image

PROGRAM = str(Path(sys.executable).with_name("image-explorer"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--image", default=TAG)
    chosen = parser.parse_args()
    image = naive_image(chosen.image)
    sibling = _sibling(image)
    print(machine())
    print(
        f"image {image[:19]} {_inspect(image, '{{.Size}}')} bytes by the engine's count, {chosen.runs} runs each"
    )
    results: dict[str, list[Run]] = {}
    try:
        for _ in range(chosen.runs):
            for name, measured in _round(image, sibling).items():
                results.setdefault(name, []).append(measured)
    finally:
        subprocess.run(["docker", "rmi", sibling], stdout=subprocess.DEVNULL, check=False)
    base = statistics.median(item.seconds for item in results["docker save"])
    for name, runs in results.items():
        seconds = statistics.median(item.seconds for item in runs)
        peak = max(item.peak_bytes for item in runs) / 1e6
        codes = sorted({item.code for item in runs})
        print(
            f"{name:<44} {seconds:7.2f} s  {seconds / base:5.2f} of docker save  peak {peak:4.0f} MB  exit {codes}"
        )


def _round(image: str, sibling: str) -> dict[str, Run]:
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as other:
        env, other_env = {"IMAGE_EXPLORER_CACHE_DIR": cache}, {"IMAGE_EXPLORER_CACHE_DIR": other}
        analyze = [PROGRAM, "analyze", image]
        return {
            "docker save": run(["docker", "save", image]),
            "analyze, export, cold": run([*analyze, "--via", "export"], other_env),
            "analyze, direct, cold": run([*analyze, "--via", "direct"], env),
            "analyze, second time": run(analyze, env),
            "analyze, another image on the same base": run(
                [PROGRAM, "analyze", sibling, "--via", "direct"], env
            ),
        }


def _sibling(image: str) -> str:
    """Another image on the same base: the same one with a layer more."""
    recipe = f"FROM {image}\nRUN head -c 40000000 /dev/urandom > /random\n"
    command = ["docker", "build", "-q", "--network", "none", "-t", "naive-gin:sibling", "-"]
    subprocess.run(
        command,
        input=recipe.encode(),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return "naive-gin:sibling"


def _inspect(image: str, template: str) -> str:
    found = subprocess.run(
        ["docker", "image", "inspect", "-f", template, image], capture_output=True, text=True
    )
    return found.stdout.strip()


if __name__ == "__main__":
    main()
