"""The config that a stage's instructions give its image."""

from __future__ import annotations

import posixpath

from explorer.dockerfile.gobuild import declared
from explorer.dockerfile.model import Dockerfile, Instruction, Stage
from explorer.dockerfile.words import expand, name_values, split_words
from explorer.image.model import Config

_SHELL: tuple[str, ...] = ("/bin/sh", "-c")


def config_of(document: Dockerfile, stage: Stage, base: Config) -> Config:
    """What the stage's instructions make of its base's config."""
    state = _State(document.escape, base)
    for item in stage.instructions:
        state.apply(item)
    if stage.last("ENTRYPOINT") is not None and stage.last("CMD") is None:
        state.cmd = ()
    return state.config()


def stage_chain(document: Dockerfile) -> tuple[Stage, ...]:
    """The last stage and the stages it is built FROM, first one first."""
    chain = [document.stages[-1]]
    while (parent := document.stage(chain[0].base)) is not None and parent.index < chain[0].index:
        chain.insert(0, parent)
    return tuple(chain)


def chain_config(document: Dockerfile, base: Config) -> Config:
    """What the last stage and the stages it is built FROM make of the first one's base."""
    for stage in stage_chain(document):
        base = config_of(document, stage, base)
    return base


class _State:
    """A config while instructions change it."""

    def __init__(self, escape: str, base: Config) -> None:
        self._escape = escape
        self.env = dict(item.partition("=")[::2] for item in base.env)
        self.scope = dict(self.env)
        self.labels = dict(base.labels)
        self.ports, self.volumes = list(base.exposed_ports), list(base.volumes)
        self.folder, self.user, self.signal = base.working_dir, base.user, base.stop_signal
        self.shell = _SHELL
        self.entrypoint, self.cmd, self.health = base.entrypoint, base.cmd, base.healthcheck

    def apply(self, item: Instruction) -> None:
        """One instruction of the stage."""
        match item.keyword:
            case "ENV" | "ARG":
                found = declared(item, self.scope, self._escape)
                self.scope |= found
                self.env |= found if item.keyword == "ENV" else {}
            case "CMD":
                self.cmd = self._words(item)
            case "ENTRYPOINT":
                self.entrypoint = self._words(item)
            case "HEALTHCHECK":
                self.health = _health(item)
            case _:
                self._plain(item, expand(item.rest, self.scope, self._escape))

    def _words(self, item: Instruction) -> tuple[str, ...]:
        return item.words if item.words is not None else (*self.shell, item.rest)

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
            case "SHELL":
                self.shell = item.words or _SHELL
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


def _health(instruction: Instruction) -> tuple[str, ...]:
    kind, _, rest = instruction.rest.partition(" ")
    if kind.upper() == "NONE":
        return ("NONE",)
    if instruction.words is not None:
        return ("CMD", *instruction.words)
    return ("CMD-SHELL", rest.strip())
