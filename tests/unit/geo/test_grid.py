"""Grids and true cell areas, against hand counts and PROJ's geodesic polygons."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from rasterio.io import MemoryFile

from sinks.errors import CRSError, LayerError
from sinks.geo.authalic import AuthalicEllipsoid
from sinks.geo.grid import CellAreas, Grid
from sinks.geo.grid_crs import is_in_doubt

CHINA_ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +x_0=0 +y_0=0 +datum=WGS84 +units=m"
MODIS_SINUSOIDAL = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m"


@dataclass
class FakeFile:
    """What `Grid.from_dataset` reads of a rasterio dataset."""

    crs: object = "EPSG:4490"
    transform: Affine = Affine(0.5, 0.0, 97.0, 0.0, -0.25, 53.5)  # noqa: RUF009 - immutable
    width: int = 6
    height: int = 4


def grid_of(crs: str, left: float, top: float, cell: float, width: int, height: int) -> Grid:
    return Grid(CRS(crs), Affine(cell, 0.0, left, 0.0, -cell, top), width, height)


def geodesic_cell_area(grid: Grid, row: int, column: int) -> float:
    """Area [m2] of a cell whose sides are followed closely, by an independent method."""
    side = np.linspace(0.0, 1.0, 200)
    columns = column + np.concatenate([side, np.ones(200), 1 - side, np.zeros(200)])
    rows = row + np.concatenate([np.ones(200), 1 - side, np.zeros(200), side])
    x, y = grid.transform.c + grid.transform.a * columns, grid.transform.f + grid.transform.e * rows
    lon, lat = Transformer.from_crs(grid.crs, grid.crs.geodetic_crs, always_xy=True).transform(x, y)
    geod = grid.crs.get_geod()
    assert geod is not None
    return float(geod.polygon_area_perimeter(lon, lat)[0])


def problem_ids(error: pytest.ExceptionInfo[LayerError] | pytest.ExceptionInfo[CRSError]) -> list[str]:
    return [problem.id for problem in error.value.problems]


class TestFromDataset:
    def test_north_up(self) -> None:
        grid, south_up = Grid.from_dataset(FakeFile(), "a.tif")
        assert not south_up
        assert grid.transform == Affine(0.5, 0.0, 97.0, 0.0, -0.25, 53.5)
        assert (grid.width, grid.height) == (6, 4)
        assert grid.bounds == (97.0, 52.5, 100.0, 53.5)
        assert grid.crs == CRS("EPSG:4490")

    @pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4526", "EPSG:32649", CHINA_ALBERS])
    def test_crs_survives_a_real_file(self, crs: str) -> None:
        with MemoryFile() as memory:
            profile = {"driver": "GTiff", "width": 2, "height": 3, "count": 1, "dtype": "uint8", "crs": crs}
            with memory.open(**profile, transform=Affine(30, 0, 100, 0, 30, 100)) as dataset:
                dataset.write(np.zeros((1, 3, 2), np.uint8))
            with memory.open() as dataset:
                grid, south_up = Grid.from_dataset(dataset, "a.tif")
        assert grid.same_as(Grid(CRS(crs), Affine(30, 0, 100, 0, -30, 190), 2, 3))
        assert south_up

    def test_south_up_is_the_same_grid(self) -> None:
        north_up, _ = Grid.from_dataset(FakeFile(), "a.tif")
        grid, south_up = Grid.from_dataset(FakeFile(transform=Affine(0.5, 0, 97.0, 0, 0.25, 52.5)), "a.tif")
        assert south_up
        assert grid == north_up
        assert hash(grid) == hash(north_up)

    @given(
        left=st.integers(-17_000, 17_000),
        top=st.integers(-8_000, 8_000),
        per_degree=st.sampled_from([12, 120, 1200, 3600]),
    )
    def test_noise_of_the_last_digits_does_not_matter(self, left: int, top: int, per_degree: int) -> None:
        cell, height = 1.0 / per_degree, 40_000
        x, y = left / 100, top / 100
        clean, _ = Grid.from_dataset(FakeFile(transform=Affine(cell, 0, x, 0, -cell, y), height=height), "a.tif")
        bottom = y - height * cell
        noisy = Affine(np.nextafter(cell, 1), 0, np.nextafter(x, 999), 0, cell, np.nextafter(bottom, 999))
        assert Grid.from_dataset(FakeFile(transform=noisy, height=height), "a.tif") == (clean, True)

    def test_snapping_moves_nothing_noticeably(self) -> None:
        third = Affine(1 / 3600, 0, 97 + 1 / 7200, 0, -1 / 3600, 53 + 1 / 7)
        grid, _ = Grid.from_dataset(FakeFile(transform=third, width=40_000, height=40_000), "a.tif")
        off = np.subtract(grid.transform[:6], third[:6]) * 3600
        assert np.abs(off).max() < 5e-7

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"transform": Affine(0.5, 0.1, 97.0, 0.1, -0.25, 53.5)}, ["grid.rotated"]),
            ({"transform": Affine(0.0, 0.5, 97.0, 0.5, 0.0, 53.5)}, ["grid.rotated"]),
            ({"transform": Affine(-0.5, 0.0, 97.0, 0.0, -0.25, 53.5)}, ["grid.x_decreasing"]),
            ({"transform": Affine.identity()}, ["grid.no_georeference"]),
            ({"width": 0}, ["grid.zero_size"]),
            ({"height": 0, "transform": Affine.identity()}, ["grid.zero_size", "grid.no_georeference"]),
            ({"transform": Affine(0.5, 0.1, 97.0, 0.1, -0.25, 53.5), "crs": None}, ["grid.rotated", "grid.no_crs"]),
        ],
    )
    def test_refuses_what_is_not_a_grid(self, change: dict[str, object], expected: list[str]) -> None:
        with pytest.raises(LayerError) as error:
            Grid.from_dataset(replace(FakeFile(), **change), "bad.tif")  # type: ignore[arg-type]
        assert problem_ids(error) == expected
        assert "bad.tif" in str(error.value)

    @pytest.mark.parametrize(
        ("crs", "assumed", "expected"),
        [
            (None, None, "grid.no_crs"),
            (MODIS_SINUSOIDAL, None, "grid.doubtful_crs"),
            ("+proj=longlat +ellps=clrk66", None, "grid.doubtful_crs"),
            ("EPSG:4978", None, "grid.unfit_crs"),
            ("EPSG:4326", "EPSG:4490", "grid.assumption_contradicts"),
            (None, "EPSG:4978", "grid.unfit_crs"),
            (None, "EPSG:0", "grid.unknown_crs"),
        ],
    )
    def test_refuses_doubtful_crs(self, crs: str | None, assumed: str | None, expected: str) -> None:
        with pytest.raises(CRSError) as error:
            Grid.from_dataset(FakeFile(crs=crs), "a.tif", assume_crs=assumed)
        assert problem_ids(error) == [expected]
        assert str(error.value)

    @pytest.mark.parametrize("crs", [None, "+proj=longlat +ellps=clrk66", "EPSG:4326"])
    def test_assumption_settles_the_doubt(self, crs: str | None) -> None:
        grid, _ = Grid.from_dataset(FakeFile(crs=crs), "a.tif", assume_crs=CRS("EPSG:4326"))
        assert grid.crs == CRS("EPSG:4326")

    def test_a_stated_sphere_is_taken_at_its_word(self) -> None:
        metres = Affine(500, 0, 8e6, 0, -500, 5e6)
        grid, _ = Grid.from_dataset(FakeFile(MODIS_SINUSOIDAL, metres), "a.tif", assume_crs=MODIS_SINUSOIDAL)
        areas = CellAreas(grid)
        assert areas.to_ha(areas.weights(0, 1))[0, 0] == pytest.approx(25.0, rel=1e-9)

    def test_height_system_is_left_aside(self) -> None:
        grid, _ = Grid.from_dataset(FakeFile(crs="EPSG:4326+5773"), "a.tif")
        assert grid.crs == CRS("EPSG:4326")

    def test_doubt(self) -> None:
        assert is_in_doubt(CRS("+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=krass"))
        assert not is_in_doubt(CRS(CHINA_ALBERS))
        assert not is_in_doubt(CRS("EPSG:3857"))


class TestGrid:
    def test_constructor_wants_north_up(self) -> None:
        with pytest.raises(ValueError, match="north-up"):
            Grid(CRS("EPSG:4326"), Affine(1, 0, 0, 0, 1, 0), 2, 2)
        with pytest.raises(ValueError, match="at least one"):
            Grid(CRS("EPSG:4326"), Affine(1, 0, 0, 0, -1, 0), 0, 2)

    def test_same_as(self) -> None:
        grid = grid_of("EPSG:4326", 97.0, 53.5, 0.5, 6, 4)
        assert grid.same_as(grid_of("OGC:CRS84", 97.0 + 1e-7, 53.5, 0.5, 6, 4))
        assert not grid.same_as(grid_of("EPSG:4326", 97.0 + 1e-6, 53.5, 0.5, 6, 4))
        assert not grid.same_as(grid_of("EPSG:4326", 97.0, 53.5, 0.5 + 1e-6, 6, 4))
        assert not grid.same_as(grid_of("EPSG:4326", 97.0, 53.5, 0.5, 6, 5))
        assert not grid.same_as(grid_of("EPSG:4490", 97.0, 53.5, 0.5, 6, 4))

    def test_pixel_positions(self) -> None:
        columns, rows = grid_of("EPSG:4326", 97.0, 53.5, 0.5, 6, 4).to_pixel([97.0, 98.25], [53.5, 53.0])
        assert columns.tolist() == [0.0, 2.5]
        assert rows.tolist() == [0.0, 1.0]

    def test_pickles(self) -> None:
        grid = grid_of("EPSG:4526", 38_400_000, 5e6, 30, 10, 10)
        grid.check_zone(grid.bounds, "a.tif")
        assert pickle.loads(pickle.dumps(grid)) == grid


class TestZone:
    def test_within(self) -> None:
        grid = grid_of("EPSG:4526", 38_400_000, 5e6, 1000, 200, 200)
        grid.check_zone(grid.bounds, "a.tif")

    def test_far_outside(self) -> None:
        grid = grid_of("EPSG:4526", 37_600_000, 5e6, 1000, 1800, 1200)  # the width of Inner Mongolia
        with pytest.raises(CRSError) as error:
            grid.check_zone(grid.bounds, "a.tif")
        assert problem_ids(error) == ["grid.outside_zone"]
        assert error.value.problems[0].values["meridian"] == 114.0
        grid.check_zone((38_400_000, 4_900_000, 38_500_000, 5_000_000), "a.tif")  # what is used lies within

    def test_without_zone(self) -> None:
        grid = grid_of(CHINA_ALBERS, -3e6, 6e6, 1000, 6000, 4000)
        grid.check_zone(grid.bounds, "a.tif")


CELL_AREA_GRIDS = {
    "EPSG:4326": grid_of("EPSG:4326", 97.0, 53.5, 0.05, 600, 340),
    "EPSG:4490": grid_of("EPSG:4490", 97.0, 53.5, 0.5, 60, 34),
    "world": grid_of("EPSG:4326", -180.0, 90.0, 2.0, 180, 90),
    "30 m": grid_of("EPSG:4326", 110.0, 43.0, 0.00026949, 4000, 4000),
    "Albers": grid_of(CHINA_ALBERS, -8e5, 5.9e6, 1000, 2000, 1500),
    "EPSG:4526, 30 m": grid_of("EPSG:4526", 38_400_000, 5e6, 30, 7000, 7000),
    "EPSG:4526, 1 km": grid_of("EPSG:4526", 38_400_000, 5e6, 1000, 200, 300),
    "UTM 49N, 30 m": grid_of("EPSG:32649", 250_000, 5.2e6, 30, 17_000, 17_000),
    "UTM 49N, 5 km": grid_of("EPSG:32649", 250_000, 5.2e6, 5000, 100, 100),
    "EPSG:3857": grid_of("EPSG:3857", 1.08e7, 7e6, 500, 6000, 5000),
    "Lambert": grid_of("+proj=lcc +lat_1=25 +lat_2=47 +lon_0=105 +datum=WGS84", -8e5, 5.9e6, 1000, 2000, 1500),
    "feet": grid_of("EPSG:2263", 950_000, 220_000, 100, 500, 400),
    "over the pole": grid_of("EPSG:3408", -1e6, 1e6, 25_000, 80, 80),
    "one cell": grid_of("EPSG:4526", 38_400_000, 5e6, 1000, 1, 1),
}


class TestCellAreas:
    @pytest.mark.parametrize("name", CELL_AREA_GRIDS)
    def test_against_geodesic_polygons(self, name: str) -> None:
        grid = CELL_AREA_GRIDS[name]
        areas = CellAreas(grid)
        rng = np.random.default_rng(7)
        rows = [0, grid.height - 1, *rng.integers(0, grid.height, 12)]
        columns = [0, grid.width - 1, *rng.integers(0, grid.width, 12)]
        for row, column in zip(rows, columns, strict=True):
            got = areas.to_ha(areas.weights(row, row + 1)[0, column // areas.group_width]) * 1e4
            if name == "over the pole" and max(abs(row - 40), abs(column - 40)) < 3:
                continue  # EASE-Grid North stands on a sphere; the geodesic routine fails around its pole
            assert got == pytest.approx(geodesic_cell_area(grid, int(row), int(column)), rel=1e-6)

    def test_one_group_unless_areas_change_along_the_row(self) -> None:
        groups = {name: CellAreas(grid).n_groups for name, grid in CELL_AREA_GRIDS.items()}
        changing = {name for name, n in groups.items() if n > 1}
        assert changing == {"EPSG:4526, 30 m", "EPSG:4526, 1 km", "UTM 49N, 30 m", "UTM 49N, 5 km", "Lambert"}

    def test_world_sums_to_the_ellipsoid(self) -> None:
        areas = CellAreas(CELL_AREA_GRIDS["world"])
        total = areas.to_ha(areas.weights(0, 90).sum() * 180)
        assert total == pytest.approx(510_065_621.724e2, rel=1e-9)  # 510 065 621.724 km2

    def test_equal_area_cells_are_planar(self) -> None:
        areas = CellAreas(CELL_AREA_GRIDS["Albers"])
        assert (areas.weights(0, 1500) == 1_000_000 << areas.unit_exponent).all()

    @pytest.mark.parametrize("name", ["EPSG:4326", "Lambert", "EPSG:3857", "EPSG:4526, 1 km"])
    def test_rows_do_not_depend_on_the_block(self, name: str) -> None:
        areas = CellAreas(CELL_AREA_GRIDS[name])
        whole = areas.weights(0, 300)
        parts = [areas.weights(r, min(r + 7, 300)) for r in range(0, 300, 7)]
        assert (np.concatenate(parts) == whole).all()
        assert (areas.weights(5, 9, 0, 1) == whole[5:9, :1]).all()

    @pytest.mark.parametrize("name", CELL_AREA_GRIDS)
    @pytest.mark.parametrize("bits", [40, 62])
    def test_unit_is_the_finest_that_fits(self, name: str, bits: int) -> None:
        grid = CELL_AREA_GRIDS[name]
        areas = CellAreas(grid, bits)
        sample = np.linspace(0, grid.height - 1, 100).astype(int)
        weights = np.concatenate([areas.weights(row, row + 1) for row in sample]).astype(float) * grid.height / 100
        sizes = np.diff(np.append(np.arange(0, grid.width, areas.group_width), grid.width))
        assert 2.0 ** (bits - 2.3) < (weights * sizes).sum() < 2.0**bits

    def test_beyond_the_pole(self) -> None:
        with pytest.raises(LayerError) as error:
            CellAreas(grid_of("EPSG:4326", -180.125, 90.125, 0.25, 1440, 721))
        assert problem_ids(error) == ["grid.beyond_pole"]

    def test_outside_the_projection(self) -> None:
        with pytest.raises(LayerError) as error:
            CellAreas(grid_of("+proj=ortho +lat_0=45 +lon_0=105 +datum=WGS84", -1e7, 1e7, 1e5, 200, 200))
        assert problem_ids(error) == ["grid.outside_projection"]


def test_authalic_function() -> None:
    # Snyder (1987), Appendix A, Albers on the Clarke 1866 ellipsoid: q at 29.5 and 35 degrees
    clarke = AuthalicEllipsoid(6_378_206.4, 0.00676866)
    assert clarke.q(np.radians([29.5, 35.0])) == pytest.approx([0.9792529, 1.1410831], abs=5e-8)
    sphere, wgs84 = AuthalicEllipsoid(1.0, 0.0), AuthalicEllipsoid.of(CRS("EPSG:4326"))
    assert sphere.q(np.pi / 6) == pytest.approx(1.0)
    assert wgs84.semi_major == Geod(ellps="WGS84").a
    latitude = np.linspace(-1.5, 1.5, 31)
    slope = (wgs84.q(latitude + 1e-5) - wgs84.q(latitude - 1e-5)) / 2e-5
    assert wgs84.q_slope(latitude) == pytest.approx(slope, rel=1e-8)
