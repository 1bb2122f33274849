"""Saves what is shown: files, layers and findings as CSV, the treemap as PNG or SVG, the analysis as JSON.

CSV follows RFC 4180 in UTF-8. Paths begin with a slash and can be turned back into bytes: what is not printable text is
written byte for byte as \\xNN, a backslash as two. A cell that a spreadsheet would run as a formula gets a ' in front.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import BinaryIO

from PySide6.QtCore import QBuffer, QIODevice, QRect, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from explorer.errors import StorageError
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind, names_list
from explorer.filesystem.union import State, View
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding
from explorer.gui.widgets.treemap_picture import Picture
from explorer.image.history import shown_instruction
from explorer.report.analysis_json import analysis_json
from explorer.report.table_csv import FORMULA
from explorer.translation import language, set_language, tr
from explorer.units import display_text

_ROWS_A_CHUNK = 2000
# CSS pixels: what browsers and editors take a pixel for.
_DOTS_PER_INCH = 96
_KINDS: dict[int, str] = {
    Kind.DIRECTORY: "directory",
    Kind.FILE: "file",
    Kind.SYMLINK: "symlink",
    Kind.HARDLINK: "hardlink",
    Kind.CHARACTER: "character-device",
    Kind.BLOCK: "block-device",
    Kind.FIFO: "fifo",
    Kind.WHITEOUT: "whiteout",
}
FILE_COLUMNS = (
    "path", "type", "size_bytes", "total_bytes", "files", "layer", "category", "rule", "state", "until_layer",
    "mode", "uid", "gid", "modified", "link_target", "digest",
)  # fmt: skip
LAYER_COLUMNS = (
    "layer", "diff_id", "instruction", "stored_bytes", "content_bytes", "contribution_bytes", "reclaimable_bytes",
    "entries", "added", "modified", "deleted", "verified", "complete",
)  # fmt: skip
FINDING_COLUMNS = (
    "id", "category", "title", "bytes", "files", "layer", "confidence", "overlaps", "reason", "remedy", "largest_path",
)  # fmt: skip
# Called after each part with the rows written so far; False stops.
Step = Callable[[int], bool]


def files_csv(analysis: Analysis, shown: View) -> Iterator[bytes]:
    """The entries of a view, parents first, in parts of some thousand lines; folders that nothing lists have no layer."""
    yield csv_lines([FILE_COLUMNS])
    rows = _file_rows(analysis, shown)
    part: list[Sequence[object]] = []
    for row in rows:
        part.append(row)
        if len(part) == _ROWS_A_CHUNK:
            yield csv_lines(part)
            part = []
    yield csv_lines(part)


def _file_rows(analysis: Analysis, shown: View) -> Iterator[Sequence[object]]:
    tree, layers = analysis.stack.tree, analysis.stack_layers
    names = names_list(tree.names, tree.name_offsets)
    entries = _Entries(analysis)
    # Lists: reading single numbers out of arrays would take most of the time.
    present, row_of, depths = shown.present.tolist(), shown.row.tolist(), tree.depth.tolist()
    total, files, size = shown.total.tolist(), shown.files.tolist(), shown.size.tolist()
    layer = analysis.stack.layer.tolist()
    path: list[str] = [""]
    for node in range(1, len(tree)):
        depth = depths[node]
        del path[depth:]
        path.append(f"{path[depth - 1]}/{path_text(names[node])}")
        if not present[node]:
            continue
        row = row_of[node]
        if row < 0:
            yield (path[depth], "directory", 0, total[node], files[node], *_NO_ENTRY)
            continue
        sizes = (size[node], total[node], files[node], layers[layer[row]])
        yield (path[depth], entries.kind(row), *sizes, *entries.cells(row))


class _Entries:
    """What is known of single rows, as cells."""

    def __init__(self, analysis: Analysis) -> None:
        stack = analysis.stack
        self._stack = stack
        self._layers = analysis.stack_layers
        self._rules = [csv_cell(rule) for rule in analysis.rules]
        self._kind, self._rule = stack.kind.tolist(), analysis.rule.tolist()
        self._category = analysis.category.tolist()
        self._state, self._until = stack.state.tolist(), stack.until.tolist()
        self._mode, self._mtime = stack.mode.tolist(), stack.mtime.tolist()
        self._uid, self._gid = stack.uid.tolist(), stack.gid.tolist()
        self._digest = stack.digest.tolist()

    def kind(self, row: int) -> str:
        return _KINDS[self._kind[row]]

    def cells(self, row: int) -> Sequence[object]:
        """The columns from the category on."""
        kind, until = self._kind[row], self._until[row]
        file = kind == Kind.FILE
        link = csv_cell(path_text(self._stack.link_target(row))) if kind in _LINKS else ""
        return (
            CATEGORIES[self._category[row]].id if file else "",
            self._rules[self._rule[row]],
            _STATES[self._state[row]] if file else "",
            self._layers[until] if until < len(self._layers) else "",
            f"{self._mode[row]:04o}",
            self._uid[row],
            self._gid[row],
            _time(self._mtime[row]),
            link,
            _digest(*self._digest[row]) if file else "",
        )


_LINKS = (Kind.SYMLINK, Kind.HARDLINK)
_STATES = {int(state): state.name.lower().replace("_", "-") for state in State}
_NO_ENTRY = ("",) * (len(FILE_COLUMNS) - 5)


def _digest(low: int, high: int) -> str:
    return f"xxh3_128:{(high << 64) | low:032x}"


def layers_csv(analysis: Analysis) -> bytes:
    """The image's layers, base first; sizes in bytes."""
    figures = {item.index: item for item in analysis.layers}
    rows: list[Sequence[object]] = [LAYER_COLUMNS]
    for layer in analysis.image.layers:
        item = figures[layer.index]
        step = shown_instruction(layer.history.created_by) if layer.history is not None else ""
        figure = (
            item.content_bytes, item.contribution_bytes, item.reclaimable_bytes, item.entries, item.added,
            item.modified, item.deleted, item.verified, "yes" if item.complete else "no",
        )  # fmt: skip
        stored = layer.stored_bytes if layer.stored_bytes >= 0 else ""
        unread = ("",) * (len(figure) - 1) + ("no",)
        head = (layer.index, csv_cell(layer.diff_id), csv_cell(step), stored)
        rows.append((*head, *(figure if item.read else unread)))
    return csv_lines(rows)


def findings_csv(analysis: Analysis, findings: Iterable[Finding]) -> bytes:
    """Findings in the given order."""
    rows: list[Sequence[object]] = [FINDING_COLUMNS]
    for finding in findings:
        largest = ""
        if len(finding.rows):
            node = int(analysis.stack.node[int(finding.rows[0])])
            largest = "/" + path_text(analysis.stack.tree.path(node))
        rows.append(
            (
                csv_cell(finding.id),
                csv_cell(finding.category),
                csv_cell(finding.title()),
                finding.bytes,
                len(finding.rows),
                finding.layer if finding.layer >= 0 else "",
                csv_cell(finding.confidence),
                "yes" if finding.overlaps else "no",
                csv_cell(finding.reason()),
                csv_cell(finding.remedy()),
                largest,
            )
        )
    return csv_lines(rows)


def path_text(raw: bytes) -> str:
    """`raw` so that it can be read and turned back: \\xNN for bytes that are no printable text, \\\\ for a backslash."""
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escaped, text))


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


def _escaped(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def csv_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula; controls but line breaks are written as \\xNN."""
    if not text.isprintable():
        text = "".join(
            char if char.isprintable() or char == "\n" else _control(char) for char in text
        )
    return f"'{text}" if text.startswith(FORMULA) else text


def _control(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))


def csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as lines of a CSV file; texts in them must have gone through csv_cell()."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8")


@lru_cache(maxsize=4096)
def _time(seconds: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return str(seconds)


def png(picture: Picture) -> bytes:
    """The treemap in the pixels of the screen it is shown on."""
    layout = picture.layout
    image = QImage(layout.width, layout.height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.paint(painter)
    painter.end()
    image.setDevicePixelRatio(picture.ratio)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs know only file names
    return bytes(buffer.data().data())


def svg(picture: Picture, title: str) -> bytes:
    """The treemap as shapes and texts."""
    layout = picture.layout
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(layout.width, layout.height))
    generator.setResolution(_DOTS_PER_INCH)
    generator.setViewBox(QRect(0, 0, layout.width, layout.height))
    generator.setTitle(display_text(title))
    painter = QPainter(generator)
    picture.paint(painter)
    painter.end()
    return bytes(buffer.data().data())


def json_document(analysis: Analysis) -> bytes:
    """The analysis as the command line writes it: in English."""
    chosen = language()
    set_language("en")
    try:
        return analysis_json(analysis)
    finally:
        set_language(chosen)


def write(path: str, parts: Iterable[bytes], step: Step | None = None) -> bool:
    """Write all parts to `path` or nothing at all; False when `step` stopped it.

    A crash, a full disk or a stop leave what was there before. Raises StorageError.
    """
    # A link keeps pointing to the file; a device or a pipe must not give way to one.
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise _not_written(path, tr("it is not a regular file"))
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "wb") as file:
            complete = _write_parts(file, parts, step)
            file.flush()
            os.fsync(file.fileno())
        if complete:
            if os.path.exists(target):
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
        return complete
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _write_parts(file: BinaryIO, parts: Iterable[bytes], step: Step | None) -> bool:
    written = 0
    for part in parts:
        file.write(part)
        written += part.count(b"\r\n")
        if step is not None and not step(written):
            return False
    return True


def _not_written(path: str, reason: str) -> StorageError:
    return StorageError(
        tr(
            "Could not write {path}: {reason}",
            path=display_text(path),
            reason=display_text(reason, 300),
        ),
        tr("Choose another folder or free some space."),
    )


def entry_count(shown: View) -> int:
    """How many lines files_csv() writes for a view, for a progress bar."""
    present: Array = shown.present
    return int(present[1:].sum())
