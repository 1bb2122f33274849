"""Real engines for tests: the docker command against one, and a private engine that a test may kill or stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from explorer.engine.endpoint import Answer, probe
from explorer.engine.transport import Endpoint
from tests.support.archives import Members, pack

_START_SECONDS = 60.0


class Docker:
    """The docker command against one engine."""

    def __init__(self, host: str) -> None:
        self.host = host

    def __call__(self, *arguments: str, data: bytes = b"") -> str:
        done = subprocess.run(
            ["docker", *arguments],
            input=data,
            capture_output=True,
            env={**os.environ, "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"},
        )
        assert done.returncode == 0, f"docker {arguments}: {done.stderr.decode()}"
        return done.stdout.decode().strip()

    def load(self, archive: Members) -> None:
        self("load", "-q", data=pack(archive))

    def remove(self, *names: str) -> None:
        held = [name for name in names if self._has(name)]
        if held:
            self("rmi", "-f", *held)

    def _has(self, name: str) -> bool:
        return bool(self("images", "-q", name))

    def state(self) -> Mapping[str, list[str]]:
        """Everything in the engine that a command of ours must leave as it was."""
        lists = {
            "containers": ("ps", "-aq", "--no-trunc"),
            "images": (
                "images",
                "-a",
                "--no-trunc",
                "--format",
                "{{.Repository}}:{{.Tag}} {{.ID}}",
            ),
            "volumes": ("volume", "ls", "-q"),
            "networks": ("network", "ls", "-q", "--no-trunc"),
        }
        return {what: sorted(self(*command).splitlines()) for what, command in lists.items()}


def answers(host: str) -> bool:
    return isinstance(probe(Endpoint(host)), Answer)


class PrivateEngine:
    """A dockerd of the test's own; ended by the kernel's hand if need be."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._options = options
        self.host = f"unix://{folder}/docker.sock"
        self.docker = Docker(self.host)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        folder = self.folder
        command = [
            "dockerd", "--host", self.host, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/run",
            "--pidfile", f"{folder}/docker.pid", "--bridge", "none", "--iptables=false", "--ip6tables=false", *self._options,
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

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """As if the machine's memory had run out: dockerd and its containerd end at once."""
        assert self._process is not None
        for pid in (self._process.pid, *_children(self._process.pid)):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        for mount in sorted(_mounts_below(self.folder), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)

    def _log(self) -> str:
        return (self.folder / "dockerd.log").read_text(errors="replace")[-2000:]


@contextmanager
def private_engine(*options: str) -> Iterator[PrivateEngine]:
    """A running engine with nothing in it; its folder is short, for socket paths have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="ise-"))
    engine = PrivateEngine(folder, *options)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in path.read_text().split()]
    return found


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    places = [line.split(" ")[1] for line in lines]
    return [place for place in places if place.startswith(f"{folder}/")]


def inspect(docker: Docker, name: str) -> Mapping[str, object]:
    document = json.loads(docker("image", "inspect", name))
    return dict(document[0])
