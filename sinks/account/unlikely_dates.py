"""Dates that are too much alike, or too little: one map given twice, and statistics of a year in another unit.

A map of which not one cell changed in years, and a layer with the same mean in every class, are one file under two
names.  Land that becomes several times as much between two dates of one source is most likely written in another unit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sinks.account.findings import Findings
from sinks.activity import OBSERVED, Activity
from sinks.vocabulary import NODATA, ecosystems

TIMES, LEAST_HA = 5.0, 100.0
"""By how many times an area becomes another, and how large it is then, from which it is told: judgements of ours, far
beyond what a survey finds."""

_LEAST_CELLS = 100
"""Cells of a map below which none need change."""


def note_alike(activity: Activity, cover: str, layers: Collection[str], findings: Findings) -> None:
    """Note maps and layers of several files that are the same at both dates of a period.

    Parameters
    ----------
    activity : Activity
    cover : str
        The source of the transitions of the land cover; empty where all of its dates are one file, which is told
        elsewhere.
    layers : collection of str
        Inputs with a file of their own for each date.
    findings : Findings
        What is found is added to it.
    """
    changes = activity.changes
    if changes.empty or activity.units["cells"].sum() < _LEAST_CELLS:
        return
    changes = changes[(changes["class_from"] != NODATA) & (changes["class_to"] != NODATA)]
    for (source, first, last), rows in changes.groupby(["source", "date_from", "date_to"]):
        period, area = f"{first}-{last}", f"{rows['area_ha'].sum():,.0f}"
        if source == cover and (rows["class_from"] == rows["class_to"]).all():
            findings.add("checks.maps_alike", "warning", cover, period=period, area=area)
        for name in layers:
            before, after = f"{name}_from", f"{name}_to"
            if before not in rows:
                continue
            seen = rows[rows[before + OBSERVED] > 0]
            if len(seen) and (seen[before] == seen[after]).all():
                findings.add("checks.layers_alike", "warning", name, layer=name, period=period)


def note_area_jumps(activity: Activity, cover: str, names: Mapping[str, str], findings: Findings) -> None:
    """Note, for each source of areas but the map, the region and ecosystem whose land changes by the most times.

    Parameters
    ----------
    activity : Activity
    cover : str
        The source that is a classified map, of which errors of the map are another matter.
    names : mapping of str to str
        Names of regions by code.
    findings : Findings
        What is found is added to it.
    """
    states = activity.states[(activity.states["source"] != cover) & (activity.states["ecosystem"] != NODATA)]
    for source, rows in states.groupby("source"):
        areas = rows.pivot_table("area_ha", ["region_code", "ecosystem"], "date", aggfunc="sum")
        found = []
        for first, last in zip(areas.columns, areas.columns[1:], strict=False):
            pair = areas[[first, last]].dropna()
            pair = pair[(pair.min(axis=1) > 0) & (pair.max(axis=1) >= LEAST_HA)]
            times = pair.max(axis=1) / pair.min(axis=1)
            found += [(float(times[key]), first, last, *key) for key in times.index[times >= TIMES]]
        if not found:
            continue
        times_most, first, last, code, land = max(found)
        before, after = (float(areas[date][code, land]) for date in (first, last))
        values = {
            "land": ecosystems()[land].label, "first": first, "last": last, "before": f"{before:,.4g}",
            "after": f"{after:,.4g}" if after < 1000 else f"{after:,.0f}", "times": f"{times_most:,.3g}",
            "source": source, "count": len(found),
        }  # fmt: skip
        where = code if len(found) == 1 else ""
        findings.add("checks.area_jump", "failed", names.get(code, code), where, **values)


def own_files(files: Mapping[str, object], static: str) -> bool:
    """Whether every date has a file of its own."""
    return static not in files and len({str(file) for file in files.values()}) == len(files) > 1
