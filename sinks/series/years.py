"""Stock, sink and area of every region by year, with the breaks that no line may cross."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from sinks.assessment.answer import Answer, Origin
from sinks.assessment.words import word
from sinks.errors import Problem, RunError
from sinks.results.years import years_of
from sinks.series.definition import changed_parts
from sinks.series.register import APPROVED, SUPERSEDED, Vintage
from sinks.vocabulary import ALL

if TYPE_CHECKING:
    from sinks.results.contents import RunContents
    from sinks.series.archive import Series


@dataclass(frozen=True, repr=False)
class Years(Answer):
    """The years of a series.

    Attributes
    ----------
    table : DataFrame
        :data:`sinks.results.years.COLUMNS`; periods of flows are between consecutive years.
    register : DataFrame
        The register of the archive.
    """

    table: pd.DataFrame
    register: pd.DataFrame

    NAMED = ("ecosystem",)

    def data(self) -> dict[str, pd.DataFrame]:
        return {"years": self.table, "register": self.register}

    def glance(self) -> list[pd.DataFrame]:
        rows = self._of(self.table, Origin.outermost)
        whole = rows[rows["ecosystem"] == ALL]
        columns = ["region_name", "quantity", "period", "value", "low", "high", "unit", "segment", "vintage"]
        vintages = self.register[["vintage", "status", "made", "base", "segment", "dates", "product", "cause"]]
        return [vintages, whole[columns]]

    def remarks(self) -> list[str]:
        breaks = self.table.loc[self.table["break"] != "", ["segment", "period", "break"]]
        first = breaks.sort_values("period").drop_duplicates("segment")
        said = zip(first["segment"], first["period"], first["break"], strict=True)
        return [word("note.series_break", segment=segment, period=period, what=what) for segment, period, what in said]


def years_of_series(series: Series, *, approved: bool) -> Years:
    """The years of every segment, each from one vintage; see :meth:`sinks.series.archive.Series.years`."""
    chosen = [_of_segment(series, segment, approved) for segment in sorted({r.segment for r in series.register.rows})]
    vintages = [row for row in chosen if row is not None]
    if not vintages:
        id = "series.none_approved" if approved and series.register.rows else "series.nothing_yet"
        raise RunError(Problem(id, str(series.folder)))
    parts, before, origin = [], None, None
    for row in vintages:
        run = series.run(row.vintage)
        what = "" if before is None else _break(series, before, row)
        parts.append(years_of(run.contents, row.years, row.segment, row.vintage, row.status, what))
        before, origin = row, run.origin
    table = pd.concat(parts, ignore_index=True)
    return Years(table, series.register.table(), origin=origin)


def years_with(
    series: Series, contents: RunContents, vintage: Vintage, definition: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """The years of a vintage that is about to be kept, after those of the segments before its own.

    Its reports and its workbook show them without the archive at hand.

    Parameters
    ----------
    series : Series
    contents : RunContents
        Of the vintage.
    vintage : Vintage
    definition : mapping
        What its figures rest on.
    """
    earlier = sorted({row.segment for row in series.register.rows if row.segment < vintage.segment})
    parts, before = [], None
    for row in filter(None, (_of_segment(series, segment, False) for segment in earlier)):
        what = "" if before is None else _break(series, before, row)
        parts.append(years_of(series.run(row.vintage).contents, row.years, row.segment, row.vintage, "", what))
        before = row
    what = "" if before is None else _differs(series.definition(before), definition)
    own = years_of(contents, vintage.years, vintage.segment, vintage.vintage, "", what)
    return pd.concat([*parts, own], ignore_index=True)


def _of_segment(series: Series, segment: int, approved: bool) -> Vintage | None:
    rows = [row for row in series.register.rows if row.segment == segment and row.status != SUPERSEDED]
    wanted = [row for row in rows if row.status == APPROVED] if approved else rows
    return wanted[-1] if wanted else None


def _break(series: Series, before: Vintage, after: Vintage) -> str:
    """What is another in a segment than in the one before."""
    return _differs(series.definition(before), series.definition(after))


def _differs(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> str:
    parts = changed_parts(before, after)
    return "; ".join(f"{word(f'series.{part}')}: {names}" for part, names in parts.items())
