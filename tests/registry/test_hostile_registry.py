"""What a registry may do to whoever asks it: answers without end, ways into this machine, questions without number."""

from __future__ import annotations

import itertools

import pytest

from explorer.errors import DamagedInput, LimitExceeded, RegistryError
from explorer.registry import client, web
from tests.registry.fake import FakeRegistry, Request
from tests.registry.opened import read
from tests.support.archives import built, layer_tar

IMAGE = built(layer_tar({"a": b"1"}))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAUSE_SECONDS", 0.0)


def _without_end(request: Request, piece: bytes) -> None:
    """A body in parts, of which there is always one more; ends when the caller goes away."""
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    while True:
        request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


def test_that_a_manifest_without_end_is_left(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)
    fake.on("/v2/app/manifests/1", lambda request: _without_end(request, b" " * 65536))
    with pytest.raises(LimitExceeded):
        read(f"{fake.host}/app:1")


def test_that_a_token_without_end_is_none(fake: FakeRegistry) -> None:
    challenge = f'Bearer realm="{fake.url}/token"'
    fake.on("/v2/app", lambda request: request.answer(401, {}, WWW_Authenticate=challenge))
    fake.on("/v2/", lambda request: request.answer(401, {}, WWW_Authenticate=challenge))
    fake.on("/token", lambda request: _without_end(request, b" " * 65536))
    with pytest.raises(RegistryError, match="holds no token"):
        read(f"{fake.host}/app:1")


def test_that_an_answer_that_trickles_is_left(
    fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SMALL_SECONDS", 0.0)
    fake.serve("app", "1", IMAGE)
    fake.on("/v2/app/manifests/1", lambda request: _without_end(request, b" "))
    with pytest.raises(RegistryError, match="it was not done within 0 s"):
        read(f"{fake.host}/app:1")


def test_that_a_busy_registry_is_asked_again(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)
    good = next(reply for begin, reply in fake.replies if begin == "/v2/app/manifests/1")
    turns = itertools.count()

    def busy(request: Request) -> None:
        if next(turns) < 2:
            request.answer(429, {}, Retry_After="0")
        else:
            good(request)

    fake.on("/v2/app/manifests/1", busy)
    assert read(f"{fake.host}/app:1")[0].image.id == IMAGE.id
    assert next(turns) == 3


def test_that_a_login_that_is_never_enough_is_asked_for_once(fake: FakeRegistry) -> None:
    challenge = f'Bearer realm="{fake.url}/token"'
    fake.on("/v2/", lambda request: request.answer(401, {}, WWW_Authenticate=challenge))
    fake.on("/token", lambda request: request.answer(200, {"token": "T"}))
    with pytest.raises(RegistryError, match="refuses access to app"):
        read(f"{fake.host}/app:1")
    assert [path.partition("?")[0] for path, _ in fake.seen].count("/token") == 1


def test_that_a_digest_that_the_registry_claims_for_a_tag_is_held_against_it(
    fake: FakeRegistry,
) -> None:
    fake.serve("app", "1", IMAGE)
    claim = "sha256:" + "0" * 64
    fake.on("/v2/app/manifests/1", lambda request: request.answer(200, {}, Docker_Content_Digest=claim))  # fmt: skip
    with pytest.raises(DamagedInput, match="wrong digest"):
        read(f"{fake.host}/app:1")


@pytest.mark.parametrize(
    ("url", "near", "plain", "safe"),
    [
        ("https://tokens.example/get", False, False, True),
        ("http://tokens.example/get", False, False, False),
        # A registry in the open may send on to storage in the open.
        ("http://storage.example/x", False, True, True),
        # Only one on this machine may send us to an open server on this machine.
        ("http://127.0.0.1:8080/x", True, False, True),
        ("http://127.0.0.1:8080/x", False, False, False),
        ("https://localhost/x", False, False, True),
        ("http://[::1]/x", False, True, False),
        ("https://user@tokens.example/", False, False, False),
        ("https:///x", False, False, False),
        ("ftp://tokens.example/", True, True, False),
    ],
)
def test_that_a_registry_leads_nowhere_unsafe(
    url: str, near: bool, plain: bool, safe: bool
) -> None:
    assert client._is_safe(url, near=near, plain=plain) is safe
