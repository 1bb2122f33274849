"""A file of limits: the options' names, nothing else, and every mistake told with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.cli.check import configure
from explorer.cli.main import _Parser
from explorer.compare.gate.limitfile import _OF_THE_RUN, parse_limits, read_limit_file
from explorer.compare.gate.limits import Limit
from explorer.compare.gate.rules import Rule
from explorer.compare.gate.stated import OPTIONS
from explorer.errors import DamagedInput, ExplorerError, InputError, LimitExceeded

WHOLE = """
[check]
max-size = "20MB"
max-reclaimable = "5%"
max-growth = 0
max-start = "300ms"
max-slowdown = "10%"
max-category = ["source=0", "system = 80%"]
forbid = "go-toolchain"
"""


def test_that_every_limit_is_written_as_its_option() -> None:
    rules = parse_limits(WHOLE, "limits.toml")
    assert {rule.origin for rule in rules} == {"limits.toml"}
    assert [(rule.id, rule.limit) for rule in rules] == [
        ("max-size", Limit(20_000_000.0, "bytes")),
        ("max-reclaimable", Limit(0.05, "share")),
        ("max-growth", Limit(0.0, "bytes")),
        ("max-start", Limit(0.3, "seconds")),
        ("max-slowdown", Limit(0.1, "share")),
        ("max-category:source", Limit(0.0, "bytes")),
        ("max-category:system", Limit(0.8, "share")),
        ("forbid:go-toolchain", Limit(0.0, "bytes")),
    ]
    assert {rule.kind for rule in rules} == set(OPTIONS)


def test_that_every_option_of_check_is_a_limit_or_of_the_run() -> None:
    parser = _Parser()
    configure(parser)
    options = {
        name.removeprefix("--") for name in parser._option_string_actions if name[:2] == "--"
    }
    assert options == {*OPTIONS, *_OF_THE_RUN, "help"}


@pytest.mark.parametrize(
    ("text", "error", "message", "hint"),
    [
        ("[check]\nmax_size='1MB'", InputError, "x: there is no limit max_size.", "Did you mean max-size?"),
        ("[check]\nmaxgrowth='1%'", InputError, "x: there is no limit maxgrowth.", "Did you mean max-growth?"),
        ("[check]\nagainst='a:1'", InputError, "x: there is no limit against.", "Give --against on the command line."),
        ("[check]\n''=1", InputError, 'x: there is no limit "".', "The limits are max-size, max-reclaimable, max-growth, max-start, max-slowdown, max-category, forbid."),
        ("[check]\nmax-size='20XB'", InputError, "x, max-size: 20XB is not a limit.", "Write a size as 20MB or 512KiB."),
        ("[check]\nmax-size=-1", InputError, "x, max-size: -1 is not a limit.", "Write a number with its unit, as 20MB, 5% or 300ms."),
        ("[check]\nmax-start=300", InputError, "x, max-start: 300 is not a limit.", "Write a duration as 300ms or 1.5s."),
        ("[check]\nmax-category='source'", InputError, "x, max-category: source is not a limit for a category.", "Write it as source=0 or system=80%."),
        ("[check]\nmax-size=true", InputError, "x: the value of max-size cannot be used.", 'Write one text in quotes, such as "20MB".'),
        ("[check]\nmax-size=['1MB']", InputError, "x: the value of max-size cannot be used.", 'Write one text in quotes, such as "20MB".'),
        ("[check]\nforbid=[['vcs']]", InputError, "x: the value of forbid cannot be used.", "Write a list of texts in quotes."),
        ("[chek]\nmax-size='1MB'", InputError, "x is not a file of limits.", 'It holds one table [check], and in it at least one limit, such as max-size = "20MB".'),
        ("[check]\nforbid=['vcs']\n[more]", InputError, "x is not a file of limits.", 'It holds one table [check], and in it at least one limit, such as max-size = "20MB".'),
        ("[check]", InputError, "x is not a file of limits.", 'It holds one table [check], and in it at least one limit, such as max-size = "20MB".'),
        ("check = 1", InputError, "x is not a file of limits.", 'It holds one table [check], and in it at least one limit, such as max-size = "20MB".'),
    ],
)  # fmt: skip
def test_that_a_mistake_is_told_and_never_passes(
    text: str, error: type[ExplorerError], message: str, hint: str
) -> None:
    with pytest.raises(error) as raised:
        parse_limits(text, "x")
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_that_what_is_no_toml_is_told_with_its_place() -> None:
    with pytest.raises(DamagedInput, match=r"^x is not TOML: .*line 2.*\.$"):
        parse_limits("[check]\nmax-size = 20MB\n", "x")


@given(st.text() | st.text().map(lambda text: f"[check]\n{text}"))
def test_that_any_text_is_rules_or_a_typed_error(text: str) -> None:
    try:
        rules = parse_limits(text, "x")
    except ExplorerError:
        return
    assert all(isinstance(rule, Rule) for rule in rules)


def test_that_a_file_that_is_absent_endless_or_no_text_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_limit_file(tmp_path / "absent")
    with pytest.raises(LimitExceeded):
        read_limit_file(Path("/dev/zero"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(DamagedInput, match="it is not UTF-8"):
        read_limit_file(tmp_path / "bytes")
