"""What the reader reads from: a stream of bytes, and an image whose layers can be had one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.image.model import Image
from explorer.task import Task


class ByteSource(Protocol):
    """A stream of bytes that is read once, from its beginning."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the front of `buffer` and return the count, 0 at the end; may raise ExplorerError or Cancelled."""


class ImageSource(Protocol):
    """An image bound to its ID; close() when done."""

    image: Image
    via: str  # "archive", "export", "direct-overlay2" or "direct-containerd"; final after read_layers
    problems: list[str]  # notes for people: missing layers, fallbacks taken

    def read_layers(
        self,
        task: Task,
        store: LayerStore,
        wanted: Collection[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> None:
        """Read the layers with these indexes, in any order; complete ones go into the store, each to `on_layer`.

        A layer that is cut off comes with complete=False and its problem; one that cannot be had at all is only noted.
        Raises ExplorerError when nothing further can be read.
        """

    def read_payload(
        self,
        task: Task,
        layer: int,
        path: bytes,
        data_offset: int,
        size: int,
        sink: Callable[[memoryview], None],
    ) -> None:
        """Stream one regular file's payload out of one layer; `data_offset` counts in the uncompressed tar."""

    def close(self) -> None:
        """Free what is held: files, connections, containers."""
