"""What the Optimize page says of a rewrite: what it was made from, how big it will be, what else changes."""

from __future__ import annotations

from explorer.dockerfile.rewrite.change import ConfigChange, RewritePlan
from explorer.dockerfile.shown import shown_line
from explorer.image.redact import redact
from explorer.translation import labelled, tr


def mode_text(plan: RewritePlan) -> str:
    """What the rewrite was made from."""
    return {
        "dockerfile": tr("Your Dockerfile, rewritten."),
        "source": tr("There is no Dockerfile: a new one for the source folder."),
        "image": tr("Made from the image alone: its own files, repacked without what built them."),
    }[plan.mode]


def original_head(plan: RewritePlan) -> str:
    """What stands above the left Dockerfile."""
    if plan.original_masked:
        return tr("Original, rebuilt from the image's history (~ inferred, ? unknown)")
    return tr("Original")


def notes(plan: RewritePlan) -> tuple[str, ...]:
    """Warnings and changes of the config, a line each, secrets masked."""
    return (
        *(f"⚠ {shown_line(text)}" for text in plan.warnings),
        *(_config_text(item) for item in plan.config_changes),
    )


def _config_text(item: ConfigChange) -> str:
    name = item.field.removeprefix("env.")
    if any(redact(f"{name}={value}") != f"{name}={value}" for value in (item.before, item.after)):
        return shown_line(labelled(item.field, item.reason))
    text = tr(
        "{field}: {before} → {after}. {reason}",
        field=item.field,
        before=item.before or "—",
        after=item.after or "—",
        reason=item.reason,
    )
    return shown_line(redact(text))
