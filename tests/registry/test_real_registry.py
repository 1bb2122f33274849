"""A real registry with a password: what is read is what was pushed, and each refusal says why."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from explorer.errors import ImageNotFound, RegistryError
from explorer.filesystem.cache import LayerStore
from explorer.registry.client import Repository
from explorer.registry.naming import parse_name
from explorer.registry.source import open_registry_image
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from tests.registry.conftest import SERVICE
from tests.registry.opened import paths, payload, read
from tests.support.archives import built, layer_tar, oci
from tests.support.registries import PASSWORD, USER, RealRegistry, write_login

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("tag", ["1", "zstd"])
def test_that_an_image_is_read_from_the_registry_and_proved(
    pushed: RealRegistry, logged_in: RealRegistry, tag: str
) -> None:
    source, layers = read(f"{pushed.plain}/team/app:{tag}")
    image = source.image
    assert (image.id, image.tags) == (SERVICE.id, (f"{pushed.plain}/team/app:{tag}",))
    assert image.reference == f"docker://{pushed.plain}/team/app:{tag}"
    assert [layer.diff_id for layer in image.layers] == SERVICE.config["rootfs"]["diff_ids"]
    stored = [pushed.blob(layer.digest).stat().st_size for layer in image.layers]
    assert [layer.stored_bytes for layer in image.layers] == stored
    kind = "zstd" if tag == "zstd" else "gzip"
    assert {layer.media_type.rpartition("+")[2] for layer in image.layers} == {kind}
    assert paths(layers[0]) == [b"app", b"app/old", b"etc", b"etc/passwd"]
    assert [layer.verified for layer in layers.values()] == ["digest", "digest"]
    assert source.problems == []


def test_that_one_file_is_fetched_again_byte_for_byte(
    pushed: RealRegistry, logged_in: RealRegistry
) -> None:
    source, layers = read(f"{pushed.plain}/team/app:1")
    assert payload(source, layers, 1, b"app/service") == bytes(range(256)) * 400


def test_that_a_certificate_kept_for_the_registry_is_trusted(
    pushed: RealRegistry, logged_in: RealRegistry
) -> None:
    source, layers = read(f"{pushed.secure}/team/app:1")
    assert source.image.id == SERVICE.id
    assert len(layers) == 2


def test_that_an_unknown_certificate_is_refused_with_the_place_to_put_it(
    pushed: RealRegistry,
) -> None:
    with pytest.raises(RegistryError) as caught:
        read(f"{pushed.secure}/team/app:1")
    assert "its certificate is not trusted (self-signed certificate)" in caught.value.message
    assert f"/etc/docker/certs.d/{pushed.secure}/ca.crt" in caught.value.hint


def test_that_a_wrong_password_names_user_and_registry(
    pushed: RealRegistry, own_folders: Path
) -> None:
    write_login(own_folders, {pushed.plain: (USER, "wrong")})
    with pytest.raises(RegistryError) as caught:
        read(f"{pushed.plain}/team/app:1")
    assert caught.value.message == (
        f"The registry {pushed.plain} refuses gopher access to team/app."
    )
    assert caught.value.hint == f"Check the name, or log in again: docker login {pushed.plain}"
    assert caught.value.exit_code == 3


def test_that_who_is_not_logged_in_is_told_how(pushed: RealRegistry) -> None:
    with pytest.raises(RegistryError) as caught:
        read(f"{pushed.plain}/team/app:1")
    assert "it needs a login, or there is no such image" in caught.value.message
    assert f"docker login {pushed.plain}" in caught.value.hint


def test_that_a_helper_programs_login_is_used(
    pushed: RealRegistry, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = own_folders / "docker-credential-vault"
    answer = f'{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}'
    helper.write_text(f"#!/bin/sh\nread host; test \"$host\" = {pushed.plain} && echo '{answer}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(own_folders), prepend=":")
    write_login(own_folders, {}, credHelpers={pushed.plain: "vault"})
    assert read(f"{pushed.plain}/team/app:1")[0].image.id == SERVICE.id


def test_that_the_login_of_podmans_family_is_used(
    pushed: RealRegistry, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = own_folders / "auth.json"
    login = ["skopeo", "login", "--tls-verify=false", "--authfile", str(file), "--username", USER]
    done = subprocess.run(
        [*login, "--password-stdin", pushed.plain], input=PASSWORD, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(file))
    assert read(f"{pushed.plain}/team/app:1")[0].image.id == SERVICE.id


def test_that_an_unknown_repository_and_an_unknown_tag_are_told_apart(
    pushed: RealRegistry, logged_in: RealRegistry
) -> None:
    with pytest.raises(ImageNotFound) as caught:
        read(f"{pushed.plain}/team/nothing:1")
    assert caught.value.message.endswith("has no repository team/nothing.")
    with pytest.raises(ImageNotFound) as caught:
        read(f"{pushed.plain}/team/app:zst")
    assert caught.value.message == f"The registry {pushed.plain} has no zst of team/app."
    assert caught.value.hint == "It has: zstd"


def test_that_a_platform_is_chosen_and_attestations_are_none(
    pushed: RealRegistry, logged_in: RealRegistry
) -> None:
    name = f"{pushed.plain}/team/many:1"
    assert str(read(name, "linux/arm64")[0].image.platform) == "linux/arm64"
    with pytest.raises(ImageNotFound) as caught:
        read(name, "linux/s390x")
    assert caught.value.message == f"{name} holds no image for linux/s390x."
    assert caught.value.hint == "It holds: linux/amd64, linux/arm64"


def test_that_a_digest_names_one_of_the_images(
    pushed: RealRegistry, logged_in: RealRegistry
) -> None:
    with closing(Repository(parse_name(f"{pushed.plain}/team/app"))) as repository:
        digest = repository.manifest(Task(), "1").digest
    source, _ = read(f"{pushed.plain}/team/app@{digest}")
    assert (source.image.id, source.image.tags) == (SERVICE.id, ())


def test_that_a_blob_flipped_on_the_registrys_disk_is_never_complete(
    pushed: RealRegistry, logged_in: RealRegistry
) -> None:
    image = built(layer_tar({"data": b"\x00" * 3000 + b"unique"}), layer_tar({"good": b"1"}))
    pushed.push(oci(image), "team/damaged:1")
    with closing(open_registry_image(Task(), f"{pushed.plain}/team/damaged:1")) as source:
        blob = pushed.blob(source.image.layers[0].digest)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 0x40
    blob.write_bytes(data)
    _, layers = read(f"{pushed.plain}/team/damaged:1")
    assert [layers[number].complete for number in (0, 1)] == [False, True]
    assert layers[0].verified == ""
    assert layers[0].problems


def test_that_an_analysis_reads_nothing_that_the_cache_holds(
    pushed: RealRegistry, logged_in: RealRegistry, tmp_path: Path
) -> None:
    options = Options(f"docker://{pushed.plain}/team/app:1")
    store = LayerStore.open(tmp_path)
    first = analyse(Task(), options, store)
    assert (first.via, first.complete) == ("registry", True)
    assert first.totals.content_bytes == 11 + 5000 + 102_400
    moved = [pushed.blob(layer.digest) for layer in first.image.layers]
    for path in moved:
        shutil.move(path, path.with_name("aside"))
    try:
        again = analyse(Task(), options, store)
    finally:
        for path in moved:
            shutil.move(path.with_name("aside"), path)
    assert (again.via, again.complete) == ("cache", True)
    assert again.image == first.image
