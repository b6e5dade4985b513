"""Effect of restoration projects (生态保护修复碳汇成效): before and after, project against matched surroundings.

Removals between two dates are a difference in time.  Less those of the same stratum around the project, they are a
difference of differences (before-after-control-impact), so that a wet year or a change of the sensor, which meet both,
drop out::

    effect = sum over strata of  area x (removals per hectare in the project - removals per hectare around it)

Strata must not change with time (climate zone, soil, land cover before the start): what restoration does is to turn one
cover into another, and that must stay inside its stratum.
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
from sinks.vocabulary import ALL

PROJECT, CONTROL = "project", "control"
CONTROL_SUFFIX = "-control"
STRATUM_MARK = "@"
"""A region of a run is ``<project>[-control]@<stratum>``, or without a mark when the land is not stratified."""

COLUMNS = ("project_id", "effect", "low", "high", "unit", "area_ha", "matched_share", "years", "total", "detected")


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


def as_regions(
    projects: gpd.GeoDataFrame, rings: gpd.GeoDataFrame, strata: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Projects and their rings as regions of one run, cut by strata.

    Parameters
    ----------
    projects, rings : GeoDataFrame
        ``project_id`` and polygons; rings from :func:`surroundings`.
    strata : GeoDataFrame, optional
        ``stratum`` and polygons of land that is alike and stays so, in the CRS of ``projects``.

    Returns
    -------
    GeoDataFrame
        ``code, name, level, parent, geometry``; codes as :data:`STRATUM_MARK` says.
    """
    rows = []
    for level, suffix, layer in ((PROJECT, "", projects), (CONTROL, CONTROL_SUFFIX, rings)):
        for id, shape in zip(layer["project_id"], layer.geometry, strict=True):
            for mark, part in _pieces(shape, strata):
                code = f"{id}{suffix}{mark}"
                rows.append({"code": code, "name": code, "level": level, "parent": "", "geometry": part})
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=projects.crs)


def observations_of(account: pd.DataFrame, period: str) -> pd.DataFrame:
    """Removals per hectare on both sides, from the account of a run over :func:`as_regions`.

    All land of a region counts, land without a methodology too: what became grassland was bare before. The error is the
    half width of the account's 95 % interval over 1.96. Errors that the two sides share, as those of a parameter, are
    not taken out: the interval of the effect is on the wide side.

    Returns
    -------
    DataFrame
        As :func:`effects` takes it.

    Raises
    ------
    AssessmentError
        The account has no interval for the period, so that nothing could be told from noise.
    """
    whole = account[(account["stratum"] == ALL) & (account["pool"] == ALL) & (account["ecosystem"] == ALL)]
    area = whole[(whole["quantity"] == "area") & (whole["period"] == period[-4:])].set_index("region_code")["value"]
    rows = whole[(whole["quantity"] == "net_removals") & (whole["period"] == period)]
    rows = rows.join(area.rename("area_ha"), on="region_code")
    rows = rows[rows["area_ha"] > 0]
    # No removals and no interval: land that nothing is estimated for, which is certain.
    half = ((rows["high"] - rows["low"]) / 2).mask((rows["value"] == 0) & rows["low"].isna(), 0.0)
    if rows.empty or half.isna().any():
        raise AssessmentError(Problem("assessment.removals_without_interval", "account", {"period": period}))
    codes = rows["region_code"].str.split(STRATUM_MARK, n=1)
    owner = codes.str[0]
    return pd.DataFrame(
        {
            "project_id": owner.str.removesuffix(CONTROL_SUFFIX),
            "side": np.where(owner.str.endswith(CONTROL_SUFFIX), CONTROL, PROJECT),
            "stratum": codes.str[1].fillna(ALL),
            "area_ha": rows["area_ha"],
            "removals": rows["value"] / rows["area_ha"],
            "error": half / Draws.Z95 / rows["area_ha"],
        }
    ).reset_index(drop=True)


def effects(observations: pd.DataFrame, years: pd.Series[float]) -> pd.DataFrame:
    """Effect of every project with its 95 % interval.

    Parameters
    ----------
    observations : DataFrame
        ``project_id, side, stratum, area_ha, removals, error``: removals of a stratum [t CO2/ha/yr] on the ``project``
        or ``control`` side between the two dates, with their standard error.
    years : Series
        Years between the dates during which the project was at work, by project id.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; effect [t CO2/yr] over the matched strata, ``matched_share`` of the project's area, ``total``
        over the years [t CO2] and ``detected``: whether the effect is larger than the errors of the layers.

    Raises
    ------
    AssessmentError
        A project has no stratum that is observed on both sides.
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
        # Shares are quotients of sums: one that misses the whole by rounding alone is the whole.
        if row["matched_share"] < 1 - 1e-9:
            share = f"{100 * (1 - row['matched_share']):.2g}"
            notes.append(Problem("assessment.unmatched", row["project_id"], {"share": share}))
    return tuple(notes)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each stratum of the project: its area, and removals and error on each side."""
    names = ["removals", "error"]
    project, control = (rows[rows["side"] == side].set_index("stratum") for side in (PROJECT, CONTROL))
    return project[["area_ha", *names]].join(control[names].add_suffix("_control"))


def _effect(id: str, cells: pd.DataFrame, matched: pd.DataFrame, years: float) -> dict[str, object]:
    area = matched["area_ha"]
    effect = float((area * (matched["removals"] - matched["removals_control"])).sum())
    variance = matched["error"] ** 2 + matched["error_control"] ** 2
    half = Draws.Z95 * float(np.sqrt((area**2 * variance).sum()))
    whole = float(cells["area_ha"].sum())
    return {
        "project_id": id,
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "unit": "t CO2/yr",
        "area_ha": whole,
        "matched_share": float(area.sum()) / whole,
        "years": years,
        "total": effect * years,
        "detected": abs(effect) > half,
    }


def _pieces(shape: shapely.Geometry, strata: gpd.GeoDataFrame | None) -> list[tuple[str, shapely.Geometry]]:
    """The parts of a polygon that lie in each stratum; the whole of it when there are no strata."""
    if strata is None:
        return [("", shape)]
    found: list[tuple[str, shapely.Geometry]] = []
    for stratum, zone in strata.dissolve("stratum").geometry.items():
        parts = shapely.get_parts(shapely.intersection(shape, zone))
        areal = parts[shapely.area(parts) > 0]
        if len(areal):
            found.append((f"{STRATUM_MARK}{stratum}", shapely.union_all(areal)))
    return found


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
