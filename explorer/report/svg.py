"""A drawing as SVG inside an HTML page: colours by class, a title and a description for those who do not see it."""

from __future__ import annotations

import html

from explorer.report.cells import visible
from explorer.report.drawing import WIDTH, Box, Dot, Drawing, Label, Line, Shape


def svg(drawing: Drawing, name: str) -> str:
    """One <svg> element; `name` makes its ids unique in the page."""
    shapes = "".join(map(_shape, drawing.shapes))
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {drawing.height:.0f}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escaped(drawing.title)}</title>'
        f'<desc id="{name}-d">{escaped(drawing.text)}</desc>{shapes}</svg>'
    )


def escaped(text: str) -> str:
    """Text for an element or a quoted attribute: no markup, and control characters to be seen."""
    return html.escape(visible(text), quote=True)


def _shape(shape: Shape) -> str:
    if isinstance(shape, Box):
        place = f'x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}"'
        if not shape.title:
            return f'<rect {place} class="p-{shape.paint}"/>'
        return f'<rect {place} class="p-{shape.paint}"><title>{escaped(shape.title)}</title></rect>'
    if isinstance(shape, Label):
        anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
        weight = ' font-weight="600"' if shape.bold else ""
        return (
            f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}"{anchor}{weight} '
            f'class="p-{shape.paint}">{escaped(shape.text)}</text>'
        )
    if isinstance(shape, Line):
        dashes = ' stroke-dasharray="3 3"' if shape.dashed else ""
        return (
            f'<line x1="{_n(shape.x1)}" y1="{_n(shape.y1)}" x2="{_n(shape.x2)}" y2="{_n(shape.y2)}" '
            f'stroke-width="{_n(shape.width)}"{dashes} class="s-{shape.paint}"/>'
        )
    assert isinstance(shape, Dot)
    return (
        f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" class="p-{shape.paint}">'
        f"<title>{escaped(shape.title)}</title></circle>"
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
