"""Carbon densities scaled to the areas of a land survey: ``scale_densities`` in ``[land_survey]``.

The areas of the account stay those of the map.  What is multiplied is carbon: of each region unit and ecosystem by one
factor, the same at all dates, so that every law of the account holds and no change of the survey becomes a sink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sinks.account.quadrature import Parts
from sinks.activity import FROM, LAND_COVER, TO, Activity
from sinks.errors import AccountError, Problems

DENSITY_SCALE = "density_scale"
"""Column of states; with ``_from`` and ``_to`` those of transitions."""


def with_density_scale(activity: Activity, factors: pd.DataFrame) -> Activity:
    """An activity whose land carries the factor of its carbon density.

    Parameters
    ----------
    activity : Activity
    factors : DataFrame
        ``region_code, ecosystem, factor``; land of other layers, units and ecosystems keeps its density.
    """
    known = factors.set_index(["region_code", "ecosystem"])["factor"]

    def of(frame: pd.DataFrame, end: str) -> np.ndarray:
        keys = pd.MultiIndex.from_arrays([frame["region_code"], frame[f"ecosystem{end}"]])
        found = known.reindex(keys).fillna(1.0).to_numpy(float)
        return np.where(frame["source"] == LAND_COVER, found, 1.0)

    changes = activity.changes
    return replace(
        activity,
        states=activity.states.assign(**{DENSITY_SCALE: of(activity.states, "")}),
        changes=changes.assign(**{DENSITY_SCALE + end: of(changes, end) for end in (FROM, TO)}),
    )


def scaled(parts: Parts) -> Parts:
    """Land whose densities are those asked for: the hectares of its nodes, which densities are multiplied with, are
    scaled, and the hectares of the land are not.
    """
    if DENSITY_SCALE not in parts.rows.columns:
        return parts
    weights = parts.weights.copy()
    weights.data *= np.repeat(parts.rows[DENSITY_SCALE].to_numpy(float), np.diff(weights.indptr))
    return replace(parts, weights=weights)


def check_scalable(wrong: Sequence[str], *, adjusted: bool) -> None:
    """Refuse a scale that would reach a part of the account only, or land whose areas are adjusted already.

    Parameters
    ----------
    wrong : sequence of str
        Methodologies of record that work on transitions, or on totals instead of densities.
    adjusted : bool
        Whether areas are adjusted by a confusion matrix.

    Raises
    ------
    AccountError
    """
    problems = Problems()
    if wrong:
        problems.add("survey.no_densities", "land_survey.scale_densities", methods=list(wrong))
    if adjusted:
        problems.add("survey.adjusted_too", "land_survey.scale_densities")
    problems.raise_as(AccountError)
