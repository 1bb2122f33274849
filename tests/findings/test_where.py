"""Where bytes are said to be: the layer, the step and the folders that hold most of them."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.filesystem.union import stack_layers
from explorer.findings.classify import classify
from explorer.findings.rules import load_rules
from explorer.findings.where import Where
from explorer.image.model import Config
from tests.support.layers import Entry, file, image, layer, program


def _where(
    *layers: list[Entry], created_by: tuple[str, ...] = (), config: Config = Config()
) -> Where:
    built = [layer(*entries) for entries in layers]
    described, _ = image(*built, created_by=created_by, config=config)
    stack = stack_layers(built)
    category, rule = classify(stack, config, load_rules(config))
    return Where(stack, category, rule, described, tuple(range(len(built))))


def _all(where: Where) -> np.ndarray:
    return where.by_size(np.flatnonzero(where.stack.size > 0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/a/b/c/x": 90, "/a/b/c/y": 5, "/z": 5}, ["/a/b/c"]),
        ({"/a/b/x": 50, "/a/c/y": 50}, ["/a/b", "/a/c"]),
        ({"/a/x": 50, "/a/b/y": 50}, ["/a"]),
        ({"/a/x": 30, "/b/c/y": 30, "/d/z": 40}, ["/d", "/a", "/b/c"]),
        ({"/a/x": 25, "/b/y": 25, "/c/y": 25, "/d/z": 25}, ["/"]),
        ({"/a/1/x": 25, "/a/2/y": 25, "/a/3/y": 25, "/a/4/z": 25}, ["/a"]),
        ({"/x": 5}, ["/"]),
    ],
)
def test_that_the_deepest_few_folders_are_named(files: dict[str, int], expected: list[str]) -> None:
    where = _where([file(path, size) for path, size in files.items()])
    assert where.folders(_all(where)) == expected


def test_that_a_rules_subtrees_are_named_by_their_roots() -> None:
    where = _where([file("/var/log/apt/term.log", 9), file("/var/log/a", 1)])
    assert where.places(_all(where)) == ["/var/log"]
    spread = _where([file(f"/srv/{i}/.git/objects/x", 9) for i in range(9)])
    assert spread.places(_all(spread)) == ["/srv"]


def test_that_names_are_shown_harmlessly() -> None:
    where = _where([file(b"/srv/\xff\n\x1b[31m/x", 9)])
    assert where.folders(_all(where)) == ["/srv/\\xff\\n\\x1b[31m"]


def test_that_a_layer_is_named_when_it_holds_nearly_all() -> None:
    where = _where([file("/a", 95)], [file("/b", 5)])
    assert where.main_layer(_all(where)) == 0
    where = _where([file("/a", 85)], [file("/b", 15)])
    assert where.main_layer(_all(where)) == -1


def test_that_a_step_is_one_short_harmless_line() -> None:
    step = "RUN /bin/sh -c apt-get update \\\n\t&& echo \x1b[31m" + "x" * 500 + " # buildkit"
    where = _where([file("/a", 1)], created_by=(step,))
    assert where.step(0).startswith("RUN apt-get update \\\\ && echo \\x1b[31mxxx")
    assert len(where.step(0)) <= 120
    assert _where([file("/a", 1)], created_by=("",)).step(0) == "…"


def test_that_the_program_that_the_image_runs_is_named() -> None:
    config = Config(entrypoint=("tini", "--", "/srv/app"))
    entries = [program("/usr/bin/tini"), program("/srv/app")]
    assert _where(entries, config=config).entry == "/srv/app"
    assert _where([program("/srv/app")], config=config).entry == "/srv/app"
    assert _where([file("/usr/local/go/bin/go", 1)], config=Config(cmd=("/usr/local/go/bin/go",))).entry == "/path/of/program"  # fmt: skip
