"""The Markdown for comments: no name of an image is markup, it is short enough, and its figures are the image's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from explorer.compare.comparison import compare
from explorer.findings.analysis import Analysis, analyse
from explorer.report.document import Document
from explorer.report.documents.analysis import analysis_document
from explorer.report.documents.compare import compare_document
from explorer.report.markdown import LIMIT, code_span, markdown, prose, summary
from tests.report.hostile import TEXTS, hostile_analysis, hostile_comparison
from tests.support.layers import file, image, layer

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OWN = re.compile(r"<details><summary>[^<>]*</summary>|</details>")
# What GitHub makes a link or a picture of, in text that is no code.
ALIVE = re.compile(r"[@#]\w|\bGH-\d|://|\bwww\.|mailto:|:[a-z+][\w+-]*:")


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def analysed(files: dict[str, int]) -> Analysis:
    return analyse(*image(layer(*(file(path, size) for path, size in files.items()))))


@pytest.fixture(scope="module")
def documents() -> tuple[Document, ...]:
    return analysis_document(hostile_analysis()), compare_document(hostile_comparison())


def assert_harmless(text: str) -> None:
    for token in tokens(text):
        assert token.type not in ("link_open", "image", "html_inline", "s_open", "fence")
        if token.type == "html_block":
            assert OWN.fullmatch(token.content.strip())
        if token.type == "text":
            assert not ALIVE.search(token.content)


def test_that_hostile_names_become_no_markup(documents: tuple[Document, ...]) -> None:
    for document in documents:
        text = markdown(document)
        assert_harmless(text)
        found = list(tokens(text))
        headings = [
            following.content
            for token, following in pairwise(found)
            if token.type == "heading_open" and token.tag == "h2"
        ]
        assert headings == [section.title for section in document.sections]
        assert text.count("<details>") == text.count("</details>")


def test_that_every_row_of_a_table_has_the_cells_of_its_head(
    documents: tuple[Document, ...],
) -> None:
    for document in documents:
        width = 0
        for line in markdown(document).splitlines():
            if not line.startswith("| "):
                width = 0
                continue
            cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
            width = width or cells
            assert cells == width, line


def test_that_the_summary_is_harmless_too() -> None:
    assert_harmless(summary(hostile_comparison()))


@given(st.one_of(st.sampled_from(TEXTS), st.text(max_size=30)))
def test_that_any_text_stays_a_text(text: str) -> None:
    assert_harmless("x " + prose(text))
    assert_harmless("| a |\n| --- |\n| " + code_span(text) + " |")


def test_that_a_report_of_many_long_names_fits_a_comment() -> None:
    names = {f"{'very-long-folder-name/' * 10}{n:04}": n + 1 for n in range(3000)}
    c = compare(analysed({}), analysed(names))
    for document in (compare_document(c), analysis_document(c.b)):
        assert len(markdown(document)) < LIMIT == 65_536
        short = markdown(document, 3000)
        assert len(short) <= 3000
        assert short.count("<details>") == short.count("</details>")


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 10**9), min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 10**9), min_size=1),
)
def test_that_exact_bytes_sum_to_the_totals(first: dict[str, int], second: dict[str, int]) -> None:
    c = compare(analysed(first), analysed({f"usr/share/doc/{n}": s for n, s in second.items()}))
    text = markdown(compare_document(c))
    assert sum(exact_rows(text, "Bytes by category", 4)) == c.content.delta
    assert sum(exact_rows(text, "Paths by what became of them", 7)) == c.contribution.delta
    alone = markdown(analysis_document(c.b))
    assert sum(exact_rows(alone, "Bytes by category", 2)) == c.content.b
    assert f"**{c.content.b:,}**" in alone


def exact_rows(text: str, title: str, place: int) -> list[int]:
    """The digits in a column of the table under a title, without its total."""
    table = text.split(f"**{title}**\n\n", 1)[1].split("\n\n", 1)[0].splitlines()[2:-1]
    cells = (row.strip("| ").split(" | ")[place] for row in table)
    return [
        0 if cell == "=" else int(cell.replace(",", "").replace("\N{MINUS SIGN}", "-"))
        for cell in cells
    ]


def test_that_warnings_stand_before_the_figures() -> None:
    described, layers = image(layer(file("a", 5)), layer(file("b", 5)))
    part = analyse(described, {0: layers[0]})
    for text in (
        markdown(analysis_document(part)),
        markdown(compare_document(compare(part, part))),
    ):
        assert 0 < text.index("was read only in part (1 of 2 layers)") < text.index("## ")
