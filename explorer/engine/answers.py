"""Reads values out of an engine's JSON, whatever it holds: an absent or odd value becomes an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from explorer.image.model import Platform


def object_in(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def list_in(value: Any) -> list[Any]:
    """`value` if it is a JSON array, an empty one otherwise."""
    return value if isinstance(value, list) else []


def text_in(value: Any) -> str:
    """`value` if it is a JSON string, "" otherwise."""
    return value if isinstance(value, str) else ""


def number_in(value: Any) -> int:
    """`value` if it is a whole number, 0 otherwise."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def platform_in(value: Any) -> Platform:
    """A platform; engines spell its keys with and without capitals."""
    get = {str(key).lower(): item for key, item in object_in(value).items()}.get
    return Platform(text_in(get("os")), text_in(get("architecture")), text_in(get("variant")))


def platforms_in(row: Mapping[str, Any]) -> tuple[Platform, ...]:
    """The platforms an image is there for (`Manifests` of list and inspect, API 1.47 and later); no attestations."""
    manifests = map(object_in, list_in(row.get("Manifests")))
    return tuple(
        platform_in(object_in(item.get("ImageData")).get("Platform"))
        for item in manifests
        if item.get("Kind") == "image" and item.get("Available")
    )


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as engines print times; "" for none or nonsense."""
    try:
        return (
            datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if seconds > 0
            else ""
        )
    except (ValueError, OverflowError, OSError):
        return ""
