"""Our reader against CPython's tarfile and GNU tar, on well-formed archives of every format."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.layerbuilder import clean_path
from tests.filesystem.tars import content, read

_FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
_TYPES = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.CHRTYPE: Kind.CHARACTER,
    tarfile.BLKTYPE: Kind.BLOCK,
    tarfile.FIFOTYPE: Kind.FIFO,
}
# What one path component may be made of; the name of a whiteout would be one.
_PART = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60
).filter(lambda part: part not in (".", "..") and not part.startswith(".wh."))
_NAME = st.lists(_PART, min_size=1, max_size=6).map("/".join)


@st.composite
def _members(draw: st.DrawFn) -> list[tuple[tarfile.TarInfo, bytes]]:
    members = []
    for name in draw(st.lists(_NAME, max_size=8, unique_by=lambda n: n.split("/")[0])):
        info = tarfile.TarInfo(name)
        info.type = draw(st.sampled_from(sorted(_TYPES)))
        info.mode = draw(st.integers(0, 0o7777))
        info.uid, info.gid = draw(st.tuples(*[st.integers(0, 0o7777777)] * 2))
        info.mtime = draw(st.integers(0, 1 << 33 - 1))
        data = b""
        if info.isreg():
            data = draw(st.binary(max_size=1500))
            info.size = len(data)
        elif info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            info.linkname = draw(_NAME)
        elif info.isdev() and not info.isfifo():
            info.devmajor, info.devminor = draw(st.tuples(*[st.integers(0, 0o777777)] * 2))
        members.append((info, data))
    return members


def _facts(index: LayerIndex) -> dict[bytes, tuple[object, ...]]:
    return {
        index.path(n): (
            Kind(index.kind[n]), int(index.mode[n]), int(index.uid[n]), int(index.gid[n]),
            int(index.mtime[n]), int(index.size[n]), index.link_target(n),
        )
        for n in range(1, len(index)) if not index.flags[n] & 1
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("form", _FORMATS)
@settings(max_examples=150, deadline=None)
@given(members=_members())
def test_that_what_tarfile_writes_is_what_we_read(
    form: str, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=_FORMATS[form], encoding="utf-8") as archive:
        for info, data in members:
            try:
                archive.addfile(info, io.BytesIO(data))
            except ValueError:
                assert form == "ustar"  # which has no room for long names
    expected: dict[bytes, tuple[object, ...]] = {}
    offsets: dict[bytes, int] = {}
    buffer.seek(0)
    with tarfile.open(fileobj=buffer, encoding="utf-8") as archive:
        for info in archive:
            path = b"/".join(clean_path(info.name.encode()) or ())
            link = info.linkname.encode() if info.issym() or info.islnk() else b""
            size = info.size if info.isreg() else 0
            kind = _TYPES[info.type]
            expected[path] = (kind, info.mode, info.uid, info.gid, int(info.mtime), size, link)
            if info.isreg():
                offsets[path] = info.offset_data
    index = read(buffer.getvalue())
    assert index.complete
    assert _facts(index) == expected
    found = {
        index.path(n): int(index.data_offset[n])
        for n in range(1, len(index))
        if index.kind[n] == Kind.FILE
    }
    assert found == offsets


def test_that_numbers_beyond_octal_are_read_in_every_format_that_has_them() -> None:
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo("a")
        info.uid, info.gid, info.mtime = 4_000_000_000, 2_097_152, 1 << 40
        data = info.tobuf(form) + bytes(1024)
        [facts] = _facts(read(data)).values()
        assert facts[2:5] == (4_000_000_000, 2_097_152, 1 << 40)


def _sparse_file(folder: Path) -> int:
    """A file of 5 MB with four small islands of data, more than fit into one header."""
    with (folder / "sparse").open("wb") as file:
        for number in range(40):
            file.seek(number * 131_072)
            file.write(b"%04d" % number * 1024)
        file.truncate(6_000_000)
    return 6_000_000


@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"], ["--format=pax", "--sparse-version=0.0"], ["--format=pax", "--sparse-version=0.1"],
        ["--format=pax", "--sparse-version=1.0"],
    ],
    ids=["old GNU", "PAX 0.0", "PAX 0.1", "PAX 1.0"],
)  # fmt: skip
def test_that_sparse_files_of_all_four_forms_are_read(options: list[str], tmp_path: Path) -> None:
    size = _sparse_file(tmp_path)
    (tmp_path / "after").write_bytes(b"after")
    command = ["tar", "-C", str(tmp_path), "--sparse", *options, "-cf", "-", "sparse", "after"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    if len(data) > size:
        pytest.skip("this file system keeps no holes")
    index = read(data)
    assert index.complete
    assert list(content(index)) == [b"sparse", b"after"]
    assert content(index)[b"after"] == 5
    # The islands, and in PAX 1.0 the map before them.
    assert 40 * 4096 <= content(index)[b"sparse"] <= 40 * 4096 + 4096
    assert {index.path(n): length for n, length in index.logical_sizes.items()} == {b"sparse": size}


@pytest.mark.parametrize("form", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_that_what_gnu_tar_lists_is_what_we_read(form: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    deep = root / ("n" * 90) / "x"
    deep.mkdir(parents=True)
    (deep / "f").write_bytes(b"1" * 700)
    (root / "hard").hardlink_to(deep / "f")
    (root / "soft").symlink_to("y" * (90 if form in ("v7", "ustar") else 120))
    if form not in ("v7", "ustar"):
        (root / ("m" * 150)).write_bytes(b"long")
    (
        root / "na\udcefve".encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    ).write_bytes(b"2")
    command = ["tar", "-C", str(root), f"--format={form}", "-cf", "-", "."]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(
        fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape"
    ) as archive:
        expected = {
            b"/".join(clean_path(info.name.encode("utf-8", "surrogateescape")) or ()): info.size
            for info in archive if info.isreg()
        }  # fmt: skip
    index = read(data)
    assert index.complete
    assert content(index) == expected
    assert index.entries == len(list(root.rglob("*")))
    shutil.rmtree(root)
