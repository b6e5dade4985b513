"""The dual-control assessment of one region, ready for sentences and tables."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from sinks.assessment.decimals import deciding_decimals
from sinks.assessment.withheld import NOISE
from sinks.output.report.facts import Amount, Region
from sinks.output.report.page import Page
from sinks.output.report.words import ABSENT, percent, word
from sinks.results.labels import label

VERDICTS = {1.0: "met", 0.0: "undecided", -1.0: "not_met"}

_COLUMNS = ["quantity", "year", "value", "low", "high", "withheld"]


class RegionAssessment:
    """The assessment of one region, by quantity and year.

    Parameters
    ----------
    page : Page
        The report in the making, with the assessment's table.
    code : str, optional
        The region, by default the page's own.
    """

    def __init__(self, page: Page, code: str | None = None) -> None:
        self._found: dict[tuple[str, int], Amount] = {}
        self._reasons: dict[tuple[str, int], str] = {}
        table = page.assessment
        if table is not None:
            rows = table[(table["region_code"] == (code or page.code)) & table["year"].notna()]
            # A table of an earlier version does not say what is withheld.
            for quantity, year, value, low, high, reason in rows.reindex(columns=_COLUMNS).itertuples(index=False):
                self._found[str(quantity), int(year)] = Amount(float(value), float(low), float(high))
                self._reasons[str(quantity), int(year)] = "" if pd.isna(reason) else str(reason)
        self.years = sorted({year for _, year in self._found})

    @property
    def year(self) -> int | None:
        """The last year for which emissions after deductions are known."""
        known = [year for name, year in self._found if name == "adjusted_emissions"]
        return max(known, default=None)

    @property
    def verdict(self) -> str | None:
        """``met``, ``not_met``, ``undecided`` or ``withheld``; None where there is nothing to judge."""
        return "withheld" if self.why("verdict") else VERDICTS.get(self.get("verdict").value)

    @property
    def decimals(self) -> int:
        """Decimals at which what was reached and what was required differ in print as they do in fact."""
        return deciding_decimals(self.get("change").value, self.get("required_change").value)

    def percent(self, fraction: float) -> str:
        """A share of the intensity, with decimals that carry the verdict."""
        return percent(fraction, self.decimals)

    @property
    def near_zero(self) -> bool:
        """Whether the percentage says nothing: in some of the draws there are no emissions it could be taken of."""
        return (
            self.get("change").known
            and not self.get("change").has_interval
            and self.get("adjusted_emissions").has_interval
        )

    def get(self, quantity: str, year: int | None = None) -> Amount:
        """A figure of the assessment, by default of its last year; unknown where there is none."""
        wanted = self.year if year is None else year
        return self._found.get((quantity, wanted), Amount()) if wanted is not None else Amount()

    def why(self, quantity: str, year: int | None = None) -> str:
        """Why a figure is withheld; empty where it is not."""
        wanted = self.year if year is None else year
        return self._reasons.get((quantity, wanted), "") if wanted is not None else ""

    def shown(self, quantity: str, form: Callable[[float], str], *, short: bool = False) -> list[str]:
        """Value and both ends as they are printed; words in place of a value that may be noise."""
        figure = self.get(quantity)
        if self.why(quantity) == NOISE:
            return [word("map.withheld") if short else label("withheld.headline"), ABSENT, ABSENT]
        return [form(part) for part in (figure.value, figure.low, figure.high)]


def assessed(page: Page, code: str | None = None) -> RegionAssessment:
    """The assessment of a region, by default the page's own; each is read out of the table once for a run."""
    known = page.facts.assessed
    place = (id(page.assessment), code or page.code)
    if place not in known:
        # The table is kept with what was read out of it, so that its number stays its own.
        known[place] = (page.assessment, RegionAssessment(page, code))
    found: RegionAssessment = known[place][1]
    return found


def below(page: Page) -> list[tuple[Region, RegionAssessment]]:
    """The regions below that were assessed."""
    found = [(child, assessed(page, child.code)) for child in page.children]
    return [(child, table) for child, table in found if table.year is not None]


def counts(lower: list[tuple[Region, RegionAssessment]]) -> dict[str, int]:
    """How many regions met their target, are undecided, did not meet it, or whose verdict is withheld."""
    verdicts = [table.verdict for _, table in lower]
    return {key: verdicts.count(key) for key in (*VERDICTS.values(), "withheld")}
