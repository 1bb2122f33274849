"""Ctrl-C, a closed terminal, a reader that leaves: the command ends at once, says so, and leaves nothing behind."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.resources import resource
from tests.cli.command import PROGRAM, clean_environment
from tests.support.archives import built, layer_tar
from tests.support.fake_engine import Exchange, FakeEngine, fake_engine

SAMPLE = resource("samples", "naive-go-service.oci.tar")
IMAGE = built(layer_tar({"a": b"a"}))


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[FakeEngine]:
    """An engine that knows an image and never sends its export."""
    with fake_engine(tmp_path) as fake:
        document = {
            "Id": IMAGE.id, "RepoTags": ["app:1"], "Os": "linux", "Architecture": "amd64", "Config": {},
            "RootFS": {"Layers": IMAGE.config["rootfs"]["diff_ids"]}, "GraphDriver": {"Name": "vfs"},
        }  # fmt: skip
        fake.on_json(r"/images/[^/]*/json.*", document)
        fake.on_json(r"/images/[^/]*/history.*", [])
        fake.on_json(r"/containers/json.*", [])
        fake.on(r"/images/[^/]*/get.*", _silence)
        yield fake


def _silence(exchange: Exchange) -> None:
    exchange.head(200, Transfer_Encoding="chunked")
    exchange.wait()


def _wait_until_asked(fake: FakeEngine, what: str) -> None:
    deadline = time.monotonic() + 60
    while not any(what in request for request in fake.requests):
        assert time.monotonic() < deadline, fake.requests
        time.sleep(0.02)


def _start(fake: FakeEngine, tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, "analyze", "app:1", "--host", fake.url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**clean_environment(), "TMPDIR": str(tmp_path)},
    )  # fmt: skip


def _members(group: int) -> list[int]:
    """Processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == group:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_that_an_interrupted_analysis_ends_with_130_and_leaves_nothing(
    silent: FakeEngine, tmp_path: Path, number: signal.Signals
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = _start(silent, scratch)
    _wait_until_asked(silent, "/get")
    # as the terminal does it: to every process of the group in front
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "error: Cancelled.\n")
    assert list(scratch.iterdir()) == []
    assert _members(process.pid) == []


def test_that_the_worker_ends_with_its_parent_however_that_ends(
    silent: FakeEngine, tmp_path: Path
) -> None:
    process = _start(silent, tmp_path)
    _wait_until_asked(silent, "/get")
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while _members(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_that_an_interrupted_list_ends_with_130(tmp_path: Path) -> None:
    with fake_engine(tmp_path) as fake:
        fake.on_json(r"/containers/json.*", [])
        fake.on(r"/images/json.*", lambda exchange: exchange.wait())
        process = subprocess.Popen(
            [PROGRAM, "list", "--host", fake.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=clean_environment(),
        )  # fmt: skip
        _wait_until_asked(fake, "/images/json")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "error: Cancelled.\n")
        assert process.returncode == 130


def test_that_a_reader_that_has_seen_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [PROGRAM, "analyze", str(SAMPLE), "--json", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=clean_environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


def test_that_a_closed_standard_output_is_no_internal_error() -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "{PROGRAM}" analyze "{SAMPLE}" >&-'], capture_output=True, text=True,
        env=clean_environment(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_that_a_full_disk_under_standard_output_is_said() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [PROGRAM, "analyze", str(SAMPLE)], stdout=full, stderr=subprocess.PIPE, text=True,
            env=clean_environment(),
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: The output cannot be written: No space left on device",
        "hint: Send it somewhere else, or free some space.",
    ]


def test_that_progress_is_shown_on_a_terminal_alone(silent: FakeEngine, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "analyze", "app:1", "--host", silent.url], stdout=subprocess.PIPE, stderr=theirs,
        start_new_session=True, env=clean_environment(),
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"Waiting for the engine" not in shown:
        assert select.select([ours], [], [], 60)[0], shown
        shown += os.read(ours, 4096)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0] == b""
    while not shown.endswith(b"error: Cancelled.\r\n"):
        shown += os.read(ours, 4096)
    os.close(ours)
    assert process.returncode == 130
    # the line is taken back before the error
    assert b"\r\x1b[Kerror: Cancelled." in shown
