"""Which differences between two runs count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.dockerfile.verify.asking import BODY_LIMIT
from explorer.dockerfile.verify.model import DIFFERS, INCONCLUSIVE, SAME
from explorer.dockerfile.verify.normal import judge, judge_lines, judge_paths, normalised
from explorer.dockerfile.verify.programs import commands_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026/11/25 18:00:01 up", "<time> up"),
        ("[GIN] 2026/11/25 - 18:00:01 | 200 |   41.2µs |", "[GIN] <time> | 200 | <duration> |"),
        ('"at":"2026-11-25T18:00:01.123Z"', '"at":"<time>Z"'),
        ("2026-11-25T18:00:01+01:00", "<time>+01:00"),
        ("Wed, 25 Nov 2026 18:00:01 GMT", "<time> GMT"),
        ("Wed Nov 25 18:00:01 CET 2026", "<time> CET"),
        ("ts=1764093600 n=1764093600123", "ts=<time> n=<time>"),
        ("took 1m2.5s, 3ms", "took <duration>, <duration>"),
        ("id 0a1b2c3d-0000-4000-8000-0123456789ab", "id <id>"),
        ("at 0xc000012345", "at <address>"),
        ("from 172.18.0.2:53412 and 127.0.0.1:40000", "from <ip> and 127.0.0.1:<port>"),
        ("pid 17, pid=18", "pid <pid>, pid=<pid>"),
        ("/src/app/main.go:12 +0x1d", "main.go:12 +0x1d"),
        ("version 1.2.3 on 8080, status 200", "version 1.2.3 on 8080, status 200"),
        ("1234567890123456789012", "1234567890123456789012"),
    ],
)
def test_that_times_and_ids_are_masked_and_other_numbers_are_not(text: str, expected: str) -> None:
    assert normalised(text) == expected


def test_that_a_lost_time_zone_is_a_difference() -> None:
    old = "2026-11-25T19:00:01+01:00", "2026-11-25T19:00:09+01:00"
    assert judge(*old, "2026-11-25T18:00:05Z").result == DIFFERS
    assert judge(*old, "2026-11-25T19:00:05+01:00").result == SAME


@pytest.mark.parametrize(
    ("old", "again", "new", "result", "how"),
    [
        ("a", "a", "a", SAME, ""),
        ("a", "a", "b", DIFFERS, ""),
        ("up 10:00:01", "up 10:00:02", "up 10:00:03", SAME, "masked"),
        ("n=abc ok", "n=def ok", "n=ghi ok", SAME, "learned"),
        ("n=abc ok", "n=def ok", "n=ghi no", DIFFERS, ""),
        ("n=abc ok", "n=def ok", "n=abc ok and more", DIFFERS, ""),
        ("one", "one two", "one", INCONCLUSIVE, ""),
    ],
)
def test_that_what_varies_by_itself_is_learned_from_the_old_image(
    old: str, again: str, new: str, result: str, how: str
) -> None:
    judgement = judge(old, again, new)
    assert (judgement.result, judgement.how) == (result, how)


@given(st.text(max_size=60))
def test_that_equal_texts_are_always_the_same(text: str) -> None:
    assert judge(text, text, text).result == SAME
    assert judge_lines([text], [text], [text]).result == SAME
    assert judge_paths([text], [text], [text]).result == SAME


@given(st.text("ab \n", max_size=20), st.text("ab \n", max_size=20))
def test_that_a_steady_text_that_changed_is_never_the_same(old: str, new: str) -> None:
    assert (judge(old, old, new).result == SAME) == (normalised(old) == normalised(new))


@pytest.mark.parametrize(
    ("old", "again", "new", "result"),
    [
        (["a", "b"], ["b", "a"], ["b", "a"], SAME),
        (["a", "b"], ["a", "b"], ["a"], DIFFERS),
        (["a"], ["a"], ["a", "error: unknown time zone"], DIFFERS),
        (["a", "worker 7f3a"], ["a", "worker 91cc"], ["a", "worker 55de"], SAME),
        (["a", "worker 7f3a"], ["a", "worker 91cc"], ["a", "panic"], DIFFERS),
        (["a", "a"], ["a"], ["a", "a", "a"], SAME),
    ],
)
def test_that_lines_of_output_are_compared_without_their_order(
    old: list[str], again: list[str], new: list[str], result: str
) -> None:
    assert judge_lines(old, again, new).result == result


@pytest.mark.parametrize(
    ("old", "again", "new", "result"),
    [
        (["A /tmp/x123456789"], ["A /tmp/x987654321"], ["A /tmp/x555555555"], SAME),
        (["A /data/db"], ["A /data/db"], [], DIFFERS),
        ([], [], ["A /core"], DIFFERS),
    ],
)
def test_that_made_up_names_of_files_do_not_count(
    old: list[str], again: list[str], new: list[str], result: str
) -> None:
    assert judge_paths(old, again, new).result == result


def test_that_the_first_difference_is_shown() -> None:
    judgement = judge("a\nb\nc", "a\nb\nc", "a\nx\nc")
    assert (judgement.old, judgement.new) == ("b", "x")


@pytest.mark.parametrize(
    "piece", ["0a", "a/", "/", "1.", "go:1", "12:", "href ", "2026-01-01T00:00:00.0", " ", "x.go:"]
)
@pytest.mark.slow
@pytest.mark.timeout(60)
def test_that_long_bodies_of_any_form_are_compared_in_time_to_their_length(piece: str) -> None:
    body = piece * (BODY_LIMIT // len(piece))
    assert judge(body, body + "x", body).result in (SAME, INCONCLUSIVE, DIFFERS)
    assert judge(body, body, body + "~").result == DIFFERS


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_that_a_long_script_is_read_in_time_to_its_length() -> None:
    script = "#!/bin/sh\n" + "\n" * (1 << 20) + "A=1 " * (1 << 16) + "run; " + "; " * (1 << 16)
    assert list(commands_in(script)) == ["run"]
