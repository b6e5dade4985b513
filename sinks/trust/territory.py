"""Which files of a project reach beyond it.

A project may read what lies in its own folder, and in the folder above it that is marked by an empty file
``.sinks-root``.  Beyond that it may read, without being asked, what cannot be mistaken for anything but data of the
field: rasters and vector layers that begin with the signature of a GeoTIFF, NetCDF, HDF, GeoPackage, Shapefile and
their like.  Everything else beyond it, whatever leads there, is named and asked for: text (a legend or a table would be
shown in messages), addresses of other machines, GDAL's virtual files, and files that lead to further files.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from sinks.errors import Problem
from sinks.trust.consent import Ask
from sinks.trust.vrt import LEADING, Unreadable, leads_to

ROOT_MARK = ".sinks-root"

_HEAD = 4096
_ZIP = b"PK\x03\x04"
_SIGNATURES = (
    b"II*\0", b"MM\0*", b"II+\0", b"MM\0+",  # TIFF, BigTIFF
    b"EHFA_HEADER_TAG", b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n", b"\x0e\x03\x13\x01",
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"GRIB",
    b"SQLite format 3\0", b"\0\0\x27\x0a", b"PAR1", b"fgb\x03",
)  # fmt: skip
"""First bytes of formats of the field that hold data and lead nowhere, as GDAL's drivers know them: TIFF, ERDAS
Imagine, NetCDF, HDF5, HDF4, PNG, JPEG, JPEG 2000, GRIB, SQLite (GeoPackage), Shapefile, Parquet and FlatGeobuf."""

_REMOTE = re.compile(r"^(/vsi|[A-Za-z][A-Za-z0-9+.-]+://|\\\\|//)")
_DRIVER = re.compile(r'^([A-Za-z0-9_]+):"([^"]+)"(.*)$')
_CONTAINERS = frozenset({"NETCDF", "HDF5", "HDF4_EOS", "HDF4_SDS", "GTIFF_DIR", "GPKG"})
"""Drivers of GDAL that open a part of one file."""

_MOST_UNPACKED, _MOST_RATIO = 1 << 30, 100
"""Unpacked bytes, and bytes out of one byte, up to which a zip file is opened: DEFLATE makes at most 1032 of one byte
(zlib.net, technical details), sheets of figures about ten."""

_SQLITE = b"SQLite format 3\0"
_MOST_VRT = 64 << 20
_MOST_DEPTH = 8


@dataclass(frozen=True)
class Territory:
    """Folders whose files belong to a project.

    Parameters
    ----------
    folder : Path
        Of the project file; consents are remembered for it.
    roots : tuple of Path
        Folders, without symbolic links.
    known : frozenset of str
        SHA-256 of files that the writer of a run's record has had before.
    """

    folder: Path
    roots: tuple[Path, ...]
    known: frozenset[str] = frozenset()

    @classmethod
    def of(cls, folder: Path, known: frozenset[str] = frozenset(), *, own: bool = True) -> Territory:
        """That of a project file in ``folder``; ``own`` tells whether the folder is known to be the project's."""
        folder = folder.resolve()
        marked = [one for one in (folder, *folder.parents) if (one / ROOT_MARK).is_file()]
        return cls(folder, (folder, *marked[:1]) if own else (), known)

    def holds(self, path: Path) -> bool:
        """Whether a resolved path lies inside, or its content is known to whoever made the project."""
        return any(path.is_relative_to(root) for root in self.roots)

    def asks(self, place: str, path: str) -> Iterator[Ask | Problem]:
        """What has to be agreed to before ``path`` is read; a Problem where nobody could agree."""
        if _REMOTE.match(path):
            yield self._ask("trust.remote", place, path)
            return
        if driver := _DRIVER.match(path):
            if driver[1].upper() not in _CONTAINERS:
                yield self._ask("trust.driver", place, path, driver=driver[1])
                return
            path = driver[2]
            if _REMOTE.match(path):
                yield self._ask("trust.remote", place, path)
                return
        yield from self._local(place, Path(path))

    def documents(self, place: str, real: Path) -> Iterator[Ask | Problem]:
        """What has to be agreed to before a resolved file or folder of text is read that leads to further files."""
        if not self.holds(real):
            yield self._ask("trust.outside", place, real)

    def code(self, place: str, path: str) -> Iterator[Ask | Problem]:
        """What has to be agreed to before the Python in ``path`` runs."""
        if not Path(path).is_file():
            return  # said by who looks for it
        with open(path, "rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        yield Ask(Problem("trust.code", place, {"file": path, "sha256": digest[:16]}), f"code:{digest}")

    def _ask(self, id: str, place: str, path: object, **values: object) -> Ask:
        return Ask(Problem(id, place, {"file": str(path), **values}), f"file:{self.folder}:{path}")

    def _local(self, place: str, path: Path) -> Iterator[Ask | Problem]:
        try:
            real = path.resolve()
            mode = real.stat().st_mode
        except (OSError, RuntimeError, ValueError):
            return  # said by who looks for it
        inside = self.holds(real)
        if stat.S_ISDIR(mode):
            if not inside and real.suffix.lower() != ".gdb":
                yield self._ask("trust.outside", place, real)
            return
        if not stat.S_ISREG(mode):
            yield Problem("trust.not_a_file", place, {"file": str(path)})
            return
        try:
            with real.open("rb") as handle:
                head = handle.read(_HEAD)
        except OSError:
            return
        if (refused := self._of_its_inside(place, path, real, head)) is not None:
            yield refused
            return
        leading = not head.startswith(_ZIP) and any(mark in head for mark in LEADING)
        if not leading and (head.startswith(_SIGNATURES) and ".gti." not in real.name.lower()):
            return
        if leading:
            yield from self._follow(place, real, inside, 0, set())
        elif inside and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<kml" not in head:
            yield self._ask("trust.unreadable", place, real)
        elif inside:
            yield from self._packed(place, real, head)
        elif not (head.lstrip().startswith(b"{") and b'"FeatureCollection"' in head) and not self._is_known(real):
            yield self._ask("trust.outside", place, real)

    def _of_its_inside(self, place: str, path: Path, real: Path, head: bytes) -> Ask | Problem | None:
        """What is to be said of a file of data for what it does when it is opened."""
        if head.startswith(_ZIP) and _swells(real):
            return Problem("trust.swells", place, {"file": str(path), "limit": _MOST_UNPACKED >> 20})
        computed = _computed(real)
        return self._ask("trust.computes", place, real, layers=computed) if computed else None

    def _is_known(self, real: Path) -> bool:
        """Whether the record names the very content: who wrote it has had the file, and cannot learn from it."""
        if not self.known:
            return False
        with real.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() in self.known

    def _packed(self, place: str, real: Path, head: bytes) -> Iterator[Ask]:
        """A zip file whose inside leads elsewhere."""
        if not head.startswith(_ZIP):
            return
        try:
            with ZipFile(real) as package:
                for part in package.infolist()[:1000]:
                    with package.open(part) as handle:
                        start = handle.read(_HEAD)
                    if any(mark in start for mark in LEADING):
                        yield self._ask("trust.leads", place, real, source=part.filename)
        except (BadZipFile, OSError, RuntimeError, NotImplementedError):
            return  # said by who reads it

    def _follow(self, place: str, real: Path, inside: bool, depth: int, seen: set[Path]) -> Iterator[Ask]:
        """Where a file that leads to others goes, and where those go."""
        seen.add(real)
        roots = self.roots if inside else (*self.roots, real.parent)
        try:
            if depth > _MOST_DEPTH or real.stat().st_size > _MOST_VRT:
                raise Unreadable
            leads = leads_to(real.read_bytes(), real.parent)
        except (Unreadable, OSError):
            yield self._ask("trust.unreadable", place, real)
            return
        for words in leads.closed:
            yield self._ask("trust.leads", place, real, source=words)
        for target in leads.files:
            if not any(target.is_relative_to(root) for root in roots):
                yield self._ask("trust.leads", place, target, source=str(target))
            elif target.is_file() and (computed := _computed(target)):
                yield self._ask("trust.computes", place, target, layers=computed)
            elif target not in seen and target.is_file() and not is_signed(target):
                with target.open("rb") as handle:
                    start = handle.read(_HEAD)
                if any(mark in start for mark in LEADING):
                    yield from self._follow(place, target, self.holds(target), depth + 1, seen)


def _computed(path: Path) -> list[str]:
    """Views and virtual tables of a GeoPackage or SpatiaLite file: what they show is computed when it is read.

    A view may go on for ever, and a virtual table reads what it likes; the index of outlines (rtree) does neither.
    """
    try:
        with path.open("rb") as handle:
            if handle.read(len(_SQLITE)) != _SQLITE:
                return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            rows = base.execute("SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    except (sqlite3.Error, OSError):
        return []  # said by who reads it
    words = [(str(name), kind, " ".join(str(sql).lower().split())) for name, kind, sql in rows]
    virtual = re.compile(r"create virtual table .* using (?!rtree\b)")
    return sorted(name for name, kind, sql in words if kind == "view" or virtual.match(sql))[:10]


def _swells(path: Path) -> bool:
    """Whether a zip file, such as a workbook, unpacks into far more than anybody's data do."""
    try:
        with ZipFile(path) as package:
            size = sum(part.file_size for part in package.infolist())
    except (BadZipFile, OSError, ValueError):
        return False  # said by who reads it
    return size > _MOST_UNPACKED and size > _MOST_RATIO * path.stat().st_size


def is_signed(path: Path) -> bool:
    """Whether a file begins with the signature of a format that holds data and leads nowhere."""
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError:
        return False
    return head.startswith(_SIGNATURES) and not any(mark in head for mark in LEADING)


def first_of_each(asks: Sequence[Ask | Problem]) -> tuple[list[Ask], list[Problem]]:
    """Asks without repetition (a file that is named for every month asks once), and plain problems."""
    found: dict[str, Ask] = {}
    problems: list[Problem] = []
    for one in asks:
        if isinstance(one, Ask):
            found.setdefault(one.key, one)
        else:
            problems.append(one)
    return list(found.values()), problems
