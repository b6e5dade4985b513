"""Where a number comes from: documents, and input files with their checksums."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from sinks.errors import LayerError, ParameterError, Problems
from sinks.tables.sheet import read_sheet
from sinks.text import language

_CHUNK = 2**20

_lock = threading.Lock()
_reading: dict[str, threading.Lock] = {}
_known: dict[str, tuple[tuple[object, ...], tuple[int, str]]] = {}


class _Record:
    """JSON form of a frozen dataclass whose fields are plain values."""

    def to_json(self) -> dict[str, Any]:
        """A dict of plain values, the inverse of :meth:`from_json`."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]  # every subclass is a dataclass

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The object written by :meth:`to_json`; an unknown or missing key is a ``TypeError``."""
        return cls(**record)


@dataclass(frozen=True)
class Source(_Record):
    """A document that numbers are taken from, once per document.

    Parameters
    ----------
    key : str
        What parameter rows and methodologies refer to it by.
    kind : str
        ``guideline``, ``standard``, ``paper``, ``report``, ``code`` or ``user``.
    title, title_zh : str
        As printed; either may be empty, not both.
    issuer, year, edition : str
        Author or issuing body, year and edition.
    identifier : str
        DOI, standard number or ISBN.
    url, licence, retrieved, note : str
        Public address, terms of use, date of retrieval, remarks.
    """

    key: str
    kind: str
    title: str
    title_zh: str = ""
    issuer: str = ""
    year: str = ""
    edition: str = ""
    identifier: str = ""
    url: str = ""
    licence: str = ""
    retrieved: str = ""
    note: str = ""

    def __str__(self) -> str:
        title = (self.title_zh or self.title) if language() == "zh" else (self.title or self.title_zh)
        # Guidelines are known by their year, which is then their edition too.
        parts = dict.fromkeys((self.issuer, title, self.edition, self.year, self.identifier))
        return ". ".join(part for part in parts if part)


@dataclass(frozen=True)
class InputFile(_Record):
    """A file that a run has read, recognisable by its checksum wherever it is copied to."""

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path | str) -> InputFile:
        """Note size and SHA-256 of ``path``; what this process has read and finds unchanged is not read again."""
        return cls(str(path), *_content(str(path)))

    def same_content(self, other: InputFile) -> bool:
        """Whether the two files hold the same bytes, whatever their names."""
        return (self.size, self.sha256) == (other.size, other.sha256)


def _content(path: str) -> tuple[int, str]:
    """Size and SHA-256 of a file.

    Threads that ask for the same file share one reading.  A file is taken for the same while all that its folder says
    of it is the same, the time of its last change in the folder included, which no program can put back.
    """
    found = os.stat(path)
    key = (path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    with _lock:
        lock = _reading.setdefault(path, threading.Lock())
    with lock:
        known = _known.get(path)
        if known is None or known[0] != key:
            known = _known[path] = (key, _read(path))
        return known[1]


def _read(path: str) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def read_sources(path: Path | str) -> dict[str, Source]:
    """The documents in a ``sources.csv`` by key.

    Raises
    ------
    ParameterError
        With every fault of the table: missing column, empty or repeated key, row without a title.
    """
    path, problems = Path(path), Problems()
    try:
        sheet = read_sheet(path, ("key", "kind", "title"), optional=[field.name for field in fields(Source)])
    except LayerError as error:
        raise ParameterError(*error.problems) from error
    found: dict[str, Source] = {}
    for number, values in sheet.records():
        where, key = f"{path.name}:{number}", values["key"]
        if not key or not (values["title"] or values.get("title_zh")):
            problems.add("parameters.source_incomplete", where, key=key)
        elif key in found:
            problems.add("parameters.source_twice", where, key=key)
        else:
            found[key] = Source(**values)
    problems.raise_as(ParameterError)
    return found
