"""What a build of a rewrite would send, what a verification would run, and what came of both, in words."""

from __future__ import annotations

from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.suspects import Suspect
from explorer.dockerfile.verify.model import (
    DIFFERS,
    DYNAMIC,
    INCONCLUSIVE,
    SAME,
    STATIC,
    VerifyOptions,
)
from explorer.engine.build_events import BuildResult
from explorer.image.redact import redact
from explorer.translation import labelled, mark, ntr, sentences, tr
from explorer.units import (
    count_text,
    display_name,
    display_text,
    seconds_text,
    share_text,
    size_text,
)

_LARGEST_SHOWN = 5
_SUSPECTS_SHOWN = 20
VERDICTS = {
    SAME: mark("= Behaves the same, as far as it was tested"),
    DIFFERS: mark("≠ Behaves differently: do not use it before you know why"),
    INCONCLUSIVE: mark(
        "? Not certain: no difference was found, but not everything could be checked"
    ),
}

# What came of a single check, those first that matter most, and how it was made.
RESULTS = {
    DIFFERS: mark("≠ differs"),
    INCONCLUSIVE: mark("? not certain"),
    SAME: mark("= same"),
}
KINDS = {STATIC: mark("compared"), DYNAMIC: mark("run")}


def expected_text(plan: RewritePlan) -> str:
    """How big the image is and how big it would be."""
    return tr(
        "{before} now, {after} expected ({share})",
        before=size_text(plan.original_bytes),
        after=size_text(plan.predicted_bytes),
        share=share_text(plan.predicted_bytes, plan.original_bytes),
    )


def head_text(plan: RewritePlan) -> str:
    """What the rewrite was made from."""
    reference = display_text(plan.reference)
    return {
        "dockerfile": tr("Dockerfile of {reference}", reference=reference),
        "source": tr("{reference}, built from its source folder", reference=reference),
        "image": tr("{reference}, repacked from the image alone", reference=reference),
    }[plan.mode]


def setting_text(field: str, value: str) -> str:
    """A value of the image's config, masked; environment values are secrets or not by the variable's name."""
    name = field.removeprefix("env.")
    return redact(f"{name}={value}").partition("=")[2] if name != field else redact(value)


def build_sentences(context: Context, engine: str, tag: str, commands: int) -> list[str]:
    """What a build does, for its confirmation."""
    if context.root:
        files = context.files
        sent = ntr(
            "{count} file ({size}) of {folder} and the rewritten Dockerfile are sent to {engine}.",
            "{count} files ({size}) of {folder} and the rewritten Dockerfile are sent to {engine}.",
            files,
            count=count_text(files),
            size=size_text(context.total_bytes),
            folder=display_name(context.root, 200),
            engine=engine,
        )
    else:
        sent = tr("Only the rewritten Dockerfile is sent to {engine}.", engine=engine)
    runs = ntr(
        "{n} command of the Dockerfile is run there; it can reach what the engine's network reaches.",
        "{n} commands of the Dockerfile are run there; they can reach what the engine's network reaches.",
        commands,
        n=commands,
    )
    kept = tr("The result is called {tag}; no image or file of yours is changed.", tag=tag)
    return [sent, *([runs] if commands else []), kept]


def build_details(context: Context) -> list[str]:
    """What is sent in detail: suspicious files first, then the largest, then what is left out."""
    lines = []
    if context.suspects:
        lines.append(tr("Look at these before you send them:"))
        lines += [f"  ⚠ {suspect_text(item)}" for item in context.suspects[:_SUSPECTS_SHOWN]]
        rest = len(context.suspects) - _SUSPECTS_SHOWN
        if rest > 0:
            lines.append(ntr("  and {n} more", "  and {n} more", rest, n=count_text(rest)))
    if context.largest:
        lines.append(tr("Largest:"))
        lines += [
            f"  {size_text(entry.size):>9}  {display_name(entry.path, 200)}"
            for entry in context.largest[:_LARGEST_SHOWN]
        ]
    if context.ignored:
        lines.append(
            ntr(
                "{n} entry is left out by {file}.",
                "{n} entries are left out by {file}.",
                context.ignored,
                n=count_text(context.ignored),
                file=display_text(context.ignore_file),
            )
        )
    if context.unreadable:
        first = context.unreadable[0]
        name = display_name(first.path, 200)
        lines.append(tr("{name} cannot be read: {reason}.", name=name, reason=first.reason))
    return lines


def suspect_text(item: Suspect) -> str:
    """A path that deserves a second look, and why."""
    size = f" ({size_text(item.bytes)})" if item.bytes else ""
    return labelled(f"{display_name(item.path, 200)}{size}", tr(item.reason))


def verify_sentences(
    old: str, new: str, command: tuple[str, ...], options: VerifyOptions
) -> list[str]:
    """What a verification does, for its confirmation."""
    return [
        tr(
            "{old} is started twice and {new} once, one after the other, with: {command}",
            old=old,
            new=new,
            command=display_text(redact(" ".join(command)), 300) or "—",
        ),
        tr(
            "Each has {start} s to start, {size} of memory at most, {count} processes at most and {stop} s to stop.",
            start=f"{options.start_seconds:.0f}",
            size=size_text(options.memory_bytes),
            count=count_text(options.processes),
            stop=options.stop_seconds,
        ),
        tr(
            "They run in a network of their own that leads nowhere; where the engine has none, without network or behind a port of this machine only."
        ),
        tr(
            "No folder of yours is mounted. Their ports are asked for pages with GET; then they are stopped and removed."
        ),
    ]


def built_text(result: BuildResult, predicted: int, original: int) -> str:
    """It was built: its size against the prediction and the original."""
    parts = [tr("Built {tag} in {time}.", tag=result.tag, time=seconds_text(result.seconds))]
    if result.content_bytes >= 0:
        parts.append(
            tr(
                "{size} of content, {share} of the original; expected: {predicted} ({off}).",
                size=size_text(result.content_bytes),
                share=share_text(result.content_bytes, original),
                predicted=size_text(predicted),
                off=_difference(result.content_bytes, predicted),
            )
        )
    else:
        parts.append(tr("Its size could not be read."))
    return sentences(*parts)


def _difference(built: int, predicted: int) -> str:
    """How far the prediction was off, with its sign."""
    if built == predicted:
        return tr("exactly")
    sign = "+" if built > predicted else "−"
    return f"{sign}{size_text(abs(built - predicted))}, {sign}{share_text(abs(built - predicted), predicted)}"
