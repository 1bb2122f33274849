"""Chooses one image among those an archive or folder holds, or says what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from explorer.errors import ImageNotFound, InputError
from explorer.image.layout import FoundImage
from explorer.image.model import Platform
from explorer.image.platform import host_platform, matches, normal
from explorer.image.reference import familiar_name
from explorer.translation import tr
from explorer.units import display_text

# Labels shown in a hint.
_SHOWN = 10
# Fewer characters of a digest are more likely a mistyped tag.
_SHORTEST = 6


def choose(
    images: list[FoundImage], title: str, selector: str = "", platform: Platform | None = None
) -> FoundImage:
    """The image that `selector` (tag, digest or its beginning, `@N`) and `platform` name.

    Without a platform, this machine's is preferred. Raises ImageNotFound, and InputError when several are left.
    """
    left = _select(images, selector)
    if not left:
        raise ImageNotFound(
            tr("{file} holds no image {name}.", file=title, name=display_text(selector, 100))
            if images
            else tr("{file} holds no image.", file=title),
            tr("It holds: {images}", images=_labels(images))
            if images
            else tr("It may hold signatures or attestations only. Save the image itself."),
        )
    if platform is not None:
        offered = left
        left = [image for image in left if matches(platform, image.platform)]
        if not left:
            raise ImageNotFound(
                tr("{file} holds no image for {platform}.", file=title, platform=platform),
                tr("It holds: {images}", images=_labels(offered)),
            )
    if len(left) == 1:
        return left[0]
    if len({image.tags for image in left}) > 1:
        raise InputError(
            tr("{file} holds {n} images.", file=title, n=len(left)),
            tr(
                "Name one of them after the path, as in docker-archive:FILE:NAME. It holds: {images}",
                images=_labels(left),
            ),
        )
    return _for_host(left, title)


def _select(images: list[FoundImage], selector: str) -> list[FoundImage]:
    if not selector:
        return images
    if selector.startswith("@") and selector[1:].isdecimal() and len(selector) < 8:
        number = int(selector[1:])
        return images[number : number + 1]
    wanted = familiar_name(selector)
    tests: tuple[Callable[[FoundImage], bool], ...] = (
        lambda image: wanted in image.tags or f"{wanted}:latest" in image.tags,
        lambda image: any(tag.rpartition(":")[2] == wanted for tag in image.tags),
        lambda image: any(_names(digest, wanted) for digest in image.names),
    )
    for test in tests:
        found = [image for image in images if test(image)]
        if found:
            return found
    return []


def _names(digest: str, wanted: str) -> bool:
    """Whether `wanted` (name@digest, digest, hex or at least six characters of it) begins `digest`."""
    wanted = wanted.rpartition("@")[2]
    long_enough = len(wanted.rpartition(":")[2]) >= _SHORTEST
    return long_enough and (digest if ":" in wanted else digest.partition(":")[2]).startswith(
        wanted
    )


def _for_host(images: list[FoundImage], title: str) -> FoundImage:
    host = host_platform()
    fitting = [image for image in images if matches(host, image.platform)]
    exact = [image for image in fitting if normal(image.platform) == host]
    for group in (fitting, exact):
        if len(group) == 1:
            return group[0]
    if not fitting:
        raise InputError(
            tr(
                "{file} holds images for other platforms than this machine's ({host}).",
                file=title,
                host=host,
            ),
            tr("Choose one with --platform: {platforms}", platforms=", ".join(_platforms(images))),
        )
    raise InputError(
        tr("{file} holds {n} images.", file=title, n=len(fitting)),
        tr(
            "Name one by the beginning of its digest, as in docker-archive:FILE:DIGEST. It holds: {images}",
            images=", ".join(display_text(image.id, 80) for image in fitting[:_SHOWN]),
        ),
    )


def _platforms(images: Iterable[FoundImage]) -> list[str]:
    return sorted({display_text(str(image.platform), 40) for image in images})[:_SHOWN]


def _labels(images: list[FoundImage]) -> str:
    more = f", … ({len(images)})" if len(images) > _SHOWN else ""
    return ", ".join(image.label() for image in images[:_SHOWN]) + more
