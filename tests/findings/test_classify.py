"""Which category and which rule each row gets: priorities, depth, exceptions, within and outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.union import State, stack_layers
from explorer.findings.category import CATEGORIES
from explorer.findings.classify import classify
from explorer.findings.pattern import parse_pattern
from explorer.findings.rules import Rule, RuleSet, RuleSpec, load_rules
from explorer.image.model import Config
from tests.support.layers import directory, file, layer, program, whiteout


def _rule(id: str, *directories: str, **keys: object) -> RuleSpec:  # noqa: A002 - the key's name
    return RuleSpec(id=id, category="other", directories=list(directories), finding=False, **keys)  # type: ignore[arg-type]


def _rules(*specs: RuleSpec) -> RuleSet:
    def patterns(texts: list[str]) -> tuple[tuple[bytes, ...], ...]:
        return tuple(map(parse_pattern, texts))

    return RuleSet(
        tuple(
            Rule(s, patterns(s.directories), patterns(s.files), patterns(s.exceptions))
            for s in specs
        )
    )


def _named(rules: RuleSet, *paths: str) -> dict[str, str]:
    """The rule of each path in an image of one layer."""
    stack = stack_layers([layer(*(file(path, 1) for path in paths))])
    _, rule = classify(stack, Config(), rules)
    ids = rules.ids
    return {path: ids[rule[stack.rows_at(stack.tree.find(path.encode()))[0]]] for path in paths}


def test_that_the_highest_priority_wins_whatever_the_depth() -> None:
    rules = _rules(_rule("low", "/a/b", priority=1), _rule("high", "/a", priority=2))
    assert _named(rules, "/a/x", "/a/b/x") == {"/a/x": "high", "/a/b/x": "high"}


def test_that_among_equals_the_deeper_place_wins() -> None:
    rules = _rules(_rule("deep", "/a/b"), _rule("shallow", "/a"))
    assert _named(rules, "/a/x", "/a/b/x") == {"/a/x": "shallow", "/a/b/x": "deep"}


def test_that_among_equals_at_one_place_the_first_rule_wins() -> None:
    rules = _rules(_rule("first", "/a"), _rule("second", "/a"))
    assert _named(rules, "/a/x") == {"/a/x": "first"}
    files = _rules(_rule("first", files=["/a/x"]), _rule("second", files=["**/x"]))
    assert _named(files, "/a/x") == {"/a/x": "first"}


def test_that_a_file_rule_of_the_same_priority_wins_over_its_folders() -> None:
    rules = _rules(_rule("folder", "/a"), _rule("file", files=["**/x"]))
    assert _named(rules, "/a/x", "/a/y") == {"/a/x": "file", "/a/y": "folder"}
    lower = _rules(_rule("folder", "/a"), _rule("file", files=["**/x"], priority=59))
    assert _named(lower, "/a/x") == {"/a/x": "folder"}


def test_that_an_exception_shows_what_lies_beneath() -> None:
    rules = _rules(
        _rule("system", "/a", priority=10),
        _rule("waste", "/a/b", exceptions=["/a/b/keep", "/a/b/**/*.txt"]),
    )
    assert _named(rules, "/a/b/x", "/a/b/keep/x", "/a/b/c/y.txt", "/a/b/c/y") == {
        "/a/b/x": "waste",
        "/a/b/keep/x": "system",
        "/a/b/c/y.txt": "system",
        "/a/b/c/y": "waste",
    }


def test_that_a_files_exceptions_hold_for_its_patterns_too() -> None:
    rules = _rules(_rule("texts", files=["**/*.txt"], exceptions=["/a/keep", "**/readme.txt"]))
    assert _named(rules, "/a/x.txt", "/a/keep/x.txt", "/a/readme.txt") == {
        "/a/x.txt": "texts",
        "/a/keep/x.txt": "",
        "/a/readme.txt": "",
    }


def test_that_within_and_outside_look_at_what_covers_the_place() -> None:
    rules = _rules(
        _rule("source", "/src", priority=10),
        _rule("tests", "**/testdata", files=["**/*_test"], within=["source"]),
        _rule("notes", files=["**/notes"], outside=["source"]),
    )
    paths = ("/src/testdata/x", "/src/a_test", "/lib/testdata/x", "/a_test", "/src/notes", "/notes")
    assert _named(rules, *paths) == {
        "/src/testdata/x": "tests",
        "/src/a_test": "tests",
        "/lib/testdata/x": "",
        "/a_test": "",
        "/src/notes": "source",
        "/notes": "notes",
    }


def test_that_a_lost_payload_gets_its_states_category_and_keeps_its_rule() -> None:
    rules = _rules(_rule("cache", "/c"))
    stack = stack_layers([layer(file("/c/x", 5)), layer(whiteout("/c"))])
    category, rule = classify(stack, Config(), rules)
    row = int(stack.rows_at(stack.tree.find(b"c/x"))[0])
    assert stack.state[row] == State.DELETED
    assert CATEGORIES[category[row]].id == "deleted"
    assert rules.ids[rule[row]] == "cache"


def test_that_without_rules_all_is_other() -> None:
    stack = stack_layers([layer(file("/x", 1), directory("/d"))])
    category, rule = classify(stack, Config(), RuleSet(()))
    assert {CATEGORIES[code].id for code in category.tolist()} == {"other"}
    assert not rule.any()


_SEGMENT = st.sampled_from(
    ["usr", "lib", "app", "go", "pkg", "mod", "testdata", "x.go", "x.a", "vendor"]
)
_PATHS = st.lists(_SEGMENT, min_size=1, max_size=5).map("/".join)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.tuples(_PATHS, st.booleans(), st.integers(0, 99)), max_size=6), max_size=4)
)
def test_that_every_row_has_the_category_of_its_rule_or_of_its_state(
    layers: list[list[tuple[str, bool, int]]],
) -> None:
    built: list[LayerIndex] = [
        layer(*(whiteout(p) if gone else file(p, size) for p, gone, size in entries))
        for entries in layers
    ]
    rules = load_rules(Config())
    stack = stack_layers(built)
    category, rule = classify(stack, Config(), rules)
    for row in range(len(stack)):
        number = int(rule[row])
        expected = rules.rules[number - 1].spec.category if number else "other"
        if stack.state[row] != State.LIVE:
            expected = {
                State.DELETED: "deleted",
                State.OVERWRITTEN: "overwritten",
                State.METADATA_COPY: "metadata-copy",
                State.DUPLICATE: "duplicate-entry",
            }[State(stack.state[row])]
        assert CATEGORIES[category[row]].id == expected
    # All rows of a path have one rule.
    for node in np.unique(stack.node):
        assert len(set(rule[stack.rows_at(node)].tolist())) == 1


# What our own rules say of the places that matter most; the image runs /app/server in /app, a Go module.
OURS = {
    "/usr/local/go/src/fmt/print.go": "go-toolchain",
    "/usr/local/go/lib/time/zoneinfo.zip": "needed",
    "/go/pkg/mod/example.org/x@v1/x.go": "go-module-cache",
    "/go/pkg/mod/example.org/x@v1/testdata/x": "go-module-cache",
    "/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27/bin/go": "go-toolchain",
    "/root/.cache/go-build/00/x-d": "go-build-cache",
    "/root/.cache/golangci-lint/00/x-d": "go-tool-caches",
    "/root/.config/go/telemetry/local/x.count": "go-telemetry",
    "/root/.cache/pip/x": "pip-cache",
    "/root/.cache/unknown/x": "other-caches",
    "/root/.cache/ms-playwright/chrome": "",
    "/root/.npm/_cacache/x": "npm-cache",
    "/go/bin/golangci-lint": "go-tools",
    "/app/server": "entry-program",
    "/app/helper": "program",
    "/app/main.go": "source-tree",
    "/app/main_test.go": "test-data",
    "/app/testdata/x.json": "test-data",
    "/app/vendor/example.org/x/x.go": "go-vendor",
    "/app/node_modules/x/index.js": "node-modules",
    "/app/.terraform/providers/x": "terraform-folders",
    "/app/.git/config": "vcs",
    "/app/.github/workflows/x.yml": "source-tree",
    "/app/coverage.out": "profiles",
    "/app/templates/index.html": "module-folder",
    "/app/static/app.js": "module-folder",
    "/app/config.yaml": "module-folder",
    "/app/.env": "module-folder",
    "/other/x.go": "go-source-files",
    "/go1.27.linux-amd64.tar.gz": "go-archives",
    "/node.tar.xz": "downloaded-archives",
    "/srv/data.tar.gz": "",
    "/etc/ssl/certs/ca-certificates.crt": "needed",
    "/usr/share/zoneinfo/Europe/Berlin": "needed",
    "/etc/passwd": "needed",
    "/etc/passwd-": "database-backups",
    "/var/lib/dpkg/status": "package-database",
    "/var/lib/dpkg/status-old": "database-backups",
    "/lib/apk/db/installed": "package-database",
    "/var/lib/rpm/rpmdb.sqlite": "package-database",
    "/var/lib/apt/lists/x_Packages": "apt-lists",
    "/var/lib/apt/extended_states": "package-database",
    "/var/cache/apt/archives/x.deb": "apt-archives",
    "/var/cache/apk/APKINDEX.tar.gz": "apk-cache",
    "/usr/lib/gcc/x86_64-linux-gnu/12/cc1": "c-compiler",
    "/usr/bin/x86_64-linux-gnu-gcc-12": "c-compiler",
    "/usr/bin/ld.bfd": "c-compiler",
    "/usr/libexec/gcc/x86_64-alpine-linux-musl/13.2.1/cc1": "c-compiler",
    "/usr/x86_64-alpine-linux-musl/bin/ld": "c-compiler",
    "/usr/lib/libbfd-2.42.so": "c-compiler",
    "/usr/bin/ldd": "system",
    "/usr/bin/lsblk": "system",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30": "system",
    "/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0": "system",
    "/usr/lib/x86_64-linux-gnu/libquadmath.so.0.0.0": "system",
    "/usr/lib/x86_64-linux-gnu/libc.so.6": "needed",
    "/usr/lib/x86_64-linux-gnu/libc.a": "static-libraries",
    "/usr/include/stdio.h": "c-headers",
    "/usr/share/doc/libc6/changelog.gz": "documentation",
    "/usr/share/doc/libc6/copyright": "system",
    "/usr/share/man/man1/ls.1.gz": "man-pages",
    "/usr/share/locale/de/LC_MESSAGES/x.mo": "locales",
    "/usr/lib/locale/C.utf8/LC_CTYPE": "needed",
    "/usr/lib/locale/locale-archive": "compiled-locales",
    "/usr/lib/python3.11/test/test_x.py": "python-tests",
    "/tmp/x": "temporary-files",
    "/var/log/dpkg.log": "logs",
    "/root/.bash_history": "traces",
    "/app/.main.go.swp": "traces",
    "/app/server.debug": "debug-symbols",
    "/app/core.77": "core-dumps",
    "/opt/data": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def ours() -> dict[str, str]:
    from tests.support.layers import elf

    heads = {"/app/server.debug": elf(3), "/app/core.77": elf(4), "/go/bin/golangci-lint": elf()}
    entries = [file(path, 10, head=heads.get(path, b"")) for path in OURS if path != "/app/server"]
    entries += [program("/app/server"), program("/app/helper"), file("/app/go.mod", 1)]
    entries += [file("/app/vendor/modules.txt", 1)]
    stack = stack_layers([layer(*entries)])
    config = Config(cmd=("./server",), working_dir="/app")
    rules = load_rules(config)
    _, rule = classify(stack, config, rules)
    at = {path: stack.tree.find(path.encode()) for path in OURS}
    return {path: rules.ids[rule[stack.rows_at(node)[0]]] for path, node in at.items()}


@pytest.mark.parametrize("path", OURS)
def test_that_our_rules_give_each_place_its_cause(path: str, ours: dict[str, str]) -> None:
    assert ours[path] == OURS[path]
