"""Kept analyses of an engine's images: only what the engine says the name means now is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import ImageNotFound
from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.report.analysis_json import analysis_document
from explorer.report.compare_json import compare_json
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.comparing import Side, compare_to_files, kept_comparison
from explorer.workflow.kept import kept_of_engine
from explorer.workflow.opening import Options
from tests.engine import images
from tests.engine.docker import Docker
from tests.support.archives import docker_25

pytestmark = pytest.mark.engine

_NAMES = ("whiteouts", "plain")
_MOVING = "image-explorer-test-kept:1"


@pytest.fixture(scope="module")
def engine(classic: Docker) -> Iterator[Docker]:
    for image in images.images(_NAMES):
        classic.load(docker_25(image))
    classic("tag", images.tag("whiteouts"), _MOVING)
    yield classic
    classic.remove(*map(images.tag, _NAMES), _MOVING)


def _analyse(engine: Docker, name: str) -> Analysis:
    with closing(LayerStore.open()) as store:
        return analyse(Task(), Options(name, host=engine.host), store)


def _kept(engine: Docker, name: str, *, use_cache: bool = True) -> Analysis | None:
    return kept_of_engine(Task(), {"reference": name, "host": engine.host, "use_cache": use_cache})


def test_that_an_analysis_is_kept_for_the_image_and_not_for_its_name(engine: Docker) -> None:
    assert _kept(engine, _MOVING) is None
    first = _analyse(engine, _MOVING)
    second = _kept(engine, _MOVING)
    assert second is not None
    assert second.via == "cache"
    told = analysis_document(replace(second, via=first.via, timings=first.timings))
    assert told == analysis_document(first)
    assert _kept(engine, _MOVING, use_cache=False) is None
    by_other_name = _kept(engine, f"docker-daemon:{images.tag('whiteouts')}")
    assert by_other_name is not None
    assert by_other_name.image.reference == images.tag("whiteouts")

    engine("tag", images.tag("plain"), _MOVING)
    assert _kept(engine, _MOVING) is None


def test_that_an_image_that_is_gone_is_not_shown_from_the_cache(engine: Docker) -> None:
    name = "image-explorer-test-kept-gone:1"
    engine("tag", images.tag("whiteouts"), name)
    _analyse(engine, name)
    engine("rmi", name)
    with pytest.raises(ImageNotFound):
        _kept(engine, name)


def test_that_images_whose_analyses_are_kept_compare_as_if_they_were_read(
    engine: Docker, tmp_path: Path
) -> None:
    a, b = (
        Side({"reference": images.tag(name), "host": engine.host, "use_cache": True})
        for name in _NAMES
    )
    read = compare_to_files(Task(), a, b, str(tmp_path)).load()
    kept = kept_comparison(Task(), a, b)
    assert kept is not None
    assert kept.content.delta != 0
    told = replace(read, a=replace(read.a, via="cache"), b=replace(read.b, via="cache"))
    assert compare_json(kept) == compare_json(told)
    uncached = replace(b, options={**b.options, "use_cache": False})
    assert kept_comparison(Task(), a, uncached) is None
