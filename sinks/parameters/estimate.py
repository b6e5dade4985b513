"""Which rows of parameter tables are copies of one published estimate, and so are wrong together.

One number of one document stands in many rows: for each stratum that it is used for, under several parameters, in
several tables.  Rows with one source, locator, value, interval and distribution are one estimate, whatever the unit
that each was written in.  The value alone does not tell: neighbouring rows of one published table agree by chance, and
only their locators keep them apart.  A locator that names no place in a document ("own survey") therefore ties nothing.

What the rule misses (two spellings of a locator, an estimate times a factor) a table can say itself: rows with the same
word in the optional column ``same_as`` are one estimate, in whatever table they stand, and rows with different words
are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from sinks import units
from sinks.errors import Problems
from sinks.parameters.draws import spread
from sinks.parameters.row import Row

COLUMN = "same_as"

_ENDS_OF_95 = "95%"
_SAME_MEANING = {"+-%": _ENDS_OF_95}
"""Intervals that differ in how they were published and not in what their ends are."""

_DIGITS = 10
"""Significant digits by which two numbers are told apart: fewer than conversions between units lose."""


_PLACE = re.compile(
    r"\d|[表图式附第][一二三四五六七八九十]|摘要|附录|附件|附表|附图"
    r"|\b(abstract|annex|appendix|chapter|equation|figure|footnote|page|section|supplement|table)\b"
)
"""What names a place in a document: a number, or one of these words."""


def key_of(row: Row, *, of_parameter: bool = False) -> str:
    """What tells a row's estimate from others; empty where the row may be a copy of none.

    Parameters
    ----------
    row : Row
        With an interval.
    of_parameter : bool
        Whether the parameter is part of it, as of rows that are correlated and so cannot be one.
    """
    if row.same_as:
        return f"{COLUMN}:{_plain(row.same_as)}"
    if not row.interval or not is_specific(row.locator):
        return ""
    value, dimension = units.in_base_units(row.value, row.unit)
    ends = (units.in_base_units(end, row.unit)[0] for end in (row.low, row.high))
    numbers = [f"{number:.{_DIGITS}g}" for number in (value, *ends)]
    words = [
        _plain(row.source),
        _plain(row.locator),
        dimension,
        _SAME_MEANING.get(row.interval, row.interval),
        spread(row.value, row.low, row.high, row.interval, row.distribution, (row.value, row.value)).distribution,
    ]
    # An error by rule says the same of unlike parameters.
    parameter = [row.parameter] if of_parameter or row.nominal else []
    return "|".join([*words, *numbers, *parameter])


def is_specific(locator: str) -> bool:
    """Whether a locator names a place in a document: it has a number, or a word such as "abstract" or "附录"."""
    return bool(_PLACE.search(_plain(locator)))


def check(rows: Sequence[Row], problems: Problems) -> None:
    """Add copies of one estimate of which some name it and some do not: they would be drawn apart."""
    copies: defaultdict[tuple[str, str, str, float, float, float], list[Row]] = defaultdict(list)
    for row in rows:
        if row.interval:
            copies[(row.source, row.locator, row.unit, row.value, row.low, row.high)].append(row)
    for alike in copies.values():
        without = [row for row in alike if not row.same_as]
        if without and len(without) < len(alike):
            named = next(row for row in alike if row.same_as)
            where = f"{without[0].origin}:{without[0].line}"
            values = {"rows": [row.line for row in without], "line": named.line, "name": named.same_as}
            problems.add("parameters.same_as_partly", where, **values)


def _plain(text: str) -> str:
    """Without what two spellings of the same words differ in: case, width of letters, spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
