"""How listening ports are found, and how another network namespace is entered and left."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from explorer.dockerfile.verify.asking import BODY_LIMIT, ask
from explorer.dockerfile.verify.model import NAMESPACE, NOT_REACHED, PUBLISHED
from explorer.dockerfile.verify.reach import Port, Reach, _address, _listening, _socket_in


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("00000000", ""),
        ("0100007F", "127.0.0.1"),
        ("0B00007F", "127.0.0.11"),
        ("00000000000000000000000000000000", ""),
        ("00000000000000000000000001000000", "::1"),
        ("0000000000000000FFFF00000100007F", "127.0.0.1"),
    ],
)
def test_that_the_kernels_addresses_are_read(text: str, address: str) -> None:
    assert _address(text) == address


def test_that_listening_sockets_are_found_and_others_are_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        found = _listening(os.getpid())
        assert Port(listener.getsockname()[1], "127.0.0.1") in found
        assert idle.getsockname()[1] not in {port.number for port in found}


@pytest.mark.parametrize(
    ("way", "published", "listening"),
    [(PUBLISHED, (80,), (Port(80),)), (NAMESPACE, (), (Port(80),)), (NOT_REACHED, (), ())],
)
def test_that_declared_ports_stand_in_where_the_kernel_cannot_be_asked(
    way: str, published: tuple[int, ...], listening: tuple[Port, ...]
) -> None:
    reach = Reach(way, "none")
    nobody = "0" * 64
    assert (reach.publish((80,)), reach.listening(nobody, (80,))) == (published, listening)
    assert (reach.sees(nobody, (80,)), reach.sees(nobody, ())) == (True, False)


@pytest.fixture
def lonely() -> Iterator[int]:
    """A process in a network namespace of its own, in which nothing is up."""
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("only root can make a network namespace")
    process = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo ready; exec sleep 60"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        pytest.skip("no network namespace can be made here")
    yield process.pid
    process.kill()
    process.wait()
    process.stdout.close()


def test_that_a_socket_of_another_namespace_leaves_this_one_as_it_was(lonely: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with (
            _socket_in(lonely, socket.AF_INET) as foreign,
            pytest.raises(OSError, match="unreachable"),
        ):
            foreign.connect(listener.getsockname())
        with socket.create_connection(listener.getsockname(), 5):
            pass


def test_that_a_process_that_is_gone_is_an_oserror() -> None:
    with pytest.raises(OSError, match="No such file"):
        _socket_in(2**22 + 1, socket.AF_INET)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Twice", "1")
        self.send_header("X-Twice", "2")
        self.end_headers()
        self.wfile.write(b"a" * (3 << 20) if self.path == "/big" else b"\xff")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it
        """Quiet."""


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


def test_that_an_answer_holds_status_headers_and_the_digest_of_all_its_bytes(
    server: tuple[str, int],
) -> None:
    answer = ask(socket.create_connection(server, 5), "/")
    assert (answer.status, answer.headers["x-twice"], answer.body) == (200, "1, 2", "\ufffd")
    big = ask(socket.create_connection(server, 5), "/big")
    assert len(big.body) == BODY_LIMIT
    assert big.digest != ask(socket.create_connection(server, 5), "/").digest


def test_that_what_is_no_http_is_an_error_and_not_an_exception() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"220 mail.example.org ESMTP\r\n")
    assert ask(ours, "/").error == "BadStatusLine"
    theirs.close()
    ours, theirs = socket.socketpair()
    theirs.close()
    assert ask(ours, "/").error in ("BrokenPipeError", "RemoteDisconnected")
    ours, theirs = socket.socketpair()
    ours.settimeout(0.05)
    assert ask(ours, "/").error == "timeout"
    theirs.close()
