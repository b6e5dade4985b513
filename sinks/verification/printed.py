"""Figures as they are printed in workbook, report, page and map, beside those of the account.

A cell of a table is read with what stands around it: the region of the document or of its row, the land of its row,
the unit of its column.  It is right if a figure of the run of that region is that number, to half a unit of its last
digit; in reports to a whole one, since they move numbers so that parts add up.  Cells of rows that name neither a
region, land, pool nor quantity of the run are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from sinks.text import LANGUAGES, using_language
from sinks.verification.findings import EXACT, HALF_DIGIT, ONE_DIGIT, Deviation, Findings
from sinks.verification.laws import ALL, worst
from sinks.verification.written import DERIVED, Written
from sinks.vocabulary import ecosystems, pools, quantities

Rows = Sequence[Sequence[object]]

_NUMBER = re.compile(r"[-−]?\d[\d,，]*(?:\.\d+)?")
_SCALES = (("亿", 1e8), ("百万", 1e6), ("万", 1e4), ("10^4", 1e4), ("10⁴", 1e4), ("million", 1e6))
_NO_FIGURES = ("参数", "Parameter")
"""Heads of tables whose numbers are not those of a region."""
_LAND = ["region_code", "ecosystem", "value"]
_LEAST = 1e-11
"""Part of a number below which its digits are those of the machine and not printed."""
_WHOLE = ("合计", "Total", "总计", "全部", "生态系统合计")


@dataclass(frozen=True)
class Figures:
    """Figures of a run by region, as numbers to look printed ones up in."""

    run: Written

    @cached_property
    def names(self) -> dict[str, str]:
        """Code of a region by its code and its name, where the name is that of one only."""
        frame = self.run.regions
        counts = frame["name"].value_counts()
        named = {n: c for n, c in zip(frame["name"], frame["code"], strict=True) if counts[n] == 1}
        return named | {code: code for code in frame["code"]}

    @cached_property
    def lands(self) -> dict[str, str]:
        """Ecosystem by its labels."""
        found = dict.fromkeys(_WHOLE, ALL)
        for lang in LANGUAGES:
            with using_language(lang):
                found |= {str(one.label): id for id, one in ecosystems().items()}
        return found

    @cached_property
    def words(self) -> frozenset[str]:
        """Labels of pools and quantities, with which a row may begin."""
        found: set[str] = set()
        for lang in LANGUAGES:
            with using_language(lang):
                found |= {str(one.label) for one in pools().values()}
                found |= {str(one.label) for one in quantities().values()}
        return frozenset(found)

    @cached_property
    def _table(self) -> pd.DataFrame:
        """``region_code, ecosystem, value, leaf`` of everything that the run says of a region."""
        account = self.run.account.assign(leaf=lambda rows: rows["stratum"] != ALL)
        columns = ["region_code", "ecosystem", "value", "leaf"]
        numbers = ["value", "low", "high", "area_ha", "coverage", "uncertain_share"]
        rows = [_long(account, ["region_code", "ecosystem", "leaf"], numbers), *_between_dates(account)]
        for name in sorted(Path(file).stem for file in self.run.record["files"] if file.endswith(".csv")):
            if (
                name in ("account", "checks", "parameters", "sources")
                or not (self.run.folder / f"{name}.csv").is_file()
            ):
                continue
            table = self.run.csv(name)
            if "region_code" in table.columns:
                numbers = [c for c in table.select_dtypes("number").columns if table[c].notna().any()]
                keys = [c for c in ("region_code", "ecosystem") if c in table.columns]
                rows.append(_long(table, keys, numbers).reindex(columns=columns))
        rows.append(self._land())
        found = pd.concat([part.astype({"value": float}) for part in rows], ignore_index=True)
        return found[found["value"].notna()].fillna({"ecosystem": ALL, "leaf": False}).astype({"leaf": bool})

    def _land(self) -> pd.DataFrame:
        """Areas by land, land that changed, and means of inputs."""
        members = self.run.members.rename(columns={"region_code": "above", "inner": "region_code"})
        states, changes = self.run.states, self.run.changes
        inputs = [name.removesuffix("_observed_ha") for name in states.columns if name.endswith("_observed_ha")]
        parts = []
        for frame, land, keys in (
            (states, "ecosystem", ["source", "date"]),
            (changes, "ecosystem_from", ["source", "date_from", "date_to"]),
            (changes, "ecosystem_to", ["source", "date_from", "date_to"]),
            (changes, "ecosystem_from", ["source", "date_from", "date_to", "ecosystem_to"]),
            (states, "whole", ["source", "date"]),
            *((states, "ecosystem", ["source", "date", name]) for name in self._strata()),
            (changes, "whole", ["source", "date_from", "date_to"]),
        ):
            if not len(frame):
                continue
            above = frame.merge(members, on="region_code").assign(whole=ALL)
            groups = above.groupby(["above", land, *keys], dropna=False)
            parts.append(groups["area_ha"].sum())
            for name in inputs if frame is states else ():
                seen = f"{name}_observed_ha"
                weighted = above.assign(total=above[name] * above[seen]).groupby(["above", land, *keys], dropna=False)
                parts.append(weighted["total"].sum() / weighted[seen].sum())
        frames = [p.rename("value").reset_index().iloc[:, [0, 1, -1]].set_axis(_LAND, axis=1) for p in parts]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_LAND)

    def _strata(self) -> list[str]:
        """Columns of the land that divide ecosystems."""
        noted = self.run.record["files"].get("activity.parquet", {}).get("strata", ())
        return [name for name in ("class", *noted) if name in self.run.states.columns]

    def of(self, code: str, land: str | None, leaves: bool) -> np.ndarray:
        """Figures of a region, and of one ecosystem where it is known; those of strata where they are asked for."""
        key = (code, land, leaves)
        if key not in self._found:
            table = self._by_region.get(code)
            if table is None:
                return np.array([0.0])
            rows = (table["leaf"].to_numpy() <= leaves) & ((table["ecosystem"] == land).to_numpy() | (land is None))
            self._found[key] = np.unique(np.append(table["value"].to_numpy()[rows], 0.0))
        return self._found[key]

    @cached_property
    def _by_region(self) -> dict[str, pd.DataFrame]:
        return {str(code): rows for code, rows in self._table.groupby("region_code")}

    @cached_property
    def _found(self) -> dict[tuple[str, str | None, bool], np.ndarray]:
        return {}

    def nearest(self, number: float, scales: Iterable[float], values: np.ndarray) -> float:
        """How far a number is from the nearest of some figures, in its own unit; the least over the scales."""
        best = np.inf
        for scale in scales:
            sought = number * scale
            place = int(np.searchsorted(values, sought))
            near = values[max(place - 1, 0) : place + 1]
            best = min(best, float(np.abs(near - sought).min()) / scale)
        return best


def _long(table: pd.DataFrame, keys: list[str], numbers: list[str]) -> pd.DataFrame:
    """Some columns of a table one below the other, as ``value``."""
    long = table.melt(keys, numbers, var_name="column", value_name="number")
    return long[[*keys, "number"]].rename(columns={"number": "value"})


def _between_dates(account: pd.DataFrame) -> list[pd.DataFrame]:
    """What areas and stocks changed by between two dates, known land or not."""
    rows = account[account["quantity"].isin(["area", "carbon_stock"])]
    keys = ["region_code", "ecosystem", "stratum", "pool", "quantity", "leaf"]
    wide = rows.pivot_table(index=keys, columns="period", values="value", aggfunc="sum")
    dates = list(wide.columns)
    pairs = [(first, last) for n, first in enumerate(dates) for last in dates[n + 1 :]]
    frames = [(wide[last] - wide[first]).rename("value").reset_index() for first, last in pairs]
    return [frame[["region_code", "ecosystem", "value", "leaf"]] for frame in frames]


def check_printed(run: Written, findings: Findings) -> None:
    """Workbook, and what was made from the run: reports, pages, map."""
    figures = Figures(run)
    _check_workbook(run, figures, findings)
    made = [run.folder / name for name in run.json(DERIVED)]
    for path in sorted(made, key=lambda path: path.name):
        if not path.is_file():
            continue
        if path.suffix == ".docx":
            _check_document("report", path, _word_tables, run, figures, findings)
        elif path.suffix == ".html":
            data = _map_data(path)
            if data is None:
                _check_document("page", path, _html_tables, run, figures, findings)
            else:
                _check_map(path, data, run, findings)


def _check_document(check: str, path: Path, read: Any, run: Written, figures: Figures, findings: Findings) -> None:
    """Tables of a report; its region is named by the file, or is the whole."""
    name = path.relative_to(run.folder).as_posix()
    code = next((figures.names[word] for word in path.stem.split() if word in figures.names), _whole(run))
    try:
        tables = list(read(path))
    except (OSError, ValueError, KeyError, BadZipFile, PackageNotFoundError) as error:
        findings.fail(check, name, 1, "verification.unreadable", reason=str(error)[:200])
        return
    found = Deviation()
    for caption, rows in tables:
        found = found.beside(_table(caption, rows, code, figures))
    findings.compare(check, name, found, ONE_DIGIT * (1 + 1e-6))


def _whole(run: Written) -> str:
    frame = run.regions
    return str(frame.loc[frame["parent"].fillna("") == "", "code"].iloc[0])


def _table(caption: str, rows: Rows, code: str, figures: Figures) -> Deviation:
    """Numbers of a table against the run, in units of their last digit."""
    heads = [_text(cell) for cell in rows[0]] if rows else []
    offs, names = [], []
    for row in rows[1:] if heads and heads[0] not in _NO_FIGURES else ():
        first = _text(row[0]) if row else ""
        region, land = figures.names.get(first, code), figures.lands.get(first)
        if first not in figures.names and land is None and first not in figures.words:
            continue
        for head, cell in zip(heads[1:], row[1:], strict=False):
            text = _text(cell)
            if not _NUMBER.fullmatch(text):
                continue
            column = figures.lands.get(head)
            place = column if first in figures.names and column not in (None, ALL) else (None if land == ALL else land)
            number, digit = _read_number(text)
            scales = _scales(" ".join((head, caption, *map(_text, row))))
            offs.append(figures.nearest(number, scales, figures.of(region, place, False)) / digit)
            names.append(f"{caption[:20]} {first} {head} {text}".strip())
    return worst(np.array(offs), names)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _read_number(text: str) -> tuple[float, float]:
    """A printed number and the size of its last digit."""
    plain = text.replace(",", "").replace("，", "").replace("−", "-")
    decimals = len(plain.partition(".")[2])
    return float(plain), 10.0**-decimals


def _scales(words: str) -> tuple[float, ...]:
    """Scales of a unit that is named nearby; all where none is."""
    found = tuple(scale for word, scale in _SCALES if word in words)
    return found if found else (1.0, 1e4, 1e6, 1e8)


def _word_tables(path: Path) -> Iterator[tuple[str, Rows]]:
    """Tables of a Word file with the paragraph before each."""
    caption = ""
    for block in Document(str(path)).iter_inner_content():
        if hasattr(block, "rows"):
            yield caption, [[cell.text for cell in row.cells] for row in block.rows]
        elif block.text.strip():
            caption = block.text.strip()


class _Tables(HTMLParser):
    """Tables of a page, with the text before each."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[tuple[str, list[list[str]]]] = []
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None
        self._before = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "table":
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th", "caption") and self._rows is not None:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._rows is not None:
            self.tables.append((self._before, [row for row in self._rows if row]))
            self._rows = None
        elif tag in ("td", "th") and self._cell is not None and self._rows:
            self._rows[-1].append("".join(self._cell).strip())
            self._cell = None
        elif tag == "caption" and self._cell is not None:
            self._before, self._cell = "".join(self._cell).strip(), None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        elif self._rows is None and data.strip():
            self._before = data.strip()


def _html_tables(path: Path) -> Iterator[tuple[str, Rows]]:
    parser = _Tables()
    parser.feed(path.read_text(encoding="utf-8"))
    yield from parser.tables


def _map_data(path: Path) -> dict[str, Any] | None:
    """The figures inside a map; None where the page is none."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found = re.search(r'<script type="application/json" id="atlas-data">(.*?)</script>', text, re.DOTALL)
    if found is None:
        return None
    try:
        data = json.loads(found[1])
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _check_map(path: Path, data: dict[str, Any], run: Written, findings: Findings) -> None:
    """Every figure inside the map is that of the account, to the last digit."""
    name = path.relative_to(run.folder).as_posix()
    keys = ["region_code", "ecosystem", "pool", "quantity", "period"]
    numbers = ["value", "low", "high"]
    try:
        rows = data["rows"]
        shown = pd.DataFrame({key: [rows[key]["words"][at] for at in rows[key]["at"]] for key in keys})
        for column in numbers:
            shown[column] = pd.array(rows[column], dtype="Float64").astype("Float64")
    except (KeyError, TypeError, ValueError, IndexError):
        findings.fail("map", name, 1, "verification.unreadable", reason="atlas-data")
        return
    account = run.account
    stored = account[account["stratum"] == ALL].set_index(keys)[numbers]
    both = shown.set_index(keys).astype(float).add_suffix("_shown").join(stored, how="left")
    offs, names = [], []
    for column in numbers:
        one, other = both[f"{column}_shown"].to_numpy(float), both[column].to_numpy(float)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        # An interval that covers too little is left out of the map.
        same |= np.isnan(one) & (column != "value")
        offs.append(np.where(same, 0.0, np.abs(one - other) / np.where(other != 0, np.abs(other), 1.0)))
        names += [" ".join(map(str, key)) for key in both.index]
    findings.compare("map", name, worst(np.concatenate(offs), names), EXACT)


def _check_workbook(run: Written, figures: Figures, findings: Findings) -> None:
    """Numbers of every sheet whose rows, or whose heading, name a region."""
    path = run.folder / "account.xlsx"
    if not path.is_file():
        findings.leave("workbook", path.name, "verification.nothing_there")
        return
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
        book.close()
    except (OSError, ValueError, KeyError, BadZipFile, InvalidFileException) as error:
        findings.fail("workbook", path.name, 1, "verification.unreadable", reason=str(error)[:200])
        return
    found = Deviation()
    for title, rows in sheets.items():
        found = found.beside(_sheet(title, rows, figures))
    findings.compare("workbook", path.name, found, HALF_DIGIT * (1 + 1e-6))


def _is_year(cell: float) -> bool:
    return 1900 <= cell <= 2100 and float(cell).is_integer()


def _sheet(title: str, rows: Rows, figures: Figures) -> Deviation:
    """Numbers of a sheet: its region is that of its first row, or of the row of a long table."""
    words = _text(rows[0][0]).split() if rows and rows[0] else []
    of_sheet = next((figures.names[word] for word in (*words, title) if word in figures.names), None)
    caption, heads = "", [""] * len(rows[0]) if rows else []
    offs, names = [], []
    for number, row in enumerate(rows, 1):
        cells = [cell for cell in row if cell is not None and cell != ""]
        if len(cells) == 1 and isinstance(cells[0], str):
            caption = cells[0] if "（" in cells[0] or "(" in cells[0] else caption
        elif cells and all(isinstance(cell, str) for cell in cells):
            heads = [_text(cell) for cell in row]
        region = next((figures.names[_text(cell)] for cell in row[:3] if _text(cell) in figures.names), of_sheet)
        if region is None:
            continue
        land = figures.lands.get(_text(row[0])) if of_sheet else None
        for column, cell in enumerate(row):
            if isinstance(cell, bool) or not isinstance(cell, int | float) or _is_year(cell):
                continue
            value, digit = float(cell), max(_read_number(f"{cell:.15f}".rstrip("0"))[1], _LEAST * abs(cell), 1e-12)
            # A row that says what it is itself, as those of long tables do, needs no heading for its unit.
            plain = (1.0,) if sum(isinstance(one, str) for one in cells) > 2 else ()
            scales = (*_scales(f"{heads[column]} {caption}"), *plain)
            values = figures.of(region, None if land == ALL else land, True)
            offs.append(figures.nearest(value, scales, values) / digit)
            names.append(f"{title}!{column + 1}:{number} {cell}")
    return worst(np.array(offs), names)
