"""The sentences in a measurement: English in its file, whatever the language of who measured; told in the reader's."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from explorer.coldstart.sample import Sample
from explorer.coldstart.store import Store, document
from explorer.report.coldstart_json import coldstart_json
from explorer.snapshot.privacy import private_sample
from explorer.translation import sentences, set_language, tr
from tests.coldstart.samples import sample

_HAN = re.compile("[\u3000-\u9fff\uff00-\uffef]")


def measured_in_chinese() -> Sample:
    """A measurement with a sentence in each place that has some."""
    set_language("zh_CN")
    found = sample([0.1, 0.2], [0.3, 0.4])
    detail = sentences(
        tr("It still ran after {n} s.", n=30), tr("It reached the limit of {n} processes.", n=9)
    )
    runs = (replace(found.runs[0], detail=detail, warnings=(tr("It was killed (SIGKILL)."),)),)
    note = tr("The engine runs in a virtual machine ({name}): all times are by this machine's clock.", name="vm")  # fmt: skip
    return replace(
        found,
        runs=(*runs, *found.runs[1:]),
        environment=replace(found.environment, notes=(note,)),
        diagnostics=(
            {
                "arm": 0,
                "problems": [tr("It was killed (SIGKILL).")],
                "hygiene": {"findings": [tr("It writes {n} lines before it is ready.", n=200)]},
            },
        ),
    )


def test_that_files_of_a_measurement_are_english() -> None:
    found = measured_in_chinese()
    assert _HAN.search(found.runs[0].detail)
    assert _HAN.findall(str(document(private_sample(found)))) == []
    assert document(found)["environment"]["notes"] == [
        "The engine runs in a virtual machine (vm): all times are by this machine's clock."
    ]
    set_language("en")
    assert _HAN.findall(coldstart_json(found).decode()) == []


def test_that_a_kept_measurement_is_told_in_the_readers_language(tmp_path: Path) -> None:
    store, found = Store(tmp_path), measured_in_chinese()
    store.save(found)
    assert store.load(found.id) == replace(found, diagnostics=tuple(found.diagnostics))
    set_language("en")
    read = store.load(found.id)
    assert read.runs[0].detail == "It still ran after 30 s. It reached the limit of 9 processes."
    assert read.runs[0].warnings == ("It was killed (SIGKILL).",)
    assert read.diagnostics[0]["problems"] == ["It was killed (SIGKILL)."]
    assert read.diagnostics[0]["hygiene"]["findings"] == ["It writes 200 lines before it is ready."]
