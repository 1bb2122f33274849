"""A private engine whose containers have addresses, and the program that misbehaves in it on request."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
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
            "dockerd", "--host", self.host, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/run",
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
        subprocess.run(["ip", "link", "del", self._bridge], check=False)

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
        layer = tar_of({"app": program.read_bytes()})
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": ["/app"],
                "ExposedPorts": {port: {} for port in ports},
                **config,
            },
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
            },
            "history": [{"created_by": "test"}],
        }
        text = json.dumps(document).encode()
        name = f"{hashlib.sha256(text).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]
        archive = tar_of(
            {name: text, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
        )
        self.docker("load", "-q", data=archive)


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
