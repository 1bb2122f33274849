"""Which package a function belongs to, by the name it has in the function table.

Names: cmd/internal/objabi/path.go (escapes), cmd/link "type:", "go:" (1.20+) and "type..", "go." (before) for generated ones.
"""

from __future__ import annotations

import re

import numpy as np

from explorer.gobinary.executable import Damaged
from explorer.translation import mark, tr

GENERATED = mark("(generated)")
ASSEMBLY = mark("(assembly and C)")
# One match a name: what stands before the type arguments, the receiver or an anonymous struct, cut at the first dot
# after its last slash; group 2 is the rest. Possessive throughout, so that no input takes more than linear time.
_NAME = re.compile(
    rb"([^\0.(\[{ /]*+(?:[^\0/(\[{ ]*+/[^\0.(\[{ /]*+)*+)([^\0]*+)(?:\0|\Z)", re.DOTALL
)
_GENERATED = (b"go:", b"type:", b"type..", b"go.", b"runtime.gcbits.")
# terraform has 140,000 names.
_NAMES_LIMIT = 600_000
_ESCAPE = re.compile(rb"%([0-9a-f]{2})")
_INIT_STARTS = (b".init", b".map.init")
_INIT = re.compile(rb"\.(?:map\.)?init(?:\.\d+)?\Z")


def split_names(blob: bytes | memoryview) -> list[tuple[bytes, bytes]]:
    """(package, rest) of each NUL-terminated name, in order; `package` is raw, see package_name.

    Raises Damaged when there are more names than any program has.
    """
    if int(np.count_nonzero(np.frombuffer(blob, dtype=np.uint8) == 0)) > _NAMES_LIMIT:
        raise Damaged
    names: list[tuple[bytes, bytes]] = _NAME.findall(blob)
    # The end of the blob matches once more as an empty name.
    return names[:-1]


def shown_package(name: str) -> str:
    """A package's name for people: that of what has no package is in their language."""
    return tr(name) if name in (GENERATED, ASSEMBLY) else name


def is_init(rest: bytes) -> bool:
    """Whether the rest of a name says that the function runs before main: .init, .init.0, .map.init.0."""
    return rest.startswith(_INIT_STARTS) and _INIT.match(rest) is not None


def package_name(raw: bytes, rest: bytes) -> str:
    """A package's import path; GENERATED and ASSEMBLY for what has none."""
    if (raw + rest[:1]).startswith(_GENERATED):
        return GENERATED
    if not raw or not rest.startswith(b"."):
        return ASSEMBLY
    plain = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw)
    return plain.decode("utf-8", "backslashreplace")
