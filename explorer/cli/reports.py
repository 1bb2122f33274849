"""The reports of `analyze` and `compare`: HTML, Markdown, PDF and CSV files, next to the JSON of --json."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from explorer.cli.output import write_result
from explorer.errors import InputError
from explorer.report.formats import FORMATS, rendered
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.report.document import Document

_BINARY = ("pdf",)


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add one option for each kind of report."""
    texts = {
        "html": tr("write a report as one HTML file; - for standard output"),
        "markdown": tr("write a report for a pull request's comment; - for standard output"),
        "pdf": tr("write a report as PDF"),
        "csv": tr("write the report's tables as CSV; - for standard output"),
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
            tr("Only one of {options} can have standard output.", options=", ".join(named)),
            tr("Name a file for the others."),
        )
    return bool(named)


def write_reports(arguments: argparse.Namespace, made: Callable[[], Document]) -> None:
    """Write the reports that are wanted; `made` tells the document of them all. StorageError."""
    wanted = [(name, getattr(arguments, name)) for name in FORMATS]
    wanted = [(name, target) for name, target in wanted if target is not None]
    if not wanted:
        return
    document = made()
    for name, target in wanted:
        write_result(target, rendered(name, document))
