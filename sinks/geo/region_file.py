"""Regions from a user's own vector file, with every fault of the file named in one pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from sinks.errors import CRSError, Problem, Problems, RegionError
from sinks.geo.crs import (
    CGCS2000,
    UserCRS,
    check_bounds,
    densify_to,
    name_of,
    parse_crs,
    same_datum,
    suggest_crs,
    transformer,
    undisplaced,
)
from sinks.geo.displacement import other_areas, suspect_displacement
from sinks.geo.polygon_area import polygon_areas
from sinks.geo.region_reading import read_rows
from sinks.geo.regions import COLUMNS, LEVELS, Regions, builtin_below, builtin_name
from sinks.geo.topology import (
    MAX_LISTED,
    NESTING_RELATIVE,
    POLYGONAL,
    check_overlaps,
    check_shapes,
    gap_findings,
    hectares,
    repaired,
)
from sinks.tables.half_width import half_width
from sinks.text import message

if TYPE_CHECKING:
    import geopandas as gpd

_FLOAT_CODE = re.compile(r"([0-9]+)\.0+")


def load_file(
    path: str | Path,
    code_field: str,
    name_field: str,
    parent_field: str | None = None,
    *,
    parent_name: str | None = None,
    english_field: str | None = None,
    set_aside: Sequence[str] = (),
    level: str = "league",
    layer: str | None = None,
    encoding: str | None = None,
    crs: object | None = None,
    datum_shift: Sequence[float] = (),
    repair: bool = False,
    allow_gaps: bool = True,
) -> Regions:
    """Regions from a Shapefile, GeoPackage, File Geodatabase, GeoJSON, (Geo)Parquet or whatever else GDAL reads.

    Parameters
    ----------
    path : str or Path
    code_field, name_field : str
        Fields with the region's code (6 or 12 digits as a rule, always kept as text) and name.
    parent_field : str, optional
        Field with the code of the region above.  Parents may be rows of the file; those that are not are made from
        their children.
    parent_name : str, optional
        Field with the name of the region above, for parents that the file has no row for.
    english_field : str, optional
        Field with the name by which English outputs call the region; ``frame`` then has a column ``name_en``, empty
        where the field is.
    set_aside : sequence of str
        Names or codes of rows that are no region of the account, such as farms and reserves without a code of their
        own; what they cover is in no region's figures, and noted.
    level : str
        What the finest regions are: "league", "banner", or a word of the user's own.
    layer : str, optional
        Needed where the file has several layers with geometry.
    encoding : str, optional
        Of the attributes; never guessed.
    crs : str, int or pyproj.CRS, optional
        Where the file does not say it or says it wrongly; "GCJ-02" and "BD-09" are undone.
    datum_shift : sequence of float
        Helmert parameters to WGS 84 for Xian 1980 and Beijing 1954 (see :mod:`sinks.geo.crs`).
    repair : bool
        Make invalid polygons valid; what this changes is noted.
    allow_gaps : bool
        Whether holes in the territory are a note (a real enclave) or an error.

    Returns
    -------
    Regions
        In EPSG:4490.

    Raises
    ------
    RegionError
        With every problem of the file: encoding, fields, codes, geometry, overlaps, gaps, levels that do not nest.
    """
    path = Path(path)
    problems = Problems()
    columns = [n for n in (code_field, name_field, parent_field, parent_name, english_field) if n is not None]
    found = read_rows(path, list(dict.fromkeys(columns)), layer, encoding, problems)
    if found is None:
        problems.raise_as(RegionError)
    assert found is not None
    table, faults = found
    draft = _Draft(str(path), shapely.force_2d(table.geometry.to_numpy()), problems, faults=faults)
    draft.reference = _reference(table, crs, draft)
    draft.take_texts(
        *(table[name] if name is not None else None for name in (code_field, name_field, parent_field, parent_name))
    )
    draft.put_aside(set_aside)
    if english_field is not None:
        draft.english = [clean_name(table[english_field].iloc[row - 1]) for row in draft.rows]
    draft.check_codes()
    draft.check_geometry(repair, allow_gaps)
    draft.to_cgcs2000(datum_shift)
    draft.check_outlines()
    problems.raise_as(RegionError)
    frame = draft.frame(level)
    _check_nesting(frame, draft.aside_ha, str(path), problems)
    problems.raise_as(RegionError)
    return Regions(frame, CGCS2000, str(path), tuple(draft.notes))


def _reference(table: gpd.GeoDataFrame, declared: object | None, draft: _Draft) -> UserCRS | None:
    """The CRS to use: what the user declares goes before what the file says."""
    own = parse_crs(table.crs) if table.crs is not None else None
    try:
        chosen = own if declared is None else parse_crs(declared, draft.where)
    except CRSError as error:
        draft.problems.extend(error)
        return None
    if chosen is None:
        bounds = shapely.total_bounds(table.geometry.to_numpy())
        draft.problems.add("regions.no_crs", draft.where, guess=suggest_crs(tuple(bounds)))
    elif own is not None and not chosen.displacement and chosen.crs != own.crs:
        values = {"declared": name_of(chosen.crs), "own": name_of(own.crs)}
        draft.notes.append(Problem("regions.crs_overridden", draft.where, values))
    return chosen


MOST_LETTERS = 200
"""Letters of the longest name of a region: more is a text, for which no map, table or report has room."""


@dataclass
class _Draft:
    """Regions in the making: what was read, and what was found about it."""

    where: str
    geometries: Any
    problems: Problems
    notes: list[Problem] = field(default_factory=list)
    reference: UserCRS | None = None
    codes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    english: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    parent_names: dict[str, str] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    aside: Any = None
    aside_ha: dict[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Regions as the user would look for them; the row number where there is no code."""
        triples = zip(self.rows, self.codes, self.names, strict=True)
        return [f"{code or f'#{row}'} {name}".strip() for row, code, name in triples]

    def take_texts(
        self,
        codes: pd.Series[Any] | None,
        names: pd.Series[Any] | None,
        parents: pd.Series[Any] | None = None,
        parent_names: pd.Series[Any] | None = None,
    ) -> None:
        """Codes and names as clean text; what had to be tidied is noted."""
        assert codes is not None
        assert names is not None
        self.names = [clean_name(value) for value in names]
        cleaned = [clean_code(value) for value in codes]
        self.codes = [text for text, _ in cleaned]
        self.parents = [clean_code(value)[0] for value in parents] if parents is not None else [""] * len(self.codes)
        self.rows = list(range(1, len(self.codes) + 1))
        tidied = sum(changed for _, changed in cleaned)
        if tidied:
            example = next(str(v) for v, (_, changed) in zip(codes, cleaned, strict=True) if changed)
            values = {"count": tidied, "example": example, "code": clean_code(example)[0]}
            self.notes.append(Problem("regions.codes_tidied", self.where, values))
        if parent_names is None:
            return
        said: dict[str, set[str]] = {}
        for parent, value in zip(self.parents, parent_names, strict=True):
            if parent and clean_name(value):
                said.setdefault(parent, set()).add(clean_name(value))
        for parent, texts in said.items():
            if len(texts) > 1:
                self.problems.add("regions.parent_names", self.where, code=parent, names=sorted(texts))
        self.parent_names = {parent: min(texts) for parent, texts in said.items()}

    def put_aside(self, wanted: Sequence[str]) -> None:
        """Take rows out of the regions by name or code; what they cover is noted."""
        asked = {str(one).strip() for one in wanted}
        out = [code in asked or name in asked for code, name in zip(self.codes, self.names, strict=True)]
        known = {*self.codes, *self.names}
        if unknown := sorted(asked - known):
            self.problems.add("regions.not_there", self.where, found=unknown, known=[n for n in self.names if n][:30])
        if not any(out):
            return
        away, stay = np.flatnonzero(out), np.flatnonzero(~np.array(out))
        sound = [i for i in away if shapely.get_type_id(self.geometries[i]) in POLYGONAL]
        self.aside = self.geometries[sound]
        values = {"count": len(away), "regions": [self.labels[i] for i in away[:MAX_LISTED]]}
        if self.reference is not None and sound:
            measured = polygon_areas(self.aside, self.reference.crs)
            for i, area in zip(sound, measured, strict=True):
                self.aside_ha[self.parents[i]] = self.aside_ha.get(self.parents[i], 0.0) + float(area)
            values["area"] = hectares(float(measured.sum()))
            self.notes.append(Problem("regions.set_aside", self.where, values))
        self.faults = {int(new): self.faults[int(old)] for new, old in enumerate(stay) if int(old) in self.faults}
        self.geometries = self.geometries[stay]
        for texts in (self.codes, self.names, self.parents):
            texts[:] = [texts[i] for i in stay]
        self.rows = [self.rows[i] for i in stay]

    def check_codes(self) -> None:
        """Missing, malformed and repeated codes are noted, each kind once; so are parents that cannot be."""
        labelled = list(zip(self.rows, self.codes, self.names, strict=True))
        if missing := [f"#{row} {name}".strip() for row, code, name in labelled if not code]:
            self.problems.add("regions.no_region_code", self.where, count=len(missing), rows=missing[:MAX_LISTED])
        if lost := [f"#{row} {name}" for row, name in zip(self.rows, self.names, strict=True) if _is_lost(name)]:
            self.problems.add("regions.name_lost", self.where, count=len(lost), rows=lost[:MAX_LISTED])
        every = [*labelled, *zip(self.rows, self.codes, self.english, strict=False)]
        if long := [f"#{row} {code}: {len(name):,}" for row, code, name in every if len(name) > MOST_LETTERS]:
            values = {"count": len(long), "rows": long[:MAX_LISTED], "most": MOST_LETTERS}
            self.problems.add("regions.name_too_long", self.where, **values)
        if bad := [f"#{row} {name}: {code}" for row, code, name in labelled if "." in code]:
            self.problems.add("regions.bad_code", self.where, count=len(bad), rows=bad[:MAX_LISTED])
        for code in dict.fromkeys(c for c in self.codes if c and self.codes.count(c) > 1):
            rows = [i for i, other in enumerate(self.codes) if other == code]
            values = {"code": code, "rows": [self.rows[i] for i in rows], "names": [self.names[i] for i in rows]}
            self.problems.add("regions.code_twice", self.where, **values)
        for code, parent in zip(self.codes, self.parents, strict=True):
            if code and code == parent:
                self.problems.add("regions.own_parent", self.where, code=code)
        for circle in _circles(self.codes, self.parents):
            self.problems.add("regions.circle", self.where, codes=circle)
        if not self.codes:
            self.problems.add("regions.empty", self.where)

    def check_geometry(self, repair: bool, allow_gaps: bool) -> None:
        """Shapes first; overlaps and gaps among those that are sound, level by level."""
        crs = self.reference.crs if self.reference is not None else CGCS2000
        if repair and self.reference is not None:
            self.geometries, notes = repaired(self.geometries, self.labels, crs, self.where)
            self.notes.extend(notes)
        sound = check_shapes(self.geometries, self.labels, self.where, self.problems, self.faults)
        if not sound.any() or self.reference is None:
            return
        before = len(self.problems)
        bounds = shapely.bounds(self.geometries[sound])
        total = tuple(shapely.total_bounds(self.geometries[sound]))
        check_bounds(crs, total, self.where, self.problems, lambda: (bounds[:, 0] + bounds[:, 2]) / 2.0)
        if len(self.problems) > before:
            return  # areas of impossible coordinates would only add misleading problems
        above = np.isin(self.codes, [p for p in self.parents if p])
        labels = np.asarray(self.labels, dtype=object)
        for rows in (sound & ~above, sound & above):
            if rows.any():
                check_overlaps(self.geometries[rows], list(labels[rows]), crs, self.where, self.problems)
        units = sound & ~above
        findings = gap_findings(self.geometries[units], crs, self.where) if units.any() else []
        if allow_gaps:
            self.notes.extend(findings)
        else:
            for finding in findings:
                self.problems.add(finding.id, finding.where, **finding.values)

    def to_cgcs2000(self, datum_shift: Sequence[float]) -> None:
        """Coordinates in EPSG:4490; a datum that cannot be left without the user's word is noted."""
        if self.reference is None:
            return
        try:
            # Other problems may end the reading anyway; this one is looked for as well, so that all are listed at once.
            transformer(self.reference.crs, CGCS2000, tuple(datum_shift), self.where)
        except CRSError as error:
            self.problems.extend(error)
            return
        if len(self.problems):
            return
        plain = undisplaced(self.geometries, self.reference.displacement)
        self.geometries = densify_to(plain, self.reference.crs, CGCS2000, shift=datum_shift, where=self.where)

    def check_outlines(self) -> None:
        """Doubt coordinates that fit the official outlines only as GCJ-02 or BD-09, and areas that are not theirs.

        A displaced file rarely fits anything else either; among other problems the doubt is the one that explains them.
        """
        reference = self.reference
        if reference is None:
            return
        in_degrees = len(self.problems) == 0 or reference.crs.is_geographic
        sound = np.isin(shapely.get_type_id(self.geometries), POLYGONAL) & ~shapely.is_empty(self.geometries)
        if not in_degrees or not sound.any():
            return
        codes = [code for code, fine in zip(self.codes, sound, strict=True) if fine]
        labels = [label for label, fine in zip(self.labels, sound, strict=True) if fine]
        if not len(self.problems):
            self.notes.extend(other_areas(codes, labels, self.geometries[sound], self.where))
        if reference.displacement or not same_datum(reference.crs, CGCS2000):
            return
        doubt = suspect_displacement(codes, self.geometries[sound], self.where)
        if doubt is not None and len(self.problems):
            self.problems.add(doubt.id, doubt.where, **doubt.values)
        elif doubt is not None:
            self.notes.append(doubt)

    def frame(self, level: str) -> gpd.GeoDataFrame:
        """The frame of regions: parents that the file lacks are made from their children; coarse rows come first."""
        import geopandas as gpd

        rows = pd.DataFrame({"code": self.codes, "name": self.names, "parent": self.parents})
        rows["geometry"] = self.geometries
        missing = [p for p in dict.fromkeys(self.parents) if p and p not in set(self.codes)]
        if missing:
            made = [shapely.union_all(rows.loc[rows["parent"] == p, "geometry"].to_numpy()) for p in missing]
            names = [self._name_of_sum(p) for p in missing]
            extra = pd.DataFrame({"code": missing, "name": names, "parent": "", "geometry": made})
            rows = pd.concat([extra, rows], ignore_index=True)
            self.notes.append(Problem("regions.parents_made", self.where, {"codes": missing}))
            # A sum of the rows that stayed lacks nothing that was set aside.
            self.aside_ha = {code: area for code, area in self.aside_ha.items() if code not in missing}
        heights = _heights(rows["code"].tolist(), rows["parent"].tolist())
        rows["level"] = [_level(level, height) for height in heights]
        order = np.argsort([-height for height in heights], kind="stable")
        columns = list(COLUMNS)
        if self.english:
            rows["name_en"] = rows["code"].map(dict(zip(self.codes, self.english, strict=True))).fillna("")
            columns.insert(2, "name_en")
        return gpd.GeoDataFrame(rows.iloc[order][columns].reset_index(drop=True), crs=CGCS2000)

    def _name_of_sum(self, parent: str) -> str:
        """The name of a region that is made of the rows below it, which says so where official ones are missing.

        Of rows whose codes are not official ones it is not known whether they are all.
        """
        name = self.parent_names.get(parent) or builtin_name(parent) or parent
        here = {code for code, above in zip(self.codes, self.parents, strict=True) if above == parent}
        for official in builtin_below(parent):
            if here < official:
                return message("regions.sum_of_some", name=name, some=len(here), of=len(official))
        return name


def _circles(codes: list[str], parents: list[str]) -> list[list[str]]:
    """Regions that are, over several steps, their own parents; each circle once."""
    above = {code: parent for code, parent in zip(codes, parents, strict=True) if code}
    found: list[list[str]] = []
    for code in above:
        chain, at = [code], above[code]
        while at in above and at not in chain:
            chain.append(at)
            at = above[at]
        known = {member for circle in found for member in circle}
        if at == code and len(chain) > 1 and code not in known:
            found.append(chain)
    return found


def _heights(codes: list[str], parents: list[str]) -> list[int]:
    """How many levels stand below each row."""
    height = dict.fromkeys(codes, 0)
    above = dict(zip(codes, parents, strict=True))
    for code in codes:
        steps, at = 0, above[code]
        while at:
            steps += 1
            height[at] = max(height[at], steps)
            at = above[at]
    return [height[code] for code in codes]


def _level(finest: str, height: int) -> str:
    """The name of the level ``height`` steps above ``finest``."""
    if height == 0:
        return finest
    at = LEVELS.index(finest) - height if finest in LEVELS else -1
    return LEVELS[at] if at >= 0 else f"{finest}+{height}"


def _check_nesting(frame: gpd.GeoDataFrame, aside: Mapping[str, float], where: str, problems: Problems) -> None:
    """Children, and what was set aside of it [m2], must fill their parent: same area, and inside it."""
    areas = polygon_areas(frame.geometry.to_numpy(), CGCS2000)
    inside = shapely.point_on_surface(frame.geometry.to_numpy())
    for row in np.flatnonzero(frame["code"].isin(set(frame["parent"]))):
        children = np.flatnonzero(frame["parent"] == frame["code"].iloc[row])
        label = f"{frame['code'].iloc[row]} {frame['name'].iloc[row]}"
        total = float(areas[children].sum()) + aside.get(frame["code"].iloc[row], 0.0)
        if abs(total - areas[row]) > NESTING_RELATIVE * areas[row]:
            values = {"own": hectares(areas[row]), "children": hectares(total), "count": len(children)}
            problems.add("regions.not_nested", where, region=label, **values)
        for child in children:
            if not shapely.intersects(frame.geometry.iloc[row], inside[child]):
                values = {"child": f"{frame['code'].iloc[child]} {frame['name'].iloc[child]}"}
                problems.add("regions.outside_parent", where, region=label, **values)


def clean_code(value: object) -> tuple[str, bool]:
    """A code as text, and whether it had to be tidied (a number read as 150100.0, full-width digits).

    Leading zeros of text are kept; a code that is no whole number stays as it is, to be reported.
    """
    if value is None or value is pd.NA or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "", False
    if isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.integer | np.floating):
        return str(value), False
    if isinstance(value, int | np.integer):
        return str(int(value)), False
    raw = str(value)
    text = half_width(raw).strip()
    match = _FLOAT_CODE.fullmatch(text)
    text = match[1] if match else text
    return text, text != raw


def clean_name(value: object) -> str:
    """A name without the full-width spaces that Chinese tables pad names with."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(value).replace("\u3000", "").replace("\xa0", " ").strip()


def _is_lost(name: str) -> bool:
    """Whether nothing but signs stands in a name that programs write for those which an encoding lacks."""
    return bool(name) and not name.strip("?\ufffd\uff1f ")
