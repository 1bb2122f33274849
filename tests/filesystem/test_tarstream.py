"""The walk over a tar: members, payloads, ends, and every kind of damage with its offset."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from explorer.errors import DamagedInput, EngineLost
from explorer.filesystem.tarstream import CHUNK, Chunks, MemberStream, TarStream, members
from tests.filesystem.tars import END, Held, entry, header, pax, tar
from tests.support.archives import digest


def stream(data: bytes, step: int = CHUNK) -> TarStream:
    return TarStream(Chunks(Held(data, step)))


def listing(found: TarStream) -> list[tuple[bytes, bytes, int, int]]:
    """Name, kind, size and payload offset of all members."""
    rows = []
    while (member := found.next_member()) is not None:
        rows.append((member.name, member.kind, member.size, member.data_offset))
    return rows


def damage(data: bytes) -> tuple[list[bytes], str, int]:
    """The members before the damage, what is said of it, and where it is."""
    found = stream(data)
    names: list[bytes] = []

    def walk() -> None:
        while (member := found.next_member()) is not None:
            names.append(member.name)

    with pytest.raises(DamagedInput) as caught:
        walk()
    return names, caught.value.message, caught.value.offset


@pytest.mark.parametrize("step", [1, 511, 513, 4096, CHUNK])
def test_that_pieces_of_any_length_give_the_same_members(step: int) -> None:
    data = tar(
        entry("a", b"x" * 700), entry("d/", kind=b"5"), pax((b"path", b"p" * 300)), entry("b", b"y")
    )
    found = stream(data, step)
    assert listing(found) == [
        (b"a", b"0", 700, 512),
        (b"d/", b"5", 0, 2048),
        (b"p" * 300, b"0", 1, 3584),
    ]
    assert (found.ended, found.offset) == ("blocks", len(data))


def test_that_payloads_over_several_chunks_come_whole() -> None:
    data = bytes(range(256)) * 12_000
    found = stream(tar(entry("small", b"s"), entry("big", data), entry("after", b"z")))
    assert found.next_member() is not None
    part = found.whole_payload()
    assert part is not None
    assert bytes(part) == b"s"
    assert found.next_member() is not None
    assert found.whole_payload() is None
    assert b"".join(map(bytes, found.payload())) == data
    assert listing(found) == [(b"after", b"0", 1, 512 * 3 + len(data) + 512 + -len(data) % 512)]


def test_that_kinds_without_payload_have_none_whatever_their_size_says() -> None:
    rows = [header(f"{kind}", 5000, f"{kind}".encode(), link=b"x") for kind in range(1, 7)]
    found = listing(stream(tar(*rows, entry("after", b"1"))))
    assert [(name, size) for name, _, size, _ in found] == [
        *((f"{kind}".encode(), 0) for kind in range(1, 7)),
        (b"after", 1),
    ]


def test_that_only_old_headers_name_a_directory_by_its_slash() -> None:
    found = listing(stream(tar(header("old/", 512, b"\0"), entry("new/", b"x" * 512), entry("z"))))
    assert [(name, kind, size) for name, kind, size, _ in found] == [
        (b"old/", b"5", 0),
        (b"new/", b"0", 512),
        (b"z", b"0", 0),
    ]


def test_that_a_gnu_long_name_counts_before_a_pax_path() -> None:
    long = entry("././@LongLink", b"long" * 50 + b"\0", b"L")
    link = entry("././@LongLink", b"to" * 100 + b"\0", b"K")
    found = stream(tar(pax((b"path", b"pax")), long, link, entry("short", kind=b"2", link=b"x")))
    member = found.next_member()
    assert member is not None
    assert (member.name, member.header.link) == (b"long" * 50, b"to" * 100)


def test_that_extended_headers_speak_for_one_member_only() -> None:
    found = listing(
        stream(tar(pax((b"path", b"p"), (b"size", b"3")), entry("a", b"123"), entry("b")))
    )
    assert [(name, size) for name, _, size, _ in found] == [(b"p", 3), (b"b", 0)]


def test_that_a_global_header_cannot_move_what_follows() -> None:
    records = ((b"size", b"9999"), (b"path", b"evil"), (b"uid", b"77"), (b"comment", b"x"))
    found = stream(tar(pax(*records, kind=b"g"), entry("a", b"123")))
    member = found.next_member()
    assert member is not None
    assert (member.name, member.size, member.header.uid) == (b"a", 3, 77)
    assert found.next_member() is None


@pytest.mark.parametrize(
    ("ending", "how", "offset"),
    [(END, "blocks", 2048), (b"", "bare", 1024), (bytes(512), "bare", 1536)],
)
def test_that_the_end_tells_how_it_ended(ending: bytes, how: str, offset: int) -> None:
    found = stream(entry("a", b"x") + ending)
    assert len(listing(found)) == 1
    assert (found.ended, found.offset) == (how, offset)


def test_that_what_follows_the_end_is_drained_not_read() -> None:
    data = tar(entry("a")) + entry("hidden") + b"junk"
    found = stream(data)
    assert len(listing(found)) == 1
    found.drain()
    assert found.offset == len(data)


_A = entry("a", b"x")


@pytest.mark.parametrize(
    ("data", "names", "what", "offset"),
    [
        (_A + b"\1" * 512, [b"a"], "whose checksum is wrong", 1024),
        (_A + header("b")[:100], [b"a"], "it ends inside a header", 1024),
        (_A + header("b", 700) + b"half", [b"a", b"b"], "it ends inside a file, 696 bytes too early", 1540),
        (_A + bytes(512) + _A, [b"a"], "one empty block, then something else", 1024),
        (_A + header("b", b"\xff" * 12), [b"a"], "a size that cannot be", 1024),
        (_A + header("L", 1 << 31, b"L"), [b"a"], "an extended header of 2147483648 bytes", 1024),
        (_A + header("x", 700, b"x") + b"10 path=a\n", [b"a"], "it ends inside an extended header", 1546),
        (_A + pax((b"size", b"-5")) + _A, [b"a"], "not a usable number", 2048),
        (_A + entry("x", b"99 path=a\n", b"x") + _A, [b"a"], "whose length is wrong", 1024),
        (_A + header("S", kind=b"S", tail=bytes(29) + b"\1" + bytes(29)), [b"a"], "it ends inside a sparse map", 1024),
    ],
)  # fmt: skip
def test_that_damage_is_named_with_its_place(
    data: bytes, names: list[bytes], what: str, offset: int
) -> None:
    found_names, message, found_offset = damage(data)
    assert found_names == names
    assert what in message
    assert found_offset == offset


def test_that_a_sparse_map_without_an_end_is_refused() -> None:
    head = header("s", kind=b"S", tail=bytes(29) + b"\1" + bytes(29))
    _, message, _ = damage(head + (bytes(504) + b"\1" + bytes(7)) * 60_000)
    assert "a sparse map without an end" in message


def test_that_three_thousand_long_names_in_a_row_are_one_name() -> None:
    chain = b"".join(entry("L", b"name %d\0" % n, b"L") for n in range(3000))
    assert [row[0] for row in listing(stream(chain + _A + END))] == [b"name 2999"]


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        ({"errorDetail": {"message": "no space"}, "error": "x"}, "no space"),
        ({"error": "gone\x1b[31m"}, "gone\\x1b[31m"),
        ({"message": "500"}, "500"),
        ({"errorDetail": {"message": "long " * 300}}, "long long"),
    ],
)
def test_that_an_engines_error_in_the_stream_is_told(tail: dict[str, object], said: str) -> None:
    names, message, offset = damage(_A + json.dumps(tail).encode())
    assert (names, offset) == ([b"a"], 1024)
    assert message.startswith(f"the engine stopped with: {said}")


@pytest.mark.parametrize("before", [0, 700, CHUNK - 1024, CHUNK, 3 * CHUNK + 77])
def test_that_an_engines_error_in_the_middle_of_a_file_is_told(before: int) -> None:
    text = b'{"errorDetail":{"message":"disk failed"},"error":"disk failed"}\r\n'
    data = header("big", 9_000_000) + b"x" * before
    assert damage(data + text) == ([b"big"], "the engine stopped with: disk failed", len(data))


def test_that_a_cut_file_that_holds_such_text_is_a_cut_file() -> None:
    text = b'{"errorDetail":5} and more'
    _, message, _ = damage(header("big", 9_000_000) + text)
    assert "it ends inside a file" in message


@pytest.mark.parametrize("tail", [b"{}", b'{"error":5}', b'{"a":' * 90_000, b"{" + b"\xff" * 600])
def test_that_other_text_in_the_stream_is_plain_damage(tail: bytes) -> None:
    names, message, _ = damage(_A + tail)
    assert names == [b"a"]
    assert "engine" not in message


def test_that_the_digest_covers_all_bytes_whatever_was_parsed() -> None:
    data = tar(_A) + b"tail" * 1_000_000
    for algorithm in ("sha256", "sha512"):
        chunks = Chunks(Held(data, 70_000), algorithm=algorithm)
        TarStream(chunks).drain()
        assert f"{algorithm}:{chunks.close()}" == digest(data, algorithm)


@pytest.mark.parametrize(
    "make", [lambda: EngineLost("the engine went away"), lambda: DamagedInput("bad CRC")]
)
def test_that_what_came_before_a_failure_is_read_first(
    make: Callable[[], EngineLost | DamagedInput],
) -> None:
    failure = make()
    found = TarStream(Chunks(Held(_A + header("b")[:77], failure=failure)))
    assert found.next_member() is not None
    with pytest.raises(type(failure), match=failure.message):
        found.next_member()


def test_that_bytes_are_counted_once_as_they_come() -> None:
    counts: list[int] = []
    data = tar(entry("a", bytes(3_000_000)))
    TarStream(Chunks(Held(data), on_bytes=counts.append)).drain()
    assert sum(counts) == len(data)
    assert max(counts) <= CHUNK


def test_that_members_of_an_outer_archive_are_streams() -> None:
    data = tar(entry("one", b"1" * 1500), entry("two", b"2"))
    got = []
    for item in members(Held(data)):
        buffer = memoryview(bytearray(1000))
        first = item.readinto(buffer)
        got.append((item.member.name, first))
    assert got == [(b"one", 1000), (b"two", 1)]


def test_that_a_member_stream_ends_with_its_payload() -> None:
    found = stream(tar(entry("one", b"abc"), entry("two", b"def")))
    member = found.next_member()
    assert member is not None
    part = MemberStream(found, member)
    buffer = memoryview(bytearray(10))
    assert [part.readinto(buffer), part.readinto(buffer)] == [3, 0]
    assert bytes(buffer[:3]) == b"abc"
