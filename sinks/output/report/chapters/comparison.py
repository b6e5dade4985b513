"""Methodologies beside the account: what they give for the same carbon, never added to it."""

from __future__ import annotations

from sinks.output.report.blocks import Block, Chapters, Table
from sinks.output.report.grammar import spoken_period
from sinks.output.report.page import Page, headers
from sinks.output.report.words import amount, word
from sinks.results.labels import term
from sinks.vocabulary import ALL


def blocks(page: Page) -> Chapters:
    """Tag ``table_comparison``."""
    return {"table_comparison": _table(page)}


def _table(page: Page) -> tuple[Block, ...]:
    """Ecosystem and pool by methodology, the account's figure for the same beside it."""
    compared = page.facts.contents.comparison
    shown = {"carbon_stock": page.facts.last_stock_date, "net_removals": page.facts.main_period}
    here = compared[
        (compared["region_code"] == page.code)
        & (compared["stratum"] == ALL)
        & (compared["ecosystem"] != ALL)
        & (compared["pool"] != ALL)
        & (compared["period"] == compared["quantity"].map(shown))
    ]
    columns = ["methodology", "ecosystem", "pool", "quantity", "period", "value"]
    rows = [
        [
            page.methodology(methodology),
            f"{term('ecosystem', ecosystem)}{word('comparison.between')}{term('pool', pool)}",
            word("axis.amount", quantity=term("quantity", quantity), unit=word(f"unit.{quantity}")),
            spoken_period(period),
            amount(value),
            amount(page.facts.amount(page.code, quantity, period, ecosystem, pool).value),
        ]
        for methodology, ecosystem, pool, quantity, period, value in here[columns].itertuples(index=False)
    ]
    if not rows:
        return ()
    return (
        Table(
            "table_comparison",
            word("caption.table_comparison", region=page.region.name),
            headers("methodology", "ecosystem_pool", "quantity", "period", "compared", "account"),
            rows,
            text_columns=4,
            widths=(2.2, 1.9, 2.4, 1.5, 1.1, 1.1),
            notes=[word("note.comparison"), word("note.absent")],
        ),
    )
