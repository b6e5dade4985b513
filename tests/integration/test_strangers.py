"""A project from somebody else: nothing of it runs, and nothing beyond it is read, before its user has agreed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import rasterio
from click.testing import CliRunner, Result

import sinks
from sinks.cli import main
from sinks.text import using_language
from sinks.trust import consent
from tests.conftest import World

SECRET = "4242\nthe password is 7\n"


@pytest.fixture(autouse=True)
def _another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consents of this test and nobody else's."""
    monkeypatch.setattr(consent, "store", lambda: tmp_path / "config" / consent.FILE_NAME)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["--lang", "en", *map(str, arguments)])


def ids(error: pytest.ExceptionInfo[sinks.SinksError]) -> list[str]:
    return [problem.id for problem in error.value.problems]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user's with a file that is nobody else's business."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "secret.txt").write_text(SECRET)
    return folder


@pytest.fixture
def folder(outside: Path) -> Path:
    """Where the user has unpacked what somebody sent."""
    folder = outside / "unpacked"
    folder.mkdir()
    return folder


def land(world: World, name: str) -> dict[str, object]:
    files = {"2020": name, "2023": str(world.folder / "cover_2023.tif")}
    return {"legend": "clcd", "files": files, "resampling": "nearest"}


def own_code(folder: Path, name: str = "own") -> tuple[Path, Path]:
    """A methodology that works, and that leaves a trace when it is run."""
    canary = folder.parent / "CANARY"
    assert invoke("new", name, "--folder", folder).exit_code == 0
    path = folder / f"{name}.py"
    path.write_text(f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n" + _after_future(path.read_text("utf-8")))
    return path, canary


def _after_future(text: str) -> str:
    """The module without its ``from __future__`` line, which may stand first only."""
    return text.replace("from __future__ import annotations\n", "")


# ---- Python ---------------------------------------------------------------------------------------------------------


def test_python_of_a_project_runs_with_consent_only(world: World, folder: Path) -> None:
    path, canary = own_code(folder)
    project = world.save(world.project(methodology_files=[path.name]), folder / "p.toml")
    for verb in (["check", project], ["run", project, "--out", folder / "out"], ["compare", project], ["check", path]):
        refused = invoke(*verb)
        assert refused.exit_code == 2
        assert str(path) in refused.stderr
        assert "--trust" in refused.stderr
    with pytest.raises(sinks.SinksError, match="trust=True"), using_language("en"):
        sinks.check(project)
    assert not canary.exists()
    assert not (folder / "out").exists()


def test_consent_is_remembered_by_content(world: World, folder: Path) -> None:
    path, canary = own_code(folder)
    project = world.save(world.project(methodology_files=[path.name]), folder / "p.toml")
    agreed = invoke("check", project, "--trust")
    assert path.stem in agreed.stderr or agreed.exit_code == 0
    # The methodology is not used, so it need not have been imported; that it may be is what was agreed to.
    assert invoke("check", project).exit_code == agreed.exit_code
    assert "--trust" not in invoke("check", project).stderr
    path.write_text(path.read_text("utf-8") + "# changed\n", encoding="utf-8")
    assert "--trust" in invoke("check", project).stderr
    canary.unlink(missing_ok=True)


def test_consent_in_python_is_for_one_call(world: World, folder: Path) -> None:
    path, _ = own_code(folder)
    project = world.save(world.project(methodology_files=[path.name]), folder / "p.toml")
    sinks.check(project, trust=True)
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(project)
    assert ids(error) == ["trust.code"]


def test_a_table_that_extends_a_methodology_is_no_code(world: World, folder: Path) -> None:
    assert invoke("new", "larch", "--extends", "growing_stock_bef", "--folder", folder).exit_code == 0
    project = world.save(world.project(methodology_files=["larch.csv"]), folder / "p.toml")
    sinks.check(project)


# ---- files beyond the project ---------------------------------------------------------------------------------------


def absolute(outside: Path, folder: Path) -> str:
    del folder
    return str(outside / "secret.txt")


def dots(outside: Path, folder: Path) -> str:
    return os.path.relpath(outside / "secret.txt", folder)


def link(outside: Path, folder: Path) -> str:
    (folder / "legend.csv").symlink_to(outside / "secret.txt")
    return "legend.csv"


def linked_folder(outside: Path, folder: Path) -> str:
    (folder / "data").symlink_to(outside, target_is_directory=True)
    return "data/secret.txt"


@pytest.mark.parametrize("reach", [absolute, dots, link, linked_folder])
@pytest.mark.parametrize("place", ["legend", "table", "parameters", "raster", "regions"])
def test_text_beyond_the_project_is_asked_for_and_never_shown(
    world: World, outside: Path, folder: Path, reach: Callable[[Path, Path], str], place: str
) -> None:
    name = reach(outside, folder)
    content = world.project()
    if place == "legend":
        content["land_cover"]["legend"] = name
    elif place == "table":
        content["tables"] = {"yearbook": {"file": name, "columns": {"region": "r", "area": "a"}, "date": 2020}}
    elif place == "parameters":
        content["methodologies"][0]["parameters"] = name
    elif place == "raster":
        content["land_cover"] = land(world, name)
    else:
        content["regions"]["file"] = name
    found = invoke("check", world.save(content, folder / "p.toml"))
    assert found.exit_code == 2
    assert "secret.txt" in found.stderr
    assert "--trust" in found.stderr
    assert not any(line in found.output for line in SECRET.splitlines())


def vrt(source: str, kind: str, relative: int = 1) -> str:
    named = {
        "raw": f'<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand"><SourceFilename relativeToVRT='
        f'"{relative}">{source}</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset>'
        "<LineOffset>520</LineOffset></VRTRasterBand>",
        "simple": f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename relativeToVRT="{relative}">'
        f"{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>",
        # GDAL takes an attribute for an element.
        "attribute": f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource SourceFilename="{source}"/>'
        "</VRTRasterBand>",
        "letters": f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SOURCEFILENAME relativetovrt="{relative}">'
        f"{source}</SOURCEFILENAME></SimpleSource></VRTRasterBand>",
        "warped": f'<GDALWarpOptions><SourceDataset relativeToVRT="{relative}">{source}</SourceDataset>'
        "</GDALWarpOptions>",
    }[kind]
    return (
        '<VRTDataset rasterXSize="520" rasterYSize="560"><SRS>EPSG:4490</SRS>'
        f"<GeoTransform>106.4,0.01,0,42.9,0,-0.01</GeoTransform>{named}</VRTDataset>"
    )


@pytest.mark.parametrize("kind", ["raw", "simple", "attribute", "letters", "warped"])
@pytest.mark.parametrize("to", ["dots", "absolute", "web", "virtual"])
@pytest.mark.parametrize("name", ["land.vrt", "land.tif"])
def test_a_virtual_raster_that_leads_out_is_asked_for(
    world: World, outside: Path, folder: Path, kind: str, to: str, name: str
) -> None:
    secret = outside / "secret.txt"
    source = {
        "dots": os.path.relpath(secret, folder),
        "absolute": str(secret),
        "web": "http://192.0.2.1/a.tif",
        "virtual": f"/vsisubfile/0_4,{secret}",
    }[to]
    (folder / name).write_text(vrt(source, kind))
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(world.project(land_cover=land(world, name)), folder / "p.toml"))
    assert ids(error) == ["trust.leads"]


def test_a_virtual_raster_behind_another_one_is_followed(world: World, folder: Path) -> None:
    (folder / "a.vrt").write_text(vrt("b.vrt", "simple"))
    (folder / "b.vrt").write_text(vrt("../secret.txt", "raw"))
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(world.project(land_cover=land(world, "a.vrt")), folder / "p.toml"))
    assert ids(error) == ["trust.leads"]


@pytest.mark.parametrize(
    "document",
    [
        "<VRTDataset><broken",
        '<!DOCTYPE a [<!ENTITY b "c">]><VRTDataset/>',
        "<GDAL_WMS><ServerUrl>x</ServerUrl></GDAL_WMS>",
    ],
)
def test_what_leads_who_knows_where_is_asked_for(world: World, folder: Path, document: str) -> None:
    (folder / "a.vrt").write_text(document)
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(world.project(land_cover=land(world, "a.vrt")), folder / "p.toml"))
    assert ids(error) == ["trust.unreadable"]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("/vsicurl/http://192.0.2.1/a.tif", "trust.remote"),
        ("https://192.0.2.1/a.tif", "trust.remote"),
        ("s3://bucket/a.tif", "trust.remote"),
        ("../" * 40 + "vsizip/a.zip/a.tif", "trust.remote"),
        ('NETCDF:"/vsicurl/http://192.0.2.1/a.nc":v', "trust.remote"),
        ('DERIVED:"a.tif":x', "trust.driver"),
        ('MEM:"a":x', "trust.driver"),
    ],
)
def test_addresses_and_drivers_are_asked_for(world: World, folder: Path, name: str, id: str) -> None:
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(world.project(land_cover=land(world, name)), folder / "p.toml"))
    assert ids(error) == [id]


def test_a_zip_file_with_a_virtual_layer_in_it_is_asked_for(world: World, folder: Path) -> None:
    with zipfile.ZipFile(folder / "r.zip", "w") as package:
        package.writestr("r.vrt", "<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>")
    content = world.project()
    content["regions"]["file"] = "r.zip"
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(content, folder / "p.toml"))
    assert ids(error) == ["trust.leads"]


@pytest.mark.parametrize(
    "statement",
    [
        # Counts for ever, and never gives a row.
        "CREATE VIEW leagues AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
        "SELECT h.* FROM c, hidden h WHERE x < 0",
        "CREATE VIEW leagues AS SELECT * FROM hidden",
        "CREATE VIRTUAL TABLE other USING fts5(name)",
    ],
)
@pytest.mark.parametrize("by", ["itself", "virtual"])
def test_a_geopackage_that_computes_what_it_shows_is_asked_for(
    world: World, folder: Path, statement: str, by: str
) -> None:
    path = folder / "r.gpkg"
    shutil.copy(world.folder / "leagues.gpkg", path)
    with closing(sqlite3.connect(path)) as base, base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{name}"')
        base.execute("ALTER TABLE leagues RENAME TO hidden")
        base.execute(statement)
    (folder / "r.vrt").write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="r"><SrcDataSource relativeToVRT="1">r.gpkg</SrcDataSource>'
        "<SrcLayer>leagues</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
    )
    content = world.project()
    content["regions"]["file"] = "r.gpkg" if by == "itself" else "r.vrt"
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(content, folder / "p.toml"))
    assert ids(error) == ["trust.computes"]


@pytest.mark.parametrize(
    "name", ["x" * 5000 + ".tif", "a\x01.tif", "<VRTDataset/>", "PG:dbname=x", "CON", "vrt://a.tif"]
)
def test_names_that_no_file_has_are_refused_in_words(world: World, folder: Path, name: str) -> None:
    with pytest.raises(sinks.SinksError):
        sinks.check(world.save(world.project(land_cover=land(world, name)), folder / "p.toml"))


def test_a_workbook_that_unpacks_without_end_is_not_opened(world: World, folder: Path) -> None:
    path = folder / "t.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package,
        package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(1100):
            part.write(bytes(1 << 20))
    content = world.project(tables={"t": {"file": "t.xlsx", "columns": {"region": "r", "area": "a"}, "date": 2020}})
    began = time.monotonic()
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(content, folder / "p.toml"), trust=True)
    assert ids(error) == ["trust.swells"]
    assert time.monotonic() - began < 10


# ---- what every analyst has -----------------------------------------------------------------------------------------


def test_rasters_and_layers_of_the_field_may_lie_anywhere(world: World, folder: Path) -> None:
    """GeoTIFF and GeoPackage by absolute paths; the project of these tests is one."""
    assert Path(world.content["land_cover"]["files"]["2020"]).is_absolute()
    sinks.check(world.save(world.project(), folder / "p.toml"))


def test_mosaics_of_ones_own_ask_nothing(world: World, folder: Path, outside: Path) -> None:
    """Inside the project; and beyond it, where the mosaic lies beside its tiles."""
    for place in (folder, outside / "tiles"):
        place.mkdir(exist_ok=True)
        shutil.copy(world.folder / "cover_2020.tif", place / "tile.tif")
        (place / "mosaic.vrt").write_text(vrt("tile.tif", "simple"))
        with rasterio.open(place / "mosaic.vrt") as dataset:
            assert dataset.read(1).any()
        content = world.project(land_cover=land(world, str(place / "mosaic.vrt")))
        sinks.check(world.save(content, folder / "p.toml"))


def test_a_marked_folder_holds_project_and_data(world: World, outside: Path, folder: Path) -> None:
    (outside / "own.csv").write_text("no,parameter,table\n")
    content = world.project()
    content["methodologies"][1]["parameters"] = "../own.csv"
    project = world.save(content, folder / "p.toml")
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(project)
    assert ids(error) == ["trust.outside"]
    (outside / ".sinks-root").touch()
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(project)
    assert "trust.outside" not in ids(error), "it is read now, and its faults are said"


def test_a_record_cannot_name_a_folder_as_its_own(world: World, outside: Path, folder: Path) -> None:
    """``run.json`` says where its project lay, and may come from anybody."""
    content = world.project()
    content["land_cover"]["legend"] = "secret.txt"
    record = {"project": content, "folder": str(outside), "inputs": []}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(folder / "run.json")
    assert ids(error) == ["trust.outside"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("place", ["legend", "raster"])
def test_a_pipe_is_refused_and_not_waited_for(world: World, folder: Path, place: str) -> None:
    os.mkfifo(folder / "pipe")
    content = world.project()
    content["land_cover"] = land(world, "pipe") if place == "raster" else {**content["land_cover"], "legend": "pipe"}
    with pytest.raises(sinks.SinksError) as error:
        sinks.check(world.save(content, folder / "p.toml"), trust=True)
    assert ids(error) == ["trust.not_a_file"]
