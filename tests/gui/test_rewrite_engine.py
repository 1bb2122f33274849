"""From an open image to a built and verified rewrite, in the window and with a real engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from explorer.dockerfile.rewrite.trial import Order
from explorer.gui.main_window import MainWindow
from explorer.gui.pages.rewrite import RewriteView
from explorer.settings import SettingsStore
from tests.engine.docker import Docker, private_engine
from tests.gui.rewrites import confirm
from tests.support.builds import naive_image

pytestmark = [pytest.mark.engine, pytest.mark.gui, pytest.mark.slow]
TAG, RESULT = "shop:1", "image-explorer.local/shop:1-optimized"
TIMEOUT = 180_000


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with private_engine() as engine:
        naive_image(engine.docker, TAG, "say", "hello")
        yield engine.host


@pytest.fixture
def window(qtbot: QtBot, host: str) -> Iterator[MainWindow]:
    made = MainWindow(SettingsStore(), host)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    qtbot.waitUntil(lambda: not made.jobs.busy, timeout=TIMEOUT)


def planned(window: MainWindow, qtbot: QtBot) -> RewriteView:
    tab = window.open_reference(f"docker-daemon:{TAG}")
    qtbot.waitUntil(lambda: not tab.busy, timeout=TIMEOUT)
    window.actions_["optimize"].trigger()
    view = window.optimize.view()
    assert view is not None
    qtbot.waitUntil(lambda: view.plan is not None, timeout=TIMEOUT)
    return view


def test_that_a_rewrite_is_built_verified_and_opened(
    window: MainWindow, qtbot: QtBot, host: str
) -> None:
    before = Docker(host).state()
    view = planned(window, qtbot)
    view.content.build.click()
    qtbot.waitUntil(lambda: view.trial.dialog is not None, timeout=TIMEOUT)
    assert host in confirm(view)[0]
    qtbot.waitUntil(lambda: not view.trial.busy, timeout=TIMEOUT)
    assert view.trial.result is not None, view.content.build_pane.notice.text
    assert view.plan is not None
    assert view.trial.result.content_bytes == view.plan.predicted_bytes
    assert "(exactly)" in view.content.build_pane.state._whole
    view.content.verify.click()
    assert TAG in confirm(view)[0]
    qtbot.waitUntil(lambda: not view.trial.busy, timeout=TIMEOUT)
    checks = view.content.verify_pane.checks
    told = [
        [checks.index(row, column).data() for column in range(4)]
        for row in range(checks.rowCount())
    ]
    assert view.content.verify_pane.verdict._whole.startswith("= Behaves the same"), told
    # What was proved is compared at once.
    assert window.pages.currentWidget() is window.compare
    qtbot.waitUntil(lambda: not window.compare.busy, timeout=TIMEOUT)
    assert window.compare.comparison is not None
    assert window.compare.comparison.b.image.id == view.trial.result.image_id
    view.content.open_result.click()
    tab = window.current_tab()
    assert tab is not None
    qtbot.waitUntil(lambda: not tab.busy, timeout=TIMEOUT)
    assert tab.title == RESULT
    assert window.pages.currentWidget() is window.explore
    Docker(host).remove(RESULT)
    assert Docker(host).state() == before


def test_that_a_running_build_is_cancelled_and_leaves_nothing(
    window: MainWindow, qtbot: QtBot, host: str
) -> None:
    before = Docker(host).state()
    view = planned(window, qtbot)
    assert view.plan is not None
    text = f'FROM {TAG}\nRUN ["/app/server", "say", "begun", "sleep", "100"]\n'
    order = Order(
        replace(view.plan, rewritten=text), host, "", "Dockerfile", "", TAG, "linux/amd64"
    )
    view.trial.ask_build(order)
    qtbot.waitUntil(lambda: view.trial.dialog is not None, timeout=TIMEOUT)
    confirm(view)
    pane = view.content.build_pane
    qtbot.waitUntil(lambda: "begun" in pane.log.toPlainText(), timeout=TIMEOUT)
    pane.cancel.click()
    assert not view.trial.busy
    assert pane.state._whole.startswith("Cancelled.")
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=TIMEOUT)
    deadline = time.monotonic() + 30
    while Docker(host).state() != before and time.monotonic() < deadline:
        qtbot.wait(100)
    assert Docker(host).state() == before
