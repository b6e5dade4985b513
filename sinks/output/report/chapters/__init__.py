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
)
from sinks.output.report.page import Page


def chapters(page: Page) -> Chapters:
    """Every block of a report by the tag that stands for it in the template."""
    found: Chapters = {}
    for room in (overview, methods, area, stock, reconciliation, removals, quality, comparison, dual_control, annexes):
        found |= room.blocks(page)
    return found
