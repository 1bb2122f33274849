"""`image-explorer check REF`: whether an image keeps its limits, for CI."""

from __future__ import annotations

import argparse
import textwrap
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.analysed import analysed
from explorer.cli.console import complain, console_task
from explorer.cli.options import Options, add_host, add_json, add_no_cache, add_platform
from explorer.cli.output import write_result
from explorer.errors import InputError
from explorer.translation import set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.compare.gate.evaluate import Facts
    from explorer.compare.gate.rules import Rule
    from explorer.findings.analysis import Analysis
    from explorer.task import Task

BROKEN, UNTOLD = 1, 2
_EXIT_CODES = {"passed": 0, "failed": BROKEN, "unknown": UNTOLD}


def describe() -> str:
    """One sentence for --help."""
    return tr("Checks an image against limits, for CI: exit code 0 passed, 1 failed, 2 unknown.")


def example() -> str:
    """Examples for --help, a file of limits, and the names that can be limited."""
    from explorer.findings.category import CATEGORIES

    names = ", ".join(category.id for category in CATEGORIES)
    return "\n".join((
        tr("Examples:"),
        "  image-explorer check app:new --max-size 20MB --forbid go-toolchain",
        "  image-explorer check app:new --against app:old --max-growth 2%",
        "  image-explorer check app:new --against snapshot:main.image-snapshot \\",
        "    --samples start.json --max-slowdown 50ms",
        "  image-explorer check docker://registry.example/app:new \\",
        "    --config limits.toml --junit check.xml",
        "",
        tr("A file of limits (--config) has the options' names:"),
        "  [check]",
        '  max-size = "20MB"',
        '  forbid = ["go-toolchain", "vcs"]',
        '  max-category = ["source=0", "system=80%"]',
        "",
        tr("Categories:"),
        *textwrap.wrap(names, 76, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False),
        tr("Findings have names, too: analyze --json lists those of an image."),
    ))  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reference", metavar="REF", help=tr("an image of any kind, or a snapshot of one")
    )
    parser.add_argument(
        "--against", default="", metavar="REF", help=tr("the baseline: an image or a snapshot")
    )
    add_json(parser)
    parser.add_argument(
        "--junit", metavar="FILE|-", help=tr("write JUnit XML, a test case for each rule")
    )
    add_no_cache(parser)
    add_platform(parser)
    add_host(parser)
    _add_limits(parser.add_argument_group(tr("limits")))
    _add_starts(parser.add_argument_group(tr("limits of the start-up")))
    files = parser.add_argument_group(tr("files of limits"))
    files.add_argument(
        "--config",
        default="",
        metavar="FILE",
        help=tr("a TOML file of limits, see below; options given here win"),
    )
    dive = files.add_mutually_exclusive_group()
    dive.add_argument(
        "--dive-ci",
        default="",
        metavar="FILE",
        help=tr("rules of the dive tool; .dive-ci in this folder is used by itself"),
    )
    dive.add_argument(
        "--no-dive-ci", action="store_true", help=tr("leave the .dive-ci in this folder alone")
    )


def _add_limits(parser: Options) -> None:
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
        help=tr("nothing of this may be there, for example source; may be repeated"),
    )
    parser.add_argument(
        "--max-growth",
        metavar="SIZE|PERCENT",
        help=tr("how much bigger than the baseline it may be, for example 2%% or 1MB"),
    )


def _add_starts(parser: Options) -> None:
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
    _check_subjects(rules)
    with console_task() as task:
        facts = _facts(task, arguments, rules)
    _check_subjects(rules, facts.image.rules)
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
    """The rules of the options and of the files, and these files; InputError when there are none."""
    from explorer.compare.gate.divefile import USUAL_NAME, read_dive_file
    from explorer.compare.gate.limitfile import read_limit_file
    from explorer.compare.gate.stated import OPTIONS, REPEATED, stated_rule

    if "-" == arguments.json == arguments.junit:
        raise InputError(
            tr("Only one of --json and --junit can go to standard output."),
            tr("Name a file for the other."),
        )
    sources: list[str] = []
    found: dict[str, Rule] = {}
    if arguments.config:
        found = {rule.id: rule for rule in read_limit_file(Path(arguments.config))}
        sources.append(arguments.config)
    for option in OPTIONS:
        given = getattr(arguments, option.replace("-", "_"))
        for text in given if option in REPEATED else [given]:
            if text is not None:
                rule = stated_rule(option, text)
                found[rule.id] = rule
    file = arguments.dive_ci
    if not file and not arguments.no_dive_ci and Path(USUAL_NAME).is_file():
        file = USUAL_NAME
    if file:
        found |= {rule.id: rule for rule in read_dive_file(Path(file))}
        sources.append(file)
    if not found:
        raise InputError(
            tr("There is no rule to check."),
            tr("Give at least one, for example --max-size 20MB; --help lists them."),
        )
    return tuple(found.values()), tuple(sources)


def _check_subjects(rules: tuple[Rule, ...], rule_ids: tuple[str, ...] | None = None) -> None:
    """InputError for a category or finding that cannot exist: a mistyped name would pass for ever.

    `rule_ids` are those of the image's analysis; before there is one, a name may still be one of them.
    """
    from explorer.compare.gate.rules import CATEGORY, FORBIDDEN, is_known_subject
    from explorer.findings.category import CATEGORIES
    from explorer.findings.finding import TEXTS

    categories = [item.id for item in CATEGORIES]
    for rule in rules:
        if rule.kind == CATEGORY:
            known, names = rule.subject in categories, categories
            message = tr("There is no category {name}.", name=_shown(rule.subject))
        elif rule.kind == FORBIDDEN and (rule_ids is not None or not rule.subject):
            known = is_known_subject(rule.subject, rule_ids or ())
            names = list(dict.fromkeys([*categories, *TEXTS, *filter(None, rule_ids or ())]))
            message = tr("There is no category or finding {name}.", name=_shown(rule.subject))
        else:
            continue
        if not known:
            raise InputError(message, _names_hint(rule.subject, names))


def _names_hint(subject: str, names: list[str]) -> str:
    """The names that come near to a mistyped one, and where all of them stand."""
    wanted = subject.strip().lower().replace(" ", "-").replace("_", "-")[:60]
    alike = [name for name in names if wanted in name.split("-")]
    near = list(dict.fromkeys([*get_close_matches(wanted, names, n=3, cutoff=0.7), *alike]))[:3]
    command = "image-explorer check --help"
    if near:
        return tr("Did you mean {names}? {command} lists the categories.", names=", ".join(near), command=command)  # fmt: skip
    return tr("{command} lists the categories.", command=command)


def _shown(subject: str) -> str:
    return display_text(subject, 60) or '""'


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
    return analysed(task, options)
