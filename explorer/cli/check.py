"""`image-explorer check REF`: whether an image keeps its limits, for CI."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import sandbox
from explorer.cli.console import complain, console_task
from explorer.cli.options import add_host, add_json, add_no_cache, add_platform
from explorer.cli.output import write_result
from explorer.errors import InputError
from explorer.translation import set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.compare.gate.evaluate import Facts
    from explorer.compare.gate.limits import Limit
    from explorer.compare.gate.rules import Rule
    from explorer.findings.analysis import Analysis
    from explorer.task import Task

BROKEN, UNTOLD = 1, 2
_EXIT_CODES = {"passed": 0, "failed": BROKEN, "unknown": UNTOLD}


def describe() -> str:
    """One sentence for --help."""
    return tr(
        "Checks an image against limits, for CI: exit code 0 kept, 1 broken, 2 could not tell."
    )


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + (
        "\n  image-explorer check app:new --max-size 20MB --max-reclaimable 5% --forbid go-toolchain"
        "\n  image-explorer check app:new --against snapshot:main.image-snapshot --max-growth 2%"
        "\n  image-explorer check app:new --against app:old --samples start.json --max-slowdown 50ms"
        "\n  image-explorer check docker://registry.example/app:new --max-size 20MB --junit check.xml"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reference", metavar="REF", help=tr("an image of any kind, or a snapshot of one")
    )
    parser.add_argument(
        "--against", default="", metavar="REF", help=tr("the baseline: an image or a snapshot")
    )
    _add_limits(parser)
    _add_starts(parser)
    dive = parser.add_mutually_exclusive_group()
    dive.add_argument(
        "--dive-ci",
        default="",
        metavar="FILE",
        help=tr("rules of the dive tool; .dive-ci in this folder is used by itself"),
    )
    dive.add_argument(
        "--no-dive-ci", action="store_true", help=tr("leave the .dive-ci in this folder alone")
    )
    add_json(parser)
    parser.add_argument(
        "--junit", metavar="FILE|-", help=tr("write JUnit XML, a test case for each rule")
    )
    add_no_cache(parser)
    add_platform(parser)
    add_host(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-size", metavar="SIZE", help=tr("content of all layers, for example 20MB")
    )
    parser.add_argument(
        "--max-reclaimable",
        metavar="SIZE|PERCENT",
        help=tr("bytes that no path of the final file system reaches, for example 5%%"),
    )
    parser.add_argument(
        "--max-category",
        action="append",
        default=[],
        metavar="ID=SIZE|PERCENT",
        help=tr("bytes of one category, for example source=0 or system=80%%; may be repeated"),
    )
    parser.add_argument(
        "--forbid",
        action="append",
        default=[],
        metavar="CATEGORY|FINDING",
        help=tr("nothing of this may be there, for example go-toolchain; may be repeated"),
    )
    parser.add_argument(
        "--max-growth",
        metavar="SIZE|PERCENT",
        help=tr("how much bigger than the baseline it may be, for example 2%% or 1MB"),
    )


def _add_starts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--samples",
        default="",
        metavar="FILE",
        help=tr("a measurement that coldstart --json wrote; default: the newest of this image"),
    )
    parser.add_argument(
        "--baseline-samples",
        default="",
        metavar="FILE",
        help=tr("a measurement of the baseline, where it is in another file"),
    )
    parser.add_argument(
        "--max-start",
        metavar="TIME",
        help=tr("typical time from process start to ready, for example 300ms"),
    )
    parser.add_argument(
        "--max-slowdown",
        metavar="TIME|PERCENT",
        help=tr("how much slower than the baseline it may start, for example 50ms or 0"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Check one image; 0 when every rule is kept, BROKEN when one is not, UNTOLD when one could not be told."""
    rules, sources = _rules(arguments)
    with console_task() as task:
        facts = _facts(task, arguments, rules)
    _check_subjects(rules, facts.image)
    from explorer.compare.gate.evaluate import evaluate
    from explorer.compare.gate.rules import overall

    outcomes = evaluate(rules, facts)
    code = _EXIT_CODES[overall(outcomes)]
    if "-" not in (arguments.json, arguments.junit):
        from explorer.report.check_terminal import print_check

        print_check(arguments.reference, outcomes, sources)
    _write_files(arguments, rules, facts, code)
    for analysis in (facts.image, facts.baseline):
        if analysis is not None and not analysis.complete:
            complain(tr("The analysis is incomplete."), "; ".join(analysis.problems))
    return code


def _write_files(
    arguments: argparse.Namespace, rules: tuple[Rule, ...], facts: Facts, code: int
) -> None:
    if arguments.json is None and arguments.junit is None:
        return
    from explorer.compare.gate.evaluate import evaluate
    from explorer.report.check_json import check_json
    from explorer.report.check_junit import check_junit

    set_language("en")
    outcomes = evaluate(rules, facts)
    document = check_json(facts.image, facts.baseline, outcomes, code)
    cases = check_junit(facts.image, outcomes)
    set_language("system")
    for target, data in ((arguments.json, document), (arguments.junit, cases)):
        if target is not None:
            write_result(target, data)


def _rules(arguments: argparse.Namespace) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules of the options and of dive's file, and the files they come from; InputError when there are none."""
    from explorer.compare.gate import rules as kinds
    from explorer.compare.gate.divefile import USUAL_NAME, read_dive_file
    from explorer.compare.gate.limits import (
        BYTES,
        Limit,
        parse_duration,
        parse_duration_or_share,
        parse_size,
        parse_size_or_share,
    )

    if "-" == arguments.json == arguments.junit:
        raise InputError(tr("Only one of --json and --junit can go to standard output."))
    found: list[Rule] = []
    single: tuple[tuple[str, str | None, Callable[[str], Limit]], ...] = (
        (kinds.SIZE, arguments.max_size, parse_size),
        (kinds.RECLAIMABLE, arguments.max_reclaimable, parse_size_or_share),
        (kinds.GROWTH, arguments.max_growth, parse_size_or_share),
        (kinds.START, arguments.max_start, parse_duration),
        (kinds.SLOWDOWN, arguments.max_slowdown, parse_duration_or_share),
    )
    found += [kinds.Rule(kind, parse(text)) for kind, text, parse in single if text is not None]
    for text in arguments.max_category:
        subject, equals, limit = text.partition("=")
        if not equals:
            raise InputError(
                tr("{text} is no limit of a category.", text=display_text(text, 60)),
                tr("Write it as source=0 or system=80%."),
            )
        found.append(kinds.Rule(kinds.CATEGORY, parse_size_or_share(limit), subject))
    found += [
        kinds.Rule(kinds.FORBIDDEN, Limit(0.0, BYTES), subject) for subject in arguments.forbid
    ]
    sources: tuple[str, ...] = ()
    file = arguments.dive_ci
    if not file and not arguments.no_dive_ci and Path(USUAL_NAME).is_file():
        file = USUAL_NAME
    if file:
        found += read_dive_file(Path(file))
        sources = (file,)
    if not found:
        raise InputError(
            tr("There is no rule to check."),
            tr("Give at least one, for example --max-size 20MB; --help lists them."),
        )
    return tuple(found), sources


def _check_subjects(rules: tuple[Rule, ...], analysis: Analysis) -> None:
    """InputError for a category or finding that cannot exist: a mistyped name would pass for ever."""
    from explorer.compare.gate.rules import CATEGORY, FORBIDDEN, is_known_subject
    from explorer.findings.category import CATEGORIES
    from explorer.findings.finding import TEXTS

    categories = [item.id for item in CATEGORIES]
    for rule in rules:
        if rule.kind == CATEGORY:
            known, names = rule.subject in categories, categories
        elif rule.kind == FORBIDDEN:
            known = is_known_subject(rule.subject, analysis.rules)
            names = list(dict.fromkeys([*categories, *TEXTS, *filter(None, analysis.rules)]))
        else:
            continue
        if not known:
            near = get_close_matches(rule.subject, names, n=3, cutoff=0.5) or categories
            raise InputError(
                tr("There is no category or finding {name}.", name=display_text(rule.subject, 60) or '""'),
                tr("Did you mean {names}?", names=", ".join(near)),
            )  # fmt: skip


def _facts(task: Task, arguments: argparse.Namespace, rules: tuple[Rule, ...]) -> Facts:
    from explorer.compare.gate.evaluate import Facts, Starts
    from explorer.compare.gate.rules import SLOWDOWN, START

    image = _analysed(task, arguments.reference, arguments)
    baseline = _analysed(task, arguments.against, arguments) if arguments.against else None
    if not any(rule.kind in (START, SLOWDOWN) for rule in rules):
        return Facts(image, baseline, Starts())
    from explorer.workflow.checking import SampleFiles, start_facts

    files = SampleFiles(arguments.samples, arguments.baseline_samples)
    return Facts(image, baseline, start_facts(task, image, baseline, files))


def _analysed(task: Task, reference: str, arguments: argparse.Namespace) -> Analysis:
    options = {
        "reference": reference,
        "use_cache": not arguments.no_cache,
        "platform": arguments.platform,
        "host": arguments.host,
    }
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        path = sandbox.run(task, "explorer.workflow.analysing:analyse_to_file", options, folder)
        from explorer.findings.analysis import Analysis

        # The file is mapped: it may go while the analysis stays.
        return Analysis.load(Path(path))
