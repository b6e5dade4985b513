"""The run folder: read back equal, whole or not at all, and safe to open."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from sinks.account.totals import COLUMNS
from sinks.activity import Activity
from sinks.errors import AccountError, RunError
from sinks.results import atomic, csv_tables
from sinks.results import run_folder as folder
from sinks.results.contents import StoredRegions
from sinks.results.run_folder import read_run, write_run
from sinks.results.shown_tables import (
    check_account,
)
from support.finished_run import make_account, make_contents
from support.problems import ids

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
    "ro-crate-metadata.json",
}


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


def test_locks_that_were_taken_away_and_could_not_be_removed_go_with_the_next_run(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f".run.lock-00000000-1-1-0000000{number}").write_text("-00000000-1-1-00000000")
    write_run(make_contents(), tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


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
@pytest.mark.parametrize(
    "step",
    ["geopackage.write_geopackage", "run_folder._write_manifest", "atomic.sync", "atomic.put_in_place"],
)
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str, step: str
) -> None:
    monkeypatch.setattr(f"sinks.results.{step}", failing(error))
    monkeypatch.setattr("sinks.results.workbook.write_workbook", lambda contents, path: path.write_bytes(b"x"))
    with pytest.raises(RunError) as raised:
        write_run(make_contents(), tmp_path / "made" / "for it" / "run")
    assert ids(raised) == [problem]
    assert list(tmp_path.iterdir()) == []


def test_a_defect_leaves_nothing_behind_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.results.workbook.write_workbook", failing(ZeroDivisionError()))
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
    assert [name for name in book.sheetnames if name.startswith("汇总")] == ["汇总", "汇总 (2)", "汇总 (3)"]
    assert "示范数据" not in "".join(str(cell.value) for row in book["说明"].iter_rows() for cell in row)
    read = read_run(out)
    assert read.activity.changes.empty
    assert_frame_equal(read.parameters_used, bare.parameters_used)


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


def test_the_time_of_a_run_is_that_of_china() -> None:
    contents = make_contents(record=make_contents().record | {"created": "2026-01-31T17:30:00+00:00"})
    assert contents.time == "2026-02-01 01:30（北京时间）"
    assert contents.created.date().isoformat() == "2026-02-01"


def test_an_empty_account_makes_a_run_too(tmp_path: Path) -> None:
    out = write_run(make_contents(account=make_account().iloc[:0]), tmp_path / "run")
    assert read_run(out).account.empty


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
