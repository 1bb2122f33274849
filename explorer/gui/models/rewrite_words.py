"""What the Optimize page says: what a rewrite was made from, what a build would send, what a verification would run."""

from __future__ import annotations

from explorer.dockerfile.context import Context
from explorer.dockerfile.model import Stage
from explorer.dockerfile.parser import parse
from explorer.dockerfile.redact import redact
from explorer.dockerfile.rewrite.change import ConfigChange, RewritePlan
from explorer.dockerfile.rewrite.metadata import BUILD_VARIABLES
from explorer.dockerfile.runfiles import RunFile
from explorer.dockerfile.suspects import Suspect
from explorer.dockerfile.verify.model import VerifyOptions
from explorer.gui.models.dockerfile_rows import shown_line
from explorer.translation import ntr, tr
from explorer.units import count_text, display_name, display_text, share_text, size_text

_LARGEST_SHOWN = 5
_SUSPECTS_SHOWN = 20
# What a change is meant to change of the config; anything else that differs is told by the verification.
_MEANT = {
    "non-root": ("user",),
    "exec-form": ("cmd", "entrypoint"),
    "maintainer": ("label:maintainer", "label:org.opencontainers.image.authors"),
}


def mode_text(plan: RewritePlan) -> str:
    """What the rewrite was made from."""
    return {
        "dockerfile": tr("Your Dockerfile, rewritten."),
        "source": tr("There is no Dockerfile: a new one for the source folder."),
        "image": tr(
            "Made from the image alone: its own files, packed anew without what built them."
        ),
    }[plan.mode]


def original_head(plan: RewritePlan) -> str:
    """What stands above the left Dockerfile."""
    if plan.original_masked:
        return tr("Original, rebuilt from the image's history (~ inferred, ? unknown)")
    return tr("Original")


def summary(plan: RewritePlan) -> str:
    """Now and expected in one line."""
    return tr(
        "{before} now → {after} expected ({share})",
        before=size_text(plan.original_bytes),
        after=size_text(plan.predicted_bytes),
        share=share_text(plan.predicted_bytes, plan.original_bytes),
    )


def notes(plan: RewritePlan) -> tuple[str, ...]:
    """Warnings and changes of the config, a line each, secrets masked."""
    return (
        *(f"⚠ {shown_line(text)}" for text in plan.warnings),
        *(_config_text(item) for item in plan.config_changes),
    )


def _config_text(item: ConfigChange) -> str:
    name = item.field.removeprefix("env.")
    if any(redact(f"{name}={value}") != f"{name}={value}" for value in (item.before, item.after)):
        return shown_line(f"{item.field}: {item.reason}")
    text = tr(
        "{field}: {before} → {after}. {reason}",
        field=item.field,
        before=item.before or "—",
        after=item.after or "—",
        reason=item.reason,
    )
    return shown_line(redact(text))


def needs_folder(text: str) -> str:
    """The first line that copies from the source folder, "" when none does."""
    return next((line for stage in parse(text).stages for line in _copies(stage)), "")


def _copies(stage: Stage) -> list[str]:
    """COPY, ADD and bind mounts whose source is neither another stage nor an address nor written right there."""
    elsewhere = ("http://", "https://", "git@", "<<")
    found = [
        shown_line(redact(f"RUN --mount={mount}"))
        for instruction in stage.find("RUN")
        for mount in instruction.mounts()
        if "type=" not in mount or "type=bind" in mount
        if "from=" not in mount
    ]
    for instruction in stage.find("COPY", "ADD"):
        first = (instruction.words or tuple(instruction.rest.split()) or ("",))[0]
        if not instruction.flag("from") and not first.startswith(elsewhere):
            found.append(shown_line(redact(f"{instruction.keyword} {instruction.rest}")))
    return found


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
        lines += [f"  ⚠ {_suspect_text(item)}" for item in context.suspects[:_SUSPECTS_SHOWN]]
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


def _suspect_text(item: Suspect) -> str:
    size = f" ({size_text(item.bytes)})" if item.bytes else ""
    return f"{display_name(item.path, 200)}{size}: {tr(item.reason)}"


def rule_of_step(plan: RewritePlan, step: str) -> str:
    """The rule that wrote the instruction that a build's step names, "" when none did or it cannot be told."""
    words = step.rpartition("] ")[2].split()
    for instruction in parse(plan.rewritten).instructions:
        if words and instruction.line.split() == words:
            rules = plan.line_rules[instruction.start - 1 : instruction.end]
            return next((rule for rule in rules if rule), "")
    return ""


def commands_in(text: str) -> int:
    """How many RUN instructions a Dockerfile has."""
    return sum(len(stage.find("RUN")) for stage in parse(text).stages)


def verify_options(plan: RewritePlan, files: tuple[RunFile, ...]) -> VerifyOptions:
    """What is compared: files that were carried over must be there; what the changes are meant to change may differ."""
    meant = {name for c in plan.changes if c.enabled for name in _MEANT.get(c.rule, ())}
    for item in plan.config_changes:
        name = item.field.removeprefix("env.")
        if name != item.field and name in BUILD_VARIABLES:
            meant.add(f"env:{name}")
    paths = tuple(file.path.encode("utf-8", "surrogateescape") for file in files if not file.link)
    return VerifyOptions(files=paths, intended=frozenset(meant))


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
