"""What tree and maps of a comparison share: counted at once, or on a thread when there is much to count."""

from __future__ import annotations

from typing import Any, cast

import pytest
from PySide6.QtCore import Qt

from explorer.compare.comparison import compare
from explorer.errors import WorkerFailed
from explorer.findings.query import parse_query
from explorer.gui import diff_figures, diff_selection
from explorer.gui.diff_figures import DEFAULT_STATES, Joined, figures
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.jobs import Jobs
from explorer.gui.models.deltas import REMOVED, SAME
from explorer.gui.models.diff_tree import DELTA, NAME, DiffTreeModel
from explorer.task import Cancelled, Task
from tests.gui.comparisons import analysed, everything
from tests.gui.scripted import ScriptedJobs
from tests.support.layers import file

pytestmark = pytest.mark.gui
UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, jobs: ScriptedJobs) -> DiffSelection:
    """A comparison that counts as a large one."""
    monkeypatch.setattr(diff_selection, "_MANY", 1)
    selection = DiffSelection(jobs=cast("Jobs", jobs))
    selection.set_comparison(everything())
    return selection


def end(jobs: ScriptedJobs, number: int = -1) -> None:
    job = jobs.started[number]
    assert job.function == "explorer.gui.diff_figures:figures"
    job.done(figures(Task(), *job.args))


def test_that_figures_stay_until_the_new_ones_are_there(
    large: DiffSelection, jobs: ScriptedJobs
) -> None:
    before = int(large.total_a[0])
    states = []
    large.busy_changed.connect(lambda: states.append(large.busy))
    large.set_query(parse_query("libc.so"))
    assert int(large.total_a[0]) == before
    end(jobs)
    assert states == [True, False]
    assert (int(large.total_a[0]), int(large.total_b[0])) == (900_000, 950_000)


def test_that_only_the_last_wish_counts(large: DiffSelection, jobs: ScriptedJobs) -> None:
    seen: list[Any] = []
    large.changed.connect(lambda: seen.append(dict(large.counts)))
    large.set_query(parse_query("libc.so"))
    large.show_states({REMOVED})
    assert [job.cancelled for job in jobs.started] == [True, False]
    end(jobs)
    assert len(seen) == 1
    assert (large.states, large.query) == (frozenset({REMOVED}), parse_query("libc.so"))


def test_that_another_comparison_ends_what_was_being_counted(
    large: DiffSelection, jobs: ScriptedJobs
) -> None:
    large.set_query(parse_query("libc.so"))
    large.set_comparison(everything())
    assert jobs.last.cancelled
    assert not large.busy
    assert large.query is None


def test_that_a_failure_is_told_and_leaves_what_was_shown(
    large: DiffSelection, jobs: ScriptedJobs
) -> None:
    told: list[str] = []
    large.failed.connect(told.append)
    before = large.visible.tolist()
    large.show_states({SAME})
    jobs.last.failed(WorkerFailed("Out of memory.", "Close something."))
    assert told == ["Out of memory. Close something."]
    assert (large.busy, large.visible.tolist()) == (False, before)


def test_that_a_cancel_is_felt_between_two_steps() -> None:
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        figures(task, Joined.of(everything()), DEFAULT_STATES, None)


@pytest.mark.parametrize(("column", "order"), [(NAME, UP), (NAME, DOWN), (DELTA, DOWN)])
def test_that_long_folders_have_the_order_of_short_ones(
    monkeypatch: pytest.MonkeyPatch, column: int, order: Qt.SortOrder
) -> None:
    files = tuple(file(f"many/{n:x}", 1000 - n % 9) for n in range(70))
    names = []
    for limit in (1000, 10):
        monkeypatch.setattr(diff_figures, "_LONG", limit)
        selection = DiffSelection()
        model = DiffTreeModel(selection, selection)
        selection.changed.connect(model.renew)
        selection.set_comparison(compare(analysed(()), analysed(files)))
        selection.set_query(parse_query("-many/1*"))
        model.sort(column, order)
        many = model.index_of(selection.diff.tree.find(b"many"))
        names.append([model.index(row, NAME, many).data() for row in range(model.rowCount(many))])
    assert names[0] == names[1]
    assert sorted(names[0]) == sorted(f"{n:x}" for n in range(70) if f"{n:x}"[0] != "1")
