"""Stands cut again: areas by code, and sums of what was measured on them, of regions drawn at random.

Polygons are read by pyogrio, cut by shapely in longitude and latitude, and measured by shapely in PROJ's own
equal-area map: geodesic areas are rounded to a tenth of a square metre, which is too much for a piece of a stand.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from sinks.verification.findings import AREA, Deviation, Findings
from sinks.verification.ground import M2_PER_HA, OUTLINES
from sinks.verification.laws import worst
from sinks.verification.sample import REGIONS, NotTested
from sinks.verification.written import Written

STANDS = 20_000
"""Stands of a date that are cut again, at most."""

UNITS = {"growing_stock": "m3/ha", "canopy_cover": "1", "stand_age": "yr", "grass_cover": "%"}
"""Inputs in the unit in which the run has them; what a file gives in another unit is left out."""

_EQUAL_AREA = CRS.from_user_input("+proj=cea +lon_0=105 +ellps=GRS80 +units=m +type=crs")
"""Equal areas on the ellipsoid of CGCS2000, which is GRS80's to a tenth of a millimetre (GB 22021-2008)."""

_PRESETS = Path(__file__).parents[1] / "layers" / "codes"
_OTHERWISE = ("crs", "where", "layer", "encoding", "repair")
"""Keys of a section by which a layer is read otherwise than as it lies."""


def check_stands(run: Written, unchanged: set[str], seed: int, findings: Findings) -> None:
    """Areas and sums of stands by region, from the files themselves; parameters as of ``check_sample``."""
    for name, section in (run.project.get("vectors") or {}).items():
        for date, file in _files(section):
            scope = f"{name} {date}".strip()
            try:
                found = _compared(run, unchanged, str(name), section, date, file, seed)
            except NotTested as reason:
                findings.leave("stands", scope, reason.id, **reason.values)
            else:
                findings.compare("stands", scope, found, AREA)


def _files(section: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((str(date), file) for date, file in (section.get("files") or {}).items())


def _compared(
    run: Written, unchanged: set[str], name: str, section: Mapping[str, Any], date: str, file: Any, seed: int
) -> Deviation:
    if any(section.get(key) for key in _OTHERWISE) or section.get("area") != "geometry" or not isinstance(file, str):
        raise NotTested("verification.stands_otherwise", layer=name)
    path = run.input_path(file)
    if str(path.resolve()) not in unchanged:
        raise NotTested("verification.not_that_file", layer=name, file=path.name)
    rows = run.states[(run.states["source"] == name) & (run.states["date"] == date)]
    fields = _fields(section)
    columns = [field for field, _ in fields.values()]
    try:
        if pyogrio.read_info(path)["features"] > STANDS:
            raise NotTested("verification.too_many_stands", layer=name, limit=f"{STANDS:,}")
        stands = pyogrio.read_dataframe(path, columns=columns)
        # Edges are straight on the map that the file is in.
        stands = stands.set_geometry(stands.segmentize(0.002 if stands.crs.is_geographic else 200.0)).to_crs(OUTLINES)
    except (DataSourceError, DataLayerError, CRSError, ValueError, AttributeError) as error:
        raise NotTested("verification.unreadable", reason=str(error)[:200]) from error
    stands = stands[shapely.is_valid(stands.geometry.to_numpy()) & ~stands.geometry.isna().to_numpy()]
    codes = sorted(rows["region_code"].unique())
    order = np.random.default_rng(seed).permutation(len(codes))[:REGIONS]
    outlines, found = run.regions.set_index("code").geometry, Deviation()
    for code in (codes[place] for place in order):
        pieces = _pieces(stands, outlines[code])
        found = found.beside(_beside(code, rows[rows["region_code"] == code], pieces, fields))
    return found


def _fields(section: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Field and unit by what it means: those of the preset, and what the project says of its own."""
    found: dict[str, tuple[str, str]] = {}
    table = _PRESETS / f"preset_{section.get('preset')}.csv"
    if table.is_file():
        with table.open(encoding="utf-8-sig", newline="") as handle:
            found = {row["role"]: (row["field"], row["unit"]) for row in csv.DictReader(handle)}
    for role, own in (section.get("fields") or {}).items():
        before = found.get(role, ("", ""))
        given = own if isinstance(own, Mapping) else {"field": own}
        found[role] = str(given.get("field") or before[0]), str(given.get("unit") or before[1])
    kept = {role: found[role] for role in ("land_cover", *UNITS) if role in found and found[role][0]}
    return {role: one for role, one in kept.items() if role == "land_cover" or one[1] == UNITS[role]}


def _pieces(stands: gpd.GeoDataFrame, outline: Any) -> pd.DataFrame:
    """Attributes of what lies in a region, and its area [ha]."""
    shapely.prepare(outline)
    near = stands[shapely.intersects(outline, stands.geometry.to_numpy())]
    shapes = near.geometry.to_numpy()
    inside = shapely.covers(outline, shapes)
    cut = np.where(inside, shapes, shapely.intersection(shapes, outline))
    return pd.DataFrame(near.drop(columns="geometry")).assign(ha=_areas(cut))


def _areas(shapes: Any) -> Any:
    """True areas of outlines in longitude and latitude. [ha]"""
    step = Transformer.from_crs(OUTLINES, _EQUAL_AREA, always_xy=True)
    there = shapely.transform(shapes, lambda xy: np.column_stack(step.transform(xy[:, 0], xy[:, 1])))
    return shapely.area(there) / M2_PER_HA


def _beside(code: str, rows: pd.DataFrame, pieces: pd.DataFrame, fields: Mapping[str, tuple[str, str]]) -> Deviation:
    """Areas by code of the land and sums of inputs, each relative to the whole of the region's stands."""
    whole = float(pieces["ha"].sum()) or 1.0
    off, where = [abs(float(rows["area_ha"].sum()) - float(pieces["ha"].sum())) / whole], [code]
    cover = fields.get("land_cover", ("", ""))[0]
    if cover in pieces and pd.api.types.is_string_dtype(pieces[cover]):
        there = pieces.groupby(pieces[cover].str.strip())["ha"].sum()
        sought = rows.groupby("land_cover")["area_ha"].sum()
        apart = there.sub(sought, fill_value=0.0).abs() / whole
        off, where = [*off, *apart], [*where, *(f"{code} {one}" for one in apart.index)]
    for role in UNITS:
        field = fields.get(role, ("", ""))[0]
        if role not in rows or field not in pieces or not pd.api.types.is_numeric_dtype(pieces[field]):
            continue
        made = float((pieces[field].fillna(0.0) * pieces["ha"]).sum())
        sought_sum = float((rows[role].fillna(0.0) * rows[f"{role}_observed_ha"].fillna(0.0)).sum())
        off.append(abs(made - sought_sum) / max(abs(sought_sum), abs(made), 1e-9))
        where.append(f"{code} {role}")
    return worst(np.array(off), where)
