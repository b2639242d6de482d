"""Small pictures for the Dagster UI, as strings: a bar chart in SVG inside a Markdown data URI. No Dagster, no data access."""

import base64
from collections.abc import Sequence
from html import escape

WIDTH, BAR, GAP, LABEL = 420, 16, 4, 150
INK, FILL = "#555", "#4f6bed"  # readable on the UI's light and dark ground


def bars(values: Sequence[tuple[str, float]]) -> str:
    """An SVG of one horizontal bar per (label, value >= 0), the longest across the whole width."""
    most = max((value for _, value in values), default=0.0)
    rows = [_bar(index, label, value, most) for index, (label, value) in enumerate(values)]
    height = len(values) * (BAR + GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="11">'
    return head + "".join(rows) + "</svg>"


def as_markdown(svg: str, title: str) -> str:
    """The picture within Markdown, carried in the text itself."""
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _bar(index: int, label: str, value: float, most: float) -> str:
    top = index * (BAR + GAP)
    length = (WIDTH - LABEL - 70) * (value / most if most > 0 else 0.0)
    text = escape(label if len(label) <= 24 else f"{label[:23]}…")
    return (
        f'<text x="{LABEL - 6}" y="{top + 12}" text-anchor="end" fill="{INK}">{text}</text>'
        f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{FILL}"/>'
        f'<text x="{LABEL + length + 4:.1f}" y="{top + 12}" fill="{INK}">{value:,.1f}</text>'
    )
