"""`image-explorer list`: the engine's images."""

from __future__ import annotations

import argparse
import sys

from explorer import workflow
from explorer.cli.console import console_task
from explorer.translation import tr
from explorer.units import display_text, size_text

SCHEMA = "image-explorer/images/1"


def describe() -> str:
    """One sentence for --help."""
    return tr("Lists the engine's images.")


def example() -> str:
    """Examples for --help."""
    return tr("Example:") + "\n  image-explorer list --json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--json", action="store_true", help=tr("print JSON"))
    parser.add_argument(
        "--host", default="", metavar="URL", help=tr("the engine's endpoint, for example unix:///…")
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the images, biggest first."""
    with console_task() as task:
        images = sorted(
            workflow.list_images(task, arguments.host), key=lambda image: -image.size_bytes
        )
    if arguments.json:
        import msgspec

        rows = [
            {"id": i.id, "tags": list(i.tags), "size_bytes": i.size_bytes, "created": i.created}
            for i in images
        ]
        document = msgspec.json.encode({"schema": SCHEMA, "images": rows})
        sys.stdout.buffer.write(msgspec.json.format(document, indent=2) + b"\n")
        return 0
    if not images:
        print(tr("The engine has no images."))
    width = max((len(_name(image.tags)) for image in images), default=0)
    for image in images:
        short = image.id.removeprefix("sha256:")[:12]
        print(f"{_name(image.tags):<{width}}  {size_text(image.size_bytes):>9}  {short}")
    return 0


def _name(tags: tuple[str, ...]) -> str:
    return display_text(tags[0]) if tags else "<none>"
