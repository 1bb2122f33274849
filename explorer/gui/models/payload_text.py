"""The bytes of a file as harmless text and as hex rows."""

from __future__ import annotations

import re

PREVIEW_BYTES = 64 << 10
# More than one odd character in twenty: nobody reads that as text.
_ODD_SHARE = 0.05
_CONTROL = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_CONTROL[0x7F] = 0x2421
# C1 controls, direction controls, line and paragraph separators, byte order mark: shown by their number.
_HIDDEN = re.compile("[\x80-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_BROKEN = re.compile("[\udc80-\udcff]+")
_RUNS = re.compile(rb"[\t\x20-\x7e]{6,}")
_PRINTABLE = bytes(code if 0x20 <= code < 0x7F else 0x2E for code in range(256))
# Longer lines are folded: Qt takes seconds to lay out a single line of 64 KiB.
LONGEST_LINE = 4096


def is_binary(data: bytes) -> bool:
    """Whether `data` is better read as hex: it holds a NUL, or many bytes that are no UTF-8 text."""
    if b"\0" in data:
        return True
    text = data.decode("utf-8", "surrogateescape")
    odd = sum(len(run) for run in _BROKEN.findall(text[: len(text) - 3]))
    odd += sum(1 for char in text if ord(char) in _CONTROL and char not in "\r\f\x1b\x08")
    return odd > _ODD_SHARE * len(text)


def readable(data: bytes, *, truncated: bool = False) -> str:
    """`data` as UTF-8 text in which nothing acts: controls as pictures (␛), hidden ones and odd bytes as numbers."""
    if truncated:
        data = _whole_characters(data)
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return _folded(harmless(text))


def printable_runs(data: bytes) -> str:
    """The ASCII texts inside binary data, a line each, as strings(1) finds them; "" when there are none."""
    return _folded("\n".join(run.decode("ascii") for run in _RUNS.findall(data)))


def harmless(text: str) -> str:
    """Untrusted text of several lines, as readable() shows it."""
    text = text.translate(_CONTROL)
    text = _BROKEN.sub(lambda match: "".join(f"\\x{ord(c) - 0xDC00:02x}" for c in match[0]), text)
    text = _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    # What is left of the surrogates cannot be shown at all.
    return text.encode("utf-8", "replace").decode("utf-8")


def hex_rows(data: bytes, width: int) -> str:
    """Rows of `width` bytes: offset, hex, ASCII."""
    digits = 8 if len(data) <= 0xFFFFFFFF else 16
    room = 3 * width - 1
    rows = []
    for start in range(0, len(data), width):
        part = data[start : start + width]
        rows.append(
            f"{start:0{digits}x}  {part.hex(' '):<{room}}  {part.translate(_PRINTABLE).decode('ascii')}"
        )
    return "\n".join(rows)


def hex_columns(width: int) -> int:
    """Characters in a row of hex_rows()."""
    return 8 + 2 + 3 * width - 1 + 2 + width


def _whole_characters(data: bytes) -> bytes:
    """`data` without a character that was cut at its end."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return data[:-back] if length > back else data
    return data


def _folded(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    lines = []
    for line in text.split("\n"):
        lines += [
            line[start : start + LONGEST_LINE]
            for start in range(0, max(len(line), 1), LONGEST_LINE)
        ]
    return "\n".join(lines)
