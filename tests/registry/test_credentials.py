"""Logins of the docker config, helper programs, and what registries write into WWW-Authenticate."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.registry import credentials
from explorer.registry.challenge import Challenge, parse_challenges, parse_token
from explorer.registry.credentials import Login, find_login
from explorer.registry.naming import HUB_LOGIN
from explorer.task import Cancelled, Task
from tests.support.registries import write_login


def _config(folder: Path, document: Any) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder), "PATH": str(folder)}


def _helper(folder: Path, script: str) -> None:
    path = folder / "docker-credential-test"
    path.write_text(f"#!{sys.executable}\nimport json, sys, time\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_that_a_login_is_found_under_every_spelling_of_its_host(
    own_folders: Path, tmp_path: Path
) -> None:
    for key in ("reg.example", "https://reg.example", "https://reg.example/v1/", "reg.example/v2/"):
        write_login(own_folders, {key: ("gopher", "a:b")})
        assert find_login(Task(), "reg.example") == (Login("gopher", "a:b"), "")
    write_login(own_folders, {HUB_LOGIN: ("hub", "p")})
    assert find_login(Task(), HUB_LOGIN) == (Login("hub", "p"), "")
    assert find_login(Task(), "other.example") == (Login(), "")


def test_that_the_exact_name_wins(tmp_path: Path) -> None:
    entries = {"https://reg": {"username": "a", "password": "1"}, "reg": {"username": "b", "password": "2"}}  # fmt: skip
    env = _config(tmp_path, {"auths": entries})
    assert find_login(Task(), "reg", env)[0] == Login("b", "2")


def test_that_tokens_of_the_file_are_read(tmp_path: Path) -> None:
    env = _config(tmp_path, {"auths": {"reg": {"identitytoken": "i", "registrytoken": "r"}}})
    assert find_login(Task(), "reg", env)[0] == Login(identity_token="i", bearer_token="r")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"auths": 7},
        {"auths": {"reg": 7}},
        {"auths": {"reg": {"auth": "%%%"}}},
        {"auths": {"reg": {"auth": "/w=="}}},
        {"credHelpers": 7, "credsStore": 7},
    ],
)
def test_that_a_broken_config_means_no_login(tmp_path: Path, document: Any) -> None:
    assert find_login(Task(), "reg", _config(tmp_path, document)) == (Login(), "")


@pytest.fixture
def podman(tmp_path: Path) -> dict[str, str]:
    """An environment with all places where podman and docker may keep logins."""
    env = {
        "HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "docker"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"), "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "REGISTRY_AUTH_FILE": str(tmp_path / "chosen/auth.json"), "PATH": str(tmp_path),
    }  # fmt: skip
    for folder in ("docker", "run/containers", "config/containers", "chosen"):
        (tmp_path / folder).mkdir(parents=True)
    return env


def _keep(path: Path, **logins: str) -> None:
    auths = {name.replace("__", "/"): {"username": user} for name, user in logins.items()}
    path.write_text(json.dumps({"auths": auths}))


def test_that_docker_and_podman_are_asked_in_turn(tmp_path: Path, podman: dict[str, str]) -> None:
    places = (
        "config/containers/auth.json",
        "run/containers/auth.json",
        "docker/config.json",
        "chosen/auth.json",
    )
    for name in places:
        _keep(tmp_path / name, reg=name)
        assert find_login(Task(), "reg", podman) == (Login(name), "")


def test_that_a_helper_of_docker_that_fails_leaves_podmans_login(
    tmp_path: Path, podman: dict[str, str]
) -> None:
    (tmp_path / "docker/config.json").write_text('{"credsStore": "absent"}')
    _keep(tmp_path / "run/containers/auth.json", reg="gopher")
    assert find_login(Task(), "reg", podman) == (Login("gopher"), "")
    assert "absent" in find_login(Task(), "other", podman)[1]


def test_that_podmans_login_for_a_part_of_a_registry_is_for_that_part_only(
    tmp_path: Path, podman: dict[str, str]
) -> None:
    path = tmp_path / "run/containers/auth.json"
    _keep(path, reg__team__app="app", reg__team="team", reg__other="other")
    found = [
        find_login(Task(), "reg", podman, repository)[0].user
        for repository in ("team/app", "team/app/more", "team/apple", "team", "third/app", "")
    ]
    assert found == ["app", "app", "team", "team", "", ""]
    _keep(path, reg="host", reg__team="team")
    assert find_login(Task(), "reg", podman, "third/app")[0] == Login("host")


@pytest.mark.parametrize("key", ["docker.io", "docker.io/library", HUB_LOGIN])
def test_that_docker_hub_is_called_docker_io_by_podman(
    tmp_path: Path, podman: dict[str, str], key: str
) -> None:
    path = tmp_path / "chosen/auth.json"
    path.write_text(json.dumps({"auths": {key: {"username": "hub"}}}))
    assert find_login(Task(), HUB_LOGIN, podman, "library/alpine") == (Login("hub"), "")


def test_that_a_helper_of_podmans_file_is_asked_for_the_host(
    tmp_path: Path, podman: dict[str, str]
) -> None:
    _helper(tmp_path, "print(json.dumps({'Username': 'u', 'Secret': sys.stdin.read()}))")
    document = {"credHelpers": {"docker.io": "test"}}
    (tmp_path / "run/containers/auth.json").write_text(json.dumps(document))
    assert find_login(Task(), HUB_LOGIN, podman, "team/app") == (Login("u", "docker.io"), "")


def test_that_no_secret_is_ever_printed() -> None:
    shown = repr(Login("gopher", "hidden", "hidden", "hidden"))
    assert "hidden" not in shown


def test_that_a_helper_is_asked_for_its_registry_only(tmp_path: Path) -> None:
    _helper(tmp_path, "print(json.dumps({'Username': 'u', 'Secret': sys.stdin.read()}))")
    env = _config(tmp_path, {"credHelpers": {"reg": "test"}, "auths": {"other": {"username": "o"}}})
    assert find_login(Task(), "reg", env) == (Login("u", "reg"), "")
    assert find_login(Task(), "other", env) == (Login("o"), "")


def test_that_the_store_of_all_logins_may_hold_an_identity_token(tmp_path: Path) -> None:
    _helper(tmp_path, "print(json.dumps({'Username': '<token>', 'Secret': 's'}))")
    env = _config(tmp_path, {"credsStore": "test"})
    assert find_login(Task(), "reg", env) == (Login(identity_token="s"), "")


def test_that_a_helper_that_knows_nothing_means_no_login(tmp_path: Path) -> None:
    _helper(tmp_path, "print('credentials not found in native keychain'); sys.exit(1)")
    assert find_login(Task(), "reg", _config(tmp_path, {"credsStore": "test"})) == (Login(), "")


@pytest.mark.parametrize(
    ("name", "script", "reason"),
    [
        ("test", "print('locked \\x1b[31m'); sys.exit(1)", "locked \\x1b[31m"),
        ("test", "print('{')", "its answer is not understood"),
        ("absent", "", "No such file or directory"),
        ("../../bin/sh", "", "its name is not one of a program"),
    ],
)
def test_that_a_helper_that_fails_is_a_note(
    tmp_path: Path, name: str, script: str, reason: str
) -> None:
    _helper(tmp_path, script)
    login, note = find_login(Task(), "reg", _config(tmp_path, {"credsStore": name}))
    assert login == Login()
    assert note == f"The credential helper {name} cannot be used: {reason}."


def test_that_a_helper_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_HELPER_SECONDS", 0.3)
    _helper(tmp_path, "time.sleep(60)")
    note = find_login(Task(), "reg", _config(tmp_path, {"credsStore": "test"}))[1]
    assert "does not answer within 0.3 s" in note
    cancelled = Task()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        find_login(cancelled, "reg", _config(tmp_path, {"credsStore": "test"}))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="x"', [Challenge("basic", {"realm": "x"})]),
        (
            'Bearer realm="https://a/t?x=1,2",service="s",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://a/t?x=1,2",
                        "service": "s",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        (
            'Basic realm="a \\"b\\"", BEARER realm=c , service="d"',
            [
                Challenge("basic", {"realm": 'a "b"'}),
                Challenge("bearer", {"realm": "c", "service": "d"}),
            ],
        ),
        ("Negotiate", [Challenge("negotiate")]),
        ("", []),
        ('realm="x"', []),
    ],
)
def test_that_a_challenge_is_read(header: str, expected: list[Challenge]) -> None:
    assert parse_challenges(header) == expected


@given(st.text(alphabet='Bearer ="\\,abc\t') | st.text())
def test_that_any_header_is_read_or_left(header: str) -> None:
    for item in parse_challenges(header):
        assert item.scheme == item.scheme.lower()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"token":"a","expires_in":300}', ("a", 300.0)),
        (b'{"access_token":"b"}', ("b", 60.0)),
        (b'{"token":"a\\r\\nX: y"}', ("", 0.0)),
        (b'{"token":7}', ("", 0.0)),
        (b"[]", ("", 0.0)),
        (b"{", ("", 0.0)),
    ],
)
def test_that_only_a_harmless_token_is_a_token(data: bytes, expected: tuple[str, float]) -> None:
    assert parse_token(data) == expected
