"""Gives every row of a stack its category and the rule that named it; a million rows in about a second.

Directory rules colour whole subtrees, which are contiguous in preorder; file rules then colour single names. Where
several rules match, the highest priority wins, among equals the deeper place.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack
from explorer.findings.category import CODE, SHADOW
from explorer.findings.detect import DETECTORS
from explorer.findings.pattern import Matcher, Places
from explorer.findings.rules import RuleSet
from explorer.image.model import Config


def classify(stack: Stack, config: Config, rules: RuleSet) -> tuple[Array, Array]:
    """(category uint8[r], rule uint16[r]): codes into CATEGORIES and numbers into rules.ids, one of each for every row.

    Payloads that nothing reaches get a shadow category; their rule still says what they were.
    """
    places = Places.of(stack)
    painter = _Painter(stack, places, config, rules)
    painter.paint_directories()
    painter.paint_files()
    rule = painter.tag[stack.node].astype(np.uint16)
    codes = np.array([CODE["other"], *(item.code for item in rules.rules)], dtype=np.uint8)
    category = codes[rule]
    payload = stack.kind == Kind.FILE
    for state, code in SHADOW.items():
        category[payload & (stack.state == state)] = code
    return category, rule


class _Painter:
    """The rule number of each node while rules are laid over the tree."""

    def __init__(self, stack: Stack, places: Places, config: Config, rules: RuleSet) -> None:
        self.places = places
        self.rules = rules.rules
        self.ids = {name: number for number, name in enumerate(rules.ids)}
        self.priority = [-1, *(rule.spec.priority for rule in rules.rules)]
        # What each node is named by, and what it would be named by without the rule that covers it.
        self.tag = np.zeros(len(places.tree), dtype=np.int32)
        self.beneath = np.zeros(len(places.tree), dtype=np.int32)
        self.found = {
            number: DETECTORS[rule.spec.detect](stack, places, config)
            for number, rule in enumerate(rules.rules, 1)
            if rule.spec.detect
        }
        self.matcher = Matcher(
            places,
            [pattern for rule in self.rules for pattern in (*rule.directories, *rule.exceptions)],
            [pattern for rule in self.rules for pattern in (*rule.files, *rule.exceptions)],
        )

    def paint_directories(self) -> None:
        """Colour subtrees from the root down, so that a deeper rule of the same priority wins."""
        events: dict[int, list[int]] = defaultdict(list)
        taken_out: dict[int, list[int]] = defaultdict(list)
        for number, rule in enumerate(self.rules, 1):
            for node in self._directories_of(number):
                events[node].append(number)
            for pattern in rule.exceptions:
                for node in self.matcher.directories(pattern).tolist():
                    taken_out[node].append(number)
        end = self.places.tree.end
        for node in sorted(events.keys() | taken_out.keys()):
            here = slice(node, int(end[node]))
            if int(self.tag[node]) in taken_out.get(node, ()):
                self.tag[here] = self.beneath[node]
            chosen = self._choose(
                int(self.tag[node]), events.get(node, []), taken_out.get(node, [])
            )
            if chosen:
                self.beneath[here] = self.tag[node]
                self.tag[here] = chosen

    def paint_files(self) -> None:
        """Colour single files: exceptions of what covers them, then file rules, the highest priority last."""
        for number, rule in enumerate(self.rules, 1):
            for pattern in rule.exceptions:
                nodes = self.matcher.files(pattern)
                nodes = nodes[self.tag[nodes] == number]
                self.tag[nodes] = self.beneath[nodes]
        covering = self.tag.copy()
        # The first rule of a priority is laid on last and wins.
        order = sorted(range(1, len(self.rules) + 1), key=lambda n: (self.priority[n], -n))
        priority = np.asarray(self.priority)
        for number in order:
            nodes = self._files_of(number)
            spec = self.rules[number - 1].spec
            above = covering[nodes]
            fits = priority[above] <= spec.priority
            if spec.within:
                fits &= np.isin(above, [self.ids[name] for name in spec.within])
            if spec.outside:
                fits &= ~np.isin(above, [self.ids[name] for name in spec.outside])
            self.tag[nodes[fits]] = number

    def _directories_of(self, number: int) -> list[int]:
        found = self.found.get(number)
        nodes = [] if found is None else found.directories.tolist()
        for pattern in self.rules[number - 1].directories:
            nodes += self.matcher.directories(pattern).tolist()
        return list(dict.fromkeys(nodes))

    def _files_of(self, number: int) -> Array:
        """int64[k]: the files that a rule's patterns and detector name, in preorder."""
        rule, found = self.rules[number - 1], self.found.get(number)
        parts = [self.matcher.files(pattern) for pattern in rule.files]
        parts += [] if found is None else [found.files]
        if not parts:
            return np.zeros(0, dtype=np.int64)
        chosen = np.zeros(len(self.tag), dtype=bool)
        for nodes in parts:
            chosen[nodes] = True
        for pattern in rule.exceptions:
            chosen[self.matcher.files(pattern)] = False
            for node in self.matcher.directories(pattern).tolist():
                chosen[node : int(self.places.tree.end[node])] = False
        return np.flatnonzero(chosen)

    def _choose(self, current: int, candidates: list[int], taken_out: list[int]) -> int:
        """The rule that covers a directory from here on, 0 when nothing changes."""
        best = 0
        for number in candidates:
            spec = self.rules[number - 1].spec
            if number == current or number in taken_out or spec.priority < self.priority[current]:
                continue
            if spec.within and current not in [self.ids[name] for name in spec.within]:
                continue
            if spec.outside and current in [self.ids[name] for name in spec.outside]:
                continue
            if not best or spec.priority > self.priority[best]:
                best = number
        return best
