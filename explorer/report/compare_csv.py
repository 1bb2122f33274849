"""The paths of a comparison as a CSV table: one line each with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.filesystem.columnfile import Array
from explorer.filesystem.diff import Change, TreeDiff
from explorer.filesystem.layer import names_list
from explorer.report.csv_lines import csv_lines, csv_parts, path_text

FILE_COLUMNS = ("path", "change", "a_bytes", "b_bytes", "delta_bytes", "partner")


def changes_csv(diff: TreeDiff, shown: Array) -> Iterator[bytes]:
    """The nodes for which bool[n] `shown` holds, parents first; bytes are each path's own."""
    yield csv_lines([FILE_COLUMNS])
    yield from csv_parts(_rows(diff, shown))


def _rows(diff: TreeDiff, shown: Array) -> Iterator[Sequence[object]]:
    tree = diff.tree
    names = names_list(tree.names, tree.name_offsets)
    # Lists: reading single numbers out of arrays would take most of the time.
    depths, chosen = tree.depth.tolist(), shown.tolist()
    size_a, size_b = diff.size_a.tolist(), diff.size_b.tolist()
    change, partner = diff.change.tolist(), diff.partner.tolist()
    fates = {int(item): item.name.lower().replace("_", "-") for item in Change}
    path: list[str] = [""]
    for node in range(1, len(tree)):
        depth = depths[node]
        del path[depth:]
        path.append(f"{path[depth - 1]}/{path_text(names[node])}")
        if not chosen[node] or change[node] == Change.NONE:
            continue
        other = "/" + path_text(tree.path(partner[node])) if partner[node] >= 0 else ""
        a, b = size_a[node], size_b[node]
        yield path[depth], fates[change[node]], a, b, b - a, other
