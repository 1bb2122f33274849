"""The treemaps of a comparison: A and B on one scale of bytes side by side, or the differences alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.diff_colouring import legend, node_colours, sign_of
from explorer.gui.diff_selection import DiffSelection, SideNavigation
from explorer.gui.widgets.colour_key import ColourKey
from explorer.gui.widgets.plain_label import ElidedLabel, tooltip_text
from explorer.gui.widgets.treemap import Treemap
from explorer.gui.widgets.treemap_picture import Picture
from explorer.translation import tr
from explorer.units import display_name, size_text


@dataclass(frozen=True, eq=False)
class _SignedPicture(Picture):
    """Tiles say by a sign what became of them."""

    selection: DiffSelection | None = None

    def name(self, node: int) -> str:
        """The sign and the name."""
        sign = sign_of(self.selection, node) if self.selection is not None else ""
        return f"{sign} {super().name(node)}"


class DiffMap(Treemap):
    """One of the maps; where the other image has more, the rest of its room is hatched."""

    def __init__(self, selection: DiffSelection, side: SideNavigation) -> None:
        super().__init__(side)
        self._selection, self._side = selection, side
        self.setMinimumHeight(120)
        self.setMinimumWidth(160)
        selection.hovered.connect(self.show_hover)

    def _name(self) -> None:
        super()._name()
        sides = (self._selection.a, "A"), (self._selection.b, "B"), (self._selection.delta, "Δ")
        letter = next(name for side, name in sides if side is self._side)
        self.setAccessibleName(f"{letter}: {self.accessibleName()}")

    def share(self) -> float:
        """The share of the larger image's bytes in the folder that is shown."""
        return self._selection.share(self._side)

    def tip(self, node: int) -> str:
        """A path with both sides' bytes."""
        chosen = self._selection
        a, b = int(chosen.total_a[node]), int(chosen.total_b[node])
        sign = sign_of(chosen, node)
        path = display_name(chosen.diff.tree.path(node))
        return f"{sign} /{path}\nA {size_text(a)}   B {size_text(b)}"

    def picture(self) -> Picture | None:
        """What is drawn now, with signs."""
        plain = super().picture()
        if plain is None:
            return None
        values: dict[str, Any] = {item.name: getattr(plain, item.name) for item in fields(plain)}
        values["empty_text"] = self._empty_text()
        return _SignedPicture(**values, selection=self._selection)

    def _empty_text(self) -> str:
        chosen, zoom = self._selection, self._selection.zoom
        missing = abs(int(chosen.total_b[zoom]) - int(chosen.total_a[zoom]))
        if self._side is chosen.a:
            return tr("{size} less than B", size=size_text(missing))
        return tr("{size} less than A", size=size_text(missing))


class DiffMaps(QWidget):
    """A and B beside each other, or Δ; the same folder, the same current path and the same hover in all."""

    def __init__(self, selection: DiffSelection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self.a, self.b = DiffMap(selection, selection.a), DiffMap(selection, selection.b)
        self.delta = DiffMap(selection, selection.delta)
        self.key = ColourKey()
        self.titles = ElidedLabel(), ElidedLabel()
        self.both_button, self.delta_button = QToolButton(), QToolButton()
        self._stack = QStackedWidget()
        self._lay_out()
        selection.changed.connect(self.recolour)

    def _lay_out(self) -> None:
        both = QSplitter(Qt.Orientation.Horizontal)
        both.setChildrenCollapsible(False)
        for title, view in zip(self.titles, (self.a, self.b), strict=True):
            side = QWidget()
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(2)
            column.addWidget(title)
            column.addWidget(view, 1)
            both.addWidget(side)
        self._stack.addWidget(both)
        self._stack.addWidget(self.delta)
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(2)
        for button, text, hint, page in (
            (self.both_button, tr("A and B"), tr("Both images on one scale of bytes"), 0),
            (self.delta_button, tr("Δ map"), tr("Area: how many bytes differ; colour: which way"), 1),
        ):  # fmt: skip
            button.setText(text)
            button.setToolTip(tooltip_text(hint))
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
            button.clicked.connect(lambda _=False, number=page: self._stack.setCurrentIndex(number))
        self.both_button.setChecked(True)
        row.addWidget(self.key, 1, Qt.AlignmentFlag.AlignVCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._stack, 1)

    def name_sides(self, a: str, b: str) -> None:
        """Name both images over their maps."""
        for letter, title, name in zip("AB", self.titles, (a, b), strict=True):
            title.set_whole(f"{letter}  {name}")

    @property
    def shown(self) -> DiffMap:
        """The map that an export is of: the differences when they are in front, else the larger image's."""
        if self._stack.currentIndex() == 1:
            return self.delta
        return self.a if self._selection.share(self._selection.a) >= 1.0 else self.b

    def recolour(self) -> None:
        """Take the colours of the selection and of the theme in force."""
        if self._selection.comparison is None:
            return
        colours = node_colours(self._selection)
        for view in (self.a, self.b, self.delta):
            view.set_colours(colours)
        self.key.show_entries(legend(self._selection))
