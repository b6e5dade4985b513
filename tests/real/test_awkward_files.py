"""Every awkward file is used as what it looks like, and the table of docs/reliability.md says what comes of it.

The files lie beside the repository, or where ``SINKS_REAL_DATA`` says; without them these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pytest
import rasterio
import shapely
from rasterio.errors import RasterioIOError

import sinks

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SINKS_REAL_DATA", ROOT.parent / "shared" / "data")) / "awkward"
PAGE = ROOT / "docs" / "reliability.md"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason=f"no awkward files at {DATA}"),
    # Of the readers that this test uses itself; what the program says is compared.
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning", "ignore::UserWarning"),
]


class Row(NamedTuple):
    """A line of the table: file, what is wrong with it, what it is used as, ids of what is said."""

    file: str
    wrong: str
    used: str
    said: str


def rows() -> Iterator[Row]:
    section = PAGE.read_text(encoding="utf-8").split("## Awkward files")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield Row(*(cell.strip() for cell in line.strip("|").split("|")))


def name_of(file: str) -> str:
    return file.strip("`")


def around(path: Path, folder: Path) -> dict[str, Any]:
    """A region about the middle of a raster that says where it is; else the cities of Ningxia."""
    try:
        with rasterio.open(path) as source:
            crs, bounds = source.crs, source.bounds
    except RasterioIOError:
        crs = None
    if crs is None:
        return {"builtin": "640000", "levels": ["league"]}
    frame = gpd.GeoDataFrame({"code": ["990101"], "name": ["框"]}, geometry=[shapely.box(*bounds)], crs=crs)
    frame.to_crs(4490).to_file(folder / "box.gpkg")
    return {"file": str(folder / "box.gpkg"), "code": "code", "name": "name"}


def project(row: Row, folder: Path) -> Mapping[str, Any]:
    """A project that uses a file as the table says."""
    path = DATA / name_of(row.file)
    content: dict[str, Any] = {
        "project": {"name": "awkward", "title": "难读的文件", "dates": [2020]},
        "regions": {"builtin": "640000", "levels": ["league"]},
        "methodologies": [{"id": "lookup_density", "ecosystems": ["wetland"]}],
    }
    if row.used == "land cover":
        content["regions"] = around(path, folder)
        content["land_cover"] = {"legend": "clcd", "files": {"2020": str(path)}}
    elif row.used == "regions":
        fields = gpd.read_file(path).columns
        content["regions"] = {"file": str(path), "code": fields[0], "name": fields[0]}
        content["land_cover"] = {"legend": "clcd", "files": {"2020": str(ROOT / "data/raster/land_cover_2020.tif")}}
    else:
        content["vectors"] = {"stands": {"files": {"2020": str(path)}, "preset": "lincaoshi"}}
    return content


@pytest.mark.parametrize("row", list(rows()) if PAGE.exists() else [], ids=lambda row: f"{row.file}-{row.used}")
def test_what_the_table_says_is_said(row: Row, tmp_path: Path) -> None:
    with pytest.raises(sinks.SinksError) as error:
        sinks.run(sinks.Project.from_dict(project(row, tmp_path), folder=tmp_path))
    found = sorted({problem.id for problem in error.value.problems})
    assert found == sorted(row.said.replace("`", "").split(", "))
    for language in ("zh", "en"):
        sinks.set_language(language)
        assert "Traceback" not in str(error.value)
    sinks.set_language("zh")


def test_every_file_has_its_row() -> None:
    parts = {".shx", ".dbf", ".prj", ".qpj"}
    files = {path.name for path in DATA.iterdir() if path.suffix not in parts and path.name != "SOURCE.txt"}
    assert {name_of(row.file) for row in rows()} == files
