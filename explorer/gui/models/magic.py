"""What a file's first bytes say it is; a guess for people, never a base for figures."""

from __future__ import annotations

from explorer.filesystem.layer import HEAD_BYTES
from explorer.translation import mark, tr
from explorer.units import display_name

# ELF header fields (System V ABI, chapter 4): e_type at 16, e_machine at 18, in the order that e_ident[5] names.
_ELF_TYPES = {
    1: mark("object file"),
    2: mark("executable"),
    3: mark("shared object or position-independent executable"),
    4: mark("core dump"),
}
_MACHINES = {
    3: "386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "amd64",
    183: "arm64",
    243: "riscv64",
    258: "loong64",
}
# First bytes and what they mean; the longest come first where one begins another.
_MAGICS = (
    (b"\x1f\x8b", mark("gzip data")),
    (b"\x28\xb5\x2f\xfd", mark("zstd data")),
    (b"\xfd7zXZ\x00", mark("xz data")),
    (b"BZh", mark("bzip2 data")),
    (b"!<arch>\n", mark("static library or Debian package (ar archive)")),
    (b"!<thin>\n", mark("static library (thin ar archive)")),
    (b"PK\x03\x04", mark("ZIP archive")),
    (b"SQLite format 3\x00", mark("SQLite database")),
    (b"\x89PNG\r\n\x1a\n", mark("PNG picture")),
    (b"\xff\xd8\xff", mark("JPEG picture")),
    (b"GIF8", mark("GIF picture")),
    (b"%PDF-", mark("PDF document")),
    (b"\x00asm", mark("WebAssembly module")),
    (b"MZ", mark("Windows program")),
    (b"\xcf\xfa\xed\xfe", mark("macOS program")),
    (b"\xca\xfe\xba\xbe", mark("Java class or macOS program")),
    (b"\xde\x12\x04\x95", mark("message catalogue")),
    (b"TZif", mark("time zone data")),
    (b"<?xml", mark("XML text")),
    (b"-----BEGIN ", mark("PEM text (certificate or key)")),
)


def content_type(head: bytes, size: int) -> str:
    """A few words about a file of `size` bytes that begins with `head`; harmless text."""
    head = head[: min(size, HEAD_BYTES)]
    if not size:
        return tr("empty")
    if head.startswith(b"\x7fELF"):
        return _elf(head)
    if head.startswith(b"#!"):
        line = head[2:].split(b"\n", 1)
        cut = "" if len(line) > 1 or size <= len(head) else "…"
        return tr("script, {interpreter}", interpreter=display_name(line[0].strip()) + cut)
    for magic, text in _MAGICS:
        if head.startswith(magic):
            return tr(text)
    return tr("text") if _is_text(head) else tr("data")


def _elf(head: bytes) -> str:
    if len(head) < 20 or head[5] not in (1, 2):
        return tr("ELF file, damaged")
    order = "little" if head[5] == 1 else "big"
    kind = int.from_bytes(head[16:18], order)  # type: ignore[arg-type]  # a literal either way
    machine = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]
    return tr(
        "ELF {bits}-bit {kind}, {machine}",
        bits={1: 32, 2: 64}.get(head[4], "?"),
        kind=tr(_ELF_TYPES.get(kind, "file")),
        machine=_MACHINES.get(machine, f"#{machine}"),
    )


def _is_text(head: bytes) -> bool:
    if any(byte < 0x20 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return False
    for cut in range(4):  # the head may end inside a character
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False
