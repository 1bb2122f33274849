"""An executable's bytes as the columns that treemap and tree draw: modules, their packages, and what belongs to none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QColor

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View
from explorer.gobinary.binary import GoBinary
from explorer.gobinary.groups import ModuleBytes, by_module
from explorer.gobinary.modules import DEPENDENCY, MAIN, NONE, STANDARD, UNKNOWN
from explorer.gobinary.names import shown_package
from explorer.gobinary.sections import DEBUG, SYMBOLS
from explorer.gui.theme import group_colour
from explorer.translation import mark, tr

REMOVABLE, SHARED = "removable", "shared"
# What each kind of bytes is called in the legend, and the category group whose colour it borrows.
KINDS = {
    MAIN: (mark("Main module"), "application"),
    DEPENDENCY: (mark("Dependencies"), "modules"),
    STANDARD: (mark("Standard library"), "system"),
    NONE: (mark("Generated, assembly, C"), "source"),
    SHARED: (mark("Of no single package"), "cache"),
    REMOVABLE: (mark("Symbols and debug information"), "shadow"),
}


@dataclass(frozen=True)
class Node:
    """One row of the tree: a module, a package or bytes of no package; `code` and `tables` are -1 where they say nothing."""

    label: str
    kind: str  # a key of KINDS
    total: int
    detail: str = ""
    code: int = -1
    tables: int = -1
    children: tuple[Node, ...] = ()
    name: str = ""  # the whole name where the label is a part of it


@dataclass(frozen=True, eq=False)
class BinaryTree:
    """The nodes in preorder beside the columns that Navigation takes; node 0 is the whole file."""

    nodes: tuple[Node, ...]
    tree: FileTree
    view: View

    def colours(self) -> Array:
        """uint8[n, 3]: the colour of each node's kind."""
        table = {kind: group_colour(group) for kind, (_, group) in KINDS.items()}
        return np.array([_rgb(table[node.kind]) for node in self.nodes], dtype=np.uint8)

    def kind_bytes(self) -> dict[str, int]:
        """Bytes of each kind, those that are present, in the order of KINDS."""
        held = dict.fromkeys(KINDS, 0)
        for node in self.nodes:
            if not node.children:
                held[node.kind] += node.total
        return {kind: size for kind, size in held.items() if size}


def binary_tree(binary: GoBinary) -> BinaryTree:
    """Modules, largest first, each with its packages; then the bytes of no single package."""
    name = binary.path.rpartition("/")[2]
    parts = [_module_node(module) for module in by_module(binary)]
    rest = tuple(
        Node(row.label(), REMOVABLE if row.reason in (SYMBOLS, DEBUG) else SHARED, row.bytes)
        for row in binary.unattributed
    )
    if rest and parts:
        shared = sum(node.total for node in rest)
        parts.append(Node(tr("of no single package"), SHARED, shared, children=rest))
    else:
        parts += rest
    kind = parts[0].kind if parts else SHARED
    return _columns(Node(name, kind, binary.size_bytes, children=tuple(parts)))


def _module_node(module: ModuleBytes) -> Node:
    kind = DEPENDENCY if module.group == UNKNOWN else module.group
    detail = module.version or (module.kind() if module.group in (MAIN, UNKNOWN) else "")
    packages = tuple(
        Node(
            _inside(shown_package(p.name), module.path),
            kind,
            p.total_bytes,
            "",
            p.code_bytes,
            p.table_bytes,
            name=p.name,
        )
        for p in module.packages
    )
    code, tables = (sum(getattr(p, name) for p in packages) for name in ("code", "tables"))
    if len(packages) == 1 and packages[0].name == module.path:
        packages = ()
    return Node(module.label(), kind, module.total_bytes, detail, code, tables, packages)


def _inside(package: str, module: str) -> str:
    """A package's name inside its module: the last element of the path for the module's own folder."""
    own = package.rpartition("/vendor/")[2]
    if own == module:
        return own.rpartition("/")[2]
    return own.removeprefix(f"{module}/") if module else own


def _columns(root: Node) -> BinaryTree:
    nodes: list[Node] = []
    parents: list[int] = []
    depths: list[int] = []

    def place(node: Node, parent: int, depth: int) -> None:
        number = len(nodes)
        nodes.append(node)
        parents.append(parent)
        depths.append(depth)
        for child in node.children:
            place(child, number, depth + 1)

    place(root, -1, 0)
    end = np.arange(1, len(nodes) + 1, dtype=np.int32)
    for number in range(len(nodes) - 1, 0, -1):
        end[parents[number]] = max(end[parents[number]], end[number])
    names = [node.label.encode("utf-8", "surrogateescape") for node in nodes]
    tree = FileTree(
        parent=np.array(parents, dtype=np.int32),
        end=end,
        depth=np.array(depths, dtype=np.int32),
        name_offsets=np.concatenate([[0], np.cumsum([len(name) for name in names])]).astype(
            np.int64
        ),
        names=np.frombuffer(b"".join(names), dtype=np.uint8),
    )
    leaf = np.array([not node.children for node in nodes])
    size = np.where(leaf, [node.total for node in nodes], 0).astype(np.int64)
    # Every node is its own row; what is counted are packages and rows of no package.
    view = View(
        row=np.arange(len(nodes), dtype=np.int32),
        size=size,
        total=tree.roll_up(size),
        files=tree.roll_up(leaf.astype(np.int64)),
        present=np.ones(len(nodes), dtype=bool),
    )
    return BinaryTree(tuple(nodes), tree, view)


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()
