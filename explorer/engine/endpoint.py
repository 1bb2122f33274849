"""Which engine to talk to: the endpoints that may hold one, in order, and why each that does not answer fails.

Order: the user's choice (an endpoint or a docker context), DOCKER_HOST, the docker context in force; without these the
sockets of Docker, rootless Docker, Docker Desktop, Colima and Podman. A choice is binding: another engine would show other images under the same names.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from explorer.engine.contexts import (
    DEFAULT,
    chosen_context,
    docker_folder,
    find_context,
    is_context_name,
    list_contexts,
    tls_files,
)
from explorer.engine.transport import (
    SSH_SECONDS,
    Connection,
    ConnectionBroken,
    Endpoint,
    ProtocolError,
    TlsFiles,
)
from explorer.errors import EngineUnreachable
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

PROBE_SECONDS = 2.0
# How soon a cancelled search ends.
_CANCEL_SECONDS = 0.1
_SCHEMES = ("unix", "tcp", "http", "https", "ssh")


@dataclass(frozen=True)
class Answer:
    """An engine that answered /_ping: the newest API it speaks (1.51) and whether it is Podman."""

    endpoint: Endpoint
    api_version: str
    podman: bool = False


@dataclass(frozen=True)
class Failure:
    """Why one endpoint cannot be used: `cause` and `hint` are texts for people."""

    endpoint: Endpoint
    cause: str
    hint: str = ""


def find_engine(host: str = "", task: Task | None = None) -> Answer:
    """The first endpoint, in order, at which an engine answers; EngineUnreachable names all that were tried."""
    probes = [_Probe(endpoint) for endpoint in candidates(host)]
    failures = []
    for attempt in probes:
        result = attempt.result(task or Task())
        if isinstance(result, Answer):
            return result
        failures.append(result)
    raise unreachable(failures)


def candidates(host: str = "", environment: Mapping[str, str] | None = None) -> list[Endpoint]:
    """The endpoints to try, best first; one only when the user, DOCKER_HOST or a docker context names it."""
    env = os.environ if environment is None else environment
    if is_context_name(host) and host != DEFAULT:
        return [_context_endpoint(env, host)]
    if host and host != DEFAULT:
        return [parse_endpoint(host, tr("chosen by you"), _environment_tls(env))]
    if env.get("DOCKER_HOST"):
        return [parse_endpoint(env["DOCKER_HOST"], "DOCKER_HOST", _environment_tls(env))]
    context = "" if host == DEFAULT else chosen_context(env)
    if context:
        return [_context_endpoint(env, context)]
    return [Endpoint(f"unix://{path}", found) for path, found in _usual_sockets(env)]


def parse_endpoint(text: str, found: str, tls: TlsFiles | None = None) -> Endpoint:
    """The endpoint behind `text` (unix://…, tcp://…, ssh://…, or a socket's path); EngineUnreachable if it is none."""
    text = text.strip()
    if text.startswith("/"):
        text = f"unix://{text}"
    scheme = _valid_scheme(text)
    if not scheme:
        raise EngineUnreachable(
            tr(
                "{host} is not an engine's endpoint ({found}).",
                host=display_text(text, 120),
                found=found,
            ),
            tr(
                "Write unix:///path/to/docker.sock, tcp://host:2376, ssh://user@host, or the name of a docker context."
            ),
        )
    secure = tls if scheme in ("tcp", "https") else None
    if scheme == "https" and secure is None:
        secure = TlsFiles()
    return Endpoint(text, found, secure)


def _valid_scheme(text: str) -> str:
    """The scheme of an endpoint that names everything its kind needs, "" otherwise."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return ""
    named = parts.path if parts.scheme == "unix" else parts.hostname
    return parts.scheme if parts.scheme in _SCHEMES and named and port != 0 else ""


def probe(endpoint: Endpoint, seconds: float = 0.0) -> Answer | Failure:
    """Ask for /_ping and wait at most `seconds` (0: the usual patience)."""
    patience = seconds or (SSH_SECONDS if endpoint.scheme == "ssh" else PROBE_SECONDS)
    try:
        with Connection(endpoint, patience) as connection:
            response = connection.request("GET", "/_ping")
            body = response.read(64)
    except ProtocolError as error:
        return _not_an_engine(endpoint, str(error))
    except OSError as error:
        return explain(endpoint, error, patience)
    headers = response.headers
    if response.status == 200 and ("api-version" in headers or body.strip() == b"OK"):
        return Answer(endpoint, headers.get("api-version", ""), "libpod-api-version" in headers)
    if response.status == 400 and b"HTTPS" in body:
        return Failure(
            endpoint,
            tr("it wants an encrypted connection"),
            tr(
                "Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with your certificates."
            ),
        )
    return _not_an_engine(endpoint, tr("it answered with status {status}", status=response.status))


def explain(endpoint: Endpoint, error: OSError, patience: float = PROBE_SECONDS) -> Failure:
    """What an error of the operating system means for the endpoint."""
    if isinstance(error, ConnectionBroken):
        words = str(error)
        hint = _ssh_hint(endpoint, words) if endpoint.scheme == "ssh" else ""
        return Failure(
            endpoint,
            words or tr("the connection was closed"),
            hint or tr("Check the address and that the engine runs there."),
        )
    if endpoint.tls is not None and _is_tls_error(error):
        return Failure(
            endpoint,
            _tls_cause(error),
            tr("Check the certificates (ca.pem, cert.pem, key.pem) and the host's name in them."),
        )
    # A socket whose queue is full refuses further callers with EAGAIN.
    if isinstance(error, TimeoutError) or error.errno == errno.EAGAIN:
        return Failure(
            endpoint,
            tr("it does not answer within {seconds} s", seconds=f"{patience:g}"),
            tr("The engine hangs or is overloaded; restarting it may help."),
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Failure(
            endpoint,
            tr("there is no such socket"),
            tr("Install or start Docker or Podman, or open a saved image file."),
        )
    if error.errno == errno.ECONNREFUSED:
        return Failure(
            endpoint,
            tr("the engine is not running"),
            tr("Start it, for example with: sudo systemctl start docker"),
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return _permission(endpoint)
    return Failure(
        endpoint,
        display_text(error.strerror or str(error) or type(error).__name__, 300),
        tr("Check the address and that the engine runs there."),
    )


def _is_tls_error(error: OSError) -> bool:
    import ssl

    return isinstance(error, ssl.SSLError)


# What a server says to a client without the certificate that it wants (RFC 8446 §6.2).
_CLIENT_ALERTS = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")


def _tls_cause(error: OSError) -> str:
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return tr(
            "its certificate is refused: certificate verify failed, {reason}",
            reason=display_text(error.verify_message, 200),
        )
    text = str(error)
    if any(alert in text for alert in _CLIENT_ALERTS):
        return tr("it does not accept your certificate, or wants one")
    return display_text(error.strerror or text, 300)


def _ssh_hint(endpoint: Endpoint, words: str) -> str:
    """What to do about the usual complaints of ssh."""
    target = display_text(endpoint.url.removeprefix("ssh://").partition("/")[0], 120)
    if "Host key verification failed" in words:
        return tr("Connect once by hand and compare the host's key: ssh {target}", target=target)
    if "Permission denied" in words:
        return tr("Install your key, so that no password is asked for: ssh-copy-id {target}", target=target)  # fmt: skip
    if "not found" in words and "docker" in words:
        return tr("The docker command must be installed on that machine, too.")
    if "dial unix" in words or "docker daemon" in words.lower():
        return tr("ssh reached the machine, but no engine runs there for this user.")
    return ""


def unreachable(failures: Sequence[Failure]) -> EngineUnreachable:
    """One error out of all failures; the hint is that of the endpoint most likely meant."""
    if len(failures) == 1:
        only = failures[0]
        message = tr(
            "No engine answers at {url} ({found}): {cause}.",
            url=only.endpoint.url,
            found=only.endpoint.found,
            cause=only.cause,
        )
        return EngineUnreachable(message, only.hint)
    tried = "; ".join(
        f"{failure.endpoint.url} ({failure.endpoint.found}): {failure.cause}"
        for failure in failures
    )
    present = [failure for failure in failures if failure.cause != tr("there is no such socket")]
    return EngineUnreachable(
        tr("No container engine answers. Tried {tried}.", tried=tried),
        (present or list(failures))[0].hint,
    )


class _Probe:
    """One probe on a thread of its own, so that one dead endpoint does not delay the others."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._result: Answer | Failure = explain(
            endpoint, FileNotFoundError(errno.ENOENT, "absent")
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        # A socket that is not there needs no thread to find out.
        self._started = not (endpoint.scheme == "unix" and _is_absent(endpoint.socket_path))
        if self._started:
            self._thread.start()

    def _run(self) -> None:
        self._result = probe(self._endpoint)

    def result(self, task: Task) -> Answer | Failure:
        while self._started and self._thread.is_alive():
            task.checkpoint()
            self._thread.join(_CANCEL_SECONDS)
        return self._result


def _is_absent(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _not_an_engine(endpoint: Endpoint, detail: str) -> Failure:
    return Failure(
        endpoint,
        tr(
            "what answers there is not a container engine ({detail})",
            detail=display_text(detail, 120),
        ),
        tr("Check the address; another program listens there."),
    )


def _permission(endpoint: Endpoint) -> Failure:
    path = endpoint.socket_path
    try:
        status = os.stat(path)
    except OSError:
        return Failure(
            endpoint,
            tr(
                "you may not look into its folder {folder}",
                folder=display_text(str(Path(path).parent)),
            ),
            tr("Run the program as the user who owns that folder."),
        )
    owner, group = _user_name(status.st_uid), _group_name(status.st_gid)
    cause = tr(
        "you may not use it: it belongs to user {owner} and group {group} ({mode})",
        owner=owner,
        group=group,
        mode=stat.filemode(status.st_mode),
    )
    if status.st_gid != 0 and status.st_mode & stat.S_IWGRP:
        hint = tr(
            "Join the group, then log in again: sudo usermod -aG {group} {user} (its members control the whole machine).",
            group=group,
            user=_user_name(os.getuid()),
        )
    else:
        hint = tr("Ask the administrator for access, or run a rootless engine of your own.")
    return Failure(endpoint, cause, hint)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _usual_sockets(env: Mapping[str, str]) -> list[tuple[str, str]]:
    home = env.get("HOME") or "/"
    runtime = env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return [
        ("/var/run/docker.sock", "Docker"),
        (f"{runtime}/docker.sock", tr("rootless Docker")),
        (f"{home}/.docker/run/docker.sock", "Docker Desktop"),
        (f"{home}/.docker/desktop/docker.sock", "Docker Desktop"),
        (f"{env.get('COLIMA_HOME') or home + '/.colima'}/default/docker.sock", "Colima"),
        (f"{runtime}/podman/podman.sock", "Podman"),
        ("/run/podman/podman.sock", "Podman"),
    ]


def _environment_tls(env: Mapping[str, str]) -> TlsFiles | None:
    """TLS as the docker command takes it from the environment: DOCKER_TLS_VERIFY, DOCKER_TLS, DOCKER_CERT_PATH."""
    if not (env.get("DOCKER_TLS_VERIFY") or env.get("DOCKER_TLS")):
        return None
    folder = Path(env.get("DOCKER_CERT_PATH") or docker_folder(env))
    return tls_files(folder, verify=bool(env.get("DOCKER_TLS_VERIFY")))


def _context_endpoint(env: Mapping[str, str], name: str) -> Endpoint:
    """The endpoint of a docker context with its certificates; EngineUnreachable when there is none."""
    found = tr("docker context {name}", name=display_text(name, 80))
    context = find_context(env, name)
    if context is None:
        names = ", ".join(display_text(item.name, 40) for item in list_contexts(env)[:10])
        raise EngineUnreachable(
            tr("There is no {found}.", found=found),
            tr("There are: {names}. An endpoint is written as unix:///path, tcp://host:2376 or ssh://user@host.", names=names)
            if names
            else tr("An endpoint is written as unix:///path, tcp://host:2376 or ssh://user@host."),
        )  # fmt: skip
    if not context.host:
        raise EngineUnreachable(
            tr("The {found} names no endpoint.", found=found),
            tr("Choose another with: docker context use default"),
        )
    return parse_endpoint(context.host, found, context.tls)
