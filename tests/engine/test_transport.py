"""HTTP as engines speak it: bodies of every framing, cut and hostile answers, TLS, and ssh with its words."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from socket import create_server

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.engine.endpoint import Answer, Failure, probe
from explorer.engine.transport import (
    Connection,
    ConnectionBroken,
    Endpoint,
    ProtocolError,
    Response,
    TlsFiles,
)
from tests.support.fake_engine import Exchange, FakeEngine


class Pieces:
    """A connection that hands out its bytes in given pieces, then ends."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]
        self.rest = b""

    def recv_into(self, buffer: memoryview) -> int:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        if piece[count:]:
            self.pieces.insert(0, piece[count:])
        return count

    def give_back(self, rest: bytes) -> None:
        self.rest = rest


def body(wire: list[bytes], headers: dict[str, str], step: int = 7, first: bytes = b"") -> bytes:
    response = Response(Pieces(wire), 200, headers, first, has_body=True)  # type: ignore[arg-type]  # what it uses of one
    held, buffer = b"", memoryview(bytearray(step))
    while count := response.readinto(buffer):
        held += buffer[:count].tobytes()
    return held


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(marks)]


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    places=st.lists(st.integers(0, 400), max_size=6),
    step=st.integers(1, 64),
    extension=st.sampled_from([b"", b";name=value"]),
)
def test_that_chunks_come_out_whole_however_the_network_cuts_them(
    chunks: list[bytes], places: list[int], step: int, extension: bytes
) -> None:
    wire = b"".join(b"%X%s\r\n%s\r\n" % (len(c), extension, c) for c in chunks) + b"0\r\n\r\n"
    first, *rest = _cut(wire, places)
    assert body(rest, {"transfer-encoding": "chunked"}, step, first) == b"".join(chunks)


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4), st.integers(1, 20))
def test_that_a_body_of_stated_length_ends_there(data: bytes, places: list[int], step: int) -> None:
    first, *rest = _cut(data + b"next answer", places)
    assert body(rest, {"content-length": str(len(data))}, step, first) == data


def test_that_a_body_without_a_length_ends_with_the_connection() -> None:
    assert body([b"all ", b"of it"], {}) == b"all of it"


@pytest.mark.parametrize(
    ("wire", "headers"),
    [
        ([b"5\r\nabc"], {"transfer-encoding": "chunked"}),
        ([b"3\r\nabc\r\n"], {"transfer-encoding": "chunked"}),
        ([b"abc"], {"content-length": "5"}),
    ],
)
def test_that_a_body_cut_off_is_a_broken_connection(
    wire: list[bytes], headers: dict[str, str]
) -> None:
    with pytest.raises(ConnectionBroken):
        body(wire, headers)


@pytest.mark.parametrize("wire", [b"xyz\r\nabc", b"-5\r\nabc", b"\r\n\r\n", b"5" * 3000])
def test_that_nonsense_for_a_chunk_size_is_refused(wire: bytes) -> None:
    with pytest.raises(ProtocolError):
        body([wire], {"transfer-encoding": "chunked"}, step=64)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 " + b"9" * 5000 + b" x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 40_000,
    ],
)
def test_that_what_is_no_http_is_no_engine(fake: FakeEngine, answer: bytes) -> None:
    fake.on("/_ping", lambda exchange: exchange.send(answer))
    result = probe(Endpoint(fake.url))
    assert isinstance(result, Failure)
    assert "not a container engine" in result.cause


def test_that_an_absurd_length_is_no_length(fake: FakeEngine) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.head(200, Content_Length="9" * 5000)
        exchange.send(b"body")

    fake.on("/x", answer)
    with Connection(Endpoint(fake.url), 5) as connection:
        assert connection.request("GET", "/v1.41/x").read(100) == b"body"


def test_that_one_connection_serves_several_questions_about_paths(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            link, _ = listener.accept()
            with link:
                for status in (200, 404, 200):
                    data = b""
                    while b"\r\n\r\n" not in data:
                        data += link.recv(4096)
                    link.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 99\r\n\r\n" % status)

        server = threading.Thread(target=serve)
        server.start()
        with Connection(Endpoint(f"unix://{path}"), 5) as connection:
            found = [connection.request("HEAD", f"/{n}").status for n in range(3)]
        server.join()
    assert found == [200, 404, 200]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem and cert.pem for localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost",
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl, which makes the certificate, is not installed")
    return folder


@pytest.fixture
def tls_engine(certificate: Path) -> Iterator[int]:
    """The port of an engine that answers one /_ping over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with create_server(("localhost", 0)) as listener:

        def serve() -> None:
            link, _ = listener.accept()
            link.settimeout(10)
            try:
                with context.wrap_socket(link, server_side=True) as secure:
                    secure.recv(4096)
                    secure.sendall(
                        b"HTTP/1.1 200 OK\r\nApi-Version: 1.43\r\nContent-Length: 2\r\n\r\nOK"
                    )
            except OSError:
                link.close()  # the other side did not trust us

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_that_an_engine_behind_tls_answers_to_who_knows_its_certificate(
    tls_engine: int, certificate: Path
) -> None:
    files = TlsFiles(ca=str(certificate / "cert.pem"))
    result = probe(Endpoint(f"tcp://localhost:{tls_engine}", "test", files))
    assert isinstance(result, Answer)
    assert result.api_version == "1.43"


def test_that_an_unknown_certificate_is_refused_with_its_reason(tls_engine: int) -> None:
    result = probe(Endpoint(f"tcp://localhost:{tls_engine}", "test", TlsFiles()))
    assert isinstance(result, Failure)
    assert "certificate verify failed" in result.cause
    assert "ca.pem" in result.hint


def test_that_a_plain_question_to_an_encrypted_engine_names_the_variables(
    fake: FakeEngine,
) -> None:
    text = b"Client sent an HTTP request to an HTTPS server.\n"
    fake.on("/_ping", lambda exchange: exchange.body(text, 400))
    result = probe(Endpoint(fake.url))
    assert isinstance(result, Failure)
    assert result.cause == "it wants an encrypted connection"
    assert "DOCKER_TLS_VERIFY=1" in result.hint


def _ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put an `ssh` of ours first on the path."""
    program = folder / "ssh"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_that_what_ssh_says_when_it_refuses_reaches_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "dev@far.example: Permission denied (publickey).\\x1b[31m"
    _ssh(tmp_path, monkeypatch, f"import sys; sys.stderr.write('{words}'); sys.exit(255)")
    result = probe(Endpoint("ssh://dev@far.example"))
    assert isinstance(result, Failure)
    assert "Permission denied (publickey)." in result.cause
    assert "\x1b" not in result.cause


def test_that_an_engine_is_reached_through_ssh_as_the_docker_command_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: FakeEngine
) -> None:
    script = f"""
import os, socket, sys, threading
open({str(tmp_path / "arguments")!r}, "w").write("\\n".join(sys.argv[1:]))
link = socket.socket(socket.AF_UNIX)
link.connect({fake.url.removeprefix("unix://")!r})
def back():
    while data := link.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 65536):
    link.sendall(data)
"""
    _ssh(tmp_path, monkeypatch, script)
    result = probe(Endpoint("ssh://dev@far.example:2222"))
    assert isinstance(result, Answer)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[-8:] == [
        "dev", "-p", "2222", "--", "far.example", "docker", "system", "dial-stdio",
    ]  # fmt: skip
    assert "BatchMode=yes" in arguments


def test_that_a_host_that_looks_like_an_option_is_a_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        f"import sys; open({str(tmp_path / 'a')!r}, 'w').write(' '.join(sys.argv)); sys.exit(1)"
    )
    _ssh(tmp_path, monkeypatch, script)
    probe(Endpoint("ssh://-oProxyCommand=evil"))
    assert " -- -oproxycommand=evil docker" in (tmp_path / "a").read_text()
