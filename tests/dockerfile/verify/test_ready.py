"""A verification that waits until the containers are ready, with a real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from explorer.dockerfile.verify.model import INCONCLUSIVE, SAME, Verification, VerifyOptions
from explorer.dockerfile.verify.ready import parse_ready
from explorer.dockerfile.verify.verdict import verify
from explorer.engine.client import Engine, connect
from explorer.task import Task
from tests.engine.docker import private_engine
from tests.support.builds import image
from tests.support.projects import program

pytestmark = [pytest.mark.engine, pytest.mark.slow]

# Listens at once and is ready later: whoever asks too early gets another answer.
_LATE = """package main

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

func main() {
	var ready atomic.Bool
	go func() {
		time.Sleep(1500 * time.Millisecond)
		ready.Store(true)
		fmt.Println("all caches are filled")
	}()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !ready.Load() {
			w.WriteHeader(503)
		}
		fmt.Fprintln(w, r.URL.Path)
	})
	http.ListenAndServe(":8080", nil)
}
"""
_TAG = "late:1"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with private_engine() as made:
        files = {"late": program(_LATE, "-ldflags=-s -w")}
        image(made.docker, _TAG, files, "EXPOSE 8080", 'CMD ["/late"]')
        yield connect(made.host)


def _verified(engine: Engine, ready: str, seconds: float = 30.0) -> Verification:
    options = VerifyOptions(ready=parse_ready(ready), start_seconds=seconds, stop_seconds=3)
    return verify(Task(), engine, _TAG, _TAG, options)


@pytest.mark.parametrize("ready", ["http:8080/", "log:caches are filled$"])
def test_that_nothing_is_asked_before_the_containers_are_ready(engine: Engine, ready: str) -> None:
    found = {check.name: check for check in _verified(engine, ready).checks}
    assert found[f"Becomes ready ({ready})"].result == SAME
    page = found["GET / on port 8080"]
    assert (page.result, page.evidence.split()[0]) == (SAME, "200")


def test_that_what_never_gets_ready_proves_nothing(engine: Engine) -> None:
    found = _verified(engine, "tcp:9", 1.0)
    assert found.verdict == INCONCLUSIVE
    check = next(check for check in found.checks if check.name == "Becomes ready (tcp:9)")
    assert check.evidence == "The old image did not within 1 s."
