"""Growths: living carbon at every whole age, from a curve, from points of a yield table, or from a methodology.

A yield table is a line through its points.  Increments are integrated over age, exactly: between two points the
increment is a straight line, and what has grown is a parabola.  Nothing is carried on beyond the last point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, records
from sinks.errors import Problem, Problems
from sinks.methodology import Bound
from sinks.planning.potential import NamedCurve
from sinks.projection.engine import Growth
from sinks.uncertainty.draws import Draws, Floats

AGE, VOLUME = "stand_age", "growing_stock"
"""Inputs of a methodology that a growth can supply."""

INCREMENTS = {"volume_increment": "volume", "carbon_increment": "carbon"}
"""What is left when an increment is integrated."""

BIOMASS = "biomass"


@dataclass(frozen=True)
class Points:
    """A yield table.

    Attributes
    ----------
    quantity : str
        ``volume`` [m3/ha], ``carbon`` [t C/ha of living biomass], or the yearly increment of one of them.
    ages, values : array (points,)
        In order of age.
    where : str
        First row, for messages.
    """

    quantity: str
    ages: Floats
    values: Floats
    where: str

    @property
    def of(self) -> str:
        """Volume or carbon."""
        return INCREMENTS.get(self.quantity, self.quantity)

    def at(self, ages: Floats) -> Floats:
        """Volume or carbon at ages within the points."""
        if self.quantity not in INCREMENTS:
            return np.asarray(np.interp(ages, self.ages, self.values))
        steps = np.diff(self.ages) * (self.values[1:] + self.values[:-1]) / 2
        whole = np.concatenate(([0.0], np.cumsum(steps)))
        place = np.clip(np.searchsorted(self.ages, ages, side="right") - 1, 0, max(len(self.ages) - 2, 0))
        past = ages - self.ages[place]
        return whole[place] + past * (self.values[place] + np.interp(ages, self.ages, self.values)) / 2


def points_of(table: pd.DataFrame, problems: Problems) -> dict[str, Points]:
    """Yield tables by name, from the parsed table ``yields``.

    A table begins at age zero, so that planted land can be grown; one has one quantity, and an age stands once.
    """
    found = {}
    for name, rows in table.groupby("curve", sort=True):
        where, ordered = str(rows[WHERE].iloc[0]), rows.sort_values("age", kind="stable")
        kinds = sorted(set(rows["quantity"]))
        if len(kinds) > 1:
            problems.add("projection.yield_kinds", where, curve=name, found=kinds)
        for row in records(rows[rows.duplicated("age")]):
            problems.add("projection.yield_twice", row[WHERE], curve=name, age=int(row["age"]))
        if int(ordered["age"].iloc[0]) != 0 or len(rows) < 2:
            problems.add("projection.yield_begins", where, curve=name, found=int(ordered["age"].iloc[0]))
        ages, values = (ordered[column].to_numpy(dtype=np.float64) for column in ("age", "value"))
        found[str(name)] = Points(kinds[0], ages, values, where)
    return found


def check_reach(name: str, points: Points, oldest: int, problems: Problems) -> None:
    """Refuse a yield table that ends before the stands do."""
    last = int(points.ages[-1])
    if last < oldest:
        problems.add("projection.yield_ends", points.where, curve=name, last=last, needed=oldest)


def of_curve(curve: NamedCurve, oldest: int, n: int) -> Growth:
    """A growth by a curve of carbon density; no interval is known of it."""
    return _certain(curve.density(np.arange(oldest + 1, dtype=np.float64)), n)


def of_carbon(points: Points, oldest: int, n: int) -> Growth:
    """A growth by a yield table of carbon; no interval is known of it."""
    return _certain(points.at(np.arange(oldest + 1, dtype=np.float64)), n)


def of_methodology(
    method: Bound, strata: Mapping[str, str], points: Points | None, oldest: int, draws: Draws | None
) -> Growth:
    """A growth by a methodology with its parameters and their draws.

    Parameters
    ----------
    method : Bound
        Takes ``stand_age``, or ``growing_stock``.
    strata : mapping of str to str
        That the parameters are looked up by.
    points : Points or None
        Volume by age, for a methodology that takes it.
    oldest : int
        Age to which the growth is needed.
    draws : Draws or None
        Those of the account: one draw of a parameter serves all stands, as it serves all regions.

    Raises
    ------
    AssessmentError
        Some age has no carbon.
    MethodologyError, ParameterError
        The strata do not find the parameters.
    """
    ages, ecosystem = np.arange(oldest + 1, dtype=np.float64), method.methodology.ecosystems[0]
    rows = pd.DataFrame({"region_code": "", "ecosystem": ecosystem, **strata}, index=range(len(ages)))
    rows[AGE if points is None else VOLUME] = ages if points is None else points.at(ages)
    resolved = method.resolve(rows)
    # Nothing stands on land that was planted this year, whatever the equation says of age zero.
    bare = ages == 0 if points is None else rows[VOLUME].to_numpy(np.float64) == 0
    central = {pool: np.where(bare, 0.0, values) for pool, values in resolved.pools().items()}
    gaps = [pool for pool, values in central.items() if np.isnan(values).any()]
    if gaps:
        raise AssessmentError(Problem("projection.no_carbon", method.id, {"pools": gaps}))
    n = 0 if draws is None else draws.n
    density = np.empty((len(ages), len(central), 1 + n))
    for place, values in enumerate(central.values()):
        density[:, place, 0] = values
    if draws is not None:
        drawn = resolved.pools_from_draws(draws.table(method).T, {})
        for place, pool in enumerate(central):
            density[:, place, 1:] = np.where(bare[:, None], 0.0, drawn[pool].T)
    return Growth(tuple(central), density, draws is not None)


def _certain(density: Floats, n: int) -> Growth:
    return Growth((BIOMASS,), np.repeat(density[:, None, None], 1 + n, axis=2), False)
