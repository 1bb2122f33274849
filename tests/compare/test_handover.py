"""A comparison goes to another process and comes back the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.compare.handover import load_comparison, save_comparison
from explorer.report.compare_json import compare_document
from tests.gui.comparisons import everything


def test_that_a_comparison_comes_back_whole(tmp_path: Path) -> None:
    before = everything()
    save_comparison(before, tmp_path / "c.col")
    after = load_comparison(tmp_path / "c.col", before.a, before.b)
    assert compare_document(after) == compare_document(before)
    assert after.findings_gone == before.findings_gone
    assert after.surface_a == before.surface_a
    assert after.startup == before.startup
    assert np.array_equal(after.diff.change, before.diff.change)
    assert np.array_equal(after.diff.tree.names, before.diff.tree.names)


def test_that_the_document_tells_packages_and_start_up() -> None:
    document = compare_document(everything())
    (row,) = document["binaries"]
    parts = [*row["packages"], *row["unattributed"]]
    assert sum(part["delta"] for part in parts) == row["delta"] == -100_000
    assert (row["path_a"], row["path_b"]) == ("/app/server", "/server")
    assert row["dependencies"] == [{"path": "github.com/a/b", "a": "v1.26", "b": "v1.27"}]
    assert document["coldstart"]["a"]["median"] == 0.04
    assert document["coldstart"]["comparison"] is None
