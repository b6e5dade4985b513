"""The workbook: what an official opens with a double-click.

Numbers are numbers in 万 ha, 万 t C and 万 t CO2/yr with the unit in the header; the cells keep full precision and only
their format rounds.  Text from the data is always written as text, so that it can never become a formula or a link.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from io import BytesIO
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xlsxwriter

from sinks.account.basis import ORDER as BASES
from sinks.results.in_words import said_without_ids
from sinks.results.labels import label, labels, stratum_name, term
from sinks.results.leading_checks import leading_first
from sinks.results.level_names import level_names
from sinks.results.marks import Place, marks
from sinks.results.region_tables import PoolTable, pool_tables, region_transitions
from sinks.results.shown_tables import (
    SUMMARY_QUANTITIES,
    TEN_THOUSAND,
    activity_summary,
    in_ten_thousands,
    methodology_names,
    methodology_titles,
    ordered_ecosystems,
    ordered_periods,
    shown_checks,
    strata_detail,
    summary_table,
    verification,
)
from sinks.results.withheld import withheld
from sinks.results.workbook_front import front_sheet
from sinks.results.workbook_sheets import Column, SheetWriter, StyledWorkbook
from sinks.vocabulary import ALL, quantities

if TYPE_CHECKING:
    from sinks.results.contents import RunContents

MOST_REGION_SHEETS = 20
"""Regions with a sheet of their own, coarsest level first; a workbook of more sheets can no longer be paged through."""

_SCALED_UNIT = {"area": "unit.10k_ha", "carbon_stock": "unit.10k_t_c", "net_removals": "unit.10k_t_co2_yr"}
_OF_METHODOLOGIES = {
    *("methodology", "methodologies", "record_methodology", "lowest_methodology", "highest_methodology"),
}
_TERM_COLUMNS = {
    *(
        "agreement",
        "role",
        "ecosystem",
        "pool",
        "quantity",
        "level",
        "status",
        "unverified",
        "source",
        "basis",
        "interval",
        "kind",
    ),
    *("indicator", "state", "used_in", "line"),
    *("ecosystem_from", "ecosystem_to", "verdict", "accuracy_basis", "withheld", "explained_by", "cause"),
}


def write_workbook(contents: RunContents, path: Path) -> None:
    """Write ``account.xlsx`` in the present language.

    Parameters
    ----------
    contents : RunContents
        The run.
    path : Path
        File to write.  Equal contents give equal bytes: the only date in the file is the run's own.
    """
    buffer = BytesIO()
    # In memory: the file is small, and the only disk error that can happen is then that of the one write below.
    book = StyledWorkbook(xlsxwriter.Workbook(buffer, {"in_memory": True}), contents.record["demonstration"])
    created = contents.created.astimezone(UTC).replace(tzinfo=None) if contents.created.tzinfo else contents.created
    book.workbook.set_properties({"title": label("readme.title"), "created": created})
    titles = methodology_titles(contents.record)
    with_sheet, without = _regions_with_sheets(contents.regions.frame)
    marked = marks(contents)
    front_sheet(book, contents, marked)
    _read_me(book, contents, without)
    _summary(book, contents, marked)
    tables = pool_tables(contents.account, with_sheet)
    for code in with_sheet:
        _region(book, contents, code, marked, tables)
    called = level_names(contents.regions.frame)
    if len(contents.comparison):
        beside = contents.comparison[contents.comparison["stratum"] == ALL].drop(columns="stratum")
        _plain_table(book, label("sheet.comparison"), _leveled(beside, called), titles, note=label("note.comparison"))
    for name, frame in contents.tables.items():
        note = label(f"note.{name}") if f"note.{name}" in labels() else None
        _plain_table(book, label(f"sheet.{name}"), _leveled(_all_named(frame), called), titles, note=note)
    _transitions(book, contents)
    _activity(book, contents)
    for name, frame in (
        ("parameters", _with_verification(contents.parameters_used)),
        ("sources", contents.sources),
        ("checks", shown_checks(contents.checks, titles, contents.regions.frame)),
    ):
        _plain_table(book, label(f"sheet.{name}"), frame, titles)
    book.workbook.close()
    path.write_bytes(buffer.getvalue())


def _regions_with_sheets(frame: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Codes with a sheet, and the levels that have none because the sheets would be too many."""
    codes: list[str] = []
    without: list[str] = []
    for level in dict.fromkeys(frame["level"]):
        here = list(frame.loc[frame["level"] == level, "code"])
        if without or len(codes) + len(here) > MOST_REGION_SHEETS:
            without.append(level)
        else:
            codes.extend(here)
    return codes, without


def _names(contents: RunContents) -> dict[str, str]:
    frame = contents.regions.frame
    return dict(zip(frame["code"], frame["name"], strict=True))


def _read_me(book: StyledWorkbook, contents: RunContents, without: Sequence[str]) -> None:
    page = book.sheet(label("sheet.readme"))
    record, frame = contents.record, contents.regions.frame
    page.line(label("readme.title"), "title")
    if record["demonstration"]:
        page.line(label("readme.demonstration"), "warning")
    page.row += 1
    called = level_names(frame)
    levels = [f"{called[str(level)]} {count}" for level, count in frame["level"].value_counts(sort=False).items()]
    facts = {
        "project": record.get("title"),
        "created": contents.time,
        "regions": label("list.separator").join(levels),
        "periods": label("list.separator").join(ordered_periods(contents.account["period"])),
    }
    for key, value in facts.items():
        if value:
            page.cell(page.row, 0, label(f"readme.{key}"), "header")
            page.cell(page.row, 1, value, "wrapped")
            page.row += 1
    page.row += 1
    page.line(label("readme.caveats"), "section")
    page.widths |= {0: 84.0, 1: 40.0}
    for text in _caveats(contents, without):
        page.line(text, "wrapped")
    page.row += 1
    page.line(label("readme.notes"), "section")
    for key in ("units", "sign", "interval", "coverage", "rounding", "totals", "blank", "other_files"):
        page.line(label(f"note.{key}"), "wrapped")
    page.finish()


def _caveats(contents: RunContents, without: Sequence[str]) -> list[str]:
    checks = shown_checks(contents.checks, methodology_titles(contents.record), contents.regions.frame)
    parameters = contents.parameters_used
    shown = leading_first(checks[checks["status"] != "passed"])
    counts = checks["status"].value_counts()
    unverified = int(parameters["unverified"].fillna(True).astype(bool).sum()) if len(parameters) else 0
    found = [str(text) for text in contents.record.get("caveats", [])]
    of = {status: int(counts.get(status, 0)) for status in ("failed", "warning", "note")}
    found.append(label("readme.checks", count=len(checks), **of))
    found.extend(
        label("readme.check", status=term("status", str(status)), where=where, detail=said_without_ids(str(detail)))
        for status, where, detail in shown[["status", "where", "detail"]].itertuples(index=False)
    )
    found.append(label("readme.unverified", count=unverified, all=len(parameters)))
    if without:
        called = level_names(contents.regions.frame)
        levels = label("list.separator").join(called[level] for level in without)
        found.append(label("readme.without_sheet", levels=levels))
    return found


def _summary(book: StyledWorkbook, contents: RunContents, marked: Mapping[Place, str]) -> None:
    table = in_ten_thousands(summary_table(contents.account))
    names, levels = _names(contents), contents.account.groupby("region_code")["level"].first()
    called = level_names(contents.regions.frame)
    columns: list[Column] = [(label(f"column.{key}"), "text") for key in ("code", "name", "level", "ecosystem")]
    columns.extend(_measured(*column) for column in table.columns)
    # Regions keep the order of the table of regions, which readers know.
    place = {code: number for number, code in enumerate(names)}
    said: dict[tuple[str, str], list[str]] = {}
    for (code, ecosystem, quantity, period), text in marked.items():
        if quantity in SUMMARY_QUANTITIES:
            mark = label("mark", quantity=term("quantity", quantity), period=period, text=text)
            said.setdefault((code, ecosystem), []).append(mark)
    doubted = withheld(contents)
    keys = list(table.columns.to_frame().itertuples(index=False, name=None))
    rows = [
        [
            *(code, names[code], called.get(levels[code], levels[code]), term("ecosystem", ecosystem)),
            *_headline(code, ecosystem, dict(zip(keys, values, strict=True)), doubted),
            *([label("mark.separator").join(said.get((code, ecosystem), []))] if said else []),
        ]
        for (code, ecosystem), values in sorted(
            zip(table.index, table.to_numpy().tolist(), strict=True), key=lambda item: place[item[0][0]]
        )
    ]
    if said:
        columns.append((label("column.note"), "text"))
    sheet = book.sheet(label("sheet.summary"))
    sheet.list_like(columns, rows)
    sheet.sheet.freeze_panes(1, 4)


def _headline(
    code: str, ecosystem: str, cells: Mapping[tuple[str, str, str], float], doubted: Collection[tuple[str, str]]
) -> list[object]:
    """The cells of a row; of a region whose sink may be the noise of its maps, words in place of the total."""
    shown: list[object] = []
    for (quantity, period, statistic), value in cells.items():
        mute = quantity == "net_removals" and ecosystem == ALL and (code, period) in doubted
        if mute and statistic in ("value", "low", "high"):
            shown.append(label("withheld.headline") if statistic == "value" else None)
        else:
            shown.append(value)
    return shown


def _remark(sheet: SheetWriter, marked: Mapping[Place, str], place: Place) -> None:
    """What has to be said of the total of a table, above it."""
    if place in marked:
        sheet.line(marked[place], "warning")


def _measured(quantity: str, period: str, statistic: str) -> Column:
    name = term("quantity", quantity)
    if statistic in ("coverage", "uncertain_share"):
        return label(f"header.{statistic}", quantity=name, period=period), "share"
    return label(f"header.{statistic}", quantity=name, period=period, unit=label(_SCALED_UNIT[quantity])), "amount"


def _region(
    book: StyledWorkbook,
    contents: RunContents,
    code: str,
    marked: Mapping[Place, str],
    tables: Mapping[tuple[str, str, str], PoolTable],
) -> None:
    """The tables of one region under each other: a summary, a table by pool for every period, the strata."""
    name = _names(contents)[code]
    account = contents.account[contents.account["region_code"] == code]
    sheet = book.sheet(name)
    sheet.line(f"{name} {code}", "title")
    if book.demonstration:
        sheet.line(label("readme.demonstration"), "warning")
    if account.empty:
        sheet.line(label("workbook.no_rows"), "text")
        return
    for quantity in ("carbon_stock", "net_removals"):
        for period in ordered_periods(account.loc[account["quantity"] == quantity, "period"]):
            sheet.row += 1
            sheet.line(
                label(
                    "header.value",
                    quantity=term("quantity", quantity),
                    period=period,
                    unit=label(_SCALED_UNIT[quantity]),
                ),
                "section",
            )
            _remark(sheet, marked, (code, ALL, quantity, period))
            sheet.table(*_pool_table(tables[code, quantity, period]))
    detail = strata_detail(account, code)
    if len(detail):
        sheet.row += 1
        sheet.line(label("workbook.strata"), "section")
        sheet.table(*_tidy(detail, methodology_titles(contents.record)))
    sheet.sheet.freeze_panes(1, 1)
    sheet.finish()


def _pool_table(table: PoolTable) -> tuple[list[Column], list[list[object]]]:
    headers = [term("pool", pool) for pool in table.pools]
    shown = [(pool, 0) for pool in table.pools]
    for place, statistic in enumerate(("low", "high"), 1):
        if any(cells[place] == cells[place] for (_, pool), cells in table.cells.items() if pool == ALL):
            shown.append((ALL, place))
            headers.append(label(f"header.total_{statistic}"))
    rows: list[list[object]] = []
    for land in table.ecosystems:
        cells = [table.cells.get((land, pool), (nan, nan, nan))[place] / TEN_THOUSAND for pool, place in shown]
        rows.append([term("ecosystem", land), *cells])
    return [(label("column.ecosystem"), "text"), *((header, "amount") for header in headers)], rows


def _transitions(book: StyledWorkbook, contents: RunContents) -> None:
    """One long sheet, so that a filter finds any region and pair of dates."""
    changes, frame = contents.activity.changes, contents.regions.frame
    rows: list[list[object]] = []
    order = [*ordered_ecosystems({*changes["ecosystem_from"], *changes["ecosystem_to"]}), ALL]
    names = _names(contents)
    for found in region_transitions(changes, frame):
        place = {land: number for number, land in enumerate(found.after)}
        head = [found.code, names[found.code], term("source", found.source), found.first, found.last]
        for land, areas in zip(found.before, found.area_ha.tolist(), strict=True):
            # An ecosystem that only other regions have has an area of zero here.
            own = (areas[place[name]] if name in place else 0.0 for name in order)
            rows.append([*head, term("ecosystem", land), *own])
    columns: list[Column] = [
        (label(f"column.{key}"), "text") for key in ("code", "name", "source", "date_from", "date_to", "ecosystem_from")
    ]
    columns.extend((label("header.to", ecosystem=term("ecosystem", land)), "hectares") for land in order)
    sheet = book.sheet(label("sheet.transitions"))
    sheet.list_like(columns, rows)
    sheet.sheet.freeze_panes(1, 6)


def _activity(book: StyledWorkbook, contents: RunContents) -> None:
    table = activity_summary(contents.activity.states)
    names = _names(contents)
    table.insert(2, "name", [names.get(code, "") for code in table["region_code"]])
    _plain_table(book, label("sheet.activity"), table, {})


def _all_named(frame: pd.DataFrame) -> pd.DataFrame:
    """The rule of an assessment and the sum over its regions, which stand in rows of the region ``all``."""
    if "region_code" not in frame or "region_name" not in frame:
        return frame
    summed = frame["region_code"] == ALL
    name = frame["region_name"].mask(summed & (frame["region_name"].fillna("") == ""), label("word.all"))
    return frame.assign(region_code=frame["region_code"].mask(summed, ""), region_name=name)


def _with_verification(parameters: pd.DataFrame) -> pd.DataFrame:
    """The rows with what their basis means for use, without the columns that none of them fills."""
    if parameters.empty or "unverified" not in parameters:
        return parameters
    filled = parameters.notna() & (parameters != "")
    shown = parameters.loc[:, filled.any()]
    return shown.assign(unverified=[verification(row) for row in parameters.to_dict("records")])


def _leveled(frame: pd.DataFrame, called: Mapping[str, str]) -> pd.DataFrame:
    """The table with its levels as they are called there."""
    if "level" not in frame:
        return frame
    return frame.assign(level=[called.get(level, level) for level in frame["level"]])


def _plain_table(
    book: StyledWorkbook, name: str, frame: pd.DataFrame, titles: Mapping[str, str], note: str | None = None
) -> None:
    sheet = book.sheet(name)
    if note is not None:
        sheet.line(note, "warning")
    sheet.list_like(*_tidy(frame, titles))


def _tidy(frame: pd.DataFrame, titles: Mapping[str, str]) -> tuple[list[Column], list[list[object]]]:
    """Headers, formats and rows of a tidy table, its known words in the reader's language."""
    parameters = "parameter" in frame
    columns: list[Column] = []
    cells: list[list[object]] = []
    for key in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[key]) and not pd.api.types.is_bool_dtype(frame[key])
        # A parameter is printed with the digits of its document.
        style = "number" if parameters else _format_of(str(key))
        columns.append((_header(str(key)), style if numeric else "text"))
        values = frame[key].tolist()
        # A word stands in many rows; it is looked up once.
        said = {value: _said(str(key), value, titles) for value in dict.fromkeys(values) if isinstance(value, str)}
        cells.append([said[v] if isinstance(v, str) else _said(str(key), v, titles) for v in values])
    return columns, [list(row) for row in zip(*cells, strict=True)]


def _said(column: str, value: object, titles: Mapping[str, str]) -> object:
    """A cell in words, where it holds a word that is known."""
    if not isinstance(value, str | bool):
        return value
    if column in _OF_METHODOLOGIES:
        return methodology_names(str(value), titles)
    if column == "pools":
        return label("list.separator").join(term("pool", pool) for pool in str(value).split("+"))
    if column == "input":
        return term("quantity", str(value))
    if column == "parameter":
        named = term("parameter", str(value))
        return named if named != value else term("pool", str(value))
    if column == "stratum" or f"strata.{column}" in labels():
        return stratum_name(str(value))
    return term(column, str(value)) if column in _TERM_COLUMNS else value


def _format_of(column: str) -> str:
    formats = {
        "coverage": "share",
        "uncertain_share": "share",
        **dict.fromkeys(BASES, "share"),
        "area_ha": "hectares",
        "year": "number",
        "base_year": "number",
    }
    formats |= {"target_year": "number"}
    return formats.get(column, "figure")


def _header(column: str) -> str:
    """A column's name for readers: known columns, strata and inputs by their label, a project's own as they are."""
    if column in quantities():
        quantity = quantities()[column]
        return f"{quantity.label} ({quantity.unit})"
    named = term("column", column)
    return named if named != column else term("strata", column)
