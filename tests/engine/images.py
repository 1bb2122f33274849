"""Images that an engine stores in every way it can: whiteouts, opaque directories, links, odd names, devices, volumes."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterable

from tests.support.archives import Built, built

Entry = Callable[[tarfile.TarFile], None]


def _raw(name: bytes | str) -> str:
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name


def entry(
    name: bytes | str,
    kind: bytes = tarfile.REGTYPE,
    data: bytes = b"",
    *,
    mode: int = 0o644,
    uid: int = 0,
    gid: int = 0,
    mtime: int = 1_700_000_000,
    link: bytes | str = "",
    device: tuple[int, int] = (0, 0),
    xattrs: dict[str, str] | None = None,
) -> Entry:
    """One member of a layer's tar."""
    info = tarfile.TarInfo(_raw(name))
    info.type, info.size, info.mode, info.mtime = kind, len(data), mode, mtime
    info.uid, info.gid, info.linkname = uid, gid, _raw(link)
    info.devmajor, info.devminor = device
    info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in (xattrs or {}).items()}
    return lambda archive: archive.addfile(info, io.BytesIO(data))


def file(name: bytes | str, data: bytes = b"x", **more: int) -> Entry:
    return entry(name, data=data, **more)  # type: ignore[arg-type]  # numbers only


def folder(name: bytes | str, mode: int = 0o755, uid: int = 0) -> Entry:
    return entry(name, tarfile.DIRTYPE, mode=mode, uid=uid)


def hardlink(name: bytes | str, target: bytes | str, mode: int = 0o644) -> Entry:
    return entry(name, tarfile.LNKTYPE, link=target, mode=mode)


def symlink(name: bytes | str, target: bytes | str) -> Entry:
    return entry(name, tarfile.SYMTYPE, mode=0o777, link=target)


def whiteout(path: str) -> Entry:
    above, _, name = path.rpartition("/")
    return file(f"{above}/.wh.{name}" if above else f".wh.{name}", b"")


def opaque(path: str) -> Entry:
    return file(f"{path}/.wh..wh..opq", b"")


def tar(*entries: Entry) -> bytes:
    """A layer's tar as engines write it: GNU or PAX as each name needs."""
    data = io.BytesIO()
    with tarfile.open(
        fileobj=data,
        mode="w",
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        for add in entries:
            add(archive)
    return data.getvalue()


BASE = (
    folder("etc"),
    file("etc/passwd", b"root:x:0:0::/:/bin/sh\n"),
    folder("data"),
    folder("data/sub"),
    file("data/a", b"a" * 5000),
    file("data/b", b"b" * 700),
    file("data/sub/c", b"c" * 90),
    folder("data/sub/deep"),
    file("data/sub/deep/d", b"d" * 12_345),
    folder("keep"),
    file("keep/k", b"k"),
)


def _numbered(layers: int) -> tuple[tuple[Entry, ...], ...]:
    return (BASE, *((folder("layer"), file(f"layer/{n}", b"%d" % n)) for n in range(1, layers)))


_LAYERS: dict[str, tuple[tuple[Entry, ...], ...]] = {
    "plain": (BASE,),
    "whiteouts": (
        BASE,
        (folder("data"), whiteout("data/a"), whiteout("data/sub")),
        (folder("data"), file("data/a", b"again")),
        (folder("keep"), whiteout("keep/k"), whiteout("etc")),
    ),
    "opaque": (
        BASE,
        (folder("data"), opaque("data"), file("data/new", b"new" * 50)),
        (folder("data"), folder("data/sub"), file("data/sub/again", b"2")),
    ),
    "opaque-below-opaque": (
        BASE,
        (folder("data"), folder("data/sub"), opaque("data/sub"), file("data/sub/x", b"x")),
        (folder("data"), opaque("data"), folder("data/sub"), file("data/sub/y", b"y")),
        (folder("data"), file("data/z", b"z")),
    ),
    "opaque-and-empty": (
        BASE,
        (folder("data"), opaque("data")),
        (folder("data"), file("data/later", b"l")),
    ),
    "directory-becomes-file": (
        BASE,
        (whiteout("data"), file("data", b"now a file")),
        (folder("data"), file("data/in", b"a directory again")),
    ),
    "links": (
        (*BASE, hardlink("data/hard", "data/a"), symlink("data/soft", "a")),
        (
            folder("data"),
            file("data/one", b"1" * 300, mode=0o4755),
            hardlink("data/two", "data/one", 0o4755),
            folder("keep"),
            hardlink("keep/three", "data/one", 0o4755),
            symlink("data/out", "/etc/../etc/passwd"),
            symlink("data/" + "l" * 200, "t" * 300),
        ),
    ),
    "names": (
        (
            folder("n"),
            file(b"n/\xff\xfe not utf-8", b"1"),
            file(b"n/\xff\xfd not utf-8", b"22"),
            file("n/new\nline", b"333"),
            file("n/\x1b[31mred\x07", b"4"),
            file("n/\u202egnp.exe", b"5"),
            file("n/<img src=x onerror=alert(1)>", b"6"),
            file("n/per%20cent?query=1&b#c", b"7"),
            file("n/ spaces  and 'quotes\" \\back\\x41", b"8"),
            file("n/" + "w" * 255, b"9"),
            *(folder("n/" + "/".join(["d" * 100] * depth)) for depth in range(1, 6)),
            file("n/" + "/".join(["d" * 100] * 5) + "/end", b"10"),
            file("n/\u4e2d\u6587", b"11"),
            file("n/...", b"12"),
            file("n/.wh", b"13"),
        ),
        (folder("n"), file(b"n/\xff\xfe not utf-8", b"over"), whiteout("n/new\nline")),
    ),
    "kinds": (
        (
            folder("dev", 0o1777),
            entry("dev/null", tarfile.CHRTYPE, device=(1, 3), mode=0o666),
            entry("dev/loop", tarfile.BLKTYPE, device=(7, 0)),
            entry("fifo", tarfile.FIFOTYPE),
            file("setuid", b"#!", mode=0o6755, uid=1000, gid=123_456),
            file("old", b"o", mtime=0),
            entry(
                "capable", data=b"\x7fELF" + bytes(4000), xattrs={"user.note": "v", "user.two": "w"}
            ),
            file("empty", b""),
        ),
    ),
    "empty-layers": (BASE, (), (folder("keep"),), (), (file("last", b"l"),)),
    "engine-paths": (
        (folder("etc"), file("etc/hosts", b"h"), file("etc/own", b"o"), folder("dev")),
        (folder("etc"), file("etc/resolv.conf", b"r"), file("etc/one", b"1")),
        (folder("etc"), opaque("etc"), file("etc/hostname", b"n")),
    ),
    "many": _numbered(60),
}
_CONFIGS: dict[str, dict[str, object]] = {
    "volumes": {"Volumes": {"/data": {}, "/not/there": {}}, "Cmd": ["/bin/sh"]},
    "plain": {"Labels": {"evil": "\x1b[31m<b>\u202e"}, "Env": ["A=\x1b[0m"]},
}
_LAYERS["volumes"] = _LAYERS["opaque"]
NAMES = tuple(_LAYERS)
# As many layers as Docker allows (moby daemon/internal/layer/layer_store.go, maxLayerDepth).
_LAYERS["most"] = _numbered(125)


def image(name: str) -> Built:
    """One of the images, tagged by this run of the tests."""
    layers = [tar(*entries) for entries in _LAYERS[name]]
    return built(*layers, tags=[tag(name)], config=_CONFIGS.get(name))


def images(names: Iterable[str] = NAMES) -> list[Built]:
    return [image(name) for name in names]


def tag(name: str) -> str:
    # Other runs of the tests may use the same engine.
    return f"image-explorer-test-{name}:{os.getpid()}"
