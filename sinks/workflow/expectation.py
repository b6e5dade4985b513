"""What a run would ask of this machine: time and memory of its pass, and room for its result.

These are notes of ``sinks check`` and of nothing else: they differ from machine to machine and from hour to hour, and
so have no place in a run.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from sinks.errors import Problem, SinksError
from sinks.results.atomic import LEAST_FREE
from sinks.workflow.official import Finding
from sinks.workflow.prepare import Prepared


def expectations(prepared: Prepared, out: Path) -> list[Finding]:
    """Notes on time, memory and disk; warnings where memory or disk are short.

    Parameters
    ----------
    prepared : Prepared
        A project that has passed its checks.
    out : Path
        Where its result would be written.

    Returns
    -------
    list of Finding
        An error, where a tile that was tried cannot be read.
    """
    return [*_of_the_pass(prepared), _of_the_disk(out)]


def _of_the_pass(prepared: Prepared) -> list[Finding]:
    if prepared.land_cover is None:
        return []
    from sinks.tabulation.outlook import outlook

    where = prepared.project.project.name
    try:
        found = outlook(
            prepared.regions.units,
            prepared.land_cover,
            strata=(*prepared.strata, *prepared.history),
            inputs=prepared.inputs,
            watched=prepared.watched,
        )
    except SinksError as error:
        return [Finding("error", problem) for problem in error.problems]
    free = psutil.virtual_memory().available
    values = {"cells": f"{found.cells:,}", "files": found.files, "threads": found.threads}
    values |= {"measured": f"{found.measured:,}", "time": _time(found.seconds)}
    memory = {"memory": _size(found.memory), "free": _size(free)}
    short = found.memory > free
    return [
        Finding("note", Problem("expectation.time", where, values)),
        Finding(
            "warning" if short else "note",
            Problem("expectation.memory_short" if short else "expectation.memory", where, memory),
        ),
    ]


def _of_the_disk(out: Path) -> Finding:
    there = next(place for place in (out.absolute(), *out.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(there).free
    values = {"free": _size(free), "least": _size(LEAST_FREE)}
    if free < LEAST_FREE:
        return Finding("warning", Problem("expectation.disk_short", str(out), values))
    return Finding("note", Problem("expectation.disk", str(out), values))


def _time(seconds: float) -> str:
    """A duration to the digits that an estimate has."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"≈ {seconds / size:.1f} {unit}" if seconds < 10 * size else f"≈ {seconds / size:.0f} {unit}"
    return f"≈ {seconds:.0f} s" if seconds >= 1 else "< 1 s"


def _size(count: int) -> str:
    """Bytes in a unit that a reader takes in."""
    return f"{count / (1 << 30):.1f} GB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MB"
