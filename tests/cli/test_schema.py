"""The analysis as JSON, field by field: the schema image-explorer/analysis/1 written down once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.findings.category import CATEGORIES
from tests.cli.command import image_explorer
from tests.support.archives import built, docker_25, layer_tar, pack

NUMBER = (int, float)
HOSTILE = "\x1b[31m<b>\u202e\n'\";--"
SCHEMA: dict[str, Any] = {
    "schema": str,
    "image": {
        "reference": str, "id": str, "tags": [str], "platform": str, "created": str, "source": str, "via": str,
        "complete": bool, "problems": [str],
    },
    "layers": [{
        "index": int, "diff_id": str, "digest": str, "media_type": str, "created_by": str, "instruction": str,
        "empty": bool, "stored_bytes": (int, type(None)), "content_bytes": int, "contribution_bytes": int,
        "reclaimable_bytes": int, "entries": int, "added": int, "modified": int, "deleted": int, "verified": str,
        "complete": bool,
    }],
    "totals": {
        "content_bytes": int, "contribution_bytes": int, "reclaimable_bytes": int, "efficiency": NUMBER, "files": int,
        "directories": int,
    },
    "dive": {"efficiency": NUMBER, "wasted_bytes": int, "user_wasted_percent": NUMBER, "size_bytes": int},
    "categories": [{"id": str, "label": str, "bytes": int, "files": int}],
    "findings": [{
        "id": str, "category": str, "title": str, "bytes": int, "layer": (int, type(None)), "paths": [str],
        "paths_total": int, "reason": str, "remedy": str, "confidence": (str, int, float), "overlaps": object,
    }],
    "go_binaries": [object],
    "timings": dict,
}  # fmt: skip


def mismatches(value: Any, schema: Any, place: str = "$") -> list[str]:
    """Where a document lacks a field of the schema or has another type; more fields are allowed."""
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{place}: no object"]
        missing = [f"{place}.{name}: missing" for name in schema if name not in value]
        found = [
            text
            for name in schema
            if name in value
            for text in mismatches(value[name], schema[name], f"{place}.{name}")
        ]
        return missing + found
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [
            text
            for n, item in enumerate(value)
            for text in mismatches(item, schema[0], f"{place}[{n}]")
        ]
    wrong = not isinstance(value, schema) or (isinstance(value, bool) and schema is int)
    return [f"{place}: {type(value).__name__}"] if wrong else []


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image whose every text is hostile: 300 bytes deleted, a file overwritten, a layer without entries."""
    first = layer_tar(
        {
            f"srv/{HOSTILE}": b"h" * 700,
            "srv/\udcff\udcfe": b"n" * 40,
            "tmp/gone": b"g" * 300,
            "srv/over": b"1" * 100,
        }
    )
    second = layer_tar({"tmp/.wh.gone": b"", "srv/over": b"2" * 50})
    image = built(
        first, second, layer_tar(),
        tags=["shop/app:1"],
        history=[{"created_by": f"RUN {HOSTILE}"}, {"created_by": "RUN two"}, {"created_by": "RUN three"}],
        config={"Labels": {HOSTILE: HOSTILE}, "Env": [f"A={HOSTILE}"]},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("archive") / "app.tar"
    path.write_bytes(pack(docker_25(image)))
    return path


@pytest.fixture(scope="module")
def document(archive: Path) -> dict[str, Any]:
    result = image_explorer("analyze", str(archive), "--no-cache", "--json", "-")
    assert (result.returncode, result.stderr) == (0, "")
    return dict(json.loads(result.stdout))


def test_that_every_field_is_there_and_of_its_type(document: dict[str, Any]) -> None:
    assert mismatches(document, SCHEMA) == []
    assert document["schema"] == "image-explorer/analysis/1"
    assert [item["id"] for item in document["categories"]] == [item.id for item in CATEGORIES]


def test_that_the_schema_test_sees_what_is_wrong() -> None:
    bad = {"schema": 1, "image": {}, "layers": [{"index": True}], "categories": {}}
    found = mismatches(bad, {name: SCHEMA[name] for name in bad})
    assert "$.schema: int" in found
    assert "$.image.id: missing" in found
    assert "$.layers[0].index: bool" in found
    assert "$.categories: no list" in found


def test_that_the_figures_are_those_of_the_image(document: dict[str, Any]) -> None:
    assert document["totals"] == {
        "content_bytes": 1190, "contribution_bytes": 790, "reclaimable_bytes": 400,
        "efficiency": pytest.approx(790 / 1190), "files": 3,
        "directories": document["totals"]["directories"],
    }  # fmt: skip
    rows = [
        (r["content_bytes"], r["reclaimable_bytes"], r["entries"], r["added"], r["modified"], r["deleted"], r["empty"])
        for r in document["layers"]
    ]  # fmt: skip
    assert rows == [
        (1140, 400, 4, 4, 0, 0, False), (50, 0, 2, 0, 1, 1, False), (0, 0, 0, 0, 0, 0, True),
    ]  # fmt: skip
    assert {row["verified"] for row in document["layers"]} == {"digest"}


def test_that_untrusted_text_comes_whole_in_json_and_harmless_on_the_terminal(
    archive: Path, document: dict[str, Any]
) -> None:
    assert document["layers"][0]["created_by"] == f"RUN {HOSTILE}"
    shown = image_explorer("analyze", str(archive), "--no-cache").stdout
    assert not {"\x1b", "\u202e", "\x07"} & set(shown)
    assert "\\x1b[31m<b>" in shown


def test_that_json_on_standard_output_is_all_that_is_there(archive: Path) -> None:
    result = image_explorer("analyze", str(archive), "--json", "-")
    assert result.stdout.startswith('{\n  "schema"')
    assert result.stdout.endswith("}\n")
    assert result.stderr == ""


def test_that_json_is_in_english_whatever_the_language(archive: Path) -> None:
    env = {"LC_ALL": "zh_CN.UTF-8"}
    first = json.loads(image_explorer("analyze", str(archive), "--json", "-").stdout)
    second = json.loads(image_explorer("analyze", str(archive), "--json", "-", env=env).stdout)
    assert first["findings"] == second["findings"]
    assert first["categories"] == second["categories"]
