"""The second half of `rewrite`: what would be sent, the build step by step, the comparison of old and new image."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer import sandbox
from explorer.cli.console import console_task, cut_to_width, warn
from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.rewrite.trial import (
    Order,
    commands_in,
    order_of,
    result_name,
    verify_options,
    wished_name,
)
from explorer.dockerfile.shown import shown_line
from explorer.dockerfile.verify.model import DIFFERS, SAME, Verification, VerifyOptions
from explorer.dockerfile.verify.wishes import with_wishes
from explorer.engine.build_events import (
    BuildNote,
    BuildResult,
    ContextSent,
    StepEnded,
    StepLog,
    StepStarted,
)
from explorer.errors import BuildFailed, ExplorerError, InputError
from explorer.image.reference import parse_reference
from explorer.report.rewrite_terminal import print_build, print_preview, print_verification
from explorer.report.rewrite_trial import suspect_text, verify_sentences
from explorer.task import Cancelled, Task
from explorer.translation import set_language, tr
from explorer.units import display_text, seconds_text, size_text

if TYPE_CHECKING:
    from explorer.dockerfile.rewrite.plan import Preparation

_BEHAVES_DIFFERENTLY, _NOT_TOLD = 1, 2


@dataclass(frozen=True)
class Wishes:
    """What was asked for: the result's name ("" for the usual one), whether and how to verify, whether to print."""

    host: str
    folder: str
    tag: str
    verify: bool
    options: VerifyOptions
    to_json: bool
    quiet: bool


@dataclass(frozen=True)
class Trial:
    """What came of it; nothing was built where nothing would be changed."""

    build: BuildResult | None = None
    context: Context | None = None
    verification: Verification | None = None

    @property
    def exit_code(self) -> int:
        """0 unless a verification says otherwise."""
        if self.verification is None or self.verification.verdict == SAME:
            return 0
        return _BEHAVES_DIFFERENTLY if self.verification.verdict == DIFFERS else _NOT_TOLD


def wishes_of(arguments: argparse.Namespace, *, quiet: bool) -> Wishes:
    """What the command line asks for, checked before anything is done; InputError for what cannot be.

    `quiet` is when standard output belongs to one of the outputs.
    """
    if arguments.verify and parse_reference(arguments.reference).transport != "docker-daemon":
        raise InputError(
            tr(
                "{name} is not an image of an engine.",
                name=display_text(arguments.reference, 120),
            ),
            tr("Load it first: docker load -i FILE."),
        )
    asked = VerifyOptions()
    if arguments.verify:
        asked = with_wishes(
            asked,
            paths=arguments.path,
            env=arguments.env,
            ready=arguments.ready,
            start_seconds=arguments.deadline,
        )
    return Wishes(
        host=arguments.host,
        folder=arguments.context or "",
        tag=wished_name(arguments.tag) if arguments.tag else "",
        verify=arguments.verify,
        options=asked,
        to_json=arguments.json is not None,
        quiet=quiet,
    )


def perform(wishes: Wishes, plan: RewritePlan, prepared: Preparation, dockerfile: str) -> Trial:
    """Build and verify as wished; raises BuildFailed and what engines do, and leaves nothing when interrupted."""
    if not plan.changed:
        print(tr("Nothing would be changed, so nothing was built."), file=sys.stderr)
        return Trial()
    order = order_of(plan, prepared, host=wishes.host, folder=wishes.folder, dockerfile=dockerfile)
    tag = wishes.tag or result_name(order.name)
    context = _looked_at(order, tag, wishes)
    result = _built(order, context, tag)
    if not wishes.quiet:
        print_build(result, plan.predicted_bytes, plan.original_bytes)
    if not wishes.verify:
        return Trial(result, context)
    try:
        found = _verified(order, result, wishes)
    except (Cancelled, KeyboardInterrupt):
        with contextlib.suppress(ExplorerError):
            _drop(order, result)
        raise
    if not wishes.quiet:
        print_verification(found)
    return Trial(result, context, found)


def _looked_at(order: Order, tag: str, wishes: Wishes) -> Context:
    """What the build will send, said before it does."""
    with console_task() as task:
        context, engine = sandbox.run(
            task,
            "explorer.workflow.rewriting:look_at_build",
            order.host,
            order.folder,
            order.dockerfile,
            order.plan.dockerignore,
        )
    if wishes.quiet:
        for item in context.suspects:
            warn(tr("Sent to the engine: {what}", what=suspect_text(item)))
    else:
        name = display_text(f"{engine.product} {engine.version} ({engine.endpoint})", 200)
        print_preview(context, name, tag, commands_in(order.plan.rewritten))
        sys.stdout.flush()
    found: Context = context
    return found


def _built(order: Order, context: Context, tag: str) -> BuildResult:
    steps = StepLines() if sys.stderr.isatty() else None
    try:
        with console_task(steps.take if steps else None) as task:
            result: BuildResult = sandbox.run(
                task,
                "explorer.workflow.rewriting:build_rewrite",
                order.host,
                context,
                order.plan.rewritten,
                tag,
                order.platform,
            )
    except BuildFailed as error:
        _print_last(error)
        raise
    return result


def _print_last(error: BuildFailed) -> None:
    if error.log:
        head = tr("Last lines of the failed step {step}:", step=shown_line(error.step))
        print("\n".join((head, *(f"  {shown_line(line)}" for line in error.log))), file=sys.stderr)


def _verified(order: Order, result: BuildResult, wishes: Wishes) -> Verification:
    asked = wishes.options
    options = replace(
        verify_options(order.plan, order.run_files),
        paths=asked.paths,
        env=asked.env,
        ready=asked.ready,
        start_seconds=asked.start_seconds,
    )
    # What is started is always said; it is somebody's program.
    out = sys.stderr if wishes.quiet else sys.stdout
    said = verify_sentences(display_text(order.name, 200), result.tag, order.command, options)
    for line in said if wishes.quiet else ("", *said):
        print(shown_line(line), file=out, flush=True)
    # JSON is English whatever the terminal speaks, and a verification happens once.
    set_language("en" if wishes.to_json else "system")
    try:
        with console_task() as task:
            found: Verification = sandbox.run(
                task,
                "explorer.workflow.rewriting:verify_rewrite",
                order.host,
                order.image_id,
                result.image_id,
                options,
            )
    finally:
        set_language("system")
    return found


def _drop(order: Order, result: BuildResult) -> None:
    from explorer.workflow.rewriting import drop_build

    drop_build(Task(), order.host, result)


class StepLines:
    """A build on a terminal's stderr: each step that ended is a line, what runs now is rewritten in place."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def take(self, event: object) -> None:
        """Show an event of the build."""
        if isinstance(event, StepStarted):
            self._names[event.number] = event.name
            self._now(f"#{event.number} {event.name}")
        elif isinstance(event, StepLog):
            name = self._names.get(event.number, "")
            self._now(f"#{event.number} {name[:40]} │ {event.text}" if name else event.text)
        elif isinstance(event, StepEnded):
            step = event.step
            state = tr("cached") if step.cached else seconds_text(step.seconds)
            sign = "✗" if step.error else "✓"
            self._line(f"{sign} {state:>9}  #{step.number} {step.name}")
        elif isinstance(event, ContextSent):
            self._now(
                tr(
                    "Sending the source folder: {done} of {total}",
                    done=size_text(event.sent),
                    total=size_text(event.total),
                )
            )
        elif isinstance(event, BuildNote):
            self._line(event.text)

    def _now(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r\x1b[K" + cut_to_width(shown_line(text), width))
        sys.stderr.flush()

    def _line(self, text: str) -> None:
        self._now(text)
        sys.stderr.write("\n")
        sys.stderr.flush()
