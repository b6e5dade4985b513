"""The register of credits, both sides of it: from issue to use, cancellation or reversal, tonne by tonne.

Every tonne of a project and vintage has a number, and every number is in one place at a time.  An event moves numbers
from one place to another, the lowest first.  What a tonne means follows from its place alone: it has left the sink of
the league where it arose, and it arrives where it is used for a project.  A tonne that goes from one league to another
is therefore missing from the first and counted by the second, and the region above both keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, records
from sinks.errors import Problems

OUTSIDE = "outside"
"""A holder that is no region of the account."""

ISSUED, TRANSFERRED, USED, CANCELLED = "issued", "transferred", "used", "cancelled"
BUFFERED, RELEASED, REVERSED = "buffered", "released", "reversed"

HELD, BUFFER = "held", "buffer"

LEDGER_COLUMNS = ("project_id", "region_code", "year", "state", "value", "unit", "source", WHERE)
HOLDING_COLUMNS = ("project_id", "region_code", "vintage", "place", "holder", "served", "first", "last", "tonnes")


@dataclass(frozen=True, order=True)
class Place:
    """Where a tonne is.

    Attributes
    ----------
    kind : str
        ``held``, ``buffer``, ``used``, ``cancelled`` or ``reversed``.
    holder : str
        Code of the region whose holder has it, or :data:`OUTSIDE`.
    served : str
        Project that it was used for.
    """

    kind: str
    holder: str
    served: str = ""


@dataclass
class _Numbers:
    """The numbers of one project and vintage: stretches that lie side by side, each in one place."""

    region: str
    issued: int = 0
    stretches: list[tuple[int, int, Place]] = field(default_factory=list)

    def issue(self, tonnes: int, place: Place) -> None:
        self.stretches.append((self.issued + 1, self.issued + tonnes, place))
        self.issued += tonnes

    def has(self, place: Place) -> int:
        return sum(last - first + 1 for first, last, where in self.stretches if where == place)

    def move(self, tonnes: int, origin: Place, target: Place) -> None:
        """Move the lowest numbers of a place, which must have as many."""
        left, kept = tonnes, []
        for first, last, where in sorted(self.stretches):
            taken = min(left, last - first + 1) if where == origin else 0
            if taken:
                kept.append((first, first + taken - 1, target))
                left -= taken
            if first + taken <= last:
                kept.append((first + taken, last, where))
        assert left == 0
        self.stretches = kept


@dataclass(frozen=True)
class Register:
    """What the events of a register have come to.

    Attributes
    ----------
    holdings : DataFrame
        :data:`HOLDING_COLUMNS`: where every tonne is, as stretches of numbers.
    ledger : DataFrame
        The same as the parsed table ``ledger``, seen from the league where the tonnes arose.
    received : DataFrame
        ``region_code, year, value``: tonnes used for projects of a region, in the year of use [t CO2].
    """

    holdings: pd.DataFrame
    ledger: pd.DataFrame
    received: pd.DataFrame


def follow_register(events: pd.DataFrame) -> Register:
    """Play the events of a register, in the order of their rows.

    Parameters
    ----------
    events : DataFrame
        The parsed table ``credit_register``.

    Returns
    -------
    Register

    Raises
    ------
    AssessmentError
        With every row that cannot be: not a whole tonne, more than there is in a place, out of the order of time, an
        issue for another region than before, a use without a project.
    """
    problems, books = Problems(), dict[tuple[str, int], _Numbers]()
    used: list[dict[str, Any]] = []
    latest = 0
    for row in records(events):
        before = len(problems)
        _check_row(row, latest, problems)
        latest = max(latest, int(row["year"]))
        if len(problems) > before:
            continue
        if _play(row, books, problems) and row["quantity"] == USED:
            used.append({"region_code": row["holder"], "year": int(row["year"]), "value": float(row["value"])})
    problems.raise_as(AssessmentError)
    uses = pd.DataFrame(used, columns=["region_code", "year", "value"])
    received = uses.groupby(["region_code", "year"])["value"].sum().astype("float64").rename("value").reset_index()
    return Register(_holdings(books), _ledger(books), received)


def _check_row(row: Mapping[str, Any], latest: int, problems: Problems) -> None:
    """What a row must say by itself, whatever there is to move."""
    where, kind = row[WHERE], row["quantity"]
    if row["value"] <= 0 or row["value"] != round(row["value"]):
        problems.add("assessment.register_whole", where, found=f"{row['value']:g}")
    if row["year"] < latest:
        problems.add("assessment.register_order", where, found=row["year"], latest=latest)
    if row["vintage"] > row["year"]:
        problems.add("assessment.register_vintage", where, vintage=row["vintage"], year=row["year"])
    wanted = {TRANSFERRED: "to", USED: "served"}
    if kind in wanted and not row[wanted[kind]]:
        problems.add("assessment.register_lacks", where, event=kind, column=wanted[kind])
    if not row["holder"]:
        problems.add("assessment.register_lacks", where, event=kind, column="holder")


def _play(row: Mapping[str, Any], books: dict[tuple[str, int], _Numbers], problems: Problems) -> bool:
    """Play one event; False, with a problem, where there is not as much to move."""
    key, tonnes, kind = (str(row["project_id"]), int(row["vintage"])), int(row["value"]), row["quantity"]
    book, holder = books.get(key), str(row["holder"])
    values = {"project": key[0], "vintage": key[1]}
    if kind == ISSUED:
        if book is not None and book.region != holder:
            problems.add("assessment.register_region", row[WHERE], found=holder, region=book.region, **values)
            return False
        books.setdefault(key, _Numbers(holder)).issue(tonnes, Place(HELD, holder))
        return True
    if book is None:
        problems.add("assessment.register_unknown", row[WHERE], **values)
        return False
    moves = list(_moves(row, book, tonnes))
    there = {origin: book.has(origin) for origin, _, _ in moves}
    if sum(number for _, _, number in moves) < tonnes or any(there[origin] < number for origin, _, number in moves):
        said = {"event": kind, "holder": holder, "wanted": tonnes, "there": sum(there.values())}
        problems.add("assessment.register_short", row[WHERE], **said, **values)
        return False
    for origin, target, number in moves:
        book.move(number, origin, target)
    return True


def _moves(row: Mapping[str, Any], book: _Numbers, tonnes: int) -> Iterator[tuple[Place, Place, int]]:
    """From where to where an event moves how many tonnes."""
    kind, holder = row["quantity"], str(row["holder"])
    held, buffer = Place(HELD, holder), Place(BUFFER, book.region)
    if kind == TRANSFERRED:
        yield held, Place(HELD, str(row["to"])), tonnes
    elif kind == USED:
        yield held, Place(USED, holder, str(row["served"])), tonnes
    elif kind == CANCELLED:
        yield held, Place(CANCELLED, holder), tonnes
    elif kind == BUFFERED:
        yield Place(HELD, book.region), buffer, tonnes
    elif kind == RELEASED:
        yield buffer, Place(HELD, book.region), tonnes
    else:
        # The buffer stands for a reversal first; what it lacks is taken from what the project still holds.
        covered = min(tonnes, book.has(buffer))
        gone = Place(REVERSED, book.region)
        if covered:
            yield buffer, gone, covered
        if tonnes > covered:
            yield Place(HELD, book.region), gone, tonnes - covered


def _holdings(books: Mapping[tuple[str, int], _Numbers]) -> pd.DataFrame:
    rows = [
        (project, book.region, vintage, place.kind, place.holder, place.served, first, last, last - first + 1)
        for (project, vintage), book in sorted(books.items())
        for first, last, place in sorted(book.stretches)
    ]
    return pd.DataFrame(rows, columns=list(HOLDING_COLUMNS))


def _ledger(books: Mapping[tuple[str, int], _Numbers]) -> pd.DataFrame:
    """The states of the tonnes as the league sees them where they arose."""
    found: dict[tuple[str, str, int, str], int] = {}
    for (project, vintage), book in sorted(books.items()):
        for first, last, place in book.stretches:
            key = (project, book.region, vintage, _state(place, book.region))
            found[key] = found.get(key, 0) + last - first + 1
    rows = [
        (*key, float(tonnes), "t CO2", "credit_register", "credit_register") for key, tonnes in sorted(found.items())
    ]
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def _state(place: Place, region: str) -> str:
    """The state of a tonne in the terms of the ledger."""
    if place.kind in (HELD, BUFFER) and place.holder == region:
        return "registered_held"
    if place.kind == CANCELLED and place.holder == region:
        return "cancelled"
    if place.kind == REVERSED:
        return "reversed"
    return "transferred_outside" if place.holder == OUTSIDE else "transferred_inside"
