"""What tells whose machine it is, in the texts and tooltips of a presentation."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QTabWidget, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from explorer.gui.privacy import Curtain, cover_for
from explorer.gui.theme import LIGHT_CONTRAST, apply_theme, current_theme, wants_dark
from explorer.gui.widgets.plain_label import (
    ElidedLabel,
    PlainLabel,
    covered,
    set_cover,
    tooltip_text,
)

pytestmark = pytest.mark.gui


@pytest.fixture(autouse=True)
def ann(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ann's home on a machine of hers."""
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    monkeypatch.setattr(socket, "gethostname", lambda: "ann-laptop")
    yield
    set_cover(None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Saved /home/ann/out.html.", "Saved ~/out.html."),
        ("/home/anna/x", "/home/anna/x"),
        ("/home/nonroot/app and /root/.cache", "/home/nonroot/app and /root/.cache"),
        ("from ann-laptop:8080", "from …:8080"),
        ("ssh://ann@build.lan:22 said no", "ssh://… said no"),
        ("see https://go.dev/doc", "see https://go.dev/doc"),
        ("/mnt/customer/shop/a&b.tar", "…/a&b.tar"),
        ("<p>/mnt/customer/shop/a&amp;b.tar</p>", "<p>…/a&amp;b.tar</p>"),
    ],
)
def test_that_a_text_keeps_all_but_what_names_the_machine(text: str, shown: str) -> None:
    cover = cover_for(["docker-archive:/mnt/customer/shop/a&b.tar", "alpine:3.20"], "")
    assert cover(text) == shown


@pytest.mark.parametrize(("home", "host"), [("/root", "server"), ("/", "db")])
def test_that_names_which_every_image_has_stay(
    home: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path(home))
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    text = "/root/.cache of the server's db"
    assert cover_for(["alpine", "/tmp/x.tar"])(text) == text


def test_that_labels_are_covered_and_get_their_texts_back(qtbot: QtBot) -> None:
    before, elided = PlainLabel("in /home/ann/a"), ElidedLabel("/home/ann/image.tar")
    for label in (before, elided):
        qtbot.addWidget(label)
        label.resize(600, 20)
    set_cover(cover_for([], "tcp://10.0.0.7:2376"))
    for label in (before, elided):
        label.cover()
    during = PlainLabel("tcp://10.0.0.7:2376 answers")
    qtbot.addWidget(during)
    assert [w.text() for w in (before, elided, during)] == ["in ~/a", "~/image.tar", "… answers"]
    set_cover(None)
    for label in (before, elided, during):
        label.cover()
    texts = ["in /home/ann/a", "/home/ann/image.tar", "tcp://10.0.0.7:2376 answers"]
    assert [w.text() for w in (before, elided, during)] == texts


def test_that_tooltips_are_covered_while_the_curtain_is_drawn(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: said.append(text))
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    tabs.addTab(QWidget(), "a.tar")
    tabs.setTabToolTip(0, tooltip_text("/home/ann/a.tar"))
    tabs.show()
    curtain = Curtain(lambda: None, tabs)
    set_cover(cover_for([]))
    curtain.draw()
    place = tabs.tabBar().tabRect(0).center()
    event = QHelpEvent(QEvent.Type.ToolTip, place, QPoint(5, 5))
    QApplication.sendEvent(tabs.tabBar(), event)
    curtain.lift()
    assert said == [tooltip_text("~/a.tar")]
    assert covered(os.fspath(Path.home())) == "~"


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_that_strong_contrast_is_seven_to_one_for_every_text(
    qapp: QApplication, choice: str
) -> None:
    """WCAG 2.1, 1.4.6."""
    apply_theme(qapp, choice, contrast=True)
    theme, palette = current_theme(), qapp.palette()
    assert theme.contrast
    assert theme.dark == wants_dark(choice)
    pairs = [
        (palette.windowText(), palette.window()),
        (palette.text(), palette.base()),
        (palette.text(), palette.alternateBase()),
        (palette.buttonText(), palette.button()),
        (palette.placeholderText(), palette.base()),
        (palette.link(), palette.base()),
    ]
    found = [_contrast(a.color(), b.color()) for a, b in pairs]
    found += [_contrast(palette.text().color(), c) for c in (theme.bar, theme.warning, theme.error)]
    apply_theme(qapp, "light")
    assert min(found) >= 7
    assert LIGHT_CONTRAST is not current_theme()


def _contrast(one: object, other: object) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: object) -> float:
    channels = [getattr(colour, name)() for name in ("redF", "greenF", "blueF")]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)  # fmt: skip
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
