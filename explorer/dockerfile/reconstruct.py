"""A Dockerfile from an image's config and history alone: each line says how sure it is and what history has lost.

Metadata comes from the config, which is exact; RUN, COPY, ADD and ARG come from history. Other stages, the build
context and comments are in no image.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.dockerfile.bases import LocalImage, longest_base
from explorer.dockerfile.historyline import EXACT, INFERRED, UNKNOWN, Recorded, recorded
from explorer.image.model import Config, History, Image
from explorer.image.redact import redact
from explorer.translation import mark, tr

_LOST: Mapping[str, str] = {
    "sources": mark("History does not keep which files were copied."),
    "arguments": mark("Build arguments with blanks cannot be told from the command for sure."),
    "form": mark("History does not keep how the command was quoted or broken into lines."),
    "words": mark("History may lack --from, --chown and --chmod, and the quotes of file names."),
    "place": mark("The config has this; history does not say where it was set."),
    "later": mark("A later line sets another value."),
    "base": mark(
        "No image of this engine has the same first layers; the name is a guess from what the base sets."
    ),
    "no base": mark("The image does not record its base image; write its name here."),
    "mounts": "",
}
UNKNOWN_BASE = "unknown-base"
# Longer ENV and LABEL lines are shown as history has them.
_LINE_LIMIT = 1 << 16
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:rc[0-9]+)?")


@dataclass(frozen=True)
class Line:
    """One rebuilt instruction: `confidence` is exact, inferred or unknown; `step` is its place in history, -1 for none."""

    text: str
    confidence: str
    note: str = ""
    step: int = -1
    layer: int = -1


@dataclass(frozen=True)
class Base:
    """What the image was built FROM: `layers` and `steps` of it belong to the base."""

    reference: str
    confidence: str
    layers: int
    steps: int
    image: LocalImage | None = None


@dataclass(frozen=True)
class Reconstruction:
    """The rebuilt Dockerfile; texts that are shown have their secrets taken out."""

    lines: tuple[Line, ...]
    base: Base

    def text(self) -> str:
        """The file with its secrets masked: what views, reports and snapshots show."""
        return redact(self.full_text())

    def full_text(self) -> str:
        """The file with every value, for building only."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether every line could be built again, given the files."""
        return all(line.confidence != UNKNOWN for line in self.lines)


def reconstruct(image: Image, local_images: tuple[LocalImage, ...] = ()) -> Reconstruction:
    """Rebuild the Dockerfile of an image; `local_images` are what its base is looked for in."""
    base = find_base(image, local_images)
    note = {EXACT: "", INFERRED: "base", UNKNOWN: "no base"}[base.confidence]
    lines = [Line(f"FROM {base.reference}", base.confidence, tr(_LOST[note]) if note else "")]
    before = base.image.config if base.image else Config()
    lines += _own_lines(image, base)
    lines += _missing(image.config, before, lines, known=base.image is not None)
    return Reconstruction(tuple(lines), base)


def find_base(image: Image, local_images: tuple[LocalImage, ...]) -> Base:
    """The base by longest equal beginning of layers, then by what well-known bases leave in config and history."""
    diff_ids = tuple(layer.diff_id for layer in image.layers)
    local = _same_layers(image, diff_ids, local_images) or longest_base(diff_ids, local_images)
    if local is not None:
        layers = len(local.diff_ids)
        steps = _steps_of(image.history, layers)
        same = _common(image.history, local.history)
        return Base(local.references[0], EXACT, layers, max(steps, same), local)
    return _guessed(image)


def _same_layers(
    image: Image, diff_ids: tuple[str, ...], local_images: tuple[LocalImage, ...]
) -> LocalImage | None:
    """A base to which the image adds metadata only: the same layers, and a history that ours continues."""
    fitting = [
        other
        for other in local_images
        if other.references
        and other.diff_ids == diff_ids
        and 0 < len(other.history) < len(image.history)
        and _common(image.history, other.history) == len(other.history)
    ]
    return max(fitting, key=lambda other: len(other.history), default=None)


def _guessed(image: Image) -> Base:
    """golang leaves GOLANG_VERSION and WORKDIR /go; Debian and Alpine leave their first layer's line."""
    history, version = image.history, image.config.variable("GOLANG_VERSION")
    first = history[0].created_by if history else ""
    if version and _VERSION.fullmatch(version):
        alpine = "alpine" in first.lower() or any("apk add" in h.created_by for h in history[:6])
        reference = f"golang:{version}{'-alpine' if alpine else ''}"
        last = next(
            (n for n, h in enumerate(history) if re.search(r"WORKDIR /go$", h.created_by.strip())),
            -1,
        )
        if last < 0:
            last = next((n for n, h in enumerate(history) if not h.empty_layer), -1)
        steps = last + 1
        return Base(reference, INFERRED, _layers_of(history, steps), steps)
    for pattern, name in (
        ("alpine", "alpine"),
        ("debian.sh", "debian"),
        ("bookworm", "debian"),
        ("ubuntu", "ubuntu"),
    ):
        if pattern in first.lower():
            rest = history[1].created_by if len(history) > 1 else ""
            steps = 2 if re.search(r"CMD \[\"(/bin/)?(ba)?sh\"\]", rest) else 1
            return Base(name, INFERRED, _layers_of(history, steps), steps)
    line = recorded(first) if first else None
    if line is not None and line.keyword not in ("ADD", "RUN", ""):
        # Without a root file system of a base, the first step is the image's own.
        return Base("scratch", INFERRED, 0, 0)
    if line is None or line.keyword == "RUN" or not line.arguments.rstrip().endswith(" /"):
        return Base(UNKNOWN_BASE, UNKNOWN, _layers_of(history, 1), min(1, len(history)))
    steps = 1 + bool(len(history) > 1 and history[1].empty_layer and "CMD" in history[1].created_by)
    return Base(UNKNOWN_BASE, UNKNOWN, _layers_of(history, steps), steps)


def _own_lines(image: Image, base: Base) -> list[Line]:
    lines, layer, shell = [], _layers_of(image.history, base.steps), ""
    names: list[str] = []
    for number, step in enumerate(image.history[base.steps :], base.steps):
        found = recorded(step.created_by, names, shell)
        here = -1 if step.empty_layer else layer
        layer += not step.empty_layer
        if found is None:
            continue
        if found.keyword == "ARG":
            names.append(found.arguments.partition("=")[0])
        found = _from_config(found, image.config)
        if found.shell and found.shell != (shell or "/bin/sh -c"):
            lines.append(
                Line(f"SHELL {_json(found.shell.split())}", INFERRED, tr(_LOST["place"]), number)
            )
            shell = found.shell
        elif found.keyword == "SHELL":
            shell = " ".join(re.findall(r'"([^"]*)"', found.arguments))
        text = (
            f"{found.keyword} {found.arguments}".strip()
            if found.keyword
            else f"# {found.arguments}"
        )
        note = _LOST.get(found.note, "")
        lines.append(Line(text, found.confidence, tr(note) if note else "", number, here))
    return lines


def _from_config(found: Recorded, config: Config) -> Recorded:
    """The line with the quotes that history dropped, where the config tells the values."""
    if found.keyword == "ENV":
        return _pairs(found, dict(item.partition("=")[::2] for item in config.env))
    if found.keyword == "LABEL":
        return _pairs(found, dict(config.labels))
    if found.keyword in ("CMD", "ENTRYPOINT"):
        final = config.cmd if found.keyword == "CMD" else config.entrypoint
        if found.arguments == _json(list(final)):
            return found
        return replace(
            found, confidence=EXACT if found.arguments.startswith("[") else INFERRED, note="later"
        )
    return found


def _pairs(found: Recorded, values: Mapping[str, str]) -> Recorded:
    """ENV and LABEL stand in history without quotes: `A=1 B=two words`; the config says where a value ends."""
    text, pairs, certain = found.arguments, [], True
    if len(text) > _LINE_LIMIT:
        return replace(found, confidence=INFERRED, note="form")
    while text:
        name, equals, rest = text.partition("=")
        if not equals:
            return replace(found, confidence=INFERRED, note="form")
        value = values.get(name.strip('"'), None)
        if (
            value is not None
            and rest.startswith(value)
            and rest[len(value) : len(value) + 1] in ("", " ")
        ):
            taken = value
        else:
            following = re.search(r" (?=[A-Za-z_][\w.-]*=)", rest)
            taken = rest[: following.start()] if following else rest
            certain = False
        pairs.append((name, taken))
        text = rest[len(taken) :].lstrip()
    arguments = " ".join(f"{name}={quoted(value)}" for name, value in pairs)
    if certain:
        return replace(found, arguments=arguments)
    return replace(found, arguments=arguments, confidence=INFERRED, note="later")


def quoted(value: str) -> str:
    """A value as ENV and LABEL take it: in double quotes when it has anything but plain characters."""
    if re.fullmatch(r"[\w./:@%+,=-]+", value, re.ASCII):
        return value
    return '"' + re.sub(r'(["\\$])', r"\\\1", value).replace("\n", "\\\n") + '"'


def config_lines(config: Config, before: Config) -> list[tuple[str, str]]:
    """(keyword, instruction) for all that `config` has and `before` has not: what a FROM of `before` must set."""
    known = dict(item.partition("=")[::2] for item in before.env)
    env = dict(item.partition("=")[::2] for item in config.env)
    lines = [("ENV", f"ENV {n}={quoted(v)}") for n, v in env.items() if known.get(n) != v]
    labels = {k: v for k, v in config.labels.items() if before.labels.get(k) != v}
    lines += [("LABEL", f"LABEL {quoted(k)}={quoted(v)}") for k, v in labels.items()]
    if config.working_dir and config.working_dir != before.working_dir:
        lines.append(("WORKDIR", f"WORKDIR {config.working_dir}"))
    ports = [p.removesuffix("/tcp") for p in config.exposed_ports if p not in before.exposed_ports]
    if ports:
        lines.append(("EXPOSE", "EXPOSE " + " ".join(ports)))
    volumes = [v for v in config.volumes if v not in before.volumes]
    if volumes:
        lines.append(("VOLUME", f"VOLUME {_json(volumes)}"))
    if config.stop_signal and config.stop_signal != before.stop_signal:
        lines.append(("STOPSIGNAL", f"STOPSIGNAL {config.stop_signal}"))
    if config.healthcheck and config.healthcheck != before.healthcheck:
        lines.append(("HEALTHCHECK", health_line(config.healthcheck)))
    if config.user and config.user != before.user:
        lines.append(("USER", f"USER {config.user}"))
    if config.entrypoint and config.entrypoint != before.entrypoint:
        lines.append(("ENTRYPOINT", f"ENTRYPOINT {_json(list(config.entrypoint))}"))
    if config.cmd and (config.cmd != before.cmd or config.entrypoint != before.entrypoint):
        lines.append(("CMD", f"CMD {_json(list(config.cmd))}"))
    return lines


def health_line(test: tuple[str, ...]) -> str:
    """A HEALTHCHECK of a config's test; its times are in the config but not in our model, history has them."""
    if test[:1] == ("NONE",):
        return "HEALTHCHECK NONE"
    if test[:1] == ("CMD-SHELL",):
        return f"HEALTHCHECK CMD {' '.join(test[1:])}"
    return f"HEALTHCHECK CMD {_json(list(test[1:]))}"


def _missing(config: Config, before: Config, lines: list[Line], *, known: bool) -> list[Line]:
    """Config values that no own line sets and, when the base is known, that the base does not set either."""
    keywords = {line.text.split(" ", 1)[0] for line in lines}
    set_already = {
        (line.text.split(" ", 1)[0], name)
        for line in lines
        for name in re.findall(r"(?:^|\s)\"?([\w./-]+)\"?=", line.text)
    }
    found = []
    for keyword, text in config_lines(config, before) if known else ():
        name = text.split(" ", 1)[1].partition("=")[0].strip('"')
        if keyword in ("ENV", "LABEL"):
            if (keyword, name) in set_already:
                continue
        elif keyword in keywords:
            continue
        found.append(Line(text, INFERRED, tr(_LOST["place"])))
    return found


def _steps_of(history: tuple[History, ...], layers: int) -> int:
    """How many history steps belong to the first `layers` layers; empty steps behind them are left to their finder."""
    seen = 0
    for number, step in enumerate(history):
        seen += not step.empty_layer
        if seen == layers and layers:
            return number + 1
    return 0


def _layers_of(history: tuple[History, ...], steps: int) -> int:
    return sum(not step.empty_layer for step in history[:steps])


def _common(history: tuple[History, ...], other: tuple[History, ...]) -> int:
    count = 0
    for ours, theirs in zip(history, other, strict=False):
        if ours.created_by != theirs.created_by or ours.empty_layer != theirs.empty_layer:
            break
        count += 1
    return count


def _json(words: list[str]) -> str:
    return json.dumps(words, ensure_ascii=False)
