"""Names and texts that would be markup, mentions or links wherever a report forgot to make them harmless."""

from __future__ import annotations

from dataclasses import replace

from explorer.compare.comparison import Comparison, compare
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.binary import ImageBinary
from explorer.image.model import Config, Platform
from explorer.units import display_name
from tests.support.layers import Entry, file, image, layer, program, whiteout

NAMES = (
    b"<script>alert(1)<",
    b'"><img src=x onerror=alert(1)>',
    b"' onmouseover='alert(1)",
    b"<svg onload=alert(1)>",
    b"&lt;b&gt;<!--",
    b"a|b`c`|``d",
    b"[x](javascript:alert(1)) ![y](z)",
    b"@everyone #1 GH-2 :tada:",
    b"www.evil.example mailto:a@evil.example",
    b"line\n\n# head\n\r| x |\n",
    b"gpj.\xe2\x80\xaeexe",
    b"\xff\xfe\\n",
    b"=HYPERLINK(1)",
)
TEXTS = (
    *(name.decode("utf-8", "replace") for name in NAMES),
    "</title></style><script>alert(1)</script>",
    "see https://evil.example/x <https://evil.example>",
)


def hostile_analysis(places: str = "srv", tag: str = "") -> Analysis:
    """An image in which every name and every text that people can choose is hostile."""
    entries: list[Entry] = [
        file(places.encode() + b"/" + name, 10_000 + n) for n, name in enumerate(NAMES)
    ]
    described, layers = image(
        layer(*entries, program(b"bin/" + NAMES[0], 50_000)),
        layer(file(places.encode() + b"/" + NAMES[1], 70_000)),
        layer(whiteout(places.encode() + b"/" + NAMES[2])),
        config=Config(
            env=tuple(f"{text}={text}" for text in TEXTS),
            cmd=TEXTS,
            user=TEXTS[0],
            labels={text: text + places for text in TEXTS},
        ),
        created_by=("RUN " + TEXTS[0], "COPY " + TEXTS[5], "RUN rm " + TEXTS[2]),
    )
    described = replace(
        described,
        reference="docker-daemon:" + TEXTS[1],
        tags=(tag or TEXTS[0],),
        platform=Platform("linux", TEXTS[3]),
        created=TEXTS[4],
    )
    made = analyse(described, layers, problems=TEXTS)
    return replace(made, go_binaries=tuple(binary(name, 1000 + n) for n, name in enumerate(NAMES)))


def hostile_comparison() -> Comparison:
    """Two such images with different names."""
    return compare(hostile_analysis(), hostile_analysis("opt", TEXTS[6]))


def binary(path: bytes, size: int) -> ImageBinary:
    """A Go executable whose texts are hostile too."""
    return ImageBinary(
        row=0,
        path="/" + display_name(path),
        layer=0,
        size_bytes=size,
        go_version=TEXTS[0],
        module=TEXTS[1],
        cgo_enabled=False,
        static=True,
        interpreter="",
        stripped=False,
        symbol_bytes=10,
        dwarf_bytes=20,
        removable_bytes=30,
        upx=False,
    )
