"""`image-explorer` and `python -m explorer`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main() -> int:
    """Run the command line or open the window; returns the exit code."""
    from explorer.cli.main import run

    return run(sys.argv[1:], _open_window)


def _open_window(references: Sequence[str], host: str, *, demo: bool = False) -> int:
    # Qt loads only when a window is wanted.
    from explorer.gui.app import run

    return run(references, host, demo=demo)


if __name__ == "__main__":
    sys.exit(main())
