"""Reads one layer's tar into a LayerIndex: headers, content digests and first bytes in one pass, proved by sha256."""

from __future__ import annotations

from collections.abc import Callable

import xxhash

from explorer.errors import DamagedInput, EngineLost, LimitExceeded
from explorer.filesystem.layer import HEAD_BYTES, Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarstream import Chunks, Member, TarStream
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name

MEMBERS_LIMIT = 10_000_000
_KINDS = {
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER,
    b"4": Kind.BLOCK,
    b"5": Kind.DIRECTORY,
    b"D": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
_SHA256 = "sha256:"


def read_layer(
    task: Task,
    source: ByteSource,
    *,
    diff_id: str = "",
    expect_prefix: bytes = b"",
    on_bytes: Callable[[int], None] | None = None,
    verify: bool = True,
    bare_end: bool = False,
) -> LayerIndex:
    """The index of the uncompressed tar in `source`; damage does not raise, it makes the index incomplete.

    It is complete and verified ("digest") when the tar reads well-formed to its end and its sha256 is `diff_id`; with
    no `diff_id` the computed one is filled in. A tar without end blocks is complete only if a given digest proves it,
    or with `bare_end`: then the caller compares the computed digest with those the image names.
    With `expect_prefix` (a folder's name) names lose that first component and character devices 0:0 are whiteouts, as
    overlay2 has them; with verify=False nothing is hashed and the caller proves completeness. `on_bytes` gets the
    count of each chunk of up to 1 MiB. Raises Cancelled.
    """
    chunks = Chunks(source, hashed=verify, on_bytes=on_bytes)
    stream = TarStream(chunks)
    builder = LayerBuilder()
    problem = ""
    digest = ""
    try:
        _read_members(task, stream, builder, expect_prefix)
        stream.drain()
    except DamagedInput as error:
        problem = tr(
            "It cannot be read beyond byte {n}: {what}.",
            n=error.offset if error.offset >= 0 else stream.offset,
            what=error.message,
        )
    except (LimitExceeded, EngineLost) as error:
        problem = error.message
    finally:
        digest = chunks.close()
    computed = _SHA256 + digest if digest else ""
    if not problem:
        problem = _proof_problem("" if bare_end else stream.ended, diff_id, computed)
    if problem:
        builder.problem(problem)
    return builder.finish(
        diff_id=diff_id or (computed if not problem else ""),
        tar_bytes=stream.offset,
        complete=not problem,
        verified="digest" if computed and not problem else "",
    )


def _proof_problem(ended: str, diff_id: str, computed: str) -> str:
    if computed and diff_id.startswith(_SHA256) and computed != diff_id:
        return wrong_digest(computed, diff_id)
    if ended == "bare" and not (computed and diff_id):
        return tr("It ends without an end mark; it may be cut off.")
    return ""


def wrong_digest(computed: str, expected: str) -> str:
    """What is said of a layer whose bytes have another digest than the image names."""
    return tr(
        "wrong digest: its bytes have {computed}, the image names {expected}",
        computed=computed[:19],
        expected=expected[:19],
    )


def _read_members(task: Task, stream: TarStream, builder: LayerBuilder, prefix: bytes) -> None:
    read = builder.add
    while (member := stream.next_member()) is not None:
        if len(builder) >= MEMBERS_LIMIT:
            raise LimitExceeded(
                tr("It has more than {n} entries; the rest is left out.", n=MEMBERS_LIMIT)
            )
        header, name, link = member.header, member.name, member.header.link
        kind = _KINDS.get(member.kind, Kind.FILE)
        if prefix:
            name = _without_prefix(name, prefix)
            if kind == Kind.HARDLINK:
                link = _without_prefix(link, prefix)
            if kind == Kind.CHARACTER and header.major == 0 and header.minor == 0:
                builder.whiteout(name.strip(b"/"))
                continue
        if kind != Kind.FILE:
            read(
                name,
                kind,
                header.mode,
                header.uid,
                header.gid,
                header.mtime,
                link=link if kind in (Kind.HARDLINK, Kind.SYMLINK) else b"",
            )
            continue
        # Offsets in an engine's stream of a folder say nothing about the layer's own tar.
        _file(stream, builder, member, name, -1 if prefix else member.data_offset)
        task.checkpoint()


def _file(
    stream: TarStream, builder: LayerBuilder, member: Member, name: bytes, data_offset: int
) -> None:
    """One regular file: its payload is hashed as it passes; what a cut leaves of it is kept."""
    header = member.header
    hasher, head, size = xxhash.xxh3_128(), b"", 0
    try:
        for part in stream.payload():
            if not size:
                head = bytes(part[:HEAD_BYTES])
            elif len(head) < HEAD_BYTES:
                head += bytes(part[: HEAD_BYTES - len(head)])
            hasher.update(part)
            size += len(part)
    finally:
        builder.add(
            name,
            Kind.FILE,
            header.mode,
            header.uid,
            header.gid,
            header.mtime,
            size,
            data_offset,
            hasher.intdigest().to_bytes(16, "little") if size else bytes(16),
            head,
            logical=header.logical,
        )
    if size and not member.is_regular:
        builder.problem(
            tr("{name} is of an unknown kind and counts as a file.", name=display_name(name))
        )


def _without_prefix(name: bytes, prefix: bytes) -> bytes:
    tidy = name.lstrip(b"./")
    if tidy.rstrip(b"/") == prefix:
        return b"."
    return tidy[len(prefix) + 1 :] if tidy.startswith(prefix + b"/") else name
