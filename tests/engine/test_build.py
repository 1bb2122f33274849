"""Builds in real engines, with BuildKit and with the classic builder: what comes out, what fails how, what is left."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.dockerfile.context import Context
from explorer.engine.build import BUILT_LABEL, build, remove_build, result_tag
from explorer.engine.build_events import (
    BuildEvent,
    ContextSent,
    StepEnded,
    StepLog,
    StepStarted,
)
from explorer.engine.client import Engine, connect
from explorer.engine.sweep import OWNER_LABEL
from explorer.errors import BuildFailed, InputError
from explorer.task import Cancelled, Task
from tests.engine.docker import Docker, PrivateEngine, private_engine
from tests.support.builds import context, tool

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TAG = "image-explorer.local/build-test:1"


@pytest.fixture(scope="module")
def graph_engine() -> Iterator[str]:
    """An engine with the classic store, empty but for what a test makes."""
    with private_engine() as engine:
        yield engine.host


@pytest.fixture(params=["classic store", "containerd store"])
def docker(request: pytest.FixtureRequest) -> Docker:
    """Both kinds of engine."""
    if request.param == "classic store":
        return Docker(request.getfixturevalue("graph_engine"))
    host = os.environ.get("MODERN_DOCKER_HOST", "")
    if not host:
        pytest.skip("no current engine is named by MODERN_DOCKER_HOST (packaging/test.sh does)")
    return Docker(host)


@pytest.fixture(params=["buildkit", "classic"])
def builder(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def token() -> str:
    """What no earlier build has in its cache."""
    return secrets.token_hex(8)


@pytest.fixture
def engine(docker: Docker) -> Iterator[Engine]:
    """The engine, as it was before when the test is over."""
    before = docker.state()
    yield connect(docker.host)
    docker.remove(TAG)
    assert docker.state() == before


def _config(docker: Docker, name: str) -> dict[str, object]:
    return dict(json.loads(docker("image", "inspect", name))[0]["Config"])


def _printed(docker: Docker, *command: str) -> str:
    return docker("run", "--rm", "--network", "none", TAG, *command)


def test_that_a_build_tells_its_steps_and_gives_a_labelled_image(
    engine: Engine, docker: Docker, builder: str, tmp_path: Path, token: str
) -> None:
    events: list[BuildEvent] = []
    text = f'FROM scratch\nCOPY tool /\nRUN ["/tool", "say", "hello", "say", "{token}"]\nENV A=1\n'
    result = build(
        Task(),
        engine,
        context(tmp_path),
        text,
        tag=TAG,
        builder=builder,
        network="none",
        on_event=events.append,
    )
    image = json.loads(docker("image", "inspect", TAG))[0]
    assert (result.image_id, result.tag, result.builder) == (image["Id"], TAG, builder)
    assert set(image["Config"]["Labels"]) == {BUILT_LABEL}
    assert OWNER_LABEL not in image["Config"]["Labels"]
    assert "A=1" in image["Config"]["Env"]
    started = {event.number: event.name for event in events if isinstance(event, StepStarted)}
    (number,) = [number for number, name in started.items() if 'RUN ["/tool"' in name]
    lines = [e.text for e in events if isinstance(e, StepLog) and e.number == number]
    assert lines == ["hello", token]
    ended = {event.step.number: event.step for event in events if isinstance(event, StepEnded)}
    assert ended[number].error == ""
    assert [step.number for step in result.steps] == sorted(started)
    assert {step.error for step in result.steps} == {""}
    assert 0 < ended[number].seconds < result.seconds
    sent = [event for event in events if isinstance(event, ContextSent)]
    assert sent[-1] == ContextSent(tool().stat().st_size, tool().stat().st_size)
    remove_build(engine, result)


def test_that_a_second_build_takes_its_steps_from_the_cache(
    engine: Engine, builder: str, tmp_path: Path, token: str
) -> None:
    sent = context(tmp_path)
    text = f'FROM scratch\nCOPY tool /\nRUN ["/tool", "say", "{token}"]\n'
    first = build(Task(), engine, sent, text, tag=TAG, builder=builder, network="none")
    second = build(Task(), engine, sent, text, tag=TAG, builder=builder, network="none")

    def cached(steps: tuple[object, ...]) -> list[bool]:
        return [step.cached for step in steps if "RUN" in step.name]  # type: ignore[attr-defined]

    assert (cached(first.steps), cached(second.steps)) == ([False], [True])
    remove_build(engine, second)
    remove_build(engine, first)


def test_that_an_earlier_result_of_the_same_tag_goes_away(
    engine: Engine, docker: Docker, builder: str, tmp_path: Path
) -> None:
    sent = context(tmp_path)
    results = [
        build(
            Task(),
            engine,
            sent,
            f"FROM scratch\nCOPY tool /\nENV A={value}\n",
            tag=TAG,
            builder=builder,
        )
        for value in "12"
    ]
    assert "A=2" in str(_config(docker, TAG)["Env"])
    images = docker("images", "-q", "--no-trunc").split()
    assert results[0].image_id not in images
    for result in reversed(results):
        remove_build(engine, result)


def test_that_an_image_somebody_named_is_kept(
    engine: Engine, docker: Docker, builder: str, tmp_path: Path
) -> None:
    sent = context(tmp_path)
    mine = ["build-test-mine:1", "build-test-mine:2"]
    results = []
    for value, name in enumerate(mine):
        text = f"FROM scratch\nCOPY tool /\nENV A={value}\n"
        results.append(build(Task(), engine, sent, text, tag=TAG, builder=builder))
        docker("tag", TAG, name)
    remove_build(engine, results[1])
    for value, name in enumerate(mine):
        assert f"A={value}" in str(_config(docker, name)["Env"])
    docker.remove(*mine)
    for result in reversed(results):
        remove_build(engine, result)


def test_that_ignored_files_and_the_dockerfile_do_not_get_into_the_image(
    engine: Engine, docker: Docker, tmp_path: Path
) -> None:
    (tmp_path / ".dockerignore").write_text("secret.txt\nDockerfile\n.dockerignore\n")
    sent = context(tmp_path, secret_txt="s3cr3t", kept_txt="kept")
    result = build(
        Task(), engine, sent, "FROM scratch\nCOPY . /\n", tag=TAG, builder="classic", network="none"
    )
    assert _printed(docker, "/tool", "show", "/kept.txt").startswith("kept")
    for name in ("/secret.txt", "/Dockerfile", "/.dockerignore"):
        assert "no such file" in _printed(docker, "/tool", "show", name)
    remove_build(engine, result)


def test_that_buildkit_says_when_the_dockerfile_gets_into_the_image(
    engine: Engine, docker: Docker, tmp_path: Path
) -> None:
    text = "FROM scratch\nCOPY . /\n"
    result = build(Task(), engine, context(tmp_path), text, tag=TAG, builder="buildkit")
    assert result.notes == (
        "COPY of the whole folder copies the Dockerfile too: it comes with the context.",
    )
    assert _printed(docker, "/tool", "show", "/Dockerfile").startswith("FROM scratch")
    remove_build(engine, result)


def test_that_links_of_the_context_arrive_as_links(
    engine: Engine, docker: Docker, builder: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("1")
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / ("long" * 40)).write_text("2")
    result = build(
        Task(), engine, context(tmp_path), "FROM scratch\nCOPY . /d/\n", tag=TAG, builder=builder
    )
    shown = _printed(docker, "/d/tool", "show", "/d/b", "show", "/d/c", "show", "/d/" + "long" * 40)
    assert shown.splitlines() == ["1 <nil>", "1 <nil>", "2 <nil>"]
    remove_build(engine, result)


def test_that_a_cache_mount_lasts_from_build_to_build(
    engine: Engine, tmp_path: Path, token: str
) -> None:
    sent = context(tmp_path)
    mount = f"--mount=type=cache,id={token},target=/c"
    text = 'FROM scratch\nCOPY tool /\nRUN {mount} ["/tool", "show", "/c/a", "touch", "/c/a", "say", "{said}"]\n'
    said: list[list[str]] = []
    for number in (1, 2):
        events: list[BuildEvent] = []
        result = build(
            Task(),
            engine,
            sent,
            text.format(mount=mount, said=f"{token}{number}"),
            tag=TAG,
            builder="buildkit",
            network="none",
            on_event=events.append,
        )
        said.append([event.text for event in events if isinstance(event, StepLog)])
        remove_build(engine, result)
    assert [lines[0] for lines in said] == [" open /c/a: no such file or directory", " <nil>"]


def test_that_the_classic_builder_builds_without_cache_mounts_and_says_so(
    engine: Engine, tmp_path: Path
) -> None:
    text = (
        'FROM scratch\nCOPY tool /\nRUN --mount=type=cache,target=/c \\\n  ["/tool", "say", "x"]\n'
    )
    result = build(
        Task(), engine, context(tmp_path), text, tag=TAG, builder="classic", network="none"
    )
    assert result.notes == (
        "The classic builder knows no cache mounts: 1 was left out, so each build starts over.",
    )
    remove_build(engine, result)


def test_that_an_engine_without_a_bridge_builds_without_network_and_says_so(
    engine: Engine, tmp_path: Path, token: str
) -> None:
    text = f'FROM scratch\nCOPY tool /\nRUN ["/tool", "say", "{token}"]\n'
    result = build(Task(), engine, context(tmp_path), text, tag=TAG, builder="buildkit")
    assert result.notes == ("This engine has no network bridge: the steps ran without network.",)
    remove_build(engine, result)


def test_that_a_failing_step_is_named_with_its_last_fifty_lines(
    engine: Engine, builder: str, tmp_path: Path
) -> None:
    text = 'FROM scratch\nCOPY tool /\nRUN ["/tool", "say", "made"]\nRUN ["/tool", "count", "70", "exit", "3"]\n'
    with pytest.raises(BuildFailed) as caught:
        build(Task(), engine, context(tmp_path), text, tag=TAG, builder=builder, network="none")
    error = caught.value
    assert 'RUN ["/tool", "count", "70", "exit", "3"]' in error.step
    assert error.message == f"The build failed in the step {error.step}: exit code: 3."
    assert error.log == tuple(f"line {number}" for number in range(21, 71))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("FROM image-explorer.local/nowhere:1\n", "Pull the base image first"),
        ("FROM scratch\nCOPY nothing /\n", "Check that the file is in the build context"),
        ("FROM scratch\nMAKE it so\n", "Correct that line of the Dockerfile"),
    ],
)
def test_that_a_dockerfile_which_cannot_be_built_is_refused_with_what_to_do(
    engine: Engine, builder: str, tmp_path: Path, text: str, hint: str
) -> None:
    with pytest.raises(BuildFailed) as caught:
        build(Task(), engine, context(tmp_path), text, tag=TAG, builder=builder)
    assert caught.value.hint.startswith(hint)


def test_that_a_step_which_needs_a_secret_says_who_can_build_it(
    engine: Engine, tmp_path: Path
) -> None:
    text = 'FROM scratch\nCOPY tool /\nRUN --mount=type=secret,id=x,required=true ["/tool", "say", "x"]\n'
    with pytest.raises(BuildFailed) as caught:
        build(Task(), engine, context(tmp_path), text, tag=TAG, builder="buildkit", network="none")
    assert "docker buildx build" in caught.value.hint
    with pytest.raises(InputError, match="This engine has no BuildKit"):
        build(Task(), engine, context(tmp_path), text, tag=TAG, builder="classic", network="none")


def test_that_a_cancel_in_a_step_leaves_nothing_behind(
    engine: Engine, docker: Docker, builder: str, tmp_path: Path, token: str
) -> None:
    task = Task()
    text = (
        f'FROM scratch\nCOPY tool /\nRUN ["/tool", "touch", "/{token}"]\n'
        'RUN ["/tool", "say", "sleeping", "sleep", "600"]\n'
    )

    def cancel(event: BuildEvent) -> None:
        if isinstance(event, StepLog) and event.text == "sleeping":
            threading.Thread(target=task.cancel).start()

    with pytest.raises(Cancelled):
        build(
            task,
            engine,
            context(tmp_path),
            text,
            tag=TAG,
            builder=builder,
            network="none",
            on_event=cancel,
        )
    running = docker("ps", "--format", "{{.Command}}", "--no-trunc")
    assert "sleeping" not in running


@pytest.mark.parametrize("kind", [ContextSent, StepStarted])
def test_that_a_cancel_while_sending_or_at_a_step_leaves_nothing_behind(
    engine: Engine, builder: str, tmp_path: Path, kind: type
) -> None:
    task = Task()
    (tmp_path / "big").write_bytes(bytes(40 << 20))

    def cancel(event: BuildEvent) -> None:
        if isinstance(event, kind):
            task.cancel()

    with pytest.raises(Cancelled):
        build(
            task,
            engine,
            context(tmp_path),
            "FROM scratch\nCOPY . /\n",
            tag=TAG,
            builder=builder,
            on_event=cancel,
        )


def test_that_no_context_is_needed_to_repack_an_image(
    engine: Engine, docker: Docker, builder: str, tmp_path: Path
) -> None:
    old = "image-explorer.local/build-test-old:1"
    first = build(
        Task(),
        engine,
        context(tmp_path),
        "FROM scratch\nCOPY tool /bin/tool\n",
        tag=old,
        builder=builder,
    )
    text = f"FROM {old} AS src\nFROM scratch\nCOPY --from=src /bin/tool /tool\n"
    second = build(Task(), engine, Context(), text, tag=TAG, builder=builder)
    assert _printed(docker, "/tool", "say", "hi") == "hi"
    remove_build(engine, second)
    remove_build(engine, first)


def test_that_a_full_disk_is_called_that() -> None:
    with tempfile.TemporaryDirectory(prefix="ise-") as folder:
        engine = PrivateEngine(Path(folder))
        data = Path(folder, "data")
        data.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(data)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root can make a small disk")
        try:
            engine.start()
            for builder in ("buildkit", "classic"):
                _fill(engine, builder)
        finally:
            engine.stop()


def _fill(engine: PrivateEngine, builder: str) -> None:
    before = engine.docker.state()
    with tempfile.TemporaryDirectory() as folder, pytest.raises(BuildFailed) as caught:
        build(
            Task(),
            connect(engine.host),
            context(Path(folder)),
            'FROM scratch\nCOPY tool /\nRUN ["/tool", "fill", "300"]\n',
            tag=TAG,
            builder=builder,
            network="none",
        )
    assert "fill" in caught.value.step
    assert "no space left on device" in "\n".join(caught.value.log)
    assert caught.value.hint.startswith("The engine's disk is full")
    assert engine.docker.state() == before


def test_that_a_tag_of_others_is_not_built() -> None:
    with pytest.raises(ValueError, match="myapp"):
        build(Task(), None, Context(), "FROM scratch\n", tag="myapp:1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("ghcr.io/Some/App_X:1.2@sha256:aa", "image-explorer.local/app-x:latest"),
        ("sha256:0123", "image-explorer.local/sha256:latest"),
        ("", "image-explorer.local/image:latest"),
    ],
)
def test_that_a_result_is_named_after_its_image(name: str, tag: str) -> None:
    assert result_tag(name) == tag
