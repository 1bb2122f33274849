"""What people type, and which image it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.errors import ReferenceInvalid
from explorer.image.reference import Reference, familiar_name, parse_reference
from tests.support.archives import pack


@pytest.mark.parametrize(
    "name",
    [
        "golang",
        "golang:1.27-bookworm",
        "docker.io/library/alpine:3.20",
        "localhost:5000/team/app__x/a-b.c:Tag_1.0",
        "[::1]:5000/app",
        "app@sha256:" + "a" * 64,
        "app:1@sha256:" + "a" * 64,
        "sha256:" + "0" * 64,
        "3f58c7e5208d",
    ],
)
def test_that_a_name_or_id_means_the_engine(name: str) -> None:
    assert parse_reference(name) == Reference("docker-daemon", name)
    assert parse_reference(f"docker-daemon:{name}") == Reference("docker-daemon", name)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "Write a name such as golang:1.27, or the path of a saved image."),
        ("a\0b", "Write a name such as golang:1.27, or the path of a saved image."),
        ("Golang:1", "Image names are lower case."),
        (
            "a b",
            "Write a name such as golang:1.27, an image ID, or the path of a saved image.",
        ),
        (
            "a" * 100_000,
            "Write a name such as golang:1.27, an image ID, or the path of a saved image.",
        ),
        ("oci:", "Example: oci:image-folder"),
        ("docker-archive:", "Example: docker-archive:image.tar"),
        (
            "containers-storage:localhost/alpine",
            "Pull the image into the engine, or save it to a file, and open that.",
        ),
    ],
)
def test_that_an_unusable_text_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(ReferenceInvalid) as caught:
        parse_reference(text)
    assert caught.value.hint == hint


def test_that_a_path_is_recognised_by_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/gopher")
    names = ["/no/such/file", "./image", "../image", "image.tar", "image.tar.gz", "image.tar.zst"]
    assert [parse_reference(name) for name in names] == [Reference("path", n) for n in (
        "/no/such/file", "image", "../image", "image.tar", "image.tar.gz", "image.tar.zst",
    )]  # fmt: skip
    assert parse_reference("~/image") == Reference("path", "/home/gopher/image")


def test_that_a_bare_word_is_a_path_only_when_it_holds_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project").mkdir()
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout" / "index.json").touch()
    (tmp_path / "program").write_bytes(b"\x7fELF")
    (tmp_path / "saved").write_bytes(pack({"manifest.json": b"[]"}))
    (tmp_path / "notes.txt").write_bytes(b"hello")
    words = ["project", "layout", "program", "saved", "notes.txt", "absent"]
    assert {word: parse_reference(word).transport for word in words} == {
        "project": "docker-daemon",
        "layout": "path",
        "program": "docker-daemon",
        "saved": "path",
        "notes.txt": "path",
        "absent": "docker-daemon",
    }


@pytest.mark.parametrize(
    ("rest", "name", "selector"),
    [
        ("a.tar", "a.tar", ""),
        ("a.tar:app:1", "a.tar", "app:1"),
        ("a.tar:localhost:5000/app:1", "a.tar", "localhost:5000/app:1"),
        ("a.tar@2", "a.tar", "@2"),
        ("b:c.tar", "b:c.tar", ""),
        ("b:c.tar:app:1", "b:c.tar", "app:1"),
        ("absent.tar:app:1", "absent.tar", "app:1"),
    ],
)
def test_that_the_longest_existing_path_is_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: str, name: str, selector: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for existing in ("a.tar", "b:c.tar"):
        (tmp_path / existing).touch()
    reference = parse_reference(f"docker-archive:{rest}")
    assert reference == Reference("docker-archive", name, selector)
    assert str(reference) == f"docker-archive:{rest}"


def test_that_names_are_shown_as_docker_shows_them() -> None:
    names = ["docker.io/library/alpine:3.20", "docker.io/team/app:1", "ghcr.io/a/b:1", "alpine"]
    assert [familiar_name(name) for name in names] == [
        "alpine:3.20",
        "team/app:1",
        "ghcr.io/a/b:1",
        "alpine",
    ]
