"""Logins by token, redirects, and what a registry may do wrong: cuts, lies, limits, silence."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from explorer.errors import (
    DamagedInput,
    EngineLost,
    ImageNotFound,
    InputError,
    LimitExceeded,
    NotAnImage,
    RegistryError,
)
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.registry.source import RegistrySource, open_registry_image
from explorer.task import Cancelled, Task
from tests.registry.fake import FakeRegistry, Reply, Request, fake_registry
from tests.registry.opened import payload, read
from tests.support.archives import Blobs, built, layer_tar
from tests.support.registries import write_login

# A server of their own each, some with TLS.
pytestmark = pytest.mark.slow

IMAGE = built(layer_tar({"big": hashlib.shake_128(b"noise").digest(300_000)}))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    for module in ("blob", "client"):
        monkeypatch.setattr(f"explorer.registry.{module}._PAUSE_SECONDS", 0.0)


def _with_token(registry: FakeRegistry, token: str, realm: str = "") -> None:
    """Want a token for all that is served so far."""
    served = list(registry.replies)

    def guarded(request: Request) -> None:
        if request.headers.get("Authorization") == f"Bearer {token}":
            next(reply for begin, reply in served if request.path.startswith(begin))(request)
            return
        challenge = f'Bearer realm="{realm or registry.url + "/token"}",service="tests"'
        request.answer(401, {"errors": []}, WWW_Authenticate=challenge)

    registry.on("/v2/", guarded)


def test_that_a_token_is_fetched_with_the_login_and_the_scope_of_the_repository(
    fake: FakeRegistry, own_folders: Path
) -> None:
    fake.serve("team/app", "1", IMAGE)
    _with_token(fake, "T0")
    fake.on("/token", lambda request: request.answer(200, {"token": "T0", "expires_in": 300}))
    write_login(own_folders, {fake.host: ("gopher", "open sesame")})
    source, layers = read(f"{fake.host}/team/app:1")
    assert (source.image.id, layers[0].complete) == (IMAGE.id, True)
    asked = [(path, headers) for path, headers in fake.seen if path.startswith("/token")]
    assert [path for path, _ in asked] == [
        "/token?service=tests&scope=repository%3Ateam%2Fapp%3Apull"
    ]
    expected = "Basic " + base64.b64encode(b"gopher:open sesame").decode()
    assert asked[0][1]["Authorization"] == expected


def test_that_an_identity_token_is_exchanged(fake: FakeRegistry, own_folders: Path) -> None:
    forms: list[str] = []

    def token(request: Request) -> None:
        forms.append(request.form)
        request.answer(200, {"access_token": "T1"})

    fake.serve("app", "1", IMAGE)
    _with_token(fake, "T1")
    fake.on("/token", token)
    (own_folders / ".docker").mkdir()
    document = {"auths": {fake.host: {"identitytoken": "kept"}}}
    (own_folders / ".docker/config.json").write_text(json.dumps(document))
    assert read(f"{fake.host}/app:1")[0].image.id == IMAGE.id
    assert forms == [
        "service=tests&scope=repository%3Aapp%3Apull&grant_type=refresh_token&client_id=image-explorer&refresh_token=kept"
    ]


def test_that_a_login_is_never_sent_to_an_open_realm(fake: FakeRegistry, own_folders: Path) -> None:
    fake.serve("app", "1", IMAGE)
    _with_token(fake, "T", realm="http://tokens.example/get")
    write_login(own_folders, {fake.host: ("gopher", "open sesame")})
    with pytest.raises(RegistryError) as caught:
        read(f"{fake.host}/app:1")
    assert "http://tokens.example/get, which is not encrypted" in caught.value.message


def test_that_a_token_that_ran_out_is_fetched_anew(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)
    tokens = iter(["T0", "T1"])
    served = list(fake.replies)

    def guarded(request: Request) -> None:
        good = "T0" if "/manifests/" in request.path else "T1"
        if request.headers.get("Authorization") == f"Bearer {good}":
            next(reply for begin, reply in served if request.path.startswith(begin))(request)
        else:
            request.answer(401, {}, WWW_Authenticate=f'Bearer realm="{fake.url}/token"')

    fake.on("/v2/app", guarded)
    fake.on("/token", lambda request: request.answer(200, {"token": next(tokens)}))
    assert read(f"{fake.host}/app:1")[1][0].complete


def test_that_another_host_never_sees_the_login(fake: FakeRegistry) -> None:
    with fake_registry() as storage:
        storage.serve("app", "1", IMAGE)
        fake.serve("app", "1", IMAGE)
        fake.on("/v2/app/blobs/", lambda request: request.answer(307, None, Location=f"{storage.url}{request.path}"))  # fmt: skip
        _with_token(fake, "T0")
        fake.on("/token", lambda request: request.answer(200, {"token": "T0"}))
        _, layers = read(f"{fake.host}/app:1")
        assert layers[0].complete
        assert len(storage.seen) == 2
        assert not any("Authorization" in headers for _, headers in storage.seen)


@pytest.mark.parametrize(
    "target",
    ["ftp://127.0.0.1/x", "http://u:p@127.0.0.1/x", "http://[::1", "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "file:///etc/passwd"],
)  # fmt: skip
def test_that_an_odd_redirect_is_not_followed(fake: FakeRegistry, target: str) -> None:
    fake.on("/v2/app", lambda request: request.answer(307, None, Location=target))
    with pytest.raises(RegistryError) as caught:
        read(f"{fake.host}/app:1")
    assert "which is not safe to contact" in caught.value.message


def test_that_this_machine_is_asked_without_a_proxy_and_others_through_it(
    fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, fake.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    fake.serve("app", "1", IMAGE)
    assert read(f"{fake.host}/app:1")[1][0].complete
    assert not any(path.startswith("CONNECT") for path, _ in fake.seen)
    with pytest.raises(RegistryError) as caught:
        read("registry.example/app:1")
    assert "registry.example cannot be reached" in caught.value.message
    assert fake.seen[-1][0] == "CONNECT registry.example:443"


def test_that_a_redirect_without_end_ends(fake: FakeRegistry) -> None:
    fake.on("/v2/", lambda request: request.answer(307, None, Location=request.path))
    with pytest.raises(RegistryError) as caught:
        read(f"{fake.host}/app:1")
    assert "without end" in caught.value.message


def test_that_a_cut_blob_is_taken_up_where_it_broke(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)
    blob = _layer_path()
    whole = _reply(fake, blob)
    cuts = iter([1000, 60_000])
    asked: list[str] = []

    def cutting(request: Request) -> None:
        asked.append(request.headers.get("Range", ""))
        place = next(cuts, None)
        if place is None:
            whole(request)
            return
        data = _layer_bytes()
        start = int(asked[-1][6:-1]) if asked[-1] else 0
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        request.begin(206 if start else 200, len(data) - start, Content_Range=span)
        request.wfile.write(data[start : start + place])
        request.break_off()

    fake.on(blob, cutting)
    _, layers = read(f"{fake.host}/app:1")
    assert layers[0].complete
    assert layers[0].verified == "digest"
    assert asked == ["", "bytes=1000-", "bytes=61000-"]


def test_that_a_registry_without_ranges_is_read_from_the_start_again(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)
    blob = _layer_path()
    first = iter([True])

    def cutting(request: Request) -> None:
        data = _layer_bytes()
        request.begin(200, len(data))
        request.wfile.write(data[:1000] if next(first, False) else data)
        request.break_off()

    fake.on(blob, cutting)
    _, layers = read(f"{fake.host}/app:1")
    assert layers[0].complete


def test_that_a_blob_cut_for_good_keeps_what_came(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)

    def cutting(request: Request) -> None:
        data = _layer_bytes()
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        request.begin(206 if start else 200, len(data) - start, Content_Range=span)
        request.wfile.write(data[start:200_000])
        request.break_off()

    fake.on(_layer_path(), cutting)
    _, layers = read(f"{fake.host}/app:1")
    assert not layers[0].complete
    assert "was lost after 200.0 kB of a layer" in layers[0].problems[0]


def _dripping(request: Request) -> None:
    """A hundred bytes, and the connection breaks."""
    data = _layer_bytes()
    start = int(request.headers.get("Range", "bytes=0-")[6:-1])
    span = f"bytes {start}-{len(data) - 1}/{len(data)}"
    request.begin(206 if start else 200, len(data) - start, Content_Range=span)
    request.wfile.write(data[start : start + 100])
    request.break_off()


def test_that_a_blob_that_breaks_again_and_again_ends(
    fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.registry.blob._RESUMES", 5)
    fake.serve("app", "1", IMAGE)
    fake.on(_layer_path(), _dripping)
    _, layers = read(f"{fake.host}/app:1")
    assert not layers[0].complete
    assert "was lost after 600 B of a layer" in layers[0].problems[0]


def test_that_a_part_that_breaks_off_before_its_place_is_a_loss(fake: FakeRegistry) -> None:
    image = built(layer_tar({"one": b"1" * 5000, "two": b"two"}))
    fake.serve("app", "1", image, compression="plain")
    source, layers = read(f"{fake.host}/app:1")
    data = image.layers[0]

    def cutting(request: Request) -> None:
        request.begin(200, len(data))
        request.wfile.write(data[:1000])
        request.break_off()

    fake.on(f"/v2/app/blobs/{source.image.layers[0].digest}", cutting)
    with pytest.raises(EngineLost) as caught:
        payload(source, layers, 0, b"two")
    assert "was lost after 6.1 kB of a layer" in caught.value.message


def test_that_a_lying_length_is_no_layer(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)

    def lying(request: Request) -> None:
        data = _layer_bytes()
        request.begin(200, len(data) + 10)
        request.wfile.write(data + b"and more!!")

    fake.on(_layer_path(), lying)
    with pytest.raises(DamagedInput) as caught:
        read(f"{fake.host}/app:1")
    size = len(_layer_bytes())
    assert caught.value.message == (
        f"The registry sends {size + 10} bytes or more where the manifest says {size}."
    )


def test_that_bytes_beyond_the_promised_ones_are_no_layer(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)

    def without_length(request: Request) -> None:
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(_layer_bytes() + b"more")
        request.break_off()

    fake.on(_layer_path(), without_length)
    _, layers = read(f"{fake.host}/app:1")
    assert not layers[0].complete


def test_that_other_bytes_than_the_digest_names_are_no_layer(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE, compression="gzip")
    data = bytearray(_layer_bytes())
    data[4] ^= 1  # the time in gzip's header: the tar behind it is the same
    fake.on(_layer_path(), lambda request: _send(request, bytes(data)))
    _, layers = read(f"{fake.host}/app:1")
    assert not layers[0].complete
    assert layers[0].problems[-1].startswith("wrong digest: the registry sent ")


def test_that_a_manifest_of_another_digest_is_refused(fake: FakeRegistry) -> None:
    (item,) = fake.serve("app", "1", IMAGE)
    fake.on(f"/v2/app/manifests/{item['digest']}", lambda request: request.answer(200, {}))
    with pytest.raises(DamagedInput) as caught:
        read(f"{fake.host}/app@{item['digest']}")
    assert "wrong digest" in caught.value.message


def test_that_a_manifest_over_four_mebibytes_is_refused(fake: FakeRegistry) -> None:
    fake.serve("app", "1", IMAGE)
    fake.on("/v2/app/manifests/1", lambda request: _send(request, b" " * ((4 << 20) + 1)))
    with pytest.raises(LimitExceeded):
        read(f"{fake.host}/app:1")


def test_that_the_first_schema_is_refused_with_a_way_out(fake: FakeRegistry) -> None:
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    fake.on("/v2/", lambda request: request.answer(200, {"schemaVersion": 1}, Content_Type=kind))
    with pytest.raises(NotAnImage) as caught:
        read(f"{fake.host}/app:1")
    assert "schema 1" in caught.value.message


def test_that_a_chart_is_no_image(fake: FakeRegistry) -> None:
    blobs = Blobs()
    config = blobs.add(b"{}", "application/vnd.cncf.helm.config.v1+json")
    document = {"schemaVersion": 2, "config": config, "layers": []}
    kind = "application/vnd.oci.image.manifest.v1+json"
    fake.on("/v2/", lambda request: request.answer(200, document, Content_Type=kind))
    with pytest.raises(InputError) as caught:
        read(f"{fake.host}/app:1")
    assert "is not an image" in caught.value.message


def test_that_a_limit_of_questions_is_told_with_its_time(fake: FakeRegistry) -> None:
    fake.on("/v2/", lambda request: request.answer(200 if request.path == "/v2/" else 429, {}, Retry_After="120"))  # fmt: skip
    with pytest.raises(RegistryError) as caught:
        read(f"{fake.host}/app:1")
    assert (
        caught.value.message == f"The registry {fake.host} received too many requests (status 429)."
    )
    assert caught.value.hint == "Try again in 120 s."


def test_that_the_registrys_own_words_are_shown_harmless(fake: FakeRegistry) -> None:
    document = {"errors": [{"code": "UNKNOWN", "message": "no \x1b[31mroom"}]}
    fake.on("/v2/", lambda request: request.answer(200 if request.path == "/v2/" else 500, document))  # fmt: skip
    with pytest.raises(RegistryError) as caught:
        read(f"{fake.host}/app:1")
    assert caught.value.message == f"The registry {fake.host} answered: no \\x1b[31mroom"


def test_that_a_layer_the_registry_lacks_is_noted_and_the_others_are_read(
    fake: FakeRegistry,
) -> None:
    image = built(layer_tar({"a": b"1"}), layer_tar({"b": b"2"}))
    fake.serve("app", "1", image)
    with_gap = open_registry_image(Task(), f"{fake.host}/app:1")
    gone = with_gap.image.layers[0].digest
    with_gap.close()
    fake.on(f"/v2/app/blobs/{gone}", lambda request: request.answer(404, {}))
    source, layers = read(f"{fake.host}/app:1")
    assert list(layers) == [1]
    assert source.problems == [
        f"Layer 0 could not be fetched: {fake.host}/app:1: the registry lacks the blob {gone[:19]}."
    ]


def test_that_one_blob_for_two_layers_is_fetched_once(fake: FakeRegistry) -> None:
    tar = layer_tar({"same": b"x"})
    fake.serve("app", "1", built(tar, tar))
    _, layers = read(f"{fake.host}/app:1")
    assert sorted(layers) == [0, 1]
    blob = _layer_path_of(tar)
    assert len([path for path, _ in fake.seen if path == blob]) == 1


def test_that_an_uncompressed_layers_file_is_asked_for_by_its_place(fake: FakeRegistry) -> None:
    image = built(layer_tar({"one": b"1" * 5000, "two": b"two"}))
    fake.serve("app", "1", image, compression="plain")
    source, layers = read(f"{fake.host}/app:1")
    assert payload(source, layers, 0, b"two") == b"two"
    assert any(headers.get("Range") == "bytes=6144-" for _, headers in fake.seen)


def test_that_files_in_their_order_are_found_in_one_pass(fake: FakeRegistry) -> None:
    contents = {name: name.encode() * 3000 for name in ("a", "b", "c")}
    fake.serve("app", "1", built(layer_tar(contents)))
    task, held = Task(), bytearray()
    with closing(open_registry_image(task, f"{fake.host}/app:1")) as source:
        layers: dict[int, LayerIndex] = {}
        source.read_layers(task, LayerStore(None, 0), [0], layers.__setitem__)
        index = layers[0]
        nodes = {index.path(node): node for node in range(1, len(index))}
        for name in (b"a", b"c", b"b"):
            place = int(index.data_offset[nodes[name]])
            source.read_payload(task, 0, name, place, 3000, held.extend)
    assert bytes(held) == b"a" * 3000 + b"c" * 3000 + b"b" * 3000
    blobs = [path for path, _ in fake.seen if path.endswith(index_blob(source))]
    # Once for the index, once for a and c, and once more for b, which lies before c.
    assert len(blobs) == 3


def test_that_nothing_at_the_address_is_a_registry_error() -> None:
    with fake_registry() as registry:
        host = registry.host
    with pytest.raises(RegistryError) as caught:
        read(f"{host}/app:1")
    assert caught.value.message == (
        f"The registry {host} cannot be reached: nothing listens there."
    )


@pytest.mark.parametrize("silent", ["/v2/app/manifests/1", "/v2/app/blobs/"])
def test_that_a_silent_registry_is_left_when_the_user_cancels(
    fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    # Longer than a test may take: only the cancel can end it.
    monkeypatch.setattr("explorer.registry.web.READ_SECONDS", 600.0)
    fake.serve("app", "1", IMAGE)
    asked = threading.Event()

    def silence(request: Request) -> None:
        if "blobs" in silent:
            request.begin(200, len(_layer_bytes()))
            request.wfile.write(_layer_bytes()[:5000])
            request.wfile.flush()
        asked.set()
        fake.stopped.wait()

    with_layer = silent + (_layer_path().rpartition("/")[2] if "blobs" in silent else "")
    fake.on(with_layer, silence)
    task = Task()

    def cancel() -> None:
        asked.wait(20)
        task.cancel()

    threading.Thread(target=cancel, daemon=True).start()

    def open_and_read() -> None:
        source = open_registry_image(task, f"{fake.host}/app:1")
        source.read_layers(task, LayerStore(None, 0), [0], lambda *_: None)

    with pytest.raises(Cancelled):
        open_and_read()


def test_that_an_index_of_one_foreign_platform_names_it(fake: FakeRegistry) -> None:
    tar = layer_tar({"a": b"1"})
    fake.serve("app", "1", built(tar, platform="linux/s390x"), built(tar, platform="linux/ppc64le"))
    with pytest.raises(InputError) as caught:
        read(f"{fake.host}/app:1")
    assert caught.value.hint == "Choose one with --platform: linux/ppc64le, linux/s390x"
    with pytest.raises(ImageNotFound):
        read(f"{fake.host}/app:1", "linux/amd64")


def index_blob(source: RegistrySource) -> str:
    return source.image.layers[0].digest


def _layer_bytes() -> bytes:
    blobs = Blobs()
    blobs.manifest(IMAGE, "gzip")
    data = next(iter(blobs.members.values()))
    assert isinstance(data, bytes)
    return data


def _layer_path() -> str:
    return f"/v2/app/blobs/sha256:{hashlib.sha256(_layer_bytes()).hexdigest()}"


def _layer_path_of(tar: bytes) -> str:
    blobs = Blobs()
    blobs.manifest(built(tar), "gzip")
    return "/v2/app/" + next(iter(blobs.members)).replace("sha256/", "sha256:")


def _reply(registry: FakeRegistry, path: str) -> Reply:
    return next(reply for begin, reply in registry.replies if begin == path)


def _send(request: Request, data: bytes) -> None:
    request.begin(200, len(data))
    request.wfile.write(data)
