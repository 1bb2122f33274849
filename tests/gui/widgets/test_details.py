"""The details panel: what it shows, what it asks for, what it copies."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.findings.analysis import analyse
from explorer.gui.models.payload_text import PREVIEW_BYTES
from explorer.gui.selection import UP_TO, Selection
from explorer.gui.theme import apply_theme
from explorer.gui.widgets.contents import HEX, STEP, TEXT
from explorer.gui.widgets.details import DetailsPanel, shell_quoted
from tests.gui.inputs import HOSTILE_NAMES
from tests.gui.reading import labels, unnamed
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(qtbot: QtBot, selection: Selection) -> DetailsPanel:
    made = DetailsPanel(selection)
    qtbot.addWidget(made)
    made.resize(360, 640)
    return made


def _node(panel: DetailsPanel, path: bytes) -> int:
    analysis = panel._selection.analysis
    assert analysis is not None
    return analysis.stack.tree.find(path)


def _show(panel: DetailsPanel, path: bytes) -> int:
    """Select a path; its payload row."""
    panel.show_node(_node(panel, path))
    return panel._payload


def test_that_a_file_is_shown_with_its_facts(panel: DetailsPanel) -> None:
    _show(panel, b"usr/bin/app")
    assert panel.form.value("path") == "/usr/bin/app"
    assert panel.form.value("size") == "5.0 MB (5,000,000 bytes)"
    assert panel.form.value("later") == ""
    _show(panel, b"srv")
    assert panel.form.value("files") == str(len(HOSTILE_NAMES))
    assert panel.form.value("mode") == ""


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_that_no_name_acts_or_stretches_the_panel(
    panel: DetailsPanel, qtbot: QtBot, name: bytes
) -> None:
    with qtbot.waitExposed(panel):
        panel.show()
    _show(panel, b"srv/" + name)
    QApplication.processEvents()
    assert panel.width() == 360
    body = panel.form.widget()
    assert isinstance(body, QWidget)
    assert body.width() <= panel.form.viewport().width()
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels(panel))
    shown = panel.form.value("path")
    assert shown.isprintable()
    assert len(shown) <= 514


def test_that_content_is_asked_for_once_the_panel_is_seen(
    panel: DetailsPanel, qtbot: QtBot
) -> None:
    row = _show(panel, b"etc/motd")
    assert not panel._timer.isActive(), "nobody sees it yet"
    with qtbot.waitSignal(panel.preview_wanted) as wanted:
        panel.show()
    assert wanted.args == [row]


def test_that_passing_over_rows_asks_only_for_the_last(panel: DetailsPanel, qtbot: QtBot) -> None:
    panel.show()
    asked: list[int] = []
    panel.preview_wanted.connect(asked.append)
    with qtbot.waitSignal(panel.preview_wanted):
        rows = [_show(panel, path) for path in (b"usr/bin/app", b"opt/motd", b"etc/motd")]
    assert asked == rows[-1:]


def test_that_folders_links_and_empty_files_need_no_reading(panel: DetailsPanel) -> None:
    panel.show()
    for path, text in (
        (b"etc", "A folder has no content of its own."),
        (b"etc/link", "Only files have content."),
        (b"etc/empty", "The file is empty."),
    ):
        _show(panel, path)
        assert not panel._timer.isActive()
        assert panel.contents.text.placeholderText() == text
        assert panel._save.isEnabled() is (path == b"etc/empty")


def test_that_text_is_shown_as_plain_text(panel: DetailsPanel) -> None:
    row = _show(panel, b"etc/motd")
    panel.show_preview(row, b"<b>hello</b>\x1b[31m\n", False)
    assert panel.contents.text.toPlainText() == "<b>hello</b>␛[31m\n"
    assert panel.contents.tabs.currentIndex() == TEXT
    assert panel.contents._note.isVisibleTo(panel) is False


def test_that_binary_content_comes_up_as_hex_and_text_again_as_text(panel: DetailsPanel) -> None:
    row = _show(panel, b"usr/bin/app")
    panel.show_preview(row, b"\x7fELF\x02\x01\x01\0" * 2 + b"go1.27.3", True)
    assert panel.contents.tabs.currentIndex() == HEX
    assert panel.contents.hex.toPlainText().startswith("00000000  7f 45 4c 46")
    assert panel.contents.text.toPlainText() == "go1.27.3"
    assert panel.contents._note.text().startswith("The first 24 B of 5.0 MB.")
    row = _show(panel, b"etc/motd")
    panel.show_preview(row, b"hello", False)
    assert panel.contents.tabs.currentIndex() == TEXT


def test_that_the_tab_somebody_chose_stays(panel: DetailsPanel, qtbot: QtBot) -> None:
    panel.show()
    bar = panel.contents.tabs.tabBar()
    row = _show(panel, b"etc/motd")
    for tab in (HEX, STEP):
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(tab).center())
        panel.show_preview(row, b"hello", False)
        assert panel.contents.tabs.currentIndex() == tab


def test_that_a_late_answer_for_another_row_is_dropped(panel: DetailsPanel) -> None:
    old = _show(panel, b"usr/bin/app")
    new = _show(panel, b"etc/motd")
    panel.show_preview(old, b"old", False)
    panel.show_preview_failed(old, "no", "")
    panel.show_loading(old)
    assert panel.contents.text.toPlainText() == ""
    panel.show_preview(new, b"new", False)
    assert panel.contents.text.toPlainText() == "new"


def test_that_at_most_the_previews_limit_is_shown(panel: DetailsPanel) -> None:
    row = _show(panel, b"usr/bin/app")
    panel.show_preview(row, b"a" * (PREVIEW_BYTES + 1000), False)
    shown = panel.contents.text.toPlainText()
    assert shown.count("a") == PREVIEW_BYTES
    assert panel.contents._note.text() == "The first 65.5 kB of 5.0 MB. Long lines are folded."


def test_that_a_failed_preview_says_why_and_can_be_tried_again(
    panel: DetailsPanel, qtbot: QtBot
) -> None:
    panel.show()
    row = _show(panel, b"etc/motd")
    panel.show_loading(row)
    assert panel.contents.text.placeholderText() == "Reading the file…"
    panel.show_preview_failed(row, "The engine <b>stopped</b>.", "Start it again.")
    for editor in (panel.contents.text, panel.contents.hex):
        assert editor.placeholderText() == "The engine <b>stopped</b>.\n\nStart it again."
    assert panel.contents._retry.isVisible()
    with qtbot.waitSignal(panel.preview_wanted) as wanted:
        QTest.mouseClick(panel.contents._retry, Qt.MouseButton.LeftButton)
    assert wanted.args == [row]


def test_that_opening_the_preview_reads_at_once(panel: DetailsPanel) -> None:
    row = _show(panel, b"etc/motd")
    asked: list[int] = []
    panel.preview_wanted.connect(asked.append)
    panel.contents.tabs.setCurrentIndex(STEP)
    panel.open_preview()
    panel.open_preview()
    assert asked == [row]
    assert panel.contents.tabs.currentIndex() == TEXT


def test_that_the_history_leads_to_older_versions(panel: DetailsPanel) -> None:
    newest = _show(panel, b"etc/motd")
    steps = panel.form.steps
    texts = [steps.item(n).text() for n in range(steps.count())]
    assert texts[0] == "layer 0: 5 B, overwritten in layer 1"
    assert steps.currentRow() == 2
    steps.setCurrentRow(0)
    assert panel._payload != newest
    assert panel.form.value("later") == "overwritten in layer 1"
    assert panel.contents.step.toPlainText() == "ADD rootfs.tar /"
    panel.show_row(newest)
    assert steps.currentRow() == 2
    _show(panel, b"usr/bin/app")
    assert not steps.isVisibleTo(panel)


def test_that_the_same_content_elsewhere_can_be_gone_to(
    panel: DetailsPanel, selection: Selection, qtbot: QtBot
) -> None:
    _show(panel, b"opt/motd")
    copies = panel.form.copies
    assert copies.item(0).text() == "/etc/motd (layer 2)"
    copies.setCurrentRow(0)
    QTest.keyClick(copies, Qt.Key.Key_Return)
    assert selection.current == _node(panel, b"etc/motd")


def test_that_the_instruction_is_whole_and_harmless(
    panel: DetailsPanel, selection: Selection
) -> None:
    selection.set_mode(UP_TO, (1,))
    _show(panel, b"etc/motd")
    assert panel.contents.step.toPlainText() == ("RUN set -x \\\n && rm -r <b>/usr/share/doc</b>")


def test_that_another_view_shows_the_row_of_that_view(
    panel: DetailsPanel, selection: Selection
) -> None:
    selection.set_current(_node(panel, b"etc/motd"))
    panel.show_node(selection.current)
    selection.set_mode(UP_TO, (0,))
    assert panel.form.value("later") == "overwritten in layer 1"


def test_that_a_shown_file_stays_shown_when_more_layers_come_in(qtbot: QtBot) -> None:
    described, layers = image(layer(file("a", 1)), layer(file("b", 4)), layer(file("c", 4)))
    selection = Selection()
    selection.set_analysis(analyse(described, {1: layers[1], 2: layers[2]}))
    panel = DetailsPanel(selection)
    qtbot.addWidget(panel)
    selection.set_current(_node(panel, b"b"))
    row = _show(panel, b"b")
    panel.show_preview(row, b"of b", False)
    selection.update_analysis(analyse(described, layers))
    assert panel._payload == row + 1, "rows are counted anew"
    assert panel.contents.text.toPlainText() == "of b"
    # The old number means another file now; what was read for it does not show up as that file's content.
    _show(panel, b"a")
    assert panel._payload == row
    assert panel.contents.text.toPlainText() == ""


def test_that_save_and_layer_ask_for_the_row_and_layer_that_are_shown(
    panel: DetailsPanel, qtbot: QtBot
) -> None:
    app = _show(panel, b"usr/bin/app")
    _show(panel, b"usr/bin/alias")
    with qtbot.waitSignal(panel.save_wanted) as saved:
        QTest.mouseClick(panel._save, Qt.MouseButton.LeftButton)
    assert saved.args == [app], "a hard link is read at its target"
    _show(panel, b"etc/motd")
    with qtbot.waitSignal(panel.layer_wanted) as wanted:
        QTest.mouseClick(panel._layer, Qt.MouseButton.LeftButton)
    assert wanted.args == [2]


def test_that_layers_are_named_by_their_place_in_the_image(qtbot: QtBot) -> None:
    described, layers = image(layer(file("a", 1)), layer(file("b", 1)))
    selection = Selection()
    selection.set_analysis(analyse(described, {1: layers[1]}))
    panel = DetailsPanel(selection)
    qtbot.addWidget(panel)
    _show(panel, b"b")
    with qtbot.waitSignal(panel.layer_wanted) as wanted:
        panel._layer.click()
    assert wanted.args == [1]


def test_that_a_path_is_copied_byte_for_byte(panel: DetailsPanel) -> None:
    _show(panel, b"srv/line\nbreak\ttab\x1b[31mred")
    panel.copy_path()
    assert QGuiApplication.clipboard().text() == "/srv/line\nbreak\ttab\x1b[31mred"
    _show(panel, b"srv/\xff\xfe not utf-8")
    panel.copy_path()
    raw = QGuiApplication.clipboard().mimeData().data("text/plain").data()
    assert raw == b"/srv/\xff\xfe not utf-8"
    panel.copy_name()
    raw = QGuiApplication.clipboard().mimeData().data("text/plain").data()
    assert raw == b"\xff\xfe not utf-8"


def test_that_the_content_digest_is_copied(panel: DetailsPanel) -> None:
    _show(panel, b"etc/motd")
    panel.copy_digest()
    digest = QGuiApplication.clipboard().text()
    assert digest.startswith("xxh3_128:")
    _show(panel, b"opt/motd")
    panel.copy_digest()
    assert QGuiApplication.clipboard().text() == digest
    _show(panel, b"etc")
    assert not panel._copy_digest.isEnabled()


@pytest.mark.parametrize(
    "path",
    [b"/usr/bin/app", b"/with space/it's", b"/\xff\xfe'\\", b"/line\nbreak\x1b1", "/镜像".encode(), b"/$(id)"],
)  # fmt: skip
def test_that_a_quoted_path_is_one_word_of_the_shell(path: bytes) -> None:
    import subprocess

    command = b"printf %s " + shell_quoted(path)
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout == path


def test_that_everything_that_takes_the_focus_has_a_name(panel: DetailsPanel) -> None:
    _show(panel, b"etc/motd")
    assert unnamed(panel) == []


def test_that_the_copy_menu_opens_by_keyboard(panel: DetailsPanel) -> None:
    button = panel._copy
    assert button.focusPolicy() == Qt.FocusPolicy.StrongFocus
    assert [action.text() for action in button.menu().actions()] == [
        "Copy path",
        "Copy path, quoted for a shell",
        "Copy name",
        "Copy content digest",
    ]


def test_that_eight_bytes_a_row_fit_the_column_and_sixteen_a_wider_one(
    panel: DetailsPanel, qtbot: QtBot
) -> None:
    with qtbot.waitExposed(panel):
        panel.show()
    row = _show(panel, b"usr/bin/app")
    panel.show_preview(row, bytes(range(256)) * 8, True)
    hex_view = panel.contents.hex
    assert hex_view.columns == 8
    assert not hex_view.horizontalScrollBar().isVisible()
    panel.resize(720, 640)
    qtbot.waitUntil(lambda: hex_view.columns == 16)
    assert hex_view.toPlainText().split("\n")[1].startswith("00000010  10 11 12")


def test_that_nothing_is_cut_off_at_the_smallest_window_in_either_theme(
    panel: DetailsPanel, qtbot: QtBot, qapp: QApplication
) -> None:
    panel.resize(360, 560)
    with qtbot.waitExposed(panel):
        panel.show()
    _show(panel, b"etc/motd")
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        QApplication.processEvents()
        for button in (panel._copy, panel._save, panel._layer):
            assert button.width() >= button.sizeHint().width()
            assert panel.rect().contains(button.mapTo(panel, button.rect().bottomRight()))


def test_that_nothing_is_shown_without_an_analysis(qtbot: QtBot, qapp: QApplication) -> None:
    panel = DetailsPanel(Selection())
    qtbot.addWidget(panel)
    assert not panel.isEnabled()
    panel.copy_path()
    assert QGuiApplication.clipboard().text() == "/"
