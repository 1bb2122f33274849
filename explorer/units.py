"""Numbers and names as people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import humanize

# U+200E/F, U+202A-E, U+2066-9: direction controls that make a name read as another one (CVE-2021-42574).
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Longer names are cut in the middle: a 200,000-character label stalls Qt for 276 ms.
DISPLAY_LIMIT = 512


def size_text(count: int) -> str:
    """A byte count in decimal units, as Docker prints them: 1.1 GB."""
    return (
        humanize.naturalsize(count, format="%.1f" if count >= 1000 else "%.0f")
        .replace("Bytes", "B")
        .replace("Byte", "B")
    )


def count_text(count: int) -> str:
    """An integer with thousands separators."""
    return f"{count:,}"


def signed_size(size: int) -> str:
    """A difference in bytes with a mark for those who see no colour: ▼ −34.0 MB, ▲ +1.0 kB; = for none."""
    return _signed(size, size_text)


def signed_count(count: int) -> str:
    """A difference of a number: ▼ −12, ▲ +3; = for none."""
    return _signed(count, count_text)


def _signed(number: int, text: Callable[[int], str]) -> str:
    if not number:
        return "="
    return f"▼ −{text(-number)}" if number < 0 else f"▲ +{text(number)}"


def share_text(part: float, whole: float) -> str:
    """A percentage; an em dash when there is no whole."""
    return f"{100 * part / whole:.1f}%" if whole else "—"


def seconds_text(seconds: float) -> str:
    """A duration: 0.35 s, 12 s, 3 min 5 s."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def display_name(raw: bytes, limit: int = DISPLAY_LIMIT) -> str:
    """`raw` as one harmless line: invalid UTF-8 as \\xNN, control and direction characters escaped, long ones cut."""
    return display_text(raw.decode("utf-8", "surrogateescape"), limit)


def display_text(text: str, limit: int = DISPLAY_LIMIT) -> str:
    """Untrusted text as one harmless line; see display_name. Distinct names stay distinct (up to the cut)."""
    if not (text.isprintable() and "\\" not in text):
        text = "".join(
            map(_escape, text[: 2 * limit] + text[-limit:] if len(text) > 3 * limit else text)
        )
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return text


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if char == "\\":
        return "\\\\"
    if char in _BIDI or (not char.isprintable() and char != " "):
        short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
        return short or (
            f"\\x{code:02x}"
            if code < 0x100
            else f"\\u{code:04x}"
            if code < 0x10000
            else f"\\U{code:08x}"
        )
    if unicodedata.category(char) in ("Cf", "Zl", "Zp"):
        return f"\\u{code:04x}"
    return char
