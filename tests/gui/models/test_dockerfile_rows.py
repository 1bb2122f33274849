"""Two Dockerfiles beside each other: every line once, in order, whatever the rules did."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.dockerfile.model import split_lines
from explorer.dockerfile.reconstruct import Line
from explorer.dockerfile.rewrite.change import RewritePlan, RuntimeChoice
from explorer.dockerfile.shown import shown_line
from explorer.gui.models.dockerfile_rows import (
    ADDED,
    CHANGED,
    REMOVED,
    SAME,
    Row,
    Side,
    confidence_of,
    hunks,
    rows_of,
)

pytestmark = pytest.mark.gui


def plan(
    original: str, rewritten: str, origins: tuple[int, ...] = (), rules: tuple[str, ...] = ()
) -> RewritePlan:
    return RewritePlan(
        "dockerfile", "web:1", original, rewritten, (), 0, 0, (), RuntimeChoice("", ""),
        line_origins=origins, line_rules=rules,
    )  # fmt: skip


def test_that_lines_stand_beside_the_ones_they_come_from() -> None:
    made = plan(
        "FROM go\nRUN go build\nCMD app\n",
        "FROM go AS build\nRUN go build\nFROM scratch\nCMD app\n",
        (1, 2, 0, 3),
        ("split", "", "split", ""),
    )
    assert rows_of(made) == (
        Row(Side(1, "FROM go"), Side(1, "FROM go AS build"), CHANGED, "split"),
        Row(Side(2, "RUN go build"), Side(2, "RUN go build"), SAME),
        Row(Side(), Side(3, "FROM scratch"), ADDED, "split"),
        Row(Side(3, "CMD app"), Side(4, "CMD app"), SAME),
    )


def test_that_a_line_that_moved_is_gone_here_and_come_there() -> None:
    made = plan("A\nB\nC\n", "B\nC\nA\n", (2, 3, 1), ("", "", "x"))
    assert [(row.left.text, row.right.text, row.state) for row in rows_of(made)] == [
        ("A", "", REMOVED), ("B", "B", SAME), ("C", "C", SAME), ("", "A", ADDED),
    ]  # fmt: skip


def test_that_without_origins_equal_lines_find_each_other() -> None:
    made = plan("FROM a\nENV X=1\nCMD app\n", "FROM b\nCOPY c d\nENV X=1\n", (0, 0, 0))
    assert [(row.left.text, row.right.text, row.state) for row in rows_of(made)] == [
        ("FROM a", "FROM b", CHANGED),
        ("", "COPY c d", ADDED),
        ("ENV X=1", "ENV X=1", SAME),
        ("CMD app", "", REMOVED),
    ]


def test_that_a_secret_over_two_lines_is_masked_and_the_rest_still_beside_it() -> None:
    text = 'FROM a\nENV API_KEY="one\ntwo"\nCMD app\n'
    rows = rows_of(plan(text, text, (1, 2, 3, 4), ("",) * 4))
    assert [row.left.text for row in rows] == ["FROM a", "ENV API_KEY=•••", "CMD app"]
    assert {row.state for row in rows} == {SAME}


def test_that_runs_of_changed_lines_are_one_change() -> None:
    made = plan("A\nB\nC\nD\n", "A\nX\nY\nC\nD\nE\n", (1, 2, 0, 3, 4, 0))
    assert hunks(rows_of(made)) == ((1, 3), (5, 6))


def test_that_every_line_of_an_instruction_is_as_sure_as_the_instruction() -> None:
    found = confidence_of((Line("RUN a \\\n b", "exact"), Line("COPY . .", "unknown", "why")))
    assert found == {1: ("exact", ""), 2: ("exact", ""), 3: ("unknown", "why")}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("RUN a\tb", "RUN a    b"),
        ("\x1b[31mred\u202e", "\\x1b[31mred\\u202e"),
        ("<b>\\ n</b>", "<b>\\ n</b>"),
        ("x" * 5000, "x" * 4000 + "…"),
    ],
)
def test_that_a_line_is_shown_as_it_stands_and_cannot_be_obeyed(text: str, shown: str) -> None:
    assert shown_line(text) == shown


_LINES = st.lists(st.sampled_from(["FROM a", "RUN b", "COPY c d", "", "CMD e"]), max_size=8)


@given(_LINES, _LINES, st.data())
def test_that_each_side_is_its_whole_file_in_order(
    before: list[str], after: list[str], data: st.DataObject
) -> None:
    origins = tuple(data.draw(st.integers(0, len(before))) for _ in after)
    used: set[int] = set()
    origins = tuple(0 if o in used or used.add(o) else o for o in origins)  # type: ignore[func-returns-value]
    left, right = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    rows = rows_of(plan(left, right, origins, ("rule",) * len(after)))
    for side, text in (("left", left), ("right", right)):
        sides = [getattr(row, side) for row in rows if getattr(row, side).number]
        assert [s.text for s in sides] == [line.rstrip("\n") for line in split_lines(text)]
        assert [s.number for s in sides] == list(range(1, len(sides) + 1))
    for row in rows:
        assert (row.state == SAME) == (
            row.left.number > 0 and row.right.number > 0 and row.left.text == row.right.text
        ) or row.state == CHANGED


def test_that_a_file_of_many_lines_is_aligned_by_origin() -> None:
    text = "".join(f"RUN {n}\n" for n in range(20_000))
    made = plan(text, "FROM x\n" + text, (0, *range(1, 20_001)), ("",) * 20_001)
    rows = rows_of(made)
    assert (len(rows), rows[0].state, rows[-1].state) == (20_001, ADDED, SAME)
    assert len(rows_of(replace(made, line_origins=(0,) * 20_001))) == 20_001
