"""The Start-up page within the window: its key, the images it offers, and a real measurement."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from explorer.coldstart.floor import floor_image, native_program
from explorer.coldstart.runner import open_streams
from explorer.coldstart.sample import Sample
from explorer.coldstart.store import Store
from explorer.engine.client import Engine, connect
from explorer.engine.running import describe_host
from explorer.gui.dialogs.confirm_runs import ConfirmRuns
from explorer.gui.main_window import MainWindow
from explorer.gui.pages.startup import StartupPage
from explorer.resources import sample_reference
from explorer.settings import SettingsStore
from explorer.task import Task
from tests.engine.docker import private_engine

pytestmark = [pytest.mark.gui, pytest.mark.slow]
TIMEOUT = 120_000


def open_window(qtbot: QtBot, host: str = "") -> MainWindow:
    made = MainWindow(SettingsStore(), host)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_its_key_leads_to_the_page_and_then_measures(qtbot: QtBot) -> None:
    window = open_window(qtbot)
    window.actions_["measure"].trigger()
    assert window.pages.currentWidget() is window.startup
    window.actions_["measure"].trigger()
    # no image was named
    assert window.startup.notice.text != ""
    window.close()


def test_that_only_images_of_the_engine_are_offered(qtbot: QtBot) -> None:
    window = open_window(qtbot, "unix:///nowhere.sock")
    window.open_reference(sample_reference())
    assert window.startup.form.image.currentText() == ""
    window.open_reference("docker-daemon:service:1")
    assert window.startup.form.image.currentText() == "service:1"
    form = window.startup.form
    assert [form.image.itemText(n) for n in range(form.image.count())] == ["service:1"]
    window.close()


def test_that_the_title_tells_how_far_a_measurement_is(qtbot: QtBot) -> None:
    window = open_window(qtbot)
    window.startup.share_changed.emit(0.25)
    assert window.windowTitle() == "25 % · Image Size Explorer"
    window.startup.share_changed.emit(-1.0)
    assert window.windowTitle() == "Image Size Explorer"
    window.close()


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with private_engine() as engine:
        yield engine.host


@pytest.fixture
def engine(host: str) -> Engine:
    return connect(host)


@pytest.fixture
def image(engine: Engine) -> Iterator[str]:
    """An image of our own that exits at once."""
    architecture = describe_host(engine).architecture
    if native_program(architecture) is None:
        pytest.skip(f"our small program is not compiled for {architecture}")
    with open_streams(engine, Task()) as streams, floor_image(engine, Task(), streams.wire, architecture) as name:  # fmt: skip
        yield name


def begin(window: MainWindow, qtbot: QtBot, image: str) -> StartupPage:
    """Ask for a quick measurement and agree to it."""
    page = window.startup
    window.show_page(page)
    page.form.choose(image)
    page.form.network.setEditText("none")
    page.form.ready.setCurrentIndex(page.form.ready.findData("exit"))
    page.form.runs.setCurrentIndex(0)
    page.measure()
    qtbot.waitUntil(lambda: bool(page.findChildren(ConfirmRuns)), timeout=TIMEOUT)
    page.findChildren(ConfirmRuns)[0].run.click()
    return page


def growing(page: StartupPage) -> Sample:
    assert page.results.sample is not None
    return page.results.sample


def containers(host: str) -> list[str]:
    told = subprocess.run(["docker", "-H", host, "ps", "-aq"], capture_output=True, text=True, check=True)  # fmt: skip
    return told.stdout.split()


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_that_an_image_is_measured_and_kept(qtbot: QtBot, host: str, image: str) -> None:
    window = open_window(qtbot, host)
    page = begin(window, qtbot, image)
    qtbot.waitUntil(lambda: not page.busy and growing(page).id != "", timeout=TIMEOUT)
    assert page.results.verdict.heading.text().startswith("Ready ")
    assert len(growing(page).good(0)) == 10
    (entry,) = Store().history()
    assert (entry.id, entry.complete) == (growing(page).id, True)
    assert containers(host) == []
    window.close()


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_that_a_cancelled_measurement_leaves_its_runs_and_no_container(
    qtbot: QtBot, host: str, image: str
) -> None:
    window = open_window(qtbot, host)
    page = begin(window, qtbot, image)
    qtbot.waitUntil(lambda: len(growing(page).runs) >= 5, timeout=TIMEOUT)
    page.progress.cancel.click()
    assert not page.busy
    qtbot.waitUntil(lambda: growing(page).id != "", timeout=TIMEOUT)
    assert len(growing(page).runs) >= 5
    qtbot.waitUntil(lambda: containers(host) == [], timeout=TIMEOUT)
    window.close()


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_that_closing_the_window_ends_the_measurement_and_removes_its_containers(
    qtbot: QtBot, host: str, image: str
) -> None:
    window = open_window(qtbot, host)
    page = begin(window, qtbot, image)
    qtbot.waitUntil(lambda: len(growing(page).runs) >= 3, timeout=TIMEOUT)
    window.close()
    assert containers(host) == []
    assert Store().history()[0].complete is False
