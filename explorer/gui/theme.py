"""Colours: our own light and dark palettes on Fusion, category colours, layer and difference ramps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from explorer.report.palette import GROUP_COLOURS

_RAMP = ((0.0, (68, 85, 120)), (0.5, (92, 160, 170)), (1.0, (240, 200, 90)))


@dataclass(frozen=True)
class Theme:
    """The colours of one scheme that are not in the palette."""

    dark: bool
    background: QColor
    frame: QColor
    muted: QColor
    bar: QColor
    accent: QColor
    warning: QColor
    error: QColor
    # A state that is well or not; shape and words say it too.
    good: QColor
    bad: QColor
    # Behind the rows of the base image.
    band: QColor
    # For a wall and the last row: black and white, every border seen.
    contrast: bool = False


LIGHT = Theme(
    False, QColor("#f4f5f7"), QColor("#3a3d42"), QColor("#5f6570"), QColor("#b9d2ef"), QColor("#2563a8"),
    QColor("#fff3cd"), QColor("#fbe0e0"), QColor("#228833"), QColor("#c8553d"), QColor("#e4e9f0"),
)  # fmt: skip
DARK = Theme(
    True, QColor("#1e2126"), QColor("#0d0f12"), QColor("#a0a7b4"), QColor("#31527a"), QColor("#6ea8e6"),
    QColor("#4d4220"), QColor("#562b2e"), QColor("#57c26d"), QColor("#ee8866"), QColor("#262b33"),
)  # fmt: skip
LIGHT_CONTRAST = Theme(
    False, QColor("#ffffff"), QColor("#000000"), QColor("#333333"), QColor("#9cc9f5"), QColor("#00408f"),
    QColor("#ffe58a"), QColor("#ffc9c9"), QColor("#005c1f"), QColor("#a02408"), QColor("#d5e3f3"), contrast=True,
)  # fmt: skip
DARK_CONTRAST = Theme(
    True, QColor("#000000"), QColor("#303030"), QColor("#d9d9d9"), QColor("#0a4a94"), QColor("#9ccfff"),
    QColor("#5c4700"), QColor("#7a1c22"), QColor("#7bea90"), QColor("#ffab8c"), QColor("#1f2c3d"), contrast=True,
)  # fmt: skip
_THEMES = {
    "light": LIGHT,
    "dark": DARK,
    "light-contrast": LIGHT_CONTRAST,
    "dark-contrast": DARK_CONTRAST,
}


@dataclass(frozen=True)
class _Plain:
    """The palette's colours of one scheme."""

    base: str
    alternate: str
    text: str
    button: str
    highlight: str
    disabled: str


_PLAIN = {
    "light": _Plain("#ffffff", "#f6f7f9", "#1b1d21", "#e9ebef", "#2563a8", "#9aa0aa"),
    "dark": _Plain("#16181c", "#1b1e23", "#e6e8ec", "#2a2e35", "#2f6fb5", "#6b717c"),
    "light-contrast": _Plain("#ffffff", "#f0f0f0", "#000000", "#ececec", "#003f8f", "#595959"),
    "dark-contrast": _Plain("#000000", "#141414", "#ffffff", "#262626", "#1a5fc4", "#a8a8a8"),
}


def wants_dark(choice: str) -> bool:
    """Whether `choice` ("system", "light", "dark") means dark; "system" asks the desktop, where it answers."""
    if choice != "system":
        return choice == "dark"
    hints = QApplication.styleHints()
    return hints.colorScheme() == Qt.ColorScheme.Dark


def apply_theme(application: QApplication, choice: str, *, contrast: bool = False) -> Theme:
    """Set style and palette; the theme in force is returned."""
    name = ("dark" if wants_dark(choice) else "light") + ("-contrast" if contrast else "")
    theme = _THEMES[name]
    application.setStyle("Fusion")
    palette = _palette(theme, _PLAIN[name])
    application.setPalette(palette)
    # Fusion draws the frame of a box in a darker shade of its Window colour, which nobody sees on dark.
    boxes = QPalette(palette)
    if theme.dark:
        boxes.setColor(QPalette.ColorRole.Window, theme.muted)
    for kind in ("QCheckBox", "QRadioButton"):
        # PySide's stub says bytes; the real one takes str only.
        application.setPalette(boxes, kind)  # type: ignore[arg-type]
    application.setProperty("explorerTheme", name)
    return theme


def current_theme() -> Theme:
    """The theme in force."""
    application = QApplication.instance()
    name = application.property("explorerTheme") if application is not None else None
    return _THEMES.get(str(name), LIGHT)


def _palette(theme: Theme, plain: _Plain) -> QPalette:
    text, button = QColor(plain.text), QColor(plain.button)
    roles = {
        QPalette.ColorRole.Window: theme.background,
        QPalette.ColorRole.WindowText: text,
        QPalette.ColorRole.Base: QColor(plain.base),
        QPalette.ColorRole.AlternateBase: QColor(plain.alternate),
        QPalette.ColorRole.Text: text,
        QPalette.ColorRole.Button: button,
        QPalette.ColorRole.ButtonText: text,
        QPalette.ColorRole.BrightText: QColor("#ffffff"),
        QPalette.ColorRole.ToolTipBase: button if theme.dark else QColor("#ffffff"),
        QPalette.ColorRole.ToolTipText: text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Highlight: QColor(plain.highlight),
        QPalette.ColorRole.HighlightedText: QColor("#ffffff"),
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Accent: theme.accent,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, colour)
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.WindowText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(plain.disabled))
    return palette


def group_colour(group: str) -> QColor:
    """The colour of a category group."""
    return QColor(GROUP_COLOURS[group])


def category_colours() -> list[QColor]:
    """One colour a category, by its code."""
    # The window itself needs no category, and they load much.
    from explorer.findings.category import CATEGORIES

    return [group_colour(category.group) for category in CATEGORIES]


def group_ids() -> list[str]:
    """The groups in the order of the legend."""
    from explorer.findings.category import GROUPS

    return list(GROUPS)


def ramp_colour(position: float) -> QColor:
    """A sequential colour for 0.0 (base layer) to 1.0 (top layer)."""
    for (start, low), (stop, high) in pairwise(_RAMP):
        if position <= stop:
            share = (position - start) / (stop - start)
            red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
            return QColor(red, green, blue)
    return QColor(*_RAMP[-1][1])


def text_on(colour: QColor) -> QColor:
    """Black or white, whichever reads better on `colour` (WCAG 2.1 relative luminance)."""
    channels = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return (
        QColor("#000000")
        if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179
        else QColor("#ffffff")
    )
