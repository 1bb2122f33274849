"""The colours of category groups and differences, for the window's charts and the reports alike."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.translation import mark

# Paul Tol, "Colour schemes", bright: smallest CIEDE2000 distance 8.6 over three kinds of colour blindness.
GROUP_COLOURS: Mapping[str, str] = {
    "application": "#4477AA",
    "toolchain": "#EE6677",
    "cache": "#CCBB44",
    "modules": "#66CCEE",
    "source": "#228833",
    "shadow": "#AA3377",
    "system": "#BBBBBB",
}
GROUP_LABELS: Mapping[str, str] = {
    "application": mark("Application"),
    "toolchain": mark("Toolchains"),
    "cache": mark("Caches"),
    "modules": mark("Go modules"),
    "source": mark("Sources"),
    "shadow": mark("Hidden, debug"),
    "system": mark("System, other"),
}
# Never red and green: blue is smaller, orange is bigger, and a sign says so too.
LESS, MORE, WHOLE = "#4477AA", "#D9730D", "#888888"


def luminance(colour: str) -> float:
    """WCAG 2.1 relative luminance of a #rrggbb colour, 0.0 to 1.0."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def text_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour`: both contrasts are equal at a luminance of 0.179."""
    return "#000000" if luminance(colour) > 0.179 else "#FFFFFF"
