"""Looking into large Go executables: time after import, peak memory, and whether every byte has an owner.

    python -m tests.benchmarks.binary [--runs 5] [FILE …]

Without files it measures the large Go programs that this machine has, and builds one that links most of the standard
library. Each run is a process of its own; the time is that of the analysis, without the start of Python.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from explorer.gobinary.analyse import analyse_file
from explorer.task import Task
from tests.benchmarks.measure import machine
from tests.gobinary.measured import peak_bytes
from tests.gobinary.programs import PACKAGED, Build, go_build

_SOURCE = Path(__file__).parent / "binaries" / "large"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--one", action="store_true", help="analyse one file and print its figures as JSON"
    )
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(_measure(Path(chosen.files[0]))))
        return
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(name) for name in chosen.files] or _large_programs(Path(folder))
        for path in sorted(files, key=lambda item: item.stat().st_size):
            _report(path, chosen.runs)


def _report(path: Path, count: int) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.binary", "--one", str(path)]
    runs = [json.loads(subprocess.check_output(command, text=True)) for _ in range(count)]
    seconds = [run["seconds"] for run in runs]
    cpu = statistics.median(run["cpu"] for run in runs)
    peak = max(run["peak_bytes"] for run in runs)
    first = runs[0]
    print(
        f"{path.name:<12} {first['size_bytes'] / 1e6:6.1f} MB  {first['go_version']:<9}"
        f" median {statistics.median(seconds):.3f} s  min {min(seconds):.3f} s  max {max(seconds):.3f} s  processor {cpu:.3f} s"
        f"  peak {peak / 1e6:4.0f} MB  attributed {100 * first['attributed']:.1f} %  every byte owned: {first['exact']}"
    )


def _measure(path: Path) -> dict[str, object]:
    started, worked = time.perf_counter(), time.process_time()
    binary = analyse_file(Task(), path)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    rest = sum(row.bytes for row in binary.unattributed)
    return {
        "seconds": seconds,
        "cpu": cpu,
        "peak_bytes": peak_bytes(),
        "size_bytes": binary.size_bytes,
        "go_version": binary.go_version,
        "attributed": binary.attributed_bytes / binary.size_bytes,
        "exact": binary.attributed_bytes + rest == binary.size_bytes,
    }


def _large_programs(folder: Path) -> list[Path]:
    files = [Path(name) for name in PACKAGED if Path(name).is_file()]
    go = shutil.which("go", path=str(Path(sys.executable).parent)) or shutil.which("go")
    if go is not None:
        caches = folder / "caches"
        caches.mkdir()
        files.append(go_build(go, caches, _SOURCE, folder / "large", Build()))
    return files


if __name__ == "__main__":
    main()
