"""A painting that writes no cells: the land cover itself, seen through a look-up table from class to density.

At the full resolution of a national land cover a painting is gigabytes; where a density depends on the class alone, a
few kilobytes beside the file say the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pandas as pd

from sinks.errors import LayerError, Problem, RunError
from sinks.layers.rasters.raster import CategoricalLayer, RasterSource, inspect, layer_file
from sinks.output.painting.amounts import Amounts, Subject, amounts
from sinks.output.painting.geotiff import check_free
from sinks.output.painting.painter import Layers, Painting, facts
from sinks.results import atomic
from sinks.results.contents import RunContents
from sinks.text import message

_SAME = 1e-6
"""Relative; the accuracy of the painting's float32 values."""

_NODATA = -9999.0
"""Outside every density; a NaN in a look-up table would spread to its neighbours through the table's interpolation."""

_LARGEST = 1 << 16


def link(
    contents: RunContents,
    layers: Layers,
    out: Path,
    *,
    what: str = "carbon_stock_density",
    period: str | None = None,
    force: bool = False,
) -> Painting:
    """Write a VRT that shows the stock density of every cell of the land cover, at its full resolution.

    Parameters
    ----------
    contents, layers, period, force
        As of :func:`sinks.output.painting.paint`.
    what : str
        A stock; changes depend on two dates, which one table cannot look up.
    out : Path
        The file; it refers to the land cover by a relative path where it can, and is not cut to the regions.

    Returns
    -------
    Painting

    Raises
    ------
    RunError
        The density depends on more than the class, so that only a painting can show it; or as of ``paint``.
    LayerError
        The land cover's codes are of a type that has no look-up table.
    """
    out = Path(out).resolve()
    check_free(out, force)
    subject = Subject.of(what, period, contents.account)
    if subject.quantity != "carbon_stock":
        raise RunError(Problem("painting.not_a_stock", str(out), {"what": what}))
    found = amounts(subject, layers.inputs, layers.entries, layers.land_cover.name, contents.account)
    source = inspect(layers.land_cover, subject.period)
    table = _table(_by_class(subject, contents.activity.states, found, layers.land_cover), source)
    tags = facts(contents, subject, found) | {"BANDS": message("painting.link_bands")}
    text = _vrt(source, Path(layer_file(layers.land_cover, subject.period)), out, table, subject, tags)
    try:
        atomic.write(out, text.encode())
    except OSError as error:
        raise atomic.explained(error, out) from error
    return Painting(out, subject, source.grid.transform.a, float(np.nansum(found.states)), found.left_out)


def _by_class(subject: Subject, states: pd.DataFrame, found: Amounts, land_cover: CategoricalLayer) -> dict[int, float]:
    """Density of each code of the land cover, which must be the same in all regions and strata."""
    rows = states[(states["date"] == subject.period) & (states["source"] == land_cover.name)]
    values = pd.Series(found.states, index=states.index).reindex(rows.index) / rows["area_ha"]
    densities: dict[int, float] = {}
    for code, group in values.groupby(rows["land_cover"].astype(str)):
        low, high = float(group.min()), float(group.max())
        if group.isna().all():
            continue
        if group.isna().any() or high - low > _SAME * max(abs(low), abs(high)):
            spread = {"land_cover": code, "low": f"{low:.6g}", "high": f"{high:.6g}"}
            raise RunError(Problem("painting.several_densities", subject.what, spread))
        densities[int(str(code))] = (low + high) / 2
    return densities


def _table(densities: Mapping[int, float], source: RasterSource) -> npt.NDArray[np.float64]:
    """Code and density, [codes, 2]; every code there can be, for the format interpolates between those it is given."""
    dtype = np.dtype(source.dtype)
    if not np.issubdtype(dtype, np.integer) or 1 << 8 * dtype.itemsize > _LARGEST:
        raise LayerError(Problem("painting.no_lookup", source.where, {"dtype": source.dtype}))
    limits = np.iinfo(dtype)
    # Between the codes of a table GDAL interpolates, so both neighbours of a code with a density stand in it.
    codes = sorted({c + step for c in densities for step in (-1, 0, 1) if limits.min <= c + step <= limits.max})
    return np.array([(code, densities.get(code, _NODATA)) for code in codes])


def _vrt(
    source: RasterSource,
    file: Path,
    out: Path,
    table: npt.NDArray[np.float64],
    subject: Subject,
    tags: Mapping[str, str],
) -> str:
    """The VRT as text."""
    t = source.grid.transform
    size = {"rasterXSize": str(source.grid.width), "rasterYSize": str(source.grid.height)}
    root = ElementTree.Element("VRTDataset", size)
    ElementTree.SubElement(root, "SRS").text = source.grid.crs.to_wkt()
    # As the file is stored; one that is stored south-up stays so.
    top, step = (t.f + t.e * source.grid.height, -t.e) if source.south_up else (t.f, t.e)
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(f"{v!r}" for v in (t.c, t.a, 0.0, top, 0.0, step))
    metadata = ElementTree.SubElement(root, "Metadata")
    for key, value in tags.items():
        ElementTree.SubElement(metadata, "MDI", {"key": key}).text = value
    band = ElementTree.SubElement(root, "VRTRasterBand", {"dataType": "Float32", "band": "1"})
    ElementTree.SubElement(band, "Description").text = f"{subject.what} {subject.period}"
    ElementTree.SubElement(band, "UnitType").text = subject.unit
    ElementTree.SubElement(band, "NoDataValue").text = f"{_NODATA:g}"
    part = ElementTree.SubElement(band, "ComplexSource")
    name, relative = _reference(file, out)
    ElementTree.SubElement(part, "SourceFilename", {"relativeToVRT": relative}).text = name
    ElementTree.SubElement(part, "SourceBand").text = str(source.band)
    if source.hidden is not None and source.hidden.masks:
        # What the file masks was not observed; of a nodata value the table already has no density.
        ElementTree.SubElement(part, "UseMaskBand").text = "true"
    ElementTree.SubElement(part, "LUT").text = ",".join(f"{code:g}:{value:.9g}" for code, value in table)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _reference(file: Path, out: Path) -> tuple[str, str]:
    """How the VRT names the land cover: relative to itself where both lie on one disk."""
    if not file.is_file():
        return str(file), "0"
    try:
        return Path(os.path.relpath(file.resolve(), out.parent)).as_posix(), "1"
    except ValueError:  # two drives of Windows
        return str(file.resolve()), "0"
