"""`image-explorer binary`: what is inside one Go executable, from an image or from disk."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import sandbox
from explorer.cli.console import console_task
from explorer.cli.options import add_host, add_json, add_platform
from explorer.cli.output import write_result
from explorer.translation import set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.gobinary.binary import GoBinary


def describe() -> str:
    """One sentence for --help."""
    return tr("Shows what the bytes of one Go executable are, and what a rebuild would save.")


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + (
        "\n  image-explorer binary myservice:latest /usr/local/bin/app"
        "\n  image-explorer binary docker-archive:image.tar /app --json result.json"
        "\n  image-explorer binary ./app --json - | jq .removable"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reference",
        metavar="REF|FILE",
        help=tr("an image that holds the executable, or the executable itself"),
    )
    parser.add_argument(
        "path", metavar="PATH", nargs="?", help=tr("where the executable is in the image")
    )
    add_json(parser)
    parser.add_argument(
        "--no-cache", action="store_true", help=tr("read the image again and keep nothing")
    )
    add_platform(parser)
    add_host(parser)


def run(arguments: argparse.Namespace) -> int:
    """Analyse one executable and print it."""
    with console_task() as task:
        if arguments.path is None:
            # The worker stands in the same folder, but a name that starts with ~ or - stays what it is.
            path = str(Path(arguments.reference).absolute())
            function, names = (
                "explorer.workflow.binaries:inspect_file",
                (path, display_text(arguments.reference)),
            )
            binary = sandbox.run(task, function, *names)
        else:
            options = {
                "reference": arguments.reference,
                "use_cache": not arguments.no_cache,
                "platform": arguments.platform,
                "host": arguments.host,
            }
            path_in_image = os.fsencode(arguments.path)
            function = "explorer.workflow.binaries:inspect_binary"
            binary = sandbox.run(task, function, options, path_in_image)
    _print(binary, arguments.json)
    return 0


def _print(binary: GoBinary, json_file: str | None) -> None:
    if json_file != "-":
        from explorer.report.binary_terminal import print_binary

        print_binary(binary)
    if json_file is None:
        return
    from explorer.report.binary_json import binary_json

    set_language("en")
    document = binary_json(binary)
    set_language("system")
    write_result(json_file, document)
