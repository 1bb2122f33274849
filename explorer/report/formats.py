"""A report in each of its formats, as bytes; a format's writer is loaded when it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.report.document import Document

FORMATS = ("html", "markdown", "pdf", "csv")


def rendered(name: str, document: Document) -> bytes:
    """The document in one of FORMATS; texts are UTF-8."""
    if name == "pdf":
        from explorer.report.pdf import pdf_bytes

        return pdf_bytes(document)
    if name == "html":
        from explorer.report.html import html_page

        return html_page(document).encode()
    if name == "csv":
        from explorer.report.table_csv import csv_text

        return csv_text(document).encode()
    from explorer.report.markdown import markdown

    return markdown(document).encode()
