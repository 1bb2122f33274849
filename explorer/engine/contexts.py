"""Docker's contexts: named engines with their certificates, as `docker context create` keeps them.

Source: docker/cli cli/context/store (metadatastore.go, tlsstore.go) and cli/context/docker/load.go.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.engine.transport import TlsFiles

DEFAULT = "default"
# cli/context/store/store.go, restrictedNamePattern.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]*")
# A context's meta.json is a few hundred bytes; more is not one.
_FILE_LIMIT = 1 << 20
_LISTED = 200


@dataclass(frozen=True)
class Context:
    """A named engine: `host` as in DOCKER_HOST ("" where the context names none), its certificates, and a description."""

    name: str
    host: str
    tls: TlsFiles | None = None
    description: str = ""


def is_context_name(text: str) -> bool:
    """Whether what a person chose is the name of a context, not an endpoint's URL or a path."""
    return _NAME.fullmatch(text) is not None


def docker_folder(env: Mapping[str, str]) -> Path:
    """Where the docker command keeps its configuration."""
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker")


def chosen_context(env: Mapping[str, str]) -> str:
    """The context in force: DOCKER_CONTEXT, else what `docker context use` chose; "" for the default one."""
    name = env.get("DOCKER_CONTEXT") or read_json(docker_folder(env) / "config.json").get(
        "currentContext"
    )
    return name if isinstance(name, str) and name != DEFAULT else ""


def find_context(env: Mapping[str, str], name: str) -> Context | None:
    """The context of this name, None when there is none."""
    folder = docker_folder(env) / "contexts"
    key = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "meta" / key / "meta.json"
    found = _context(path, folder / "tls" / key / "docker") if path.is_file() else None
    return found if found is None else Context(name, found.host, found.tls, found.description)


def list_contexts(env: Mapping[str, str]) -> list[Context]:
    """All contexts that the user has made, by name; the default one is not among them."""
    folder = docker_folder(env) / "contexts"
    try:
        paths = sorted((folder / "meta").glob("*/meta.json"))[:_LISTED]
    except OSError:
        return []
    found = [_context(path, folder / "tls" / path.parent.name / "docker") for path in paths]
    named = [item for item in found if is_context_name(item.name)]
    return sorted(named, key=lambda item: item.name)


def tls_files(folder: Path, *, verify: bool) -> TlsFiles:
    """The certificates in a folder, under the names that the docker command gives them."""
    found = {
        name: str(folder / f"{name}.pem")
        for name in ("ca", "cert", "key")
        if (folder / f"{name}.pem").is_file()
    }
    return TlsFiles(found.get("ca", ""), found.get("cert", ""), found.get("key", ""), verify=verify)


def read_json(path: Path) -> dict[str, Any]:
    """A small JSON object from a file; empty when it is absent or no such thing."""
    try:
        with open(path, "rb") as file:
            document = json.loads(file.read(_FILE_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _context(meta: Path, material: Path) -> Context:
    document = read_json(meta)
    docker = _object(_object(document.get("Endpoints")).get("docker"))
    unchecked = bool(docker.get("SkipTLSVerify"))
    # Without files of its own a context uses TLS only when told to leave the certificate unchecked (load.go).
    has_tls = unchecked or material.is_dir()
    return Context(
        name=_text(document.get("Name")),
        host=_text(docker.get("Host")),
        tls=tls_files(material, verify=not unchecked) if has_tls else None,
        description=_text(_object(document.get("Metadata")).get("Description")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
