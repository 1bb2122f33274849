"""`image-explorer compare A B`: what is gone, what came, and why the size is another one."""

from __future__ import annotations

import argparse
import tempfile
from typing import TYPE_CHECKING

from explorer import sandbox
from explorer.cli.analyze import INCOMPLETE
from explorer.cli.console import complain, console_task
from explorer.cli.options import add_host, add_json, add_no_cache, add_platform
from explorer.cli.output import write_result
from explorer.cli.reports import add_report_options, check_outputs, write_reports
from explorer.translation import set_language, tr

if TYPE_CHECKING:
    from explorer.compare.comparison import Comparison
    from explorer.report.document import Document
    from explorer.task import Task
    from explorer.workflow.comparing import Compared


def describe() -> str:
    """One sentence for --help."""
    return tr("Compares two images: bytes by cause, files, programs, settings, attack surface.")


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + (
        "\n  image-explorer compare app:before app:after"
        "\n  image-explorer compare docker-archive:old.tar app:new --json - | jq .totals"
        "\n  image-explorer compare app:before app:after --html report.html --markdown comment.md"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("a", metavar="A", help=tr("the earlier image, of any kind"))
    parser.add_argument("b", metavar="B", help=tr("the later image, of any kind"))
    add_json(parser)
    add_report_options(parser)
    add_no_cache(parser)
    add_platform(parser)
    add_host(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare two images and print it; INCOMPLETE when a part of one could not be read."""
    taken = check_outputs(arguments)
    with console_task() as task:
        comparison = _compared(task, arguments)
    if not taken:
        from explorer.report.compare_terminal import print_comparison

        print_comparison(comparison)
    if arguments.json is not None:
        from explorer.report.compare_json import compare_json

        set_language("en")
        document = compare_json(comparison)
        set_language("system")
        write_result(arguments.json, document)
    write_reports(
        arguments, lambda: _document(comparison), lambda: _document(comparison, whole=True)
    )
    problems = [
        text for item in (comparison.a, comparison.b) if not item.complete for text in item.problems
    ]
    if problems:
        complain(tr("The comparison is incomplete."), "; ".join(problems))
        return INCOMPLETE
    return 0


def _document(comparison: Comparison, *, whole: bool = False) -> Document:
    from explorer.report.documents.compare import compare_document

    return compare_document(comparison, None) if whole else compare_document(comparison)


def _compared(task: Task, arguments: argparse.Namespace) -> Comparison:
    """Both images compared: in this process what is kept of them, else read in a child process first."""
    from explorer.workflow.comparing import Side, kept_comparison

    sides = [
        Side(
            {
                "reference": reference,
                "use_cache": not arguments.no_cache,
                "platform": arguments.platform,
                "host": arguments.host,
            }
        )
        for reference in (arguments.a, arguments.b)
    ]
    kept = kept_comparison(task, *sides)
    if kept is not None:
        return kept
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        files: Compared = sandbox.run(
            task, "explorer.workflow.comparing:compare_to_files", *sides, folder
        )
        # The files are mapped: they may go while the comparison stays.
        return files.load()
