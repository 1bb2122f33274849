"""Analyses one file in a process of its own: how it ended, and the peak of the process's memory.

python -m tests.gobinary.measured FILE
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.gobinary.analyse import analyse_file
from explorer.task import Task

_PROJECT = Path(__file__).resolve().parent.parent.parent


def measured(path: Path) -> dict[str, Any]:
    """`state` and `problems` of the analysis (or the error's name as state), and `peak_bytes`."""
    command = [sys.executable, "-m", "tests.gobinary.measured", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=_PROJECT)
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    """See the module."""
    told: dict[str, Any]
    try:
        binary = analyse_file(Task(), Path(sys.argv[1]))
        rest = sum(row.bytes for row in binary.unattributed)
        assert binary.attributed_bytes + rest == binary.size_bytes
        told = {"state": binary.state, "problems": binary.problem_codes}
    except ExplorerError as error:
        told = {"state": type(error).__name__, "problems": []}
    told["peak_bytes"] = peak_bytes()
    sys.stdout.write(json.dumps(told))


def peak_bytes() -> int:
    """The most memory that this process held; getrusage would tell its parent's where that is more."""
    status = Path("/proc/self/status").read_text()
    return (
        int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
        * 1024
    )


if __name__ == "__main__":
    main()
