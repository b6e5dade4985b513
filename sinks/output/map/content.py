"""Everything the page knows, as JSON: the account's own figures at full precision, names in both languages, outlines.

Ratios and units of display are worked out in the page, from these figures only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from sinks.assessment.withheld import NOISE
from sinks.errors import Problems, RunError
from sinks.output.map.layers import EMISSIONS, LAYERS, NOISE_LAYER, OFFSET_SHARE, Layer
from sinks.output.map.outlines import lineage, outlines
from sinks.results.contents import RunContents
from sinks.results.labels import term
from sinks.results.leading_checks import leading_first
from sinks.results.level_names import level_names
from sinks.results.partial_intervals import least_share
from sinks.results.region_names import english_names, region_names
from sinks.results.shown_tables import check_account, methodology_titles, shown_checks
from sinks.results.withheld import withheld
from sinks.text import LANGUAGES, Text, language, using_language, words_of
from sinks.vocabulary import ALL, ecosystems, pools, quantities

_SHOWN_STATUS = ("failed", "warning", "note")
_OFFSET_QUANTITIES = (OFFSET_SHARE.quantity, EMISSIONS)


def map_labels() -> Mapping[str, Text]:
    """Every word of the page by id."""
    return words_of("sinks.output", "map_labels.csv")


def page_content(contents: RunContents, assessment: pd.DataFrame | None) -> dict[str, Any]:
    """What the page shows, as JSON values.

    Parameters
    ----------
    contents : RunContents
        A run.
    assessment : DataFrame, optional
        ``region_code, year, quantity, value, low, high, withheld``; its ``sink_counted`` and ``emissions`` [t CO2] are
        shown, or words where the sink may be noise.

    Returns
    -------
    dict

    Raises
    ------
    AccountError
        The account cannot be shown (see :func:`sinks.results.shown_tables.check_account`).
    RunError
        Regions of the account or of the assessment have no outline, or the account has no sums to show.
    """
    check_account(contents.account)
    rows = _sums_over_strata(contents.account)
    offsets = _offsets(assessment)
    signals = _signals(contents, set(rows["region_code"]))
    _check(contents, rows, offsets, assessment)
    frame = contents.regions.frame
    known = set(rows["region_code"]) | set(frame["parent"])
    shown = frame[frame["code"].isin(known)].reset_index(drop=True)
    return {
        "language": language(),
        "title": _title(contents.record),
        "created": [contents.time for _ in _in_each_language()],
        "demonstration": bool(contents.record["demonstration"]),
        "labels": {key: list(text) for key, text in map_labels().items()},
        "terms": _terms(rows, contents.checks, frame),
        "levels": _levels(shown),
        "regions": _regions(shown),
        "layers": [layer.to_json() for layer in _layers(rows, offsets, signals)],
        "signals": _columns(signals, ("region_code", "period"), ("value",)),
        "rows": _columns(rows, ("region_code", "ecosystem", "pool", "quantity", "period"), _STATISTICS),
        "methodologies": _methodologies(rows["methodology"], contents.record),
        "offsets": _columns(offsets, ("region_code", "quantity", "year"), ("value", "low", "high")),
        "caveats": [str(line) for line in contents.record.get("caveats", [])],
        "checks": _checks(contents),
        "withheld": sorted(map(list, withheld(contents))),
        "offsets_withheld": sorted(_without_result(offsets)),
        "interval_share": least_share(contents.record),
        "boundaries": _boundaries(contents.record),
        "overlay": None,
        "tiles": None,
    }


_STATISTICS = ("value", "low", "high", "coverage", "uncertain_share")


def _title(record: Mapping[str, Any]) -> list[str]:
    """The run's title in both languages; nothing where it has none."""
    title = str(record.get("title") or "")
    return [title, str(record.get("title_en") or title)] if title else []


def _sums_over_strata(account: pd.DataFrame) -> pd.DataFrame:
    """Strata are for the workbook: by banner, pool and period they would make the page ten times as large."""
    return account[account["stratum"] == ALL]


def _offsets(assessment: pd.DataFrame | None) -> pd.DataFrame:
    """Counted sink and emissions of every region; rows of the region ``all`` hold the rule and not a region."""
    if assessment is None:
        return pd.DataFrame(columns=["region_code", "year", "quantity", "value", "low", "high", "withheld"])
    rows = assessment[assessment["quantity"].isin(_OFFSET_QUANTITIES) & (assessment["region_code"] != ALL)]
    # A table of an earlier version does not say what may be noise.
    return rows if "withheld" in rows else rows.assign(withheld="")


def _without_result(offsets: pd.DataFrame) -> list[list[str]]:
    """Regions and years whose counted sink may be noise."""
    rows = offsets[(offsets["quantity"] == OFFSET_SHARE.quantity) & (offsets["withheld"] == NOISE)]
    return [[str(code), str(year)] for code, year in zip(rows["region_code"], rows["year"], strict=True)]


def _check(contents: RunContents, rows: pd.DataFrame, offsets: pd.DataFrame, given: pd.DataFrame | None) -> None:
    problems = Problems()
    outlined = set(contents.regions.frame["code"])
    for name, table in (("account", rows), ("assessment", offsets)):
        unknown = set(table["region_code"]) - outlined
        if unknown:
            problems.add("map.region_without_outline", name, codes=unknown)
    crs = contents.regions.frame.crs
    if crs is None or not crs.is_geographic:
        problems.add("map.not_geographic", "regions", found=crs.to_string() if crs else "-")
    if rows.empty:
        problems.add("map.no_sums", "account")
    lacking = set(_OFFSET_QUANTITIES) - set(offsets["quantity"])
    if given is not None and lacking:
        problems.add("map.no_offset_share", "assessment", quantities=lacking)
    problems.raise_as(RunError)


def _signals(contents: RunContents, codes: set[str]) -> pd.DataFrame:
    """Signal to noise of the regions' sinks by period, where errors of the maps were reckoned."""
    table = contents.tables.get("noise")
    columns = ["region_code", "period", "value"]
    if table is None or "signal_to_noise" not in table:
        return pd.DataFrame(columns=columns)
    whole = (table["ecosystem_from"] == ALL) & (table["ecosystem_to"] == ALL) & table["region_code"].isin(codes)
    found = table[whole & table["signal_to_noise"].notna()].rename(columns={"signal_to_noise": "value"})
    return found.drop_duplicates(columns[:2])[columns]


def _layers(rows: pd.DataFrame, offsets: pd.DataFrame, signals: pd.DataFrame) -> list[Layer]:
    """The layers that have something to show."""
    layers = [layer for layer in LAYERS if _has_figures(layer, rows)] + ([NOISE_LAYER] if len(signals) else [])
    return [*layers, OFFSET_SHARE] if len(offsets) else layers


def _has_figures(layer: Layer, rows: pd.DataFrame) -> bool:
    mine = rows[rows["quantity"] == layer.quantity]
    if layer.measure == "coverage":
        return bool(mine["coverage"].notna().any())
    return bool(mine[["low", "high"]].notna().all(axis=1).any() if layer.measure == "relative" else len(mine))


def _levels(frame: pd.DataFrame) -> list[str]:
    """Levels, the coarsest first, whatever the order of the rows."""
    parents = dict(zip(frame["code"], frame["parent"], strict=True))
    depth = [len(lineage(code, parents)) for code in frame["code"]]
    return list(dict.fromkeys(frame["level"].iloc[sorted(range(len(frame)), key=depth.__getitem__)]))


def _regions(frame: pd.DataFrame) -> list[dict[str, Any]]:
    shapes = outlines(frame)
    codes = set(frame["code"])
    records = frame[["code", "name", "level", "parent"]].assign(english=english_names(frame)).to_dict("records")
    return [
        {
            "code": row["code"],
            "names": region_names(str(row["name"]), row["english"]),
            "level": row["level"],
            "parent": row["parent"] if row["parent"] in codes else "",
            "outline": shapes[row["code"]].polygons,
            "label_at": shapes[row["code"]].label_at,
        }
        for row in records
    ]


def _columns(table: pd.DataFrame, words: Iterable[str], numbers: Iterable[str]) -> dict[str, Any]:
    """A table by columns, each word column as positions in its list of words: a quarter of the bytes of records."""
    made: dict[str, Any] = {}
    for name in words:
        codes, found = pd.factorize(table[name].astype(str))
        made[name] = {"words": [str(word) for word in found], "at": codes.tolist()}
    for name in numbers:
        made[name] = [_number(value) for value in table[name]]
    return made


def _number(value: Any) -> float | None:
    """JSON has no NaN; a figure that is not there is null."""
    return None if pd.isna(value) or not math.isfinite(value) else float(value)


def _methodologies(column: pd.Series[str], record: dict[str, Any]) -> list[list[str]]:
    """The title of each methodology once, in both languages; a sum over several names them all, joined by ``+``."""
    used = sorted({name for names in column.dropna().unique() for name in names.split("+") if name})
    titles = [methodology_titles(record) for _ in _in_each_language()]
    return [[of.get(name, name) for of in titles] for name in used]


def _in_each_language() -> Iterator[None]:
    for lang in LANGUAGES:
        with using_language(lang):
            yield


def _boundaries(record: dict[str, Any]) -> list[str]:
    """Source of the outlines in both languages; nothing where the record says nothing of them."""
    regions = record.get("regions", "")
    source = str(regions.get("source", "")) if isinstance(regions, dict) else str(regions)
    return _both("boundaries", source) if source else []


def _checks(contents: RunContents) -> list[dict[str, Any]]:
    """What did not simply pass, what bears on every figure first, its words in both languages."""
    shown = leading_first(contents.checks[contents.checks["status"].isin(_SHOWN_STATUS)])
    frame = contents.regions.frame
    said = [shown_checks(shown, methodology_titles(contents.record), frame) for _ in _in_each_language()]
    return [
        {
            "check": str(check),
            "status": str(status),
            **{name: [str(table[name].iloc[row]) for table in said] for name in ("where", "detail")},
        }
        for row, (check, status) in enumerate(zip(shown["check"], shown["status"], strict=True))
    ]


def _terms(rows: pd.DataFrame, checks: pd.DataFrame, frame: pd.DataFrame) -> dict[str, dict[str, list[str]]]:
    """Names of the words of the account in both languages, in the order of the vocabulary."""
    used = {kind: set(rows[kind]) for kind in ("ecosystem", "pool", "quantity")}
    order = {"ecosystem": [*ecosystems(), ALL], "pool": [*pools(), ALL], "quantity": list(quantities())}
    words = {kind: [word for word in order[kind] if word in found] for kind, found in used.items()}
    words["status"] = list(dict.fromkeys(checks["status"]))
    found = {kind: {word: _both(kind, word) for word in ids} for kind, ids in words.items()}
    levels = [level_names(frame) for _ in _in_each_language()]
    return found | {"level": {level: [names[level] for names in levels] for level in levels[0]}}


def _both(kind: str, word: str) -> list[str]:
    return [term(kind, word) for _ in _in_each_language()]
