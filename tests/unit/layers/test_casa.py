"""NPP from monthly layers inside the pass: whatever the blocks, with the faults of data named, and in a project."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import Affine
from shapely import Polygon

import sinks
from sinks.errors import LayerError, ProjectError
from sinks.layers.rasters import derived
from sinks.layers.rasters.casa import SERIES
from sinks.layers.rasters.raster import inspect
from sinks.project.project import Project
from sinks.tabulation import tabulate
from sinks.vocabulary import MONTHS, month_id
from sinks.workflow.prepare import Prepared, prepare
from sinks.workflow.tabulate_layers import tabulate_layers

CELL, WEST, NORTH, SIZE = 0.01, 110.0, 42.0, 40
CLASSES = {
    "cropland": "cropland",
    "forest": "deciduous_needleleaf",
    "shrub": "shrub",
    "grassland": "grassland",
    **dict.fromkeys(("water", "ice", "bare", "urban", "wetland"), "none"),
}
# January to December: index, degrees Celsius, MJ/m2, mm of actual and potential evapotranspiration, mm of rain.
CLIMATE = {
    "ndvi": (0.08, 0.09, 0.12, 0.16, 0.25, 0.42, 0.55, 0.52, 0.34, 0.18, 0.10, 0.08),
    "temperature": (-20.0, -16, -6, 4, 12, 18, 21, 19, 12, 3, -8, -17),
    "solar_radiation": (220.0, 300, 470, 560, 660, 670, 650, 580, 470, 360, 230, 190),
    "evapotranspiration": (1.0, 2, 5, 12, 30, 60, 90, 75, 36, 14, 0, 0),
    "potential_evapotranspiration": (4.0, 10, 40, 80, 130, 150, 150, 125, 90, 50, 0, 0),
    "precipitation": (2.0, 3, 6, 12, 25, 50, 90, 70, 30, 14, 5, 3),
}
UNITS = {
    "ndvi": "1",
    "temperature": "degC",
    "solar_radiation": "MJ/m2/month",
    "evapotranspiration": "mm/month",
    "potential_evapotranspiration": "mm/month",
    "precipitation": "mm/month",
}


def save(path: Path, bands: np.ndarray[Any, Any], **options: Any) -> str:
    """Bands [band, row, column] as a tiled file."""
    profile = {"driver": "GTiff", "dtype": bands.dtype, "crs": "EPSG:4490", "compress": "deflate"}
    profile |= {"transform": Affine(CELL, 0, WEST, 0, -CELL, NORTH), "tiled": True, "blockxsize": 16, "blockysize": 16}
    count, height, width = bands.shape
    with rasterio.open(path, "w", count=count, height=height, width=width, **(profile | options)) as dataset:
        dataset.write(bands)
    return str(path)


def series(name: str) -> np.ndarray[Any, Any]:
    """Twelve bands that vary by place, the same at every call."""
    rng = np.random.default_rng(len(name))
    typical = np.array(CLIMATE[name])[:, None, None]
    if name == "temperature":
        return (typical + rng.normal(0, 1, (12, SIZE, SIZE))).astype(np.float32)
    # The actual evapotranspiration stays below the potential one.
    spread = (0.85, 0.95) if name == "evapotranspiration" else (0.95, 1.05)
    return (typical * rng.uniform(*spread, (12, SIZE, SIZE))).astype(np.float32)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The project; its files are read only."""
    tmp_path = tmp_path_factory.mktemp("casa")
    west = Polygon([(110.013, 41.987), (110.221, 41.987), (110.283, 41.633), (110.013, 41.633)])
    east = Polygon([(110.221, 41.987), (110.387, 41.987), (110.387, 41.633), (110.283, 41.633)])
    regions = gpd.GeoDataFrame({"code": ["1", "2"], "name": ["甲", "乙"]}, geometry=[west, east], crs=4490)
    regions.to_file(tmp_path / "units.gpkg")
    cover = np.random.default_rng(1).choice([1, 2, 4, 4, 5], (1, SIZE, SIZE)).astype(np.uint8)
    files = {year: save(tmp_path / f"cover_{year}.tif", cover, nodata=0) for year in ("2020", "2023")}
    monthly = {name: {"file": save(tmp_path / f"{name}.tif", series(name)), "unit": UNITS[name]} for name in SERIES}
    return {
        "project": {"name": "small", "title": "小区", "dates": [2020, 2023], "draws": 0, "cells_min": 1},
        "regions": {"file": str(tmp_path / "units.gpkg"), "code": "code", "name": "name"},
        "land_cover": {"legend": "clcd", "files": files},
        "monthly_inputs": monthly,
        "derived_inputs": {"npp": {"model": "casa", "vegetation": "land_cover", "classes": CLASSES}},
    }


@pytest.fixture
def content(plain: dict[str, Any]) -> dict[str, Any]:
    """A copy to be changed."""
    return copy.deepcopy(plain)


@pytest.fixture(scope="module")
def states(plain: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Of the project as it is."""
    return tabulate_layers(made(plain, tmp_path_factory.mktemp("made")), ()).states


def made(content: Mapping[str, Any], folder: Path) -> Prepared:
    return prepare(Project.from_dict(content, folder=folder))


def ids(content: Mapping[str, Any], folder: Path) -> list[str]:
    """Problems of a project, in words too."""
    with pytest.raises(ProjectError) as raised:
        made(content, folder)
    assert str(raised.value)
    return [problem.id for problem in raised.value.problems]


def with_file(content: dict[str, Any], name: str, path: str, **more: Any) -> dict[str, Any]:
    section = {**content["monthly_inputs"][name], "file": path, **more}
    return {**content, "monthly_inputs": {**content["monthly_inputs"], name: section}}


NPP = ["npp", "npp_observed_ha"]


def npp_of(prepared: Prepared) -> np.ndarray[Any, Any]:
    return tabulate_layers(prepared, ()).states[NPP].to_numpy(float)


@pytest.mark.parametrize(("block_size", "strip"), [(16, 1), (23, 1 << 23), (1, 1), (None, 1 << 23), (None, 1)])
def test_blocks_threads_and_strips_do_not_change_a_digit(
    content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_size: int | None, strip: int
) -> None:
    if block_size == 1:
        # Cells one at a time are slow; a corner will do.
        content["regions"] |= {"file": str(tmp_path / "corner.gpkg")}
        corner = Polygon([(110.003, 41.997), (110.043, 41.997), (110.043, 41.953), (110.003, 41.953)])
        gpd.GeoDataFrame({"code": ["1"], "name": ["甲"]}, geometry=[corner], crs=4490).to_file(tmp_path / "corner.gpkg")
    prepared = made(content, tmp_path)
    assert prepared.land_cover is not None
    whole = tabulate(prepared.regions.units, prepared.land_cover, inputs=prepared.inputs, threads=1).table
    monkeypatch.setattr(derived, "_MOST_VALUES", strip)
    again = tabulate(
        prepared.regions.units, prepared.land_cover, inputs=prepared.inputs, threads=2, block_size=block_size
    ).table
    assert whole.equals(again)
    assert whole["npp@2020_sum"].sum() > 0


def test_npp_of_a_class_is_that_of_its_cells(states: pd.DataFrame) -> None:
    states = states.set_index(["region_code", "date", "class"])
    # Steppe of this climate has 3.04 t C/ha, worked out by hand in the golden test; here it is a little drier.
    assert states.loc[("1", "2020", "grassland"), "npp"] == pytest.approx(3.04, rel=0.05)
    # Larch uses light less well, and the same index is a smaller part of its full cover.
    larch, grass = (states.loc[("1", "2020", name), "npp"] for name in ("forest", "grassland"))
    assert larch < 0.485 / 0.542 * grass
    assert states.loc[("1", "2020", "water"), "npp_observed_ha"] == 0


def test_a_file_for_each_month_is_the_same_as_bands(
    content: dict[str, Any], tmp_path: Path, states: pd.DataFrame
) -> None:
    for month in MONTHS:
        save(tmp_path / f"{month_id('t', month)}.tif", series("temperature")[month - 1 : month])
    by_file = with_file(content, "temperature", str(tmp_path / "t_{month}.tif"))
    np.testing.assert_array_equal(npp_of(made(by_file, tmp_path)), states[NPP].to_numpy(float))
    record = Project.from_dict(by_file, folder=tmp_path).record()
    assert Project.from_dict(record, folder=tmp_path).monthly_inputs["temperature"].by_month
    (tmp_path / "t_07.tif").unlink()
    with pytest.raises(ProjectError) as raised:
        Project.from_dict(by_file, folder=tmp_path)
    (problem,) = raised.value.problems
    assert problem.id == "project.no_file"
    assert "temperature_07" in problem.where


def test_stored_integers_come_out_as_what_they_stand_for(content: dict[str, Any], tmp_path: Path) -> None:
    stored = np.round(series("ndvi") * 10000).astype(np.int16)
    exact = save(tmp_path / "exact.tif", (stored * 0.0001).astype(np.float64))
    scaled = with_file(content, "ndvi", save(tmp_path / "stored.tif", stored), scale=0.0001)
    expected = npp_of(made(with_file(content, "ndvi", exact), tmp_path))
    np.testing.assert_allclose(npp_of(made(scaled, tmp_path)), expected, rtol=1e-12)


def test_radiation_in_watts_is_converted(content: dict[str, Any], tmp_path: Path, states: pd.DataFrame) -> None:
    watts = save(tmp_path / "watts.tif", series("solar_radiation").astype(np.float64) / 2.6298)
    found = npp_of(made(with_file(content, "solar_radiation", watts, unit="W/m2"), tmp_path))
    np.testing.assert_allclose(found, states[NPP].to_numpy(float), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "factor", "said"),
    [
        ("ndvi", 10000, "NDVI of month 1 is"),
        ("temperature", 10, "Mean temperature of month"),
        ("solar_radiation", 1 / 2.6298, "Annual solar radiation is"),
        ("evapotranspiration", 10, "the actual evapotranspiration"),
    ],
)
def test_units_mistaken_are_refused_with_the_layer_and_the_place(
    content: dict[str, Any], tmp_path: Path, name: str, factor: float, said: str
) -> None:
    path = save(tmp_path / "wrong.tif", (series(name) * factor).astype(np.float32))
    prepared = made(with_file(content, name, path), tmp_path)
    with pytest.raises(LayerError) as raised, sinks.text.using_language("en"):
        tabulate_layers(prepared, ())
    problems = raised.value.problems
    assert problems[0].id == "raster.out_of_bounds"
    assert {problem.where.split("@")[0] for problem in problems} == {"npp"}
    # At either date the result and a few causes, however many months are wrong.
    assert len(problems) <= 6
    with sinks.text.using_language("en"):
        assert any(said in str(problem) for problem in problems)


def test_a_fault_outside_the_regions_is_none(content: dict[str, Any], tmp_path: Path) -> None:
    bands = series("ndvi")
    bands[:, 0, 0] = 9
    assert np.isfinite(npp_of(made(with_file(content, "ndvi", save(tmp_path / "n.tif", bands)), tmp_path))).any()


def test_a_cell_without_a_month_is_not_observed(content: dict[str, Any], tmp_path: Path, states: pd.DataFrame) -> None:
    bands = series("ndvi")
    bands[2, 10:20] = np.nan
    less = npp_of(made(with_file(content, "ndvi", save(tmp_path / "n.tif", bands)), tmp_path))[:, 1]
    full = states["npp_observed_ha"].to_numpy(float)
    assert (less <= full).all()
    assert less.sum() < full.sum()


def test_land_cover_may_be_finer_or_wider_than_a_vegetation_layer(content: dict[str, Any], tmp_path: Path) -> None:
    """A stratum says the vegetation; where it has no cell, nothing is computed."""
    legend = tmp_path / "plants.csv"
    legend.write_text("code,name_zh,name_en,class,ecosystem,basis,source,note\n1,草,Grass,grass,,own,,\n", "utf-8")
    half = np.ones((1, SIZE, SIZE // 2), np.uint8)
    content["strata"] = {"plants": {"file": save(tmp_path / "plants.tif", half), "legend": str(legend)}}
    content["derived_inputs"]["npp"] |= {"vegetation": "plants", "classes": {"grass": "grassland"}}
    activity = tabulate_layers(made(content, tmp_path), ()).states
    seen = activity[activity["plants"] == "grass"]
    assert (seen["npp_observed_ha"] > 0).all()
    assert activity.loc[activity["plants"] != "grass", "npp_observed_ha"].sum() == 0


def test_what_is_wrong_with_the_words_is_said_before_the_pass(content: dict[str, Any], tmp_path: Path) -> None:
    npp = content["derived_inputs"]["npp"]

    def found(**changes: Any) -> list[str]:
        section = {key: value for key, value in {**npp, **changes}.items() if value is not None}
        return ids({**content, "derived_inputs": {"npp": section}}, tmp_path)

    assert found(classes={**CLASSES, "forest": "bamboo"})[0] == "parameters.gap"
    assert found(classes={k: v for k, v in CLASSES.items() if k != "ice"}) == ["derived.casa_classes"]
    assert found(classes={**CLASSES, "tundra": "none"}) == ["derived.casa_unknown"]
    assert found(vegetation="plants") == ["project.source"]
    assert found(quantity="nep") == ["derived.model_quantity"]
    assert found(expression="npp") == ["project.expression_or_model"]
    assert found(model=None, expression="ndvi_07") == ["project.model_keys"]
    assert found(vegetation=None) == ["project.model_vegetation"]
    monthly = content["monthly_inputs"]
    fewer = {name: section for name, section in monthly.items() if name != "ndvi"}
    assert ids({**content, "monthly_inputs": fewer}, tmp_path) == ["derived.model_series"]
    unnamed = {**monthly, "leaf_area": monthly["ndvi"]}
    assert ids({**content, "monthly_inputs": unnamed}, tmp_path) == ["project.quantity"]
    unused = {**monthly, "precipitation": {**monthly["ndvi"], "unit": "mm/month"}}
    assert ids({**content, "monthly_inputs": unused}, tmp_path) == ["project.months_unused"]
    twice = {**content, "inputs": {"ndvi_03": {"file": monthly["ndvi"]["file"], "band": 3}}}
    assert ids(twice, tmp_path) == ["project.month_twice"]
    eleven = with_file(content, "ndvi", save(tmp_path / "eleven.tif", series("ndvi")[:11]))
    assert ids(eleven, tmp_path) == ["derived.months"]
    assert ids(with_file(content, "ndvi", monthly["ndvi"]["file"], band=2), tmp_path) == ["project.months_band"]
    assert ids(with_file(content, "ndvi", monthly["ndvi"]["file"], unit="mm"), tmp_path)[0].startswith("units.")
    without_unit = {**monthly, "ndvi": {"file": monthly["ndvi"]["file"]}}
    assert ids({**content, "monthly_inputs": without_unit}, tmp_path) == ["project.missing_key"]


def test_degrees_have_no_error_in_percent(content: dict[str, Any], tmp_path: Path) -> None:
    doubtful = content["monthly_inputs"]["temperature"] | {"uncertainty": 10, "uncertainty_source": "a guess"}
    monthly = content["monthly_inputs"] | {"temperature": doubtful}
    assert ids({**content, "monthly_inputs": monthly}, tmp_path) == ["uncertainty.degrees"]


def test_a_user_gives_numbers_of_his_own(content: dict[str, Any], tmp_path: Path, states: pd.DataFrame) -> None:
    own = tmp_path / "own.csv"
    head = "parameter,vegetation,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
    row = "light_use_efficiency_max,grassland,0.271,g C/MJ,,,,,user,own survey,p. 1,\n"
    own.write_text("# extends: casa_npp\n" + head + row, encoding="utf-8")
    grass = states[NPP].to_numpy(float)
    content["derived_inputs"]["npp"]["parameters"] = str(own)
    prepared = made(content, tmp_path)
    halved = npp_of(prepared)
    ratios = {round(float(r), 6) for r in halved[:, 0] / grass[:, 0] if np.isfinite(r)}
    assert ratios == {0.5, 1.0}
    assert 0.271 in set(prepared.models[0].used["value"])
    own.write_text(head + row, encoding="utf-8")
    assert ids(content, tmp_path) == ["methodology.extends_other"]


def test_a_source_travels_to_other_processes(content: dict[str, Any], tmp_path: Path) -> None:
    (npp,) = made(content, tmp_path).inputs
    source = inspect(npp, "2020")
    assert pickle.loads(pickle.dumps(source)) == source


def test_from_an_index_to_the_ecosystem_balance(content: dict[str, Any], tmp_path: Path) -> None:
    """NDVI and climate in, NEP out: the months that nep_casa asks for are tabulated, the others are not."""
    rain = save(tmp_path / "precipitation.tif", series("precipitation"))
    content["monthly_inputs"]["precipitation"] = {"file": rain, "unit": "mm/month"}
    content["methodologies"] = [
        {"id": "nep_casa", "ecosystems": ["grassland"], "strata": {"winter": "none"}, "pools": ["ecosystem"]}
    ]
    run = sinks.run(Project.from_dict(content, folder=tmp_path))
    names = set(run.activity.inputs)
    assert names == {month_id(name, m) for name in ("temperature", "precipitation") for m in MONTHS} | {"npp"}
    account = run.account.query("ecosystem == 'grassland' and quantity == 'net_removals' and region_code == '1'")
    area = run.account.query("ecosystem == 'grassland' and quantity == 'area' and region_code == '1'")["value"].iloc[0]
    # 3.04 t C/ha of NPP less 2.3 t C/ha that the law of nep_casa respires in the unfrozen months, in CO2.
    respired = sum(
        0.22 * (np.exp(0.0913 * t) + np.log(0.3145 * p + 1)) * 30 * 0.465 / 100
        for t, p in zip(CLIMATE["temperature"], CLIMATE["precipitation"], strict=True)
        if t >= 0
    )
    expected = (3.043 - respired) * area * 44 / 12
    assert account["value"].iloc[0] == pytest.approx(expected, rel=0.15)
    used = run.contents.parameters_used
    assert set(used.query("methodology == 'casa_npp'")["parameter"]) >= {"light_use_efficiency_max", "t2_scale"}
    assert {"mu_2017", "liu_2019_desert"} <= set(run.contents.sources["key"])
