"""Shapes from the bytes that drivers give, those that no library can hold named with the cause.

A ring of too few points, a ring that does not close, or a surface of a kind that has no polygons is found here, one
feature at a time, so that one of them does not hide a whole file.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely

Geometries = npt.NDArray[np.object_]

ARC_STEP_DEGREES = 0.2
"""Angle of an arc that one chord stands for; a circle so divided lacks 2e-6 of its area. [degree]"""

_GEOS_NAME = re.compile(r"^\w*Exception: ")

_UNFIT = (shapely.errors.ShapelyError, NotImplementedError)
"""What shapely raises for bytes that are no geometry, and for arcs, which it does not know."""

# Drivers turn arcs into chords on reading; GDAL's own step of 4 degrees takes a thousandth off a circle.
pyogrio.set_gdal_config_options({"OGR_ARC_STEPSIZE": str(ARC_STEP_DEGREES)})


def shapes(content: npt.NDArray[Any]) -> tuple[Geometries, dict[int, str]]:
    """Two-dimensional geometries, and what is wrong with those that cannot be built.

    Parameters
    ----------
    content : array of bytes or None [n]
        Well-known binary.

    Returns
    -------
    array of shapely geometries [n]
        None where there was nothing, or nothing that could be built.
    dict of int to str
        GEOS' own words, by position.
    """
    faults: dict[int, str] = {}
    try:
        found = shapely.from_wkb(content)
    except _UNFIT:
        found = np.array([_shape(one, at, faults) for at, one in enumerate(content)], dtype=object)
    if shapely.has_z(found).any() or shapely.has_m(found).any():
        found = shapely.force_2d(found)
    return np.asarray(found, dtype=object), faults


def _shape(content: bytes | None, at: int, faults: dict[int, str]) -> shapely.Geometry | None:
    try:
        return shapely.from_wkb(content)
    except _UNFIT as error:
        faults[at] = _GEOS_NAME.sub("", str(error))
        return None
