"""Why a finding is one: the dialog and the text it copies."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding
from explorer.gui.dialogs import reason
from explorer.gui.dialogs.reason import ReasonDialog, reason_text
from tests.gui.inputs import HOSTILE_NAMES
from tests.gui.reading import clipped, labels, unnamed

pytestmark = pytest.mark.gui


def _finding(analysis: Analysis, **values: object) -> Finding:
    folder = analysis.stack.tree.find(b"srv")
    inside = list(range(folder + 1, int(analysis.stack.tree.end[folder])))
    rows = np.flatnonzero(np.isin(analysis.stack.node, inside))
    rows = rows[np.argsort(-analysis.stack.size[rows], kind="stable")].astype(np.int32)
    fields: dict[str, object] = {
        "id": "x",
        "category": "temporary",
        "bytes": int(analysis.stack.size[rows].sum()),
        "layer": 0,
        "rows": rows,
        "fields": {
            "title": "<b>Odd</b> names",
            "reason": "They lie in <img src=/dev/zero>.\nTwo \x1b[31mlines.",
            "remedy": "rm -rf /srv",
        },
    }
    return Finding(**{**fields, **values})  # type: ignore[arg-type]  # as the test names them


@pytest.fixture
def dialog(qtbot: QtBot, analysis: Analysis) -> ReasonDialog:
    made = ReasonDialog(analysis, _finding(analysis))
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_the_files_are_listed_biggest_first(dialog: ReasonDialog) -> None:
    model = dialog.files.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    assert model.rowCount() == len(HOSTILE_NAMES)
    assert [model.index(0, column).data() for column in range(3)] == ["/srv/镜像", "107 B", "0"]
    assert model.index(7, 0).data() == "/srv/<img src=zero><b>bold.txt"


def test_that_no_text_acts(dialog: ReasonDialog) -> None:
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels(dialog))
    texts = [label.text() for label in labels(dialog)]
    assert "<b>Odd</b> names" in texts
    assert "828 bytes · layer 0" in texts
    assert "8 files" in texts


def test_that_everything_is_copied_as_text(dialog: ReasonDialog, analysis: Analysis) -> None:
    dialog.copy()
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[:8] == [
        "<b>Odd</b> names",
        "828 bytes · layer 0",
        "",
        "They lie in <img src=/dev/zero>.",
        "Two ␛[31mlines.",
        "",
        "rm -rf /srv",
        "",
    ]
    assert lines[8] == "     107 B  /srv/镜像"
    assert len(lines) == 8 + len(HOSTILE_NAMES)


def test_that_a_long_list_is_cut_and_says_so(
    analysis: Analysis, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reason, "LISTED", 3)
    monkeypatch.setattr(reason, "COPIED", 2)
    finding = _finding(analysis, layer=-1, overlaps=True)
    made = ReasonDialog(analysis, finding)
    qtbot.addWidget(made)
    assert made.files.model().rowCount() == 3
    assert "The largest 3 of 8 files" in [label.text() for label in labels(made)]
    text = reason_text(analysis, finding)
    assert text.endswith("… and 6 more")
    assert "828 bytes · several layers · other findings count these bytes, too" in text


def test_that_its_files_can_be_shown_in_the_tree(dialog: ReasonDialog, qtbot: QtBot) -> None:
    button = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Show its files")
    with qtbot.waitSignal(dialog.files_wanted) as wanted:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted.args == [dialog._finding]
    assert not dialog.isVisible()


def test_that_all_is_named_and_fits_at_the_smallest_size(dialog: ReasonDialog) -> None:
    dialog.resize(dialog.minimumSize())
    QApplication.processEvents()
    assert unnamed(dialog) == []
    assert clipped(dialog) == []
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_that_a_finding_without_files_can_be_shown(analysis: Analysis, qtbot: QtBot) -> None:
    made = ReasonDialog(analysis, _finding(analysis, rows=np.zeros(0, dtype=np.int32), bytes=0))
    qtbot.addWidget(made)
    assert made.files.model().rowCount() == 0
    assert "0 files" in [label.text() for label in labels(made)]
