"""Measurements on disk: one JSON file each, written anew after every run, listed as a history.

Written beside its place first and renamed, so that a killed process leaves the state after the last finished run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from explorer.coldstart.sample import SCHEMA, Environment, Run, Sample
from explorer.coldstart.spec import Arm, Spec
from explorer.errors import DamagedInput, InputError, StorageError
from explorer.paths import data_dir
from explorer.translation import tr
from explorer.units import display_text

_FILE_LIMIT = 64 << 20
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,100}")


@dataclass(frozen=True)
class Entry:
    """One line of the history."""

    id: str
    created: str
    references: tuple[str, ...]
    runs: int
    complete: bool
    note: str


class Store:
    """The measurements in a folder; without one, the user's own."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or data_dir() / "coldstart"

    def save(self, sample: Sample) -> Path:
        """Write a measurement and return its file; StorageError when there is no room or no right to."""
        path = self._path(sample.id)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(msgspec.json.encode(document(sample)))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise StorageError(
                tr("Could not write {path}: {reason}", path=path, reason=error.strerror or error),
                tr("Free some space or give this user the right to write there."),
            ) from error
        return path

    def load(self, name: str) -> Sample:
        """The measurement of this ID; InputError when there is none, DamagedInput when its file is no measurement."""
        path = self._path(name)
        try:
            with open(path, "rb") as file:
                data = file.read(_FILE_LIMIT)
        except OSError as error:
            raise InputError(
                tr("There is no measurement {name}.", name=display_text(name, 80)),
                tr("image-explorer coldstart --history lists them."),
            ) from error
        return parse(data)

    def annotate(self, name: str, note: str) -> Sample:
        """Give a measurement a note and return it."""
        sample = replace(self.load(name), note=note)
        self.save(sample)
        return sample

    def remove(self, name: str) -> None:
        """Forget a measurement."""
        with suppress(FileNotFoundError):
            self._path(name).unlink()

    def history(self) -> list[Entry]:
        """All measurements, the newest first; files that are none are left out."""
        entries = []
        for name in self._names():
            with suppress(InputError):
                sample = self.load(name)
                references = tuple(
                    sample.spec.arms[place].reference for place in sample.spec.measured
                )
                counted = sum(1 for run in sample.runs if not run.warm_up)
                entries.append(
                    Entry(
                        sample.id, sample.created, references, counted, sample.complete, sample.note
                    )
                )
        return sorted(entries, key=lambda entry: (entry.created, entry.id), reverse=True)

    def _names(self) -> Iterator[str]:
        with suppress(OSError):
            for path in self._folder.glob("[!.]*.json"):
                yield path.stem

    def _path(self, name: str) -> Path:
        if not _ID.fullmatch(name):
            raise InputError(
                tr("There is no measurement {name}.", name=display_text(name, 80)),
                tr("image-explorer coldstart --history lists them."),
            )
        return self._folder / f"{name}.json"


def document(sample: Sample) -> dict[str, Any]:
    """A measurement as plain values, schema image-explorer/coldstart/1; the runs stand under their arms."""
    arms = []
    for place, arm in enumerate(sample.spec.arms):
        runs = [msgspec.to_builtins(run) for run in sample.runs if run.arm == place]
        for run in runs:
            del run["arm"]
        arms.append({**msgspec.to_builtins(arm), "runs": runs})
    spec = msgspec.to_builtins(sample.spec)
    del spec["arms"]
    return {
        "schema": SCHEMA,
        "id": sample.id,
        "created": sample.created,
        "complete": sample.complete,
        "note": sample.note,
        "spec": spec,
        "environment": msgspec.to_builtins(sample.environment),
        "arms": arms,
        "diagnostics": list(sample.diagnostics),
    }


def parse(data: bytes) -> Sample:
    """The measurement in a JSON document of ours; DamagedInput for anything else."""
    try:
        found = msgspec.json.decode(data, type=dict[str, Any])
        named = found.get("schema")
        sample = _sample(found) if named == SCHEMA else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedInput(
            tr("This measurement cannot be read: {reason}.", reason=display_text(str(error), 200)),
            tr("Measure again."),
        ) from error
    if sample is None:
        raise DamagedInput(
            tr("This is no measurement of the schema {schema}.", schema=SCHEMA),
            tr("It was written by a newer version, or by another program."),
        )
    return sample


def _sample(found: dict[str, Any]) -> Sample:
    arms, runs = [], []
    for place, item in enumerate(found["arms"]):
        listed = item.pop("runs")
        arms.append(msgspec.convert(item, Arm))
        runs += [msgspec.convert({**run, "arm": place}, Run) for run in listed]
    spec = msgspec.convert({**found["spec"], "arms": ()}, Spec)
    return Sample(
        id=str(found["id"]),
        created=str(found["created"]),
        spec=replace(spec, arms=tuple(arms)),
        environment=msgspec.convert(found["environment"], Environment),
        runs=tuple(sorted(runs, key=lambda run: run.order)),
        complete=bool(found["complete"]),
        note=str(found["note"]),
        diagnostics=tuple(msgspec.convert(found["diagnostics"], list[dict[str, Any]])),
    )
