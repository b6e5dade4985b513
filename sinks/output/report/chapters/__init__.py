"""The chapters of a league report, each a function from a page to the blocks of its tags."""

from sinks.output.report.blocks import Chapters
from sinks.output.report.chapters import (
    annexes,
    area,
    comparison,
    dual_control,
    land_survey,
    methods,
    overview,
    quality,
    reconciliation,
    removals,
    stock,
    summary,
    technical,
    years,
)
from sinks.output.report.page import Page

ROOMS = (
    *(summary, overview, methods, area, land_survey, stock, reconciliation, removals, years),
    *(quality, comparison, dual_control, technical, annexes),
)
"""Each fills the same tags on every page, empty where it has nothing to say."""


def chapters(page: Page) -> Chapters:
    """Every block of a report by the tag that stands for it in the template.

    A chapter of which the template has no tag is left out, once its tags are known from another page of the run.
    """
    found: Chapters = {}
    for room in ROOMS:
        known = page.facts.tags_of.get(room.__name__)
        if known is not None and page.tags and not known & page.tags:
            continue
        blocks = room.blocks(page)
        page.facts.tags_of[room.__name__] = frozenset(blocks)
        found |= blocks
    return found
