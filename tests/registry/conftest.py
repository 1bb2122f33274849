"""Registries for the tests of this folder: Debian's docker-registry with a password on, and one that does as it is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.fake import FakeRegistry, fake_registry
from tests.support.archives import Built, built, containerd, layer_tar, oci
from tests.support.registries import PASSWORD, USER, RealRegistry, real_registry, write_login


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        yield registry


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def logged_in(own_folders: Path, real: RealRegistry) -> RealRegistry:
    """The registry, with its login in the docker config and its certificate where docker looks for it."""
    write_login(own_folders, dict.fromkeys((real.plain, real.secure), (USER, PASSWORD)))
    trusted = own_folders / ".config/docker/certs.d" / real.secure
    trusted.mkdir(parents=True)
    shutil.copy(real.authority, trusted / "ca.crt")
    return real


SERVICE = built(
    layer_tar({"etc/passwd": b"root:x:0:0\n", "app/old": b"x" * 5000}, ["etc", "app"]),
    layer_tar({"app/service": bytes(range(256)) * 400, "app/.wh.old": b""}),
)


@pytest.fixture(scope="session")
def pushed(real: RealRegistry) -> RealRegistry:
    """The registry with team/app:1 (gzip), team/app:zstd, and team/many:1 for two platforms with attestations."""
    real.push(oci(SERVICE), "team/app:1")
    real.push(oci(SERVICE, compression="zstd"), "team/app:zstd", "--preserve-digests")
    real.push(containerd(*_platforms(), attested=True), "team/many:1", "--all")
    return real


def _platforms() -> tuple[Built, Built]:
    tar = layer_tar({"arch": b"one"})
    return built(tar, platform="linux/amd64"), built(tar, platform="linux/arm64")
