"""The CRS of a grid: from what a file says and what the user states, or refused."""

from __future__ import annotations

import math
from typing import Any

from pyproj import CRS
from pyproj.exceptions import ProjError

from sinks.errors import CRSError, Problem
from sinks.geo.authalic import AuthalicEllipsoid


def same_crs(one: CRS, other: CRS) -> bool:
    """Whether two CRS give the same place the same x and y; the order in which the axes are written does not matter."""
    return bool(one.equals(other, ignore_axis_order=True))


def is_in_doubt(crs: CRS) -> bool:
    """Whether a CRS stands on a sphere or on a datum that it does not name, so that places and areas are uncertain."""
    datum = crs.datum
    if datum is None or AuthalicEllipsoid.of(crs).eccentricity2 == 0.0:
        return True
    return datum.name.lower().replace("_", " ").startswith(("unknown", "not specified", "unnamed"))


def settle_crs(found: Any, assume_crs: CRS | None, where: str) -> CRS:
    """The CRS to work in.

    Parameters
    ----------
    found : object
        What the file says, as pyproj understands it; nothing when it says none.
    assume_crs : pyproj.CRS, optional
        What the user states.
    where : str
        The file as the user knows it, for messages.

    Raises
    ------
    CRSError
        There is none, it is unfit or in doubt and the user states none, or the two contradict each other.
    """
    crs = _horizontal(CRS.from_user_input(found)) if found else None
    if crs is not None and not (crs.is_geographic or crs.is_projected):
        if assume_crs is None:
            raise CRSError(Problem("grid.unfit_crs", where, {"crs": crs.name, "kind": crs.type_name}))
        crs = None
    if assume_crs is not None:
        if crs is not None and not is_in_doubt(crs) and not same_crs(crs, assume_crs):
            values = {"found": crs.name, "assumed": assume_crs.name}
            raise CRSError(Problem("grid.assumption_contradicts", where, values))
        return assume_crs
    if crs is None:
        raise CRSError(Problem("grid.no_crs", where))
    if is_in_doubt(crs):
        datum = crs.datum.name if crs.datum else "?"
        ellipsoid = crs.ellipsoid.name if crs.ellipsoid else "?"
        values = {"crs": crs.name, "datum": datum, "ellipsoid": ellipsoid}
        raise CRSError(Problem("grid.doubtful_crs", where, values))
    return crs


def stated_crs(stated: CRS | str | None, where: str) -> CRS | None:
    """The CRS that the user states, if any.

    Raises
    ------
    CRSError
        It is unknown, or neither geographic nor projected.
    """
    if stated is None:
        return None
    try:
        crs = _horizontal(CRS.from_user_input(stated))
    except ProjError as error:
        raise CRSError(Problem("grid.unknown_crs", where, {"crs": stated})) from error
    if not (crs.is_geographic or crs.is_projected):
        raise CRSError(Problem("grid.unfit_crs", where, {"crs": crs.name, "kind": crs.type_name}))
    return crs


def _horizontal(crs: CRS) -> CRS:
    """The CRS of x and y, without a vertical part and without a transformation bound to it."""
    while crs.is_compound or crs.is_bound:
        inner = crs.sub_crs_list[0] if crs.is_compound else crs.source_crs
        if inner is None:
            break
        crs = inner
    return crs


def central_meridian(crs: CRS) -> float | None:
    """Longitude [degrees] of the central meridian of a Transverse Mercator CRS; None for any other."""
    operation = crs.coordinate_operation
    if operation is None or "transverse mercator" not in operation.method_name.lower():
        return None
    for parameter in operation.params:
        if parameter.name == "Longitude of natural origin":
            return math.degrees(float(parameter.value) * parameter.unit_conversion_factor)
    return None
