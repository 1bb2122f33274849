"""What a user asks of a verification: paths, variables, readiness; and what readiness does to the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explorer.dockerfile.verify.dynamic import dynamic_checks
from explorer.dockerfile.verify.model import (
    DIFFERS,
    INCONCLUSIVE,
    SAME,
    Observation,
    VerifyOptions,
)
from explorer.dockerfile.verify.ready import EXIT, HTTP, LOG, TCP, Ready, parse_ready
from explorer.dockerfile.verify.wishes import with_wishes
from explorer.errors import InputError


@pytest.mark.parametrize(
    ("text", "ready"),
    [
        ("", None),
        ("http:/healthz", Ready(HTTP, 0, "/healthz")),
        ("http:8080/a?b=1", Ready(HTTP, 8080, "/a?b=1")),
        ("http", Ready(HTTP, 0, "/")),
        ("tcp:5432", Ready(TCP, 5432)),
        ("log:listening on \\d+", Ready(LOG, pattern="listening on \\d+")),
        ("exit", Ready(EXIT)),
    ],
)
def test_that_readiness_is_written_as_for_measurements(text: str, ready: Ready | None) -> None:
    assert parse_ready(text) == ready
    if ready is not None:
        assert parse_ready(str(ready)) == ready


@pytest.mark.parametrize(
    "text", ["soon", "http:healthz", "tcp:", "tcp:70000", "log:(", "log:.*", "exit:1", "http:0/x"]
)
def test_that_readiness_that_means_nothing_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(InputError, match="does not say when the container is ready") as caught:
        parse_ready(text)
    assert caught.value.hint.startswith("Write http:/healthz")


def test_that_wishes_join_what_the_plan_asks() -> None:
    plan = VerifyOptions(intended=frozenset({"user"}), files=(b"/a",))
    wished = with_wishes(plan, paths=["/a"], env=["A=b=c"], ready="tcp:80", start_seconds=5)
    assert wished == replace(
        plan, paths=("/a",), env=("A=b=c",), ready=Ready(TCP, 80), start_seconds=5
    )
    assert with_wishes(plan) == plan


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"paths": ["a"]}, "a is not a path to request."),
        ({"paths": ["/a b"]}, "/a b is not a path to request."),
        ({"paths": ["/a\r\nX: y"]}, "is not a path to request."),
        ({"env": ["=secret"]}, " is not a variable."),
        ({"env": ["NAME"]}, "NAME is not a variable."),
        ({"start_seconds": -1.0}, "A container cannot be given -1 s to start."),
    ],
)
def test_that_wishes_that_cannot_be_are_told(wish: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        with_wishes(VerifyOptions(), **wish)  # type: ignore[arg-type]
    assert said in caught.value.message
    assert "secret" not in caught.value.message


_RUN = Observation(running=True, exit_code=0, ready=True, reached="namespace")


@pytest.mark.parametrize(
    ("old", "again", "new", "result"),
    [
        (True, True, True, SAME),
        (True, True, False, DIFFERS),
        (True, False, True, INCONCLUSIVE),
        (False, False, False, INCONCLUSIVE),
    ],
)
def test_that_an_image_that_is_not_ready_proves_nothing(
    old: bool, again: bool, new: bool, result: str
) -> None:
    first, second, third = (replace(_RUN, ready=ready) for ready in (old, again, new))
    checks = dynamic_checks(first, second, third, VerifyOptions(ready=Ready(TCP, 80)))
    assert checks[1].name == "Becomes ready (tcp:80)"
    assert checks[1].result == result


def test_that_readiness_nobody_named_is_not_checked() -> None:
    checks = dynamic_checks(_RUN, _RUN, _RUN, VerifyOptions())
    assert not any(check.name.startswith("Becomes ready") for check in checks)


def test_that_a_program_that_hears_its_stop_again_is_what_was_meant() -> None:
    deaf = replace(_RUN, stop_seconds=10.2, stop_code=137, stop_killed=True)
    prompt = replace(_RUN, stop_seconds=0.2, stop_code=143)

    def stops(old: Observation, new: Observation, *intended: str) -> str:
        checks = dynamic_checks(old, old, new, VerifyOptions(intended=frozenset(intended)))
        return next(check.result for check in checks if check.name == "Stops as before")

    assert stops(deaf, prompt, "stop") == SAME
    assert stops(deaf, prompt) == DIFFERS
    assert stops(prompt, deaf, "stop") == DIFFERS
