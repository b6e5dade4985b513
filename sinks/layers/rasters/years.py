"""Which year a raster is of: what file names and band names say, against what the project declares.

Files that hold a band for each year, and folders of files that differ by a year in their names, are where one year is
most easily read for another, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from sinks.errors import Problem, Problems

_YEAR = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?|(?:[0-2]\d\d|3[0-6]\d)|((?:19|20)\d\d))?(?!\d|k?m(?![a-z]))"
)
"""A year, alone or as the beginning of a date (yyyymm, yyyymmdd, yyyyddd) or of a span of years (yyyyyyyy); not a
distance such as 2000m."""

_DATUMS = re.compile(r"(?:WGS|CGCS|ITRF|XIAN|BEIJING|西安|北京|国家|EPSG)[\s_\-]*\d{2,5}", re.IGNORECASE)
"""Names of coordinate systems that look like years."""


def years_in(text: str) -> tuple[int, int] | None:
    """First and last year that a name speaks of; None where it speaks of none.

    >>> years_in("CLCD_v01_2020_albert")
    (2020, 2020)
    >>> years_in("GLC_FCS30D_20002022")
    (2000, 2022)
    """
    found: list[int] = []
    for match in _YEAR.finditer(_DATUMS.sub(" ", text)):
        # Eight digits may be two years or a date: 20002022 has no month 20, 20201231 no year 1231.
        found += [int(year) for year in match.groups() if year]
    return (min(found), max(found)) if found else None


def bands_by_year(descriptions: Iterable[str | None]) -> dict[str, int]:
    """Numbers of the bands whose names hold just one year each, by that year; empty where two share one."""
    found: dict[str, int] = {}
    for number, name in enumerate(descriptions, 1):
        years = years_in(name or "")
        if years is None or years[0] != years[1]:
            continue
        if str(years[0]) in found:
            return {}
        found[str(years[0])] = number
    return found


def check_year(date: str, path: str, band: int, dataset: Any, where: str, problems: Problems) -> None:
    """Refuse a date that the name of the band or of the file contradicts.

    The name of a band counts before that of its file, which may speak of a span.
    """
    if not date.isdecimal():
        return
    named = dataset.descriptions[band - 1] or ""
    years = years_in(named)
    if years is not None:
        if not years[0] <= int(date) <= years[1]:
            known = bands_by_year(dataset.descriptions)
            values = {"date": date, "band": band, "name": named, "bands": bands_key({date: known.get(date)})}
            problems.add("raster.band_of_other_year", where, **values)
        return
    years = years_in(PurePath(path).stem)
    if years is not None and not years[0] <= int(date) <= years[1]:
        span = str(years[0]) if years[0] == years[1] else f"{years[0]}–{years[1]}"
        problems.add("raster.file_of_other_year", where, date=date, year=span)


def check_twice(
    date: str, files: Mapping[str, Any], bands: Mapping[str, int], dataset: Any, where: str, problems: Problems
) -> None:
    """Refuse one of the bands of one file for two dates; said once, of the later ones.

    A file of a single band leaves no doubt about what is meant: :func:`dates_alike` tells it.
    """
    if dataset.count == 1:
        return
    mine = (str(files[date]), bands[date])
    earlier = [other for other in files if other < date and (str(files[other]), bands[other]) == mine]
    if earlier:
        known = bands_by_year(dataset.descriptions)
        asked = {one: known.get(one) for one in sorted((*earlier, date))}
        values = {"dates": [*sorted(earlier), date], "band": mine[1], "count": dataset.count}
        problems.add("raster.same_band_twice", where, **values, bands=bands_key(asked))


def dates_alike(name: str, files: Mapping[str, Any], bands: Mapping[str, int]) -> Iterator[Problem]:
    """A note for each file whose one band is read for several dates."""
    dates: dict[tuple[str, int], list[str]] = {}
    for date in sorted(files):
        dates.setdefault((str(files[date]), bands[date]), []).append(date)
    for (path, _), found in dates.items():
        if len(found) > 1:
            yield Problem("raster.same_file", name, {"file": PurePath(path).name, "dates": found})


def bands_key(bands: Mapping[str, int | None]) -> str:
    """The key of a project file that says which band is which year; dots where it cannot be known.

    >>> bands_key({"2020": 21, "2022": None})
    'bands = { 2020 = 21, 2022 = ... }'
    """
    pairs = ", ".join(f"{date} = {'...' if band is None else band}" for date, band in bands.items())
    return f"bands = {{ {pairs} }}"
