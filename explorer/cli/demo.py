"""`image-explorer demo`: the recorded before and after in a guided tour; where there is no screen, their comparison as text."""

from __future__ import annotations

import argparse
import sys

from explorer.cli import compare
from explorer.cli.console import warn
from explorer.cli.window import screen_problem
from explorer.errors import StorageError
from explorer.resources import resource
from explorer.translation import sentences, tr

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
            tr("Reinstall the program, or open an image of your own."),
        )
    problem = "" if arguments.text else screen_problem()
    if not arguments.text and not problem and arguments.open_window is not None:
        code: int = arguments.open_window((), "", demo=True)
        return code
    if problem:
        warn(tr("There is no screen ({reason}): here is the comparison as text.", reason=problem))
    from explorer.snapshot.reading import SnapshotFile

    file = SnapshotFile.open(paths[0])
    told = tr("These images were recorded; nothing is measured now.")
    print(sentences(told, file.origin.sentence()) + "\n")
    parser = argparse.ArgumentParser()
    compare.configure(parser)
    sys.stdout.flush()
    done = compare.run(parser.parse_args([f"snapshot:{path}" for path in paths]))
    for sample in file.samples()[:1]:
        from explorer.report.coldstart_terminal import print_coldstart

        print("\n" + tr("Start-up, as it was measured then:"))
        sys.stdout.flush()
        print_coldstart(sample, saved=False)
    return done
