"""Every command of the window as a QAction: one place for words and keys; the palette lists them all."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr

# name: (text, keys); the first key is shown.
_COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": (mark("Open image…"), ("Ctrl+O",)),
    "open_archive": (mark("Open archive or folder…"), ("Ctrl+Shift+O",)),
    "sample": (mark("Sample analysis"), ()),
    "demo": (mark("Guided demo"), ()),
    "reload": (mark("Read the image again"), ("F5",)),
    "close": (mark("Close image"), ("Ctrl+W",)),
    "next_tab": (mark("Next image"), ("Ctrl+Tab",)),
    "previous_tab": (mark("Previous image"), ("Ctrl+Shift+Tab",)),
    "compare": (mark("Compare…"), ("Ctrl+D",)),
    "optimize": (mark("Optimize"), ("Ctrl+B",)),
    "measure": (mark("Measure start-up…"), ("Ctrl+R",)),
    "filter": (mark("Filter files"), ("Ctrl+F",)),
    "palette": (mark("Command palette…"), ("Ctrl+K",)),
    "undo": (mark("Undo the last dismissal"), ("Ctrl+Z",)),
    "zoom_out": (mark("Zoom out"), ("Alt+Up", "Ctrl+-")),
    "zoom_reset": (mark("Zoom to the root"), ("Ctrl+0",)),
    "toggle_details": (mark("Show or hide details"), ("F4",)),
    "toggle_map": (mark("Show or hide the treemap"), ("F9",)),
    "present": (mark("Presentation mode"), ("F11",)),
    "save_snapshot": (mark("Snapshot…"), ("Ctrl+S",)),
    "export_report": (mark("Report…"), ()),
    "export_files": (mark("Files as CSV…"), ()),
    "export_layers": (mark("Layers as CSV…"), ()),
    "export_findings": (mark("Findings as CSV…"), ()),
    "export_json": (mark("Analysis as JSON…"), ("Ctrl+E",)),
    "export_png": (mark("Treemap as PNG…"), ()),
    "export_svg": (mark("Treemap as SVG…"), ()),
    "preferences": (mark("Preferences…"), ("Ctrl+,",)),
    "about": (mark("About Image Size Explorer"), ("F1",)),
    "quit": (mark("Quit"), ("Ctrl+Q",)),
}
# What makes sense only while an image is shown.
NEEDS_IMAGE = frozenset(
    {
        "reload", "filter", "undo", "save_snapshot", "zoom_out", "zoom_reset", "toggle_details", "toggle_map", "export_files",
        "export_layers", "export_findings", "export_json", "export_png", "export_svg", "export_report",
    }
)  # fmt: skip
EXPORTS = (
    "export_report",
    "export_json",
    "export_files",
    "export_layers",
    "export_findings",
    "export_png",
    "export_svg",
)


class Actions:
    """The actions by name; `parent` owns them and listens to their keys."""

    def __init__(self, parent: QObject) -> None:
        self._by_name: dict[str, QAction] = {}
        for name, (text, keys) in _COMMANDS.items():
            action = QAction(tr(text), parent)
            action.setObjectName(name)
            action.setShortcuts([QKeySequence(key) for key in keys])
            key = f" ({keys[0]})" if keys else ""
            action.setToolTip(tooltip_text(tr(text).rstrip("…") + key))
            self._by_name[name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def all(self) -> list[QAction]:
        """All actions, in the order of the palette."""
        return list(self._by_name.values())

    def connect(self, **slots: Callable[[], object]) -> None:
        """Call a function when an action is triggered, by its name."""
        for name, slot in slots.items():
            self._by_name[name].triggered.connect(lambda _=False, call=slot: call())

    def enable_for_image(self, *, shown: bool) -> None:
        """Enable or disable what needs an image."""
        for name in NEEDS_IMAGE:
            self._by_name[name].setEnabled(shown)
