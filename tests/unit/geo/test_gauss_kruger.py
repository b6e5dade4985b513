"""Zones of China: in words as offices write them, and in coordinates that cannot be where they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS, Transformer

from sinks.errors import CRSError, Problems
from sinks.geo.crs import check_bounds, parse_crs
from sinks.geo.gauss_kruger import Zone, prefix_of, zone_of


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("CGCS2000 6度带 19", "CGCS2000 / Gauss-Kruger zone 19"),
        ("CGCS2000 六度带 第19带", "CGCS2000 / Gauss-Kruger zone 19"),
        ("CGCS2000 19带", "CGCS2000 / Gauss-Kruger zone 19"),
        ("CGCS2000 / 6°带 / 19", "CGCS2000 / Gauss-Kruger zone 19"),
        ("国家2000 高斯克吕格 6度带 中央经线 111度", "CGCS2000 / Gauss-Kruger CM 111E"),
        ("2000国家大地坐标系 高斯-克吕格 3度分带 37", "CGCS2000 / 3-degree Gauss-Kruger zone 37"),
        ("CGCS2000_3_Degree_GK_Zone_37", "CGCS2000 / 3-degree Gauss-Kruger zone 37"),
        ("CGCS2000_3_Degree_GK_CM_111E", "CGCS2000 / 3-degree Gauss-Kruger CM 111E"),
        ("CGCS2000_GK_Zone_19", "CGCS2000 / Gauss-Kruger zone 19"),
        ("Xian_1980_3_Degree_GK_Zone_37", "Xian 1980 / 3-degree Gauss-Kruger zone 37"),
        ("西安80 6度带 20", "Xian 1980 / Gauss-Kruger zone 20"),
        ("Beijing_1954_GK_Zone_19", "Beijing 1954 / Gauss-Kruger zone 19"),
        ("北京54 中央子午线117", "Beijing 1954 / 3-degree Gauss-Kruger CM 117E"),
        ("CGCS2000 / Gauss-Krüger 3° 37带", "CGCS2000 / 3-degree Gauss-Kruger zone 37"),
    ],
)
def test_zones_in_words(words: str, name: str) -> None:
    assert parse_crs(words).crs.name == name


@pytest.mark.parametrize(
    "words", ["CGCS2000 6度带 37", "CGCS2000 3度带 19", "CGCS2000 24带", "CGCS2000 6度带 CM 114E", "西安80 46带"]
)
def test_zones_that_china_has_not(words: str) -> None:
    with pytest.raises(CRSError) as error:
        parse_crs(words)
    assert error.value.problems[0].id == "crs.zone_range"


@pytest.mark.parametrize("base", ["CGCS2000", "Xian80", "Beijing54"])
@pytest.mark.parametrize("zone", range(13, 24))
def test_wide_zones_are_what_the_epsg_registry_says(base: str, zone: int) -> None:
    prefixed = parse_crs(f"{base} 6度带 {zone}").crs
    assert prefixed.name.endswith(f"/ Gauss-Kruger zone {zone}")
    assert zone_of(prefixed) == Zone(6, zone, prefixed=True)
    # A point on the central meridian has the number and half a million before its easting.
    x, _ = Transformer.from_crs(prefixed.geodetic_crs, prefixed, always_xy=True).transform(6 * zone - 3, 40.0)
    assert x == pytest.approx(zone * 1e6 + 5e5, abs=1e-6)
    assert prefix_of(x) == Zone(6, zone, prefixed=True)
    plain = parse_crs(f"{base} 6度带 CM {6 * zone - 3}E").crs
    assert plain.name.endswith(f"CM {6 * zone - 3}E")


SPAN = (0.0, 4.4e6, 2e4, 4.42e6)


def at(x: float) -> tuple[float, float, float, float]:
    return x, SPAN[1], x + SPAN[2], SPAN[3]


@pytest.mark.parametrize(
    ("crs", "bounds", "id", "said"),
    [
        (4508, at(19_420_000), "crs.prefix_in_data", "EPSG:4497"),
        (4508, at(37_420_000), "crs.prefix_in_data", "EPSG:4525"),
        (2344, at(19_420_000), "crs.prefix_in_data", "EPSG:2333"),
        (4497, at(420_000), "crs.prefix_missing", "EPSG:4508"),
        (4497, at(20_420_000), "crs.prefix_other", "EPSG:4498"),
        (4497, at(37_420_000), "crs.prefix_other", "EPSG:4525"),
        (4525, at(19_420_000), "crs.prefix_other", "EPSG:4497"),
        (4525, (36_600_000, 4.4e6, 37_400_000, 4.5e6), "crs.two_zones", [36, 37]),
        (4546, (36_600_000, 4.4e6, 37_400_000, 4.5e6), "crs.two_zones", [36, 37]),
        (4525, (420_000, 4.4e6, 37_400_000, 4.5e6), "crs.prefix_in_some", 37),
        (4525, (4.4e6, 37_400_000, 4.5e6, 37_500_000), "crs.swapped_metres", None),
        (4546, (4.4e6, 400_000, 4.5e6, 500_000), "crs.swapped_metres", None),
        (4546, at(9_000_000), "crs.beyond_zone", 111),
        (4546, (4e5, 4.4e7, 5e5, 4.5e7), "crs.beyond_zone", 111),
        (32649, at(19_420_000), "crs.prefix_in_data", "EPSG:4497"),
        (4508, at(420_000), None, None),
        (4546, at(-700_000), None, None),
        (4497, at(19_420_000), None, None),
        (3857, at(13_420_000), None, None),
        (32649, at(420_000), None, None),
    ],
)
def test_coordinates_that_cannot_be(
    crs: int, bounds: tuple[float, float, float, float], id: str | None, said: object
) -> None:
    problems = Problems()
    check_bounds(CRS.from_epsg(crs), bounds, "file.shp", problems, lambda: np.array([bounds[0], bounds[2]]))
    assert [problem.id for problem in problems] == ([id] if id else [])
    for problem in problems:
        assert said is None or said in problem.values.values()
        # Each language says it without an error of its own.
        assert str(problem)


def test_one_zone_that_runs_on_is_not_two() -> None:
    """All of Inner Mongolia in one zone of 3 degrees: eastings cross whole millions, and land lies on them."""
    lon = np.linspace(100.0, 125.0, 200)
    x, _ = Transformer.from_crs(4490, 4525, always_xy=True).transform(lon, np.full(200, 43.0))
    assert int(x.min() // 1e6) < int(x.max() // 1e6)
    problems = Problems()
    check_bounds(CRS.from_epsg(4525), (x.min(), 4.4e6, x.max(), 4.9e6), "file.shp", problems, lambda: x)
    assert not len(problems)


def test_two_zones_are_told_by_the_features() -> None:
    lon = np.array([107.6, 108.2, 109.4, 110.0, 111.5, 112.3])
    zone = np.rint(lon / 3).astype(int)
    x = [
        Transformer.from_crs(4490, 4513 + z - 25, always_xy=True).transform(one, 43.0)[0]
        for one, z in zip(lon, zone, strict=True)
    ]
    problems = Problems()
    check_bounds(CRS.from_epsg(4525), (min(x), 4.4e6, max(x), 4.9e6), "file.shp", problems, lambda: np.array(x))
    (problem,) = problems
    assert problem.id == "crs.two_zones"
    assert problem.values["zones"] == sorted(set(zone.tolist()))
