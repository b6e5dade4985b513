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
    NONE,
    POOLS,
    Alternatives,
    K,
    alternatives,
    break_even_cap,
    verdict_alternatives,
)
from sinks.assessment.errors import AssessmentError
from sinks.assessment.evaluate import Evaluation, evaluate, read_section
from sinks.assessment.evaluation_indicators import NOT_GIVEN, counted_by_document, evaluation_indicators
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.result import Assessment
from sinks.errors import Problem
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


def test_a_rule_differs_from_itself_in_nothing(made: Any) -> None:
    """What a rule already says is no alternative to it; a cap may be left out."""
    rule, account, _ = made
    values = {"cap_share": {"value": 0.02}, "pools": {"value": ["all"]}, "ecosystems": {"value": ["all"]}}
    wide = Rule.model_validate(rule.model_dump() | values | {"baseline": {"value": "net_net"}})
    said = {(one.what, one.said) for one in alternatives(wide, account)}
    assert {(CAP, NONE), (CAP, "1 %"), (ECOSYSTEMS, "forest"), (BASE, "gross_net")} <= said
    assert not {(CAP, "2 %"), (POOLS, "all"), (ECOSYSTEMS, "all"), (BASE, "net_net")} & said
    assert not {one for one in alternatives(rule, account) if (one.what, one.said) == (CAP, NONE)}


def test_a_rule_that_cannot_be_assessed_says_why(made: Any) -> None:
    rule, account, again = made
    rules = [one for one in alternatives(rule, account) if one.what in (AS_IS, BASE)]

    def refusing(changed: Rule) -> Assessment:
        if changed.baseline.value == "net_net":
            raise AssessmentError(Problem("assessment.base_without_sink", "account", {"year": 2020, "found": []}))
        return again(changed).assessment

    table = verdict_alternatives(rules, refusing)
    refused = table[table["what"] == BASE]
    assert refused["region_code"].isna().all()
    assert refused["note"].str.contains("2020").all()
    assert not refused["differs"].any()

    def never(changed: Rule) -> Assessment:
        raise AssessmentError(Problem("assessment.base_without_sink", "account", {"year": 2020, "found": []}))

    with pytest.raises(AssessmentError):
        verdict_alternatives(rules, never)


def test_only_what_has_a_target_turns_and_only_what_is_told(made: Any) -> None:
    """A region without a target has no rows; one whose sink may be noise has no value at which it turns."""
    rule, account, again = made
    rules = [one for one in alternatives(rule, account) if one.what in (AS_IS, K, CAP)]

    def changed(one: Rule) -> Assessment:
        found = again(one).assessment
        table = found.table
        bare = (table["region_code"] == "150100") & table["quantity"].isin(["required_change", "verdict"])
        return replace(found, table=table[~bare], withheld={(LEAGUE, YEAR): "noise"})

    table = verdict_alternatives(rules, changed)
    assert set(table["region_code"]) == {"150200", LEAGUE, WHOLE}
    own = table[table["region_code"] == LEAGUE]
    assert own["turns_at"].isna().all()
    assert set(own["withheld"]) == {"noise"}
    assert table.loc[(table["region_code"] == "150200") & (table["what"] == AS_IS), "turns_at"].notna().all()
    assert np.isnan(break_even_cap(rule, {}, LEAGUE, YEAR))


def test_an_indicator_needs_an_assessed_region(made: Any) -> None:
    """A region of which there is nothing but a name has none; a total within what is expected is reached."""
    rule, _, again = made
    found = again(rule)
    table = found.assessment.table
    emitted = found.assessment.values()[LEAGUE, YEAR, "emissions"]
    expected = table[(table["region_code"] == LEAGUE) & (table["quantity"] == "emissions")].assign(
        quantity="expected_total"
    )
    for share, status in ((1.0, "reached"), (0.999, "behind")):
        rows = pd.concat([table, expected.assign(value=share * emitted)])
        less = rows[~((rows["region_code"] == "150100") & (rows["quantity"] == "emissions"))]
        given = replace(found, assessment=replace(found.assessment, table=less))
        shown = evaluation_indicators(given)
        assert "150100" not in set(shown["region_code"])
        total = shown[(shown["region_code"] == LEAGUE) & (shown["indicator"] == "carbon_total")].iloc[0]
        assert total["status"] == status
        assert total["target"] == pytest.approx(share * emitted)


def test_pools_may_count_as_living_biomass_or_with_dead_matter(made: Any) -> None:
    """What an account has of them; of one without dead matter there is nothing to count besides."""
    rule, account, _ = made
    pools = ["above_ground_biomass", "below_ground_biomass", "litter", "soil_organic_carbon"]
    parts = pd.concat([account, *(account.assign(pool=pool) for pool in pools)])
    living = "above_ground_biomass + below_ground_biomass"
    said = [one.said for one in alternatives(rule, parts) if one.what == POOLS]
    assert said == [living, f"{living} + litter"]
    assert [one.said for one in alternatives(rule, parts[parts["pool"] != "litter"]) if one.what == POOLS] == [living]
    assert not [one for one in alternatives(rule, account) if one.what == POOLS]
