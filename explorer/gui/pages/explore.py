"""The Explore page: image card, layers and findings at the left, files and map in the middle, details at the right."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PySide6.QtCore import QByteArray, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from explorer.filesystem.layer import Kind
from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding
from explorer.findings.query import Query
from explorer.gobinary.elf import MAGIC
from explorer.gui.models.facts import payload_row
from explorer.gui.models.layers import BaseImage
from explorer.gui.selection import MERGED, Selection
from explorer.gui.widgets.breadcrumb import Breadcrumb
from explorer.gui.widgets.details import DetailsPanel
from explorer.gui.widgets.file_tree import FileTreeView
from explorer.gui.widgets.findings_pane import FindingsPane
from explorer.gui.widgets.image_card import ImageCard
from explorer.gui.widgets.layer_list import LayerList
from explorer.gui.widgets.map_pane import MapPane
from explorer.gui.widgets.notice import WARNING, Notice
from explorer.settings import Settings
from explorer.translation import ntr, tr
from explorer.units import count_text, display_name, display_text, size_text

_LEFT, _CENTRE, _RIGHT = 400, 720, 360


class ExplorePage(QWidget):
    """Shows one analysis; what reads the image again (preview, extract) is asked for by signals."""

    inside_wanted = Signal(int)
    preview_wanted = Signal(int)
    save_wanted = Signal(int)
    reason_wanted = Signal(object)
    dismissals_changed = Signal(object)
    query_cleared = Signal()
    hover_text = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.selection = Selection(self)
        self.card = ImageCard()
        self.layers = LayerList(self.selection)
        self.findings = FindingsPane()
        self.breadcrumb = Breadcrumb(self.selection)
        self.files = FileTreeView(self.selection)
        self.map_pane = MapPane(self.selection)
        self.details = DetailsPanel(self.selection)
        self.state_notice = Notice()
        self.filter_notice = Notice()
        self._query: Query | None = None
        self._finding: Finding | None = None
        self.columns = QSplitter(Qt.Orientation.Horizontal)
        self.left = QSplitter(Qt.Orientation.Vertical)
        self.centre = QSplitter(Qt.Orientation.Vertical)
        self._lay_out()
        self._connect()

    # ---- how it is put together

    def _lay_out(self) -> None:
        self.left.addWidget(self.layers)
        self.left.addWidget(self.findings)
        self.left.setStretchFactor(0, 3)
        self.left.setStretchFactor(1, 4)
        self.centre.addWidget(self.files)
        self.centre.addWidget(self.map_pane)
        self.centre.setStretchFactor(0, 5)
        self.centre.setStretchFactor(1, 6)
        left = _column(self.card, self.left, minimum=340)
        middle = _column(
            self.state_notice, self.filter_notice, self.breadcrumb, self.centre, minimum=300
        )
        for splitter in (self.left, self.centre, self.columns):
            splitter.setChildrenCollapsible(False)
        for column in (left, middle, self.details):
            self.columns.addWidget(column)
        self.columns.setCollapsible(2, True)
        self.columns.setStretchFactor(1, 1)
        self.columns.setSizes([_LEFT, _CENTRE, _RIGHT])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 0)
        layout.addWidget(self.columns)
        order = (
            self.layers.view,
            # The pane, not its table: a pane left behind would send the focus back from the map for ever.
            self.findings,
            self.files,
            self.map_pane.map,
            self.details,
        )
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _connect(self) -> None:
        selection = self.selection
        selection.hovered.connect(self._hovered)
        selection.current_changed.connect(self._current_changed)
        self.findings.table.opened.connect(self.open_finding)
        self.findings.table.chosen.connect(lambda finding: self.map_pane.highlight(finding.rows))
        self.findings.table.reason_wanted.connect(self.reason_wanted)
        self.findings.dismissals_changed.connect(self.dismissals_changed)
        for view in (self.files, self.map_pane.map):
            view.menu_wanted.connect(self._menu)
            view.previewed.connect(self.preview)
        self.files.activated_file.connect(self.activate)
        self.map_pane.map.activated.connect(self.activate)
        self.details.preview_wanted.connect(self.preview_wanted)
        self.details.save_wanted.connect(self.save_wanted)
        self.details.layer_wanted.connect(self.layers.show_layer)

    # ---- what is shown

    def show_analysis(self, analysis: Analysis, dismissed: set[str]) -> None:
        """Show an image from its root, or a fuller analysis of the one that is shown."""
        self.card.show_analysis(analysis)
        self.layers.show_analysis(analysis)
        self.findings.show_analysis(analysis, dismissed)
        known = self.selection.analysis
        if known is not None and known.image.id == analysis.image.id:
            finding_open = self._finding is not None
            self.selection.update_analysis(analysis)
            if finding_open:
                self.close_finding()
        else:
            self._finding = None
            self.selection.set_analysis(analysis)
        if self._query is not None:
            self.set_query(self._query)
        self.details.show_node(self.selection.current)

    def show_base(self, base: BaseImage) -> None:
        """Mark the layers of the base image."""
        if self.selection.analysis is not None:
            self.layers.show_analysis(self.selection.analysis, base)

    def set_query(self, query: Query | None, *, everywhere: bool = False) -> None:
        """Keep only what a filter matches; None keeps all."""
        self._query = query
        analysis = self.selection.analysis
        if analysis is None:
            return
        rows = query.rows(analysis) if query is not None else None
        self.selection.set_query(rows, everywhere=everywhere)
        self._say_filter()

    def open_finding(self, finding: Finding) -> None:
        """Show the files behind a finding and nothing else."""
        analysis = self.selection.analysis
        if analysis is None:
            return
        self._finding = finding
        self.map_pane.highlight(None)
        self.layers.reset()
        rows = np.zeros(len(analysis.stack), dtype=bool)
        rows[finding.rows] = True
        self.selection.set_finding(rows)
        biggest = int(analysis.stack.node[finding.rows[0]]) if len(finding.rows) else 0
        self.selection.set_current(biggest)
        self._say_filter()

    def close_finding(self) -> None:
        """Show all files again."""
        self._finding = None
        self.selection.set_finding(None)
        self._say_filter()

    def activate(self, node: int) -> None:
        """Go into an executable, or preview any other file."""
        if self._is_executable(node):
            self.selection.set_current(node)
            self.inside_wanted.emit(node)
        else:
            self.preview(node)

    def _is_executable(self, node: int) -> bool:
        """Whether the final file system has an ELF file there, links between layers included."""
        analysis, shown = self.selection.analysis, self.selection.view
        row = int(shown.row[node]) if shown is not None else -1
        if analysis is None or row < 0 or not analysis.stack.merged()[row]:
            return False
        held = payload_row(analysis, row)
        return held >= 0 and analysis.stack.head[held, :4].tobytes() == MAGIC

    def preview(self, node: int) -> None:
        """Show a node's details, and its content if it is a file."""
        self.selection.set_current(node)
        if not self.details.isVisible():
            self.toggle_details()
        self.details.open_preview()

    def toggle_details(self) -> None:
        """Show or hide the details."""
        self.details.setVisible(not self.details.isVisible())
        sizes = self.columns.sizes()
        if self.details.isVisible() and sizes[2] < _RIGHT // 2:
            self.columns.setSizes([sizes[0], max(sum(sizes[1:]) - _RIGHT, 300), _RIGHT])

    def toggle_map(self) -> None:
        """Show or hide the treemap."""
        self.map_pane.setVisible(not self.map_pane.isVisible())

    def apply_settings(self, settings: Settings) -> None:
        """Show what the user wants to see."""
        self.map_pane.map.set_tips(on=settings.tooltips)
        self.map_pane.setVisible(settings.treemap_shown)
        self.details.setVisible(settings.details_shown)

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        self.state_notice.recolour()
        self.filter_notice.recolour()
        self.map_pane.recolour()

    def _say_filter(self) -> None:
        """Say which files are shown when not all are, and what to do when none is."""
        shown, analysis = self.selection.view, self.selection.analysis
        if shown is None or analysis is None:
            return
        finding, files = self._finding, int(shown.files[0])
        if not bool(shown.present[0]) and self._query is not None:
            self._say_nothing_found(analysis)
        elif finding is not None:
            self.filter_notice.say(
                ntr(
                    "Only the {count} file of “{title}”: {size}",
                    "Only the {count} files of “{title}”: {size}",
                    files,
                    count=count_text(files),
                    title=display_text(finding.title(), 80),
                    size=size_text(int(shown.total[0])),
                ),
                (tr("Why, and what to do"), lambda: self._explain(finding)),
                (tr("Show all files"), self.close_finding),
            )
        elif self.selection.everywhere:
            self.filter_notice.say(
                tr("Files that the final image hides are shown, too."),
                (tr("Clear filter"), self.query_cleared.emit),
            )
        else:
            self.filter_notice.hide()

    def _explain(self, finding: Finding) -> None:
        self.reason_wanted.emit(finding)
        self._say_filter()

    def _say_nothing_found(self, analysis: Analysis) -> None:
        query = self._query
        assert query is not None
        hidden = int(query.rows(analysis).sum())
        clear = (tr("Clear filter"), self.query_cleared.emit)
        text = tr("Nothing matches {filter}.", filter=display_text(" ".join(query.chips()), 200))
        if not hidden:
            self.filter_notice.say(text, clear, kind=WARNING)
            return
        where = (
            tr("in the final file system")
            if self.selection.mode == MERGED
            else tr("in the chosen layers")
        )
        self.filter_notice.say(
            tr(
                "{text} {n} entries match elsewhere, not {where}.",
                text=text,
                n=count_text(hidden),
                where=where,
            ),
            (tr("Search all layers"), lambda: self.set_query(query, everywhere=True)),
            clear,
            kind=WARNING,
        )

    # ---- what people do

    def _hovered(self, node: int) -> None:
        chosen = node if node > 0 else self.selection.current
        self.hover_text.emit(self._node_text(chosen))

    def _current_changed(self, node: int) -> None:
        self.details.show_node(node)
        self.hover_text.emit(self._node_text(node))

    def _node_text(self, node: int) -> str:
        tree, shown = self.selection.tree, self.selection.view
        if tree is None or shown is None or node <= 0 or node >= len(tree):
            return ""
        return f"/{display_name(tree.path(node), 200)} · {size_text(int(shown.total[node]))}"

    def _menu(self, node: int, place: QPoint) -> None:
        analysis, shown = self.selection.analysis, self.selection.view
        if analysis is None or shown is None:
            return
        self.selection.set_current(node)
        row = int(shown.row[node])
        kind = int(analysis.stack.kind[row]) if row >= 0 else int(Kind.DIRECTORY)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if kind == Kind.DIRECTORY:
            menu.addAction(tr("Zoom here"), lambda: self.selection.set_zoom(node))
        else:
            if self._is_executable(node):
                menu.addAction(tr("Look inside"), lambda: self.activate(node))
            menu.addAction(tr("Preview"), lambda: self.preview(node))
            save = menu.addAction(tr("Save file as…"), lambda: self.save_wanted.emit(row))
            save.setEnabled(kind in (Kind.FILE, Kind.HARDLINK))
        menu.addAction(tr("Copy path"), self.details.copy_path)
        if row >= 0:
            layer = analysis.stack_layers[int(analysis.stack.layer[row])]
            menu.addAction(tr("Show in layer {n}", n=layer), lambda: self.layers.show_layer(layer))
        menu.popup(place)

    # ---- what is kept between sessions

    def save_splitters(self) -> dict[str, str]:
        """Where the splitters stand, as base64."""
        return {
            name: bytes(splitter.saveState().toBase64().data()).decode("ascii")
            for name, splitter in self._splitters().items()
        }

    def restore_splitters(self, states: dict[str, str]) -> None:
        """Put the splitters where they stood."""
        for name, splitter in self._splitters().items():
            if name in states:
                splitter.restoreState(QByteArray.fromBase64(states[name].encode("ascii")))

    def _splitters(self) -> dict[str, QSplitter]:
        return {"columns": self.columns, "left": self.left, "centre": self.centre}


def _column(*widgets: QWidget, minimum: int) -> QWidget:
    column = QWidget()
    column.setMinimumWidth(minimum)
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    layout.setStretchFactor(widgets[-1], 1)
    return column
