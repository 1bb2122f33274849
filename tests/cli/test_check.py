"""`image-explorer check`: exit codes, and files for machines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import image_explorer
from tests.support.archives import built, docker_25, layer_tar, pack


@pytest.fixture
def archive(tmp_path: Path) -> str:
    layers = [layer_tar({"big": b"x" * 5000}), layer_tar({".wh.big": b"", "small": b"y"})]
    path = tmp_path / "image.tar"
    path.write_bytes(pack(docker_25(built(*layers))))
    return str(path)


def test_that_kept_limits_exit_with_0_and_broken_ones_with_1(archive: str, tmp_path: Path) -> None:
    kept = image_explorer("check", archive, "--max-size", "5001", cwd=tmp_path)
    assert (kept.returncode, kept.stderr) == (0, "")
    assert kept.stdout.splitlines()[-1] == "1 rule: 1 passed"
    broken = image_explorer(
        "check", archive, "--max-size", "5kB", "--max-start", "300ms", cwd=tmp_path
    )
    assert broken.returncode == 1
    assert "5,001 B  ≤ 5,000 B" in broken.stdout
    assert "There is no measurement of app:1" in broken.stdout
    assert broken.stdout.splitlines()[-1] == "2 rules: 1 failed, 1 could not tell"


def test_that_a_part_of_an_image_does_not_pass(tmp_path: Path) -> None:
    tars = [layer_tar({"a": b"1" * 3000}), layer_tar({"b": b"2"})]
    path = tmp_path / "part.tar"
    path.write_bytes(pack(docker_25(built(*tars, absent=[0]))))
    untold = image_explorer("check", str(path), "--max-size", "1MB", cwd=tmp_path)
    assert untold.returncode == 2
    assert "was read in part only (1 of 2 layers)" in untold.stdout
    assert untold.stderr.startswith("error: The analysis is incomplete.")


def test_that_both_files_are_written_in_english_whatever_the_language(
    archive: str, tmp_path: Path
) -> None:
    done = image_explorer(
        "check", archive, "--against", archive, "--max-growth", "0", "--forbid", "deleted",
        "--json", str(tmp_path / "check.json"), "--junit", str(tmp_path / "check.xml"),
        cwd=tmp_path, env={"LC_ALL": "zh_CN.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 1
    document = json.loads((tmp_path / "check.json").read_bytes())
    assert [(rule["id"], rule["verdict"]) for rule in document["rules"]] == [
        ("max-growth", "passed"),
        ("forbid:deleted", "failed"),
    ]
    assert document["rules"][1]["title"] == "no Deleted later"
    cases = ET.parse(tmp_path / "check.xml").findall("testsuite/testcase")
    assert [case.attrib["classname"] for case in cases] == ["app:1", "app:1"]


def test_that_a_dive_file_in_the_folder_is_used_unless_told_otherwise(
    archive: str, tmp_path: Path
) -> None:
    (tmp_path / ".dive-ci").write_text("rules:\n  highestWastedBytes: 1KB\n")
    found = image_explorer("check", archive, cwd=tmp_path)
    assert found.returncode == 1
    assert "with the rules of .dive-ci" in found.stdout
    left = image_explorer("check", archive, "--no-dive-ci", cwd=tmp_path)
    assert left.returncode == 2
    assert left.stderr.startswith("error: There is no rule to check.")


def test_that_a_mistyped_category_is_an_error_and_never_passes(
    archive: str, tmp_path: Path
) -> None:
    wrong = image_explorer("check", archive, "--forbid", "go-tolchain", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "hint: Did you mean go-toolchain, " in wrong.stderr


def test_that_an_engine_that_is_away_exits_with_3(tmp_path: Path) -> None:
    away = image_explorer(
        "check", "app:1", "--max-size", "1MB", "--host", f"unix://{tmp_path}/none.sock",
        cwd=tmp_path,
    )  # fmt: skip
    assert away.returncode == 3
