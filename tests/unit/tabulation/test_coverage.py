"""Coverage of small grids that can be checked by hand, and against two independent libraries."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Geod
from shapely import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from sinks.errors import RegionError
from sinks.geo.grid import CellAreas, Grid
from sinks.tabulation.coverage import Coverage, Runs

ALBERS = CRS("+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m")


def unit_grid(width: int = 3, height: int = 3) -> Grid:
    """Cells of one metre with the south-western corner of the grid at (0, 0)."""
    return Grid(ALBERS, Affine(1.0, 0.0, 0.0, 0.0, -1.0, float(height)), width, height)


def lonlat_grid(cell: float, width: int, height: int, left: float = 100.0, top: float = 50.0) -> Grid:
    return Grid(CRS("EPSG:4326"), Affine(cell, 0.0, left, 0.0, -cell, top), width, height)


def dense(runs: Runs, width: int, regions: int = 1) -> NDArray[np.float64]:
    """Fractions (regions, rows, columns) of runs, checking on the way that runs are what they promise."""
    fractions = np.zeros((regions, len(runs.ptr) - 1, width))
    for row in range(len(runs.ptr) - 1):
        here = slice(runs.ptr[row], runs.ptr[row + 1])
        order = list(zip(runs.region[here].tolist(), runs.start[here].tolist(), strict=True))
        assert order == sorted(order)
        for start, stop, region, fraction in zip(*(part[here] for part in runs[1:]), strict=True):
            assert 0 <= start < stop <= width
            assert fraction == 1.0 or (stop == start + 1 and 0.0 < fraction < 1.0)
            assert (fractions[region, row, start:stop] == 0.0).all()
            fractions[region, row, start:stop] = fraction
    return fractions


def cover(polygon: Polygon | MultiPolygon, grid: Grid | None = None) -> list[list[float]]:
    grid = grid or unit_grid()
    rows: list[list[float]] = dense(Coverage(grid, [polygon]).rows(0, grid.height), grid.width)[0].tolist()
    return rows


def random_star(rng: np.random.Generator, size: float, vertices: int) -> Polygon:
    """A valid polygon of random reach around a centre, partly beyond a grid of the given size."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, vertices))
    reach = rng.uniform(0.1, 0.7, vertices) * size
    centre = rng.uniform(0.2, 0.8, 2) * size
    return Polygon(centre + reach[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])).buffer(0)


class TestByHand:
    def test_whole_grid(self) -> None:
        assert cover(box(0, 0, 3, 3)) == [[1, 1, 1]] * 3

    def test_whole_rows_are_single_runs(self) -> None:
        runs = Coverage(unit_grid(), [box(0, 0, 3, 3)]).rows(0, 3)
        assert runs.ptr.tolist() == [0, 1, 2, 3]
        assert runs.start.tolist() == [0, 0, 0]
        assert runs.stop.tolist() == [3, 3, 3]

    def test_edges_on_cell_borders(self) -> None:
        assert cover(box(1, 1, 2, 3)) == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]

    def test_half_cells(self) -> None:
        assert cover(box(0.5, 0.5, 2.5, 2.5)) == [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]

    def test_inside_one_cell(self) -> None:
        assert cover(box(1.25, 1.25, 1.75, 1.5)) == [[0, 0, 0], [0, 0.125, 0], [0, 0, 0]]

    def test_triangle_through_corners(self) -> None:
        assert cover(Polygon([(0, 0), (3, 0), (0, 3)])) == [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]

    def test_flat_triangle(self) -> None:
        rows = cover(Polygon([(0, 0), (3, 0), (0, 1)]))
        assert rows[2] == pytest.approx([5 / 6, 3 / 6, 1 / 6])
        assert rows[:2] == [[0, 0, 0], [0, 0, 0]]

    def test_diamond_with_vertices_on_cell_sides(self) -> None:
        rows = cover(Polygon([(1.5, 0), (3, 1.5), (1.5, 3), (0, 1.5)]))
        assert rows == [[0.125, 0.75, 0.125], [0.75, 1, 0.75], [0.125, 0.75, 0.125]]

    def test_ring_direction_does_not_matter(self) -> None:
        polygon = Polygon([(0.2, 0.1), (2.7, 0.4), (1.1, 2.9)], [[(1.0, 0.6), (1.5, 0.7), (1.2, 1.4)]])
        assert np.array(cover(polygon)) == pytest.approx(np.array(cover(polygon.reverse())), abs=1e-15)

    def test_hole(self) -> None:
        ring = Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1, 1), (1, 2), (2, 2), (2, 1)]])
        assert cover(ring) == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]

    def test_hole_within_a_cell(self) -> None:
        ring = Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(1.5, 1.5), (1.5, 2), (2, 2), (2, 1.5)]])
        assert cover(ring) == [[1, 1, 1], [1, 0.75, 1], [1, 1, 1]]

    def test_multipolygon_with_parts_in_one_cell(self) -> None:
        parts = MultiPolygon([box(0, 0, 1.25, 1), box(1.5, 0, 3, 0.5)])
        assert cover(parts) == [[0, 0, 0], [0, 0, 0], [1, 0.5, 0.5]]

    def test_parts_that_touch_inside_a_cell_fill_it(self) -> None:
        parts = MultiPolygon([box(0, 0, 1.3, 1), box(1.3, 0, 3, 1)])
        assert cover(parts)[2] == [1, 1, 1]

    @pytest.mark.parametrize(
        ("outside", "expected"),
        [
            (box(-5, 1, 1.5, 2), [[0, 0, 0], [1, 0.5, 0], [0, 0, 0]]),
            (box(1.5, 1, 9, 2), [[0, 0, 0], [0, 0.5, 1], [0, 0, 0]]),
            (box(1, 2, 2, 9), [[0, 1, 0], [0, 0, 0], [0, 0, 0]]),
            (box(1, -9, 2, 0.5), [[0, 0, 0], [0, 0, 0], [0, 0.5, 0]]),
            (box(-9, -9, 9, 9), [[1, 1, 1]] * 3),
            (box(-9, 0, -1, 3), [[0, 0, 0]] * 3),
            (box(4, 0, 9, 3), [[0, 0, 0]] * 3),
            (box(0, 5, 3, 9), [[0, 0, 0]] * 3),
            (Polygon([(-3, 0), (3, 0), (-3, 6)]), [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]),
            (Polygon([(6, 0), (0, 0), (6, 6)]), [[0, 0, 0.5], [0, 0.5, 1], [0.5, 1, 1]]),
        ],
    )
    def test_what_lies_outside_covers_nothing(self, outside: Polygon, expected: list[list[float]]) -> None:
        assert cover(outside) == expected

    def test_regions_come_in_order(self) -> None:
        runs = Coverage(unit_grid(), [box(1.5, 0, 3, 3), box(0, 0, 1.5, 3)]).rows(1, 2)
        assert runs.ptr.tolist() == [0, 4]
        assert runs.region.tolist() == [0, 0, 1, 1]
        assert runs.start.tolist() == [1, 2, 0, 1]
        assert runs.stop.tolist() == [2, 3, 1, 2]
        assert runs.fraction.tolist() == [0.5, 1.0, 1.0, 0.5]

    def test_rounding_noise_on_borders_makes_no_slivers(self) -> None:
        noisy = box(1 + 1e-11, 1 - 1e-11, 2 - 1e-11, 3 + 1e-11)
        assert cover(noisy) == cover(box(1, 1, 2, 3))

    def test_no_regions(self) -> None:
        assert Coverage(unit_grid(), []).rows(0, 3).ptr.tolist() == [0, 0, 0, 0]

    def test_more_pieces_in_a_row_than_fit_a_glance(self) -> None:
        teeth = [(float(x), 0.9 if x % 2 else 0.1) for x in range(101)]  # a saw over 100 cells, up and down
        rows = cover(Polygon([*teeth, (100.0, 0.0), (0.0, 0.0)]), unit_grid(100, 1))
        assert rows[0] == pytest.approx([0.5] * 100)


class TestTrueArea:
    def test_geographic_rows_share_by_area_not_by_degrees(self) -> None:
        grid = lonlat_grid(10.0, 1, 1, left=100.0, top=60.0)
        south = cover(box(100, 50, 110, 55), grid)[0][0]
        north = cover(box(100, 55, 110, 60), grid)[0][0]
        assert south + north == pytest.approx(1.0, abs=1e-13)
        assert south == pytest.approx(
            (np.sin(np.radians(55)) - np.sin(np.radians(50))) / (np.sin(np.radians(60)) - np.sin(np.radians(50))),
            rel=2e-3,  # a sphere's share; the ellipsoid's differs a little
        )
        assert south > 0.52

    @pytest.mark.parametrize("cell", [1.0, 0.5, 0.05])
    def test_slanted_edges(self, cell: float) -> None:
        """Cells cut by a slanted border, against closely followed geodesic polygons."""
        grid = lonlat_grid(cell, 4, 4)
        triangle = Polygon([(100, 50), (100 + 4 * cell, 50 - 1.3 * cell), (100 + 0.7 * cell, 50 - 4 * cell)])
        fractions = dense(Coverage(grid, [triangle]).rows(0, 4), 4)[0]
        for row, column in np.ndindex(4, 4):
            left, top = 100 + column * cell, 50 - row * cell
            square = box(left, top - cell, left + cell, top)
            expected = geodesic_area(square.intersection(triangle), cell) / geodesic_area(square, cell)
            assert fractions[row, column] == pytest.approx(expected, abs=2e-7)

    @pytest.mark.parametrize("cell", [0.1, 0.02])
    def test_total_area(self, cell: float) -> None:
        grid = lonlat_grid(cell, round(10 / cell), round(8 / cell))
        polygon = random_star(np.random.default_rng(3), 4.0, 40)
        polygon = shapely.affinity.translate(polygon, 102, 44)
        areas, total = CellAreas(grid), 0.0
        runs = Coverage(grid, [polygon]).rows(0, grid.height)
        cells = (runs.stop - runs.start) * runs.fraction
        rows = np.repeat(np.arange(grid.height), np.diff(runs.ptr))
        total = float(areas.to_ha(np.rint(cells * areas.weights(0, grid.height)[rows, 0]).astype(np.int64).sum())) * 1e4
        assert total == pytest.approx(geodesic_area(polygon, 1.0), rel=1e-6)


def geodesic_area(shape: BaseGeometry, size: float) -> float:
    """Area [m2] on WGS 84 of a polygon whose edges are straight in longitude and latitude."""
    if shape.is_empty or shape.area == 0:
        return 0.0
    return abs(float(Geod(ellps="WGS84").geometry_area_perimeter(shape.segmentize(size / 400))[0]))


class TestAgainstOthers:
    @pytest.mark.parametrize("seed", range(6))
    def test_shapely(self, seed: int) -> None:
        polygon = random_star(np.random.default_rng(seed), 9.0, 25)
        cells = shapely.box(
            *np.meshgrid(np.arange(9.0), np.arange(8.0, -1, -1)),
            *np.meshgrid(np.arange(1.0, 10), np.arange(9.0, 0, -1)),
        )
        expected = shapely.area(shapely.intersection(cells, polygon))
        assert np.array(cover(polygon, unit_grid(9, 9))) == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("seed", range(3))
    def test_exactextract(self, seed: int) -> None:
        exactextract = pytest.importorskip("exactextract")
        from exactextract.raster import NumPyRasterSource

        polygon = random_star(np.random.default_rng(100 + seed), 40.0, 60)
        raster = NumPyRasterSource(np.arange(1600.0).reshape(40, 40), xmin=0, ymin=0, xmax=40, ymax=40)
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(polygon)}
        found = exactextract.exact_extract(raster, [feature], ["cell_id", "coverage"])[0]["properties"]
        expected = np.zeros(1600)
        expected[found["cell_id"]] = found["coverage"]
        # exactextract keeps fractions in single precision
        assert np.array(cover(polygon, unit_grid(40, 40))).ravel() == pytest.approx(expected, abs=1e-6)


class TestWholeGrid:
    def test_inside_share(self) -> None:
        polygons = [box(0, 0, 3, 3), box(1, 1, 2, 2), box(-1, 0, 1, 1), box(5, 5, 6, 6), box(-1, -1, 4, 4)]
        share = Coverage(unit_grid(), polygons).inside_share()
        assert share == pytest.approx([1, 1, 0.5, 0, 9 / 25])
        assert share[:2].tolist() == [1.0, 1.0]

    def test_inside_share_is_of_true_area(self) -> None:
        share = Coverage(lonlat_grid(1.0, 10, 10), [box(100, 30, 110, 50)]).inside_share()[0]
        geod = geodesic_area(box(100, 40, 110, 50), 1.0) / geodesic_area(box(100, 30, 110, 50), 1.0)
        assert share == pytest.approx(geod, rel=1e-6)
        assert share < 0.48  # half of the degrees, but the northern half

    def test_block_mask(self) -> None:
        polygons = [box(1, 7, 2, 8), Polygon([(4.1, 0.1), (9.9, 0.1), (9.9, 5.9)])]
        mask = Coverage(unit_grid(10, 9), polygons).block_mask(4, 3)
        assert mask.shape == (3, 4)
        assert mask.tolist() == [[1, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 1]]

    def test_block_mask_fills_the_interior(self) -> None:
        hole = [(14, 14), (27, 14), (27, 27), (14, 27)]
        ring = Polygon([(5, 5), (35, 5), (35, 35), (5, 35)], [hole])
        mask = Coverage(unit_grid(40, 40), [ring]).block_mask(4, 4)
        assert mask.sum() == 64 - 4  # rows and columns 1..8, but for the four blocks wholly inside the hole


class TestRefuses:
    def test_what_is_not_a_polygon(self) -> None:
        bad = [shapely.Point(1, 1), box(0, 0, 1, 1), None, Polygon(), Polygon([(0, 0), (1, np.inf), (1, 0)])]
        with pytest.raises(RegionError) as error:
            Coverage(unit_grid(), bad, names=list("abcde"))  # type: ignore[arg-type]
        found = [(p.id, p.where) for p in error.value.problems]
        assert found == [("grid.not_polygon", w) for w in "acd"] + [("grid.not_finite", "e")]
        assert str(error.value)

    def test_a_region_on_top_of_itself(self) -> None:
        twice = MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)])
        with pytest.raises(RegionError) as error:
            Coverage(unit_grid(), [box(0, 0, 1, 1), twice], names=["good", "twice"]).rows(0, 3)
        problem = error.value.problems[0]
        assert (problem.id, problem.where) == ("grid.self_overlap", "twice")
        assert (problem.values["row"], problem.values["column"]) == (1, 1)

    def test_a_bow_tie(self) -> None:
        with pytest.raises(RegionError):
            Coverage(unit_grid(), [Polygon([(0, 0), (3, 3), (3, 0), (0, 3)])]).rows(0, 3)
