"""Which endpoints are tried, in which order, and what is said about those that fail."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from explorer.engine import endpoint
from explorer.engine.contexts import list_contexts
from explorer.engine.endpoint import Answer, candidates, find_engine, parse_endpoint, probe
from explorer.engine.transport import Endpoint, TlsFiles
from explorer.errors import EngineUnreachable
from tests.support.fake_engine import FakeEngine


def _context(
    home: Path, name: str, host: str, *, tls: bool = False, unchecked: bool = False
) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(
        json.dumps(
            {"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": unchecked}}}
        )
    )
    if tls:
        folder = home / ".docker" / "contexts" / "tls" / key / "docker"
        folder.mkdir(parents=True)
        for part in ("ca", "cert", "key"):
            (folder / f"{part}.pem").write_text("pem")


def _urls(endpoints: list[Endpoint]) -> list[str]:
    return [item.url for item in endpoints]


def test_that_sockets_are_tried_from_docker_to_podman_when_nothing_is_chosen(
    tmp_path: Path,
) -> None:
    env = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": "/run/user/7"}
    assert _urls(candidates(environment=env)) == [
        "unix:///var/run/docker.sock",
        "unix:///run/user/7/docker.sock",
        f"unix://{tmp_path}/.docker/run/docker.sock",
        f"unix://{tmp_path}/.docker/desktop/docker.sock",
        f"unix://{tmp_path}/.colima/default/docker.sock",
        "unix:///run/user/7/podman/podman.sock",
        "unix:///run/podman/podman.sock",
    ]


def test_that_a_choice_comes_before_docker_host_and_docker_host_before_the_context(
    tmp_path: Path,
) -> None:
    _context(tmp_path, "work", "unix:///context.sock")
    env = {
        "HOME": str(tmp_path),
        "DOCKER_HOST": "unix:///variable.sock",
        "DOCKER_CONTEXT": "work",
    }
    assert _urls(candidates("unix:///chosen.sock", env)) == ["unix:///chosen.sock"]
    assert _urls(candidates("", env)) == ["unix:///variable.sock"]
    del env["DOCKER_HOST"]
    assert candidates("", env) == [Endpoint("unix:///context.sock", "docker context work")]


def test_that_the_context_of_config_json_is_used_with_its_tls_files(tmp_path: Path) -> None:
    _context(tmp_path, "far", "tcp://far.example:2376", tls=True)
    (tmp_path / ".docker" / "config.json").write_text('{"currentContext": "far"}')
    folder = next((tmp_path / ".docker" / "contexts" / "tls").iterdir()) / "docker"
    (found,) = candidates("", {"HOME": str(tmp_path)})
    assert found.url == "tcp://far.example:2376"
    assert found.tls == TlsFiles(
        str(folder / "ca.pem"), str(folder / "cert.pem"), str(folder / "key.pem"), verify=True
    )
    assert found.warning() == ""


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"currentContext": 7}', "\xff"])
def test_that_a_broken_config_json_means_no_context(tmp_path: Path, text: str) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(text)
    assert len(candidates("", {"HOME": str(tmp_path)})) == 7


def test_that_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnreachable) as caught:
        candidates("", {"HOME": str(tmp_path), "DOCKER_CONTEXT": "gone"})
    assert caught.value.message == "There is no docker context gone."
    _context(tmp_path, "work", "unix:///context.sock")
    with pytest.raises(EngineUnreachable) as caught:
        candidates("gone", {"HOME": str(tmp_path)})
    assert caught.value.hint.startswith("There are: work. An endpoint is written as unix:///path")


def test_that_a_context_is_chosen_by_its_name_everywhere_an_endpoint_is(tmp_path: Path) -> None:
    _context(tmp_path, "work", "unix:///context.sock")
    env = {"HOME": str(tmp_path), "DOCKER_HOST": "unix:///variable.sock"}
    assert candidates("work", env) == [Endpoint("unix:///context.sock", "docker context work")]
    assert _urls(candidates("default", env)) == ["unix:///variable.sock"]
    del env["DOCKER_HOST"]
    env["DOCKER_CONTEXT"] = "work"
    assert len(candidates("default", env)) == 7


def test_that_a_context_without_an_endpoint_says_so(tmp_path: Path) -> None:
    _context(tmp_path, "odd", "")
    with pytest.raises(EngineUnreachable) as caught:
        candidates("odd", {"HOME": str(tmp_path)})
    assert caught.value.message == "The docker context odd names no endpoint."


def test_that_a_context_may_leave_certificates_unchecked_without_any_of_its_own(
    tmp_path: Path,
) -> None:
    _context(tmp_path, "lax", "tcp://far.example:2376", unchecked=True)
    (found,) = candidates("lax", {"HOME": str(tmp_path)})
    assert found.tls == TlsFiles(verify=False)
    assert found.warning() == "The certificate of tcp://far.example:2376 is not checked."


def test_that_contexts_are_listed_by_name_and_broken_ones_left_out(tmp_path: Path) -> None:
    _context(tmp_path, "zoo", "ssh://far.example")
    _context(tmp_path, "ant", "unix:///a.sock", tls=True)
    (broken := tmp_path / ".docker/contexts/meta/broken").mkdir()
    (broken / "meta.json").write_text("[")
    found = list_contexts({"HOME": str(tmp_path)})
    assert [(item.name, item.host) for item in found] == [
        ("ant", "unix:///a.sock"),
        ("zoo", "ssh://far.example"),
    ]
    assert list_contexts({"HOME": str(tmp_path / "nowhere")}) == []


@pytest.mark.parametrize(
    "text", ["npipe:////./pipe/docker", "tcp://", "unix://", "http://[::1", "tcp://a:99999", "x"]
)
def test_that_what_is_no_endpoint_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(EngineUnreachable) as caught:
        parse_endpoint(text, "DOCKER_HOST")
    assert text in caught.value.message
    assert "unix:///path" in caught.value.hint


def test_that_plain_tcp_is_warned_about() -> None:
    assert "not protected by TLS" in parse_endpoint("tcp://a:2375", "DOCKER_HOST").warning()
    assert parse_endpoint("unix:///a", "DOCKER_HOST").warning() == ""


def test_that_an_engine_that_answers_is_found(fake: FakeEngine) -> None:
    found = find_engine(fake.url)
    assert found == Answer(Endpoint(fake.url, "chosen by you"), "1.41", podman=False)


def test_that_an_absent_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnreachable) as caught:
        find_engine(f"unix://{tmp_path}/none.sock")
    assert caught.value.message == (
        f"No engine answers at unix://{tmp_path}/none.sock (chosen by you): there is no such socket."
    )
    assert caught.value.exit_code == 3


def test_that_a_socket_without_a_listener_means_the_engine_is_not_running(tmp_path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "stale.sock"))
    stale.close()
    with pytest.raises(EngineUnreachable) as caught:
        find_engine(str(tmp_path / "stale.sock"))
    assert "the engine is not running" in caught.value.message
    assert "systemctl start docker" in caught.value.hint


def test_that_a_refused_permission_names_owner_group_and_a_safe_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "docker.sock"
    path.write_text("")
    path.chmod(0o660)
    monkeypatch.setattr(endpoint, "_group_name", lambda gid: "docker")
    failure = endpoint.explain(Endpoint(f"unix://{path}"), PermissionError(13, "denied"))
    owner = endpoint._user_name(os.getuid())
    assert (
        failure.cause
        == f"you may not use it: it belongs to user {owner} and group docker (-rw-rw----)"
    )
    assert "666" not in failure.hint


def test_that_a_socket_of_a_group_is_opened_by_joining_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.stat

    def stat(path: str, *args: object, **kwargs: object) -> os.stat_result:
        values = list(real("/"))
        values[0], values[4], values[5] = 0o140660, 0, 4242
        return os.stat_result(values)

    monkeypatch.setattr("explorer.engine.endpoint.os.stat", stat)
    monkeypatch.setattr(endpoint, "_group_name", lambda gid: {4242: "docker"}[gid])
    failure = endpoint.explain(Endpoint("unix:///var/run/docker.sock"), PermissionError(13, "x"))
    monkeypatch.undo()
    assert "user root and group docker (srw-rw----)" in failure.cause
    assert "sudo usermod -aG docker" in failure.hint


@pytest.mark.slow
def test_that_a_silent_engine_times_out_after_two_seconds(fake: FakeEngine) -> None:
    fake.on("/_ping", lambda exchange: exchange.wait())
    started = time.monotonic()
    with pytest.raises(EngineUnreachable) as caught:
        find_engine(fake.url)
    assert 1.9 < time.monotonic() - started < 3
    assert "it does not answer within 2 s" in caught.value.message


@pytest.mark.parametrize(
    "words",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 xxx\r\n\r\n",
    ],
)
def test_that_another_server_is_not_taken_for_an_engine(fake: FakeEngine, words: bytes) -> None:
    fake.on("/_ping", lambda exchange: exchange.send(words))
    with pytest.raises(EngineUnreachable) as caught:
        find_engine(fake.url)
    assert "is not a container engine" in caught.value.message


@pytest.mark.slow
def test_that_all_endpoints_are_probed_at_once_and_every_cause_is_told(
    fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.on("/_ping", lambda exchange: exchange.wait())
    silent = Endpoint(fake.url, "first")
    absent = Endpoint(f"unix://{tmp_path}/none.sock", "third")
    monkeypatch.setattr(endpoint, "candidates", lambda host: [silent, silent, silent, absent])
    started = time.monotonic()
    with pytest.raises(EngineUnreachable) as caught:
        find_engine()
    assert time.monotonic() - started < 3
    assert caught.value.message.count("it does not answer within 2 s") == 3
    assert "(third): there is no such socket" in caught.value.message
    assert caught.value.hint == "The engine hangs or is overloaded; restarting it may help."


def test_that_a_tcp_endpoint_answers(fake: FakeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 0\r\n\r\n"
                )

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        assert probe(Endpoint(url)) == Answer(Endpoint(url), "1.44")
        thread.join()


def test_that_ssh_runs_the_dial_command_and_its_words_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(
        '#!/bin/sh\necho "$@" > "$0.args"\necho "far: Permission denied (publickey)." >&2\nexit 255\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(EngineUnreachable) as caught:
        find_engine("ssh://me@far:2222")
    assert "Permission denied (publickey)" in caught.value.message
    arguments = (tmp_path / "ssh.args").read_text()
    assert arguments == (
        "-T -o BatchMode=yes -o ConnectTimeout=15 -l me -p 2222 -- far docker system dial-stdio\n"
    )
