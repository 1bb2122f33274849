"""Differences as people read them: a sign and a mark that need no colour."""

from __future__ import annotations

from explorer.compare.pair import Pair
from explorer.filesystem.diff import Change
from explorer.report.fates import FATES
from explorer.translation import mark, tr
from explorer.units import size_text

_NAME_LIMIT = 60
# What became of a path, as one sign: ＋ added, − removed, ≠ changed, ↔ moved, = same.
ADDED, REMOVED, CHANGED, MOVED, SAME = "＋", "－", "≠", "↔", "="
STATES = (ADDED, REMOVED, CHANGED, MOVED, SAME)
STATE_OF = {
    Change.NONE: SAME,
    Change.SAME: SAME,
    Change.ADDED: ADDED,
    Change.REMOVED: REMOVED,
    Change.CHANGED: CHANGED,
    Change.METADATA: CHANGED,
    Change.MOVED_AWAY: MOVED,
    Change.MOVED_HERE: MOVED,
}
STATE_LABELS = {
    ADDED: mark("added"),
    REMOVED: mark("removed"),
    CHANGED: mark("changed"),
    MOVED: mark("moved"),
    SAME: mark("the same"),
}
CHANGE_LABELS = {**FATES, Change.NONE: "", Change.SAME: STATE_LABELS[SAME]}


def signed_share(pair: Pair) -> str:
    """How much of the first the difference is: (−99.2%); nothing where the first is nothing."""
    if not pair.delta or not pair.a:
        return ""
    share = 100 * abs(pair.delta) / pair.a
    if share >= 99.95 and pair.delta < 0 and pair.b:
        # 100 % would mean that nothing is left.
        return f"(−{min(share, 99.99):.2f}%)"
    return f"({'−' if pair.delta < 0 else '+'}{share:.1f}%)"


def held_size(size: int) -> str:
    """A size, a dash for nothing."""
    return size_text(size) if size else "–"


def change_text(change: int) -> str:
    """What became of a path, in the user's language."""
    return tr(CHANGE_LABELS[Change(change)])
