"""How big a snapshot is and how long it takes, by default of the naive Gin image: target under 1 MB for 35,000 files.

python -m tests.benchmarks.snapshot [REF]
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from explorer.snapshot.reading import SnapshotFile
from explorer.task import Task
from explorer.workflow.analysing import analyse_to_file
from explorer.workflow.opening import Options
from explorer.workflow.snapshots import take_snapshot
from tests.benchmarks.naive_image import TAG, naive_image


def main() -> None:
    """Take a snapshot, open it, and print sizes and seconds."""
    reference = sys.argv[1] if len(sys.argv) > 1 else naive_image() and TAG
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "bench.image-snapshot"
        options = asdict(Options(reference))
        take_snapshot(Task(), options, str(target), {})
        began = time.perf_counter()
        told = take_snapshot(Task(), options, str(target), {})
        print(f"{reference}: {told['files']:,} files, {told['content_bytes']:,} bytes of content")
        print(f"taken again from the cache in {time.perf_counter() - began:.2f} s")
        began = time.perf_counter()
        analyse_to_file(Task(), asdict(Options(str(target))), folder)
        print(f"opened in {time.perf_counter() - began:.3f} s")
        sections = SnapshotFile.open(target).container.sections
        for section, _ in sorted(sections.values(), key=lambda item: -item[0].stored)[:8]:
            print(f"{section.stored:>9,} of {section.bytes:>10,}  {section.name}")
        print(
            f"{told['bytes']:>9,} bytes in all ({'within' if told['bytes'] < 1e6 else 'over'} 1 MB)"
        )


if __name__ == "__main__":
    main()
