"""A file's sections as one bar, in the order in which they lie in it, with the largest named below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.gobinary.binary import GoBinary
from explorer.gui.theme import current_theme, group_colour, text_on
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr
from explorer.units import display_text, share_text, size_text

_HEIGHT = 26
_LABEL_ROOM = 8
Part = tuple[str, int, QColor, bool]  # name, bytes, colour, removable


class SectionBar(QWidget):
    """Parts as wide as their share of the file; what -s -w leaves out is hatched. The tooltip names the part below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[Part] = []
        self._total = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(tr("Sections of the file"))

    def show_binary(self, binary: GoBinary) -> None:
        """Show an executable's sections; what lies in none of them is a part of its own."""
        self._parts = section_parts(binary)
        self._total = binary.size_bytes
        self.setVisible(bool(self._parts))
        self.setAccessibleDescription(
            "; ".join(f"{name} {size_text(size)}" for name, size, _, _ in self._parts)
        )
        self.update()

    def part_at(self, x: int) -> str:
        """Name, size and share of the part at a place, "" beside the bar."""
        for (name, size, _, removable), box in zip(self._parts, self._boxes(), strict=True):
            if box.left() <= x <= box.right():
                share = share_text(size, self._total)
                hint = "\n" + tr('left out by -ldflags="-s -w"') if removable else ""
                return f"{name}\n{size_text(size)} · {share}{hint}"
        return ""

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.part_at(event.pos().x())
            QToolTip.showText(event.globalPos(), tooltip_text(text), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = current_theme()
        painter.fillRect(self.rect(), theme.bar)
        metrics = self.fontMetrics()
        for (name, _, colour, removable), box in zip(self._parts, self._boxes(), strict=True):
            painter.fillRect(box, colour)
            if removable:
                painter.fillRect(box, QBrush(theme.background, Qt.BrushStyle.BDiagPattern))
            painter.fillRect(
                QRect(box.topRight(), QPoint(box.right(), box.bottom())), theme.background
            )
            if metrics.horizontalAdvance(name) + _LABEL_ROOM <= box.width():
                if removable:
                    label = QRect(0, 0, metrics.horizontalAdvance(name) + 6, metrics.height())
                    label.moveCenter(box.center())
                    painter.fillRect(label, colour)
                painter.setPen(text_on(colour))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)

    def _boxes(self) -> list[QRect]:
        boxes, done, left = [], 0, 0
        for _, size, _, _ in self._parts:
            done += size
            right = round(self.width() * done / self._total) if self._total else 0
            boxes.append(QRect(left, 0, right - left, self.height()))
            left = right
        return boxes


def section_parts(binary: GoBinary) -> list[Part]:
    """The sections that take bytes, in the file's order, and the rest; together they are the file."""
    parts: list[Part] = []
    left = binary.size_bytes
    for section in binary.sections:
        size = min(section.bytes, left)
        if size:
            left -= size
            parts.append(_part(section.name, size, alloc=section.alloc))
    if left and parts:
        parts.append((tr("headers and padding"), left, current_theme().muted, False))
    return parts


def _part(name: str, size: int, *, alloc: bool) -> Part:
    removable = not alloc and name.startswith((".symtab", ".strtab", ".debug_", ".zdebug_"))
    groups: Sequence[tuple[str, bool]] = (
        ("shadow", removable),
        ("application", name.startswith((".text", ".plt", ".init", ".fini"))),
        ("modules", "pclntab" in name or name == ".go.func"),
        ("toolchain", name.startswith((".dyn", ".rel", ".gnu", ".hash"))),
        ("source", name.startswith((".data", ".noptrdata", ".go.type", ".typelink", ".itablink"))),
        ("cache", name.startswith((".rodata", ".eh_frame"))),
        ("system", True),
    )
    group = next(group for group, chosen in groups if chosen)
    return display_text(name or "?", 40), size, group_colour(group), removable
