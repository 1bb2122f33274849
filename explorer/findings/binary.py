"""What an image's analysis keeps of each Go executable, and the finding about debug information in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.findings.finding import Finding
from explorer.translation import mark

if TYPE_CHECKING:
    from explorer.gobinary.binary import GoBinary

FINDING_ID = "binary-debug-symbols"
# Below this the debug information of a program is not worth a line.
_WORTH_BYTES = 10_000
_TEXTS = {
    "title": mark("Debug symbols in Go executables"),
    "reason": mark("Only debuggers read the symbol tables and debug information in Go executables (files: {count}, the largest {place}): {bytes} bytes. Stack traces of panics do not need them."),
    "remedy": mark('Build with go build -ldflags="-s -w".'),
}  # fmt: skip


@dataclass(frozen=True)
class ImageBinary:
    """One Go executable of an image; `row` is its row of the stack, `layer` the image's layer, sizes in bytes."""

    row: int
    path: str  # as display_name writes it, with a leading slash
    layer: int
    size_bytes: int
    go_version: str
    module: str
    cgo_enabled: bool | None  # None when the program does not say
    static: bool
    interpreter: str
    stripped: bool
    symbol_bytes: int
    dwarf_bytes: int
    removable_bytes: int
    upx: bool
    original_bytes: int = 0  # before UPX packed it, 0 when unknown
    digest: str = ""  # of its content, see gobinary.cache


def image_binary(binary: GoBinary, row: int, layer: int, digest: str) -> ImageBinary:
    """The figures of one executable that an image's analysis keeps."""
    # An analysis that is only shown needs none of this.
    from explorer.gobinary.binary import PACKED

    cgo = binary.settings.get("CGO_ENABLED")
    return ImageBinary(
        row=row,
        path=binary.path,
        layer=layer,
        size_bytes=binary.size_bytes,
        go_version=binary.go_version,
        module=binary.module.path if binary.module else binary.main_package,
        cgo_enabled=None if cgo is None else cgo == "1",
        static=binary.linkage.static,
        interpreter=binary.linkage.interpreter,
        stripped=binary.stripped,
        symbol_bytes=binary.removable.symbol_bytes,
        dwarf_bytes=binary.removable.dwarf_bytes,
        removable_bytes=binary.removable.total_bytes,
        upx=binary.state == PACKED,
        original_bytes=binary.packed.original_bytes if binary.packed else 0,
        digest=digest,
    )


def debug_finding(binaries: Sequence[ImageBinary]) -> Finding | None:
    """One finding for the debug information of all executables; its bytes are parts of files counted elsewhere."""
    carriers = [item for item in binaries if item.removable_bytes >= _WORTH_BYTES]
    if not carriers:
        return None
    carriers.sort(key=lambda item: -item.removable_bytes)
    total = sum(item.removable_bytes for item in carriers)
    layers = {item.layer for item in carriers}
    return Finding(
        id=FINDING_ID,
        category="debug-symbols",
        bytes=total,
        layer=carriers[0].layer if len(layers) == 1 else -1,
        rows=np.array([item.row for item in carriers], dtype=np.int32),
        confidence="high",
        fields={**_TEXTS, "place": carriers[0].path, "count": len(carriers), "bytes": f"{total:,}"},
        overlaps=True,
    )
