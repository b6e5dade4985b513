"""The verdict by other rules: each alternative and each turning value against the equation written out and scanned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from sinks.assessment.alternatives import (
    AS_IS,
    BASE,
    CAP,
    ECOSYSTEMS,
    Alternatives,
    K,
    alternatives,
    verdict_alternatives,
)
from sinks.assessment.evaluate import Evaluation, evaluate, read_section
from sinks.assessment.evaluation_indicators import NOT_GIVEN, counted_by_document, evaluation_indicators
from sinks.assessment.input_tables import columns, parse_table
from sinks.geo.regions import load_builtin
from sinks.project.assessment import AssessmentSection
from sinks.project.rules import Rule

DATA = Path(__file__).parents[3] / "data"
FILES = {"emissions": "tables/emissions.csv", "gdp": "tables/gdp.csv", "targets": "tables/targets.csv"}
LEAGUE, WHOLE, YEAR = "150600", "150000", 2023
RULE: dict[str, Any] = {"base_year": 2020, "years": [2023], "base_period": "2020-2023", "baseline": "gross_net"}


@pytest.fixture(scope="module")
def regions() -> gpd.GeoDataFrame:
    """The region and three of its leagues; the others are evaluated in the same way."""
    frame = load_builtin("150000", levels=("league",)).frame
    return frame[frame["code"].isin([WHOLE, "150100", "150200", LEAGUE])].reset_index(drop=True)


@pytest.fixture(scope="module")
def made(regions: gpd.GeoDataFrame) -> Any:
    """An assessment of any rule: each league has 5 Mt of forest and loses 1 Mt of grassland."""
    rows = [
        (code, name, level, land, value)
        for code, name, level in zip(regions["code"], regions["name"], regions["level"], strict=True)
        for land, value in (("forest", 5e6), ("grassland", -1e6), ("wetland", 0.0), ("all", 4e6))
    ]
    frame = pd.DataFrame(rows, columns=["region_code", "region_name", "level", "ecosystem", "value"])
    ends = {"low": frame["value"] - 1e5, "high": frame["value"] + 1e5, "uncertain_share": 1.0}
    account = frame.assign(stratum="all", pool="all", quantity="net_removals", period="2020-2023", **ends)
    section = AssessmentSection.model_validate({**FILES, "rule": RULE, "waived": ["magnitude"]})
    names = [column.name for column in columns("targets")]
    cells = [
        (code, "intensity_reduction", "CO2/GDP", "2020", "2025", 17.5, "%", "a test's own") for code in regions["code"]
    ]
    targets = parse_table("targets", pd.DataFrame(cells, columns=names, dtype=object))
    read = read_section(section, lambda file: str(DATA / file))
    here = {
        name: table[table["region_code"].isin(regions["code"])]
        for name, table in (("emissions", read.emissions), ("gdp", read.gdp))
    }
    inputs = replace(read, targets=targets, **here)

    seen: dict[str, Evaluation] = {}

    def again(rule: Rule) -> Evaluation:
        if (written := rule.model_dump_json()) not in seen:
            changed = section.model_copy(update={"rule": rule})
            seen[written] = evaluate(changed, account, regions, lambda file: str(DATA / file), inputs=inputs)
        return seen[written]

    return section.rule, account, again


@pytest.fixture(scope="module")
def table(made: Any) -> pd.DataFrame:
    rule, account, again = made
    return verdict_alternatives(alternatives(rule, account), lambda one: again(one).assessment)


def room(v: Mapping[Any, float], k: float, share: float, sink: float, *, base_too: bool = False) -> float:
    """Room under the path, the equation of dual control written out for one league."""
    required = 1 - (1 - 0.175) ** (3 / 5)
    counted = [min(share * v[LEAGUE, year, "emissions"], k * sink) for year in (2020, YEAR)]
    base = v[LEAGUE, 2020, "emissions"] - v[LEAGUE, 2020, "abatement"] - (counted[0] if base_too else 0.0)
    now = v[LEAGUE, YEAR, "emissions"] - v[LEAGUE, YEAR, "abatement"] - counted[1]
    return base / v[LEAGUE, 2020, "gdp"] * (1 - required) * v[LEAGUE, YEAR, "gdp"] - now


def of(table: pd.DataFrame, what: str, said: str, code: str = LEAGUE) -> pd.Series:
    rows = table[(table["what"] == what) & (table["alternative"] == said) & (table["region_code"] == code)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_alternative_is_judged_by_its_own_rule(made: Any, table: pd.DataFrame) -> None:
    rule, _, again = made
    found = again(rule).assessment.values()
    scope = 4e6
    cases = [
        (of(table, AS_IS, ""), 1.0, np.inf, scope, False),
        *((of(table, K, f"{k:g}"), k, np.inf, scope, False) for k in (0.0, 0.25, 0.5, 0.75)),
        *((of(table, CAP, f"{100 * s:g} %"), 1.0, s, scope, False) for s in (0.01, 0.02, 0.05, 0.1)),
        (of(table, ECOSYSTEMS, "forest"), 1.0, np.inf, 5e6, False),
        (of(table, ECOSYSTEMS, "grassland"), 1.0, np.inf, -1e6, False),
        (of(table, BASE, "net_net"), 1.0, np.inf, scope, True),
    ]
    for row, k, share, sink, base_too in cases:
        central = room(found, k, share, sink, base_too=base_too)
        # Room is the reduction beyond what is required, times the intensity of the base and the GDP of the year.
        base = found[LEAGUE, 2020, "emissions"] - found[LEAGUE, 2020, "abatement"] - (sink if base_too else 0.0)
        scale = base / found[LEAGUE, 2020, "gdp"] * found[LEAGUE, YEAR, "gdp"]
        assert (row["change"] - row["required_change"]) * scale == pytest.approx(central, abs=1.0)
        # The sink has a narrow interval, so that the verdict is the sign of the room unless that is near zero.
        if abs(central) > 3e5:
            assert row["verdict"] == np.sign(central), row["what"]


def test_turning_values_are_zeros_of_the_room(made: Any, table: pd.DataFrame) -> None:
    rule, _, again = made
    found = again(rule).assessment.values()
    k = of(table, K, "0.5")["turns_at"]
    if np.isfinite(k):
        assert room(found, k, np.inf, 4e6) == pytest.approx(0.0, abs=1.0)
    signs = np.sign([room(found, one, np.inf, 4e6) for one in np.linspace(0, 50, 2_001)])
    assert (np.diff(signs) != 0).any() == (np.isfinite(k) and k <= 50)
    share = of(table, CAP, "1 %")["turns_at"]
    if np.isfinite(share):
        assert room(found, 1.0, share, 4e6) == pytest.approx(0.0, abs=1.0)
    # A scan of shares finds a change of sign exactly where the table says that there is one.
    signs = np.sign([room(found, 1.0, s, 4e6) for s in np.linspace(0, 1, 2_001)])
    assert (np.diff(signs) != 0).any() == np.isfinite(share)
    needed = of(table, ECOSYSTEMS, "forest")["turns_at"]
    assert room(found, 1.0, np.inf, needed) == pytest.approx(0.0, abs=1.0)


def test_a_verdict_that_differs_is_said(table: pd.DataFrame) -> None:
    first = table[table["what"] == AS_IS].set_index("region_code")["verdict"]
    assert set(table["differs"]) == {True, False}
    for row in table.itertuples():
        assert row.differs == (row.verdict != first[row.region_code])
    shown = Alternatives(table, counted_by_document(), pd.DataFrame({"region_code": []}))
    assert shown.remarks()


def test_documents_say_what_they_say_and_no_more() -> None:
    found = counted_by_document()
    assert (found["pools"] == "").all()
    assert found.loc[found["role"] == "offset", "number"].tolist() == ["内政办发〔2023〕94号"]


def test_indicators_that_nobody_gave_are_not_given(made: Any) -> None:
    rule, _, again = made
    table = evaluation_indicators(again(rule)).set_index(["region_code", "indicator"])
    for name in ("coal_total", "oil_total", "non_fossil_share", "growing_stock"):
        assert table.loc[(LEAGUE, name), "status"] == NOT_GIVEN
    values = again(rule).assessment.values()
    assert table.loc[(LEAGUE, "carbon_total"), "value"] == values[LEAGUE, YEAR, "emissions"]
    row = table.loc[(LEAGUE, "carbon_intensity")]
    assert row["status"] == ("on_path" if values[LEAGUE, YEAR, "verdict_without_sink"] == 1 else "behind")
    names = [column.name for column in columns("observations")]
    seen = [
        (LEAGUE, "growing_stock", "清查", str(year), value, "10^4 m3", "x")
        for year, value in ((2020, 100), (2023, 104))
    ]
    goal = [(LEAGUE, "growing_stock", "清查", "2020", "2025", 105.0, "10^4 m3", "x")]
    observed = parse_table("observations", pd.DataFrame(seen, columns=names, dtype=object))
    wanted = parse_table("targets", pd.DataFrame(goal, columns=[c.name for c in columns("targets")], dtype=object))
    from sinks.assessment.targets import follow

    with_stock = replace(again(rule), indicators=follow(wanted, observed))
    row = evaluation_indicators(with_stock).set_index(["region_code", "indicator"]).loc[(LEAGUE, "growing_stock")]
    assert (row["value"], row["target"], row["status"]) == (104e4, 105e4, "on_path")
