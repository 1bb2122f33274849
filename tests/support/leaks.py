"""Finds what a gui test leaves running: threads, processes, timers, animations, windows."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QAbstractAnimation, QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid


class LeakWatch:
    """Remembers where things were started during one test and tells which of them are still alive."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._threads = set(threading.enumerate())
        self._processes = {child.pid for child in multiprocessing.active_children()}
        self._windows = {id(widget) for widget in _windows()}
        self._started: list[tuple[weakref.ref[Any], str]] = []
        for kind in (QTimer, QThread, QAbstractAnimation, threading.Thread):
            monkeypatch.setattr(kind, "start", self._recording(kind.start))

    def leaks(self, grace: float = 2.0) -> list[str]:
        """One text for each thing still there after `grace` seconds, which work about to end may take."""
        deadline = time.monotonic() + grace
        while True:
            _settle()
            left = self._left()
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)

    def _recording(self, start: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(thing: Any, *args: Any, **kwargs: Any) -> Any:
            self._started.append((weakref.ref(thing), _caller()))
            return start(thing, *args, **kwargs)

        return recorded

    def _left(self) -> list[str]:
        places = {id(thing): place for ref, place in self._started if (thing := ref()) is not None}
        left = [
            f"thread {thread.name}, started at {places.get(id(thread), 'an unknown place')}"
            for thread in threading.enumerate()
            if thread not in self._threads and thread.is_alive()
        ]
        left += [
            f"process {child.name} ({child.pid})"
            for child in multiprocessing.active_children()
            if child.pid not in self._processes
        ]
        for reference, place in self._started:
            thing = reference()
            if thing is not None and _runs(thing):
                left.append(f"{type(thing).__name__}, started at {place}")
        left += [
            f"window {widget.metaObject().className()} {widget.objectName()!r}"
            for widget in _windows()
            if id(widget) not in self._windows
        ]
        return left


def _windows() -> list[QWidget]:
    return [
        widget
        for widget in (QApplication.topLevelWidgets() if QApplication.instance() else [])
        if isValid(widget)
        # Qt itself keeps its tooltip and its drag pixmap between uses
        and widget.metaObject().className() not in ("QTipLabel", "QShapedPixmapWidget")
    ]


def _runs(thing: Any) -> bool:
    if isinstance(thing, threading.Thread) or not isValid(thing):
        return False
    if isinstance(thing, QTimer):
        return thing.isActive()
    if isinstance(thing, QThread):
        return thing.isRunning()
    return bool(thing.state() == QAbstractAnimation.State.Running)


def _settle() -> None:
    """Let closed widgets go: deliver their deferred deletion, collect cycles."""
    application = QCoreApplication.instance()
    if application is not None:
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        application.processEvents()
    gc.collect()


def _caller() -> str:
    """The nearest line of ours or of the test that called start()."""
    for frame in reversed(traceback.extract_stack()[:-2]):
        if "/explorer/" in frame.filename or "/tests/" in frame.filename:
            return f"{frame.filename}:{frame.lineno}: {frame.line}"
    return "an unknown place"
