"""Gases that methodologies give beside carbon, by region: reported with the account and never added to it.

Methane and nitrous oxide of fires and organic soils warm the climate, but no carbon pool gains or loses by them in the
account; the carbon dioxide of a fire is the loss of a pool that is in the account already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from sinks import units
from sinks.account.account import Entry
from sinks.account.calendar_years import dates_of
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.methodology import Registry
from sinks.provenance import Source
from sinks.uncertainty.draws import Floats

COLUMNS = (
    "region_code",
    "region_name",
    "level",
    "ecosystem",
    "gas",
    "date",
    "value",
    "unit",
    "co2e",
    "gwp",
    "methodology",
    "coverage",
)

UNIT_OF_GAS = {"co2": "t CO2/yr", "ch4": "t CH4/yr", "n2o": "t N2O/yr"}
"""Unit of the table by gas; an emission is positive."""

POTENTIALS = "gwp"
"""The table of global warming potentials."""

_POTENTIAL_UNITS = {"gwp_ch4": "kg CO2e/(kg CH4)", "gwp_n2o": "kg CO2e/(kg N2O)"}


@dataclass(frozen=True)
class Potentials:
    """Global warming potentials over 100 years, as one assessment report of the IPCC has them.

    Attributes
    ----------
    assessment : str
        ``ar2``, ``ar4``, ``ar5`` or ``ar6``.
    of_gas : mapping of str to float
        t CO2e per t of each gas.
    used : DataFrame
        Their rows of the table, as ``ParameterTable.frame`` has them.
    sources : mapping of str to Source
        Documents by key.
    """

    assessment: str
    of_gas: Mapping[str, float]
    used: pd.DataFrame
    sources: Mapping[str, Source]

    @classmethod
    def of(cls, registry: Registry, assessment: str) -> Potentials:
        """Read the potentials of an assessment report.

        Raises
        ------
        MethodologyError, ParameterError
            The table is missing or at fault, or does not have the assessment.
        """
        table = registry.table(POTENTIALS, _POTENTIAL_UNITS, ("assessment",), {})
        strata = {"assessment": np.array([assessment], object)}
        found = {name: table.lookup(name, strata, 1) for name in _POTENTIAL_UNITS}
        of_gas = {name.removeprefix("gwp_"): float(one.values[0]) for name, one in found.items()}
        rows = sorted({int(one.rows[0]) for one in found.values()})
        return cls(assessment, {"co2": 1.0, **of_gas}, table.frame.iloc[rows], table.sources)

    def weigh(self, emissions: pd.DataFrame) -> pd.DataFrame:
        """The table of :func:`other_gases` with ``co2e`` [t CO2e/yr] and the assessment it is by."""
        return emissions.assign(co2e=emissions["value"] * emissions["gas"].map(self.of_gas), gwp=self.assessment)


def other_gases(
    activity: Activity, entries: Sequence[Entry], hierarchy: Hierarchy, dates: Sequence[str]
) -> pd.DataFrame:
    """Emissions in the year of each date, and of flows in every year between, by region, ecosystem and gas.

    Parameters
    ----------
    activity : Activity
    entries : sequence of Entry
        Those whose methodology gives nothing beside carbon are passed over.
    hierarchy : Hierarchy
        Regions of every level.
    dates : sequence of str
        Dates of the account.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`; ``co2e`` and ``gwp`` are empty (see :class:`Potentials`).  ``coverage`` is the share
        of the land of the entry whose emission is known; the rest is not estimated and not zero.  A region none of
        whose land is known has no row.

    Raises
    ------
    MethodologyError, ParameterError
        As the evaluation of the methodology.
    """
    found = [part for entry in entries for part in _of_entry(activity, entry, hierarchy, dates)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


def _of_entry(activity: Activity, entry: Entry, hierarchy: Hierarchy, dates: Sequence[str]) -> Iterator[pd.DataFrame]:
    given = entry.method.methodology.other_gases
    if not given:
        return
    states = activity.states
    years = dates_of(entry, activity, dates)
    wanted = states["ecosystem"].isin(entry.ecosystems) & states["date"].isin(years)
    rows = states[wanted & (states["source"] == entry.source)].reset_index(drop=True)
    area = rows["area_ha"].to_numpy(np.float64)
    numbers = hierarchy.numbers(rows["region_code"])
    for gas, density in entry.method.other_gases(rows).items():
        amount = in_tonnes(density, given[gas], gas, area)
        known = np.isfinite(amount)
        for key, places in rows.groupby(["ecosystem", "date"], sort=True).indices.items():
            ecosystem, date = cast(tuple[str, str], key)
            sums = [np.zeros(len(hierarchy.units)) for _ in range(3)]
            for total, values in zip(sums, (np.where(known, amount, 0), np.where(known, area, 0), area), strict=True):
                np.add.at(total, numbers[places], values[places])
            constant = {"ecosystem": ecosystem, "gas": gas, "date": date, "unit": UNIT_OF_GAS[gas]}
            yield _lines(hierarchy, sums, {**constant, "methodology": entry.method.id})


def in_tonnes(value: Floats, unit: str, gas: str, area: Floats) -> Floats:
    """An emission in tonnes of its gas per year: of the whole row, or per hectare and then times its area [ha]."""
    whole = UNIT_OF_GAS[gas]
    if units.dimension(unit) == units.dimension(whole):
        return units.convert(value, unit, whole)
    return units.convert(value, unit, whole.replace("/yr", "/ha/yr")) * area


def _lines(hierarchy: Hierarchy, sums: Sequence[Floats], constant: dict[str, str]) -> pd.DataFrame:
    value, known, land = (hierarchy.total(total) for total in sums)
    regions = hierarchy.regions
    lines = pd.DataFrame(
        {
            "region_code": regions["code"].to_numpy(),
            "region_name": regions["name"].to_numpy(),
            "level": regions["level"].to_numpy(),
            **constant,
            "value": value,
            "co2e": np.nan,
            "gwp": "",
            "coverage": np.divide(known, land, out=np.zeros_like(known), where=land > 0),
        }
    )
    return lines.loc[known > 0, list(COLUMNS)]
