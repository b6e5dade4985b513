"""The account on error-adjusted areas: ``adjust = true`` in ``[accuracy]``.

Every ecosystem's area in every region unit becomes the one that the confusion matrix gives for it, and all strata
inside it are scaled alike.  The sum over ecosystems stays the area of the map.  Where an ecosystem is not on the map
of a unit at all, what the matrix expects of it there has no stratum to go to: it is left out, which the coverage
shows, and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sinks.account.account import Entry
from sinks.account.common_land import SCALE
from sinks.account.hierarchy import Hierarchy
from sinks.activity import FROM, LAND_COVER, TO, Activity
from sinks.errors import LayerError, Problem, Problems
from sinks.input_sets import BIN_KEYS
from sinks.uncertainty.confusion_matrix import ConfusionMatrix, area_estimates
from sinks.uncertainty.draws import Draws, Floats
from sinks.vocabulary import NODATA

_INPUT_AREA = "_observed_ha"


@dataclass(frozen=True)
class AdjustedAreas:
    """Areas of the map and adjusted areas by region unit.

    Parameters
    ----------
    matrices : mapping of str to ConfusionMatrix
        By date.
    mapped : mapping of str to array (units, k)
        Hectares on the map by date, classes in the order of the matrix.
    adjusted : mapping of str to array (units, k)
    """

    matrices: Mapping[str, ConfusionMatrix]
    mapped: Mapping[str, Floats]
    adjusted: Mapping[str, Floats]

    @classmethod
    def of(cls, activity: Activity, hierarchy: Hierarchy, matrices: Mapping[str, ConfusionMatrix]) -> AdjustedAreas:
        """From the states of the land-cover layer.

        Raises
        ------
        LayerError
            The map has a class that was not sampled.
        """
        states = activity.states[(activity.states["source"] == LAND_COVER) & (activity.states["ecosystem"] != NODATA)]
        mapped, adjusted = {}, {}
        for date, matrix in matrices.items():
            rows = states[states["date"] == date]
            table = rows.pivot_table(values="area_ha", index="region_code", columns="ecosystem", aggfunc="sum")
            areas = table.reindex(list(hierarchy.units)).fillna(0.0)
            area_estimates(matrix, {str(name): float(areas[name].sum()) for name in areas.columns})
            mapped[date] = areas.reindex(columns=list(matrix.classes), fill_value=0.0).to_numpy(float)
            adjusted[date] = mapped[date] @ matrix.shares
        return cls(matrices, mapped, adjusted)

    def factors(self, date: str) -> Floats:
        """Adjusted area over that of the map, shape (units, k); 1 where the map has none."""
        mapped = self.mapped[date]
        return np.divide(self.adjusted[date], mapped, out=np.ones_like(mapped), where=mapped > 0)

    def relative(self, source: str, ecosystem: str, date: str, draws: Draws) -> Floats | None:
        """Draws of an area relative to its central value, shape (units, n); None for what is not adjusted.

        Dates with one matrix between them share its draws: what is uncertain is how the map errs, not when.
        """
        if source != LAND_COVER or date not in self.matrices or ecosystem not in self.matrices[date].classes:
            return None
        matrix = self.matrices[date]
        number = list({id(one): None for one in self.matrices.values()}).index(id(matrix))
        shares = matrix.draw_shares(draws.generator(f"accuracy:{number}"), draws.n)
        place = matrix.classes.index(ecosystem)
        drawn = self.mapped[date] @ shares[:, :, place].T
        central = self.adjusted[date][:, [place]]
        return np.divide(drawn, central, out=np.ones_like(drawn), where=central > 0)

    def apply(self, activity: Activity, hierarchy: Hierarchy) -> Activity:
        """The activity with the adjusted areas in its states; its changes keep the areas of the map."""
        states = activity.states.copy()
        columns = ["area_ha", *(name for name in states.columns if str(name).endswith(_INPUT_AREA))]
        scale = np.ones(len(states))
        states[columns] = states[columns].astype(float)
        for date, matrix in self.matrices.items():
            rows = (states["source"] == LAND_COVER) & (states["date"] == date)
            rows &= states["ecosystem"].isin(matrix.classes)
            units = hierarchy.numbers(states.loc[rows, "region_code"])
            places = [matrix.classes.index(name) for name in states.loc[rows, "ecosystem"]]
            factor = self.factors(date)[units, places]
            scale[rows.to_numpy()] = factor
            states.loc[rows, columns] = states.loc[rows, columns].mul(factor, axis=0)
        bins, own = activity.bins, (activity.bins["end"] == "").to_numpy()
        of_bins = np.where(own, scale[np.where(own, bins["row"], 0)], 1.0) if len(bins) else np.ones(0)
        measured = [name for name in bins.columns if name not in BIN_KEYS]
        return replace(
            activity,
            states=states,
            changes=self._scaled_ends(activity.changes, hierarchy),
            bins=bins.assign(**{name: bins[name] * of_bins for name in measured}),
        )

    def _scaled_ends(self, changes: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
        """Transitions with the factor that the area of each of their ends has by its own date."""
        found = {}
        for end in (FROM, TO):
            scale = np.ones(len(changes))
            for date, matrix in self.matrices.items():
                rows = (changes["source"] == LAND_COVER) & (changes[f"date{end}"] == date)
                rows &= changes[f"ecosystem{end}"].isin(matrix.classes)
                units = hierarchy.numbers(changes.loc[rows, "region_code"])
                places = [matrix.classes.index(name) for name in changes.loc[rows, f"ecosystem{end}"]]
                scale[rows.to_numpy()] = self.factors(date)[units, places]
            found[SCALE + end] = scale
        return changes.assign(**found)

    def unplaced(self, hierarchy: Hierarchy) -> Iterator[Problem]:
        """What the matrix expects where the map has nothing of it: region units, dates, ecosystems and hectares."""
        for date, matrix in self.matrices.items():
            lost = np.where(self.mapped[date] > 0, 0.0, self.adjusted[date])
            for unit, place in np.argwhere(lost > 0):
                values = {"date": date, "ecosystem": matrix.classes[place], "area": f"{lost[unit, place]:,.0f}"}
                yield Problem("accuracy.unplaced", hierarchy.units[unit], values)


def check_adjustable(
    entries: Sequence[Entry], dates: Sequence[str], matrices: Mapping[str, ConfusionMatrix], where: str = "accuracy"
) -> None:
    """Refuse an adjustment that would reach only a part of the account.

    Raises
    ------
    LayerError
        A date has no matrix, or a methodology of record works on transitions, whose areas a confusion matrix of one
        date says nothing about.
    """
    problems = Problems()
    if missing := [date for date in dates if date not in matrices]:
        problems.add("accuracy.date_without_matrix", where, missing=missing)
    record = [entry for entry in entries if entry.role == "record" and entry.source == LAND_COVER]
    if changing := sorted({entry.method.id for entry in record if entry.method.acts_on == "change"}):
        problems.add("accuracy.transitions", where, methods=changing)
    problems.raise_as(LayerError)
