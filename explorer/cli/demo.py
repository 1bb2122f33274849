"""`image-explorer demo`: the recorded before and after in a guided tour; where there is no screen, their comparison as text."""

from __future__ import annotations

import argparse

from explorer.cli import compare
from explorer.cli.console import warn
from explorer.cli.window import screen_problem
from explorer.errors import StorageError
from explorer.resources import resource
from explorer.translation import tr

# explorer.gui.tour opens the same two.
_FILES = ("before.image-snapshot", "after.image-snapshot")


def describe() -> str:
    """One sentence for --help."""
    return tr("Shows a recorded before and after in a guided tour; needs no engine.")


def example() -> str:
    """Examples for --help."""
    return tr("Examples:") + "\n  image-explorer demo"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--text", action="store_true", help=tr("print the comparison instead of opening the window")
    )


def run(arguments: argparse.Namespace) -> int:
    """Open the window on the tour, or print the comparison when there is no screen."""
    paths = [resource("demo", name) for name in _FILES]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise StorageError(
            tr("The recorded images are not part of this installation: {path}.", path=missing[0]),
            tr("Install the program anew, or open an image of your own."),
        )
    problem = "" if arguments.text else screen_problem()
    if not arguments.text and not problem and arguments.open_window is not None:
        code: int = arguments.open_window((), "", demo=True)
        return code
    if problem:
        warn(tr("There is no screen ({reason}): here is the comparison as text.", reason=problem))
    print(_recorded())
    print()
    parser = argparse.ArgumentParser()
    compare.configure(parser)
    return compare.run(parser.parse_args([f"snapshot:{path}" for path in paths]))


def _recorded() -> str:
    """Who recorded it, on what and when."""
    from explorer.snapshot.reading import SnapshotFile

    file = SnapshotFile.open(resource("demo", _FILES[0]))
    return " ".join(
        (tr("These images were recorded; nothing is measured now."), file.origin.sentence())
    )
