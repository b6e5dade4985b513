"""What an account that is to be published must not rest on: what is known before the run, and what a run says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd
import shapely

from sinks.account.entries import Entry
from sinks.errors import Problem
from sinks.geo.crs import densify_to
from sinks.parameters.row import Row
from sinks.text import Text
from sinks.workflow.prepare import Prepared

if TYPE_CHECKING:
    from sinks.workflow.finished_run import Run

Severity = Literal["error", "warning", "note"]

IN_DOUBT = frozenset(
    {
        *("regions.displaced", "regions.builtin_overlap", "raster.same_file", "checks.input_changed"),
        *("raster.state_given_once", "raster.zeros_in_doubt", "vector.same_survey", "vector.change_of_groups"),
        *("assessment.withheld_noise", "assessment.withheld_interval", "checks.no_assessment"),
        *("checks.densities_scaled", "account.source_without_dates", "vector.no_history"),
    }
)
"""Notes that put figures in doubt, and so are warnings."""

REFUSED = frozenset(
    {"interval_partial", "classification_noise", "map_worse_than_published", "rests_on_memory", "unverified"}
)
"""Checks of a run whose warnings no account to be published may carry; a failed check is an error in any case."""


_MANY = 12
"""Regions that a message lists."""


class Finding(NamedTuple):
    """Something that a check has to say, and how much it weighs."""

    severity: Severity
    problem: Problem

    def to_json(self) -> dict[str, str]:
        """Severity, message id, location, and the words in the present language."""
        whole, where = str(self.problem), self.problem.where
        words = whole.removeprefix(f"{where}: ")
        return {"severity": self.severity, "id": self.problem.id, "location": where, "finding": words}


def gravest_first(found: Iterable[Finding]) -> list[Finding]:
    """Errors, warnings, notes, each in the order in which they were found."""
    return sorted(found, key=lambda one: ("error", "warning", "note").index(one.severity))


def findings(prepared: Prepared, *, official: bool) -> list[Finding]:
    """What is to be noted of a project that can be run, the gravest first.

    Parameters
    ----------
    prepared : Prepared
        With its notes (:func:`sinks.workflow.check.with_notes`).
    official : bool
        Take warnings for errors, and refuse demonstration data and parameters that were not read in their source.
    """
    grave: Severity = "error" if official else "warning"
    found = [Finding(grave if note.id in IN_DOUBT else "note", note) for note in prepared.notes]
    if official:
        found += [Finding("error", problem) for problem in _not_official(prepared)]
    return gravest_first(found)


def findings_of_run(run: Run, *, official: bool) -> list[Finding]:
    """What is to be noted of a finished run, the gravest first.

    Parameters
    ----------
    run : Run
    official : bool
        Take the warnings of :data:`REFUSED` for errors, and refuse demonstration data and an account without intervals.
    """
    found = [Finding(_weight(row, official), _as_problem(row)) for _, row in run.checks.iterrows()]
    found = [one for one, status in zip(found, run.checks["status"], strict=True) if status != "passed"]
    if official:
        if run.record["demonstration"]:
            found.append(Finding("error", Problem("official.demonstration", "run.json")))
        if run.account["low"].isna().all():
            found.append(Finding("error", Problem("official.no_draws", "account.csv")))
    return gravest_first(found)


def _weight(row: pd.Series[str], official: bool) -> Severity:
    if row["status"] == "failed" or (official and row["status"] == "warning" and row["check"] in REFUSED):
        return "error"
    return "warning" if row["status"] == "warning" else "note"


def _as_problem(row: pd.Series[str]) -> Problem:
    values = {"check": row["check"], "detail": Text(row["detail_zh"], row["detail_en"])}
    return Problem("official.check_of_run", row["where"], values)


def _not_official(prepared: Prepared) -> Iterator[Problem]:
    section = prepared.project.project
    if section.demonstration:
        yield Problem("official.demonstration", "project.demonstration")
    if not section.draws:
        yield Problem("official.no_draws", "project.draws")
    yield from _too_coarse(prepared)
    for number, entry in enumerate(prepared.entries, 1):
        if entry.role != "record":
            continue
        where = f"methodologies[{number}] ({entry.method.id})"
        rows = [row for row in entry.method.table.rows if _may_be_used(row, entry)]
        if unverified := [row for row in rows if row.unverified]:
            yield Problem("official.unverified", where, {"count": len(unverified), "all": len(rows)})
        if rows and not any(row.interval for row in rows):
            yield Problem("official.no_interval", where, {"all": len(rows)})


def _too_coarse(prepared: Prepared) -> Iterator[Problem]:
    """Regions that hold fewer cells of the land cover than a figure of record needs, all in one line."""
    if prepared.land_cover is None:
        return
    from sinks.tabulation import check_layers

    units, least = prepared.regions.units, prepared.project.project.cells_min
    grid = check_layers(units, prepared.land_cover)
    shapes = densify_to(units.geometry.to_numpy(), units.crs, grid.crs)
    cells = shapely.area(shapes) / abs(grid.transform.a * grid.transform.e)
    few = sorted((count, code) for count, code in zip(cells.tolist(), units["code"], strict=True) if count < least)
    if few:
        names = dict(zip(prepared.regions.frame["code"], prepared.regions.frame["name"], strict=True))
        listed = [f"{names[code]} ({count:.0f})" for count, code in few[:_MANY]] + ["…"] * (len(few) > _MANY)
        yield Problem("official.too_coarse", "land_cover", {"regions": listed, "count": len(few), "least": least})


def _may_be_used(row: Row, entry: Entry) -> bool:
    """Whether a row can be of an ecosystem that the methodology accounts for."""
    return str(row.cells.get("ecosystem") or "") in ("", *entry.ecosystems)
