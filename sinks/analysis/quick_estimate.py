"""A first estimate of a year whose account cannot be made yet, and how earlier ones compare with what came after.

The last account of a region and ecosystem has a net sink ``v``, which is a gross gain ``G`` less a gross loss
``L = G - v``.  Early statistics move each of them, and tonnes that are known are added::

    estimate = v + (r - 1) G - (q - 1) L + c

``r`` is the ratio of a driver of gains (``ratio``), ``q`` that of a driver of losses (``loss_ratio``) and ``c`` a
change in tonnes (``change``).  The account knows ``v`` and not ``G``.  Where no gross gain is given, a sink is taken to
be all gain and a source all loss; a driver of what is then unknown gives no figure, since a ratio below 1 of a driver
of gains would else make a loss smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sinks.account.amounts import years_of
from sinks.assessment.answer import Answer
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, columns, records
from sinks.assessment.words import word
from sinks.errors import Problem, Problems
from sinks.project.explain import near
from sinks.vocabulary import ALL, ecosystems

NOT_ESTIMATED = "not_estimated"
"""Basis of a quick estimate that has no figure."""

NO_ERROR, NO_INTERVAL = "no_error", "no_account_interval"
"""Why an estimate has no interval: nothing is known of its error, or the account has none."""

_MOVES = ["ratio", "loss_ratio", "change"]
_FIGURES = [*_MOVES, "gain", "error", "quarter_share", "record"]
_LAND = ["region_code", "ecosystem"]
_NAMED = ("loss_ratio", "change")
"""Quantities whose driver has to be named."""


@dataclass(frozen=True, repr=False)
class QuickEstimate(Answer):
    """A quick estimate of years without an account; an assumption, which its table says.

    Attributes
    ----------
    table : DataFrame
        As :func:`estimate_account` has it.
    record : DataFrame
        As :func:`record_of` has it; no row where none was given.
    """

    table: pd.DataFrame
    record: pd.DataFrame

    NAMED = ("basis", "ecosystem", "widened")

    def data(self) -> dict[str, pd.DataFrame]:
        tables = {"quick_estimate": self.table.assign(note=word("note.estimate"))}
        return tables | ({"quick_estimate_record": self.record} if len(self.record) else {})

    def glance(self) -> list[pd.DataFrame]:
        read = ["region_code", "ecosystem", "period", "as_of", "value", "low", "high", "basis", "widened"]
        shown = []
        for span, name in (("year", "sink"), ("quarter", "quarter_sink")):
            rows = self.table[self.table["span"] == span]
            shown += [rows[read].rename(columns={"value": name})] if len(rows) else []
        return [*shown, *([self.record.drop(columns="relative")] if len(self.record) else [])]

    def remarks(self) -> list[str]:
        said, rows = [word("note.estimate")], self.table[self.table["ecosystem"] != ALL]
        if rows["as_of"].str.contains("Q").any():
            said.append(word("note.estimate_running"))
        without = rows[rows["widened"].isin([NO_ERROR, NO_INTERVAL])]
        for note, none in (
            ("source", rows[rows["basis"] == NOT_ESTIMATED]),
            (NO_ERROR, without[without["widened"] == NO_ERROR]),
            (NO_INTERVAL, without[without["widened"] == NO_INTERVAL]),
        ):
            named = none.drop_duplicates(_LAND)[_LAND].itertuples(index=False, name=None)
            land = [f"{region} {ecosystems()[name].label}" for region, name in named]
            said += [word(f"note.estimate_{note}", land=land)] if land else []
        if rows["low"].notna().any():
            said.append(word("note.estimate_interval"))
        return said


def quick_estimate(last: pd.DataFrame, given: pd.DataFrame, year: int | str) -> pd.DataFrame:
    """A first estimate for a year whose account is not made yet, from the last account and early statistics.

    Parameters
    ----------
    last : DataFrame
        Rows of the last account to carry on: ``region_code, ecosystem, value, low, high`` [t CO2/yr].
    given : DataFrame
        ``region_code, ecosystem`` and at least one of ``ratio``, ``loss_ratio`` [1] and ``change`` [t CO2] (see the
        module); where they are known also ``gain`` [t CO2/yr], the gross gain of the account's period; ``error`` [1],
        half of the 95 % interval of quick estimates over the figure; ``record`` [t CO2/yr], the same in tonnes, from
        earlier ones; ``quarter_share`` [1], the part of the year's sink that the quarter has.
    year : int or str
        ``2026``; or ``2026Q1``, the year that still runs, with figures to the end of its first quarter.

    Returns
    -------
    DataFrame
        ``region_code, ecosystem, year, as_of, span, value, unit, low, high, basis, widened``.  A row of the span
        ``year`` [t CO2/yr] for each of ``last``, and one of ``quarter`` [t CO2] where its share is given.  The basis is
        ``assumed``, or ``not_estimated`` where a driver of what is unknown is not 1.

        The interval is the account's, never made narrower and scaled up by the largest ratio, with the error of quick
        estimates added as an independent one.  That is the wider of ``error``, taken of the estimate or of the last
        account if this is larger, and ``record``.  Without either, or without an interval of the account, there is
        none, and ``widened`` says why.

    Raises
    ------
    AssessmentError
        Nothing is given for a row of the account.
    """
    merged = last.merge(given.reindex(columns=[*_LAND, *_FIGURES]), on=_LAND, how="left")
    merged[_FIGURES] = merged[_FIGURES].astype(float)
    gaps = merged[merged[_MOVES].isna().all(axis=1)]
    if len(gaps):
        missing = [f"{r}/{e}" for r, e in zip(gaps["region_code"], gaps["ecosystem"], strict=True)]
        raise AssessmentError(Problem("assessment.no_ratio", "statistics", {"year": year, "missing": missing}))
    base, gain = merged["value"], merged["gain"].fillna(merged["value"].clip(lower=0.0))
    ratio, loss_ratio = merged["ratio"].fillna(1.0), merged["loss_ratio"].fillna(1.0)
    moved = base + (ratio - 1) * gain - (loss_ratio - 1) * (gain - base) + merged["change"].fillna(0.0)
    blind = ((ratio != 1) & (base < 0)) | ((loss_ratio != 1) & (base > 0))
    blind = (merged["gain"].isna() & blind) | moved.isna()

    grown = np.maximum(1.0, np.maximum(ratio, loss_ratio))
    of_error = merged["error"] * np.maximum(base.abs(), moved.abs())
    added = of_error.combine(merged["record"], np.fmax)
    low = moved - np.hypot((base - merged["low"]) * grown, added)
    high = moved + np.hypot((merged["high"] - base) * grown, added)
    own = merged["low"].notna() & merged["high"].notna()
    widened = np.where(merged["record"].fillna(-1.0) >= of_error.fillna(-1.0), "record", "given")
    widened = np.where(added.isna(), NO_ERROR, widened)
    widened = np.where(own, widened, NO_INTERVAL)
    found = merged[_LAND].assign(
        year=int(str(year)[:4]), as_of=str(year), span="year", value=moved.mask(blind), unit="t CO2/yr",
        low=low.where(own).mask(blind), high=high.where(own).mask(blind),
        basis=np.where(blind, NOT_ESTIMATED, "assumed"), widened=np.where(blind, "", widened),
    )  # fmt: skip
    return pd.concat([found, _quarter(found, merged["quarter_share"])], ignore_index=True)


def _quarter(found: pd.DataFrame, share: pd.Series[float]) -> pd.DataFrame:
    """The rows of a quarter, where its share of the year is given; a share below zero turns the interval round."""
    rows, part = found[share.notna()], share.dropna()
    ends = {name: rows[name] * part for name in ("value", "low", "high")}
    turned = {"low": np.minimum(ends["low"], ends["high"]), "high": np.maximum(ends["low"], ends["high"])}
    return rows.assign(span="quarter", unit="t CO2", value=ends["value"], **turned)


def estimate_account(account: pd.DataFrame, early: pd.DataFrame, record: pd.DataFrame | None = None) -> QuickEstimate:
    """Quick estimates for every region and year of a table of early statistics; see :func:`quick_estimate`.

    Parameters
    ----------
    account : DataFrame
    early : DataFrame
        The parsed table ``early``.
    record : DataFrame, optional
        The parsed table ``estimate_record``; see :func:`record_of`.  The interval of an estimate is widened by the
        record of the same region, ecosystem and quarter: the root of the mean square of its differences, times the
        quantile of Student's t that holds 95 % with as many degrees of freedom as there are differences.

    Returns
    -------
    QuickEstimate
        The table has the columns of :func:`quick_estimate`, the ``period`` of the account that is carried on, the
        ``drivers`` that were named, and a row ``all`` for each region, year and span: its ecosystems added up, and
        their ends too, the widest interval that they allow.  Where one of them has no figure, there is no sum, and
        where one that is not zero has no interval, the sum has none.

    Raises
    ------
    AssessmentError
        With everything that is wrong with both tables: a region or land that is not in the account, a figure twice, a
        year that the account has, no source or driver, a gross gain below the net sink, a share without a quarter;
        or an ecosystem of the account has no figure.
    """
    sums = _removals(account)
    period = max(sums["period"].unique(), key=lambda one: (one[-4:], one))
    last = sums.loc[sums["period"] == period, [*_LAND, "value", "low", "high"]]
    problems = Problems()
    _check(early, "early", last, problems)
    _check_early(early, last, period, problems)
    if record is not None:
        _check(record, "estimate_record", last, problems)
        _check_record(record, problems)
    problems.raise_as(AssessmentError)
    known = record_of(sums, record)
    parts = []
    for as_of, rows in early.groupby("year", sort=True):
        asked = last[last["region_code"].isin(set(rows["region_code"]))]
        try:
            parts.append(_one(asked, rows, str(as_of), known))
        except AssessmentError as error:
            problems.extend(error)
    problems.raise_as(AssessmentError)
    found = pd.concat(parts, ignore_index=True)
    table = pd.concat([found, _by_region(found)], ignore_index=True)
    table.insert(list(table.columns).index("year"), "period", period)
    return QuickEstimate(table, known)


def record_of(sums: pd.DataFrame, record: pd.DataFrame | None) -> pd.DataFrame:
    """How earlier quick estimates compare with what came after.

    Parameters
    ----------
    sums : DataFrame
        Net removals of an account by region, ecosystem and period.
    record : DataFrame, optional
        The parsed table ``estimate_record``.

    Returns
    -------
    DataFrame
        ``region_code, ecosystem, as_of, early, came, early_less_came`` [t CO2/yr], ``relative`` (of what came) and
        ``came_from``: ``given``, or the period of the account, the shortest that holds the year; empty while none does.
    """
    names = [*_LAND, "as_of", "early", "came", "early_less_came", "relative", "came_from"]
    if record is None:
        return pd.DataFrame(columns=names)
    wide = record.rename(columns={"year": "as_of"}).pivot(index=[*_LAND, "as_of"], columns="quantity", values="value")
    wide = wide.reindex(columns=["early", "came"]).astype(float).reset_index().rename_axis(columns=None)
    wide["came_from"] = np.where(wide["came"].notna(), "given", "")
    for place, row in wide[wide["came"].isna()].iterrows():
        land = sums[(sums["region_code"] == row["region_code"]) & (sums["ecosystem"] == row["ecosystem"])]
        year = str(row["as_of"])[:4]
        held = [name for name in land["period"] if name[:4] < year <= name[-4:]]
        if held:
            shortest = min(held, key=lambda name: (years_of(name), name))
            wide.loc[place, ["came", "came_from"]] = [
                land.loc[land["period"] == shortest, "value"].iloc[0],
                shortest,
            ]
    off = wide["early"] - wide["came"]
    relative = off / wide["came"].abs().where(wide["came"] != 0)
    return wide.assign(early_less_came=off, relative=relative)[names]


def _removals(account: pd.DataFrame) -> pd.DataFrame:
    rows = account[(account["quantity"] == "net_removals") & account["period"].str.contains("-")]
    rows = rows[(rows["stratum"] == ALL) & (rows["pool"] == ALL) & (rows["ecosystem"] != ALL)]
    if rows.empty:
        values = {"quantity": "net_removals", "period": "...-...", "found": sorted(set(account["period"]))}
        raise AssessmentError(Problem("assessment.no_leaves", "account", values))
    return rows


def _check(table: pd.DataFrame, name: str, last: pd.DataFrame, problems: Problems) -> None:
    """Regions and ecosystems are known, no figure stands twice, and each has its source."""
    regions, lands = set(last["region_code"]), list(ecosystems())
    label = next(str(column.label) for column in columns(name) if column.name == "source")
    # A change may have several causes, which are added; every other figure stands once.
    key = [*_LAND, "year", "quantity"]
    once = table["driver"].where(table["quantity"] == "change", "") if "driver" in table else ""
    first: dict[tuple[str, ...], str] = {}
    for row in records(table.assign(once=once)):
        if row["region_code"] not in regions:
            problems.add("assessment.unknown_region", row[WHERE], table=name, region=row["region_code"])
        if row["ecosystem"] not in lands:
            values = {"column": "ecosystem", "found": row["ecosystem"], "expected": near(row["ecosystem"], lands)}
            problems.add("assessment.not_allowed", row[WHERE], **values)
        if not row["source"].strip():
            problems.add("assessment.early_lacks", row[WHERE], quantity=row["quantity"], column="source", what=label)
        named = tuple(str(row[column]) for column in (*key, "once"))
        if named in first:
            values = {"table": name, "key": [cell for cell in named if cell], "first": first[named]}
            problems.add("assessment.row_twice", row[WHERE], **values)
        first.setdefault(named, row[WHERE])


def _check_early(early: pd.DataFrame, last: pd.DataFrame, period: str, problems: Problems) -> None:
    """What a figure needs beside it, of the account and of its own row."""
    sinks = dict(zip(last[_LAND].itertuples(index=False, name=None), last["value"], strict=True))
    label = next(str(column.label) for column in columns("early") if column.name == "driver")
    for row in records(early):
        land, quantity = (row["region_code"], row["ecosystem"]), row["quantity"]
        if row["year"][:4] <= period[-4:]:
            problems.add("assessment.early_year", row[WHERE], found=row["year"], period=period)
        if quantity in _NAMED and not row["driver"].strip():
            problems.add("assessment.early_lacks", row[WHERE], quantity=quantity, column="driver", what=label)
        if quantity == "quarter_share" and "Q" not in row["year"]:
            problems.add("assessment.early_quarter", row[WHERE], found=row["year"])
        if quantity == "gain" and land in sinks and row["value"] < sinks[land]:
            values = {"found": f"{row['value']:,.0f}", "sink": f"{sinks[land]:,.0f}", "period": period}
            problems.add("assessment.early_gain", row[WHERE], **values)
        # A ratio of land that the account does not have moves nothing; tonnes would be lost without a word.
        if quantity in ("change", "gain") and land not in sinks and land[0] in set(last["region_code"]):
            have = sorted(name for region, name in sinks if region == land[0])
            problems.add("assessment.early_land", row[WHERE], region=land[0], land=land[1], found=have)


def _check_record(record: pd.DataFrame, problems: Problems) -> None:
    """What came is set against an estimate."""
    key = [*_LAND, "year"]
    early = set(record.loc[record["quantity"] == "early", key].itertuples(index=False, name=None))
    for row in records(record[record["quantity"] == "came"]):
        named = tuple(row[name] for name in key)
        if named not in early:
            problems.add("assessment.record_alone", row[WHERE], key=list(named))


def _one(last: pd.DataFrame, rows: pd.DataFrame, as_of: str, record: pd.DataFrame) -> pd.DataFrame:
    """The estimates as of one time."""
    given = rows.pivot_table(index=_LAND, columns="quantity", values="value", aggfunc="sum").reset_index()
    same = record[(record["as_of"].str[4:] == as_of[4:]) & record["early_less_came"].notna()]
    given = given.merge(_spread(same), on=_LAND, how="left")
    found = quick_estimate(last, given, as_of)
    named = rows[rows["driver"] != ""].groupby(_LAND)["driver"].agg(lambda names: "; ".join(dict.fromkeys(names)))
    return found.merge(named.rename("drivers").reset_index(), on=_LAND, how="left").fillna({"drivers": ""})


def _spread(record: pd.DataFrame) -> pd.DataFrame:
    """Half of the 95 % interval of quick estimates by land [t CO2/yr], from what they were off."""
    from scipy.special import stdtrit

    squares = record.assign(square=record["early_less_came"] ** 2).groupby(_LAND)["square"].agg(["mean", "count"])
    squares["record"] = np.sqrt(squares["mean"]) * stdtrit(squares["count"], 0.975)
    return squares["record"].reset_index()


def _by_region(found: pd.DataFrame) -> pd.DataFrame:
    """The sums of each region, year and span."""
    keys, rows = ["region_code", "year", "as_of", "span"], []
    years = found[found["span"] == "year"]
    lands = years.groupby(["region_code", "as_of"]).size().to_dict()
    for key, part in found.groupby(keys, sort=True):
        whole = len(part) == lands[key[0], key[2]] and bool((part["basis"] != NOT_ESTIMATED).all())
        ways = set(part["widened"]) - {NO_INTERVAL, ""}
        # As in the account: a sum of which a part has no interval has none, unless that part is nothing.
        ends = [part[name].where(part["value"] != 0, part[name].fillna(0.0)) for name in ("low", "high")]
        low, high = (float(end.sum(skipna=False)) for end in ends)
        known = bool(whole and ways and NO_ERROR not in ways and high > low)
        why = NO_ERROR if NO_ERROR in ways else NO_INTERVAL
        rows.append({
            **dict(zip(keys, key, strict=True)), "ecosystem": ALL, "value": part["value"].sum() if whole else np.nan,
            "unit": part["unit"].iloc[0], "low": low if known else np.nan, "high": high if known else np.nan,
            "basis": "assumed" if whole else NOT_ESTIMATED,
            "widened": "" if not whole else why if not known else ways.pop() if len(ways) == 1 else "mixed",
            "drivers": "",
        })  # fmt: skip
    return pd.DataFrame(rows)[list(found.columns)]
