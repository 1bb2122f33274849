"""Options that several commands share, so that they are called and told the same everywhere."""

from __future__ import annotations

import argparse
from typing import Any, Protocol

from explorer.translation import tr


class Options(Protocol):
    """A parser, or one of its named groups."""

    def add_argument(self, *names: str, **more: Any) -> argparse.Action:
        """Add an option."""


def add_json(parser: Options) -> None:
    """Add --json, for the full result."""
    parser.add_argument(
        "--json", metavar="FILE|-", help=tr("write the full result as JSON; - for standard output")
    )


def add_no_cache(parser: Options) -> None:
    """Add --no-cache."""
    parser.add_argument(
        "--no-cache", action="store_true", help=tr("read every layer again and keep nothing")
    )


def add_via(parser: Options) -> None:
    """Add --via, for how an engine's layers are read."""
    parser.add_argument(
        "--via",
        choices=("auto", "export", "direct"),
        default="auto",
        help=tr("how layers are read from an engine"),
    )


def add_platform(parser: Options) -> None:
    """Add --platform."""
    parser.add_argument(
        "--platform",
        default="",
        metavar="OS/ARCH",
        help=tr("which platform of a multi-platform image"),
    )


def add_host(parser: Options) -> None:
    """Add --host, for the engine."""
    parser.add_argument(
        "--host",
        default="",
        metavar="URL|CONTEXT",
        help=tr("the engine's endpoint (unix:///…), or a docker context"),
    )
