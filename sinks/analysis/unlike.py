"""What two runs to be compared do not have in common: their regions, the legends of their maps.

A difference between such runs is in part one of what was counted and not of what happened; a reader is told first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sinks.assessment.words import word

SAME_AREA = 1e-6
"""Share by which the area of a region may differ between runs with the same outlines."""

_MOST = 8


def unlike(
    areas: tuple[pd.Series[float], pd.Series[float]], records: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> tuple[str, ...]:
    """Sentences on what differs, in the language of the session; none where runs have the same frame.

    Parameters
    ----------
    areas : pair of Series
        Area of every unit [ha] by its code, of the run before and the run after.
    records : pair of mappings
        The same runs' ``run.json``.
    """
    said = []
    old, new = areas
    common = old.index.intersection(new.index)
    for key, codes in (
        ("note.diff_regions_gone", old.index.difference(new.index)),
        ("note.diff_regions_new", new.index.difference(old.index)),
        ("note.diff_regions_moved", common[(old[common] - new[common]).abs() > SAME_AREA * new[common]]),
    ):
        if len(codes):
            said.append(word(key, count=len(codes), codes=_few([str(code) for code in codes])))
    was, now = (_legends(record) for record in records)
    for layer in sorted({*was, *now}):
        if was.get(layer) != now.get(layer):
            said.append(word("note.diff_legend", layer=layer, before=was.get(layer, "-"), after=now.get(layer, "-")))
    return tuple(said)


def _legends(record: Mapping[str, Any]) -> dict[str, str]:
    """Legend of the land cover and of every stratum, as the project of a run names them."""
    project = record.get("project") or {}
    layers = {"land_cover": project.get("land_cover"), **(project.get("strata") or {})}
    return {name: str(section["legend"]) for name, section in layers.items() if section and section.get("legend")}


def _few(codes: list[str]) -> str:
    return ", ".join(codes[:_MOST]) + (", …" if len(codes) > _MOST else "")
