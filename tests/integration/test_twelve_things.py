"""The table of twelve things in the guide: its lines are counted from code that runs here, and gives the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import rioxarray
import xarray as xr

import sinks
from support.twelve_things import THINGS, Data, function, lines

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data(world: Any) -> Data:
    def opened(name: str, **options: Any) -> xr.DataArray:
        array = rioxarray.open_rasterio(world.folder / f"{name}.tif", **options)
        assert isinstance(array, xr.DataArray)
        return array.squeeze("band", drop=True).load()

    before, after = opened("cover_2020"), opened("cover_2023")
    cube = xr.concat([before, after, before], pd.Index([2020, 2021, 2022], name="year"), combine_attrs="override")
    leagues = gpd.read_file(world.folder / "leagues.gpkg")
    run = sinks.run(sinks.Project.from_dict(world.content, folder=world.folder))
    return Data(before, after, opened("stock_2020", masked=True), cube, leagues, run)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    from matplotlib import pyplot

    with mpl.rc_context({"backend": "agg"}):
        yield
        pyplot.close("all")


def both(thing: str, data: Data) -> tuple[Any, Any]:
    return function(thing, "here")(data), function(thing, "there")(data)


def areas_of(frame: pd.DataFrame, keys: list[str]) -> pd.Series[float]:
    """Areas by region and codes, land that was not observed left out."""
    named = frame.astype({key: str for key in keys})
    seen = ~named[keys].isin(["nodata", "0"]).any(axis=1)
    return named[seen & (named["area_ha"] > 1e-6)].set_index(keys)["area_ha"].sort_index()


@pytest.mark.parametrize(
    ("thing", "ours", "theirs"),
    [
        ("areas", ["region_code", "code"], ["code", "values"]),
        ("years", ["region_code", "date", "code"], ["code", "date", "values"]),
    ],
)
def test_areas_of_classes(thing: str, ours: list[str], theirs: list[str], data: Data) -> None:
    here, there = both(thing, data)
    expected = areas_of(there, theirs).rename_axis(ours)
    pd.testing.assert_series_equal(areas_of(here, ours), expected, rtol=1e-5)


def test_transitions(data: Data) -> None:
    here, there = both("transitions", data)
    ours = areas_of(here, ["region_code", "code_from", "code_to"])
    theirs = areas_of(there, ["code", "code_from", "code_to"]).rename_axis(ours.index.names)
    assert len(ours) > 10
    pd.testing.assert_series_equal(ours, theirs, rtol=1e-4)


def test_means(data: Data) -> None:
    here, there = both("means", data)
    # There each cell counts by its share alone, here by its area: cells differ little over the latitudes of a league.
    np.testing.assert_allclose(here.set_index("region_code")["mean"][there["code"]], there["mean"], rtol=2e-3)
    here, there = both("means_by_class", data)
    ours = here[here["observed_ha"] > 0].set_index(["region_code", "code"])["mean"]
    theirs = there.assign(land=there["land"].astype(int).astype(str)).set_index(["code", "land"])["mean"]
    theirs = theirs[[key in ours.index for key in theirs.index]]
    assert len(theirs) > 2
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=5e-3)


def test_areas_of_cells_and_their_shares(data: Data) -> None:
    here, there = both("cell_areas", data)
    np.testing.assert_allclose(here, there.reindex_like(here, method="nearest", tolerance=1e-6), rtol=1e-5)
    here, there = both("coverage", data)
    there = there.sel(region=here["region"]).sel(y=here["y"], x=here["x"], method="nearest", tolerance=1e-6)
    np.testing.assert_allclose(here, there, rtol=1e-3, atol=1e-3 * float(data.run.cell_area.max()))


def test_figures_and_maps(data: Data) -> None:
    here, there = both("joined", data)
    assert sorted(here["value"]) == sorted(there["value"])
    ours, theirs = ([bar.get_width() for bar in axes.patches] for axes in both("bars", data))
    assert len(theirs) > 1
    for width in theirs:
        assert min(abs(width - other) for other in ours) == pytest.approx(0, abs=1e-6 * abs(width))
    ours, theirs = both("maps", data)
    assert len(ours) == len(theirs)
    assert all(axes.collections for axes in (*ours, *theirs))
    assert all("</html>" in page.get_root().render() for page in both("map", data))


def test_a_raster_adds_up(data: Data) -> None:
    here, there = both("adds_up", data)
    stock = data.run.totals("carbon_stock", level="league", period="2023").set_index("region_code")["value"]
    np.testing.assert_allclose(here[stock.index], stock, rtol=1e-9)
    # There a cell on a boundary has one density for both sides.
    np.testing.assert_allclose(there[stock.index], stock, rtol=0.05)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_of_the_guide_has_these_lines(language: str) -> None:
    page = (ROOT / "docs" / "guide" / language / "notebooks.md").read_text(encoding="utf-8")
    printed = re.findall(r"^\| .* \| .* \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    counted = [(str(lines(function(one, "there"))), str(lines(function(one, "here")))) for one in THINGS]
    assert printed == counted
