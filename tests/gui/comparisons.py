"""Two images that differ in every way there is, for the tests of the Compare page."""

from __future__ import annotations

from dataclasses import replace

from explorer.compare.comparison import Comparison, compare
from explorer.compare.startup import StartTime, StartUp
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.binary import ImageBinary
from explorer.gobinary.binary import GO, GoBinary
from explorer.gobinary.buildinfo import Module
from explorer.gobinary.packages import Package, Remainder
from explorer.image.model import Config
from tests.gui.inputs import HOSTILE_NAMES
from tests.support.layers import Entry, directory, file, image, layer, symlink, whiteout

_ODD = tuple(file(b"srv/" + name, 100 + n) for n, name in enumerate(HOSTILE_NAMES))
SHARED = "sha256:" + "11" * 32
BEFORE: tuple[Entry, ...] = (
    file("usr/local/go/bin/go", 5_000_000, mode=0o755),
    file("usr/lib/libc.so", 900_000),
    file("bin/sh", 50_000, mode=0o755),
    file("etc/motd", content="hello"),
    file("etc/mode", content="same content"),
    file("old/data", content="moved data" * 40),
    file("app/server", 300_000, mode=0o755),
    directory("gone/empty"),
    symlink("etc/link", "a"),
    *_ODD,
)
AFTER: tuple[Entry, ...] = (
    file("usr/lib/libc.so", 950_000),
    file("etc/motd", content="hello, world"),
    file("etc/mode", content="same content", mode=0o600),
    file("new/data", content="moved data" * 40),
    file("server", 200_000, mode=0o755),
    symlink("etc/link", "b"),
)


def program(
    path: str, digest: str, size: int, version: str, **packages: int
) -> tuple[ImageBinary, GoBinary]:
    """A Go executable with these bytes by package, the rest debug information."""
    held = ImageBinary(
        row=0, path=path, layer=0, size_bytes=size, go_version=version, module="example.com/app",
        cgo_enabled=False, static=True, interpreter="", stripped=False, symbol_bytes=0, dwarf_bytes=0,
        removable_bytes=0, upx=False, digest=digest,
    )  # fmt: skip
    parts = tuple(Package(name, "example.com/app", "main", n, 0) for name, n in packages.items())
    binary = GoBinary(
        path=path, size_bytes=size, state=GO, format="elf", arch="amd64", bits=64, go_version=version,
        dependencies=(Module("github.com/a/b", f"v{version}"),), settings={"-ldflags": version},
        packages=parts, unattributed=(Remainder("debug", size - sum(packages.values())),),
    )  # fmt: skip
    return held, binary


def analysed(*entries: tuple[Entry, ...], config: Config | None = None, name: str = "") -> Analysis:
    """An image of these layers, the first of them shared by all."""
    base = layer(file("base/file", 1000), diff_id=SHARED)
    own = [
        layer(*item, diff_id=f"sha256:{number + 2:02x}{name.encode().hex():0<62}")
        for number, item in enumerate(entries)
    ]
    described, layers = image(base, *own, config=config)
    if name:
        described = replace(described, tags=(name,), id="sha256:" + name[-1] * 64)
    return analyse(described, layers)


def everything() -> Comparison:
    """Files of every state, a deleted file, a moved program, settings, start-up times."""
    one, first = program("/app/server", "aa", 300_000, "1.26", main=90_000, fmt=60_000)
    other, second = program("/server", "bb", 200_000, "1.27", main=80_000, net=30_000)
    a = analysed(
        BEFORE,
        (whiteout("old/none"), file("tmp/x", 7000)),
        config=Config(user="", env=("MODE=debug",)),
        name="shop:a",
    )
    b = analysed(AFTER, config=Config(user="1000", env=("MODE=release",)), name="shop:b")
    a, b = replace(a, go_binaries=(one,)), replace(b, go_binaries=(other,))
    times = [
        StartTime(0.02 * n, 0.018 * n, 0.022 * n, 20, "m", "2026-11-23T10:11:12Z") for n in (2, 1)
    ]
    return compare(a, b, {"aa": first, "bb": second}, StartUp(times[0], times[1]))
