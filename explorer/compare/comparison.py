"""Compares two analysed images; every difference in bytes sums to the difference of the totals, to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.compare.pair import ConfigChange, Pair
from explorer.compare.programs import BinaryDelta, binary_deltas
from explorer.compare.startup import StartUp
from explorer.compare.surface import Surface, surface
from explorer.filesystem.columnfile import Array
from explorer.filesystem.diff import Change, TreeDiff, diff_trees
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding
from explorer.gobinary.binary import GoBinary
from explorer.image.model import Config, Layer
from explorer.image.redact import shown_setting
from explorer.translation import tr

__all__ = [
    "BinaryDelta",
    "CategoryDelta",
    "Comparison",
    "ConfigChange",
    "FileDelta",
    "Layers",
    "Pair",
    "compare",
]


@dataclass(frozen=True)
class CategoryDelta:
    """Bytes of one category (an id of findings.category) in both images' content."""

    id: str
    size: Pair

    @property
    def label(self) -> str:
        """The category in the user's language."""
        return next(item.label() for item in CATEGORIES if item.id == self.id)


@dataclass(frozen=True)
class Layers:
    """Layers matched by their diff_id: (index in a, index in b) of the shared ones, and the indexes of the others."""

    shared: tuple[tuple[int, int], ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]


@dataclass(frozen=True)
class FileDelta:
    """One path: what became of it, its bytes on both sides, and where a moved one went to or came from ("" else)."""

    path: bytes
    change: Change
    size: Pair
    partner: bytes = b""


@dataclass(frozen=True, eq=False)
class Comparison:
    """All differences of two images; `diff` is path by path."""

    a: Analysis
    b: Analysis
    diff: TreeDiff
    content: Pair
    contribution: Pair
    reclaimable: Pair
    files: Pair  # counts
    layers: Layers
    categories: tuple[CategoryDelta, ...]
    findings_gone: tuple[Finding, ...]
    findings_new: tuple[Finding, ...]
    binaries: tuple[BinaryDelta, ...]
    config: tuple[ConfigChange, ...]
    surface_a: Surface
    surface_b: Surface
    startup: StartUp | None = None

    @property
    def complete(self) -> bool:
        """Whether both images were read whole."""
        return self.a.complete and self.b.complete

    @property
    def notes(self) -> tuple[str, ...]:
        """What makes the comparison odd, in the user's language."""
        return _notes(self.a, self.b)

    @cached_property
    def waterfall(self) -> tuple[CategoryDelta, ...]:
        """The categories that differ: they lead from one content to the other exactly.

        Savings come first, then growth, each the biggest first.
        """
        changed = [item for item in self.categories if item.size.delta]
        return tuple(sorted(changed, key=lambda item: (item.size.delta > 0, -abs(item.size.delta))))

    @cached_property
    def differing(self) -> Array:
        """int64[k]: the nodes of all paths that differ, the biggest difference first; of equal ones the bigger file."""
        diff = self.diff
        nodes = np.flatnonzero((diff.leaves & (diff.change != Change.SAME)) | diff.turned)
        before, after = diff.size_a[nodes], diff.size_b[nodes]
        order = np.lexsort((nodes, -np.maximum(before, after), -np.abs(after - before)))
        return np.asarray(nodes[order])

    def largest_files(self, limit: int) -> list[FileDelta]:
        """The paths whose bytes differ or move most, the biggest first; what holds no bytes is left out."""
        nodes = self.differing
        holding = np.maximum(self.diff.size_a[nodes], self.diff.size_b[nodes]) > 0
        return [self.file(node) for node in nodes[holding][:limit].tolist()]

    def file(self, node: int) -> FileDelta:
        """What became of one node of the joined tree."""
        diff = self.diff
        partner = int(diff.partner[node])
        return FileDelta(
            diff.tree.path(node),
            Change(int(diff.change[node])),
            Pair(int(diff.size_a[node]), int(diff.size_b[node])),
            diff.tree.path(partner) if partner >= 0 else b"",
        )


def compare(
    a: Analysis,
    b: Analysis,
    programs: Mapping[str, GoBinary] | None = None,
    startup: StartUp | None = None,
) -> Comparison:
    """Compare two images, `a` the earlier one; works for any two, and notes what makes the comparison odd.

    `programs` are analyses of their Go executables by the digest of the content; without them packages are not told. `startup`
    is what was measured of both.
    """
    return Comparison(
        a=a,
        b=b,
        diff=diff_trees(a.stack, b.stack),
        content=Pair(a.totals.content_bytes, b.totals.content_bytes),
        contribution=Pair(a.totals.contribution_bytes, b.totals.contribution_bytes),
        reclaimable=Pair(a.totals.reclaimable_bytes, b.totals.reclaimable_bytes),
        files=Pair(a.totals.files, b.totals.files),
        layers=_match_layers(a.image.layers, b.image.layers),
        categories=_categories(a, b),
        findings_gone=_without(a.findings, b.findings),
        findings_new=_without(b.findings, a.findings),
        binaries=binary_deltas(a.go_binaries, b.go_binaries, programs or {}),
        config=_config_changes(a.image.config, b.image.config),
        surface_a=surface(a),
        surface_b=surface(b),
        startup=startup,
    )


def _match_layers(a: tuple[Layer, ...], b: tuple[Layer, ...]) -> Layers:
    waiting: dict[str, list[int]] = {}
    for layer in reversed(a):
        waiting.setdefault(layer.diff_id, []).append(layer.index)
    shared, only_b = [], []
    for layer in b:
        same = waiting.get(layer.diff_id)
        if same and layer.diff_id:
            shared.append((same.pop(), layer.index))
        else:
            only_b.append(layer.index)
    matched = {index for index, _ in shared}
    only_a = tuple(layer.index for layer in a if layer.index not in matched)
    return Layers(tuple(shared), only_a, tuple(only_b))


def _categories(a: Analysis, b: Analysis) -> tuple[CategoryDelta, ...]:
    held = zip(CATEGORIES, a.category_bytes(), b.category_bytes(), strict=True)
    return tuple(
        CategoryDelta(item.id, Pair(before, after)) for item, (before, _), (after, _) in held
    )


def _without(findings: tuple[Finding, ...], others: tuple[Finding, ...]) -> tuple[Finding, ...]:
    known = {finding.id for finding in others}
    return tuple(finding for finding in findings if finding.id not in known)


def _config_changes(a: Config, b: Config) -> tuple[ConfigChange, ...]:
    before, after = settings_of(a), settings_of(b)
    keys = dict.fromkeys([*before, *after])
    return tuple(
        ConfigChange(
            key,
            shown_setting(key, before.get(key, "")),
            shown_setting(key, after.get(key, "")),
        )
        for key in keys
        if before.get(key, "") != after.get(key, "")
    )


def settings_of(config: Config) -> dict[str, str]:
    """The config as one text a setting; variables and labels are settings of their own."""
    settings = {
        "USER": config.user,
        "WORKDIR": config.working_dir,
        "ENTRYPOINT": " ".join(config.entrypoint),
        "CMD": " ".join(config.cmd),
        "STOPSIGNAL": config.stop_signal,
        "HEALTHCHECK": " ".join(config.healthcheck),
        "EXPOSE": " ".join(config.exposed_ports),
        "VOLUME": " ".join(config.volumes),
    }
    for item in config.env:
        name, _, value = item.partition("=")
        settings[f"ENV {name}"] = value
    settings |= {f"LABEL {name}": value for name, value in config.labels.items()}
    return {key: value for key, value in settings.items() if value}


def _notes(a: Analysis, b: Analysis) -> tuple[str, ...]:
    notes = []
    if a.image.id == b.image.id:
        notes.append(tr("Both are the same image."))
    if str(a.image.platform) != str(b.image.platform):
        notes.append(
            tr(
                "They are for different platforms: {a} and {b}.",
                a=a.image.platform,
                b=b.image.platform,
            )
        )
    notes += [
        tr(
            "{name} was read only in part ({read} of {total} layers); differences may be missing files.",
            name=item.image.tags[0] if item.image.tags else item.image.reference,
            read=item.layers_read,
            total=len(item.image.layers),
        )
        for item in (a, b)
        if not item.complete
    ]
    return tuple(notes)
