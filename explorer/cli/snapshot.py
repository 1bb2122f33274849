"""`image-explorer snapshot REF -o FILE`: all that is known of an image in one small file, without its files' contents."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from explorer import sandbox
from explorer.cli.analyze import INCOMPLETE
from explorer.cli.console import complain, console_task
from explorer.cli.options import add_host, add_no_cache, add_platform, add_via
from explorer.cli.output import write_result
from explorer.errors import InputError
from explorer.translation import listed, ntr, tr
from explorer.units import count_text, display_text, size_text

SCHEMA = "image-explorer/snapshot/1"


def describe() -> str:
    """One sentence for --help."""
    return tr("Writes one small file that opens wherever an image does and holds no file contents.")


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + (
        "\n  image-explorer snapshot myservice:1.4 -o myservice-1.4.image-snapshot"
        "\n  image-explorer snapshot myservice --context . -o before.image-snapshot"
        "\n  image-explorer compare snapshot:before.image-snapshot myservice:next"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "reference",
        metavar="REF",
        help=tr("an image of an engine or a registry, an archive, an OCI folder or a snapshot"),
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help=tr("the file to write")
    )
    parser.add_argument(
        "--dockerfile",
        default="",
        metavar="FILE",
        help=tr("what the image was built from, for the rewrite that is recorded"),
    )
    parser.add_argument(
        "--context",
        default="",
        metavar="DIR",
        help=tr("the source folder; a Dockerfile in it is used"),
    )
    parser.add_argument(
        "--note", default="", metavar="TEXT", help=tr("a note that is kept with it")
    )
    parser.add_argument(
        "--json", metavar="FILE|-", help=tr("write what was recorded, in figures, as JSON")
    )
    add_no_cache(parser)
    add_via(parser)
    add_platform(parser)
    add_host(parser)


def run(arguments: argparse.Namespace) -> int:
    """Take the snapshot; INCOMPLETE when a part of the image could not be read."""
    target = Path(arguments.output).absolute()
    if target.is_dir():
        raise InputError(
            tr("{path} is a folder.", path=display_text(arguments.output)),
            tr("Name a file, such as myservice.image-snapshot."),
        )
    options = {
        "reference": arguments.reference,
        "via": arguments.via,
        "use_cache": not arguments.no_cache,
        "platform": arguments.platform,
        "host": arguments.host,
    }
    wishes = {
        "dockerfile": arguments.dockerfile,
        "context": arguments.context,
        "note": arguments.note,
    }
    with console_task() as task:
        function = "explorer.workflow.snapshots:take_snapshot"
        found = sandbox.run(task, function, options, str(target), wishes)
    told = found.pop("told")
    if arguments.json != "-":
        _print(arguments.output, found)
    if arguments.json is not None:
        document = {"schema": SCHEMA, **found, "path": arguments.output}
        write_result(arguments.json, json.dumps(document, indent=2).encode() + b"\n")
    if not found["complete"]:
        complain(tr("The analysis is incomplete."), "; ".join(told))
        return INCOMPLETE
    return 0


def _print(path: str, found: dict[str, Any]) -> None:
    print(
        tr(
            "{path}: {size}. It describes {content} in {files} files and holds none of their contents.",
            path=display_text(path),
            size=size_text(found["bytes"]),
            content=size_text(found["content_bytes"]),
            files=count_text(found["files"]),
        )
    )
    parts = [
        ntr("{n} finding", "{n} findings", found["findings"]),
        ntr("{n} Go executable", "{n} Go executables", found["binaries"]),
        tr("a planned rewrite") if found["rewrite"] else tr("no rewrite"),
        ntr("{n} measurement", "{n} measurements", found["measurements"]),
    ]
    print(tr("With it: {parts}.", parts=listed(parts)))
