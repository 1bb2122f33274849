"""Settings survive crashes, damage, other windows and disks that cannot be written; nothing of the user's is lost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import settings as module
from explorer.settings import (
    DISMISSED_FINDINGS,
    DISMISSED_IMAGES,
    RECENT_LIMIT,
    Dismissals,
    Settings,
    SettingsStore,
)

_PROJECT = Path(__file__).resolve().parent.parent


def _stored(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    return document


def test_that_a_first_start_has_the_defaults_and_writes_nothing(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path)
    assert store.settings == Settings()
    assert store.notice == ""
    assert list(tmp_path.iterdir()) == []


def test_that_the_file_lies_in_the_users_config_folder(own_folders: Path) -> None:
    SettingsStore().change(theme="dark")
    assert (own_folders / ".config" / "image-size-explorer" / "settings.json").is_file()


def test_that_every_setting_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "theme": "dark",
        "language": "zh_CN",
        "endpoint": "unix:///run/über.sock",
        "via": "export",
        "tooltips": False,
        "treemap_shown": False,
        "details_shown": False,
        "geometry": "AdnQywAD",
        "splitters": {"main": "AAAA", "left": "BBBB"},
    }
    store = SettingsStore(tmp_path)
    assert store.change(**values) == Settings(**values)
    assert SettingsStore(tmp_path).settings == Settings(**values)


def test_that_a_change_keeps_what_another_window_changed_meanwhile(tmp_path: Path) -> None:
    first, second = SettingsStore(tmp_path), SettingsStore(tmp_path)
    first.change(theme="dark")
    second.change(endpoint="tcp://host:2376")
    first.change(tooltips=False)
    assert SettingsStore(tmp_path).settings == Settings(
        theme="dark", endpoint="tcp://host:2376", tooltips=False
    )
    assert first.settings.endpoint == "", "a window does not change under its user"


def test_that_keys_of_a_newer_version_are_kept(tmp_path: Path) -> None:
    newer = {"theme": "sepia", "flux": {"capacity": [1.21, None]}, "tooltips": False}
    (tmp_path / "settings.json").write_text(json.dumps(newer), encoding="utf-8")
    store = SettingsStore(tmp_path)
    assert store.settings == Settings(tooltips=False)
    store.change(language="en")
    assert _stored(tmp_path) == {**newer, "language": "en"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", 3),
        ("tooltips", "yes"),
        ("splitters", [1]),
        ("recent", [{"reference": 1}]),
        ("endpoint", None),
        ("via", "teleport"),
    ],
)
def test_that_a_value_that_makes_no_sense_gives_way_to_the_default_alone(
    tmp_path: Path, key: str, value: object
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({key: value, "language": "en"}))
    store = SettingsStore(tmp_path)
    assert store.settings == Settings(language="en")
    assert store.notice == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"theme": "dark"' + b"}" * 3, b"[" * 100_000, b" " * (2 << 20)],
    ids=["empty", "cut", "list", "binary", "trailing", "nested", "huge"],
)  # fmt: skip
def test_that_a_damaged_file_is_kept_aside_and_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    store = SettingsStore(tmp_path)
    assert store.settings == Settings()
    (aside,) = tmp_path.glob("settings.json.bad-*")
    assert aside.read_bytes() == content
    assert (
        store.notice == f"The settings file was damaged. It was kept as {aside}. Defaults are used."
    )


def test_that_the_settings_before_the_last_change_replace_a_damaged_file(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path)
    store.change(theme="dark")
    store.change(language="zh_CN")
    (tmp_path / "settings.json").write_bytes(b"\0" * 40)
    again = SettingsStore(tmp_path)
    assert again.settings == Settings(theme="dark")
    assert again.notice.endswith("The settings before the last change are used.")
    again.change(tooltips=False)
    assert SettingsStore(tmp_path).settings == Settings(theme="dark", tooltips=False)


def test_that_the_backup_is_the_file_before_the_last_change(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path)
    store.change(theme="dark")
    before = (tmp_path / "settings.json").read_bytes()
    store.change(theme="light")
    assert (tmp_path / "settings.json.bak").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".settings.json.lock",
        "settings.json",
        "settings.json.bak",
    ]


def test_that_a_file_system_without_links_gets_a_copy_as_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _failing(errno.EPERM))
    store = SettingsStore(tmp_path)
    store.change(theme="dark")
    before = (tmp_path / "settings.json").read_bytes()
    store.change(theme="light")
    assert store.notice == ""
    assert (tmp_path / "settings.json.bak").read_bytes() == before


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_that_a_disk_that_cannot_be_written_leaves_the_old_settings_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = SettingsStore(tmp_path)
    store.change(theme="dark")
    monkeypatch.setattr(os, call, _failing(errno.ENOSPC))
    assert store.change(theme="light").theme == "light", "the choice holds for this run"
    assert store.notice == (
        f"Changes are not kept beyond this run: {store.path}: No space left on device"
    )
    monkeypatch.undo()
    assert SettingsStore(tmp_path).settings == Settings(theme="dark")
    assert [path for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_that_a_home_that_cannot_be_written_is_told_not_raised(tmp_path: Path) -> None:
    # a file where the folder should be: refused for root too
    (tmp_path / "config").write_text("")
    store = SettingsStore(tmp_path / "config")
    assert store.change(tooltips=False).tooltips is False
    assert store.notice.startswith("Changes are not kept beyond this run: ")
    assert store.notice.endswith("settings.json: File exists")


@pytest.mark.slow
def test_that_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from explorer.settings import SettingsStore\n"
        "store = SettingsStore(pathlib.Path(sys.argv[1]))\n"
        "print('go', flush=True)\n"
        "while True: store.change(geometry='x' * 200_000, theme='dark'); print('.', end='', flush=True)\n"
    )
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=_PROJECT
        )
        assert child.stdout is not None
        child.stdout.read(6)
        child.kill()
        child.wait()
        child.stdout.close()
        store = SettingsStore(tmp_path)
        assert store.notice == ""
        assert (store.settings.theme, len(store.settings.geometry)) == ("dark", 200_000)


def test_that_what_killed_writers_left_is_swept_away_after_an_hour(tmp_path: Path) -> None:
    for name, age in ((".settings.json.77.aa.tmp", 4000), (".settings.json.78.bb.tmp", 10)):
        (tmp_path / name).write_text("half")
        moment = time.time() - age
        os.utime(tmp_path / name, (moment, moment))
    SettingsStore(tmp_path).change(theme="dark")
    assert [path.name for path in tmp_path.glob("*.tmp")] == [".settings.json.78.bb.tmp"]


@pytest.mark.slow
def test_that_writers_at_the_same_time_lose_no_key(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from explorer.settings import SettingsStore\n"
        "store = SettingsStore(pathlib.Path(sys.argv[1]))\n"
        "for number in range(30): store.remember(f'{sys.argv[2]}-{number % 5}', 'x')\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=_PROJECT)
        for name in ("a", "b")
    ]
    assert [child.wait(60) for child in children] == [0, 0]
    recent = SettingsStore(tmp_path).settings.recent
    assert {item.reference for item in recent} == {f"{a}-{n}" for a in "ab" for n in range(5)}


def test_that_recent_images_are_newest_first_without_repeats_and_limited(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path)
    for number in range(RECENT_LIMIT + 3):
        store.remember(f"app:{number}", f"App {number}")
    store.remember("app:8", "App 8")
    names = [item.reference for item in store.settings.recent]
    assert names == ["app:8"] + [f"app:{n}" for n in (12, 11, 10, 9, 7, 6, 5, 4, 3)]
    assert SettingsStore(tmp_path).settings.recent == store.settings.recent
    assert store.settings.recent[0].opened_at.endswith("+00:00")


def test_that_recent_images_of_two_windows_come_together(tmp_path: Path) -> None:
    first, second = SettingsStore(tmp_path), SettingsStore(tmp_path)
    first.remember("a", "a")
    second.remember("b", "b")
    assert [item.reference for item in second.settings.recent] == ["b", "a"]
    second.forget("a")
    first.forget("no such image")
    assert [item.reference for item in SettingsStore(tmp_path).settings.recent] == ["b"]
    first.forget()
    assert SettingsStore(tmp_path).settings.recent == ()


def test_that_a_reference_that_is_not_utf_8_comes_back(tmp_path: Path) -> None:
    path = os.fsdecode(b"/home/\xff\xfe/\xe2\x80\xae<b>.tar")
    SettingsStore(tmp_path).remember(path, "odd")
    assert SettingsStore(tmp_path).settings.recent[0].reference == path


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["theme", "recent", "splitters", "x"]), x)
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_that_no_content_of_the_file_stops_the_program(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "settings.json").write_bytes(data)
    store = SettingsStore(folder)
    assert isinstance(store.settings, Settings)
    store.change(via="direct")
    assert SettingsStore(folder).settings.via == "direct"


def test_that_dismissed_findings_are_kept_for_each_image(tmp_path: Path) -> None:
    store = Dismissals(tmp_path)
    store.save("sha256:aa", {"go-toolchain", "apt-lists"})
    store.save("sha256:bb", {"duplicates"})
    again = Dismissals(tmp_path)
    assert again.load("sha256:aa") == {"go-toolchain", "apt-lists"}
    assert again.load("sha256:bb") == {"duplicates"}
    assert again.load("sha256:cc") == set()


def test_that_restoring_the_last_finding_removes_the_file(tmp_path: Path) -> None:
    store = Dismissals(tmp_path)
    store.save("sha256:aa", {"x"})
    store.save("sha256:aa", set())
    assert list(store.folder.iterdir()) == []
    assert store.load("sha256:aa") == set()


def test_that_an_image_id_of_any_text_stays_in_the_folder(tmp_path: Path) -> None:
    store = Dismissals(tmp_path)
    store.save("../../../etc/passwd\0\udcff", {"x"})
    assert store.load("../../../etc/passwd\0\udcff") == {"x"}
    assert [path.parent for path in tmp_path.rglob("*.json")] == [store.folder]


def test_that_a_damaged_list_of_dismissals_counts_as_none(tmp_path: Path) -> None:
    store = Dismissals(tmp_path)
    store.save("sha256:aa", {"x"})
    (path,) = store.folder.iterdir()
    for content in (b"{", b'{"findings": 3}', b'{"findings": [1, "y"]}'):
        path.write_bytes(content)
        assert store.load("sha256:aa") == ({"y"} if b"y" in content else set())


def test_that_only_the_newest_images_and_a_bounded_number_of_findings_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISMISSED_IMAGES", 3)
    store = Dismissals(tmp_path)
    for number in range(5):
        store.save(f"sha256:{number}", {"x"})
        os.utime(store._path(f"sha256:{number}"), (number, number))
    store.save("sha256:9", {str(n) for n in range(DISMISSED_FINDINGS + 5)})
    assert [bool(store.load(f"sha256:{n}")) for n in range(5)] == [False, False, False, True, True]
    assert len(store.load("sha256:9")) == DISMISSED_FINDINGS
    assert DISMISSED_IMAGES == 500


def test_that_dismissals_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    (tmp_path / "dismissed").write_text("")
    store = Dismissals(tmp_path)
    store.save("sha256:aa", {"x"})
    assert store.notice.startswith("Changes are not kept beyond this run: ")


def _failing(code: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail
