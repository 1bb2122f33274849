"""The segmenter against BuildKit's own parser, and what it says of files that BuildKit refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.dockerfile.model import Dockerfile, Problem
from explorer.dockerfile.parser import decode, encode, parse
from tests.dockerfile.corpus import BODIES, OPENINGS, corpus

oracle = pytest.importorskip("dockerfile", reason="BuildKit's parser has no wheel here")

_PLACES = (Path("/usr/share"), Path("/usr/local"), Path("/usr/lib"))
# 400 files are more than any machine of ours holds; a bound keeps the walk short.
_MOST_FOUND = 400
_PIECES = st.sampled_from(
    [line + "\n" for text in (*OPENINGS, *BODIES) for line in text.rstrip("\n").split("\n")]
)


def test_that_the_corpus_is_read_as_buildkit_reads_it() -> None:
    agreed = [text for text in corpus() if _agrees(text)]
    assert len(agreed) >= 300


@pytest.mark.slow
def test_that_dockerfiles_of_this_machine_are_read_as_buildkit_reads_them() -> None:
    for path in _found():
        _agrees(decode(path.read_bytes()))


@pytest.mark.slow
@given(st.lists(_PIECES, min_size=1, max_size=10))
@settings(max_examples=300, deadline=None)
def test_that_any_mixture_of_lines_is_read_as_buildkit_reads_it(lines: list[str]) -> None:
    _agrees("".join(lines))


@given(st.binary(max_size=400))
def test_that_any_bytes_come_back_unchanged(data: bytes) -> None:
    document = parse(decode(data))
    assert encode("".join(segment.text for segment in document.segments)) == data


@given(st.lists(st.one_of(_PIECES, st.text(max_size=30)), max_size=12))
def test_that_segments_cover_every_line_once(lines: list[str]) -> None:
    document = parse("".join(lines))
    expected = 1
    for segment in document.segments:
        assert segment.start == expected
        expected = segment.end + 1
    assert expected == len(document.lines) + 1


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", (Problem(1, "The file has no instructions."),)),
        ("# only a comment\n", (Problem(1, "The file has no instructions."),)),
        ("ARG A\nRUN x\n", (Problem(1, "There is no FROM instruction."),)),
        ("FROM a\nRUN\n", (Problem(2, "RUN has no arguments."),)),
        ("FROM a\nINSTALL git\n", (Problem(2, "INSTALL is not an instruction."),)),
        ("FROM a AS\n", (Problem(1, "FROM takes one image, or an image AS a name."),)),
        ("FROM a\n\nRUN <<X\nb\n", (Problem(3, "The here-document X has no end."),)),
        ("# escape=x\nFROM a\n", (Problem(1, "x is not an escape character: only \\ and ` are."),)),
        ("FROM a\nENV A\n", (Problem(2, "ENV takes NAME=VALUE pairs."),)),
        ("FROM a\nLABEL a=b c\n", (Problem(2, "LABEL takes NAME=VALUE pairs."),)),
        ('FROM a\nCMD ["a", 1]\n', (Problem(2, "A JSON list may hold strings only."),)),
        ("# escape=`\n# escape=`\nFROM a\n", (Problem(2, "The directive escape appears twice."),)),
    ],
)
def test_that_a_file_buildkit_refuses_is_told_by_line_and_reason(
    text: str, problems: tuple[Problem, ...]
) -> None:
    assert parse(text).problems == problems


def test_that_the_rest_of_an_unparsable_file_is_given() -> None:
    document = parse('FROM golang:1.27\nINSTALL git\nCMD ["/app"]\n')  # fmt: skip
    assert [i.keyword for i in document.instructions] == ["FROM", "INSTALL", "CMD"]
    assert document.stages[0].base == "golang:1.27"


def test_that_here_documents_keep_their_content() -> None:
    document = parse("FROM a\nRUN <<-'ONE' cat <<TWO\n\tfirst\n\tONE\nsecond\nTWO\n")
    assert [(h.name, h.content, h.expand, h.strip_tabs) for h in document.instructions[1].heredocs] == [
        ("ONE", "\tfirst\n", False, True),
        ("TWO", "second\n", True, False),
    ]  # fmt: skip


def test_that_stages_know_their_base_name_and_platform() -> None:
    document = parse(
        "ARG V=1\nFROM --platform=linux/amd64 golang:$V AS Build\nRUN x\nFROM build\nCMD y\n"
    )
    first, last = document.stages
    assert (first.base, first.name, first.platform, first.end) == (
        "golang:$V",
        "build",
        "linux/amd64",
        3,
    )
    assert (last.base, last.name, last.index) == ("build", "", 1)
    assert document.stage("BUILD") is first
    assert document.stage("0") is first
    assert document.stage("nowhere") is None
    assert [i.rest for i in document.global_args] == ["V=1"]


def _agrees(text: str) -> bool:
    """Compare with BuildKit; False when it refuses the text, which we must then say, too."""
    document = parse(text)
    try:
        commands = oracle.parse_string(text)
    except oracle.GoParseError:
        assert document.problems
        return False
    assert _ours(document) == [_theirs(command) for command in commands]
    return True


def _ours(document: Dockerfile) -> list[Any]:
    return [
        (
            i.keyword,
            i.start,
            i.end,
            i.flags if i.keyword != "ONBUILD" else (),
            i.words is not None if i.keyword != "ONBUILD" else False,
            [(h.name, h.content) for h in i.heredocs if i.keyword != "ONBUILD"],
        )
        for i in document.instructions
    ]


def _theirs(command: Any) -> Any:
    """ONBUILD's inner instruction has no flags, form or here-documents in what the package hands over."""
    outer = (command.cmd or "").upper() == "ONBUILD"
    return (
        (command.cmd or "").upper(),  # a file of nothing but "\\": no command at all
        command.start_line,
        command.end_line,
        () if outer else tuple(command.flags),
        False if outer else command.json,
        [] if outer else [(h.name, h.content) for h in command.heredocs],
    )


def _found() -> Iterator[Path]:
    found = 0
    for place in _PLACES:
        for path in place.rglob("*ockerfile*"):
            if path.is_file() and path.suffix not in (".gz", ".py", ".go", ".js", ".vim"):
                found += 1
                if found > _MOST_FOUND:
                    return
                yield path
