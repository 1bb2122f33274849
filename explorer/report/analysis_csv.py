"""An image's files, layers and findings as CSV tables: one line each, sizes in bytes, heads that do not change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind, names_list
from explorer.filesystem.union import State, View
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding
from explorer.image.history import shown_instruction
from explorer.report.csv_lines import csv_cell, csv_lines, csv_parts, path_text

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
_LINKS = (Kind.SYMLINK, Kind.HARDLINK)
_STATES = {int(state): state.name.lower().replace("_", "-") for state in State}
_NO_ENTRY = ("",) * (len(FILE_COLUMNS) - 5)


def files_csv(analysis: Analysis, shown: View) -> Iterator[bytes]:
    """The entries of a view, parents first, in parts of some thousand lines; folders that nothing lists have no layer."""
    yield csv_lines([FILE_COLUMNS])
    yield from csv_parts(_file_rows(analysis, shown))


def entry_count(shown: View) -> int:
    """How many lines files_csv() writes for a view, for a progress bar."""
    present: Array = shown.present
    return int(present[1:].sum())


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


def _digest(low: int, high: int) -> str:
    return f"xxh3_128:{(high << 64) | low:032x}"


@lru_cache(maxsize=4096)
def _time(seconds: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return str(seconds)
