"""Reports: seconds and bytes of every format, on one image and on the comparison of two.

    python -m tests.benchmarks.report [A B] [--host URL]

The analyses come from the cache when they are there; they are not part of the figures. Figures to reach: each report in
under 2 s and under 1.5 MB; only a CSV file, which lists every path, may be bigger.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.benchmarks.measure import machine

if TYPE_CHECKING:
    from explorer.compare.comparison import Comparison
    from explorer.report.document import Document

_PAIR = ("naive-gin:bench", "cmp-gin:after")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pair", nargs="*", default=_PAIR, metavar="REF", help="two images")
    parser.add_argument("--host", default="", help="the engine's endpoint")
    chosen = parser.parse_args()
    print(machine())
    comparison = _compared(*chosen.pair, host=chosen.host)
    from explorer.report.documents.analysis import analysis_document
    from explorer.report.documents.compare import compare_document

    _formats("comparison", lambda limit: compare_document(comparison, limit))
    _formats("first image", lambda limit: analysis_document(comparison.a, limit))
    _formats("second image", lambda limit: analysis_document(comparison.b, limit))


def _compared(a: str, b: str, *, host: str) -> Comparison:
    from explorer import sandbox
    from explorer.task import Task
    from explorer.workflow.comparing import Compared, Side
    from explorer.workflow.opening import Options

    sides = [Side(asdict(Options(name, host=host))) for name in (a, b)]
    with tempfile.TemporaryDirectory() as folder:
        work = "explorer.workflow.comparing:compare_to_files"
        files: Compared = sandbox.run(Task(), work, *sides, folder)
        return files.load()


def _formats(name: str, made: Callable[[int | None], Document]) -> None:
    from explorer.report.documents.parts import ROWS
    from explorer.report.formats import FORMATS, WHOLE, rendered

    for kind in FORMATS:
        # The document and the writer's modules too: what a user waits for.
        started = time.perf_counter()
        data = rendered(kind, made(None if kind in WHOLE else ROWS))
        spent = time.perf_counter() - started
        print(f"{name:<14} {kind:<10} {spent:7.3f} s {len(data):>12,} bytes", flush=True)


if __name__ == "__main__":
    main()
