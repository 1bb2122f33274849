"""Where results go: a file is whole or as it was before, and pipes and devices are written to."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from explorer.cli.console import ProgressLine, cut_to_width
from explorer.cli.output import write_result
from explorer.errors import StorageError
from explorer.resources import resource
from explorer.task import Progress
from tests.cli.command import PROGRAM, clean_environment

SAMPLE = resource("samples", "naive-go-service.oci.tar")


def test_that_a_file_is_replaced_with_its_permissions_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_bytes(b"old")
    target.chmod(0o600)
    write_result(str(target), b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["result.json"]


def test_that_a_link_stays_a_link_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_result(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_that_a_device_is_written_to(tmp_path: Path) -> None:
    write_result("/dev/null", b"new")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(StorageError, match="No space left on device"):
        write_result("/dev/full", b"new")


@pytest.mark.parametrize("target", ["none/result.json", ".", "nul\0byte"])
def test_that_what_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="Could not write"):
        write_result(target, b"new")
    assert os.listdir(tmp_path) == []


def test_that_a_full_disk_leaves_the_old_result_as_it_was(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    script = f"""
mount -t tmpfs -o size=16k none {tmp_path}
printf old > {tmp_path}/result.json
"{PROGRAM}" analyze "{SAMPLE}" --json {tmp_path}/result.json >/dev/null
echo "exit $?"
ls -A {tmp_path}
cat {tmp_path}/result.json
"""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    assert done.stdout == "exit 2\nresult.json\nold"
    assert done.stderr.splitlines() == [
        f"error: Could not write {tmp_path}/result.json: No space left on device",
        "hint: Choose another file or free some space.",
    ]


def test_that_the_time_left_is_guessed_from_the_stage_at_hand() -> None:
    line = ProgressLine()
    line._stage, line._from_time, line._from_done = "Reading", 100.0, 500
    progress = Progress("Reading", 1_500, 3_500)
    assert line.text(progress, 101.0) == "Reading  1.5 kB / 3.5 kB"
    assert line.text(progress, 104.0) == "Reading  1.5 kB / 3.5 kB  about 8 s left"
    assert line.text(Progress("Waiting\x1b[2J"), 104.0) == "Waiting\\x1b[2J"


def test_that_a_line_is_cut_by_the_columns_it_takes() -> None:
    assert cut_to_width("abcdef", 4) == "abcd"
    assert cut_to_width("正在读取", 5) == "正在"
    assert cut_to_width("e\u0301e\u0301e", 2) == "e\u0301e\u0301"
