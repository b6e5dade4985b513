"""Stock, sink and area of every region by year, with the breaks that no line may cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from sinks.assessment.answer import Answer, Origin
from sinks.assessment.words import word
from sinks.errors import Problem, RunError
from sinks.series.definition import changed_parts
from sinks.series.register import APPROVED, SUPERSEDED, Vintage
from sinks.vocabulary import ALL

if TYPE_CHECKING:
    from sinks.series.archive import Series

COLUMNS = (
    *("region_code", "region_name", "level", "ecosystem", "quantity", "period", "value", "low", "high", "unit"),
    *("segment", "vintage", "status", "break"),
)

QUANTITIES = ("area", "carbon_stock", "net_removals")


@dataclass(frozen=True, repr=False)
class Years(Answer):
    """The years of a series.

    Attributes
    ----------
    table : DataFrame
        :data:`COLUMNS`.  Periods of flows are between consecutive years.  Rows of different segments are of different
        definitions and may not be joined; ``break`` says, in the first year of a segment, what is another in it.
    register : DataFrame
        The register of the archive.
    """

    table: pd.DataFrame
    register: pd.DataFrame

    NAMED = ("ecosystem",)

    def data(self) -> dict[str, pd.DataFrame]:
        return {"years": self.table, "register": self.register}

    def glance(self) -> list[pd.DataFrame]:
        rows = self._of(self.table, Origin.outermost)
        whole = rows[rows["ecosystem"] == ALL]
        columns = ["region_name", "quantity", "period", "value", "low", "high", "unit", "segment", "vintage"]
        vintages = self.register[["vintage", "status", "made", "base", "segment", "dates", "product", "cause"]]
        return [vintages, whole[columns]]

    def remarks(self) -> list[str]:
        breaks = self.table.loc[self.table["break"] != "", ["segment", "period", "break"]]
        first = breaks.sort_values("period").drop_duplicates("segment")
        said = zip(first["segment"], first["period"], first["break"], strict=True)
        return [word("note.series_break", segment=segment, period=period, what=what) for segment, period, what in said]


def years_of_series(series: Series, *, approved: bool) -> Years:
    """The years of every segment, each from one vintage; see :meth:`sinks.series.archive.Series.years`."""
    chosen = [_of_segment(series, segment, approved) for segment in sorted({r.segment for r in series.register.rows})]
    vintages = [row for row in chosen if row is not None]
    if not vintages:
        id = "series.none_approved" if approved and series.register.rows else "series.nothing_yet"
        raise RunError(Problem(id, str(series.folder)))
    parts, before, origin = [], None, None
    for row in vintages:
        run = series.run(row.vintage)
        what = "" if before is None else _break(series, before, row)
        parts.append(_rows(run.account, row, what))
        before, origin = row, run.origin
    table = pd.concat(parts, ignore_index=True)
    return Years(table[list(COLUMNS)], series.register.table(), origin=origin)


def _of_segment(series: Series, segment: int, approved: bool) -> Vintage | None:
    rows = [row for row in series.register.rows if row.segment == segment and row.status != SUPERSEDED]
    wanted = [row for row in rows if row.status == APPROVED] if approved else rows
    return wanted[-1] if wanted else None


def _break(series: Series, before: Vintage, after: Vintage) -> str:
    """What is another in a segment than in the one before."""
    parts = changed_parts(series.definition(before), series.definition(after))
    return "; ".join(f"{word(f'series.{part}')}: {names}" for part, names in parts.items())


def _rows(account: pd.DataFrame, row: Vintage, what: str) -> pd.DataFrame:
    """Sums of a vintage by year, and over the steps between its years."""
    steps = {f"{a}-{b}" for a, b in zip(row.years, row.years[1:], strict=False)}
    whole = account[(account["stratum"] == ALL) & (account["pool"] == ALL) & account["quantity"].isin(QUANTITIES)]
    whole = whole[whole["period"].isin({*row.years, *steps})]
    first = whole["period"].str[:4] == row.years[0]
    return whole.assign(
        segment=row.segment, vintage=row.vintage, status=row.status, **{"break": first.map({True: what, False: ""})}
    ).sort_values(["quantity", "region_code", "ecosystem", "period"], kind="stable")
