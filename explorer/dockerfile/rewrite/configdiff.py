"""The config that a Dockerfile gives its image, and how it differs from the old one's."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping

from explorer.dockerfile.gobuild import declared
from explorer.dockerfile.model import Dockerfile, Instruction, Stage
from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.rewrite.change import ConfigChange
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.metadata import BUILD_VARIABLES
from explorer.dockerfile.rewrite.runtime import base_config
from explorer.dockerfile.words import expand, name_values, split_words
from explorer.image.model import Config
from explorer.translation import tr

_SHELL = ("/bin/sh", "-c")


def config_of(document: Dockerfile, stage: Stage, base: Config) -> Config:
    """What the stage's instructions make of its base's config."""
    state = _State(document.escape, base)
    for item in stage.instructions:
        state.apply(item)
    if stage.last("ENTRYPOINT") is not None and stage.last("CMD") is None:
        state.cmd = ()
    return state.config()


class _State:
    """A config while instructions change it."""

    def __init__(self, escape: str, base: Config) -> None:
        self._escape = escape
        self.env = dict(item.partition("=")[::2] for item in base.env)
        self.scope = dict(self.env)
        self.labels = dict(base.labels)
        self.ports, self.volumes = list(base.exposed_ports), list(base.volumes)
        self.folder, self.user, self.signal = base.working_dir, base.user, base.stop_signal
        self.entrypoint, self.cmd, self.health = base.entrypoint, base.cmd, base.healthcheck

    def apply(self, item: Instruction) -> None:
        """One instruction of the stage."""
        match item.keyword:
            case "ENV" | "ARG":
                found = declared(item, self.scope, self._escape)
                self.scope |= found
                self.env |= found if item.keyword == "ENV" else {}
            case "CMD":
                self.cmd = _words(item)
            case "ENTRYPOINT":
                self.entrypoint = _words(item)
            case "HEALTHCHECK":
                self.health = _health(item)
            case _:
                self._plain(item, expand(item.rest, self.scope, self._escape))

    def _plain(self, item: Instruction, text: str) -> None:
        match item.keyword:
            case "LABEL":
                pairs = name_values(item.rest, self._escape) or ()
                self.labels |= {expand(n, self.scope): expand(v, self.scope) for n, v in pairs}
            case "WORKDIR":
                self.folder = posixpath.normpath(posixpath.join(self.folder or "/", text))
            case "USER":
                self.user = text
            case "STOPSIGNAL":
                self.signal = text
            case "EXPOSE":
                self.ports += [port if "/" in port else f"{port}/tcp" for port in text.split()]
            case "VOLUME":
                self.volumes += item.words or split_words(text)

    def config(self) -> Config:
        """The config as it stands."""
        return Config(
            env=tuple(f"{name}={value}" for name, value in self.env.items()),
            entrypoint=self.entrypoint,
            cmd=self.cmd,
            working_dir=self.folder,
            user=self.user,
            exposed_ports=tuple(dict.fromkeys(self.ports)),
            volumes=tuple(dict.fromkeys(self.volumes)),
            labels=self.labels,
            stop_signal=self.signal,
            healthcheck=self.health,
        )


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


def _words(instruction: Instruction) -> tuple[str, ...]:
    return instruction.words if instruction.words is not None else (*_SHELL, instruction.rest)


def _health(instruction: Instruction) -> tuple[str, ...]:
    kind, _, rest = instruction.rest.partition(" ")
    if kind.upper() == "NONE":
        return ("NONE",)
    if instruction.words is not None:
        return ("CMD", *instruction.words)
    return ("CMD-SHELL", rest.strip())


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
