"""Thousands of damaged programs: always an answer or a typed error, in bounded time and memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from explorer.gobinary.analyse import analyse_binary
from explorer.gobinary.executable import NotAnExecutable
from explorer.task import Task
from tests.gobinary.conftest import Program
from tests.gobinary.mutate import mutated

_PROJECT = Path(__file__).resolve().parent.parent.parent
_MEMORY_LIMIT = 256_000_000
# Together 8,000: short rounds can run side by side.
_ROUNDS, _COUNT = 2, 1000
_WAYS = {
    "static": ((), {}),
    "pie": (("-buildmode=pie",), {}),
    "386": ((), {"GOARCH": "386"}),
    "s390x": ((), {"GOARCH": "s390x"}),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(_ROUNDS))
@pytest.mark.parametrize("way", _WAYS)
def test_that_damaged_programs_end_in_an_answer_or_an_error_for_people(
    program: Program, way: str, number: int
) -> None:
    arguments, env = _WAYS[way]
    path = program("least", "-ldflags=-s -w", *arguments, **env)
    seed = f"{way}-{number}"
    command = [sys.executable, "-m", "tests.gobinary.mutate", str(path), seed, str(_COUNT)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=_PROJECT)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert sum(told["ends"].values()) == _COUNT
    # The damage is felt, and most of it is survived.
    assert told["ends"]["go"] > _COUNT / 4
    assert told["ends"].get("NotAnExecutable", 0) > 0
    assert told["peak_bytes"] < _MEMORY_LIMIT


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("system", "arch"), [("windows", "amd64"), ("darwin", "arm64")])
def test_that_damaged_programs_of_other_systems_end_so_too(
    program: Program, system: str, arch: str
) -> None:
    data = program("least", GOOS=system, GOARCH=arch).read_bytes()
    spots = [(0, 64), (0, 1024), (64, 4096), (0, len(data))]
    ends: Counter[str] = Counter()
    for number in range(1000):
        damaged = mutated(data, spots, random.Random(number))
        try:
            binary = analyse_binary(Task(), damaged, "damaged")
        except NotAnExecutable:
            ends["none"] += 1
            continue
        ends[binary.state] += 1
        assert [row.bytes for row in binary.unattributed] == [len(damaged)]
    assert ends["go"] > 500
    assert ends["none"] > 0
