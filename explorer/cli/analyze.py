"""`image-explorer analyze REF`: the summary on the terminal, the full result as JSON."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.console import complain, console_task
from explorer.cli.options import add_host, add_json, add_no_cache, add_platform, add_via
from explorer.cli.output import write_result
from explorer.cli.reports import add_report_options, check_outputs, write_reports
from explorer.task import Task
from explorer.translation import set_language, tr
from explorer.workflow.kept import kept_of_engine

if TYPE_CHECKING:
    from explorer.findings.analysis import Analysis
    from explorer.report.document import Document

INCOMPLETE = 2


def describe() -> str:
    """One sentence for --help."""
    return tr("Shows where an image's bytes come from and which of them are waste.")


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + (
        "\n  image-explorer analyze golang:1.27"
        "\n  image-explorer analyze docker-archive:image.tar --json result.json"
        "\n  image-explorer analyze oci:folder --json - | jq .totals"
        "\n  image-explorer analyze golang:1.27 --html report.html --pdf report.pdf"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reference",
        metavar="REF",
        help=tr("an image of an engine or a registry, an archive, an OCI folder or a snapshot"),
    )
    add_json(parser)
    add_report_options(parser)
    add_no_cache(parser)
    add_via(parser)
    add_platform(parser)
    add_host(parser)


def run(arguments: argparse.Namespace) -> int:
    """Analyse one image and print it; INCOMPLETE when a part of it could not be read."""
    taken = check_outputs(arguments)
    options = {
        "reference": arguments.reference,
        "via": arguments.via,
        "use_cache": not arguments.no_cache,
        "platform": arguments.platform,
        "host": arguments.host,
    }
    with console_task() as task:
        # What is kept is only shown: no other process is needed for that.
        analysis = kept_of_engine(task, options) or _analyse(task, options)
    if not taken:
        from explorer.report.terminal import print_summary

        print_summary(analysis)
    if arguments.json is not None:
        _write_json(analysis, arguments.json)
    write_reports(arguments, lambda: _document(analysis))
    if not analysis.complete:
        complain(tr("The analysis is incomplete."), "; ".join(analysis.problems))
        return INCOMPLETE
    return 0


def _analyse(task: Task, options: Mapping[str, Any]) -> Analysis:
    """Analyse the image in another process, with limits."""
    from explorer import sandbox

    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        path = sandbox.run(
            task,
            "explorer.workflow.analysing:analyse_to_file",
            options,
            folder,
            meanwhile=_import_report,
        )
        from explorer.findings.analysis import Analysis

        return Analysis.load(Path(path))


def _import_report() -> None:
    """Load what shows the result while another process works on it: a third of a cached analysis."""
    import explorer.findings.analysis
    import explorer.report.terminal  # noqa: F401  # for the modules' cache


def _write_json(analysis: Analysis, target: str) -> None:
    from explorer.report.analysis_json import analysis_json

    set_language("en")
    document = analysis_json(analysis)
    set_language("system")
    write_result(target, document)


def _document(analysis: Analysis) -> Document:
    from explorer.report.documents.analysis import analysis_document

    return analysis_document(analysis)
