"""Effect of restoration projects (生态保护修复碳汇成效): before and after, project against matched surroundings.

The carbon density of each stratum of a project is compared with that of the same stratum around it, before the project
and after (before-after-control-impact), so that a wet year or a change of the sensor, which meet both, drop out::

    effect = sum over strata of  area x ((P_after - P_before) - (C_after - C_before))
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import AzimuthalEquidistantConversion

from sinks.assessment.errors import AssessmentError
from sinks.assessment.tables import records
from sinks.errors import Problem, Problems
from sinks.uncertainty import Draws
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL

PROJECT, CONTROL = "project", "control"
BEFORE, AFTER = "before", "after"

CONTROL_SUFFIX = "-control"

COLUMNS = (
    *("project_id", "effect", "low", "high", "unit", "area_ha", "matched_share", "years", "removals"),
    "detected",
)


def surroundings(projects: gpd.GeoDataFrame, distance_m: float) -> gpd.GeoDataFrame:
    """The control area of every project: the ring around it, without any project.

    Parameters
    ----------
    projects : GeoDataFrame
        ``project_id`` and polygons.
    distance_m : float
        Width of the ring [m].

    Returns
    -------
    GeoDataFrame
        ``project_id`` and polygons in the CRS of ``projects``; strata are matched by tabulating both.
    """
    crs = CRS(projects.crs)
    taken = shapely.union_all(projects.geometry.to_numpy())
    rings = [shapely.difference(_buffer(shape, crs, distance_m), taken) for shape in projects.geometry]
    return gpd.GeoDataFrame({"project_id": list(projects["project_id"])}, geometry=rings, crs=projects.crs)


def as_regions(projects: gpd.GeoDataFrame, rings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Projects and their rings as regions of one run: ``code, name, level, parent, geometry``.

    The code of a ring is that of its project with :data:`CONTROL_SUFFIX`.
    """
    parts = [(PROJECT, "", projects), (CONTROL, CONTROL_SUFFIX, rings)]
    frames = [
        gpd.GeoDataFrame(
            {
                "code": [f"{id}{suffix}" for id in layer["project_id"]],
                "name": [f"{id}{suffix}" for id in layer["project_id"]],
                "level": level,
                "parent": "",
            },
            geometry=list(layer.geometry),
            crs=projects.crs,
        )
        for level, suffix, layer in parts
    ]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=projects.crs)


def observations_of(account: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Carbon densities on both sides and at both times, from the account of a run over :func:`as_regions`.

    Strata are ecosystems; the error is the half width of the account's 95 % interval over 1.96. Errors that the two
    sides share, as those of a parameter, cancel in the comparison but are not taken out here: the interval of the
    effect is on the wide side.

    Returns
    -------
    DataFrame
        As :func:`effects` takes it.

    Raises
    ------
    AssessmentError
        The account has no interval, so that nothing could be said about what is noise.
    """
    sums = account[(account["stratum"] == ALL) & (account["pool"] == ALL) & (account["ecosystem"] != ALL)]
    key = ["region_code", "ecosystem", "period"]
    area = sums[sums["quantity"] == "area"].set_index(key)["value"].rename("area_ha")
    rows = sums[(sums["quantity"] == "carbon_stock") & sums["period"].isin([before, after])].join(area, on=key)
    rows = rows[rows["area_ha"] > 0]
    if rows.empty or rows["low"].isna().any():
        raise AssessmentError(Problem("assessment.stock_without_interval", "account", {"dates": [before, after]}))
    control = rows["region_code"].str.endswith(CONTROL_SUFFIX)
    return pd.DataFrame(
        {
            "project_id": rows["region_code"].str.removesuffix(CONTROL_SUFFIX),
            "side": np.where(control, CONTROL, PROJECT),
            "time": np.where(rows["period"] == before, BEFORE, AFTER),
            "stratum": rows["ecosystem"],
            "area_ha": rows["area_ha"],
            "density": rows["value"] / rows["area_ha"],
            "error": (rows["high"] - rows["low"]) / 2 / Draws.Z95 / rows["area_ha"],
        }
    ).reset_index(drop=True)


def effects(observations: pd.DataFrame, years: pd.Series[float]) -> pd.DataFrame:
    """Effect of every project with its 95 % interval.

    Parameters
    ----------
    observations : DataFrame
        ``project_id, side, time, stratum, area_ha, density, error``: mean carbon density [t C/ha] of a stratum on the
        ``project`` or ``control`` side, ``before`` or ``after``, with its standard error. The area is that of the
        project side after.
    years : Series
        Years from before to after, by project id.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; effect [t C] over the matched strata, ``matched_share`` of the project's area, ``removals``
        [t CO2/yr] and ``detected``: whether the effect is larger than the errors of the layers.

    Raises
    ------
    AssessmentError
        A project has no stratum that is observed on both sides at both times.
    """
    problems, rows = Problems(), []
    for id, own in observations.groupby("project_id", sort=True):
        cells = _cells(own)
        matched = cells.dropna()
        if matched.empty:
            problems.add("assessment.no_control", str(id), strata=sorted(set(own["stratum"])))
            continue
        rows.append(_effect(str(id), cells, matched, float(years.loc[str(id)])))
    problems.raise_as(AssessmentError)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def warnings_on(found: pd.DataFrame) -> tuple[Problem, ...]:
    """What a reader must know: effects within the error of the layers, and land without a match."""
    notes = []
    for row in records(found):
        if not row["detected"]:
            half = f"{(row['high'] - row['low']) / 2:,.0f}"
            values = {"effect": f"{row['effect']:,.0f}", "half": half}
            notes.append(Problem("assessment.effect_within_error", row["project_id"], values))
        if row["matched_share"] < 1:
            share = f"{100 * (1 - row['matched_share']):.1f}"
            notes.append(Problem("assessment.unmatched", row["project_id"], {"share": share}))
    return tuple(notes)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each stratum of the project: its area, and density and error on each side at each time."""
    wide = rows.pivot(index="stratum", columns=["side", "time"], values=["density", "error"])
    sides = [
        (value, side, time) for value in ("density", "error") for side in (PROJECT, CONTROL) for time in (BEFORE, AFTER)
    ]
    cells = wide.reindex(columns=pd.MultiIndex.from_tuples(sides))
    cells.columns = pd.Index([" ".join(column) for column in sides])
    after = rows[(rows["side"] == PROJECT) & (rows["time"] == AFTER)].set_index("stratum")["area_ha"]
    return cells.assign(area=after.reindex(cells.index))


def _effect(id: str, cells: pd.DataFrame, matched: pd.DataFrame, years: float) -> dict[str, object]:
    density = {
        key: matched[f"density {key}"] for key in ("project before", "project after", "control before", "control after")
    }
    gain = (density["project after"] - density["project before"]) - (
        density["control after"] - density["control before"]
    )
    variance = sum(matched[f"error {key}"] ** 2 for key in density)
    effect = float((matched["area"] * gain).sum())
    half = Draws.Z95 * float(np.sqrt((matched["area"] ** 2 * variance).sum()))
    area = float(cells["area"].sum())
    return {
        "project_id": id,
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "unit": "t C",
        "area_ha": area,
        "matched_share": float(matched["area"].sum()) / area,
        "years": years,
        "removals": effect * CO2_PER_C / years,
        "detected": abs(effect) > half,
    }


def _buffer(shape: shapely.Geometry, crs: CRS, distance_m: float) -> shapely.Geometry:
    """A buffer in metres, drawn in a plane that is true to distance from the polygon's middle."""
    geodetic = crs.geodetic_crs
    assert geodetic is not None  # true of every geographic and projected CRS
    there = Transformer.from_crs(crs, geodetic.to_2d(), always_xy=True)
    middle = shapely.centroid(shape)
    lon, lat = there.transform(middle.x, middle.y)
    plane = ProjectedCRS(AzimuthalEquidistantConversion(lat, lon), geodetic_crs=geodetic.to_2d())
    out = Transformer.from_crs(crs, plane, always_xy=True)

    def moved(xy: np.ndarray, inverse: bool) -> np.ndarray:
        direction = "INVERSE" if inverse else "FORWARD"
        return np.column_stack(out.transform(xy[:, 0], xy[:, 1], direction=direction))

    wide = shapely.buffer(shapely.transform(shape, lambda xy: moved(xy, False)), distance_m)
    return shapely.transform(wide, lambda xy: moved(xy, True))
