"""Where intervals come from, as people read it: both approaches side by side, and the sources ranked."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sinks.assessment.answer import Answer
from sinks.errors import Problem, RunError
from sinks.results.labels import label, term
from sinks.results.shown_tables import ordered_periods
from sinks.text import message

_QUANTITIES = ("carbon_stock", "net_removals")


@dataclass(frozen=True, repr=False)
class Intervals(Answer):
    """Where the intervals of a run come from.

    Attributes
    ----------
    sources : DataFrame
        ``table`` of a :class:`sinks.analysis.sensitivity.Sensitivity`.
    approaches : DataFrame
        :func:`sinks.analysis.sensitivity.compare_approaches`.
    region : str or None
        Code of the region that is shown, by default the first; the tables have all.
    top : int
        How many sources are shown of each quantity.
    """

    sources: pd.DataFrame
    approaches: pd.DataFrame
    region: str | None = None
    top: int = 5

    def data(self) -> dict[str, pd.DataFrame]:
        return {} if self.approaches.empty else {"uncertainty": self.approaches, "uncertainty_sources": self.sources}

    def glance(self) -> list[pd.DataFrame]:
        if self.approaches.empty:
            return []
        code = region_code(self.approaches, self.region)
        return [shown_sources(self.sources, code, self.top), shown_approaches(self.approaches, code)]

    def printed(self, number: float) -> str:
        return f"{number:,.0f}"

    def remarks(self) -> list[str]:
        if self.approaches.empty:
            return [message("output.no_uncertainty")]
        bare = self.approaches["approach_1_low"].isna() & self.approaches["value"].notna()
        return [label("note.uncertainty"), *([label("note.uncertainty_partial")] if bare.any() else [])]


def region_code(both: pd.DataFrame, wanted: str | None) -> str:
    """The region wanted, or the first.

    Raises
    ------
    RunError
        The run has no such region.
    """
    known = list(dict.fromkeys(both["region_code"].astype(str)))
    if wanted is not None and wanted not in known:
        raise RunError(Problem("report.unknown_region", wanted, {"known": known}))
    return wanted or known[0]


def shown_approaches(both: pd.DataFrame, code: str) -> pd.DataFrame:
    """Rows of :func:`sinks.analysis.sensitivity.compare_approaches` of a region.

    Parameters
    ----------
    both : DataFrame
    code : str
        Of the region.
    """
    rows = both[(both["region_code"] == code) & both["quantity"].isin(_QUANTITIES)].reset_index(drop=True)
    ends = [name for name in both.columns if name.startswith("approach_")]
    shown = rows[["region_name", "quantity", "period", "unit", "value", *ends, "agreement"]]
    return _named(shown, ("quantity", "agreement"))


def shown_sources(sources: pd.DataFrame, code: str, top: int) -> pd.DataFrame:
    """The largest sources of uncertainty of a region's stock and sink, each at its last date or period.

    Parameters
    ----------
    sources : DataFrame
        ``table`` of a :class:`sinks.analysis.sensitivity.Sensitivity`.
    code : str
        Of the region.
    top : int
        How many of each.
    """
    here = sources[(sources["region_code"] == code) & (sources["rank"] <= top)]
    parts = [here.iloc[:0]]
    for quantity in _QUANTITIES:
        rows = here[here["quantity"] == quantity]
        if len(rows):
            parts.append(rows[rows["period"] == ordered_periods(rows["period"])[-1]])
    shown = pd.concat(parts)
    shown = shown.assign(share=[f"{100 * share:.1f}" for share in shown["share"]])
    columns = ["quantity", "period", "rank", "share", "half_width", "unit", "kind", "methodology", "name", "stratum"]
    return _named(shown[columns].rename(columns={"name": "uncertain"}), ("quantity", "kind"))


def _named(table: pd.DataFrame, terms: tuple[str, ...]) -> pd.DataFrame:
    """With words and headers in the reader's language."""
    words = {column: [term(column, word) for word in table[column]] for column in terms}
    return table.assign(**words).rename(columns=lambda name: label(f"column.{name}"))
