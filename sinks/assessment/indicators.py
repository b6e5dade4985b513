"""Indicators of the published targets as the account's own layers show them.

A figure from a land-cover map is not the survey's figure only because it has the same name.  So nothing is compared
unless the user says under which definition the run's own layers stand, for example because the map was made from the
land survey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from sinks.account.account import AccountInputs, counted_rows
from sinks.assessment.answer import Answer
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, measures, read_table
from sinks.assessment.targets import follow
from sinks.errors import Problem, Problems
from sinks.uncertainty.draws import Floats

COMPUTED = "run"
"""Source of a figure that was computed from the run."""

_LAYER = {"growing_stock": ("growing_stock", "forest"), "grass_cover": ("grass_cover", "grassland")}
"""Input and ecosystem of the indicators that are sums or means of a layer."""


@dataclass(frozen=True, repr=False)
class Progress(Answer):
    """Progress of ecosystem targets.

    Attributes
    ----------
    table : DataFrame
        :func:`sinks.assessment.targets.follow`.
    """

    table: pd.DataFrame

    NAMED = ("indicator", "status")

    def data(self) -> dict[str, pd.DataFrame]:
        return {"indicators": self.table}

    def glance(self) -> list[pd.DataFrame]:
        columns = ["region_code", "indicator", "definition", "target_year", "base", "target", "year", "observed"]
        return [self.table[[*columns, "unit", "status"]]]


def published_targets() -> pd.DataFrame:
    """Targets of published documents, parsed: ecosystem targets and the intensity of leagues that state one."""
    return read_table("targets", str(files("sinks.assessment").joinpath("targets_published.csv")))


def published_observations() -> pd.DataFrame:
    """Figures that the same documents give for past years, parsed."""
    return read_table("observations", str(files("sinks.assessment").joinpath("observations_published.csv")))


def observe(basis: AccountInputs, definitions: Mapping[str, str]) -> pd.DataFrame:
    """Indicators at every date of the run, for regions of every level.

    Parameters
    ----------
    basis : AccountInputs
    definitions : mapping of str to str
        Indicator, and the definition under which the run's layers stand: ``forest_cover`` and ``wetland_area`` from
        land cover, ``growing_stock`` and ``grass_cover`` (mean by area) from inputs of these names.

    Returns
    -------
    DataFrame
        As the parsed table ``observations``; the source is ``run``. A region with a gap in an input has no figure.

    Raises
    ------
    AssessmentError
        An indicator cannot be computed, its layer is not in the project, or its definition is not said.
    """
    problems = Problems()
    possible = ("forest_cover", "wetland_area", *_LAYER)
    if unsaid := [name for name, definition in definitions.items() if not definition]:
        problems.add("assessment.no_definition", "definitions", indicators=unsaid)
    for name in definitions:
        if name not in possible:
            problems.add("assessment.not_computable", "definitions", found=name, possible=possible)
        elif name in _LAYER and _LAYER[name][0] not in basis.activity.inputs:
            problems.add("assessment.no_stratum", name, column=_LAYER[name][0], found=list(basis.activity.inputs))
    problems.raise_as(AssessmentError)
    parts = [
        pd.DataFrame(
            {
                "region_code": basis.hierarchy.regions["code"],
                "indicator": name,
                "definition": definition,
                "year": int(date),
                "value": _value(basis, name, date),
                "unit": measures("observations")[name].unit,
                "source": COMPUTED,
                WHERE: f"{COMPUTED}: {name} {date}",
            }
        )
        for name, definition in definitions.items()
        for date in basis.dates
    ]
    found = pd.concat(parts, ignore_index=True) if parts else published_observations().iloc[:0]
    known: pd.DataFrame = found[np.isfinite(found["value"])].reset_index(drop=True)
    return known


def follow_run(
    basis: AccountInputs, targets: pd.DataFrame, observations: pd.DataFrame, definitions: Mapping[str, str]
) -> pd.DataFrame:
    """:func:`sinks.assessment.targets.follow` with figures computed from the run beside those given.

    Raises
    ------
    AssessmentError
        A target has observations by another definition only, a figure is both given and computed, or as
        :func:`observe`.
    """
    own = observe(basis, definitions)
    key = ["region_code", "indicator", "definition", "year"]
    both = own.merge(observations[key], on=key)
    if len(both):
        values = {"regions": sorted(set(both["region_code"])), "indicators": sorted(set(both["indicator"]))}
        raise AssessmentError(Problem("assessment.given_and_computed", "observations", values))
    wanted = targets[targets["region_code"].isin(set(basis.hierarchy.regions["code"]))]
    # Only regions with a target are reported on.
    return follow(wanted, pd.concat([observations, own], ignore_index=True))


def _value(basis: AccountInputs, name: str, date: str) -> Floats:
    if name == "forest_cover":
        forest, land = _area(basis, date, ("forest",)), _area(basis, date, None)
        return np.divide(forest, land, out=np.full_like(forest, np.nan), where=land > 0)
    if name == "wetland_area":
        return _area(basis, date, ("wetland",))
    layer, ecosystem = _LAYER[name]
    rows = _rows(basis, date, (ecosystem,))
    observed = rows[f"{layer}_observed_ha"].to_numpy(np.float64)
    amount = np.where(observed > 0, rows[layer].to_numpy(np.float64) * observed, 0.0)
    total, seen = (_sum(basis, rows, values) for values in (amount, observed))
    area = _sum(basis, rows, rows["area_ha"].to_numpy(np.float64))
    if name == "growing_stock":
        # A sum of volume over gaps would count what is missing as zero, so there is none.
        return np.where(np.isclose(seen, area, rtol=1e-6), total, np.nan)
    # The layer is in percent, the indicator a fraction.
    return np.divide(total / 100, seen, out=np.full_like(total, np.nan), where=seen > 0)


def _rows(basis: AccountInputs, date: str, ecosystems: tuple[str, ...] | None) -> pd.DataFrame:
    rows = counted_rows(basis.activity.states, date, basis.area_source)
    return rows if ecosystems is None else rows[rows["ecosystem"].isin(ecosystems)]


def _area(basis: AccountInputs, date: str, ecosystems: tuple[str, ...] | None) -> Floats:
    rows = _rows(basis, date, ecosystems)
    return _sum(basis, rows, rows["area_ha"].to_numpy(np.float64))


def _sum(basis: AccountInputs, rows: pd.DataFrame, values: Floats) -> Floats:
    units = np.zeros(len(basis.hierarchy.units))
    np.add.at(units, basis.hierarchy.numbers(rows["region_code"]), values)
    return basis.hierarchy.total(units)
