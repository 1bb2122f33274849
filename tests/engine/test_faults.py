"""Engines that go away, hang, lose the image or change their mind while one of their images is read."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from explorer.engine import stream
from explorer.engine.client import connect
from explorer.engine.endpoint import find_engine
from explorer.engine.source import open_engine_image
from explorer.errors import EngineRefused, EngineUnreachable, ImageNotFound
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.task import Cancelled, Progress, Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from tests.engine import images
from tests.engine.docker import Docker, PrivateEngine
from tests.engine.images import file, folder, tar
from tests.support.archives import Built, built, docker_25, docker_legacy, pack

# One layer that is read at once and one that the engine is still sending when the test strikes.
BIG = 80 << 20


def _big(tag: str) -> Built:
    small = tar(folder("small"), file("small/a", b"a" * 1000))
    big = tar(folder("big"), file("big/b", os.urandom(1 << 20) * (BIG >> 20)))
    return built(small, big, tags=[tag])


class Strike:
    """A task that does something once as many bytes have come."""

    def __init__(self, after: int, act: Callable[[], None]) -> None:
        self.task = Task(on_progress=self._see)
        self.told: list[str] = []
        self._after, self._act = after, act
        self._done = False

    def _see(self, progress: Progress) -> None:
        self.told.append(progress.text)
        if progress.done >= self._after and not self._done:
            self._done = True
            self._act()


def _read(
    docker: Docker, name: str, via: str, task: Task
) -> tuple[list[str], dict[int, LayerIndex]]:
    source = open_engine_image(connect(docker.host, task), name, via=via)
    layers: dict[int, LayerIndex] = {}
    wanted = range(len(source.image.layers))
    source.read_layers(task, LayerStore.private(), wanted, layers.__setitem__)
    return source.problems, layers


@pytest.mark.engine
@pytest.mark.slow
def test_that_layers_read_before_the_engine_was_killed_stay(mortal_engine: PrivateEngine) -> None:
    mortal_engine.docker.load(docker_25(_big("app:1")))
    strike = Strike(8 << 20, mortal_engine.kill)
    problems, layers = _read(mortal_engine.docker, "app:1", "direct", strike.task)
    assert layers[0].complete
    assert layers[0].content_bytes == 1000
    assert not (1 in layers and layers[1].complete)
    (note,) = problems
    assert "was lost" in note
    assert "of 2 layers were read" in note


@pytest.mark.engine
@pytest.mark.slow
def test_that_an_engine_that_hangs_is_named_and_the_reading_goes_on_when_it_does(
    mortal_engine: PrivateEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("TICK_SECONDS", 0.05), ("SILENCE_SECONDS", 0.1), ("PING_SECONDS", 0.2)):
        monkeypatch.setattr(stream, name, seconds)
    mortal_engine.docker.load(docker_25(_big("app:1")))

    def wake(progress: Progress) -> None:
        if progress.text.startswith("The engine has not answered for"):
            woken.append(progress.text)
            mortal_engine.signal(signal.SIGCONT)

    woken: list[str] = []
    strike = Strike(8 << 20, lambda: mortal_engine.signal(signal.SIGSTOP))

    def see(progress: Progress) -> None:
        strike._see(progress)
        wake(progress)

    problems, layers = _read(mortal_engine.docker, "app:1", "direct", Task(on_progress=see))
    assert woken
    assert (problems, [layers[i].complete for i in (0, 1)]) == ([], [True, True])


@pytest.mark.engine
@pytest.mark.slow
def test_that_reading_from_an_engine_that_hangs_can_be_cancelled(
    mortal_engine: PrivateEngine,
) -> None:
    mortal_engine.docker.load(docker_25(_big("app:1")))
    hung = threading.Event()

    def hang() -> None:
        mortal_engine.signal(signal.SIGSTOP)
        hung.set()

    strike = Strike(8 << 20, hang)
    ended: list[str] = []

    def read() -> None:
        try:
            _read(mortal_engine.docker, "app:1", "direct", strike.task)
        except Cancelled:
            ended.append("cancelled")

    reader = threading.Thread(target=read)
    reader.start()
    assert hung.wait(60)
    strike.task.cancel()
    reader.join(20)
    assert ended == ["cancelled"]


@pytest.mark.engine
@pytest.mark.parametrize("via", ["direct", "export"])
def test_that_an_image_removed_while_it_is_read_is_said_to_be_gone(
    own_engine: PrivateEngine, via: str
) -> None:
    docker = own_engine.docker
    docker.load(docker_25(_big("gone:1")))
    # the engine removes it when it has sent what it is sending
    remover = threading.Thread(target=docker.remove, args=["gone:1"])
    strike = Strike(1 << 20, remover.start)
    problems, layers = _read(docker, "gone:1", via, strike.task)
    remover.join()
    # what the engine had begun to send it sends to the end
    assert [layers[i].complete for i in (0, 1)] == [True, True]
    assert [note.partition(";")[0] for note in problems] == [
        "gone:1 was moved or removed meanwhile"
    ]


@pytest.mark.engine
@pytest.mark.parametrize("via", ["auto", "export"])
def test_that_an_image_removed_before_it_is_read_is_not_found(
    own_engine: PrivateEngine, via: str
) -> None:
    docker = own_engine.docker
    docker.load(docker_25(images.image("plain")))
    source = open_engine_image(connect(docker.host), images.tag("plain"), via=via)
    docker.remove(images.tag("plain"))
    with pytest.raises(ImageNotFound, match="was removed from the engine"):
        source.read_layers(Task(), LayerStore.private(), [0], lambda index, layer: None)


def _retag(docker: Docker, name: str, other: str) -> None:
    docker("tag", name, other)


@pytest.mark.engine
def test_that_a_tag_that_moves_does_not_change_what_is_read(own_engine: PrivateEngine) -> None:
    docker = own_engine.docker
    first = _big("moving:1")
    docker.load(docker_25(first))
    docker.load(docker_25(images.image("plain")))
    moved = Strike(1 << 20, lambda: _retag(docker, images.tag("plain"), "moving:1"))
    problems, layers = _read(docker, "moving:1", "direct", moved.task)
    assert layers[1].content_bytes == BIG
    (note,) = problems
    assert note.startswith("moving:1 was moved or removed meanwhile; this is the image sha256:")
    docker.remove("moving:1", first.id, images.tag("plain"))


@pytest.mark.engine
def test_that_a_disk_full_in_the_engine_is_told_in_its_own_words(
    mortal_engine: PrivateEngine,
) -> None:
    mortal_engine.docker.load(docker_25(_big("app:1")))
    # the engine writes an export to this folder before it sends it
    scratch = mortal_engine.folder / "data" / "tmp"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(scratch)], check=True)
    try:
        with pytest.raises(EngineRefused, match="no space left on device"):
            _read(mortal_engine.docker, "app:1", "export", Task())
    finally:
        subprocess.run(["umount", str(scratch)], check=True)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for socket names (107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="ise-") as folder_name:
        yield Path(folder_name)


def test_that_somebody_who_may_not_use_the_socket_is_told_whose_it_is(short: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    code = """
import os, socket, sys
from explorer.engine.endpoint import find_engine
from explorer.errors import EngineUnreachable
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o660); os.chown(sys.argv[1], 0, 0); listener.listen()
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    find_engine("unix://" + sys.argv[1])
except EngineUnreachable as error:
    print(error.message); print(error.hint)
"""
    short.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", code, f"{short}/d.sock"], capture_output=True, text=True
    )
    message, hint = done.stdout.splitlines()
    assert "it belongs to user root and group root (srw-rw----)" in message
    assert hint.startswith("Ask the administrator")


def test_that_a_socket_nobody_listens_at_is_an_engine_that_does_not_run(short: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{short}/d.sock")
    with pytest.raises(EngineUnreachable, match="the engine is not running"):
        find_engine(f"unix://{short}/d.sock")


@pytest.mark.engine
@pytest.mark.slow
def test_that_podmans_socket_is_an_engine_too(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip("podman is not installed")
    podman = [
        "podman", "--root", f"{short}/r", "--runroot", f"{short}/t", "--storage-driver", "vfs",
        "--events-backend", "none",
    ]  # fmt: skip
    (short / "a.tar").write_bytes(pack(docker_legacy(images.image("whiteouts"))))
    subprocess.run([*podman, "load", "-q", "-i", f"{short}/a.tar"], check=True, capture_output=True)
    (short / "podman").mkdir()
    socket_path = short / "podman" / "podman.sock"
    service = subprocess.Popen(
        [*podman, "system", "service", "--time", "0", f"unix://{socket_path}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not socket_path.exists():
            assert service.poll() is None
        for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
            monkeypatch.delenv(name, raising=False)
        engine = connect(f"unix://{socket_path}")
        assert engine.describe().product == "Podman"
        (listed,) = engine.images()
        # podman writes names out in full
        assert listed.tags == (f"localhost/{images.tag('whiteouts')}",)
        options = Options(images.tag("whiteouts"), host=engine.endpoint.url)
        result = analyse(Task(), options, LayerStore.private())
        assert (result.via, result.complete, len(result.layers)) == ("export", True, 4)
        assert result.totals.reclaimable_bytes > 5000
    finally:
        service.terminate()
        service.wait(20)
        subprocess.run([*podman, "rmi", "-af"], check=False, capture_output=True)
