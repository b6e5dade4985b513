"""Regions from a user's own vector file, with every fault of the file named in one pass."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Sequence
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
from sinks.geo.dbf import check_dbf
from sinks.geo.displacement import suspect_displacement
from sinks.geo.polygon_area import polygon_areas
from sinks.geo.regions import COLUMNS, LEVELS, Regions, builtin_name
from sinks.geo.topology import (
    NESTING_RELATIVE,
    POLYGONAL,
    check_overlaps,
    check_shapes,
    gap_findings,
    hectares,
    repaired,
)

if TYPE_CHECKING:
    import geopandas as gpd

_FLOAT_CODE = re.compile(r"(\d+)\.0+")


def load_file(
    path: str | Path,
    code_field: str,
    name_field: str,
    parent_field: str | None = None,
    *,
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
    table = _read(path, [code_field, name_field, *([parent_field] if parent_field else [])], layer, encoding, problems)
    if table is None:
        problems.raise_as(RegionError)
    assert table is not None
    draft = _Draft(str(path), shapely.force_2d(table.geometry.to_numpy()), problems)
    draft.reference = _reference(table, crs, draft)
    draft.read_codes(table[code_field], table[name_field], table[parent_field] if parent_field else None)
    draft.check_geometry(repair, allow_gaps)
    draft.to_cgcs2000(datum_shift)
    draft.check_displacement()
    problems.raise_as(RegionError)
    frame = draft.frame(level)
    _check_nesting(frame, str(path), problems)
    problems.raise_as(RegionError)
    return Regions(frame, CGCS2000, str(path), tuple(draft.notes))


# ---- reading -------------------------------------------------------------------------------------------------------


def _read(
    path: Path, fields: list[str], layer: str | None, encoding: str | None, problems: Problems
) -> gpd.GeoDataFrame | None:
    """The rows of the file, or None with the reason noted."""
    import geopandas as gpd
    import pyogrio

    if not path.exists():
        problems.add("regions.no_file", path)
        return None
    doubt = check_dbf(path, encoding)
    if doubt is not None:
        problems.add(doubt.id, doubt.where, **doubt.values)
        return None
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet"}:
            found = gpd.read_parquet(path)
            return found if _has_fields(path, fields, list(found.columns), problems) else None
        with warnings.catch_warnings():
            # Measures (M) are dropped on reading; areas do not need them.
            warnings.filterwarnings("ignore", message="Measured")
            chosen = _layer(path, layer, pyogrio.list_layers(path), problems)
            if chosen is None:
                return None
            info = pyogrio.read_info(path, layer=chosen, encoding=encoding)
            if not _has_fields(path, fields, list(info["fields"]), problems):
                return None
            return pyogrio.read_dataframe(path, layer=chosen, encoding=encoding, columns=fields, force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError, ValueError, LookupError) as error:
        # GDAL's own words are the best there are on what is wrong inside a file; UnicodeDecodeError is a ValueError.
        problems.add("regions.unreadable", path, reason=error)
        return None


def _layer(path: Path, layer: str | None, found: Any, problems: Problems) -> str | None:
    """The layer to read: the one named, or the only one with geometry."""
    spatial = [str(name) for name, kind in found if kind is not None]
    if layer is not None:
        if layer in spatial:
            return layer
        problems.add("regions.no_layer", path, layer=layer, layers=spatial)
    elif len(spatial) == 1:
        return spatial[0]
    elif spatial:
        problems.add("regions.which_layer", path, layers=spatial)
    else:
        problems.add("regions.no_geometry", path)
    return None


def _has_fields(path: Path, wanted: list[str], found: list[str], problems: Problems) -> bool:
    missing = [name for name in wanted if name not in found]
    if missing:
        problems.add("regions.no_field", path, missing=missing, fields=[f for f in found if f != "geometry"])
    return not missing


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


# ---- building ------------------------------------------------------------------------------------------------------


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
    parents: list[str] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """Regions as the user would look for them; the row number where there is no code."""
        pairs = zip(self.codes, self.names, strict=True)
        return [f"{code or f'#{row}'} {name}".strip() for row, (code, name) in enumerate(pairs, 1)]

    def read_codes(self, codes: pd.Series[Any], names: pd.Series[Any], parents: pd.Series[Any] | None) -> None:
        """Codes and names as clean text; missing, malformed and repeated ones are noted."""
        self.names = [clean_name(value) for value in names]
        cleaned = [clean_code(value) for value in codes]
        self.codes = [text for text, _ in cleaned]
        self.parents = [clean_code(value)[0] for value in parents] if parents is not None else [""] * len(self.codes)
        tidied = sum(changed for _, changed in cleaned)
        if tidied:
            example = next(str(v) for v, (_, changed) in zip(codes, cleaned, strict=True) if changed)
            values = {"count": tidied, "example": example, "code": clean_code(example)[0]}
            self.notes.append(Problem("regions.codes_tidied", self.where, values))
        for row, (code, name) in enumerate(zip(self.codes, self.names, strict=True), 1):
            if not code:
                self.problems.add("regions.no_region_code", self.where, row=row, name=name)
            elif "." in code:
                self.problems.add("regions.bad_code", self.where, row=row, name=name, code=code)
        for code in dict.fromkeys(c for c in self.codes if c and self.codes.count(c) > 1):
            rows = [i for i, other in enumerate(self.codes) if other == code]
            values = {"code": code, "rows": [i + 1 for i in rows], "names": [self.names[i] for i in rows]}
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
        sound = check_shapes(self.geometries, self.labels, self.where, self.problems)
        if not sound.any() or self.reference is None:
            return
        before = len(self.problems)
        bounds = shapely.bounds(self.geometries[sound])
        total = tuple(shapely.total_bounds(self.geometries[sound]))
        check_bounds(crs, total, self.where, self.problems, lambda: (bounds[:, 0] + bounds[:, 2]) / 2.0)
        if len(self.problems) > before:
            return  # areas of coordinates that cannot be are not worth stating
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
            # The transformation is looked up even when other problems will end the reading, so that all are told.
            transformer(self.reference.crs, CGCS2000, tuple(datum_shift), self.where)
        except CRSError as error:
            self.problems.extend(error)
            return
        if len(self.problems):
            return
        plain = undisplaced(self.geometries, self.reference.displacement)
        self.geometries = densify_to(plain, self.reference.crs, CGCS2000, shift=datum_shift, where=self.where)

    def check_displacement(self) -> None:
        """Doubt coordinates that fit the official outlines only as GCJ-02 or BD-09.

        A displaced file rarely fits anything else either; among other problems the doubt is the one that explains them.
        """
        reference = self.reference
        if reference is None or reference.displacement or not same_datum(reference.crs, CGCS2000):
            return
        in_degrees = len(self.problems) == 0 or reference.crs.is_geographic
        sound = np.isin(shapely.get_type_id(self.geometries), POLYGONAL) & ~shapely.is_empty(self.geometries)
        if not in_degrees or not sound.any():
            return
        codes = [code for code, fine in zip(self.codes, sound, strict=True) if fine]
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
            names = [builtin_name(p) or p for p in missing]
            extra = pd.DataFrame({"code": missing, "name": names, "parent": "", "geometry": made})
            rows = pd.concat([extra, rows], ignore_index=True)
            self.notes.append(Problem("regions.parents_made", self.where, {"codes": missing}))
        heights = _heights(rows["code"].tolist(), rows["parent"].tolist())
        rows["level"] = [_level(level, height) for height in heights]
        order = np.argsort([-height for height in heights], kind="stable")
        return gpd.GeoDataFrame(rows.iloc[order][COLUMNS].reset_index(drop=True), crs=CGCS2000)


def _circles(codes: list[str], parents: list[str]) -> list[list[str]]:
    """Regions that are, over several steps, their own parents; each circle once."""
    above = dict(zip(codes, parents, strict=True))
    found: list[list[str]] = []
    for code in codes:
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


def _check_nesting(frame: gpd.GeoDataFrame, where: str, problems: Problems) -> None:
    """Children must fill their parent: same area, and inside it."""
    areas = polygon_areas(frame.geometry.to_numpy(), CGCS2000)
    inside = shapely.point_on_surface(frame.geometry.to_numpy())
    for row in np.flatnonzero(frame["code"].isin(set(frame["parent"]))):
        children = np.flatnonzero(frame["parent"] == frame["code"].iloc[row])
        label = f"{frame['code'].iloc[row]} {frame['name'].iloc[row]}"
        total = float(areas[children].sum())
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
    text = unicodedata.normalize("NFKC", raw).strip()
    match = _FLOAT_CODE.fullmatch(text)
    text = match[1] if match else text
    return text, text != raw


def clean_name(value: object) -> str:
    """A name without the full-width spaces that Chinese tables pad names with."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(value).replace("\u3000", "").replace("\xa0", " ").strip()
