"""Path patterns over a tree, against one path and one pattern at a time."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explorer.filesystem.union import Stack, stack_layers
from explorer.findings.pattern import ANY, Matcher, Pattern, PatternInvalid, Places, parse_pattern
from tests.support.layers import directory, file, layer

_PART = st.sampled_from(["a", "b", "ab", "c.h"])
_PATHS = st.lists(_PART, min_size=1, max_size=4).map("/".join)
_PATTERNS = st.lists(
    st.sampled_from(["a", "b", "*", "a*", "?", "*.h", "**"]), min_size=1, max_size=5
).map(lambda parts: "/" + "/".join(parts))


def _slow_match(pattern: Pattern, path: tuple[bytes, ...]) -> bool:
    """One pattern, one path, by trying every split."""
    if not pattern:
        return not path
    if pattern[0] == ANY:
        return any(_slow_match(pattern[1:], path[i:]) for i in range(len(path) + 1))
    if not path:
        return False
    name = PurePosixPath(path[0].decode())
    return name.match(pattern[0].decode()) and _slow_match(pattern[1:], path[1:])


def _stack(files: list[str], folders: list[str]) -> Stack:
    entries = [directory(f"/d/{path}") for path in folders] + [file(f"/{path}") for path in files]
    return stack_layers([layer(*entries)])


def _parts(stack: Stack, node: int) -> tuple[bytes, ...]:
    return tuple(stack.tree.path(node).split(b"/"))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(_PATHS, max_size=6), st.lists(_PATHS, max_size=3), st.lists(_PATTERNS, max_size=4))
@example(["a/b"], [], ["/a/**", "/**", "/**/b", "/a/b"])
@example(["a/b/c.h"], ["a"], ["/*/**/c.h", "/**/*.h", "/**/**"])
def test_that_patterns_find_what_trying_every_split_finds(
    files: list[str], folders: list[str], texts: list[str]
) -> None:
    stack = _stack(files, folders)
    places = Places.of(stack)
    patterns = [parse_pattern(text) for text in texts]
    matcher = Matcher(places, patterns, patterns)
    for pattern in patterns:
        folder = [
            node
            for node in range(1, len(stack.tree))
            if places.is_directory[node] and _slow_match(pattern, _parts(stack, node))
        ]
        assert matcher.directories(pattern).tolist() == folder
        # Behind a trailing ** stands at least one name: a file is no folder of its own.
        plain = [
            node
            for node in range(1, len(stack.tree))
            if not places.is_directory[node]
            and _slow_match(pattern, _parts(stack, node))
            and not (pattern[-1] == ANY and not _slow_match(pattern, _parts(stack, node)[:-1]))
        ]
        assert matcher.files(pattern).tolist() == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/usr/share/doc", (b"usr", b"share", b"doc")),
        ("**/.git", (b"**", b".git")),
        ("//a///b", (b"a", b"b")),
        ("/a/**/b*", (b"a", b"**", b"b*")),
        ("/na\udcffme", (b"na\xffme",)),
    ],
)
def test_that_a_pattern_is_its_components(text: str, expected: Pattern) -> None:
    assert parse_pattern(text) == expected


@pytest.mark.parametrize(
    "text", ["", "usr/share", "*/x", "/a/", "/", "/a**/b", "/a/***", "/a\0b", "/x" * 65]
)
def test_that_what_is_no_pattern_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PatternInvalid) as caught:
        parse_pattern(text)
    assert caught.value.message == f"“{text}” is not a path pattern."
    assert caught.value.hint


@pytest.mark.slow
def test_that_more_names_than_are_remembered_still_match() -> None:
    stack = _stack([f"x{i}/a/y" for i in range(5000)], [])
    pattern = parse_pattern("/*/a")
    found = Matcher(Places.of(stack), [pattern], []).directories(pattern)
    assert len(found) == 5000


def test_that_a_path_that_is_a_folder_in_any_layer_is_a_folder() -> None:
    stack = stack_layers([layer(directory("/a")), layer(file("/a", 3))])
    pattern = parse_pattern("/a")
    matcher = Matcher(Places.of(stack), [pattern], [pattern])
    assert len(matcher.directories(pattern)) == 1
    assert len(matcher.files(pattern)) == 0
