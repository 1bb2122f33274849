"""Debian's docker-registry with a password on, for tests that push and read images as people do."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.archives import Members, pack

USER, PASSWORD = "gopher", "open sesame"
# htpasswd -nbB gopher "open sesame"
_HTPASSWD = "gopher:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n"
_START_SECONDS = 20.0


@dataclass(frozen=True)
class RealRegistry:
    """A running docker-registry: `plain` and `secure` (TLS) are host:port of the same storage."""

    folder: Path
    plain: str
    secure: str

    @property
    def authority(self) -> Path:
        """The certificate that its certificate is signed by (itself)."""
        return self.folder / "cert.pem"

    def push(self, archive: Members, name: str, *options: str) -> None:
        """Copy an OCI archive of ours into it, as skopeo does."""
        path = self.folder / "pushed.tar"
        path.write_bytes(pack(archive))
        policy = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false"]
        login = ["--dest-creds", f"{USER}:{PASSWORD}"]
        target = f"docker://{self.plain}/{name}"
        command = ["skopeo", *policy, *login, *options, f"oci-archive:{path}", target]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def blob(self, digest: str) -> Path:
        """Where the storage keeps a blob."""
        _, _, name = digest.partition(":")
        blobs = self.folder / "data/docker/registry/v2/blobs/sha256"
        return blobs / name[:2] / name / "data"


@contextmanager
def real_registry(folder: Path) -> Iterator[RealRegistry]:
    """docker-registry with a password, on two ports: open and with a certificate of its own."""
    for program in ("docker-registry", "skopeo", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    (folder / "htpasswd").write_text(_HTPASSWD)
    _make_certificate(folder)
    servers = [_start(folder, tls=False), _start(folder, tls=True)]
    try:
        yield RealRegistry(folder, *(host for _, host in servers))
    finally:
        for process, _ in servers:
            process.terminate()
            process.wait()


def write_login(home: Path, logins: dict[str, tuple[str, str]], **more: object) -> None:
    auths = {
        host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
        for host, (user, password) in logins.items()
    }
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps({"auths": auths, **more}))


def _make_certificate(folder: Path) -> None:
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def _start(folder: Path, *, tls: bool) -> tuple[subprocess.Popen[bytes], str]:
    """A server on a port that the system chooses; it says which one in its log."""
    kind = "secure" if tls else "plain"
    # JSON is YAML, too.
    config = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "json"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": "127.0.0.1:0"},
        "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}},
    }
    if tls:
        pair = {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem")}
        config["http"] = {"addr": "127.0.0.1:0", "tls": pair}
    path, log = folder / f"{kind}.yml", folder / f"{kind}.log"
    path.write_text(json.dumps(config))
    with open(log, "wb") as file:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(path)], stdout=file, stderr=file
        )
    deadline = time.monotonic() + _START_SECONDS
    while not (host := _listening(log)):
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise AssertionError(log.read_text())
        time.sleep(0.02)
    return process, host


def _listening(log: Path) -> str:
    marker = "listening on 127.0.0.1:"
    text = log.read_text()
    return (
        "127.0.0.1:" + text.partition(marker)[2].partition('"')[0].split(",")[0]
        if marker in text
        else ""
    )
