"""From raw attribute values to land cover and strata, once for each combination that occurs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import pandas as pd

from sinks.geo.legends import LegendClass
from sinks.layers.codes import LAND_COVER, Read, strata
from sinks.layers.stands.checks import Findings
from sinks.layers.stands.equal_area import Floats
from sinks.layers.stands.plan import GROWING_STOCK, Plan
from sinks.vocabulary import NODATA

ZeroVolume = Literal["observed", "missing"]

_SHOWN = 30


def decode(
    table: pd.DataFrame,
    plan: Plan,
    areas: Callable[[pd.Series[int]], Floats],
    numeric: Mapping[str, bool],
    zero_volume: ZeroVolume | None,
    findings: Findings,
) -> pd.DataFrame:
    """Add land cover, class, ecosystem and strata to the sums by raw values.

    Parameters
    ----------
    table : DataFrame
        From :meth:`sinks.layers.stands.groups.Groups.table`.
    plan : Plan
        Its code books.
    areas : callable
        Hectares of a column of ``table``.
    numeric : mapping of str to bool
        Whether the field of a role holds numbers, which have no leading zeros.
    zero_volume : {"observed", "missing"} or None
        What a growing stock of zero means in forest.
    findings : Findings
        Receives what cannot be understood, with counts and areas.
    """
    decoded = table.copy()
    if table.empty:
        return decoded
    tally = _Tally(table, areas, findings, plan, numeric)
    everywhere = pd.Series(True, index=table.index)
    found = tally.read(LAND_COVER, everywhere, everywhere)
    decoded["land_cover"] = [entry.text if entry else NODATA for entry in found]
    decoded["class"] = [entry.cls if entry else NODATA for entry in found]
    decoded["ecosystem"] = [entry.ecosystem if entry else NODATA for entry in found]
    for role in plan.strata:
        rule = strata().get(role)
        applies = decoded["ecosystem"].isin(rule.ecosystems) if rule else everywhere
        expected = decoded["class"].isin(rule.expected_in) if rule else everywhere
        values = tally.read(role, applies, expected)
        decoded[role] = [entry.cls if entry else NODATA for entry in values]
    if GROWING_STOCK in plan.inputs:
        _judge_volume(decoded, areas, zero_volume, findings)
    return decoded


class _Tally:
    """Reads one role after the other, and reports each with counts and areas."""

    def __init__(
        self,
        table: pd.DataFrame,
        areas: Callable[[pd.Series[int]], Floats],
        findings: Findings,
        plan: Plan,
        numeric: Mapping[str, bool],
    ) -> None:
        self._stands, self._areas = table["stands"].to_numpy(), areas(table["area"])
        self._table, self._findings, self._plan, self._numeric = table, findings, plan, numeric

    def read(self, role: str, applies: pd.Series[bool], expected: pd.Series[bool]) -> list[LegendClass | None]:
        """The class of each row; None where the role does not apply or nothing is recorded."""
        raw = self._table[f"raw:{role}"]
        used = applies & (raw != "")
        found = self._plan.books[role].read_all(raw[used].unique(), numeric=self._numeric.get(role, False))
        how = raw.where(used, "").map(lambda value: found[value][1] if value else None)
        field = self._plan.fields[role].field
        values = {"field": field, "role": role, "list": self._plan.books[role].legend.id}
        for kind, message in _ERRORS.items():
            if (how == kind).any():
                self._findings.error(message, **values, codes=self._listed(raw[how == kind]))
        for kind, message in _NOTES.items():
            if (how == kind).any():
                self._findings.note(message, **values, codes=self._listed(raw[how == kind]))
        missing = expected & (raw == "")
        if missing.any():
            self._missing(role, missing, values)
        return [found[value][0] if use else None for value, use in zip(raw, used, strict=True)]

    def _missing(self, role: str, missing: pd.Series[bool], values: dict[str, str]) -> None:
        amounts = {"count": int(self._stands[missing].sum()), "area": f"{self._areas[missing].sum():.4f}"}
        if role == LAND_COVER:
            self._findings.error("vector.no_land_cover_code", **values, **amounts)
        else:
            share = 100.0 * self._areas[missing].sum() / self._areas.sum()
            self._findings.note("vector.missing_stratum", **values, **amounts, percent=f"{share:.3g}")

    def _listed(self, raw: pd.Series[str]) -> list[str]:
        """Each raw value with its stands and area, the largest first."""
        rows = raw.index
        summed = pd.DataFrame({"raw": raw, "stands": self._stands[rows], "area": self._areas[rows]})
        summed = summed.groupby("raw").sum().sort_values("area", ascending=False)
        listed = [f"{code} ({row.stands:.0f}; {row.area:.4f} ha)" for code, row in summed.head(_SHOWN).iterrows()]
        return [*listed, "…"] if len(summed) > _SHOWN else listed


_ZERO_VOLUME = {"observed": "vector.zero_volume_observed", "missing": "vector.zero_volume_missing"}
_ERRORS = {Read.UNKNOWN: "vector.unknown_code", Read.AMBIGUOUS: "vector.ambiguous_code"}
_NOTES = {Read.NAME: "vector.names_for_codes", Read.ZEROS: "vector.zeros_lost"}


def _judge_volume(
    decoded: pd.DataFrame,
    areas: Callable[[pd.Series[int]], Floats],
    zero_volume: ZeroVolume | None,
    findings: Findings,
) -> None:
    """Forest without volume: zero may be a young stand or a figure that was never taken, and only the user knows."""
    forest = decoded["class"].isin(strata()["species_group"].expected_in)
    zero = decoded[f"{GROWING_STOCK}:zero"].where(forest, 0)
    total = areas(decoded["area"].where(forest, 0)).sum()
    if zero.any():
        stands = int(decoded[f"{GROWING_STOCK}:zeros"].where(forest, 0).sum())
        area = areas(zero).sum()
        values = {"count": stands, "area": f"{area:.4f}", "percent": f"{100.0 * area / total:.3g}"}
        if zero_volume is None:
            findings.error("vector.zero_volume", **values)
        else:
            findings.note(_ZERO_VOLUME[zero_volume], **values)
        if zero_volume == "missing":
            decoded[f"{GROWING_STOCK}:seen"] -= zero
    unseen = areas((decoded["area"] - decoded[f"{GROWING_STOCK}:seen"]).where(forest, 0)).sum()
    if unseen > 0.0 and not np.isclose(unseen, 0.0):
        findings.note("vector.no_volume", area=f"{unseen:.4f}", percent=f"{100.0 * unseen / total:.3g}")
