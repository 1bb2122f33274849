"""One header block and the records before it: what is read, and what is refused."""

from __future__ import annotations

import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.tarheader import (
    ENTRY_LIMIT,
    Malformed,
    apply_pax,
    checksum_holds,
    number,
    parse,
    pax_records,
)
from tests.filesystem.tars import header, record, sealed


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"0000644\0", 0o644),
        (b"644 \0\0\0\0", 0o644),
        (b"   644 \0", 0o644),
        (b"00000644", 0o644),
        (b"\0" * 8, 0),
        (b"        ", 0),
        (b"\0  644\0\0", 0o644),
        (b"644\0junk", 0o644),
        (b"\x80" + bytes(6) + b"\x05", 5),
        (b"\xff" * 8, -1),
        (b"\xff" * 11 + b"\xfe", -2),
        (b"\x80\0\0\0\x31\x91\x0f\x5a", 831590234),
    ],
)
def test_that_octal_and_base_256_fields_are_read(field: bytes, expected: int) -> None:
    assert number(field) == expected


@pytest.mark.parametrize(
    "field", [b"0000648\0", b"0o644\0\0\0", b"-000644\0", b"6_44\0\0\0\0", b"64 4\0\0\0\0"]
)
def test_that_what_python_would_take_for_a_number_is_refused(field: bytes) -> None:
    with pytest.raises(Malformed):
        number(field)


@settings(deadline=None)
@given(st.integers(-(1 << 87), (1 << 87) - 1))
def test_that_base_256_numbers_are_read_as_tarfile_writes_them(value: int) -> None:
    assert number(bytes(tarfile.itn(value, 12, tarfile.GNU_FORMAT))) == value  # type: ignore[attr-defined]  # no part of its stub


@settings(deadline=None)
@given(st.binary(min_size=512, max_size=512))
def test_that_the_checksum_is_the_sum_of_all_other_bytes(block: bytes) -> None:
    assert checksum_holds(sealed(block))
    total = sum(block) - sum(block[148:156]) + 256
    changed = block[:148] + b"%06o\0 " % (total + 1) + block[156:]
    signed = total - 256 * sum(byte > 127 for byte in block[:148] + block[156:])
    assert checksum_holds(changed) == (signed == total + 1)


def test_that_a_sum_wrong_by_a_whole_modulus_is_found() -> None:
    # adler32 counts modulo 65,521: a block of 0xff alone has a sum beyond it.
    block = bytearray(b"\xff" * 512)
    block[148:156] = b"%06o\0 " % (504 * 255 + 256 - 65521)
    assert not checksum_holds(bytes(block))
    assert checksum_holds(sealed(block))


def test_that_old_checksums_of_signed_bytes_are_accepted() -> None:
    block = bytearray(header(b"na\xefve"))
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 256 - 256)
    assert checksum_holds(bytes(block))


def test_that_a_name_is_joined_with_its_ustar_prefix_only() -> None:
    assert parse(header("name", prefix=b"some/folder")).name == b"some/folder/name"
    assert parse(header("name", prefix=b"0123", magic=b"ustar  \0")).name == b"name"
    star = header("name", prefix=b"p" * 131 + b"times", tail=b"tar\0")
    assert parse(star).name == b"p" * 131 + b"/name"


def test_that_device_numbers_and_links_are_read() -> None:
    found = parse(header("null", kind=b"3", device=(1, 3)))
    assert (found.major, found.minor) == (1, 3)
    assert parse(header("a", kind=b"2", link=b"../b")).link == b"../b"


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"\x80" + b"\x7f" * 11, b"\x80\0\0\0\x10\0\0\0\0\0\0\1"]
)
def test_that_negative_and_giant_sizes_are_refused(size: bytes) -> None:
    with pytest.raises(Malformed, match="a size that cannot be"):
        parse(header("a", size))


def test_that_times_beyond_the_column_are_cut() -> None:
    far = parse(header("a", mtime=b"\x80" + b"\x7f" * 11)).mtime
    early = parse(header("a", mtime=b"\xff" + bytes(11))).mtime
    assert (far, early) == (1 << 62, -(1 << 62))


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.binary(min_size=1, max_size=20).filter(lambda k: b"=" not in k and b"\0" not in k),
            st.binary(max_size=2000).filter(lambda v: b"\0" not in v),
        ),
        max_size=10,
    )
)
def test_that_pax_records_come_back_as_written(items: list[tuple[bytes, bytes]]) -> None:
    assert pax_records(b"".join(record(*item) for item in items)) == items


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"path=a\n", "without a length"),
        (b"-9 path=a\n", "without a length"),
        (b"1" * 200_000, "without a length"),
        (b"99 path=a\n", "length is wrong"),
        (b"8 path=a\n", "length is wrong"),
        (b"2 path=a\n", "length is wrong"),
        (b"10 path=abc", "length is wrong"),
        (b"9 patha \n", "without a key"),
        (b"5 =a\n", "without a key"),
        (b"12 path=a\0b\n", "NUL"),
        (b"11 pa\0th=a\n", "NUL"),
    ],
)
def test_that_wrong_pax_records_are_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        pax_records(body)


@pytest.mark.parametrize(
    "value", [b"-1", b"abc", b"1.5", b"", b"9" * 5000, b"%d" % (ENTRY_LIMIT + 1), "٣".encode()]
)
def test_that_a_pax_size_is_a_plain_bounded_number(value: bytes) -> None:
    found = parse(header("a", 7))
    if value:
        with pytest.raises(Malformed, match="not a usable number"):
            apply_pax(found, {b"size": value})
    else:
        apply_pax(found, {b"size": value})  # an empty value takes the record away
        assert found.size == 7


@pytest.mark.parametrize("value", [b"nan", b"1e9", b"--1", b"1.x", b"9" * 19])
def test_that_a_pax_time_is_a_number(value: bytes) -> None:
    with pytest.raises(Malformed, match="time"):
        apply_pax(parse(header("a")), {b"mtime": value})


def test_that_pax_records_speak_for_their_header() -> None:
    found = parse(header("a", 1))
    records = {
        b"path": b"long/\xff",
        b"linkpath": b"to",
        b"size": b"12",
        b"uid": b"4000000000",
        b"gid": b"7",
        b"mtime": b"-12.75",
        b"SCHILY.xattr.user.x": b"\0\1",
    }
    apply_pax(found, records)
    assert (found.name, found.link, found.size, found.uid, found.gid, found.mtime) == (
        b"long/\xff", b"to", 12, 4_000_000_000, 7, -12,
    )  # fmt: skip


def test_that_the_real_size_of_a_sparse_file_is_kept_apart_from_what_is_stored() -> None:
    found = parse(header("GNUSparseFile.0/x", 512))
    apply_pax(found, {b"GNU.sparse.name": b"x", b"GNU.sparse.realsize": b"60000000000"})
    assert (found.name, found.size, found.logical) == (b"x", 512, 60_000_000_000)
