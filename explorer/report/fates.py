"""What became of the paths of two images, counted: every report and the terminal tell the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.compare.comparison import Comparison
from explorer.compare.pair import Pair
from explorer.filesystem.columnfile import Array
from explorer.filesystem.diff import Change
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack
from explorer.translation import mark, tr

FATES = {
    Change.ADDED: mark("added"),
    Change.REMOVED: mark("removed"),
    Change.CHANGED: mark("changed"),
    Change.METADATA: mark("other mode or owner"),
    Change.MOVED_AWAY: mark("moved away"),
    Change.MOVED_HERE: mark("moved here"),
    Change.SAME: mark("same"),
}
TURNED = mark("file became a folder, or a folder a file")


@dataclass(frozen=True)
class Fate:
    """Paths that one thing happened to: files, links and devices; of folders only those that were or became one of them.

    `files` counts regular files and hard links of both images, as the images' own totals do, `size` is bytes. The files
    and sizes of all fates together are those of the final file systems, exactly.
    """

    change: Change
    turned: bool  # a file became a folder, or a folder a file: `change` is CHANGED then
    paths: int
    files: Pair
    size: Pair

    @property
    def label(self) -> str:
        """What happened, in the user's language."""
        return tr(TURNED) if self.turned else tr(FATES[self.change])


def fates(comparison: Comparison) -> tuple[Fate, ...]:
    """One for each Change, whether it happened to any path or not, and one for what turned into a folder or a file."""
    c, diff = comparison, comparison.diff
    leaves, change = diff.leaves, np.asarray(diff.change)
    files = _is_file(c.a.stack, diff.row_a), _is_file(c.b.stack, diff.row_b)

    def fate(chosen: Array, what: Change, *, turned: bool = False) -> Fate:
        return Fate(
            what,
            turned,
            int(chosen.sum()),
            Pair(*(int((chosen & side).sum()) for side in files)),
            Pair(int(diff.size_a[chosen].sum()), int(diff.size_b[chosen].sum())),
        )

    told = [fate(leaves & (change == what), what) for what in FATES]
    return (*told, fate(diff.turned, Change.CHANGED, turned=True))


def _is_file(stack: Stack, rows: Array) -> Array:
    """bool[n]: whether the row that a node has is a regular file or a hard link to one."""
    kinds = stack.kind[np.maximum(rows, 0)] if len(stack.kind) else np.zeros(len(rows), np.uint8)
    return np.asarray((rows >= 0) & ((kinds == Kind.FILE) | (kinds == Kind.HARDLINK)))
