"""Measurements on disk: what is written comes back, and nothing else is taken for one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from explorer.coldstart.sample import SCHEMA, AppPhase
from explorer.coldstart.store import (
    Store,
    document,
    find_for,
    parse,
    places,
    read_measurement,
)
from explorer.errors import DamagedInput, InputError, StorageError
from explorer.report.coldstart_json import coldstart_json
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


def test_that_a_trial_of_variables_is_told_apart_and_the_floor_is_not_counted(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    found = sample([0.1, 0.2], [0.3, 0.4], floor=[0.01, 0.02])
    before, after, floor = found.spec.arms
    same = replace(after, reference=before.reference, image_id=before.image_id)
    arms = (
        replace(before, env=("GIN_MODE=release",)),
        replace(same, env=("GIN_MODE=release", "GOGC=20")),
        floor,
    )
    store.save(replace(found, spec=replace(found.spec, arms=arms)))
    (entry,) = store.history()
    assert entry.names == ("service:before", "service:before GOGC=20")
    assert entry.variables == ((), ("GOGC=20",))
    assert entry.runs == 2


def test_that_measurements_are_found_by_the_images_they_ran(tmp_path: Path) -> None:
    store = Store(tmp_path)
    pair = sample([0.1], [0.2])
    later = replace(sample([0.3]), id="20261124T000000-ffffff", created="2026-11-24T00:00:00Z")
    unmade = replace(later, id="20261125T000000-ffffff", created="2026-11-25T00:00:00Z", runs=())
    for found in (pair, later, unmade):
        store.save(found)
    a, b = (arm.image_id for arm in pair.spec.arms)
    assert find_for((a,), store) == (later, pair)
    assert find_for((a, b), store) == (pair,)
    assert find_for((b.removeprefix("sha256:"), a), store) == (pair,)
    assert places(pair, (b, a)) == [1, 0]
    assert find_for((a, "sha256:0"), store) == ()
    assert find_for((), store) == ()


def test_that_an_exported_measurement_is_read_back(tmp_path: Path) -> None:
    found = sample([0.1, 0.2], [0.3, 0.4], floor=[0.01, 0.02])
    path = tmp_path / "result.json"
    path.write_bytes(coldstart_json(found))
    assert read_measurement(path) == found
    with pytest.raises(InputError, match=r"none\.json"):
        read_measurement(tmp_path / "none.json")


def test_that_a_file_of_an_older_version_opens(tmp_path: Path) -> None:
    """What the first version wrote: fields that came later have their usual values."""
    found = document(sample([0.1]))
    for arm in found["arms"]:
        del arm["kind"]
        for item in arm["runs"]:
            for name in ("app_phases", "warnings", "touched_pages", "path", "anchor"):
                del item[name]
    for name in ("notes", "cgroup_version", "load_at_start"):
        del found["environment"][name]
    store = Store(tmp_path)
    (tmp_path / "old.json").write_bytes(msgspec.json.encode(found))
    assert store.load("old") == sample([0.1])
    assert [entry.runs for entry in store.history()] == [1]


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
