"""Gauss-Krüger zones of China: in words, in EPSG codes, and before the eastings of the data.

China maps in zones of 3 degrees (25 to 45, central meridian 3 n) and of 6 degrees (13 to 23, central meridian 6 n - 3).
Eastings have 500 km added and, by custom, the number of the zone before them: 37 412 345 m.  Numbers of the two kinds
do not overlap, so a prefix says which kind it is.

References
----------
EPSG geodetic parameter dataset: the projected systems of CGCS2000, Xian 1980 and Beijing 1954.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from sinks.errors import CRSError, Problem, Problems

Bounds = tuple[float, float, float, float]
Eastings = Callable[[], npt.NDArray[np.float64]]

RANGES = {3: (25, 45), 6: (13, 23)}
"""First and last zone over China, by their width in degrees."""

# EPSG code of the first zone, by geographic CRS; by width, and whether eastings carry the zone.
_FIRST_CODE = {
    4490: {(3, True): 4513, (3, False): 4534, (6, True): 4491, (6, False): 4502},
    4610: {(3, True): 2349, (3, False): 2370, (6, True): 2327, (6, False): 2338},
    4214: {(3, True): 2401, (3, False): 2422, (6, True): 21413, (6, False): 21453},
}
_DATUMS = (("xian", 4610), ("beijing", 4214))

_WIDTH = r"(?:([36三六])(?:DEGREE|DEG|度)?(?:分?带)?)?"
_NAME = rf"(?:坐标系|平面)?{_WIDTH}(?:GAUSSKRUGER|GK|高斯克吕格|高斯)?(?:投影)?{_WIDTH}"
_ZONE = re.compile(rf"{_NAME}(?:ZONE|第|带号?)?(\d\d)(?:号?带|ZONE)?")
_MERIDIAN = re.compile(rf"{_NAME}(?:CM|CENTRALMERIDIAN|中央经线|中央子午线|东经)(\d{{2,3}})(?:度?E|度)?")
_SEPARATORS = re.compile(r"[\s\-_/.,:;()=、，：（）]")

_MILLION = 1e6
_MIDDLE = 5e5
_NORTHINGS = (1.6e6, 6.2e6)
"""Northings of China: latitude 16 to 55 [m]."""
_FARTHEST = 3e6
"""Distance from the central meridian that no data of China can have: some 35 degrees [m]."""
_INSIDE = (0.15e6, 0.85e6)
"""Eastings within a zone, prefix taken off: 350 km from the middle, more than a zone of 6 degrees reaches [m]."""


@dataclass(frozen=True)
class Zone:
    """A zone by its width [degree], number, and whether eastings carry the number."""

    width: int
    number: int
    prefixed: bool

    @property
    def meridian(self) -> int:
        """Longitude of the central meridian [degree]."""
        return 3 * self.number if self.width == 3 else 6 * self.number - 3

    def epsg(self, base: int) -> int:
        """EPSG code on the datum of a geographic CRS."""
        return _FIRST_CODE[base][self.width, self.prefixed] + self.number - RANGES[self.width][0]


def normalised(text: str) -> str:
    """Words of a CRS without blanks, punctuation and differences of script."""
    plain = unicodedata.normalize("NFKC", text).upper().replace("°", "度").replace("Ü", "U")
    return _SEPARATORS.sub("", plain)


def zone_in_words(words: str, base: int, value: str, where: str) -> int | None:
    """EPSG code of the zone that follows the name of a datum; None where the words name none.

    Parameters
    ----------
    words : str
        From :func:`normalised`, the datum taken off: ``"6度带19"``.
    base : int
        EPSG code of the datum's geographic CRS.
    value, where : str
        What the user wrote, and where, for the message.

    Raises
    ------
    CRSError
        It names a zone or meridian that China has not.
    """
    if base not in _FIRST_CODE:
        return None
    by_number, by_meridian = _ZONE.fullmatch(words), _MERIDIAN.fullmatch(words)
    match = by_number or by_meridian
    if match is None:
        return None
    said = {"3": 3, "三": 3, "6": 6, "六": 6}.get(match[1] or match[2] or "")
    figure = int(match[3])
    for width in (said,) if said else (3, 6):
        first, last = RANGES[width]
        number, rest = (figure, 0) if by_number else divmod(figure if width == 3 else figure + 3, width)
        if not rest and first <= number <= last:
            return Zone(width, number, prefixed=by_number is not None).epsg(base)
    raise CRSError(Problem("crs.zone_range", where, {"value": value}))


def zone_of(crs: CRS) -> Zone | None:
    """The zone of a Chinese Gauss-Krüger CRS; None for any other.

    Without a prefix a zone of 6 degrees is the one of 3 degrees on the same meridian, and is given as that.
    """
    geodetic, operation = crs.geodetic_crs, crs.coordinate_operation
    if geodetic is None or operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    parameters = {p.name: float(p.value) for p in operation.params}
    meridian = parameters.get("Longitude of natural origin", math.nan)
    scale, easting = parameters.get("Scale factor at natural origin"), parameters.get("False easting", 0.0)
    if scale != 1.0 or meridian % 3 or not RANGES[3][0] <= meridian / 3 <= RANGES[3][1]:
        return None
    narrow, wide = int(meridian // 3), int(meridian + 3) // 6
    if (meridian + 3) % 6 == 0 and easting == wide * _MILLION + _MIDDLE:
        return Zone(6, wide, prefixed=True)
    return Zone(3, narrow, prefixed=easting == narrow * _MILLION + _MIDDLE)


def base_of(crs: CRS) -> int:
    """EPSG code of the geographic CRS that zones of the same datum stand on; CGCS2000 where it is none of China."""
    datum = crs.datum.name.lower() if crs.datum is not None else ""
    return next((code for word, code in _DATUMS if word in datum), 4490)


def prefix_of(x: float) -> Zone | None:
    """The zone before an easting, as in 37 412 345 m; None where there is none."""
    number = math.floor(x / _MILLION)
    for width, (first, last) in RANGES.items():
        if first <= number <= last:
            return Zone(width, number, prefixed=True)
    return None


def prefixes(bounds: Bounds) -> list[Zone]:
    """Zones before the smallest and the largest easting, each once; empty unless both have one of a kind."""
    low, high = prefix_of(bounds[0]), prefix_of(bounds[2])
    if low is None or high is None or low.width != high.width:
        return []
    return [low] if low == high else [low, high]


def check_zone(crs: CRS, name: str, bounds: Bounds, eastings: Eastings | None, where: str, problems: Problems) -> None:
    """Note coordinates in metres that cannot be in ``crs``.

    Parameters
    ----------
    crs : pyproj.CRS
        Projected.
    name : str
        How messages call it.
    bounds : (xmin, ymin, xmax, ymax)
    eastings : callable, optional
        Gives an easting of every feature; asked only where the bounds span more than one zone.
    where : str
    problems : Problems
    """
    zone, found, base = zone_of(crs), prefixes(bounds), base_of(crs)
    values = {"crs": name, "bounds": shown(bounds)}
    if zone is None:
        _check_other(crs, found, base, values, where, problems)
        return
    if _swapped(bounds):
        problems.add("crs.swapped_metres", where, **values)
    elif len(found) == 2 and (zones := _zones_used(found, eastings)):
        problems.add("crs.two_zones", where, zones=zones, **values)
    elif (prefix_of(bounds[0]) is None) != (prefix_of(bounds[2]) is None) and 0 <= bounds[0] < _MILLION:
        some = prefix_of(bounds[2])
        problems.add("crs.prefix_in_some", where, prefix=some.number if some else "", **values)
    elif len(found) == 1 and found[0] != zone:
        guess = f"EPSG:{found[0].epsg(base)}"
        if zone.prefixed:
            problems.add("crs.prefix_other", where, prefix=found[0].number, zone=zone.number, guess=guess, **values)
        else:
            problems.add("crs.prefix_in_data", where, prefix=found[0].number, guess=guess, **values)
    elif not found and zone.prefixed and abs(bounds[0] - _MIDDLE) < _FARTHEST:
        guess = f"EPSG:{Zone(zone.width, zone.number, prefixed=False).epsg(base)}"
        problems.add("crs.prefix_missing", where, zone=zone.number, guess=guess, **values)
    elif _too_far(zone, bounds):
        problems.add("crs.beyond_zone", where, zone=zone.number, meridian=zone.meridian, **values)


def _check_other(
    crs: CRS, found: list[Zone], base: int, values: dict[str, str], where: str, problems: Problems
) -> None:
    """A projected CRS without zones of China: eastings that carry one are of another CRS."""
    operation = crs.coordinate_operation
    mercator = operation is not None and "Transverse Mercator" in operation.method_name
    # The Mercator of web maps has eastings up to 20 037 508 m, which look like zones of 6 degrees.
    if len(found) == 1 and (mercator or found[0].width == 3):
        guess = f"EPSG:{found[0].epsg(base)}"
        problems.add("crs.prefix_in_data", where, prefix=found[0].number, guess=guess, **values)


def _swapped(bounds: Bounds) -> bool:
    xmin, ymin, xmax, ymax = bounds
    north = _NORTHINGS[0] <= xmin and xmax <= _NORTHINGS[1]
    east = prefix_of(ymin) is not None and prefix_of(ymin) == prefix_of(ymax)
    return north and (east or (ymin >= 0.0 and ymax < _MILLION))


def _zones_used(found: list[Zone], eastings: Eastings | None) -> list[int]:
    """Zones that the eastings carry; empty where the land runs on from one million to the next, in one wide zone."""
    if eastings is None:
        return [zone.number for zone in found]
    x = eastings()
    offset = x % _MILLION
    if ((offset < _INSIDE[0]) | (offset > _INSIDE[1])).any():
        return []
    return [int(number) for number in np.unique(x // _MILLION)]


def _too_far(zone: Zone, bounds: Bounds) -> bool:
    middle = _MIDDLE + (zone.number * _MILLION if zone.prefixed else 0.0)
    east = max(abs(bounds[0] - middle), abs(bounds[2] - middle)) > _FARTHEST
    return east or max(abs(bounds[1]), abs(bounds[3])) > 1e7


def shown(bounds: Bounds) -> str:
    """Bounds as a message has them."""
    return "({:.6g}, {:.6g}) – ({:.6g}, {:.6g})".format(*bounds)
