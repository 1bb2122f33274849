"""A check as JSON and as JUnit XML: complete, and harmless whatever an image is called."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.compare.gate.evaluate import Facts, evaluate
from explorer.compare.gate.limits import Limit
from explorer.compare.gate.rules import (
    FAILED,
    FORBIDDEN,
    PASSED,
    SIZE,
    SLOWDOWN,
    UNKNOWN,
    Outcome,
    Rule,
    number_text,
)
from explorer.findings.analysis import Analysis, analyse
from explorer.report.check_json import check_json
from explorer.report.check_junit import check_junit
from explorer.report.check_terminal import print_check, summary_text
from tests.support.layers import file, image, layer

# junit-10.xsd of Jenkins' xUnit plugin: element -> (attributes it must have, may have, children).
_JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"properties", "testcase", "system-out", "system-err", "testsuite"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name", "classname"},
        {"time", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}  # fmt: skip

ANALYSIS = analyse(*image(layer(file("/usr/local/go/bin/go", 700))))
RULE = Rule(SIZE, Limit(500.0, "bytes"))


def valid(data: bytes) -> ET.Element:
    root = ET.fromstring(data)
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed, children = _JUNIT[element.tag]
        assert needed <= set(element.attrib) <= needed | allowed
        assert {child.tag for child in element} <= children
    for suite in root:
        cases = suite.findall("testcase")
        counts = [int(suite.attrib[name]) for name in ("tests", "failures", "errors")]
        found = [len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error")]
        assert counts == [len(cases), *found]
    return root


def test_that_each_rule_is_a_test_case() -> None:
    outcomes = (
        Outcome(RULE, FAILED, 700.0, evidence=("/a: 700 B",)),
        Outcome(Rule(FORBIDDEN, Limit(0.0, "bytes"), "source"), PASSED, 0.0),
        Outcome(Rule("max-start", Limit(0.3, "seconds")), UNKNOWN, None, "no runs"),
    )
    root = valid(check_junit(ANALYSIS, outcomes))
    cases = root.findall("testsuite/testcase")
    assert [case.attrib["name"] for case in cases] == [
        "max-size: size (content of all layers)",
        "forbid:source: no Source code",
        "max-start: start of the app, typical",
    ]
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "700 B, the limit is 500 B", "type": "max-size"}
    assert failure.text == "measured: 700 B\nlimit: 500 B\n/a: 700 B"
    error = cases[2].find("error")
    assert error is not None
    assert error.attrib["message"] == "no runs"
    assert summary_text(outcomes) == "3 rules: 1 passed, 1 failed, 1 could not tell"


def named(name: str) -> Analysis:
    return replace(ANALYSIS, image=replace(ANALYSIS.image, reference=name, tags=(name,), id=name))


HOSTILE = "</testcase><x a=\"'&]]>\x00\x0b\x1b[31m\ufffe\uffff\u202e\ud800\r\n😀"


@given(st.text() | st.just(HOSTILE))
def test_that_any_name_is_valid_in_xml_and_json(name: str) -> None:
    analysis = named(name)
    outcomes = (
        Outcome(Rule(FORBIDDEN, Limit(0.0, "bytes"), name), FAILED, 1.0, "", (name,)),
        Outcome(RULE, UNKNOWN, None, name),
    )
    root = valid(check_junit(analysis, outcomes))
    assert len(root.findall("testsuite/testcase")) == 2
    document = json.loads(check_json(analysis, analysis, outcomes, 1))
    assert len(document["rules"]) == 2


def test_that_the_json_is_the_schema() -> None:
    rules = [RULE, Rule("max-reclaimable", Limit(0.05, "share"), origin=".dive-ci")]
    document = json.loads(check_json(ANALYSIS, None, evaluate(rules, Facts(ANALYSIS)), 1))
    assert list(document) == ["schema", "verdict", "exit_code", "image", "against", "rules"]
    assert document["schema"] == "image-explorer/check/1"
    assert (document["verdict"], document["exit_code"], document["against"]) == ("failed", 1, None)
    assert document["image"]["content_bytes"] == 700
    assert document["rules"][0] == {
        "id": "max-size",
        "kind": "max-size",
        "subject": "",
        "title": "size (content of all layers)",
        "origin": "",
        "verdict": "failed",
        "measured": 700,
        "limit": 500,
        "unit": "bytes",
        "reason": "",
        "evidence": ["Go toolchain: 700 B"],
    }
    assert document["rules"][1]["limit"] == 0.05
    assert document["rules"][1]["origin"] == ".dive-ci"


def test_that_the_table_holds_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    rule = Rule(FORBIDDEN, Limit(0.0, "bytes"), "\x1b[31m")
    print_check("app\x1b]0;x\x07", (Outcome(rule, FAILED, 1.0),), ("\x1b[2J",))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "1 rule: 1 failed" in shown


def test_that_lines_stay_whole_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = "/" + "long/" * 30
    print_check(path, (Outcome(RULE, FAILED, 700.0, evidence=(f"{path}a: 700 B",)),))
    assert capsys.readouterr().out.splitlines() == [
        path,
        "   rule                          measured    limit  result",
        "✘  size (content of all layers)     700 B  ≤ 500 B  failed",
        "size (content of all layers):",
        f"  {path}a: 700 B",
        "1 rule: 1 failed",
    ]


def test_that_a_difference_that_may_be_chance_is_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rule = Rule(SLOWDOWN, Limit(0.0, "seconds"))
    print_check("a", (Outcome(rule, PASSED, 0.00048, evidence=("No difference detected.",)),))
    assert capsys.readouterr().out.splitlines() == [
        "a",
        "   rule                            measured   limit  result",
        "✔  slower start than the baseline   0.48 ms  ≤ 0 ms  passed",
        "slower start than the baseline:",
        "  No difference detected.",
        "1 rule: 1 passed",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"), (-0.0, "0 ms"), (-0.000001, "0 ms"), (0.0004815, "0.48 ms"), (0.003, "3 ms"),
        (0.0125, "12.5 ms"), (0.05, "50 ms"), (0.3, "300 ms"), (-0.3, "−300 ms"), (1.5, "1.50 s"),
    ],
)  # fmt: skip
def test_that_a_duration_is_short_and_never_minus_nothing(seconds: float, text: str) -> None:
    assert number_text(seconds, "seconds") == text
