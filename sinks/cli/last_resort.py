"""The end of a verb that met a defect of the program: one honest sentence, and a report without private data."""

from __future__ import annotations

import platform
import tempfile
import time
import traceback
from pathlib import Path

import click

_OWN = ("sinks", "methodologies")


def report_defect(error: BaseException, verb: str) -> Path | None:
    """Write what a developer needs to know into the user's folder; None where no folder can be written.

    There are kinds of errors, names of modules and functions and lines of their code in it; no path of the machine, no
    argument, no value and not the words of the error, which may quote data.
    """
    text = _report(error, verb)
    name = f"sinks-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    for folder in (Path(click.get_app_dir("sinks")) / "reports", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return None


def _report(error: BaseException, verb: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    lines = [f"sinks {verb}", f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"]
    for name in ("sinks", "numpy", "pandas", "numba", "rasterio", "pyproj", "shapely", "pyogrio", "geopandas"):
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lines.append(f"{name} -")
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        lines += ["", f"{type(cause).__module__}.{type(cause).__qualname__}"]
        lines += [_place(frame) for frame in traceback.extract_tb(cause.__traceback__)]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines) + "\n"


def _place(frame: traceback.FrameSummary) -> str:
    """Module, line and function; code of ours only, since that of a user may hold anything."""
    parts = Path(frame.filename).parts
    starts = [place for place, part in enumerate(parts) if part in (*_OWN, "site-packages")]
    if not starts:
        return f"  (other) line {frame.lineno}"
    start = starts[-1] + (parts[starts[-1]] == "site-packages")
    ours = parts[start] in _OWN and "site-packages" not in parts[start:]
    return f"  {'/'.join(parts[start:])}:{frame.lineno} {frame.name}" + (f": {frame.line}" if ours else "")
