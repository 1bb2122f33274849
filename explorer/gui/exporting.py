"""Saves what is shown: the treemap as PNG or SVG, the analysis as JSON, any export as a file that is whole or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import BinaryIO

from PySide6.QtCore import QBuffer, QIODevice, QRect, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from explorer.findings.analysis import Analysis
from explorer.gui.widgets.treemap_picture import Picture
from explorer.report.analysis_json import analysis_json
from explorer.storing import whole_file
from explorer.translation import language, set_language
from explorer.units import display_text

# CSS pixels: what browsers and editors take a pixel for.
_DOTS_PER_INCH = 96
# Called after each part with the rows written so far; False stops.
Step = Callable[[int], bool]


def png(picture: Picture) -> bytes:
    """The treemap in the pixels of the screen it is shown on."""
    layout = picture.layout
    image = QImage(layout.width, layout.height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    picture.paint(painter)
    painter.end()
    image.setDevicePixelRatio(picture.ratio)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs know only file names
    return bytes(buffer.data().data())


def svg(picture: Picture, title: str) -> bytes:
    """The treemap as shapes and texts."""
    layout = picture.layout
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(layout.width, layout.height))
    generator.setResolution(_DOTS_PER_INCH)
    generator.setViewBox(QRect(0, 0, layout.width, layout.height))
    generator.setTitle(display_text(title))
    painter = QPainter(generator)
    picture.paint(painter)
    painter.end()
    return bytes(buffer.data().data())


def json_document(analysis: Analysis) -> bytes:
    """The analysis as the command line writes it: in English."""
    chosen = language()
    set_language("en")
    try:
        return analysis_json(analysis)
    finally:
        set_language(chosen)


def write(path: str, parts: Iterable[bytes], step: Step | None = None) -> bool:
    """Write all parts to `path` or nothing at all; False when `step` stopped it.

    A crash, a full disk or a stop leave what was there before. Raises StorageError.
    """
    try:
        with whole_file(path) as file:
            _write_parts(file, parts, step)
    except _Stopped:
        return False
    return True


class _Stopped(Exception):
    """The user thought better of it."""


def _write_parts(file: BinaryIO, parts: Iterable[bytes], step: Step | None) -> None:
    written = 0
    for part in parts:
        file.write(part)
        written += part.count(b"\r\n")
        if step is not None and not step(written):
            raise _Stopped
