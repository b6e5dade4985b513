"""Layers and regions that cannot be tabulated are named with what is wrong and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio.transform import Affine

from sinks.errors import LegendError, SinksError
from sinks.geo.grid import CellAreas, Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer
from sinks.tabulation import check_layers, tabulate
from support.problems import ids
from support.small_layers import CLCD, cover, rasterio_crs, regions, stock, write


def test_unknown_codes_come_with_their_areas(world: dict[str, Any], tmp_path: Path) -> None:
    first, second = world["first"].copy(), world["second"].copy()
    first[30:33, 40:44] = 77
    second[30, 40] = 78
    files = {"y2020": write(tmp_path / "a.tif", first, nodata=0), "y2023": write(tmp_path / "b.tif", second, nodata=0)}
    with pytest.raises(LegendError) as error:
        tabulate(world["units"], cover(**files), block_size=16)
    assert ids(error) == ["tabulate.unknown_codes"] * 2
    grid = Grid(rasterio_crs(files["y2020"]), Affine(0.1, 0, 110, 0, -0.1, 45), 90, 70)
    areas = CellAreas(grid)
    expected = float(areas.to_ha(areas.weights(30, 33)).sum() * 4)
    assert error.value.problems[0].values["area"] == f"{expected:.6g}"
    assert "77" in str(error.value.problems[0])
    assert "78" in str(error.value.problems[1])


def test_unknown_codes_of_a_wide_type(world: dict[str, Any], tmp_path: Path) -> None:
    first = world["first"].astype(np.int32)
    first[30:33, 40:44] = 70_000
    path = write(tmp_path / "a.tif", first, nodata=0)
    with pytest.raises(LegendError, match="70000"):
        tabulate(world["units"], cover(y2020=path))


def test_classes_that_are_no_whole_numbers(world: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", world["first"].astype(np.float32) + 0.5)
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], cover(y2020=path))
    assert ids(error) == ["raster.not_whole"]


def test_values_out_of_bounds_are_an_error_with_a_place(world: dict[str, Any], tmp_path: Path) -> None:
    volume = world["volume"].copy()
    volume[20, 50], volume[40, 30], volume[41, 31] = 1600, -3, np.inf
    layer = stock(static=write(tmp_path / "v.tif", volume))
    for size, threads in ((16, 2), (None, 1)):
        with pytest.raises(SinksError) as error:
            tabulate(world["units"], world["cover"], inputs=[layer], block_size=size, threads=threads)
        values = error.value.problems[0].values
        assert ids(error) == ["raster.out_of_bounds"]
        assert (values["count"], values["least"], values["most"]) == (3, "-3", "inf")
        assert (values["x"], values["y"]) == ("115.05", "42.95")


def test_disjoint_regions(world: dict[str, Any]) -> None:
    with pytest.raises(SinksError) as error:
        tabulate(regions(shapely.box(90, 30, 91, 31)), world["cover"])
    assert ids(error) == ["raster.disjoint"]


def test_problems_of_several_layers_come_together(world: dict[str, Any], tmp_path: Path) -> None:
    other = write(tmp_path / "o.tif", world["first"], transform=Affine(0.2, 0, 110, 0, -0.2, 45))
    layer = replace(world["cover"], files={**world["cover"].files, "2023": other})
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], layer, inputs=[stock(static=tmp_path / "none.tif")])
    assert sorted(ids(error)) == ["raster.missing_file", "raster.other_grid"]
    with pytest.raises(SinksError) as error:
        check_layers(world["units"], layer)
    assert ids(error) == ["raster.other_grid"]
    assert check_layers(world["units"], world["cover"], inputs=[world["stock"]]).width == 90


def test_a_corrupt_file_leaves_a_clear_error(world: dict[str, Any], tmp_path: Path) -> None:
    noise = np.random.default_rng(6).integers(1, 10, (70, 90)).astype(np.uint8)
    path = write(tmp_path / "a.tif", noise, compress="deflate", tiled=True, blockxsize=32, blockysize=32)
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2 : len(broken) // 2 + 300] = bytes(300)
    path.write_bytes(broken)
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], cover(y2020=path), threads=2)
    assert ids(error) == ["raster.corrupt_block"]


def spoilt(path: Path, kind: str) -> Path:
    """A tiled file of noise that opens and cannot be read through, or that does not open."""
    noise = np.random.default_rng(6).integers(1, 10, (70, 90)).astype(np.uint8)
    write(path, noise, nodata=0, compress="deflate", tiled=True, blockxsize=32, blockysize=32)
    data = bytearray(path.read_bytes())
    if kind == "block":
        data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    path.write_bytes(data if kind == "block" else data[: {"tail": len(data) * 2 // 3, "head": 60}[kind]])
    return path


@pytest.mark.parametrize(
    ("kind", "id"),
    [("block", "raster.corrupt_block"), ("tail", "raster.corrupt_block"), ("head", "raster.unreadable")],
)
def test_unknown_codes_are_named_beside_a_file_that_cannot_be_read(
    world: dict[str, Any], tmp_path: Path, kind: str, id: str
) -> None:
    strange = world["second"].copy()
    strange[30:33, 40:44] = 77
    layer = cover(y2020=spoilt(tmp_path / "a.tif", kind), y2023=write(tmp_path / "b.tif", strange, nodata=0))
    for look in (check_layers, tabulate):
        with pytest.raises(SinksError) as error:
            look(world["units"], layer)
        assert ids(error) == [id, "raster.sampled_unknown"]
        first, second = error.value.problems
        assert ("a.tif" in first.where, "b.tif" in second.where, second.values["codes"]) == (True, True, ["77"])


def test_a_pass_that_ends_early_names_unknown_codes_too(world: dict[str, Any], tmp_path: Path) -> None:
    """The other file is sampled by the pass itself, which no check went before; a sound one adds nothing."""
    strange = np.where(world["second"] == 4, 78, world["second"]).astype(np.uint8)
    broken = spoilt(tmp_path / "a.tif", "block")
    for name, array, expected in (("b", strange, ["raster.sampled_unknown"]), ("c", world["second"], [])):
        layer = cover(y2020=broken, y2023=write(tmp_path / f"{name}.tif", array, nodata=0))
        with pytest.raises(SinksError) as error:
            tabulate(world["units"], layer, threads=1)
        assert ids(error) == ["raster.corrupt_block", *expected]


def test_a_check_lets_pass_what_no_region_touches(world: dict[str, Any], tmp_path: Path) -> None:
    """Of a file cut short, whose lost rows lie south of the only region, every cell that counts can be read."""
    noise = np.random.default_rng(6).integers(1, 10, (1100, 64)).astype(np.uint8)
    path = write(tmp_path / "a.tif", noise, nodata=0, compress="deflate", tiled=True, blockxsize=32, blockysize=32)
    path.write_bytes(path.read_bytes()[:-2000])
    north, south = (regions(shapely.box(111, y, 115, y + 1)) for y in (43, -65))
    assert check_layers(north, cover(y2020=path)).height == 1100
    with pytest.raises(SinksError) as error:
        check_layers(south, cover(y2020=path))
    assert ids(error) == ["raster.corrupt_block"]


@pytest.mark.parametrize(
    ("problem", "units"),
    [
        ("tabulate.units_no_crs", gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(0, 0, 1, 1)])),
        ("tabulate.code_twice", regions(*[shapely.box(0, 0, 1, 1)] * 2).assign(code="1")),
        ("tabulate.no_units", regions(shapely.box(0, 0, 1, 1)).iloc[:0]),
        ("tabulate.units_columns", regions(shapely.box(0, 0, 1, 1)).drop(columns="code")),
    ],
)
def test_regions_that_cannot_be_used(world: dict[str, Any], problem: str, units: gpd.GeoDataFrame) -> None:
    with pytest.raises(SinksError) as error:
        tabulate(units, world["cover"])
    assert ids(error) == [problem]


def test_layers_that_cannot_be_tabulated_together(world: dict[str, Any]) -> None:
    static = CategoricalLayer("land_cover", {"static": "a.tif"}, CLCD)
    with pytest.raises(SinksError) as error:
        tabulate(world["units"], static, inputs=[stock(static="b"), stock(static="c")])
    assert sorted(ids(error)) == ["tabulate.name_twice", "tabulate.no_dates"]


def test_a_layer_of_another_zone_that_lies_elsewhere(world: dict[str, Any], tmp_path: Path) -> None:
    """On a grid of its own it is mapped to the first one, and does not reach it."""
    there = Affine(1e3, 0, 5e5, 0, -1e3, 3e6)
    far = write(tmp_path / "far.tif", world["first"], nodata=0, crs="EPSG:32650", transform=there)
    other = replace(cover(static=far), name="zones", resampling="nearest")
    with pytest.raises(SinksError) as error:
        check_layers(world["units"], world["cover"], strata=[other])
    assert ids(error) == ["raster.disjoint"]
    assert str(far) in str(error.value)


def test_more_classes_together_than_a_number_can_tell(world: dict[str, Any]) -> None:
    """Eight layers of 252 classes and four regions: 4 x 254^8 is beyond 2^63."""
    lines = [f"{code},类{code},class {code},c{code},,,," for code in range(1, 253)]
    text = "code,name_zh,name_en,class,ecosystem,basis,source,note\n" + "\n".join(lines)
    path = world["folder"] / "many.csv"
    path.write_text(text, encoding="utf-8")
    legend = load_legend(path, stratum="many")
    strata = [replace(world["cover"], name=f"s{n}", legend=legend) for n in range(4)]
    with pytest.raises(SinksError) as error:
        check_layers(world["units"], world["cover"], strata=strata)
    assert ids(error) == ["tabulate.too_many_classes"]
