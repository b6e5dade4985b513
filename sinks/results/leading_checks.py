"""Checks that a reader meets first: whether a figure is a change of the land, and what its interval covers."""

from __future__ import annotations

import pandas as pd

LEADING = (
    "classification_noise",
    "map_worse_than_published",
    "no_known_change",
    "interval_partial",
    "record_differs",
    "land_left",
    "land_unmeasured",
    "newly_known",
    "no_longer_known",
)
"""In the order in which they are named on page one of a report, on the map and in the console."""


def leading_first(checks: pd.DataFrame) -> pd.DataFrame:
    """The checks with :data:`LEADING` in front, in that order; the others, and those of one kind, keep theirs.

    Parameters
    ----------
    checks : DataFrame
        With a column ``check``.
    """
    place = {check: number for number, check in enumerate(LEADING)}
    rank = checks["check"].map(lambda check: place.get(check, len(LEADING)))
    return checks.iloc[rank.argsort(kind="stable")]
