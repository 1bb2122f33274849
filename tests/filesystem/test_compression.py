"""Compressed streams: every form that layers come in, damage at any place, and bombs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import DamagedInput, LimitExceeded
from explorer.filesystem import compression
from explorer.filesystem.compression import decompressed, sniff
from explorer.filesystem.reading import read_layer
from explorer.task import Task
from tests.filesystem.tars import END, Held, content, entry, tar
from tests.support.archives import compress, digest

_FORMS = ["gzip", "gzip-members", "zstd", "zstd-frames", "bz2", "xz"]
_DATA = os.urandom(90_000) + bytes(400_000) + b"text " * 20_000
_SKIPPABLE = b"\x51\x2a\x4d\x18" + struct.pack("<I", 9) + b"skip this"


def unpacked(data: bytes, step: int = 1 << 20, piece: int = 1 << 20) -> bytes:
    source = decompressed(Held(data, piece))
    buffer, out = memoryview(bytearray(step)), bytearray()
    while count := source.readinto(buffer):
        out += buffer[:count]
    return bytes(out)


def until_damage(data: bytes) -> tuple[bytes, str]:
    """What comes out before the damage, and what is said of it."""
    source, out = decompressed(Held(data)), bytearray()
    buffer = memoryview(bytearray(1 << 20))

    def drain() -> None:
        while count := source.readinto(buffer):
            out.extend(buffer[:count])

    with pytest.raises(DamagedInput) as caught:
        drain()
    assert caught.value.offset == len(out)
    return bytes(out), caught.value.message


@pytest.mark.parametrize("form", ["plain", *_FORMS])
@pytest.mark.parametrize(("step", "piece"), [(1 << 20, 1 << 20), (1000, 777), (1 << 20, 1)])
def test_that_every_form_gives_the_same_bytes(form: str, step: int, piece: int) -> None:
    data = _DATA if piece > 1 else _DATA[:2000]
    assert unpacked(compress(data, form), step, piece) == data


@given(st.binary(max_size=3000), st.sampled_from(_FORMS))
@settings(max_examples=60, deadline=None)
def test_that_any_bytes_come_back(data: bytes, form: str) -> None:
    assert unpacked(compress(data, form)) == data


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x1f\x8b\x08\0", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (_SKIPPABLE, "zstd"), (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\0\0", "xz"), (b"", ""), (b"\x1f", ""), (b"PK\3\4", ""), (b"layer/", ""),
    ],
)  # fmt: skip
def test_that_first_bytes_name_the_form(head: bytes, name: str) -> None:
    assert sniff(head) == name


def test_that_skippable_frames_are_passed_over() -> None:
    frame = compress(_DATA, "zstd")
    assert unpacked(_SKIPPABLE + frame + _SKIPPABLE + frame + _SKIPPABLE) == _DATA * 2


def test_that_many_tiny_members_are_one_stream() -> None:
    assert unpacked(b"".join(gzip.compress(b"%d," % n) for n in range(5000))) == b"".join(
        b"%d," % n for n in range(5000)
    )


@pytest.mark.parametrize("form", ["gzip", "xz", "bz2"])
def test_that_zeros_between_and_after_members_are_padding(form: str) -> None:
    member = compress(_DATA, form)
    assert unpacked(member + bytes(512) + member + bytes(100_000)) == _DATA * 2


def test_that_an_estargz_layer_is_read_past_its_first_member() -> None:
    # As stargz-snapshotter writes it: a member for each part, the table of contents after the tar's end, a footer.
    toc = entry("stargz.index.json", b'{"version":1}')
    parts = [entry("README.md", b"r" * 5000), entry("lib/x", b"x" * 70_000), END, toc + END, b""]
    blob = b"".join(gzip.compress(part, mtime=0) for part in parts)
    plain = b"".join(parts)
    index = read_layer(Task(), decompressed(Held(blob)), diff_id=digest(plain))
    assert (index.complete, content(index)) == (True, {b"README.md": 5000, b"lib/x": 70_000})


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_that_a_cut_never_gives_the_whole_layer(form: str, part: float) -> None:
    data = tar(*(entry(f"f{n}", os.urandom(3000)) for n in range(60)))
    blob = compress(data, form)
    index = read_layer(
        Task(), decompressed(Held(blob[: int(len(blob) * part)])), diff_id=digest(data)
    )
    assert (index.complete, index.verified) == (False, "")
    assert index.problems
    if form == "gzip" and part > 0.1:
        assert len(content(index)) >= 60 * part - 12


@pytest.mark.parametrize("form", ["gzip", "bz2", "xz"])
def test_that_a_cut_is_named_and_what_came_before_is_given(form: str) -> None:
    out, message = until_damage(compress(_DATA, form)[:-3])
    assert _DATA.startswith(out)
    assert "it ends inside the compressed data" in message


@pytest.mark.parametrize("form", ["gzip", "zstd", "bz2", "xz"])
def test_that_junk_after_the_data_is_damage(form: str) -> None:
    out, message = until_damage(compress(_DATA, form) + b"junk, not a member" * 5)
    assert len(_DATA) - len(out) < 200_000
    assert message.startswith("the compressed data is damaged")


def _wrong_sum(data: bytes) -> bytes:
    return data[:-8] + bytes([data[-8] ^ 1]) + data[-7:]


@pytest.mark.parametrize(
    "blob",
    [
        _wrong_sum(compress(_DATA, "gzip")),
        zstandard.ZstdCompressor(write_checksum=True).compress(_DATA)[:-4] + b"abcd",
        _wrong_sum(bz2.compress(_DATA)),
    ],
    ids=["gzip", "zstd", "bzip2"],
)
def test_that_a_wrong_checksum_is_damage(blob: bytes) -> None:
    until_damage(blob)


@pytest.mark.parametrize("form", _FORMS)
def test_that_no_flipped_bit_passes_for_the_layer(form: str) -> None:
    data = tar(*(entry(f"f{n}", b"%d" % n * 300) for n in range(40)))
    blob = compress(data, form)
    for position in range(0, len(blob), max(len(blob) // 40, 1)):
        broken = blob[:position] + bytes([blob[position] ^ 4]) + blob[position + 1 :]
        index = read_layer(Task(), decompressed(Held(broken)), diff_id=digest(data))
        # A bit that says nothing (gzip's time and system) may differ; then every byte is still the layer's.
        assert not index.complete or unpacked(broken) == data


def test_that_a_zstd_window_of_two_gibibytes_is_refused() -> None:
    long = zstandard.ZstdCompressionParameters.from_level(1, window_log=31)
    writer = zstandard.ZstdCompressor(compression_params=long).compressobj()
    _, message = until_damage(writer.compress(b"x" * 100_000) + writer.flush())
    assert "memory" in message


def test_that_an_xz_dictionary_of_gigabytes_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    blob = bytearray(lzma.compress(b"x" * 5000, filters=filters))
    # The block header: size, flags, filter id 0x21, one byte of properties, the dictionary size as an exponent.
    at = blob.index(b"\x21\x01", 12) + 2
    blob[at] = 39  # 3 GiB
    end = 12 + (blob[12] + 1) * 4
    blob[end - 4 : end] = struct.pack("<I", zlib.crc32(blob[12 : end - 4]))
    _, message = until_damage(bytes(blob))
    assert "Memory usage limit" in message


@pytest.mark.slow
@pytest.mark.parametrize("form", ["zstd", "bz2", "xz"])
def test_that_a_bomb_is_stopped_by_its_ratio(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_RATIO_FREE", 4 << 20)
    monkeypatch.setattr(compression, "_RATIO_LIMIT", dict.fromkeys(compression._RATIO_LIMIT, 500))
    blob = compress(bytes(32 << 20), form)
    with pytest.raises(LimitExceeded, match="decompression bomb"):
        unpacked(blob)


def test_that_honest_zeros_are_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_RATIO_FREE", 4 << 20)
    assert len(unpacked(gzip.compress(bytes(32 << 20)))) == 32 << 20


def test_that_there_is_an_end_to_what_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_OUTPUT_LIMIT", 1 << 20)
    with pytest.raises(LimitExceeded):
        unpacked(gzip.compress(os.urandom(2 << 20)))


def test_that_a_compressed_stream_inside_a_compressed_stream_stays_one() -> None:
    inner = gzip.compress(_DATA)
    assert unpacked(gzip.compress(inner)) == inner


_TOOLS: dict[str, Callable[[str], list[str]]] = {
    "gzip": lambda path: ["gzip", "-c", path],
    "bzip2": lambda path: ["bzip2", "-c", path],
    "xz": lambda path: ["xz", "-9", "-c", path],
    "zstd": lambda path: ["zstd", "-19", "-c", path],
}


@pytest.mark.parametrize("tool", _TOOLS)
def test_that_what_the_usual_programs_write_is_read(tool: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(_DATA)
    try:
        blob = subprocess.run(_TOOLS[tool](str(path)), check=True, capture_output=True).stdout
    except FileNotFoundError:
        pytest.skip(f"{tool} is not installed")
    assert unpacked(blob) == _DATA
