"""A check as JUnit XML, which CI systems show beside test results: a rule is a test case.

Schema: the one that Jenkins' xUnit plugin publishes (junit-10.xsd), which others follow. A broken rule is a failure, one
that could not be told an error.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET  # written only, never read

from explorer.compare.gate.rules import FAILED, UNKNOWN, Outcome, pair_texts
from explorer.findings.analysis import Analysis
from explorer.units import display_text

_SUITE = "image-explorer check"
# What XML 1.0 cannot hold, not even as a reference (§2.2).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_LIMIT = 8000


def check_junit(image: Analysis, outcomes: tuple[Outcome, ...]) -> bytes:
    """The document as UTF-8 XML, texts in the language in force."""
    counts = {
        "tests": str(len(outcomes)),
        "failures": str(sum(item.verdict == FAILED for item in outcomes)),
        "errors": str(sum(item.verdict == UNKNOWN for item in outcomes)),
    }
    root = ET.Element("testsuites", {"name": _SUITE, **counts})
    suite = ET.SubElement(
        root, "testsuite", {"name": _SUITE, **counts, "skipped": "0", "time": "0"}
    )
    name = _safe(image.image.tags[0] if image.image.tags else image.image.reference, 200)
    properties = ET.SubElement(suite, "properties")
    for key, value in (
        ("image", name),
        ("id", image.image.id),
        ("platform", str(image.image.platform)),
    ):
        ET.SubElement(properties, "property", {"name": key, "value": _safe(value, 200)})
    for outcome in outcomes:
        _case(suite, name, outcome)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root) + b"\n"


def _case(suite: ET.Element, name: str, outcome: Outcome) -> None:
    rule = outcome.rule
    case = ET.SubElement(
        suite,
        "testcase",
        {"classname": name, "name": _safe(f"{rule.id}: {rule.title()}", 300), "time": "0"},
    )
    measured, limit = pair_texts(outcome)
    lines = [f"measured: {measured}", f"limit: {limit}", *outcome.evidence]
    text = "\n".join(_safe(line, 1000) for line in lines)
    if outcome.verdict == FAILED:
        message = _safe(f"{measured}, the limit is {limit}", 500)
        ET.SubElement(case, "failure", {"message": message, "type": rule.kind}).text = text
    elif outcome.verdict == UNKNOWN:
        message = _safe(outcome.reason, 500)
        ET.SubElement(case, "error", {"message": message, "type": "unknown"}).text = text
    else:
        ET.SubElement(case, "system-out").text = text[:_TEXT_LIMIT]


def _safe(text: str, limit: int) -> str:
    """Untrusted text as one harmless line that XML can hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", display_text(text, limit))
