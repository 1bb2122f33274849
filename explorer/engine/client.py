"""The engine as the rest of the program sees it: images, one image, answers and typed errors. It never pulls, never runs.

The only importer of the docker SDK, which is loaded when something is built or run; looking into images takes a few
small questions over our own transport instead (importing the SDK would be half of a cached analysis).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.engine.answers import list_in, number_in, object_in, platforms_in, rfc3339, text_in
from explorer.engine.endpoint import Answer, explain, find_engine
from explorer.engine.inspection import inspect
from explorer.engine.stream import (
    TICK_SECONDS,
    EngineStream,
    answer,
    engine_stream,
    lost,
)
from explorer.engine.sweep import OWNER_LABEL
from explorer.engine.transport import (
    Connection,
    ConnectionBroken,
    Endpoint,
    ProtocolError,
    TlsFiles,
)
from explorer.errors import EngineError, EngineRefused, EngineUnreachable
from explorer.image.model import Image, Platform
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    from docker import APIClient

# Newest API whose answers we know (engine 28.5); engines speak older ones too.
NEWEST_API = (1, 51)
# An inspect answer of an image with thousands of labels stays far below it.
ANSWER_LIMIT = 16 << 20
ANSWER_SECONDS = 60.0
# reliability: error texts of an engine are untrusted; 64 KiB are read, 2 KB shown.
ERROR_READ = 64 << 10
ERROR_SHOWN = 2000
CONTAINERD_STORE = "io.containerd.snapshotter.v1"


@dataclass(frozen=True)
class EngineImage:
    """One line of the engine's list: `created` is RFC 3339, `containers` how many containers use it."""

    id: str
    tags: tuple[str, ...]
    size_bytes: int
    created: str
    containers: int = 0
    platform: Platform = field(default_factory=Platform)


@dataclass(frozen=True)
class EngineInfo:
    """What the engine says about itself; `machine` names the virtual machine it runs in, "" for none.

    `remapped`: owners on its disk are not those in its images (userns-remap).
    """

    product: str
    version: str
    api_version: str
    endpoint: str
    found: str
    driver: str
    root_folder: str
    containerd_address: str
    containerd_store: bool
    rootless: bool
    machine: str
    remote: bool
    operating_system: str
    warning: str
    remapped: bool = False


def connect(host: str = "", task: Task | None = None) -> Engine:
    """The engine at `host`, or the first that answers; EngineUnreachable names every endpoint tried and why not.

    Cancelling the task ends whatever is asked of the engine then.
    """
    return Engine(find_engine(host, task), task)


class Engine:
    """One engine at one endpoint; safe to use from several threads, holds no open connection."""

    def __init__(self, found: Answer, task: Task | None = None) -> None:
        self.endpoint: Endpoint = found.endpoint
        self.podman = found.podman
        self.api = min(_version(found.api_version), NEWEST_API)
        self.task = task or Task()

    @property
    def api_version(self) -> str:
        """The API version spoken, "1.41"."""
        return ".".join(map(str, self.api))

    @cached_property
    def sdk(self) -> APIClient:
        """The docker SDK's client for the same endpoint."""
        import docker
        from docker.errors import DockerException

        host = self.endpoint.url
        try:
            return docker.APIClient(
                base_url=host,
                version=self.api_version,
                timeout=int(ANSWER_SECONDS),
                tls=_sdk_tls(self.endpoint.tls) or False,
                use_ssh_client=True,
                user_agent="image-explorer",
            )
        except DockerException as error:
            raise EngineUnreachable(
                tr(
                    "The engine at {url} cannot be used: {reason}.",
                    url=host,
                    reason=display_text(str(error), 300),
                ),
                tr("Check the address and the certificates."),
            ) from error

    @contextmanager
    def sdk_errors(self) -> Iterator[None]:
        """Turn what the SDK raises into errors of ours."""
        from docker.errors import APIError, DockerException
        from requests.exceptions import RequestException

        try:
            yield
        except APIError as error:
            text = error.explanation or str(error)
            raise refused(error.status_code or 0, str(text)) from error
        except (RequestException, DockerException, ValueError) as error:
            raise lost(self.endpoint, error) from error

    def get_json(self, target: str) -> Any:
        """A small JSON answer; EngineRefused with its status, EngineLost when the engine does not answer."""
        return _decoded(target, self._call("GET", target))

    def post(self, task: Task, target: str, document: Mapping[str, Any], grace: float = 0.0) -> Any:
        """Send a JSON document and return the JSON answer; cancelling the task ends the wait after `grace` seconds."""
        body = json.dumps(document).encode()
        return _decoded(target, self._call("POST", target, body, task=task, grace=grace))

    def delete(
        self, target: str, seconds: float = ANSWER_SECONDS, task: Task | None = None
    ) -> None:
        """Remove one object; waits at most `seconds` for the answer, even when the engine's own task is cancelled."""
        self._call("DELETE", target, task=task or Task(), seconds=seconds)

    def _call(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        task: Task | None = None,
        seconds: float = ANSWER_SECONDS,
        grace: float = 0.0,
    ) -> bytes:
        """One small exchange on a connection of its own; `target` without the API's version."""
        task = task or self.task
        headers = {"Connection": "close"}
        if body:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        try:
            with (
                Connection(self.endpoint, min(seconds, TICK_SECONDS)) as connection,
                task.on_cancel(_delayed(connection.shutdown, grace)),
            ):
                connection.send(method, self.target(target), headers, body)
                response = answer(connection, method, task, seconds)
                connection.wait_at_most(seconds)
                limit = ERROR_READ if response.status >= 400 else ANSWER_LIMIT
                data = response.read(limit + 1)
        except (OSError, ProtocolError) as error:
            task.checkpoint()
            raise self._unanswered(error, seconds) from error
        if response.status >= 400:
            raise refused(response.status, error_text(data))
        if len(data) > limit:
            raise _not_understood(target)
        return data

    @contextmanager
    def stream(self, task: Task, target: str, *, framed: bool = True) -> Iterator[EngineStream]:
        """The body of a long answer as a ByteSource; see EngineStream. EngineRefused when the engine says no.

        Without `framed` nothing but the body itself tells its end from a cut.
        """
        with engine_stream(self.endpoint, task) as stream:
            response = stream.open(self.target(target), framed=framed)
            if response.status >= 400:
                raise refused(response.status, error_text(_drain(stream)))
            yield stream

    def target(self, path: str) -> str:
        """The request's target: `path` under the API version spoken."""
        return f"/v{self.api_version}{path}"

    def describe(self) -> EngineInfo:
        """Product, version, image store and where the engine runs."""
        return self._info

    @cached_property
    def _info(self) -> EngineInfo:
        version, info = object_in(self.get_json("/version")), object_in(self.get_json("/info"))
        options = [str(item) for item in list_in(info.get("SecurityOptions"))]
        status = [[str(part) for part in list_in(row)] for row in list_in(info.get("DriverStatus"))]
        system = text_in(info.get("OperatingSystem"))
        return EngineInfo(
            product=_product(version, podman=self.podman),
            version=display_text(text_in(version.get("Version")), 80),
            api_version=self.api_version,
            endpoint=self.endpoint.url,
            found=self.endpoint.found,
            driver=display_text(text_in(info.get("Driver")), 80),
            root_folder=text_in(info.get("DockerRootDir")),
            containerd_address=text_in(object_in(info.get("Containerd")).get("Address")),
            containerd_store=any(row[1:] == [CONTAINERD_STORE] for row in status),
            rootless=any("rootless" in option for option in options),
            machine=_machine(self.endpoint, system),
            remote=not self.endpoint.is_local,
            operating_system=display_text(system, 120),
            warning=self.endpoint.warning(),
            remapped=any("userns" in option for option in options),
        )

    def images(self) -> tuple[EngineImage, ...]:
        """All tagged and dangling images, as the engine orders them; no intermediate ones."""
        manifests = "?manifests=1" if self.api >= (1, 47) else ""
        rows = [object_in(row) for row in list_in(self.get_json(f"/images/json{manifests}"))]
        used: dict[str, int] = {}
        for row in list_in(self.get_json("/containers/json?all=1")):
            container = object_in(row)
            if OWNER_LABEL not in object_in(container.get("Labels")):
                image_id = text_in(container.get("ImageID"))
                used[image_id] = used.get(image_id, 0) + 1
        return tuple(_listed(row, used) for row in rows)

    def image(self, reference: str, platform: str = "") -> Image:
        """The image behind a name or ID, bound to its ID; ImageNotFound with near names in its hint."""
        return inspect(self, reference, platform).image

    def near_names(self, reference: str) -> str:
        """A hint for somebody who asked for an image the engine does not have."""
        try:
            tags = sorted({tag for image in self.images() for tag in image.tags})
        except EngineError:
            tags = []
        name = reference.rpartition(":")[0] or reference
        same = [tag for tag in tags if tag.rpartition(":")[0].endswith(name)]
        near = list(dict.fromkeys([*same, *get_close_matches(reference, tags, n=3, cutoff=0.5)]))[
            :3
        ]
        if near:
            return tr(
                "Did you mean {names}?", names=", ".join(display_text(tag, 120) for tag in near)
            )
        return tr(
            "image-explorer list shows the engine's images. Pull it first: images are never pulled here."
        )

    def _unanswered(self, error: Exception, seconds: float) -> EngineError:
        if isinstance(error, OSError) and not isinstance(error, ConnectionBroken):
            return lost(self.endpoint, OSError(explain(self.endpoint, error, seconds).cause))
        return lost(self.endpoint, error)


def error_text(data: bytes) -> str:
    """The message in an engine's error answer, or the answer itself; untrusted."""
    try:
        document = json.loads(data[:ERROR_READ])
    except (ValueError, RecursionError):
        document = None
    message = (
        document.get("message") or document.get("cause") if isinstance(document, dict) else None
    )
    return (
        message
        if isinstance(message, str)
        else data[:ERROR_READ].decode("utf-8", "replace").strip()
    )


def refused(status: int, text: str) -> EngineRefused:
    """The engine's no, with its own words made harmless."""
    shown = display_text(text, ERROR_SHOWN) or tr("status {status}", status=status)
    hint = tr("The engine's log says more.") if status >= 500 else ""
    if "API version" in text:
        hint = tr(
            "This engine is too new or too old for this program; update the older of the two."
        )
    return EngineRefused(tr("The engine answered: {text}", text=shown), hint, status)


def _delayed(call: Callable[[], None], seconds: float) -> Callable[[], None]:
    """`call`, or what makes it `seconds` later from a thread of its own."""
    if not seconds:
        return call

    def later() -> None:
        timer = threading.Timer(seconds, call)
        timer.daemon = True
        timer.start()

    return later


def _decoded(target: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _not_understood(target) from error


def _drain(stream: EngineStream) -> bytes:
    held = memoryview(bytearray(ERROR_READ))
    filled = 0
    while filled < ERROR_READ and (count := stream.readinto(held[filled:])):
        filled += count
    return bytes(held[:filled])


def _not_understood(target: str) -> EngineRefused:
    return EngineRefused(
        tr(
            "The engine's answer to {target} is not understood.",
            target=display_text(target.partition("?")[0], 120),
        ),
        tr("Check that a container engine listens there."),
    )


def _listed(row: Mapping[str, Any], used: Mapping[str, int]) -> EngineImage:
    image_id = text_in(row.get("Id"))
    tags = tuple(tag for tag in map(str, list_in(row.get("RepoTags"))) if tag != "<none>:<none>")
    platforms = platforms_in(row)
    return EngineImage(
        id=image_id,
        tags=tags,
        size_bytes=number_in(row.get("Size")),
        created=rfc3339(number_in(row.get("Created"))),
        containers=used.get(image_id, 0),
        platform=platforms[0] if platforms else Platform(),
    )


def _product(version: Mapping[str, Any], *, podman: bool) -> str:
    name = text_in(object_in(version.get("Platform")).get("Name"))
    if podman:
        return "Podman"
    return display_text(name, 80) if name else "Docker"


def _machine(endpoint: Endpoint, system: str) -> str:
    """Docker Desktop and Colima run their engine in a virtual machine."""
    if "Docker Desktop" in system or "/.docker/" in endpoint.socket_path:
        return "Docker Desktop"
    return "Colima" if ".colima" in endpoint.socket_path else ""


def _sdk_tls(files: TlsFiles | None) -> Any:
    if files is None:
        return None
    from docker.tls import TLSConfig

    pair = (files.cert, files.key) if files.cert and files.key else None
    return TLSConfig(client_cert=pair, ca_cert=files.ca or None, verify=files.verify)


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    # Engines name their API in every /_ping since 1.22; older ones are spoken to in the oldest we know.
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (1, 24)
