"""Code lists of surveys and the field names of a delivery, as tables beside this module (``codes/*.csv``).

A code list is a :class:`~sinks.geo.legends.Legend`; :class:`CodeBook` adds what real attribute tables need: names
instead of codes, full-width digits, and leading zeros lost on the way through a spreadsheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from sinks.errors import LayerError, LegendError, Problem, Problems
from sinks.geo.legends import Legend, LegendClass, available_legends, load_legend
from sinks.layers.fields import FieldSpec
from sinks.tables.half_width import half_width
from sinks.text import table_rows

LAND_COVER = "land_cover"
STAND_ID = "stand_id"
DECLARED_AREA = "declared_area"
TOTAL_VOLUME = "total_volume"

AS_WRITTEN = "as_written"
"""In place of a code list: values are classes as they stand in the file."""

_DECIMALS = re.compile(r"(?<=[0-9])\.0+$")

_TABLES = files("sinks.layers").joinpath("codes")


class Read(StrEnum):
    """How a raw value was understood."""

    CODE = "code"
    NAME = "name"
    ZEROS = "zeros"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class StratumRule:
    """Where a stratum applies: ``ecosystems`` it is read in, and fine classes in which it is ``expected``."""

    codes: str
    ecosystems: frozenset[str]
    expected_in: frozenset[str]


@cache
def strata() -> Mapping[str, StratumRule]:
    """The strata that sub-compartments are split by."""
    return {
        row["stratum"]: StratumRule(
            row["codes"], frozenset(row["ecosystems"].split()), frozenset(row["expected_in"].split())
        )
        for row in table_rows("sinks.layers", "codes/strata.csv")
    }


def code_list(name: str, overrides: Mapping[str, Any] | None = None, stratum: str = "") -> Legend:
    """A code list by the name of a table of this module, of a built-in legend, or the path of a user's CSV.

    Parameters
    ----------
    name : str
        For example ``"dominant_species"``, ``"sandiao"`` or ``"codes/banner_shrubs.csv"``.
    overrides : mapping, optional
        Values that the list lacks or reads otherwise: ``{"971": "willow"}``.
    stratum : str
        The column that the classes fill; empty for land cover.

    Raises
    ------
    LegendError
        With every fault of the list.
    """
    changes = _additions(name, overrides or {}, stratum)
    if name not in available_legends() and name in _built_in():
        with as_file(_TABLES.joinpath(f"{name}.csv")) as path:
            return load_legend(path, changes, stratum=stratum)
    return load_legend(name, changes, stratum=stratum)


def is_own_list(name: object) -> bool:
    """Whether what stands under ``codes`` is the path of a list of the user's own, and no name that is built in."""
    if not isinstance(name, str) or name in ("", AS_WRITTEN) or name in available_legends():
        return False
    return name not in _built_in()


@cache
def _built_in() -> frozenset[str]:
    """Names of the code lists beside this module."""
    return frozenset(table.name.removesuffix(".csv") for table in _TABLES.iterdir() if table.name.endswith(".csv"))


def _additions(name: str, overrides: Mapping[str, Any], stratum: str) -> dict[str, Any]:
    """In a stratum, a code that is new needs nothing but its class, so the user is spared the words for adding one."""
    if not stratum or not overrides:
        return dict(overrides)
    known = code_list(name, stratum=stratum)
    return {
        code: {"class": cls, "add": True} if isinstance(cls, str) and known.get(code) is None else cls
        for code, cls in overrides.items()
    }


def preset(name: str) -> dict[str, FieldSpec]:
    """Field names and code lists of a kind of delivery, by role.

    Raises
    ------
    LayerError
        If there is no such preset.
    """
    table = f"preset_{name}.csv"
    if not _TABLES.joinpath(table).is_file():
        known = sorted(p.name[7:-4] for p in _TABLES.iterdir() if p.name.startswith("preset_"))
        raise LayerError(Problem("vector.no_preset", name, {"known": known}))
    return {
        row["role"]: FieldSpec(
            row["field"], row["unit"] or None, row["codes"] or None, optional=row["required"] == "no"
        )
        for row in table_rows("sinks.layers", f"codes/{table}")
    }


def fields_from(name: str | None, overrides: Mapping[str, Any]) -> dict[str, FieldSpec]:
    """The fields of a preset with those that differ put in their place.

    Parameters
    ----------
    name : str or None
        Preset; None to name every field.
    overrides : mapping
        By role: a field name, a table with ``field``, ``unit``, ``codes``, ``overrides``, a :class:`FieldSpec`, or
        False to leave the role out. What a table does not say is taken from the preset.

    Raises
    ------
    LayerError
        With every entry that cannot be understood.
    """
    found = preset(name) if name else {}
    problems = Problems()
    for role, change in overrides.items():
        if change is False:
            found.pop(role, None)
        elif isinstance(change, FieldSpec):
            found[role] = change
        elif isinstance(change, str):
            before = found.get(role, FieldSpec(change))
            found[role] = FieldSpec(change, before.unit, before.codes)
        elif isinstance(change, Mapping) and set(change) <= {"field", "unit", "codes", "overrides"}:
            before = found.get(role, FieldSpec(""))
            merged = {"field": before.field, "unit": before.unit, "codes": before.codes, **change}
            if merged["field"] and _understood(merged):
                found[role] = FieldSpec(**merged)
            else:
                problems.add("vector.bad_field", role, found=dict(change))
        else:
            problems.add("vector.bad_field", role, found=change)
    problems.raise_as(LayerError)
    return found


def _understood(entry: Mapping[str, Any]) -> bool:
    """Whether field, unit and codes are texts and overrides a table; a code list is named, not written here."""
    texts = all(isinstance(entry.get(key) or "", str) for key in ("field", "unit", "codes"))
    return texts and isinstance(entry.get("overrides", {}), Mapping)


class CodeBook:
    """Understands raw attribute values by one code list.

    Parameters
    ----------
    legend : Legend
        The code list.
    """

    def __init__(self, legend: Legend) -> None:
        self.legend = legend
        self._names = _names(legend)

    def read(self, raw: str, *, zeros_lost: bool = False) -> tuple[LegendClass | None, Read]:
        """The class of one raw value, and how it was understood.

        Parameters
        ----------
        raw : str
            As in the file; numbers as decimal text.
        zeros_lost : bool
            Whether leading zeros may be missing, as in a numeric field: then ``201`` may be ``0201``.
        """
        text = plain(raw)
        try:
            doubtful = zeros_lost and text.isdecimal() and len(text) < 19 and not text.startswith("0")
            match = self.legend.get(int(text) if doubtful else text)
        except LegendError:
            return None, Read.AMBIGUOUS
        if match is not None:
            return match, Read.CODE if match.text == text else Read.ZEROS
        named = self._names.get(text.casefold())
        return (named, Read.NAME) if named is not None else (None, Read.UNKNOWN)

    def read_all(self, raws: Iterable[str], *, numeric: bool) -> dict[str, tuple[LegendClass | None, Read]]:
        """Every distinct raw value of a field at once: one that lost its zeros casts doubt on all."""
        values = list(raws)
        found = {raw: self.read(raw, zeros_lost=numeric) for raw in values}
        if not numeric and any(how is Read.ZEROS for _, how in found.values()):
            found = {raw: self.read(raw, zeros_lost=True) for raw in values}
        return found


def plain(raw: str) -> str:
    """Full-width characters as half-width, no blanks, no decimals: "０３０１　" is "0301", "150.0" is "150"."""
    return _DECIMALS.sub("", half_width(raw).strip())


def _names(legend: Legend) -> dict[str, LegendClass]:
    """Classes by every name that stands for just one: full names, what is listed in brackets, and the class id."""
    candidates: dict[str, dict[str, LegendClass]] = {}
    for found in legend:
        whole = plain(found.name.zh)
        for name in {whole, *re.split(r"[()/、,]", whole), plain(found.name.en), found.cls}:
            if name.strip():
                candidates.setdefault(name.strip().casefold(), {}).setdefault(found.cls, found)
    return {name: next(iter(by_class.values())) for name, by_class in candidates.items() if len(by_class) == 1}
