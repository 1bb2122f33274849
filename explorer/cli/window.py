"""`image-explorer [REF …]`: the window; where there is no screen, the analysis on the terminal."""

from __future__ import annotations

import argparse
import os
import sys

from explorer.cli import analyze
from explorer.cli.console import warn
from explorer.resources import resource
from explorer.translation import tr

SAMPLE = "naive-go-service.oci.tar"


def describe() -> str:
    """One sentence for --help."""
    return tr("Opens the window, with these images.")


def example() -> str:
    """Examples for --help."""
    return (
        tr("Examples:")
        + "\n  image-explorer\n  image-explorer golang:1.27\n  image-explorer image.tar"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("references", metavar="REF", nargs="*", help=tr("images to open"))
    parser.add_argument(
        "--host", default="", metavar="URL", help=tr("the engine's endpoint, for example unix:///…")
    )


def run(arguments: argparse.Namespace) -> int:
    """Open the window, or print the analyses when there is no screen."""
    if has_screen():
        from explorer.gui.app import run as open_window

        return open_window(arguments.references, host=arguments.host)
    references = arguments.references or [sample_reference()]
    warn(
        tr(
            "There is no screen (DISPLAY and WAYLAND_DISPLAY are not set): here is the analysis as text."
        )
    )
    if not arguments.references:
        warn(tr("No image was named: this is the bundled sample, a naive Go service."))
    codes = []
    for reference in references:
        options = ["--host", arguments.host] if arguments.host else []
        parser = argparse.ArgumentParser()
        analyze.configure(parser)
        codes.append(analyze.run(parser.parse_args([*options, "--", reference])))
    return max(codes)


def sample_reference() -> str:
    """The reference of the bundled sample image."""
    return f"oci-archive:{resource('samples', SAMPLE)}"


def has_screen() -> bool:
    """Whether a window can be shown; QT_QPA_PLATFORM counts, so that tests can open one off screen."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
