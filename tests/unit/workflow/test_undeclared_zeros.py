"""Zeros that a file does not declare to be no data: told where nothing lies between them and the other values."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine

import sinks
from support.small_layers import write

FOREST, GRASS = 2, 4
SHAPE = (100, 120)
GRID = {"transform": Affine(0.01, 0, 110, 0, -0.01, 45)}
PADDED = np.zeros(SHAPE, bool)
PADDED[:, 90:] = True
ARABLE = np.zeros(SHAPE, bool)
ARABLE[60:, :] = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forest in the north, grassland in the south; the region leaves out the twenty eastern columns."""
    place = tmp_path_factory.mktemp("zeros")
    write(place / "cover.tif", np.where(ARABLE, GRASS, FOREST).astype(np.uint8), **GRID)
    west = shapely.box(110, 44, 111.0, 45)
    frame = gpd.GeoDataFrame({"code": ["1"], "name": ["x"], "level": ["league"]}, geometry=[west], crs=4490)
    frame.to_file(place / "r.gpkg")
    return place


def noted(
    folder: Path, values: np.ndarray, nodata: float | None = None, legend: str = "clcd", **section: Any
) -> list[Any]:
    """What is told of a growing stock that forest is accounted for by."""
    write(folder / "stock.tif", values, nodata=nodata, **GRID)
    forest = {"id": "growing_stock_bcef", "ecosystems": ["forest"]}
    forest["strata"] = {"climate_domain": "boreal", "forest_type": "larch"}  # type: ignore[assignment]
    content: dict[str, Any] = {
        "project": {"name": "t", "title": "t", "dates": [2023], "draws": 0, "cells_min": 1},
        "regions": {"file": "r.gpkg", "code": "code", "name": "name", "level": "level"},
        "land_cover": {"legend": legend, "files": {"2023": "cover.tif"}},
        "inputs": {"growing_stock": {"files": {"2023": "stock.tif"}, **section}},
        "methodologies": [forest],
    }
    notes = sinks.check(sinks.Project.from_dict(content, folder=folder)).notes
    return [note for note in notes if note.id == "raster.zeros_in_doubt"]


def values(low: float, high: float, kind: type = np.float32) -> np.ndarray:
    found: np.ndarray = np.random.default_rng(1).uniform(low, high, SHAPE).astype(kind)
    return found


def test_a_padding_of_zeros_is_told_with_its_extent_and_the_way_out(folder: Path) -> None:
    (note,) = noted(folder, np.where(PADDED, 0, values(40, 160)).astype(np.float32))
    # Columns 90 to 99 of 100 lie in the region, and 60 of its 100 rows are forest.
    assert (note.values["zeros"], note.values["cells"], note.values["share"]) == ("600", "6,000", "10%")
    area = float(note.values["area"].replace(",", ""))
    assert area == pytest.approx(0.06 * gpd.read_file(folder / "r.gpkg").to_crs(6933).area.sum() / 1e4, rel=0.01)
    for words in ("nodata = 0", 'accept = ["zeros"]', "growing_stock"):
        assert words in str(note)


def test_a_legend_may_have_codes_that_no_raster_holds(folder: Path) -> None:
    clcd = (files("sinks.geo") / "legends" / "clcd.csv").read_text(encoding="utf-8")
    row = next(line for line in clcd.splitlines() if line.startswith(f"{FOREST},"))
    (folder / "own.csv").write_text(f"{clcd.rstrip()}\nA1{row.removeprefix(str(FOREST))}\n", encoding="utf-8")
    padded = np.where(PADDED, 0, values(40, 160)).astype(np.float32)
    assert len(noted(folder, padded, legend="own.csv")) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float64])
def test_in_whatever_type_it_is_stored(folder: Path, kind: type) -> None:
    assert noted(folder, np.where(PADDED, 0, values(40, 160)).astype(kind))


def test_what_the_user_says_of_zeros_holds(folder: Path) -> None:
    padded = np.where(PADDED, 0, values(40, 160)).astype(np.float32)
    assert not noted(folder, padded, accept=["zeros"])
    assert not noted(folder, padded, nodata=0)
    write(folder / "stock.tif", padded, **GRID)
    assert not noted(folder, np.where(PADDED, np.nan, padded).astype(np.float32))


def test_zeros_that_thin_out_are_zeros(folder: Path) -> None:
    """Young and open stands: values reach down to the zeros."""
    skewed = values(0, 1) ** 3 * 200
    assert not noted(folder, np.where(values(0, 1) < 0.1, 0, skewed).astype(np.float32))
    assert not noted(folder, np.rint(skewed).astype(np.uint8))


def test_zeros_where_nothing_is_taken_are_none_of_its_business(folder: Path) -> None:
    stock = values(40, 160)
    outside = np.zeros(SHAPE, bool)
    outside[:, 100:] = True
    assert not noted(folder, np.where(ARABLE | outside, 0, stock).astype(np.float32))
    few = stock.copy()
    few[:2, :60] = 0
    assert not noted(folder, few)
