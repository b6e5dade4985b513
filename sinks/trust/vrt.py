"""Files that lead to other files: GDAL's and OGR's virtual formats, read as the XML that they are.

GDAL looks a value up as an element or as an attribute, in any case of letters, and knows many places in which a file
may be named; so every value of the document is taken for a name that leads somewhere, and names that stand where a
source is expected are asked for even when they are no plain path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

LEADING = (
    b"<VRTDataset", b"<OGRVRTDataSource", b"<GDALTileIndexDataset", b"<GDAL_WMS", b"<GDAL_WMTS", b"<WMS_Capabilities",
    b"<WMT_MS_Capabilities", b"<TileMap", b"<OGRWFSDataSource", b"<OGCAPITILES", b"<!DOCTYPE",
    b"stac_version", b"PDS_VERSION_ID", b"IsisCube", b"ODL_VERSION_ID", b".zmetadata",
)  # fmt: skip
"""Marks by which GDAL's drivers know files that say where the data are (VRT, tile indices, web services, labels)."""

_SOURCES = frozenset({"sourcefilename", "sourcedataset", "srcdatasource", "indexdataset", "serverurl", "rpcdem"})
_OPEN = frozenset({"vrtdataset", "ogrvrtdatasource"})
"""Documents of which it is known what in them may lead elsewhere."""

_ELSEWHERE = re.compile(r"(/vsi|^[A-Za-z][A-Za-z0-9+.-]+://|^\\\\|^//|^<|^[A-Za-z0-9_]{2,}:)")
_LONGEST = 4096


class Unreadable(Exception):
    """The document cannot be understood, so nobody knows where it leads."""


@dataclass(frozen=True)
class Leads:
    """Where a document leads.

    Attributes
    ----------
    files : tuple of Path
        Local files and folders that are there, without symbolic links.
    closed : tuple of str
        What cannot be followed: addresses, GDAL's virtual files, strings for other drivers, code.
    """

    files: tuple[Path, ...]
    closed: tuple[str, ...]


def leads_to(document: bytes, folder: Path) -> Leads:
    """Where a virtual file in ``folder`` leads.

    Raises
    ------
    Unreadable
        It is no XML of a kind that is known.
    """
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise Unreadable
    try:
        root = ElementTree.fromstring(document)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise Unreadable from error
    if _tag(root.tag) not in _OPEN:
        raise Unreadable
    files: dict[Path, None] = {}
    closed: dict[str, None] = {}
    for name, value in _values(root):
        if name == "pixelfunctionlanguage" and value.lower() != "c":
            closed[f"PixelFunctionLanguage {value}"] = None
        elif len(value) <= _LONGEST:
            # GDAL takes a source from the working folder where the document does not say that it stands beside it.
            found = list(_there(value, (folder, Path.cwd()) if name in _SOURCES else (folder,)))
            files |= dict.fromkeys(found)
            if not found and (_ELSEWHERE.search(value) if name in _SOURCES else _far(value)):
                closed[value] = None
        elif name in _SOURCES:
            closed[value[:80]] = None
    return Leads(tuple(files), tuple(closed))


def _far(value: str) -> bool:
    """Whether a value that need not be a source leads to another machine or into GDAL's virtual files."""
    return "/vsi" in value or bool(re.match(r"^(https?|ftp|s3|gs|az)://|^\\\\", value))


def _values(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Name and value of every element and attribute."""
    for element in root.iter():
        for name, value in ((element.tag, element.text or ""), *element.attrib.items()):
            if value.strip():
                yield _tag(name), value.strip()


def _tag(name: str) -> str:
    return name.rpartition("}")[2].lower()


def _there(value: str, bases: Sequence[Path]) -> Iterator[Path]:
    """Files that a value may mean."""
    for base in bases:
        try:
            path = (base / value).resolve()
            if path.exists() and path not in (base.resolve(), *base.resolve().parents):
                yield path
        except (OSError, ValueError, RuntimeError):
            continue
