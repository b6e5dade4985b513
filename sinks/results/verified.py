"""What a verification leaves in the folder of its run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from sinks.errors import Problem, RunError
from sinks.results import atomic
from sinks.results.csv_tables import write_csv
from sinks.results.ownership import DIGEST, RUN_FILE, manifest_text, parsed, sha256, untouched

TABLE, KEY = "verification.csv", "verification"
"""File of the result table, and key of the manifest under which its summary stands."""


def note_verification(folder: Path, table: pd.DataFrame, summary: Mapping[str, Any], time: datetime) -> None:
    """Put the result of a verification into the folder of its run and its manifest.

    Parameters
    ----------
    folder : Path
    table : DataFrame
        The result, a row for each comparison.
    summary : mapping
        JSON values.
    time : datetime
        When it was made, with its zone.

    Raises
    ------
    RunError
        The disk does not let it; or the manifest was edited since it was written, and is not signed anew.
    """
    folder = folder.resolve()
    try:
        with atomic.exclusive(folder):
            manifest = parsed(folder)
            if manifest is None or not untouched(manifest):
                raise RunError(Problem("output.not_signed", str(folder / RUN_FILE)))
            with atomic.temporary(folder / TABLE) as place:
                columns = write_csv(table, place / TABLE)
                (place / TABLE).replace(folder / TABLE)
            path = folder / TABLE
            entry = {"bytes": path.stat().st_size, "sha256": sha256(path), "columns": columns}
            files = dict(sorted({**manifest["files"], TABLE: entry}.items()))
            said = {**summary, "time": time.isoformat(timespec="seconds")}
            rest = {key: value for key, value in manifest.items() if key not in (DIGEST, "files", KEY)}
            text = manifest_text({**rest, KEY: said, "files": files}, json.dumps)
            atomic.write(folder / RUN_FILE, text.encode())
    except OSError as error:
        raise atomic.explained(error, folder) from error


def unverified_digest(folder: Path) -> str:
    """Digest of what a run is, the same before and after it is verified; that of nothing where there is no run.

    A verification adds its table and its summary to the manifest and signs it anew.
    """
    manifest = parsed(folder) or {}
    rest = {key: value for key, value in manifest.items() if key not in (DIGEST, KEY)}
    rest["files"] = {name: entry for name, entry in rest.get("files", {}).items() if name != TABLE}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
