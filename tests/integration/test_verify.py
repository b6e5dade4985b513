"""A finished run is computed a second time; whatever is changed in it, its inputs or its parameters is found.

Each change is also made by somebody who signs the files anew, so that it is the figures that tell and not the digests.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
from click.testing import CliRunner
from docx import Document
from openpyxl import load_workbook

import sinks
from sinks.cli import main
from sinks.verification.findings import CHECKS, Findings
from sinks.verification.stands import check_stands
from sinks.verification.written import Written, check_files

MADE = ("report", "page", "map")


@pytest.fixture(scope="module")
def place(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with copies of the layers, a run of them, and what is made of a run."""
    folder = tmp_path_factory.mktemp("verified")
    for path in world.folder.iterdir():
        shutil.copy(path, folder / path.name)
    text = json.dumps(world.project()).replace(str(world.folder), str(folder))
    content = json.loads(text)
    content["regions"] |= {"file": str(folder / "banners.gpkg"), "level": "banner"}
    run = sinks.run(sinks.Project.from_dict(content, folder=folder))
    out = run.write(folder / "out")
    made = CliRunner().invoke(main, ["report", str(out), "--region", "150200", "--html", "--quiet"])
    assert made.exit_code == 0, made.output
    drawn = CliRunner().invoke(main, ["map", str(out)])
    assert drawn.exit_code == 0, drawn.output
    return folder


@pytest.fixture
def copied(place: Path, tmp_path: Path) -> Path:
    """The run, to be changed; its layers stay where they are."""
    return Path(shutil.copytree(place / "out", tmp_path / "out"))


def verify(folder: Path) -> Any:
    return sinks.verify(folder, store=False)


def signed(folder: Path) -> Path:
    """Make all digests fit what is there, as somebody would who wants a change not to be seen."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for name, entry in record["files"].items():
        content = (folder / name).read_bytes()
        entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    for one in record["inputs"]:
        one["sha256"] = hashlib.sha256(Path(one["path"]).read_bytes()).hexdigest()
    record.pop("digest")
    text = json.dumps(record, ensure_ascii=False, indent=2)
    record["digest"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "run.json").write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    made = json.loads((folder / "derived.json").read_text(encoding="utf-8"))
    made = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in made}
    (folder / "derived.json").write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
    return folder


def failing(folder: Path) -> set[str]:
    return set(verify(folder).failed()["check"])


def test_a_run_as_it_was_written_passes_and_everything_was_tried(place: Path) -> None:
    found = verify(place / "out")
    assert found.ok, found.failed().to_dict("records")
    assert set(found.table["check"]) == set(CHECKS) - {"stands"}
    assert (found.table["verdict"] == "passed").all(), found
    assert found.tested == found.table["tested"].sum() > 50_000
    assert (found.table["deviation"] <= found.table["bar"]).all()
    assert len(found.regions) > 3


def test_signing_alone_changes_nothing_and_another_seed_draws_other_regions(copied: Path, place: Path) -> None:
    found = sinks.verify(signed(copied), seed=1, store=False)
    assert found.ok
    assert found.regions != sinks.verify(place / "out", seed=2, store=False).regions


def _digit_of_csv(folder: Path) -> None:
    """One digit of the largest stock in account.csv."""
    path = folder / "account.csv"
    text = path.read_text(encoding="utf-8-sig")
    line = next(line for line in text.splitlines() if '"forest"' in line and '"carbon_stock"' in line)
    number = re.search(r"\d{6,}\.\d+", line)
    assert number is not None
    digit = "7" if number[0][2] != "7" else "3"
    changed = line.replace(number[0], number[0][:2] + digit + number[0][3:], 1)
    path.write_text(text.replace(line, changed, 1), encoding="utf-8-sig")


def _account_everywhere(folder: Path) -> None:
    """A stock raised by a tenth in CSV and Parquet alike."""
    stored = pd.read_parquet(folder / "account.parquet")
    rows = (stored["region_code"] == "150200") & (stored["quantity"] == "carbon_stock") & (stored["ecosystem"] == "all")
    row = stored.index[rows][0]
    old = stored.loc[row, "value"]
    stored.loc[row, "value"] = old * 1.1
    stored.to_parquet(folder / "account.parquet", index=False)
    text = (folder / "account.csv").read_text(encoding="utf-8-sig")
    assert repr(float(old)) in text
    text = text.replace(repr(float(old)), repr(float(old) * 1.1))
    (folder / "account.csv").write_text(text, encoding="utf-8-sig")


def _sign_of_sink(folder: Path) -> None:
    """Every sink turned round, in every file."""
    stored = pd.read_parquet(folder / "account.parquet")
    sinks_of = stored["quantity"] == "net_removals"
    stored.loc[sinks_of, ["value", "low", "high"]] = -stored.loc[sinks_of, ["value", "high", "low"]].to_numpy()
    stored.to_parquet(folder / "account.parquet", index=False)
    stored.to_csv(folder / "account.csv", index=False, encoding="utf-8-sig")


def _parameter(folder: Path) -> None:
    path = folder / "parameters.csv"
    text = path.read_text(encoding="utf-8-sig")
    row = next(line for line in text.splitlines() if '"bef"' in line)
    number = re.search(r",(\d\.\d+),", row)
    assert number is not None
    path.write_text(text.replace(row, row.replace(number[1], "9.9", 1), 1), encoding="utf-8-sig")


def _areas(folder: Path) -> None:
    """Land of one class moved from one unit to another: every sum still holds."""
    for name, keys in (("activity", ["region_code", "date"]), ("transitions", ["region_code"])):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        frame["area_ha"] = frame["area_ha"] * np.where(frame["region_code"] == frame["region_code"].iloc[0], 0.99, 1.0)
        assert set(keys) <= set(frame.columns)
        frame.to_parquet(folder / f"{name}.parquet", index=False)


def _cell_of_workbook(folder: Path) -> None:
    book = load_workbook(folder / "account.xlsx")
    sheet = book["包头市"]
    cell = next(c for row in sheet.iter_rows() for c in row if isinstance(c.value, float) and c.value > 100)
    cell.value = float(cell.value) * 1.01
    book.save(folder / "account.xlsx")


def _figure_of_report(folder: Path) -> None:
    path = folder / "report" / "150200 包头市.docx"
    document = Document(str(path))
    cells = [c for t in document.tables for r in t.rows for c in r.cells if r.cells[0].text == "森林"]
    cell = next(c for c in cells if re.fullmatch(r"[1-9]\d+\.\d+", c.text))
    _write(cell, str(float(cell.text) + 1.11))
    document.save(str(path))


def _write(cell: Any, text: str) -> None:
    runs = [run for paragraph in cell.paragraphs for run in paragraph.runs]
    for run in runs[1:]:
        run.text = ""
    runs[0].text = text


def _figure_of_page(folder: Path) -> None:
    path = folder / "report" / "summary.html"
    text = path.read_text(encoding="utf-8")
    rows = re.findall(r"<tr[^>]*>.*?</tr>", text, re.DOTALL)
    row = next(row for row in rows if ">包头市<" in row and re.search(r">\d+\.\d+<", row))
    number = re.search(r">(\d+\.\d+)<", row)
    assert number is not None
    changed = row.replace(number[0], f">{float(number[1]) + 77.77:.2f}<", 1)
    path.write_text(text.replace(row, changed, 1), encoding="utf-8")


def _figure_of_map(folder: Path) -> None:
    path = folder / "map.html"
    text = path.read_text(encoding="utf-8")
    found = re.search(r'(<script type="application/json" id="atlas-data">)(.*?)(</script>)', text, re.DOTALL)
    assert found is not None
    data = json.loads(found[2])
    data["rows"]["value"][5] = data["rows"]["value"][5] * 1.0001 + 1
    path.write_text(text.replace(found[2], json.dumps(data, ensure_ascii=False)), encoding="utf-8")


def _figure_of_geopackage(folder: Path) -> None:
    """The stock of one region, in the file that a map is made of."""
    with closing(sqlite3.connect(folder / "account.gpkg")) as base, base:
        _without_triggers(base)
        base.execute("UPDATE league SET stock_total_2023 = stock_total_2023 * 1.000001 WHERE code = '150200'")


def _outline_of_geopackage(folder: Path) -> None:
    """The outline of one region is that of another."""
    with closing(sqlite3.connect(folder / "account.gpkg")) as base, base:
        _without_triggers(base)
        base.execute("UPDATE league SET geom = (SELECT geom FROM league WHERE code = '150600') WHERE code = '150200'")


def _view_in_geopackage(folder: Path) -> None:
    """A layer that is no table any more but computes what it shows."""
    with closing(sqlite3.connect(folder / "account.gpkg")) as base, base:
        _without_triggers(base)
        base.execute("ALTER TABLE league RENAME TO hidden")
        base.execute("CREATE VIEW league AS SELECT * FROM hidden")


def _field_in_geopackage(folder: Path) -> None:
    """A figure that nobody accounted for, beside the others."""
    with closing(sqlite3.connect(folder / "account.gpkg")) as base, base:
        base.execute("ALTER TABLE league ADD COLUMN rem_forest_2030 REAL")


def _without_triggers(base: sqlite3.Connection) -> None:
    """Those of the index of outlines call functions that only GDAL has."""
    for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        base.execute(f'DROP TRIGGER "{name}"')


TAMPERED: list[tuple[Callable[[Path], None], set[str]]] = [
    (_digit_of_csv, {"two_forms"}),
    (_account_everywhere, {"stocks_and_change", "workbook"}),
    (_sign_of_sink, {"change_and_sink", "reconciliation"}),
    (_parameter, {"parameters"}),
    (_areas, {"total_area"}),
    (_cell_of_workbook, {"workbook"}),
    (_figure_of_report, {"report"}),
    (_figure_of_page, {"page"}),
    (_figure_of_map, {"map"}),
    (_figure_of_geopackage, {"geopackage"}),
    (_outline_of_geopackage, {"geopackage"}),
    (_view_in_geopackage, {"geopackage"}),
    (_field_in_geopackage, {"geopackage"}),
]


@pytest.mark.parametrize(("change", "told"), TAMPERED, ids=[change.__name__[1:] for change, _ in TAMPERED])
def test_what_is_changed_in_a_run_is_found(
    copied: Path, change: Callable[[Path], None], told: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rasters are as they were, and reading them again takes most of the time: that is done by the tests below.
    monkeypatch.setattr("sinks.verification.verify.check_sample", lambda *given: ())
    change(copied)
    digests = Findings()
    check_files(Written(copied), digests)
    assert "failed" in set(digests.table()["verdict"])
    # Whoever signs what was changed is told by the figures.
    assert told <= failing(signed(copied))


def test_an_edited_list_of_files_is_found(copied: Path) -> None:
    path = copied / "run.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"draws": 200', '"draws": 2000'), encoding="utf-8")
    assert failing(copied) == {"manifest"}


@pytest.fixture
def swapped(place: Path, copied: Path) -> Any:
    """A run whose land cover of the last date is another file now; put back afterwards."""
    path, kept = place / "cover_2023.tif", copied.parent / "kept.tif"
    shutil.copy(path, kept)
    with rasterio.open(path) as dataset:
        data, profile = dataset.read(1), dataset.profile
    data[:, ::2] = np.where(data[:, ::2] == 2, 4, data[:, ::2])
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(data, 1)
    yield copied, path
    shutil.copy(kept, path)


def test_a_swapped_raster_is_named_and_not_read(swapped: tuple[Path, Path]) -> None:
    folder, path = swapped
    found = verify(folder)
    failed = found.failed()
    assert set(failed["check"]) == {"inputs"}
    assert path.name in failed["detail_en"].iloc[0]
    assert (found.table.loc[found.table["check"] == "sample_areas", "verdict"] == "not_tested").all()


def test_a_swapped_raster_that_is_signed_is_found_by_its_areas(swapped: tuple[Path, Path]) -> None:
    folder, _ = swapped
    assert failing(signed(folder)) >= {"sample_areas", "sample_changes"}


def test_an_input_that_was_moved_is_named(place: Path, copied: Path) -> None:
    path = place / "stock_2020.tif"
    path.rename(place / "elsewhere.tif")
    try:
        failed = verify(copied).failed()
    finally:
        (place / "elsewhere.tif").rename(path)
    assert list(failed["check"]) == ["inputs"]
    assert "stock_2020.tif" in failed["detail_zh"].iloc[0]


def test_the_verb_says_stores_and_ends_by_the_verdict(copied: Path) -> None:
    said = CliRunner().invoke(main, ["--lang", "en", "verify", str(copied)])
    assert said.exit_code == 0, said.output
    assert "checks hold" in said.output
    record = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    assert record["verification"]["verdict"] == "passed"
    assert (
        record["files"]["verification.csv"]["sha256"]
        == hashlib.sha256((copied / "verification.csv").read_bytes()).hexdigest()
    )
    # The folder is still the run's own, and still verifies.
    assert sinks.open_run(copied).record["verification"]["tested"] > 0
    again = CliRunner().invoke(main, ["verify", str(copied), "--json", "--seed", "7"])
    assert again.exit_code == 0, again.output
    assert json.loads(again.output)["seed"] == 7
    _digit_of_csv(copied)
    broken = CliRunner().invoke(main, ["verify", str(copied)])
    assert broken.exit_code == 1
    assert "account.csv" in broken.output


def test_page_one_says_what_the_second_path_found(copied: Path, tmp_path: Path) -> None:
    sinks.open_run(copied).verify()
    page = sinks.open_run(copied).html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "第二路径复核" in page


def test_a_run_that_is_written_anew_is_not_verified_yet(copied: Path, tmp_path: Path) -> None:
    sinks.open_run(copied).verify()
    again = sinks.open_run(copied).write(tmp_path / "again")
    assert "verification" not in sinks.open_run(again).record
    assert not (again / "verification.csv").exists()


def test_a_run_in_memory_is_asked_to_be_written_first(place: Path) -> None:
    from dataclasses import replace

    with pytest.raises(sinks.SinksError, match="write"):
        replace(sinks.open_run(place / "out"), folder=None).verify()


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(sinks.SinksError):
        sinks.verify(tmp_path)


# ---- stands ---------------------------------------------------------------------------------------------------------

STANDS = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's stands of one survey, and a run of them."""
    folder = tmp_path_factory.mktemp("surveyed")
    shutil.copy(STANDS / "vector" / "subcompartments_2020.gpkg", folder / "stands.gpkg")
    content: dict[str, Any] = {
        "project": {"name": "stands", "title": "stands", "dates": [2020], "draws": 0, "coverage_min": 0.0},
        "regions": {"builtin": "150000", "levels": ["league", "banner"], "within": "150700"},
        "vectors": {
            "stands": {
                "files": {"2020": "stands.gpkg"},
                "preset": "lincaoshi",
                "fields": {"grassland_type": {"codes": "grassland_nyt2997"}},
                "zero_volume": "observed",
            }
        },
        "methodologies": [{"id": "growing_stock_linear", "ecosystems": ["forest"]}],
    }
    sinks.run(sinks.Project.from_dict(content, folder=folder)).write(folder / "out")
    return folder


def test_stands_are_cut_and_added_up_again(surveyed: Path) -> None:
    found = verify(surveyed / "out")
    assert found.ok, found.failed().to_dict("records")
    (row,) = found.table[found.table["check"] == "stands"].to_dict("records")
    assert row["verdict"] == "passed"
    # Area, areas by code of the land, and four inputs.
    assert row["tested"] > 5


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE subcompartments SET DLBM = '0401' WHERE DLBM = '0301' AND fid % 2 = 0",
        "UPDATE subcompartments SET MEI_GQ_XJ = MEI_GQ_XJ * 1.001",
        "DELETE FROM subcompartments WHERE fid = (SELECT fid FROM subcompartments WHERE DLBM = '0301' LIMIT 1)",
    ],
)
def test_a_swapped_layer_of_stands_is_found_by_its_figures(change: str, surveyed: Path, tmp_path: Path) -> None:
    """Whatever its digest says: the check of the digest has let it pass here."""
    path = tmp_path / "stands.gpkg"
    shutil.copy(surveyed / "stands.gpkg", path)
    with closing(sqlite3.connect(path)) as base, base:
        _without_triggers(base)
        base.execute(change)
    run = Written(surveyed / "out")
    for folder, verdict in ((tmp_path, "failed"), (surveyed, "passed")):
        run.record["folder"] = str(folder)
        found = Findings()
        check_stands(run, {str((folder / "stands.gpkg").resolve())}, 1, found)
        assert [row["verdict"] for row in found.rows] == [verdict]
    check_stands(run, set(), 1, found)
    assert found.rows[-1]["verdict"] == "not_tested", (
        "a file that is not the run's is named by its digest, and not read"
    )
