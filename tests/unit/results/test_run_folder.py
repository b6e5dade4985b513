"""The run folder: read back equal, whole or not at all, and safe to open."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import psutil
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import box

from sinks.account.findings import Findings
from sinks.account.totals import COLUMNS
from sinks.activity import Activity
from sinks.errors import AccountError, RunError
from sinks.results import atomic, csv_tables
from sinks.results import run_folder as folder
from sinks.results.contents import RunContents, StoredRegions
from sinks.results.labels import labels, stratum_name
from sinks.results.run_folder import read_run, write_run
from sinks.results.sheets import sheet_name
from sinks.results.shown_tables import (
    activity_summary,
    check_account,
    ecosystem_by_pool,
    in_ten_thousands,
    round_to_total,
    shown_checks,
    summary_table,
    transition_matrix,
    units_of,
)
from sinks.results.workbook import write_workbook
from sinks.text import LANGUAGES, using_language
from sinks.vocabulary import ALL

EVIL = "=cmd|' /C calc'!A0"
FILES = {
    "account.parquet",
    "account.csv",
    "comparison.csv",
    "account.xlsx",
    "account.gpkg",
    "activity.parquet",
    "transitions.parquet",
    "units.parquet",
    "comparison.parquet",
    "regions.parquet",
    "checks.csv",
    "parameters.csv",
    "sources.csv",
    "run.json",
}

# Two leagues of one region: (code, ecosystem) -> stock 2020 and 2023 [t C]; 150700 has no wetland and loses grassland.
STOCK = {
    ("150600", "forest"): (1_000_000.0, 1_300_000.0),
    ("150600", "wetland"): (50_000.0, 50_000.0),
    ("150700", "forest"): (2_000_000.0, 2_060_000.0),
    ("150700", "grassland"): (900_000.0, 600_000.0),
}
NAMES = {"150000": ("内蒙古自治区", "region"), "150600": ("鄂尔多斯市", "league"), "150700": (EVIL, "league")}


def make_account() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []

    def add(code: str, eco: str, stratum: str, pool: str, quantity: str, period: str, value: float, unit: str) -> None:
        name, level = NAMES[code]
        spread = abs(value) * 0.1
        low, high = (float("nan"),) * 2 if quantity == "area" else (value - spread, value + spread)
        rows.append((code, name, level, eco, stratum, pool, quantity, period, value, low, high, unit, "m", 0.9))

    for code in ("150000", "150600", "150700"):
        stock = {eco: pair for (region, eco), pair in STOCK.items() if region == code}
        if code == "150000":
            ecos = {eco for _, eco in STOCK}
            stock = {
                eco: (
                    sum(pair[0] for (_, e), pair in STOCK.items() if e == eco),
                    sum(pair[1] for (_, e), pair in STOCK.items() if e == eco),
                )
                for eco in sorted(ecos)
            }
        stock[ALL] = (sum(p[0] for p in stock.values()), sum(p[1] for p in stock.values()))
        for eco, (first, last) in stock.items():
            add(code, eco, ALL, ALL, "area", "2020", first / 50, "ha")
            for pool, share in (("biomass", 0.25), ("soil_organic_carbon", 0.75), (ALL, 1.0)):
                add(code, eco, ALL, pool, "carbon_stock", "2020", first * share, "t C")
                add(code, eco, ALL, pool, "carbon_stock", "2023", last * share, "t C")
                removals = (last - first) * share / 3 * 44 / 12
                add(code, eco, ALL, pool, "net_removals", "2020-2023", removals, "t CO2/yr")
            if eco != ALL:
                add(code, eco, EVIL, "biomass", "carbon_stock", "2020", first * 0.25, "t C")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def make_contents(**changed: Any) -> RunContents:
    frame = gpd.GeoDataFrame(
        {
            "code": list(NAMES),
            "name": [name for name, _ in NAMES.values()],
            "level": [level for _, level in NAMES.values()],
            "parent": [None, "150000", "150000"],
        },
        geometry=[box(108, 38, 112, 40), box(108, 38, 110, 40), box(110, 38, 112, 40)],
        crs="EPSG:4490",
    )
    states = pd.DataFrame(
        {
            "source": "land_cover",
            "region_code": ["150600", "150600", "150700"],
            "date": "2020",
            "land_cover": ["2", "12", "2"],
            "class": ["forest", "forest", "forest"],
            "ecosystem": "forest",
            "area_ha": [100.0, 300.0, 50.0],
            "growing_stock": [80.0, 40.0, float("nan")],
            "growing_stock_sd": [1.0, 1.0, float("nan")],
            "growing_stock_observed_ha": [100.0, 100.0, 0.0],
        }
    )
    changes = pd.DataFrame(
        {
            "source": "land_cover",
            "region_code": ["150600", "150600", "150700", "150700"],
            "date_from": "2020",
            "date_to": "2023",
            "land_cover_from": ["2", "4", "2", ""],
            "class_from": ["forest", "grassland", "forest", "nodata"],
            "ecosystem_from": ["forest", "grassland", "forest", "nodata"],
            "land_cover_to": ["2", "2", "4", ""],
            "class_to": ["forest", "forest", "grassland", "nodata"],
            "ecosystem_to": ["forest", "forest", "grassland", "nodata"],
            "area_ha": [100.0, 20.0, 5.0, 1.0],
        }
    )
    units = pd.DataFrame({"region_code": ["150600", "150700"], "area_ha": [420.0, 60.0], "cells": [42, 6]})
    parameters = pd.DataFrame(
        {
            "methodology": "m",
            "parameter": ["bcef", "bcef", "carbon_fraction"],
            "species_group": ["larch", "150", None],
            "value": [0.1 + 0.2, 1.0, 0.47],
            "unit": ["t DM/m3", "t DM/m3", ""],
            "low": [0.1, float("nan"), 0.4],
            "high": [0.5, float("nan"), 0.5],
            "basis": ["read", "memory", "read"],
            "unverified": [False, True, False],
            "source": "ipcc",
            "locator": ["Table 4.5", "-", "'quoted'"],
            "note": [EVIL, 'two\nlines, "quoted"', "@SUM(1)"],
        }
    )
    sources = pd.DataFrame(
        {
            "key": ["ipcc"],
            "title": ["+1 Guidelines"],
            "title_zh": ["指南"],
            "issuer": ["IPCC"],
            "year": [2006],
            "identifier": ["\tx"],
            "url": [None],
        }
    )
    checks = pd.DataFrame(
        [["sum", "passed", "", "", "", "", ""], ["areas", "failed", "Hulunbuir", "150700", "-5 %", "-5 %", "-5 %"]],
        columns=list(Findings.COLUMNS),
    )
    record = {
        "created": "2026-01-31T08:00:00+00:00",
        "demonstration": True,
        "title": "演示",
        "project": {"dates": ["2020", "2023"], "draws": 1000, "share": 0.25},
    }
    contents = RunContents(
        make_account(),
        StoredRegions(frame),
        Activity(states, units, changes, strata=("species_group",), inputs=("growing_stock",)),
        parameters,
        sources,
        checks,
        record,
        make_account().iloc[5:8].assign(methodology="another").reset_index(drop=True),
    )
    return replace(contents, **changed)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(make_contents(), tmp_path_factory.mktemp("runs") / "deep" / "run")


def ids(raised: pytest.ExceptionInfo[Any]) -> list[str]:
    return [problem.id for problem in raised.value.problems]


# --- the folder ---------------------------------------------------------------------------------------------------


def test_a_run_is_read_back_equal(run: Path) -> None:
    wrote, read = make_contents(), read_run(run)
    assert {path.name for path in run.iterdir()} == FILES
    for name in ("account", "comparison", "parameters_used", "sources", "checks"):
        assert_frame_equal(getattr(read, name), getattr(wrote, name), check_exact=True)
    for name in ("states", "changes", "units"):
        assert_frame_equal(getattr(read.activity, name), getattr(wrote.activity, name), check_exact=True)
    assert read.record == wrote.record
    assert (read.activity.strata, read.activity.inputs) == (wrote.activity.strata, wrote.activity.inputs)
    before, after = wrote.regions.frame, read.regions.frame
    assert_frame_equal(pd.DataFrame(after.drop(columns="geometry")), pd.DataFrame(before.drop(columns="geometry")))
    assert after.geometry.geom_equals_exact(before.geometry, 0).all()
    assert after.crs == before.crs


def test_the_account_as_csv_opens_in_excel_and_keeps_every_number(run: Path) -> None:
    assert (run / "account.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(run / "account.csv", dtype={"region_code": str}, encoding="utf-8-sig")
    assert list(back.columns) == [*COLUMNS, "notice"]
    assert back["notice"].str.contains("示范数据").all()
    assert back["value"].tolist() == make_contents().account["value"].tolist()


def test_equal_contents_give_equal_bytes(run: Path, tmp_path: Path) -> None:
    again = write_run(make_contents(), tmp_path / "again")
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in run.iterdir()}


def test_an_existing_folder_is_refused_and_replaced_only_on_request(tmp_path: Path) -> None:
    out = write_run(make_contents(), tmp_path / "run")
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out)
    assert ids(raised) == ["output.exists"]
    record = {**make_contents().record, "title": "second"}
    write_run(make_contents(record=record), out, force=True)
    assert read_run(out).record["title"] == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("name", "problem"), [("notes.docx", "output.foreign_files"), (None, "output.not_a_run_to_replace")]
)
def test_force_never_deletes_what_the_run_did_not_write(tmp_path: Path, name: str | None, problem: str) -> None:
    out = tmp_path / "run"
    if name:
        write_run(make_contents(), out)
    out.mkdir(exist_ok=True)
    (out / (name or "thesis.docx")).write_text("mine")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == [problem]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_what_was_made_from_a_run_is_replaced_with_it_unless_it_was_edited(tmp_path: Path) -> None:
    out = write_run(make_contents(), tmp_path / "run")
    report = out / "report" / "150700.docx"
    report.parent.mkdir()
    report.write_text("as generated")
    folder.note_derived(out, [report])
    write_run(make_contents(), out, force=True)
    assert not report.exists()
    report.parent.mkdir()
    report.write_text("as generated")
    folder.note_derived(out, [report])
    report.write_text("edited by hand")
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == ["output.foreign_files"]
    assert report.read_text() == "edited by hand"


def edit(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    book.active["Z99"] = "two hours of work"
    book.save(path)


def listed_with_another_digest(out: Path) -> str:
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    (out / "budget.xlsx").write_bytes(b"mine")
    manifest["files"]["budget.xlsx"] = {"bytes": 4, "sha256": "0" * 64}
    (out / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    return "budget.xlsx"


def listed_with_its_digest(out: Path) -> str:
    """Whoever edits the list makes it his own word and not that of the run."""
    manifest = json.loads((out / "run.json").read_text(encoding="utf-8"))
    (out / "budget.xlsx").write_bytes(b"mine")
    manifest["files"]["budget.xlsx"] = {"bytes": 4, "sha256": folder.sha256(out / "budget.xlsx")}
    (out / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    return "budget.xlsx"


def edited_workbook(out: Path) -> str:
    edit(out / "account.xlsx")
    return "account.xlsx"


def unsaved_edits_of_qgis(out: Path) -> str:
    (out / "account.gpkg-wal").write_bytes(b"edits")
    return "account.gpkg-wal"


def a_link(out: Path) -> str:
    mine = out.parent / "mine.csv"
    mine.write_bytes((out / "account.csv").read_bytes())
    (out / "account.csv").unlink()
    (out / "account.csv").symlink_to(mine)
    return "account.csv"


def a_link_to_a_folder(out: Path) -> str:
    (out / "maps").symlink_to(out.parent, target_is_directory=True)
    return "maps"


def a_style_in_a_folder(out: Path) -> str:
    (out / "styles").mkdir()
    (out / "styles" / "forest.qml").write_text("mine")
    return "styles/forest.qml"


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make symbolic links")
@pytest.mark.parametrize(
    "change",
    [
        listed_with_another_digest,
        listed_with_its_digest,
        edited_workbook,
        unsaved_edits_of_qgis,
        a_link,
        a_link_to_a_folder,
        a_style_in_a_folder,
    ],
)
def test_force_removes_by_digest_what_the_run_wrote_and_nothing_else(
    tmp_path: Path, change: Callable[[Path], str]
) -> None:
    out = write_run(make_contents(), tmp_path / "run")
    name = change(out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == ["output.foreign_files"]
    assert name in raised.value.problems[0].values["names"]
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_what_is_saved_while_the_run_is_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the old folder is set aside it refuses; at the very last moment the old folder stays beside."""
    out = write_run(make_contents(), tmp_path / "run")
    monkeypatch.setattr(folder.atomic, "sync", lambda temporary: (out / "note.txt").write_text("mine"))
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == ["output.foreign_files"]
    monkeypatch.undo()
    (out / "note.txt").unlink()
    put = atomic.put_in_place

    def later(temporary: Path, out: Path) -> None:
        (out / "note.txt").write_text("mine")
        put(temporary, out)

    monkeypatch.setattr(folder.atomic, "put_in_place", later)
    write_run(make_contents(record={**make_contents().record, "title": "second"}), out, force=True)
    assert read_run(out).record["title"] == "second"
    assert [path.name for path in (tmp_path / "run.kept-1").iterdir()] == ["note.txt"]


def test_a_manifest_that_the_disk_does_not_give_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = write_run(make_contents(), tmp_path / "run")
    read = Path.read_text

    def failing_read(self: Path, *args: Any, **kwargs: Any) -> str:
        if self == out / "run.json":
            raise OSError(errno.EIO, "Input/output error")
        return read(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", failing_read)
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == ["output.write_failed"]


def test_two_runs_into_one_folder_exclude_each_other(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with folder.destination(out), ThreadPoolExecutor(1) as other:
        with pytest.raises(RunError) as raised:
            other.submit(write_run, make_contents(), out).result()
        assert ids(raised) == ["output.busy"]
        write_run(make_contents(), out)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    # That of a process that was killed does not keep anybody out; that of another machine does.
    (tmp_path / ".run.lock").write_text(f"-{atomic._host()}-{os.getpid()}-1-00000000")
    write_run(make_contents(), out, force=True)
    (tmp_path / ".run.lock").write_text("-00000000-1-1-00000000")
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == ["output.busy"]


@pytest.mark.parametrize("name", ["x" * 300, "x" * 240])
def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError) as raised, folder.destination(tmp_path / "made" / name):
        pytest.fail("the name is too long for the disk")
    assert ids(raised) == ["output.write_failed"]
    assert list(tmp_path.iterdir()) == []


def failing(error: Exception) -> Callable[..., None]:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "output.disk_full"),
        (PermissionError(errno.EACCES, "used by another process"), "output.locked"),
        (sqlite3.OperationalError("database or disk is full"), "output.disk_full"),
        (OSError(errno.EIO, "Input/output error"), "output.write_failed"),
    ],
)
@pytest.mark.parametrize("step", ["write_geopackage", "_write_manifest", "atomic.sync", "atomic.put_in_place"])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str, step: str
) -> None:
    monkeypatch.setattr(f"sinks.results.run_folder.{step}", failing(error))
    monkeypatch.setattr(folder, "write_workbook", lambda contents, path: path.write_bytes(b"x"))
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), tmp_path / "made" / "for it" / "run")
    assert ids(raised) == [problem]
    assert list(tmp_path.iterdir()) == []


def test_a_defect_leaves_nothing_behind_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "write_workbook", failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        write_run(make_contents(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [1, 2])
def test_the_old_result_survives_a_failed_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    out = write_run(make_contents(), tmp_path / "run")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    rename, calls = Path.rename, []

    def failing_rename(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == number:
            raise PermissionError(errno.EACCES, "account.xlsx is open")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing_rename)
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out, force=True)
    assert ids(raised) == ["output.locked"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_leftovers_of_a_killed_attempt_are_cleaned_and_live_ones_kept(tmp_path: Path) -> None:
    here, pid, started = atomic._host(), os.getpid(), int(psutil.Process().create_time())
    live, elsewhere = f"{here}-{pid}-{started}-00000000", f"00000000-{pid}-1-00000000"
    for owner in (f"{here}-{pid}-1-00000000", live, elsewhere):
        partial = tmp_path / f".run.partial-{owner}"
        partial.mkdir()
        (partial / "account.csv").write_text("half")
    write_run(make_contents(), tmp_path / "run")
    assert {p.name for p in tmp_path.iterdir()} == {"run", f".run.partial-{live}", f".run.partial-{elsewhere}"}


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make symbolic links")
def test_a_link_to_a_run_stays_a_link(tmp_path: Path) -> None:
    real = write_run(make_contents(), tmp_path / "real")
    link = tmp_path / "latest"
    link.symlink_to(real, target_is_directory=True)
    record = {**make_contents().record, "title": "second"}
    assert write_run(make_contents(record=record), link, force=True) == real
    assert link.is_symlink()
    assert read_run(link).record["title"] == "second"


def test_a_replacement_killed_between_its_renames_gives_the_old_result_back(tmp_path: Path) -> None:
    out = write_run(make_contents(), tmp_path / "run")
    out.rename(tmp_path / ".run.replaced-0")
    with pytest.raises(RunError) as raised:
        read_run(out)
    assert ids(raised) == ["output.interrupted"]
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), out)
    assert ids(raised) == ["output.exists"]
    assert read_run(out).record == make_contents().record


def test_a_folder_that_is_no_run_or_is_damaged_is_named(run: Path, tmp_path: Path) -> None:
    def problem(path: Path) -> list[str]:
        with pytest.raises(RunError) as raised:
            read_run(path)
        return ids(raised)

    assert problem(tmp_path / "nowhere") == ["output.no_run"]
    assert problem(tmp_path) == ["output.not_a_run"]
    copy = write_run(make_contents(), tmp_path / "copy")
    (copy / "sources.csv").write_text("edited")
    (copy / "units.parquet").unlink()
    # Saved again in Excel or QGIS: nobody reads these back.
    (copy / "account.xlsx").write_bytes(b"saved again")
    (copy / "account.gpkg").unlink()
    assert sorted(problem(copy)) == ["output.file_changed", "output.file_missing"]
    manifest = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    (copy / "run.json").write_text(json.dumps({**manifest, "format_version": 99}))
    assert problem(copy) == ["output.newer_format"]
    (copy / "run.json").write_text("{")
    assert problem(copy) == ["output.not_a_run"]


def test_contents_that_cannot_be_shown_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    contents = make_contents()
    bad = contents.regions.frame.iloc[:2].to_crs("EPSG:4326")
    with pytest.raises(RunError) as raised:
        write_run(make_contents(regions=StoredRegions(bad), record={"created": "today"}), tmp_path / "run")
    assert ids(raised) == [
        "output.record_incomplete",
        "output.bad_created",
        "output.regions_crs",
        "output.region_without_geometry",
    ]
    twice = pd.concat([contents.account, contents.account.iloc[:1].assign(ecosystem="moon")])
    twice = pd.concat([twice, contents.account.iloc[:1]])
    with pytest.raises(AccountError) as raised_account:
        check_account(twice)
    assert ids(raised_account) == ["output.unknown_word", "output.duplicate_row"]
    assert list(tmp_path.iterdir()) == []


def test_one_date_one_level_and_no_parameters_make_a_run_too(tmp_path: Path) -> None:
    contents = make_contents()
    account = contents.account[(contents.account["level"] == "league") & (contents.account["period"] == "2020")]
    frame = contents.regions.frame.iloc[1:].assign(parent=None, name="汇总")
    activity = Activity(contents.activity.states, contents.activity.units)
    bare = make_contents(
        account=account,
        regions=StoredRegions(frame),
        activity=activity,
        parameters_used=contents.parameters_used.iloc[:0, :2],
        sources=pd.DataFrame([]),
        comparison=contents.account.iloc[:0],
        checks=contents.checks.iloc[:0],
        record={"created": "2026-01-31T08:00:00", "demonstration": False},
    )
    out = write_run(bare, tmp_path / "run")
    book = openpyxl.load_workbook(out / "account.xlsx")
    assert book.sheetnames[1:4] == ["汇总", "汇总 (2)", "汇总 (3)"]
    assert "示范数据" not in "".join(str(cell.value) for row in book["说明"].iter_rows() for cell in row)
    read = read_run(out)
    assert read.activity.changes.empty
    assert_frame_equal(read.parameters_used, bare.parameters_used)


# --- text that must stay text ---------------------------------------------------------------------------------------


def test_no_csv_cell_can_become_a_formula(run: Path) -> None:
    for name in ("account", "parameters", "sources", "checks"):
        for column in (
            cells := pd.read_csv(run / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
        ):
            numeric = pd.to_numeric(cells[column], errors="coerce").notna()
            assert not cells.loc[~numeric, column].str.startswith(csv_tables.FORMULA_STARTS).any()


@given(st.text())
def test_the_csv_guard_is_taken_off_again(cell: str) -> None:
    assert csv_tables._unguard(csv_tables._guard(cell)) == cell
    assert not csv_tables._guard(cell).startswith(csv_tables.FORMULA_STARTS)


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(run: Path) -> None:
    book = openpyxl.load_workbook(run / "account.xlsx")
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in ("s", "n") and cell.hyperlink is None for cell in found)
    assert any(cell.value == EVIL for cell in found)


@given(st.lists(st.text(), max_size=6))
def test_sheet_names_are_legal_and_unique(wanted: list[str]) -> None:
    names: list[str] = []
    for text in wanted:
        names.append(sheet_name(text, names))
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
        assert not name.endswith("'")
        assert name.casefold() != "history"


# --- workbook and GeoPackage against the account --------------------------------------------------------------------


def rows_of(run: Path, sheet: str) -> pd.DataFrame:
    return pd.read_excel(run / "account.xlsx", sheet_name=sheet, dtype={"地区代码": str})


def test_the_summary_sheet_says_what_the_account_says(run: Path) -> None:
    summary = rows_of(run, "汇总").set_index(["地区代码", "生态系统"])
    account = make_contents().account.set_index(["region_code", "ecosystem", "stratum", "pool", "quantity", "period"])
    removals = "2020-2023 年碳汇量（万tCO2/年）"
    total = account.loc[("150700", "all", "all", "all", "net_removals", "2020-2023"), "value"]
    assert total < 0
    assert summary.loc[("150700", "合计"), removals] == pytest.approx(total / 1e4, rel=1e-12)
    leagues = summary.loc["150600"].loc["合计"], summary.loc["150700"].loc["合计"]
    region = summary.loc["150000"].loc["合计"]
    for column in ("2020 面积（万ha）", "2023 碳储量（万tC）", removals):
        assert leagues[0][column] + leagues[1][column] == pytest.approx(region[column], rel=1e-9)
    low = summary.loc[("150600", "森林"), "2020 碳储量 95%区间下限（万tC）"]
    assert low == pytest.approx(90.0, rel=1e-12)
    assert ("150700", "湿地") not in summary.index


def test_methodologies_beside_the_account_stand_apart(run: Path) -> None:
    sheet = openpyxl.load_workbook(run / "account.xlsx")["方法对比"]
    rows = list(sheet.iter_rows(values_only=True))
    assert "不得与核算表的数值相加" in rows[0][0]
    assert {row[rows[1].index("方法学")] for row in rows[2:]} == {"another"}
    assert sheet.freeze_panes == "A3"


def test_a_region_has_its_pools_and_its_strata(run: Path) -> None:
    sheet = openpyxl.load_workbook(run / "account.xlsx")["鄂尔多斯市"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(n for n, row in enumerate(cells) if row[0] == "2020 碳储量（万tC）") + 1
    assert cells[header][:4] == ["生态系统", "生物量（地上与地下未分）", "土壤有机碳", "合计"]
    assert cells[header + 1][:4] == ["森林", 25.0, 75.0, 100.0]
    assert [row[0] for row in cells[header + 1 : header + 4]] == ["森林", "湿地", "合计"]
    assert any(row[0] == "分层明细" for row in cells)


def test_the_transition_sheet_has_row_and_column_totals(run: Path) -> None:
    table = rows_of(run, "转移矩阵")
    whole = table[table["地区代码"] == "150000"].set_index("期初生态系统")
    assert whole.loc["合计", "转为 合计（ha）"] == 126.0
    assert whole.loc["草原", "转为 森林（ha）"] == 20.0
    assert whole.loc["合计", "转为 森林（ha）"] == 120.0
    assert whole.loc["森林", "转为 合计（ha）"] == 105.0


@pytest.mark.parametrize(("lang", "first", "summary"), [("zh", "说明", "汇总"), ("en", "Read me", "Summary")])
def test_the_first_sheet_warns_in_either_language(tmp_path: Path, lang: str, first: str, summary: str) -> None:
    with using_language(lang):
        out = write_run(make_contents(), tmp_path / "run")
    book = openpyxl.load_workbook(out / "account.xlsx")
    assert book.sheetnames[:2] == [first, summary]
    text = "\n".join(str(cell.value) for row in book[first].iter_rows() for cell in row)
    assert "示范数据" in text
    assert "Hulunbuir" in text
    assert ("1 行未经原文核实" if lang == "zh" else "1 of them are not verified") in text
    assert book[summary].freeze_panes == "E2"
    assert book[summary].auto_filter.ref is not None


def cells_of(contents: RunContents, sheet: str, path: Path) -> list[list[Any]]:
    write_workbook(contents, path)
    return [list(row) for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]


def test_the_workbook_calls_things_by_name_and_not_by_id(tmp_path: Path) -> None:
    parameters = pd.DataFrame(
        {
            "methodology": "growing_stock_bef",
            "role": "record",
            "parameter": ["bef", "soil_organic_carbon"],
            "species_group": ["larch", ""],
            "distribution": ["", ""],
            "value": [1.5, 90.0],
            "interval": ["sd", "+-%"],
            "basis": ["memory", "user"],
            "unverified": [True, False],
        }
    )
    budget = pd.DataFrame(
        {
            "region_code": ["150600", "all"],
            "region_name": ["鄂尔多斯市", ""],
            "year": [2023, 2023],
            "quantity": ["room", "rule.k"],
            "value": [1234567.8, 0.5],
            "basis": ["computed", "assumed"],
        }
    )
    record = make_contents().record | {
        "methodologies": [{"id": "growing_stock_bef", "title": {"zh": "扩展因子法", "en": "Expansion factors"}}]
    }
    contents = make_contents(parameters_used=parameters, tables={"budget_annual": budget}, record=record)
    head, *rows = cells_of(contents, "采用参数", tmp_path / "account.xlsx")
    assert head == ["方法学", "用途", "参数", "树种组", "数值", "区间类型", "依据", "核实情况"]
    assert rows == [
        ["扩展因子法", "正式核算", "生物量扩展因子", "落叶松", 1.5, "标准差", "凭记忆", "未核实"],
        # A figure of one's own is called neither verified nor unverified.
        ["扩展因子法", "正式核算", "土壤有机碳", "", 90, "相对误差", "本单位数据", "本单位数据"],
    ]
    _, room, rule = cells_of(contents, "年度碳预算", tmp_path / "account.xlsx")
    assert room[3:6] == ["余量", 1234567.8, "核算"]
    assert rule == ["", "合计", 2023, "抵扣系数 k", 0.5, "假定"]


def test_classes_of_a_stratum_have_names_in_both_languages() -> None:
    assert stratum_name("cool_temperate_dry / hac / cropland > forest") == "冷温带干旱 / 高活性黏土 / 耕地 > 森林"
    with using_language("en"):
        assert stratum_name("larch") == "Larch"
    # Land comes before a class of soil of the same word, and a word of the project's own stays.
    assert stratum_name("wetland") == "湿地"
    assert stratum_name("自定义") == "自定义"


def test_the_time_of_a_run_is_that_of_china() -> None:
    contents = make_contents(record=make_contents().record | {"created": "2026-01-31T17:30:00+00:00"})
    assert contents.time == "2026-02-01 01:30（北京时间）"
    assert contents.created.date().isoformat() == "2026-02-01"


def test_a_check_is_placed_in_words() -> None:
    checks = pd.DataFrame(
        [["coverage_pool", "warning", "海南区 forest", "", "", "", ""]], columns=list(Findings.COLUMNS)
    )
    assert shown_checks(checks)["where"].tolist() == ["海南区 森林"]


def test_every_label_is_there_in_both_languages() -> None:
    placeholders = {key: [set(_fields(text)) for text in (both.zh, both.en)] for key, both in labels().items()}
    assert all(zh == en for zh, en in placeholders.values())
    assert all(all(both) for both in labels().values())
    assert len(LANGUAGES) == 2


def _fields(template: str) -> list[str]:
    from string import Formatter

    return [name for _, name, _, _ in Formatter().parse(template) if name]


def test_the_geopackage_has_a_layer_per_level_with_the_figures(run: Path) -> None:
    path = run / "account.gpkg"
    assert [str(name) for name, _ in pyogrio.list_layers(path)] == ["region", "league"]
    leagues = pyogrio.read_dataframe(path, layer="league").set_index("code")
    assert leagues.crs.to_epsg() == 4490
    assert leagues.loc["150600", "stock_forest_2020"] == 1_000_000.0
    assert leagues.loc["150700", "rem_total_2020_2023"] == pytest.approx(-240_000 / 3 * 44 / 12)
    assert leagues.loc["150700", "rem_total_2020_2023_low"] < leagues.loc["150700", "rem_total_2020_2023"]
    assert pd.isna(leagues.loc["150700", "stock_wetland_2020"])
    assert leagues.loc["150700", "cov_stock_2020"] == 0.9
    assert set(leagues["notice"]) == {"示范数据"}
    assert leagues.columns.str.fullmatch(r"[a-z0-9_]+").all()


def test_the_geopackage_fields_have_chinese_aliases(run: Path) -> None:
    with closing(sqlite3.connect(run / "account.gpkg")) as database:
        alias = database.execute(
            "SELECT name FROM gpkg_data_columns WHERE table_name = 'league' AND column_name = 'stock_forest_2020'"
        ).fetchone()
    assert alias == ("2020 森林 碳储量（t C）",)


# --- pivots ---------------------------------------------------------------------------------------------------------


def test_summary_table_orders_selects_and_leaves_gaps() -> None:
    table = summary_table(make_account(), level="league", period=["2020", "2020-2023"])
    assert [code for code, _ in table.index] == ["150600"] * 3 + ["150700"] * 3
    assert [eco for _, eco in table.index] == ["forest", "wetland", "all", "forest", "grassland", "all"]
    assert ("carbon_stock", "2023", "value") not in table.columns
    assert ("area", "2020", "low") not in table.columns
    scaled = in_ten_thousands(table)
    assert scaled.loc[("150600", "forest"), ("area", "2020", "value")] == 2.0
    assert scaled.loc[("150600", "forest"), ("area", "2020", "coverage")] == 0.9


def test_ecosystem_by_pool_keeps_a_missing_pool_missing() -> None:
    account = make_account()
    gone = (account["ecosystem"] == "wetland") & (account["pool"] == "biomass")
    table = ecosystem_by_pool(account[~gone], "150600", "2023")
    assert list(table.columns) == ["biomass", "soil_organic_carbon", "all"]
    assert pd.isna(table.loc["wetland", "biomass"])
    assert table.loc["forest"].tolist() == [325_000.0, 975_000.0, 1_300_000.0]


def test_transition_matrix_is_not_summed_over_sources() -> None:
    changes = make_contents().activity.changes
    matrix = transition_matrix(changes, "150700", "2020", "2023")
    assert list(matrix.index) == ["forest", "nodata", "all"]
    assert list(matrix.columns) == ["grassland", "nodata", "all"]
    assert matrix.loc["forest", "nodata"] == 0.0
    assert matrix.loc["all", "all"] == 6.0
    both = pd.concat([changes, changes.assign(source="stands")])
    with pytest.raises(AccountError) as raised:
        transition_matrix(both, "150700", "2020", "2023")
    assert ids(raised) == ["output.several_sources"]
    assert transition_matrix(both, "150700", "2020", "2023", source="stands").equals(matrix)


def test_activity_means_are_over_the_observed_area() -> None:
    table = activity_summary(make_contents().activity.states).set_index("region_code")
    assert table.loc["150600", "area_ha"] == 400.0
    assert table.loc["150600", "growing_stock"] == 60.0
    assert pd.isna(table.loc["150700", "growing_stock"])


def test_units_of_a_region_are_its_finest_parts() -> None:
    frame = make_contents().regions.frame
    assert units_of(frame, "150000") == ("150600", "150700")
    assert units_of(frame, "150700") == ("150700",)


def test_tables_of_nothing_are_empty() -> None:
    assert summary_table(make_account(), level="village").empty
    assert ecosystem_by_pool(make_account(), "999999", "2020").empty
    matrix = transition_matrix(make_contents().activity.changes, "999999", "2020", "2023")
    assert matrix.index.tolist() == matrix.columns.tolist() == ["all"]
    assert matrix.loc["all", "all"] == 0.0


def test_an_empty_account_makes_a_run_too(tmp_path: Path) -> None:
    out = write_run(make_contents(account=make_account().iloc[:0]), tmp_path / "run")
    assert read_run(out).account.empty


# --- rounding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "total", "printed", "adds_up"),
    [
        ([0.335, 0.335, 0.33], 1.0, ["0.34", "0.33", "0.33"], True),
        ([1.004, 1.004, 1.004], 3.012, ["1.01", "1.00", "1.00"], True),
        ([-0.335, -0.335, 0.67], 0.0, ["-0.33", "-0.34", "0.67"], True),
        ([2.5, float("nan"), -1.25], 1.25, ["2.50", None, "-1.25"], True),
        ([1.0, 2.0], 4.0, ["1.00", "2.00"], False),
        ([1.0, 2.0], float("nan"), ["1.00", "2.00"], False),
        ([], 0.0, [], True),
    ],
)
def test_printed_parts_add_up_or_say_that_they_do_not(
    parts: list[float], total: float, printed: list[str | None], adds_up: bool
) -> None:
    rounded = round_to_total(parts, total)
    assert [None if part is None else str(part) for part in rounded.parts] == printed
    assert rounded.adds_up is adds_up


@given(st.lists(st.floats(-1e6, 1e6), max_size=12), st.integers(0, 3))
def test_rounding_keeps_the_sum_and_moves_no_part_by_a_whole_step(parts: list[float], decimals: int) -> None:
    total = float(sum(map(Decimal, parts), Decimal(0)))
    rounded = round_to_total(parts, total, decimals)
    step = Decimal(1).scaleb(-decimals)
    assert rounded.adds_up
    assert sum((part for part in rounded.parts if part is not None), Decimal(0)) == rounded.total
    for part, value in zip(rounded.parts, parts, strict=True):
        assert part is not None
        assert abs(part - Decimal(repr(value))) <= step


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made" / "summary.html"
    atomic.write(path, b"first")

    def locked(*_: object) -> None:
        raise PermissionError(errno.EACCES, "open in Word")

    monkeypatch.setattr(os, "replace", locked)
    with pytest.raises(PermissionError):
        atomic.write(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"
