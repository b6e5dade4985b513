"""The run folder: a whole result or none, and the same result when it is read back.

The folder is written beside its destination and renamed at the end.  ``run.json`` is written last and lists every
file with its checksum, so data that were damaged or edited later are recognised.

What is made from a run later (reports, a map) stands in its folder too and is listed in ``derived.json`` with
checksums: a run may be replaced together with what was made from it, but not with a report that somebody has edited.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyogrio.errors import DataLayerError, DataSourceError, GeometryError

from sinks.activity import Activity
from sinks.errors import Problem, Problems, RunError
from sinks.results import atomic
from sinks.results.contents import RunContents, StoredRegions
from sinks.results.csv_tables import read_csv, write_csv
from sinks.results.ownership import (
    DERIVED_FILE,
    DIGEST,
    FORMAT,
    RESERVED,
    RUN_FILE,
    derived,
    foreign,
    manifest_text,
    parsed,
    sha256,
)
from sinks.results.ro_crate import write_crate
from sinks.results.shown_tables import check_account
from sinks.results.verified import KEY as VERIFIED
from sinks.text import message

FORMAT_VERSION = 1

WORKBOOK, GEOPACKAGE = "account.xlsx", "account.gpkg"
"""What is written for people and not read back."""

_ADDED = {*RESERVED, "tables", DIGEST}
# Beside Parquet, what is read back.  Excel and QGIS rewrite the other files when somebody saves a column width or a
# style, which damages nothing.
_READ_BACK = {"parameters.csv", "sources.csv", "checks.csv"}


def _failures() -> tuple[type[Exception], ...]:
    """What a disk that does not take a file is called by the libraries that write it."""
    from xlsxwriter.exceptions import XlsxWriterException

    return OSError, sqlite3.Error, DataSourceError, DataLayerError, GeometryError, XlsxWriterException


def _exports() -> dict[str, Callable[[RunContents, Path], None]]:
    """How the files for other programs are written; loaded where one is, since a run is read far more often."""
    from sinks.results.geopackage import write_geopackage
    from sinks.results.workbook import write_workbook

    return {WORKBOOK: write_workbook, GEOPACKAGE: write_geopackage}


def write_run(contents: RunContents, out: Path, force: bool = False, *, exports: bool = True) -> Path:
    """Write a run folder, whole or not at all.

    Parameters
    ----------
    contents : RunContents
        What to write.
    out : Path
        The folder; its parents are made when missing.
    force : bool
        Replace a run folder that is there.  It is replaced only when the new one is complete, and stays as it was on
        any failure.  A folder that is not a run, or holds files the run did not write, is never replaced.
    exports : bool
        With the workbook and the GeoPackage, which nothing reads back; :func:`write_exports` adds them later.

    Returns
    -------
    Path
        The folder, absolute and without symbolic links.

    Raises
    ------
    RunError
        The folder exists, cannot be replaced, or cannot be written (disk full, file open elsewhere).
    AccountError
        The account cannot be shown (see :func:`sinks.results.shown_tables.check_account`).
    """
    _check(contents)
    out = Path(out).resolve()
    try:
        with atomic.exclusive(out):
            atomic.recover(out)
            check_destination(out, force)
            with atomic.temporary(out) as temporary:
                _write_all(contents, temporary, exports)
                atomic.sync(temporary)
                # Somebody may have saved a file there while this was being written.
                check_destination(out, force)
                atomic.put_in_place(temporary, out)
    except _failures() as error:
        raise atomic.explained(error, out) from error
    return out


@contextmanager
def destination(out: Path, force: bool = False) -> Iterator[list[Path]]:
    """Hold a place for a run that is still to be made: no other run may use it meanwhile, and it can be written to.

    Yields
    ------
    list of Path
        Half-written folders beside it that other machines left, or are still writing.

    Raises
    ------
    RunError
        The run may not or cannot go there; said before the work is done and not after it.
    """
    out = Path(out).resolve()
    try:
        with atomic.exclusive(out):
            left = atomic.recover(out)
            check_destination(out, force)
            atomic.probe(out)
            yield left
    except _failures() as error:
        raise atomic.explained(error, out) from error


def read_run(path: Path) -> RunContents:
    """Read a run folder back.

    Parameters
    ----------
    path : Path
        A folder that :func:`write_run` wrote.

    Returns
    -------
    RunContents
        Equal to what was written, with the dtypes it had.

    Raises
    ------
    RunError
        The folder is missing, is not a run, or a file that is read is missing, damaged or edited.  The workbook, the
        GeoPackage, ``account.csv`` and ``comparison.csv`` are for people and are not read.
    """
    folder = Path(path)
    manifest = _manifest(folder)
    _check_files(folder, manifest["files"])

    def table(name: str) -> pd.DataFrame:
        return read_csv(folder / f"{name}.csv", manifest["files"][f"{name}.csv"]["columns"])

    return RunContents(
        account=pd.read_parquet(folder / "account.parquet"),
        regions=StoredRegions(gpd.read_parquet(folder / "regions.parquet")),
        activity=Activity(
            states=pd.read_parquet(folder / "activity.parquet"),
            changes=pd.read_parquet(folder / "transitions.parquet"),
            units=pd.read_parquet(folder / "units.parquet"),
            strata=tuple(manifest["files"]["activity.parquet"]["strata"]),
            inputs=tuple(manifest["files"]["activity.parquet"]["inputs"]),
        ),
        parameters_used=table("parameters"),
        sources=table("sources"),
        checks=table("checks"),
        comparison=pd.read_parquet(folder / "comparison.parquet"),
        tables={name: pd.read_parquet(folder / f"{name}.parquet") for name in manifest["tables"]},
        record={key: value for key, value in manifest.items() if key not in _ADDED},
    )


def write_exports(contents: RunContents, folder: Path) -> list[Path]:
    """Add workbook and GeoPackage to a run folder that was written without them.

    Returns
    -------
    list of Path
        What was written; nothing where both are there already.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    missing = {folder / name: write for name, write in _exports().items() if not (folder / name).is_file()}
    try:
        with atomic.exclusive(folder):
            for path, write in missing.items():
                with atomic.temporary(path) as place:
                    write(contents, place / path.name)
                    (place / path.name).replace(path)
            if missing:
                note_derived(folder, missing)
    except _failures() as error:
        raise atomic.explained(error, folder) from error
    return list(missing)


def note_derived(folder: Path, made: Iterable[Path]) -> None:
    """List files that were made from a run inside its folder, so that they may be replaced with it."""
    noted = derived(folder)
    noted |= {path.resolve().relative_to(folder.resolve()).as_posix(): sha256(path) for path in made}
    atomic.write(folder / DERIVED_FILE, json.dumps(noted, ensure_ascii=False, indent=2).encode())


def check_destination(out: Path, force: bool = False) -> None:
    """Raise when the run may not go to ``out``."""
    if not out.exists():
        return
    if not out.is_dir():
        raise RunError(Problem("output.not_a_folder", str(out)))
    if not force:
        raise RunError(Problem("output.exists", str(out)))
    if parsed(out) is None and any(out.iterdir()):
        raise RunError(Problem("output.not_a_run_to_replace", str(out)))
    if names := foreign(out):
        raise RunError(Problem("output.foreign_files", str(out), {"names": names}))


def _check(contents: RunContents) -> None:
    check_account(contents.account)
    problems = Problems()
    record = contents.record
    if _ADDED & set(record):
        raise ValueError(f"the record uses the reserved keys {sorted(_ADDED & set(record))}")
    lacking = [
        key for key, kind in (("created", str), ("demonstration", bool)) if not isinstance(record.get(key), kind)
    ]
    if lacking:
        problems.add("output.record_incomplete", RUN_FILE, keys=lacking)
    if "created" not in lacking:
        try:
            datetime.fromisoformat(record["created"])
        except ValueError:
            problems.add("output.bad_created", RUN_FILE, value=record["created"])
    frame = contents.regions.frame
    if frame.crs is None or frame.crs.to_epsg() != 4490:
        problems.add("output.regions_crs", "regions", found=frame.crs.to_string() if frame.crs else "-")
    unknown = set(contents.account["region_code"]) - set(frame["code"])
    if unknown:
        problems.add("output.region_without_geometry", "account", codes=unknown)
    problems.raise_as(RunError)


def _write_all(contents: RunContents, folder: Path, exports: bool) -> None:
    activity = contents.activity
    frames = {
        "account": contents.account,
        "comparison": contents.comparison,
        "activity": activity.states,
        "transitions": activity.changes,
        "units": activity.units,
        "regions": contents.regions.frame,
        **contents.tables,
    }
    for name, frame in frames.items():
        frame.reset_index(drop=True).to_parquet(folder / f"{name}.parquet", index=False)
    tables = {
        "account": _noticed(contents.account, contents.record),
        "comparison": _noticed(contents.comparison, contents.record),
        "parameters": contents.parameters_used,
        "sources": contents.sources,
        "checks": contents.checks,
        **{name: _noticed(frame, contents.record) for name, frame in contents.tables.items()},
    }
    # Types and roles of columns, which a CSV or Parquet file cannot hold itself; written to run.json by file name.
    notes: dict[str, dict[str, Any]] = {"activity.parquet": {"strata": activity.strata, "inputs": activity.inputs}}
    for name, frame in tables.items():
        notes[f"{name}.csv"] = {"columns": write_csv(frame, folder / f"{name}.csv")}
    if exports:
        for name, write in _exports().items():
            write(contents, folder / name)
    # What is written anew is not yet verified.
    record = {key: value for key, value in contents.record.items() if key != VERIFIED}
    write_crate(record, folder)
    _write_manifest({**record, "tables": list(contents.tables)}, folder, notes)


def _noticed(frame: pd.DataFrame, record: dict[str, Any]) -> pd.DataFrame:
    """A table for people, which is passed on without its folder: demonstration data say so in every row."""
    return frame.assign(notice=message("output.demonstration")) if record["demonstration"] else frame


def _write_manifest(record: dict[str, Any], folder: Path, notes: dict[str, dict[str, Any]]) -> None:
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        size = path.stat().st_size
        entries[path.name] = {"bytes": size, "sha256": sha256(path), **notes.get(path.name, {})}
    manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, **record, "files": entries}
    (folder / RUN_FILE).write_text(manifest_text(manifest, _plain), encoding="utf-8", newline="\n")


def _plain(value: object) -> object:
    """Numpy's scalars as the numbers they are; anything else does not belong into a record."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot stand in {RUN_FILE}")


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        for aside in atomic.siblings(folder, atomic.ASIDE):
            raise RunError(Problem("output.interrupted", str(folder), {"aside": str(aside)}))
        raise RunError(Problem("output.no_run", str(folder)))
    try:
        manifest = parsed(folder)
    except OSError:
        manifest = None
    if manifest is None:
        raise RunError(Problem("output.not_a_run", str(folder)))
    if manifest["format_version"] != FORMAT_VERSION:
        values = {"found": manifest["format_version"], "expected": FORMAT_VERSION}
        raise RunError(Problem("output.newer_format", str(folder), values))
    return manifest


def _check_files(folder: Path, files: dict[str, dict[str, Any]]) -> None:
    """Name every file that would be read and is not what the run wrote."""
    problems = Problems()
    for name, entry in files.items():
        if not name.endswith(".parquet") and name not in _READ_BACK:
            continue
        path = folder / name
        if not path.is_file():
            problems.add("output.file_missing", path)
            continue
        found = sha256(path)
        if found != entry["sha256"]:
            problems.add("output.file_changed", path, expected=entry["sha256"][:12], found=found[:12])
    problems.raise_as(RunError)
