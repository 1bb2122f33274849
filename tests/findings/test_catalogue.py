"""The findings as a whole: what rules find, how sure it is, duplicates, and that no byte is counted twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.union import State
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.catalogue import DUPLICATE_MIN_BYTES, checked
from explorer.findings.finding import Finding
from explorer.findings.rules import load_rules
from explorer.image.model import Config
from tests.support.layers import Entry, elf, file, image, layer, program, symlink, whiteout

TOOLCHAIN = tuple(
    file(f"/usr/local/go/{name}", 1000) for name in ("VERSION", "bin/go", "src/runtime/proc.go")
)
APP = Config(cmd=("/app/server",), working_dir="/app")


def _found(*layers: LayerIndex, config: Config = APP) -> dict[str, Finding]:
    return {finding.id: finding for finding in analyse(*image(*layers, config=config)).findings}


def test_that_a_finding_names_bytes_layer_folder_and_files() -> None:
    finding = _found(
        layer(*TOOLCHAIN), layer(program("/app/server")), layer(file("/usr/local/go/x", 1))
    )["go-toolchain"]
    assert (finding.bytes, finding.layer, finding.confidence) == (3001, 0, "high")
    assert len(finding.rows) == 4
    assert "under /usr/local/go build" in finding.reason()
    assert "COPY --from=build /app/server /app/server" in finding.remedy()


def test_that_a_finding_spread_over_layers_names_none() -> None:
    finding = _found(layer(file("/tmp/a", 10)), layer(file("/tmp/b", 10)))["temporary-files"]
    assert (finding.bytes, finding.layer) == (20, -1)


def test_that_two_caches_are_both_named_and_the_bigger_one_is_mounted() -> None:
    config = Config(env=("GOCACHE=/cache",), cmd=("/app/server",))
    finding = _found(
        layer(file("/cache/a", 60), file("/root/.cache/go-build/b", 40), program("/app/server")),
        config=config,
    )["go-build-cache"]
    assert "under /cache, /root/.cache/go-build make" in finding.reason()
    assert "target=/cache go build" in finding.remedy()


@pytest.mark.parametrize(
    ("config", "entries", "expected"),
    [
        (APP, (program("/app/server"),), "high"),
        (APP, (), "info"),
        (Config(cmd=("go", "run", ".")), (program("/app/server"),), "medium"),
        (Config(cmd=("bash",)), (file("/app/main.go", 5), file("/app/go.mod", 1)), "info"),
    ],
)
def test_that_tools_are_waste_only_where_something_built_is_there(
    config: Config, entries: tuple[Entry, ...], expected: str
) -> None:
    found = _found(layer(*TOOLCHAIN, *entries), config=config)
    assert found["go-toolchain"].confidence == expected


def test_that_an_unknown_program_gets_a_stand_in() -> None:
    assert "/path/of/program" in _found(layer(*TOOLCHAIN), config=Config())["go-toolchain"].remedy()


def test_that_copies_of_a_file_are_told_with_what_one_of_each_would_save() -> None:
    big, small = "x" * DUPLICATE_MIN_BYTES, "y" * (DUPLICATE_MIN_BYTES - 1)
    found = _found(
        layer(
            *(file(f"/srv/{i}/model", content=big) for i in range(3)),
            *(file(f"/srv/{i}/small", content=small) for i in range(3)),
        )
    )
    finding = found["duplicates"]
    assert (finding.bytes, len(finding.rows)) == (2 * DUPLICATE_MIN_BYTES, 3)
    assert finding.confidence == "medium"
    assert "2 files" in finding.reason()


def test_that_copies_among_known_waste_are_not_told_again() -> None:
    content = "x" * DUPLICATE_MIN_BYTES
    found = _found(layer(file("/tmp/a", content=content), file("/srv/a", content=content)))
    assert set(found) == {"temporary-files"}


def test_that_copies_in_the_system_are_only_worth_a_look() -> None:
    content = "x" * DUPLICATE_MIN_BYTES
    found = _found(layer(file("/usr/lib/a", content=content), file("/usr/lib/b", content=content)))
    assert found["duplicates"].confidence == "info"


def test_that_findings_stand_biggest_first() -> None:
    found = list(_found(layer(*TOOLCHAIN, file("/tmp/x", 9), file("/var/log/x", 99))).values())
    assert [finding.id for finding in found] == ["go-toolchain", "logs", "temporary-files"]


def test_that_all_that_is_looked_for_can_be_listed() -> None:
    titles = checked()
    assert len(titles) == len(set(titles))
    assert {"Go toolchain", "apt package lists", "Copies made by chown"} <= set(titles)
    assert not [title for title in titles if "{" in title]


# Nothing of these may ever be called waste, whatever else an image holds.
NEEDED = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/private/key.pem", "/etc/pki/tls/certs/ca-bundle.crt",
    "/usr/share/ca-certificates/mozilla/x.crt", "/usr/local/share/ca-certificates/own.crt",
    "/usr/share/zoneinfo/Asia/Shanghai", "/usr/share/zoneinfo/tzdata.zi", "/usr/local/go/lib/time/zoneinfo.zip",
    "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/resolv.conf",
    "/var/lib/dpkg/status", "/var/lib/dpkg/info/libc6.list", "/var/lib/dpkg/available", "/lib/apk/db/installed",
    "/lib/apk/db/scripts.tar", "/etc/apk/repositories", "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/Packages.db", "/var/lib/apt/extended_states", "/var/cache/debconf/config.dat",
    "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1", "/usr/lib/x86_64-linux-gnu/libc.so.6",
    "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30",
    "/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", "/usr/lib/locale/C.utf8/LC_CTYPE", "/bin/busybox",
    "/usr/share/doc/libc6/copyright", "/usr/share/common-licenses/GPL-3", "/usr/lib/os-release",
    "/app/templates/index.html", "/app/config.yaml", "/app/migrations/1.sql", "/app/locales/de.toml",
    "/app/static/logo.svg", "/app/docs/swagger.json", "/app/server", "/app/LICENSE", "/app/.env",
    "/srv/models/model.pb", "/opt/vendor/data.bin", "/usr/local/bin/migrate", "/tmp/tool", "/usr/share/doc/x.conf",
    "/root/.cache/ms-playwright/chrome",
)  # fmt: skip


def test_that_what_is_needed_at_run_time_is_never_called_waste() -> None:
    config = Config(
        entrypoint=("/tmp/tool", "/app/server"),
        working_dir="/app",
        env=("CONFIG=/usr/share/doc/x.conf", "GOPATH=/usr/local", "TMPDIR=/app", "GOCACHE=/"),
    )
    entries = [file(path, 10, head=elf() if "bin/" in path else b"") for path in NEEDED]
    analysis = analyse(*image(layer(*TOOLCHAIN, *entries, file("/app/go.mod", 3)), config=config))
    wasted = {
        analysis.stack.tree.path(int(analysis.stack.node[row])).decode()
        for finding in analysis.findings
        for row in finding.rows
    }
    assert wasted == {"usr/local/go/VERSION", "usr/local/go/bin/go", "usr/local/go/src/runtime/proc.go", "app/go.mod"}  # fmt: skip


_PART = st.sampled_from(
    [
        "app",
        "go",
        "pkg",
        "mod",
        "usr",
        "lib",
        "var",
        "log",
        "tmp",
        "x.go",
        "go.mod",
        "x.a",
        ".git",
        "testdata",
    ]
)
_PATHS = st.lists(_PART, min_size=1, max_size=4).map("/".join)
_ENTRIES = st.one_of(
    st.builds(file, _PATHS, st.integers(0, 9)),
    st.builds(file, _PATHS, content=st.sampled_from(["x" * DUPLICATE_MIN_BYTES, "y"])),
    st.builds(whiteout, _PATHS),
    st.builds(symlink, _PATHS, _PATHS),
)  # fmt: skip
_LAYERS = st.lists(st.lists(_ENTRIES, max_size=7), min_size=1, max_size=4)


def _analysis(layers: list[list[Entry]]) -> Analysis:
    return analyse(*image(*(layer(*entries) for entries in layers), config=APP))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(_LAYERS)
def test_that_no_payload_is_counted_by_two_findings(layers: list[list[Entry]]) -> None:
    analysis = _analysis(layers)
    rows = [row for finding in analysis.findings for row in finding.rows.tolist()]
    assert len(rows) == len(set(rows))
    for finding in analysis.findings:
        held = int(analysis.stack.size[finding.rows].sum())
        assert finding.bytes == held or (finding.id == "duplicates" and finding.bytes < held)
        assert finding.bytes > 0
        sizes = analysis.stack.size[finding.rows].tolist()
        assert sizes == sorted(sizes, reverse=True)
    total = sum(finding.bytes for finding in analysis.findings)
    assert total <= analysis.totals.content_bytes


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(_LAYERS)
def test_that_a_rules_finding_holds_exactly_the_live_files_that_the_rule_names(
    layers: list[list[Entry]],
) -> None:
    analysis = _analysis(layers)
    stack = analysis.stack
    live = (stack.state == State.LIVE) & (stack.size > 0)
    rules = load_rules(APP)
    found = {finding.id: finding.bytes for finding in analysis.findings}
    for number, rule in enumerate(rules.rules, 1):
        expected = int(stack.size[live & (analysis.rule == number)].sum())
        assert found.get(rule.spec.id, 0) == (expected if rule.spec.finding else 0)


def test_that_a_users_rule_makes_a_finding(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[[rule]]\nid = "m"\ncategory = "test-data"\ntitle = "Models"\nreason = "{count}"\n'
        'remedy = "{entry}"\nfiles = ["**/*.onnx"]\nconfidence = "high"\n'
    )
    described, layers = image(layer(file("/srv/a.onnx", 5), program("/app/server")), config=APP)
    analysis = analyse(described, layers, rules=load_rules(APP, tmp_path))
    (finding,) = analysis.findings
    assert (finding.title(), finding.reason(), finding.remedy()) == ("Models", "1", "/app/server")
    assert analysis.rules[int(analysis.rule[finding.rows[0]])] == "m"


def test_that_findings_of_an_image_without_files_are_none() -> None:
    assert _found(layer()) == {}
    assert analyse(*image(config=APP)).findings == ()
    assert np.array_equal(analyse(*image()).category, np.zeros(0, dtype=np.uint8))
