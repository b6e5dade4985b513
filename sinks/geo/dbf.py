"""Does a Shapefile say in which encoding its attributes are?

Chinese Shapefiles are mostly GBK, and many arrive without the ``.cpg`` that would say so.  GDAL then reads Latin-1 and
every name becomes mojibake, which nobody notices until the report.  Here such a file is refused, and both readings are
shown.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sinks.errors import Problems

_SAYS_NOTHING = {0x00, 0x57}
"""Language driver ids that name no code page: none at all, and "the writer's own ANSI page"."""
_HEADER, _FIELD = 32, 32
_DRIVER_ID = 29


def check_encoding(path: Path, encoding: str | None, problems: Problems) -> bool:
    """Whether the attributes of a Shapefile can be read without guessing; a problem is noted otherwise.

    Parameters
    ----------
    path : Path
        Of the ``.shp``, of a folder of Shapefiles or of a ``.zip`` with them; anything else passes.
    encoding : str or None
        What the user declared.
    """
    if encoding is not None:
        return True
    for data in _tables_without_cpg(path):
        if len(data) <= _HEADER or data[_DRIVER_ID] not in _SAYS_NOTHING:
            continue
        sample = _first_foreign_text(data)
        if sample is not None:
            readings = {name: sample.decode(name, errors="replace") for name in ("gbk", "utf-8")}
            problems.add("regions.no_encoding", path, gbk=readings["gbk"], utf8=readings["utf-8"])
            return False
    return True


def _tables_without_cpg(path: Path) -> Iterator[bytes]:
    """The attribute tables beside or inside ``path`` whose encoding no ``.cpg`` states."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in _without_cpg(archive.namelist()):
                yield archive.read(name)
    elif path.is_dir():
        for name in _without_cpg([p.name for p in path.iterdir()]):
            yield (path / name).read_bytes()
    elif path.suffix.lower() == ".shp":
        beside = [p.name for p in path.parent.iterdir() if p.stem == path.stem]
        for name in _without_cpg(beside):
            yield (path.parent / name).read_bytes()


def _without_cpg(names: Iterable[str]) -> list[str]:
    parts = [name.rpartition(".") for name in names]
    stated = {stem for stem, _, suffix in parts if suffix.lower() == "cpg"}
    return sorted(f"{stem}.{suffix}" for stem, _, suffix in parts if suffix.lower() == "dbf" and stem not in stated)


def _first_foreign_text(data: bytes) -> bytes | None:
    """First text with a byte beyond ASCII: a value if there is one, else the name of a field."""
    header_length, record_length = struct.unpack_from("<HH", data, 8)
    names, spans, position = [], [], 1  # a record begins with its deletion flag
    for start in range(_HEADER, header_length - 1, _FIELD):
        if data[start : start + 1] == b"\r":
            break
        names.append(data[start : start + 11].split(b"\0")[0])
        kind, width = data[start + 11 : start + 12], data[start + 16]
        if kind == b"C":
            spans.append((position, position + width))
        position += width
    for record in range(header_length, len(data) - record_length + 1, record_length):
        for start, end in spans:
            text = data[record + start : record + end].strip(b" \0")
            if not text.isascii():
                return text
    return next((name for name in names if not name.isascii()), None)
