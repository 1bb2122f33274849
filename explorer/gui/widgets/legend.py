"""The legend: what each colour means and how many bytes it has; buttons fade their kind in or out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from explorer.gui.colouring import Entry
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.plain_label import PlainLabel, button_text, tooltip_text
from explorer.translation import tr
from explorer.units import size_text

_BESIDE = Qt.ToolButtonStyle.ToolButtonTextBesideIcon


class Legend(FlowRow):
    """A combo box for the kind of colouring, then one checkable button a colour."""

    mode_changed = Signal(int)
    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._combo = QComboBox()
        self._combo.addItems([tr("Category"), tr("Layer"), tr("Extension")])
        self._combo.setAccessibleName(tr("Colour by"))
        self._combo.view().setAccessibleName(tr("Colour by"))
        self._combo.currentIndexChanged.connect(self.mode_changed)
        self._buttons: dict[int, QToolButton] = {}
        self._shown_mode = -1
        head = QWidget()
        layout = QHBoxLayout(head)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.addWidget(PlainLabel(tr("Colour")))
        layout.addWidget(self._combo)
        self.flow.addWidget(head)

    @property
    def mode(self) -> int:
        """Which of COLOURINGS."""
        return self._combo.currentIndex()

    def choose(self, mode: int) -> None:
        """Switch to another colouring."""
        self._combo.setCurrentIndex(mode)

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show these colours; what was switched off stays so while the same kind of colouring shows the same keys."""
        same = self._shown_mode == self.mode and {e.key for e in entries} == set(self._buttons)
        off = self.switched_off() if same else set()
        self._shown_mode = self.mode
        self.clear(kept=1)
        self._buttons.clear()
        for entry in entries:
            button = QToolButton()
            button.setCheckable(True)
            button.setChecked(entry.key not in off)
            button.setIcon(_swatch(entry.colour))
            button.setText(button_text(f"{entry.label}  {size_text(entry.bytes)}"))
            button.setToolButtonStyle(_BESIDE)
            button.setAutoRaise(True)
            button.setToolTip(tooltip_text(tr("Click to fade {name} in the map", name=entry.label)))
            button.setAccessibleName(f"{entry.label}, {size_text(entry.bytes)}")
            button.toggled.connect(self.toggled)
            self._buttons[entry.key] = button
            self.flow.addWidget(button)

    def switched_off(self) -> set[int]:
        """The keys whose tiles are to be faded."""
        return {key for key, button in self._buttons.items() if not button.isChecked()}


def _swatch(colour: QColor) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(colour)
    painter = QPainter(pixmap)
    painter.setPen(colour.darker(150))
    painter.drawRect(0, 0, 11, 11)
    painter.end()
    return QIcon(pixmap)
