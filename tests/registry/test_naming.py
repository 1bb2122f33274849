"""Which registry, repository and version a name means."""

from __future__ import annotations

import pytest

from explorer.errors import ReferenceInvalid
from explorer.image.reference import Reference, parse_reference
from explorer.registry.naming import Name, is_loopback, parse_name

_DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "name", "server"),
    [
        ("golang", Name("docker.io", "library/golang", "latest"), "registry-1.docker.io"),
        ("team/app:1", Name("docker.io", "team/app", "1"), "registry-1.docker.io"),
        ("docker.io/alpine", Name("docker.io", "library/alpine", "latest"), "registry-1.docker.io"),
        ("index.docker.io/a/b:c", Name("docker.io", "a/b", "c"), "registry-1.docker.io"),
        ("localhost/app", Name("localhost", "app", "latest"), "localhost"),
        ("localhost:5000/a/b/c:d", Name("localhost:5000", "a/b/c", "d"), "localhost:5000"),
        ("[::1]:5000/app", Name("[::1]:5000", "app", "latest"), "[::1]:5000"),
        (f"ghcr.io/a/b@{_DIGEST}", Name("ghcr.io", "a/b", "", _DIGEST), "ghcr.io"),
        (f"ghcr.io/a/b:c@{_DIGEST}", Name("ghcr.io", "a/b", "c", _DIGEST), "ghcr.io"),
    ],
)
def test_that_a_name_is_read_as_docker_reads_it(text: str, name: Name, server: str) -> None:
    assert parse_name(text) == name
    assert name.server == server


def test_that_a_name_is_shown_as_docker_shows_it() -> None:
    names = ["golang", "docker.io/team/app:1", f"ghcr.io/a/b:c@{_DIGEST}"]
    assert [str(parse_name(name)) for name in names] == [
        "golang:latest",
        "team/app:1",
        f"ghcr.io/a/b:c@{_DIGEST}",
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("127.8.9.1:80", True),
        ("[::1]:5000", True),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("registry.example:5000", False),
    ],
)
def test_that_only_this_machine_is_asked_without_encryption(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_that_docker_with_two_slashes_means_a_registry() -> None:
    reference = parse_reference("docker://localhost:5000/team/app:1")
    assert reference == Reference("docker", "localhost:5000/team/app:1")
    assert str(reference) == "docker://localhost:5000/team/app:1"
    assert parse_reference("docker:27-dind") == Reference("docker-daemon", "docker:27-dind")


@pytest.mark.parametrize(
    "text", ["docker://", "docker:///a", "docker://a b", "docker://h/../x", "docker://u:p@h/a"]
)
def test_that_what_is_no_name_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ReferenceInvalid) as caught:
        parse_reference(text)
    assert caught.value.hint == "Example: docker://docker.io/library/golang:1.27"


def test_that_capitals_are_named() -> None:
    with pytest.raises(ReferenceInvalid) as caught:
        parse_reference("docker://ghcr.io/Team/App")
    assert caught.value.hint == "Image names are lower case."


def test_that_the_missing_slashes_are_named() -> None:
    with pytest.raises(ReferenceInvalid) as caught:
        parse_reference("docker:ghcr.io/team/app")
    assert caught.value.hint == "Did you mean docker://ghcr.io/team/app?"
