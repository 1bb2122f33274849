"""What an engine says during a build, decoded; and engines that answer a build oddly."""

from __future__ import annotations

import base64
import contextlib
import json
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.dockerfile.context import Context
from explorer.engine.build import build
from explorer.engine.build_classic import ClassicReader, platform_arguments, without_mounts
from explorer.engine.build_events import (
    BuildEvent,
    BuildNote,
    Step,
    StepEnded,
    StepLog,
    StepStarted,
)
from explorer.engine.build_failures import build_failed
from explorer.engine.build_lines import LineSplitter
from explorer.engine.build_pull import split_name
from explorer.engine.build_trace import BadTrace, TraceReader
from explorer.engine.client import connect
from explorer.errors import BuildFailed, EngineLost, EngineRefused, InputError
from explorer.task import Cancelled, Task
from tests.support.fake_engine import Answer, Exchange, FakeEngine

# A fake engine that answers slowly, as builds do.
pytestmark = pytest.mark.slow

TAG = "image-explorer.local/x:1"


def _varint(value: int) -> bytes:
    made = b""
    while value > 0x7F:
        made += bytes([value & 0x7F | 0x80])
        value >>= 7
    return made + bytes([value])


def message(**fields: int | str | bytes | list[bytes]) -> bytes:
    """A protobuf message: f1="text", f5=message(...), f4=True; lists repeat a field."""
    made = b""
    for name, value in fields.items():
        number = int(name[1:])
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                made += _varint(number << 3) + _varint(item)
            else:
                data = item.encode() if isinstance(item, str) else item
                made += _varint(number << 3 | 2) + _varint(len(data)) + data
    return made


def _time(seconds: float) -> bytes:
    return message(f1=int(seconds), f2=round(seconds % 1 * 1e9))


def _vertex(digest: str, name: str, start: float = 0, end: float = 0, **more: Any) -> bytes:
    fields: dict[str, Any] = {"f1": digest, "f3": name, **more}
    if start:
        fields["f5"] = _time(start)
    if end:
        fields["f6"] = _time(end)
    return message(f1=[message(**fields)])


def _read(*messages: bytes) -> tuple[TraceReader, list[BuildEvent]]:
    events: list[BuildEvent] = []
    reader = TraceReader(events.append)
    for item in messages:
        reader.take(item)
    reader.finish()
    return reader, events


def test_that_steps_of_buildkit_are_told_with_seconds_and_cache() -> None:
    reader, events = _read(
        _vertex("a", "[1/2] FROM x"),
        _vertex("a", "[1/2] FROM x", start=10, end=10.5, f4=1),
        _vertex("b", "[2/2] RUN y", start=11),
        message(f3=[message(f1="b", f3=1, f4="one\ntw"), message(f1="b", f3=2, f4=b"o\nrest")]),
        _vertex("b", "[2/2] RUN y", start=11, end=13.25),
    )
    assert events == [
        StepStarted(1, "[1/2] FROM x"),
        StepEnded(Step(1, "[1/2] FROM x", 0.5, cached=True)),
        StepStarted(2, "[2/2] RUN y"),
        StepLog(2, "one"),
        StepLog(2, "two"),
        StepEnded(Step(2, "[2/2] RUN y", 2.25)),
        StepLog(2, "rest"),
    ]
    assert [step.number for step in reader.steps] == [1, 2]
    assert reader.failed() is None


def test_that_a_step_stopped_because_of_another_is_not_the_one_that_failed() -> None:
    reader, _ = _read(
        _vertex("a", "stopped", start=1, end=2, f7="exit code: 137: context canceled"),
        _vertex("b", "failed", start=1, end=2, f7="exit code: 1"),
    )
    failed = reader.failed()
    assert failed is not None
    assert failed[0].name == "failed"


def test_that_a_warning_of_buildkit_becomes_a_note() -> None:
    _, events = _read(message(f4=[message(f1="a", f2=1, f3="JSONArgsRecommended: use JSON")]))
    assert events == [BuildNote("JSONArgsRecommended: use JSON")]


@given(st.binary(max_size=200))
def test_that_no_bytes_break_the_reader_of_traces(data: bytes) -> None:
    try:
        _read(data)
    except BadTrace:
        return


@given(st.text(max_size=60).filter(lambda t: "\r" not in t and "\x1b" not in t), st.data())
def test_that_lines_do_not_depend_on_where_the_pieces_end(text: str, data: st.DataObject) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    cut = data.draw(st.integers(0, len(raw)))
    whole, parts = LineSplitter(), LineSplitter()
    assert [*whole.take(raw), *whole.rest()] == [
        *parts.take(raw[:cut]),
        *parts.take(raw[cut:]),
        *parts.rest(),
    ]


def test_that_colours_and_progress_bars_become_plain_lines() -> None:
    splitter = LineSplitter()
    raw = b"\x1b[31mred\x1b[0m\r\n10%\r50%\r100%\n\x1b]0;title\x07bad\x00\n\x1b[2Kdone"
    assert [*splitter.take(raw), *splitter.rest()] == ["red", "100%", "bad\\x00", "done"]


@pytest.mark.parametrize(
    ("text", "plain", "count"),
    [
        ("RUN --mount=type=cache,target=/c go build\n", "RUN go build\n", 1),
        (
            "RUN --mount=type=cache,target=/a \\\n    --mount=type=tmpfs,target=/b \\\n    go build\n",
            "RUN \\\n\\\ngo build\n",
            2,
        ),
        ('run --mount="type=cache,target=/a b" ["/x"]\n', 'run ["/x"]\n', 1),
        ("RUN go build --mount=type=bind,x\n", "RUN go build --mount=type=bind,x\n", 0),
        ("COPY --chown=1 a b\n", "COPY --chown=1 a b\n", 0),
    ],
)
def test_that_mounts_that_only_save_time_are_taken_out(text: str, plain: str, count: int) -> None:
    found, removed = without_mounts(f"FROM a\n{text}USER 1\n")
    assert (found.split("\n", 1)[1].replace("    ", ""), len(removed)) == (
        f"{plain}USER 1\n",
        count,
    )
    assert found.count("\n") == text.count("\n") + 2


@pytest.mark.parametrize(
    "flag",
    [
        "--mount=type=secret,id=x",
        "--mount=target=/a,source=b",
        "--mount=type=ssh",
        "--network=host",
    ],
)
def test_that_what_the_classic_builder_cannot_do_is_refused(flag: str) -> None:
    with pytest.raises(InputError, match="the Dockerfile needs it: --"):
        without_mounts(f"FROM a\nRUN --mount=type=cache,target=/c {flag} x\n")


def test_that_declared_platform_arguments_get_values() -> None:
    text = "FROM a\nARG TARGETOS\narg TARGETARCH=arm64\nARG TARGETPLATFORM X\nARG OTHER\n"
    assert platform_arguments(text, "linux", "amd64") == {
        "TARGETOS": "linux",
        "TARGETARCH": "amd64",
        "TARGETPLATFORM": "linux/amd64",
    }


def test_that_the_classic_builders_output_is_read() -> None:
    events: list[BuildEvent] = []
    reader = ClassicReader(events.append)
    for text in (
        "Step 1/3 : FROM a",
        "\n",
        " ---> bafa3ac6643b\n",
        "Step 2/3 : RUN x",
        "\n",
        " ---> Running in 4fe4679bb2fe\n",
        "hel",
        "lo\n",
        "Removing intermediate container 4fe4679bb2fe\n",
        " ---> 3a88e0f03445\n",
        "Step 3/3 : ENV A=1",
        " ---> Using cache\n",
        " ---> 111111111111\n",
        "[Warning] One or more build-args [B] were not consumed\n",
        "Successfully built 111111111111\n",
        "Successfully tagged x:1\n",
    ):
        reader.take({"stream": text})
    reader.finish()
    seconds = [step.seconds for step in reader.steps]
    assert events == [
        StepStarted(1, "[1/3] FROM a"),
        StepEnded(Step(1, "[1/3] FROM a", seconds[0])),
        StepStarted(2, "[2/3] RUN x"),
        StepLog(2, "hello"),
        StepEnded(Step(2, "[2/3] RUN x", seconds[1])),
        StepStarted(3, "[3/3] ENV A=1"),
        BuildNote("One or more build-args [B] were not consumed"),
        StepEnded(Step(3, "[3/3] ENV A=1", seconds[2], cached=True)),
    ]
    assert (reader.made, reader.container) == (["3a88e0f03445"], "4fe4679bb2fe")


def test_that_podmans_output_is_read() -> None:
    events: list[BuildEvent] = []
    reader = ClassicReader(events.append)
    for text in (
        "STEP 1/2: FROM scratch\n",
        "STEP 2/2: COPY a /\n",
        "--> Using cache a8c6a0cbda1\n",
        "COMMIT x:1\n",
        "--> b8c6a0cbda1\n",
        "Successfully tagged x:1\n",
    ):
        reader.take({"stream": text})
    reader.finish()
    assert [(step.name, step.cached) for step in reader.steps] == [
        ("[1/2] FROM scratch", False),
        ("[2/2] COPY a /", True),
    ]
    assert not [event for event in events if isinstance(event, StepLog)]


@pytest.mark.parametrize(
    ("reason", "message_", "hint"),
    [
        (
            'failed to solve: process "/bin/sh -c go build" did not complete successfully: exit code: 2',
            "exit code: 2.",
            "The step's last lines say why.",
        ),
        ("The command '/bin/sh -c x' returned a non-zero code: 7", "exit code: 7.", ""),
        (
            "write /x: no space left on device",
            "write /x: no space left on device.",
            "The engine's disk is full",
        ),
        ("dial tcp: lookup proxy.golang.org: i/o timeout", "", "The step needs the network"),
    ],
)
def test_that_a_reason_is_short_and_has_a_hint(reason: str, message_: str, hint: str) -> None:
    error = build_failed(reason, (Step(1, "RUN x"), ("last",)))
    assert error.message.startswith("The build failed in the step RUN x: ")
    assert error.message.endswith(message_)
    assert error.hint.startswith(hint)


def test_that_a_failed_build_crosses_processes_whole() -> None:
    error = build_failed("exit code: 1", (Step(1, "RUN x"), ("a", "b")))
    again = pickle.loads(pickle.dumps(error))
    assert (again.message, again.hint, again.step, again.log, again.reason) == (
        error.message,
        error.hint,
        "RUN x",
        ("a", "b"),
        "exit code: 1",
    )


def _drained(exchange: Exchange) -> None:
    """Read what comes of the request's body; its end may have come with the head."""
    exchange.connection.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        while exchange.connection.recv(65536):
            pass


def _lines(exchange: Exchange, *rows: object) -> None:
    _drained(exchange)
    exchange.head(200, Transfer_Encoding="chunked")
    for row in rows:
        exchange.chunk(json.dumps(row).encode() + b"\r\n")
    exchange.chunk(b"")


def _refusal(exchange: Exchange, status: int, text: str) -> None:
    _drained(exchange)
    exchange.json({"message": text}, status)


@pytest.fixture
def images(fake: FakeEngine) -> FakeEngine:
    """An engine that has the tag once a build has run."""
    fake.on(
        r"/images/.*/json",
        lambda x: (
            x.json({"Id": "sha256:new"})
            if any("/build" in r for r in fake.requests)
            else x.json({"message": "no"}, 404)
        ),
    )
    fake.on_json(r"/version", {"Os": "linux", "Arch": "arm64"})
    return fake


def _build(fake: FakeEngine, text: str = "FROM scratch\n", **more: Any) -> Any:
    return build(Task(), connect(fake.url), Context(), text, tag=TAG, **more)


def test_that_an_engine_that_refuses_buildkit_gets_the_classic_builder(images: FakeEngine) -> None:
    images.on(
        r"/build\?version=2.*", lambda x: _refusal(x, 500, "BuildKit is not supported by daemon")
    )
    images.on(r"/build\?version=1.*", lambda x: _lines(x, {"stream": "Step 1/1 : FROM scratch"}))
    result = _build(images, "FROM scratch\nARG TARGETARCH\nRUN --mount=type=cache,target=/c x\n")
    assert result.builder == "classic"
    assert result.notes == (
        "This engine has no BuildKit: the classic builder was used.",
        "The classic builder knows no cache mounts: 1 was left out, so each build starts over.",
    )
    asked = [request for request in images.requests if "version=1" in request]
    assert "buildargs=%7B%22TARGETARCH%22%3A+%22arm64%22%7D" in asked[0]


def test_that_a_refusal_of_the_buildkit_that_was_asked_for_is_told(images: FakeEngine) -> None:
    images.on(r"/build.*", lambda x: _refusal(x, 500, "BuildKit is not supported by daemon"))
    with pytest.raises(BuildFailed, match="BuildKit is not supported by daemon"):
        _build(images, builder="buildkit")


def test_that_progress_which_is_not_understood_does_not_fail_a_build(images: FakeEngine) -> None:
    broken = base64.b64encode(b"\xff\xff").decode()
    images.on(
        r"/build.*",
        lambda x: _lines(
            x,
            {"id": "moby.buildkit.trace", "aux": broken},
            {"id": "moby.buildkit.trace", "aux": 7},
            {"id": "moby.buildkit.trace", "aux": "%"},
            {"id": "moby.image.id", "aux": {"ID": "sha256:new"}},
        ),
    )
    assert _build(images).image_id == "sha256:new"


def test_that_an_answer_which_is_no_json_is_an_error(images: FakeEngine) -> None:
    def answer(exchange: Exchange) -> None:
        _drained(exchange)
        exchange.body(b"<html>\n")

    images.on(r"/build.*", answer)
    with pytest.raises(EngineRefused, match="not understood"):
        _build(images)


def test_that_an_engine_that_goes_away_in_a_build_is_lost(images: FakeEngine) -> None:
    def answer(exchange: Exchange) -> None:
        _drained(exchange)
        exchange.head(200, Transfer_Encoding="chunked")
        exchange.chunk(b'{"stream":"Step 1/1 : FROM a"}\n')

    images.on(r"/build.*", answer)
    with pytest.raises(EngineLost):
        _build(images, builder="classic")


def test_that_a_refusal_before_the_context_was_read_is_told(
    images: FakeEngine, tmp_path: Path
) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.json({"message": "too many builds"}, 429)
        exchange.wait()

    images.on(r"/build.*", answer)
    with pytest.raises(BuildFailed, match="too many builds"):
        _build(images)


def test_that_a_build_without_an_image_at_its_end_is_an_error(fake: FakeEngine) -> None:
    fake.on(r"/build.*", lambda x: _lines(x, {"stream": "fine\n"}))
    with pytest.raises(EngineRefused, match="ended without an image"):
        _build(fake)


def _lacking(name: str) -> list[object]:
    """What BuildKit says when a base is neither local nor to be had without a session."""
    step = f"[internal] load metadata for {name}"
    trace = _vertex("a", step, start=1, end=2, f7="no active sessions")
    aux = base64.b64encode(trace).decode()
    return [{"id": "moby.buildkit.trace", "aux": aux}, {"error": "no active sessions"}]


def test_that_a_base_which_buildkit_cannot_get_is_pulled(images: FakeEngine) -> None:
    name = "docker.io/library/golang:1.27"

    def answer(exchange: Exchange) -> None:
        pulled = any("/images/create" in request for request in images.requests)
        _lines(exchange, *([] if pulled else _lacking(name)))

    images.on(r"/build\?.*", answer)
    images.on(r"/images/create.*", lambda x: _lines(x, {"status": "Pull complete", "id": "a"}))
    assert _build(images).notes == (f"The base image {name} was pulled.",)
    (asked,) = [request for request in images.requests if "/images/create" in request]
    assert asked == "POST /images/create?fromImage=docker.io%2Flibrary%2Fgolang&tag=1.27"


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: _refusal(x, 404, "pull access denied"),
        lambda x: _lines(x, {"status": "Pulling"}, {"error": "pull access denied"}),
    ],
)
def test_that_a_base_which_cannot_be_pulled_is_named(images: FakeEngine, answer: Answer) -> None:
    images.on(r"/build\?.*", lambda x: _lines(x, *_lacking("registry.example.org/base:1")))
    images.on(r"/images/create.*", answer)
    with pytest.raises(
        BuildFailed, match=r"registry\.example\.org/base:1 could not be pulled: pull"
    ):
        _build(images)


def test_that_a_base_is_pulled_once(images: FakeEngine) -> None:
    images.on(r"/build\?.*", lambda x: _lines(x, *_lacking("base:1")))
    images.on(r"/images/create.*", lambda x: _lines(x, {"status": "done"}))
    with pytest.raises(BuildFailed, match="no active sessions"):
        _build(images)
    assert sum("/images/create" in request for request in images.requests) == 1


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("docker.io/library/golang:1.27", ("docker.io/library/golang", "1.27")),
        ("localhost:5000/app", ("localhost:5000/app", "latest")),
        ("alpine@sha256:aa", ("alpine@sha256:aa", "")),
    ],
)
def test_that_a_name_is_split_for_the_pull(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_that_a_build_in_an_engine_that_hangs_can_be_cancelled(fake: FakeEngine) -> None:
    task = Task()

    def hang(exchange: Exchange) -> None:
        threading.Timer(0.2, task.cancel).start()
        exchange.wait()

    fake.on(r"/build\?.*", hang)
    with pytest.raises(Cancelled):
        build(task, connect(fake.url), Context(), "FROM scratch\n", tag=TAG)
    assert any(request.startswith("POST /build/cancel?id=") for request in fake.requests)
