"""Files that are no snapshots, damaged, newer, or made to do harm: each is an error with words, never a crash."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
import zstandard

from explorer.errors import DamagedInput, ExplorerError, InputError, LimitExceeded, StorageError
from explorer.snapshot import container
from explorer.snapshot.container import MAGIC, begins_as_snapshot, write_container
from explorer.snapshot.reading import SnapshotFile
from tests.snapshot.taken import taken


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return taken(tmp_path_factory.mktemp("good")).read_bytes()


def opened(folder: Path, data: bytes) -> None:
    """Read every part of a file with these bytes."""
    path = folder / "x.image-snapshot"
    path.write_bytes(data)
    SnapshotFile.open(path).whole(folder / "x.col", "snapshot:x")


def sealed(version: int, header: bytes, body: bytes) -> bytes:
    lead = version.to_bytes(4, "little") + len(header).to_bytes(4, "little")
    return MAGIC + lead + xxhash.xxh3_128(lead + header + body).digest() + header + body


def test_that_a_truncated_file_is_damaged(good: bytes, tmp_path: Path) -> None:
    for length in (9, 31, 32, 40, len(good) // 2, len(good) - 1):
        with pytest.raises(DamagedInput, match="is damaged"):
            opened(tmp_path, good[:length])


def test_that_any_flipped_byte_is_noticed(good: bytes, tmp_path: Path) -> None:
    chosen = random.Random(1)
    for place in [*range(32), *(chosen.randrange(len(good)) for _ in range(40))]:
        data = bytearray(good)
        data[place] ^= 1 << chosen.randrange(8)
        with pytest.raises(InputError) as error:
            opened(tmp_path, bytes(data))
        assert ("is not a snapshot" if place < 8 else "is damaged") in error.value.message


def test_that_a_newer_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        opened(tmp_path, sealed(7, b'{"unheard": "of"}', b"\0\1\2"))
    assert "was written by a newer version of this program (format 7" in error.value.message
    assert error.value.hint


def test_that_other_files_are_no_snapshots(tmp_path: Path) -> None:
    for data in (b"", b"ISE", b"{}", b"ISEcol\0\1" + bytes(100)):
        with pytest.raises(InputError, match="is not a snapshot"):
            opened(tmp_path, data)
    with pytest.raises(InputError, match="There is no file"):
        SnapshotFile.open(tmp_path / "absent")
    with pytest.raises(StorageError, match="Could not read"):
        SnapshotFile.open(tmp_path)


def test_that_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not begins_as_snapshot(tmp_path / "pipe")
    with pytest.raises(StorageError, match="not a regular file"):
        SnapshotFile.open(tmp_path / "pipe")


def test_that_a_section_that_unpacks_to_more_than_it_says_is_damaged(tmp_path: Path) -> None:
    frame = zstandard.compress(bytes(1 << 20), 19)
    header = json.dumps({"sections": [["analysis", len(frame), 10]]}).encode()
    with pytest.raises(DamagedInput):
        opened(tmp_path, sealed(1, header, frame))


def test_that_a_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    frame = zstandard.compress(bytes(1 << 20), 19)
    rows = [[f"analysis/{n}", len(frame), 1 << 30, "|u1", [1 << 30], "plain"] for n in range(3)]
    header = json.dumps({"sections": rows}).encode()
    with pytest.raises(LimitExceeded, match="would unpack to more than"):
        opened(tmp_path, sealed(1, header, frame * 3))


def test_that_a_file_that_is_too_long_is_refused(
    good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "FILE_LIMIT", 1000)
    with pytest.raises(LimitExceeded, match="is over"):
        opened(tmp_path, good)


@pytest.mark.parametrize(
    "header",
    [
        b"[]", b"{}", b"nonsense", b'{"sections": 5}', b'{"sections": [["a"]]}', b'{"sections": [["a", -1, 1]]}',
        b'{"sections": [["a", 0, true]]}', b'{"sections": [["a", 0, 0], ["a", 0, 0]]}', b'{"sections": [["a", 9, 9]]}',
        b'{"sections": [["a", 0, 8, "|O", [1], "plain"]]}', b'{"sections": [["a", 0, 4, "<u4", [2], "plain"]]}',
        b'{"sections": [["a", 0, 0, "no such", [0], "plain"]]}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_that_a_header_that_makes_no_sense_is_damage(header: bytes, tmp_path: Path) -> None:
    with pytest.raises(DamagedInput):
        opened(tmp_path, sealed(1, header, b""))


def parts(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Header, values and arrays of a file, to be written again with a change."""
    box = SnapshotFile.open(path).container
    values = {n: box.value(n) for n, (s, _) in box.sections.items() if not s.dtype}
    arrays = {n: np.array(box.array(n)) for n, (s, _) in box.sections.items() if s.dtype}
    return dict(box.head), values, arrays


def test_that_indexes_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    head, values, arrays = parts(taken(tmp_path))
    for name, array in arrays.items():
        if name in {f"analysis/stack.{n}" for n in ("uid", "gid", "mode", "mtime", "digest", "head", "data_offset", "flags", "links", "layer_node", "payload_until", "until", "replaced_by", "state", "payload_row")} or name == "analysis/tree.names":  # fmt: skip
            # Any value of these is one that a real image may have; they are tried below.
            continue
        changed = array.copy()
        flat = changed.reshape(-1)
        if not len(flat):
            continue
        flat[len(flat) // 2] = np.iinfo(array.dtype).max
        target = tmp_path / "changed.image-snapshot"
        write_container(target, head, values, {**arrays, name: changed})
        with pytest.raises(DamagedInput):
            SnapshotFile.open(target).save_analysis(tmp_path / "c.col", "snapshot:x")


@pytest.mark.parametrize(
    "name", ["until", "payload_until", "replaced_by", "state", "payload_row", "layer_node"]
)
def test_that_numbers_below_their_range_are_found(name: str, tmp_path: Path) -> None:
    head, values, arrays = parts(taken(tmp_path))
    column = arrays[f"analysis/stack.{name}"]
    column[0] = -7 if column.dtype.kind == "i" else 200
    target = tmp_path / "changed.image-snapshot"
    write_container(target, head, values, arrays)
    with pytest.raises(DamagedInput):
        SnapshotFile.open(target).save_analysis(tmp_path / "c.col", "snapshot:x")


@pytest.mark.parametrize(
    "text", ["{place.__class__}", "{place!r}", "{place:>999999999}", "{", "{0}", "{unknown}"]
)
def test_that_texts_of_findings_are_no_programs(text: str, tmp_path: Path) -> None:
    head, values, arrays = parts(taken(tmp_path))
    values["analysis"]["findings"][0]["fields"].update(title=text, place="x")
    target = tmp_path / "changed.image-snapshot"
    write_container(target, head, values, arrays)
    with pytest.raises(DamagedInput):
        SnapshotFile.open(target).save_analysis(tmp_path / "c.col", "snapshot:x")


@pytest.mark.parametrize("section", ["analysis", "binaries", "rewrite", "samples"])
def test_that_values_of_other_types_are_damage(section: str, tmp_path: Path) -> None:
    head, values, arrays = parts(taken(tmp_path))
    oddities: tuple[Any, ...] = (7, "text", [[]], {"a": 1}, {"image": {}}, [{"schema": "x"}])
    for strange in oddities:
        target = tmp_path / "changed.image-snapshot"
        write_container(target, head, {**values, section: strange}, arrays)
        with pytest.raises(ExplorerError):
            SnapshotFile.open(target).whole(tmp_path / "c.col", "snapshot:x")


def test_that_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Could not write"):
        write_container(tmp_path / "absent" / "x.image-snapshot", {}, {}, {})
    with pytest.raises(StorageError, match="Could not write"):
        write_container(tmp_path, {}, {}, {})
    assert list(tmp_path.iterdir()) == []
