"""Rules over every file of the corpus and over mixtures of lines: no rule fails, breaks a file or invents a size."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.dockerfile.parser import parse
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.plan import plan, prepare
from explorer.dockerfile.rewrite.rules import RULES
from explorer.findings.analysis import Analysis
from tests.dockerfile.corpus import BODIES, OPENINGS, corpus
from tests.dockerfile.projects import NAIVE, PROGRAM, Project, base_image

pytestmark = pytest.mark.slow

_LINES = st.sampled_from(
    [
        *(line + "\n" for text in (*OPENINGS, *BODIES) for line in text.rstrip("\n").split("\n")),
        *(line + "\n" for line in NAIVE.splitlines()),
        "RUN go build -o /app/server .\n",
        "RUN go install ./... && \\\n",
        "RUN apk add git && apt-get install -y x\n",
        "ADD . /app\n",
    ]
)
_SWITCHES = st.dictionaries(st.sampled_from([rule.id for rule in RULES]), st.booleans(), max_size=8)


@cache
def _analysis() -> Analysis:
    return Project().analysis()


def _planned(
    text: str, switches: dict[str, bool] | None = None, builder: str = "buildkit"
) -> RewritePlan:
    options = RewriteOptions(builder=builder)
    return plan(prepare(_analysis(), text, None, PROGRAM, options, (base_image(),)), switches)


def _check(text: str, made: RewritePlan) -> None:
    assert sum(c.bytes for c in made.changes) == made.original_bytes - made.predicted_bytes
    assert len(made.line_origins) == len(made.line_rules) == len(parse(made.rewritten).lines)
    assert len(parse(made.rewritten).problems) <= len(parse(text).problems)
    assert all(layer.bytes >= 0 for layer in made.layers)


def test_that_every_file_of_the_corpus_can_be_rewritten() -> None:
    for text in corpus():
        made = _planned(text)
        _check(text, made)
        if parse(text).problems == ():
            assert parse(made.rewritten).problems == ()


def test_that_every_file_of_the_corpus_stays_as_it_is_without_rules() -> None:
    off = {rule.id: False for rule in RULES}
    for text in corpus():
        assert _planned(text, off).rewritten == text


@given(st.lists(_LINES, max_size=12), _SWITCHES, st.sampled_from(["buildkit", "classic"]))
@settings(max_examples=150, deadline=None)
def test_that_any_mixture_of_lines_can_be_rewritten_with_any_switches(
    lines: list[str], switches: dict[str, bool], builder: str
) -> None:
    text = "".join(lines)
    _check(text, _planned(text, switches, builder))


@given(st.text(max_size=200))
@settings(max_examples=80, deadline=None)
def test_that_any_text_can_be_rewritten(text: str) -> None:
    _check(text, _planned(text))
