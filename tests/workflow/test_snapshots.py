"""Snapshots as a story: taken of a real archive, and opened wherever an image is."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from explorer.coldstart.store import Store
from explorer.errors import DamagedInput, ImageNotFound, InputError
from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.image.reference import PATH, SNAPSHOT, Reference, parse_reference
from explorer.resources import sample_reference
from explorer.snapshot.model import Snapshot
from explorer.snapshot.reading import SnapshotFile
from explorer.task import Task
from explorer.workflow.analysing import analyse, analyse_to_file
from explorer.workflow.asking import list_archive
from explorer.workflow.binaries import inspect_binary
from explorer.workflow.comparing import Side, compare_to_files
from explorer.workflow.opening import Options
from explorer.workflow.payloads import Payload, extract, preview
from explorer.workflow.rewriting import rewrite_inputs
from explorer.workflow.snapshots import recorded_files, recorded_samples, take_snapshot
from tests.coldstart.samples import sample
from tests.snapshot.taken import BINARY, DOCKERFILE, after, before, pair, snapshot, taken


def opened(reference: str) -> Analysis:
    return analyse(Task(), Options(reference), LayerStore.private())


def test_that_a_snapshot_is_recognised_with_and_without_its_transport(tmp_path: Path) -> None:
    path = taken(tmp_path)
    assert parse_reference(f"snapshot:{path}") == Reference(SNAPSHOT, str(path))
    assert parse_reference(str(path)).transport == PATH
    assert parse_reference("web.image-snapshot").transport == PATH
    renamed = path.rename(tmp_path / "web")
    for name in (f"snapshot:{renamed}", str(renamed)):
        found = opened(name)
        assert found.totals == before().totals
        assert (found.image.reference, found.via) == (name, "snapshot")


def test_that_a_snapshot_is_handed_over_as_any_analysis_is(tmp_path: Path) -> None:
    reference = f"snapshot:{taken(tmp_path)}"
    path = analyse_to_file(Task(), {"reference": reference}, str(tmp_path))
    assert Analysis.load(Path(path)).totals == before().totals


def test_that_the_files_of_a_snapshot_cannot_be_read(tmp_path: Path) -> None:
    options = asdict(Options(f"snapshot:{taken(tmp_path)}"))
    payload = Payload(0, b"etc/motd", -1, 40)
    with pytest.raises(InputError, match="A snapshot holds no file contents"):
        preview(Task(), options, payload, 100)
    with pytest.raises(InputError, match="A snapshot holds no file contents"):
        extract(Task(), options, payload, str(tmp_path / "motd"))
    assert not (tmp_path / "motd").exists()


def test_that_executables_are_looked_into_as_they_were_recorded(tmp_path: Path) -> None:
    was = before()
    row = int(was.stack.rows_at(was.stack.tree.find(b"app/server"))[0])
    low, high = (int(word) for word in was.stack.digest[row])
    made = replace(snapshot(was), binaries={f"{high:016x}{low:016x}": BINARY})
    options = {"reference": f"snapshot:{taken(tmp_path, of=made)}"}
    assert inspect_binary(Task(), options, b"/app/server") == BINARY
    with pytest.raises(InputError, match="The snapshot holds no analysis of /usr/local/go/bin/go"):
        inspect_binary(Task(), options, b"/usr/local/go/bin/go")
    with pytest.raises(ImageNotFound, match="has no file /absent"):
        inspect_binary(Task(), options, b"/absent")


def test_that_a_rewrite_is_planned_from_what_was_recorded(tmp_path: Path) -> None:
    was = snapshot()
    assert was.rewrite is not None
    reference = f"snapshot:{taken(tmp_path, of=was)}"
    facts, images = rewrite_inputs(Task(), {"reference": reference}, "")
    assert (facts, images) == (was.rewrite.facts, was.rewrite.images)
    files = recorded_files(Task(), reference)
    assert (files.text, files.path) == (DOCKERFILE, "Dockerfile")
    bare = f"snapshot:{taken(tmp_path, 'bare', Snapshot(was.origin, was.analysis))}"
    facts, images = rewrite_inputs(Task(), {"reference": bare}, "")
    assert (facts.known, images) == (False, ())
    assert recorded_files(Task(), bare).text is None
    assert recorded_samples(Task(), bare) == ()


def test_that_a_comparison_of_snapshots_has_the_measurements_recorded_with_them(
    tmp_path: Path,
) -> None:
    measured = sample((0.8,) * 8, (0.4,) * 8)
    arms = tuple(
        replace(arm, image_id=analysis.image.id)
        for arm, analysis in zip(measured.spec.arms, (before(), after()), strict=True)
    )
    measured = replace(measured, spec=replace(measured.spec, arms=arms))
    sides = []
    for name, analysis in (("a", before()), ("b", after())):
        made = replace(snapshot(analysis), samples=(measured,))
        path = taken(tmp_path, name, made)
        sides.append(Side(asdict(Options(f"snapshot:{path}"))))
    found = compare_to_files(Task(), sides[0], sides[1], str(tmp_path)).load()
    assert found.startup is not None
    assert found.startup.a is not None
    assert found.startup.b is not None
    assert [round(t.median, 3) for t in (found.startup.a, found.startup.b)] == [0.8, 0.4]
    assert Store().history() == []
    # What is measured here later is another machine's: the snapshots tell what came with them.
    later = sample((0.1,) * 8, (0.2,) * 8)
    Store().save(replace(later, spec=measured.spec, created="2027-01-01T00:00:00Z"))
    again = compare_to_files(Task(), sides[0], sides[1], str(tmp_path)).load()
    assert again.startup == found.startup


def test_that_the_picker_lists_the_image_in_a_snapshot(tmp_path: Path) -> None:
    reference, _ = pair(tmp_path)
    (listed,) = list_archive(Task(), reference.removeprefix("snapshot:"))
    assert (listed.id, listed.tags, str(listed.platform), listed.layer_count) == (
        before().image.id,
        ("test:latest",),
        "linux/amd64",
        3,
    )


def test_that_a_damaged_snapshot_is_an_error_wherever_it_is_opened(tmp_path: Path) -> None:
    path = taken(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    for reference in (str(path), f"snapshot:{path}"):
        with pytest.raises(DamagedInput, match="is damaged"):
            opened(reference)
    with pytest.raises(InputError, match="There is no file"):
        opened(f"snapshot:{tmp_path}/absent")


@pytest.mark.slow
def test_that_a_snapshot_of_a_real_archive_has_all_of_its_figures(tmp_path: Path) -> None:
    options = asdict(Options(sample_reference()))
    measured = sample((0.5,) * 3)
    was = opened(sample_reference())
    arm = replace(measured.spec.arms[0], image_id=was.image.id)
    Store().save(replace(measured, spec=replace(measured.spec, arms=(arm,))))
    target = tmp_path / "sample.image-snapshot"
    told = take_snapshot(Task(), options, str(target), {"note": "from /home/ann"})
    assert (told["bytes"], told["complete"], told["measurements"]) == (
        target.stat().st_size,
        True,
        1,
    )
    assert (told["binaries"], told["rewrite"]) == (len({b.digest for b in was.go_binaries}), True)
    found = opened(f"snapshot:{target}")
    assert (found.totals, found.layers, found.dive) == (was.totals, was.layers, was.dive)
    assert found.category_bytes() == was.category_bytes()
    assert [f.title() for f in found.findings] == [f.title() for f in was.findings]
    file = SnapshotFile.open(target)
    assert file.origin.reference == "oci-archive:naive-go-service.oci.tar"
    assert (file.origin.note, file.origin.source) == ("from /home/…", "oci-archive")
    again = tmp_path / "again.image-snapshot"
    take_snapshot(Task(), asdict(Options(str(target))), str(again), {})
    assert SnapshotFile.open(again).origin == file.origin
    assert len(SnapshotFile.open(again).samples()) == 1
