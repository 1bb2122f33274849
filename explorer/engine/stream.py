"""The engine's long answers as byte sources: patient while the engine lives, cancelled at once by closing the socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.engine.transport import (
    SSH_SECONDS,
    Connection,
    ConnectionBroken,
    Endpoint,
    ProtocolError,
    Response,
)
from explorer.errors import EngineLost
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

# How long one wait lasts before the user is told about it.
TICK_SECONDS = 1.0
# After this much silence the engine is asked whether it still lives.
SILENCE_SECONDS = 2.0
PING_SECONDS = 2.0


class EngineStream:
    """The body of one GET as a ByteSource.

    There is no read timeout: while /_ping answers, the engine is at work (an export is prepared for ten seconds and
    more before its first byte); while it does not, the user sees since when and may cancel.
    """

    def __init__(self, endpoint: Endpoint, task: Task, connection: Connection) -> None:
        self._endpoint = endpoint
        self._task = task
        self._connection = connection
        self._response: Response | None = None
        # Kept because a reader may take the end of a stream for damage of what it reads.
        self.failure: EngineLost | None = None
        self._heard = time.monotonic()

    def open(self, target: str, *, framed: bool = True) -> Response:
        """Send the request and wait for the answer's head; see Connection.send."""
        try:
            self._connection.send("GET", target, framed=framed)
            while self._response is None:
                try:
                    self._response = self._connection.response("GET")
                except TimeoutError:
                    self._waited()
        except (OSError, ProtocolError) as error:
            raise self._lost(error) from error
        self._heard = time.monotonic()
        return self._response

    def readinto(self, buffer: memoryview, /) -> int:
        """Bytes put into `buffer`, 0 at the end; EngineLost when the engine went away, Cancelled."""
        assert self._response is not None
        while True:
            try:
                count = self._response.readinto(buffer)
            except TimeoutError:
                self._waited()
                continue
            except (OSError, ProtocolError) as error:
                raise self._lost(error) from error
            self._task.checkpoint()
            self._heard = time.monotonic()
            return count

    def ask_after_a_cut(self) -> None:
        """A body without a frame ended too early: EngineLost when the engine is gone."""
        self._alive()

    def _waited(self) -> None:
        """One tick without a byte: say so, and find out whether the engine is gone."""
        silence = time.monotonic() - self._heard
        self._task.checkpoint()
        if silence < SILENCE_SECONDS or self._alive():
            text = (
                tr("The engine is preparing the image ({seconds} s)", seconds=int(silence))
                if self._response is None
                else tr("Waiting for the engine ({seconds} s)", seconds=int(silence))
            )
        else:
            silence = time.monotonic() - self._heard
            text = tr("The engine has not answered for {seconds} s", seconds=int(silence))
        self._task.progress(text)

    def _alive(self) -> bool:
        """Whether /_ping answers; EngineLost when nothing listens any more."""
        try:
            patience = SSH_SECONDS if self._endpoint.scheme == "ssh" else PING_SECONDS
            with (
                Connection(self._endpoint, patience) as ping,
                self._task.on_cancel(ping.shutdown),
            ):
                return ping.request("GET", "/_ping").status == 200
        except TimeoutError:
            return False
        except (OSError, ProtocolError) as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> EngineLost:
        # A cancelled task closes the socket: that is no loss.
        self._task.checkpoint()
        self.failure = lost(self._endpoint, error)
        return self.failure


def answer(connection: Connection, method: str, task: Task, seconds: float) -> Response:
    """The head of the answer to a request that was sent; TimeoutError after `seconds`, of which the user is told."""
    started = time.monotonic()
    while True:
        try:
            return connection.response(method)
        except TimeoutError:
            silence = time.monotonic() - started
            if silence >= seconds:
                raise
            task.progress(tr("The engine has not answered for {seconds} s", seconds=int(silence)))


def lost(endpoint: Endpoint, error: Exception) -> EngineLost:
    """The connection ended or the engine went away in the middle of an answer."""
    reason = str(error) if isinstance(error, (ConnectionBroken, ProtocolError)) else ""
    reason = reason or getattr(error, "strerror", None) or str(error) or type(error).__name__
    return EngineLost(
        tr(
            "The connection to the engine at {url} was lost: {reason}.",
            url=endpoint.url,
            reason=display_text(reason, 300),
        ),
        tr("Check that the engine runs, then try again; what was read already is kept."),
    )


@contextmanager
def engine_stream(endpoint: Endpoint, task: Task) -> Iterator[EngineStream]:
    """A stream whose socket is closed at the end and when the task is cancelled."""
    try:
        connection = Connection(endpoint, TICK_SECONDS)
    except OSError as error:
        raise lost(endpoint, error) from error
    with connection, task.on_cancel(connection.shutdown):
        yield EngineStream(endpoint, task, connection)
