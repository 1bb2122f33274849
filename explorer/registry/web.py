"""HTTP as registries need it: TLS as the system and docker trust it, the environment's proxies, and waits that end on cancel.

The only importer of requests.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from explorer.errors import RegistryError
from explorer.registry.naming import host_of, is_loopback
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

CONNECT_SECONDS = 10.0
# How long a registry may pause inside an answer.
READ_SECONDS = 30.0
# How long an answer of at most a few MB (a manifest, a token) may take as a whole.
SMALL_SECONDS = 120.0
_TICK_SECONDS = 0.1
# Where docker and podman keep the certificates of single registries: HOST/*.crt, *.cert with *.key (docs: dockerd, certs).
_CERTIFICATES = ("/etc/docker/certs.d", "/etc/containers/certs.d")
_USER_CERTIFICATES = (".config/docker/certs.d", ".config/containers/certs.d")
_Result = TypeVar("_Result")


class Cut(Exception):
    """An answer broke off; the message says how."""


class PlainServer(Exception):
    """What was to be asked with TLS does not speak it."""


class Answer:
    """An answer whose body is still to come; close() when done."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers

    @property
    def length(self) -> int:
        """What the answer says of its body's length, -1 for nothing."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isdecimal() and len(text) < 20 else -1

    def readinto(self, buffer: memoryview, /) -> int:
        """Body bytes, 0 at its end; Cut when it ends before it should."""
        try:
            data = self._response.raw.read1(len(buffer))
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            # ValueError, AttributeError: the socket was taken away by shutdown().
            raise Cut(display_text(str(error), 200)) from error
        buffer[: len(data)] = data
        return len(data)

    def read(self, limit: int) -> bytes:
        """The body's first `limit` bytes; Cut when a small answer takes for ever, a byte at a time."""
        held = bytearray()
        piece = memoryview(bytearray(min(limit, 64 << 10)))
        until = time.monotonic() + SMALL_SECONDS
        while len(held) < limit and (count := self.readinto(piece[: limit - len(held)])):
            held += piece[:count]
            if time.monotonic() > until:
                raise Cut(tr("it was not done within {seconds} s", seconds=f"{SMALL_SECONDS:g}"))
        return bytes(held)

    def close(self) -> None:
        self._response.close()


class Web:
    """Connections that several threads may use; no cookies, no redirects, no logins of its own."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._adapters: dict[str, _Adapter] = {}

    @contextlib.contextmanager
    def watching(self, task: Task) -> Iterator[None]:
        """While inside, cancelling the task wakes whoever reads an answer."""
        with task.on_cancel(self.shutdown):
            yield

    def shutdown(self) -> None:
        """End all connections; who reads from one gets Cut."""
        with self._lock:
            held = list(self._sockets)
        for item in held:
            # TypeError: behind a proxy that speaks TLS itself there is no plain socket to end.
            with contextlib.suppress(OSError, TypeError):
                # Not the method of an SSLSocket: that one would wait for the other side.
                socket.socket.shutdown(item, socket.SHUT_RDWR)

    def close(self) -> None:
        for adapter in self._adapters.values():
            adapter.close()

    def ask(
        self,
        task: Task,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """The head of the answer to GET, or to POST with a form; RegistryError when the server cannot be reached.

        Raises PlainServer when the other side does not speak TLS.
        """
        adapter = self._adapter(url)

        def send() -> Answer:
            question = requests.Request(
                "GET" if form is None else "POST",
                url,
                headers={"User-Agent": "image-explorer", "Accept-Encoding": "identity", **headers},
                data=form,
            )
            # No session: it keeps cookies, reads .netrc, and reads the whole body of a redirect before we see it.
            response = adapter.send(
                question.prepare(),
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                # Go's clients, docker among them, never ask a proxy for this machine.
                proxies={} if is_loopback(urlsplit(url).netloc) else get_environ_proxies(url),
            )
            return Answer(response)

        try:
            return interruptible(task, send)
        except requests.exceptions.RequestException as error:
            task.checkpoint()
            raise _explained(url, error) from error

    def _adapter(self, url: str) -> _Adapter:
        """The connections to a host; with TLS each host has a trust of its own."""
        key = urlsplit(url).netloc if url.startswith("https:") else ""
        with self._lock:
            if key not in self._adapters:
                self._adapters[key] = _Adapter(self._watch, _trust(key) if key else None)
            return self._adapters[key]

    def _watch(self, item: socket.socket) -> None:
        with self._lock:
            self._sockets.add(item)


def interruptible(task: Task, call: Callable[[], _Result]) -> _Result:
    """`call` on a thread that is left alone when the task is cancelled: names and connections cannot be hurried."""
    result: list[_Result] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            result.append(call())
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            failure.append(error)
        done.set()

    thread = threading.Thread(target=run, name="registry", daemon=True)
    thread.start()
    while not done.wait(_TICK_SECONDS):
        task.checkpoint()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def pause(task: Task, seconds: float) -> None:
    """Wait, with an eye on the task."""
    quiet = threading.Event()
    task.checkpoint()
    for _ in range(round(seconds / _TICK_SECONDS)):
        quiet.wait(_TICK_SECONDS)
        task.checkpoint()


class _Adapter(HTTPAdapter):
    """Connections whose sockets are known, with the trust that belongs to one host."""

    def __init__(
        self, watch: Callable[[socket.socket], None], context: ssl.SSLContext | None
    ) -> None:
        self._watch, self._context = watch, context
        super().__init__(pool_connections=4, pool_maxsize=8)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        if self._context is not None:
            options["ssl_context"] = self._context
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._watch)

    def proxy_manager_for(self, proxy: str, **options: Any) -> urllib3.ProxyManager:
        if self._context is not None:
            options["ssl_context"] = self._context
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _pools(self._watch)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """The context knows whom to trust; requests would add a list of its own."""
        conn.cert_reqs = "CERT_REQUIRED"


def _pools(watch: Callable[[socket.socket], None]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            watch(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _trust(netloc: str) -> ssl.SSLContext:
    """The system's certificates (SSL_CERT_FILE counts), and those that docker or podman keep for this registry."""
    context = ssl.create_default_context()
    home = Path(os.environ.get("HOME", "/"))
    folders = [Path(name) for name in _CERTIFICATES] + [home / name for name in _USER_CERTIFICATES]
    for folder in (place / netloc for place in folders):
        for path in _files(folder, "*.crt"):
            _load(path, lambda path=path: context.load_verify_locations(cafile=path))  # type: ignore[misc]
        for path in _files(folder, "*.cert"):
            _load(path, lambda path=path: context.load_cert_chain(path, path.with_suffix(".key")))  # type: ignore[misc]
    return context


def _files(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _load(path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(
            tr(
                "The certificate {path} cannot be used: {reason}.",
                path=display_text(str(path)),
                reason=display_text(error.strerror or str(error), 200),
            ),
            tr("Write it again as PEM; a .cert needs a .key of the same name beside it."),
        ) from error


def _explained(url: str, error: requests.exceptions.RequestException) -> Exception:
    """What a failed question means, in words."""
    host = display_text(urlsplit(url).netloc, 120)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = tr("its certificate is not trusted ({reason})", reason=cause.verify_message)
            hint = tr(
                "Put the certificate of its authority into {folder}, or into the system's store.",
                folder=f"/etc/docker/certs.d/{host}/ca.crt",
            )
            return _unreachable(host, reason, hint)
    if url.startswith("https:") and any(
        isinstance(cause, ssl.SSLError)
        and any(word in str(cause) for word in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"))
        for cause in causes
    ):
        return PlainServer(host)
    return _unreachable(host, *_reason(url, causes))


def _reason(url: str, causes: list[BaseException]) -> tuple[str, str]:
    check = tr("Check the name, the network, and the proxy (HTTPS_PROXY, NO_PROXY).")
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            name = display_text(host_of(urlsplit(url).netloc), 120)
            return tr("there is no host {name}", name=name), check
        if isinstance(cause, ConnectionRefusedError):
            return tr("nothing listens there"), check
        if isinstance(cause, requests.exceptions.ReadTimeout):
            return tr("it does not answer within {seconds} s", seconds=f"{READ_SECONDS:g}"), check
        if isinstance(cause, (requests.exceptions.ConnectTimeout, TimeoutError)):
            return tr(
                "it does not answer within {seconds} s", seconds=f"{CONNECT_SECONDS:g}"
            ), check
    last = causes[-1]
    words = getattr(last, "strerror", None) or str(last) or type(last).__name__
    return display_text(str(words), 200).rstrip("."), check


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is behind it; urllib3 keeps causes in `reason` and in its arguments."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        item = waiting.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        behind = (item.__cause__, item.__context__, getattr(item, "reason", None), *item.args)
        waiting += [other for other in behind if isinstance(other, BaseException)]


def _unreachable(host: str, reason: str, hint: str) -> RegistryError:
    return RegistryError(
        tr("The registry {host} cannot be reached: {reason}.", host=host, reason=reason), hint
    )
