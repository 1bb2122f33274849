"""When a container counts as ready: what people write, and what images suggest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.coldstart.probe import USUAL_PATHS, Readiness, default_readiness, parse_readiness
from explorer.errors import InputError
from explorer.image.model import Config

WEB = Config(exposed_ports=("8080/tcp", "9090/tcp", "53/udp"))


@pytest.mark.parametrize(
    ("text", "readiness"),
    [
        ("http:/healthz", Readiness("http", 8080, ("/healthz",))),
        ("http:/a?b=c%20d", Readiness("http", 8080, ("/a?b=c%20d",))),
        ("http:9000/ping", Readiness("http", 9000, ("/ping",))),
        ("http::9000/ping", Readiness("http", 9000, ("/ping",))),
        ("http", Readiness("http", 8080, ("/",))),
        ("tcp:6379", Readiness("tcp", 6379)),
        ("tcp", Readiness("tcp", 8080)),
        ("log:[Ll]istening on", Readiness("log", pattern="[Ll]istening on")),
        ("exit", Readiness("exit")),
    ],
)
def test_that_readiness_is_read(text: str, readiness: Readiness) -> None:
    assert parse_readiness(text, WEB) == readiness


@pytest.mark.parametrize(
    "text",
    [
        "", "htp:/x", "http:healthz", "http:/a b", "http:/\x7f", "http:70000/", "http:0/x", "tcp:0", "tcp:http", "tcp:-1",
        "tcp:８０", "log:[", "log:", "log:.*", "exit:0", "http:/é",
    ],
)  # fmt: skip
def test_that_what_says_nothing_clear_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_readiness(text, WEB)
    assert "tcp:8080" in caught.value.hint


@pytest.mark.parametrize("text", ["http:/healthz", "tcp"])
def test_that_an_image_without_ports_wants_one_named(text: str) -> None:
    with pytest.raises(InputError, match="no port"):
        parse_readiness(text, Config())


@pytest.mark.parametrize(
    ("config", "readiness"),
    [
        (
            Config(healthcheck=("CMD-SHELL", "curl -fsS http://localhost:9000/ready || exit 1")),
            Readiness("http", 9000, ("/ready",), source="healthcheck"),
        ),
        (
            Config(healthcheck=("CMD", "wget", "-q", "-O-", "http://127.0.0.1/"), exposed_ports=("1/tcp",)),
            Readiness("http", 80, ("/",), source="healthcheck"),
        ),
        (WEB, Readiness("http", 8080, USUAL_PATHS, source="exposed port")),
        (Config(exposed_ports=("53/udp",)), Readiness("exit", source="nothing exposed")),
        (Config(), Readiness("exit", source="nothing exposed")),
        # not of the container itself, not plain HTTP, switched off, not an address
        (Config(healthcheck=("CMD", "curl", "http://other/")), Readiness("exit", source="nothing exposed")),
        (Config(healthcheck=("CMD", "curl", "https://localhost/")), Readiness("exit", source="nothing exposed")),
        (Config(healthcheck=("NONE",)), Readiness("exit", source="nothing exposed")),
        (Config(healthcheck=("CMD", "curl", "http://localhost:99999/")), Readiness("exit", source="nothing exposed")),
        (Config(healthcheck=("CMD-SHELL", "http://[::1")), Readiness("exit", source="nothing exposed")),
    ],
)  # fmt: skip
def test_that_the_image_suggests_when_it_is_ready(config: Config, readiness: Readiness) -> None:
    assert default_readiness(config) == readiness


@given(st.text(max_size=40), st.lists(st.text(max_size=12), max_size=3))
def test_that_any_text_is_read_or_refused(text: str, ports: list[str]) -> None:
    config = Config(exposed_ports=tuple(ports), healthcheck=("CMD-SHELL", text))
    default_readiness(config)
    try:
        found = parse_readiness(text, config)
    except InputError:
        return
    assert found.kind in ("http", "tcp", "log", "exit")
    assert 0 <= found.port < 65536
