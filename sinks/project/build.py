"""A project put together in Python, in which an object may stand wherever a path may.

The keywords of :func:`held_content` are the sections of the project file, and what is in them is what stands in the
file; only the inputs differ.  Each object is held under the name of its place (:mod:`sinks.objects`), and the project
that results is the same kind of thing as one that was read: it goes through the same checks and says the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from sinks.errors import Problems, ProjectError
from sinks.objects import PREFIX, Held, Kind, find, hold, kind_of
from sinks.project.array_dates import MONTH_AXIS, by_month, by_year, check_said_date, dated_axis, plain
from sinks.text import text_of
from sinks.vocabulary import MONTH

_RASTERS = ("strata", "inputs", "monthly_inputs")
_POLYGONS = (("regions", "file"), ("restoration", "file"), ("assessment", "credit_projects"))

_WRONG: dict[Kind, str] = {
    "DataArray": "objects.not_dataarray",
    "GeoDataFrame": "objects.not_geodataframe",
    "DataFrame": "objects.not_dataframe",
}
"""What is said of something else in the place of such an object."""


def held_content(sections: Mapping[str, Any], where: str) -> tuple[dict[str, Any], dict[str, Held]]:
    """The sections of a project with a name in the place of every object, and the objects by name.

    Raises
    ------
    ProjectError
        With every object that cannot stand where it stands: a table in the place of a raster, an array with two slices
        of one year, an array of numbers without coordinates.
    """
    holder = _Holder(where)
    content: dict[str, Any] = {}
    for name, section in sections.items():
        if name == "land_cover":
            content[name] = holder.raster(section, name)
        elif name in _RASTERS:
            content[name] = holder.rasters(section, name)
        else:
            content[name] = holder.walk(_file(section) if name == "regions" else section, (name,))
    holder.problems.raise_as(ProjectError)
    return content, holder.held


def _file(section: Any) -> Any:
    """A section given as nothing but its input."""
    return section if kind_of(section) is None else {"file": section}


class _Holder:
    """Takes objects out of a project's sections, and notes those that cannot stand there."""

    def __init__(self, where: str) -> None:
        self.held: dict[str, Held] = {}
        self.problems = Problems()
        self._where = where

    def rasters(self, sections: Any, name: str) -> Any:
        """Named raster layers; a Dataset is one layer for each of its variables."""
        if kind_of(sections) == "Dataset":
            sections = {str(one): sections[one] for one in sections.data_vars}
        if not isinstance(sections, Mapping):
            return self.walk(sections, (name,))
        return {
            text_of(key): self.raster(section, f"{name}.{key}", monthly=name == "monthly_inputs")
            for key, section in sections.items()
        }

    def raster(self, section: Any, place: str, *, monthly: bool = False) -> Any:
        """One raster layer: its arrays by date."""
        section = _file(section)
        if not isinstance(section, Mapping):
            return self.walk(section, tuple(place.split(".")))
        made, accept = dict(section), section.get("accept")
        for key in ("file", "files"):
            given = made.get(key)
            if given is None:
                continue
            if isinstance(given, Mapping) and kind_of(given) is None:
                made[key] = {date: self._slice(one, place, date, accept) for date, one in plain(given).items()}
                continue
            array = self._array(given, f"{place}.{key}")
            if array is None and kind_of(given) == "Dataset":
                made[key] = ""
            elif array is None:
                made[key] = self.walk(given, (place, key), "DataArray")
            elif monthly and (MONTH_AXIS in array.dims or dated_axis(array)):
                del made[key]
                made |= self._months(array, f"{place}.{key}", place)
            elif dated_axis(array):
                del made[key]
                slices = by_year(array, self._said(f"{place}.{key}"), self.problems)
                made["files"] = {date: self._name(one, f"{place}.{date}") for date, one in slices.items()}
            else:
                made[key] = self._name(array, f"{place}.{key}")
        return {key: one if key in ("file", "files") else self.walk(one, (place, key)) for key, one in made.items()}

    def walk(self, value: Any, place: tuple[str, ...], expected: Kind | None = None) -> Any:
        """Anything else: polygons and tables by the place where they stand."""
        if isinstance(value, PathLike):
            return fspath(value)
        kind = kind_of(value)
        if kind is not None:
            return self._table(value, place, kind, expected or _kind_at(place))
        if hasattr(value, "__array_interface__") and getattr(value, "ndim", 0) > 0:
            # Numbers without coordinates say neither where they lie nor in what they are counted.
            self._wrong(type(value).__name__, place, expected or _kind_at(place))
            return ""
        if isinstance(value, Mapping):
            return {key: self.walk(one, (*place, text_of(key))) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.walk(one, (*place, str(number))) for number, one in enumerate(value, 1)]
        return value

    def _table(self, value: Any, place: tuple[str, ...], kind: Kind, expected: Kind) -> str:
        if kind != expected:
            self._wrong(kind, place, expected)
            return ""
        if kind == "GeoDataFrame" and value.active_geometry_name is None:
            self.problems.add("objects.no_geometry", self._said(".".join(place)), columns=list(map(str, value.columns)))
            return ""
        return self._name(value, ".".join(place))

    def _slice(self, value: Any, place: str, date: str, accept: Any) -> Any:
        """The array of one date."""
        array = self._array(value, f"{place}.files.{date}")
        if array is None:
            return "" if kind_of(value) == "Dataset" else self.walk(value, (place, "files", date), "DataArray")
        check_said_date(array, date, accept, self._said(f"{place}.files.{date}"), self.problems)
        return self._name(array, f"{place}.{date}")

    def _months(self, array: Any, at: str, place: str) -> dict[str, Any]:
        """A file for each year whose name holds the month."""
        files = {}
        for year, months in by_month(array, self._said(at), self.problems).items():
            base = f"{place}.{year}"
            while any(find(f"{PREFIX}{base}.{month:02d}") is not None for month in months):
                base += "#"  # another project has such months
            files[year] = f"{PREFIX}{base}.{MONTH}"
            for month, one in months.items():
                self._name(one, f"{base}.{month:02d}")
        if list(files) == ["static"]:
            return {"file": files["static"]}
        return {"files": files}

    def _array(self, value: Any, at: str) -> Any:
        """An array, or the only variable of a Dataset; None where it is neither."""
        kind = kind_of(value)
        if kind == "Dataset":
            names = [str(name) for name in value.data_vars]
            if len(names) == 1:
                return value[names[0]]
            self.problems.add("objects.which_variable", self._said(at), variables=names)
        return value if kind == "DataArray" else None

    def _name(self, value: Any, place: str) -> str:
        """Hold an object, the same one under one name however often it is named."""
        for name, held in self.held.items():
            if held.value is value:
                return name
        kind = kind_of(value)
        assert kind is not None
        held = hold(value, place, kind)
        self.held[held.name] = held
        return held.name

    def _wrong(self, found: str, place: tuple[str, ...], expected: Kind) -> None:
        self.problems.add(_WRONG[expected], self._said(".".join(place)), found=found)

    def _said(self, place: str) -> str:
        return f"{self._where}: {place}"


def _kind_at(place: tuple[str, ...]) -> Kind:
    """What kind of object belongs into a place that is none of a raster layer."""
    zone = place[:2] == ("potential", "zones") and place[-1] == "file"
    if place in _POLYGONS or place[0] == "vectors" or zone:
        return "GeoDataFrame"
    return "DataFrame"
