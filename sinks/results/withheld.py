"""Regions and periods whose sink is printed as what cannot be told from classification noise, and not as a headline."""

from __future__ import annotations

from sinks.analysis.noise_of_maps import withheld as withheld_in
from sinks.results.contents import RunContents


def withheld(contents: RunContents) -> frozenset[tuple[str, str]]:
    """Regions and periods of a run whose sink is no headline, see :mod:`sinks.analysis.noise_of_maps`.

    Parameters
    ----------
    contents : RunContents

    Returns
    -------
    frozenset of (region_code, period)
        Empty where no sink lives on the class of the land.
    """
    table = contents.tables.get("noise")
    return frozenset() if table is None else withheld_in(table)
