"""Platforms in several spellings."""

from __future__ import annotations

import platform as machine

import pytest

from explorer.errors import ReferenceInvalid
from explorer.image.model import Platform
from explorer.image.platform import host_platform, matches, parse_platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("arm64", Platform("linux", "arm64")),
        ("arm64/v8", Platform("linux", "arm64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("linux/arm", Platform("linux", "arm", "v7")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("Linux/x86_64", Platform("linux", "amd64")),
        ("windows/amd64", Platform("windows", "amd64")),
    ],
)
def test_that_one_platform_has_one_spelling(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform


@pytest.mark.parametrize("text", ["", "a/b/c/d", "linux/", "linux/<b>"])
def test_that_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(ReferenceInvalid):
        parse_platform(text)


@pytest.mark.parametrize(
    ("wanted", "offered", "same"),
    [
        (Platform("linux", "amd64"), Platform("linux", "amd64", "v1"), True),
        (Platform("linux", "arm64"), Platform("linux", "arm64", "v8"), True),
        (Platform("linux", "arm", "v7"), Platform("linux", "arm", "v6"), False),
        (Platform("linux", "arm"), Platform("linux", "arm", "v6"), True),
        (Platform("linux", "amd64"), Platform("windows", "amd64"), False),
        (Platform("linux", "amd64"), Platform(), False),
        (Platform("windows"), Platform("windows", "amd64"), True),
    ],
)
def test_that_a_variant_counts_only_when_both_name_one(
    wanted: Platform, offered: Platform, same: bool
) -> None:
    assert matches(wanted, offered) is same


def test_that_the_host_is_linux_on_its_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine", lambda: "armv7l")
    assert host_platform() == Platform("linux", "arm", "v7")
