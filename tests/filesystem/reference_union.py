"""A slow, obviously right union: plain dictionaries, one entry at a time, as image-spec layer.md tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One tar member: kind is "file", "dir", "symlink", "link", "whiteout" or "opaque"."""

    kind: str
    path: Path
    size: int = 0
    target: Path = ()


@dataclass(frozen=True)
class Item:
    """What stands at a path: `payload` names the (layer, number) that holds the bytes, None for none."""

    kind: str
    payload: tuple[int, int] | None = None


@dataclass
class Result:
    """File systems after each layer, all payload sizes, and those that the last file system reaches."""

    states: list[dict[Path, Item]]
    sizes: dict[tuple[int, int], int]

    @property
    def content(self) -> int:
        return sum(self.sizes.values())

    @property
    def reclaimable(self) -> int:
        reached = {item.payload for item in self.states[-1].values()} if self.states else set()
        return sum(size for payload, size in self.sizes.items() if payload not in reached)


def is_inside(path: Path, folder: Path) -> bool:
    return len(path) > len(folder) and path[: len(folder)] == folder


def reference_union(layers: Sequence[Sequence[Entry]]) -> Result:
    lower: dict[Path, Item] = {}
    result = Result([], {})
    for number, entries in enumerate(layers):
        own, marks = own_tree(number, entries, result.sizes)
        state = hide_lower(lower, marks)
        own = resolve_links(own, entries, state)
        for path in sorted(own, key=len):
            item = own[path]
            if item.kind == "implied":
                if path not in state or state[path].kind != "dir":
                    state = put(state, path, Item("dir"))
            else:
                state = put(state, path, item)
        lower = state
        result.states.append(dict(state))
    return result


def own_tree(
    number: int, entries: Sequence[Entry], sizes: dict[tuple[int, int], int]
) -> tuple[dict[Path, Item], set[tuple[str, Path]]]:
    """The layer by itself: members written one after the other into an empty folder; and its whiteout marks."""
    tree: dict[Path, Item] = {}
    marks: set[tuple[str, Path]] = set()
    for position, entry in enumerate(entries):
        depths = range(1, len(entry.path) + (entry.kind == "opaque"))
        writes = [(entry.path[:depth], Item("implied")) for depth in depths]
        if entry.kind == "file":
            sizes[(number, position)] = entry.size
            writes.append((entry.path, Item("file", (number, position))))
        elif entry.kind not in ("whiteout", "opaque"):
            writes.append((entry.path, Item(entry.kind)))
        for path, item in writes:
            old = tree.get(path)
            if item.kind == "implied" and old is not None and old.kind in ("dir", "implied"):
                continue
            if item.kind not in ("dir", "implied"):
                # What was marked inside a folder goes with the folder.
                marks = {m for m in marks if not is_inside(m[1], path) and m != ("opaque", path)}
            tree = put(tree, path, item)
        if entry.kind in ("whiteout", "opaque"):
            marks.add((entry.kind, entry.path))
    return tree, marks


def hide_lower(lower: dict[Path, Item], marks: set[tuple[str, Path]]) -> dict[Path, Item]:
    state = dict(lower)
    for kind, marked in marks:
        state = {
            path: item
            for path, item in state.items()
            if not is_inside(path, marked) and not (kind == "whiteout" and path == marked)
        }
    return state


def resolve_links(
    own: dict[Path, Item], entries: Sequence[Entry], state: dict[Path, Item]
) -> dict[Path, Item]:
    targets = {entry.path: entry.target for entry in entries if entry.kind == "link"}
    resolved = dict(own)
    for path, item in own.items():
        if item.kind == "link":
            seen = {path}
            target = targets[path]
            while target in own and own[target].kind == "link" and target not in seen:
                seen.add(target)
                target = targets[target]
            found = (
                own[target]
                if target in own and own[target].kind not in ("dir", "implied")
                else None
            )
            if found is None:
                found = state.get(target)
            resolved[path] = Item(
                "link", found.payload if found is not None and target not in seen else None
            )
    return resolved


def put(tree: dict[Path, Item], path: Path, item: Item) -> dict[Path, Item]:
    """Write one item: a directory over a directory keeps the children, all else replaces what stands there."""
    old = tree.get(path)
    keeps = old is not None and old.kind in ("dir", "implied") and item.kind in ("dir", "implied")
    if not keeps:
        tree = {other: value for other, value in tree.items() if not is_inside(other, path)}
    return {**tree, path: item}
