"""Two images read, their programs looked into and compared in one story, and handed over as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from explorer import sandbox
from explorer.compare.comparison import Comparison
from explorer.compare.pair import Pair
from explorer.errors import ExplorerError
from explorer.resources import sample_reference
from explorer.task import Task
from explorer.workflow.comparing import Compared, Side, compare_to_files, kept_comparison
from explorer.workflow.opening import Options
from tests.support.archives import built, docker_25, layer_tar, pack

pytestmark = pytest.mark.slow


def side(reference: str) -> Side:
    return Side(asdict(Options(reference)))


def _small(folder: Path) -> Path:
    path = folder / "small.tar"
    path.write_bytes(pack(docker_25(built(layer_tar({"etc/motd": b"hello"})))))
    return path


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """The sample against an archive of one small file, read in a child process."""
    folder = tmp_path_factory.mktemp("compared")
    files: Compared = sandbox.run(
        Task(),
        "explorer.workflow.comparing:compare_to_files",
        side(sample_reference()),
        side(str(_small(folder))),
        str(folder),
    )
    return files.load()


def test_that_all_views_of_a_real_pair_sum_to_the_byte(compared: Comparison) -> None:
    c = compared
    assert c.content.b == 5
    assert sum(item.size.delta for item in c.waterfall) == c.content.delta
    assert sum(item.size.a for item in c.categories) == c.content.a == c.a.totals.content_bytes
    assert (int(c.diff.size_a.sum()), int(c.diff.size_b.sum())) == (c.contribution.a, 5)


def test_that_programs_are_told_by_package(compared: Comparison) -> None:
    item = next(item for item in compared.binaries if item.path.endswith("/hello-service"))
    assert item.size == Pair(4_141_574, 0)
    assert item.looked_into
    assert {row.name for row in item.packages} >= {"runtime", "main"}
    held = [row.size.a for row in item.packages] + [row.size.a for row in item.rest]
    assert sum(held) == item.size.a
    assert [change.path for change in item.dependencies] == ["example.org/greeting"]


def test_that_a_program_that_is_not_kept_is_left_to_the_child_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sides = side(sample_reference()), side(str(_small(tmp_path)))
    read = compare_to_files(Task(), *sides, str(tmp_path)).load()
    analyses = {"a": read.a, "b": read.b}
    monkeypatch.setattr(
        "explorer.workflow.comparing.kept_of_engine",
        lambda _task, options: analyses[str(options["reference"])],
    )
    found = kept_comparison(Task(), side("a"), side("b"))
    assert found is not None
    assert found.binaries == read.binaries
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept_comparison(Task(), side("a"), side("b")) is None


def test_that_an_analysis_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    first = compare_to_files(Task(), side(sample_reference()), side(sample_reference()), str(tmp_path))  # fmt: skip
    given = Side(asdict(Options("/nowhere.tar")), first.analysis_a)
    (tmp_path / "again").mkdir()
    again = compare_to_files(Task(), given, given, str(tmp_path / "again"))
    c = again.load()
    assert (again.analysis_a, c.content.delta) == (first.analysis_a, 0)
    assert c.notes == ("Both are the same image.",)


def test_that_an_image_that_is_not_there_is_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError):
        compare_to_files(Task(), side(sample_reference()), side("/nowhere.tar"), str(tmp_path))
