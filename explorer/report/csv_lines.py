"""Lines of CSV files (RFC 4180, UTF-8) as every export writes them: paths can be turned back into bytes, no cell is a formula.

What is no printable text is written byte for byte as \\xNN. Paths begin with a slash and write a backslash as two, so
that path_bytes() finds their bytes again; a cell that a spreadsheet would run as a formula gets a ' in front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ROWS_A_PART = 2000


def path_text(raw: bytes) -> str:
    """`raw` so that it can be read and turned back: \\xNN for bytes that are no printable text, \\\\ for a backslash."""
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join("\\\\" if char == "\\" else _seen(char) for char in text)


def path_bytes(text: str) -> bytes:
    """The bytes behind path_text()."""
    raw = bytearray()
    place = 0
    while place < len(text):
        if text[place] != "\\":
            raw += text[place].encode("utf-8")
            place += 1
        elif text[place + 1] == "\\":
            raw += b"\\"
            place += 2
        else:
            raw.append(int(text[place + 2 : place + 4], 16))
            place += 4
    return bytes(raw)


def csv_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula; controls but line breaks are written as \\xNN."""
    if not text.isprintable():
        text = "".join(char if char == "\n" else _seen(char) for char in text)
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as lines of a CSV file; texts in them must have gone through csv_cell() or path_text()."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def csv_parts(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The same lines, some thousand at a time."""
    waiting = iter(rows)
    while part := list(islice(waiting, ROWS_A_PART)):
        yield csv_lines(part)


def _seen(char: str) -> str:
    if char.isprintable():
        return char
    # A byte that was no UTF-8 came as a low surrogate; other surrogates are no text at all.
    errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", errors))
