"""Derived layers: the language and its units, and cells that come out as if they had been computed beforehand."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import Affine
from shapely import Polygon

from sinks.errors import LayerError, ProjectError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.derived import Coefficient, derived_layer, with_derived
from sinks.layers.rasters.expression import Expression, parse
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, RasterSource, inspect
from sinks.project.project import Project
from sinks.tabulation import tabulate
from sinks.workflow.prepare import prepare
from sinks.workflow.tabulate_layers import tabulate_layers

CELL, WEST, NORTH, SIZE = 0.01, 110.0, 42.0, 48
FLUX = "t C/ha/yr"
INPUTS = {
    "npp": FLUX,
    "heterotrophic_respiration": FLUX,
    "ndvi_max": "1",
    "grass_cover": "%",
    "above_ground_biomass": "t DM/ha",
    "temperature": "degC",
    "precipitation": "mm/yr",
}
SOURCE = "a test's own assumption"


def coefficient(value: float, unit: str) -> Coefficient:
    return Coefficient(value, unit, SOURCE)


def read(text: str, unit: str, **coefficients: Coefficient) -> Expression:
    return parse(text, "layer", INPUTS, coefficients, unit)


def value(expression: Expression, **inputs: float) -> float:
    return float(expression({name: np.array([number]) for name, number in inputs.items()})[0])


def problems(text: str, unit: str = FLUX, **coefficients: Coefficient) -> list[str]:
    with pytest.raises(LayerError) as raised:
        read(text, unit, **coefficients)
    assert str(raised.value)
    return [problem.id for problem in raised.value.problems]


def test_nep_is_a_difference() -> None:
    nep = read("npp - heterotrophic_respiration", FLUX)
    assert nep.inputs == ("npp", "heterotrophic_respiration")
    assert value(nep, npp=5.5, heterotrophic_respiration=7.25) == -1.75


def test_an_allometric_law_with_either_sign_of_power() -> None:
    law = {"a": coefficient(2.0, "t DM/ha"), "b": coefficient(3.0, "1")}
    for power in ("^", "**"):
        assert value(read(f"a * ndvi_max {power} b", "t DM/ha", **law), ndvi_max=0.5) == 0.25


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("npp + npp * ndvi_max ^ one_half", 4 + 4 * 0.5),
        ("-npp ^ 1", -4),
        ("(npp - 1 * npp) / 1", 0),
        ("npp * exp(0) * sqrt(ndvi_max) * ln(exp(1))", 2),
        ("max(min(npp, npp * ndvi_max), 0)", 1),
        ("where(grass_cover >= limit, npp, 0)", 4),
        ("where(grass_cover < limit, npp, 0)", 0),
        ("npp * (grass_cover > limit)", 4),
    ],
)
def test_what_the_language_can_say(text: str, expected: float) -> None:
    known = {"one_half": coefficient(0.5, "1"), "limit": coefficient(0.2, "1")}
    used = {name: c for name, c in known.items() if name in text}
    assert value(read(text, FLUX, **used), npp=4, ndvi_max=0.25, grass_cover=30) == pytest.approx(expected, rel=1e-15)


def test_units_that_differ_by_a_factor_are_converted() -> None:
    rate = coefficient(50.0, "g C/m2/yr")
    assert value(read("npp - rate", FLUX, rate=rate), npp=1.0) == pytest.approx(0.5, rel=1e-15)
    assert value(read("rate - npp", FLUX, rate=rate), npp=1.0) == pytest.approx(-0.5, rel=1e-15)
    share = coefficient(0.47, "t C/t DM")
    carbon = read("above_ground_biomass * share", "t C/ha", share=share)
    assert value(carbon, above_ground_biomass=10) == pytest.approx(4.7)
    assert value(read("npp * grass_cover", FLUX), npp=2, grass_cover=50) == pytest.approx(1.0)


def test_a_respiration_model_with_temperature_and_rain() -> None:
    given = {
        "a": coefficient(1.5, FLUX),
        "q": coefficient(0.05, "1/K"),
        "p": coefficient(0.01, "yr/mm"),
    }
    law = read("a * (exp(q * temperature) + ln(p * precipitation + 1))", FLUX, **given)
    assert value(law, temperature=-3, precipitation=300) == pytest.approx(1.5 * (np.exp(-0.15) + np.log(4)))


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("npp - above_ground_biomass", FLUX, ["derived.unit"]),
        ("npp", "t CO2/ha/yr", ["derived.unit"]),
        ("above_ground_biomass", "t C/ha", ["derived.unit"]),
        ("npp * npp", FLUX, ["derived.unit"]),
        ("exp(npp)", "1", ["derived.unit"]),
        ("npp ^ ndvi_max", FLUX, ["derived.exponent"]),
        ("npp >= ndvi_max", "1", ["derived.unit"]),
        ("npp * 2", FLUX, ["derived.literal"]),
        ("npp * 1.0", FLUX, ["derived.literal"]),
        ("npp * True", FLUX, ["derived.literal"]),
        ("npp +", FLUX, ["derived.syntax"]),
        ("npp - respiration", FLUX, ["derived.unknown_name"]),
        ("1 - 0", "1", ["derived.no_input"]),
        ("npp.real", FLUX, ["derived.not_allowed"]),
        ("npp[0]", FLUX, ["derived.not_allowed"]),
        ("abs(npp)", FLUX, ["derived.not_allowed"]),
        ("max(npp)", FLUX, ["derived.not_allowed"]),
        ("npp if ndvi_max else npp", FLUX, ["derived.not_allowed"]),
        ("0 < ndvi_max < 1", "1", ["derived.not_allowed"]),
        ("npp % ndvi_max", FLUX, ["derived.not_allowed"]),
        ("__import__('os').system('true')", FLUX, ["derived.not_allowed"]),
        ("(lambda: npp)()", FLUX, ["derived.not_allowed"]),
        ("npp" + " + npp" * 20_000, FLUX, ["derived.too_deep"]),
        ("-" * 5000 + "npp", FLUX, ["derived.too_deep"]),
        ("npp ^ " + "2 ^ " * 200 + "2", FLUX, ["derived.too_deep"]),
        ("npp * 0x" + "f" * 6000, FLUX, ["derived.literal"]),
        ("npp * 2 + rain - soil", FLUX, ["derived.literal", "derived.unknown_name", "derived.unknown_name"]),
    ],
)
def test_what_is_wrong_is_said_all_at_once(text: str, unit: str, expected: list[str]) -> None:
    assert problems(text, unit) == expected


def test_a_long_number_in_an_expression_is_said_by_its_size() -> None:
    with pytest.raises(LayerError) as caught:
        parse("npp * 0x" + "f" * 6000, "layer", {"npp": FLUX}, {}, FLUX)
    assert "2^23999..." in str(caught.value)


def test_coefficients_are_checked() -> None:
    assert problems("npp", a=coefficient(1, "1")) == ["derived.unused"]
    assert problems("npp * a", a=Coefficient(1, "1", " ")) == ["derived.no_source"]
    assert problems("npp * a", a=coefficient(float("nan"), "1")) == ["derived.not_finite"]
    assert problems("npp * a", a=coefficient(1, "furlong")) == ["units.unknown"]
    assert problems("npp * npp", npp=coefficient(1, "1"))[0] == "derived.name_twice"


def test_what_is_not_observed_stays_so() -> None:
    nothing = float("nan")
    assert np.isnan(value(read("npp - heterotrophic_respiration", FLUX), npp=1, heterotrophic_respiration=nothing))
    limit = coefficient(20, "%")
    masked = read("where(grass_cover >= limit, npp, 0)", FLUX, limit=limit)
    assert np.isnan(value(masked, grass_cover=nothing, npp=1))
    assert np.isnan(value(masked, grass_cover=30, npp=nothing))
    assert value(masked, grass_cover=10, npp=nothing) == 0


numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(a=numbers, b=numbers)
def test_arithmetic_is_that_of_numpy(a: float, b: float) -> None:
    law = read("npp * ndvi_max - (heterotrophic_respiration + npp) / 1", FLUX)
    assert value(law, npp=a, ndvi_max=b, heterotrophic_respiration=b) == a * b - (b + a)


# --- on rasters -----------------------------------------------------------------------------------------------------


def save(path: Path, array: np.ndarray[Any, Any], cell: float = CELL, **options: Any) -> Path:
    profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "crs": "EPSG:4490", "compress": "deflate"}
    profile |= {"transform": Affine(cell, 0, WEST, 0, -cell, NORTH), "tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.open(path, "w", height=array.shape[0], width=array.shape[1], **(profile | options)) as dataset:
        dataset.write(array, 1)
    return path


@pytest.fixture
def units() -> gpd.GeoDataFrame:
    west = Polygon([(110.013, 41.987), (110.221, 41.987), (110.283, 41.583), (110.013, 41.583)])
    east = Polygon([(110.221, 41.987), (110.447, 41.987), (110.447, 41.583), (110.283, 41.583)])
    return gpd.GeoDataFrame({"code": ["1", "2"]}, geometry=[west, east], crs=4490)


@pytest.fixture
def cover(tmp_path: Path) -> CategoricalLayer:
    array = np.random.default_rng(1).choice([1, 2, 4], (SIZE, SIZE)).astype(np.uint8)
    files = {year: save(tmp_path / f"cover_{year}.tif", array, nodata=0) for year in ("2020", "2023")}
    return CategoricalLayer("land_cover", files, load_legend("clcd"))


def layer(name: str, low: float = 0, high: float = 40, **files: Any) -> ContinuousLayer:
    options = {key: files.pop(key) for key in ("resampling", "scale", "nodata") if key in files}
    dates = {key.removeprefix("y"): path for key, path in files.items()}
    return ContinuousLayer(name, name, dates, low, high, **options)


def fluxes(tmp_path: Path) -> tuple[ContinuousLayer, ContinuousLayer, dict[str, np.ndarray[Any, Any]]]:
    """NPP at two dates as scaled integers with gaps, respiration once for all as floats."""
    rng = np.random.default_rng(2)
    npp = {year: rng.integers(0, 900, (SIZE, SIZE)).astype(np.int16) for year in ("2020", "2023")}
    for array in npp.values():
        array[rng.random(array.shape) < 0.05] = -1
    respiration = (rng.random((SIZE, SIZE)) * 8).astype(np.float32)
    respiration[rng.random((SIZE, SIZE)) < 0.05] = np.nan
    files = {f"y{year}": save(tmp_path / f"npp_{year}.tif", array, nodata=-1) for year, array in npp.items()}
    one = layer("npp", scale=0.01, **files)
    other = layer("heterotrophic_respiration", static=save(tmp_path / "rh.tif", respiration))
    arrays = {
        year: np.where(array < 0, np.nan, array.astype(float) * 0.01) - respiration for year, array in npp.items()
    }
    return one, other, arrays


def test_a_derived_layer_equals_one_computed_beforehand(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer
) -> None:
    npp, respiration, arrays = fluxes(tmp_path)
    nep = derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration])
    files = {f"y{year}": save(tmp_path / f"nep_{year}.tif", array) for year, array in arrays.items()}
    before = tabulate(units, cover, inputs=[layer("nep", -40, **files)]).table
    now = tabulate(units, cover, inputs=[nep]).table
    assert before.equals(now)
    assert now["nep@2020_sum"].abs().sum() > 0


@pytest.mark.parametrize("block_size", [16, 23, None])
def test_blocks_and_threads_do_not_change_a_digit(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer, block_size: int | None
) -> None:
    npp, respiration, _ = fluxes(tmp_path)
    inputs = [derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration])]
    whole = tabulate(units, cover, inputs=inputs, threads=1).table
    assert tabulate(units, cover, inputs=inputs, threads=2, block_size=block_size).table.equals(whole)


def test_inputs_are_tabulated_as_without_what_is_derived_from_them(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer
) -> None:
    npp, respiration, _ = fluxes(tmp_path)
    nep = derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration])
    alone = tabulate(units, cover, inputs=[npp, respiration]).table
    together = tabulate(units, cover, inputs=with_derived([npp, respiration], [nep])).table
    assert together[alone.columns].equals(alone)
    assert "nep@2023_sum" in together


def test_every_file_is_opened_and_every_window_read_once(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    npp, respiration, _ = fluxes(tmp_path)
    nep = derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration])
    carbon = derived_layer("gap", "max(heterotrophic_respiration - npp, 0)", [npp, respiration], quantity="npp")
    reads: list[tuple[str, int, int]] = []
    opened = RasterSource.open

    class Counted:
        def __init__(self, source: RasterSource) -> None:
            self.name, self.dataset = source.path, opened(source)

        def read(self, band: int, *, window: Any, out: Any) -> None:
            reads.append((self.name, window.row_off, window.col_off))
            self.dataset.read(band, window=window, out=out)

        def close(self) -> None:
            self.dataset.close()

    monkeypatch.setattr(RasterSource, "open", lambda source: Counted(source))
    tabulate(units, cover, inputs=with_derived([npp, respiration], [nep, carbon]), threads=1, block_size=16)
    assert len({name for name, _, _ in reads}) == 5
    assert len(reads) == len(set(reads))


def test_parts_on_another_grid_are_brought_as_their_own_layer_says(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer
) -> None:
    npp, _, _ = fluxes(tmp_path)
    coarse = np.random.default_rng(3).random((SIZE // 2, SIZE // 2)).astype(np.float32) * 8
    fine = np.kron(coarse, np.ones((2, 2), np.float32))
    path = save(tmp_path / "coarse.tif", coarse, 2 * CELL)
    other = layer("heterotrophic_respiration", static=path)
    nep = "npp - heterotrophic_respiration"
    with pytest.raises(LayerError) as raised:
        tabulate(units, cover, inputs=[derived_layer("nep", nep, [npp, other])])
    assert {problem.id for problem in raised.value.problems} == {"raster.other_grid"}
    near = layer("heterotrophic_respiration", static=path, resampling="nearest")
    same = layer("heterotrophic_respiration", static=save(tmp_path / "fine.tif", fine))
    found = tabulate(units, cover, inputs=[derived_layer("nep", nep, [npp, near])]).table
    assert found.equals(tabulate(units, cover, inputs=[derived_layer("nep", nep, [npp, same])]).table)


def test_implausible_results_are_refused_with_their_place(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer
) -> None:
    index = np.full((SIZE, SIZE), 0.5, np.float32)
    index[20, 20] = 1.0
    ndvi = layer("ndvi_max", high=1, static=save(tmp_path / "ndvi.tif", index))
    steep = {"a": coefficient(900, "t DM/ha"), "b": coefficient(-1, "1")}
    law = derived_layer("above_ground_biomass", "a * ndvi_max ^ b", [ndvi], steep)
    with pytest.raises(LayerError) as raised:
        tabulate(units, cover, inputs=[law])
    (problem,) = raised.value.problems
    assert problem.id == "raster.out_of_bounds"
    assert problem.values["most"] == "1800"
    assert "a * ndvi_max ^ b" in problem.where


def test_a_cell_without_a_value_is_refused_in_a_region_and_only_there(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer
) -> None:
    index = np.full((SIZE, SIZE), 0.5, np.float32)
    index[0, 0] = 0
    height = {"a": coefficient(-10, "t DM/ha")}

    def run(name: str) -> None:
        ndvi = layer("ndvi_max", high=1, static=save(tmp_path / name, index))
        law = derived_layer("above_ground_biomass", "a * ln(ndvi_max) * (ndvi_max / ndvi_max)", [ndvi], height)
        tabulate(units, cover, inputs=[law])

    run("outside.tif")  # the first cell is outside the regions
    index[20, 20] = 0
    with pytest.raises(LayerError) as raised:
        run("inside.tif")
    (problem,) = raised.value.problems
    assert (problem.id, problem.values["count"]) == ("raster.out_of_bounds", 1)


def test_dates_follow_from_the_inputs(tmp_path: Path) -> None:
    npp, respiration, _ = fluxes(tmp_path)
    assert set(derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration]).files) == {"2020", "2023"}
    assert set(derived_layer("nep", "0 - heterotrophic_respiration", [npp, respiration]).files) == {"static"}
    with pytest.raises(LayerError) as raised:
        derived_layer("nep_of_mine", "npp", [npp])
    assert raised.value.problems[0].id == "derived.quantity"


def test_problems_of_all_files_under_a_layer_are_said_at_once(tmp_path: Path) -> None:
    npp = layer("npp", static=tmp_path / "none.tif")
    other = layer("heterotrophic_respiration", static=tmp_path / "neither.tif")
    with pytest.raises(LayerError) as raised:
        inspect(derived_layer("nep", "npp - heterotrophic_respiration", [npp, other]), "static")
    assert [problem.id for problem in raised.value.problems] == ["raster.missing_file"] * 2


def test_a_source_travels_to_other_processes(tmp_path: Path) -> None:
    npp, respiration, _ = fluxes(tmp_path)
    source = inspect(derived_layer("nep", "npp - heterotrophic_respiration", [npp, respiration]), "2020")
    assert pickle.loads(pickle.dumps(source)) == source


# --- in a project ---------------------------------------------------------------------------------------------------


def content(tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer, **derived: Any) -> dict[str, Any]:
    npp, respiration, _ = fluxes(tmp_path)
    units.assign(name=units["code"]).to_file(tmp_path / "units.gpkg")
    return {
        "project": {"name": "small", "title": "小区", "dates": [2020, 2023], "draws": 0},
        "regions": {"file": str(tmp_path / "units.gpkg"), "code": "code", "name": "name"},
        "land_cover": {"legend": "clcd", "files": {date: str(path) for date, path in cover.files.items()}},
        "inputs": {
            "npp": {"files": {date: str(path) for date, path in npp.files.items()}, "scale": 0.01},
            "heterotrophic_respiration": {"file": str(respiration.files["static"])},
        },
        "derived_inputs": derived,
    }


def test_a_project_derives_its_inputs(tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer) -> None:
    nep = {"expression": "npp - heterotrophic_respiration", "uncertainty": 20, "uncertainty_source": SOURCE}
    share = {"a": {"value": 0.5, "unit": "1", "source": SOURCE}}
    half = {"expression": "a * npp", "quantity": "npp", "coefficients": share}
    project = Project.from_dict(content(tmp_path, units, cover, nep=nep, half=half), folder=tmp_path)
    activity = tabulate_layers(prepare(project), ())
    assert activity.inputs == ("npp", "heterotrophic_respiration", "nep", "half")
    states = activity.states
    assert states["half"].to_numpy() == pytest.approx(states["npp"].to_numpy() / 2)
    assert (states["nep_observed_ha"] <= states["npp_observed_ha"]).all()
    assert states["nep"].notna().all()
    again = Project.from_dict(project.record(), folder=tmp_path)
    assert again.derived_inputs == project.derived_inputs


def test_a_project_says_what_is_wrong_with_its_expressions(
    tmp_path: Path, units: gpd.GeoDataFrame, cover: CategoricalLayer
) -> None:
    wrong = {"nep": {"expression": "npp - rh"}, "ndvi": {"expression": "npp"}}
    with pytest.raises(ProjectError) as raised:
        prepare(Project.from_dict(content(tmp_path, units, cover, **wrong), folder=tmp_path))
    assert [problem.id for problem in raised.value.problems] == ["derived.unknown_name", "derived.unit"]
    for name, id in (("npp", "project.input_twice"), ("anything", "project.quantity")):
        with pytest.raises(ProjectError) as raised:
            Project.from_dict(content(tmp_path, units, cover, **{name: {"expression": "npp"}}), folder=tmp_path)
        assert [problem.id for problem in raised.value.problems] == [id]
