"""The reports of `analyze` and `compare`: HTML, Markdown, PDF and CSV files, next to the JSON of --json."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from explorer.cli.options import Options
from explorer.cli.output import write_result
from explorer.errors import InputError
from explorer.report.formats import FORMATS, WHOLE, rendered_parts
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.report.document import Document

_BINARY = ("pdf",)


def add_report_options(parser: Options) -> None:
    """Add one option for each kind of report."""
    texts = {
        "html": tr("write a report as one HTML file; - for standard output"),
        "markdown": tr("write a report for a pull request's comment; - for standard output"),
        "pdf": tr("write a report as PDF"),
        "csv": tr("write the report's tables as CSV, with every row; - for standard output"),
    }
    for name in FORMATS:
        metavar = "FILE" if name in _BINARY else "FILE|-"
        parser.add_argument(f"--{name}", metavar=metavar, help=texts[name])


def check_outputs(arguments: argparse.Namespace) -> bool:
    """Whether standard output belongs to one of the outputs; InputError when it cannot be shared or read."""
    named = [f"--{name}" for name in ("json", *FORMATS) if getattr(arguments, name) == "-"]
    for name in _BINARY:
        if getattr(arguments, name) == "-":
            raise InputError(
                tr("{option} does not write to standard output.", option=f"--{name}"),
                tr("Name a file, such as {name}.", name=f"report.{name}"),
            )
    if len(named) > 1:
        raise InputError(
            tr("Only one of {options} can go to standard output.", options=", ".join(named)),
            tr("Name a file for the others."),
        )
    return bool(named)


def write_reports(
    arguments: argparse.Namespace,
    made: Callable[[], Document],
    whole: Callable[[], Document] | None = None,
) -> None:
    """Write the reports that are wanted. StorageError.

    `made` tells the document of all formats; `whole` the one with every row, for those in which rows are expected.
    """
    documents: dict[Callable[[], Document], Document] = {}
    for name in FORMATS:
        target = getattr(arguments, name)
        if target is None:
            continue
        tell = whole if whole is not None and name in WHOLE else made
        if tell not in documents:
            documents[tell] = tell()
        write_result(target, rendered_parts(name, documents[tell]))
