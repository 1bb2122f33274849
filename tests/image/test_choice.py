"""Which of several images is meant."""

from __future__ import annotations

import pytest

from explorer.errors import ImageNotFound, InputError
from explorer.image import choice
from explorer.image.choice import choose
from explorer.image.layout import FoundImage, find_images
from explorer.image.model import Platform
from tests.support.archives import HeldContents, built, containerd, docker_25, layer_tar, oci

_LAYERS = [layer_tar({"a": b"%d" % i}) for i in range(3)]
_ARM = Platform("linux", "arm64")


def _several() -> list[FoundImage]:
    images = (
        built(_LAYERS[0], tags=("app:1", "app:latest")),
        built(_LAYERS[1], tags=("ghcr.io/team/tool:2",)),
        built(_LAYERS[2], tags=()),
    )
    return find_images(HeldContents(docker_25(*images)))


def _platforms(*platforms: str) -> list[FoundImage]:
    images = (built(layer_tar({"a": p.encode()}), platform=p) for p in platforms)
    return find_images(HeldContents(containerd(*images)))


@pytest.fixture(autouse=True)
def on_amd64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "host_platform", lambda: Platform("linux", "amd64"))


@pytest.mark.parametrize(
    ("selector", "number"),
    [
        ("app:1", 0),
        ("app", 0),
        ("docker.io/library/app:1", 0),
        ("latest", 0),
        ("2", 1),
        ("ghcr.io/team/tool:2", 1),
        ("@2", 2),
    ],
)
def test_that_a_tag_or_number_names_one_of_several(selector: str, number: int) -> None:
    images = _several()
    assert choose(images, "app.tar", selector) is images[number]


def test_that_a_digest_or_its_beginning_names_one_of_several() -> None:
    images = _several()
    for wanted in (images[2].id, images[2].id[7:], images[2].id[7:19], images[2].id[:20]):
        assert choose(images, "app.tar", wanted) is images[2]


def test_that_several_images_are_listed() -> None:
    images = _several()
    with pytest.raises(InputError) as caught:
        choose(images, "app.tar")
    assert caught.value.message == "app.tar holds 3 images."
    assert caught.value.hint == (
        "Name one of them after the path, as in docker-archive:FILE:NAME. It holds: "
        f"app:1 (linux/amd64), ghcr.io/team/tool:2 (linux/amd64), {images[2].id} (linux/amd64)"
    )


@pytest.mark.parametrize("selector", ["app:2", "@3", "@", "@99999999999", "sha", "sha256:", "abc"])
def test_that_an_unknown_selector_lists_what_there_is(selector: str) -> None:
    with pytest.raises(ImageNotFound) as caught:
        choose(_several(), "app.tar", selector)
    assert caught.value.message == f"app.tar holds no image {selector}."
    assert "app:1 (linux/amd64)" in caught.value.hint


def test_that_the_machines_own_platform_comes_first() -> None:
    images = _platforms("linux/arm64", "linux/amd64")
    assert choose(images, "app.tar").platform == Platform("linux", "amd64")


def test_that_a_platform_may_be_asked_for() -> None:
    images = _platforms("linux/amd64", "linux/arm64/v8")
    assert str(choose(images, "app.tar", platform=_ARM).platform) == "linux/arm64/v8"
    with pytest.raises(ImageNotFound) as caught:
        choose(images, "app.tar", platform=Platform("linux", "s390x"))
    assert caught.value.message == "app.tar holds no image for linux/s390x."


def test_that_foreign_platforms_are_listed_when_there_are_several() -> None:
    with pytest.raises(InputError) as caught:
        choose(_platforms("linux/s390x", "linux/arm64"), "app.tar")
    assert caught.value.hint == "Choose one with --platform: linux/arm64, linux/s390x"


def test_that_a_single_foreign_platform_needs_no_choice() -> None:
    assert choose(_platforms("linux/s390x"), "app.tar").platform == Platform("linux", "s390x")


def test_that_the_plain_variant_wins_over_a_special_one() -> None:
    images = _platforms("linux/amd64/v3", "linux/amd64")
    assert choose(images, "app.tar").platform == Platform("linux", "amd64")


def test_that_two_unnamed_images_of_one_platform_are_told_apart_by_digest() -> None:
    images = find_images(HeldContents(oci(*(built(layer, tags=()) for layer in _LAYERS[:2]))))
    with pytest.raises(InputError) as caught:
        choose(images, "app.tar")
    assert images[0].id in caught.value.hint
    assert images[1].id in caught.value.hint


def test_that_an_archive_of_signatures_only_holds_no_image() -> None:
    with pytest.raises(ImageNotFound) as caught:
        choose([], "app.tar")
    assert caught.value.message == "app.tar holds no image."
