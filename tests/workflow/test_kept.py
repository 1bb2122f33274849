"""Kept analyses: the second time an image is only shown, and whatever an analysis depends on makes a new one."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.image.model import Layer
from explorer.paths import cache_dir, config_dir
from explorer.report.analysis_json import analysis_document
from explorer.task import Task
from explorer.translation import english, set_language, tr
from explorer.workflow.analysing import analyse
from explorer.workflow.kept import keep, load_kept
from explorer.workflow.opening import Options
from tests.filesystem.tars import entry, tar
from tests.support.archives import Built, built, layer_tar, oci, pack

_LOWER = layer_tar({"var/lib/apt/lists/deb": b"list" * 5000, "etc/motd": b"hello"})
_UPPER = layer_tar({"etc/motd": b"hello again"})
_USER_RULE = """
[[rule]]
id = "our-motd"
category = "temporary"
title = "The message of the day"
reason = "Nobody reads it."
remedy = "Leave it out."
priority = 100
files = ["/etc/motd"]
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of two layers."""
    return _archive(tmp_path / "image.tar", built(_LOWER, _UPPER))


def test_that_the_second_analysis_is_the_first_one_kept(archive: Path) -> None:
    first, second = _analyse(archive), _analyse(archive)
    assert (first.via, second.via) == ("archive", "cache")
    assert ("classify" in first.timings, "classify" in second.timings) == (True, False)
    assert _figures(second) == _figures(first)


def test_that_another_name_of_the_same_image_is_shown_by_that_name(
    archive: Path, tmp_path: Path
) -> None:
    first = _analyse(archive)
    other = _archive(tmp_path / "other.tar", built(_LOWER, _UPPER))
    second = _analyse(other)
    assert _is_kept(second)
    assert second.image.reference == first.image.reference.replace("image.tar", "other.tar")


def test_that_a_run_without_cache_neither_keeps_nor_takes(archive: Path) -> None:
    _analyse(archive, use_cache=False)
    assert not cache_dir().exists()
    _analyse(archive)
    assert not _is_kept(_analyse(archive, use_cache=False))


def test_that_a_rule_that_comes_changes_or_goes_counts_at_once(archive: Path) -> None:
    _analyse(archive)
    rules = config_dir() / "rules"
    rules.mkdir(parents=True)
    (rules / "own.toml").write_text(_USER_RULE)
    second = _analyse(archive)
    assert not _is_kept(second)
    assert "our-motd" in {finding.id for finding in second.findings}
    (rules / "own.toml").write_text(_USER_RULE.replace("our-motd", "their-motd"))
    assert "their-motd" in {finding.id for finding in _analyse(archive).findings}
    (rules / "own.toml").unlink()
    back = _analyse(archive)
    assert _is_kept(back)
    assert not {"our-motd", "their-motd"} & {finding.id for finding in back.findings}


def test_that_a_broken_rule_is_told_of_each_time(archive: Path) -> None:
    rules = config_dir() / "rules"
    rules.mkdir(parents=True)
    (rules / "own.toml").write_text("[[rule]]\nid = 1\n")
    first, second = _analyse(archive), _analyse(archive)
    assert _is_kept(second)
    assert len(first.problems) == 1
    assert second.problems == first.problems


def test_that_each_language_gets_its_own_texts_and_machines_get_english(tmp_path: Path) -> None:
    strange = tar(entry("odd", b"payload", kind=b"Z"))
    path = _archive(tmp_path / "strange.tar", built(strange))
    set_language("zh_CN")
    first, second = _analyse(path), _analyse(path)
    chinese = tr("{name} is of an unknown kind and counts as a file.", name="odd")
    assert chinese != "odd is of an unknown kind and counts as a file."
    assert (first.problems, second.problems) == ((chinese,), (chinese,))
    expected = ["odd is of an unknown kind and counts as a file."]
    assert analysis_document(second)["image"]["problems"] == expected
    set_language("en")
    assert _analyse(path).problems == tuple(expected)
    assert _analyse(path, use_cache=False).problems == tuple(expected)


def test_that_a_text_inside_a_text_is_told_in_english_too() -> None:
    set_language("zh_CN")
    inner = tr("wrong digest: its bytes have {computed}, the image names {expected}", computed="a", expected="b")  # fmt: skip
    outer = tr("The cache {path} cannot be used ({reason}): nothing is kept.", path="/c", reason=inner)  # fmt: skip
    assert english(outer) == (
        "The cache /c cannot be used (wrong digest: its bytes have a, the image names b): nothing is kept."
    )
    assert english("of unknown origin") == "of unknown origin"


@pytest.mark.parametrize("place", [0, 20, 100, -1])
def test_that_a_damaged_file_is_made_again(archive: Path, place: int) -> None:
    first = _analyse(archive)
    (path,) = _files()
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[place] ^= 0xFF
    path.write_bytes(damaged)
    second = _analyse(archive)
    assert not _is_kept(second)
    assert _figures(second) == _figures(first)
    assert _is_kept(_analyse(archive))


def test_that_a_file_of_another_image_is_not_taken(archive: Path, tmp_path: Path) -> None:
    _analyse(archive)
    (path,) = _files()
    other = _archive(tmp_path / "other.tar", built(_LOWER))
    _analyse(other)
    (its_path,) = set(_files()) - {path}
    its_path.write_bytes(path.read_bytes())
    found = _analyse(other)
    assert not _is_kept(found)
    assert len(found.layers) == 1


def test_that_an_incomplete_analysis_is_never_kept(archive: Path) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: data.index(b"hello again")])
    assert not _analyse(archive).complete
    assert _files() == []


def test_that_an_analysis_with_a_layer_that_nothing_proves_is_not_kept(archive: Path) -> None:
    analysis = _analyse(archive, use_cache=False)
    doubted = replace(analysis, layers=tuple(replace(row, verified="") for row in analysis.layers))
    with closing(LayerStore.open()) as store:
        keep(store, doubted)
        assert load_kept(store, analysis.image) is None


def test_that_what_is_known_of_the_blobs_outlives_a_source_that_does_not_tell(
    archive: Path,
) -> None:
    analysis = _analyse(archive)
    bare = tuple(
        Layer(layer.index, layer.diff_id, history=layer.history) for layer in analysis.image.layers
    )
    with closing(LayerStore.open()) as store:
        found = load_kept(store, replace(analysis.image, layers=bare))
    assert found is not None
    assert found.image.layers == analysis.image.layers
    assert all(layer.stored_bytes > 0 for layer in found.image.layers)


def test_that_kept_analyses_count_within_the_limit_of_the_cache(archive: Path) -> None:
    _analyse(archive)
    assert len(_files()) == 1
    LayerStore.open(limit_bytes=0).close()
    assert _files() == []


def _archive(path: Path, image: Built) -> Path:
    path.write_bytes(pack(oci(image)))
    return path


def _analyse(path: Path, *, use_cache: bool = True) -> Analysis:
    store = LayerStore.open() if use_cache else LayerStore.private()
    with closing(store):
        return analyse(Task(), Options(str(path), use_cache=use_cache), store)


def _is_kept(analysis: Analysis) -> bool:
    return "classify" not in analysis.timings


def _files() -> list[Path]:
    return sorted(cache_dir().glob("layers/*/analyses/*.col"))


def _figures(analysis: Analysis) -> Any:
    document = analysis_document(analysis)
    del document["timings"], document["image"]["via"]
    return json.loads(json.dumps(document))
