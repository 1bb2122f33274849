"""`analyze` and `open` on real archives, as a user types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from explorer.resources import resource
from tests.cli.command import image_explorer

SAMPLE = resource("samples", "naive-go-service.oci.tar")
SCHEMA_FIELDS = {
    "image": {"reference", "id", "tags", "platform", "created", "source", "via", "complete", "problems"},
    "totals": {
        "content_bytes", "contribution_bytes", "reclaimable_bytes", "efficiency", "files", "directories",
    },
    "dive": {"efficiency", "wasted_bytes", "user_wasted_percent", "size_bytes"},
}  # fmt: skip
LAYER_FIELDS = {
    "index", "diff_id", "digest", "media_type", "created_by", "instruction", "empty", "stored_bytes", "content_bytes",
    "contribution_bytes", "reclaimable_bytes", "entries", "added", "modified", "deleted", "verified",
}  # fmt: skip
FINDING_FIELDS = {
    "id", "category", "title", "bytes", "layer", "paths", "paths_total", "reason", "remedy", "confidence",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    result = image_explorer("analyze", str(SAMPLE), "--json", "-")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def test_that_the_json_has_the_designed_fields(document: dict[str, object]) -> None:
    assert document["schema"] == "image-explorer/analysis/1"
    for name, expected in SCHEMA_FIELDS.items():
        block = document[name]
        assert isinstance(block, dict)
        assert expected <= set(block)
    for name, expected in (("layers", LAYER_FIELDS), ("findings", FINDING_FIELDS)):
        items = document[name]
        assert isinstance(items, list)
        assert items
        assert all(expected <= set(item) for item in items)


def test_that_layers_categories_and_states_sum_to_the_content(document: dict[str, object]) -> None:
    totals, layers, categories = document["totals"], document["layers"], document["categories"]
    assert isinstance(totals, dict)
    assert isinstance(layers, list)
    assert isinstance(categories, list)
    assert sum(layer["content_bytes"] for layer in layers) == totals["content_bytes"]
    assert sum(layer["reclaimable_bytes"] for layer in layers) == totals["reclaimable_bytes"]
    assert sum(category["bytes"] for category in categories) == totals["content_bytes"]
    shadow = ("deleted", "overwritten", "metadata-copy", "duplicate-entry")
    assert sum(c["bytes"] for c in categories if c["id"] in shadow) == totals["reclaimable_bytes"]


def test_that_the_sample_shows_the_waste_it_was_built_with(document: dict[str, object]) -> None:
    findings = document["findings"]
    assert isinstance(findings, list)
    named = {finding["id"] for finding in findings}
    assert {"go-toolchain", "go-build-cache", "deleted-apt-lists", "deleted-vcs"} <= named
    sizes = [finding["bytes"] for finding in findings]
    assert sizes == sorted(sizes, reverse=True)


def test_that_without_a_screen_the_sample_is_printed_and_said_to_be_one() -> None:
    result = image_explorer()
    assert result.returncode == 0
    assert "no screen" in result.stderr
    assert "sample" in result.stderr
    assert "Go toolchain" in result.stdout


def test_that_json_to_a_file_leaves_the_summary_on_the_terminal(tmp_path: Path) -> None:
    result = image_explorer("analyze", str(SAMPLE), "--json", str(tmp_path / "a.json"))
    assert "Go toolchain" in result.stdout
    assert json.loads((tmp_path / "a.json").read_text())["image"]["complete"] is True


def test_that_the_second_time_comes_from_the_cache_with_the_same_figures(tmp_path: Path) -> None:
    env = {"IMAGE_EXPLORER_CACHE_DIR": str(tmp_path)}
    first, second = (
        json.loads(image_explorer("analyze", str(SAMPLE), "--json", "-", env=env).stdout)
        for _ in range(2)
    )
    assert second["image"]["via"] == "cache"
    for block in ("layers", "totals", "dive", "categories", "findings"):
        assert first[block] == second[block]


def test_that_a_cut_archive_shows_what_was_read_and_exits_with_2(tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar"
    shutil.copyfile(SAMPLE, cut)
    with open(cut, "r+b") as file:
        file.truncate(SAMPLE.stat().st_size * 2 // 3)
    result = image_explorer("analyze", str(cut), "--no-cache")
    assert result.returncode == 2
    assert "error: " in result.stderr
    assert "Traceback" not in result.stderr


def test_that_a_read_only_home_costs_the_cache_and_nothing_else(tmp_path: Path) -> None:
    # Root may write anywhere, so a file stands where the folders would be.
    blocked = tmp_path / "file"
    blocked.write_text("")
    env = {
        name: str(blocked / "x")
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    }
    result = image_explorer("analyze", str(SAMPLE), env=env)
    assert result.returncode == 0, result.stderr
    assert "cache" in result.stdout
