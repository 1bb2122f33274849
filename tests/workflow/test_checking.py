"""Which measurements a check is decided on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from explorer.coldstart.sample import Sample
from explorer.coldstart.store import Store, document
from explorer.errors import DamagedInput, InputError
from explorer.findings.analysis import Analysis, analyse
from explorer.task import Task
from explorer.workflow.checking import SampleFiles, start_facts
from tests.coldstart.samples import sample
from tests.support.layers import file, image, layer

FAST = [0.100 + i / 1000 for i in range(12)]
SLOW = [0.200 + i / 1000 for i in range(12)]
BOTH = sample(FAST, SLOW)


def of(arm: int) -> Analysis:
    made = analyse(*image(layer(file("/a", 1))))
    identity = BOTH.spec.arms[arm].image_id
    return replace(made, image=replace(made.image, id=identity, tags=(f"service:{arm}",)))


BEFORE, AFTER = of(0), of(1)


def written(folder: Path, found: Sample, name: str = "start.json") -> str:
    path = folder / name
    path.write_bytes(msgspec.json.encode(document(found)))
    return str(path)


def alone(arm: int) -> Sample:
    """A measurement of one of the images only."""
    runs = tuple(replace(run, arm=0) for run in BOTH.runs if run.arm == arm)
    spec = replace(BOTH.spec, arms=(BOTH.spec.arms[arm],))
    return replace(BOTH, id=f"{BOTH.id}-{arm}", spec=spec, runs=runs)


def test_that_both_images_of_one_measurement_are_compared_in_turns(tmp_path: Path) -> None:
    found = start_facts(Task(), AFTER, BEFORE, SampleFiles(written(tmp_path, BOTH)))
    assert found.summary is not None
    assert found.summary.median == pytest.approx(0.2055)
    assert found.change is not None
    assert (found.change.verdict, found.apart) == ("slower", False)
    assert found.change.shift == pytest.approx(0.1)


def test_that_the_order_of_the_measurement_does_not_matter(tmp_path: Path) -> None:
    found = start_facts(Task(), BEFORE, AFTER, SampleFiles(written(tmp_path, BOTH)))
    assert found.change is not None
    assert found.change.verdict == "faster"


def test_that_two_files_are_compared_with_a_caution(tmp_path: Path) -> None:
    files = SampleFiles(written(tmp_path, alone(1), "1"), written(tmp_path, alone(0), "0"))
    found = start_facts(Task(), AFTER, BEFORE, files)
    assert found.change is not None
    assert (found.change.verdict, found.apart) == ("slower", True)
    assert found.cautions[0].startswith("Measured at different times")


def test_that_measurements_of_different_machines_are_not_compared(tmp_path: Path) -> None:
    other = replace(alone(0), environment=replace(BOTH.environment, cpus=64))
    files = SampleFiles(written(tmp_path, alone(1), "1"), written(tmp_path, other, "0"))
    found = start_facts(Task(), AFTER, BEFORE, files)
    assert found.change is None
    assert found.why_no_change == "These measurements cannot be compared: cpus: 64 / 2."


def test_that_a_measurement_of_another_image_is_named(tmp_path: Path) -> None:
    files = SampleFiles(written(tmp_path, alone(0)))
    found = start_facts(Task(), AFTER, None, files)
    assert found.summary is None
    assert found.why_not.endswith("holds no run of service:1; it holds service:before.")
    assert found.why_no_change == "There is no baseline: name one with --against."


def test_that_the_history_is_looked_into_when_no_file_is_named() -> None:
    assert start_facts(Task(), AFTER, BEFORE, SampleFiles()).why_not == (
        "There is no measurement of service:1: image-explorer coldstart makes one."
    )
    Store().save(BOTH)
    found = start_facts(Task(), AFTER, BEFORE, SampleFiles())
    assert found.summary is not None
    assert found.change is not None


def test_that_a_file_that_is_no_measurement_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(DamagedInput):
        start_facts(Task(), AFTER, None, SampleFiles(str(tmp_path / "x.json")))
    with pytest.raises(InputError):
        start_facts(Task(), AFTER, None, SampleFiles(str(tmp_path / "absent")))
