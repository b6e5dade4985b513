"""Whatever a variable holds may be handed to a public function: what cannot be meant is refused in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.array
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  # gives arrays their .rio
import shapely
import xarray as xr

import sinks
import sinks.accessor  # gives arrays their .sinks
from sinks.calls import spoken
from sinks.errors import SinksError
from sinks.methodology import Registry
from sinks.output.plots import Plots
from sinks.workflow.finished_run import Run
from sinks.workflow.tabulate_over import tabulate_over

LEAGUES = gpd.GeoDataFrame(
    {"code": ["a", "b"], "name": ["西", "东"]},
    geometry=[shapely.box(110, 44.9, 110.05, 45), shapely.box(110.05, 44.9, 110.1, 45)],
    crs=4490,
)


def raster(values: Any, **coords: Any) -> xr.DataArray:
    y, x = 45 - 0.01 * np.arange(12), 110 + 0.01 * np.arange(12)
    return xr.DataArray(values, {"y": y, "x": x} | coords, ("y", "x"), name="land").rio.write_crs(4490)


LAND = raster(np.full((12, 12), 4, np.uint8))

WRONG = {
    "dict": {"a": 1},
    "list": [1, 2],
    "fraction": 1.5,
    "bytes": b"x",
    "object": object(),
    "GeoDataFrame": LEAGUES,
    "DataFrame": pd.DataFrame({"code": ["a"]}),
    "Series": LEAGUES["code"].map(len),
    "DataArray": LAND,
    "Dataset": xr.Dataset({"a": LAND, "b": LAND}),
    "ndarray": LAND.values,
}


def content(**changed: Any) -> dict[str, Any]:
    """A project of two leagues with objects in the place of files."""
    zone = {"strata": {"climate_zone": "cool_temperate_dry"}, "accounts_for": ["stock"]}
    return {
        "project": {"name": "wrong", "title": "wrong", "dates": [2020], "draws": 0},
        "regions": {"file": LEAGUES, "code": "code", "name": "name"},
        "land_cover": {"files": {2020: LAND}, "legend": "clcd"},
        "methodologies": [{"id": "grassland_tier1", "ecosystems": ["grassland"], **zone}],
    } | changed


@pytest.fixture(scope="module")
def run() -> Run:
    return sinks.run(sinks.Project.build(**content()))


def public(run: Run) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of the package, and every method of a run and of its figures."""
    for name in ("run", "check", "open_run", "verify", "load_legend", "ensure_writable", "Registry"):
        yield name, getattr(sinks, name)
    yield "tabulate", tabulate_over
    yield "Registry.get", sinks.Registry().get
    for thing in (run, run.plot):
        for name, _ in inspect.getmembers(type(thing), inspect.isfunction):
            if not name.startswith("_"):
                yield f"{type(thing).__name__}.{name}", getattr(thing, name)


def test_every_public_function_refuses_wrong_kinds_in_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused: dict[str, int] = {}
    for name, function in public(run):
        parameters = inspect.signature(function).parameters.values()
        needed = {one.name: "nothing" for one in parameters if one.default is one.empty and "VAR" not in one.kind.name}
        for parameter in parameters:
            written = str(parameter.annotation)
            if "VAR" in parameter.kind.name or "Any" in written or "object" in written or "Mapping" in written:
                continue
            for value in WRONG.values():
                try:
                    function(**needed | {parameter.name: value})
                except SinksError:
                    refused[name] = refused.get(name, 0) + 1
    assert len(refused) > 38
    assert sum(refused.values()) > 500
    assert not list(tmp_path.iterdir())


def test_a_wrong_kind_is_named_with_what_belongs_there(run: Run) -> None:
    with sinks.using_language("en"), pytest.raises(SinksError) as raised:
        run.totals(2020, level=["league"])  # type: ignore[arg-type]
    said = str(raised.value)
    for word in ("quantity", "int 2020", "level", "['league']", "str | None"):
        assert word in said


@pytest.mark.parametrize(
    ("written", "fit", "unfit"),
    [
        ("str | Sequence[str] | None", ["a", ["a", "b"], ("a",), np.array(["a"], object), None], [1, [1], {"a": 1}]),
        ("int | Mapping[str, int] | None", [3, np.int64(3), {"y": 3}, {}], [True, 3.5, "3", {"y": "3"}, {1: 3}]),
        ("Literal['long', 'wide']", ["long"], ["other", ["long"], None]),
        ("gpd.GeoDataFrame", [LEAGUES], [LEAGUES["code"], None]),
        ("float", [1, 1.5, np.float32(2)], ["1", None, True]),
        ("bool | Callable[[int, int], object]", [True, len], [1, "yes"]),
        ("str | Path", ["a", Path("a")], [b"a", 7]),
    ],
)
def test_annotations_are_read_as_they_are_written(written: str, fit: list[Any], unfit: list[Any]) -> None:
    def asked(value: Any) -> bool:
        return True

    asked.__annotations__["value"] = written
    held = spoken(asked)
    for value in fit:
        assert held(value)
    for value in unfit:
        with pytest.raises(SinksError, match="value"):
            held(value)


def test_what_may_be_meant_is_let_through(run: Run) -> None:
    assert run.to_geodataframe("carbon_stock", shape="wide")["carbon_stock_2020"].notna().all()
    assert run.density(["2020"], level="league", chunks={"y": 5}).chunks is not None
    steps: list[tuple[int, int]] = []
    assert sinks.run(sinks.Project.build(**content()), progress=lambda *done: steps.append(done), threads=np.int64(1))
    assert steps


def filtered() -> xr.DataArray:
    """Rows chosen by dask, which then does not know how many there are."""
    rows = dask.array.from_array(np.full((12, 12), 4, np.uint8), chunks=(5, 12))
    return xr.DataArray(rows[dask.array.from_array(np.ones(12, bool), chunks=5)], dims=("y", "x")).rio.write_crs(4490)


ARRAYS = {
    "no CRS": xr.DataArray(LAND.values, LAND.drop_vars("spatial_ref").coords, LAND.dims),
    "latitude and longitude exchanged": xr.DataArray(
        LAND.values, {"lat": LAND["x"].values, "lon": LAND["y"].values}, ("lat", "lon")
    ).rio.write_crs(4490),
    "dates as words": xr.concat([LAND, LAND], pd.Index(["spring", "summer"], name="time")),
    "two slices of a year": xr.concat([LAND, LAND], pd.Index(pd.to_datetime(["2020-01", "2020-06"]), name="time")),
    "size unknown": filtered(),
    "no cells": LAND.isel(x=slice(0, 0)),
    "one cell": LAND.isel(x=[0], y=[0]),
    "objects": LAND.astype(object),
    "complex": LAND.astype(complex),
    "nothing observed": LAND.astype("f4").where(LAND > 9),
    "fractions": LAND * 0.37,
}


@pytest.mark.parametrize("fault", ARRAYS)
def test_an_array_at_fault_is_an_error_that_names_the_argument(fault: str) -> None:
    array = ARRAYS[fault]
    for asked in (
        lambda: sinks.tabulate(array, LEAGUES),
        lambda: sinks.run(sinks.Project.build(**content(land_cover={"files": {2020: array}, "legend": "clcd"}))),
    ):
        with pytest.raises(SinksError, match="land_cover"):
            asked()


def test_whole_numbers_as_floats_with_gaps_are_classes() -> None:
    gaps = LAND.astype("f8")
    gaps[0, 0] = np.nan
    found = sinks.tabulate(gaps, LEAGUES).areas
    assert set(found["code"]) == {"4", "nodata"}


def test_the_folder_of_a_dictionary_may_be_text(tmp_path: Path) -> None:
    given = {
        "project": {"name": "t", "title": "t", "dates": [2020]},
        "regions": {"builtin": "640000"},
        "land_cover": {"legend": "clcd", "files": {2020: "lc.tif"}},
        "methodologies": [{"id": "lookup_density", "ecosystems": ["wetland"]}],
    }
    (tmp_path / "lc.tif").touch()
    assert sinks.Project.from_dict(given, folder=str(tmp_path)).folder == tmp_path
    for wrong in (None, 7, LEAGUES):
        with pytest.raises(SinksError):
            sinks.Project.from_dict(given, folder=wrong)  # type: ignore[arg-type]


def test_what_is_looked_at_once_is_several_values() -> None:
    """Of a generator or the values of a mapping nothing is taken away before the function has it."""
    file = Path(sinks.__file__).parents[1] / "methodologies" / "lookup_density.py"
    assert (
        Registry((path for path in [file]), ()).ids == Registry({"own": file}.values(), ()).ids == ("lookup_density",)
    )
    with pytest.raises(SinksError, match="files"):
        Registry(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"means": {"a": {}}}, {"code": ""}, {"legend": 7}, {"means": [1]}])
def test_options_of_the_pass_are_refused_in_words(options: dict[str, Any]) -> None:
    with pytest.raises(SinksError):
        sinks.tabulate(LAND, LEAGUES, **options)


def test_figures_and_chunks_are_refused_in_words(run: Run) -> None:
    for asked in (
        lambda: run.density(chunks={"rows": 5}),
        lambda: run.plot.maps("carbon_stock", ax=[1, 2]),  # type: ignore[list-item]
        lambda: run.map(overlay=LAND),
        lambda: Plots(run.contents)(7),  # type: ignore[arg-type]
    ):
        with pytest.raises(SinksError):
            asked()
