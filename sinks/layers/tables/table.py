"""Statistics by region, from a CSV or Excel file, as rows of the activity table.

Every cell that cannot be used is reported in one pass, with the row number that Excel shows.  Rows that are sums of
other rows are compared with them and then left out, so that nothing is counted twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sinks import units as unit_registry
from sinks.errors import LayerError, Problem, Problems
from sinks.layers.codes import LAND_COVER, Read, plain
from sinks.layers.fields import is_total
from sinks.layers.layer_states import LayerStates, ordered
from sinks.layers.tables.plan import (
    AREA,
    DATE,
    ECOSYSTEM,
    REGION,
    Plan,
    TableLayer,
    check_words,
    ecosystems_said,
    plan_columns,
)
from sinks.layers.tables.region_names import RegionNames
from sinks.layers.tables.shares import check_share
from sinks.tables.sheet import Sheet, as_text, read_sheet
from sinks.vocabulary import NODATA, Ecosystem, ecosystems

TOTAL = "\0total"
"""Marks a cell that stands for a sum over its column."""

_TOTAL_WORDS = frozenset(
    {"合计", "总计", "小计", "共计", "合 计", "总 计", "小 计", "全区", "全市", "全省", "total", "sum"}
)

_TOTAL_TOLERANCE = 0.005
# A tolerance of the comparison and not a figure of science: printed figures are rounded, each by itself.

_WORDED = (REGION, DATE, ECOSYSTEM, LAND_COVER)
"""Roles whose cells are words in every row of data."""

_SHOWN = 60
"""Characters shown of a row that is none."""

_YEAR = re.compile(r"([0-9]{4})\s*年?(度|末|底)?")

Floats = npt.NDArray[np.float64]

_Understood = str | tuple[str, dict[str, Any]]
"""What a cell says, or the message and its values when it says nothing that can be used."""


def table_states(layer: TableLayer, regions: pd.DataFrame) -> LayerStates:
    """Read a table of statistics.

    Parameters
    ----------
    layer : TableLayer
        The file, and what its columns mean.
    regions : DataFrame [code, name, parent]
        All regions; those that are nobody's parent are the units. ``parent`` may be missing.

    Returns
    -------
    LayerStates
        Rows as in ``Activity.states``; an input has no ``_sd``, since a figure for a region says nothing of its spread.

    Raises
    ------
    LayerError
        With everything that is wrong: file, row as in Excel, column, what was found and what was expected.
    """
    problems = Problems()
    plan = plan_columns(layer, problems)
    problems.raise_as(LayerError)
    numeric = [layer.columns[role].field for role in (AREA, *plan.inputs)]
    sheet = read_sheet(layer.path, [spec.field for spec in layer.columns.values()], layer.form, numeric=numeric)
    reading = _Reading(layer, plan, sheet, problems)
    names = RegionNames(regions)
    table = reading.table(names)
    if not len(table):
        problems.add("table.no_rows", sheet.where)
    problems.raise_as(LayerError)
    parts = reading.without_totals(table)
    reading.check_duplicates(parts)
    problems.raise_as(LayerError)
    notes = [*sheet.notes, *reading.notes, *_missing_regions(parts, names, sheet.where)]
    return LayerStates(ordered(_with_observed(parts, plan), plan.strata, plan.inputs), tuple(notes))


class _Reading:
    """Turns cells into values; each cell that cannot be one is a problem with its row and column."""

    def __init__(self, layer: TableLayer, plan: Plan, sheet: Sheet, problems: Problems) -> None:
        self._layer, self._plan, self._sheet, self._problems = layer, plan, sheet, problems
        self.notes: list[Problem] = []

    def table(self, regions: RegionNames) -> pd.DataFrame:
        """One row per row of the sheet, in the columns of the activity table; ``TOTAL`` where a cell says so."""
        self._regions = regions
        self._leave_strays()
        table = pd.DataFrame({"source": self._layer.name}, index=self._sheet.cells.index)
        table["region_code"] = self._texts(REGION, self._region)
        dated = DATE in self._layer.columns
        table["date"] = self._texts(DATE, self._date) if dated else str(self._layer.date)
        self._read_land(table)
        for role in self._plan.strata:
            table[role] = self._texts(role, partial(self._code, role=role), missing=NODATA)
        table["area_ha"] = self._numbers(AREA, "ha", 0.0, np.inf, required=True)
        for name, quantity in self._plan.inputs.items():
            spec = self._layer.columns[name]
            per_region = is_total(spec.unit or "", quantity.unit)
            area = table["area_ha"].where(table["area_ha"] > 0.0).to_numpy() if per_region else None
            table[name] = self._numbers(name, quantity.unit, quantity.low, quantity.high, area_ha=area)
        return table

    def _leave_strays(self) -> None:
        """Rows of units below the header and notes below the table: one problem each, and not one for every cell."""
        cells = self._sheet.cells
        worded = [self._layer.columns[role].field for role in _WORDED if role in self._layer.columns]
        no_figure = np.isnan(self._sheet.numbers(self._layer.columns[AREA].field).values)
        strays = (cells[worded].notna().sum(axis=1) <= 1) & no_figure
        for row, values in cells[strays].iterrows():
            shown = "  ".join(str(value) for value in values if pd.notna(value))
            self._problems.add("table.stray_row", f"{self._sheet.where}:{row}", found=shown[:_SHOWN])
        self._sheet = replace(self._sheet, cells=cells[~strays])

    def _read_land(self, table: pd.DataFrame) -> None:
        if LAND_COVER in self._layer.columns:
            book = self._plan.books[LAND_COVER]
            assert book is not None  # land cover has a code list
            table["land_cover"] = self._texts(LAND_COVER, partial(self._code, role=LAND_COVER, text=True))
            found = [book.legend.by_text.get(code) for code in table["land_cover"]]
            table["class"] = [entry.cls if entry else TOTAL for entry in found]
            table["ecosystem"] = [entry.ecosystem if entry else TOTAL for entry in found]
            return
        given = ECOSYSTEM in self._layer.columns
        table["ecosystem"] = self._texts(ECOSYSTEM, self._ecosystem) if given else str(self._layer.ecosystem)
        table["class"] = table["land_cover"] = table["ecosystem"]

    def _add(self, id: str, row: object, role: str, **values: Any) -> None:
        column = self._layer.columns[role].field
        self._problems.add(id, f"{self._sheet.where}:{row}", column=column, **values)

    def _note(self, id: str, role: str, rows: list[Any], **values: Any) -> None:
        column = self._layer.columns[role].field
        self.notes.append(
            Problem(id, self._sheet.where, {"column": column, "rows": rows, "count": len(rows), **values})
        )

    def _texts(self, role: str, read: Callable[[object], _Understood], missing: str | None = None) -> list[str]:
        """Cells of a column as ``read`` understands them; a problem where it returns one."""
        found = []
        for row, cell in self._sheet.cells[self._layer.columns[role].field].items():
            if cell is None and missing is None:
                self._add("table.empty", row, role)
                found.append("")
            elif cell is None:
                found.append(str(missing))
            elif isinstance(cell, str) and plain(cell).casefold() in _TOTAL_WORDS:
                found.append(TOTAL)
            else:
                value = read(cell)
                if isinstance(value, str):
                    found.append(value)
                else:
                    self._add(value[0], row, role, found=cell, **value[1])
                    found.append("")
        return found

    def _region(self, cell: object) -> _Understood:
        code = self._regions.find(cell)
        if code is not None:
            return code
        near = self._regions.near(cell)
        return ("table.near_region", {"near": near}) if near else ("table.unknown_region", {})

    def _date(self, cell: object) -> _Understood:
        year = _YEAR.fullmatch(plain(str(cell)))
        return year[1] if year else ("table.bad_date", {})

    def _ecosystem(self, cell: object) -> _Understood:
        by_name = {name: entry.id for entry in ecosystems().values() for name in _ecosystem_names(entry)}
        found = by_name.get(plain(str(cell)).casefold())
        return found if found else ("table.unknown_ecosystem", {"known": ecosystems_said()})

    def _code(self, cell: object, role: str, *, text: bool = False) -> _Understood:
        book = self._plan.books[role]
        if book is None:
            return plain(as_text(cell))
        entry, how = book.read(str(cell), zeros_lost=not isinstance(cell, str))
        if entry is None:
            id = "table.ambiguous_code" if how is Read.AMBIGUOUS else "table.unknown_code"
            return id, {"list": book.legend.id}
        return entry.text if text else entry.cls

    def _numbers(
        self,
        role: str,
        unit: str,
        low: float,
        high: float,
        *,
        required: bool = False,
        area_ha: Floats | None = None,
    ) -> Floats:
        """A column of numbers in ``unit``; totals of a region are divided by its area."""
        spec = self._layer.columns[role]
        cells = self._sheet.cells[spec.field]
        assert spec.unit is not None  # planned before
        numbers = self._sheet.numbers(spec.field, spec.unit)
        if area_ha is None:
            values = unit_registry.convert(numbers.values, spec.unit, unit)
        else:
            values = unit_registry.convert(numbers.values / area_ha, f"{spec.unit}/ha", unit)
        check_words(self._sheet, spec, self._problems)
        for row in cells.index[numbers.unreadable]:
            self._add("table.not_a_number", row, role, found=cells[row])
        if required:
            for row in cells.index[np.isnan(numbers.values) & ~numbers.unreadable]:
                self._add("table.empty_number", row, role)
        doubt = check_share(numbers, spec.unit, unit, high)
        off = (values < low) | (values > high)
        if doubt is not None:
            rows = [int(row) for row in cells.index[doubt.rows]]
            self._note(doubt.id, role, rows, **doubt.values)
            if doubt.is_error:
                # One sentence for the column says more than one for every number that is too large.
                self._problems.extend(LayerError(self.notes.pop()))
                off &= ~doubt.rows
        for position in np.flatnonzero(off).tolist():
            shown = {"found": cells.iloc[position], "value": f"{values[position]:g}", "unit": unit}
            self._add("table.out_of_bounds", cells.index[position], role, low=f"{low:g}", high=f"{high:g}", **shown)
        for id, found in (("table.text_numbers", numbers.mended), ("table.percent_cells", numbers.marked)):
            if found.any():
                self._note(id, role, [int(row) for row in cells.index[found]])
        return np.asarray(values, dtype=np.float64)

    def without_totals(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that are no sums of others; each sum is compared with its parts."""
        keys = ["date", "land_cover", *self._plan.strata]
        coarse = ~table["region_code"].isin([*self._regions.units, TOTAL])
        total = coarse | (table["region_code"] == TOTAL) | (table[keys] == TOTAL).any(axis=1)
        parts = table[~total]
        without: list[Any] = []
        for row, values in table[total].iterrows():
            chosen = pd.Series(True, index=parts.index)
            for key in keys:
                if values[key] != TOTAL:
                    chosen &= parts[key] == values[key]
            if values["region_code"] != TOTAL:
                region = values["region_code"]
                chosen &= parts["region_code"].map(lambda unit, region=region: self._regions.inside(unit, region))
            summed, stated = float(parts.loc[chosen, "area_ha"].sum()), float(values["area_ha"])
            if not chosen.any():
                self._add("table.total_without_parts", row, AREA, area=f"{stated:.4f}")
            elif abs(summed - stated) > _TOTAL_TOLERANCE * stated:
                self._add("table.total_differs", row, AREA, stated=f"{stated:.4f}", summed=f"{summed:.4f}")
            without.append(row)
        if without:
            self._note("table.totals_left_out", AREA, without)
        return parts

    def check_duplicates(self, parts: pd.DataFrame) -> None:
        """Two rows for one region, date and stratum: one of them is too many."""
        keys = ["region_code", "date", "land_cover", *self._plan.strata]
        repeated = parts[parts.duplicated(keys, keep=False)]
        for _, rows in repeated.groupby(keys):
            found = [str(part) for part in rows[keys].iloc[0]]
            self._add("table.duplicate", rows.index[1], REGION, rows=list(rows.index), found=found)


def _missing_regions(parts: pd.DataFrame, names: RegionNames, where: str) -> list[Problem]:
    """Regions that the table has no rows of, at some date or at all: their land is unknown and not zero."""
    dates = sorted(set(parts["date"]))
    known = set(zip(parts["region_code"], parts["date"], strict=True))
    missing = {
        code: [date for date in dates if (code, date) not in known] for code in names.parent if code in names.units
    }
    said = [f"{names.name[code]} {code} ({', '.join(lacking)})" for code, lacking in missing.items() if lacking]
    return [Problem("table.regions_missing", where, {"regions": said, "count": len(said)})] if said else []


def _ecosystem_names(entry: Ecosystem) -> tuple[str, ...]:
    return entry.id, entry.label.zh.casefold(), entry.label.en.casefold()


def _with_observed(parts: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    table = parts.copy()
    for name in plan.inputs:
        table[f"{name}_sd"] = np.nan
        table[f"{name}_observed_ha"] = table["area_ha"].where(table[name].notna(), 0.0)
    return table
