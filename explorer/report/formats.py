"""A report in each of its formats, as bytes; a format's writer is loaded when it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.report.document import Document

FORMATS = ("html", "markdown", "pdf", "csv")
# Formats in which every row of a table is expected: for machines and spreadsheets, not for reading.
WHOLE = ("csv",)


def rendered(name: str, document: Document) -> bytes:
    """The document in one of FORMATS; texts are UTF-8."""
    return b"".join(rendered_parts(name, document))


def rendered_parts(name: str, document: Document) -> Iterator[bytes]:
    """The same in parts: a CSV of a million rows is never held as a whole."""
    if name == "csv":
        from explorer.report.document_csv import document_csv

        yield from document_csv(document)
    elif name == "pdf":
        from explorer.report.pdf import pdf_bytes

        yield pdf_bytes(document)
    elif name == "html":
        from explorer.report.html import html_page

        yield html_page(document).encode()
    else:
        from explorer.report.markdown import markdown

        yield markdown(document).encode()
