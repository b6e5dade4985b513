"""Everything an assessment reads, and the checks that look across tables.

Nothing is filled in: a league or a year that is missing is named, and so is a figure whose size says that it stands in
another unit than the one declared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from sinks.assessment import input_tables
from sinks.assessment.credit_register import OUTSIDE
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import WHERE, records
from sinks.assessment.ledger import PROJECT_COLUMNS
from sinks.errors import Problem, Problems, SinksError
from sinks.geo.dbf import check_dbf
from sinks.geo.region_reading import nested_fields
from sinks.objects import find
from sinks.project.explain import near
from sinks.project.rules import Rule
from sinks.vocabulary.bounds import bounds

CONSTANT, CURRENT = "constant", "current"

_KEYS = (
    *("project_id", "region_code", "year", "quantity", "state"),
    *("indicator", "definition", "base_year", "target_year"),
)
"""Columns that together name a figure; those of them that a table has."""

_ADMINISTRATIVE = r"[1-8][0-9]{5}([0-9]{3}|[0-9]{6})?"
"""Codes of administrative divisions have six, nine or twelve digits (GB/T 2260, GB/T 10114)."""

_ALIKE = 0.8
"""Likeness, as difflib has it, from which a code is taken for a misspelt one: one digit of six."""

_JUMP, _GROWTH = 5.0, 1.5
"""Times the two years nearest to it from which a year of a region is doubted, and times for each year between them, so
that a long series may grow; judgements, which may be waived."""

_SLIP = 100.0
"""A figure taken in t for one in 10^4 t is off by 10^4; halfway, on a logarithmic scale, between right and wrong."""


@dataclass(frozen=True)
class Inputs:
    """Parsed tables of an assessment (:func:`sinks.assessment.input_tables.parse_table`); None where there is none.

    Where there is a ``credit_register``, ``ledger`` and ``received`` are what its events come to
    (:func:`sinks.assessment.credit_register.follow_register`).
    """

    emissions: pd.DataFrame
    gdp: pd.DataFrame
    targets: pd.DataFrame
    abatement: pd.DataFrame | None = None
    budget: pd.DataFrame | None = None
    observations: pd.DataFrame | None = None
    ledger: pd.DataFrame | None = None
    credit_register: pd.DataFrame | None = None
    received: pd.DataFrame | None = None


def read_inputs(paths: Mapping[str, str | Path], *, encoding: str | None = None) -> Inputs:
    """Read the tables named by ``paths`` (``emissions``, ``gdp``, ``targets``, ...).

    Raises
    ------
    AssessmentError
        With the problems of all tables.
    """
    problems, found = Problems(), {}
    for table, path in paths.items():
        try:
            found[table] = input_tables.read_table(table, path, encoding=encoding)
        except SinksError as error:
            problems.extend(error)
    problems.raise_as(AssessmentError)
    return Inputs(**found)


def read_credit_projects(path: str | None) -> gpd.GeoDataFrame:
    """Read the polygons of the crediting projects; their attributes are text.

    Raises
    ------
    AssessmentError
        There is a ledger but no layer, the layer cannot be read, or a field that is needed of it holds lists.
    """
    if path is None:
        raise AssessmentError(Problem("assessment.no_projects", "assessment.credit_projects"))
    doubt = check_dbf(path, None)
    if doubt is not None:
        raise AssessmentError(doubt)
    held = find(path)
    if held is not None:
        return held.value
    try:
        # Before the rows: where only some of a field are lists, they come as text.
        if nested := sorted(nested_fields(pyogrio.read_info(path)) & set(PROJECT_COLUMNS)):
            raise AssessmentError(Problem("vector.nested", path, {"fields": nested}))
        return gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise AssessmentError(Problem("assessment.projects_unreadable", path, {"reason": str(error)})) from error


def write_templates(folder: str | Path, *, force: bool = False) -> list[Path]:
    """Write an empty table and its explanation for every input into ``folder``; return the tables.

    Raises
    ------
    AssessmentError
        A table is there already, perhaps filled in, and ``force`` is not set.
    """
    paths = [Path(folder) / f"{table}.csv" for table in input_tables.tables()]
    problems = Problems()
    for path in paths:
        if path.exists() and not force:
            problems.add("assessment.template_exists", path)
    problems.raise_as(AssessmentError)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path in paths:
        input_tables.write_template(path.stem, path)
    return paths


def check_inputs(
    inputs: Inputs,
    codes: Collection[str],
    known: Collection[str],
    rule: Rule,
    *,
    whole: str | None = None,
    waived: Collection[str] = (),
    places: Places | None = None,
    complete: bool = True,
) -> None:
    """Check the tables against each other, the regions and the rule.

    Parameters
    ----------
    inputs : Inputs
    codes : collection of str
        Regions that are assessed.
    known : collection of str
        All regions of the account; a code that is not among them is a mistake.
    rule : Rule
    whole : str, optional
        The region that is the sum of the assessed ones: it has no figures of its own, but may have targets.
    waived : collection of str
        ``"magnitude"`` passes over the search for figures in the wrong unit.
    complete : bool
        Whether every assessed region must have all of its figures already.
    places : Places, optional
        Names and areas of the regions: a name that stands for a code is told, and areas are held against them.

    Raises
    ------
    AssessmentError
        With everything found.
    """
    problems = Problems()
    for field in fields(inputs):
        table = getattr(inputs, field.name)
        if table is not None and field.name == "credit_register":
            _check_holders(table, known, problems)
        elif table is not None and field.name != "received":
            check_codes(field.name, table, known, problems, None if places is None else places.names)
            _check_twice(field.name, table, problems)
    _check_rule(rule, codes, problems)
    if complete:
        check_complete(inputs, codes, rule, problems)
    _check_amounts(inputs, waived, problems)
    if places is not None:
        for name, areas in (("targets", inputs.targets), ("observations", inputs.observations)):
            if areas is not None:
                check_areas(name, areas[areas["indicator"] == "wetland_area"], places, problems)
    judged = {*codes, *([] if whole is None else [whole])}
    _check_intensity_targets(inputs.targets, judged, rule, problems)
    _check_one_each(inputs.targets, judged, problems)
    if inputs.budget is not None:
        _check_plan(inputs.budget, problems)
    problems.raise_as(AssessmentError)


def constant_gdp(gdp: pd.DataFrame) -> pd.DataFrame:
    """GDP at constant prices of one base year.

    A figure at current prices is divided by the deflator of its region and year, the price level relative to the base.

    Returns
    -------
    DataFrame
        ``region_code, year, value`` [10^4 CNY], ``price_base``, ``source``, ``where``.

    Raises
    ------
    AssessmentError
        Current prices without a deflator, or figures at the prices of different years.
    """
    problems = Problems()
    figures = gdp[gdp["quantity"] == "gdp"]
    deflators = gdp[gdp["quantity"] == "gdp_deflator"].drop_duplicates(["region_code", "year"])
    merged = figures.merge(
        deflators[["region_code", "year", "value", "price_base"]],
        on=["region_code", "year"],
        how="left",
        suffixes=("", "_deflator"),
    )
    current = merged["price_base"] == CURRENT
    bare = current & ~(merged["value_deflator"] > 0)
    for row in records(merged[bare]):
        problems.add("assessment.no_deflator", row[WHERE], region=row["region_code"], year=row["year"])
    value = merged["value"].where(~current, merged["value"] / merged["value_deflator"])
    base = merged["price_base"].where(~current, merged["price_base_deflator"])
    # A deflator "at current prices" has no base year, so constant prices cannot be made with it.
    for row in records(merged[(base == CURRENT) & ~bare]):
        problems.add("assessment.no_deflator", row[WHERE], region=row["region_code"], year=row["year"])
    bases = sorted(set(base.dropna()) - {CURRENT})
    if len(bases) > 1:
        problems.add("assessment.price_bases", "gdp", bases=bases)
    problems.raise_as(AssessmentError)
    return merged.assign(value=value, price_base=base)[["region_code", "year", "value", "price_base", "source", WHERE]]


@dataclass(frozen=True)
class Places:
    """What is known of the regions beside their codes.

    Attributes
    ----------
    names : mapping of str to str
        Name of each region, by code.
    area_ha : mapping of str to float
        Area of each region's polygon, by code. [ha]
    """

    names: Mapping[str, str]
    area_ha: Mapping[str, float]


def check_codes(
    name: str,
    table: pd.DataFrame,
    known: Collection[str],
    problems: Problems,
    names: Mapping[str, str] | None = None,
) -> None:
    """Name codes that no region has, with the likely one; rows of other provinces, as published tables hold them, pass.

    Parameters
    ----------
    name : str
        Of the table.
    table : DataFrame
        Parsed, with ``region_code``.
    known : collection of str
        Codes of all regions.
    problems : Problems
    names : mapping of str to str, optional
        Names of the regions by code.
    """
    provinces = {code[:2] for code in known}
    codes = table["region_code"]
    elsewhere = codes.str.fullmatch(_ADMINISTRATIVE) & ~codes.str[:2].isin(provinces)
    for row in records(table[~codes.isin(set(known)) & ~elsewhere].drop_duplicates("region_code")):
        found = row["region_code"]
        meant = [f"{code} {called}" for code, called in (names or {}).items() if found == called]
        meant = meant or get_close_matches(found, list(known), n=3, cutoff=_ALIKE)
        id = "assessment.unknown_region_near" if meant else "assessment.unknown_region"
        problems.add(id, row[WHERE], table=name, region=found, **({"near": meant} if meant else {}))


def check_areas(name: str, table: pd.DataFrame, places: Places, problems: Problems) -> None:
    """Refuse areas that are larger than the region they lie in; the table is parsed, its ``value`` in ha."""
    for row in records(table):
        whole = places.area_ha.get(row["region_code"])
        if whole is not None and row["value"] > whole:
            values = {"region": row["region_code"], "found": f"{row['value']:,.0f}", "whole": f"{whole:,.0f}"}
            problems.add("assessment.beyond_region", row[WHERE], table=name, **values)


def _check_twice(name: str, table: pd.DataFrame, problems: Problems) -> None:
    """A figure that stands twice would be added up, or one of the two would win by chance."""
    key = [c for c in table.columns if c in _KEYS]
    again = table.duplicated(key)
    first = table.drop_duplicates(key).set_index(key)[WHERE]
    for row in records(table[again]):
        values = {"key": [str(row[c]) for c in key], "first": first[tuple(row[c] for c in key)]}
        problems.add("assessment.row_twice", row[WHERE], table=name, **values)


def _check_holders(register: pd.DataFrame, known: Collection[str], problems: Problems) -> None:
    """Whoever holds a credit is a region of the account or outside of it; events may stand twice."""
    for column in ("holder", "to"):
        own = register[column]
        for row in records(register[(own != "") & ~own.isin([*known, OUTSIDE])]):
            found = {"column": column, "found": row[column], "near": near(str(row[column]), [*known, OUTSIDE])}
            problems.add("assessment.register_holder", row[WHERE], **found)


def _check_rule(rule: Rule, codes: Collection[str], problems: Problems) -> None:
    """Values by region are for assessed regions, and a reference level is there exactly when it is used."""
    for name, ruled in (("cap", rule.cap), ("reference_level", rule.reference_level)):
        strange = sorted(set(ruled.value if ruled else ()) - set(codes))
        if strange:
            problems.add("assessment.rule_regions", f"rule.{name}", regions=strange)
    given = set(rule.reference_level.value) if rule.reference_level else set()
    if rule.baseline.value != "reference_level" and given:
        problems.add("assessment.unused_reference", "rule.reference_level", baseline=rule.baseline.value)
    if rule.baseline.value == "reference_level" and not given >= set(codes):
        problems.add("assessment.no_reference", "rule.reference_level", regions=sorted(set(codes) - given))


def check_complete(inputs: Inputs, codes: Collection[str], rule: Rule, problems: Problems) -> None:
    """Every assessed region has every kind of emission and a GDP in the base year and each assessed year."""
    for name, table, quantities in (
        ("emissions", inputs.emissions, tuple(input_tables.measures("emissions"))),
        ("gdp", inputs.gdp, ("gdp",)),
    ):
        there = set(zip(table["region_code"], table["year"], table["quantity"], strict=True))
        for code in codes:
            gaps: dict[str, list[int]] = {}
            for quantity, year in product(quantities, rule.all_years):
                if (code, year, quantity) not in there:
                    gaps.setdefault(quantity, []).append(year)
            for quantity, years in gaps.items():
                problems.add("assessment.missing", name, region=code, quantity=quantity, years=years)


def _check_amounts(inputs: Inputs, waived: Collection[str], problems: Problems) -> None:
    """Emissions and GDP against each other and themselves; GDP has to come at prices of one year."""
    doubted = set[tuple[str, int]]() if "magnitude" in waived else _check_magnitude(inputs.emissions, problems)
    try:
        gdp = constant_gdp(inputs.gdp)
    except AssessmentError as error:
        problems.extend(error)
        return
    if "magnitude" not in waived:
        _check_intensity(inputs.emissions, gdp, doubted, problems)
        energy = inputs.emissions[inputs.emissions["quantity"] == "energy"]
        for table in (energy, inputs.gdp[inputs.gdp["quantity"] == "gdp"]):
            _check_jumps(table, doubted, problems)


def _check_magnitude(emissions: pd.DataFrame, problems: Problems) -> set[tuple[str, int]]:
    """Name figures that fit the rest only after a factor of about 10^4; returns their regions and years.

    A total is held against the same region in other years and against the typical region of its year.
    """
    total = emissions.groupby(["region_code", "year"])["value"].sum().abs()
    total = total[total > 0]
    if total.empty:
        return set()
    typical = total.groupby("year").transform("median")
    own = total.groupby("region_code").transform("median")
    ratios = pd.DataFrame({"typical": total / typical, "own": total / own})
    off = ratios.apply(lambda r: np.abs(np.log(r)) > np.log(_SLIP)).any(axis=1)
    for (code, year), value in total[off].items():
        rows = emissions[(emissions["region_code"] == code) & (emissions["year"] == year)]
        times = max(ratios.loc[(code, year)], key=lambda ratio: abs(np.log(ratio)))
        values = {"region": code, "year": year, "value": f"{value:,.0f}", "times": f"{times:.3g}"}
        problems.add("assessment.magnitude", str(rows[WHERE].iloc[0]), **values)
    return set(total[off].index)


def _check_jumps(table: pd.DataFrame, doubted: Collection[tuple[str, int]], problems: Problems) -> None:
    """Name years of a region far from the two nearest: one row is in another unit, although no city shows it."""
    for code, own in table[table["value"] > 0].groupby("region_code"):
        rows = [row for row in records(own) if (code, row["year"]) not in doubted]
        for row in rows:
            # Of the year beside a wrong one the other neighbour, or the next but one, is near.
            others = sorted((one for one in rows if one is not row), key=lambda one: abs(one["year"] - row["year"]))[:2]
            if others and all(_is_far(row, one) for one in others):
                times = f"{row['value'] / others[0]['value']:.3g}"
                values = {"region": code, "year": row["year"], "value": f"{row['value']:,.4g}", "times": times}
                problems.add("assessment.jump", row[WHERE], quantity=row["quantity"], **values)


def _is_far(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a figure is further from another year's than growth explains."""
    most = max(_JUMP, _GROWTH ** abs(one["year"] - other["year"]))
    return bool(abs(np.log(one["value"] / other["value"])) > np.log(most))


def _check_intensity(
    emissions: pd.DataFrame, gdp: pd.DataFrame, doubted: Collection[tuple[str, int]], problems: Problems
) -> None:
    """Name regions whose emissions per GDP are beyond what any city has: one of the two is in the wrong unit."""
    limit = bounds("assessment")["intensity"]
    total = emissions.groupby(["region_code", "year"])["value"].sum()
    product_ = gdp.drop_duplicates(["region_code", "year"]).set_index(["region_code", "year"])
    both = product_.join(total.rename("emissions"), how="inner")
    ratio = both["emissions"] / both["value"]
    beyond = both.assign(ratio=ratio)[limit.outside(ratio.clip(lower=0.0))].reset_index()
    for row in records(beyond):
        if (row["region_code"], row["year"]) not in doubted:
            values = {"region": row["region_code"], "year": row["year"], "found": f"{row['ratio']:,.4g} {limit.unit}"}
            values |= {"expected": str(limit), "reason": limit.reason}
            problems.add("assessment.intensity", row[WHERE], **values)


def _check_intensity_targets(targets: pd.DataFrame, codes: Collection[str], rule: Rule, problems: Problems) -> None:
    """A target of intensity is a fraction below one, counted from the base year of the rule."""
    rows = targets[(targets["indicator"] == "intensity_reduction") & targets["region_code"].isin(set(codes))]
    for row in records(rows):
        if row["base_year"] != rule.base_year:
            values = {"region": row["region_code"], "found": row["base_year"], "rule": rule.base_year}
            problems.add("assessment.target_base", row[WHERE], **values)


def _check_one_each(targets: pd.DataFrame, codes: Collection[str], problems: Problems) -> None:
    """One target of intensity and one expected total for a region: of two, the order of rows would choose."""
    several = {"intensity_reduction": "assessment.several_targets", "expected_total": "assessment.several_expected"}
    for indicator, id in several.items():
        rows = targets[(targets["indicator"] == indicator) & targets["region_code"].isin(set(codes))]
        for code, number in rows.groupby("region_code").size().items():
            if number > 1:
                problems.add(id, "targets", region=code, count=number)


def _check_plan(budget: pd.DataFrame, problems: Problems) -> None:
    """Increments are positive and reductions negative, so that a plan can simply be added up."""
    for row in records(budget):
        increment = row["quantity"] == "new_projects"
        if (row["value"] < 0) if increment else (row["value"] > 0):
            problems.add("assessment.plan_sign", row[WHERE], quantity=row["quantity"], value=row["value"])
