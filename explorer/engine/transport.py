"""HTTP/1.1 over an engine's socket: what the hot paths need, and no more.

The docker SDK is not used for these: importing it takes as long as the rest of a cached analysis, it gives no hold on
the socket before the first byte of an answer has come (an export prepares for ten seconds), and it reads in small pieces.
"""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from explorer.translation import tr
from explorer.units import display_text

# An answer's head of ours is below 2 KiB; archive answers carry a stat header of some hundred bytes.
_HEAD_LIMIT = 64 << 10
# A chunk's size line: hexadecimal digits and perhaps an extension (RFC 9112 §7.1).
_CHUNK_LINE_LIMIT = 1024
_CHUNK_LINE_STEP = 24
_READ_STEP = 64 << 10
_TLS_PORT = 2376
_PLAIN_PORT = 2375
# How long a connection to another machine may take to come about; an ssh session takes several round trips.
_CONNECT_SECONDS = 5.0
SSH_SECONDS = 15.0
# More digits than any status or length has; int() refuses some thousands of them.
_DIGITS_LIMIT = 20


class ProtocolError(Exception):
    """The other side does not speak HTTP as an engine does."""


class ConnectionBroken(ConnectionError):
    """The connection ended inside an answer."""


@dataclass(frozen=True)
class TlsFiles:
    """Paths of PEM files, "" where there is none; without `verify` the engine's certificate is not checked."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


@dataclass(frozen=True)
class Endpoint:
    """Where an engine listens: `url` with scheme unix, tcp, http, https or ssh; `found` says who named it."""

    url: str
    found: str = ""
    tls: TlsFiles | None = None

    @property
    def scheme(self) -> str:
        return self.url.partition(":")[0]

    @property
    def socket_path(self) -> str:
        """Path of a unix socket, "" for the other schemes."""
        return unquote(self.url.removeprefix("unix://")) if self.scheme == "unix" else ""

    @property
    def is_local(self) -> bool:
        """Whether the engine is reached through a socket of this machine (it may still run in a virtual machine)."""
        return self.scheme == "unix"

    def warning(self) -> str:
        """What a person should know before using it, "" for nothing."""
        if self.scheme in ("tcp", "http") and self.tls is None:
            return tr(
                "{url} is not protected by TLS: anyone on the way can control that machine.",
                url=self.url,
            )
        if self.tls is not None and not self.tls.verify:
            return tr("The certificate of {url} is not checked.", url=self.url)
        return ""


class Connection:
    """One connection; `timeout` in seconds bounds every wait. shutdown() may be called from any thread."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._woken = False
        self._socket = self._open(endpoint, timeout)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        """Send and wait for the answer's head; `target` is already percent-encoded."""
        self.send(method, target, headers, body)
        return self.response(method)

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        framed: bool = True,
    ) -> None:
        """Send a request; without `framed` (HTTP/1.0) a body of unknown length ends with the connection."""
        version = "1.1" if framed else "1.0"
        lines = [f"{method} {target} HTTP/{version}", "Host: engine", "User-Agent: image-explorer"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        try:
            self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + body)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ConnectionBroken(self._last_words()) from error

    def response(self, method: str) -> Response:
        """The answer to what was sent; may be called again after a TimeoutError."""
        while b"\r\n\r\n" not in self._rest:
            try:
                more = self._socket.recv(_HEAD_LIMIT)
            except ConnectionResetError as error:
                raise ConnectionBroken(self._last_words()) from error
            if not more:
                raise ConnectionBroken(self._last_words())
            self._rest += more
            if len(self._rest) > 2 * _HEAD_LIMIT or not b"HTTP/1.".startswith(self._rest[:7]):
                raise ProtocolError(tr("it does not speak HTTP"))
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        status, headers = _parse_head(head)
        rest, self._rest = self._rest, b""
        return Response(
            self, status, headers, rest, has_body=method != "HEAD" and status not in (204, 304)
        )

    def recv_into(self, buffer: memoryview) -> int:
        """Bytes read, 0 at the end; TimeoutError leaves everything as it was."""
        try:
            return self._socket.recv_into(buffer)
        except ConnectionResetError as error:
            raise ConnectionBroken(*error.args) from error

    def give_back(self, rest: bytes) -> None:
        """Bytes that belong to the next answer."""
        self._rest = rest

    def fileno(self) -> int:
        """For select and poll; see Response.buffered."""
        return self._socket.fileno()

    @property
    def pending(self) -> bool:
        """Whether TLS holds decrypted bytes, of which poll knows nothing."""
        pending = getattr(self._socket, "pending", None)
        return bool(pending()) if pending is not None else False

    def arrived(self) -> bool:
        """Whether what poll saw is a part of an answer (or the end): TLS has messages of its own, which are taken here."""
        if self._rest or not hasattr(self._socket, "pending"):
            return True
        import ssl

        patience = self._socket.gettimeout()
        self._socket.settimeout(0.0)
        try:
            self._rest = self._socket.recv(_HEAD_LIMIT)
        except ssl.SSLWantReadError:
            return False
        except OSError:
            # Whoever reads the answer is told.
            return True
        finally:
            self._socket.settimeout(patience)
        return True

    def wait_at_most(self, seconds: float) -> None:
        """Bound every wait from now on."""
        self._socket.settimeout(seconds)

    def shutdown(self) -> None:
        """Wake whoever waits on the connection; they see its end."""
        self._woken = True
        with self._lock, contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the socket, and end the ssh program behind it."""
        self.shutdown()
        with self._lock:
            self._socket.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            if self._child.stderr is not None:
                self._child.stderr.close()

    def _open(self, endpoint: Endpoint, timeout: float) -> socket.socket:
        if endpoint.scheme == "ssh":
            return self._open_ssh(endpoint, timeout)
        if endpoint.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(timeout)
                connection.connect(endpoint.socket_path)
            except OSError:
                connection.close()
                raise
            return connection
        parts = urlsplit(endpoint.url)
        host = parts.hostname or ""
        port = parts.port or (_PLAIN_PORT if endpoint.tls is None else _TLS_PORT)
        connection = socket.create_connection((host, port), max(timeout, _CONNECT_SECONDS))
        if endpoint.tls is not None:
            connection = _secure(connection, host, endpoint.tls)
        connection.settimeout(timeout)
        return connection

    def _open_ssh(self, endpoint: Endpoint, timeout: float) -> socket.socket:
        """`ssh HOST docker system dial-stdio`, as the docker command does it, on one end of a socket pair."""
        parts = urlsplit(endpoint.url)
        command = [
            "ssh",
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            f"ConnectTimeout={int(max(timeout, SSH_SECONDS))}",
        ]
        command += ["-l", parts.username] if parts.username else []
        command += ["-p", str(parts.port)] if parts.port else []
        remote = ["docker", "system", "dial-stdio"]
        if parts.path.strip("/"):
            # The other side's shell reads it: docker/cli cli/connhelper takes a socket's path from the URL, too.
            remote[1:1] = ["--host", shlex.quote(f"unix://{unquote(parts.path)}")]
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._child = subprocess.Popen(
                    [*command, "--", parts.hostname or "", *remote],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        ours.settimeout(timeout)
        return ours

    def _last_words(self) -> str:
        """What ssh said when it gave up."""
        if self._woken or self._child is None or self._child.stderr is None:
            return tr("the connection was closed")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(1)
        if self._child.poll() is None:
            return tr("the connection was closed")
        words = self._child.stderr.read(2048).decode(errors="replace").strip()
        return display_text(words, 300) if words else tr("ssh ended")


class Response:
    """An answer: `headers` have lower-case names; the body is read by readinto() or read()."""

    def __init__(
        self,
        connection: Connection,
        status: int,
        headers: dict[str, str],
        rest: bytes,
        *,
        has_body: bool,
    ) -> None:
        self.status = status
        self.headers = headers
        self._connection = connection
        self._rest = rest
        self._chunked = has_body and headers.get("transfer-encoding", "").lower() == "chunked"
        # Body bytes still to come: of the whole body, or of the chunk in hand; -1 until the connection closes.
        self._left = 0
        if has_body and not self._chunked:
            length = headers.get("content-length", "")
            self._left = int(length) if length.isdecimal() and len(length) < _DIGITS_LIMIT else -1
        self._ended = not has_body or (not self._chunked and self._left == 0)
        self._line = b""
        self._first_chunk = True
        if self._ended:
            connection.give_back(rest)

    def readinto(self, buffer: memoryview, /) -> int:
        """Body bytes put into `buffer`, 0 at the end of the body; ConnectionBroken when it ends before that.

        TimeoutError may be answered by calling again.
        """
        if self._ended or not len(buffer):
            return 0
        if self._chunked:
            return self._read_chunked(buffer)
        if self._left >= 0:
            buffer = buffer[: self._left]
        count = self._receive(buffer)
        if count == 0:
            self._ended = True
            if self._left > 0:
                raise ConnectionBroken(tr("the connection was closed"))
        elif self._left > 0:
            self._left -= count
            self._ended = self._left == 0
        return count

    @property
    def buffered(self) -> bool:
        """Whether bytes of the body are here already, so that nobody needs to wait for the socket."""
        return bool(self._rest) or self._connection.pending

    def read(self, limit: int) -> bytes:
        """The body's first `limit` bytes."""
        held = bytearray()
        piece = memoryview(bytearray(min(limit, _READ_STEP)))
        while len(held) < limit and (count := self.readinto(piece[: limit - len(held)])):
            held += piece[:count]
        return bytes(held)

    def _receive(self, buffer: memoryview) -> int:
        if self._rest:
            count = min(len(self._rest), len(buffer))
            buffer[:count] = self._rest[:count]
            self._rest = self._rest[count:]
            return count
        return self._connection.recv_into(buffer)

    def _read_chunked(self, buffer: memoryview) -> int:
        while not self._ended:
            count = self._receive(buffer)
            if count == 0:
                raise ConnectionBroken(tr("the connection was closed"))
            payload = self._squeeze(buffer, count)
            if payload:
                return payload
        return 0

    def _squeeze(self, buffer: memoryview, count: int) -> int:
        """Move the payload of the chunks in buffer[:count] together and return its length."""
        place = filled = 0
        while place < count and not self._ended:
            if self._left:
                take = min(self._left, count - place)
                if filled != place:
                    buffer[filled : filled + take] = buffer[place : place + take]
                filled += take
                place += take
                self._left -= take
            else:
                place += self._chunk_line(
                    bytes(buffer[place : min(count, place + _CHUNK_LINE_STEP)])
                )
        return filled

    def _chunk_line(self, piece: bytes) -> int:
        """Take up to the end of a chunk's size line; returns how many bytes of `piece` belonged to it."""
        before = len(self._line)
        line = self._line + piece
        start = 0 if self._first_chunk else 2  # the line end after the chunk before
        end = line.find(b"\r\n", start)
        if end < 0:
            if len(line) > _CHUNK_LINE_LIMIT:
                raise ProtocolError(tr("a chunk has no size"))
            self._line = line
            return len(piece)
        digits = line[start:end].partition(b";")[0].strip()
        if not digits.isalnum():
            raise ProtocolError(tr("a chunk has no size"))
        try:
            self._left = int(digits, 16)
        except ValueError as error:
            raise ProtocolError(tr("a chunk has no size")) from error
        self._line, self._first_chunk = b"", False
        self._ended = self._left == 0
        return end + 2 - before


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ", 2)
    if len(parts) < 2 or not parts[1].isdecimal() or len(parts[1]) > _DIGITS_LIMIT:
        raise ProtocolError(tr("it does not speak HTTP"))
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(parts[1]), headers


def _secure(connection: socket.socket, host: str, files: TlsFiles) -> socket.socket:
    import ssl

    try:
        context = ssl.create_default_context(cafile=files.ca or None)
        if not files.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if files.cert and files.key:
            context.load_cert_chain(files.cert, files.key)
        return context.wrap_socket(connection, server_hostname=host)
    except OSError:
        connection.close()
        raise
