"""Published targets other than intensity: forest cover, stand volume, grass cover, wetland.

An indicator is its name and its definition. Forest cover of the forest inventory and of the land survey are different
indicators, and a target of one cannot be held against an observation of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, measures, records
from sinks.errors import Problems

COLUMNS = (
    *("region_code", "indicator", "definition", "base_year", "target_year", "base", "target"),
    *("year", "observed", "required", "gap", "unit", "status"),
)

REACHED, ON_PATH, BEHIND, NO_BASE, NOT_OBSERVED = "reached", "on_path", "behind", "no_base", "not_observed"
"""Status: the target itself is reached; the even path to it is kept, or not; no path without a base; no observation."""


@dataclass(frozen=True)
class _Series:
    """Observations of one indicator by one definition in one region, by year."""

    values: dict[int, float]

    def latest_after(self, year: int) -> int | None:
        return max((y for y in self.values if y > year), default=None)


def follow(targets: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Hold every target against the latest observation by the same definition.

    The path from the base observation to the target is even (linear), so ``required`` is what it asks for in the year
    of the observation.

    Parameters
    ----------
    targets, observations : DataFrame
        The parsed tables of these names.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, one row for each target; ``gap`` is observed less required.

    Raises
    ------
    AssessmentError
        A target could only be held against observations by another definition, each named with both.
    """
    problems = Problems()
    rows = records(targets[targets["indicator"].isin(measures("observations"))])
    for target in rows:
        _check_definition(target, observations, problems)
    problems.raise_as(AssessmentError)
    found = [_row(target, _series(target, observations)) for target in rows]
    return pd.DataFrame(found, columns=list(COLUMNS)).astype({"year": "Int64"})


def _same(target: dict[str, Any], observations: pd.DataFrame) -> pd.DataFrame:
    """Observations of the target's indicator in its region, by whatever definition."""
    here = observations["region_code"] == target["region_code"]
    found: pd.DataFrame = observations[here & (observations["indicator"] == target["indicator"])]
    return found


def _series(target: dict[str, Any], observations: pd.DataFrame) -> _Series:
    rows = _same(target, observations)
    rows = rows[rows["definition"] == target["definition"]]
    return _Series({int(y): float(v) for y, v in zip(rows["year"], rows["value"], strict=True)})


def _check_definition(target: dict[str, Any], observations: pd.DataFrame, problems: Problems) -> None:
    """A year that is known only by another definition would tempt a comparison that is none."""
    rows = _same(target, observations)
    own = set(rows.loc[rows["definition"] == target["definition"], "year"])
    foreign = rows[(rows["definition"] != target["definition"]) & ~rows["year"].isin(own)]
    for row in records(foreign[foreign["year"] >= target["base_year"]]):
        values = {"region": target["region_code"], "indicator": target["indicator"], "year": row["year"]}
        values |= {"target": target["definition"], "found": row["definition"]}
        problems.add("assessment.other_definition", row[WHERE], **values)


def _row(target: dict[str, Any], series: _Series) -> dict[str, Any]:
    start, end = int(target["base_year"]), int(target["target_year"])
    goal = float(target["value"])
    base, year = series.values.get(start), series.latest_after(start)
    row: dict[str, Any] = {name: target.get(name) for name in COLUMNS}
    row |= {"base": base, "target": goal, "year": year, "observed": None, "required": None, "gap": None}
    if year is None:
        return row | {"status": NOT_OBSERVED}
    observed = series.values[year]
    row["observed"] = observed
    if base is None:
        return row | {"status": REACHED if observed >= goal else NO_BASE}
    required = base + (goal - base) * min(1.0, (year - start) / (end - start))
    status = REACHED if observed >= goal else ON_PATH if observed >= required else BEHIND
    return row | {"required": required, "gap": observed - required, "status": status}
