"""Of chapter 3: the areas of the account beside those of a land survey."""

from __future__ import annotations

from sinks.output.report.blocks import Block, Chapters, Paragraph, Table
from sinks.output.report.page import Page, headers
from sinks.output.report.words import ABSENT, amount, printed, sentences, word
from sinks.results.labels import term


def blocks(page: Page) -> Chapters:
    """Tags ``survey_text`` and ``table_survey``."""
    table = page.facts.contents.tables.get("land_survey")
    here = None if table is None else table[table["region_code"] == page.code]
    if here is None or here.empty:
        return {"survey_text": (), "table_survey": ()}
    scaled = here["factor"].notna().any()
    see = page.see("table_survey")
    text = sentences(word("survey.text"), word("survey.scaled") if scaled else "", see)
    rows = []
    for row in here.to_dict("records"):
        reason = str(row["reason"]) or ""
        why = term("explained_by", row["explained_by"])
        if row["explained_by"] in ("definition", "partly"):
            why = word("survey.why", why=why, classes=row["classes"], reason=reason)
        beyond = ABSENT if row["explained_by"] in ("equal", "territory") else amount(row["unexplained_ha"])
        figures = [amount(row[name]) for name in ("map_ha", "survey_ha", "difference_ha")]
        rows.append([f"{row['period']}", term("ecosystem", row["ecosystem"]), *figures,
                     printed(row["difference_percent"], 1), beyond, why])  # fmt: skip
    blocks: tuple[Block, ...] = (
        Table(
            "table_survey",
            word("caption.table_survey", region=page.region.name),
            headers("year", "ecosystem", "map_area", "survey_area", "difference", "percent", "unexplained", "why"),
            rows,
            unit=word("unit.area"),
            totals=frozenset(n for n, row in enumerate(here["ecosystem"]) if row == "all"),
            notes=[word("note.survey")],
            text_columns=2,
            widths=(0.7, 1.1, 1.0, 1.0, 1.0, 0.8, 1.0, 3.0),
        ),
    )
    return {"survey_text": (Paragraph(text),), "table_survey": blocks}
