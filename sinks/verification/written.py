"""The files of a run as anybody reads them: JSON, CSV, Parquet, and what run.json says of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from sinks.errors import Problem, RunError
from sinks.verification.findings import Deviation, Findings

MANIFEST, DERIVED, TABLE = "run.json", "derived.json", "verification.csv"
"""Lists of a run's files, and of what was made of it; the table that a verification leaves."""

_TEXT = ("region_code", "period", "stratum", "class", "land_cover", "year", "row")


@dataclass(frozen=True)
class Written:
    """A run folder.

    Raises
    ------
    RunError
        Of its properties: a file is not there or cannot be read.
    """

    folder: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """``run.json``."""
        found = self.json(MANIFEST)
        if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
            raise RunError(Problem("output.not_a_run", str(self.folder)))
        return found

    @property
    def project(self) -> dict[str, Any]:
        """The project with all that it left unsaid."""
        found = self.record.get("project")
        return found if isinstance(found, dict) else {}

    @cached_property
    def account(self) -> pd.DataFrame:
        """The account as people open it."""
        return self.csv("account")

    @cached_property
    def regions(self) -> gpd.GeoDataFrame:
        """Regions with their outlines."""
        return _read(self.folder / "regions.parquet", gpd.read_parquet)

    @cached_property
    def states(self) -> pd.DataFrame:
        """Land by date."""
        return self.parquet("activity")

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Land by pair of dates."""
        return self.parquet("transitions")

    @cached_property
    def unit_areas(self) -> pd.Series[float]:
        """Area [ha] by code of the regions that are not divided."""
        return self.parquet("units").set_index("region_code")["area_ha"]

    @cached_property
    def members(self) -> pd.DataFrame:
        """``region_code, inner``: for each region the undivided ones inside it, itself where it is one."""
        parents = dict(zip(self.regions["code"], self.regions["parent"].fillna(""), strict=True))
        divided = set(parents.values())
        pairs = []
        for unit in (code for code in parents if code not in divided):
            above, seen = unit, set()
            while above in parents and above not in seen:
                seen.add(above)
                pairs.append((above, unit))
                above = parents[above]
        return pd.DataFrame(pairs, columns=["region_code", "inner"])

    def csv(self, name: str, *, as_text: bool = False) -> pd.DataFrame:
        """A table for people, with the apostrophes taken off that keep spreadsheets from evaluating it."""
        kinds = "str" if as_text else dict.fromkeys(_TEXT, "str")
        options: dict[str, Any] = {"encoding": "utf-8-sig", "dtype": kinds, "keep_default_na": False, "na_values": [""]}
        frame: pd.DataFrame = _read(self.folder / f"{name}.csv", lambda path: pd.read_csv(path, **options))
        for column in frame.columns[[pd.api.types.is_string_dtype(kind) for kind in frame.dtypes]]:
            frame[column] = frame[column].str.removeprefix("'")
        return frame

    def parquet(self, name: str) -> pd.DataFrame:
        """A table for programs."""
        frame: pd.DataFrame = _read(self.folder / f"{name}.parquet", pd.read_parquet)
        return frame

    def json(self, name: str) -> Any:
        """A JSON file; empty where there is none."""
        path = self.folder / name
        if not path.is_file():
            return {}
        return _read(path, lambda p: json.loads(p.read_text(encoding="utf-8")))

    def input_path(self, name: str) -> Path:
        """Where the run found a file that its project names."""
        return Path(self.record.get("folder", ""), name)


def _read(path: Path, how: Any) -> Any:
    try:
        return how(path)
    except FileNotFoundError:
        raise RunError(Problem("output.file_missing", str(path))) from None
    except (OSError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise RunError(Problem("verification.unreadable", str(path), {"reason": str(error)[:200]})) from None


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def check_files(run: Written, findings: Findings) -> None:
    """Every file of the run, and what was made of it, against the digests noted when it was written."""
    rest = {key: value for key, value in run.record.items() if key != "digest"}
    text = json.dumps(rest, ensure_ascii=False, indent=2, allow_nan=False)
    if hashlib.sha256(text.encode()).hexdigest() == run.record.get("digest"):
        findings.same("manifest", MANIFEST, 1)
    else:
        findings.fail("manifest", MANIFEST, 1, "verification.manifest_edited")
    noted = {name: entry.get("sha256") for name, entry in run.record["files"].items() if name != TABLE}
    _check_digests(run.folder, noted, "files", findings, gone="verification.file_gone")
    made = run.json(DERIVED)
    if made:
        _check_digests(run.folder, made, "files", findings, gone="", scope=DERIVED)


def check_inputs(run: Written, findings: Findings) -> set[str]:
    """Input files against their digests; the resolved paths of those that are as they were."""
    noted = {str(one["path"]): str(one["sha256"]) for one in run.record.get("inputs", ())}
    good = {str(Path(path).resolve()) for path in noted if _holds(Path(path), noted[path])}
    _check_digests(Path(), noted, "inputs", findings, gone="verification.input_gone", scope="run.json")
    return good


def _holds(path: Path, digest: str) -> bool:
    try:
        return path.is_file() and digest_of(path) == digest
    except OSError:
        return False


def _check_digests(
    folder: Path, noted: dict[str, Any], check: str, findings: Findings, *, gone: str, scope: str = MANIFEST
) -> None:
    missing = [name for name in noted if not (folder / name).is_file()]
    # A map or report that was moved away was not lost: nothing is read from it.
    if missing and gone:
        findings.fail(check, scope, len(missing), gone, names=missing)
    changed = [name for name in noted if name not in missing and not _holds(folder / name, noted[name])]
    if changed:
        findings.fail(check, scope, len(changed), "verification.file_changed", names=changed)
    if same := len(noted) - len(missing) - len(changed):
        findings.same(check, scope, same)


def check_two_forms(run: Written, findings: Findings) -> None:
    """Tables for people say what those for programs say, to the last digit."""
    for name in sorted(Path(file).stem for file in run.record["files"] if file.endswith(".csv")):
        if not (run.folder / f"{name}.parquet").is_file() or not (run.folder / f"{name}.csv").is_file():
            continue
        shown, stored = run.csv(name), run.parquet(name)
        if shown.empty and stored.empty:
            continue
        columns = [c for c in stored.columns if c in shown.columns]
        if len(shown) != len(stored) or len(columns) != len(stored.columns):
            findings.fail(
                "two_forms", f"{name}.csv", 1, "verification.other_shape", found=len(shown), expected=len(stored)
            )
            continue
        found = Deviation()
        for column in columns:
            found = found.beside(_apart(shown[column], stored[column], column))
        findings.compare("two_forms", f"{name}.csv", found, 0.0)


def _apart(shown: pd.Series[Any], stored: pd.Series[Any], column: str) -> Deviation:
    """Greatest difference between two columns, relative for numbers; 1 for any other text."""
    if pd.api.types.is_numeric_dtype(stored) and not pd.api.types.is_bool_dtype(stored):
        one = pd.to_numeric(shown, errors="coerce").astype(float)
        other = stored.astype(float)
        off = (one - other).abs() / other.abs().where(other != 0, 1.0)
        off = off.where(~(one.isna() & other.isna()), 0.0).fillna(1.0)
    else:
        words = [column.fillna("").astype(str).str.lower() for column in (shown, stored.astype(object))]
        off = (words[0] != words[1]).astype(float)
    place = int(off.to_numpy().argmax()) if len(off) else 0
    greatest = float(off.iloc[place]) if len(off) else 0.0
    return Deviation(len(off), greatest, f"{column}:{place + 2}")
