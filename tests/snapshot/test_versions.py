"""Files of earlier versions open: one of each is kept, as `python -m tests.snapshot.test_versions` wrote it in its time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from explorer.snapshot.container import SNAPSHOT_VERSION
from explorer.snapshot.reading import SnapshotFile
from tests.snapshot.taken import BINARY, ORIGIN, before, taken

_DATA = Path(__file__).parent / "data"


def test_that_a_file_of_version_1_opens_with_all_of_its_parts(tmp_path: Path) -> None:
    file = SnapshotFile.open(_DATA / "v1.image-snapshot")
    assert file.container.version == 1
    found = file.whole(tmp_path / "a.col", "snapshot:v1")
    assert found.origin == ORIGIN
    totals = found.analysis.totals
    assert (totals.content_bytes, totals.contribution_bytes, totals.reclaimable_bytes) == (
        15100,
        15060,
        40,
    )
    assert (totals.files, totals.directories) == (6, 8)
    assert [finding.id for finding in found.analysis.findings] == [
        finding.id for finding in before().findings
    ]
    assert [finding.title() for finding in found.analysis.findings]
    (binary,) = found.binaries.values()
    assert (binary.path, binary.size_bytes) == (BINARY.path, BINARY.size_bytes)
    assert [package.total_bytes for package in binary.packages] == [3500]
    assert found.rewrite is not None
    assert found.rewrite.plan.rewritten.startswith("FROM golang:1.27")
    assert found.rewrite.files.text is not None
    (sample,) = found.samples
    ready = [run.phases.ready for run in sample.good(0)]
    assert ready == pytest.approx([1.1, 1.12, 1.09])


def test_that_a_file_is_kept_of_every_version() -> None:
    kept = sorted(path.name for path in _DATA.glob("*.image-snapshot"))
    assert kept == [f"v{number}.image-snapshot" for number in range(1, SNAPSHOT_VERSION + 1)]


if __name__ == "__main__":
    sys.stdout.write(f"{taken(_DATA, f'v{SNAPSHOT_VERSION}')}\n")
