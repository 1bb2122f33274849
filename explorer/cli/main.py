"""Finds the command, runs it and turns errors into two lines and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from explorer.cli.console import complain
from explorer.cli.helptext import HelpFormatter, translate_argparse
from explorer.errors import ExplorerError, InputError
from explorer.paths import log_file, log_to_file
from explorer.task import Cancelled
from explorer.translation import set_language, tr

CANCELLED = 130
# What a standard output that takes no more answers with.
_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
# Given by __main__, the only part that knows both the command line and the window.
OpenWindow = Callable[..., int]
# Each command is a module of this package with `configure(parser)` and `run(arguments) -> int`.
_COMMANDS = {
    "list": "listing",
    "analyze": "analyze",
    "binary": "binary",
    "compare": "compare",
    "check": "check",
    "coldstart": "coldstart",
    "rewrite": "rewrite",
    "snapshot": "snapshot",
    "demo": "demo",
    "open": "window",
}


class _Parser(argparse.ArgumentParser):
    """argparse with our error format."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, tr("See {command} --help.", command=self.prog))


def run(arguments: Sequence[str], open_window: OpenWindow | None = None) -> int:
    """Run one command line; never raises, never prints a traceback. `open_window` shows references in a window."""
    set_language("system")
    translate_argparse()
    log_to_file()
    _prepare_streams()
    try:
        code = _dispatch(list(arguments), open_window)
        sys.stdout.flush()
        return code
    except ExplorerError as error:
        complain(error.message, error.hint)
        return error.exit_code
    except (Cancelled, KeyboardInterrupt):
        complain(tr("Cancelled."))
        return CANCELLED
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        _discard_output()
        return 0
    except OSError as error:
        # Errors over files of ours name the file and are told elsewhere.
        if error.errno not in _OUTPUT_ERRORS or error.filename is not None:
            return _internal(error)
        _discard_output()
        complain(
            tr("The output cannot be written: {reason}", reason=error.strerror or str(error)),
            tr("Send it somewhere else, or free some space."),
        )
        return 2
    except Exception as error:  # noqa: BLE001  # the border of the program; the log has it all
        return _internal(error)


def _internal(error: Exception) -> int:
    logging.getLogger(__name__).error("internal error", exc_info=error)
    complain(
        tr("Internal error: {error}", error=f"{type(error).__name__}: {error}"),
        tr("Please report it, with the log file {path}.", path=log_file()),
    )
    return 2


def _prepare_streams() -> None:
    """Closed streams swallow what is written; characters that the terminal's encoding lacks become question marks."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for the rest of the program
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # same
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _discard_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter's last flush does not fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(arguments: list[str], open_window: OpenWindow | None) -> int:
    if arguments and arguments[0] in ("-h", "--help", "--version"):
        _general_parser().parse_args(arguments)
    command = arguments.pop(0) if arguments and arguments[0] in _COMMANDS else "open"
    module = importlib.import_module(f"explorer.cli.{_COMMANDS[command]}")
    configured = _Parser(
        prog=f"image-explorer {command}",
        description=module.describe(),
        epilog=module.example(),
        formatter_class=HelpFormatter,
        allow_abbrev=False,  # what a script shortens today may be two options tomorrow
    )
    module.configure(configured)
    configured.set_defaults(open_window=open_window)
    execute: Callable[[argparse.Namespace], int] = module.run
    return execute(configured.parse_args(arguments))


def _general_parser() -> argparse.ArgumentParser:
    """What `image-explorer --help` and `--version` show."""
    from importlib.metadata import version

    parser = _Parser(
        prog="image-explorer",
        description=tr("Shows, byte for byte, what bloats a container image."),
        epilog=tr("Without a command it opens the window: image-explorer [REF ...]")
        + "\n\n"
        + tr("Example: image-explorer analyze golang:1.27"),
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"image-explorer {version('image-size-explorer')}"
    )
    commands = parser.add_subparsers(title=tr("commands"), metavar="COMMAND")
    for name, module in _COMMANDS.items():
        commands.add_parser(name, help=importlib.import_module(f"explorer.cli.{module}").describe())
    return parser
