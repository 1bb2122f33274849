"""What every test gets: folders of its own, English texts, and a check that it leaves no Qt object or thread behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Before anything imports Qt: tests need no screen unless the caller names a platform.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A run that a shell started in the background ignores SIGINT, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from explorer import translation

if TYPE_CHECKING:
    from tests.support.leaks import LeakWatch

_PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def own_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A home of the test's own, so that settings, caches and engine contexts of the user stay untouched."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_RUNTIME_DIR", "run"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    (home / "run").mkdir(mode=0o700)
    for name in ("IMAGE_EXPLORER_CACHE_DIR", "DOCKER_CONFIG", "DOCKER_CONTEXT", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    translation.set_language("en")
    yield home
    translation.set_language("en")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The corpora beside the checkout (dive's golden images, hostile archives)."""
    folder = _PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the corpora of ../shared/data are not part of the repository")
    return folder


@pytest.fixture(scope="session")
def go() -> str:
    """The Go tool of the tests."""
    from tests.support.projects import go_tool

    return go_tool()


@pytest.fixture(scope="session")
def go_caches() -> Path:
    """Where Go keeps what it has compiled: one place for all tests, since the standard library takes long."""
    from tests.support.projects import KEPT

    KEPT.mkdir(exist_ok=True)
    return KEPT


@pytest.fixture(autouse=True)
def no_qt_leaks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LeakWatch | None]:
    """Fail a gui test that leaves threads, processes, timers, animations or windows behind."""
    if request.node.get_closest_marker("gui") is None and "qapp" not in request.fixturenames:
        yield None
        return
    from tests.support.leaks import LeakWatch  # the fast tests run without Qt

    watch = LeakWatch(monkeypatch)
    yield watch
    leaks = watch.leaks()
    if leaks:
        pytest.fail("left behind after the test:\n" + "\n".join(leaks), pytrace=False)
