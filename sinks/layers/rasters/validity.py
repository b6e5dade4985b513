"""Cells that were not observed although the band holds a value there: masks, alpha, nodata that no class can be.

GDAL knows of such cells in many ways: a nodata value, a mask inside the file or beside it (``.msk``), a mask for each
band, an alpha band, a list of nodata values over all bands.  A pass compares values only.  So a file with anything
beyond a plain nodata value is read so that every such cell holds one value that means not observed: the reader puts it
there, and where GDAL's warper reads, a VRT does.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from rasterio.enums import ColorInterp, MaskFlags

from sinks.errors import Problems
from sinks.layers.rasters.sample import distinct_values

_GDAL_TYPES = {"uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32"} | {
    "int32": "Int32",
    "uint64": "UInt64",
    "int64": "Int64",
    "float32": "Float32",
    "float64": "Float64",
}

_NUMBERED = re.compile(r"(?:layer|band|波段)[ _]?\d+", re.IGNORECASE)

_MOST_NAMED = 20
"""Bands of a file that a message names."""


@dataclass(frozen=True)
class Hidden:
    """How cells that were not observed are made to say so.

    Attributes
    ----------
    masks : tuple of str
        Bands of the file, as GDAL names them (``"mask,1"``, ``"4"``); where one is zero the cell was not observed.
    nodata : float or None
        Value that stands for not observed as well and gives way to ``fill``.
    fill : float
        Value that such cells get.
    dtype : str
        Type that has room for it.
    spare : bool
        Whether no raw value can equal ``fill``, so that it also serves cells outside the file.
    """

    masks: tuple[str, ...]
    nodata: float | None
    fill: float
    dtype: str
    spare: bool


def mask_bands(dataset: Any, band: int, used: Collection[int]) -> tuple[str, ...]:
    """What besides a nodata value says which cells of a band were observed, as names of bands for GDAL.

    Parameters
    ----------
    dataset : rasterio dataset
    band : int
    used : collection of int
        Bands that hold data of the layer and are therefore no alpha, whatever the file calls them.
    """
    alpha = alpha_band(dataset, used)
    flags = set(dataset.mask_flag_enums[band - 1])
    found: list[str] = []
    by_alpha = MaskFlags.alpha in flags
    if not by_alpha and flags != {MaskFlags.all_valid} and flags != {MaskFlags.nodata}:
        found.append(f"mask,{band}")
    if alpha is not None and alpha != band:
        found.append(str(alpha))
    return tuple(found)


def alpha_band(dataset: Any, used: Collection[int]) -> int | None:
    """Number of the band that holds the opacity of the others; None where there is none.

    Software calls the fourth of four bands of bytes alpha unless told otherwise, so a band that the layer reads, or one
    of several bands that are named, is data.
    """
    bands = [number for number, role in enumerate(dataset.colorinterp, 1) if role == ColorInterp.alpha]
    free = [number for number in bands if number not in used and not _is_named(dataset, number)]
    return free[0] if free else None


def _is_named(dataset: Any, band: int) -> bool:
    """Whether somebody gave the band a name; ERDAS and ENVI files number theirs, which says nothing."""
    name = dataset.descriptions[band - 1]
    return bool(name) and _NUMBERED.fullmatch(name.strip()) is None


def check_which(dataset: Any, where: str, problems: Problems) -> None:
    """Refuse a file of several bands of data where nobody said which is meant."""
    alpha = alpha_band(dataset, {1})
    bands = [number for number in range(1, dataset.count + 1) if number != alpha]
    if len(bands) > 1:
        names = [f"{number} {dataset.descriptions[number - 1] or ''}".strip() for number in bands[:_MOST_NAMED]]
        problems.add("raster.which_band", where, count=len(bands), bands=names + ["..."] * (len(bands) > _MOST_NAMED))


def check_masks(dataset: Any, used: Collection[int], accept: Collection[str], where: str, problems: Problems) -> None:
    """Doubt an alpha band that may be data, and a band that may be a mask unless ``accept`` says that it is none."""
    _check_alpha(dataset, used, where, problems)
    if "mask_band" not in accept:
        _check_unmarked(dataset, used, where, problems)


def _check_alpha(dataset: Any, used: Collection[int], where: str, problems: Problems) -> None:
    """Doubt an alpha band that holds neither "seen" nor "unseen": it may be a class map that software named so.

    Only a sample is looked at.
    """
    alpha = alpha_band(dataset, used)
    if alpha is None:
        return
    values, opaque = _sample(dataset, alpha)
    if (strange := values[(values != 0) & (values != opaque)]).size:
        shown = [f"{value:g}" for value in strange[:5].tolist()]
        problems.add("raster.doubtful_alpha", where, band=alpha, values=shown, opaque=f"{opaque:g}")


def _check_unmarked(dataset: Any, used: Collection[int], where: str, problems: Problems) -> None:
    """Doubt a last band that looks like a mask and is not marked as one: software often drops the mark.

    Only a sample is looked at.
    """
    last = dataset.count
    if tuple(dataset.colorinterp[:3]) == (ColorInterp.red, ColorInterp.green, ColorInterp.blue):
        # A picture, which is said of it elsewhere.
        return
    unmarked = dataset.colorinterp[-1] in (ColorInterp.undefined, ColorInterp.gray)
    if last < 2 or last in used or not unmarked or _is_named(dataset, last):
        return
    values, opaque = _sample(dataset, last)
    # Where the sample shows nothing hidden, there may be elsewhere.
    if opaque in values and not (set(values.tolist()) - {0, opaque}) and dataset.nodatavals[-1] != opaque:
        problems.add("raster.unmarked_mask", where, band=last, opaque=f"{opaque:g}")


def _sample(dataset: Any, band: int) -> tuple[npt.NDArray[Any], float]:
    """Distinct values in a sample of a band, ascending, and the one that means opaque."""
    values = distinct_values(dataset, band)
    return values, float(np.iinfo(values.dtype).max) if np.issubdtype(values.dtype, np.integer) else 1.0


def room_for_fill(dtype: str, categorical: bool) -> tuple[str, float]:
    """A type with a value that no raw value of ``dtype`` can equal, and that value."""
    if not categorical or np.issubdtype(np.dtype(dtype), np.floating):
        return dtype, float("nan")
    wider = {1: "int16", 2: "int32"}.get(np.dtype(dtype).itemsize, "int64")
    return wider, float(np.iinfo(wider).min)


def hidden_cells(
    masks: tuple[str, ...], dtype: str, nodata: float | None, *, categorical: bool, alone: bool
) -> Hidden | None:
    """How to hide what ``masks`` say, beside a nodata value; None where the value alone says everything.

    Parameters
    ----------
    masks : tuple of str
        From :func:`mask_bands`.
    dtype : str
        In which the band is read.
    nodata : float or None
        Its nodata value.
    categorical : bool
        Whether values are class codes: nodata that is no whole number then cannot stand among them.
    alone : bool
        Whether the band has to be kept from the others, one of which GDAL would take for its opacity.
    """
    odd = categorical and nodata is not None and not float(nodata).is_integer()
    if nodata is not None and not odd:
        return Hidden(masks, None, nodata, dtype, spare=False) if masks or alone else None
    if not masks and not odd and not alone:
        return None
    wider, fill = room_for_fill(dtype, categorical)
    return Hidden(masks, nodata, fill, wider, spare=True)


def veiled(path: str, dataset: Any, band: int, hidden: Hidden) -> str:
    """A VRT over one band of a file in which hidden cells hold ``hidden.fill``.

    Parameters
    ----------
    path : str
        What GDAL opens.
    dataset : rasterio dataset
        The same, open.
    band : int
    hidden : Hidden
    """
    name = str(Path(path).absolute()) if Path(path).is_file() else path
    typed = _GDAL_TYPES[hidden.dtype]
    content, number = name, str(band)
    if hidden.nodata is not None or not hidden.masks:
        content, number = _stage(dataset, typed, hidden.fill, _source("ComplexSource", content, number, hidden)), "1"
    for mask in hidden.masks:
        # A mask is first tied to the band, then taken out of it: GDAL does only one of the two at a time.
        tied = _root(dataset)
        tied.append(_band(typed, None, _source("SimpleSource", content, number)))
        holder = ElementTree.SubElement(tied, "MaskBand")
        holder.append(_band("Byte", None, _source("SimpleSource", name, mask)))
        pair = _source("ComplexSource", ElementTree.tostring(tied, encoding="unicode"), "1")
        ElementTree.SubElement(pair, "UseMaskBand").text = "true"
        content, number = _stage(dataset, typed, hidden.fill, pair), "1"
    return content


def _stage(dataset: Any, typed: str, fill: float, part: ElementTree.Element) -> str:
    root = _root(dataset)
    root.append(_band(typed, fill, part))
    return ElementTree.tostring(root, encoding="unicode")


def _root(dataset: Any) -> ElementTree.Element:
    root = ElementTree.Element("VRTDataset", {"rasterXSize": str(dataset.width), "rasterYSize": str(dataset.height)})
    if dataset.crs is not None:
        ElementTree.SubElement(root, "SRS").text = dataset.crs.to_wkt()
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(repr(v) for v in dataset.transform.to_gdal())
    return root


def _band(typed: str, fill: float | None, part: ElementTree.Element) -> ElementTree.Element:
    band = ElementTree.Element("VRTRasterBand", {"dataType": typed, "band": "1"})
    if fill is not None:
        # A whole number as one: GDAL reads -9.2e+18 in a band of whole numbers as -9.
        whole = typed not in ("Float32", "Float64")
        ElementTree.SubElement(band, "NoDataValue").text = str(int(fill)) if whole else repr(fill)
    band.append(part)
    return band


def _source(kind: str, content: str, number: str, hidden: Hidden | None = None) -> ElementTree.Element:
    part = ElementTree.Element(kind)
    ElementTree.SubElement(part, "SourceFilename", {"relativeToVRT": "0"}).text = content
    ElementTree.SubElement(part, "SourceBand").text = number
    if hidden is not None and hidden.nodata is not None:
        ElementTree.SubElement(part, "NODATA").text = f"{hidden.nodata!r}"
    return part
