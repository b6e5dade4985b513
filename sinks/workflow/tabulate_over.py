"""The pass as a tool by itself: areas, transitions and means of rasters by polygon, without a project.

Cells on a boundary count by the exact share of them that lies inside, areas are true on the ellipsoid, and sums do not
depend on how the work is cut (:mod:`sinks.tabulation.tabulation`).  Rasters and polygons are files or objects.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from sinks.activity import OBSERVED
from sinks.calls import spoken
from sinks.errors import Problem, Problems, ProjectError
from sinks.folds import folded, nouns, of_frame
from sinks.geo.legends import Legend, LegendClass, load_legend
from sinks.geo.region_file import load_file
from sinks.geo.regions import Regions
from sinks.layers.rasters.raster import STATIC, CategoricalLayer, ContinuousLayer
from sinks.layers.rasters.scan import codes_of, limits_of, ones_on
from sinks.objects import Held, kind_of
from sinks.project.build import held_content
from sinks.tabulation.joint import SQUARES, SUM, Joint, column
from sinks.tabulation.tabulation import tabulate
from sinks.text import Text, message
from sinks.vocabulary import NODATA, quantities

LAND = "land_cover"

L = TypeVar("L", CategoricalLayer, ContinuousLayer)

_MOST_DATES = 6
"""Dates of a pass; the classes of more of them together are many."""

_UNDATED = "-"
"""Date of a raster of which no date is said."""

_WHERE = "sinks.tabulate"
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
"""A year, a month or a day: labels of a date, which sort as text as they do in time."""
_WHOLE = "0000-01-01"


@dataclass(frozen=True)
class Tabulated:
    """Rasters by polygon, as tidy frames.

    Attributes
    ----------
    areas : DataFrame
        ``region_code, region_name, date, code, area_ha``, with a legend also ``class, ecosystem``; ``code`` is text,
        ``nodata`` where the land was not observed.  Without dates there is no column ``date``.
    transitions : DataFrame
        ``region_code, region_name, date_from, date_to, code_from, code_to, area_ha`` between consecutive dates.
    means : DataFrame
        ``region_code, region_name, date, layer, mean, sd, observed_ha`` over the observed part of the region; ``sd``
        is that between cells.
    means_by_class : DataFrame
        The same by ``code`` of the land cover.
    units : DataFrame
        ``region_code, region_name, area_ha`` of the polygon, ``cells`` that it touches, ``inside_share`` of it that
        lies on the grid.
    """

    areas: pd.DataFrame
    transitions: pd.DataFrame
    means: pd.DataFrame
    means_by_class: pd.DataFrame
    units: pd.DataFrame

    def __repr__(self) -> str:
        return self._main.to_string(index=False, max_rows=20)

    def _repr_html_(self) -> str:
        head = message("folds.tabulated_head", regions=len(self.units), rows=len(self._main))
        parts = [
            of_frame("folds.areas", self.areas, opened=True),
            of_frame("folds.means", self.means, opened=not len(self.areas)),
            of_frame("folds.transitions", self.transitions),
            of_frame("folds.means_by_class", self.means_by_class),
            of_frame("folds.units", self.units),
        ]
        return folded(head, parts)

    def __dir__(self) -> list[str]:
        return nouns(self)

    @property
    def _main(self) -> pd.DataFrame:
        return self.areas if len(self.areas) else self.means


@spoken
def tabulate_over(
    land_cover: Any,
    regions: Any,
    *,
    means: Mapping[str, Any] | None = None,
    legend: str | Path | None = None,
    code: str = "code",
    name: str | None = None,
    resampling: str | None = None,
    threads: int | None = None,
) -> Tabulated:
    """Areas, transitions and means by polygon.

    Parameters
    ----------
    land_cover : DataArray, Dataset, path, mapping of dates to these, or None
        Classes, with a date each for transitions: a dimension ``time``, or ``{2020: ..., 2023: ...}`` with years
        (2020), months ("2020-07") or days for keys.  All dates are
        on one grid, that of the pass; None leaves means only, on the grid of the first of them.
    regions : GeoDataFrame or path
        Polygons that do not overlap.
    means : mapping of str to the same kinds as of ``land_cover``, optional
        Quantities by name.
    legend : str or path, optional
        Names and ecosystems of the codes (``"clcd"``); by default the codes stand for themselves.
    code, name : str
        Columns of the polygons with code and name; by default ``code``, and the code for a name.
    resampling : str, optional
        How quantities on other grids are brought onto that of the pass; needed only then.
    threads : int, optional

    Returns
    -------
    Tabulated

    Raises
    ------
    SinksError
        With everything that is wrong with rasters and polygons, by the name of the argument.
    """
    content, held = _content(land_cover, regions, means)
    units = load_file(content["regions"]["file"], code, name or code, level="region")
    given = {key: _by_date(one) for key, one in content["inputs"].items()}
    if LAND in content:
        cover = {_UNDATED if date == STATIC else date: file for date, file in _by_date(content[LAND]).items()}
    else:
        dates = sorted({date for files in given.values() for date in files} - {STATIC})
        ground = ones_on(next(iter(next(iter(given.values())).values())))
        held[ground.name] = ground
        cover = dict.fromkeys(dates or [_UNDATED], ground.name)
    named = load_legend(legend) if legend is not None else _plain(codes_of(cover))
    layer = CategoricalLayer(LAND, cover, named)
    measured = [_quantity(key, files, resampling) for key, files in given.items()]
    parts: list[_Frames] = []
    for dates in _runs_of(sorted(cover)):
        inputs = [_within(one, dates) for one in measured]
        joint = tabulate(units.units, _within(layer, dates), inputs=inputs, threads=threads)
        parts.append(_Frames(joint, units, legend is not None, repeated=bool(parts)))
    return _tabulated(parts, with_classes=LAND in content)


def _runs_of(dates: Sequence[str]) -> list[list[str]]:
    """Dates in runs of a few that share their ends: classes of many dates together are more than a pass can hold."""
    starts = range(0, max(len(dates) - 1, 1), _MOST_DATES - 1)
    return [list(dates[start : start + _MOST_DATES]) for start in starts]


def _within(layer: L, dates: Sequence[str]) -> L:
    """A layer at some of its dates."""
    if STATIC in layer.files:
        return layer
    return replace(layer, files={date: file for date, file in layer.files.items() if date in dates})


def _tabulated(parts: Sequence[_Frames], *, with_classes: bool) -> Tabulated:
    def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
        found = [frame for frame in frames if len(frame)]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame()

    return Tabulated(
        areas=together(part.areas() for part in parts) if with_classes else pd.DataFrame(),
        transitions=together(part.transitions() for part in parts) if with_classes else pd.DataFrame(),
        means=together(part.means(["region_code"]) for part in parts),
        means_by_class=together(part.means(["region_code", "code"]) for part in parts if with_classes),
        units=parts[0].units(),
    )


def _content(land_cover: Any, regions: Any, means: Any) -> tuple[dict[str, Any], dict[str, Held]]:
    """What was handed in, with names in the place of objects; everything that cannot be meant is said at once."""
    if kind_of(means) == "Dataset":
        means = {str(name): means[name] for name in means.data_vars}
    if land_cover is None and not means:
        raise ProjectError(Problem("objects.nothing_to_tabulate", _WHERE))
    sections: dict[str, Any] = {"regions": {"file": regions}}
    sections["inputs"] = {str(key): _section(value) for key, value in (means or {}).items()}
    if land_cover is not None:
        sections[LAND] = _section(land_cover)
    problems = Problems()
    given = {f"means.{key}": value for key, value in (means or {}).items()} | {LAND: land_cover}
    for place, value in given.items():
        for key in value if _is_by_date(value) else ():
            if not _is_date(key):
                problems.add("objects.not_a_date", f"{_WHERE}: {place}", found=repr(key))
    problems.raise_as(ProjectError)
    content, held = held_content(sections, _WHERE)
    if not isinstance(content["regions"]["file"], str):
        problems.add("objects.not_geodataframe", f"{_WHERE}: regions", found=type(regions).__name__)
    rasters = {f"means.{key}": one for key, one in content["inputs"].items()}
    rasters |= {LAND: content[LAND]} if LAND in content else {}
    for place, one in rasters.items():
        if not _by_date(one):
            problems.add("objects.not_dataarray", f"{_WHERE}: {place}", found="{}")
        for file in _by_date(one).values():
            if not isinstance(file, str):
                problems.add("objects.not_dataarray", f"{_WHERE}: {place}", found=type(file).__name__)
    problems.raise_as(ProjectError)
    return content, held


def _section(value: Any) -> dict[str, Any]:
    return {"files" if _is_by_date(value) else "file": value}


def _is_date(key: object) -> bool:
    """Whether a key is a year, a month or a day that there is."""
    label = str(key)
    if isinstance(key, bool | float) or not _DATE.fullmatch(label):
        return False
    try:
        datetime.date.fromisoformat(label + _WHOLE[len(label) :])
    except ValueError:
        return False
    return True


def _is_by_date(value: Any) -> bool:
    return isinstance(value, Mapping) and kind_of(value) is None


def _by_date(section: Mapping[str, Any]) -> dict[str, Any]:
    return dict(section["files"]) if "files" in section else {STATIC: section["file"]}


def _plain(codes: Sequence[int]) -> Legend:
    """A legend in which codes stand for themselves."""
    classes = tuple(LegendClass(code, Text(str(code), str(code)), str(code), "") for code in codes)
    return Legend("codes", Text("编码", "codes"), "", tuple(codes), classes)


def _quantity(name: str, files: Mapping[str, str], resampling: str | None) -> ContinuousLayer:
    """A quantity within its plausible bounds where it is one of the vocabulary, otherwise within its own extremes."""
    layer = ContinuousLayer(name, name, files, -np.inf, np.inf, resampling=resampling)
    known = quantities().get(name)
    low, high = (known.low, known.high) if known is not None and known.kind == "input" else limits_of(layer)
    return replace(layer, low=low, high=high)


class _Frames:
    """The sums of a pass as frames; ``repeated`` tells that its first date was in the pass before."""

    def __init__(self, joint: Joint, regions: Regions, named: bool, *, repeated: bool) -> None:
        self._joint, self._named = joint, named
        self._dates = joint.dates[1:] if repeated else joint.dates
        self._regions = dict(zip(regions.frame["code"], regions.frame["name"], strict=True))
        self._dated = joint.dates != (_UNDATED,)

    def areas(self) -> pd.DataFrame:
        return self._shown(pd.concat([self._areas(date) for date in self._dates], ignore_index=True))

    def transitions(self) -> pd.DataFrame:
        pairs = [self._transitions(*pair) for pair in pairwise(self._joint.dates)]
        return pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame()

    def units(self) -> pd.DataFrame:
        return self._with_names(self._joint.units)

    def _codes(self, date: str) -> pd.Series:
        raw = self._joint.table[column(self._joint.land_cover, date)]
        return pd.Series([NODATA if pd.isna(code) else str(int(code)) for code in raw], index=raw.index, dtype=str)

    def _areas(self, date: str) -> pd.DataFrame:
        table = pd.DataFrame({"region_code": self._joint.table["region_code"].astype(str), "code": self._codes(date)})
        table = table.assign(area_ha=self._joint.table["area_ha"])
        found = table.groupby(["region_code", "code"], sort=True)["area_ha"].sum().reset_index()
        found.insert(1, "date", date)
        return self._with_classes(self._with_names(found))

    def _transitions(self, first: str, last: str) -> pd.DataFrame:
        table = pd.DataFrame({"region_code": self._joint.table["region_code"].astype(str)})
        table = table.assign(code_from=self._codes(first), code_to=self._codes(last))
        table = table.assign(area_ha=self._joint.table["area_ha"])
        keys = ["region_code", "code_from", "code_to"]
        found = table.groupby(keys, sort=True)["area_ha"].sum().reset_index()
        found.insert(1, "date_from", first)
        found.insert(2, "date_to", last)
        return self._with_names(found)

    def means(self, by: list[str]) -> pd.DataFrame:
        joint = self._joint
        parts = []
        for layer, date in ((layer, date) for layer in joint.inputs for date in self._dates):
            at = column(layer, STATIC if STATIC in layer.files else date)
            keys = {"region_code": joint.table["region_code"].astype(str), "code": self._codes(date)}
            table = pd.DataFrame({**keys, **{end: joint.table[at + end] for end in (SUM, SQUARES, OBSERVED)}})
            found = (
                table.drop(columns=[key for key in keys if key not in by]).groupby(by, sort=True).sum().reset_index()
            )
            observed = found[OBSERVED].where(found[OBSERVED] > 0)
            mean = found[SUM] / observed
            spread = (found[SQUARES] / observed - mean**2).clip(lower=0.0) ** 0.5
            told = found[by].assign(date=date, layer=layer.name, mean=mean, sd=spread, observed_ha=found[OBSERVED])
            parts.append(self._with_names(told))
        return self._shown(pd.concat(parts, ignore_index=True)) if parts else pd.DataFrame()

    def _shown(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame if self._dated or "date" not in frame else frame.drop(columns="date")

    def _with_names(self, frame: pd.DataFrame) -> pd.DataFrame:
        found = frame.copy()
        found.insert(1, "region_name", found["region_code"].map(self._regions))
        return found

    def _with_classes(self, frame: pd.DataFrame) -> pd.DataFrame:
        if not self._named:
            return frame
        known = self._joint.land_cover.legend.by_text
        of = [known.get(code) for code in frame["code"]]
        found = frame.copy()
        at = list(found.columns).index("code") + 1
        found.insert(at, "class", [NODATA if one is None else one.cls for one in of])
        found.insert(at + 1, "ecosystem", [NODATA if one is None else one.ecosystem for one in of])
        return found
