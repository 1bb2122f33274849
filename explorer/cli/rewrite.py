"""`image-explorer rewrite REF`: the optimized Dockerfile beside the original, with reasons and the size to expect."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import sandbox
from explorer.cli.analysed import analysed
from explorer.cli.console import complain, console_task
from explorer.cli.options import add_host, add_json, add_no_cache, add_platform
from explorer.cli.output import write_result
from explorer.cli.reports import add_report_options, check_outputs, write_reports
from explorer.errors import InputError, StorageError
from explorer.translation import set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.cli.rewrite_trial import Trial
    from explorer.dockerfile.bases import LocalImage
    from explorer.dockerfile.facts import ProgramFacts
    from explorer.dockerfile.rewrite.change import RewritePlan
    from explorer.dockerfile.rewrite.files import RewriteFiles
    from explorer.dockerfile.rewrite.plan import Preparation
    from explorer.findings.analysis import Analysis
    from explorer.report.document import Document
    from explorer.task import Task

_RUNTIMES = ("auto", "scratch", "static", "base", "alpine", "debian")
_BUILDERS = ("buildkit", "classic")
_CI = ("github", "gitlab")


def describe() -> str:
    """One sentence for --help."""
    return tr("Shows how the image could be built smaller, why, and how big it would be.")


def example() -> str:
    """Examples for --help."""
    return (
        tr("Examples:")
        + (
            "\n  image-explorer rewrite myservice --context ."
            "\n  image-explorer rewrite myservice --dockerfile build/Dockerfile --context . --output rewritten"
            "\n  image-explorer rewrite myservice --off trimpath --on non-root --json - | jq .predicted_bytes"
            "\n  image-explorer rewrite myservice --context . --build --verify --path /api/items --ready http:/healthz --html report.html"
            "\n\n"
        )
        + tr(
            "Exit codes: 0 done, 1 old and new image behave differently, 2 that could not be told or the build failed, 3 the"
            " engine cannot be used, 130 interrupted: then nothing is left in the engine."
        )
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reference",
        metavar="REF",
        help=tr("an image of an engine or a registry, an archive, an OCI folder or a snapshot"),
    )
    parser.add_argument(
        "--dockerfile",
        metavar="FILE",
        help=tr(
            "the Dockerfile that the image was built from; without one it is rebuilt from the image's history"
        ),
    )
    parser.add_argument(
        "--context", metavar="DIR", help=tr("the source folder; a Dockerfile in it is used")
    )
    parser.add_argument(
        "--runtime", choices=_RUNTIMES, default="auto", help=tr("what the final stage is FROM")
    )
    parser.add_argument(
        "--builder",
        choices=_BUILDERS,
        default="buildkit",
        help=tr("the builder that will be used; classic has no mounts"),
    )
    parser.add_argument(
        "--target-platforms", default="", metavar="OS/ARCH,…", help=tr("build for these platforms")
    )
    parser.add_argument(
        "--on", action="append", default=[], metavar="RULE", help=tr("switch a change on")
    )
    parser.add_argument(
        "--off", action="append", default=[], metavar="RULE", help=tr("switch a change off")
    )
    parser.add_argument(
        "--ci",
        action="append",
        default=[],
        choices=_CI,
        help=tr("also write a job for this CI system"),
    )
    parser.add_argument(
        "--output", metavar="DIR", help=tr("write the files into this new or empty folder")
    )
    add_json(parser)
    add_report_options(parser)
    add_no_cache(parser)
    add_platform(parser)
    add_host(parser)
    _add_trial(parser)


def _add_trial(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(tr("build and verify"))
    group.add_argument(
        "--build", action="store_true", help=tr("build the rewritten image in the engine")
    )
    group.add_argument(
        "--tag",
        default="",
        metavar="NAME",
        help=tr("its name, below image-explorer.local/: none of your images is replaced"),
    )
    group.add_argument(
        "--verify",
        action="store_true",
        help=tr("build it, start old and new image, and compare what they do"),
    )
    group.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="PATH",
        help=tr("also request this HTTP path from both; may be repeated"),
    )
    group.add_argument(
        "--env", action="append", default=[], metavar="K=V", help=tr("set a variable in both")
    )
    group.add_argument(
        "--ready",
        default="",
        metavar="HOW",
        help=tr(
            "http:PATH, http:PORT/PATH, tcp:PORT, log:REGEX or exit; default: when their ports accept connections"
        ),
    )
    group.add_argument(
        "--deadline",
        type=float,
        default=0.0,
        metavar="S",
        help=tr("seconds that each may take to get ready (30)"),
    )


def run(arguments: argparse.Namespace) -> int:
    """Plan a rewrite and print it, build and verify it if asked; nothing of the user's is changed."""
    taken = check_outputs(arguments)
    wishes = None
    if arguments.build or arguments.verify:
        from explorer.cli.rewrite_trial import wishes_of

        wishes = wishes_of(arguments, quiet=taken)
    else:
        _check_alone(arguments)
    files = _files(arguments)
    name = Path(files.path).name or "Dockerfile"
    if arguments.output:
        _check_output(Path(arguments.output))
    prepared = _prepared(arguments, files)
    switches = {**dict.fromkeys(arguments.on, True), **dict.fromkeys(arguments.off, False)}
    _check_rules(switches)
    from explorer.dockerfile.rewrite.plan import plan

    found = plan(prepared, switches)
    if not taken:
        from explorer.report.rewrite_terminal import print_rewrite

        print_rewrite(found)
    if arguments.output:
        _write(Path(arguments.output), name, found, to_stdout=taken)
    trial = None
    complete = prepared.case.evidence.analysis.complete
    if wishes is not None and complete:
        from explorer.cli.rewrite_trial import perform

        trial = perform(wishes, found, prepared, files.path)
    if arguments.json is not None:
        write_result(arguments.json, _json(prepared, switches, trial))
    write_reports(
        arguments,
        lambda: _report(found, prepared, trial),
        lambda: _report(found, prepared, trial, whole=True),
    )
    if not complete:
        complain(
            tr("The analysis is incomplete."), "; ".join(prepared.case.evidence.analysis.problems)
        )
        return 2
    return trial.exit_code if trial is not None else 0


def _json(prepared: Preparation, switches: dict[str, bool], trial: Trial | None) -> bytes:
    from explorer.dockerfile.rewrite.plan import plan
    from explorer.report.rewrite_json import rewrite_json

    set_language("en")
    try:
        english = plan(prepared, switches)
        if trial is None:
            return rewrite_json(english)
        return rewrite_json(english, trial.build, trial.context, trial.verification)
    finally:
        set_language("system")


def _report(
    found: RewritePlan, prepared: Preparation, trial: Trial | None, *, whole: bool = False
) -> Document:
    from explorer.report.documents.parts import ROWS
    from explorer.report.documents.rewrite import rewrite_report

    analysis = prepared.case.evidence.analysis
    return rewrite_report(
        found,
        trial.build if trial is not None else None,
        trial.context if trial is not None else None,
        trial.verification if trial is not None else None,
        problems=() if analysis.complete else analysis.problems,
        limit=None if whole else ROWS,
    )


def _check_alone(arguments: argparse.Namespace) -> None:
    """Options that only mean something with --build or --verify."""
    given = [
        name for name in ("tag", "path", "env", "ready", "deadline") if getattr(arguments, name)
    ]
    if given:
        wanted = "--build" if given[0] == "tag" else "--verify"
        raise InputError(
            tr("--{option} needs {wanted}.", option=given[0], wanted=wanted),
            tr("See {command} --help.", command="image-explorer rewrite"),
        )


def _files(arguments: argparse.Namespace) -> RewriteFiles:
    """The user's own files: a Dockerfile and what the source folder tells; without any, those that a snapshot tells of."""
    from explorer.dockerfile.rewrite.files import rewrite_files

    with console_task() as task:
        if not arguments.dockerfile and not arguments.context:
            from explorer.workflow.snapshots import snapshot_path

            if snapshot_path(arguments.reference) is not None:
                function = "explorer.workflow.snapshots:recorded_files"
                files: RewriteFiles = sandbox.run(task, function, arguments.reference)
                return files
        return rewrite_files(task, arguments.dockerfile or "", arguments.context or "")


def _prepared(arguments: argparse.Namespace, files: RewriteFiles) -> Preparation:
    options = {
        "reference": arguments.reference,
        "use_cache": not arguments.no_cache,
        "platform": arguments.platform,
        "host": arguments.host,
    }
    from explorer.dockerfile.rewrite.change import RewriteOptions

    platforms = tuple(filter(None, arguments.target_platforms.split(",")))
    wishes = RewriteOptions(
        arguments.runtime, arguments.builder, platforms, tuple(dict.fromkeys(arguments.ci))
    )
    with console_task() as task:
        analysis = analysed(task, options)
        from explorer.dockerfile.rewrite.plan import prepare
        from explorer.workflow.rewriting import held_inputs

        options["image_id"] = analysis.image.id
        facts, images = held_inputs(task, options, analysis)
        if facts is None:
            facts, images = _read_inputs(task, options, analysis)
        return prepare(analysis, files.text, files.sources, facts, wishes, images)


def _read_inputs(
    task: Task, options: dict[str, object], analysis: Analysis
) -> tuple[ProgramFacts, tuple[LocalImage, ...]]:
    """What the rewrite needs of the image's program and the engine's images, read in a child process."""
    work = "explorer.workflow.rewriting:rewrite_inputs"
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        path = Path(folder) / "analysis.col"
        analysis.save(path)
        facts, images = sandbox.run(task, work, options, str(path))
    return facts, images


def _check_rules(switches: dict[str, bool]) -> None:
    from explorer.dockerfile.rewrite.rules import RULES

    known = [rule.id for rule in RULES]
    for name in switches:
        if name not in known:
            raise InputError(
                tr("There is no rule {name}.", name=display_text(name)),
                tr("Rules: {names}", names=", ".join(known)),
            )


def _check_output(folder: Path) -> None:
    """Nothing of the user's is overwritten: the folder is new or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(
            tr("{path} exists already and is not an empty folder.", path=display_text(str(folder))),
            tr("Choose a new folder; nothing is overwritten."),
        )


def _write(folder: Path, name: str, plan: RewritePlan, *, to_stdout: bool) -> None:
    from explorer.dockerfile.parser import encode
    from explorer.dockerfile.rewrite.jobs import PLACES

    files = {name: encode(plan.rewritten)}
    if plan.dockerignore:
        files[".dockerignore"] = plan.dockerignore.encode()
    files |= {PLACES[system]: text.encode() for system, text in plan.jobs.items()}
    try:
        for place, data in files.items():
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            # Secrets that stood in the original stand in the result.
            with open(
                os.open(
                    target,
                    os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                    0o600 if plan.original_masked else 0o644,
                ),
                "wb",
            ) as file:
                file.write(data)
    except OSError as error:
        raise StorageError(
            tr(
                "Could not write {path}: {reason}",
                path=display_text(str(folder)),
                reason=error.strerror or error,
            ),
            tr("Choose another folder or free some space."),
        ) from error
    if not to_stdout:
        print(
            tr(
                "Written: {files}",
                files=", ".join(display_text(str(folder / place)) for place in files),
            )
        )
