"""From a figure to what it was made of: the rows of the account, the parameters with file, row and page, the documents.

A figure is asked for as it is met: as printed (``4.45亿吨碳``), by its row in ``account.csv``, or by the words that
name it.  The parts of a figure are the rows below it that no other row divides; they add up to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from sinks.text import LANGUAGES, using_language
from sinks.vocabulary import ALL, ecosystems, pools, quantities

ROW = "row"
"""Column with the line of ``account.csv`` (its header is line 1), of a parameter table or of an assessment table."""

_NUMBER = re.compile(r"[-−]?[\d,]*\d(?:\.\d+)?")
_FILE_ROW = re.compile(r"account\.csv:(\d+)")
_TOKENS = re.compile(r" / | > ")

_SCALES: tuple[tuple[str, float], ...] = (
    ("亿", 1e8),
    ("万", 1e4),
    ("million", 1e6),
    ("thousand", 1e3),
    ("1,000", 1e3),
    ("Mt", 1e6),
    ("kt", 1e3),
)
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("CO2", ("t CO2/yr", "t CO2")),
    ("tC", ("t C",)),
    ("二氧化碳", ("t CO2/yr", "t CO2")),
    ("碳", ("t C",)),
    ("t C", ("t C",)),
    ("公顷", ("ha",)),
    ("ha", ("ha",)),
    ("吨", ("t CO2/yr", "t CO2", "t C")),
)
"""What a unit as printed may stand for in the account, the longer words first."""


@dataclass(frozen=True)
class Printed:
    """A number as printed: the values of the account that it may stand for.

    Attributes
    ----------
    ranges : tuple of (float, float)
        Least and largest size that prints so, one for each scale that it may be printed in.
    units : tuple of str
        Units of the account that it may have; empty where the unit was not written.
    """

    ranges: tuple[tuple[float, float], ...]
    units: tuple[str, ...]

    def wider(self) -> Printed:
        """The same number moved by up to a unit of its last digit."""
        return Printed(
            tuple((low - (high - low) / 2, high + (high - low) / 2) for low, high in self.ranges), self.units
        )


def as_printed(text: str) -> Printed | None:
    """A figure as printed, with or without its unit; None where the text is none.

    >>> as_printed("4.45亿吨碳").units
    ('t C',)
    """
    said = text.strip().replace("₂", "2")
    found = _NUMBER.match(said)
    if found is None:
        return None
    unit = said[found.end() :].strip()
    number = Decimal(found[0].replace(",", "").replace("−", "-"))
    half = float(Decimal(1).scaleb(int(number.as_tuple().exponent)) / 2)
    scale = next((factor for word, factor in _SCALES if word in unit), None)
    units = next((known for word, known in _KINDS if word in unit), ())
    if unit and not units:
        return None
    factors = (scale or 1.0,) if unit else (1.0, 1e3, 1e4, 1e6, 1e8)
    size = abs(float(number))
    return Printed(tuple((factor * (size - half), factor * (size + half)) for factor in factors), units)


def find_figures(account: pd.DataFrame, asked: str, region: str | None = None) -> pd.DataFrame:
    """The rows of the account that a figure may be, totals before their parts.

    Parameters
    ----------
    account : DataFrame
        The account, in the order of its file.
    asked : str
        A row (``account.csv:17``), a figure as printed (``56.79万吨CO₂/年``), or words between strokes
        (``150600/net_removals/2020-2023/forest``): codes, ids or names, in any order.
    region : str, optional
        Only figures of this region, by code or name.

    Returns
    -------
    DataFrame
        Rows of the account with ``row`` (line of ``account.csv``) and ``end``: ``value``, ``low`` or ``high``.
    """
    table = account.assign(row=range(2, len(account) + 2), end="value")
    if region is not None:
        table = table[(table["region_code"] == region) | (table["region_name"] == region)]
    if place := _FILE_ROW.fullmatch(asked.strip()):
        return table[table[ROW] == int(place[1])]
    if not asked.strip(" /"):
        return table.iloc[:0]
    if len(found := _by_words(table, asked)):
        return found
    if (printed := as_printed(asked)) is None:
        return table.iloc[:0]
    found = pd.concat([_matching(table, printed, end) for end in ("value", "low", "high")])
    if found.empty:  # a report moves a number by up to one unit of its last digit, so that parts add up
        found = _matching(table, printed.wider(), "value")
    return _totals_first(found)


def _matching(table: pd.DataFrame, printed: Printed, end: str) -> pd.DataFrame:
    sizes = table[end].astype(float).abs()
    # The last digit of a float must not hide a figure that prints exactly on a bound.
    fits = [(sizes >= low * (1 - 1e-12)) & (sizes <= high * (1 + 1e-12)) for low, high in printed.ranges]
    found = table[pd.concat(fits, axis=1).any(axis=1)]
    return (found[found["unit"].isin(printed.units)] if printed.units else found).assign(end=end)


def _by_words(table: pd.DataFrame, asked: str) -> pd.DataFrame:
    """Rows that every word names; what no word speaks of is the total."""
    spoken: set[str] = set()
    for part in filter(None, (part.strip() for part in asked.split("/"))):
        columns = {
            name: ids for name, ids in _meant(part).items() if name not in spoken and table[name].isin(ids).any()
        }
        if not columns:
            return table.iloc[:0]
        name, ids = next(iter(columns.items()))
        spoken |= {"region_code", "region_name"} if name.startswith("region") else {name}
        table = table[table[name].isin(ids)]
    for name in ("stratum", "ecosystem", "pool"):
        if name not in spoken:
            table = table[table[name] == ALL]
    return table


def _meant(word: str) -> dict[str, set[str]]:
    """Column to the cells that a word may stand for there."""
    found = {name: {word} for name in ("region_code", "region_name", "period", "stratum")}
    for name, known in (("quantity", quantities()), ("ecosystem", ecosystems()), ("pool", pools())):
        # The word itself too: an assessment has quantities of its own.
        found[name] = {word} | {id for id, entry in known.items() if word in (id, *_both(entry.label))}
    return found


def _both(text: object) -> list[str]:
    said = []
    for lang in LANGUAGES:
        with using_language(lang):
            said.append(str(text))
    return said


def _totals_first(rows: pd.DataFrame) -> pd.DataFrame:
    depth = sum((rows[name] != ALL).astype(int) for name in ("stratum", "pool", "ecosystem"))
    return rows.assign(depth=depth).sort_values(["depth", ROW], kind="stable").drop(columns="depth")


def parts_of(account: pd.DataFrame, figure: Mapping[Any, Any]) -> pd.DataFrame:
    """The rows that a figure is the sum of and that nothing divides further, the largest first.

    Parameters
    ----------
    account : DataFrame
        The account, in the order of its file.
    figure : mapping
        A row of it.

    Returns
    -------
    DataFrame
        Rows of the account of the same region, quantity and period, with ``row``.
    """
    rows = account.assign(row=range(2, len(account) + 2))
    for name in ("region_code", "quantity", "period"):
        rows = rows[rows[name] == figure[name]]
    for name in ("ecosystem", "pool", "stratum"):
        if figure[name] != ALL:
            rows = rows[rows[name] == figure[name]]
        elif name != "pool" or figure["quantity"] != "area":
            rows = rows[rows[name] != ALL]
    order = rows["value"].astype(float).abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order]


def parameters_of(used: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """The parameter rows that the parts took: table, row, document and page, in the order of the table.

    A row is taken for a part of its methodology whose stratum and ecosystem its cells name.  Cells that no stratum of
    the account names are choices of the project (edition, tillage) or bins of a measured value: they hold for all.
    """
    if used.empty or "methodology" not in used:
        return used
    known = [name for name in used.columns if name not in _NOT_STRATA]
    wanted = pd.Series(False, index=used.index)
    cells = used[known].fillna("").astype(str)
    for methodology, pool, ecosystem, stratum in parts[["methodology", "pool", "ecosystem", "stratum"]].itertuples(
        index=False
    ):
        words = {ecosystem, *_TOKENS.split(str(stratum))}
        for id in str(methodology).split("+"):
            of_method = used["methodology"] == id
            spoken = [name for name in known if cells.loc[of_method, name].isin(words).any()]
            fits = of_method & (~used["parameter"].isin(set(pools()) - {pool}))
            for name in spoken:
                fits &= cells[name].isin(words) | (cells[name] == "")
            wanted |= fits
    return used[wanted & (used["role"] != "comparison") if "role" in used else wanted]


_NOT_STRATA = frozenset(
    {
        *("methodology", "role", "parameter", "value", "unit", "low", "high", "interval", "distribution", "basis"),
        *("source", "locator", "note", "unverified", "file", "row", "correlation", "same_as", "edition_note"),
    }
)


def documents_of(sources: pd.DataFrame, parameters: pd.DataFrame) -> pd.DataFrame:
    """The documents that the parameters name."""
    if "key" not in sources or "source" not in parameters:
        return sources.iloc[:0]
    return sources[sources["key"].isin(set(parameters["source"]))]


def files_of(record: Mapping[str, Any]) -> pd.DataFrame:
    """The input files of a run with their checksums."""
    rows = record.get("inputs") or []
    return pd.DataFrame(
        [(str(item.get("path", "")), item.get("size"), str(item.get("sha256", ""))) for item in rows],
        columns=["file", "size", "sha256"],
    )
