"""Opens an image of a registry and reads all of it, as the analysis does."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.registry.source import RegistrySource, open_registry_image
from explorer.task import Task


def read(
    name: str, platform: str = "", wanted: Collection[int] | None = None
) -> tuple[RegistrySource, dict[int, LayerIndex]]:
    """The image and its layers; the source is closed."""
    layers: dict[int, LayerIndex] = {}
    with closing(open_registry_image(Task(), name, platform)) as source:
        numbers = range(len(source.image.layers)) if wanted is None else wanted
        source.read_layers(Task(), LayerStore(None, 0), numbers, layers.__setitem__)
    return source, layers


def payload(
    source: RegistrySource, layers: dict[int, LayerIndex], number: int, path: bytes
) -> bytes:
    """One file of one layer, read again from the registry."""
    layer = layers[number]
    node = next(node for node in range(len(layer)) if layer.path(node) == path)
    held = bytearray()
    source.read_payload(
        Task(), number, path, int(layer.data_offset[node]), int(layer.size[node]), held.extend
    )
    return bytes(held)


def paths(layer: LayerIndex) -> list[bytes]:
    """All paths of a layer but its root."""
    return sorted(layer.path(node) for node in range(1, len(layer)))
