"""Shares of variance that can be worked out by hand, both approaches side by side, and declared correlations."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.sensitivity import AGREEMENTS, APPROACH_COLUMNS, Sensitivity, compare_approaches, sensitivity
from sinks.errors import ParameterError
from sinks.methodology import Bound, Registry
from sinks.parameters.draws import Z95
from sinks.uncertainty.correlations import Correlation, check_correlations
from sinks.uncertainty.draws import Draws, InputUncertainty, interval

DATES, PERIODS = ("2020", "2023"), (("2020", "2023"),)
REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
# Standard deviations of 10 and 5 t C/ha.
TABLE = HEAD + (
    "biomass,forest,100,t C/ha,90,110,sd,normal,user,ipcc_2006_v4,by hand,\n"
    "biomass,grassland,50,t C/ha,45,55,sd,normal,user,ipcc_2006_v4,by hand,\n"
    "soil_organic_carbon,forest,80,t C/ha,,,,,user,ipcc_2006_v4,by hand,\n"
)
# Hectares of forest and grassland by league and date.
AREAS = {
    ("1501", "2020"): (300.0, 700.0),
    ("1501", "2023"): (400.0, 600.0),
    ("1502", "2020"): (0.0, 500.0),
    ("1502", "2023"): (0.0, 500.0),
}


def activity(growing_stock: float | None = None) -> Activity:
    rows = [
        {"source": "land_cover", "region_code": code, "date": date, "land_cover": land, "class": land}
        | {"ecosystem": land, "area_ha": area}
        | ({"growing_stock": growing_stock, "growing_stock_observed_ha": area} if growing_stock else {})
        for (code, date), areas in AREAS.items()
        for land, area in zip(("forest", "grassland"), areas, strict=True)
        if area
    ]
    units = pd.DataFrame({"region_code": ["1501", "1502"], "area_ha": [1000.0, 500.0], "cells": 1000})
    return Activity(states=pd.DataFrame(rows), units=units)


def basis(given: Activity | None = None) -> AccountInputs:
    sources = dict.fromkeys(("forest", "grassland"), "land_cover")
    return AccountInputs(given or activity(), Hierarchy.of(REGIONS), DATES, PERIODS, sources)


@pytest.fixture
def densities(tmp_path: Path) -> Bound:
    path = tmp_path / "densities.csv"
    path.write_text(TABLE, encoding="utf-8")
    return Registry().get("lookup_density").with_parameters(path)


def entry(method: Bound) -> Entry:
    return Entry(method, ("forest", "grassland"), ("biomass", "soil_organic_carbon"), ("stock", "sink"), "land_cover")


def half_width(found: Sensitivity, code: str, quantity: str, period: str) -> float:
    rows = found.totals.set_index(["region_code", "quantity", "period"])["half_width"]
    return float(rows[code, quantity, period])


def test_shares_of_a_sum_are_those_worked_out_by_hand(densities: Bound) -> None:
    found = sensitivity(basis(), [entry(densities)], Draws(10, 1))
    rows = found.top("1501", "carbon_stock").query("period == '2020'")
    # 300 ha x 10 t against 700 ha x 5 t: variances of 9 and 12.25 million.
    assert list(rows["stratum"]) == ["ecosystem=grassland", "ecosystem=forest"]
    assert list(rows["share"]) == pytest.approx([12.25 / 21.25, 9 / 21.25], rel=1e-9)
    assert rows["half_width"].iloc[0] == pytest.approx(1.959964 * 3500, rel=1e-6)
    assert half_width(found, "1501", "carbon_stock", "2020") == pytest.approx(1.959964 * sqrt(21.25e6), rel=1e-6)


def test_a_parameter_that_cancels_in_the_change_has_no_share_of_it(densities: Bound) -> None:
    found = sensitivity(basis(), [entry(densities)], Draws(10, 1))
    # League B does not change; what is uncertain in its stock is not uncertain in its sink.
    assert found.top("1502", "stock_change").empty
    assert list(found.top("1502", "carbon_stock")["share"]) == [1.0, 1.0]  # at both dates
    # League A: 100 ha from grassland to forest.
    rows = found.top("1501", "stock_change").set_index("stratum")
    assert rows.loc["ecosystem=forest", "share"] == pytest.approx(100 / 125, rel=1e-9)


def test_rows_without_an_interval_are_no_source(densities: Bound) -> None:
    found = sensitivity(basis(), [entry(densities)], Draws(10, 1))
    assert "soil_organic_carbon" not in set(found.table["name"])
    assert sensitivity(basis(), [], Draws(10, 1)).table.empty


def test_both_approaches_agree_where_errors_are_small(densities: Bound) -> None:
    draws = Draws(20_000, 5)
    account = basis().account([entry(densities)], draws).table
    both = compare_approaches(sensitivity(basis(), [entry(densities)], draws), account, draws)
    # What does not change has no interval to agree on.
    assert (both["agreement"] == "").equals(both["approach_2_high"].isna())
    both = both[both["approach_2_high"].notna()]
    assert len(both) >= 8
    assert set(both["agreement"]) == {"agree"}
    for end in ("low", "high"):
        width = (both["approach_1_high"] - both["approach_1_low"]).to_numpy()
        apart = (both[f"approach_1_{end}"] - both[f"approach_2_{end}"]).abs().to_numpy()
        assert (apart < 0.02 * width).all()


def one_density(tmp_path: Path, low: float, high: float, interval: str, distribution: str) -> Bound:
    """Forest biomass of 100 t C/ha, and nothing else that is uncertain."""
    path = tmp_path / "one.csv"
    rows = f"biomass,forest,100,t C/ha,{low},{high},{interval},{distribution},user,ipcc_2006_v4,by hand,\n"
    path.write_text(HEAD + rows + "biomass,grassland,50,t C/ha,,,,,user,ipcc_2006_v4,by hand,\n", encoding="utf-8")
    return Registry().get("lookup_density").with_parameters(path)


@pytest.mark.parametrize(
    ("low", "high", "interval_of", "distribution", "expected"),
    [
        (80, 120, "95%", "normal", "agree"),
        # 0.95 of a uniform distribution is 0.95 of its range; 1.96 standard deviations are 1.13 of half of it.
        (80, 120, "range", "uniform", "width"),
        (40, 250, "95%", "lognormal", "skewed"),
    ],
)
def test_why_the_approaches_differ(
    tmp_path: Path, low: float, high: float, interval_of: str, distribution: str, expected: str
) -> None:
    draws = Draws(2_000, 5)
    entries = [entry(one_density(tmp_path, low, high, interval_of, distribution))]
    both = compare_approaches(sensitivity(basis(), entries, draws), basis().account(entries, draws).table, draws)
    row = both.query("region_code == '1501' and quantity == 'carbon_stock' and period == '2020'").iloc[0]
    assert row["agreement"] == expected
    assert expected in AGREEMENTS
    assert tuple(both.columns) == APPROACH_COLUMNS


def test_draws_that_scatter_are_no_disagreement(densities: Bound) -> None:
    """Few draws put the ends far apart by accident, and that is not said to be a difference of the approaches."""
    found: list[str] = []
    for seed in range(20):
        draws = Draws(100, seed)
        account = basis().account([entry(densities)], draws).table
        found += list(compare_approaches(sensitivity(basis(), [entry(densities)], draws), account, draws)["agreement"])
    seen = [agreement for agreement in found if agreement]
    assert seen.count("agree") / len(seen) > 0.97


def test_errors_of_area_are_only_in_the_draws(densities: Bound) -> None:
    class Areas:
        def relative(self, source: str, ecosystem: str, date: str, draws: Draws) -> np.ndarray:
            return 1 + 0.3 * draws.generator(f"area:{ecosystem}").standard_normal((2, draws.n))

    draws = Draws(2_000, 5, areas=Areas())
    account = basis().account([entry(densities)], draws).table
    both = compare_approaches(sensitivity(basis(), [entry(densities)], draws), account, draws)
    row = both.query("region_code == '1501' and quantity == 'carbon_stock' and period == '2020'").iloc[0]
    assert row["agreement"] == "areas"


def test_without_draws_there_is_nothing_to_agree_on(densities: Bound) -> None:
    account = basis().account([entry(densities)], None).table
    both = compare_approaches(sensitivity(basis(), [entry(densities)], Draws(1, 1)), account, Draws(1, 1))
    assert set(both["agreement"]) == {""}
    assert both["approach_1_high"].notna().any()


@pytest.fixture
def together(tmp_path: Path) -> Bound:
    """Two pools of forest that their table says are wrong together."""
    path = tmp_path / "together.csv"
    rows = (
        "above_ground_biomass,forest,60,t C/ha,54,66,sd,normal,user,ipcc_2006_v4,by hand,,below_ground_biomass=0.8\n"
        "below_ground_biomass,forest,20,t C/ha,16,24,sd,normal,user,ipcc_2006_v4,by hand,,\n"
        "biomass,grassland,50,t C/ha,,,,,user,ipcc_2006_v4,by hand,,\n"
    )
    path.write_text(HEAD.rstrip() + ",correlation\n" + rows, encoding="utf-8")
    return Registry().get("lookup_density").with_parameters(path)


def test_correlations_of_a_table_are_in_both_approaches(together: Bound) -> None:
    pools = ("above_ground_biomass", "below_ground_biomass", "biomass")
    entries = [Entry(together, ("forest", "grassland"), pools, ("stock", "sink"), "land_cover")]
    draws = Draws(20_000, 3)
    found = sensitivity(basis(), entries, draws)
    # 300 ha with 6 and 4 t C/ha that err together.
    expected = 1.959964 * 300 * sqrt(6**2 + 4**2 + 2 * 0.8 * 6 * 4)
    assert half_width(found, "1501", "carbon_stock", "2020") == pytest.approx(expected, rel=1e-6)
    both = compare_approaches(found, basis().account(entries, draws).table, draws)
    assert set(both["agreement"]) <= {"agree", ""}


def test_a_correlation_that_the_table_has_is_not_declared_again(together: Bound) -> None:
    again = Correlation("lookup_density", ("above_ground_biomass", "below_ground_biomass"), 0.5)
    with pytest.raises(ParameterError) as caught:
        check_correlations([again], [together])
    assert [problem.id for problem in caught.value.problems] == ["uncertainty.table_correlates"]
    check_correlations([Correlation("lookup_density", ("biomass",), 0.5)], [together])


def test_an_input_is_a_source_once_or_once_for_each_date() -> None:
    method = Registry().get("growing_stock_fang")
    method = method.with_constants({"parameter_set": "fang_v1", "roots": "included", "species_group": "larch"})
    forest = Entry(method, ("forest",), ("biomass",), ("stock", "sink"), "land_cover")
    for correlated, count in ((True, 1), (False, 2)):
        draws = Draws(10, 1, {"growing_stock": InputUncertainty(10, dates_correlated=correlated)})
        found = sensitivity(basis(activity(50.0)), [forest], draws)
        rows = found.top("1501", "stock_change")
        assert set(rows["kind"]) == {"input"}
        assert len(rows) == count
        assert rows["share"].sum() == pytest.approx(1)


def test_no_draw_turns_the_sign_of_an_input() -> None:
    """Half of 300 % is more than the value itself: a power of a negative biomass would be no number."""
    drawn = Draws(5_000, 1, {"biomass": InputUncertainty(300)}).factor("biomass", "2020")
    assert drawn is not None
    assert (drawn > 0).all()
    narrow = Draws(5_000, 1, {"biomass": InputUncertainty(20)}).factor("biomass", "2020")
    assert narrow is not None
    assert narrow.std() == pytest.approx(0.2 / Z95, rel=0.05)


def test_correlated_rows_are_drawn_together_and_keep_their_distributions(densities: Bound) -> None:
    together = Correlation("lookup_density", ("biomass",), 0.7)
    alone, drawn = Draws(20_000, 3).table(densities), Draws(20_000, 3, correlations=[together]).table(densities)
    assert np.corrcoef(alone[:2])[0, 1] == pytest.approx(0, abs=0.03)
    assert np.corrcoef(drawn[:2])[0, 1] == pytest.approx(0.7, abs=0.02)
    np.testing.assert_array_equal(np.sort(alone, axis=-1), np.sort(drawn, axis=-1))
    np.testing.assert_array_equal(drawn, Draws(20_000, 3, correlations=[together]).table(densities))


def test_declared_correlations_widen_a_sum_in_both_approaches(densities: Bound) -> None:
    draws = Draws(20_000, 3, correlations=[Correlation("lookup_density", ("biomass",), 0.7)])
    found = sensitivity(basis(), [entry(densities)], draws)
    expected = 1.959964 * sqrt(3000**2 + 3500**2 + 2 * 0.7 * 3000 * 3500)
    assert half_width(found, "1501", "carbon_stock", "2020") == pytest.approx(expected, rel=1e-6)
    rows = found.top("1501", "carbon_stock").query("period == '2020'")
    assert rows["share"].sum() == pytest.approx(1)
    table = basis().account([entry(densities)], draws).table
    row = table.query("region_code == '1501' and quantity == 'carbon_stock' and period == '2020'")
    row = row[(row["ecosystem"] == "all") & (row["pool"] == "all")].iloc[0]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("correlations", "expected"),
    [
        ([Correlation("nothing", ("biomass",), 0.5)], "uncertainty.no_methodology"),
        ([Correlation("lookup_density", ("wood",), 0.5)], "uncertainty.no_parameter"),
        ([Correlation("lookup_density", ("biomass",), 1.0)], "uncertainty.coefficient"),
        ([Correlation("lookup_density", ("biomass",), -1.0)], "uncertainty.coefficient"),
        ([Correlation("lookup_density", ("biomass",), 0.5)] * 2, "uncertainty.correlated_twice"),
    ],
)
def test_impossible_correlations_are_named(densities: Bound, correlations: list[Correlation], expected: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check_correlations(correlations, [densities])
    assert [problem.id for problem in caught.value.problems] == [expected]
    assert str(caught.value)


@pytest.mark.parametrize("n", [1, 7, 2000, 2001, 9999])
@pytest.mark.parametrize("kind", ["normal", "lognormal", "ties", "sorted", "constant"])
def test_intervals_are_the_quantiles_of_numpy(n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    made = {
        "normal": lambda: rng.normal(size=(3, n)),
        "lognormal": lambda: rng.lognormal(size=(3, n)),
        "ties": lambda: rng.integers(0, 3, (3, n)).astype(float),
        "sorted": lambda: np.sort(rng.normal(size=(3, n))),
        "constant": lambda: np.ones((3, n)),
    }[kind]()
    np.testing.assert_allclose(interval(made), np.quantile(made, (0.025, 0.975), axis=-1), rtol=1e-12, atol=1e-15)
