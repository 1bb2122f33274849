"""The config that a Dockerfile gives its image, and how it differs from the old one's."""

from __future__ import annotations

import json
from collections.abc import Mapping

from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.rewrite.change import ConfigChange
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.metadata import BUILD_VARIABLES
from explorer.dockerfile.rewrite.runtime import base_config
from explorer.dockerfile.stageconfig import config_of
from explorer.image.model import Config
from explorer.translation import tr


def config_changes(case: Case, draft: Draft) -> tuple[ConfigChange, ...]:
    """Each field in which the result's config differs from the old image's."""
    document = draft.document
    if not draft.split_from or not document.stages:
        return ()
    old = case.evidence.config
    new = config_of(document, draft.final, base_config(case, draft.runtime.image))
    found = _env_changes(old, new)
    for name in (
        "entrypoint",
        "cmd",
        "working_dir",
        "user",
        "exposed_ports",
        "volumes",
        "labels",
        "stop_signal",
        "healthcheck",
    ):
        before, after = getattr(old, name), getattr(new, name)
        same = (
            sorted(before) == sorted(after)
            if name in ("exposed_ports", "volumes")
            else before == after
        )
        if not same and not (name == "working_dir" and (before or "/") == (after or "/")):
            found.append(
                ConfigChange(name, _text(before), _text(after), tr("Follows from the changes."))
            )
    return tuple(found)


def _env_changes(old: Config, new: Config) -> list[ConfigChange]:
    before = dict(item.partition("=")[::2] for item in old.env)
    after = dict(item.partition("=")[::2] for item in new.env)
    found = []
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) == after.get(name):
            continue
        reason = tr("Follows from the changes.")
        if name in BUILD_VARIABLES:
            reason = (
                tr("Only building reads it.")
                if name != "PATH"
                else tr(
                    "The engine sets its usual PATH; nothing of the program is found through it."
                )
            )
        found.append(ConfigChange(f"env.{name}", before.get(name, ""), after.get(name, ""), reason))
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    plain = (
        dict(value)
        if isinstance(value, Mapping)
        else list(value)
        if isinstance(value, tuple)
        else value
    )
    return json.dumps(plain, ensure_ascii=False)
