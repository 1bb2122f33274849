"""`image-explorer coldstart REF [REF]`: how long containers take to start, and whether two images differ."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import sandbox
from explorer.cli.console import complain
from explorer.cli.options import Options, add_host, add_json
from explorer.cli.output import write_result
from explorer.cli.reports import add_report_options, check_outputs, write_reports
from explorer.errors import InputError
from explorer.task import Progress, Task
from explorer.translation import set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.coldstart.plan import Plan, Request
    from explorer.coldstart.sample import Sample
    from explorer.report.document import Document
    from explorer.report.startup_figures import StartupFigures

NEVER_READY = 2
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def describe() -> str:
    """One sentence for --help."""
    return tr("Measures how long containers of one or two images take to start.")


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + (
        "\n  image-explorer coldstart service:after"
        "\n  image-explorer coldstart service:before service:after --ready http:/healthz --json result.json"
        "\n  image-explorer coldstart service --env GOGC=20 --html report.html"
        "\n  image-explorer coldstart --history"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "references",
        metavar="REF",
        nargs="*",
        help=tr("one image of the engine, or before and after"),
    )
    parser.add_argument("--runs", type=int, metavar="N", help=tr("counted runs of each image (20)"))
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--quick", action="store_true", help=tr("10 runs"))
    speed.add_argument("--careful", action="store_true", help=tr("40 runs"))
    parser.add_argument(
        "--warm-ups",
        type=int,
        default=2,
        metavar="N",
        help=tr("discarded runs of each image before (2)"),
    )
    parser.add_argument(
        "--ready",
        default="",
        metavar="HOW",
        help=tr(
            "http:PATH, http:PORT/PATH, tcp:PORT, log:REGEX or exit; default: what the image suggests"
        ),
    )
    parser.add_argument(
        "--diagnose",
        action="store_true",
        help=tr("look closer at one more start: package init, log, metrics, stop"),
    )
    parser.add_argument(
        "--yes", action="store_true", help=tr("do not ask before running the images")
    )
    add_host(parser)
    _add_conditions(parser.add_argument_group(tr("conditions")))
    _add_results(parser.add_argument_group(tr("results")))
    _add_earlier(parser.add_argument_group(tr("earlier measurements")))


def _add_conditions(parser: Options) -> None:
    parser.add_argument(
        "--cold-cache",
        action="store_true",
        help=tr("move the image's files out of the page cache before each run"),
    )
    parser.add_argument(
        "--precision",
        action="store_true",
        help=tr("start in a network that exists already, as in a pod: less noise"),
    )
    parser.add_argument(
        "--network",
        default="bridge",
        metavar="NAME",
        help=tr("the engine's network to start in (bridge)"),
    )
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="K=V",
        help=tr("compare the image as it is with itself under this variable"),
    )
    parser.add_argument(
        "--with-env",
        action="append",
        default=[],
        metavar="K=V",
        help=tr("set a variable in all containers"),
    )
    parser.add_argument(
        "--command", default="", metavar="WORDS", help=tr("instead of the image's CMD")
    )
    parser.add_argument(
        "--deadline",
        type=float,
        default=30.0,
        metavar="S",
        help=tr("seconds a container may take to get ready (30)"),
    )
    parser.add_argument(
        "--cpus",
        type=float,
        default=0.0,
        metavar="N",
        help=tr("processors a container may use, as the pod's limit"),
    )
    parser.add_argument(
        "--memory",
        default="",
        metavar="SIZE",
        help=tr("memory a container may use, for example 256m; 0 for no limit"),
    )
    parser.add_argument(
        "--no-floor",
        action="store_true",
        help=tr("do not measure the engine's own time with an empty image"),
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=-1,
        metavar="N",
        help=tr("repeat the order of an earlier measurement"),
    )
    parser.add_argument(
        "--remote",
        action="store_true",
        help=tr("measure although the engine is on another machine"),
    )


def _add_results(parser: Options) -> None:
    add_json(parser)
    add_report_options(parser)
    parser.add_argument(
        "--prometheus",
        metavar="FILE",
        help=tr("write gauges for node exporter's textfile collector"),
    )
    parser.add_argument("--push", metavar="URL", help=tr("push the gauges to a Pushgateway"))
    parser.add_argument(
        "--kubernetes", action="store_true", help=tr("print probe values for a pod as YAML")
    )
    parser.add_argument(
        "--note", default="", metavar="TEXT", help=tr("a note that is kept with the measurement")
    )


def _add_earlier(parser: Options) -> None:
    parser.add_argument("--history", action="store_true", help=tr("list earlier measurements"))
    parser.add_argument(
        "--open",
        default="",
        metavar="ID",
        help=tr("show an earlier measurement again, with --note to annotate it"),
    )
    parser.add_argument(
        "--against",
        default="",
        metavar="ID",
        help=tr("with --open: compare its last image with the one of this earlier measurement"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; NEVER_READY when an image did not become ready at all."""
    taken = check_outputs(arguments)
    if arguments.history:
        return _history()
    if arguments.open:
        sample = _reopen(arguments.open, arguments.note)
    elif arguments.references:
        sample = _measure(arguments)
    else:
        raise InputError(
            tr("No image was named."),
            tr("See {command} --help.", command="image-explorer coldstart"),
        )
    _deliver(sample, arguments, quiet=taken)
    if arguments.against and arguments.open:
        _print_against(sample, arguments.against, quiet=taken)
    return _judge(sample)


def _measure(arguments: argparse.Namespace) -> Sample:
    from explorer.coldstart.plan import plan
    from explorer.engine.client import connect

    engine = connect(arguments.host)
    decided = plan(engine, _request(arguments))
    if not _agreed(decided, ask=not arguments.yes):
        raise KeyboardInterrupt
    with _steps_task() as task:
        sample: Sample = sandbox.run(
            task,
            "explorer.workflow.measuring:measure",
            arguments.host,
            decided,
            arguments.note,
        )
    return sample


def _request(arguments: argparse.Namespace) -> Request:
    from explorer.coldstart.plan import Request
    from explorer.coldstart.spec import CAREFUL, NORMAL, QUICK

    chosen = QUICK if arguments.quick else CAREFUL if arguments.careful else NORMAL
    return Request(
        references=tuple(_engine_name(reference) for reference in arguments.references),
        ready=arguments.ready,
        runs=chosen if arguments.runs is None else arguments.runs,
        warm_ups=max(0, arguments.warm_ups),
        seed=arguments.seed,
        network=arguments.network,
        precision=arguments.precision,
        cold_cache=arguments.cold_cache,
        floor=not arguments.no_floor,
        env=tuple(arguments.with_env),
        trial_env=tuple(arguments.env),
        command=_words(arguments.command),
        deadline=arguments.deadline,
        memory_bytes=_memory(arguments.memory),
        cpus=arguments.cpus,
        allow_remote=arguments.remote,
        closer=arguments.diagnose,
    )


def _engine_name(text: str) -> str:
    """The engine's name of an image; archives cannot be started."""
    from explorer.image.reference import parse_reference

    reference = parse_reference(text)
    if reference.transport != "docker-daemon":
        raise InputError(
            tr("{name} is not an image of an engine.", name=display_text(text, 120)),
            tr("Load it first: docker load -i FILE."),
        )
    return reference.name


def _agreed(decided: Plan, *, ask: bool) -> bool:
    """Say what will run; on a terminal, ask."""
    print(
        tr("This will run on {endpoint}:", endpoint=decided.environment.endpoint), file=sys.stderr
    )
    for line in decided.describe():
        print(f"  {line}", file=sys.stderr)
    if not ask or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print(tr("Run it? [Y/n]"), end=" ", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in ("", "y", "yes", tr("y"))


def _deliver(sample: Sample, arguments: argparse.Namespace, *, quiet: bool) -> None:
    """Show and write the measurement; `quiet` is when standard output belongs to one of its reports."""
    from explorer.report.startup_figures import StartupFigures

    figures = StartupFigures(sample)
    if not quiet:
        from explorer.report.coldstart_terminal import print_coldstart

        print_coldstart(sample, figures=figures)
        if arguments.kubernetes:
            _print_probes(sample)
    if arguments.json is not None:
        _write_json(figures, arguments.json)
    write_reports(arguments, lambda: _document(figures), lambda: _document(figures, whole=True))
    if arguments.prometheus:
        from explorer.coldstart.prometheus import write_textfile

        write_textfile(sample, Path(arguments.prometheus))
    if arguments.push:
        from explorer.coldstart.prometheus import push

        push(sample, arguments.push)


def _print_probes(sample: Sample) -> None:
    from explorer.coldstart.kubernetes import pod_yaml

    print(pod_yaml(sample, sample.spec.measured[-1]), end="")


def _write_json(figures: StartupFigures, target: str) -> None:
    from explorer.report.coldstart_json import coldstart_json

    set_language("en")
    data = coldstart_json(figures.sample, figures)
    set_language("system")
    write_result(target, data)


def _document(figures: StartupFigures, *, whole: bool = False) -> Document:
    from explorer.report.documents.coldstart import measurement_document

    return measurement_document(figures, None) if whole else measurement_document(figures)


def _judge(sample: Sample) -> int:
    silent = [
        sample.spec.arms[place]
        for place in sample.spec.measured
        if not any(run.status == "ok" for run in sample.runs if run.arm == place)
    ]
    if not silent:
        return 0
    failed = next(run for run in reversed(sample.runs) if sample.spec.arms[run.arm] in silent)
    hint = (
        tr("Try docker run yourself; another network can be named with --network.")
        if failed.status == "refused"
        else tr(
            "Its last log lines are in the result; --ready says what to wait for, --deadline how long."
        )
    )
    complain(
        tr("{name} did not become ready: {detail}", name=silent[0].reference, detail=failed.detail),
        hint,
    )
    return NEVER_READY


def _history() -> int:
    from explorer.coldstart.store import Store
    from explorer.report.coldstart_terminal import print_history

    print_history(Store().history())
    return 0


def _print_against(sample: Sample, name: str, *, quiet: bool) -> None:
    from explorer.coldstart.earlier import caution, compare_measurements
    from explorer.coldstart.store import Store
    from explorer.coldstart.verdict import verdict_text

    earlier = Store().load(name)
    found = compare_measurements(earlier, sample)
    out = sys.stderr if quiet else sys.stdout
    said = tr("against {id} (A: that one, B: this one):", id=earlier.id)
    print(said, verdict_text(found), file=out)
    print(tr("note: {text}", text=caution()), file=out)


def _reopen(name: str, note: str) -> Sample:
    from explorer.coldstart.store import Store

    return Store().annotate(name, note) if note else Store().load(name)


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(
            tr("The command cannot be read: {reason}.", reason=str(error)), tr("Check its quotes.")
        ) from error


def _memory(text: str) -> int:
    """Bytes; -1 for the usual limit."""
    if not text:
        return -1
    number, unit = text.rstrip("bB").rstrip("kKmMgG"), text.rstrip("bB")[-1:].lower()
    if not number.isdecimal():
        raise InputError(
            tr("{text} is not an amount of memory.", text=display_text(text, 40)),
            tr("Write for example 256m or 1g."),
        )
    return int(number) * _SIZES[unit if unit in _SIZES else ""]


@contextmanager
def _steps_task() -> Iterator[Task]:
    """A task whose progress is one line with a bar of steps on stderr; silent when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield Task()
        return
    try:
        yield Task(on_progress=_show)
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _show(progress: Progress) -> None:
    width = shutil.get_terminal_size().columns - 1
    share = progress.done / progress.total if progress.total else 0.0
    text = f"[{'#' * round(20 * share):<20}] {display_text(progress.text)}"
    sys.stderr.write("\r\x1b[K" + text[:width])
    sys.stderr.flush()
