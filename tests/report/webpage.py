"""What a browser would make of a report's HTML page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from explorer.report.document import Document
from explorer.report.html import html_page


@dataclass
class Page(HTMLParser):
    """What a browser would make of the page: its elements, its style and the cells of its tables."""

    tags: set[str] = field(default_factory=set)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    style: str = ""
    policy: str = ""
    # Rows of each table; a cell is the number that its <data> holds, or its text.
    tables: dict[str, list[list[int | str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.table = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes += values.items()
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag == "table":
            self.table = values["id"]
            self.tables[self.table] = []
        if tag == "tr":
            self.tables[self.table].append([])
        if tag in ("td", "th"):
            self.tables[self.table][-1].append("")
        if tag == "data" and "td" in self.open[-2:]:
            self.tables[self.table][-1][-1] = int(float(values["value"]))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and {"td", "th"} & {*self.open}:
            row = self.tables[self.table][-1]
            if isinstance(row[-1], str):
                row[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"the page holds a comment: {data}")


def parsed(document: Document) -> Page:
    page = Page()
    page.feed(html_page(document))
    page.close()
    assert page.open == []
    return page
