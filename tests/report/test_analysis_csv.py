"""Tables of an image as CSV: what they hold, and that every path can be turned back into its bytes."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.finding import Finding
from explorer.report.analysis_csv import entry_count, files_csv, findings_csv, layers_csv
from explorer.report.csv_lines import ROWS_A_PART, csv_cell, path_bytes, path_text
from tests.gui.inputs import HOSTILE_NAMES, everything
from tests.support.layers import file, image, layer, symlink


def _table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def _merged(analysis: Analysis) -> View:
    return view(analysis.stack, analysis.stack.merged())


def _files(analysis: Analysis, shown: View | None = None) -> dict[str, dict[str, str]]:
    data = b"".join(files_csv(analysis, shown or _merged(analysis)))
    return {row["path"]: row for row in _table(data)}


def test_that_a_file_is_written_with_all_that_is_known_of_it() -> None:
    row = _files(everything())["/usr/bin/app"]
    digest = row.pop("digest")
    assert digest.startswith("xxh3_128:")
    assert row == {
        "path": "/usr/bin/app",
        "type": "file",
        "size_bytes": "5000000",
        "total_bytes": "5000000",
        "files": "1",
        "layer": "0",
        "category": "system",
        "rule": "system",
        "state": "live",
        "until_layer": "",
        "mode": "0755",
        "uid": "0",
        "gid": "0",
        "modified": "2023-11-14T22:13:20+00:00",
        "link_target": "",
    }


def test_that_all_entries_of_the_view_and_no_others_are_written() -> None:
    analysis = everything()
    whole = _files(analysis)
    assert "/usr/share/doc/manual" not in whole
    assert whole["/etc/motd"]["layer"] == "2"
    assert int(whole["/srv"]["files"]) == len(HOSTILE_NAMES)
    every_row = view(analysis.stack, np.ones(len(analysis.stack), dtype=bool))
    assert _files(analysis, every_row)["/usr/share/doc/manual"]["state"] == "deleted"
    assert _files(analysis, every_row)["/usr/share/doc/manual"]["until_layer"] == "1"
    assert len(whole) == entry_count(_merged(analysis))


def test_that_a_filtered_view_writes_only_what_it_keeps() -> None:
    analysis = everything()
    mask = np.zeros(len(analysis.stack), dtype=bool)
    mask[analysis.stack.rows_at(analysis.stack.tree.find(b"opt/motd"))] = True
    assert list(_files(analysis, view(analysis.stack, mask))) == ["/opt", "/opt/motd"]


def test_that_the_sizes_sum_to_what_the_window_shows() -> None:
    analysis = everything()
    shown = _merged(analysis)
    assert sum(int(row["size_bytes"]) for row in _files(analysis, shown).values()) == int(
        shown.total[0]
    )


@pytest.mark.slow
def test_that_many_rows_come_in_parts() -> None:
    count = 2 * ROWS_A_PART + 10
    analysis = analyse(*image(layer(*(file(f"f/{n:06}", 1) for n in range(count)))))
    parts = list(files_csv(analysis, _merged(analysis)))
    assert [part.count(b"\r\n") for part in parts] == [1, 2000, 2000, 11]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_that_any_name_can_be_turned_back_into_its_bytes(name: bytes) -> None:
    paths = [path_bytes(path) for path in _files(everything())]
    assert b"/srv/" + name in paths


@given(st.binary(max_size=60).filter(lambda raw: b"\0" not in raw))
def test_that_written_paths_are_exact_and_printable(raw: bytes) -> None:
    text = path_text(raw)
    assert text.isprintable()
    assert path_bytes(text) == raw


def test_that_link_targets_and_rules_start_no_formula() -> None:
    targets = (b"=cmd|' /C calc'!A0", b"+1", b"-1", b"@SUM(1)", b"\t=1", b"plain")
    links = [symlink(f"l{n}", target) for n, target in enumerate(targets)]
    rows = _files(analyse(*image(layer(*links))))
    cells = [rows[f"/l{n}"]["link_target"] for n in range(len(targets))]
    assert cells == ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(1)", "\\x09=1", "plain"]


def test_that_layers_are_written_base_first_with_their_figures() -> None:
    rows = _table(layers_csv(everything()))
    assert [row["layer"] for row in rows] == ["0", "1", "2"]
    assert rows[1]["instruction"] == "RUN set -x \\\n && rm -r <b>/usr/share/doc</b>"
    assert (rows[0]["reclaimable_bytes"], rows[1]["reclaimable_bytes"]) == ("40005", "12")
    assert rows[2] == {
        **rows[2],
        "content_bytes": "12",
        "contribution_bytes": "12",
        "entries": "1",
        "verified": "digest",
        "complete": "yes",
    }


def test_that_a_layer_that_was_not_read_has_no_figures() -> None:
    described, layers = image(layer(file("a", 5)), layer(file("b", 6)), created_by=("=1+1", ""))
    rows = _table(layers_csv(analyse(described, {1: layers[1]})))
    assert (rows[0]["content_bytes"], rows[0]["complete"]) == ("", "no")
    assert rows[0]["instruction"] == "'=1+1"
    assert rows[1]["content_bytes"] == "6"


def test_that_findings_are_written_with_reason_and_remedy() -> None:
    analysis = everything()
    row = int(analysis.stack.rows_at(analysis.stack.tree.find(b"srv/\xff\xfe not utf-8"))[0])
    finding = Finding(
        id="odd",
        category="temporary",
        bytes=101,
        layer=-1,
        rows=np.array([row], dtype=np.int32),
        fields={"title": "@odd", "reason": "two\nlines\x1b", "remedy": "-rm"},
        overlaps=True,
    )
    assert _table(findings_csv(analysis, [finding])) == [
        {
            "id": "odd",
            "category": "temporary",
            "title": "'@odd",
            "bytes": "101",
            "files": "1",
            "layer": "",
            "confidence": "high",
            "overlaps": "yes",
            "reason": "two\nlines\\x1b",
            "remedy": "'-rm",
            "largest_path": "/srv/\\xff\\xfe not utf-8",
        }
    ]


@given(st.text())
def test_that_no_text_starts_a_formula_or_holds_a_control(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.replace("\n", "").isprintable()
    cell.encode("utf-8")


def test_that_a_byte_that_is_no_text_is_the_same_escape_in_a_path_and_in_a_text() -> None:
    assert path_text(b"a\xff") == csv_cell("a\udcff") == "a\\xff"
