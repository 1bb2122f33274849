"""Reads one layer's tar into a LayerIndex: headers, content digests and first bytes in one pass, proved by the layer's digest."""

from __future__ import annotations

from collections.abc import Callable

from xxhash import xxh3_128, xxh3_128_digest

from explorer.errors import DamagedInput, EngineLost, LimitExceeded
from explorer.filesystem.layer import HEAD_BYTES, Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarheader import BLOCK
from explorer.filesystem.tarstream import CHUNK, Chunks, Member, TarStream
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name

# At some 700 bytes an entry, index, union and findings together, this many still fit into a worker (sandbox.MEMORY_LIMIT).
MEMBERS_LIMIT = 4_000_000
_NO_DIGEST = bytes(16)
# Members that one chunk can hold.
_RUN_LIMIT = CHUNK // BLOCK
_KINDS = {
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER,
    b"4": Kind.BLOCK,
    b"5": Kind.DIRECTORY,
    b"D": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
# What a diff_id may begin with (image.config.DIGEST).
_ALGORITHMS = ("sha256:", "sha512:")


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

    It is complete and verified ("digest") when the tar reads well-formed to its end and its digest is `diff_id`; with
    no `diff_id` its sha256 is filled in. A tar without end blocks is complete only if a given digest proves it,
    or with `bare_end`: then the caller compares the computed digest with those the image names.
    With `expect_prefix` (a folder's name) names lose that first component and character devices 0:0 are whiteouts, as
    overlay2 has them; with verify=False nothing is hashed and the caller proves completeness. `on_bytes` gets the
    count of each chunk of up to 1 MiB. Raises Cancelled.
    """
    algorithm = diff_id.partition(":")[0] if diff_id.startswith(_ALGORITHMS) else "sha256"
    chunks = Chunks(source, algorithm=algorithm if verify else "", on_bytes=on_bytes)
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
    computed = f"{algorithm}:{digest}" if digest else ""
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
    if computed and diff_id and computed != diff_id:
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
    while True:
        task.checkpoint()
        if len(builder) + _RUN_LIMIT <= MEMBERS_LIMIT and _add_run(stream, builder, prefix):
            continue
        member = stream.next_member()
        if member is None:
            return
        if len(builder) >= MEMBERS_LIMIT:
            raise LimitExceeded(
                tr("It has more than {n} entries; the rest is left out.", n=MEMBERS_LIMIT)
            )
        if prefix and _from_folder(builder, member, prefix):
            continue
        kind = _KINDS.get(member.kind)
        if kind is None:
            _file(stream, builder, member)
            continue
        header = member.header
        link = header.link if kind in (Kind.HARDLINK, Kind.SYMLINK) else b""
        builder.add(member.name, kind, header.mode, header.uid, header.gid, header.mtime, link=link)


def _add_run(stream: TarStream, builder: LayerBuilder, prefix: bytes) -> bool:
    """Take many plain files and directories at once, where the tar has them."""
    found = stream.plain_run()
    if found is None:
        return False
    run, chunk, base = found
    for name, is_directory, mode, uid, gid, mtime, size, start, head in run.rows():
        path = _without_prefix(name, prefix) if prefix else name
        if is_directory:
            builder.add(path, Kind.DIRECTORY, mode, uid, gid, mtime)
            continue
        digest = xxh3_128_digest(chunk[start : start + size])[::-1] if size else _NO_DIGEST
        offset = -1 if prefix else base + start
        builder.add(path, Kind.FILE, mode, uid, gid, mtime, size, offset, digest, head)
    return True


def _file(stream: TarStream, builder: LayerBuilder, member: Member) -> None:
    """One regular file: its payload is hashed as it passes."""
    part = stream.whole_payload()
    if part is not None:
        digest = xxh3_128_digest(part)[::-1]
        _add_file(builder, member, len(part), digest, bytes(part[:HEAD_BYTES]))
    elif member.size:
        _long_file(stream, builder, member)
    else:
        _add_file(builder, member, 0, _NO_DIGEST, b"")
    if member.size and not member.is_regular:
        builder.problem(
            tr("{name} is of an unknown kind and counts as a file.", name=display_name(member.name))
        )


def _long_file(stream: TarStream, builder: LayerBuilder, member: Member) -> None:
    """A payload that comes in parts; what a cut leaves of it is kept."""
    hasher, head, size = xxh3_128(), b"", 0
    try:
        for part in stream.payload():
            if len(head) < HEAD_BYTES:
                head += bytes(part[: HEAD_BYTES - len(head)])
            hasher.update(part)
            size += len(part)
    finally:
        _add_file(builder, member, size, hasher.digest()[::-1] if size else _NO_DIGEST, head)


def _add_file(builder: LayerBuilder, member: Member, size: int, digest: bytes, head: bytes) -> None:
    header = member.header
    builder.add(
        member.name,
        Kind.FILE,
        header.mode,
        header.uid,
        header.gid,
        header.mtime,
        size,
        member.data_offset,
        digest,
        head,
        logical=header.logical,
    )


def _from_folder(builder: LayerBuilder, member: Member, prefix: bytes) -> bool:
    """Make a member of an engine's stream of a folder one of the layer's own; True when it was a whiteout."""
    header = member.header
    member.name = _without_prefix(member.name, prefix)
    member.data_offset = -1  # offsets in this stream say nothing about the layer's own tar
    if member.kind == b"1":
        header.link = _without_prefix(header.link, prefix)
    if member.kind == b"3" and header.major == 0 and header.minor == 0:
        builder.whiteout(member.name.strip(b"/"))
        return True
    return False


def _without_prefix(name: bytes, prefix: bytes) -> bytes:
    tidy = name.lstrip(b"./")
    if tidy.rstrip(b"/") == prefix:
        return b"."
    return tidy[len(prefix) + 1 :] if tidy.startswith(prefix + b"/") else name
