"""CRS names, datum policy, GCJ-02 and BD-09, and reprojection that keeps neighbours together."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from sinks.errors import CRSError, Problems
from sinks.geo.crs import (
    CGCS2000,
    bd09_to_wgs84,
    check_bounds,
    densify,
    densify_to,
    gcj02_to_wgs84,
    parse_crs,
    same_datum,
    suggest_crs,
    transformer,
    undisplaced,
)
from sinks.geo.gauss_kruger import Zone, zone_of
from sinks.geo.gcj02 import bd09_to_gcj02, gcj02_to_bd09, wgs84_to_bd09, wgs84_to_gcj02
from sinks.geo.polygon_area import polygon_areas

IN_CHINA = {"lon": st.floats(74, 134), "lat": st.floats(5, 53)}


def problem_ids(crs: str, bounds: tuple[float, float, float, float]) -> list[tuple[str, str]]:
    problems = Problems()
    check_bounds(parse_crs(crs).crs, bounds, "file.shp", problems)
    return [(p.id, p.values.get("guess", "")) for p in problems]


@pytest.mark.parametrize(
    ("text", "epsg"),
    [
        ("EPSG:4490", 4490),
        ("CGCS2000", 4490),
        ("2000国家大地坐标系", 4490),
        ("WGS 84", 4326),
        ("Xian80", 4610),
        ("西安80", 4610),
        ("Beijing 1954", 4214),
        ("北京54", 4214),
        ("CGCS2000 zone 37", 4525),
        ("CGCS2000 3度带 37", 4525),
        ("CGCS2000 / 3-degree Gauss-Kruger zone 37", 4525),
        ("CGCS2000 CM 111E", 4546),
        ("Xian80 CM 111E", 2382),
        ("Beijing54 zone 37", 2413),
    ],
)
def test_names_that_users_write(text: str, epsg: int) -> None:
    assert parse_crs(text).crs == CRS.from_epsg(epsg)


@pytest.mark.parametrize("zone", range(25, 46))
@pytest.mark.parametrize("datum", ["CGCS2000", "Xian80", "Beijing54"])
def test_zones_are_what_the_epsg_registry_says(datum: str, zone: int) -> None:
    prefixed, plain = parse_crs(f"{datum} zone {zone}").crs, parse_crs(f"{datum} CM {zone * 3}E").crs
    assert prefixed.name.endswith(f"zone {zone}")
    assert plain.name.endswith(f"CM {zone * 3}E")
    assert same_datum(prefixed, parse_crs(datum).crs)
    assert zone_of(prefixed) == Zone(3, zone, prefixed=True)
    assert zone_of(plain) == Zone(3, zone, prefixed=False)


@pytest.mark.parametrize("text", ["CGCS2000 zone 24", "CGCS2000 zone 46", "CGCS2000 CM 110E"])
def test_zones_outside_china_are_refused(text: str) -> None:
    with pytest.raises(CRSError) as error:
        parse_crs(text)
    assert error.value.problems[0].id == "crs.zone_range"


def test_nonsense_is_refused() -> None:
    with pytest.raises(CRSError, match="Atlantis"):
        parse_crs("Atlantis")


def test_displaced_systems_are_wgs84_with_a_flag() -> None:
    assert parse_crs("GCJ-02").displacement == parse_crs("gcj02").displacement == "GCJ-02"
    assert parse_crs("BD-09").displacement == "BD-09"
    assert parse_crs("GCJ-02").crs == CRS.from_epsg(4326)
    assert str(parse_crs("BD-09")) == "BD-09"


# ---- datums


def test_cgcs2000_and_wgs84_are_one() -> None:
    assert same_datum(CGCS2000, CRS.from_epsg(4326))
    assert same_datum(CRS.from_epsg(4546), CRS.from_epsg(32649))
    there = transformer(CRS.from_epsg(4326), CGCS2000).transform(111.123456789, 40.987654321)
    assert there == (111.123456789, 40.987654321)


@pytest.mark.parametrize("name", ["Xian80", "Beijing54", "Xian80 zone 37", "+proj=longlat +ellps=GRS80"])
def test_another_or_unknown_datum_needs_the_users_word(name: str) -> None:
    with pytest.raises(CRSError) as error:
        transformer(parse_crs(name).crs, CGCS2000)
    assert error.value.problems[0].id == "crs.datum_unnamed"


def test_three_parameters_move_the_geocentre() -> None:
    xian = CRS.from_epsg(4610)
    lon, lat = transformer(xian, CGCS2000, (100.0, -50.0, 20.0)).transform(111.0, 41.0)
    geocentric = Transformer.from_pipeline("+proj=cart +a=6378140 +rf=298.257")
    x, y, z = geocentric.transform(111.0, 41.0, 0.0)
    back = Transformer.from_pipeline("+inv +proj=cart +ellps=WGS84").transform(x + 100.0, y - 50.0, z + 20.0)
    np.testing.assert_allclose((lon, lat), back[:2], atol=1e-9)


def test_projected_xian80_with_parameters_lands_in_cgcs2000() -> None:
    zone = parse_crs("Xian80 CM 111E").crs
    lon, lat = transformer(zone, CGCS2000, (100.0, -50.0, 20.0)).transform(500000.0, 4.5e6)
    assert np.hypot(lon - 111.0, lat - 40.63) < 0.02
    assert lon != 111.0


def test_wrong_number_of_parameters() -> None:
    with pytest.raises(CRSError) as error:
        transformer(CRS.from_epsg(4610), CGCS2000, (1.0, 2.0))
    assert error.value.problems[0].id == "crs.shift_length"


# ---- bounds


@pytest.mark.parametrize(
    ("crs", "bounds", "expected"),
    [
        ("CGCS2000", (97, 37, 126, 53), []),
        ("CGCS2000", (37, 97, 53, 126), [("crs.swapped", "")]),
        ("CGCS2000", (36, 74, 49, 88), [("crs.swapped", "")]),
        ("CGCS2000", (37412345, 4.4e6, 37512345, 4.6e6), [("crs.not_degrees", "EPSG:4525")]),
        ("CGCS2000 CM 111E", (412345, 4.4e6, 512345, 4.6e6), []),
        ("CGCS2000 CM 111E", (37412345, 4.4e6, 37512345, 4.6e6), [("crs.prefix_in_data", "EPSG:4525")]),
        ("CGCS2000 zone 37", (37412345, 4.4e6, 37512345, 4.6e6), []),
        ("CGCS2000 zone 37", (412345, 4.4e6, 512345, 4.6e6), [("crs.prefix_missing", "EPSG:4546")]),
        ("CGCS2000 zone 37", (38412345, 4.4e6, 38512345, 4.6e6), [("crs.prefix_other", "EPSG:4526")]),
        ("Xian80 CM 111E", (37412345, 4.4e6, 37512345, 4.6e6), [("crs.prefix_in_data", "EPSG:2361")]),
        ("EPSG:32649", (37412345, 4.4e6, 37512345, 4.6e6), [("crs.prefix_in_data", "EPSG:4525")]),
        ("CGCS2000", (float("inf"), 0, 1, 1), [("crs.not_finite", "")]),
    ],
)
def test_coordinates_that_cannot_be(
    crs: str, bounds: tuple[float, float, float, float], expected: list[object]
) -> None:
    assert problem_ids(crs, bounds) == expected


def test_suggestions() -> None:
    assert suggest_crs((100, 40, 110, 45)) == "EPSG:4490"
    assert suggest_crs((37412345, 4.4e6, 37512345, 4.6e6)) == "EPSG:4525"
    assert suggest_crs((412345, 4.4e6, 512345, 4.6e6)) == "?"
    assert suggest_crs((float("nan"),) * 4) == "?"


# ---- GCJ-02 and BD-09


def test_published_points_of_the_displacement() -> None:
    # The test point that public implementations print in their documentation.
    np.testing.assert_allclose(wgs84_to_gcj02(116.404, 39.915), (116.41024449916938, 39.91640428150164), atol=1e-9)
    np.testing.assert_allclose(gcj02_to_bd09(116.404, 39.915), (116.41036949371029, 39.92133699351021), atol=1e-9)


@given(**IN_CHINA)
def test_displacement_is_undone_to_a_billionth_of_a_degree(lon: float, lat: float) -> None:
    np.testing.assert_allclose(gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
    np.testing.assert_allclose(bd09_to_wgs84(*wgs84_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
    np.testing.assert_allclose(bd09_to_gcj02(*gcj02_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9)


@given(**IN_CHINA)
def test_displacement_has_the_size_it_is_known_for(lon: float, lat: float) -> None:
    x, y = wgs84_to_gcj02(lon, lat)
    assert 10 < Geod(ellps="GRS80").inv(lon, lat, float(x), float(y))[2] < 1500


def test_nothing_moves_outside_china_and_arrays_keep_their_shape() -> None:
    np.testing.assert_array_equal(wgs84_to_gcj02([2.35, 200.0], [48.85, 10.0]), ([2.35, 200.0], [48.85, 10.0]))
    lon, lat = np.meshgrid(np.linspace(100, 120, 3), np.linspace(38, 50, 2))
    assert gcj02_to_wgs84(lon, lat)[0].shape == lon.shape


def test_geometries_are_undisplaced() -> None:
    box = shapely.box(110, 40, 111, 41)
    moved = shapely.transform(box, lambda c: np.column_stack(wgs84_to_gcj02(c[:, 0], c[:, 1])))
    back = undisplaced([moved], "GCJ-02")[0]
    np.testing.assert_allclose(shapely.get_coordinates(back), shapely.get_coordinates(box), atol=1e-9)
    assert undisplaced([moved], "")[0] is moved


# ---- densification


def edges_of(*polygons: shapely.Geometry) -> list[set[tuple[float, float]]]:
    return [set(map(tuple, shapely.get_coordinates(p))) for p in polygons]


def rings_of(shape: shapely.Geometry) -> list[shapely.Geometry]:
    return list(shapely.get_rings(shapely.get_parts(shape)))


def test_densify_by_hand() -> None:
    (box,) = densify([shapely.box(0, 0, 1, 0.5)], 0.5)
    assert edges_of(box) == [{(0, 0), (0, 0.5), (0.5, 0.5), (1, 0.5), (1, 0), (0.5, 0)}]


def test_densify_keeps_holes_and_parts() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior, [shapely.box(1, 1, 2, 2).exterior])
    both = shapely.MultiPolygon([ring, shapely.box(5, 5, 6, 6)])
    result = densify([both, shapely.box(9, 9, 10, 10), ring], 0.3)
    for before, after in zip([both, shapely.box(9, 9, 10, 10), ring], result, strict=True):
        assert after.is_valid
        assert after.area == pytest.approx(before.area, abs=1e-12)
        assert len(rings_of(after)) == len(rings_of(before))
        xy = shapely.get_coordinates(rings_of(after)[0])
        assert np.hypot(*np.diff(xy, axis=0).T).max() <= 0.3 + 1e-12
    assert len(densify([], 1.0)) == 0


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 0.9), st.floats(-0.2, 0.2), st.floats(0.01, 0.2))
def test_neighbours_stay_identical_along_their_border(top: float, slope: float, longest: float) -> None:
    a, b = (110 + top, 41.0), (110 + top + slope, 40.0)
    left = shapely.Polygon([(109, 40), b, a, (109, 41)])
    right = shapely.Polygon([b, (112, 40), (112, 41), a])
    result = densify_to([left, right], CGCS2000, CRS.from_epsg(4546), longest)
    assert shapely.coverage_is_valid(result)
    assert shapely.coverage_is_valid(densify_to(result, CRS.from_epsg(4546), CGCS2000, longest))


def test_the_same_coordinates_pass_untouched() -> None:
    box = shapely.box(110, 40, 111, 41)
    assert densify_to([box], CRS.from_epsg(4326), CGCS2000)[0] is box


# ---- areas


def geod_area(polygon: shapely.Geometry) -> float:
    """Independent: geodesic area after very fine division."""
    return abs(
        Geod(ellps="GRS80").geometry_area_perimeter(shapely.orient_polygons(shapely.segmentize(polygon, 1e-3)))[0]
    )


def test_area_against_geodesics() -> None:
    ring = shapely.Polygon(shapely.box(110, 40, 112, 42).exterior, [shapely.box(110.5, 40.5, 111, 41).exterior])
    shapes = [
        ring,
        shapely.Polygon([(97, 37), (126, 45), (120, 53)]),
        shapely.MultiPolygon([ring, shapely.box(1, 1, 2, 2)]),
    ]
    for shape, area in zip(shapes, polygon_areas(shapes, CGCS2000), strict=True):
        assert area == pytest.approx(geod_area(shape), rel=1e-9)
    assert polygon_areas([shapely.Polygon(), None], CGCS2000).tolist() == [0, 0]


def test_area_of_a_projected_polygon_is_its_ground_area() -> None:
    box = shapely.box(110, 40, 112, 42)
    (projected,) = densify_to([box], CGCS2000, CRS.from_epsg(4546))
    expected = polygon_areas([box], CGCS2000)[0]
    assert polygon_areas([projected], CRS.from_epsg(4546))[0] == pytest.approx(expected, rel=1e-9)
    # 100 km off the central meridian a Gauss-Kruger map is 0.02 % too large: the planar area is not it.
    assert projected.area > expected * 1.00005


@given(st.floats(0, 60), st.floats(0.1, 10), st.floats(0.1, 20))
def test_area_adds_up_and_ignores_direction(south: float, height: float, width: float) -> None:
    whole = shapely.box(100, south, 100 + width, south + height)
    cut = 100 + width / 3
    parts = [shapely.box(100, south, cut, south + height), shapely.box(cut, south, 100 + width, south + height)]
    total = polygon_areas([whole], CGCS2000)[0]
    assert polygon_areas(parts, CGCS2000).sum() == pytest.approx(total, rel=1e-12)
    assert polygon_areas([whole.reverse()], CGCS2000)[0] == pytest.approx(total, rel=1e-15)
