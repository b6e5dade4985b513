"""Cubes by date: which year, or month of a year, each slice of an array is of.

An array says it by a dimension ``time``, ``date`` or ``year`` (years as numbers or text, or moments), and a series of
months by a dimension ``month`` besides, or by moments of twelve months.  Nothing is aggregated: two slices of one year
are an error, since nobody but the caller knows whether their mean, their sum or their maximum is meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sinks.errors import Problems
from sinks.text import text_of
from sinks.vocabulary import MONTHS

DATES = ("time", "date", "year")
"""Dimensions and coordinates that tell when."""

MONTH_AXIS = "month"


def dated_axis(array: Any) -> str | None:
    """The dimension along which an array goes through time; None where it has none."""
    return next((name for name in DATES if name in array.dims), None)


def by_year(array: Any, where: str, problems: Problems) -> dict[str, Any]:
    """Slices of an array by year."""
    axis = dated_axis(array)
    assert axis is not None
    moments = _moments(array, axis, where, problems)
    twice = {year: count for year, count in Counter(year for year, _ in moments).items() if count > 1}
    if twice:
        problems.add("objects.several_a_year", where, axis=axis, years=[f"{y} ({n})" for y, n in twice.items()])
        return {}
    return {year: array.isel({axis: number}) for number, (year, _) in enumerate(moments)}


def by_month(array: Any, where: str, problems: Problems) -> dict[str, dict[int, Any]]:
    """Slices of an array by year and month; the year is ``"static"`` where only months are told."""
    axis = dated_axis(array)
    if MONTH_AXIS in array.dims:
        whole = {"static": array} if axis is None else by_year(array, where, problems)
        months = [int(month) for month in array[MONTH_AXIS].values.tolist()] if MONTH_AXIS in array.coords else []
        found = {
            year: {month: part.isel({MONTH_AXIS: number}) for number, month in enumerate(months)}
            for year, part in whole.items()
        }
    else:
        assert axis is not None
        found = {}
        for number, (year, month) in enumerate(_moments(array, axis, where, problems)):
            if month is None or month in found.setdefault(year, {}):
                problems.add("objects.no_months", where, axis=axis, year=year)
                return {}
            found[year][month] = array.isel({axis: number})
    for year, parts in found.items():
        if sorted(parts) != list(MONTHS):
            problems.add("objects.months_missing", where, year=year, found=sorted(parts))
    return found


def check_said_date(array: Any, date: str, accept: Any, where: str, problems: Problems) -> None:
    """Note that an array with a date of its own stands for another one."""
    axis = next((name for name in DATES if name in array.coords and array.coords[name].ndim == 0), None)
    if axis is None or not date.isdecimal() or "other_year" in (accept or ()):
        return
    moment = _moment(array.coords[axis])
    if moment is not None and moment[0] != date:
        problems.add("objects.other_year", where, axis=axis, found=moment[0], expected=date)


def _moments(array: Any, axis: str, where: str, problems: Problems) -> list[tuple[str, int | None]]:
    """Year and month of every slice."""
    if axis not in array.coords:
        problems.add("objects.no_dates", where, axis=axis)
        return []
    found = [_moment(one) for one in array.coords[axis]]
    if any(one is None for one in found):
        problems.add("objects.bad_dates", where, axis=axis, found=[str(v) for v in array.coords[axis].values[:3]])
        return []
    return [one for one in found if one is not None]


def _moment(value: Any) -> tuple[str, int | None] | None:
    """Year and month of a scalar coordinate; the month is None where a year is all that it says."""
    kind = value.dtype.kind
    if kind == "M" or (kind == "O" and hasattr(value.item(), "year")):
        text = str(value.values) if kind == "M" else f"{value.item().year:04d}-{value.item().month:02d}"
        return (text[:4], int(text[5:7])) if text[:4].isdecimal() else None
    text = str(value.item())
    whole = text.removesuffix(".0") if kind == "f" else text
    return (whole, None) if len(whole) == 4 and whole.isdecimal() else None


def plain(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """A mapping by date with the dates as text."""
    return {text_of(date): value for date, value in mapping.items()}
