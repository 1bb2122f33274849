"""`image-explorer analyze REF`: the summary on the terminal, the full result as JSON."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from explorer.cli.analysed import analysed
from explorer.cli.console import complain, console_task
from explorer.cli.options import add_host, add_json, add_no_cache, add_platform, add_via
from explorer.cli.output import write_result
from explorer.cli.reports import add_report_options, check_outputs, write_reports
from explorer.translation import set_language, tr

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
        analysis = analysed(task, options, meanwhile=_import_report)
    if not taken:
        from explorer.report.terminal import print_summary

        print_summary(analysis)
    if arguments.json is not None:
        _write_json(analysis, arguments.json)
    write_reports(arguments, lambda: _document(analysis), lambda: _document(analysis, whole=True))
    if not analysis.complete:
        complain(tr("The analysis is incomplete."), "; ".join(analysis.problems))
        return INCOMPLETE
    return 0


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


def _document(analysis: Analysis, *, whole: bool = False) -> Document:
    from explorer.report.documents.analysis import analysis_document

    return analysis_document(analysis, None) if whole else analysis_document(analysis)
