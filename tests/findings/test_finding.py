"""The texts of findings: every rule's and every change's, for one file and for many, in plain words."""

from __future__ import annotations

import pytest

from explorer.findings.finding import TEXTS, Finding
from explorer.findings.rules import Rule, load_rules
from explorer.image.model import Config

_RULES = [rule for rule in load_rules(Config()).rules if rule.spec.finding]
_PLACES = {"place": "/a {b}", "places": "/a {b}, /c", "entry": "/srv/{app}"}


def _texts(finding: Finding) -> list[str]:
    return [finding.title(), finding.reason(), finding.remedy()]


@pytest.mark.parametrize("count", [1, 12345])
@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.spec.id)
def test_that_every_rules_texts_are_filled_in(rule: Rule, count: int) -> None:
    own = {name: getattr(rule.spec, name) for name in ("title", "reason", "remedy")}
    finding = Finding(
        rule.spec.id, rule.spec.category, 5, 0, fields={**own, **_PLACES, "count": count}
    )
    for text in _texts(finding):
        assert text
        assert not {"{place}", "{places}", "{files}", "{count}", "{entry}"} & set(text.split())
        assert "1 files" not in text
        assert "12345" not in text  # written 12,345


@pytest.mark.parametrize("count", [1, 12345])
@pytest.mark.parametrize("kind", TEXTS)
def test_that_every_changes_texts_are_filled_in(kind: str, count: int) -> None:
    fields: dict[str, str | int] = {
        "text": kind,
        "places": "/a {b}",
        "place": "/a {b}",
        "count": count,
        "layer": 3,
        "step": "RUN echo {x}",
        "entry": "/srv/app",
        "what": "Go build cache",
        "cure": "Mount {place}.",
    }
    for text in _texts(Finding(kind, "deleted", 5, 0, fields=fields)):
        assert text
        assert "1 files" not in text
        assert "12345" not in text


def test_that_braces_of_a_name_stay_as_they_are() -> None:
    fields: dict[str, str | int] = {
        "title": "T",
        "reason": "Under {places}.",
        "remedy": "R",
        "places": "/{x}/{0}",
        "count": 1,
    }
    assert Finding("x", "other", 1, 0, fields=fields).reason() == "Under /{x}/{0}."


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 files"), (1, "1 file"), (2000, "2,000 files")]
)
def test_that_files_are_counted_in_words(count: int, expected: str) -> None:
    fields: dict[str, str | int] = {"title": "{files}", "reason": "", "remedy": "", "count": count}
    assert Finding("x", "other", 1, 0, fields=fields).title() == expected


def test_that_no_remedy_deletes_more_than_a_rules_own_folder() -> None:
    # The folders of a change are only where most bytes lie; they may be / itself.
    assert not [kind for kind, texts in TEXTS.items() if "rm -rf {place" in texts[2]]
    named = {rule.spec.id for rule in _RULES if "rm -rf {place}" in rule.spec.remedy}
    assert all(not rule.files for rule in _RULES if rule.spec.id in named)
