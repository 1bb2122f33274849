"""Engines elsewhere, for real: a dockerd behind TLS with certificates on both sides, and one behind an sshd."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from explorer.coldstart.measurement import perform
from explorer.coldstart.plan import Request, plan
from explorer.coldstart.sample import OK
from explorer.coldstart.store import Store
from explorer.engine.client import connect
from explorer.errors import EngineUnreachable
from explorer.filesystem.cache import LayerStore
from explorer.resources import resource
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from tests.cli.command import image_explorer
from tests.coldstart.engines import program_archive
from tests.engine.docker import PrivateEngine, private_engine
from tests.support.archives import built, docker_legacy, layer_tar

pytestmark = [pytest.mark.engine, pytest.mark.slow]

IMAGE = built(layer_tar({"app": b"x" * 5000}), tags=["remote/app:1"])
SMALLER = built(layer_tar({"app": b"x" * 3000}), tags=["remote/app:2"])
_START_SECONDS = 20.0


@dataclass(frozen=True)
class Remote:
    """An engine with an image in it, its TLS address, and the folder of certificates (ca, cert, key, other)."""

    engine: PrivateEngine
    url: str
    certificates: Path


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)


def _make_certificates(folder: Path) -> None:
    """An authority, what it signed for the server and for the client, and an authority that nobody knows."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "other"):
        own = ["-keyout", f"{name}-key.pem", "-out", f"{name}.pem", "-subj", f"/CN={name}"]
        _openssl(folder, "req", "-x509", *curve, *own)
    for name, extension in (
        ("server", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ("client", "extendedKeyUsage=clientAuth"),
    ):
        request = ["-keyout", f"{name}-key.pem", "-out", f"{name}.csr", "-subj", f"/CN={name}"]
        _openssl(folder, "req", *curve, *request)
        (folder / f"{name}.ext").write_text(extension)
        signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", f"{name}.pem"]
        source = ["-req", "-in", f"{name}.csr", "-extfile", f"{name}.ext"]
        _openssl(folder, "x509", *source, *signed)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _ends_at_once() -> Path:
    """A program of a few kilobytes that needs nothing."""
    name = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    return (
        resource("native", f"floor-{name}") if name else pytest.skip("no program for this machine")
    )


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("an engine of the test's own needs dockerd and root")
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    folder = tmp_path_factory.mktemp("tls")
    _make_certificates(folder)
    port = _free_port()
    secure = [
        "--host", f"tcp://127.0.0.1:{port}", "--tlsverify", "--tlscacert", f"{folder}/ca.pem",
        "--tlscert", f"{folder}/server.pem", "--tlskey", f"{folder}/server-key.pem",
    ]  # fmt: skip
    with private_engine(*secure) as engine:
        for image in (IMAGE, SMALLER):
            engine.docker.load(docker_legacy(image))
        engine.docker("load", "-q", data=program_archive("remote/hi:1", _ends_at_once()))
        yield Remote(engine, f"tcp://127.0.0.1:{port}", folder)


def create_context(name: str, endpoint: str) -> None:
    """As the docker command does it; its configuration is in the test's own home."""
    command = ["docker", "context", "create", name, "--docker", endpoint]
    env = {key: value for key, value in os.environ.items() if key != "DOCKER_HOST"}
    subprocess.run(command, check=True, capture_output=True, env=env)


def certificates(remote: Remote, *, ca: str = "ca", client: bool = True) -> str:
    folder = remote.certificates
    pair = f",cert={folder}/client.pem,key={folder}/client-key.pem" if client else ""
    return f"host={remote.url},ca={folder}/{ca}.pem{pair}"


def test_that_an_image_is_read_through_a_context_with_certificates(remote: Remote) -> None:
    create_context("far", certificates(remote))
    info = connect("far").describe()
    assert (info.found, info.remote, info.warning) == ("docker context far", True, "")
    found = analyse(Task(), Options("remote/app:1", host="far"), LayerStore.private())
    assert (found.via, found.complete) == ("export", True)
    assert found.totals.content_bytes == 5000


def test_that_all_is_done_through_a_context_with_certificates(
    remote: Remote, tmp_path: Path
) -> None:
    create_context("far", certificates(remote))
    listed = image_explorer("list", "--host", "far")
    assert {"remote/app:1", "remote/app:2", "remote/hi:1"} <= set(listed.stdout.split())
    pair = ("remote/app:1", "remote/app:2")
    compared = image_explorer("compare", *pair, "--host", "far", "--json", "-")
    assert json.loads(compared.stdout)["totals"]["content_bytes"]["delta"] == -2000
    limits = ("--against", "remote/app:2", "--max-growth", "1kB")
    checked = image_explorer("check", "remote/app:1", *limits, "--host", "far", cwd=tmp_path)
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (1, "1 rule: 1 failed")
    wanted = Request(
        ("remote/hi:1",), ready="exit", network="none", allow_remote=True, runs=1, warm_ups=0
    )
    engine = connect("far")
    sample = perform(Task(), engine, plan(engine, wanted), Store(tmp_path))
    assert ([run.status for run in sample.good(0)], sample.environment.remote) == ([OK], True)
    assert engine.get_json("/containers/json?all=1") == []


def test_that_docker_context_use_counts_as_it_does_for_docker(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    create_context("far", certificates(remote))
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert connect().describe().found == "docker context far"


def test_that_a_foreign_authority_is_refused(remote: Remote) -> None:
    create_context("far", certificates(remote, ca="other"))
    with pytest.raises(EngineUnreachable) as caught:
        connect("far")
    assert "its certificate is refused: certificate verify failed" in caught.value.message
    assert "ca.pem" in caught.value.hint


def test_that_an_engine_that_wants_a_certificate_of_ours_says_so(remote: Remote) -> None:
    create_context("far", certificates(remote, client=False))
    with pytest.raises(EngineUnreachable) as caught:
        connect("far")
    assert "it does not accept your certificate, or wants one" in caught.value.message


@dataclass(frozen=True)
class Shell:
    """A running sshd; `folder` has its keys and the client's configuration."""

    folder: Path
    port: int

    def client(self, place: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool) -> None:
        """Make `ssh` on the path use the test's own key, and know the host or not."""
        hosts = place / "known_hosts"
        key = (self.folder / "host.pub").read_text() if known else ""
        hosts.write_text(f"[127.0.0.1]:{self.port} {key}" if known else "")
        lines = [f"UserKnownHostsFile {hosts}", f"IdentityFile {self.folder}/key"]
        (place / "config").write_text("\n".join([*lines, "IdentitiesOnly yes", ""]))
        program = place / "ssh"
        program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {place}/config "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(place), prepend=":")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    daemon = shutil.which("sshd") or "/usr/sbin/sshd"
    if not os.access(daemon, os.X_OK) or os.geteuid() != 0:
        pytest.skip("an sshd of the test's own needs openssh-server and root")
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "key"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    shutil.copy(folder / "key.pub", folder / "authorized")
    # sshd gives up its rights in this folder, which the system's own service makes.
    Path("/run/sshd").mkdir(exist_ok=True)
    port = _free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "StrictModes no\nPasswordAuthentication no\nUsePAM no\nPermitRootLogin yes\nPidFile none\n"
    )
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [daemon, "-D", "-e", "-f", str(folder / "sshd_config")], stdout=log, stderr=log
        )
    deadline = time.monotonic() + _START_SECONDS
    while b"Server listening" not in (folder / "log").read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError((folder / "log").read_text())
        time.sleep(0.02)
    try:
        yield Shell(folder, port)
    finally:
        process.terminate()
        process.wait()


def test_that_an_image_is_read_through_ssh(
    remote: Remote, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.client(tmp_path, monkeypatch, known=True)
    socket_path = remote.engine.host.removeprefix("unix://")
    create_context("hop", f"host=ssh://root@127.0.0.1:{shell.port}{socket_path}")
    found = analyse(Task(), Options("remote/app:1", host="hop"), LayerStore.private())
    assert (found.via, found.complete) == ("export", True)
    assert found.totals.content_bytes == 5000


def test_that_an_unknown_host_key_is_told_with_the_way_to_accept_it(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.client(tmp_path, monkeypatch, known=False)
    with pytest.raises(EngineUnreachable) as caught:
        connect(f"ssh://root@127.0.0.1:{shell.port}")
    assert "Host key verification failed." in caught.value.message
    assert caught.value.hint.startswith("Connect once by hand and compare the host's key: ssh ")


def test_that_a_socket_that_is_not_there_is_told_through_ssh(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.client(tmp_path, monkeypatch, known=True)
    with pytest.raises(EngineUnreachable) as caught:
        connect(f"ssh://root@127.0.0.1:{shell.port}{tmp_path}/none.sock")
    assert "none.sock" in caught.value.message
    assert "no engine runs there" in caught.value.hint
