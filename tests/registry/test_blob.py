"""A blob out of any number of broken answers is the blob, or it is said not to be."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import DamagedInput, EngineLost
from explorer.image.config import Descriptor
from explorer.registry import blob
from explorer.registry.blob import BlobStream
from explorer.registry.client import Repository
from explorer.registry.naming import parse_name
from explorer.registry.web import Cut
from explorer.task import Task

DATA = bytes(range(251)) * 4
ITEM = Descriptor(f"sha256:{hashlib.sha256(DATA).hexdigest()}", len(DATA))


class Scripted:
    """Answers that break off after so many bytes; with `ranges` they begin where they are asked to."""

    def __init__(self, data: bytes, cuts: list[int], *, ranges: bool) -> None:
        self.name = parse_name("localhost/app")
        self._data, self._cuts, self._ranges = data, list(cuts), ranges

    def blob(self, _task: Task, _digest: str, start: int) -> Any:
        begin = start if self._ranges else 0
        return _Answer(self._data[begin:], begin, self._cuts.pop(0) if self._cuts else -1)


class _Answer:
    def __init__(self, data: bytes, begin: int, cut: int) -> None:
        self.status = 206 if begin else 200
        self.length = len(data)
        self.headers = {"Content-Range": f"bytes {begin}-{begin + len(data) - 1}/*"}
        self._data, self._cut = data, cut

    def readinto(self, buffer: memoryview) -> int:
        if self._cut == 0:
            raise Cut("scripted")
        room = len(buffer) if self._cut < 0 else min(len(buffer), self._cut)
        part, self._data = self._data[:room], self._data[room:]
        self._cut -= len(part) if self._cut > 0 else 0
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Nothing is held."""


def read(data: bytes, cuts: list[int], step: int, *, ranges: bool) -> tuple[bytes, str]:
    repository = cast("Repository", Scripted(data, cuts, ranges=ranges))
    stream = BlobStream(repository, Task(), ITEM)
    held, buffer = bytearray(), memoryview(bytearray(step))
    while count := stream.readinto(buffer):
        held += buffer[:count]
    return bytes(held), stream.finish()


@pytest.fixture(autouse=True, scope="module")
def no_pauses() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blob, "_PAUSE_SECONDS", 0.0)
        yield


@given(st.lists(st.integers(1, 400), max_size=6), st.integers(1, 300), st.booleans())
def test_that_breaks_change_no_byte(cuts: list[int], step: int, ranges: bool) -> None:
    try:
        assert read(DATA, cuts, step, ranges=ranges) == (DATA, "")
    except EngineLost:
        # Without ranges each try must get beyond the one before.
        assert not ranges


@given(
    st.integers(0, len(DATA) - 1), st.integers(1, 255), st.lists(st.integers(1, 400), max_size=2)
)
def test_that_one_changed_byte_is_told(place: int, change: int, cuts: list[int]) -> None:
    damaged = bytearray(DATA)
    damaged[place] ^= change
    found, problem = read(bytes(damaged), cuts, 64, ranges=True)
    assert len(found) == len(DATA)
    assert problem.startswith("wrong digest")


@pytest.mark.parametrize("data", [DATA + b"x", DATA[:-1], b""])
def test_that_another_length_than_the_manifests_is_told(data: bytes) -> None:
    with pytest.raises(DamagedInput):
        read(data, [], 64, ranges=True)
