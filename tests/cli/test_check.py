"""`image-explorer check`: exit codes, and files for machines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from explorer.cli.check import _check_subjects, describe, example
from explorer.errors import InputError
from explorer.findings.category import CATEGORIES
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
    assert "was read only in part (1 of 2 layers)" in untold.stdout
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


@pytest.mark.parametrize(
    ("option", "value", "message", "hint"),
    [
        ("--forbid", "go-tolchain", "There is no category or finding go-tolchain.", "Did you mean go-toolchain, c-toolchain? "),
        ("--forbid", "Go toolchain", "There is no category or finding Go toolchain.", "Did you mean go-toolchain, "),
        ("--forbid", "nonsense", "There is no category or finding nonsense.", ""),
        ("--forbid", "", 'There is no category or finding "".', ""),
        ("--max-category", "souce=0", "There is no category souce.", "Did you mean source? "),
        ("--max-category", "deleted-later=0", "There is no category deleted-later.", "Did you mean deleted? "),
    ],
)  # fmt: skip
def test_that_a_mistyped_name_is_an_error_with_the_nearest_ones(
    option: str, value: str, message: str, hint: str
) -> None:
    from explorer.compare.gate.stated import stated_rule

    with pytest.raises(InputError) as raised:
        _check_subjects((stated_rule(option[2:], value),), ("go-tools", ""))
    assert raised.value.message == message
    assert raised.value.hint.startswith(hint)
    assert raised.value.hint.endswith("image-explorer check --help lists the categories.")


def test_that_help_lists_every_category_and_fits_80_columns() -> None:
    words = set(example().replace(",", " ").split())
    assert {item.id for item in CATEGORIES} <= words
    assert max(map(len, [describe(), *example().splitlines()])) <= 80


def test_that_a_file_of_limits_is_held_and_the_command_line_wins(
    archive: str, tmp_path: Path
) -> None:
    (tmp_path / "limits.toml").write_text(
        '[check]\nmax-size = "1kB"\nmax-category = ["source=0", "other=1"]\nforbid = "vcs"\n'
    )
    done = image_explorer(
        "check", archive, "--config", "limits.toml", "--max-size", "6kB",
        "--max-category", "other=50%", "--forbid", "vcs", "--json", "-", cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    rules = json.loads(done.stdout)["rules"]
    assert [(rule["id"], rule["limit"], rule["origin"]) for rule in rules] == [
        ("max-size", 6000, ""),
        ("max-category:source", 0, "limits.toml"),
        ("max-category:other", 0.5, ""),
        ("forbid:vcs", 0, ""),
    ]


def test_that_a_file_of_limits_and_a_dive_file_are_both_held(archive: str, tmp_path: Path) -> None:
    (tmp_path / ".dive-ci").write_text("rules:\n  highestWastedBytes: 1KB\n")
    (tmp_path / "limits.toml").write_text('[check]\nmax-size = "6kB"\n')
    done = image_explorer("check", archive, "--config", "limits.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        archive,
        "with the rules of limits.toml",
        "with the rules of .dive-ci",
    ]


def test_that_an_engine_that_is_away_exits_with_3(tmp_path: Path) -> None:
    away = image_explorer(
        "check", "app:1", "--max-size", "1MB", "--host", f"unix://{tmp_path}/none.sock",
        cwd=tmp_path,
    )  # fmt: skip
    assert away.returncode == 3
