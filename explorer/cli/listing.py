"""`image-explorer list`: the engine's images."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from explorer.cli.console import console_task
from explorer.cli.options import add_host
from explorer.cli.output import write_result
from explorer.translation import ntr, tr
from explorer.units import display_text, size_text
from explorer.workflow.asking import list_images

if TYPE_CHECKING:
    from explorer.engine.client import EngineImage

SCHEMA = "image-explorer/images/1"
_NAME_COLUMNS = 60


def describe() -> str:
    """One sentence for --help."""
    return tr("Lists the engine's images.")


def example() -> str:
    """Examples for --help."""
    return (
        tr("Examples:")
        + "\n  image-explorer list\n  image-explorer list --json | jq '.images[].tags'"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--json", action="store_true", help=tr("print JSON"))
    add_host(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the images, biggest first."""
    with console_task() as task:
        images = sorted(
            list_images(task, arguments.host),
            key=lambda image: (-image.size_bytes, image.tags, image.id),
        )
    if arguments.json:
        import msgspec

        document = msgspec.json.encode({"schema": SCHEMA, "images": [_row(i) for i in images]})
        write_result("-", msgspec.json.format(document, indent=2) + b"\n")
    else:
        _print_table(images)
    return 0


def _row(image: EngineImage) -> dict[str, Any]:
    return {
        "id": image.id,
        "tags": list(image.tags),
        "size_bytes": image.size_bytes,
        "created": image.created,
        "containers": image.containers,
        "platform": str(image.platform),
    }


def _print_table(images: Sequence[EngineImage]) -> None:
    if not images:
        print(tr("The engine has no images."))
    width = max((len(_name(image.tags)) for image in images), default=0)
    for image in images:
        name, more = _name(image.tags), len(image.tags) - 1
        short = display_text(image.id.removeprefix("sha256:")[:12])
        line = f"{name:<{width}}  {size_text(image.size_bytes):>9}  {short:<12}  {display_text(image.created[:10])}"
        if more > 0:
            line += "  " + ntr("and {n} more tag", "and {n} more tags", more)
        print(line)


def _name(tags: tuple[str, ...]) -> str:
    return display_text(tags[0], _NAME_COLUMNS) if tags else "<none>"
