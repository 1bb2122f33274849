"""SIGTERM, SIGINT and SIGHUP close the window, so that nothing of ours stays behind."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSocketNotifier

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def closing_on_signals(close: Callable[[], object]) -> Iterator[None]:
    """While inside, `close` is called from the event loop when one of the signals comes.

    Python's own handlers would wait until Qt hands control back; a descriptor wakes the loop at once.
    """
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)

    def came() -> None:
        reading.recv(64)
        close()

    notifier.activated.connect(came)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        reading.close()
        writing.close()
