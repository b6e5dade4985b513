"""Dates against what bands and files are called: one year is never read for another in silence."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pydantic import ValidationError
from rasterio.transform import Affine

from sinks.errors import LayerError
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer, inspect
from sinks.layers.rasters.reader import RasterReader
from sinks.layers.rasters.years import bands_by_year, dates_alike, years_in
from sinks.project.rasters import LandCoverSection, MonthlyInputSection

CLCD = load_legend("clcd")
YEARS = range(2000, 2006)
STACK = np.random.default_rng(1).integers(1, 10, (len(YEARS), 40, 50)).astype(np.uint8)


def stack(path: Path, names: list[str | None] | None) -> Path:
    profile = {"driver": "GTiff", "count": len(YEARS), "dtype": "uint8", "width": 50, "height": 40}
    place = {"crs": "EPSG:4490", "transform": Affine(0.01, 0, 110, 0, -0.01, 45)}
    with rasterio.open(path, "w", **profile, **place) as out:
        out.write(STACK)
        if names:
            out.descriptions = names
    return path


def problems(layer: CategoricalLayer | ContinuousLayer, date: str) -> dict[str, dict[str, object]]:
    try:
        inspect(layer, date)
    except LayerError as error:
        return {problem.id: problem.values for problem in error.problems}
    return {}


@pytest.mark.parametrize(
    ("name", "years"),
    [
        ("CLCD_v01_2020_albert", (2020, 2020)),
        ("GLC_FCS30D_20002022_E110N45", (2000, 2022)),
        ("MOD17A3H.A2020001.h26v04", (2020, 2020)),
        ("lc_20200715", (2020, 2020)),
        ("landuse202007", (2020, 2020)),
        ("2018-2020", (2018, 2020)),
        ("2020年土地利用", (2020, 2020)),
        ("dem_2000m", None),
        ("wgs1984_cover", None),
        ("CGCS2000_2023", (2023, 2023)),
        ("xian1980", None),
        ("150100000000", None),
        ("cover", None),
    ],
)
def test_years_in_names(name: str, years: tuple[int, int] | None) -> None:
    assert years_in(name) == years


@pytest.mark.parametrize("form", ["{}", "lc_{}", "y{}", "{}-07-01"])
def test_bands_by_date(tmp_path: Path, form: str) -> None:
    names = [form.format(year) for year in YEARS]
    path = stack(tmp_path / "cover.tif", names)
    bands = {"2001": 2, "2005": 6}
    layer = CategoricalLayer("land_cover", dict.fromkeys(bands, path), CLCD, bands=bands)
    for date, band in bands.items():
        source = inspect(layer, date)
        out = np.zeros((40, 50), np.uint8)
        with RasterReader(source, source.grid) as reader:
            reader.read(0, 0, out)
        assert np.array_equal(out, STACK[band - 1])
    assert bands_by_year(names) == {str(year): band for band, year in enumerate(YEARS, 1)}


def test_a_band_of_another_year_is_named_with_the_right_one(tmp_path: Path) -> None:
    path = stack(tmp_path / "cover.tif", [str(year) for year in YEARS])
    layer = CategoricalLayer("land_cover", {"2003": path}, CLCD)
    found = problems(layer, "2003")["raster.band_of_other_year"]
    assert (found["date"], found["name"]) == ("2003", "2000")
    # The remedy is TOML, and following it is right.
    bands = tomllib.loads(str(found["bands"]))["bands"]
    assert bands == {"2003": 4}
    assert problems(CategoricalLayer("land_cover", {"2003": path}, CLCD, bands=bands), "2003") == {}
    assert problems(CategoricalLayer("land_cover", {"2003": path}, CLCD, band=1, accept=("other_year",)), "2003") == {}


def test_one_band_for_two_dates(tmp_path: Path) -> None:
    path = stack(tmp_path / "cover.tif", [str(year) for year in YEARS])
    layer = CategoricalLayer("land_cover", {"2000": path, "2003": path}, CLCD, band=1, accept=("other_year",))
    assert problems(layer, "2000") == {}
    found = problems(layer, "2003")["raster.same_band_twice"]
    assert tomllib.loads(str(found["bands"])) == {"bands": {"2000": 1, "2003": 4}}
    unnamed = stack(tmp_path / "plain.tif", None)
    amount = ContinuousLayer("growing_stock", "growing_stock", {"2000": unnamed, "2003": unnamed}, 0.0, 1500.0)
    assert set(problems(amount, "2003")) == {"raster.same_band_twice"}


def test_one_file_for_two_dates_is_told() -> None:
    """It has one band only, so that nothing else can be meant; land that does not change is a strong assumption."""
    files = {"2000": Path("a.tif"), "2003": Path("a.tif"), "2006": Path("b.tif")}
    (note,) = dates_alike("land_cover", files, dict.fromkeys(files, 1))
    assert (note.id, note.where) == ("raster.same_file", "land_cover")
    assert note.values == {"file": "a.tif", "dates": ["2000", "2003"]}
    assert list(dates_alike("land_cover", files, {"2000": 1, "2003": 2, "2006": 1})) == []


def test_a_file_of_another_year(tmp_path: Path) -> None:
    path = stack(tmp_path / "CLCD_v01_2019.tif", None)
    assert problems(CategoricalLayer("land_cover", {"2020": path}, CLCD), "2020")["raster.file_of_other_year"] == {
        "date": "2020",
        "year": "2019",
    }
    assert problems(CategoricalLayer("land_cover", {"2019": path}, CLCD, band=1), "2019") == {}
    assert problems(CategoricalLayer("land_cover", {"static": path}, CLCD, band=1), "2020") == {}
    assert problems(CategoricalLayer("land_cover", {"2020": path}, CLCD, band=1, accept=("other_year",)), "2020") == {}
    past = CategoricalLayer("land_cover@2020", {"static": path}, CLCD, of_date="2020")
    assert set(problems(past, "2020")) == {"raster.file_of_other_year"}


def test_bands_in_the_project_file() -> None:
    section = LandCoverSection.model_validate({"legend": "clcd", "file": "a.tif", "bands": {2020: 21, 2022: 23}})
    assert section.by_date == {"2020": "a.tif", "2022": "a.tif"}
    assert section.bands == {"2020": 21, "2022": 23}
    for wrong in (
        {"file": "a.tif", "bands": {2020: 1}, "band": 2},
        {"files": {2020: "a.tif", 2023: "b.tif"}, "bands": {2020: 1}},
        {"file": "a.tif", "bands": {2020: 0}},
    ):
        with pytest.raises(ValidationError):
            LandCoverSection.model_validate({"legend": "clcd", **wrong})
    with pytest.raises(ValidationError):
        MonthlyInputSection.model_validate({"unit": "1", "file": "a.tif", "bands": {2020: 1}})


def test_which_of_several_bands_is_never_guessed(tmp_path: Path) -> None:
    named = stack(tmp_path / "cover.tif", ["mean", None, "spread", None, None, None])
    asked = {"count": 6, "bands": ["1 mean", "2", "3 spread", "4", "5", "6"]}
    assert problems(CategoricalLayer("land_cover", {"2003": named}, CLCD), "2003") == {"raster.which_band": asked}
    amount = ContinuousLayer("growing_stock", "growing_stock", {"static": named}, 0.0, 1500.0)
    assert problems(amount, "2003") == {"raster.which_band": asked}
    assert problems(replace(amount, band=3), "2003") == {}
    assert problems(replace(amount, bands={"static": 2}), "static") == {}
