"""The way from the root to the zoomed folder as buttons, with what it holds."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from explorer.gui.selection import Navigation
from explorer.gui.widgets.plain_label import PlainLabel, button_text
from explorer.translation import ntr, tr
from explorer.units import count_text, display_name, size_text

_SHOWN = 6


class Breadcrumb(QWidget):
    """Each button zooms to its folder."""

    def __init__(self, selection: Navigation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(0)
        self._facts = PlainLabel()
        self._facts.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addLayout(self._buttons)
        row.addStretch(1)
        row.addWidget(self._facts)
        selection.view_changed.connect(self.renew)
        selection.zoom_changed.connect(self.renew)

    def renew(self) -> None:
        """Show the way to the present zoom."""
        while (item := self._buttons.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        tree, shown = self._selection.tree, self._selection.view
        if tree is None or shown is None:
            return
        way = tree.ancestors(self._selection.zoom)
        if len(way) > _SHOWN:
            way = [way[0], *way[-(_SHOWN - 1) :]]
        for node in way:
            self._buttons.addWidget(self._button(node, display_name(tree.name(node), 40) or "/"))
        zoom = self._selection.zoom
        files = int(shown.files[zoom])
        self._facts.setText(
            ntr("{count} file", "{count} files", files, count=count_text(files))
            + " · "
            + size_text(int(shown.total[zoom]))
        )

    def _button(self, node: int, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(button_text(name if node == 0 else f"› {name}"))
        button.setAutoRaise(True)
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(tr("Zoom to {name}", name=name))
        button.clicked.connect(lambda: self._selection.set_zoom(node))
        return button
