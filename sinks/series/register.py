"""The register of a series: a tidy table of its vintages, which anybody can open and nobody has to trust.

A vintage is a run over all years up to its last.  What the register says of it (dates, checksums, what it was made by,
how far it has come) is compared with the archive whenever the vintage is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import pandas as pd

from sinks.errors import LayerError, Problem, Problems, RunError
from sinks.results import atomic
from sinks.tables.sheet import read_sheet

FILE = "register.csv"

DRAFT, SUBMITTED, APPROVED, SUPERSEDED = "draft", "submitted", "approved", "superseded"

MOVES = {
    DRAFT: (SUBMITTED, SUPERSEDED),
    SUBMITTED: (DRAFT, APPROVED, SUPERSEDED),
    APPROVED: (SUPERSEDED,),
    SUPERSEDED: (),
}
"""How a vintage may go on; one that was approved can be replaced and not taken back."""

APPENDED, RECALCULATED, BEGUN = "appended", "recalculated", "begun"
"""How a vintage came about: years were added, all years were made anew, or a line of its own was begun."""


@dataclass(frozen=True)
class Vintage:
    """A row of the register.

    Attributes
    ----------
    vintage : str
        Its last year, and a number among those of that year: ``2025-1``.
    status : str
        ``draft``, ``submitted``, ``approved`` or ``superseded``.
    made : str
        ``begun``, ``appended`` or ``recalculated``.
    base : str
        The vintage that this one has added to, or has made anew; empty for the first of a segment.
    segment : int
        Vintages whose figures may be joined by a line share it.
    dates : str
        Years of the account, with spaces between.
    created : str
        Time of the run.
    methodology : str
        Methodologies and their editions.
    product : str
        What the land cover is from.
    cause : str
        Why it was made anew, in the words of who did it, and which parts of the definition have changed.
    run_sha256, sums_sha256 : str
        Digests of ``run.json`` and of the sums that this vintage has added.
    """

    vintage: str
    status: str
    made: str
    base: str
    segment: int
    dates: str
    created: str
    methodology: str
    product: str
    cause: str
    run_sha256: str
    sums_sha256: str

    @property
    def years(self) -> tuple[str, ...]:
        """Years of the account, ascending."""
        return tuple(self.dates.split())


COLUMNS = tuple(field.name for field in fields(Vintage))


@dataclass(frozen=True)
class Register:
    """Vintages in the order in which they were made."""

    rows: tuple[Vintage, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Register:
        """Read a register.

        Raises
        ------
        RunError
            It is no register, or a row of it cannot be.
        """
        try:
            sheet = read_sheet(path, COLUMNS)
        except LayerError as error:
            raise RunError(*error.problems) from error
        problems, found = Problems(), []
        for number, values in sheet.records():
            where = f"{path.name}:{number}"
            texts = {name: str(values[name] or "") for name in COLUMNS}
            if texts["status"] not in MOVES:
                problems.add("series.bad_status", where, found=texts["status"], known=list(MOVES))
            if not texts["segment"].isdecimal() or len(texts["segment"]) > 9:
                problems.add("series.bad_segment", where, found=texts["segment"])
                continue
            segment = int(texts.pop("segment"))
            found.append(Vintage(segment=segment, **texts))
        problems.raise_as(RunError)
        return cls(tuple(found))

    def write(self, path: Path) -> None:
        """Put the register in place as a whole.

        Raises
        ------
        RunError
            The disk does not let it.
        """
        atomic.write_file(path, self.table().to_csv(index=False).encode("utf-8-sig"))

    def table(self) -> pd.DataFrame:
        """The register as a table, one row for each vintage."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(COLUMNS))

    def get(self, vintage: str) -> Vintage:
        """A vintage by its name.

        Raises
        ------
        RunError
            There is none.
        """
        for row in self.rows:
            if row.vintage == vintage:
                return row
        raise RunError(Problem("series.no_vintage", vintage, {"found": [row.vintage for row in self.rows]}))

    def last(self, segment: int | None = None) -> Vintage | None:
        """The newest vintage that holds: of a segment, by default the newest segment."""
        rows = [row for row in self.rows if row.status != SUPERSEDED]
        wanted = max((row.segment for row in rows), default=0) if segment is None else segment
        return next((row for row in reversed(rows) if row.segment == wanted), None)

    def additions(self, vintage: Vintage) -> list[Vintage]:
        """The vintages whose sums make up one, the oldest first: back to where all years were read."""
        chain = [vintage]
        while chain[0].made == APPENDED:
            chain.insert(0, self.get(chain[0].base))
        return chain

    def name_for(self, dates: Sequence[str]) -> str:
        """A name for a vintage of these dates that no other has."""
        last = max(dates)
        taken = sum(row.vintage.startswith(f"{last}-") for row in self.rows)
        return f"{last}-{taken + 1}"

    def with_row(self, row: Vintage) -> Register:
        """The register with one vintage more."""
        return Register((*self.rows, row))

    def with_status(self, vintage: str, status: str) -> Register:
        """The register with a vintage that has come further.

        One that is approved takes the place of every other approved one of its segment, which is superseded by it.

        Raises
        ------
        RunError
            There is no such vintage or status, or it cannot come from where it is.
        """
        row = self.get(vintage)
        if status not in MOVES:
            raise RunError(Problem("series.bad_status", vintage, {"found": status, "known": list(MOVES)}))
        if status not in MOVES[row.status]:
            values = {"found": status, "present": row.status, "possible": list(MOVES[row.status]) or ["-"]}
            raise RunError(Problem("series.no_move", vintage, values))

        def moved(other: Vintage) -> Vintage:
            if other.vintage == vintage:
                return replace(other, status=status)
            replaced = status == APPROVED and other.status == APPROVED and other.segment == row.segment
            return replace(other, status=SUPERSEDED) if replaced else other

        return Register(tuple(moved(other) for other in self.rows))
