"""What of a folder is sent as a build context, what is said about it before, and the tar that carries it."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from explorer.dockerfile.context import Context, read_context
from explorer.dockerfile.suspects import DEVICE, HISTORY, OUTSIDE, SECRET
from explorer.errors import InputError
from explorer.task import Cancelled, Task

DOCKERFILE = b"FROM scratch\nCOPY . /\n"


def _folder(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def _paths(context: Context) -> list[str]:
    return [os.fsdecode(entry.path) for entry in context.entries]


def _tar(context: Context, *, classic: bool = False) -> bytes:
    return b"".join(context.tar(Task(), DOCKERFILE, lambda _: None, classic=classic))


def _members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as tar:
        return {member.name: member for member in tar.getmembers()}


def _content(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


@contextmanager
def _nobody() -> Iterator[None]:
    """Without root's right to read everything; any user but root has none anyway."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_tmp_path(tmp_path: Path) -> Path:
    """A folder that others than root can reach."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.owner() == "root":
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


def test_that_everything_is_sent_when_nothing_is_ignored(tmp_path: Path) -> None:
    _folder(tmp_path, {"main.go": "package main", "web/a.css": "b {}", "web/b/c.js": ""})
    context = read_context(Task(), tmp_path)
    assert _paths(context) == ["main.go", "web", "web/a.css", "web/b", "web/b/c.js"]
    assert (context.files, context.total_bytes, context.ignored) == (3, 16, 0)
    assert [entry.path for entry in context.largest] == [b"main.go", b"web/a.css", b"web/b/c.js"]


def test_that_a_file_that_comes_back_brings_its_folders(tmp_path: Path) -> None:
    _folder(
        tmp_path, {".dockerignore": "*\n!src/app/main.go\n", "src/app/main.go": "", "src/x": ""}
    )
    context = read_context(Task(), tmp_path)
    assert _paths(context) == ["src", "src/app", "src/app/main.go"]
    assert context.ignore_file == ".dockerignore"
    assert context.ignored == 4  # .dockerignore, src, src/app, src/x


def test_that_an_ignored_folder_with_nothing_to_bring_back_is_not_looked_into(
    open_tmp_path: Path,
) -> None:
    _folder(open_tmp_path, {".dockerignore": "node_modules\n", "node_modules/a/b": ""})
    (open_tmp_path / "node_modules").chmod(0)
    with _nobody():
        context = read_context(Task(), open_tmp_path)
    (open_tmp_path / "node_modules").chmod(0o755)
    assert (_paths(context), context.unreadable) == ([".dockerignore"], ())


def test_that_an_ignore_file_beside_the_dockerfile_comes_first(tmp_path: Path) -> None:
    _folder(
        tmp_path,
        {
            ".dockerignore": "b\n",
            "deploy/app.Dockerfile": "",
            "deploy/app.Dockerfile.dockerignore": "a\ndeploy\n",
            "a": "",
            "b": "",
        },
    )
    context = read_context(Task(), tmp_path, "deploy/app.Dockerfile")
    assert _paths(context) == [".dockerignore", "b"]
    assert context.ignore_file == "deploy/app.Dockerfile.dockerignore"


def test_that_proposed_rules_stand_in_for_the_ignore_file(tmp_path: Path) -> None:
    _folder(tmp_path, {".dockerignore": "a\n", "a": "", "b": ""})
    assert _paths(read_context(Task(), tmp_path, ignore_text=".*\nb\n")) == ["a"]


def test_that_links_stay_links_and_hard_links_are_sent_once(tmp_path: Path) -> None:
    _folder(tmp_path, {"a/file": "12345"})
    os.link(tmp_path / "a/file", tmp_path / "b")
    (tmp_path / "c").symlink_to("a/file")
    (tmp_path / "folder").symlink_to("a")
    context = read_context(Task(), tmp_path)
    assert context.total_bytes == 5
    members = _members(_tar(context))
    assert {name: (m.type, m.linkname) for name, m in members.items() if name != "Dockerfile"} == {
        "a": (tarfile.DIRTYPE, ""),
        "a/file": (tarfile.REGTYPE, ""),
        "b": (tarfile.LNKTYPE, "a/file"),
        "c": (tarfile.SYMTYPE, "a/file"),
        "folder": (tarfile.SYMTYPE, "a"),
    }


def test_that_what_may_be_a_secret_is_pointed_out(tmp_path: Path) -> None:
    names = [".env", ".env.prod", ".env.example", "tls/server.pem", "id_rsa", "id_rsa.pub"]
    _folder(tmp_path, dict.fromkeys([*names, ".aws/credentials", "env.go"], "12"))
    _folder(tmp_path, {".git/objects/aa": "123", ".git/HEAD": "4567"})
    (tmp_path / "up").symlink_to("../elsewhere")
    (tmp_path / "root").symlink_to("/etc/passwd")
    (tmp_path / "inside").symlink_to("tls/../id_rsa")
    os.mkfifo(tmp_path / "pipe")
    context = read_context(Task(), tmp_path)
    assert {(os.fsdecode(s.path), s.reason, s.bytes) for s in context.suspects} == {
        (".aws", SECRET, 2),
        (".env", SECRET, 2),
        (".env.prod", SECRET, 2),
        (".git", HISTORY, 7),
        ("id_rsa", SECRET, 2),
        ("tls/server.pem", SECRET, 2),
        ("up", OUTSIDE, 0),
        ("root", OUTSIDE, 0),
        ("pipe", DEVICE, 0),
    }


def test_that_an_ignored_secret_is_not_pointed_out(tmp_path: Path) -> None:
    _folder(tmp_path, {".env": "A=1", ".dockerignore": ".env\n"})
    assert read_context(Task(), tmp_path).suspects == ()


def test_that_a_socket_is_left_out_and_a_pipe_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        context = read_context(Task(), tmp_path)
    assert context.sockets == (b"socket",)
    assert _members(_tar(context))["pipe"].type == tarfile.FIFOTYPE


def test_that_an_unreadable_file_is_named_before_anything_is_sent(open_tmp_path: Path) -> None:
    secret = _folder(open_tmp_path, {"a": "1", "secret": "2"}) / "secret"
    secret.chmod(0)
    with _nobody():
        context = read_context(Task(), open_tmp_path)
    assert [(item.path, item.reason) for item in context.unreadable] == [
        (b"secret", "Permission denied")
    ]
    with pytest.raises(InputError, match="secret in the build context cannot be read"):
        _tar(context)


def test_that_an_unreadable_file_may_be_ignored(open_tmp_path: Path) -> None:
    _folder(open_tmp_path, {"secret": "2", ".dockerignore": "secret\n"})
    (open_tmp_path / "secret").chmod(0)
    with _nobody():
        assert read_context(Task(), open_tmp_path).unreadable == ()


def test_that_a_missing_folder_is_an_error_that_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        read_context(Task(), tmp_path / "nowhere")


def test_that_the_tar_starts_with_the_dockerfile_in_a_plain_header(tmp_path: Path) -> None:
    _folder(tmp_path, {"ä" * 60 + "/" + "ö" * 60: "x", "zz": "y"})
    (tmp_path / os.fsdecode(b"\xff")).write_text("z")
    data = _tar(read_context(Task(), tmp_path))
    assert data[:10] == b"Dockerfile"
    assert data[156:157] == tarfile.REGTYPE
    assert _content(data, "Dockerfile") == DOCKERFILE
    assert _content(data, "ä" * 60 + "/" + "ö" * 60) == b"x"
    assert _content(data, os.fsdecode(b"\xff")) == b"z"


def test_that_owners_become_root_and_modes_stay(tmp_path: Path) -> None:
    script = _folder(tmp_path, {"run.sh": "#!/bin/sh"}) / "run.sh"
    script.chmod(0o4751)
    if os.geteuid() == 0:
        os.chown(script, 1000, 1000)
        script.chmod(0o4751)
    member = _members(_tar(read_context(Task(), tmp_path)))["run.sh"]
    assert (member.uid, member.gid, member.mode) == (0, 0, 0o4751)


def test_that_the_new_dockerfile_takes_the_place_of_the_folders_own(tmp_path: Path) -> None:
    _folder(tmp_path, {"deploy/Dockerfile": "FROM old\n", "a": ""})
    context = read_context(Task(), tmp_path, "deploy/Dockerfile")
    data = _tar(context, classic=True)
    assert context.dockerfile == "deploy/Dockerfile"
    assert context.dockerfile_shows
    assert _content(data, "deploy/Dockerfile") == DOCKERFILE
    assert list(_members(data)) == ["deploy/Dockerfile", "a", "deploy"]


def test_that_a_dockerfile_the_folder_does_not_send_is_hidden_from_the_classic_builder(
    tmp_path: Path,
) -> None:
    _folder(tmp_path, {"a": ""})
    context = read_context(Task(), tmp_path)
    assert not context.dockerfile_shows
    assert _content(_tar(context, classic=True), ".dockerignore") == b"Dockerfile\n.dockerignore\n"
    assert list(_members(_tar(context))) == ["Dockerfile", "a"]


@pytest.mark.parametrize(
    "name", ["../Dockerfile", "/etc/Dockerfile", "Döckerfile", "d/" * 60 + "D"]
)
def test_that_a_dockerfile_from_elsewhere_gets_a_plain_name(tmp_path: Path, name: str) -> None:
    _folder(tmp_path, {"Dockerfile": "FROM other\n"})
    context = read_context(Task(), tmp_path, name)
    assert context.dockerfile == "Dockerfile.image-explorer"
    assert _content(_tar(context), "Dockerfile") == b"FROM other\n"


def test_that_a_file_that_shrinks_meanwhile_is_an_error_and_one_that_grows_is_cut(
    tmp_path: Path,
) -> None:
    file = _folder(tmp_path, {"log": "12345"}) / "log"
    context = read_context(Task(), tmp_path)
    file.write_text("1234567")
    assert _content(_tar(context), "log") == b"12345"
    file.write_text("1")
    with pytest.raises(InputError, match="log became shorter"):
        _tar(context)
    file.unlink()
    with pytest.raises(InputError, match="log in the build context cannot be read: No such file"):
        _tar(context)


def test_that_a_file_replaced_by_a_link_meanwhile_is_not_followed(tmp_path: Path) -> None:
    file = _folder(tmp_path, {"a": "12345", "b": "secret"}) / "a"
    context = read_context(Task(), tmp_path)
    file.unlink()
    file.symlink_to("b")
    with pytest.raises(InputError, match="a in the build context cannot be read"):
        _tar(context)


def test_that_the_bytes_sent_are_told(tmp_path: Path) -> None:
    _folder(tmp_path, {"a": "123", "b": "45", "c": ""})
    told: list[int] = []
    context = read_context(Task(), tmp_path)
    b"".join(context.tar(Task(), DOCKERFILE, told.append, classic=False))
    assert told == [3, 5]


def test_that_looking_and_sending_can_be_cancelled(tmp_path: Path) -> None:
    _folder(tmp_path, {"a": "123"})
    task = Task()
    pieces = read_context(task, tmp_path).tar(task, DOCKERFILE, lambda _: None, classic=False)
    next(pieces)
    task.cancel()
    with pytest.raises(Cancelled):
        list(pieces)
    with pytest.raises(Cancelled):
        read_context(task, tmp_path)


def test_that_no_context_at_all_is_a_tar_with_a_dockerfile() -> None:
    assert list(_members(_tar(Context()))) == ["Dockerfile"]
