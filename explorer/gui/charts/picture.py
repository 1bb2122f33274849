"""A chart as a file: PNG, SVG or PDF of what is on the screen. pyqtgraph's own SVG export fails with later Qt releases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRect, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from explorer.units import display_text

FORMATS = ("png", "svg", "pdf")
# CSS pixels: what browsers and editors take a pixel for; a point is 1/72 inch.
_DOTS_PER_INCH = 96
_POINTS_PER_PIXEL = 72 / _DOTS_PER_INCH
_PNG_SCALE = 2


def picture(view: Any, kind: str, title: str) -> bytes:
    """The scene of a pyqtgraph view as a file of one of FORMATS."""
    return {"png": _png, "svg": _svg, "pdf": _pdf}[kind](view, title)


def _png(view: Any, _title: str) -> bytes:
    size = view.size() * _PNG_SCALE
    image = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    with _exporting(view, painter):
        _paint(view, painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    image.setDevicePixelRatio(_PNG_SCALE)
    buffer = _buffer()
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs know only file names
    return bytes(buffer.data().data())


def _svg(view: Any, title: str) -> bytes:
    buffer = _buffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(view.width(), view.height()))
    generator.setResolution(_DOTS_PER_INCH)
    generator.setViewBox(QRect(0, 0, view.width(), view.height()))
    generator.setTitle(display_text(title))
    painter = QPainter(generator)
    with _exporting(view, painter):
        _paint(view, painter, QRectF(0, 0, view.width(), view.height()))
    painter.end()
    return bytes(buffer.data().data())


def _pdf(view: Any, title: str) -> bytes:
    buffer = _buffer()
    writer = QPdfWriter(buffer)
    writer.setTitle(display_text(title))
    writer.setResolution(_DOTS_PER_INCH)
    points = QSizeF(view.width() * _POINTS_PER_PIXEL, view.height() * _POINTS_PER_PIXEL)
    writer.setPageSize(QPageSize(points, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))  # fmt: skip
    writer.setPageMargins(QMarginsF())
    painter = QPainter(writer)
    with _exporting(view, painter):
        _paint(view, painter, QRectF(0, 0, view.width(), view.height()))
    painter.end()
    return bytes(buffer.data().data())


def _paint(view: Any, painter: QPainter, target: QRectF) -> None:
    painter.fillRect(target, view.backgroundBrush())
    view.scene().render(painter, target, QRectF(view.range))


@contextmanager
def _exporting(view: Any, painter: QPainter) -> Iterator[None]:
    """Points are drawn as shapes and not from pyqtgraph's cache of pixels."""
    options = {"antialias": True, "background": None, "painter": painter, "resolutionScale": 1.0}
    items = [item for item in view.scene().items() if hasattr(item, "setExportMode")]
    for item in items:
        item.setExportMode(True, options)
    try:
        yield
    finally:
        for item in items:
            item.setExportMode(False)


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer
