"""The noise of maps in an account: by hand, by its laws, and in a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sinks
from sinks.account.account import AccountInputs, Entry
from sinks.account.findings import Findings
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.class_densities import ClassDensities, groups, lives_on_class
from sinks.analysis.noise_findings import note_noise
from sinks.analysis.noise_of_maps import COLUMNS, VERDICTS, MapKnowledge, noise_of_maps, withheld, withheld_of
from sinks.errors import ProjectError
from sinks.methodology import Bound, Registry
from sinks.project.project import Project
from sinks.results.withheld import withheld as withheld_of_run
from sinks.uncertainty.confusion_matrix import ConfusionMatrix
from sinks.uncertainty.map_accuracy import ClassAccuracy
from sinks.vocabulary import ecosystems

DATES = ("2020", "2025")
REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
HEAD = "parameter,ecosystem,class,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
STATED = MapKnowledge(accuracies=dict.fromkeys(DATES, ClassAccuracy(0.8)), basis="stated")

Land = Mapping[tuple[str, str], float]
GUIDE: Land = {
    ("grassland", "grassland"): 77_000,
    ("grassland", "forest"): 3_000,
    ("forest", "grassland"): 1_000,
    ("forest", "forest"): 19_000,
}
"""The example of the guide's page on the noise of maps."""

STILL: Land = {("grassland", "grassland"): 50_000, ("bare", "bare"): 50_000}


def activity(by_unit: Mapping[str, Land]) -> Activity:
    """Cells of 0.1 ha; states are the margins of the transitions."""
    changes, states = [], []
    for code, land in by_unit.items():
        for (before, after), area in land.items():
            ends = {"from": before, "to": after}
            names = {f"{key}_{end}": ends[end] for end in ends for key in ("land_cover", "class", "ecosystem")}
            dated = dict(zip(("date_from", "date_to"), DATES, strict=True))
            changes.append({"source": "land_cover", "region_code": code, **dated, **names, "area_ha": float(area)})
        for place, date in enumerate(DATES):
            totals: dict[str, float] = {}
            for pair, area in land.items():
                totals[pair[place]] = totals.get(pair[place], 0.0) + area
            for name, area in totals.items():
                words = dict.fromkeys(("land_cover", "class", "ecosystem"), name)
                states.append({"source": "land_cover", "region_code": code, "date": date, **words, "area_ha": area})
    areas = [float(sum(land.values())) for land in by_unit.values()]
    units = pd.DataFrame({"region_code": list(by_unit), "area_ha": areas, "cells": [10 * area for area in areas]})
    return Activity(pd.DataFrame(states), units, pd.DataFrame(changes))


def table(path: Path, **densities: float) -> Bound:
    """Densities written ``pool__ecosystem=value``."""
    rows = [
        f"{name.split('__')[0]},{name.split('__')[1]},,{value},t C/ha,,,,,user,ipcc_2006_v4,by hand,\n"
        for name, value in densities.items()
    ]
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return Registry().get("lookup_density").with_parameters(path)


@pytest.fixture
def method(tmp_path: Path) -> Bound:
    return table(tmp_path / "densities.csv", biomass__grassland=80.0, biomass__forest=180.0)


def entry(method: Bound, *names: str, pools: tuple[str, ...] = ("biomass",), **kwargs: Any) -> Entry:
    return Entry(method, names or ("forest", "grassland"), pools, ("stock", "sink"), "land_cover", **kwargs)


def noise(
    land: Mapping[str, Land], entries: list[Entry], knowledge: MapKnowledge = STATED, regions: pd.DataFrame = REGIONS
) -> pd.DataFrame:
    given = activity(land)
    source = dict.fromkeys(ecosystems(), "land_cover")
    inputs = AccountInputs(given, Hierarchy.of(regions), DATES, (DATES,), source)
    return noise_of_maps(inputs, given, entries, inputs.account(entries).table, knowledge)


def line(found: pd.DataFrame, code: str, pair: tuple[str, str] = ("all", "all")) -> pd.Series[Any]:
    wanted = (found["region_code"] == code) & (found["ecosystem_from"] == pair[0]) & (found["ecosystem_to"] == pair[1])
    assert wanted.sum() == 1
    return found[wanted].iloc[0]


class TestByHand:
    def test_the_example_of_the_guide(self, method: Bound) -> None:
        row = line(noise({"1501": GUIDE, "1502": STILL}, [entry(method)]), "1501")
        shown = {name: row[name] for name in ("area_ha", "gross_ha", "net_ha", "change_t_c", "gross_t_c")}
        assert shown == pytest.approx(
            {"area_ha": 100_000, "gross_ha": 4_000, "net_ha": 2_000, "change_t_c": 200_000, "gross_t_c": 400_000}
        )
        assert row["observed_share"] == pytest.approx(0.04, rel=1e-12)
        assert row["expected_share"] == pytest.approx(0.2416, abs=5e-5)
        assert row["correlation"] == pytest.approx(0.834, abs=5e-4)
        noises = row[["random_t_c", "drift_t_c", "noise_t_c"]].astype(float)
        assert list(noises) == pytest.approx([63_246, 115_084, 257_378], rel=3e-5)
        assert row["signal_to_noise"] == pytest.approx(0.777, abs=5e-4)
        assert (row["verdict"], row["withheld"]) == ("not_told", True)
        # All of the sink is of these densities, and the account has as much.
        assert (row["account_t_c"], row["other_t_c"]) == pytest.approx((200_000, 0.0))

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_guide_says_what_the_program_does(self, method: Bound, lang: str) -> None:
        row = line(noise({"1501": GUIDE, "1502": STILL}, [entry(method)]), "1501")
        page = (Path(__file__).parents[3] / "docs" / "guide" / lang / "noise-of-maps.md").read_text(encoding="utf-8")
        whole = [row[name] for name in ("change_t_c", "random_t_c", "drift_t_c", "noise_t_c", "gross_t_c")]
        whole += [row[name] * 44 / 12 / 5 for name in ("change_t_c", "noise_t_c")]
        printed = [f"{number:,.0f}".replace(",", " ") for number in whole]
        printed += [f"{row['expected_share']:.2%}".replace("%", " %"), f"{row['correlation']:.3f}"]
        printed += [f"{row['signal_to_noise']:.2f}"]
        assert [number for number in printed if number not in page] == []

    def test_a_pair_has_its_own_ratio(self, method: Bound) -> None:
        found = noise({"1501": GUIDE, "1502": STILL}, [entry(method)])
        one, whole = line(found, "1501", ("forest", "grassland")), line(found, "1501")
        assert (one["gross_ha"], one["net_ha"]) == (4_000, -2_000)
        assert one["noise_t_c"] == pytest.approx(whole["noise_t_c"], rel=1e-12)

    def test_a_region_is_the_sum_of_its_units_and_its_noise_is_not(self, method: Bound) -> None:
        found = noise({"1501": GUIDE, "1502": GUIDE}, [entry(method)])
        part, whole = line(found, "1501"), line(found, "15")
        for name in ("area_ha", "gross_ha", "net_ha", "change_t_c", "gross_t_c", "expected_ha", "drift_t_c"):
            assert whole[name] == pytest.approx(2 * part[name], rel=1e-12)
        assert whole["random_t_c"] == pytest.approx(np.sqrt(2) * part["random_t_c"], rel=1e-12)


class TestWhatTakesPart:
    def test_land_without_density_leaves_first(self, method: Bound) -> None:
        extra = {("bare", "grassland"): 5_000.0, ("cropland", "cropland"): 9_000.0}
        found = noise({"1501": {**GUIDE, **extra}, "1502": STILL}, [entry(method)])
        with_extra = line(found, "1501")
        assert (with_extra["area_ha"], with_extra["change_t_c"]) == (100_000, 200_000)
        # The map is judged on all its land.
        assert with_extra["map_observed_share"] == pytest.approx(9_000 / 114_000, rel=1e-12)
        assert with_extra["observed_share"] == pytest.approx(0.04, rel=1e-12)

    def test_a_measured_sink_has_no_part_and_its_carbon_counts_nothing(self, tmp_path: Path) -> None:
        """Grassland by class beside forest by growing stock: forest is known, but not by its class."""
        forest = entry(Registry().get("growing_stock_bcef"), "forest", pools=("above_ground_biomass",))
        grass = entry(table(tmp_path / "grass.csv", biomass__grassland=80.0), "grassland")
        assert (lives_on_class(forest), lives_on_class(grass)) == (False, True)
        given = activity({"1501": GUIDE, "1502": STILL})
        source = dict.fromkeys(ecosystems(), "land_cover")
        inputs = AccountInputs(given, Hierarchy.of(REGIONS), DATES, (DATES,), source)
        found = ClassDensities.of(inputs, [forest, grass], DATES).differences(0)
        names = list(ecosystems())
        assert found[names.index("grassland"), names.index("forest")] == pytest.approx(-80.0)
        assert np.isnan(found[names.index("grassland"), names.index("bare")])

    def test_errors_go_where_the_land_changes_and_none_to_land_that_left(self, method: Bound) -> None:
        """User's accuracies spread as the region changes, then among the land with densities only: by numpy alone."""
        # Rows and columns: forest, grassland, bare; bare land has no density.
        land = np.array([[19_000.0, 1_000, 0], [3_000, 70_000, 2_000], [0, 4_000, 1_000]])
        names = ("forest", "grassland", "bare")
        given = {(a, b): land[i, j] for i, a in enumerate(names) for j, b in enumerate(names)}
        row = line(noise({"1501": given, "1502": {("bare", "bare"): 1.0}}, [entry(method)]), "1501")
        both = land + land.T
        np.fill_diagonal(both, 0.0)
        shares = 0.2 * both / both.sum(axis=1, keepdims=True) + 0.8 * np.eye(3)
        kept = shares[:2, :2] / shares[:2, :2].sum(axis=1, keepdims=True)
        joint = np.array([21_000.0, 72_000.0])[:, None] * kept
        true = joint.sum(axis=0)
        expected = (true * (1 - ((joint / true) ** 2).sum(axis=0))).sum() / 93_000
        assert row["expected_share"] == pytest.approx(expected, rel=1e-12)
        whole = ((land.sum(axis=0) + land.sum(axis=1)) / 2)[:, None] * shares
        true = whole.sum(axis=0)
        expected = (true * (1 - ((whole / true) ** 2).sum(axis=0))).sum() / land.sum()
        assert row["map_expected_share"] == pytest.approx(expected, rel=1e-12)

    def test_pools_of_one_group_add(self, tmp_path: Path) -> None:
        parts = {"above_ground_biomass__grassland": 1.0, "below_ground_biomass__grassland": 4.0}
        both = table(tmp_path / "b.csv", biomass__forest=45.0, **parts)
        pools = ("biomass", "above_ground_biomass", "below_ground_biomass")
        found = ClassDensities.of(self.inputs(GUIDE), [entry(both, pools=pools)], DATES).differences(0)
        names = list(ecosystems())
        assert found[names.index("grassland"), names.index("forest")] == pytest.approx(40.0)

    def test_two_ecosystems_that_are_both_known_otherwise_are_not_compared(self, tmp_path: Path) -> None:
        """Soil of grassland and cropland by a flux; a change between them is none of the grassland's biomass."""
        grass = entry(table(tmp_path / "grass.csv", biomass__grassland=80.0), "grassland")
        soil = Entry(
            Registry().get("soil_transition"),
            ("grassland", "cropland"),
            ("soil_organic_carbon",),
            ("sink",),
            "land_cover",
        )
        found = ClassDensities.of(self.inputs(GUIDE), [grass, soil], DATES).differences(0)
        names = list(ecosystems())
        assert np.isnan(found[names.index("grassland"), names.index("cropland")])

    def test_only_carbon_that_both_have_is_compared(self, tmp_path: Path) -> None:
        both = table(
            tmp_path / "b.csv", biomass__grassland=5.0, biomass__forest=45.0, soil_organic_carbon__grassland=90.0
        )
        inputs = self.inputs(GUIDE)
        found = ClassDensities.of(inputs, [entry(both, pools=("biomass", "soil_organic_carbon"))], DATES).differences(0)
        names = list(ecosystems())
        # Soil of forest is not estimated: a change to forest is none of soil.
        assert found[names.index("grassland"), names.index("forest")] == pytest.approx(40.0)

    def test_carbon_known_as_a_whole_is_set_against_the_whole(self, tmp_path: Path) -> None:
        whole = table(
            tmp_path / "w.csv", biomass__forest=45.0, soil_organic_carbon__forest=140.0, ecosystem__grassland=95.0
        )
        pools = ("biomass", "soil_organic_carbon", "ecosystem")
        found = ClassDensities.of(self.inputs(GUIDE), [entry(whole, pools=pools)], DATES).differences(0)
        names = list(ecosystems())
        assert found[names.index("grassland"), names.index("forest")] == pytest.approx(90.0)
        assert found == pytest.approx(-found.T, nan_ok=True)

    def test_a_region_without_the_land_takes_the_density_of_the_nearest_around_it(self, tmp_path: Path) -> None:
        """Banner 150102 has no forest: it takes that of its league, dense forest, and not that of all leagues."""
        rows = "biomass,forest,{},{},t C/ha,,,,,user,ipcc_2006_v4,by hand,\n"
        path = tmp_path / "classes.csv"
        path.write_text(HEAD + rows.format("forest", 180) + rows.format("open", 60), encoding="utf-8")
        dense: Land = {("forest", "forest"): 100.0}
        given = activity({"150101": dense, "150102": {("grassland", "grassland"): 50.0}, "1502": dense})
        far = given.states["region_code"] == "1502"
        given = replace(given, states=given.states.assign(**{"class": given.states["class"].mask(far, "open")}))
        below = pd.DataFrame(
            [("150101", "A1", "banner", "1501"), ("150102", "A2", "banner", "1501")], columns=list(REGIONS.columns)
        )
        hierarchy = Hierarchy.of(pd.concat([REGIONS, below], ignore_index=True))
        inputs = AccountInputs(given, hierarchy, DATES, (DATES,), dict.fromkeys(ecosystems(), "land_cover"))
        one = entry(Registry().get("lookup_density").with_parameters(path), "forest")
        found = ClassDensities.of(inputs, [one], ("2020",))
        biomass, forest = groups().index("biomass"), list(ecosystems()).index("forest")
        density = dict(zip(hierarchy.regions["code"], found.density[:, biomass, forest], strict=True))
        assert density == {"15": 120.0, "1501": 180.0, "1502": 60.0, "150101": 180.0, "150102": 180.0}

    def test_land_that_comes_later_has_its_later_density(self, method: Bound) -> None:
        later: Land = {("grassland", "grassland"): 900.0, ("grassland", "forest"): 100.0}
        biomass, forest = groups().index("biomass"), list(ecosystems()).index("forest")
        found = ClassDensities.of(self.inputs(later, later), [entry(method)], DATES)
        assert list(found.density[:, biomass, forest]) == [180.0, 180.0, 180.0]

    def test_a_comparison_or_a_stock_alone_is_no_sink_of_record(self, method: Bound) -> None:
        one = entry(method)
        assert lives_on_class(one)
        assert not lives_on_class(replace(one, role="comparison"))
        assert not lives_on_class(replace(one, accounts_for=("stock",)))
        assert not lives_on_class(replace(one, source="statistics"))
        assert noise({"1501": GUIDE, "1502": STILL}, [replace(one, accounts_for=("stock",))]).empty

    @staticmethod
    def inputs(*lands: Land) -> AccountInputs:
        given = activity(dict(zip(("1501", "1502"), [*lands, STILL], strict=False)))
        source = dict.fromkeys(ecosystems(), "land_cover")
        return AccountInputs(given, Hierarchy.of(REGIONS), DATES, (DATES,), source)


class TestVerdicts:
    def verdict(self, method: Bound, land: Land, knowledge: MapKnowledge = STATED) -> tuple[str, bool]:
        row = line(noise({"1501": land, "1502": STILL}, [entry(method)], knowledge), "1501")
        return str(row["verdict"]), bool(row["withheld"])

    def test_a_large_change_one_way_can_be_told(self, method: Bound) -> None:
        sure = replace(STATED, accuracies=dict.fromkeys(DATES, ClassAccuracy(0.95)), drift=0.05, patch_ha=1.0)
        land = {**GUIDE, ("grassland", "forest"): 6_000.0, ("forest", "grassland"): 0.0}
        assert self.verdict(method, land, sure) == ("told", False)

    def test_between_one_and_two_it_is_printed_with_its_noise(self, method: Bound) -> None:
        land = {**GUIDE, ("forest", "grassland"): 0.0}
        assert self.verdict(method, land) == ("doubtful", False)

    def test_all_change_one_way_is_as_much_as_its_noise_at_most(self, method: Bound) -> None:
        """The noise is never more than what was observed, so that the ratio is 1 and no less by a rounding."""
        for few in (0.1, 0.3, 7.7, 55.5):
            land = {**GUIDE, ("grassland", "forest"): few, ("forest", "grassland"): 0.0}
            assert self.verdict(method, land) == ("doubtful", False)

    def test_more_change_than_errors_make_is_a_map_that_is_worse_here(self, method: Bound) -> None:
        sure = replace(STATED, accuracies=dict.fromkeys(DATES, ClassAccuracy(0.99)), basis="published")
        assert self.verdict(method, GUIDE, sure) == ("map_worse", True)

    def test_beyond_a_matrix_of_this_map_it_is_change(self, method: Bound) -> None:
        matrix = ConfusionMatrix(("forest", "grassland", "bare"), np.array([[99.0, 1, 0], [1, 99, 0], [0, 0, 100]]))
        known = MapKnowledge(matrices=dict.fromkeys(DATES, matrix), basis="matrix")
        assert self.verdict(method, GUIDE, known) == ("told", False)

    def test_no_region_changes_by_a_tenth_in_a_few_years(self, method: Bound) -> None:
        land = {**GUIDE, ("grassland", "forest"): 12_000.0}
        assert self.verdict(method, land)[0] == "map_worse"
        assert self.verdict(method, land, MapKnowledge())[0] == "map_worse"
        few = {**GUIDE, ("grassland", "forest"): 7_000.0}
        assert self.verdict(method, few)[0] != "map_worse"

    def test_of_an_unknown_map_nothing_is_said(self, method: Bound) -> None:
        found = noise({"1501": GUIDE, "1502": STILL}, [entry(method)], MapKnowledge())
        row = line(found, "1501")
        assert (row["verdict"], row["accuracy_basis"]) == ("unknown", "none")
        assert np.isnan(row["signal_to_noise"])
        assert np.isnan(row["noise_t_c"])

    def test_land_that_does_not_change_has_none(self, method: Bound) -> None:
        land: Land = {("grassland", "grassland"): 500.0, ("forest", "forest"): 500.0}
        assert self.verdict(method, land) == ("no_carbon", False)

    def test_other_sinks_beyond_the_noise_keep_the_headline(self, method: Bound, tmp_path: Path) -> None:
        path = tmp_path / "rates.csv"
        for rate, kept in ((20.0, True), (0.2, False)):
            path.write_text(
                HEAD + f"sequestration_rate,wetland,,{rate},t C/ha/yr,,,,,user,ipcc_2006_v4,by hand,\n",
                encoding="utf-8",
            )
            rates = Registry().get("fixed_rate").with_parameters(path)
            flux = Entry(rates, ("wetland",), rates.pools, ("sink",), "land_cover")
            land = {**GUIDE, ("wetland", "wetland"): 10_000.0}
            row = line(noise({"1501": land, "1502": STILL}, [entry(method), flux]), "1501")
            assert row["verdict"] == "not_told"
            assert row["other_t_c"] == pytest.approx(rate * 10_000 * 5, rel=1e-9)
            assert row["withheld"] != kept

    def test_what_counts_is_held_against_the_noise_by_itself(self, method: Bound, tmp_path: Path) -> None:
        """The rate keeps the headline of all sinks; of what counts alone only its own part can."""
        path = tmp_path / "rates.csv"
        row = "sequestration_rate,wetland,,20,t C/ha/yr,,,,,user,ipcc_2006_v4,by hand,\n"
        path.write_text(HEAD + row, encoding="utf-8")
        rates = Registry().get("fixed_rate").with_parameters(path)
        entries = [entry(method), Entry(rates, ("wetland",), rates.pools, ("sink",), "land_cover")]
        given = activity({"1501": {**GUIDE, ("wetland", "wetland"): 10_000.0}, "1502": STILL})
        source = dict.fromkeys(ecosystems(), "land_cover")
        inputs = AccountInputs(given, Hierarchy.of(REGIONS), DATES, (DATES,), source)
        account = inputs.account(entries).table
        found = noise_of_maps(inputs, given, entries, account, STATED)
        doubted = partial(withheld_of, found, account, entries)
        whole = frozenset({("1501", "2020-2025")})
        assert withheld(found) == doubted(["all"], ["all"]) == frozenset()
        assert {code for code, _ in doubted(["forest", "grassland"], ["all"])} >= {"1501"}
        assert doubted(["forest", "wetland"], ["biomass"]) >= whole
        assert doubted(["wetland"], ["all"]) == doubted(["all"], list(rates.pools)) == frozenset()
        assert doubted(["forest", "wetland"], ["all"]) == frozenset()

    def test_unlike_versions_drift_more(self) -> None:
        one, other = ClassAccuracy(0.8, version="1"), ClassAccuracy(0.8, version="2")
        assert MapKnowledge(accuracies={"2020": one, "2025": one}).drift_between(*DATES) == 0.1
        assert MapKnowledge(accuracies={"2020": one, "2025": other}).drift_between(*DATES) == 0.2
        assert MapKnowledge(accuracies={"2020": one, "2025": other}, drift=0.05).drift_between(*DATES) == 0.05

    def test_a_patch_is_at_least_a_cell(self) -> None:
        given = activity({"1501": GUIDE})
        assert MapKnowledge().patch_of(given) == 100
        coarse = replace(given, units=given.units.assign(cells=20))
        assert MapKnowledge().patch_of(coarse) == pytest.approx(5_000)


def test_a_matrix_is_taken_as_the_sample_has_it(method: Bound) -> None:
    """Counts by class of the map, weighted by area: worked out here with numpy alone."""
    counts = np.array([[170.0, 30.0], [20.0, 180.0]])
    matrix = ConfusionMatrix(("grassland", "forest"), counts)
    known = MapKnowledge(matrices={"2020": matrix}, basis="matrix")
    land: Land = {("grassland", "grassland"): 77_000, ("grassland", "forest"): 3_000, ("forest", "forest"): 20_000}
    row = line(noise({"1501": land, "1502": {("grassland", "grassland"): 1.0}}, [entry(method)], known), "1501")
    joint = np.array([78_500.0, 21_500.0])[:, None] * counts / 200
    true = joint.sum(axis=0)
    rates = (joint / true).T
    assert row["expected_share"] == pytest.approx((true * (1 - (rates**2).sum(axis=1))).sum() / 100_000, rel=1e-12)
    assert row["drift_t_c"] == pytest.approx(
        0.1 * np.sqrt(2 * 0.03 / row["expected_share"]) * (joint[0, 1] + joint[1, 0]) * 100, rel=1e-12
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_findings_say_what_stands_and_what_to_do(method: Bound, lang: str) -> None:
    land = {"1501": GUIDE, "1502": {**GUIDE, ("grassland", "forest"): 30_000.0}}
    given = activity(land)
    findings = Findings()
    note_noise(noise(land, [entry(method)]), given, STATED, (DATES,), findings)
    found = findings.table()
    told = dict(zip(zip(found["check"], found["region_code"], strict=True), found["status"], strict=True))
    assert told["classification_noise", "1501"] == "failed"
    assert told["map_worse_than_published", "1502"] == "failed"
    assert told["noise_basis", ""] == "note"
    detail = found.set_index("region_code")[f"detail_{lang}"]
    # 200 000 t C in five years are 146 667 t CO2 a year, and 257 378 are 188 744.
    assert all(number in detail["1501"] for number in ("+146,667", "188,744", "0.78", "24.16%"))
    assert "NDVI" in detail["1501"]
    assert "{" not in "".join(found[f"detail_{lang}"])


def test_findings_of_a_map_that_nothing_is_known_of(method: Bound) -> None:
    land, findings = {"1501": GUIDE, "1502": STILL}, Findings()
    note_noise(noise(land, [entry(method)], MapKnowledge()), activity(land), MapKnowledge(), (DATES,), findings)
    assert list(findings.table()["check"]) == ["no_map_accuracy"]
    assert list(findings.table()["status"]) == ["note"]


@pytest.fixture(scope="module")
def run(world: Any) -> Any:
    content = world.project()
    content["project"] = content["project"] | {"draws": 0}
    return sinks.run(Project.from_dict(content, folder=world.folder))


class TestRun:
    def test_the_table_is_part_of_the_run(self, run: Any, tmp_path: Path) -> None:
        found = run.contents.tables["noise"]
        assert tuple(found.columns) == COLUMNS
        assert set(found["verdict"]) <= set(VERDICTS)
        assert set(found["region_code"]) == set(run.account["region_code"])
        assert set(found["accuracy_basis"]) == {"published"}
        again = sinks.open_run(run.write(tmp_path / "run"))
        pd.testing.assert_frame_equal(again.contents.tables["noise"], found)
        pd.testing.assert_frame_equal(again.noise(), found)
        assert withheld_of_run(again.contents) == withheld(found) == withheld_of_run(run.contents)

    def test_its_change_is_that_of_the_maps(self, run: Any) -> None:
        """Grassland and forest of one region, counted from the transitions with pandas alone."""
        changes = run.activity.changes
        known = changes[changes["ecosystem_from"].isin(["forest", "grassland"])]
        known = known[known["ecosystem_to"].isin(["forest", "grassland"]) & (known["region_code"] == "150200")]
        crossed = known[known["ecosystem_from"] != known["ecosystem_to"]]["area_ha"].sum()
        found = line(run.contents.tables["noise"], "150200", ("forest", "grassland"))
        assert found["gross_ha"] == pytest.approx(crossed, rel=1e-9)
        assert crossed > 0

    def test_checks_of_the_run_name_the_document(self, run: Any) -> None:
        basis = run.checks[run.checks["check"] == "noise_basis"]
        assert len(basis) == 1
        assert "10.5194/essd-13-3907-2021" in basis["detail_zh"].iloc[0]

    def test_what_a_project_states(self, world: Any) -> None:
        content = world.project(map_noise={"overall_accuracy": {"value": 0.9, "source": "own survey"}, "drift": 0.3})
        content["project"] = content["project"] | {"draws": 0}
        stated = sinks.run(Project.from_dict(content, folder=world.folder))
        assert set(stated.contents.tables["noise"]["accuracy_basis"]) == {"stated"}
        said = stated.checks.set_index("check").loc["noise_basis", "detail_en"]
        assert all(words in said for words in ("own survey", "0.3 (assumed by the project without a source)"))

    @pytest.mark.parametrize("section", [{"overall_accuracy": 82}, {"drift": -0.1}, {"drifts": 0.1}])
    def test_what_cannot_be_is_refused(self, world: Any, section: dict[str, Any]) -> None:
        with pytest.raises(ProjectError, match="map_noise"):
            Project.from_dict(world.project(map_noise=section), folder=world.folder)

    def test_two_accuracies_are_one_too_many(self, world: Any, tmp_path: Path) -> None:
        matrix = tmp_path / "matrix.csv"
        matrix.write_text("map,forest\nforest,9\n", encoding="utf-8")
        content = world.project(accuracy={"matrix": str(matrix)}, map_noise={"overall_accuracy": 0.8})
        with pytest.raises(ProjectError) as error:
            Project.from_dict(content, folder=world.folder)
        assert [problem.id for problem in error.value.problems] == ["noise.accuracy_twice"]

    def test_noise_of_no_map_is_refused(self, world: Any) -> None:
        content = world.project(land_cover=None, strata=None, inputs=None, map_noise={"drift": 0.1})
        with pytest.raises(ProjectError) as error:
            Project.from_dict(content, folder=world.folder)
        assert "noise.no_land_cover" in [problem.id for problem in error.value.problems]
