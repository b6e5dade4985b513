"""Regions drawn at random, whose areas, changes and means are made again from the original rasters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as FileWindow

from sinks.verification.findings import AREA, Deviation, Findings
from sinks.verification.ground import COARSEST_M, M2_PER_HA, Window, ground_areas, on_map, polygon_area, window_of
from sinks.verification.laws import worst
from sinks.verification.written import Written

CELLS, REGIONS = 2_000_000, 12
"""Cells that are read for the regions drawn, and most regions; one region is always read whole."""

MOST_CELLS = 60_000_000
"""Cells of a region beyond which it is not read."""

DRIVERS = ("GTiff", "HFA", "ENVI", "AAIGrid", "netCDF", "HDF5", "GPKG", "JP2OpenJPEG", "EHdr", "RMF")
"""Formats that are read: those in which a file holds its cells itself and leads to no other."""

_BAND_ROWS = 768
_NODATA = math.nan


@dataclass(frozen=True)
class Layer:
    """Files of one layer by date, or one under the empty text for all dates."""

    name: str
    section: Mapping[str, Any]

    @property
    def files(self) -> dict[str, str]:
        """File by date."""
        files = self.section.get("files")
        if files:
            return {str(date): str(name) for date, name in files.items()}
        bands = self.section.get("bands") or {}
        return dict.fromkeys(bands or ("",), str(self.section.get("file")))

    def band(self, date: str) -> int:
        """The band of a date."""
        return int((self.section.get("bands") or {}).get(date, self.section.get("band") or 1))


@dataclass
class Sums:
    """What is added up of one region: land [ha] by class, by pair of classes, and inputs over them."""

    areas: dict[tuple[str, str], float] = field(default_factory=dict)
    pairs: dict[tuple[str, str, str, str], float] = field(default_factory=dict)
    inputs: dict[tuple[str, str, str], npt.NDArray[np.float64]] = field(default_factory=dict)


class NotTested(Exception):
    """A layer is of a kind that the second path does not read."""

    def __init__(self, id: str, **values: Any) -> None:
        super().__init__(id)
        self.id, self.values = id, values


def check_region_areas(run: Written, findings: Findings) -> None:
    """Areas of all undivided regions by geodesics, against those that the run went by."""
    units, outlines = run.unit_areas, run.regions.set_index("code").geometry
    areas = np.array([polygon_area(outlines[code]) / M2_PER_HA for code in units.index])
    off = np.abs(areas - units.to_numpy(float)) / areas
    findings.compare("region_areas", "units.parquet", worst(off, [str(code) for code in units.index]), AREA)


def check_sample(
    run: Written, unchanged: set[str], seed: int, findings: Findings, cells: int = CELLS
) -> tuple[str, ...]:
    """Areas, changes and means of some regions, from the rasters themselves.

    Parameters
    ----------
    run : Written
    unchanged : set of str
        Resolved paths of the input files that are those of the run; no other is opened.
    seed : int
        Of the draw.
    findings : Findings
    cells : int
        How many cells are read, about.

    Returns
    -------
    tuple of str
        Codes of the regions that were drawn.
    """
    section = run.project.get("land_cover")
    if not section or "land_cover" not in set(run.states["source"]):
        findings.leave("sample_areas", "activity.parquet", "verification.no_rasters")
        return ()
    cover = Layer("land_cover", section)
    try:
        reader = Reader(run, unchanged, cover)
    except NotTested as reason:
        findings.leave("sample_areas", "land_cover", reason.id, **reason.values)
        return ()
    drawn = _draw(run, reader, seed, cells)
    if not drawn:
        findings.leave("sample_areas", "land_cover", "verification.too_large", cells=f"{MOST_CELLS:,}")
        return ()
    inputs = _inputs(run, reader, findings)
    found = [Deviation(), Deviation(), Deviation()]
    for code, outline, window in drawn:
        sums = _add_up(reader, inputs, outline, window)
        compared = (_areas(run, code, sums), _changes(run, code, sums), _means(run, code, sums))
        found = [one.beside(other) for one, other in zip(found, compared, strict=True)]
    scope = ", ".join(code for code, *_ in drawn)
    for check, deviation in zip(("sample_areas", "sample_changes", "sample_means"), found, strict=True):
        findings.compare(check, scope, deviation, AREA)
    return tuple(code for code, *_ in drawn)


class Reader:
    """Rasters on the grid of the land cover, by windows, through rasterio alone."""

    def __init__(self, run: Written, unchanged: set[str], cover: Layer) -> None:
        self.run, self.unchanged, self.cover = run, unchanged, cover
        self.dates = [str(date) for date in run.project["project"]["dates"]]
        with self._open(cover, self.dates[0]) as dataset:
            stated = cover.section.get("crs")
            found = CRS.from_user_input(stated) if stated else CRS.from_user_input(dataset.crs)
            self.crs = found.to_2d() if len(found.axis_info) > 2 else found
            self.width, self.height = dataset.width, dataset.height
            self.transform = _north_up(dataset)
        metres = 111_320.0 if self.crs.is_geographic else float(self.crs.axis_info[0].unit_conversion_factor)
        if max(self.transform.a, -self.transform.e) * metres > COARSEST_M:
            raise NotTested("verification.coarse", size=f"{self.transform.a:g}")
        for date in self.dates:
            self.check(cover, date)

    def check(self, layer: Layer, date: str) -> None:
        """Raise where a file is not on the grid."""
        with self._open(layer, date) as dataset:
            there, here = _north_up(dataset), self.transform
            off = max(abs(there.c - here.c) / here.a, abs(there.f - here.f) / here.a, abs(there.a / here.a - 1) * 1e3)
            if (dataset.width, dataset.height) != (self.width, self.height) or off > 1e-5:
                raise NotTested("verification.other_grid", layer=layer.name)

    def codes(self, date: str, window: Window) -> npt.NDArray[np.float64]:
        """Codes of the land cover; not a number where nothing was observed."""
        return self._read(self.cover, date, window)[0]

    def values(self, layer: Layer, date: str, window: Window) -> npt.NDArray[np.float64]:
        """Values of an input in its unit; not a number where nothing was observed."""
        raw, scale, offset = self._read(layer, date, window)
        stated = [layer.section.get(name) for name in ("scale", "offset")]
        return raw * (scale if stated[0] is None else stated[0]) + (offset if stated[1] is None else stated[1])

    def _open(self, layer: Layer, date: str) -> Any:
        files = layer.files
        name = files.get(date, files.get(""))
        if name is None:
            raise NotTested("verification.no_date", layer=layer.name, date=date)
        path = self.run.input_path(name)
        if str(path.resolve()) not in self.unchanged:
            raise NotTested("verification.not_that_file", layer=layer.name, file=path.name)
        try:
            # Without an environment GDAL has no drivers yet.
            with rasterio.Env():
                return DatasetReader(path, driver=list(DRIVERS))
        except RasterioError:
            raise NotTested("verification.not_plain", layer=layer.name, file=path.name) from None

    def _read(self, layer: Layer, date: str, window: Window) -> tuple[npt.NDArray[np.float64], float, float]:
        band, nodata = layer.band(date), layer.section.get("nodata")
        rows, cols = window.shape
        with self._open(layer, date) as dataset:
            south_up = dataset.transform.e > 0
            first = dataset.height - window.row1 if south_up else window.row0
            part = FileWindow(window.col0, first, cols, rows)
            raw = dataset.read(band, window=part)
            seen = dataset.read_masks(band, window=part) > 0 if nodata is None else raw != nodata
            values = np.where(seen, raw.astype(np.float64), _NODATA)
            return values[::-1] if south_up else values, dataset.scales[band - 1], dataset.offsets[band - 1]


def _north_up(dataset: Any) -> Affine:
    t = dataset.transform
    if t.b or t.d or t.a <= 0:
        raise NotTested("verification.not_plain", layer="land_cover", file=Path(dataset.name).name)
    return t if t.e < 0 else Affine(t.a, 0, t.c, 0, -t.e, t.f + t.e * dataset.height)


def _draw(run: Written, reader: Reader, seed: int, cells: int) -> list[tuple[str, Any, Window]]:
    """Undivided regions in random order, until the cells are used up."""
    outlines = run.regions.set_index("code").geometry
    codes = sorted(run.unit_areas.index)
    order = np.random.default_rng(seed).permutation(len(codes))
    drawn: list[tuple[str, Any, Window]] = []
    left = cells
    for place in order:
        code = str(codes[place])
        outline = on_map(outlines[code], reader.crs)
        window = window_of(outline, reader.transform, reader.width, reader.height)
        if len(drawn) == REGIONS:
            break
        if window is None or window.cells > (MOST_CELLS if not drawn else left):
            continue
        drawn.append((code, outline, window))
        left -= window.cells
    return drawn


def _inputs(run: Written, reader: Reader, findings: Findings) -> list[Layer]:
    """Inputs that can be read as they are; of the others it is said why not."""
    found = []
    for name, section in (run.project.get("inputs") or {}).items():
        layer = Layer(str(name), section)
        try:
            if section.get("unit") is not None:
                raise NotTested("verification.other_input_unit", layer=name)
            for date in reader.dates:
                reader.check(layer, date)
        except NotTested as reason:
            findings.leave("sample_means", str(name), reason.id, **reason.values)
        else:
            found.append(layer)
    for name in run.project.get("derived_inputs") or {}:
        findings.leave("sample_means", str(name), "verification.derived", layer=name)
    return found


def _bands(window: Window) -> Iterator[Window]:
    for row in range(window.row0, window.row1, _BAND_ROWS):
        yield Window(row, min(row + _BAND_ROWS, window.row1), window.col0, window.col1)


def _add_up(reader: Reader, inputs: list[Layer], outline: Any, window: Window) -> Sums:
    sums = Sums()
    for band in _bands(window):
        ground = ground_areas(outline, reader.crs, reader.transform, band) / M2_PER_HA
        inside = ground > 0
        if not inside.any():
            continue
        weight = ground[inside]
        codes = {date: _as_text(reader.codes(date, band)[inside]) for date in reader.dates}
        for date in reader.dates:
            _gather(sums.areas, weight, [codes[date]], (date,))
            for layer in inputs:
                value = reader.values(layer, date, band)[inside]
                seen = ~np.isnan(value)
                for code in np.unique(codes[date]):
                    of = seen & (codes[date] == code)
                    amount = np.array([weight[of].sum(), (weight[of] * value[of]).sum()])
                    key = (layer.name, date, str(code))
                    sums.inputs[key] = sums.inputs.get(key, np.zeros(2)) + amount
        for first, last in zip(reader.dates, reader.dates[1:], strict=False):
            _gather(sums.pairs, weight, [codes[first], codes[last]], (first, last))
    return sums


def _as_text(codes: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    values, places = np.unique(codes, return_inverse=True)
    return np.array(["" if np.isnan(v) else f"{int(v)}" for v in values], dtype=object)[places]


def _gather(into: dict[Any, float], weight: Any, by: list[Any], dates: tuple[str, ...]) -> None:
    frame = pd.DataFrame({**{str(n): column for n, column in enumerate(by)}, "weight": weight})
    for key, value in frame.groupby([str(n) for n in range(len(by))])["weight"].sum().items():
        names = key if isinstance(key, tuple) else (key,)
        into[(*dates, *names)] = into.get((*dates, *names), 0.0) + float(value)


def _beside(run: Written, code: str, expected: Any, found: dict[Any, float]) -> Deviation:
    """Areas by key, relative to the area of the region."""
    keys = sorted(set(expected) | set(found))
    off = [abs(expected.get(key, 0.0) - found.get(key, 0.0)) / float(run.unit_areas[code]) for key in keys]
    return worst(np.array(off), [f"{code} {' '.join(map(str, key))}" for key in keys])


def _areas(run: Written, code: str, sums: Sums) -> Deviation:
    rows = run.states[(run.states["source"] == "land_cover") & (run.states["region_code"] == code)]
    rows = rows[rows["ecosystem"] != "nodata"]
    dates = {date for date, _ in sums.areas}
    expected = rows[rows["date"].isin(dates)].groupby(["date", "land_cover"])["area_ha"].sum().to_dict()
    # What was not observed, or what the legend says is no class, is land without a figure.
    known = {key: value for key, value in sums.areas.items() if key[1] in set(run.states["land_cover"]) - _blank(run)}
    return _beside(run, code, expected, known)


def _blank(run: Written) -> set[str]:
    return set(run.states.loc[run.states["ecosystem"] == "nodata", "land_cover"]) | {""}


def _changes(run: Written, code: str, sums: Sums) -> Deviation:
    rows = run.changes[(run.changes["source"] == "land_cover") & (run.changes["region_code"] == code)]
    rows = rows[(rows["ecosystem_from"] != "nodata") & (rows["ecosystem_to"] != "nodata")]
    keys = ["date_from", "date_to", "land_cover_from", "land_cover_to"]
    pairs = {key[:2] for key in sums.pairs}
    of = rows[[pair in pairs for pair in zip(rows["date_from"], rows["date_to"], strict=True)]]
    expected = of.groupby(keys)["area_ha"].sum().to_dict()
    blank = _blank(run)
    known = {key: value for key, value in sums.pairs.items() if not blank & {key[2], key[3]}}
    return _beside(run, code, expected, known)


def _means(run: Written, code: str, sums: Sums) -> Deviation:
    """Sums of inputs over land, relative to the region's area and the layer's greatest mean."""
    rows = run.states[(run.states["source"] == "land_cover") & (run.states["region_code"] == code)]
    found = Deviation()
    for name in sorted({key[0] for key in sums.inputs}):
        if name not in rows.columns:
            continue
        greatest = float(run.states[name].abs().max()) or 1.0
        seen = rows[f"{name}_observed_ha"].fillna(0.0)
        table = rows.assign(total=rows[name].fillna(0.0) * seen / greatest)
        expected: dict[Any, float] = table.groupby(["date", "land_cover"])["total"].sum().to_dict()
        blank = _blank(run)
        made = {k[1:]: float(v[1]) / greatest for k, v in sums.inputs.items() if k[0] == name and k[2] not in blank}
        expected = {(date, cover): value for (date, cover), value in expected.items() if cover not in blank}
        found = found.beside(_beside(run, code, expected, made))
    return found
