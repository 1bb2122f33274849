"""An image with every kind of entry and the worst names there are."""

from __future__ import annotations

from explorer.findings.analysis import Analysis, analyse
from tests.support.layers import directory, file, hardlink, image, layer, symlink, whiteout

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00"
# Names that a file system may hold and a window must survive.
HOSTILE_NAMES = (
    b"<img src=zero><b>bold.txt",
    b"\xff\xfe not utf-8",
    b"line\nbreak\ttab\x1b[31mred",
    "\u202egnp.exe".encode(),
    b"=HYPERLINK(1)",
    b"&amp; && R&D",
    b"x" * 900,
    "镜像".encode(),
)


def everything() -> Analysis:
    """Three layers: files of every state, links, a removed folder, hostile names."""
    odd = [file(b"srv/" + name, 100 + n) for n, name in enumerate(HOSTILE_NAMES)]
    base = layer(
        directory("usr/bin"),
        file("usr/bin/app", 5_000_000, head=ELF, mode=0o755, mtime=1_700_000_000),
        file("usr/share/doc/manual", 40_000),
        file("etc/motd", content="hello"),
        file("etc/empty", content=""),
        hardlink("usr/bin/alias", "usr/bin/app"),
        symlink("etc/link", b"../usr/\xff<b>"),
        *odd,
    )
    second = layer(
        file("etc/motd", content="hello, world"),
        file("opt/motd", content="hello, world"),
        whiteout("usr/share/doc"),
    )
    third = layer(file("etc/motd", content="hello, world", mode=0o600))
    steps = (
        "ADD rootfs.tar /",
        "RUN set -x \\\n && rm -r <b>/usr/share/doc</b>",
        "RUN chmod 600 /etc/motd",
    )
    described, layers = image(base, second, third, created_by=steps)
    return analyse(described, layers)
