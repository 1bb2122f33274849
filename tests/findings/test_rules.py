"""Rule files: ours, the user's, what each mistake is answered with; and the folders that an image's ENV names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explorer.findings.category import LIVE_IDS
from explorer.findings.pattern import parse_pattern
from explorer.findings.rules import (
    MAX_FILE_BYTES,
    MAX_RULES,
    TEXT_FIELDS,
    RulesInvalid,
    RuleSpec,
    built_in_titles,
    load_rules,
    placeholders,
    read_rules,
)
from explorer.image.model import Config
from explorer.resources import resource

GOOD = """
[[rule]]
id = "models"
category = "other"
title = "Models"
reason = "{files} under {places}."
remedy = "Mount {place}; {entry} reads {count} of them."
directories = ["/models"]
"""


def _written(folder: Path, text: str, name: str = "own.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_that_all_our_rules_load_without_a_problem() -> None:
    rules = load_rules(Config())
    assert rules.problems == ()
    assert len(rules.rules) > 40
    assert len(set(rules.ids)) == len(rules.ids)
    assert rules.ids[0] == ""


def test_that_our_findings_have_titles_of_their_own() -> None:
    titles = built_in_titles()
    assert len(set(titles)) == len(titles)
    assert all(title and not title.endswith(".") for title in titles)


def test_that_every_sentence_of_our_rules_ends_as_one() -> None:
    for rule in load_rules(Config()).rules:
        if rule.spec.finding:
            assert rule.spec.reason.endswith("."), rule.spec.id


def test_that_the_users_rules_join_ours(own_folders: Path) -> None:
    _written(own_folders / ".config" / "image-size-explorer" / "rules", GOOD)
    rules = load_rules(Config())
    assert rules.problems == ()
    assert rules.ids[-1] == "models"
    assert rules.rules[-1].directories == (parse_pattern("/models"),)


def test_that_the_example_of_the_guide_is_a_rule_file(tmp_path: Path) -> None:
    guide = resource("rules", "README.md").read_text(encoding="utf-8")
    examples = [part.split("```", 1)[0] for part in guide.split("```toml\n")[1:]]
    assert examples
    for number, example in enumerate(examples):
        folder = tmp_path / str(number)
        _written(folder, example)
        rules = load_rules(Config(), folder)
        assert rules.problems == ()


def test_that_the_guide_names_everything_that_a_rule_may_hold() -> None:
    guide = resource("rules", "README.md").read_text(encoding="utf-8")
    named = [
        *RuleSpec.__struct_encode_fields__,
        *LIVE_IDS,
        *(f"{{{name}}}" for name in (*TEXT_FIELDS, *placeholders(Config()))),
    ]
    assert [name for name in named if f"`{name}`" not in guide] == []


def test_that_a_users_rule_may_stand_within_one_of_ours(tmp_path: Path) -> None:
    _written(tmp_path, GOOD + 'within = ["module-folder"]\n')
    assert load_rules(Config(), tmp_path).problems == ()


def test_that_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    _written(tmp_path, GOOD.replace("models", "second"), "b.toml")
    _written(tmp_path, GOOD.replace("models", "first"), "a.toml")
    _written(tmp_path, "no rules at all", "notes.txt")
    assert load_rules(Config(), tmp_path).ids[-2:] == ("first", "second")


def test_that_a_file_with_a_mistake_is_left_out_whole_and_the_others_stay(tmp_path: Path) -> None:
    _written(tmp_path, GOOD + GOOD, "a.toml")
    _written(tmp_path, GOOD.replace("models", "fine"), "b.toml")
    rules = load_rules(Config(), tmp_path)
    assert rules.ids[-1] == "fine"
    assert "models" not in rules.ids
    assert rules.problems == (
        f"Rules left out. {tmp_path}/a.toml: rule models: id: is already used",
    )


def test_that_a_folder_that_is_absent_holds_no_rules(tmp_path: Path) -> None:
    assert load_rules(Config(), tmp_path / "nothing").problems == ()


def test_that_a_pipe_among_the_rules_does_not_stop_the_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    assert load_rules(Config(), tmp_path).problems == ()


def _without(key: str) -> str:
    return "\n".join(line for line in GOOD.splitlines() if not line.startswith(key + " ="))


def _with(line: str) -> str:
    return f"{_without(line.split(' =', maxsplit=1)[0])}\n{line}\n"


MISTAKES = {
    "no TOML": ("[[rule", "Expected ']]' at the end of an array declaration (at end of document)"),
    "no UTF-8": ("\udcff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    "too long a number": (f"x = {'1' * 5000}", "Exceeds the limit (4300 digits)"),
    "too deep": ("x = " + "[" * 5000, ""),
    "another key": ('title = "x"', "title: only [[rule]] tables belong here"),
    "no tables": ("rule = 3", "rule: only [[rule]] tables belong here"),
    "tables of another kind": ("rule = [3]", "rule 1: Expected `object`, got `int`"),
    "too large": ("#" * (MAX_FILE_BYTES + 1), "the file is larger than 1 MiB"),
    "too many": ("[[rule]]\n" * (MAX_RULES + 1), f"more than {MAX_RULES} rules"),
    "unknown key": (_with('colour = "red"'), "rule models: Object contains unknown field `colour`"),
    "missing key": (_without("id"), "rule 1: Object missing required field `id`"),
    "wrong type": (_with("title = 3"), "rule models: title: Expected `str`, got `int`"),
    "bad id": (_with('id = "My Models"'), "rule My Models: id: use small letters, digits and hyphens"),
    "category": (_with('category = "junk"'), "rule models: category: must be one of application, "),
    "shadow category": (_with('category = "deleted"'), "rule models: category: must be one of "),
    "priority": (_with("priority = 101"), "rule models: priority: must lie between 0 and 100"),
    "confidence": (_with('confidence = "sure"'), "rule models: confidence: Invalid enum value 'sure'"),
    "detector": (_with('detect = "magic"'), "rule models: detect: must be one of go-toolchain, "),
    "nothing to match": (
        _without("directories"),
        "rule models: directories: the rule matches nothing: give directories or files",
    ),
    "relative pattern": (
        _with('directories = ["models"]'),
        "rule models: directories: “models” is not a path pattern. Start it with / or **/",
    ),
    "broken pattern": (_with('files = ["/a{"]'), "rule models: files: “/a{” is not a path pattern."),
    "unknown placeholder": (
        _with('except = ["{NOWHERE}/x"]'),
        "rule models: except: unknown placeholder {NOWHERE} Known ones: HOME, CACHE, GOPATH, ",
    ),
    "unknown field": (_with('reason = "{size} are big"'), "rule models: reason: unknown field {size}"),
    "positional field": (_with('reason = "{} x"'), "rule models: reason: unknown field { }"),
    "field with a form": (_with('reason = "{count:d}"'), "rule models: reason: unknown field {count}"),
    "broken field": (_with('reason = "a {"'), "rule models: reason: unknown field {a {}"),
    "no title": (_without("title"), "rule models: title: a rule that makes a finding needs it"),
    "unknown rule": (_with('within = ["nothing"]'), "rule models: within: there is no rule nothing"),
    "unknown rule outside": (
        _with('outside = ["nothing"]'),
        "rule models: outside: there is no rule nothing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_that_a_mistake_is_named_with_its_file_rule_and_key(mistake: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[mistake]
    path = tmp_path / "own.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RulesInvalid) as caught:
        read_rules(path)
    assert caught.value.message.startswith(f"{path}: {expected}")
    assert (
        caught.value.hint
        == "Correct the file or take it out of the folder; all other rules still apply."
    )
    assert len(load_rules(Config(), tmp_path).problems) == 1


def test_that_a_folder_with_a_rule_files_name_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    assert load_rules(Config(), tmp_path).problems == (
        f"Rules left out. {tmp_path}/x.toml: Is a directory",
    )


def test_that_without_variables_the_defaults_of_go_hold() -> None:
    values = placeholders(Config())
    assert values["GOPATH"] == ("/go", "/root/go", "/home/*/go")
    assert values["GOCACHE"] == ("/root/.cache/go-build", "/home/*/.cache/go-build")
    assert values["GOMODCACHE"] == ("/go/pkg/mod", "/root/go/pkg/mod", "/home/*/go/pkg/mod")
    assert values["GOROOT"] == ("/usr/local/go",)
    assert values["TMPDIR"] == ("/tmp",)


def test_that_variables_of_the_image_come_before_the_defaults() -> None:
    env = ("HOME=/srv/me", "GOPATH=/w:/v", "GOCACHE=/c", "GOMODCACHE=/m", "XDG_CACHE_HOME=/x")
    values = placeholders(Config(env=env))
    assert values["HOME"][0] == "/srv/me"
    assert values["GOPATH"][:3] == ("/w", "/v", "/go")
    assert values["GOCACHE"][:3] == ("/c", "/x/go-build", "/srv/me/.cache/go-build")
    assert values["GOMODCACHE"][:3] == ("/m", "/w/pkg/mod", "/v/pkg/mod")


def test_that_caches_of_other_tools_are_followed_to_where_the_image_puts_them() -> None:
    env = ("PIP_CACHE_DIR=/p", "npm_config_cache=/n", "GOLANGCI_LINT_CACHE=/l")
    patterns = {r.spec.id: r.directories for r in load_rules(Config(env=env)).rules}
    assert parse_pattern("/p") in patterns["pip-cache"]
    assert parse_pattern("/n/_cacache") in patterns["npm-cache"]
    assert parse_pattern("/l") in patterns["go-tool-caches"]


@pytest.mark.parametrize(
    "value",
    ["", "relative", "/", "//", "/..", "/usr", "/usr/local/bin", "off", "/a\0b", "/" + "x" * 5000, "/a" * 40],
)  # fmt: skip
def test_that_a_variable_that_names_no_folder_of_its_own_is_left_alone(value: str) -> None:
    values = placeholders(Config(env=(f"GOCACHE={value}", f"GOROOT={value}")))
    assert values["GOCACHE"] == ("/root/.cache/go-build", "/home/*/.cache/go-build")
    assert values["GOROOT"] == ("/usr/local/go",)
    assert load_rules(Config(env=(f"GOCACHE={value}", f"GOPATH={value}"))).problems == ()


@pytest.mark.parametrize("value", ["/srv/app", "/srv"])
def test_that_the_applications_own_folder_is_no_cache_whatever_a_variable_says(value: str) -> None:
    values = placeholders(Config(env=(f"TMPDIR={value}",), working_dir="/srv/app"))
    assert values["TMPDIR"] == ("/tmp",)


def test_that_a_folder_with_wildcards_in_its_name_matches_only_itself() -> None:
    values = placeholders(Config(env=("GOCACHE=/a*[x]/**/{b}",)))
    assert values["GOCACHE"][0] == "/a[*][[]x]/[*][*]/{b}"
    rules = load_rules(Config(env=("GOCACHE=/a*[x]/**/{b}",)))
    cache = next(rule for rule in rules.rules if rule.spec.id == "go-build-cache")
    assert cache.directories[0] == (b"a[*][[]x]", b"[*][*]", b"{b}")


def test_that_a_variable_with_very_many_folders_leaves_room_for_the_defaults() -> None:
    config = Config(env=("GOPATH=" + ":".join(f"/g{i}" for i in range(500)),))
    rules = load_rules(config)
    modules = next(rule for rule in rules.rules if rule.spec.id == "go-module-cache")
    assert parse_pattern("/go/pkg/mod") in modules.directories
