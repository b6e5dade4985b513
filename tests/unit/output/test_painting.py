"""Paintings show the account: what is on the cells adds up to what is in the table."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.transform import Affine
from shapely import Polygon, box

from sinks.cli import main
from sinks.errors import RunError
from sinks.layers.rasters.raster import ContinuousLayer
from sinks.output.painting import Layers, Painting, Request, link, paint
from sinks.project.project import Project
from sinks.results.contents import RunContents
from sinks.results.run_folder import check_destination
from sinks.tabulation import tabulate
from sinks.workflow.finished_run import Run
from sinks.workflow.make_account import account_inputs
from sinks.workflow.prepare import prepare
from sinks.workflow.verbs import run

CELL, WEST, NORTH, ROWS, COLUMNS = 0.01, 110.0, 42.0, 60, 80
STOCK, CHANGE, REMOVALS = "carbon_stock_density", "stock_change_density", "net_removals_density"
GRASS = {"id": "lookup_density", "ecosystems": ["grassland"], "strata": {"grassland_type": "typical_steppe"}}
SOIL = {"condition": "nominal", "tillage": "full", "input": "medium"}


def painted(contents: RunContents, layers: Layers, out: Path, **options: Any) -> Painting:
    """A painting by its options, as a run takes them."""
    asked = {field.name: options.pop(field.name) for field in fields(Request) if field.name in options}
    return paint(contents, layers, out, Request(**asked), **options)


@dataclass(frozen=True)
class Small:
    """A run over a small territory, with everything it was made from."""

    folder: Path
    contents: RunContents
    layers: Layers
    cover: dict[str, np.ndarray[Any, Any]]

    def paint(self, out: Path, **options: Any) -> Painting:
        return painted(self.contents, self.layers, out, **options)

    def account(self, quantity: str, period: str, **wanted: str) -> float:
        table = self.contents.account
        chosen = {"region_code": "100000", "ecosystem": "all", "stratum": "all", "pool": "all"} | wanted
        for name, value in (chosen | {"quantity": quantity, "period": period}).items():
            table = table[table[name] == value]
        (value,) = table["value"]
        return float(value)


def save(path: Path, array: np.ndarray[Any, Any], **options: Any) -> str:
    profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "crs": "EPSG:4490", "nodata": 0} | options
    profile |= {"transform": Affine(CELL, 0, WEST, 0, -CELL, NORTH), "tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.open(path, "w", height=array.shape[0], width=array.shape[1], **profile) as dataset:
        dataset.write(array, 1)
    return str(path)


def regions() -> gpd.GeoDataFrame:
    """Two neighbours with a slanting border through the cells, and their parent."""
    west = Polygon([(110.043, 41.957), (110.381, 41.957), (110.333, 41.433), (110.043, 41.433)])
    east = Polygon([(110.381, 41.957), (110.767, 41.957), (110.767, 41.433), (110.333, 41.433)])
    frame = {"code": ["100000", "100100", "100200"], "name": ["whole", "west", "east"]}
    frame |= {"parent": ["", "100000", "100000"]}
    return gpd.GeoDataFrame(frame, geometry=[box(110.043, 41.433, 110.767, 41.957), west, east], crs=4490)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Stocks of forest and grassland, a yearly rate of water, and soil that changes with the transition."""
    constants = {"edition": "2019", "climate_zone": "cool_temperate_dry", "soil_class": "hac"}
    return make(
        tmp_path_factory.mktemp("small"),
        [
            {"id": "growing_stock_bef", "ecosystems": ["forest"]},
            GRASS | {"pools": ["above_ground_biomass", "below_ground_biomass"]},
            {"id": "fixed_rate", "ecosystems": ["water"], "strata": {"type": "lake_northeast"}},
            {"id": "soil_transition", "ecosystems": ["grassland"], "strata": constants | SOIL},
        ],
    )


@pytest.fixture(scope="module")
def grass(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Grassland by a table of densities alone."""
    return make(tmp_path_factory.mktemp("grass"), [GRASS])


def make(
    folder: Path,
    methodologies: list[dict[str, Any]],
    years: tuple[str, ...] = ("2020", "2023"),
    holes: bool = False,
    **sections: Any,
) -> Small:
    rng = np.random.default_rng(4)
    first = rng.choice([0, 1, 2, 4, 5, 9], (ROWS, COLUMNS), p=[0.02, 0.18, 0.3, 0.3, 0.1, 0.1]).astype(np.uint8)
    cover = {years[0]: first}
    for year in years[1:]:
        before = [*cover.values()][-1]
        changed = np.where(rng.random(first.shape) < 0.1, rng.choice([2, 4], first.shape), before)
        cover[year] = changed.astype(np.uint8)
    volume = (rng.random(first.shape) * 150).astype(np.float32)
    if holes:
        volume[rng.random(first.shape) < 0.2] = -1
    regions().to_file(folder / "regions.gpkg")
    files = {year: save(folder / f"cover_{year}.tif", array) for year, array in cover.items()}
    stock = {
        year: save(
            folder / f"stock_{year}.tif", np.where(volume < 0, -1, volume * growth).astype(np.float32), nodata=-1
        )
        for year, growth in zip(years, (1.0, 1.1, 1.2), strict=False)
    }
    species = save(folder / "species.tif", rng.choice([1, 2, 3], first.shape).astype(np.uint8))
    project = Project.from_dict(
        {
            "project": {
                "name": "small",
                "title": "小区",
                "dates": [*map(int, years)],
                "draws": 0,
                "demonstration": True,
            },
            "regions": {"file": str(folder / "regions.gpkg"), "code": "code", "name": "name", "parent": "parent"},
            "land_cover": {"legend": "clcd", "files": files},
            "strata": {"species_group": {"file": species, "legend": "species_group", "ecosystems": ["forest"]}},
            "inputs": {"growing_stock": {"files": stock}},
            "methodologies": methodologies,
            **sections,
        },
        folder=folder,
    )
    prepared = prepare(project)
    assert prepared.land_cover is not None
    made = run(project)
    inputs = account_inputs(prepared, made.activity).inputs
    layers = Layers(prepared.regions.units, prepared.land_cover, prepared.strata, prepared.entries, inputs)
    return Small(folder, made.contents, layers, cover)


def read(small: Small, name: str) -> np.ndarray[Any, Any]:
    with rasterio.open(small.folder / f"{name}.tif") as dataset:
        values: np.ndarray[Any, Any] = dataset.read(1)
    return values


def bands(path: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    with rasterio.open(path) as dataset:
        density, area = dataset.read().astype(np.float64)
    return density, area


@pytest.mark.parametrize(
    ("what", "period"), [(STOCK, "2020"), (STOCK, "2023"), (CHANGE, "2020-2023"), (REMOVALS, "2020-2023")]
)
@pytest.mark.parametrize("factor", [1, 3, 7])
def test_density_times_area_is_the_account(small: Small, tmp_path: Path, what: str, period: str, factor: int) -> None:
    made = small.paint(tmp_path / "p.tif", what=what, period=period, resolution=CELL * factor)
    density, area = bands(made.path)
    expected = small.account(what.removesuffix("_density"), period)
    assert made.total == pytest.approx(expected, rel=1e-12)
    assert np.nansum(density * area) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("what", [CHANGE, REMOVALS])
def test_a_period_with_a_date_in_between_is_the_account_too(tmp_path: Path, what: str) -> None:
    """A flux of land that was water in the year between counts, a stock of that year does not."""
    rates = {"id": "fixed_rate", "ecosystems": ["water"], "strata": {"type": "lake_northeast"}}
    three = make(tmp_path, [{"id": "growing_stock_bef", "ecosystems": ["forest"]}, rates], ("2017", "2020", "2025"))
    for period in ("2017-2020", "2017-2025"):
        made = three.paint(tmp_path / "p.tif", what=what, period=period, force=True)
        assert made.total == pytest.approx(three.account(what.removesuffix("_density"), period), rel=1e-12)


@pytest.mark.parametrize("code", ["100100", "100200"])
def test_a_painting_tabulated_again_gives_the_account_of_its_region(small: Small, tmp_path: Path, code: str) -> None:
    made = small.paint(tmp_path / "p.tif", what=REMOVALS, units=[code], resolution=CELL)
    # The painting is smaller than the land cover; both have the same cells.
    layer = ContinuousLayer("painted", "nep", {"static": made.path}, -1e6, 1e6, resampling="nearest", band=1)
    units = small.layers.units
    joint = tabulate(units[units["code"] == code], small.layers.land_cover, inputs=[layer])
    assert joint.table["painted_sum"].sum() == pytest.approx(
        small.account("net_removals", "2020-2023", region_code=code), rel=1e-6
    )


def test_all_regions_tabulated_again_give_the_whole_account(small: Small, tmp_path: Path) -> None:
    made = small.paint(tmp_path / "p.tif", period="2023", resolution=CELL)
    layer = ContinuousLayer("painted", "nep", {"static": made.path}, -1e6, 1e6, resampling="nearest", band=1)
    joint = tabulate(small.layers.units, small.layers.land_cover, inputs=[layer])
    assert joint.table["painted_sum"].sum() == pytest.approx(small.account("carbon_stock", "2023"), rel=1e-6)


def test_not_estimated_is_nodata_and_not_zero(small: Small, tmp_path: Path) -> None:
    density, area = bands(small.paint(tmp_path / "p.tif", period="2020", resolution=CELL).path)
    # Cells well inside the regions: the canvas begins at row 4, column 4 of the land cover.
    inside, cover = density[2:50, 2:70], small.cover["2020"][6:54, 6:74]
    estimated = np.isin(cover, [2, 4])
    assert np.isnan(inside[~estimated]).all()
    assert np.isfinite(inside[estimated]).all()
    assert np.isnan(area[2:50, 2:70][~estimated]).all()


def test_grassland_has_the_density_of_its_parameters(small: Small, tmp_path: Path) -> None:
    density, _ = bands(small.paint(tmp_path / "p.tif", period="2020", resolution=CELL).path)
    used = small.contents.parameters_used
    expected = used.loc[used["methodology"] == "lookup_density", "value"].astype(float).sum()
    found = density[2:50, 2:70][small.cover["2020"][6:54, 6:74] == 4]
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_change_is_that_of_land_known_at_both_dates(small: Small, tmp_path: Path) -> None:
    """Cells that are forest or grassland at both dates: the mean of their transition and species in the region."""
    options: dict[str, Any] = {"units": ["100100"], "resolution": CELL}
    change, area = bands(small.paint(tmp_path / "c.tif", what=CHANGE, **options).path)
    removals, _ = bands(small.paint(tmp_path / "d.tif", what=REMOVALS, **options).path)
    here = (slice(4, 4 + change.shape[0]), slice(4, 4 + change.shape[1]))
    (first, last), species = ((cover[here] for cover in small.cover.values()), read(small, "species")[here])
    volume = [read(small, f"stock_{year}")[here].astype(float) for year in (2020, 2023)]
    used = small.contents.parameters_used
    grass = used.loc[used["methodology"] == "lookup_density", "value"].astype(float).sum()
    estimated = np.isin(first, [2, 4]) & np.isin(last, [2, 4])
    inside = np.isfinite(area)
    np.testing.assert_array_equal(np.isfinite(change), estimated & inside)
    stayed = inside & (first == 4) & (last == 4)
    assert stayed.any()
    np.testing.assert_allclose(change[stayed], 0, atol=1e-4)
    for code, name in enumerate(("larch", "birch", "poplar"), 1):
        own = used[used["species_group"] == name].set_index("parameter")["value"].astype(float)
        per_volume = own["basic_wood_density"] * own["bef"] * own["carbon_fraction"] * (1 + own["root_to_shoot"])
        for before, after in ((2, 2), (4, 2), (2, 4)):
            cells = inside & (first == before) & (last == after) & (species == code)
            ends = [
                np.average(v[cells], weights=area[cells]) * per_volume if land == 2 else grass
                for v, land in zip(volume, (before, after), strict=True)
            ]
            np.testing.assert_allclose(change[cells], ends[1] - ends[0], rtol=1e-5, atol=1e-4)
    forest = inside & (first == 2) & (last == 2)
    np.testing.assert_allclose(removals[forest], (change * 44 / 12 / 3)[forest], rtol=1e-5)


def test_inputs_by_their_distribution_and_land_without_them_are_the_account(tmp_path: Path) -> None:
    """A methodology that is not linear is evaluated by bins of a row, and not at all where an input is missing."""
    strata = {"climate_domain": "boreal", "forest_type": "larch"}
    bins = make(tmp_path, [{"id": "growing_stock_bcef", "ecosystems": ["forest"], "strata": strata}], holes=True)
    assert len(bins.contents.activity.bins)
    for what, period in ((STOCK, "2020"), (CHANGE, "2020-2023"), (REMOVALS, "2020-2023")):
        made = bins.paint(tmp_path / "p.tif", what=what, period=period, resolution=CELL, force=True)
        density, area = bands(made.path)
        expected = bins.account(what.removesuffix("_density"), period)
        assert made.total == pytest.approx(expected, rel=1e-9)
        assert np.nansum(density * area) == pytest.approx(expected, rel=1e-6)


def test_a_yearly_rate_is_painted_as_it_is(small: Small, tmp_path: Path) -> None:
    removals, _ = bands(small.paint(tmp_path / "p.tif", what=REMOVALS, resolution=CELL).path)
    water = np.logical_and(*(cover[6:54, 6:74] == 5 for cover in small.cover.values()))
    used = small.contents.parameters_used
    (rate,) = used.loc[used["methodology"] == "fixed_rate", "value"].astype(float)
    assert removals[2:50, 2:70][water] == pytest.approx(rate * 44 / 12, rel=1e-6)


def test_a_coarse_cell_is_the_mean_of_its_cells_by_area(small: Small, tmp_path: Path) -> None:
    fine, fine_area = bands(small.paint(tmp_path / "a.tif", period="2020", resolution=CELL).path)
    coarse, area = bands(small.paint(tmp_path / "b.tif", period="2020", resolution=2 * CELL).path)
    # Both begin at an even row and column of the land cover.
    part, weight = fine[4:6, 10:12], fine_area[4:6, 10:12]
    assert area[2, 5] == pytest.approx(np.nansum(weight), rel=1e-6)
    assert coarse[2, 5] == pytest.approx(np.nansum(part * weight) / np.nansum(weight), rel=1e-6)


def test_threads_and_windows_do_not_change_a_byte(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = small.paint(tmp_path / "a.tif", period="2020", resolution=CELL, threads=1)
    monkeypatch.setattr("sinks.output.painting.canvas.TILE", 16)
    monkeypatch.setattr("sinks.output.painting.canvas._WINDOW_CELLS", 512)
    two = small.paint(tmp_path / "b.tif", period="2020", resolution=CELL, threads=2)
    np.testing.assert_array_equal(bands(one.path), bands(two.path))


def test_the_default_resolution_bounds_the_number_of_cells(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.output.painting.canvas.DEFAULT_CELLS", 500)
    made = small.paint(tmp_path / "p.tif", period="2020")
    with rasterio.open(made.path) as dataset:
        assert 250 < dataset.width * dataset.height <= 500
        assert dataset.transform.a == pytest.approx(made.resolution)
    assert made.total == pytest.approx(small.account("carbon_stock", "2020"), rel=1e-12)


def test_the_file_says_what_it_shows(small: Small, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = small.paint(tmp_path / "p.tif", what=REMOVALS, progress=lambda done, total: seen.append((done, total)))
    with rasterio.open(made.path) as dataset:
        tags, structure = dataset.tags(), dataset.tags(ns="IMAGE_STRUCTURE")
        assert dataset.units == ("t CO2/ha/yr", "ha")
        assert "2020-2023" in dataset.descriptions[0]
        assert np.isnan(dataset.nodata)
    assert structure["LAYOUT"] == "COG"
    assert tags["TITLE"] == "小区"
    assert tags["PERIOD"] == "2020-2023"
    assert tags["METHODOLOGY"] == "growing_stock_bef, lookup_density, fixed_rate, soil_transition"
    assert "示范数据" in tags["NOTICE"]
    assert seen == [(1, 1)]
    assert "t CO2/ha/yr" in str(made)


def test_a_large_painting_has_overviews(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.output.painting.geotiff.TILE", 16)
    made = small.paint(tmp_path / "p.tif", period="2020", resolution=CELL)
    with rasterio.open(made.path) as dataset:
        assert dataset.overviews(1)


@pytest.mark.parametrize(
    ("options", "id"),
    [
        ({"what": "carbon"}, "painting.unknown_what"),
        ({}, "painting.which_period"),
        ({"period": "2019"}, "painting.no_period"),
        ({"period": "2020", "resolution": 0.015}, "painting.bad_resolution"),
        ({"period": "2020", "resolution": 0.001}, "painting.bad_resolution"),
        ({"period": "2020", "units": ["999999"]}, "painting.no_unit"),
    ],
)
def test_what_cannot_be_painted_is_said(small: Small, tmp_path: Path, options: dict[str, Any], id: str) -> None:
    with pytest.raises(RunError) as raised:
        small.paint(tmp_path / "p.tif", **options)
    assert [problem.id for problem in raised.value.problems] == [id]
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_on_request(small: Small, tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    path.write_bytes(b"mine")
    with pytest.raises(RunError) as raised:
        small.paint(path, period="2020")
    assert raised.value.problems[0].id == "painting.exists"
    assert path.read_bytes() == b"mine"
    small.paint(path, period="2020", force=True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_nothing_behind(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rasterio.shutil.copy", full)
    with pytest.raises(RunError) as raised:
        small.paint(tmp_path / "p.tif", period="2020")
    assert raised.value.problems[0].id == "output.disk_full"
    assert list(tmp_path.iterdir()) == []


def test_layers_that_changed_since_the_run_are_refused(small: Small, tmp_path: Path) -> None:
    changed = small.cover["2020"].copy()
    changed[20:30, 20:30] = np.where(changed[20:30, 20:30] == 2, 4, 2)
    path = save(tmp_path / "changed.tif", changed)
    land_cover = replace(small.layers.land_cover, files={**small.layers.land_cover.files, "2020": path})
    with pytest.raises(RunError) as raised:
        painted(small.contents, replace(small.layers, land_cover=land_cover), tmp_path / "p.tif", period="2020")
    assert raised.value.problems[0].id in ("painting.other_areas", "painting.new_row")


def test_an_account_of_other_parameters_is_refused(small: Small, tmp_path: Path) -> None:
    table = small.contents.account.copy()
    table["value"] = np.where(table["pool"] == "litter", table["value"] * 1.01, table["value"])
    table["value"] = np.where(table["quantity"] == "carbon_stock", table["value"] * 1.001, table["value"])
    with pytest.raises(RunError) as raised:
        painted(replace(small.contents, account=table), small.layers, tmp_path / "p.tif", period="2020")
    assert raised.value.problems[0].id == "painting.other_account"


def test_what_stands_on_other_layers_is_left_out_and_named(small: Small, tmp_path: Path) -> None:
    first, *others = small.layers.entries
    layers = replace(small.layers, entries=(replace(first, source="stands"), *others))
    made = painted(small.contents, layers, tmp_path / "p.tif", period="2020", resolution=CELL)
    assert made.left_out == ("growing_stock_bef (stands)",)
    assert "growing_stock_bef (stands)" in str(made)
    assert made.total == pytest.approx(small.account("carbon_stock", "2020", ecosystem="grassland"), rel=1e-12)
    with pytest.raises(RunError) as raised:
        painted(small.contents, replace(layers, entries=layers.entries[:1]), tmp_path / "q.tif", period="2020")
    assert raised.value.problems[0].id == "painting.not_on_raster"


def test_a_lookup_table_shows_the_densities_without_writing_cells(grass: Small, tmp_path: Path) -> None:
    painted, _ = bands(grass.paint(tmp_path / "p.tif", period="2020", resolution=CELL).path)
    made = link(grass.contents, grass.layers, tmp_path / "p.vrt", period="2020")
    with rasterio.open(made.path) as dataset:
        shown = dataset.read(1, masked=True).filled(np.nan)
        assert dataset.units == ("t C/ha",)
        assert "示范数据" in dataset.tags()["NOTICE"]
        assert dataset.transform.almost_equals(Affine(CELL, 0, WEST, 0, -CELL, NORTH))
    np.testing.assert_array_equal(np.isnan(shown), grass.cover["2020"] != 4)
    np.testing.assert_allclose(shown[6:54, 6:74], painted[2:50, 2:70], rtol=1e-6)
    assert made.path.stat().st_size < 10_000


def test_a_lookup_table_cannot_show_what_depends_on_more_than_the_class(small: Small, tmp_path: Path) -> None:
    with pytest.raises(RunError) as raised:
        link(small.contents, small.layers, tmp_path / "p.vrt", period="2020")
    assert raised.value.problems[0].id == "painting.several_densities"
    assert list(tmp_path.iterdir()) == []


def test_adjusted_areas_are_painted_so_that_the_account_comes_out(tmp_path: Path) -> None:
    names = ["cropland", "forest", "grassland", "water", "wetland"]
    counts = np.full((5, 5), 2) + np.diag([90] * 5)
    rows = [",".join(["map", *names]), *(f"{n}," + ",".join(map(str, c)) for n, c in zip(names, counts, strict=True))]
    (tmp_path / "matrix.csv").write_text("\n".join(rows))
    accuracy = {"matrix": str(tmp_path / "matrix.csv"), "adjust": True}
    adjusted = make(tmp_path, [{"id": "growing_stock_bef", "ecosystems": ["forest"]}], accuracy=accuracy)
    made = Run(adjusted.contents).paint(tmp_path / "p.tif", period="2020", resolution=CELL)
    density, area = bands(made.path)
    expected = adjusted.account("carbon_stock", "2020")
    assert np.nansum(density * area) == pytest.approx(expected, rel=1e-6)
    on_map = Run(replace(adjusted.contents, record=without_accuracy(adjusted.contents.record)))
    with pytest.raises(RunError) as raised:
        on_map.paint(tmp_path / "q.tif", period="2020")
    assert raised.value.problems[0].id == "painting.other_account"


def without_accuracy(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "project": {**record["project"], "accuracy": None}}


def test_a_run_paints_itself(small: Small, tmp_path: Path) -> None:
    made = Run(small.contents).paint(tmp_path / "p.tif", period="2020")
    assert made.total == pytest.approx(small.account("carbon_stock", "2020"), rel=1e-12)
    with pytest.raises(RunError) as raised:
        Run(small.contents).paint(tmp_path / "p.vrt", period="2020", link=True)
    assert raised.value.problems[0].id == "painting.several_densities"


def test_the_command_paints_into_the_run_and_lists_what_it_made(small: Small, tmp_path: Path) -> None:
    folder = Run(small.contents).write(tmp_path / "run")
    result = CliRunner().invoke(main, ["paint", str(folder), "--period", "2023", "--quiet"])
    assert result.exit_code == 0, result.output
    path = folder / "carbon_stock_density_2023.tif"
    assert str(path) in result.output
    density, area = bands(path)
    assert np.nansum(density * area) == pytest.approx(small.account("carbon_stock", "2023"), rel=1e-6)
    # The run can be replaced together with what was made from it.
    check_destination(folder, force=True)
    again = CliRunner().invoke(main, ["paint", str(folder), "--period", "2023", "--quiet"])
    assert again.exit_code == 2
