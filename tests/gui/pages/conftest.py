"""A rewrite over an image that has been read, for the tests of the Optimize page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from pytestqt.qtbot import QtBot

from explorer.gui.jobs import Jobs
from explorer.gui.pages.rewrite import RewriteView
from explorer.gui.rewrite_facts import RewriteFacts
from tests.dockerfile.projects import NAIVE, SOURCES, Project
from tests.gui.rewrites import (
    Show,
    opened_tab,
    planned,
    source_folder,
)
from tests.gui.scripted import ScriptedJobs


@pytest.fixture
def show(qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path) -> Iterator[Show]:
    """A view over an image that has been read; planned unless told not to."""
    views: list[RewriteView] = []

    def shown(
        project: Project | None = None,
        *,
        reference: str = "docker-daemon:web:1",
        dockerfile: str | None = None,
        folder: str = "",
        plan: bool = True,
    ) -> RewriteView:
        project = project or Project()
        tab = opened_tab(jobs, project, tmp_path / "tab", reference)
        qtbot.addWidget(tab, before_close_func=lambda tab: tab.close_image())
        view = RewriteView(tab, cast("Jobs", jobs), RewriteFacts(tab, cast("Jobs", jobs)))
        qtbot.addWidget(view, before_close_func=lambda view: view.close_view())
        views.append(view)
        view.resize(1200, 760)
        if dockerfile is not None:
            path = tmp_path / "Dockerfile.given"
            path.write_text(dockerfile)
            view.inputs.dockerfile.set_path(str(path), tell=False)
        if folder:
            view.inputs.folder.set_path(folder, tell=False)
        view.show()
        if plan:
            planned(jobs, view, project)
        return view

    yield shown
    views.clear()


@pytest.fixture
def sources(tmp_path: Path) -> str:
    return source_folder(tmp_path / "src", {**SOURCES, "Dockerfile": NAIVE})
