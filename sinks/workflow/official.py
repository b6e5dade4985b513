"""What an account that is to be published must not rest on, as far as it is known before the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sinks.account.entries import Entry
from sinks.errors import Problem
from sinks.parameters.row import Row
from sinks.workflow.prepare import Prepared

Severity = Literal["error", "warning", "note"]

IN_DOUBT = frozenset(
    {
        *("regions.displaced", "regions.builtin_overlap", "raster.same_file", "checks.input_changed"),
        *("raster.state_given_once", "vector.same_survey", "vector.change_of_groups"),
        *("assessment.withheld_noise", "assessment.withheld_interval", "checks.no_assessment"),
    }
)
"""Notes that put figures in doubt, and so are warnings."""


class Finding(NamedTuple):
    """Something that a check has to say, and how much it weighs."""

    severity: Severity
    problem: Problem

    def to_json(self) -> dict[str, str]:
        """Severity, message id, location, and the words in the present language."""
        whole, where = str(self.problem), self.problem.where
        words = whole.removeprefix(f"{where}: ")
        return {"severity": self.severity, "id": self.problem.id, "location": where, "finding": words}


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
    return sorted(found, key=lambda one: ("error", "warning", "note").index(one.severity))


def _not_official(prepared: Prepared) -> Iterator[Problem]:
    if prepared.project.project.demonstration:
        yield Problem("official.demonstration", "project.demonstration")
    for number, entry in enumerate(prepared.entries, 1):
        rows = [row for row in entry.method.table.rows if _may_be_used(row, entry)]
        unverified = [row for row in rows if row.unverified]
        if unverified and entry.role == "record":
            values = {"count": len(unverified), "all": len(rows)}
            yield Problem("official.unverified", f"methodologies[{number}] ({entry.method.id})", values)


def _may_be_used(row: Row, entry: Entry) -> bool:
    """Whether a row can be of an ecosystem that the methodology accounts for."""
    return str(row.cells.get("ecosystem") or "") in ("", *entry.ecosystems)
