"""Well-formed layers and archives, broken in random but repeatable ways; runs in a child process (test_fuzz.py)."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

from explorer.errors import ExplorerError
from explorer.filesystem.archive import open_archive
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.compression import decompressed
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.reading import read_layer
from explorer.filesystem.union import stack_layers
from explorer.task import Task
from tests.filesystem.tars import Held, content
from tests.sandboxed import peak
from tests.support.archives import (
    built,
    compress,
    containerd,
    digest,
    docker_25,
    docker_legacy,
    layer_tar,
    oci,
    pack,
)

_FORMS = ("plain", "plain", "gzip", "gzip-members", "zstd", "bz2", "xz")


def layers(task: Task, seed: int, count: int) -> tuple[list[str], int]:
    """Read `count` broken layers; what went wrong, and the peak memory in bytes."""
    random, wrong = Random(seed), []
    forms = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    plain = [_layer(form) for form in forms]
    originals = [(data, compress(data, form)) for data in plain for form in _FORMS]
    expected = {data: content(read_layer(task, Held(data))) for data in plain}
    for number in range(count):
        task.progress("fuzzing", number, count)
        data, blob = random.choice(originals)
        bad = broken(random, blob)
        try:
            index = read_layer(task, decompressed(Held(bad, 50_000)), diff_id=digest(data))
            stack_layers([index, index])
        except ExplorerError:
            continue
        except Exception as error:  # noqa: BLE001  # what this looks for
            wrong.append(f"{number}: {error!r}")
            continue
        if index.complete and content(index) != expected[data]:
            wrong.append(f"{number}: complete, with other files")
        if not index.complete and not index.problems:
            wrong.append(f"{number}: incomplete without a reason")
    return wrong, peak()


def archives(task: Task, seed: int, count: int) -> tuple[list[str], int]:
    """Open `count` broken archives and read their layers; what went wrong, and the peak memory in bytes."""
    random, wrong = Random(seed), []
    tars = [_layer(tarfile.PAX_FORMAT), layer_tar({"app": b"application" * 700, "etc/b": b"2"})]
    expected = {digest(data): content(read_layer(task, Held(data))) for data in tars}
    image = built(*tars)
    originals = [pack(docker_legacy(image)), pack(docker_25(image)), pack(containerd(image))]
    originals += [pack(oci(image, compression="zstd")), compress(pack(docker_25(image)), "gzip")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.tar"
        for number in range(count):
            task.progress("fuzzing", number, count)
            path.write_bytes(broken(random, random.choice(originals)))
            try:
                found = list(_read(task, path))
            except ExplorerError as error:
                if not error.message:
                    wrong.append(f"{number}: an error without a message")
                continue
            except Exception as error:  # noqa: BLE001  # what this looks for
                wrong.append(f"{number}: {error!r}")
                continue
            wrong += [
                f"{number}: complete, with other files"
                for index in found
                if index.complete and content(index) != expected.get(index.diff_id)
            ]
    return wrong, peak()


def _read(task: Task, path: Path) -> Iterator[LayerIndex]:
    with closing(open_archive(task, path)) as source:
        found: dict[int, LayerIndex] = {}
        wanted = [layer.index for layer in source.image.layers]
        source.read_layers(task, LayerStore.private(), wanted, found.__setitem__)
        yield from found.values()


def _layer(form: int) -> bytes:
    """Files, folders, links, whiteouts, long names: something of everything."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for number in range(12):
            info = tarfile.TarInfo(f"usr/share/{'long-name-' * (number % 9)}/{number}")
            info.size = number * 211
            archive.addfile(info, io.BytesIO(bytes([number]) * info.size))
        for name, kind in (
            ("d", tarfile.DIRTYPE), ("d/s", tarfile.SYMTYPE), ("d/h", tarfile.LNKTYPE),
            ("d/.wh.x", tarfile.REGTYPE), ("d/.wh..wh..opq", tarfile.REGTYPE), ("c", tarfile.CHRTYPE),
        ):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "usr/share/x" if kind in b"12" else ""
            archive.addfile(info)
    return buffer.getvalue()


def broken(random: Random, data: bytes) -> bytes:
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        data = random.choice(_BREAKS)(random, data)
    return data


def _flip(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) or 1)
    return (
        data[:at]
        + bytes(byte ^ (1 << random.randrange(8)) for byte in data[at : at + 1])
        + data[at + 1 :]
    )


def _header_field(random: Random, data: bytes) -> bytes:
    """Change a byte of a header and put its checksum right, so that the reader believes it."""
    at = random.randrange(len(data) // 512 or 1) * 512
    block = bytearray(data[at : at + 512])
    if len(block) < 512 or not any(block):
        return data
    place = random.choice((0, 100, 124, 125, 130, 135, 136, 156, 157, 257, 345, 482, 483))
    block[place] = random.choice((0, 0x20, 0x30, 0x37, 0x80, 0xFF, random.randrange(256)))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return data[:at] + bytes(block) + data[at + 512 :]


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _swap(random: Random, data: bytes) -> bytes:
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    if len(blocks) > 1:
        one, other = random.sample(range(len(blocks)), 2)
        blocks[one], blocks[other] = blocks[other], blocks[one]
    return b"".join(blocks)


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.randbytes(random.choice((1, 100, 512))) + data[at:]


def _remove(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at + random.choice((1, 100, 512)) :]


def _fill(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    length = random.choice((8, 12, 512))
    return (data[:at] + random.choice((b"\0", b"\xff", b"7", b"9")) * length + data[at + length :])[
        : len(data)
    ]


_BREAKS: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip, _header_field, _header_field, _cut, _swap, _insert, _remove, _fill,
)  # fmt: skip
