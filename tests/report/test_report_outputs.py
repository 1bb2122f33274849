"""The report options of `analyze` and `compare`, without a process of their own."""

from __future__ import annotations

import argparse
import csv
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.cli import analyze, compare
from explorer.cli.reports import check_outputs, write_reports
from explorer.errors import InputError, StorageError
from explorer.findings.analysis import Analysis, analyse
from explorer.report.document import Document
from explorer.report.documents.analysis import analysis_document
from explorer.report.formats import FORMATS
from explorer.translation import set_language
from tests.support.layers import file, image, layer

_BEGINS = {
    "html": b"<!doctype html>",
    "markdown": b"# ",
    "pdf": b"%pdf-",
    "csv": b"",
}


def _analysis() -> Analysis:
    return analyse(*image(layer(file("usr/bin/app", 4000), file("var/cache/apt/list", 900))))


def _document() -> Document:
    return analysis_document(_analysis())


def _parsed(module: object, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    module.configure(parser)  # type: ignore[attr-defined]
    names = ["a"] if module is analyze else ["a", "b"]
    return parser.parse_args([*names, *words])


@pytest.mark.parametrize("name", FORMATS)
def test_that_every_format_is_written_into_its_file_alone(tmp_path: Path, name: str) -> None:
    target = tmp_path / "report"
    write_reports(_parsed(analyze, f"--{name}", str(target)), _document)
    assert os.listdir(tmp_path) == ["report"]
    data = target.read_bytes()
    assert data.lower().startswith(_BEGINS[name])
    assert len(data) > 500
    if name == "csv":
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
        assert any("/usr/bin/app" in row and "4000" in row for row in rows)


def test_that_only_csv_is_of_the_document_with_every_row(tmp_path: Path) -> None:
    names = {name: tmp_path / name for name in FORMATS}
    arguments = _parsed(analyze, *(f"--{name}={path}" for name, path in names.items()))
    told: list[str] = []

    def teller(name: str, limit: int | None) -> Callable[[], Document]:
        def tell() -> Document:
            told.append(name)
            return analysis_document(_analysis(), limit)

        return tell

    write_reports(arguments, teller("some", 1), teller("whole", None))
    assert sorted(told) == ["some", "whole"]
    assert "/var/cache/apt/list" not in names["markdown"].read_text()
    assert "/var/cache/apt/list,Package caches,0,900\r\n" in names["csv"].read_bytes().decode()


def test_that_no_document_is_made_when_no_report_is_wanted() -> None:
    write_reports(_parsed(analyze, "--json", "-"), lambda: pytest.fail("not wanted"))


@pytest.mark.parametrize("module", [analyze, compare])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--markdown", "-", "--csv", "-"), "Only one of --markdown, --csv can go to standard output."),
        (("--pdf", "-"), "--pdf does not write to standard output."),
        (("--json", "-", "--html", "-"), "Only one of --json, --html can go to standard output."),
    ],
)  # fmt: skip
def test_that_outputs_that_cannot_share_are_refused_before_anything_is_read(
    module: object, words: tuple[str, ...], told: str
) -> None:
    arguments = _parsed(module, *words)
    with pytest.raises(InputError) as refused:
        module.run(arguments)  # type: ignore[attr-defined]
    assert refused.value.message == told
    assert refused.value.hint.startswith("Name a file")


def test_that_standard_output_is_taken_by_one_output_or_by_none() -> None:
    assert check_outputs(_parsed(compare, "--markdown", "-", "--html", "x"))
    assert not check_outputs(_parsed(compare, "--markdown", "y", "--html", "x"))


def test_that_an_unwritable_target_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "absent" / "report.html"
    with pytest.raises(StorageError, match="Could not write") as failed:
        write_reports(_parsed(analyze, "--html", str(target)), _document)
    assert failed.value.hint == "Choose another file or free some space."
    assert os.listdir(tmp_path) == []


def test_that_a_report_speaks_the_language_of_the_user(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    set_language("zh_CN")
    try:
        write_reports(_parsed(analyze, "--html", str(page)), _document)
    finally:
        set_language("en")
    assert 'lang="zh' in page.read_text()[:200]
