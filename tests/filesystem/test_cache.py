"""Layer indexes on disk: kept, shared, rebuilt when damaged, bounded, and done without when there is no room."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from explorer.filesystem import layer as layer_module
from explorer.filesystem.archive import open_archive
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LAYER_VERSION, LayerIndex
from explorer.task import Task
from tests.filesystem.tars import content
from tests.support.archives import Built, built, docker_25, layer_tar, pack
from tests.support.layers import file, layer

_ID = "sha256:" + "ab" * 32
_OTHER = "sha256:" + "cd" * 32


def some_layer(diff_id: str = _ID, size: int = 7) -> LayerIndex:
    return layer(file("/a", size), diff_id=diff_id)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def kept(folder: Path, diff_id: str = _ID) -> Path:
    digest = diff_id.partition(":")[2]
    return folder / "layers" / f"v{LAYER_VERSION}" / digest[:2] / f"sha256-{digest}.col"


def test_that_a_layer_is_kept_for_the_next_program(tmp_path: Path) -> None:
    with closing(LayerStore.open(tmp_path)) as store:
        assert store.get(_ID) is None
        mapped = store.put(some_layer())
        assert not mapped.size.flags.writeable  # the file's, not the reader's memory
    with closing(LayerStore.open(tmp_path)) as again:
        found = again.get(_ID)
        assert found is not None
        assert (content(found), again.note) == ({b"a": 7}, "")
    assert kept(tmp_path).exists()


@pytest.mark.parametrize(
    "index",
    [
        LayerIndex(**{**vars(some_layer()), "complete": False}),
        LayerIndex(**{**vars(some_layer()), "verified": ""}),
        LayerIndex(**{**vars(some_layer()), "diff_id": ""}),
        LayerIndex(**{**vars(some_layer()), "diff_id": "sha256:../../../etc/passwd"}),
    ],
)
def test_that_only_proved_layers_are_kept(tmp_path: Path, index: LayerIndex) -> None:
    with closing(LayerStore.open(tmp_path)) as store:
        assert store.put(index) is index
    assert files(tmp_path) == []


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _newer(path: Path) -> None:
    version, layer_module.LAYER_VERSION = layer_module.LAYER_VERSION, LAYER_VERSION + 1
    try:
        some_layer().save(path)
    finally:
        layer_module.LAYER_VERSION = version


DAMAGE: dict[str, Callable[[Path], object]] = {
    "one flipped bit": _flip,
    "cut": lambda path: os.truncate(path, 100),
    "empty": lambda path: os.truncate(path, 0),
    "foreign": lambda path: path.write_bytes(b"PK\3\4" + bytes(5000)),
    "newer": _newer,
    "another layer's": lambda path: some_layer(_OTHER).save(path),
    "incomplete": lambda path: LayerIndex(**{**vars(some_layer()), "complete": False}).save(path),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_that_an_unusable_file_is_removed_and_rebuilt(tmp_path: Path, damage: str) -> None:
    with closing(LayerStore.open(tmp_path)) as store:
        store.put(some_layer())
        DAMAGE[damage](kept(tmp_path))
        assert store.get(_ID) is None
        assert not kept(tmp_path).exists()
        store.put(some_layer())
        found = store.get(_ID)
        assert found is not None
        assert content(found) == {b"a": 7}


def _images() -> tuple[Built, Built]:
    base = layer_tar({"base": b"b" * 100})
    return built(base, layer_tar({"one": b"1"})), built(base, layer_tar({"two": b"2"}))


def test_that_images_on_the_same_base_read_it_once(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for number, image in enumerate(_images()):
        archive = tmp_path / f"{number}.tar"
        archive.write_bytes(pack(docker_25(image)))
        with (
            closing(LayerStore.open(cache)) as store,
            closing(open_archive(Task(), archive)) as source,
        ):
            held = [store.get(item.diff_id) is not None for item in source.image.layers]
            assert held == [number > 0, False]
            missing = [n for n, known in enumerate(held) if not known]
            source.read_layers(Task(), store, missing, lambda n, index: None)
    assert len(files(cache)) == 3


def test_that_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    digests = [f"sha256:{n:064x}" for n in range(4)]
    with closing(LayerStore.open(tmp_path)) as store:
        for number, diff_id in enumerate(digests):
            store.put(some_layer(diff_id))
            os.utime(kept(tmp_path, diff_id), (number, number))
        assert store.get(digests[0]) is not None  # used just now
    size = kept(tmp_path, digests[0]).stat().st_size
    LayerStore.open(tmp_path, limit_bytes=2 * size).close()
    assert [kept(tmp_path, d).exists() for d in digests] == [True, False, False, True]


def test_that_stale_temporary_files_and_older_versions_go_newer_ones_stay(tmp_path: Path) -> None:
    store = LayerStore.open(tmp_path)
    folder = kept(tmp_path).parent
    folder.mkdir(parents=True)
    for name, age in ((".x.col.1.aa.tmp", 7200), (".y.col.2.bb.tmp", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    for version in ("v0", f"v{LAYER_VERSION + 1}", "vx"):
        (tmp_path / "layers" / version).mkdir()
        (tmp_path / "layers" / version / "sha256-aa.col").write_bytes(b"x")
    store.close()
    here = f"layers/v{LAYER_VERSION}/ab"
    assert files(tmp_path) == sorted(
        [
            f"{here}/.y.col.2.bb.tmp",
            f"layers/v{LAYER_VERSION + 1}/sha256-aa.col",
            "layers/vx/sha256-aa.col",
        ]
    )


_WRITER = """
import sys
from pathlib import Path
from explorer.filesystem.cache import LayerStore
from tests.filesystem.test_cache import some_layer
store = LayerStore.open(Path(sys.argv[1]))
index = some_layer(size=int(sys.argv[2]))
print("ready", flush=True)
while True:
    store.put(index)
"""


@pytest.mark.slow
def test_that_a_writer_killed_at_any_time_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    for round_number in range(12):
        command = [sys.executable, "-c", _WRITER, str(tmp_path), str(round_number)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 0.01 * round_number
        while time.monotonic() < deadline:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if kept(tmp_path).exists():
            assert content(LayerIndex.load(kept(tmp_path)))[b"a"] in range(round_number + 1)
        stale = list(kept(tmp_path).parent.glob(".*.tmp"))
        assert len(stale) <= round_number + 1
    for path in tmp_path.rglob("*.tmp"):
        os.utime(path, (0, 0))
    LayerStore.open(tmp_path).close()
    assert list(tmp_path.rglob("*.tmp")) == []


def test_that_a_missing_cache_folder_is_made(tmp_path: Path) -> None:
    with closing(LayerStore.open(tmp_path / "not" / "yet")) as store:
        store.put(some_layer())
        assert store.note == ""
    assert kept(tmp_path / "not" / "yet").exists()


def test_that_a_cache_folder_that_is_a_file_is_told_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with closing(LayerStore.open(tmp_path / "cache")) as store:
        assert "cannot be used (Not a directory): nothing is kept." in store.note
        index = some_layer()
        assert store.put(index) is index
        assert store.get(_ID) is index
    assert (tmp_path / "cache").read_text() == "in the way"


def test_that_a_private_store_forgets_at_the_end() -> None:
    store = LayerStore.private()
    index = store.put(some_layer())
    assert store.get(_ID) is index
    assert store.note == ""
    store.close()
    assert store.get(_ID) is None


def test_that_the_scratch_folder_goes_with_the_store() -> None:
    store = LayerStore.private()
    scratch = store.scratch()
    (scratch / "x").write_bytes(b"x")
    assert store.scratch() == scratch
    store.close()
    assert not scratch.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _big_layer(diff_id: str) -> LayerIndex:
    return layer(*(file(f"/{n}", n) for n in range(2000)), diff_id=diff_id)


def test_that_a_full_disk_is_told_and_the_work_goes_on(small_disk: Path) -> None:
    with closing(LayerStore.open(small_disk)) as store:
        store.put(some_layer())
        index = store.put(_big_layer(_OTHER))
        assert len(content(index)) == 2000
        assert "No space left on device" in store.note
        assert store.get(_OTHER) is index
        later = some_layer("sha256:" + "ef" * 32)
        assert store.put(later) is later
    assert files(small_disk) == [str(kept(small_disk).relative_to(small_disk))]
    with closing(LayerStore.open(small_disk)) as store:
        assert store.get(_ID) is not None


def test_that_a_read_only_disk_is_told_and_what_it_holds_stays(small_disk: Path) -> None:
    with closing(LayerStore.open(small_disk)) as store:
        store.put(some_layer())
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with closing(LayerStore.open(small_disk)) as store:
        assert "cannot be used (Read-only file system): nothing is kept." in store.note
        index = some_layer()
        assert store.put(index) is index
    assert files(small_disk) == [str(kept(small_disk).relative_to(small_disk))]


def test_that_a_kept_layer_survives_its_files_removal(tmp_path: Path) -> None:
    with closing(LayerStore.open(tmp_path)) as store:
        mapped = store.put(_big_layer(_ID))
        shutil.rmtree(tmp_path)
        assert int(np.asarray(mapped.size).sum()) == sum(range(2000))
        store.put(_big_layer(_OTHER))
        assert store.note == ""
