"""Measurements on disk: one JSON file each, written anew after every run, listed as a history.

Written beside its place first and renamed, so that a killed process leaves the state after the last finished run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from explorer.coldstart.sample import SCHEMA, Environment, Run, Sample
from explorer.coldstart.spec import Arm, Spec
from explorer.coldstart.texts import in_english, in_language
from explorer.errors import DamagedInput, InputError
from explorer.paths import data_dir
from explorer.storing import whole_file
from explorer.translation import tr
from explorer.units import display_text

_FILE_LIMIT = 64 << 20
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,100}")


@dataclass(frozen=True)
class Entry:
    """One line of the history; `runs` is how many counted runs each image had, the engine's floor left out.

    `variables` has for each of `references` what this arm alone was started with, so that a trial can be told from
    a measurement of one image.
    """

    id: str
    created: str
    references: tuple[str, ...]
    runs: int
    complete: bool
    note: str
    variables: tuple[tuple[str, ...], ...] = ()
    image_ids: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What was measured, each image with its own variables; untrusted."""
        own = self.variables or ((),) * len(self.references)
        return tuple(" ".join((name, *env)) for name, env in zip(self.references, own, strict=True))


class Store:
    """The measurements in a folder; without one, the user's own."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or data_dir() / "coldstart"

    def save(self, sample: Sample) -> Path:
        """Write a measurement and return its file; StorageError when there is no room or no right to."""
        path = self._path(sample.id)
        hint = tr("Free some space or give this user the right to write there.")
        with whole_file(path, hint, make_folder=True) as file:
            file.write(msgspec.json.encode(document(sample)))
        return path

    def load(self, name: str) -> Sample:
        """The measurement of this ID; InputError when there is none, DamagedInput when its file is no measurement."""
        return parse(self._read(name))

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
                entries.append(_entry(self.load(name)))
        return sorted(entries, key=lambda entry: (entry.created, entry.id), reverse=True)

    def holding(self, image_ids: Iterable[str]) -> list[Sample]:
        """The measurements that have a run of every one of these images, the newest first."""
        wanted = [image_id.removeprefix("sha256:") for image_id in image_ids]
        found = []
        for name in self._names():
            with suppress(InputError):
                # Most files hold other images, which a search tells sooner than reading them does.
                data = self._read(name)
                if all(image_id.encode() in data for image_id in wanted):
                    sample = parse(data)
                    if wanted and None not in places(sample, wanted):
                        found.append(sample)
        return sorted(found, key=lambda sample: (sample.created, sample.id), reverse=True)

    def _read(self, name: str) -> bytes:
        try:
            with open(self._path(name), "rb") as file:
                return file.read(_FILE_LIMIT)
        except OSError as error:
            raise InputError(
                tr("There is no measurement {name}.", name=display_text(name, 80)),
                tr("image-explorer coldstart --history lists them."),
            ) from error

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


def find_for(image_ids: tuple[str, ...], store: Store | None = None) -> tuple[Sample, ...]:
    """The measurements of one image, or those that have both of a pair, the newest first; places() tells their arms.

    Measurements without a run that became ready are among them: they say that it did not start.
    """
    return tuple((store or Store()).holding(image_ids))


def places(sample: Sample, image_ids: Sequence[str]) -> list[int | None]:
    """For each image ID the place of the arm that ran it with the fewest variables of its own; None where none ran."""
    found: list[int | None] = []
    ran = {run.arm for run in sample.runs}
    for image_id in image_ids:
        wanted = image_id.removeprefix("sha256:")
        known = [
            place
            for place in sample.spec.measured
            if place in ran and sample.spec.arms[place].image_id.removeprefix("sha256:") == wanted
        ]
        found.append(min(known, key=lambda place: len(sample.spec.arms[place].env), default=None))
    return found


def read_measurement(path: Path) -> Sample:
    """The measurement in a file of the schema coldstart/1, ours or the one that --json wrote; InputError, DamagedInput."""
    try:
        with open(path, "rb") as file:
            data = file.read(_FILE_LIMIT)
    except OSError as error:
        raise InputError(
            tr(
                "Could not read {path}: {reason}",
                path=display_text(str(path), 200),
                reason=error.strerror or str(error),
            ),
            tr("It is written by image-explorer coldstart --json FILE."),
        ) from error
    return parse(data)


def _entry(sample: Sample) -> Entry:
    arms = [sample.spec.arms[place] for place in sample.spec.measured]
    shared = set.intersection(*(set(arm.env) for arm in arms)) if len(arms) > 1 else set()
    return Entry(
        id=sample.id,
        created=sample.created,
        references=tuple(arm.reference for arm in arms),
        runs=max((len(sample.of(place)) for place in sample.spec.measured), default=0),
        complete=sample.complete,
        note=sample.note,
        variables=tuple(tuple(item for item in arm.env if item not in shared) for arm in arms),
        image_ids=tuple(arm.image_id for arm in arms),
    )


def document(sample: Sample) -> dict[str, Any]:
    """A measurement as plain values, schema image-explorer/coldstart/1, texts in English; the runs stand under their arms."""
    arms = []
    for place, arm in enumerate(sample.spec.arms):
        runs = [msgspec.to_builtins(run) for run in sample.runs if run.arm == place]
        for run in runs:
            del run["arm"]
        arms.append({**msgspec.to_builtins(arm), "runs": runs})
    spec = msgspec.to_builtins(sample.spec)
    del spec["arms"]
    found = {
        "schema": SCHEMA,
        "id": sample.id,
        "created": sample.created,
        "complete": sample.complete,
        "note": sample.note,
        "spec": spec,
        "environment": msgspec.to_builtins(sample.environment),
        "arms": arms,
        "diagnostics": [dict(item) for item in sample.diagnostics],
    }
    return in_english(found)


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
            tr("This is not a measurement of the schema {schema}.", schema=SCHEMA),
            tr("It was written by a newer version, or by another program."),
        )
    return sample


def _sample(found: dict[str, Any]) -> Sample:
    found = in_language(found)
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
