"""A private engine whose containers have addresses, and the program that misbehaves in it on request."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from explorer.coldstart.floor import tar_of
from tests.engine.docker import PrivateEngine, answers

PORT = 8080
_START_SECONDS = 60.0
_numbers = itertools.count()


class BridgedEngine(PrivateEngine):
    """A dockerd with a bridge of its own; no packet filter is touched, so nothing of the machine's network changes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        number = (os.getpid() * 7 + next(_numbers)) % 12_000
        self._bridge = f"ise{number}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            # The same engine as if it were on another machine.
            self.far = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self._subnet = f"10.{200 + number % 50}.{number // 50 % 250}"

    def start(self) -> None:
        if self._bridge not in os.listdir("/sys/class/net"):
            for words in (
                f"link add {self._bridge} type bridge",
                f"addr add {self._subnet}.1/24 dev {self._bridge}",
                f"link set {self._bridge} up",
            ):
                subprocess.run(["ip", *words.split()], check=True)
        folder = self.folder
        command = [
            "dockerd", "--host", self.host, "--host", self.far, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/run",
            "--pidfile", f"{folder}/docker.pid", "--bridge", self._bridge, "--iptables=false", "--ip6tables=false",
        ]  # fmt: skip
        with open(folder / "dockerd.log", "ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while not answers(self.host):
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(self._log())
            time.sleep(0.05)

    def stop(self) -> None:
        super().stop()
        subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)

    def lose_bridge(self) -> None:
        """The interface of the engine's network goes, as it does when somebody sets the machine's network up anew."""
        subprocess.run(["ip", "link", "del", self._bridge], check=True)

    def forget_neighbours(self) -> None:
        """Containers' addresses are used again, and Linux would still know who had them."""
        subprocess.run(["ip", "neigh", "flush", "dev", self._bridge], check=True)

    @contextmanager
    def neighbours_asked_every(self, milliseconds: int) -> Iterator[None]:
        """How long Linux waits before it asks a second time who has an address; 1000 is usual."""
        setting = Path(f"/proc/sys/net/ipv4/neigh/{self._bridge}/retrans_time_ms")
        before = setting.read_text()
        setting.write_text(str(milliseconds))
        try:
            yield
        finally:
            setting.write_text(before)

    def load_program(
        self, tag: str, program: Path, *, ports: Sequence[str] = (f"{PORT}/tcp",), **config: object
    ) -> None:
        """An image of one program, /app."""
        self.docker("load", "-q", data=program_archive(tag, program, ports=ports, **config))


def program_archive(
    tag: str, program: Path, *, ports: Sequence[str] = (f"{PORT}/tcp",), **config: object
) -> bytes:
    """A docker-archive of an image of one program, /app."""
    layer = tar_of({"app": program.read_bytes()})
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": ["/app"],
            "ExposedPorts": {port: {} for port in ports},
            **config,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "test"}],
    }
    text = json.dumps(document).encode()
    name = f"{hashlib.sha256(text).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]
    return tar_of({name: text, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()})


@contextmanager
def bridged_engine() -> Iterator[BridgedEngine]:
    """A running engine with nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="isc-"))
    engine = BridgedEngine(folder)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


# Root may raise its limits, but not in every sandbox; Podman asks for a million open files for each container.
_NO_LIMITS = """#!/usr/bin/env python3
import json, os, sys
if "--bundle" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    document = json.load(open(path))
    document["process"].pop("rlimits", None)
    json.dump(document, open(path, "w"))
os.execvp("runc", ["runc", *sys.argv[1:]])
"""


@contextmanager
def podman_service() -> Iterator[str]:
    """The endpoint of a Podman with nothing in it, whose containers have no limits on files."""
    folder = Path(tempfile.mkdtemp(prefix="isp-"))
    runtime = folder / "runtime"
    runtime.write_text(_NO_LIMITS)
    runtime.chmod(0o755)
    host = f"unix://{folder}/podman.sock"
    base = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run"]
    command = [*base, "--cgroup-manager", "cgroupfs", "--runtime", str(runtime), "system", "service", "--time=0", host]  # fmt: skip
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not answers(host):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "log").read_text())
            time.sleep(0.05)
        yield host
    finally:
        process.terminate()
        process.wait()
        for mount in ("root/overlay", "root"):
            subprocess.run(["umount", "-l", f"{folder}/{mount}"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
