"""The desktop entry, the AppStream metainfo and the icons agree with each other and with the project."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from explorer.resources import resource

_PROJECT = Path(__file__).resolve().parents[2]
_ID = "io.github.image_size_explorer.ImageSizeExplorer"
_DESKTOP = _PROJECT / "packaging" / f"{_ID}.desktop"
_METAINFO = _PROJECT / "packaging" / f"{_ID}.metainfo.xml"


@pytest.mark.parametrize(
    "command",
    [
        ("desktop-file-validate", str(_DESKTOP)),
        ("appstreamcli", "validate", "--no-net", str(_METAINFO)),
    ],
    ids=lambda command: command[0],
)
def test_that_the_desktop_files_are_valid(command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (packaging/test.sh installs it)")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_that_the_desktop_entry_starts_the_declared_command() -> None:
    entry = configparser.ConfigParser(interpolation=None, strict=True)
    entry.optionxform = str  # type: ignore[assignment, method-assign]  # as its documentation says
    entry.read(_DESKTOP, encoding="utf-8")
    program, argument = entry["Desktop Entry"]["Exec"].split()
    assert program in _project()["scripts"]
    assert argument == "%F"


def test_that_the_metainfo_describes_this_release_and_this_desktop_entry() -> None:
    root = ET.parse(_METAINFO).getroot()
    assert root.findtext("id") == _ID
    assert root.findtext("launchable") == _DESKTOP.name
    assert root.findtext("project_license") == _project()["license"]
    release = root.find("releases/release")
    assert release is not None
    assert release.get("version") == _project()["version"]


def test_that_the_icon_is_there_as_drawing_and_as_picture() -> None:
    drawing = ET.parse(resource("icons", "image-size-explorer.svg")).getroot()
    assert drawing.get("viewBox") == "0 0 256 256"
    picture = resource("icons", "image-size-explorer-256.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    # width and height, the first two fields of the IHDR chunk
    assert (picture[16:20], picture[20:24]) == ((256).to_bytes(4), (256).to_bytes(4))


def _project() -> dict[str, dict[str, str] | str]:
    parsed: dict[str, dict[str, str] | str] = tomllib.loads(
        (_PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]
    return parsed
