"""STAC items in the place of rasters: which file is meant, and of which year it is.

An item (STAC 1.0, a GeoJSON ``Feature`` with ``stac_version``), an ItemCollection, or a folder of items becomes the
``files`` of its section, before anything else looks at the project; so all that holds for files by date holds for
items.  Nothing is fetched, and nothing of an item is used but its date and the address of one asset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import dirname, join, normpath
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sinks.errors import Problems
from sinks.objects import is_object
from sinks.project.base import STATIC
from sinks.trust.consent import Ask, refused
from sinks.trust.territory import Territory, first_of_each

_SUFFIXES = (".json", ".geojson")
_ZARR = ("zarr.json", ".zgroup", ".zarray")
_MOST_BYTES = 64 << 20
_KINDS = ("strata", "inputs", "monthly_inputs")
_ABOVE = frozenset({"Catalog", "Collection"})
_SIDE = frozenset({"thumbnail", "overview", "metadata"})
_RASTER_TYPE = re.compile(r"^image/(tiff|vnd\.stac\.geotiff|jp2)\b|^application/(x-)?(netcdf|hdf5?|geotiff)\b", re.I)
"""Media types of rasters, as the STAC best practices list them (GeoTIFF, COG, JPEG 2000, HDF, NetCDF)."""

_WEB = re.compile(r"^(https?|s3|gs)://", re.I)
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")
_MOMENT = re.compile(r"^(\d{4})-\d{2}-\d{2}([Tt ].*)?$")
_NEW_YEAR = re.compile(r"^\d{4}-01-01[Tt ]00:00:00(\.0+)?([Zz]|[+-]\d{2}:\d{2})?$")


@dataclass(frozen=True)
class _Item:
    """An item, and the file that it stands in as the project names it."""

    file: str
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        return _shown(self.content.get("id"))


@dataclass
class _Reader:
    """Reads the items of one project file and gathers what is wrong with them."""

    folder: Path
    where: str
    problems: Problems
    dates: list[str]
    territory: Territory | None

    def section(self, place: str, section: Mapping[str, Any]) -> dict[str, Any]:
        """The section with files in the place of items."""
        one, several, accept = section.get("file"), section.get("files"), section.get("accept")
        asset = section.get("asset")
        given = {None: one} if several is None else several
        if not isinstance(given, Mapping) or (one is not None and several is not None):
            return {**section}
        found: dict[Any, Any] = {}
        expanded = False
        for date, name in given.items():
            documents = self._documents(name)
            if not documents:
                found[date] = name
                continue
            expanded, at = True, f"{self.where}: {place}." + ("file" if date is None else f"files.{date}")
            items = self._items(at, str(name), documents)
            if items is not None and date is None:
                by_date = self._all(at, items, asset)
                found |= self._stand_in(name) if by_date is None else by_date
            else:
                settled = isinstance(accept, list | tuple) and "other_year" in accept
                found[date] = (items and self._one(at, items, asset, str(date), settled)) or name
        if not expanded:
            return {**section}
        found |= self._stand_in(found.pop(None)) if None in found else {}
        # An asset that is no text is left for the model to refuse.
        gone = ("file", "asset") if asset is None or isinstance(asset, str) else ("file",)
        return {key: value for key, value in section.items() if key not in gone} | {"files": found}

    def _stand_in(self, name: Any) -> dict[Any, Any]:
        """What stands for items that are at fault, so that nothing more is said of them."""
        return dict.fromkeys(self.dates or [STATIC], name)

    def _documents(self, name: object) -> list[str]:
        """The JSON files that a path stands for, as the project would name them; none where it is no STAC."""
        if not isinstance(name, str) or not name or is_object(name) or "://" in name or name.startswith("/vsi"):
            return []
        try:
            path = self.folder / name
            if path.is_file():
                return [name] if path.suffix.lower() in _SUFFIXES else []
            if not path.is_dir() or any((path / mark).exists() for mark in _ZARR):
                return []
            inside = sorted(one for depth in ("*", "*/*") for one in path.glob(depth))
            return [
                join(name, str(one.relative_to(path)))
                for one in inside
                if one.suffix.lower() in _SUFFIXES and one.is_file()
            ]
        except (OSError, ValueError):
            return []  # said by who looks for it

    def _items(self, at: str, name: str, documents: list[str]) -> list[_Item] | None:
        """The items of all documents; None after a problem."""
        before = len(self.problems)
        if self._not_agreed(at, name, documents):
            return None
        lone = documents == [name]
        found = [item for file in documents for item in self._of_document(at, file, lone)]
        if not found and len(self.problems) == before:
            self.problems.add("stac.no_items", at, file=name)
        return found if len(self.problems) == before else None

    def _not_agreed(self, at: str, name: str, documents: list[str]) -> bool:
        """Whether a document lies beyond the project and its user has not agreed to it."""
        if self.territory is None:
            return False
        top = (self.folder / name).resolve()
        asks: list[Any] = list(self.territory.documents(at, top))
        for file in documents:
            if not (real := (self.folder / file).resolve()).is_relative_to(top):
                asks += self.territory.documents(at, real)
        wanted: list[Ask] = first_of_each(asks)[0]
        missing = refused(wanted)
        for problem in missing:
            self.problems.add(problem.id, problem.where, **problem.values)
        return bool(missing)

    def _of_document(self, at: str, file: str, lone: bool) -> Iterator[_Item]:
        path = self.folder / file
        try:
            size = path.stat().st_size
            if size > _MOST_BYTES:
                self.problems.add("stac.too_large", at, file=file, size=size >> 20, limit=_MOST_BYTES >> 20)
                return
            content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            self.problems.add("stac.not_json", at, file=file)
            return
        kind = content.get("type") if isinstance(content, dict) else None
        if kind in _ABOVE and not lone:
            return  # a catalogue keeps its own description beside its items
        features = content.get("features") if kind == "FeatureCollection" else [content]
        version = isinstance(content, dict) and content.get("stac_version")
        for feature in features if isinstance(features, list) else [None]:
            if not _is_item(feature, version):
                self.problems.add("stac.not_an_item", at, file=file, found=_kind(feature, kind))
                return
            yield _Item(file, feature)

    def _all(self, at: str, items: list[_Item], asset: Any) -> dict[str, str] | None:
        """The file of each item by its date; None after a problem."""
        by_date = self._by_date(at, items)
        if by_date is None:
            return None
        before = len(self.problems)
        if missing := [date for date in self.dates if date not in by_date]:
            self._missing(at, items, missing, by_date)
        self._check_twice(at, by_date, list(by_date))
        if len(self.problems) > before:
            return None
        found = {date: self._file(at, by_date[date][0], asset) for date in sorted(by_date)}
        kept = {date: name for date, name in found.items() if name is not None}
        return kept if len(kept) == len(found) else None

    def _one(self, at: str, items: list[_Item], asset: Any, date: str, settled: bool) -> str | None:
        """The file of the item for one declared date; None after a problem."""
        if len(items) == 1 and (date == STATIC or settled):
            return self._file(at, items[0], asset)
        if (by_date := self._by_date(at, items)) is None:
            return None
        if date == STATIC or (date not in by_date and len(items) > 1):
            self._missing(at, items, [date], by_date)
            return None
        if date not in by_date:
            values = {"file": items[0].file, "item": items[0].name, "found": next(iter(by_date)), "expected": date}
            self.problems.add("stac.other_year", at, **values)
            return None
        if self._check_twice(at, by_date, [date]):
            return None
        return self._file(at, by_date[date][0], asset)

    def _by_date(self, at: str, items: list[_Item]) -> dict[str, list[_Item]] | None:
        found: dict[str, list[_Item]] = {}
        before = len(self.problems)
        for item in items:
            if (year := _year(item.content["properties"])) is None:
                said = {key: _shown(item.content["properties"].get(key)) for key in _WHEN}
                self.problems.add(
                    "stac.no_year", at, file=item.file, item=item.name, found=[f"{k} = {v}" for k, v in said.items()]
                )
            else:
                found.setdefault(year, []).append(item)
        return found if len(self.problems) == before else None

    def _missing(self, at: str, items: list[_Item], missing: list[str], by_date: Mapping[str, Any]) -> None:
        named = list(dict.fromkeys(item.file for item in items))
        values = {"file": named[:10], "one": named[-1], "missing": missing, "found": sorted(by_date)}
        self.problems.add("stac.none_of_date", at, **values)

    def _check_twice(self, at: str, by_date: Mapping[str, list[_Item]], dates: list[str]) -> bool:
        twice = [date for date in sorted(dates) if len(by_date[date]) > 1]
        for date in twice:
            named = [f"{item.name} ({item.file})" for item in by_date[date]]
            self.problems.add("stac.date_twice", at, date=date, count=len(named), items=named[:10])
        return bool(twice)

    def _file(self, at: str, item: _Item, asset: Any) -> str | None:
        """The file of the asset that is meant; None after a problem."""
        assets = {str(key): value for key, value in item.content["assets"].items() if isinstance(value, Mapping)}
        values: dict[str, Any] = {"file": item.file, "item": item.name, "found": sorted(assets)}
        if isinstance(asset, str):
            names = [asset] if asset in assets else []
            if not names:
                self.problems.add("stac.unknown_asset", at, **values, asset=asset)
                return None
        else:
            names = _rasters(assets)
            if len(names) != 1:
                id = "stac.several_assets" if names else "stac.no_asset"
                first = {"first": names[0]} if names else {}
                self.problems.add(id, at, **(values | {"found": names or sorted(assets)} | first))
                return None
        href = assets[names[0]].get("href")
        if (found := _resolved(href, item.file)) is None:
            self.problems.add("stac.bad_href", at, file=item.file, item=item.name, asset=names[0], found=_shown(href))
        return found


def with_items(
    content: Mapping[str, Any], folder: Path, where: str, problems: Problems, territory: Territory | None
) -> dict[str, Any]:
    """The content of a project file, with files by date where its raster sections name STAC items.

    Parameters
    ----------
    content : mapping
        As it was read; nothing of it need be right.
    folder : Path
        What its paths are relative to.
    where : str
        The project file.
    problems : Problems
        Takes what is wrong with the items; their sections then keep the path that was given.
    territory : Territory or None
        Beyond which items are read by consent only; None for what a caller says in Python.
    """
    project = content.get("project")
    dates = project.get("dates") if isinstance(project, Mapping) else None
    asked = [one for one in map(_shown, dates) if len(one) == 4] if isinstance(dates, list | tuple) else []
    reader = _Reader(folder, where, problems, asked, territory)
    changed = dict(content)
    if isinstance(cover := content.get("land_cover"), Mapping):
        changed["land_cover"] = reader.section("land_cover", cover)
    for kind in _KINDS:
        if isinstance(sections := content.get(kind), Mapping):
            changed[kind] = {
                name: reader.section(f"{kind}.{name}", one) if isinstance(one, Mapping) else one
                for name, one in sections.items()
            }
    return changed


_WHEN = ("datetime", "start_datetime", "end_datetime")


def _shown(value: object) -> str:
    """A value of an item in few words, however long or deep it is."""
    if isinstance(value, str):
        return value[:200]
    return str(value) if value is None or (isinstance(value, int) and abs(value) < 1 << 64) else type(value).__name__


def _is_item(feature: object, version: object) -> TypeGuard[Mapping[str, Any]]:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        return False
    if not (feature.get("stac_version") or version):
        return False
    return isinstance(feature.get("properties"), Mapping) and isinstance(feature.get("assets"), Mapping)


def _kind(feature: object, kind: object) -> str:
    own = feature.get("type") if isinstance(feature, Mapping) else None
    return str(own or kind or type(feature).__name__)[:80]


def _year(properties: Mapping[str, Any]) -> str | None:
    """The year of an item, as it is written and in the time zone that it is written in; None where there is no one.

    ``datetime`` counts where it is given, and has to lie within ``start_datetime`` and ``end_datetime`` where those are
    given too.  An end on the stroke of New Year is the end of the year before.
    """
    moment, start, end = (properties.get(key) for key in _WHEN)
    years = [_year_of(one) for one in (moment, start, end)]
    if any(year is None and one is not None for year, one in zip(years, (moment, start, end), strict=True)):
        return None
    at, first, last = years
    if last is not None and first is not None and last > first and _NEW_YEAR.match(str(end)):
        last = f"{int(last) - 1:04d}"
    if at is not None:
        return at if (first or at) <= at <= (last or at) else None
    return first if first is not None and first == last else None


def _year_of(moment: object) -> str | None:
    found = _MOMENT.match(moment) if isinstance(moment, str) else None
    return found[1] if found else None


def _rasters(assets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Assets that media type and roles call raster data; those of the role ``data`` before others."""
    found, data = [], []
    for name, asset in assets.items():
        kind, said = asset.get("type"), asset.get("roles")
        roles = set(map(str, said)) if isinstance(said, list) else set()
        typed = isinstance(kind, str) and _RASTER_TYPE.match(kind) is not None
        if roles & _SIDE or not (typed or (kind is None and "data" in roles)):
            continue
        found.append(name)
        data += [name] if "data" in roles else []
    return data or found


def _resolved(href: object, file: str) -> str | None:
    """What the project would write for an address in an item: relative ones begin beside the item.

    None for an address that is neither a path nor of a kind that is read.
    """
    if not isinstance(href, str) or not href.strip() or "\0" in href or href.startswith("<"):
        return None
    if _WEB.match(href):
        return href
    if href.lower().startswith("file://"):
        parts = urlsplit(href)
        return url2pathname(parts.path) if parts.netloc in ("", "localhost") and parts.path else None
    if _SCHEME.match(href):
        return None
    if href.startswith("/vsi"):
        return href
    return normpath(join(dirname(file), href))
