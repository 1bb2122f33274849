"""Reads snapshots of this version and of all earlier ones; each part is unpacked when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from explorer.coldstart.sample import Sample
from explorer.coldstart.store import parse
from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.files import RewriteFiles
from explorer.errors import ExplorerError
from explorer.filesystem.columnfile import write_columns
from explorer.findings.analysis import ANALYSIS_VERSION, Analysis
from explorer.gobinary.binary import GoBinary
from explorer.snapshot.checking import check_analysis, check_columns
from explorer.snapshot.container import VIA, Container, damaged, read_container
from explorer.snapshot.model import ImageSummary, RecordedRewrite, Snapshot
from explorer.snapshot.origin import Origin, origin_of
from explorer.snapshot.upgrade import upgrade
from explorer.snapshot.writing import COLUMNS, KIND

# What converting values of a wrong shape raises.
_FAULTS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_BINARIES_LIMIT = 1000
_T = TypeVar("_T")


@dataclass(frozen=True)
class SnapshotFile:
    """A snapshot on disk, checked as a whole; its parts raise DamagedInput when they contradict themselves."""

    container: Container

    @classmethod
    def open(cls, path: Path) -> SnapshotFile:
        """Open it; InputError when it is none or a newer one, DamagedInput, LimitExceeded, StorageError."""
        return cls(read_container(path))

    @property
    def origin(self) -> Origin:
        """Who made it and when."""
        return origin_of(self.container.head.get("origin"))

    def image(self) -> ImageSummary:
        """What a list shows of the image, without unpacking anything."""
        return self._guarded(lambda: msgspec.convert(self.container.head["image"], ImageSummary))

    def save_analysis(self, target: Path, reference: str) -> Analysis:
        """Write the analysis as the file that Analysis.load() maps, under the reference it was opened by, and load it."""
        box = self.container

        def load() -> Analysis:
            meta = dict(box.value("analysis"))
            arrays = {name: box.array(COLUMNS + name) for name in box.names(COLUMNS)}
            meta, arrays = upgrade(box.version, meta, arrays)
            check_columns(arrays)
            meta["image"] = {**meta["image"], "reference": reference, "source": VIA}
            meta["via"] = VIA
            # Of somebody else's file only texts are taken, never what texts are made of.
            meta["problems"] = [_text(problem) for problem in meta["problems"]]
            write_columns(target, KIND, ANALYSIS_VERSION, meta, arrays)
            analysis = Analysis.load(target)
            check_analysis(analysis)
            return analysis

        return self._guarded(load)

    def binaries(self) -> dict[str, GoBinary]:
        """The analyses of its executables by the digest of their content."""
        found = self.container.value("binaries") or {}
        return self._guarded(
            lambda: {
                str(digest): msgspec.convert(item, GoBinary)
                for digest, item in list(found.items())[:_BINARIES_LIMIT]
            }
        )

    def rewrite(self) -> RecordedRewrite | None:
        """The rewrite as it was planned, None when none was recorded."""
        found = self.container.value("rewrite")
        if found is None:
            return None
        return self._guarded(
            lambda: RecordedRewrite(
                facts=msgspec.convert(found["facts"], ProgramFacts),
                images=msgspec.convert(found["images"], tuple[LocalImage, ...]),
                files=msgspec.convert(found["files"], RewriteFiles),
                options=msgspec.convert(found["options"], RewriteOptions),
                plan=msgspec.convert(found["plan"], RewritePlan),
            )
        )

    def samples(self) -> tuple[Sample, ...]:
        """The measurements that were recorded with it, the newest first."""
        found = self.container.value("samples") or []
        return self._guarded(
            lambda: tuple(parse(msgspec.json.encode(document)) for document in found)
        )

    def whole(self, target: Path, reference: str) -> Snapshot:
        """All of it; the analysis is mapped from `target`."""
        return Snapshot(
            self.origin,
            self.save_analysis(target, reference),
            self.binaries(),
            self.rewrite(),
            self.samples(),
        )

    def _guarded(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except ExplorerError:
            raise
        except _FAULTS as error:
            raise damaged(self.container.path) from error


def _text(problem: Any) -> str:
    """A problem as it is kept: its English text; snapshots of version 0.1 may hold what it was made of."""
    return str(problem[0] if isinstance(problem, list) and problem else problem)
