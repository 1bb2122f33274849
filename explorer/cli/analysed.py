"""The analysis of an image for the command line: what is kept of it, else read in another process with limits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.task import Task
from explorer.workflow.kept import kept_of_engine

if TYPE_CHECKING:
    from explorer.findings.analysis import Analysis


def analysed(
    task: Task, options: Mapping[str, Any], meanwhile: Callable[[], None] | None = None
) -> Analysis:
    """The analysis for the fields of workflow.opening.Options; `meanwhile` runs here while another process reads.

    What is kept is only shown: no other process is needed for that. Raises what analysing raises.
    """
    kept = kept_of_engine(task, options)
    if kept is not None:
        return kept
    from explorer import sandbox

    function = "explorer.workflow.analysing:analyse_to_file"
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        path = sandbox.run(task, function, options, folder, meanwhile=meanwhile)
        from explorer.findings.analysis import Analysis

        # The file is mapped: it may go while the analysis stays.
        return Analysis.load(Path(path))
