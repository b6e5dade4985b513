"""The tidy result of an assessment: one row for each region, year and quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Literal

import numpy as np
import pandas as pd

from sinks.account.amounts import no_point
from sinks.assessment.decimals import deciding_percents
from sinks.assessment.input_tables import RESULT, measures
from sinks.assessment.withheld import JUDGED, NOISE, Reason, Withheld, said, sorted_names
from sinks.assessment.words import readable, word
from sinks.errors import Problem
from sinks.project.rules import Rule, ValueBasis
from sinks.text import message
from sinks.uncertainty.draws import Floats, interval
from sinks.vocabulary import ALL, ecosystems, pools

COLUMNS = (
    "region_code",
    "region_name",
    "year",
    "quantity",
    "value",
    "low",
    "high",
    "unit",
    "basis",
    "note",
    "withheld",
)

MET, UNDECIDED, NOT_MET = 1, 0, -1
"""Values of the quantities ``verdict`` and ``verdict_without_sink``; NaN where no target can be applied."""


@dataclass(frozen=True)
class Assessment:
    """What the account means under dual control.

    Attributes
    ----------
    table : DataFrame
        :data:`COLUMNS`; the values of the rule stand in rows of the region ``all``. Notes are in the language in which
        the assessment was made. ``withheld`` is ``noise`` or ``interval`` (:mod:`sinks.assessment.withheld`) in rows
        of what judges, which then have no value, and ``noise`` in those of amounts that may be noise; else empty.
    rule : Rule
    notes : tuple of Problem
        What holds for the whole assessment: how draws came about, which presentation flatters.
    whole : str or None
        Code of the region whose rows are sums of the others.
    withheld : mapping of (region, year) to str
        Why nothing that judges is said of them.
    """

    table: pd.DataFrame
    rule: Rule
    notes: tuple[Problem, ...] = ()
    whole: str | None = None
    withheld: Withheld = field(default_factory=dict)

    def values(self) -> dict[tuple[str, int, str], float]:
        """Every value by region, year and quantity."""
        rows = self.table.dropna(subset=["year"])
        keys = zip(rows["region_code"], rows["year"], rows["quantity"], strict=True)
        return {(str(c), int(y), str(q)): float(v) for (c, y, q), v in zip(keys, rows["value"], strict=True)}

    def names(self) -> dict[str, str]:
        """Name of every region by code."""
        rows = self.table.dropna(subset=["year"]).drop_duplicates("region_code")
        return dict(zip(rows["region_code"], rows["region_name"], strict=True))

    def verdicts(self) -> pd.DataFrame:
        """Reduction, requirement, probability and verdict side by side, one row for each region and year."""
        names = ["change_gross", "change_net_net", "change_net_report_year", "change", "required_change"]
        names += ["probability_met", "verdict", "verdict_without_sink"]
        rows = self.table[self.table["quantity"].isin(names)]
        wide = rows.pivot(index=["region_code", "region_name", "year"], columns="quantity", values="value")
        return wide.reindex(columns=names).reset_index().rename_axis(columns=None)

    def near_zero(self) -> list[str]:
        """Regions whose percentage of the last year says nothing, since the emissions it is taken of are near zero.

        Such a percentage has no interval: in some of the draws it does not exist.
        """
        rows = self.table[self.table["year"] == self.table["year"].max()]
        change = rows[rows["quantity"] == "change"].set_index("region_name")
        drawn = rows[(rows["quantity"] == "adjusted_emissions") & rows["low"].notna()]["region_name"]
        without = change["value"].notna() & change["low"].isna()
        return [str(name) for name in change.index[without] if name in set(drawn)]

    def unjudged(self) -> dict[Reason, Sequence[str]]:
        """Regions whose verdict of the last year is withheld, by the reason for it."""
        return sorted_names(self.names(), self.withheld, max(self.rule.years))

    def last_year(self) -> pd.DataFrame:
        """The last year as a table to be read at a glance: one row for each region, headers and verdicts in words.

        Emissions and the counted sink are in 10^4 t CO2, shares in percent.  Where a verdict is withheld its place has
        the reason, and where the sink may be noise there are no figures that rest on it.
        """
        names = ["emissions", "sink_counted", "change", "required_change", "probability_met"]
        names += ["verdict", "verdict_without_sink"]
        rows = self.table[self.table["quantity"].isin(names) & (self.table["year"] == self.table["year"].max())]
        wide = rows.pivot(index=["region_code", "region_name", "year"], columns="quantity", values="value")
        return _in_words(wide.reindex(columns=names).reset_index().rename_axis(columns=None), self.withheld)


def _in_words(table: pd.DataFrame, withheld: Withheld) -> pd.DataFrame:
    """The compact table: amounts in 10^4 t, shares in percent, verdicts as words.

    The reduction and what is required of it have the decimals that carry the verdict.
    """
    reasons = [withheld.get((str(c), int(y)), "") for c, y in zip(table["region_code"], table["year"], strict=True)]
    noise = np.array([reason == NOISE for reason in reasons])
    shown = table[["region_code", "region_name", "year"]].copy()
    for name in ("emissions", "sink_counted"):
        shown[name] = table[name] * 1e-4
    shown["sink_counted"] = shown["sink_counted"].mask(noise)
    pairs = [deciding_percents(*pair) for pair in zip(table["change"], table["required_change"], strict=True)]
    shown["change"] = pd.Series([one for one, _ in pairs], index=table.index, dtype=object).mask(noise, "")
    shown["required_change"] = [other for _, other in pairs]
    shown["probability_met"] = table["probability_met"] * 100
    both = zip(table["verdict"], reasons, strict=True)
    shown["verdict"] = [said(reason, how="short") or _verdict_in_words(value) for value, reason in both]
    shown["verdict_without_sink"] = [_verdict_in_words(value) for value in table["verdict_without_sink"]]
    return readable(shown)


def _verdict_in_words(value: float) -> str:
    return word("verdict.none") if not np.isfinite(value) else word(f"verdict.{int(value)}")


class Rows:
    """Collects blocks of the result: one quantity of one year for all regions."""

    def __init__(self, codes: Sequence[str], names: Sequence[str]) -> None:
        self.codes = list(codes)
        self.names = dict(zip(codes, names, strict=True))
        self._blocks: list[dict[str, Any]] = []

    def add(
        self,
        year: int,
        quantity: str,
        values: Floats,
        basis: ValueBasis,
        notes: Sequence[str] | str = "",
        withheld: Sequence[Reason] | None = None,
    ) -> None:
        """Add values (regions, 1) or, with draws behind the central value, (regions, 1 + n).

        What judges is blank where it is withheld, and its note says why; amounts that may be noise stay.  Rows without
        a value and without a note are left out: they do not apply to their region.
        """
        values = np.broadcast_to(values, (len(self.codes), values.shape[-1]))
        reasons: list[Reason] = ["" for _ in self.codes] if withheld is None else list(withheld)
        texts = [notes] * len(self.codes) if isinstance(notes, str) else list(notes)
        applicable = np.isfinite(values[:, 0]) | np.array([text != "" for text in texts])
        reasons = [reason if there else "" for reason, there in zip(reasons, applicable, strict=True)]
        how: Literal["judged", "amount"] = "judged" if quantity in JUDGED else "amount"
        texts = [f"{said(reason, how=how)} {text}".strip() for reason, text in zip(reasons, texts, strict=True)]
        if quantity in JUDGED:
            values = np.where(np.array([bool(reason) for reason in reasons])[:, None], np.nan, values)
        low = high = np.full(len(self.codes), np.nan)
        if values.shape[1] > 1:
            low, high = no_point(*interval(values[:, 1:]))
        kept = (np.isfinite(values[:, 0]) | np.array([text != "" for text in texts])) & ~np.isinf(values[:, 0])
        block = {
            "region_code": self.codes,
            "region_name": list(self.names.values()),
            "year": [year] * len(kept),
            "quantity": [quantity] * len(kept),
            "value": values[:, 0].tolist(),
            "low": low.tolist(),
            "high": high.tolist(),
            "unit": [measures(RESULT)[quantity].unit] * len(kept),
            "basis": [basis] * len(kept),
            "note": texts,
            "withheld": reasons,
        }
        self._blocks.append({name: list(compress(cells, kept)) for name, cells in block.items()})

    def table(self, rule: Rule) -> pd.DataFrame:
        """All blocks, the rule first."""
        # One frame of all blocks: making hundreds of small ones takes longer than all the arithmetic.
        cells = {name: [cell for block in self._blocks for cell in block[name]] for name in COLUMNS}
        table = pd.concat([rule_rows(rule), pd.DataFrame(cells)], ignore_index=True)
        return table.astype({"year": "Int64"})[list(COLUMNS)]


def rule_rows(rule: Rule) -> pd.DataFrame:
    """The values of the rule as rows of the result, each with its basis; words stand in the note."""
    rows = []
    for name, ruled in rule.values().items():
        number = float(ruled.value) if type(ruled.value) in (int, float) else np.nan
        shown = "" if np.isfinite(number) else _shown(ruled.value) + word("note.separator")
        source = ruled.source or message("assessment.note_no_source")
        rows.append(
            (
                ALL,
                word("region.rule"),
                pd.NA,
                f"rule.{name}",
                number,
                np.nan,
                np.nan,
                "",
                ruled.basis,
                f"{shown}{source}",
                "",
            )
        )
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"year": "Int64"})


def _shown(value: Any) -> str:
    """A value of the rule in words."""
    if isinstance(value, dict):
        return word("list.separator").join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, tuple):
        return word("list.separator").join(_shown(item) for item in value)
    if value in ecosystems():
        return str(ecosystems()[value].label)
    if value in pools():
        return str(pools()[value].label)
    return word(f"rule_value.{value}").removeprefix("rule_value.")


def assumed_note(rule: Rule) -> str:
    """The sentence that names the assumed values of the rule, or nothing when all are given."""
    names = [word(f"rule.{name}") for name, ruled in rule.values().items() if ruled.basis == "assumed"]
    return message("assessment.note_assumed", names=names) if names else ""
