"""Where a finding's bytes are: the layer and the folder that hold most of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.union import Stack
from explorer.findings.category import CATEGORIES, CODE
from explorer.findings.entry import entry_nodes
from explorer.image.history import shown_instruction
from explorer.image.model import Image
from explorer.units import display_name, display_text

# A layer or folder is named alone when it holds at least this share of the bytes.
_MOST = 0.9
# The biggest rows tell where the rest is.
_SAMPLE = 256
# Folders that hold less of a rule's bytes than this are not worth naming beside single files.
_FEW = 0.1
_PLACES = 3
_STEP_LIMIT = 120
_PLACE_LIMIT = 200


@dataclass(frozen=True, eq=False)
class Where:
    """A classified stack and the image behind it; `layers` are the image's indexes of the stack's layers."""

    stack: Stack
    category: Array
    rule: Array
    image: Image
    layers: tuple[int, ...]

    def by_size(self, rows: Array) -> Array:
        """int32: `rows`, biggest first."""
        return rows[np.argsort(-self.stack.size[rows], kind="stable")].astype(np.int32)

    def main_layer(self, rows: Array) -> int:
        """Index of the image's layer that holds nearly all bytes of `rows`, -1 when there is none."""
        held = np.bincount(self.stack.layer[rows], weights=self.stack.size[rows] + 1e-9)
        most = int(np.argmax(held))
        return self.layers[most] if held[most] >= _MOST * held.sum() else -1

    def main_category(self, rows: Array) -> str:
        """Id of the category that holds most bytes of `rows`."""
        held = np.bincount(self.category[rows], weights=self.stack.size[rows])
        return CATEGORIES[int(np.argmax(held))].id

    @cached_property
    def entry(self) -> str:
        """Path of the program that the image runs, a stand-in when it is not known or is no application."""
        application = self.category == CODE["application"]
        for node in entry_nodes(self.stack, self.image.config):
            if application[self.stack.rows_at(node)].any():
                return self._name(node)
        return "/path/of/program"

    def step(self, layer: int) -> str:
        """The instruction behind a layer of the stack, as one short harmless line."""
        index = self.layers[layer]
        history = next((x.history for x in self.image.layers if x.index == index), None)
        text = " ".join(shown_instruction(history.created_by).split()) if history else ""
        return display_text(text, _STEP_LIMIT) if text else "…"

    def folders(self, rows: Array) -> list[str]:
        """The deepest folders, three at most, that together hold nearly all bytes of `rows`."""
        return [self._name(node) for node in self._spread(rows)]

    def places(self, rows: Array) -> list[str]:
        """The roots of a rule's subtrees that hold `rows` (biggest first), those of most bytes first and at most three."""
        weights = self._roots(rows)
        roots = [node for node in weights if not self._is_row(node, rows)]
        roots = sorted(roots, key=lambda node: -weights[node])[:_PLACES]
        if sum(weights[node] for node in roots) < _MOST * sum(weights.values()):
            return self.folders(rows)
        return [self._name(node) for node in roots]

    def _name(self, node: int) -> str:
        return display_name(b"/" + self.stack.tree.path(node), _PLACE_LIMIT)

    def _is_row(self, node: int, rows: Array) -> bool:
        return bool((self.stack.node[rows[:_SAMPLE]] == node).any())

    def _roots(self, rows: Array) -> dict[int, int]:
        """The roots of the biggest rows and the bytes under each."""
        weights: dict[int, int] = {}
        for row in rows[:_SAMPLE].tolist():
            root = self._root(row)
            weights[root] = weights.get(root, 0) + int(self.stack.size[row])
        return weights

    def _root(self, row: int) -> int:
        """The highest directory that the row's rule covers without a gap."""
        parent, rule_of = self.stack.tree.parent, self._rule_of
        node = int(self.stack.node[row])
        if not self.rule[row]:
            return node
        while node > 0 and parent[node] > 0 and rule_of[parent[node]] == self.rule[row]:
            node = int(parent[node])
        return node

    @cached_property
    def _rule_of(self) -> Array:
        """uint16[n]: the rule of each node."""
        rule_of = np.zeros(len(self.stack.tree), dtype=np.uint16)
        rule_of[self.stack.node] = self.rule
        return rule_of

    def _spread(self, rows: Array) -> list[int]:
        """The nodes of folders(), those of most bytes first."""
        tree = self.stack.tree
        nodes = self.stack.node[rows]
        order = np.argsort(nodes, kind="stable")
        nodes = nodes[order]
        sums = np.concatenate([[0], np.cumsum(self.stack.size[rows][order], dtype=np.int64)])

        def held(starts: Array) -> Array:
            return np.asarray(
                sums[np.searchsorted(nodes, tree.end[starts])]
                - sums[np.searchsorted(nodes, starts)]
            )

        total, chosen, pending = int(sums[-1]), [0], [0]
        while pending:
            node = pending.pop()
            children = tree.children(node)
            children = children[tree.end[children] - children > 1]
            big = children[held(children) >= max(_FEW * total, 1)].tolist()
            finer = [item for item in chosen if item != node] + big
            if (
                len(finer) <= _PLACES
                and held(np.asarray(finer, dtype=np.int64)).sum() >= _MOST * total
            ):
                chosen = finer
                pending += big
        return sorted(chosen, key=lambda node: -int(held(np.asarray([node]))[0])) or [0]
