"""What the columns of a table of statistics are to become, before any cell is read."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sinks import units
from sinks.errors import LegendError, Problems, UnitError
from sinks.geo.legends import legend_strata
from sinks.layers.codes import AS_WRITTEN, LAND_COVER, CodeBook, code_list, strata
from sinks.layers.fields import FieldSpec, is_total
from sinks.tables.form import Form
from sinks.tables.sheet import Sheet
from sinks.vocabulary import Quantity, ecosystems, quantities

REGION, DATE, AREA, ECOSYSTEM = "region", "date", "area", "ecosystem"

_BRACKETS = re.compile(r"[(（\[［]([^()（）\[\]［］]*)[)）\]］]")
_MONTH = re.compile(r"_\d\d$")
_YEAR_OR_NUMBER = re.compile(r"[\d.^\s+-]*")


@dataclass(frozen=True)
class TableLayer:
    """A table of statistics.

    Parameters
    ----------
    name : str
        Source that rows of the activity table are marked with.
    path : str or Path
        .csv or .xlsx.
    columns : mapping of str to FieldSpec
        By role: ``region`` (code or name), ``date``, ``area`` with its unit, ``ecosystem`` or ``land_cover`` with its
        ``codes``, strata, and inputs with their units.  A stratum for which this package has one code list
        or legend needs no ``codes``; :data:`AS_WRITTEN` takes its cells for the classes themselves.
    date : str, optional
        Date of all rows, where no column says it.
    ecosystem : str, optional
        Ecosystem of all rows, where no column says it.
    sheet, encoding, delimiter, decimal, header : optional
        How it is written in its file; see :class:`~sinks.tables.form.Form`.
    """

    name: str
    path: str | Path
    columns: Mapping[str, FieldSpec]
    date: str | None = None
    ecosystem: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: int | None = None

    @property
    def form(self) -> Form:
        """How the table is written in its file."""
        return Form(self.sheet, self.encoding, self.delimiter, self.decimal, self.header)


@dataclass(frozen=True)
class Plan:
    """What the columns of a table become.

    Attributes
    ----------
    books : mapping
        Code list of the land cover and of each stratum; None where the cells are the classes.
    inputs : mapping
        Quantity of each input.
    """

    books: Mapping[str, CodeBook | None]
    inputs: Mapping[str, Quantity]

    @property
    def strata(self) -> list[str]:
        return [role for role in self.books if role != LAND_COVER]


def plan_columns(layer: TableLayer, problems: Problems) -> Plan:
    """What each column is to become; every contradiction is a problem."""
    _check_roles(layer, problems)
    where = str(layer.path)
    known = {id: quantity for id, quantity in quantities().items() if quantity.kind == "input"}
    books: dict[str, CodeBook | None] = {}
    inputs: dict[str, Quantity] = {}
    for role, spec in layer.columns.items():
        if role in (REGION, DATE, ECOSYSTEM):
            continue
        if role == AREA or role in known:
            _check_unit(spec, "ha" if role == AREA else known[role].unit, where, problems, total=role != AREA)
            if role in known:
                inputs[role] = known[role]
            continue
        name = spec.codes or _usual_codes(role)
        if name is None:
            lists = [id for id, stratum in legend_strata().items() if stratum]
            ready = [*strata(), *(stratum for stratum in legend_strata().values() if stratum)]
            shown = {"strata": list(dict.fromkeys(ready)), "inputs": _like(role, known), "lists": lists}
            problems.add("table.unknown_role", where, role=role, **shown)
            continue
        if name == AS_WRITTEN and role != LAND_COVER:
            books[role] = None
            continue
        try:
            books[role] = CodeBook(code_list(name, spec.overrides, "" if role == LAND_COVER else role))
        except LegendError as error:
            problems.extend(error)
    return Plan(books, inputs)


def _check_roles(layer: TableLayer, problems: Problems) -> None:
    """Region, area, date and land class each have to come from somewhere, and from one place only."""
    where, columns = str(layer.path), layer.columns
    for role in (REGION, AREA):
        if role not in columns:
            problems.add("table.no_role", where, role=role)
    if DATE not in columns and layer.date is None:
        problems.add("table.no_date_role", where)
    if sum((LAND_COVER in columns, ECOSYSTEM in columns, layer.ecosystem is not None)) != 1:
        problems.add("table.no_land_class", where)
    if layer.ecosystem is not None and layer.ecosystem not in ecosystems():
        values = {"column": "ecosystem", "found": layer.ecosystem, "known": ecosystems_said()}
        problems.add("table.unknown_ecosystem", where, **values)


def _like(role: str, known: Collection[str]) -> list[str]:
    """The inputs whose names are like a word that is none; all but those of single months where none is."""
    return get_close_matches(role, sorted(known), 8) or sorted(name for name in known if not _MONTH.search(name))


def _usual_codes(role: str) -> str | None:
    """The code list that a stratum has when none is named; None where there is none, or a choice."""
    if role in strata():
        return strata()[role].codes
    made = [id for id, stratum in legend_strata().items() if stratum == role]
    return made[0] if len(made) == 1 else None


def _check_unit(spec: FieldSpec, like: str, where: str, problems: Problems, *, total: bool) -> None:
    if spec.unit is None:
        problems.add("table.no_unit", where, column=spec.field, expected=like)
        return
    try:
        if total:
            is_total(spec.unit, like)
        else:
            units.check(spec.unit, like, f"{where}: {spec.field}")
    except UnitError as error:
        problems.extend(error)
        return
    for named in _units_in_name(spec.field):
        factor = _factor(named, spec.unit)
        if factor is not None and not math.isclose(factor, 1.0):
            shown = {"column": spec.field, "named": named, "unit": spec.unit, "factor": f"{max(factor, 1 / factor):g}"}
            problems.add("table.unit_disagrees", where, **shown)


def check_words(sheet: Sheet, spec: FieldSpec, problems: Problems) -> None:
    """A unit that a workbook shows behind its numbers has to be the declared one."""
    for named, cell in sheet.units.get(spec.field, {}).items():
        factor = _factor(named, str(spec.unit))
        if factor is not None and not math.isclose(factor, 1.0):
            shown = {"column": spec.field, "named": named, "cell": cell, "unit": spec.unit}
            problems.add("table.shown_unit", sheet.where, factor=f"{max(factor, 1 / factor):g}", **shown)


def _units_in_name(field: str) -> list[str]:
    """What stands in brackets in a column's name and may be a unit: 面积（万亩）."""
    found = (text.strip() for text in _BRACKETS.findall(field))
    return [text for text in found if text and not _YEAR_OR_NUMBER.fullmatch(text)]


def _factor(named: str, unit: str) -> float | None:
    """How many ``unit`` the unit in a column's name is; None where it is none or another quantity."""
    try:
        return units.factor(named, unit)
    except UnitError:
        return None


def ecosystems_said() -> list[str]:
    """What may stand in the column: the name in the reader's language, and the word of the account."""
    return [f"{entry.label} ({entry.id})" for entry in ecosystems().values()]
