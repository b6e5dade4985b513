"""Polygon layers that an assessment reads: projects, red lines, zones."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pyogrio

from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem, Problems
from sinks.geo.dbf import check_dbf
from sinks.geo.region_reading import nested_columns, nested_fields
from sinks.objects import find


def read_polygons(path: str, fields: Sequence[str] = (), *, encoding: str | None = None) -> gpd.GeoDataFrame:
    """Read polygons with the fields that are needed of them.

    Raises
    ------
    AssessmentError
        The layer cannot be read, has no CRS, lacks a field, or has an empty or invalid shape; all at once.
    """
    doubt = check_dbf(path, encoding)
    if doubt is not None:
        raise AssessmentError(doubt)
    held = find(path)
    try:
        if held is not None:
            frame = held.value.reset_index(drop=True)
        else:
            # Before the rows: where only some of a field are lists, they come as text.
            if nested := sorted(nested_fields(pyogrio.read_info(path)) & set(fields)):
                raise AssessmentError(Problem("vector.nested", path, {"fields": nested}))
            frame = gpd.read_file(path, encoding=encoding) if encoding else gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise AssessmentError(Problem("assessment.projects_unreadable", path, {"reason": str(error)})) from error
    problems = Problems()
    if frame.crs is None:
        problems.add("assessment.project_crs", path)
    missing = [name for name in fields if name not in frame.columns]
    if missing:
        problems.add("assessment.project_columns", path, columns=missing)
    if nested := nested_columns(frame[[name for name in fields if name in frame.columns]]):
        problems.add("vector.nested", path, fields=nested)
    shapes = frame.geometry
    for number in frame.index[shapes.is_empty | shapes.isna() | ~shapes.is_valid]:
        problems.add("assessment.project_shape", path, project=f"#{number + 1}")
    problems.raise_as(AssessmentError)
    return frame
