"""`image-explorer [REF …]`: the window; where there is no screen, the analysis on the terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys

from explorer.cli import analyze
from explorer.cli.console import complain, warn
from explorer.cli.options import add_host
from explorer.errors import ExplorerError
from explorer.resources import sample_reference
from explorer.translation import tr

_SCREEN_SECONDS = 2.0


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
    add_host(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the window, or print the analyses when there is no screen."""
    problem = screen_problem()
    if not problem and arguments.open_window is not None:
        code: int = arguments.open_window(arguments.references, arguments.host)
        return code
    warn(tr("There is no screen ({reason}): here is the analysis as text.", reason=problem))
    if not arguments.references:
        warn(tr("No image was named: this is the bundled sample, a naive Go service."))
    parser = argparse.ArgumentParser()
    analyze.configure(parser)
    options = ["--host", arguments.host] if arguments.host else []
    code = 0
    for reference in arguments.references or [sample_reference()]:
        try:
            code = max(code, analyze.run(parser.parse_args([*options, "--", reference])))
        except ExplorerError as error:
            complain(error.message, error.hint)
            code = max(code, error.exit_code)
    return code


def screen_problem() -> str:
    """Why no window can be shown, "" when one can; QT_QPA_PLATFORM counts, so that tests can open one off screen."""
    environment = os.environ
    if sys.platform != "linux" or environment.get("QT_QPA_PLATFORM"):
        return ""
    if environment.get("WAYLAND_DISPLAY"):
        return ""
    display = environment.get("DISPLAY", "")
    if not display:
        return tr("DISPLAY and WAYLAND_DISPLAY are not set")
    # Qt ends the whole program when nobody answers there.
    return "" if _answers(display) else tr("no X server answers at DISPLAY={name}", name=display)


def _answers(display: str) -> bool:
    """Whether an X server listens at a display, for those on this machine; others are believed (X(7), DISPLAY NAMES)."""
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if host.removesuffix(":") not in ("", "unix") or not number.isdecimal():
        return True
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108  # where X servers have their sockets
    for address in (path, "\0" + path):
        with socket.socket(socket.AF_UNIX) as link, contextlib.suppress(OSError):
            link.settimeout(_SCREEN_SECONDS)
            link.connect(address)
            return True
    return False
