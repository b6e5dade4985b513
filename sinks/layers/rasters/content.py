"""What is in a raster's files, as a short text that is the same for the same content and no other."""

from __future__ import annotations

import hashlib
import re
import urllib.request
import uuid
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError

from sinks.layers.rasters.arrays import digest_of_array
from sinks.objects import find
from sinks.provenance import InputFile
from sinks.trust.territory import is_signed

_WEB = re.compile(r"^(/vsicurl/)?(?P<url>https?://.*)$")
_SECONDS = 20.0
"""Longest wait for a web server's word on a file."""


def content_of(path: str) -> str:
    """A digest of everything that GDAL reads for ``path``: the file, what stands beside it, and the sources of a VRT.

    Of a file on a web server its ETag and length stand for the content.  Where a server gives none, or the file can
    only be reached by other means, nobody knows whether it is the same another time, and every call gives another text.
    """
    held = find(path)
    if held is not None:
        return digest_of_array(held)
    found: dict[str, str] = {}
    _note(path, found)
    return hashlib.sha256("\n".join(f"{name} {found[name]}" for name in sorted(found)).encode()).hexdigest()[:32]


def _note(path: str, found: dict[str, str]) -> None:
    """Digests of a file and of what it leads to."""
    for name in _files(path):
        if name in found:
            continue
        local = Path(name)
        if local.is_file():
            found[name] = InputFile.of(local).sha256
            if name != path and not is_signed(local):
                _note(name, found)
        elif not local.is_dir():
            found[name] = _web(name)


def _files(path: str) -> list[str]:
    """The files that GDAL counts to a dataset; the path itself where it is none."""
    try:
        with rasterio.open(path) as dataset:
            return list(dataset.files) or [path]
    except RasterioError:
        return [path]


def _web(name: str) -> str:
    """A server's word on what it holds."""
    address = _WEB.match(name)
    unknown = f"unknown {uuid.uuid4().hex}"
    if address is None:
        return unknown
    request = urllib.request.Request(address["url"], method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            tag, length = answer.headers.get("ETag"), answer.headers.get("Content-Length")
    except (OSError, ValueError):
        return unknown
    return f"{tag} {length}" if tag and length else unknown
