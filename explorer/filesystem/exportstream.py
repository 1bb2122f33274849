"""One pass over a saved image that cannot be searched: an engine's export, or an archive compressed as a whole.

manifest.json comes last, so which member is which layer is not known while it passes: every member that looks like a
layer is read, and its sha256 says which one it is. Small JSON members are kept, all else is passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from explorer.errors import DamagedInput, EngineLost, ExplorerError, LimitExceeded
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.compression import decompressed, sniff
from explorer.filesystem.contents import (
    MEMBERS_LIMIT,
    Part,
    Watched,
    fill,
    follow,
    link_path,
    member_name,
    too_many_members,
)
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.layerbuilder import clean_path
from explorer.filesystem.reading import read_layer, wrong_digest
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarheader import BLOCK, checksum_holds
from explorer.filesystem.tarstream import Chunks, Member, MemberStream, TarStream
from explorer.image.config import JSON_LIMIT
from explorer.image.layout import Blob, FoundImage, blob_name, find_images
from explorer.image.model import Image
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

# What all kept JSON members may have together.
_TEXTS_LIMIT = 64 << 20
_BLOB_NAME = re.compile(r"blobs/(sha256|sha512)/([0-9a-f]{64,128})")

Expected = Callable[[str], str | None]
OnLayer = Callable[[str, LayerIndex], bool]


@dataclass(eq=False)
class Export:
    """What one pass found (image.layout.Contents); `layers` are the indexes by member name.

    `failure` says why the stream ended where it should not, `ends_early` the byte where, -1 if it is whole.
    """

    title: str
    texts: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    layers: dict[str, LayerIndex] = field(default_factory=dict)
    failure: ExplorerError | None = None
    ends_early: int = -1

    def names(self) -> Collection[str]:
        return self.sizes.keys() | self.links.keys()

    def resolve(self, name: str) -> str:
        return follow(name, self.links, self.sizes)

    def size(self, name: str) -> int:
        return self.sizes[name]

    def text(self, name: str) -> bytes:
        if name in self.texts:
            return self.texts[name]
        shown = display_text(name, 100)
        if self.sizes[name] > JSON_LIMIT:
            raise LimitExceeded(
                tr("{what} has {bytes} bytes; at most {limit} are read.", what=shown, bytes=self.sizes[name], limit=JSON_LIMIT),
                tr("No image tool writes such a file; do not trust this image."),
            )  # fmt: skip
        raise DamagedInput(
            tr("{what} cannot be used: {reason}.", what=shown, reason=tr("it is not JSON")),
            tr("The image was not written by an image tool, or it is damaged. Save it again."),
        )


def scan_export(
    task: Task,
    source: ByteSource,
    title: str,
    *,
    on_layer: OnLayer | None,
    expected: Expected = lambda _name: "",
) -> Export:
    """Read a stream to its end and return what it holds; damage ends the pass, it is not raised.

    Each member that looks like a layer is indexed and handed to `on_layer` with its name; True ends the pass early.
    Without `on_layer` layers are passed over. `expected` gives the diff_id that a member's name promises, "" if it
    promises none, None if the member need not be read. Raises LimitExceeded, Cancelled and what the source raises,
    but for EngineLost.
    """
    export = Export(title)
    stream = TarStream(Chunks(Watched(source, task)))
    try:
        while (member := stream.next_member()) is not None:
            name = _note(export, member)
            if member.is_regular and _visit(
                task, export, name, MemberStream(stream, member), on_layer, expected
            ):
                return export
            stream.skip_payload()
    except (DamagedInput, EngineLost) as error:
        export.failure, export.ends_early = error, stream.offset
    else:
        if stream.ended == "bare":
            export.ends_early = stream.offset
    return export


def place_layers(export: Export, blobs: Mapping[int, Blob]) -> Iterator[tuple[int, LayerIndex]]:
    """Each layer's number with its index, found by its member or by its digest.

    A layer whose digest is another one comes incomplete; so does the only one left when one was cut off.
    """
    by_digest = {index.diff_id: index for index in export.layers.values() if index.complete}
    left: list[int] = []
    for number, blob in sorted(blobs.items()):
        index = by_digest.get(blob.diff_id) or export.layers.get(blob.member)
        if index is not None:
            yield number, as_layer(index, blob.diff_id)
        elif blob.unplaced:
            left.append(number)
    damaged = [index for index in export.layers.values() if not index.complete]
    if len(left) == len(damaged) == 1:
        yield left[0], as_layer(damaged[0], blobs[left[0]].diff_id)


def as_layer(index: LayerIndex, diff_id: str) -> LayerIndex:
    """`index` as the layer `diff_id`; incomplete, and saying so, when its digest is another one."""
    if index.diff_id == diff_id:
        return index
    problems = index.problems
    if index.complete:
        problems += (wrong_digest(index.diff_id, diff_id),)
    return replace(index, diff_id=diff_id, complete=False, verified="", problems=problems)


def read_export(
    task: Task,
    source: ByteSource,
    image: Image,
    store: LayerStore,
    wanted: Collection[int],
    on_layer: Callable[[int, LayerIndex], None],
) -> list[str]:
    """Read the layers `wanted` (indexes into image.layers) out of an engine's `docker save` stream of this image.

    Complete ones go into the store, each to `on_layer` as soon as it is known; the pass ends with the last one.
    Returns notes for people: layers that did not come, how the stream ended. Memory holds no payloads. Raises
    EngineLost, after all that came was handed over.
    """
    numbers: dict[str, list[int]] = {}
    for number in wanted:
        numbers.setdefault(image.layers[number].diff_id, []).append(number)
    others = {layer.diff_id for layer in image.layers} - numbers.keys()
    missing = dict(numbers)
    spare: dict[str, LayerIndex] = {}

    def take(name: str, index: LayerIndex) -> bool:
        if index.complete and index.diff_id in missing:
            kept = store.put(index)
            for number in missing.pop(index.diff_id):
                on_layer(number, kept)
        elif not index.complete or index.diff_id not in others | numbers.keys():
            spare[name] = index
        return not missing

    def expected(name: str) -> str | None:
        promised = promised_digest(name)
        return None if promised in others else promised if promised in numbers else ""

    export = scan_export(task, source, tr("The engine's export"), on_layer=take, expected=expected)
    export.layers = spare
    blobs = {n: _blob_of(export, image, n) for group in missing.values() for n in group}
    for number, index in place_layers(export, blobs):
        blobs.pop(number)
        on_layer(number, index)
    if isinstance(export.failure, EngineLost):
        raise export.failure
    return [*_ending(export), *(_absent(image, number) for number in sorted(blobs))]


def promised_digest(name: str) -> str:
    """The digest in the name of a blob, "" when it has none; of a compressed layer it is not the diff_id."""
    match = _BLOB_NAME.fullmatch(name)
    return f"{match[1]}:{match[2]}" if match else ""


def _note(export: Export, member: Member) -> str:
    name = member_name(member.name)
    if len(export.sizes) + len(export.links) >= MEMBERS_LIMIT:
        raise too_many_members(export.title)
    if member.kind in b"12":
        export.links[name] = link_path(
            name, os.fsdecode(member.header.link), hard=member.kind == b"1"
        )
    elif member.is_regular:
        export.sizes[name] = member.size
    return name


def _visit(
    task: Task,
    export: Export,
    name: str,
    payload: MemberStream,
    on_layer: OnLayer | None,
    expected: Expected,
) -> bool:
    """Keep a small JSON member, index a layer, pass over all else; whether the pass may end."""
    size = payload.member.size
    part = Part(payload)
    head = part.peek(min(size, BLOCK))
    # A layer whose first name begins with such a letter ("node_modules/") is no JSON.
    if head.lstrip()[:1] in (b"{", b"[", b"n") and size <= JSON_LIMIT and not _is_header(head):
        _keep_text(export, name, part, size)
    elif on_layer is not None and _looks_like_layer(name, head, size):
        promised = expected(name)
        if promised is not None:
            index = read_layer(task, decompressed(part), diff_id=promised, bare_end=True)
            return on_layer(name, index)
    return False


def _keep_text(export: Export, name: str, part: Part, size: int) -> None:
    if sum(map(len, export.texts.values())) + size > _TEXTS_LIMIT:
        return
    data = bytearray(size)
    if fill(part, memoryview(data)) == size:
        export.texts[name] = bytes(data)


def _looks_like_layer(name: str, head: bytes, size: int) -> bool:
    """A tar, an empty one (zero bytes, or none at all), or a compressed stream."""
    if not size:
        return promised_digest(name) != "" or name.endswith((".tar", ".tar.gz"))
    if sniff(head):
        return True
    return _is_header(head) or (len(head) == BLOCK and not any(head))


def _is_header(head: bytes) -> bool:
    return len(head) == BLOCK and checksum_holds(head)


def _blob_of(export: Export, image: Image, number: int) -> Blob:
    """Where the archive's own list says that a layer is; the list may be missing."""
    diff_id = image.layers[number].diff_id
    try:
        found = next((item for item in find_images(export) if _same(item, image)), None)
    except ExplorerError:
        found = None
    member = found.blobs[number].member if found else export.resolve(blob_name(diff_id))
    return Blob(member, diff_id, unplaced=not member)


def _same(found: FoundImage, image: Image) -> bool:
    return [blob.diff_id for blob in found.blobs] == [layer.diff_id for layer in image.layers]


def _ending(export: Export) -> Iterator[str]:
    if export.failure is not None:
        yield tr(
            "{file} ends early, at byte {offset}: {reason}.",
            file=export.title,
            offset=export.ends_early,
            reason=export.failure.message,
        )
    elif export.ends_early >= 0:
        yield tr(
            "{file} ends early, at byte {offset}.", file=export.title, offset=export.ends_early
        )


def _absent(image: Image, number: int) -> str:
    return tr(
        "Layer {number} ({digest}) did not arrive.",
        number=number,
        digest=image.layers[number].diff_id,
    )


def open_member(source: ByteSource, wanted: str) -> ByteSource:
    """One regular member of a streamed archive from its beginning; raises DamagedInput when it does not come."""
    stream = TarStream(Chunks(source))
    while (member := stream.next_member()) is not None:
        if member.is_regular and member_name(member.name) == wanted:
            return MemberStream(stream, member)
    raise DamagedInput(
        tr("{name} is not in the archive any more.", name=display_text(wanted, 100)),
        tr("Open it again."),
    )


def payload_offset(source: ByteSource, path: bytes) -> int:
    """Where the last regular file at `path` starts in an uncompressed layer, -1 if there is none."""
    stream = TarStream(Chunks(source))
    wanted, found = clean_path(path), -1
    while (member := stream.next_member()) is not None:
        if member.is_regular and clean_path(member.name) == wanted:
            found = member.data_offset
    return found
