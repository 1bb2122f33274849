"""What long work and its caller tell each other."""

from __future__ import annotations

import pickle

import pytest

from explorer import errors
from explorer.errors import DamagedInput, EngineRefused, ExplorerError
from explorer.task import Cancelled, Progress, Task


def test_that_progress_and_partial_results_reach_the_caller() -> None:
    seen: list[object] = []
    task = Task(seen.append, seen.append)
    task.progress("reading", 1, 2)
    task.partial("early")
    assert seen == [Progress("reading", 1, 2), "early"]


def test_that_nothing_is_delivered_after_a_cancel() -> None:
    seen: list[object] = []
    task = Task(seen.append, seen.append)
    task.cancel()
    for call in (task.checkpoint, lambda: task.progress("x"), lambda: task.partial("x")):
        with pytest.raises(Cancelled):
            call()
    assert (seen, task.cancelled) == ([], True)


def test_that_a_cancel_wakes_what_waits_and_only_while_it_waits() -> None:
    woken: list[str] = []
    task = Task()
    with task.on_cancel(lambda: woken.append("before")):
        pass
    with task.on_cancel(lambda: woken.append("inside")):
        task.cancel()
    assert woken == ["inside"]
    with pytest.raises(Cancelled), task.on_cancel(lambda: woken.append("after")):
        pytest.fail("entered after the cancel")


def test_that_cancelled_passes_through_a_handler_of_exceptions() -> None:
    assert not issubclass(Cancelled, Exception)


@pytest.mark.parametrize(
    "error",
    [
        *(kind("what", "do this") for kind in vars(errors).values() if isinstance(kind, type)),
        DamagedInput("cut", "copy", 77),
        EngineRefused("no", "ask", 409),
    ],
    ids=lambda error: type(error).__name__,
)
def test_that_errors_cross_the_border_of_a_process_whole(error: ExplorerError) -> None:
    came = pickle.loads(pickle.dumps(error))
    assert type(came) is type(error)
    assert vars(came) == vars(error)
    assert str(came) == error.message


def test_that_every_error_is_of_the_one_tree_and_in_its_picture() -> None:
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = [kind for kind in found if issubclass(kind, ExplorerError)]
    assert kinds == found
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)
    codes = {kind.__name__: kind.exit_code for kind in kinds if kind.__base__ is ExplorerError}
    assert codes == {
        "InputError": 2,
        "EngineError": 3,
        "RegistryError": 3,
        "StorageError": 2,
        "WorkerFailed": 2,
    }
