"""One map given as two, one layer given as two, and statistics of which a year is in another unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

import sinks
from support.small_layers import write

SHAPE = (12, 20)
FOREST, GRASS = 2, 4
CHECKS = ("maps_alike", "layers_alike", "area_jump")
TREES = {"id": "growing_stock_linear", "ecosystems": ["forest"], "strata": {"species_group": "larch"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dates")
    rng = np.random.default_rng(0)
    cover = rng.choice([FOREST, GRASS], SHAPE).astype(np.uint8)
    volume = rng.uniform(20, 150, SHAPE).astype(np.float32)
    write(place / "cover_2020.tif", cover, nodata=0)
    write(place / "again.tif", cover, nodata=0, compress="deflate")
    cover[0, 0] = GRASS if cover[0, 0] == FOREST else FOREST
    write(place / "cover_2023.tif", cover, nodata=0)
    write(place / "volume_2020.tif", volume, nodata=-1)
    write(place / "volume_again.tif", volume, nodata=-2, compress="deflate")
    volume[5, 5] += 1
    volume[cover == FOREST] *= 1.0001
    write(place / "volume_2023.tif", volume, nodata=-1)
    boxes = [shapely.box(110, 43.8, 111, 45), shapely.box(111, 43.8, 112, 45)]
    frame = gpd.GeoDataFrame({"code": ["1", "2"], "name": ["甲", "乙"], "level": "league"}, geometry=boxes, crs=4490)
    frame.to_file(place / "r.gpkg")
    return place


def found(folder: Path, later: str = "cover_2023.tif", **sections: Any) -> dict[str, dict[str, Any]]:
    content: dict[str, Any] = {
        "project": {"name": "t", "title": "t", "dates": [2020, 2023], "draws": 0, "cells_min": 1, "coverage_min": 0},
        "regions": {"file": "r.gpkg", "code": "code", "name": "name", "level": "level"},
        "land_cover": {"legend": "clcd", "files": {"2020": "cover_2020.tif", "2023": later}},
        **sections,
    }
    checks = sinks.run(sinks.Project.from_dict(content, folder=folder)).checks
    return {row["check"]: row for row in checks[checks["check"].isin(CHECKS)].to_dict("records")}


def stock(later: str) -> dict[str, Any]:
    files = {"2020": "volume_2020.tif", "2023": later}
    return {"inputs": {"growing_stock": {"files": files}}, "methodologies": [TREES]}


def test_one_map_and_one_layer_under_two_names_are_told(folder: Path) -> None:
    checks = found(folder, "again.tif", **stock("volume_again.tif"))
    assert set(checks) == {"maps_alike", "layers_alike"}
    assert checks["layers_alike"]["where"] == "growing_stock"
    assert "2020-2023" in checks["maps_alike"]["detail_en"]


def test_one_cell_that_changed_is_a_change(folder: Path) -> None:
    assert found(folder, **stock("volume_2023.tif")) == {}


@pytest.mark.parametrize(
    ("later", "count"),
    [
        ([150_000.0, 13.0], 1),  # 10^4 ha in the year before, in one region
        ([225.0, 170.0], 2),  # mu for ha
        ([22.0, 15.0], 0),  # less than anybody's slip
    ],
)
def test_a_year_in_another_unit_is_told(folder: Path, later: list[float], count: int) -> None:
    rows = ["code,date,area,volume", "1,2020,15,60", "2,2020,12,80"]
    rows += [f"{code},2023,{area},66" for code, area in zip("12", later, strict=True)]
    (folder / "t.csv").write_text("\n".join(rows), encoding="utf-8")
    columns = {"region": "code", "date": "date", "area": {"field": "area", "unit": "ha"}}
    columns |= {"growing_stock": {"field": "volume", "unit": "m3/ha"}}
    table = {"stat": {"file": "t.csv", "ecosystem": "forest", "columns": columns}}
    checks = found(folder, tables=table, areas={"forest": "stat"}, methodologies=[TREES])
    assert set(checks) == ({"area_jump"} if count else set())
    if count:
        row = checks["area_jump"]
        assert row["status"] == "failed"
        assert f"of {count} such {'place' if count == 1 else 'places'}" in row["detail_en"]
        assert row["where"] == "甲"
