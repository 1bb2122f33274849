"""Logins that docker and podman keep: in their files themselves, or by the helper programs that these name.

Sources: docker/cli cli/config/configfile (file.go), docker/docker-credential-helpers (the protocol), containers-auth.json(5).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import RegistryError
from explorer.registry.naming import HUB, HUB_LOGIN
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

_FILE_LIMIT = 4 << 20
_HELPER_SECONDS = 20.0
_TICK_SECONDS = 0.1
_ANSWER_LIMIT = 1 << 20
# A helper's name becomes part of a program's name: no way into another folder.
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
# What helpers answer when they hold nothing for a host (credentials/error.go).
_NOT_FOUND = ("credentials not found", "no credentials")
# The user name of a login that is no password but an identity token (docker/cli, native_store.go).
_TOKEN_USER = "<token>"  # noqa: S105  # a mark, no secret


@dataclass(frozen=True)
class Login:
    """A user's name and password, or a token; never printed. All empty: nobody is logged in."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.identity_token or self.bearer_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class _Place:
    """A file of logins, and the names under which the one that is looked for may stand in it, the best first.

    The last one is what a helper is asked for. `by_host`: what follows the host in the file's own names means nothing.
    """

    path: Path
    names: tuple[str, ...]
    by_host: bool = False


def find_login(
    task: Task,
    registry: str,
    environment: Mapping[str, str] | None = None,
    repository: str = "",
) -> tuple[Login, str]:
    """The login for a repository of a registry, and a note when a helper program could not be asked ("" else)."""
    env = os.environ if environment is None else environment
    notes = []
    for place in _places(env, registry, repository):
        config = _contents(place.path)
        helper = _helper_for(config, place.names[-1])
        if not helper:
            login = _held(config.get("auths"), place)
        else:
            try:
                login = _ask(task, helper, place.names[-1], env)
            except RegistryError as error:
                notes.append(error.message)
                continue
        if login:
            return login, ""
    return Login(), notes[0] if notes else ""


def _places(env: Mapping[str, str], registry: str, repository: str) -> list[_Place]:
    """podman's file where the environment names one; else docker's comes first: our references are docker's.

    podman's files may hold a login for a part of a registry: host/team/app before host/team before host.
    """
    home = Path(env.get("HOME", "/"))
    host = HUB if registry == HUB_LOGIN else registry
    parts = repository.split("/") if repository else []
    within = ["/".join([host, *parts[:count]]) for count in range(len(parts), 0, -1)]
    names = (*within, *([HUB_LOGIN] if host == HUB else []), host)
    docker = Path(env.get("DOCKER_CONFIG") or home / ".docker")
    runtime = env.get("XDG_RUNTIME_DIR") or f"/run/containers/{os.getuid()}"
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    chosen = env.get("REGISTRY_AUTH_FILE")
    return [
        *([_Place(Path(chosen), names)] if chosen else []),
        _Place(docker / "config.json", (registry,), by_host=True),
        _Place(Path(runtime) / "containers/auth.json", names),
        _Place(config / "containers/auth.json", names),
    ]


def _contents(path: Path) -> dict[str, Any]:
    """The object in a file of logins; empty when it is absent or no such thing."""
    try:
        with open(path, "rb") as file:
            document = json.loads(file.read(_FILE_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _helper_for(config: Mapping[str, Any], registry: str) -> str:
    """The program's last word for this registry: its own helper, else the store of all logins."""
    helpers = config.get("credHelpers")
    if isinstance(helpers, dict):
        for key, name in helpers.items():
            if _plain(key) == _plain(registry) and isinstance(name, str):
                return name
    store = config.get("credsStore")
    return store if isinstance(store, str) else ""


def _held(auths: Any, place: _Place) -> Login:
    """A login that the file holds itself; an exact name wins over one that only means the same."""
    if not isinstance(auths, dict):
        return Login()
    exact = [name for name in place.names if name in auths]
    host = _plain(place.names[-1])
    alike = [
        key
        for key in auths
        if (_plain(key) == host if place.by_host else _bare(key).rstrip("/") in place.names)
    ]
    for key in [*exact, *alike]:
        login = _login(auths[key])
        if login:
            return login
    return Login()


def _login(entry: Any) -> Login:
    if not isinstance(entry, dict):
        return Login()
    user, password = _text(entry, "username"), _text(entry, "password")
    if entry.get("auth"):
        try:
            plain = base64.b64decode(_text(entry, "auth"), validate=True).decode()
        except (binascii.Error, ValueError):
            return Login()
        user, _, password = plain.partition(":")
        password = password.rstrip("\0")
    return Login(user, password, _text(entry, "identitytoken"), _text(entry, "registrytoken"))


def _ask(task: Task, helper: str, registry: str, env: Mapping[str, str]) -> Login:
    """What `docker-credential-HELPER get` answers; nothing of a helper's output reaches a message but its complaint."""
    if not _HELPER.fullmatch(helper):
        raise _failed(helper, tr("its name is not one of a program"))
    program = f"docker-credential-{helper}"
    try:
        child = subprocess.Popen(
            [program, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            start_new_session=True,
        )
    except OSError as error:
        raise _failed(helper, error.strerror or str(error)) from error
    with child:
        try:
            output = _output(task, child, registry.encode())
        except subprocess.TimeoutExpired:
            raise _failed(
                helper, tr("it does not answer within {seconds} s", seconds=f"{_HELPER_SECONDS:g}")
            ) from None
        finally:
            child.kill()
    text = output[:_ANSWER_LIMIT].decode(errors="replace")
    if child.returncode:
        if any(words in text for words in _NOT_FOUND):
            return Login()
        raise _failed(helper, display_text(text.strip(), 200) or tr("it failed"))
    return _answered(helper, text)


def _output(task: Task, child: subprocess.Popen[bytes], question: bytes) -> bytes:
    """All that the program says, with a look at the task ten times a second."""
    ticks = int(_HELPER_SECONDS / _TICK_SECONDS)
    for tick in range(ticks):
        task.checkpoint()
        try:
            return child.communicate(question if tick == 0 else None, _TICK_SECONDS)[0]
        except subprocess.TimeoutExpired:
            if tick == ticks - 1:
                raise
    return b""


def _answered(helper: str, text: str) -> Login:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _failed(helper, tr("its answer is not understood"))
    user, secret = _text(found, "Username"), _text(found, "Secret")
    return Login(identity_token=secret) if user == _TOKEN_USER else Login(user, secret)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _plain(key: str) -> str:
    """A registry's host as logins are compared: https://host/v1/ and host are one (configfile, ConvertToHostname)."""
    return _bare(key).partition("/")[0]


def _bare(key: str) -> str:
    return key.removeprefix("https://").removeprefix("http://")


def _failed(helper: str, reason: str) -> RegistryError:
    return RegistryError(
        tr(
            "The credential helper {name} cannot be used: {reason}.",
            name=display_text(helper, 80),
            reason=reason.rstrip("."),
        )
    )
