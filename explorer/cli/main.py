"""Finds the command, runs it and turns errors into two lines and an exit code."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from logging.handlers import RotatingFileHandler
from typing import NoReturn

from explorer.cli.console import complain
from explorer.errors import ExplorerError, InputError
from explorer.paths import state_dir
from explorer.task import Cancelled
from explorer.translation import set_language, tr

CANCELLED = 130
# Each command is a module of this package with `configure(parser)` and `run(arguments) -> int`.
_COMMANDS = {"list": "listing", "analyze": "analyze", "open": "window"}
_LOG_BYTES = 1 << 20


class _Parser(argparse.ArgumentParser):
    """argparse with our error format."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, tr("See {command} --help.", command=self.prog))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; never raises, never prints a traceback."""
    set_language("system")
    _log_to_file()
    try:
        return _dispatch(list(arguments))
    except ExplorerError as error:
        complain(error.message, error.hint)
        return error.exit_code
    except (Cancelled, KeyboardInterrupt):
        complain(tr("Cancelled."))
        return CANCELLED
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        sys.stderr.close()
        return 0
    except Exception as error:  # the border of the program; the log has it all
        logging.getLogger(__name__).exception("internal error")
        complain(
            tr("Internal error: {error}", error=f"{type(error).__name__}: {error}"),
            tr("Please report it, with the log file {path}.", path=state_dir() / "log.txt"),
        )
        return 2


def _dispatch(arguments: list[str]) -> int:
    parser = _Parser(
        prog="image-explorer",
        description=tr("Shows, byte for byte, what bloats a container image."),
        epilog=tr("Without a command it opens the window: image-explorer [REF ...]")
        + "\n\n"
        + tr("Example: image-explorer analyze golang:1.27"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"image-explorer {version('image-size-explorer')}"
    )
    if arguments and arguments[0] in ("-h", "--help", "--version"):
        _add_commands(parser)
        parser.parse_args(arguments)
    command = arguments.pop(0) if arguments and arguments[0] in _COMMANDS else "open"
    module = importlib.import_module(f"explorer.cli.{_COMMANDS[command]}")
    configured = _Parser(
        prog=f"image-explorer {command}",
        description=module.describe(),
        epilog=module.example(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(configured)
    execute: Callable[[argparse.Namespace], int] = module.run
    return execute(configured.parse_args(arguments))


def _add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title=tr("commands"), metavar="")
    for name, module in _COMMANDS.items():
        commands.add_parser(name, help=importlib.import_module(f"explorer.cli.{module}").describe())


def _log_to_file() -> None:
    """Send warnings and errors to the log file; without one (read-only home) they are dropped."""
    root = logging.getLogger()
    if root.handlers:
        return
    try:
        folder = state_dir()
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            folder / "log.txt", maxBytes=_LOG_BYTES, backupCount=1, delay=True, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    )
    root.addHandler(handler)
