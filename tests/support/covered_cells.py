"""Cells of a grid inside a polygon, by an equal-area projection and shapely: nothing of the package takes part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from rasterio.features import geometry_mask


def covered_ha(polygon: Any, transform: Any, shape: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Flat index and area inside [ha] of every cell of a grid in degrees that a polygon covers."""
    equal_area = pyproj.Transformer.from_crs("EPSG:4490", "+proj=cea +ellps=GRS80", always_xy=True)
    # Cells that the outline runs through, found by walking along it in steps far below a cell.
    walked = shapely.get_coordinates(shapely.segmentize(polygon.boundary, 2e-4))
    column = np.floor((walked[:, 0] - transform.c) / transform.a).astype(int)
    row = np.floor((walked[:, 1] - transform.f) / transform.e).astype(int)
    edge = np.unique(row * shape[1] + column)
    inside = geometry_mask([polygon], shape, transform, invert=True).ravel()
    inside[edge] = False
    whole = np.flatnonzero(inside)

    def square(cells: np.ndarray[Any, Any]) -> Any:
        x, y = transform.c + (cells % shape[1]) * transform.a, transform.f + (cells // shape[1]) * transform.e
        x0, y0 = equal_area.transform(x, y + transform.e)
        x1, y1 = equal_area.transform(x + transform.a, y)
        return shapely.box(x0, y0, x1, y1)

    flat = shapely.transform(polygon, lambda xy: np.column_stack(equal_area.transform(xy[:, 0], xy[:, 1])))
    part = shapely.area(shapely.intersection(square(edge), flat))
    return np.concatenate([whole, edge]), np.concatenate([shapely.area(square(whole)), part]) / 1e4
