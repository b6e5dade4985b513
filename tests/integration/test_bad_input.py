"""Every fault of the input is one clear message, exit code 2, and nothing left on the disk."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from click.testing import CliRunner, Result
from rasterio.transform import Affine

import sinks
from sinks.assessment.inputs import write_templates
from sinks.cli import EXIT_INPUT, main
from sinks.geo.gcj02 import wgs84_to_gcj02
from sinks.geo.legends import load_legend
from sinks.text import messages

Content = dict[str, Any]
Spoil = Callable[[Any, Path], Content]
"""From the sound territory and a folder for spoilt files to a project with one fault."""

SECTION = {"cover_2023": ("land_cover", None), "stock_2023": ("inputs", "growing_stock")}

PASS = "sinks.workflow.steps.tabulate_layers"


def with_file(world: Any, name: str, path: Path, **options: Any) -> Content:
    """The project with another file for 2023 in one of its layers."""
    section, layer = SECTION[name]
    content: Content = world.project()
    target = content[section] if layer is None else content[section][layer]
    target["files"]["2023"] = str(path)
    target |= options
    return content


def with_regions(world: Any, frame: gpd.GeoDataFrame, path: Path, **options: Any) -> Content:
    frame.to_file(path, **options)
    return dict(world.project(regions=world.content["regions"] | {"file": str(path)}))


def leagues(world: Any) -> gpd.GeoDataFrame:
    return gpd.read_file(world.folder / "leagues.gpkg")


# ---- the faults ----------------------------------------------------------------------------------------------------


def no_crs(world: Any, folder: Path) -> Content:
    path = world.write(folder / "no_crs.tif", world.arrays["cover_2023"], crs=None)
    return with_file(world, "cover_2023", path)


def rotated(world: Any, folder: Path) -> Content:
    turned = Affine(0.01, 0.002, 106.4, 0.002, -0.01, 42.9)
    path = world.write(folder / "rotated.tif", world.arrays["cover_2023"], transform=turned)
    return with_file(world, "cover_2023", path)


def unknown_class(world: Any, folder: Path) -> Content:
    strange = world.arrays["cover_2023"].copy()
    strange[350:360, 260:270] = 77
    return with_file(world, "cover_2023", world.write(folder / "strange.tif", strange))


def wrong_legend(world: Any, folder: Path) -> Content:
    return dict(world.project(land_cover=world.content["land_cover"] | {"legend": "esa_worldcover"}))


def missing_year(world: Any, folder: Path) -> Content:
    content: Content = world.project()
    del content["land_cover"]["files"]["2023"]
    return content


def overlapping_regions(world: Any, folder: Path) -> Content:
    frame = leagues(world)
    small = frame["code"] == "150300"
    frame.loc[small, "geometry"] = shapely.buffer(frame.geometry[small].to_numpy(), 0.01)
    return with_regions(world, frame, folder / "overlap.gpkg")


def points(world: Any, folder: Path) -> Content:
    frame = leagues(world)
    inside = [shapely.point_on_surface(shape) for shape in frame.geometry]
    return with_regions(world, frame.set_geometry(inside, crs=frame.crs), folder / "points.gpkg")


def gbk_without_cpg(world: Any, folder: Path) -> Content:
    path = folder / "gbk.shp"
    content = with_regions(world, leagues(world), path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0  # language driver id: none
    path.with_suffix(".dbf").write_bytes(table)
    return content


def corrupt_block(world: Any, folder: Path) -> Content:
    path = world.write(folder / "corrupt.tif", world.arrays["cover_2023"], tiled=True, blockxsize=256, blockysize=256)
    with rasterio.open(path) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", 1))
    data = bytearray(path.read_bytes())
    # The head of a compressed tile: GDAL does not check the sums at its end, so damage in the middle may go unseen.
    data[start : start + 64] = bytes(64)
    path.write_bytes(data)
    return with_file(world, "cover_2023", path)


def all_nodata(world: Any, folder: Path) -> Content:
    empty = np.zeros_like(world.arrays["cover_2023"])
    return with_file(world, "cover_2023", world.write(folder / "empty.tif", empty))


def disjoint(world: Any, folder: Path) -> Content:
    return dict(world.project(regions={"builtin": "460000"}))


def other_grid(world: Any, folder: Path) -> Content:
    half = world.arrays["stock_2023"][::2, ::2]
    path = world.write(folder / "coarse.tif", half, transform=Affine(0.02, 0, 106.4, 0, -0.02, 42.9))
    return with_file(world, "stock_2023", path)


def out_of_bounds(world: Any, folder: Path) -> Content:
    path = world.write(folder / "stand_totals.tif", world.arrays["stock_2023"] * np.float32(100))
    return with_file(world, "stock_2023", path)


def unknown_key(world: Any, folder: Path) -> Content:
    return dict(world.project(land_cover=world.content["land_cover"] | {"legends": "clcd"}))


def missing_file(world: Any, folder: Path) -> Content:
    return with_file(world, "cover_2023", folder / "nowhere.tif")


def unknown_methodology(world: Any, folder: Path) -> Content:
    return dict(world.project(methodologies=[{"id": "growing_stok_bef", "ecosystems": ["forest"]}]))


def parameter_gap(world: Any, folder: Path) -> Content:
    willow = np.where(world.arrays["species"] == 2, np.uint8(9), world.arrays["species"])
    strata = world.content["strata"]
    path = world.write(folder / "willow.tif", willow)
    strata = strata | {"species_group": strata["species_group"] | {"file": str(path)}}
    choices = {"parameter_set": "fang_v2", "roots": "included"}
    entry = {"id": "growing_stock_fang", "ecosystems": ["forest"], "strata": choices}
    return dict(world.project(strata=strata, methodologies=[entry]))


def wrong_unit(world: Any, folder: Path) -> Content:
    growing_stock = world.content["inputs"]["growing_stock"] | {"unit": "t C/ha"}
    return dict(world.project(inputs={"growing_stock": growing_stock}))


def missing_stratum(world: Any, folder: Path) -> Content:
    strata = {"species_group": world.content["strata"]["species_group"]}
    return dict(world.project(strata=strata, methodologies=[{"id": "grassland_tier1", "ecosystems": ["grassland"]}]))


def missing_input(world: Any, folder: Path) -> Content:
    return dict(world.project(inputs=None, methodologies=[{"id": "growing_stock_bef", "ecosystems": ["forest"]}]))


def stands(world: Any, folder: Path, cover: list[float]) -> Content:
    """Forest stands in Ordos of which those of 2023 have the canopy cover ``cover``."""
    files = {"2020": folder / "sound.gpkg", "2023": folder / "stands.gpkg"}
    for path, values in zip(files.values(), ([0.7, 0.6, 0.55, 0.8], cover), strict=True):
        columns = {"DLBM": "0301", "YOU_SHI_SZ": "150", "MEI_GQ_XJ": 60.0, "YU_BI_DU": values}
        squares = [shapely.box(109 + i / 10, 39.2, 109.05 + i / 10, 39.25) for i in range(len(values))]
        gpd.GeoDataFrame(columns, geometry=squares, crs=4490).to_file(path)
    survey = {"preset": "lincaoshi", "files": {date: str(path) for date, path in files.items()}}
    return dict(world.project(vectors={"survey": survey}, areas={"forest": "survey"}))


def percent_for_fraction(world: Any, folder: Path) -> Content:
    return stands(world, folder, [70.0, 60.0, 55.0, 80.0])


def percent_and_fraction(world: Any, folder: Path) -> Content:
    return stands(world, folder, [70.0, 0.6, 0.55, 0.8])


def statistics(world: Any, folder: Path, *rows: str, unit: str = "ha") -> Content:
    """Forest by league from a table, one row each for 2020 and 2023."""
    path = folder / "statistics.csv"
    path.write_text("\n".join(["盟市,年份,面积,蓄积", *rows]), encoding="utf-8")
    columns = {"region": "盟市", "date": "年份", "area": {"field": "面积", "unit": unit}}
    columns["growing_stock"] = {"field": "蓄积", "unit": "m3/ha"}
    table = {"file": str(path), "ecosystem": "forest", "columns": columns}
    return dict(world.project(tables={"survey": table}, areas={"forest": "survey"}))


def more_land_than_the_region(world: Any, folder: Path) -> Content:
    # Hectares that were written down as ten thousands of hectares.
    return statistics(world, folder, "150600,2020,200000,60", "150600,2023,90000,60", unit="10^4 ha")


def stands_of_more_land_than_the_region(world: Any, folder: Path) -> Content:
    content = stands(world, folder, [0.7, 0.6, 0.55, 0.8])
    survey = content["vectors"]["survey"]
    for date in ("2020", "2023"):
        path = Path(survey["files"][date])
        gpd.read_file(path).assign(MIAN_JI=1e7 if date == "2023" else 2e3).to_file(path)
    survey |= {
        "area": "declared",
        "accept": ["declared_area"],
        "fields": {"declared_area": {"field": "MIAN_JI", "unit": "ha"}},
    }
    return content


def two_numbers_in_a_cell(world: Any, folder: Path) -> Content:
    return statistics(world, folder, "150600,2020,2000,60", "150600,2023,2000,6 5")


def map_of_strata_without_a_value(world: Any, folder: Path) -> Content:
    content = statistics(world, folder, "150600,2020,2000,60", "150600,2023,2000,60")
    path = folder / "types.csv"
    path.write_text("species_group;forest_type\nlarch;\n", encoding="utf-8")
    return content | {"derive": {"forest_type": {"from": "species_group", "table": str(path)}}}


@dataclass(frozen=True)
class Fault:
    """What is spoilt, the message that must be said, where it must point, and words that must be in it."""

    spoil: Spoil
    id: str
    where: str
    says: tuple[str, ...] = ()
    before_the_pass: bool = True


FAULTS = [
    Fault(no_crs, "grid.no_crs", "no_crs.tif", ("EPSG:4490",)),
    Fault(rotated, "grid.rotated", "rotated.tif"),
    Fault(unknown_class, "tabulate.unknown_codes", "land_cover@2023", ("77", "clcd"), before_the_pass=False),
    Fault(missing_year, "project.date_missing", "land_cover.files", ("2023",)),
    Fault(overlapping_regions, "regions.overlap", "overlap.gpkg", ("150300", "150600")),
    Fault(points, "regions.not_polygons", "points.gpkg", ("Point", "3")),
    Fault(gbk_without_cpg, "dbf.no_encoding", "gbk.shp", ("GBK", "市")),
    Fault(corrupt_block, "raster.corrupt_block", "corrupt.tif", (), before_the_pass=False),
    Fault(all_nodata, "raster.all_nodata", "empty.tif", ("0",), before_the_pass=False),
    Fault(disjoint, "raster.disjoint", "cover_2020.tif"),
    Fault(other_grid, "raster.other_grid", "coarse.tif", ("resampling", "bilinear")),
    Fault(out_of_bounds, "raster.out_of_bounds", "stand_totals.tif", ("1500",), before_the_pass=False),
    Fault(unknown_key, "project.unknown_key", "land_cover.legends", ("legend",)),
    Fault(missing_file, "project.no_file", "land_cover.2023", ("nowhere.tif",)),
    Fault(unknown_methodology, "methodology.unknown_near", "growing_stok_bef", ("growing_stock_bef",)),
    Fault(missing_stratum, "parameters.no_stratum", "grassland_tier1", ("climate_zone",)),
    Fault(missing_input, "methodology.no_input", "growing_stock_bef", ("growing_stock",)),
    Fault(wrong_unit, "units.mismatch", "growing_stock", ("t C/ha",)),
    Fault(percent_for_fraction, "vector.looks_like_percent", "stands.gpkg", ("YU_BI_DU",)),
    Fault(stands_of_more_land_than_the_region, "table.more_than_region", "stands.gpkg", ("150600", "40,000,000")),
    Fault(map_of_strata_without_a_value, "derive.empty", "types.csv:2", ("forest_type",)),
    Fault(two_numbers_in_a_cell, "table.not_a_number", "statistics.csv:3", ("6 5",)),
    Fault(percent_and_fraction, "vector.percent_and_fraction", "stands.gpkg", ("YU_BI_DU",)),
]


# ---- what must be said ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.spoil.__name__)
def test_one_message_and_nothing_left(world: Any, tmp_path: Path, fault: Fault, lang: str) -> None:
    project = world.save(fault.spoil(world, tmp_path), tmp_path / "project.toml")
    before = everything(tmp_path)
    result = invoke("run", project, "--out", tmp_path / "new" / "result", "--quiet", "--lang", lang)
    assert result.exit_code == EXIT_INPUT
    assert result.stdout == ""
    assert_says(result.stderr, lang, (fault.id, fault.where))
    for word in fault.says:
        assert word in result.stderr
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.before_the_pass], ids=lambda fault: fault.spoil.__name__
)
def test_check_finds_it_before_a_run(world: Any, tmp_path: Path, fault: Fault) -> None:
    project = world.save(fault.spoil(world, tmp_path), tmp_path / "project.toml")
    before = everything(tmp_path)
    result = invoke("check", project, "--lang", "en")
    assert result.exit_code == EXIT_INPUT
    assert_says(result.stderr, "en", (fault.id, fault.where))
    assert everything(tmp_path) == before


def test_a_gap_in_the_parameters_names_the_rows_to_add(world: Any, tmp_path: Path) -> None:
    """Pools lack a row for willows: a message for each, since each is a row to add."""
    project = world.save(parameter_gap(world, tmp_path), tmp_path / "project.toml")
    before = everything(tmp_path)
    result = invoke("run", project, "--out", tmp_path / "result", "--quiet", "--lang", "en")
    assert result.exit_code == EXIT_INPUT
    assert "willow" in result.stderr
    assert "growing_stock_fang" in result.stderr
    # The pass is done and need not be repeated once the rows are there: its checkpoint stays, and nothing else.
    assert {name for name in everything(tmp_path) if not name.startswith(".result.checkpoint")} == set(before)


def test_more_land_than_the_region_is_said_for_every_date(world: Any, tmp_path: Path) -> None:
    project = world.save(more_land_than_the_region(world, tmp_path), tmp_path / "project.toml")
    result = invoke("check", project, "--lang", "en")
    assert result.exit_code == EXIT_INPUT
    assert_says(result.stderr, "en", *[("table.more_than_region", "statistics.csv")] * 2)
    assert all(area in result.stderr for area in ("150600", "2,000,000,000 ha", "900,000,000 ha"))


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_truncated_date_hides_no_unknown_codes_of_another(world: Any, tmp_path: Path, verb: str) -> None:
    strange = world.arrays["cover_2020"].copy()
    strange[350:360, 260:270] = 77
    content = corrupt_block(world, tmp_path)
    content["land_cover"]["files"]["2020"] = str(world.write(tmp_path / "strange.tif", strange))
    path = tmp_path / "corrupt.tif"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    project = world.save(content, tmp_path / "project.toml")
    before = everything(tmp_path)
    result = invoke(verb, project, "--lang", "en", *(("--out", tmp_path / "new", "--quiet") if verb == "run" else ()))
    assert result.exit_code == EXIT_INPUT
    assert_says(result.stderr, "en", ("raster.corrupt_block", "corrupt.tif"), ("raster.sampled_unknown", "strange.tif"))
    assert "77" in result.stderr
    assert everything(tmp_path) == before


def test_a_wrong_legend_is_answered_with_the_one_that_fits(world: Any, tmp_path: Path) -> None:
    """Before the pass, from a sample, for every date."""
    project = world.save(wrong_legend(world, tmp_path), tmp_path / "project.toml")
    before = everything(tmp_path)
    result = invoke("check", project, "--lang", "en")
    assert_says(result.stderr, "en", *(("raster.other_legend", f"land_cover@{date}") for date in ("2020", "2023")))
    assert "clcd" in result.stderr
    assert everything(tmp_path) == before


def test_codes_that_a_legend_lacks_are_said_for_every_date(world: Any, tmp_path: Path) -> None:
    """Codes and their areas, which recomputed here are those of the classes that the legend lacks."""
    rows = [f"{c.code},{c.name.zh},{c.cls},{c.ecosystem}" for c in load_legend("clcd") if c.code != 1]
    legend = tmp_path / "without_cropland.csv"
    legend.write_text("\n".join(["code,name_zh,class,ecosystem", *rows]), encoding="utf-8")
    content = world.project(land_cover=world.content["land_cover"] | {"legend": str(legend)})
    project = world.save(content, tmp_path / "project.toml")
    before = everything(tmp_path)
    result = invoke("run", project, "--out", tmp_path / "result", "--quiet", "--lang", "en")
    id = "tabulate.unknown_codes"
    assert_says(result.stderr, "en", (id, "land_cover@2020"), (id, "land_cover@2023"))
    assert everything(tmp_path) == before
    found = [(int(code), float(area)) for code, area in re.findall(r"(\d+) \(([\d.e+]+) ha\)", result.stderr)]
    states = sinks.tabulate(sinks.Project.from_dict(world.project(), folder=tmp_path)).states
    crops = states[states["land_cover"].astype(str) == "1"].groupby("date")["area_ha"].sum()
    assert found == [(1, pytest.approx(crops[date], rel=1e-5)) for date in ("2020", "2023")]


def test_several_faults_come_together(world: Any, tmp_path: Path) -> None:
    """Regions, rasters, a legend and a methodology, each wrong: all of it in one go."""
    content = no_crs(world, tmp_path)
    content["regions"] = overlapping_regions(world, tmp_path)["regions"]
    content["inputs"]["growing_stock"]["files"]["2023"] = rotated(world, tmp_path)["land_cover"]["files"]["2023"]
    content["strata"]["species_group"]["legend"] = "no_such_legend.csv"
    content["methodologies"].append({"id": "growing_stok_bef", "ecosystems": ["forest"]})
    project = world.save(content, tmp_path / "project.toml")
    before = everything(tmp_path)
    for verb in (("run", project, "--out", tmp_path / "result", "--quiet"), ("check", project)):
        result = invoke(*verb, "--lang", "en")
        assert result.exit_code == EXIT_INPUT
        assert_says(
            result.stderr,
            "en",
            ("regions.overlap", "overlap.gpkg"),
            ("legends.no_file", "no_such_legend.csv"),
            ("methodology.unknown_near", "growing_stok_bef"),
            ("grid.no_crs", "no_crs.tif"),
            ("grid.rotated", "rotated.tif"),
            any_order=True,
        )
    assert everything(tmp_path) == before


def test_a_misspelt_constant_of_a_stratum_is_found_before_the_pass(world: Any, tmp_path: Path) -> None:
    def with_type(word: str) -> Path:
        strata = {"species_group": "any", "grassland_type": word}
        method = {"id": "lookup_density", "ecosystems": ["forest", "grassland"], "strata": strata}
        plain = {"strata": {}, "inputs": {}, "derive": {}, "methodologies": [method]}
        return world.save(world.project(**plain), tmp_path / "project.toml")

    assert invoke("check", with_type("typical_steppe")).exit_code == 0
    result = invoke("check", with_type("typical_stepe"))
    assert result.exit_code == EXIT_INPUT
    assert "是否指 typical_steppe" in result.stderr


def test_a_faulty_table_of_the_assessment_is_found_before_the_pass(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tmp_path / "tables"
    write_templates(tables)
    (tables / "emissions.csv").write_text(
        "region_code,year,quantity,value,unit,basis,source\n150100,2o20,energy,1,t CO2,given,x\n", encoding="utf-8"
    )
    section = {name: str(tables / f"{name}.csv") for name in ("emissions", "gdp", "targets")}
    content = world.project(
        assessment={**section, "rule": {"base_year": 2020, "years": [2023], "base_period": "2020-2023"}}
    )
    project = world.save(content, tmp_path / "project.toml")
    monkeypatch.setattr(PASS, lambda *_, **__: pytest.fail("the layers were read"))
    for verb in (("check", project), ("run", project, "--out", tmp_path / "result", "--quiet")):
        result = invoke(*verb)
        assert result.exit_code == EXIT_INPUT
        assert "2o20" in result.stderr


def _tables(folder: Path, code: str, years: tuple[int, ...], gdp: float) -> dict[str, str]:
    """Emissions, GDP and a target of a league, whole but for ``years`` that are left out."""
    kinds = ("energy", "process", "net_imported_power")
    rows = {
        "emissions": [f"{code},{year},{kind},100,10^4 t CO2,x" for year in years for kind in kinds],
        "gdp": [f"{code},{year},gdp,{gdp},10^8 CNY,2020 constant,x" for year in years],
        "targets": [f"{code},intensity_reduction,d,2020,2025,18,%,x"],
    }
    write_templates(folder)
    for name, lines in rows.items():
        path = folder / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8-sig") + "\n".join(lines) + "\n", encoding="utf-8")
    return {name: str(folder / f"{name}.csv") for name in rows}


def test_an_assessment_that_cannot_be_is_found_before_the_pass(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of the rule, regions and figures, all at once, by check and by run."""
    section = _tables(tmp_path / "tables", "150601", (2020, 2023), 500.0)
    rule = {"base_year": 2020, "years": [2023], "level": "leage", "ecosystems": ["forrest"]}
    monkeypatch.setattr(PASS, lambda *_, **__: pytest.fail("the layers were read"))
    content = world.project(assessment={**section, "rule": rule})
    result = invoke("check", world.save(content, tmp_path / "words.toml"), "--lang", "en")
    assert result.exit_code == EXIT_INPUT
    assert "league" in result.stderr
    assert "forest" in result.stderr
    content = world.project(assessment={**section, "rule": {"base_year": 2020, "years": [2023]}})
    project = world.save(content, tmp_path / "codes.toml")
    for verb in (("check", project), ("run", project, "--out", tmp_path / "result", "--quiet")):
        result = invoke(*verb, "--lang", "en")
        assert result.exit_code == EXIT_INPUT
        assert "150601" in result.stderr
        assert "150600" in result.stderr


def test_figures_still_missing_are_noted_by_check_and_refused_by_a_run(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = _tables(tmp_path / "tables", "150600", (2020,), 500.0)
    content = world.project(
        assessment={**section, "rule": {"base_year": 2020, "years": [2023], "base_period": "2020-2023"}}
    )
    project = world.save(content, tmp_path / "project.toml")
    monkeypatch.setattr(PASS, lambda *_, **__: pytest.fail("the layers were read"))
    checked = invoke("check", project, "--lang", "en")
    assert checked.exit_code == 0, checked.output
    assert "150600 has no energy for 2023" in checked.output
    ran = invoke("run", project, "--out", tmp_path / "result", "--quiet", "--lang", "en")
    assert ran.exit_code == EXIT_INPUT
    assert "150600 has no energy for 2023" in ran.stderr
    assert not (tmp_path / "result").exists()


def test_words_of_plans_are_held_against_the_layers_before_the_pass(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes of the legend, strata, a zone that cannot be read and a table, all at once."""
    (tmp_path / "zone.gpkg").write_text("no layer", encoding="utf-8")
    (tmp_path / "limits.csv").write_text(
        "ecosystem,quantity,value,unit,source\nforst,limit,100,t C/ha,x\n", encoding="utf-8"
    )
    conditions = [
        {"name": "a", "layer": "ecosystem", "allowed": ["grasland"]},
        {"name": "b", "layer": "land_cover", "allowed": ["grassland"]},
        {"name": "c", "layer": "species_group", "excluded": ["lach"]},
        {"name": "d", "layer": "growing_stock", "low": 50_000},
    ]
    zones = [{"name": "z", "file": str(tmp_path / "zone.gpkg"), "inside": False}]
    content = world.project(
        potential={"conditions": conditions, "zones": zones, "limits": str(tmp_path / "limits.csv")}
    )
    project = world.save(content, tmp_path / "project.toml")
    monkeypatch.setattr(PASS, lambda *_, **__: pytest.fail("the layers were read"))
    for verb in (("check", project), ("run", project, "--out", tmp_path / "result", "--quiet")):
        result = invoke(*verb, "--lang", "en")
        assert result.exit_code == EXIT_INPUT
        for word in ("grassland (", "4 (", "larch", "condition d", "growing_stock", "zone.gpkg", "forest"):
            assert word in result.stderr.replace("conditions d", "condition d"), word


def test_an_unreadable_project(tmp_path: Path) -> None:
    missing, broken, gbk = tmp_path / "none.toml", tmp_path / "broken.toml", tmp_path / "gbk.toml"
    broken.write_text("[project\nname = 1", encoding="utf-8")
    gbk.write_bytes('title = "核算"'.encode("gbk"))
    for path, id in ((missing, "project.missing"), (broken, "project.syntax"), (gbk, "project.encoding")):
        result = invoke("run", path, "--lang", "zh")
        assert result.exit_code == EXIT_INPUT
        assert_says(result.stderr, "zh", (id, path.name))
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_refused_before_the_work(world: Any, tmp_path: Path) -> None:
    out = tmp_path / "result"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work", encoding="utf-8")
    # The land cover cannot be read, which would be said if the work had begun.
    project = world.save(no_crs(world, tmp_path), tmp_path / "project.toml")
    before = everything(tmp_path)
    for force, id in (((), "output.exists"), (("--force",), "output.not_a_run_to_replace")):
        result = invoke("run", project, "--out", out, *force)
        assert result.exit_code == EXIT_INPUT
        assert_says(result.stderr, "zh", (id, str(out)))
    assert everything(tmp_path) == before


def test_displaced_regions_run_with_a_warning(world: Any, tmp_path: Path) -> None:
    """GCJ-02 coordinates that call themselves CGCS2000: likely, not certain, hence a warning and not an error."""
    frame = leagues(world)
    moved = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.column_stack(wgs84_to_gcj02(*xy.T)))
    content = with_regions(world, frame.set_geometry(moved, crs=frame.crs), tmp_path / "amap.gpkg")
    project = world.save(content, tmp_path / "project.toml")
    result = invoke("check", project)
    assert result.exit_code == 0
    assert "GCJ-02" in result.stdout, "a check is there to tell what to look at"
    result = invoke("run", project, "--out", tmp_path / "result", "--quiet")
    assert result.exit_code == 0
    assert "GCJ-02" in result.stdout, "shown at once, not only kept"
    checks = sinks.open_run(tmp_path / "result").checks
    (finding,) = checks[checks["check"] == "regions.displaced"].to_dict("records")
    assert finding["status"] == "warning"
    assert "amap.gpkg" in finding["where"]
    assert "GCJ-02" in finding["detail"]
    declared = content | {"regions": content["regions"] | {"crs": "GCJ-02"}}
    undone = sinks.run(sinks.Project.from_dict(declared, folder=tmp_path))
    assert "regions.displaced" not in set(undone.checks["check"])


def test_in_a_process_of_its_own(world: Any, tmp_path: Path) -> None:
    """No traceback, code 2; only the bar of progress stands before the message."""
    project = world.save(corrupt_block(world, tmp_path), tmp_path / "project.toml")
    before = everything(tmp_path)
    command = [sys.executable, "-m", "sinks.cli", "run", project.name, "--out", "new/result", "--lang", "en"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert found.returncode == EXIT_INPUT
    assert found.stdout == ""
    assert "Traceback" not in found.stderr
    assert_says(found.stderr.splitlines()[-1] + "\n", "en", ("raster.corrupt_block", "corrupt.tif"))
    assert everything(tmp_path) == before


# ---- helpers -------------------------------------------------------------------------------------------------------


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def everything(folder: Path) -> set[str]:
    """Every file and folder below, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def assert_says(text: str, lang: str, *expected: tuple[str, str], any_order: bool = False) -> None:
    """Exactly these messages, each (id, part of the place that it names), in the words of the catalogue."""
    lines = text.splitlines()
    if len(expected) > 1:
        assert re.fullmatch(_pattern("errors.several", lang), lines.pop(0))
        lines = [re.sub(r"^ +\d+\. ", "", line) for line in lines]
    assert len(lines) == len(expected), text
    for number, (id, where) in enumerate(expected):
        pattern = rf".*{re.escape(where)}.*: {_pattern(id, lang)}"
        candidates = lines if any_order else [lines[number]]
        assert any(re.fullmatch(pattern, line) for line in candidates), f"{id} at {where}:\n{text}"


def _pattern(id: str, lang: str) -> str:
    """A regular expression for a message whatever its values."""
    template: str = getattr(messages()[id], lang)
    parts = string.Formatter().parse(template)
    return "".join(re.escape(literal) + (".+" if name is not None else "") for literal, name, _, _ in parts)


def test_a_slip_in_the_project_file_hides_no_fault_of_regions_and_legends(tmp_path: Path) -> None:
    shapes = [shapely.box(110, 40, 111, 41), shapely.box(111, 40, 112, 41)]
    gpd.GeoDataFrame({"code": ["1", "1"], "name": ["甲", "乙"]}, geometry=shapes, crs=4490).to_file(tmp_path / "r.gpkg")
    legend = "code,name_zh,name_en,class,ecosystem\n2,林,forest,forest,wood\n"
    (tmp_path / "own.csv").write_text(legend, encoding="utf-8")
    lines = [
        *("[project]", 'name = "t"', 'title = "t"', "dates = [2020]", "drawz = 0"),
        *("[regions]", 'file = "r.gpkg"', 'code = "code"', 'name = "name"'),
        *("[land_cover]", 'legend = "own.csv"', 'files = { 2020 = "a.tif" }'),
        *("[[methodologies]]", 'id = "lookup_density"', 'ecosystems = ["forest"]'),
    ]
    (tmp_path / "p.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(sinks.errors.SinksError) as error:
        sinks.check(tmp_path / "p.toml")
    assert {problem.id.partition(".")[0] for problem in error.value.problems} >= {"project", "regions", "legends"}
