"""Measurements on disk: what is written comes back, and nothing else is taken for one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from explorer.coldstart.sample import SCHEMA, AppPhase
from explorer.coldstart.store import Store, document, parse
from explorer.errors import DamagedInput, InputError, StorageError
from tests.coldstart.samples import sample


def test_that_a_measurement_comes_back_as_it_was(tmp_path: Path) -> None:
    found = sample([0.1, 0.2], [0.3, 0.4], floor=[0.01, 0.02])
    runs = list(found.runs)
    runs[1] = replace(
        runs[1],
        status="failed",
        detail="It ended",
        log_tail=("a", "b"),
        exit_code=1,
        app_phases=(AppPhase("db", 0.4),),
    )
    found = replace(found, runs=tuple(runs), note="after lunch", diagnostics=({"arm": 0},))
    store = Store(tmp_path)
    path = store.save(found)
    assert store.load(found.id) == found
    assert msgspec.json.decode(path.read_bytes())["schema"] == SCHEMA


def test_that_the_history_is_newest_first_and_skips_what_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = sample([0.1])
    new = replace(old, id="20261124T000000-ffffff", created="2026-11-24T00:00:00Z", complete=False)
    store.save(old)
    store.save(new)
    (tmp_path / "junk.json").write_text("{}")
    (tmp_path / ".half.json.1.tmp").write_text("{")
    assert [(entry.id, entry.complete) for entry in store.history()] == [
        (new.id, False),
        (old.id, True),
    ]
    assert store.history()[1].references == ("service:before",)
    assert Store(tmp_path / "none").history() == []


def test_that_a_note_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    found = sample([0.1])
    store.save(found)
    store.annotate(found.id, "on battery")
    assert store.load(found.id).note == "on battery"
    store.remove(found.id)
    store.remove(found.id)
    assert store.history() == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a/b", ".hidden", "none"])
def test_that_only_names_of_measurements_are_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no measurement"):
        Store(tmp_path).load(name)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b'{"schema":"image-explorer/coldstart/2"}', b'{"schema":"image-explorer/coldstart/1"}',
        b'{"schema":"image-explorer/coldstart/1","arms":[{"runs":[{}]}]}', b"[" * 100_000,
        b'{"schema":"image-explorer/coldstart/1","arms":7}', b"\xff",
    ],
)  # fmt: skip
def test_that_another_document_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedInput):
        parse(data)


def test_that_every_cut_of_a_measurement_is_refused() -> None:
    data = msgspec.json.encode(document(sample([0.1, 0.2])))
    assert parse(data) == sample([0.1, 0.2])
    for length in range(0, len(data), 37):
        with pytest.raises(DamagedInput):
            parse(data[:length])


def test_that_a_place_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="file"):
        Store(blocked / "x").save(sample([0.1]))
    store = Store(tmp_path / "store")
    found = sample([0.1])
    path = store.save(found)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError):
        store.save(found)
    assert os.listdir(path.parent) == [path.name]
