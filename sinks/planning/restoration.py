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

from sinks.assessment.input_tables import records
from sinks.errors import Problem

PROJECT, CONTROL = "project", "control"
CONTROL_SUFFIX = "-control"
"""The region of a project bears its id; that of its surroundings has this behind it."""

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


def as_regions(projects: gpd.GeoDataFrame, rings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Projects and their rings as regions of one run.

    Parameters
    ----------
    projects, rings : GeoDataFrame
        ``project_id`` and polygons; rings from :func:`surroundings`.

    Returns
    -------
    GeoDataFrame
        ``code, name, level, parent, geometry``.
    """
    rows = []
    for level, suffix, layer in ((PROJECT, "", projects), (CONTROL, CONTROL_SUFFIX, rings)):
        for id, shape in zip(layer["project_id"], layer.geometry, strict=True):
            code = f"{id}{suffix}"
            rows.append({"code": code, "name": code, "level": level, "parent": "", "geometry": shape})
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=projects.crs)


def warnings_on(found: pd.DataFrame) -> tuple[Problem, ...]:
    """What a reader must know: effects within the error of the layers, and land without a match."""
    notes = []
    for row in records(found):
        if not row["detected"]:
            half = f"{(row['high'] - row['low']) / 2:,.0f}"
            values = {"effect": f"{row['effect']:,.0f}", "half": half}
            notes.append(Problem("assessment.effect_within_error", row["project_id"], values))
        # Shares are quotients of sums; one that misses 1 by rounding only counts as 1.
        if row["matched_share"] < 1 - 1e-9:
            share = f"{100 * (1 - row['matched_share']):.2g}"
            notes.append(Problem("assessment.unmatched", row["project_id"], {"share": share}))
    return tuple(notes)


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
