"""GCJ-02 and BD-09: the displaced coordinates of Chinese web maps, and the way back to WGS 84.

GCJ-02 moves WGS 84 by tens to hundreds of metres with a smooth function that was never officially published; BD-09
moves GCJ-02 once more.  Formula and coefficients: the public project "eviltransform"
(https://github.com/googollee/eviltransform); the ellipsoid is Krassovsky's, taken from pyproj.  The forward functions
have no closed inverse; it is found by fixed-point iteration, which contracts because the displacement varies slowly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from pyproj import Geod

Array = npt.NDArray[np.float64]
Pair = tuple[Array, Array]

_KRASSOVSKY = Geod(ellps="krass")
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""Rectangle in which the displacement is applied: xmin, ymin, xmax, ymax."""

_BD_PI = np.pi * 3000.0 / 180.0


def _in_china(lon: Array, lat: Array) -> npt.NDArray[np.bool_]:
    xmin, ymin, xmax, ymax = _CHINA
    return (lon >= xmin) & (lon <= xmax) & (lat >= ymin) & (lat <= ymax)


def _waves(x: Array, y: Array) -> Pair:
    """The displacement in metre-like units, before it is scaled to degrees."""
    short = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north = north + (short + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east = east + (short + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    return east, north


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Displace WGS 84 longitude and latitude [degree] as Chinese web maps do; outside China nothing moves."""
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    east, north = _waves(x - 105.0, y - 35.0)
    phi = np.radians(y)
    w2 = 1.0 - _KRASSOVSKY.es * np.sin(phi) ** 2
    # Radii of curvature turn metres into degrees, along the parallel and along the meridian.
    dlon = np.degrees(east / (_KRASSOVSKY.a / np.sqrt(w2) * np.cos(phi)))
    dlat = np.degrees(north / (_KRASSOVSKY.a * (1.0 - _KRASSOVSKY.es) / (w2 * np.sqrt(w2))))
    inside = _in_china(x, y)
    return np.where(inside, x + dlon, x), np.where(inside, y + dlat, y)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Undo GCJ-02 to better than 1e-9 degree (0.1 mm).

    Parameters
    ----------
    lon, lat : array-like
        Displaced coordinates [degree], any equal shapes.

    Returns
    -------
    lon, lat : ndarray
        WGS 84 [degree].
    """
    return _invert(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Displace GCJ-02 once more, as Baidu Maps do."""
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_PI)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Undo BD-09 as far as GCJ-02, to better than 1e-9 degree."""
    return _invert(gcj02_to_bd09, lon, lat)


def wgs84_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Displace WGS 84 as Baidu Maps do."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Undo BD-09 all the way to WGS 84, to better than 1e-9 degree."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _invert(forward: Callable[[npt.ArrayLike, npt.ArrayLike], Pair], lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Fixed-point iteration x <- x + (target - forward(x)); about four digits are gained in two steps."""
    target_x, target_y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    x, y = target_x, target_y
    for _ in range(30):
        moved_x, moved_y = forward(x, y)
        dx, dy = target_x - moved_x, target_y - moved_y
        x, y = x + dx, y + dy
        if max(np.max(np.abs(dx), initial=0.0), np.max(np.abs(dy), initial=0.0)) < 1e-11:
            break
    return x, y
