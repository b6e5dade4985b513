"""In which encoding the text of a Shapefile stands: what its files say, and whether the bytes agree.

A .dbf without a .cpg and without a language byte is read as Latin-1 by everybody, which turns Chinese into ``Çø»®``.
That is never what was meant, and what was meant cannot be known for certain; so it is refused, with the evidence.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sinks.errors import Problem

_LANGUAGE_BYTE = 29
_UNDECLARED = (0x00, 0x57)
"""Language bytes that GDAL reads as Latin-1: none, and "ANSI", which in China means GBK."""

_SAMPLE = 4_000_000
"""Bytes of the table that are looked at."""


def check_dbf(path: str | Path, encoding: str | None) -> Problem | None:
    """What is wrong with the encoding of the Shapefile at ``path`` (.shp, a folder of them, or a .zip with them).

    Parameters
    ----------
    path : str or Path
        Anything that is not a Shapefile is passed over.
    encoding : str or None
        As declared by the user, before what the file says.

    Returns
    -------
    Problem or None
        None when the text is plain ASCII, or when its encoding is declared and fits the bytes.
    """
    for table in _tables(Path(path)):
        problem = _check_table(str(path), table, encoding)
        if problem is not None:
            return problem
    return None


def _check_table(path: str, table: _Dbf, encoding: str | None) -> Problem | None:
    if table.is_ascii:
        return None
    declared = encoding or table.cpg
    if declared is not None:
        return _check_declared(path, table, declared, "dbf.encoding_fails" if encoding else "dbf.cpg_fails")
    if table.data[_LANGUAGE_BYTE] not in _UNDECLARED:
        return None
    values = {"gbk": table.shown("GBK"), "utf8": table.shown("UTF-8"), "suggestion": table.likely()}
    return Problem("dbf.no_encoding", path, values)


def _check_declared(path: str, table: _Dbf, declared: str, message: str) -> Problem | None:
    try:
        if table.decodes(declared):
            return None
    except LookupError:
        return Problem("dbf.unknown_encoding", path, {"encoding": declared})
    values = {"encoding": declared, "suggestion": table.likely(), "value": table.shown(table.likely())}
    return Problem(message, path, values)


@dataclass(frozen=True)
class _Dbf:
    """The first bytes of a .dbf file, and what its .cpg says."""

    data: bytes
    cpg: str | None

    @property
    def is_ascii(self) -> bool:
        return all(text.isascii() for text in self._texts())

    def decodes(self, encoding: str) -> bool:
        """Whether every text is valid; a field may end in the middle of a character, where software cut it off."""
        for text in self._texts():
            try:
                text.decode(encoding)
            except UnicodeDecodeError as error:
                if error.end < len(text):
                    return False
        return True

    def likely(self) -> str:
        """UTF-8 if the bytes are that: text of another encoding hardly ever is."""
        return "UTF-8" if self.decodes("UTF-8") else "GBK"

    def shown(self, encoding: str) -> str:
        """The first text that is not ASCII, as it would read."""
        first = next(text for text in self._texts() if not text.isascii())
        return first.decode(encoding, errors="replace").strip()

    def _texts(self) -> Iterator[bytes]:
        """Values first, since they show better than abbreviated names, then the names of the fields."""
        header, record = (int.from_bytes(self.data[i : i + 2], "little") for i in (8, 10))
        descriptors = [self.data[i : i + 32] for i in range(32, header - 32, 32)]
        position, columns = 1, []
        for descriptor in descriptors:
            if descriptor[11:12] == b"C":
                columns.append(slice(position, position + descriptor[16]))
            position += descriptor[16]
        for start in range(header, len(self.data) - record + 1, max(record, 1)):
            row = self.data[start : start + record]
            yield from (row[column].strip(b" \0") for column in columns)
        yield from (descriptor[:11].split(b"\0")[0] for descriptor in descriptors)


def _tables(path: Path) -> Iterator[_Dbf]:
    """Every attribute table beside or inside ``path``, with the .cpg that belongs to it."""
    if path.suffix.lower() == ".zip":
        if not path.name.lower().endswith(".gdb.zip") and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from _pairs(archive.namelist(), archive.open)
    elif path.is_dir() and path.suffix.lower() != ".gdb":
        yield from _pairs([entry.name for entry in path.iterdir()], lambda name: (path / name).open("rb"))
    elif path.suffix.lower() == ".shp":
        beside = [entry.name for entry in path.parent.iterdir() if entry.stem == path.stem]
        yield from _pairs(beside, lambda name: (path.parent / name).open("rb"))


def _pairs(names: list[str], opened: Callable[[str], IO[bytes]]) -> Iterator[_Dbf]:
    members = {name.lower(): name for name in names}
    for lower in sorted(name for name in members if name.endswith(".dbf")):
        cpg = members.get(lower[:-4] + ".cpg")
        with opened(members[lower]) as table:
            data = table.read(_SAMPLE)
        if cpg is None:
            yield _Dbf(data, None)
        else:
            with opened(cpg) as stated:
                yield _Dbf(data, _cpg(stated.read()))


def _cpg(content: bytes) -> str | None:
    """The name in a .cpg; ESRI writes code pages as bare numbers."""
    name = content.decode("ascii", errors="replace").strip()
    if name.isdecimal():
        return f"cp{name}"
    return name or None
