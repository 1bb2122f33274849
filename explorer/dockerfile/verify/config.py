"""The two images' configs compared: what a container gets without the program knowing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from explorer.dockerfile.verify.model import DIFFERS, SAME, STATIC, Check
from explorer.dockerfile.verify.rootfs import DEFAULT_PATH
from explorer.engine.answers import list_in, object_in, text_in
from explorer.engine.build import BUILT_LABEL
from explorer.engine.client import Engine
from explorer.image.redact import redact
from explorer.translation import listed, tr
from explorer.units import display_text

# Written by builders themselves.
_BUILDERS_LABELS = frozenset({BUILT_LABEL, "io.buildah.version"})
# Variables of the golang images that only the toolchain reads.
_TOOLCHAIN = frozenset(
    {"GOLANG_VERSION", "GOPATH", "GOTOOLCHAIN", "GOROOT", "GOFLAGS", "GOPROXY", "CGO_ENABLED"}
)
_TOOLCHAIN_FOLDERS = frozenset({"/go/bin", "/usr/local/go/bin"})
# Config keys whose values are compared as they stand, and what they are called in `intended`.
_PLAIN = {
    "Entrypoint": "entrypoint",
    "Cmd": "cmd",
    "WorkingDir": "workdir",
    "User": "user",
    "StopSignal": "stopsignal",
    "StopTimeout": "stoptimeout",
    "Shell": "shell",
    "OnBuild": "onbuild",
    "Healthcheck": "healthcheck",
}
_SETS = {"ExposedPorts": "expose", "Volumes": "volume"}


def config_document(engine: Engine, image_id: str) -> dict[str, Any]:
    """The config of an image as the engine tells it."""
    return object_in(object_in(engine.get_json(f"/images/{image_id}/json")).get("Config"))


def config_check(old: Mapping[str, Any], new: Mapping[str, Any], intended: frozenset[str]) -> Check:
    """One check over all settings; those named in `intended` may differ."""
    different: list[str] = []
    meant: list[str] = []
    for key, text in _differences(old, new):
        (meant if key in intended or key == "toolchain" else different).append(text)
    title = tr("Config")
    if different:
        return Check(title, STATIC, DIFFERS, tr("Changed: {what}.", what=listed(different)))
    if meant:
        evidence = tr("Equal except for what was meant to change: {what}.", what=listed(meant))
        return Check(title, STATIC, SAME, evidence)
    return Check(title, STATIC, SAME, tr("Equal."))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, sentence) of each setting that differs."""
    for key, name in _PLAIN.items():
        before, after = old.get(key) or None, new.get(key) or None
        if key == "WorkingDir":
            before, after = before or "/", after or "/"
        if before != after:
            yield name, _change(key, before, after)
    for key, name in _SETS.items():
        before, after = sorted(object_in(old.get(key))), sorted(object_in(new.get(key)))
        if before != after:
            yield name, _change(key, before, after)
    yield from _environment(_variables(old), _variables(new))
    labels = _labels(old), _labels(new)
    for name in sorted({*labels[0], *labels[1]}):
        if labels[0].get(name) != labels[1].get(name):
            yield (
                f"label:{name}",
                _change(f"LABEL {name}", labels[0].get(name), labels[1].get(name)),
            )


def _environment(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if name == "PATH":
            before, after = (_without_toolchain(value or "") for value in (before, after))
        if before == after:
            continue
        key = "toolchain" if name in _TOOLCHAIN and after is None else f"env:{name}"
        yield (
            key,
            _change(f"ENV {name}", _without_secret(name, before), _without_secret(name, after)),
        )


def _without_secret(name: str, value: str | None) -> str | None:
    return None if value is None else redact(f"{name}={value}").partition("=")[2]


def _without_toolchain(path: str) -> str:
    return ":".join(item for item in path.split(":") if item not in _TOOLCHAIN_FOLDERS)


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    """The environment; an image without PATH gets the engine's, which builders write down as well."""
    rows = [str(item).partition("=") for item in list_in(config.get("Env"))]
    return {"PATH": DEFAULT_PATH, **{name: value for name, _, value in rows}}


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    found = object_in(config.get("Labels"))
    return {name: text_in(value) for name, value in found.items() if name not in _BUILDERS_LABELS}


def _change(name: str, old: Any, new: Any) -> str:
    shown = [display_text("—" if value is None else str(value), 120) for value in (old, new)]
    return f"{display_text(name, 80)} {shown[0]} → {shown[1]}"
