"""Inside one executable: what it is, where it runs, and its bytes by module and package as tree and map."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QSplitter,
    QTableView,
    QTabWidget,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from explorer.gobinary.binary import NOT_GO, PACKED, GoBinary
from explorer.gobinary.runtimes import RUNTIME_NAMES
from explorer.gui.models.binary import (
    DEPENDENCY_HEADS,
    FILE_HEADS,
    INIT_HEADS,
    NAME,
    SIZE,
    BinaryTreeModel,
    RowsModel,
    dependency_rows,
    file_rows,
    init_rows,
)
from explorer.gui.models.binary_tree import KINDS, BinaryTree, binary_tree
from explorer.gui.selection import Navigation
from explorer.gui.theme import current_theme, group_colour
from explorer.gui.widgets.bars import BarDelegate
from explorer.gui.widgets.breadcrumb import Breadcrumb
from explorer.gui.widgets.colour_key import ColourKey
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.notice import WARNING, Notice
from explorer.gui.widgets.plain_label import ElidedLabel, PlainLabel, button_text
from explorer.gui.widgets.section_bar import SectionBar
from explorer.gui.widgets.treemap import Treemap
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import labelled, listed, ntr, sentences, tr
from explorer.units import count_text, display_text, share_text, size_text

_WIDTHS = {SIZE: 92, 2: 82, 3: 82, 4: 82, 5: 170}


class BinaryView(QWidget):
    """Shows one GoBinary; `closed` is emitted when the user goes back to the image."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.navigation = Navigation(self)
        self._tree: BinaryTree | None = None
        self.notice = Notice()
        self.back = QToolButton()
        self.back.setAutoRaise(True)
        self.back.clicked.connect(self.closed)
        self.title = ElidedLabel()
        self.facts = _Facts()
        self.runs_on = _RunsOn()
        self.bar = SectionBar()
        self.key = ColourKey()
        self.breadcrumb = _PackageBreadcrumb(self.navigation)
        self.packages = _PackageTree(self.navigation)
        self.map = Treemap(self.navigation)
        self.dependencies = _table(tr("Dependencies"), RowsModel(DEPENDENCY_HEADS, (2,)), 2)
        self.embedded = _table(tr("Embedded files"), RowsModel(FILE_HEADS, (1,)), 1)
        self.inits = _table(tr("Packages with work before main"), RowsModel(INIT_HEADS, (1,)), 1)
        self.tabs = QTabWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        bold = self.title.font()
        bold.setBold(True)
        bold.setPointSizeF(bold.pointSizeF() + 2)
        self.title.setFont(bold)
        cards = QWidget()
        column = QVBoxLayout(cards)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(self.facts)
        column.addWidget(self.runs_on)
        column.addStretch(1)
        left = QScrollArea()
        left.setWidgetResizable(True)
        left.setFrameShape(QScrollArea.Shape.NoFrame)
        left.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        left.setWidget(cards)
        left.setMinimumWidth(300)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.packages)
        both.addWidget(self.map)
        both.setChildrenCollapsible(False)
        both.setStretchFactor(0, 5)
        both.setStretchFactor(1, 6)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(4, 4, 4, 4)
        for widget in (self.breadcrumb, self.key):
            inner.addWidget(widget)
        inner.addWidget(both, 1)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(page, tr("Packages"))
        for table in (self.dependencies, self.embedded, self.inits):
            self.tabs.addTab(table, table.accessibleName())
        right = QWidget()
        rows = QVBoxLayout(right)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.bar)
        rows.addWidget(self.tabs, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([360, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        head = QHBoxLayout()
        head.addWidget(self.back)
        head.addWidget(self.title, 1)
        layout.addLayout(head)
        layout.addWidget(self.notice)
        layout.addWidget(split, 1)

    def show_binary(self, binary: GoBinary, image: str = "") -> None:
        """Show another executable from its root; with the name of its `image` a button leads back there."""
        self.back.setVisible(bool(image))
        self.back.setText(button_text(f"‹ {display_text(image, 60)}"))
        self.back.setAccessibleName(tr("Back to {image}", image=display_text(image, 60)))
        self.title.set_whole(binary.path)
        self.facts.show_binary(binary)
        self.runs_on.show_binary(binary)
        self.bar.show_binary(binary)
        self._tree = binary_tree(binary)
        self.packages.model_.show(self._tree)
        self.navigation.current = self.navigation.zoom = 0
        self.navigation.show(self._tree.tree, self._tree.view)
        self.recolour()
        self._fill_tables(binary)
        self._say(binary)

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        if self._tree is None:
            return
        self.map.set_colours(self._tree.colours())
        held = self._tree.kind_bytes()
        self.key.show_entries(
            [
                (tr(KINDS[kind][0]), group_colour(KINDS[kind][1]), size)
                for kind, size in held.items()
            ]
        )
        self.notice.recolour()
        self.runs_on.recolour()

    def _fill_tables(self, binary: GoBinary) -> None:
        tables = (
            (self.dependencies, dependency_rows(binary), len(binary.dependencies or ())),
            (self.embedded, file_rows(binary), len(binary.embedded_files)),
            (self.inits, init_rows(binary), len(binary.init_packages)),
        )
        for number, (table, rows, count) in enumerate(tables, 1):
            table.rows.show(rows)
            table.sortByColumn(table.sort_column, Qt.SortOrder.DescendingOrder)
            self.tabs.setTabText(number, f"{table.accessibleName()} ({count_text(count)})")
            self.tabs.setTabVisible(number, count > 0)

    def _say(self, binary: GoBinary) -> None:
        """One notice of what kept the analysis from being whole."""
        lines = list(binary.problems())
        if binary.packed is not None and binary.packed.original_bytes:
            size = size_text(binary.packed.original_bytes)
            lines.append(tr("Unpacked, it has {size}.", size=size))
        if lines:
            self.notice.say(sentences(*lines), kind=WARNING)
        else:
            self.notice.hide()


class _PackageBreadcrumb(Breadcrumb):
    """Counts packages, not files."""

    def renew(self) -> None:
        super().renew()
        shown, zoom = self._selection.view, self._selection.zoom
        if shown is not None:
            count = int(shown.files[zoom])
            text = ntr("{count} part", "{count} parts", count, count=count_text(count))
            self._facts.setText(f"{text} · {size_text(int(shown.total[zoom]))}")


class _PackageTree(QTreeView):
    """Modules and packages; follows the navigation as the map does."""

    def __init__(self, navigation: Navigation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._navigation = navigation
        self._following = False
        self.model_ = BinaryTreeModel(self)
        self.setModel(self.model_)
        name_view(self, tr("Modules and packages"))
        self.setUniformRowHeights(True)
        self.setSortingEnabled(True)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.setItemDelegateForColumn(SIZE, BarDelegate(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSortIndicator(SIZE, Qt.SortOrder.DescendingOrder)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.doubleClicked.connect(self._double_clicked)
        navigation.current_changed.connect(self.reveal)

    def reveal(self, node: int) -> None:
        """Select a node, opening its module."""
        if self._following:
            return
        index = self.model_.index_of(node)
        if index.isValid() and index != self.currentIndex():
            self._following = True
            self.setCurrentIndex(index)
            self.scrollTo(index)
            self._following = False

    def _current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._following:
            self._following = True
            self._navigation.set_current(self.model_.node(index))
            self._following = False

    def _double_clicked(self, index: QModelIndex) -> None:
        if self.model_.hasChildren(index.siblingAtColumn(0)):
            self._navigation.set_zoom(self.model_.node(index))


class _Table(QTableView):
    """A sortable list with its model and the column that it is sorted by at first."""

    def __init__(self, rows: RowsModel, sort_column: int) -> None:
        super().__init__()
        self.rows, self.sort_column = rows, sort_column


def _table(name: str, rows: RowsModel, sort_column: int) -> _Table:
    view = _Table(rows, sort_column)
    rows.setParent(view)
    view.setModel(rows)
    name_view(view, name)
    view.setSortingEnabled(True)
    view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
    header = view.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column in range(1, rows.columnCount()):
        header.resizeSection(column, 130)
    return view


class _Facts(QGroupBox):
    """What the executable is, one line a fact; facts that are not known are left out."""

    def __init__(self) -> None:
        super().__init__(tr("Executable"))
        self._form = QFormLayout(self)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._values: dict[str, WrappedText] = {}
        for key, label in (
            ("kind", tr("Kind")), ("size", tr("Size")), ("go", tr("Go version")), ("module", tr("Main module")),
            ("package", tr("Main package")), ("linked", tr("Linked")), ("debug", tr("Debug data")), ("settings", tr("Built with")),
        ):  # fmt: skip
            value = WrappedText(label, most=6)
            caption = PlainLabel(label)
            caption.setForegroundRole(caption.palette().ColorRole.PlaceholderText)
            self._form.addRow(caption, value)
            self._values[key] = value

    def show_binary(self, binary: GoBinary) -> None:
        """Show another executable."""
        module = binary.module
        package = binary.main_package
        texts = {
            "kind": _kind(binary),
            "size": f"{size_text(binary.size_bytes)} ({count_text(binary.size_bytes)} B)",
            "go": binary.go_version,
            "module": f"{module.path} {module.version}".strip() if module else "",
            "package": "" if module and module.path == package else package,
            "linked": _linked(binary),
            "debug": _debug(binary),
            "settings": " ".join(f"{key}={value}" for key, value in binary.settings.items()),
        }
        for key, value in self._values.items():
            value.set_text(display_text(texts[key]))
            self._form.setRowVisible(value, bool(texts[key]))

    def text(self, key: str) -> str:
        """What is shown for a fact."""
        return self._values[key].toPlainText()


class _RunsOn(QGroupBox):
    """On which base images it can start: a word, a colour, and the reason."""

    def __init__(self) -> None:
        super().__init__(tr("Runs on"))
        self._form = QFormLayout(self)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows: dict[str, tuple[PlainLabel, WrappedText]] = {}
        self._runs: dict[str, bool] = {}
        for base, name in RUNTIME_NAMES.items():
            caption, reason = PlainLabel(name), WrappedText(name, most=3)
            self._form.addRow(caption, reason)
            self._rows[base] = caption, reason

    def show_binary(self, binary: GoBinary) -> None:
        """Show another executable's verdicts; hidden where there are none."""
        verdicts = binary.runs_on()
        self.setVisible(bool(verdicts))
        self._runs = {item.base: item.runs for item in verdicts}
        for item in verdicts:
            caption, reason = self._rows[item.base]
            caption.setText(f"{'✓' if item.runs else '✗'} {RUNTIME_NAMES[item.base]}")
            word = tr("Yes") if item.runs else tr("No")
            reason.set_text(labelled(word, display_text(item.reason())))
        self.recolour()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        theme = current_theme()
        for base, runs in self._runs.items():
            caption = self._rows[base][0]
            palette = caption.palette()
            palette.setColor(caption.foregroundRole(), theme.good if runs else theme.bad)
            caption.setPalette(palette)

    def verdict(self, base: str) -> PlainLabel:
        """The label with a base image's name."""
        return self._rows[base][0]

    def text(self, base: str) -> str:
        """What is said of a base image."""
        return self._rows[base][1].toPlainText()


def _kind(binary: GoBinary) -> str:
    words = {"elf": "ELF", "pe": "PE", "macho": "Mach-O"}[binary.format]
    parts = [words, binary.arch or "?", tr("{n} bits", n=binary.bits)]
    if binary.position_independent:
        parts.append(tr("position independent"))
    if binary.state == PACKED:
        parts.append(tr("packed with UPX"))
    elif binary.state == NOT_GO:
        parts.append(tr("not written in Go"))
    return ", ".join(parts)


def _linked(binary: GoBinary) -> str:
    linkage = binary.linkage
    if binary.format != "elf":
        return ""
    if linkage.static:
        return tr("statically")
    libraries = listed(linkage.needed) or tr("no library")
    return tr("dynamically: {interpreter}; {libraries}", interpreter=linkage.interpreter, libraries=libraries)  # fmt: skip


def _debug(binary: GoBinary) -> str:
    if not binary.analysed:
        return ""
    if binary.stripped:
        return tr("none: it is stripped")
    removable = binary.removable
    return tr(
        '{total} ({share}), about {compressed} of a compressed layer; -ldflags="-s -w" leaves it out',
        total=size_text(removable.total_bytes),
        share=share_text(removable.total_bytes, binary.size_bytes),
        compressed=size_text(removable.compressed_bytes),
    )
