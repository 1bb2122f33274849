"""The user's own files behind a rewrite: which Dockerfile is taken, and what is said when one cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explorer.dockerfile.rewrite.files import RewriteFiles, rewrite_files
from explorer.errors import InputError, LimitExceeded
from explorer.task import Task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "go.mod").write_text("module example.com/web\n")
    return tmp_path


def test_that_without_files_there_are_none() -> None:
    assert rewrite_files(Task(), "", "") == RewriteFiles()


def test_that_the_usual_dockerfile_of_a_folder_is_taken(folder: Path) -> None:
    (folder / "Containerfile").write_bytes(b"FROM b\r\n")
    found = rewrite_files(Task(), "", str(folder))
    assert (found.text, found.path) == ("FROM b\r\n", f"{folder}/Containerfile")
    assert found.sources is not None
    assert found.sources.module == "example.com/web"
    (folder / "Dockerfile").write_text("FROM a\n")
    assert rewrite_files(Task(), "", str(folder)).text == "FROM a\n"


def test_that_a_dockerfile_that_was_chosen_comes_before_the_usual_one(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM a\n")
    (folder / "other").write_text("FROM c\n")
    assert rewrite_files(Task(), f"{folder}/other", str(folder)).text == "FROM c\n"


def test_that_a_folder_without_a_dockerfile_gives_its_sources_alone(folder: Path) -> None:
    found = rewrite_files(Task(), "", str(folder))
    assert (found.text, found.path) == (None, "")
    assert found.sources is not None


@pytest.mark.parametrize(
    ("dockerfile", "source", "said"),
    [
        ("gone", "", "Could not read"),
        (".", "", "is not a file"),
        ("pipe", "", "is not a file"),
        ("", "go.mod", "There is no folder"),
        ("", "missing", "There is no folder"),
    ],
)
def test_that_what_cannot_be_read_is_said(
    folder: Path, dockerfile: str, source: str, said: str
) -> None:
    os.mkfifo(folder / "pipe")
    path = str(folder / dockerfile) if dockerfile else ""
    with pytest.raises(InputError, match=said):
        rewrite_files(Task(), path, str(folder / source) if source else "")


def test_that_an_endless_dockerfile_is_refused(folder: Path) -> None:
    with open(folder / "big", "wb") as file:
        file.truncate((4 << 20) + 1)
    with pytest.raises(LimitExceeded):
        rewrite_files(Task(), str(folder / "big"), "")
