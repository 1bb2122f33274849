"""Builds an image in the engine from a context of ours: BuildKit through its HTTP interface, the classic builder else.

BuildKit needs no session for this: a context posted with `version=2` is handed to it (moby builder-next/builder.go).
What does need one (secrets, ssh, bases of private registries) is refused with its reason.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

from explorer.engine.answers import list_in, object_in, text_in
from explorer.engine.build_classic import ClassicReader, platform_arguments, without_mounts
from explorer.engine.build_events import (
    BUILDKIT,
    CLASSIC,
    BuildEvent,
    BuildNote,
    BuildResult,
    ContextSent,
    OnEvent,
    Step,
)
from explorer.engine.build_failures import build_failed, lacks_buildkit, no_bridge
from explorer.engine.build_pull import missing_base, pull_base
from explorer.engine.build_stream import BuildStream, UploadConnection, ask_briefly
from explorer.engine.build_trace import BadTrace, TraceReader
from explorer.engine.stream import TICK_SECONDS, lost
from explorer.engine.sweep import current_session
from explorer.errors import BuildFailed, EngineRefused
from explorer.task import Task
from explorer.translation import ntr, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# Every image we build gets a name of this registry, which does not exist: nothing of the user's is overwritten or pushed.
TAG_PREFIX = "image-explorer.local/"
# On images. Not the label of our containers: a container of the user's inherits what its image carries, and would be swept.
BUILT_LABEL = "io.github.image-size-explorer.built-by"
# The first engine whose BuildKit is no experiment: 18.09.
_BUILDKIT_API = (1, 39)
_TRACE = "moby.buildkit.trace"
# What undoing may take in all: a cancelled build must end within a second.
_UNDO_SECONDS = 20.0
_UNDO_SECONDS_CANCELLED = 0.5
_CONFLICT = 409
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 0.0)


class TarContext(Protocol):
    """What a build needs of a context; explorer.dockerfile.context has one."""

    @property
    def dockerfile(self) -> str: ...

    @property
    def dockerfile_shows(self) -> bool: ...

    @property
    def total_bytes(self) -> int: ...

    def check(self) -> None: ...

    def tar(
        self, task: Task, dockerfile: bytes, on_sent: Callable[[int], None], *, classic: bool
    ) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class BuildOptions:
    """How to build: `builder` is auto, buildkit or classic, `network` what RUN steps may reach ("" as the engine has it)."""

    tag: str
    builder: str = "auto"
    platform: str = ""
    target: str = ""
    network: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    use_cache: bool = True


def result_tag(name: str, tag: str = "latest") -> str:
    """The tag of ours for what is built from an image called `name`."""
    last = name.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    clean = re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:100] or "image"
    suffix = re.sub(r"[^A-Za-z0-9_.-]", "-", tag).lstrip(".-")[:100] or "latest"
    return f"{TAG_PREFIX}{clean}:{suffix}"


def build(
    task: Task,
    engine: Engine,
    context: TarContext,
    dockerfile_text: str,
    *,
    tag: str,
    builder: str = "auto",
    platform: str = "",
    on_event: OnEvent = lambda _: None,
    **more: Any,
) -> BuildResult:
    """Build and tag an image; `tag` begins with TAG_PREFIX, `more` are further fields of BuildOptions.

    Raises BuildFailed with the failed step and its last lines, InputError for a context or Dockerfile that cannot be
    sent, EngineLost. After any of them, and after a cancel, no container, image or tag of the build is left.
    """
    if not tag.startswith(TAG_PREFIX):
        raise ValueError(tag)
    context.check()
    started = time.monotonic()
    run = _Run(
        task, engine, context, BuildOptions(tag, builder, platform, **more), _Notes(task, on_event)
    )
    found = run.built(dockerfile_text)
    return BuildResult(
        image_id=found.image_id,
        tag=tag,
        seconds=time.monotonic() - started,
        builder=found.builder,
        steps=found.steps,
        notes=tuple(run.tell.notes),
        intermediate=found.intermediate,
    )


def remove_build(engine: Engine, result: BuildResult) -> None:
    """Remove what a build made: its tag, its image and those of other stages, as far as nothing else uses them."""
    _remove_image(engine, result.tag, _UNDO_SECONDS)
    for name in (result.image_id, *reversed(result.intermediate)):
        _remove_untagged(engine, name, _UNDO_SECONDS)


class _Notes:
    """Hands events on, and keeps the notes among them."""

    def __init__(self, task: Task, on_event: OnEvent) -> None:
        self._task, self._on_event = task, on_event
        self.notes: list[str] = []

    def __call__(self, event: BuildEvent) -> None:
        self._task.checkpoint()
        if isinstance(event, BuildNote):
            if event.text in self.notes:
                return
            self.notes.append(event.text)
        self._on_event(event)


@dataclass(frozen=True)
class _Built:
    image_id: str
    builder: str
    steps: tuple[Step, ...]
    intermediate: tuple[str, ...] = ()


class _Run:
    """One build, tried a second time where the first failed for something the engine lacks."""

    def __init__(
        self,
        task: Task,
        engine: Engine,
        context: TarContext,
        options: BuildOptions,
        tell: _Notes,
    ) -> None:
        self._task, self._engine, self._context = task, engine, context
        self._options = options
        self.tell = tell
        self._before = _image_behind(engine, options.tag, _UNDO_SECONDS)

    def built(self, text: str) -> _Built:
        """Build with the chosen builder, or with the other one where the choice is ours."""
        auto = self._options.builder == "auto"
        modern = self._engine.api >= _BUILDKIT_API and not self._engine.podman
        builder = (BUILDKIT if modern else CLASSIC) if auto else self._options.builder
        try:
            found = self._with_bases(builder, text)
        except BuildFailed as error:
            if not auto or builder == CLASSIC or not lacks_buildkit(error):
                raise
            self.tell(BuildNote(tr("This engine has no BuildKit: the classic builder was used.")))
            found = self._with_bases(CLASSIC, text)
        if self._before and self._before != found.image_id:
            _remove_untagged(self._engine, self._before, _UNDO_SECONDS)
        return found

    def _with_bases(self, builder: str, text: str) -> _Built:
        """Build; bases that BuildKit cannot get without a session are pulled one after the other."""
        pulled: set[str] = set()
        while True:
            try:
                return self._with_any_network(builder, text)
            except BuildFailed as error:
                name = missing_base(error)
                if not name or name in pulled:
                    raise
            pulled.add(name)
            self.tell(
                BuildNote(tr("The base image {name} was pulled.", name=display_text(name, 200)))
            )
            pull_base(self._task, self._engine, name, self._options.platform)

    def _with_any_network(self, builder: str, text: str) -> _Built:
        try:
            return self._once(builder, text)
        except BuildFailed as error:
            if self._options.network or not no_bridge(error):
                raise
        self._options = replace(self._options, network="none")
        self.tell(
            BuildNote(tr("This engine has no network bridge: the steps ran without network."))
        )
        return self._once(builder, text)

    def _once(self, builder: str, text: str) -> _Built:
        text, arguments = self._prepared(builder, text)
        reader = _reader(builder, self.tell)
        try:
            self._read(builder, text, arguments, reader)
            image_id = self._result()
        except BaseException:
            self._undo(reader)
            raise
        made = tuple(name for name in reader.made if name not in image_id)
        return _Built(image_id, builder, reader.steps, made)

    def _read(self, builder: str, text: str, arguments: Mapping[str, str], reader: _Reader) -> None:
        """Send the context and take all messages; BuildFailed when the last says so."""
        number = secrets.token_hex(16)
        target = self._engine.target("/build?" + self._query(builder, number, arguments))
        with self._stream(number) as stream:
            response = stream.post(
                target, {"Content-Type": "application/x-tar"}, self._body(builder, text)
            )
            if response.status >= 400:
                raise build_failed(_error_text(stream.rest()), None)
            for line in stream.lines():
                reader.take(line)
        reader.finish()

    def _result(self) -> str:
        image_id = _image_behind(self._engine, self._options.tag, _UNDO_SECONDS)
        if not image_id:
            raise EngineRefused(
                tr("The build ended without an image."), tr("The engine's log says more.")
            )
        return image_id

    def _prepared(self, builder: str, text: str) -> tuple[str, Mapping[str, str]]:
        """The Dockerfile and its arguments as the builder needs them."""
        arguments = self._options.arguments
        if builder == BUILDKIT:
            if not self._context.dockerfile_shows and _copies_everything(text):
                self.tell(
                    BuildNote(
                        tr(
                            "COPY of the whole folder copies the Dockerfile too: it comes with the context."
                        )
                    )
                )
            return text, arguments
        # Podman's builder knows mounts.
        text, removed = (text, ()) if self._engine.podman else without_mounts(text)
        if removed:
            self.tell(
                BuildNote(
                    ntr(
                        "The classic builder knows no cache mounts: {n} was left out, so each build starts over.",
                        "The classic builder knows no cache mounts: {n} were left out, so each build starts over.",
                        len(removed),
                    )
                )
            )
        return text, {**platform_arguments(text, *self._platform()), **arguments}

    def _platform(self) -> tuple[str, str]:
        if self._options.platform:
            system, _, rest = self._options.platform.partition("/")
            return system, rest.partition("/")[0]
        version = object_in(self._engine.get_json("/version"))
        return text_in(version.get("Os")) or "linux", text_in(version.get("Arch")) or "amd64"

    @contextlib.contextmanager
    def _stream(self, number: str) -> Iterator[BuildStream]:
        try:
            connection = UploadConnection(self._engine.endpoint, TICK_SECONDS)
        except OSError as error:
            raise lost(self._engine.endpoint, error) from error
        with connection, self._task.on_cancel(connection.shutdown):
            try:
                yield BuildStream(self._engine.endpoint, self._task, connection)
            except BaseException:
                # Closing the connection ends a build; BuildKit can also be told.
                connection.shutdown()
                ask_briefly(self._engine, "POST", f"/build/cancel?id={number}", 0.2)
                raise

    def _body(self, builder: str, text: str) -> Iterator[bytes]:
        total = self._context.total_bytes

        def sent(count: int) -> None:
            self.tell(ContextSent(count, total))

        data = text.encode("utf-8", "surrogateescape")
        return self._context.tar(self._task, data, sent, classic=builder == CLASSIC)

    def _query(self, builder: str, number: str, arguments: Mapping[str, str]) -> str:
        options = self._options
        labels = {BUILT_LABEL: current_session().installation, **options.labels}
        values = {
            "version": "2" if builder == BUILDKIT else "1",
            "dockerfile": self._context.dockerfile,
            "t": options.tag,
            "buildid": number,
            "rm": "1",
            "forcerm": "1",
            "labels": json.dumps(labels),
            "buildargs": json.dumps(dict(arguments)) if arguments else "",
            "target": options.target,
            "platform": options.platform,
            "networkmode": options.network,
            "nocache": "" if options.use_cache else "1",
        }
        return urlencode({name: value for name, value in values.items() if value})

    def _undo(self, reader: _Reader) -> None:
        """Take away what a build left that did not come to its end."""
        patience = _UNDO_SECONDS_CANCELLED if self._task.cancelled else _UNDO_SECONDS
        deadline = time.monotonic() + patience

        def left() -> float:
            return max(0.01, deadline - time.monotonic())

        now = _image_behind(self._engine, self._options.tag, left())
        if now and now != self._before:
            _remove_image(self._engine, self._options.tag, left())
        if reader.container:
            # The engine removes it too, but later than a cancelled build may take.
            target = f"/containers/{reader.container}?force=1&v=1"
            ask_briefly(self._engine, "DELETE", target, left())
        for name in reversed(reader.made):
            _remove_untagged(self._engine, name, left())


class _Reader(Protocol):
    """Takes a build's messages."""

    @property
    def steps(self) -> tuple[Step, ...]: ...

    @property
    def made(self) -> list[str]: ...

    @property
    def container(self) -> str: ...

    def take(self, line: bytes) -> None: ...

    def finish(self) -> None: ...


def _reader(builder: str, tell: OnEvent) -> _Reader:
    return _BuildKitMessages(tell) if builder == BUILDKIT else _ClassicMessages(tell)


class _BuildKitMessages:
    """BuildKit's traces inside the engine's JSON stream."""

    def __init__(self, tell: OnEvent) -> None:
        self._trace = TraceReader(tell)
        self._error = ""
        self.made: list[str] = []
        self.container = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self._trace.steps

    def take(self, line: bytes) -> None:
        row = _row(line)
        self._error = text_in(row.get("error")) or self._error
        if row.get("id") == _TRACE:
            # Progress that is not understood is no reason to fail.
            with contextlib.suppress(BadTrace, ValueError):
                self._trace.take(base64.b64decode(text_in(row.get("aux")), validate=True))

    def finish(self) -> None:
        self._trace.finish()
        if self._error:
            raise build_failed(self._error, self._trace.failed())


class _ClassicMessages:
    """The classic builder's lines inside the engine's JSON stream."""

    def __init__(self, tell: OnEvent) -> None:
        self._output = ClassicReader(tell)
        self._error = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        return self._output.steps

    @property
    def made(self) -> list[str]:
        return self._output.made

    @property
    def container(self) -> str:
        return self._output.container

    def take(self, line: bytes) -> None:
        row = _row(line)
        self._error = text_in(row.get("error")) or self._error
        self._output.take(row)

    def finish(self) -> None:
        if self._error:
            raise build_failed(self._error, self._output.failed(self._error))
        self._output.finish()


def _row(line: bytes) -> dict[str, Any]:
    if not line.strip():
        return {}
    try:
        return object_in(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise EngineRefused(
            tr("The engine's messages about the build are not understood."),
            tr("Check that a container engine listens there."),
        ) from error


def _error_text(data: bytes) -> str:
    try:
        return text_in(object_in(json.loads(data)).get("message"))
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")


def _copies_everything(text: str) -> bool:
    """Whether a COPY or ADD takes the context's top folder."""
    return bool(
        re.search(
            r"(?im)^[ \t]*(?:COPY|ADD)[ \t]+(?:--(?!from)\S+[ \t]+)*\[?\"?(?:\./?|/|\*)\"?[ \t,]",
            text,
        )
    )


def _image_behind(engine: Engine, name: str, seconds: float) -> str:
    """The ID of the image with that name, "" for none."""
    return text_in(_inspected(engine, name, seconds).get("Id"))


def _inspected(engine: Engine, name: str, seconds: float) -> dict[str, Any]:
    _, data = ask_briefly(engine, "GET", f"/images/{quote(name, safe='/:')}/json", seconds)
    try:
        return object_in(json.loads(data or b"{}"))
    except (ValueError, RecursionError):
        return {}


def _remove_untagged(engine: Engine, image_id: str, seconds: float) -> None:
    """Remove an image by its ID, unless it has a name: one that somebody gave it would go with it."""
    deadline = time.monotonic() + seconds
    if not list_in(_inspected(engine, image_id, seconds).get("RepoTags")):
        _remove_image(engine, image_id, max(0.01, deadline - time.monotonic()))


def _remove_image(engine: Engine, name: str, seconds: float) -> None:
    """Remove a tag or an image nothing else uses; its parents stay, they may be the user's."""
    deadline = time.monotonic() + seconds
    target = f"/images/{quote(name, safe='/:')}?noprune=1"
    for pause in _PAUSES:
        status, _ = ask_briefly(engine, "DELETE", target, max(0.01, deadline - time.monotonic()))
        if status != _CONFLICT or time.monotonic() + pause > deadline:
            return
        # A container of the build is just being removed.
        time.sleep(pause)
