"""The main job as a user runs it: the program on a real X server, with the bundled sample."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.resources import sample_reference

PROGRAM = str(Path(sys.executable).with_name("image-explorer"))
pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xwininfo")),
        reason="Xvfb and xwininfo are not installed (packaging/test.sh installs them)",
    ),
]


@pytest.fixture
def display() -> Iterator[str]:
    """A screen of the test's own."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with open(reading, encoding="ascii") as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(20)


def titles(display: str) -> str:
    """What the server's windows are called."""
    told = subprocess.run(
        ["xwininfo", "-root", "-tree", "-display", display], capture_output=True, text=True
    )
    return told.stdout


def wait_for_title(display: str, title: str, program: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + 90
    shown = ""
    while time.monotonic() < end and program.poll() is None:
        shown = titles(display)
        if title in shown:
            break
        time.sleep(0.2)
    return shown


def test_that_the_window_opens_the_sample_and_closes_without_a_trace(
    display: str, tmp_path: Path
) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")},
        "DISPLAY": display,
        "TMPDIR": str(tmp_path),
    }
    program = subprocess.Popen(
        [PROGRAM, sample_reference()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        title = "naive-go-service:sample — Image Size Explorer"
        assert title in wait_for_title(display, title, program)
    finally:
        program.send_signal(signal.SIGTERM)
        output, _ = program.communicate(timeout=30)
    assert b"Traceback" not in output
    assert list(tmp_path.glob("image-explorer-*")) == []
