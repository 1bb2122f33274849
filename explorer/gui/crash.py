"""What happens when our own code fails inside an event: it is logged, the window says so and goes on."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

_log = logging.getLogger(__name__)


class CrashNet:
    """Takes over sys.excepthook; `tell` gets a one-line text and the whole report."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._before = sys.excepthook
        self._telling = False

    def install(self) -> None:
        """Catch what Qt hands to Python's hook."""
        sys.excepthook = self._caught

    def remove(self) -> None:
        """Give the hook back."""
        sys.excepthook = self._before

    def _caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        report = "".join(traceback.format_exception(kind, error, trace))
        _log.error("internal error in the window\n%s", report)
        if self._telling:
            return
        self._telling = True
        try:
            self._tell(f"{kind.__name__}: {error}", report)
        finally:
            self._telling = False
