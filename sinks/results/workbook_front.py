"""The first sheet of the workbook: the figures, the verdict, what they rest on, and which sheet has the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import nan
from typing import TYPE_CHECKING

import pandas as pd

from sinks.account.amounts import span_of
from sinks.account.totals import whole_of
from sinks.results.labels import label, term
from sinks.results.marks import Place
from sinks.results.shown_tables import TEN_THOUSAND, ordered_periods
from sinks.results.withheld import withheld
from sinks.results.workbook_sheets import Column, StyledWorkbook
from sinks.vocabulary import ALL

if TYPE_CHECKING:
    from sinks.results.contents import RunContents

VERDICTS = {1.0: "front.met", 0.0: "front.undecided", -1.0: "front.not_met"}

_UNITS = {"carbon_stock": "front.unit.carbon_stock", "net_removals": "front.unit.net_removals"}


def front_sheet(book: StyledWorkbook, contents: RunContents, marked: Mapping[Place, str]) -> None:
    """Write it: for the region that holds all others, then a line for each region below it.

    Parameters
    ----------
    book : StyledWorkbook
        Without any sheet so far.
    contents : RunContents
    marked : mapping of (region, ecosystem, quantity, period) to str
        What has to be said of a figure.
    """
    frame = contents.regions.frame
    page = book.sheet(label("sheet.front"))
    root = str(frame["code"].iloc[0])
    name = str(frame["name"].iloc[0])
    page.line(f"{name} {root}", "title")
    page.line(label("readme.title"), "section")
    if contents.record["demonstration"]:
        page.line(label("readme.demonstration"), "warning")
    page.row += 1
    figures = _Figures(contents, marked)
    page.table(_heads(), [figures.row(root, quantity) for quantity in figures.periods] + [figures.dual(root)])
    below = frame[frame["parent"] == root]
    if len(below):
        page.row += 1
        page.line(label("front.below"), "section")
        page.table(*figures.regions(below))
    for section, lines in (("front.assumed", _assumed(contents)), ("front.where", _where(contents))):
        page.row += 1
        page.line(label(section), "section")
        for text in lines:
            page.line(text, "text")
    page.widths[0] = 22.0
    page.finish()


def _heads() -> list[Column]:
    text = [(label(f"front.{key}"), "text") for key in ("quantity", "period")]
    numbers = [(label(f"front.{key}"), "amount") for key in ("value", "low", "high")]
    return [*text, numbers[0], (label("front.unit"), "beside"), *numbers[1:], (label("column.note"), "beside")]


class _Figures:
    """Totals of regions at the last date and over the longest period, and the last verdict."""

    def __init__(self, contents: RunContents, marked: Mapping[Place, str]) -> None:
        account = contents.account
        whole = whole_of(account)
        keys = ["region_code", "quantity", "period"]
        self._rows = whole.drop_duplicates(keys).set_index(keys)[["value", "low", "high"]].astype(float)
        self._marked, self._doubted = marked, withheld(contents)
        self.periods: dict[str, str] = {}
        for quantity in _UNITS:
            found = ordered_periods(whole.loc[whole["quantity"] == quantity, "period"])
            if found:
                self.periods[quantity] = max(found, key=lambda period: (span_of(period), found.index(period)))
        self._assessment = contents.tables.get("assessment")

    def row(self, code: str, quantity: str) -> list[object]:
        """A figure with its interval and what has to be said of it."""
        period = self.periods[quantity]
        said = self._marked.get((code, ALL, quantity, period), "")
        cells = self._cells(code, quantity)
        return [
            *(term("quantity", quantity), period, cells[0], label(_UNITS[quantity])),
            *(cells[1:] if cells[0] == cells[0] and not isinstance(cells[0], str) else [None, None]),
            said,
        ]

    def _cells(self, code: str, quantity: str) -> list[object]:
        place = (code, quantity, self.periods[quantity])
        if quantity == "net_removals" and (code, place[2]) in self._doubted:
            return [label("withheld.headline"), None, None]
        if place not in self._rows.index:
            return [nan, nan, nan]
        return [float(number) / TEN_THOUSAND for number in self._rows.loc[[place]].to_numpy()[0]]

    def dual(self, code: str) -> list[object]:
        """The verdict of dual control, or how many of the regions met their target."""
        year, verdict = self._verdict(code)
        if verdict is None and self._assessment is not None:
            year, verdict = self._counted()
        return [
            *(label("front.dual"), year, verdict or label("front.not_assessed"), "", None, None),
            "" if verdict else label("front.dual_needs"),
        ]

    def _verdict(self, code: str) -> tuple[str, str | None]:
        table = self._assessment
        if table is None:
            return "", None
        rows = table[(table["region_code"] == code) & (table["quantity"] == "verdict") & table["year"].notna()]
        if rows.empty:
            return "", None
        last = rows.sort_values("year").iloc[-1]
        reason = last.get("withheld")
        if isinstance(reason, str) and reason:
            return f"{int(last['year'])}", label("front.withheld")
        key = VERDICTS.get(float(last["value"]))
        return f"{int(last['year'])}", label(key) if key else None

    def _counted(self) -> tuple[str, str | None]:
        table = self._assessment
        if table is None:
            return "", None
        rows = table[(table["quantity"] == "verdict") & table["year"].notna()]
        if rows.empty:
            return "", None
        last = rows[rows["year"] == rows["year"].max()]
        met = int((last["value"] == 1).sum())
        return f"{int(last['year'].iloc[0])}", label("front.met_of", count=met, all=len(last))

    def regions(self, frame: pd.DataFrame) -> tuple[list[Column], list[list[object]]]:
        """A line for each region."""
        columns: list[Column] = [(label("column.name"), "text")]
        for quantity, period in self.periods.items():
            named = label("front.column", quantity=term("quantity", quantity), period=period)
            columns.append((f"{named}{label('front.in_unit', unit=label(_UNITS[quantity]))}", "amount"))
        with_verdict = self._assessment is not None
        if with_verdict:
            columns.append((label("front.dual"), "beside"))
        rows: list[list[object]] = []
        for code, name in zip(frame["code"], frame["name"], strict=True):
            verdict = [self._verdict(code)[1] or ""] if with_verdict else []
            rows.append([name, *(self._cells(code, quantity)[0] for quantity in self.periods), *verdict])
        return columns, rows


def _assumed(contents: RunContents) -> list[str]:
    """What the figures rest on, a line each."""
    used = contents.parameters_used
    doubted = int(used["unverified"].fillna(True).astype(bool).sum()) if "unverified" in used else 0
    found = [label("readme.unverified", count=doubted, all=len(used))] if len(used) else []
    project = contents.record.get("project")
    if isinstance(project, Mapping) and project.get("land_cover") and not project.get("accuracy"):
        found.append(label("front.map"))
    table = contents.tables.get("assessment")
    if table is not None and "basis" in table:
        rules = table.loc[table["basis"] == "assumed", "quantity"].nunique()
        if rules:
            found.append(label("front.rules", count=int(rules)))
    counts = contents.checks["status"].value_counts()
    of = {status: int(counts.get(status, 0)) for status in ("failed", "warning", "note")}
    return [*found, label("readme.checks", count=len(contents.checks), **of)]


def _where(contents: RunContents) -> list[str]:
    """Which sheet answers which question."""
    there: Collection[str] = {"summary", "parameters", "sources", "checks", *contents.tables}
    keys = ("summary", "assessment", "noise", "basis", "reconciliation", "parameters", "sources", "checks")
    return [
        label("front.look", sheet=label(f"sheet.{key}"), what=label(f"front.look.{key}"))
        for key in keys
        if key in there
    ]
