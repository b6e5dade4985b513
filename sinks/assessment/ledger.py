"""CCER ledger: every credited tonne in one state, and never both a certificate and the league's sink.

A tonne is one whole tonne of one project and year. Tonnes of a project are numbered through from 1, so that the audit
table leads from each of them to where it is used.
"""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, records
from sinks.errors import Problems
from sinks.geo.polygon_area import polygon_areas
from sinks.geo.region_reading import nested_columns
from sinks.geo.topology import M2_PER_HA, OVERLAP_M2
from sinks.project.rules import CreditState

PROJECT_COLUMNS = ("project_id", "region_code", "methodology", "crediting_start", "crediting_end")

OUTSIDE_MAX = 0.01
"""Share of a project's area that may lie beyond its league's border: borders of different maps do not agree exactly."""

SINK = "sink"

USED_IN: dict[CreditState, str] = {
    "unregistered": SINK,
    "registered_held": "register",
    "transferred_inside": "buyer_inside",
    "transferred_outside": "buyer_outside",
    "cancelled": "cancelled",
    "reversed": "reversed",
}
"""The one place of a tonne in each state; only tonnes in ``sink`` may be counted by the league."""


def check_ledger(
    projects: gpd.GeoDataFrame,
    tonnes: pd.DataFrame,
    regions: gpd.GeoDataFrame,
    sink: pd.DataFrame | None = None,
    *,
    outside_max: float = OUTSIDE_MAX,
    waived: Collection[str] = (),
) -> None:
    """Check projects and tonnes against each other, the regions and the account.

    Parameters
    ----------
    projects : GeoDataFrame
        :data:`PROJECT_COLUMNS` and polygons; dates as ``2021-01-01``, both ends of the crediting period included.
    tonnes : DataFrame
        The parsed table ``ledger``.
    regions : GeoDataFrame
        ``code`` and polygons.
    sink : DataFrame, optional
        ``region_code, year, value``: the account's sink of each region and year [t CO2]; no more can be credited.
    outside_max : float
        Share of a project's area that may lie outside its region.
    waived : collection of str
        ``"credits"`` passes over the comparison with the account.

    Raises
    ------
    AssessmentError
        With everything found.
    """
    problems = Problems()
    missing = [name for name in PROJECT_COLUMNS if name not in projects.columns]
    if missing:
        problems.add("assessment.project_columns", "credit_projects", columns=missing)
    elif nested := nested_columns(projects[[*PROJECT_COLUMNS]]):
        problems.add("vector.nested", "credit_projects", fields=nested)
    problems.raise_as(AssessmentError)
    sound = _check_shapes(projects, problems)
    _check_periods(projects, problems)
    _check_tonnes(projects, tonnes, problems)
    _check_overlaps(projects[sound], problems)
    _check_inside(projects[sound], regions, outside_max, problems)
    if sink is not None and "credits" not in waived:
        _check_credits(tonnes, sink, problems)
    problems.raise_as(AssessmentError)


def overlapping(projects: gpd.GeoDataFrame) -> pd.DataFrame:
    """Pairs of projects that credit the same land at the same time.

    Returns
    -------
    DataFrame
        ``first, second`` (project ids), ``area_ha`` (true area), ``start, end`` of the common crediting period.
    """
    shapes = projects.geometry.to_numpy()
    start, end = (pd.to_datetime(projects[f"crediting_{side}"]).to_numpy() for side in ("start", "end"))
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pair = left < right
    left, right = left[pair], right[pair]
    since, until = np.maximum(start[left], start[right]), np.minimum(end[left], end[right])
    together = since <= until
    left, right, since, until = (part[together] for part in (left, right, since, until))
    common = [_polygons(shape) for shape in shapely.intersection(shapes[left], shapes[right])]
    areas = polygon_areas(common, CRS(projects.crs))
    real = areas > OVERLAP_M2
    ids = projects["project_id"].to_numpy()
    found = {"first": ids[left], "second": ids[right], "area_ha": areas / M2_PER_HA, "start": since, "end": until}
    return pd.DataFrame(found)[real].reset_index(drop=True)


def audit(tonnes: pd.DataFrame, *, cancelled_returns: bool = False) -> pd.DataFrame:
    """Where every tonne is: one row for each project, year and state.

    Parameters
    ----------
    tonnes : DataFrame
        The parsed table ``ledger``.
    cancelled_returns : bool
        Whether cancelled tonnes were withdrawn unused, so that they are part of the league's sink again.

    Returns
    -------
    DataFrame
        ``project_id, region_code, year, state, tonnes, first, last, used_in, deducted``: the numbers of the first and
        last tonne within the project, the one place they are in, and how many of them leave the sink.
    """
    order = {state: i for i, state in enumerate(USED_IN)}
    rows = tonnes.loc[tonnes["value"] > 0, ["project_id", "region_code", "year", "state", "value"]]
    rows = rows.set_axis(["project_id", "region_code", "year", "state", "tonnes"], axis=1)
    rows = rows.sort_values(["project_id", "year", "state"], key=lambda c: c.map(order) if c.name == "state" else c)
    rows = rows.astype({"tonnes": "int64"}).reset_index(drop=True)
    last = rows.groupby("project_id")["tonnes"].cumsum()
    places = USED_IN | ({"cancelled": SINK} if cancelled_returns else {})
    used_in = rows["state"].map(places)
    return rows.assign(
        first=last - rows["tonnes"] + 1,
        last=last,
        used_in=used_in,
        deducted=rows["tonnes"].where(used_in != SINK, 0),
    )


def deductions(tonnes: pd.DataFrame, *, cancelled_returns: bool = False) -> pd.DataFrame:
    """Tonnes that leave the sink, by region and year: ``region_code, year, value`` [t CO2]; see :func:`audit`."""
    table = audit(tonnes, cancelled_returns=cancelled_returns)
    total = table.groupby(["region_code", "year"])["deducted"].sum().astype("float64")
    return total.rename("value").reset_index()


def _polygons(shape: shapely.Geometry) -> shapely.Geometry:
    """The areal part of an intersection; lines where borders touch have none."""
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def _check_shapes(projects: gpd.GeoDataFrame, problems: Problems) -> NDArray[np.bool_]:
    shapes = projects.geometry.to_numpy()
    sound = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & shapely.is_valid(shapes)
    for id in projects["project_id"][~sound]:
        problems.add("assessment.project_shape", "credit_projects", project=id)
    if projects.crs is None:
        problems.add("assessment.project_crs", "credit_projects")
        problems.raise_as(AssessmentError)
    for id in projects["project_id"][projects["project_id"].duplicated()].unique():
        problems.add("assessment.project_twice", "credit_projects", project=id)
    return np.asarray(sound)


def _check_periods(projects: gpd.GeoDataFrame, problems: Problems) -> None:
    dates = {side: pd.to_datetime(projects[f"crediting_{side}"], errors="coerce") for side in ("start", "end")}
    wrong = dates["start"].isna() | dates["end"].isna() | (dates["start"] > dates["end"])
    for row in records(projects.loc[wrong, list(PROJECT_COLUMNS)]):
        values = {"start": row["crediting_start"], "end": row["crediting_end"]}
        problems.add("assessment.project_period", str(row["project_id"]), **values)
    if wrong.any():
        problems.raise_as(AssessmentError)


def _check_tonnes(projects: gpd.GeoDataFrame, tonnes: pd.DataFrame, problems: Problems) -> None:
    """Whole tonnes, of a known project, in its own region and crediting period, each stated once."""
    known = {str(row["project_id"]): row for row in records(projects[list(PROJECT_COLUMNS)])}
    again = tonnes.duplicated(["project_id", "year", "state"])
    for number, row in enumerate(records(tonnes)):
        where, id = row[WHERE], row["project_id"]
        if again.iloc[number]:
            problems.add("assessment.tonnes_twice", where, project=id, year=row["year"], state=row["state"])
        if row["value"] < 0 or row["value"] != round(row["value"]):
            problems.add("assessment.tonnes_whole", where, project=id, value=row["value"])
        if id not in known:
            problems.add("assessment.tonnes_project", where, project=id, known=sorted(known))
            continue
        project = known[id]
        if project["region_code"] != row["region_code"]:
            values = {"project": id, "found": row["region_code"], "region": project["region_code"]}
            problems.add("assessment.tonnes_region", where, **values)
        first, last = (pd.Timestamp(project[f"crediting_{side}"]) for side in ("start", "end"))
        if not first.year <= row["year"] <= last.year:
            values = {"project": id, "year": row["year"], "start": str(first.date()), "end": str(last.date())}
            problems.add("assessment.tonnes_year", where, **values)


def _check_overlaps(projects: gpd.GeoDataFrame, problems: Problems) -> None:
    for row in records(overlapping(projects)):
        values = {"area": f"{row['area_ha']:.2f}", "start": str(row["start"])[:10], "end": str(row["end"])[:10]}
        where = f"{row['first']} / {row['second']}"
        problems.add("assessment.projects_overlap", where, first=row["first"], second=row["second"], **values)


def _check_inside(
    projects: gpd.GeoDataFrame, regions: gpd.GeoDataFrame, outside_max: float, problems: Problems
) -> None:
    polygons = dict(zip(regions["code"], regions.to_crs(projects.crs).geometry, strict=True))
    known = projects["region_code"].isin(polygons)
    for row in records(projects.loc[~known, ["project_id", "region_code"]]):
        problems.add("assessment.project_region", str(row["project_id"]), region=row["region_code"])
    inside = projects[known]
    if inside.empty:
        return
    shapes, crs = inside.geometry.to_numpy(), CRS(projects.crs)
    own = np.array([polygons[code] for code in inside["region_code"]], dtype=object)
    out = polygon_areas([_polygons(shape) for shape in shapely.difference(shapes, own)], crs)
    whole = polygon_areas(shapes, crs)
    ids = zip(inside["project_id"], inside["region_code"], out, whole, strict=True)
    for id, region, beyond, area in ids:
        if beyond > outside_max * area:
            values = {"region": region, "area": f"{beyond / M2_PER_HA:.2f}", "share": f"{100 * beyond / area:.1f}"}
            problems.add("assessment.project_outside", str(id), **values)


def _check_credits(tonnes: pd.DataFrame, sink: pd.DataFrame, problems: Problems) -> None:
    """No more can be certified in a region and year than the account finds there."""
    credited = tonnes.groupby(["region_code", "year"], as_index=False)["value"].sum()
    both = credited.merge(sink, on=["region_code", "year"], suffixes=("_credited", "_sink"))
    for row in records(both[both["value_credited"] > both["value_sink"]]):
        values = {"region": row["region_code"], "year": row["year"]}
        values |= {"credits": f"{row['value_credited']:,.0f}", "sink": f"{row['value_sink']:,.0f}"}
        problems.add("assessment.credits_beyond", "ledger", **values)
