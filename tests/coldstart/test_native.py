"""The small native program: its source gives exactly these bytes, and it does what it says."""

from __future__ import annotations

import json
import os
import platform
import runpy
import subprocess
from pathlib import Path

import pytest

from explorer.coldstart.floor import ARCHITECTURES, image_archive, native_program, need_program
from explorer.errors import InputError
from explorer.resources import resource

_ELF_MACHINES = {"amd64": 62, "arm64": 183}
_SOURCE_LINES = 150
_SCRIPT = Path(__file__).parents[2] / "packaging" / "build_native.py"


@pytest.mark.slow
def test_that_the_source_compiles_to_the_bytes_that_are_there(tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="ziglang (dev extra) compiles the native program")
    for path in runpy.run_path(str(_SCRIPT))["build"](tmp_path):
        assert path.read_bytes() == resource("native", path.name).read_bytes()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_that_each_program_is_static_and_for_its_machine(architecture: str) -> None:
    program = need_program(architecture)
    assert program[:5] == b"\x7fELF\x02"
    assert int.from_bytes(program[18:20], "little") == _ELF_MACHINES[architecture]
    # No program header asks for an interpreter (PT_INTERP, 3).
    start, size, count = (
        int.from_bytes(program[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58))
    )
    kinds = [int.from_bytes(program[start + n * size :][:4], "little") for n in range(count)]
    assert 3 not in kinds
    assert len(program) < 8192


def test_that_the_source_is_short() -> None:
    assert len(resource("native", "floor.c").read_text().splitlines()) < _SOURCE_LINES


def test_that_another_machine_is_told_what_is_missing() -> None:
    assert native_program("s390x") is None
    with pytest.raises(InputError, match="s390x"):
        need_program("s390x")


def test_that_equal_inputs_give_an_equal_image() -> None:
    first = image_archive(b"x", "amd64", "a:b", {"k": "v"})
    assert first == image_archive(b"x", "amd64", "a:b", {"k": "v"})
    assert first != image_archive(b"x", "amd64", "a:c", {"k": "v"})


@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs the program for amd64")
@pytest.mark.skipif(os.geteuid() != 0 or not hasattr(os, "chroot"), reason="chroot needs root")
def test_that_it_counts_the_pages_of_regular_files_alone(tmp_path: Path) -> None:
    program = tmp_path / "floor"
    program.write_bytes(need_program("amd64"))
    program.chmod(0o755)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "big").write_bytes(b"x" * 10_000)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "link").symlink_to("a/b/big")
    os.mkfifo(tmp_path / "fifo")
    for foreign in ("proc/1", "sys/x", "dev/y", "etc/hosts"):
        (tmp_path / foreign).parent.mkdir(exist_ok=True)
        (tmp_path / foreign).write_bytes(b"x" * 5000)
    found = _run(tmp_path, "count")
    assert (found["files"], found["bytes"], found["pages"]) == (2, 10_000, 3)
    assert found["resident_after"] == found["resident_before"] == 3
    os.sync()
    evicted = _run(tmp_path, "evict")
    assert (evicted["resident_before"], evicted["resident_after"]) == (3, 0)
    assert _run(tmp_path, "count")["resident_before"] == 0
    assert subprocess.run([program]).returncode == 0


def _run(root: Path, verb: str) -> dict[str, int]:
    done = subprocess.run(
        ["/floor", verb], preexec_fn=lambda: _enter(root), capture_output=True, check=True
    )
    return dict(json.loads(done.stdout))


def _enter(root: Path) -> None:
    os.chroot(root)
    os.chdir("/")
