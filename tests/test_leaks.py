"""The leak check that guards every gui test, tried on leaks made on purpose."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.support.leaks import LeakWatch

pytestmark = pytest.mark.gui


def test_that_a_running_timer_is_reported_with_the_place_it_was_started(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = LeakWatch(monkeypatch)
    timer = QTimer()
    timer.start(1000)
    (leak,) = watch.leaks(grace=0)
    assert leak.startswith("QTimer, started at ")
    assert leak.endswith("timer.start(1000)")
    timer.stop()
    assert watch.leaks(grace=0) == []


def test_that_a_running_thread_is_reported(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = LeakWatch(monkeypatch)
    ready = threading.Event()
    thread = threading.Thread(target=ready.wait, name="forgotten")
    thread.start()
    (leak,) = watch.leaks(grace=0)
    assert leak.startswith("thread forgotten, started at ")
    ready.set()
    thread.join()
    assert watch.leaks(grace=0) == []


def test_that_an_open_window_is_reported(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = LeakWatch(monkeypatch)
    window = QWidget()
    window.setObjectName("forgotten")
    window.show()
    assert watch.leaks(grace=0) == ["window QWidget 'forgotten'"]
    window.close()
    window.deleteLater()
    del window
    assert watch.leaks(grace=0) == []
