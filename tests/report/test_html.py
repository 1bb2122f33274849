"""The HTML page: nothing of an image becomes markup, nothing is loaded, its figures are the image's, a browser shows it."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from explorer.compare.comparison import compare
from explorer.findings.analysis import Analysis, analyse
from explorer.report.document import Document
from explorer.report.documents.analysis import analysis_document
from explorer.report.documents.compare import compare_document
from explorer.report.html import html_page
from tests.report.hostile import hostile_analysis, hostile_comparison
from tests.report.webpage import Page, parsed
from tests.support.layers import file, image, layer, program, whiteout


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = words(
    "html head meta title style body header h1 h2 nav main section footer div strong p ul li a dl dt dd span b small i "
    "figure figcaption svg desc rect text line circle data table caption thead tbody tfoot tr th td code"
)
ATTRIBUTES = words(
    "lang charset content http-equiv name role aria-label aria-labelledby aria-hidden href id class scope value viewbox x y "
    "width height x1 y1 x2 y2 cx cy r font-size font-weight text-anchor stroke-width stroke-dasharray"
)


def some() -> Analysis:
    described, layers = image(
        layer(*(file(f"usr/share/doc/{n}", 1000 + n) for n in range(150)), program("app", 7777)),
        layer(file("usr/share/doc/0", 55)),
        layer(whiteout("usr/share/doc/1")),
    )
    return analyse(described, layers)


@pytest.fixture(scope="module")
def documents() -> tuple[Document, ...]:
    return analysis_document(hostile_analysis()), compare_document(hostile_comparison())


def test_that_hostile_names_become_no_markup(documents: tuple[Document, ...]) -> None:
    for document in documents:
        page = parsed(document)
        assert page.tags <= TAGS
        assert {name for name, _ in page.attributes} <= ATTRIBUTES


def test_that_nothing_leads_or_loads_from_outside(documents: tuple[Document, ...]) -> None:
    for document in documents:
        page = parsed(document)
        assert all(value.startswith("#") for name, value in page.attributes if name == "href")
        ids = [value for name, value in page.attributes if name == "id"]
        assert len({*ids}) == len(ids)
        assert not re.search(r"url\(|@import|expression|http|</", page.style)


def test_that_the_policy_allows_the_one_style_sheet_and_nothing_else() -> None:
    page = parsed(analysis_document(some()))
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_that_controls_and_directions_are_seen_and_bytes_are_utf8(
    documents: tuple[Document, ...],
) -> None:
    for document in documents:
        text = html_page(document)
        text.encode("utf-8")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
        assert "gpj.\\u202eexe" in text
        assert "/srv/\\xff\\xfe\\\\n" in text


def test_that_tables_of_an_image_sum_to_its_totals() -> None:
    a = some()
    tables = parsed(analysis_document(a, 20)).tables
    content = a.totals.content_bytes
    for name, place in (("categories", 1), ("files", 3), ("layers", 2)):
        rows = [row[place] for row in tables[f"t-{name}"][1:]]
        assert rows[-1] == content
        assert sum(size for size in rows[:-1] if isinstance(size, int)) == content
    assert len(tables["t-files"]) == 1 + 20 + 2
    last = tables["t-layers"][-1]
    assert last[2:] == [content, a.totals.contribution_bytes, a.totals.reclaimable_bytes]


def test_that_tables_of_a_comparison_sum_to_its_totals() -> None:
    described, layers = image(layer(program("app", 5000), file("etc/x", 123)))
    c = compare(some(), analyse(described, layers))
    tables = parsed(compare_document(c, 20)).tables
    for name, place, pair in (
        ("categories", 1, c.content),
        ("layers", 4, c.content),
        ("fates", 4, c.contribution),
    ):
        rows = [row[place : place + 3] for row in tables[f"t-{name}"][1:]]
        assert rows[-1] == [pair.a, pair.b, pair.delta]
        for column, whole in enumerate(rows[-1]):
            assert sum(int(row[column]) for row in rows[:-1]) == whole


def test_that_warnings_stand_before_the_figures() -> None:
    described, layers = image(layer(file("a", 5)), layer(file("b", 5)))
    text = html_page(analysis_document(analyse(described, {0: layers[0]})))
    assert 0 < text.index("Incomplete: test:latest was read only in part") < text.index("<nav")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def browsed(page: Path, folder: Path, *options: str) -> tuple[str, str]:
    """What a headless browser prints, and what it complains of."""
    assert CHROMIUM is not None
    run = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            "--hide-scrollbars", f"--user-data-dir={folder}", *options, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=90, check=True, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    said = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return run.stdout, "\n".join(said)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (Debian: chromium)")
def test_that_a_browser_shows_the_page_in_light_and_dark_without_a_complaint(
    tmp_path: Path,
) -> None:
    from PIL import Image

    page = tmp_path / "page.html"
    text = html_page(compare_document(hostile_comparison()))
    # The browser does complain of what the policy forbids.
    page.write_text(text.replace("<main>", '<main style="color:red">'), encoding="utf-8")
    _, said = browsed(page, tmp_path, "--dump-dom")
    assert "Content Security Policy" in said
    page.write_text(text, encoding="utf-8")
    shown, said = browsed(page, tmp_path, "--dump-dom")
    assert said == ""
    parser = Page()
    parser.feed(shown)
    assert parser.tags <= TAGS
    for scheme, colour in ((1, (255, 255, 255)), (0, (0x16, 0x18, 0x1D))):
        picture = tmp_path / f"{scheme}.png"
        _, said = browsed(
            page,
            tmp_path,
            f"--screenshot={picture}",
            "--window-size=1000,800",
            f"--blink-settings=preferredColorScheme={scheme}",
        )
        assert said == ""
        with Image.open(picture) as opened:
            assert opened.convert("RGB").getpixel((4, 4)) == colour
