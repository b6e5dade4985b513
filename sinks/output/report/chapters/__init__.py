"""The chapters of a league report, each a function from a page to the blocks of its tags."""

from sinks.output.report.blocks import Chapters
from sinks.output.report.chapters import (
    annexes,
    area,
    comparison,
    dual_control,
    methods,
    overview,
    quality,
    reconciliation,
    removals,
    stock,
    summary,
    technical,
)
from sinks.output.report.page import Page

_ROOMS = (
    *(summary, overview, methods, area, stock, reconciliation, removals, quality, comparison, dual_control),
    *(technical, annexes),
)


def chapters(page: Page) -> Chapters:
    """Every block of a report by the tag that stands for it in the template."""
    found: Chapters = {}
    for room in _ROOMS:
        found |= room.blocks(page)
    return found
