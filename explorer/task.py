"""What long work and its caller tell each other: progress, partial results, cancellation. No threads here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Cancelled(BaseException):
    """The user cancelled; a BaseException, so that `except Exception` cannot swallow it."""


@dataclass(frozen=True)
class Progress:
    """Where work stands: `done` of `total` (0: unknown) in bytes or steps, and a sentence for people."""

    text: str
    done: int = 0
    total: int = 0


class Task:
    """Handed to every long function; its methods may be called from any thread of the worker."""

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        on_partial: Callable[[object], None] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._on_partial = on_partial
        self._callbacks: list[Callable[[], None]] = []
        self._cancelled = False

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Tell how far the work is; also a checkpoint."""
        self.checkpoint()
        if self._on_progress is not None:
            self._on_progress(Progress(text, done, total))

    def partial(self, result: object) -> None:
        """Hand over a result that may already be looked at."""
        self.checkpoint()
        if self._on_partial is not None:
            self._on_partial(result)

    @property
    def cancelled(self) -> bool:
        """Whether cancel() was called."""
        return self._cancelled

    def checkpoint(self) -> None:
        """Raise Cancelled when the user has cancelled."""
        if self._cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """Ask the work to stop: checkpoints raise, and blocked calls are woken through on_cancel."""
        self._cancelled = True
        for callback in list(self._callbacks):
            callback()

    @contextmanager
    def on_cancel(self, callback: Callable[[], None]) -> Iterator[None]:
        """While inside, `callback` is called (from the cancelling thread) when the task is cancelled."""
        self._callbacks.append(callback)
        try:
            self.checkpoint()
            yield
        finally:
            self._callbacks.remove(callback)
