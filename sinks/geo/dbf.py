"""In which encoding the text of a Shapefile stands: what its files say, and whether the bytes agree.

A .dbf without a .cpg and without a language byte is read as Latin-1 by everybody, which turns Chinese into ``Çø»®``.
That is never what was meant, and what was meant cannot be known for certain; so it is refused, with the evidence.  The
same goes for a .cpg, a language byte or a word of the user under which the bytes are no Chinese, while they are in
another encoding: tools write such declarations without looking.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from sinks.errors import LayerError, Problem
from sinks.geo.zipped import files_inside
from sinks.tables.encoding import BIG5, BIG5_FAMILY, decode, is_traditional

_LANGUAGE_BYTE = 29
# Code pages by language byte, as GDAL's Shapefile driver reads them; 0x00 and 0x57 ("ANSI") say nothing.
_LANGUAGES = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x64: "cp852", 0x65: "cp866", 0xC8: "cp1250"} | {
    0xC9: "cp1251",
    0x13: "cp932",
    0x7B: "cp932",
    0x4D: "cp936",
    0x7A: "cp936",
    0x4E: "cp949",
    0x79: "cp949",
    0x4F: "cp950",
    0x78: "cp950",
}

_HEAD = 32
"""Bytes of a .dbf before its fields."""

_SAMPLE = 4_000_000
"""Bytes of the table that are looked at."""

_CANDIDATES = ("UTF-8", "GBK", "GB18030")
"""What text of China may stand in, the strictest first: bytes of another encoding are hardly ever UTF-8."""

_COMMON_FIRST, _COMMON_LAST = 0xB0, 0xD7
"""Lead bytes in GB 2312 of its 3755 common characters (level 1)."""

_SURE_TEXTS = 3
"""Different texts beyond ASCII that are all UTF-8 by chance in no table."""

_GEOJSON = (".geojson", ".json")

_GEOJSON_MOST = 1 << 26
"""Bytes up to which a GeoJSON is looked at."""

# A text between quotation marks with something beyond ASCII in it; that mark is never half a character.
_QUOTED = re.compile(rb'"([^"]*[\x80-\xff][^"]*)"')

_FAR_MORE = 0.5
"""Share of common characters by which another reading has to be better before a declaration is doubted."""


def check_dbf(path: str | Path, encoding: str | None) -> Problem | None:
    """What is wrong with the encoding of the Shapefile at ``path`` (.shp, a folder of them, or a .zip with them).

    A GeoJSON has its text in the open and is judged too.

    Parameters
    ----------
    path : str or Path
        Of a GeoJSON the bytes alone are asked; what is neither is passed over.
    encoding : str or None
        As declared by the user, before what the file says.

    Returns
    -------
    Problem or None
        None when the text is plain ASCII, or when its encoding is declared and fits the bytes.
    """
    if Path(path).suffix.lower() in _GEOJSON and Path(path).is_file():
        return _check_geojson(Path(path), encoding)
    for table in _tables(Path(path)):
        problem = _check_table(str(path), table, encoding)
        if problem is not None:
            return problem
    return None


def _check_geojson(path: Path, declared: str | None) -> Problem | None:
    """GDAL takes any encoding that it is told, and UTF-8 where it is told none; UTF-16 it cannot read at all."""
    with path.open("rb") as file:
        content = file.read(_GEOJSON_MOST + 1)
    if (content.isascii() and b"\0" not in content) or len(content) > _GEOJSON_MOST:
        return None
    try:
        decoded = decode(content, str(path), declared)
    except LayerError as error:
        problem = error.problems[0]
        advice = problem.values.get("suggestion")
    else:
        problem = decoded.notes[0] if decoded.notes else Problem("dbf.geojson_wide", str(path), {})
        advice = problem.values.get("wider", problem.values.get("encoding"))
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        return Problem("dbf.geojson_wide", str(path), {})
    if advice is None:
        return problem if problem.id != "dbf.geojson_wide" else None
    word = _QUOTED.search(content)
    read = {"found": declared or "UTF-8", "other": str(advice)}
    readings = {name: word[1].decode(one, errors="replace") if word else "" for name, one in read.items()}
    values = {"encoding": declared or "UTF-8", "suggestion": advice, **readings}
    return Problem("dbf.geojson_encoding", str(path), values)


def _check_table(path: str, table: _Dbf, encoding: str | None) -> Problem | None:
    if table.size < table.declared:
        return Problem("dbf.cut_short", path, {"found": table.size, "expected": table.declared})
    if table.is_ascii:
        return None
    language = table.data[_LANGUAGE_BYTE]
    for declared, kind in ((encoding, "encoding"), (table.cpg, "cpg"), (_LANGUAGES.get(language), "language")):
        if declared is not None:
            return _check_declared(path, table, declared, kind)
    if language not in (0x00, 0x57):
        return Problem("dbf.language_unknown", path, {"byte": f"0x{language:02X}", **_readings(table, None)})
    return Problem("dbf.no_encoding", path, _readings(table, None))


def _check_declared(path: str, table: _Dbf, declared: str, kind: str) -> Problem | None:
    try:
        fits = table.decodes(declared)
    except LookupError:
        return Problem("dbf.unknown_encoding", path, {"encoding": declared, **_readings(table, None)})
    if fits and not _doubtful(table, declared):
        return None
    values = {"encoding": declared, "found": table.shown(declared), **_readings(table, declared)}
    if kind == "encoding":
        return Problem("dbf.encoding_fails", path, values)
    return Problem("dbf.cpg_fails" if kind == "cpg" else "dbf.language_fails", path, values)


def _doubtful(table: _Dbf, declared: str) -> bool:
    """Whether the bytes are rubbish as declared and plain Chinese in another encoding.

    Bytes that are UTF-8 as declared are never anything else by chance, whatever language they are in.
    """
    known = codecs.lookup(declared).name
    if known == "utf-8":
        return False
    if known not in BIG5_FAMILY and table.is_big5:
        return True
    best = max((table.commonness(one) for one in _CANDIDATES if table.decodes(one)), default=0.0)
    return best - table.commonness(declared) > _FAR_MORE


def _readings(table: _Dbf, tried: str | None) -> dict[str, str]:
    """The first text in every encoding that fits, and the best of them; never the one that was tried."""
    known = codecs.lookup(tried).name if tried else ""
    fitting = [one for one in _CANDIDATES if codecs.lookup(one).name != known and table.decodes(one)]
    best = max(fitting, key=table.commonness, default="?")
    if "UTF-8" in fitting and table.texts >= _SURE_TEXTS:
        best = "UTF-8"
    elif table.is_big5 and known not in BIG5_FAMILY:
        fitting, best = [BIG5, *fitting], BIG5
    shown = [f'{one}: "{table.shown(one)}"' for one in fitting if one == best or one != "GB18030"]
    return {"readings": "; ".join(shown) or "?", "suggestion": best}


@dataclass(frozen=True)
class _Dbf:
    """The first bytes of a .dbf file, how many it has, and what its .cpg says."""

    data: bytes
    size: int
    cpg: str | None

    @property
    def declared(self) -> int:
        """Bytes that the file must have by its own head: GDAL reads rows that are not there as empty ones."""
        rows = int.from_bytes(self.data[4:8], "little")
        header, record = (int.from_bytes(self.data[i : i + 2], "little") for i in (8, 10))
        return max(_HEAD, header + rows * record)

    @property
    def is_ascii(self) -> bool:
        return not self._foreign

    @property
    def texts(self) -> int:
        """Number of different texts that are not ASCII."""
        return len(self._foreign)

    def decodes(self, encoding: str) -> bool:
        """Whether every text is valid; a field may end in the middle of a character, where software cut it off."""
        for text in self._foreign:
            try:
                text.decode(encoding)
            except UnicodeDecodeError as error:
                if error.end < len(text):
                    return False
        return True

    def commonness(self, encoding: str) -> float:
        """Share of the characters beyond ASCII that are common in Chinese (level 1 of GB 2312)."""
        text = "".join(one.decode(encoding, errors="replace") for one in self._foreign)
        beyond = [character for character in text if not character.isascii()]
        common = [c for c in beyond if (c.encode("gb2312", errors="replace") + b"\0")[0] >= _COMMON_FIRST]
        common = [c for c in common if c.encode("gb2312", errors="replace")[0] <= _COMMON_LAST]
        return len(common) / max(len(beyond), 1)

    @property
    def is_big5(self) -> bool:
        """Whether the texts are common Chinese in Big5, and none in GBK or UTF-8."""
        if self.decodes("UTF-8") or not is_traditional(b"\n".join(self._foreign)):
            return False
        return not self.decodes("GB18030") or self.commonness("GB18030") < _FAR_MORE

    def shown(self, encoding: str) -> str:
        """The first text that is not ASCII, as it would read."""
        return self._foreign[0].decode(encoding, errors="replace").strip()

    @cached_property
    def _foreign(self) -> list[bytes]:
        """Texts that are not ASCII, each once, in the order of the file."""
        return [text for text in dict.fromkeys(self._texts()) if not text.isascii()]

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
                names = files_inside(archive.namelist())
                yield from _pairs(names, archive.open, lambda name: archive.getinfo(name).file_size)
    elif path.is_dir() and path.suffix.lower() != ".gdb":
        yield from _pairs_in(path, [entry.name for entry in path.iterdir()])
    elif path.suffix.lower() == ".shp":
        yield from _pairs_in(path.parent, [entry.name for entry in path.parent.iterdir() if entry.stem == path.stem])


def _pairs_in(folder: Path, names: list[str]) -> Iterator[_Dbf]:
    return _pairs(names, lambda name: (folder / name).open("rb"), lambda name: (folder / name).stat().st_size)


def _pairs(names: list[str], opened: Callable[[str], IO[bytes]], size_of: Callable[[str], int]) -> Iterator[_Dbf]:
    """Tables among files; their sizes as the folder or archive has them, which unpacks nothing."""
    members = {name.lower(): name for name in names}
    for lower in sorted(name for name in members if name.endswith(".dbf")):
        cpg = members.get(lower[:-4] + ".cpg")
        with opened(members[lower]) as table:
            data, size = table.read(_SAMPLE), size_of(members[lower])
        if cpg is None:
            yield _Dbf(data, size, None)
        else:
            with opened(cpg) as stated:
                yield _Dbf(data, size, _cpg(stated.read()))


def _cpg(content: bytes) -> str | None:
    """The name in a .cpg; ESRI writes code pages as bare numbers."""
    name = content.decode("ascii", errors="replace").strip()
    if name.isdecimal():
        return f"cp{name}"
    return name or None
