"""`binary` on a file and on an image, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import image_explorer
from tests.gobinary.elves import Part, buildinfo, elf
from tests.support.archives import built, layer_tar, oci, pack

FIELDS = {
    "path", "size_bytes", "format", "arch", "go_version", "module", "dependencies", "settings", "linkage", "stripped",
    "sections", "removable", "packages", "unattributed", "embedded_files", "init_packages", "problems",
}  # fmt: skip
INFO = "path\tm.x/cmd\nmod\tm.x\tv1.2.0\t\ndep\td.x/y\tv0.1.0\th1:a=\n=>\td.x/z\tv0.2.0\th1:b=\nbuild\tGOARCH=amd64\n"
PROGRAM = elf(
    Part(".go.buildinfo", buildinfo("go1.27.3", INFO), alloc=True),
    Part(".text", bytes(3000), alloc=True, flags=4),
    Part(".debug_info", bytes(2000)),
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "app"
    path.write_bytes(PROGRAM)
    return path


def test_that_the_json_has_the_designed_fields_and_adds_up(program: Path) -> None:
    result = image_explorer("binary", str(program), "--json", "-")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == "image-explorer/binary/1"
    assert set(document) >= FIELDS
    rows = document["packages"] + document["unattributed"]
    assert sum(row.get("total_bytes", row.get("bytes", 0)) for row in rows) == len(PROGRAM)
    assert document["module"]["path"] == "m.x"
    assert document["dependencies"] == [
        {
            "path": "d.x/y", "version": "v0.1.0", "sum": "h1:a=",
            "replace": {"path": "d.x/z", "version": "v0.2.0", "sum": "h1:b=", "replace": None},
        }
    ]  # fmt: skip
    assert document["linkage"] == {"static": True, "interpreter": "", "needed": [], "versions": []}
    assert document["removable"]["total_bytes"] == 2000
    assert document["sections"][1] == {"name": ".text", "bytes": 3000, "alloc": True}


def test_that_the_summary_says_what_it_is_and_where_it_runs(program: Path) -> None:
    result = image_explorer("binary", str(program))
    assert result.returncode == 0, result.stderr
    for text in (
        "go1.27.3",
        "m.x v1.2.0",
        "1 dependency",
        "statically linked",
        "not stripped: 2.0 kB",
        "distroless/static",
    ):
        assert text in result.stdout, text


def test_that_json_to_a_file_leaves_the_summary_on_the_terminal(
    program: Path, tmp_path: Path
) -> None:
    result = image_explorer("binary", str(program), "--json", str(tmp_path / "b.json"))
    assert "statically linked" in result.stdout
    assert json.loads((tmp_path / "b.json").read_text())["go_version"] == "go1.27.3"


def test_that_a_program_in_an_image_is_named_by_its_path(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(pack(oci(built(layer_tar({"usr/bin/app": PROGRAM})))))
    result = image_explorer("binary", f"oci-archive:{archive}", "/usr/bin/app", "--json", "-")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["path"] == "/usr/bin/app"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing", None, "There is no file"),
        ("script", b"#!/bin/sh\n", "is not an executable"),
        ("empty", b"", "is not an executable"),
        ("cut", PROGRAM[:30], "its header is damaged"),
    ],
)
def test_that_what_is_no_executable_is_two_lines_and_exit_2(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = image_explorer("binary", str(tmp_path / name))
    assert result.returncode == 2
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert hint.startswith("hint: ")


def test_that_a_path_that_the_image_lacks_says_so(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(pack(oci(built(layer_tar({"a": b"x"})))))
    result = image_explorer("binary", str(archive), "/bin/app")
    assert result.returncode == 2
    assert "The image has no file /bin/app." in result.stderr


def test_that_control_characters_in_a_programs_texts_stay_harmless(tmp_path: Path) -> None:
    path = tmp_path / "evil"
    text = "path\tm\x1b[31m\nmod\tm\x1b]0;x\x07\tv1\t\n"
    path.write_bytes(elf(Part(".go.buildinfo", buildinfo("go1.27\x1b[2J", text), alloc=True)))
    result = image_explorer("binary", str(path))
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout


def test_that_a_backslash_in_a_path_is_escaped_once_wherever_it_is_shown(
    program: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "a\\b"
    odd.write_bytes(program.read_bytes())
    archive = tmp_path / "image.tar"
    archive.write_bytes(pack(oci(built(layer_tar({"a\\b": program.read_bytes()})))))
    for given in ((str(odd),), (str(archive), "/a\\b")):
        result = image_explorer("binary", *given, "--json", "-")
        assert json.loads(result.stdout)["path"].endswith("/a\\\\b")
        shown = image_explorer("binary", *given).stdout
        assert "/a\\\\b  " in shown.splitlines()[0] + "  "
        assert "\\\\\\" not in shown
