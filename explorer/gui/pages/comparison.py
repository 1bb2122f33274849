"""What differs between two images: cards, and a tab each for files, causes, layers, findings, programs and settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.compare.comparison import Comparison
from explorer.compare.naming import side_names
from explorer.errors import ExplorerError
from explorer.gui import compare_export
from explorer.gui.diff_figures import DiffFigures
from explorer.gui.jobs import Jobs
from explorer.gui.models.compare_tables import (
    CONFIG_HEADS,
    FINDING_HEADS,
    LAYER_HEADS,
    config_rows,
    finding_rows,
    layer_rows,
)
from explorer.gui.widgets.compare_cards import CompareCards
from explorer.gui.widgets.compare_panes import CausesPane, ProgramsPane, SurfacePane
from explorer.gui.widgets.compare_table import CompareTable
from explorer.gui.widgets.diff_files import DiffFiles
from explorer.gui.widgets.notice import ERROR, INFO, WARNING, Notice
from explorer.gui.widgets.plain_label import display_lines, tooltip_text
from explorer.gui.widgets.start_pane import StartPane
from explorer.translation import sentences, tr
from explorer.units import count_text, display_text

_BUTTONS_WIDTH = 150
_SAID_SECONDS = 10


class ComparisonView(QWidget):
    """Shows one Comparison; what needs another one is asked for by signals."""

    swap_wanted = Signal()
    choose_wanted = Signal()
    measure_wanted = Signal()
    measurement_wanted = Signal(str)  # the ID of a stored one
    hover_text = Signal(str)

    def __init__(self, parent: QWidget | None = None, jobs: Jobs | None = None) -> None:
        super().__init__(parent)
        self.comparison: Comparison | None = None
        self.notice, self.moved_notice, self.saved_notice = Notice(), Notice(), Notice()
        self.cards = CompareCards()
        self.swap, self.choose = QPushButton(tr("Swap A and B")), QPushButton(tr("Compare others…"))
        self.copy, self.export = QPushButton(tr("Copy summary")), QToolButton()
        self.copy.setToolTip(tooltip_text(tr("Copy the summary as Markdown, for a pull request")))
        self.files = DiffFiles(jobs=jobs)
        self.causes = CausesPane()
        self.layers = CompareTable(
            tr("Layers"), LAYER_HEADS, stretch=3, numbers=(4, 5, 6), bars=(6,),
            widths={0: 110, 1: 70, 2: 70, 7: 140},
        )  # fmt: skip
        self.findings = CompareTable(
            tr("Findings"), FINDING_HEADS, stretch=4, numbers=(2,), widths={0: 100, 1: 300, 3: 60}
        )
        self.programs = ProgramsPane()
        self.config = CompareTable(
            tr("Settings that differ"), CONFIG_HEADS, stretch=3, widths={0: 110, 1: 220, 2: 380}
        )
        self.surface = SurfacePane()
        self.startup = StartPane()
        self.tabs = QTabWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.tabs.setDocumentMode(True)
        for page, title in (
            (self.files, tr("Files")),
            (self.causes, tr("Causes")),
            (self.layers, tr("Layers")),
            (self.findings, tr("Findings")),
            (self.programs, tr("Programs")),
            (self.config, tr("Settings")),
            (self.surface, tr("Attack surface")),
            (self.startup, tr("Start-up")),
        ):
            self.tabs.addTab(page, title)
        self.export.setText(tr("Export"))
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export.setMenu(self._export_menu())
        buttons = QVBoxLayout()
        buttons.setSpacing(2)
        for button in (self.swap, self.choose, self.copy, self.export):
            button.setFixedWidth(_BUTTONS_WIDTH)
            buttons.addWidget(button)
        buttons.addStretch(1)
        head = QHBoxLayout()
        head.addWidget(self.cards, 1)
        head.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 0)
        layout.setSpacing(6)
        for notice in (self.notice, self.moved_notice, self.saved_notice):
            layout.addWidget(notice)
        layout.addLayout(head)
        layout.addWidget(self.tabs, 1)

    def _export_menu(self) -> QMenu:
        menu = QMenu(self.export)
        for text, act in (
            (tr("Report…"), self.save_report),
            (tr("Files as CSV…"), self.save_files),
            (tr("The table in front as CSV…"), self.save_table),
            (tr("Comparison as JSON…"), self.save_json),
            (tr("Map as PNG…"), lambda: self.save_map("png")),
            (tr("Map as SVG…"), lambda: self.save_map("svg")),
            (tr("Causes as PNG…"), lambda: self.save_chart("png")),
            (tr("Causes as SVG…"), lambda: self.save_chart("svg")),
        ):
            menu.addAction(text, act)
        return menu

    def _connect(self) -> None:
        # F7 goes on from every tab.
        self.addActions(self.files.actions())
        self.swap.clicked.connect(self.swap_wanted)
        self.choose.clicked.connect(self.choose_wanted)
        self.copy.clicked.connect(self.copy_summary)
        self.causes.save_wanted.connect(self.save_chart)
        self.causes.category_wanted.connect(self.show_category)
        self.startup.measure_wanted.connect(self.measure_wanted)
        self.startup.measurement_wanted.connect(self.measurement_wanted)
        self.startup.save_wanted.connect(self.save_starts)
        self.files.hover_text.connect(self.hover_text)

    # ---- what is shown

    def show_comparison(self, comparison: Comparison, counted: DiffFigures | None = None) -> None:
        """Show another comparison from its root; `counted` are the figures of its files, if somebody has them."""
        c = self.comparison = comparison
        a, b = self.names()
        self.cards.show_comparison(c, a, b)
        self.files.show_comparison(c, a, b, counted)
        self.causes.show_comparison(c, a, b)
        self.layers.show_rows(layer_rows(c))
        self.findings.show_rows(finding_rows(c))
        self.programs.show_comparison(c)
        self.config.show_rows(config_rows(c.config))
        self.surface.show_comparison(c)
        self.startup.show_comparison(c, a, b)
        self._count()
        for notice in (self.moved_notice, self.saved_notice):
            notice.hide()
        if c.notes:
            kind = INFO if c.complete else WARNING
            self.notice.say(display_lines("\n".join(c.notes)), kind=kind)
        else:
            self.notice.hide()

    def show_category(self, category: str) -> None:
        """Show only the files of one category."""
        self.tabs.setCurrentWidget(self.files)
        self.files.field.setText(f"cat:{category}")

    def names(self) -> tuple[str, str]:
        """What both images are called."""
        assert self.comparison is not None
        return side_names(self.comparison.a, self.comparison.b)

    def _count(self) -> None:
        """Say on the tabs how much there is in them."""
        c = self.comparison
        assert c is not None
        for page, text, count in (
            (self.findings, tr("Findings"), len(c.findings_gone) + len(c.findings_new)),
            (self.programs, tr("Programs"), len(c.binaries)),
            (self.config, tr("Settings"), len(c.config)),
        ):
            self.tabs.setTabText(self.tabs.indexOf(page), f"{text} ({count_text(count)})")

    def say_moved(self, name: str, image_id: str, again: Callable[[], None]) -> None:
        """Say that a name means another image by now, or none ("")."""
        if image_id:
            text = tr("{name} now means a different image.", name=name)
            self.moved_notice.say(text, (tr("Compare the new one"), again), kind=INFO)
        else:
            text = tr("{name} was removed from the engine; what was read stays.", name=name)
            self.moved_notice.say(text, kind=INFO)

    def focus_filter(self) -> None:
        """Go to the filter of the tab in front."""
        page = self.tabs.currentWidget()
        if isinstance(page, CompareTable):
            page.field.setFocus()
        elif page is self.files:
            self.files.focus_filter()
        else:
            tables = [table for table in page.findChildren(CompareTable) if table.isVisible()]
            if tables:
                tables[0].field.setFocus()

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        self.cards.recolour()
        self.files.retheme()
        self.causes.recolour()
        self.startup.recolour()
        for notice in (self.notice, self.moved_notice, self.saved_notice):
            notice.recolour()

    # ---- what leaves the window

    def copy_summary(self) -> None:
        """Put the summary on the clipboard as Markdown, for a pull request."""
        if self.comparison is None:
            return
        from explorer.report.markdown import summary

        QGuiApplication.clipboard().setText(summary(self.comparison))
        self.saved_notice.say(tr("The summary was copied as Markdown."), seconds=_SAID_SECONDS)

    def save_report(self) -> None:
        """Write the report, in the format that is chosen."""
        comparison = self.comparison
        if comparison is not None:
            self._say_saved(lambda: compare_export.save_report(comparison, self._stem(), self))

    def save_files(self) -> None:
        """Write the files that are shown."""
        self._save("files", compare_export.files_csv(self.files.selection))

    def save_table(self) -> None:
        """Write the table in front; on the Files tab the files."""
        page = self.tabs.currentWidget()
        tables = [page] if isinstance(page, CompareTable) else page.findChildren(CompareTable)
        shown = [table for table in tables if table.isVisible()]
        focused = [table for table in shown if table.view.hasFocus()]
        for table in (focused or shown)[:1]:
            self._save("table", [compare_export.table_csv(table.rows)])
            return
        self.save_files()

    def save_json(self) -> None:
        """Write the whole comparison."""
        if self.comparison is not None:
            self._save("json", compare_export.json_parts(self.comparison))

    def save_map(self, kind: str) -> None:
        """Write the map that is shown, of the differences or of the larger image."""
        title = " → ".join(self.names())
        self._save(kind, compare_export.map_parts(self.files.maps.shown, kind, title))

    def save_chart(self, kind: str) -> None:
        """Write the waterfall."""
        self.causes.draw()
        if self.causes.chart is not None:
            self._save(kind, [self.causes.chart.picture(kind)])

    def save_starts(self, kind: str) -> None:
        """Write the runs of both images' starts as a picture."""
        if self.startup.chart is not None:
            self._save(kind, [self.startup.chart.picture(kind)])

    def _save(self, kind: str, parts: Iterable[bytes]) -> None:
        self._say_saved(lambda: compare_export.save(kind, self._stem(), parts, self))

    def _stem(self) -> str:
        return "-to-".join(self.names())

    def _say_saved(self, save: Callable[[], str]) -> None:
        try:
            written = save()
        except ExplorerError as error:
            self.saved_notice.say(display_lines(sentences(error.message, error.hint)), kind=ERROR)
            return
        if written:
            text = tr("Saved {path}.", path=display_text(written))
            self.saved_notice.say(text, seconds=_SAID_SECONDS)
