"""Which paths an ignore file leaves out: by examples, and against moby's own matcher."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from explorer.dockerfile.ignore import IgnoreRules, parse_ignore_file
from explorer.errors import InputError
from tests.support.projects import go_run


def _ignored(rules: IgnoreRules, path: str) -> bool:
    """As a walk through the folders sees it."""
    parts = path.split("/")
    above: tuple[bool, ...] = ()
    ignored = False
    for depth in range(1, len(parts) + 1):
        ignored, above = rules.judge("/".join(parts[:depth]), above)
    return ignored


@pytest.mark.parametrize(
    ("text", "out", "kept"),
    [
        ("*.md\n", ["a.md"], ["docs/a.md", "a.mdx"]),
        ("**/*.md\n", ["a.md", "docs/a.md", "d/e/a.md"], ["a.mdx"]),
        ("**\n", ["a", "a/b"], []),
        ("docs\n", ["docs", "docs/a", "docs/b/c"], ["docs2", "a/docs"]),
        ("/docs/\n", ["docs", "docs/a"], ["docs2"]),
        ("docs/**\n", ["docs/a", "docs/b/c"], ["docs"]),
        ("**/docs\n", ["docs", "a/docs", "a/docs/b"], ["xdocs"]),
        ("**docs\n", ["docs", "xdocs", "a/xdocs"], ["docsx"]),
        ("a?c\n", ["abc", "aüc"], ["ac", "a/c"]),
        ("[a-c]x\n", ["bx"], ["dx"]),
        ("[^a]x\n", ["bx"], ["ax"]),
        ("a\\*b\n", ["a*b"], ["axb"]),
        ("*\n!keep\n", ["a", "b/keep"], ["keep", "keep/a"]),
        ("*\n!keep\nkeep/secret\n", ["a", "keep/secret"], ["keep", "keep/a"]),
        ("a/b\n!a/b/c\n", ["a/b", "a/b/d"], ["a", "a/b/c"]),
        ("*.md\n!README*.md\nREADME-secret.md\n", ["x.md", "README-secret.md"], ["README.md"]),
        ("# comment\n\n  *.log  \n", ["a.log"], ["# comment"]),
        ("\ufeffa\r\nb\r\n", ["a", "b"], ["c"]),
        ("a/../b\n./c\n", ["b", "c"], ["a"]),
        ("! keep\n", [], ["keep"]),
        ("a+(b).{1}$\n", ["a+(b).{1}$"], ["aab1"]),
        ("a]\n", ["a]"], ["a"]),
    ],
)
def test_that_a_pattern_leaves_out_what_docker_leaves_out(
    text: str, out: list[str], kept: list[str]
) -> None:
    rules = parse_ignore_file(text.encode())
    paths = [*out, *kept]
    assert {path: _ignored(rules, path) for path in paths} == {path: path in out for path in paths}


@pytest.mark.parametrize("line", ["[", "[a", "[]a]", "a\\", "[a-", "!", "[-x]", "x[b\\"])
def test_that_a_pattern_docker_refuses_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(InputError, match="Line 2 of the ignore file"):
        parse_ignore_file(f"*.md\n{line}\n".encode())


def test_that_a_name_which_is_not_utf8_can_be_left_out() -> None:
    rules = parse_ignore_file(b"*.\xff\n")
    assert _ignored(rules, b"a.\xff".decode("utf-8", "surrogateescape"))
    assert not _ignored(rules, b"a.\xfe".decode("utf-8", "surrogateescape"))


def test_that_folders_are_only_skipped_when_nothing_in_them_can_come_back() -> None:
    rules = parse_ignore_file(b"*\n!src/app\n")
    assert rules.may_return_below("src")
    assert not rules.may_return_below("srcx")
    assert not rules.may_return_below("docs")
    assert parse_ignore_file(b"*\n!**/keep\n").may_return_below("docs")


_ORACLE = {
    "go.mod": "module oracle\n\ngo 1.21\n\nrequire github.com/moby/patternmatcher v0.6.0\n",
    "main.go": """package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	Text  string
	Paths []string
}

func answer(q question) (answers []string) {
	for range q.Paths {
		answers = append(answers, "error")
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader([]byte(q.Text)))
	if err != nil {
		return
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return
	}
	for number, path := range q.Paths {
		parts := strings.Split(path, "/")
		var above patternmatcher.MatchInfo
		ignored := false
		for depth := range parts {
			ignored, above, err = matcher.MatchesUsingParentResults(strings.Join(parts[:depth+1], "/"), above)
			if err != nil {
				break
			}
		}
		if err != nil {
			return
		}
		answers[number] = map[bool]string{true: "out", false: "kept"}[ignored]
	}
	return
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		panic(err)
	}
	answers := [][]string{}
	for _, q := range questions {
		answers = append(answers, answer(q))
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}
""",
}
_NAMES = ("a", "b", "c", "ab", "a.c", "+", "a+b", ".c")
_PIECES = (
    *("a", "b", "c", ".", "+", "*", "?", "**", "**/", "/", "[ab]", "[^a]", "[a-b]", "\\*", "a/b"),
    *(" ", "]", ".."),
)
_STARTS = ("", "", "", "!", "/", "#", "! ", "!/")


def _questions(count: int) -> list[dict[str, Any]]:
    chance = random.Random(7)

    def line() -> str:
        pieces = chance.choices(_PIECES, [8] * 15 + [1] * 3, k=chance.randint(1, 5))
        return chance.choice(_STARTS) + "".join(pieces)

    def path() -> str:
        return "/".join(chance.choices(_NAMES, k=chance.randint(1, 4)))

    return [
        {
            "Text": "\n".join(line() for _ in range(chance.randint(1, 5))),
            "Paths": [path() for _ in range(8)],
        }
        for _ in range(count)
    ]


@pytest.mark.slow
def test_that_rules_at_random_judge_paths_as_mobys_matcher_does() -> None:
    questions = _questions(20_000)
    expected = json.loads(go_run(_ORACLE, json.dumps(questions).encode()))
    different = []
    for question, theirs in zip(questions, expected, strict=True):
        try:
            rules = parse_ignore_file(question["Text"].encode())
        except InputError:
            ours = ["error"] * len(question["Paths"])
        else:
            ours = ["out" if _ignored(rules, path) else "kept" for path in question["Paths"]]
        if ours != theirs:
            different.append((question, ours, theirs))
    assert different == []
    assert {answer for answers in expected for answer in answers} == {"out", "kept", "error"}
