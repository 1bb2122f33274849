"""Two images of a few hundred bytes that differ in every way there is: so small that every view shows every byte of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from explorer.compare.comparison import Comparison, compare
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.binary import ImageBinary
from explorer.findings.finding import Finding
from explorer.image.model import Config
from tests.gui.comparisons import SHARED, program
from tests.support.layers import Entry, file, hardlink, image, layer, symlink, whiteout

BEFORE: tuple[tuple[Entry, ...], ...] = (
    (file("base/file", 100),),
    (
        file("etc/same", 10),
        file("etc/mode", content="same content"),
        file("etc/grown", 12),
        file("old/moved", content="moved " * 6),
        file("srv/gone", 50),
        file(b"srv/<b>=1+1|`x`\xff", 7),
        file("usr/share/doc/x", 30),
        file("thing", 13),
        file("var/cache/apt/archives/x.deb", 60),
        hardlink("etc/hard", "etc/same"),
        symlink("etc/link", "a"),
    ),
    (whiteout("var/cache/apt/archives/x.deb"), file("usr/share/doc/x", 31)),
)
AFTER: tuple[tuple[Entry, ...], ...] = (
    (file("base/file", 100),),
    (
        file("etc/same", 10),
        file("etc/mode", content="same content", mode=0o600),
        file("etc/grown", 25),
        file("new/moved", content="moved " * 6),
        file("thing/inside", 14),
        file("fresh", 33),
        hardlink("etc/hard", "etc/same"),
        symlink("etc/link", "b"),
    ),
)


def small_pair(*, whole: bool = True) -> Comparison:
    """The pair; unless `whole` the last layer of the first image could not be read."""
    one, first = program("/app/server", "aa", 300, "1.26", main=90, fmt=60)
    other, second = program("/server", "bb", 200, "1.27", main=80, net=30)
    programs = {"aa": first, "bb": second}
    a = _analysed(BEFORE, "shop:a", (one,), Config(), "Go build cache", whole=whole)
    b = _analysed(AFTER, "shop:b", (other,), Config(user="app"), "Shells", whole=True)
    return compare(a, b, programs)


def _analysed(
    layers: tuple[tuple[Entry, ...], ...],
    name: str,
    binaries: tuple[ImageBinary, ...],
    config: Config,
    finding: str,
    *,
    whole: bool,
) -> Analysis:
    made = [
        layer(
            *entries,
            diff_id=SHARED if not place else f"sha256:{place:02}{name.encode().hex():0<62}",
        )
        for place, entries in enumerate(layers)
    ]
    described, indexes = image(*made, config=config)
    described = replace(described, tags=(name,), id="sha256:" + name[-1] * 64)
    problems = [] if whole else ["Layer 2 is damaged."]
    if not whole:
        del indexes[max(indexes)]
    analysis = analyse(described, indexes, problems=problems)
    fields = {"title": finding, "reason": "Because.", "remedy": "Leave it out."}
    found = Finding(
        finding.lower(), "build-cache", 77, 1, np.zeros(0, dtype=np.int32), fields=fields
    )
    return replace(analysis, go_binaries=binaries, findings=(found,))
