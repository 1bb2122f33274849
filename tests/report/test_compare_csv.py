"""The paths of a comparison as CSV: one line each, in an order and with escapes that can be followed back."""

from __future__ import annotations

import csv
import io

from explorer.compare.comparison import Comparison, compare
from explorer.filesystem.diff import Change
from explorer.findings.analysis import analyse
from explorer.report.compare_csv import FILE_COLUMNS, changes_csv
from explorer.report.csv_lines import path_bytes
from explorer.report.document_csv import document_csv
from explorer.report.documents.compare import compare_document
from tests.report.hostile import NAMES
from tests.report.pair import small_pair
from tests.support.layers import file, image, layer


def rows(c: Comparison) -> list[dict[str, str]]:
    shown = (c.diff.change != Change.SAME) & ~c.diff.is_directory | c.diff.turned
    data = b"".join(changes_csv(c.diff, shown)).decode("utf-8")
    return list(csv.DictReader(io.StringIO(data, newline=""), strict=True))


def test_that_each_path_that_is_asked_for_is_told_once_with_its_own_bytes() -> None:
    c = small_pair()
    found = {row["path"]: tuple(row.values())[1:] for row in rows(c)}
    assert found == {
        "/etc/mode": ("metadata", "12", "12", "0", ""),
        "/etc/grown": ("changed", "12", "25", "13", ""),
        "/etc/link": ("metadata", "0", "0", "0", ""),
        "/old/moved": ("moved-away", "36", "0", "-36", "/new/moved"),
        "/new/moved": ("moved-here", "0", "36", "36", "/old/moved"),
        "/srv/gone": ("removed", "50", "0", "-50", ""),
        "/srv/<b>=1+1|`x`\\xff": ("removed", "7", "0", "-7", ""),
        "/usr/share/doc/x": ("removed", "31", "0", "-31", ""),
        "/thing": ("changed", "13", "0", "-13", ""),
        "/thing/inside": ("added", "0", "14", "14", ""),
        "/fresh": ("added", "0", "33", "33", ""),
    }
    assert sum(int(row["delta_bytes"]) for row in rows(c)) == c.contribution.delta
    assert tuple(rows(c)[0]) == FILE_COLUMNS


def test_that_any_name_can_be_turned_back_into_its_bytes() -> None:
    named = image(layer(*(file(name, place + 1) for place, name in enumerate(NAMES))))
    c = compare(analyse(*named), analyse(*image(layer())))
    assert {path_bytes(row["path"].removeprefix("/")) for row in rows(c)} == {*NAMES}


def test_that_a_path_may_lie_as_deep_as_a_layer_allows() -> None:
    deep = "/".join("d" * 1500) + "/end"
    c = compare(analyse(*image(layer(file(deep, 5)))), analyse(*image(layer())))
    assert [row["path"] for row in rows(c)] == [f"/{deep}"]
    assert f"/{deep},removed,,5,0,-5".encode() in b"".join(document_csv(compare_document(c, None)))
