"""Inventory, restoration, potential and indicators on a league and two banners that can be added up by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sinks.account.account import AccountInputs
from sinks.account.entries import Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.decomposition import effects_by_region, explain, shown_effects
from sinks.analysis.inventory import Inventory, inventory, provincial_items
from sinks.analysis.quick_estimate import estimate_account
from sinks.assessment.errors import AssessmentError
from sinks.assessment.indicators import follow_run, observe, published_observations, published_targets
from sinks.assessment.input_tables import parse_table, read_table, tables
from sinks.assessment.valuation import SinkValue, value_of_account
from sinks.assessment.words import word, words
from sinks.methodology import Registry
from sinks.objects import hold
from sinks.planning.land import row_removals
from sinks.planning.present import saturating
from sinks.planning.prospects import cut_by_zones, prospects, with_zones
from sinks.planning.sites import Effects, Sites, measure
from sinks.project.planning import PotentialSection, RestorationSection, ZoneSection
from sinks.text import using_language
from sinks.uncertainty.draws import Draws
from sinks.units import CO2_PER_C
from support.examples import costly

HEAD = "parameter,ecosystem,class,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
SOURCES = dict.fromkeys(("forest", "grassland", "cropland", "shrub", "wetland", "bare"), "land_cover")
REGIONS = pd.DataFrame(
    [("1501", "甲市", "league", ""), ("150101", "乙旗", "banner", "1501"), ("150102", "丙旗", "banner", "1501")],
    columns=["code", "name", "level", "parent"],
)
A_YEAR = CO2_PER_C / 3
"""From a change of carbon over 2020-2023 [t C] to removals [t CO2/yr]."""


def change(code: str, before: str, after: str, area: float, **strata: str) -> dict[str, object]:
    ends = {f"{k}_{e}": v for e, v in (("from", before), ("to", after)) for k in ("land_cover", "class", "ecosystem")}
    dates = {"date_from": "2020", "date_to": "2023"}
    return {"source": "land_cover", "region_code": code, **dates, **ends, "area_ha": area, **strata}


# Banner one: 100 ha stay forest, 10 ha of grassland become forest, 5 ha of forest become cropland.
CHANGES = [
    change("150101", "forest", "forest", 100),
    change("150101", "grassland", "forest", 10),
    change("150101", "forest", "cropland", 5),
    change("150102", "grassland", "grassland", 50),
]


def activity(changes: list[dict[str, object]], **states: object) -> Activity:
    """Transitions, and the states at both of their ends."""
    table = pd.DataFrame(changes)
    parts = []
    for end, date in (("_from", "2020"), ("_to", "2023")):
        names = {f"{name}{end}": name for name in ("land_cover", "class", "ecosystem")}
        static = [name for name in table.columns if not name.endswith(("_from", "_to"))]
        parts.append(table[[*static, *names]].rename(columns=names).assign(date=date))
    keys = [name for name in parts[0].columns if name != "area_ha"]
    summed = pd.concat(parts).groupby(keys, as_index=False)["area_ha"].sum().assign(**states)
    land = table.groupby("region_code")["area_ha"].sum()
    units = pd.DataFrame({"region_code": land.index, "area_ha": land.to_numpy(), "cells": 1000})
    strata = tuple(name for name in table.columns if name in ("zone", "permafrost"))
    return Activity(states=summed, changes=table, units=units, strata=strata)


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    """Forest 20 t C/ha (interval 16 to 24), grassland 2 t C/ha of biomass."""
    path = tmp_path_factory.mktemp("densities") / "densities.csv"
    rows = [
        "biomass,forest,,20,t C/ha,16,24,95%,,user,ipcc_2006_v4,by hand,",
        "biomass,grassland,,2,t C/ha,,,,,user,ipcc_2006_v4,by hand,",
    ]
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    method = Registry().get("lookup_density").with_parameters(path)
    return Entry(method, ("forest", "grassland"), ("biomass",), ("stock", "sink"), "land_cover")


BARE = {"cropland": ("biomass",), "bare": ("biomass",)}
"""What the project states to hold no biomass: land to and from it has the whole of the forest's."""


def basis(given: Activity, no_carbon: dict[str, tuple[str, ...]] = BARE) -> AccountInputs:
    return AccountInputs(given, Hierarchy.of(REGIONS), ("2020", "2023"), (("2020", "2023"),), SOURCES, no_carbon)


def inventory_of(
    changes: list[dict[str, object]], entry: Entry, no_carbon: dict[str, tuple[str, ...]] = BARE
) -> tuple[Inventory, pd.DataFrame]:
    whole = basis(activity(changes), no_carbon)
    account = whole.account([entry]).table
    return inventory(whole, [entry], account), account


def removals(account: pd.DataFrame) -> pd.Series:  # type: ignore[type-arg]
    rows = account[(account["quantity"] == "net_removals") & (account["stratum"] == "all")]
    return rows[(rows["ecosystem"] == "all") & (rows["pool"] == "all")].set_index("region_code")["value"]


def test_land_remaining_and_converted_by_hand(entry: Entry) -> None:
    found, _ = inventory_of(CHANGES, entry)
    rows = found.crf[found.crf["region_code"] == "150101"].set_index(["category", "subcategory"])
    # 10 ha rise from 2 to 20 t C/ha; 5 ha of cropland came from 20 t C/ha to nothing.
    assert rows.loc[("forest_land", "remaining"), "total"] == pytest.approx(0, abs=1e-12)
    assert rows.loc[("forest_land", "converted"), "total"] == pytest.approx(-180 * A_YEAR / 1000)
    assert rows.loc[("cropland", "converted"), "total"] == pytest.approx(100 * A_YEAR / 1000)
    assert list(rows["crf"])[:2] == ["4.A.1", "4.A.2"]
    assert list(rows["ipcc_2006"])[:2] == ["3B1a", "3B1b"]
    assert rows.loc[("forest_land", "converted"), "area_ha"] == 10
    # What nobody estimated is not zero.
    assert rows["soil"].isna().all()


def test_provincial_layout_by_hand(entry: Entry) -> None:
    found, _ = inventory_of(CHANGES, entry)
    rows = found.provincial[found.provincial["region_code"] == "1501"].set_index("item")
    assert rows.loc["arbor_forest", "co2"] == pytest.approx(-180 * A_YEAR / 1e4)
    assert rows.loc["forest_conversion", "co2"] == pytest.approx(100 * A_YEAR / 1e4)
    assert rows.loc["guide_total", "co2"] == pytest.approx(-80 * A_YEAR / 1e4)
    assert (rows.loc["bamboo", "notation"], rows.loc["consumption", "notation"]) == ("NE", "IE")


def test_land_that_became_what_nobody_estimates_has_its_area_and_no_figure(entry: Entry) -> None:
    """The 100 t C of 5 ha of forest that became cropland are not lost: of cropland nothing is known."""
    found, account = inventory_of(CHANGES, entry, {})
    rows = found.crf[found.crf["region_code"] == "150101"].set_index(["category", "subcategory"])
    assert rows.loc[("cropland", "converted"), "area_ha"] == 5
    assert np.isnan(rows.loc[("cropland", "converted"), "total"])
    assert rows.loc[("all", ""), "total"] == pytest.approx(-180 * A_YEAR / 1000)
    items = found.provincial[found.provincial["region_code"] == "1501"].set_index("item")
    assert items.loc["forest_conversion", "notation"] == "NE"
    apart = account[(account["quantity"] == "not_estimated") & (account["region_code"] == "1501")]
    whole = apart[(apart["ecosystem"] == "all") & (apart["pool"] == "all")].iloc[0]
    assert (whole["value"], whole["area_ha"]) == pytest.approx((100, 5))


LANDS = st.sampled_from(["forest", "grassland", "cropland", "nodata"])


@costly(8)
@given(
    st.lists(st.tuples(st.sampled_from(["150101", "150102"]), LANDS, LANDS, st.floats(1, 1e4)), min_size=1, max_size=8)
)
def test_inventory_is_the_account_with_its_sign_turned(entry: Entry, rows: list[tuple[str, str, str, float]]) -> None:
    changes = [change(*row) for row in {row[:3]: row for row in rows}.values()]
    # Every region has land, and there is forest at one of the dates.
    changes += [change("150101", "forest", "forest", 7), change("150102", "cropland", "cropland", 3)]
    changes = list({(c["region_code"], c["ecosystem_from"], c["ecosystem_to"]): c for c in changes}.values())
    found, account = inventory_of(changes, entry)
    # A region without accounted land has no figure in either.
    expected = removals(account).fillna(0)
    for table, column, scale in ((found.crf, "total", 1e3), (found.provincial, "co2", 1e4)):
        key = table["category"] == "all" if "category" in table else table["item"] == "land_total"
        sums = table[key].set_index("region_code")[column].fillna(0) * scale
        assert sums.reindex(expected.index).fillna(0).to_numpy() == pytest.approx(-expected.to_numpy(), abs=1e-6)
    parts = found.crf[found.crf["category"] != "all"].groupby("region_code")["total"].sum() * 1e3
    assert parts.reindex(expected.index).fillna(0).to_numpy() == pytest.approx(-expected.to_numpy(), abs=1e-6)


def test_land_seen_at_one_date_only_is_no_emission(entry: Entry) -> None:
    """8 ha of forest that the first date did not see are newly known with their 160 t C, and no sink."""
    found, account = inventory_of([*CHANGES, change("150102", "nodata", "forest", 8)], entry)
    rows = found.crf[(found.crf["region_code"] == "150102") & (found.crf["category"] == "all")]
    assert rows["total"].sum() == pytest.approx(0, abs=1e-12)
    known = account[(account["quantity"] == "newly_known") & (account["region_code"] == "150102")]
    assert known.loc[(known["ecosystem"] == "all") & (known["pool"] == "all"), "value"].sum() == pytest.approx(160)


def test_a_longer_period_is_the_mean_of_those_inside_it(entry: Entry) -> None:
    """Grassland becomes forest by 2020 and stays it: converted in both periods, and so in both together."""
    lands = {"2017": "grassland", "2020": "forest", "2023": "forest"}
    pairs = (("2017", "2020"), ("2020", "2023"), ("2017", "2023"))
    rows = []
    for first, last in pairs:
        row = change("150101", lands[first], lands[last], 10) | {"date_from": first, "date_to": last}
        past = {date for date in lands if date < last and date != first}
        names = ("land_cover", "class", "ecosystem")
        rows.append({**row, **{f"{n}@{d}": lands[d] if d in past else "" for n in names for d in ("2017", "2020")}})
    keys = {"source": "land_cover", "region_code": "150101", "area_ha": 10.0}
    states = [{**keys, "date": d, **dict.fromkeys(("land_cover", "class", "ecosystem"), e)} for d, e in lands.items()]
    units = pd.DataFrame({"region_code": ["150101", "150102"], "area_ha": [10.0, 1.0], "cells": 1000})
    land = Activity(states=pd.DataFrame(states), changes=pd.DataFrame(rows), units=units)
    whole = AccountInputs(land, Hierarchy.of(REGIONS), tuple(lands), pairs, SOURCES)
    account = whole.account([entry]).table
    found = inventory(whole, [entry], account, "2017-2023").crf
    rows_of = found[found["region_code"] == "150101"].set_index(["category", "subcategory"])
    # 10 ha rise from 2 to 20 t C/ha within six years.
    assert rows_of.loc[("forest_land", "converted"), "total"] == pytest.approx(-180 / 6 * CO2_PER_C / 1000)
    assert ("all", "not_split") not in rows_of.index
    assert "not_split" not in set(found["subcategory"])


def test_permafrost_is_a_memo_item_where_a_layer_gives_it(entry: Entry) -> None:
    changes = [{**row, "permafrost": "continuous" if row["area_ha"] == 50 else "-"} for row in CHANGES]
    found, _ = inventory_of(changes, entry)
    memo = found.memo.set_index("region_code")
    assert memo.loc["1501", "value"] == 50
    assert set(memo["item"]) == {"permafrost_area"}


def test_inventory_of_a_period_that_is_not_there_is_refused(entry: Entry) -> None:
    whole = basis(activity(CHANGES))
    with pytest.raises(AssessmentError) as caught:
        inventory(whole, [entry], whole.account([entry]).table, "2010-2015")
    assert caught.value.problems[0].id == "assessment.no_leaves"


def test_removals_by_transition_have_the_accounts_own_draws(entry: Entry) -> None:
    whole, draws = basis(activity(CHANGES)), Draws(50, 1)
    (rows,) = whole.entry_rows([entry], draws)
    found = row_removals(whole.activity, rows, "2020-2023", draws)
    assert found.total()[:, 0] == pytest.approx(np.array([0, 180, -100, 0]) * A_YEAR)
    assert found.total()[:, 1:].sum(axis=0) == pytest.approx(
        whole.removals([entry], draws, ("forest", "grassland"), ("all",))["2020-2023"][:, 0]
    )


# Restoration: 40 of the project's 100 ha of bare land were planted, 10 of 200 ha around it.
SITES = [
    change("R1", "bare", "forest", 40, zone="dry"),
    change("R1", "bare", "bare", 60, zone="dry"),
    change("R1-control", "bare", "forest", 10, zone="dry"),
    change("R1-control", "bare", "bare", 190, zone="dry"),
]
SECTION = RestorationSection(file="r.gpkg", ring=1000, strata=("ecosystem", "zone"))


def effect_of(entry: Entry, changes: list[dict[str, object]] = SITES, start: int = 2021, **options: Any) -> Effects:
    years = pd.Series({"R1": start})
    draws, section = options.get("draws", Draws(400, 7)), options.get("section", SECTION)
    stated = options.get("no_carbon", BARE)
    return measure(activity(changes), [entry], (("2020", "2023"),), section, years, draws, stated)


def test_planting_on_land_of_unknown_carbon_is_no_effect_of_zero(entry: Entry) -> None:
    """Of bare land nothing is known unless the project states it; the effect is unknown, and the reader is told."""
    found = effect_of(entry, no_carbon={})
    row = found.table.iloc[0]
    assert row[["effect", "low", "high", "total"]].isna().all()
    assert not row["detected"]
    (note,) = (note for note in found.notes if note.id == "assessment.effect_not_estimated")
    # 40 of the 100 ha of the project were planted; those that stayed bare are no methodology's.
    assert (note.where, note.values["share"]) == ("R1", "40.0")


def test_part_of_an_effect_is_told_from_the_whole(entry: Entry) -> None:
    grass = [change(code, "grassland", "forest", area, zone="dry") for code, area in (("R1", 20), ("R1-control", 0.5))]
    grass.append(change("R1-control", "grassland", "grassland", 19.5, zone="dry"))
    found = effect_of(entry, [*SITES, *grass], no_carbon={})
    # 20 ha of grassland planted where the surroundings would have had half a hectare: 19.5 ha x (20 - 2) t C/ha.
    assert found.table.iloc[0]["effect"] == pytest.approx(19.5 * 18 * A_YEAR)
    (note,) = (note for note in found.notes if note.id == "assessment.effect_not_estimated")
    assert note.values["share"] == f"{100 * 40 / 120:.1f}"


def test_effect_of_restoration_by_hand(entry: Entry) -> None:
    found = effect_of(entry).table.iloc[0]
    # Inside 40 ha x 20 t C/ha; the surroundings would have had 5 ha of 100: 35 ha x 20 t C/ha more.
    assert found["effect"] == pytest.approx(35 * 20 * A_YEAR)
    assert (found["low"], found["high"]) == pytest.approx((35 * 16 * A_YEAR, 35 * 24 * A_YEAR), rel=0.05)
    assert (found["years"], found["phase"], found["detected"]) == (2, "after", True)
    assert found["total"] == pytest.approx(2 * found["effect"])


def test_each_stratum_has_its_own_surroundings_and_land_without_is_said(entry: Entry) -> None:
    moist = [
        change("R1", "bare", "forest", 10, zone="moist"),
        change("R1-control", "bare", "forest", 30, zone="moist"),
        change("R1-control", "bare", "bare", 10, zone="moist"),
    ]
    lonely = change("R1", "bare", "forest", 50, zone="salty")
    found = effect_of(entry, [*SITES, *moist, lonely])
    row = found.table.iloc[0]
    # Dry as by hand 35 ha; moist 10 ha of forest where the surroundings would have 7.5; salty has nothing beside it.
    assert row["effect"] == pytest.approx((35 + 2.5) * 20 * A_YEAR)
    assert row["matched_share"] == pytest.approx(110 / 160)
    assert "assessment.unmatched" in [note.id for note in found.notes]
    assert "assessment.unmatched" not in [note.id for note in effect_of(entry, [*SITES, *moist]).notes]


def test_what_meets_project_and_surroundings_is_no_effect(entry: Entry) -> None:
    both = [change(code, "bare", "forest", area, zone="dry") for code, area in (("R1", 40), ("R1-control", 10))]
    found = effect_of(entry, both)
    # The parameter errs on both sides alike, so that there is nothing left to err.
    assert found.table.iloc[0][["effect", "low", "high"]].to_list() == pytest.approx([0, 0, 0], abs=1e-9)
    assert "assessment.effect_within_error" in [note.id for note in found.notes]


def test_difference_before_the_start_is_said(entry: Entry) -> None:
    found = effect_of(entry, start=2023)
    assert found.table.iloc[0]["phase"] == "before"
    assert "assessment.effect_before_start" in [note.id for note in found.notes]


@pytest.mark.parametrize(
    ("options", "id"),
    [
        ({"draws": None}, "assessment.removals_without_interval"),
        ({"section": SECTION.model_copy(update={"strata": ("soil",)})}, "assessment.no_stratum"),
        ({"changes": SITES[:2]}, "assessment.no_control"),
    ],
)
def test_restoration_that_cannot_be_measured_is_refused(entry: Entry, options: dict[str, Any], id: str) -> None:
    with pytest.raises(AssessmentError) as caught:
        effect_of(entry, **options)
    assert [problem.id for problem in caught.value.problems] == [id]


def test_restoration_of_one_date_is_refused(entry: Entry) -> None:
    with pytest.raises(AssessmentError) as caught:
        measure(activity(SITES), [entry], (), SECTION, pd.Series({"R1": 2021}), Draws(10, 7))
    assert [problem.id for problem in caught.value.problems] == ["assessment.effect_without_period"]


def square(x: float, y: float, size: float) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def test_sites_are_projects_and_their_rings(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"id": ["R1"], "year": [2021]}, geometry=[square(110, 40, 0.1)], crs=4490)
    frame.to_file(tmp_path / "r.gpkg")
    section = RestorationSection(file="r.gpkg", id="id", start="year", ring=500, strata=("ecosystem",))
    sites = Sites.read(section, str(tmp_path / "r.gpkg"))
    assert list(sites.regions.frame["code"]) == ["R1", "R1-control"]
    assert sites.start.to_dict() == {"R1": 2021}
    frame.assign(year="soon").to_file(tmp_path / "bad.gpkg")
    with pytest.raises(AssessmentError) as caught:
        Sites.read(section, str(tmp_path / "bad.gpkg"))
    assert caught.value.problems[0].id == "assessment.start_year"
    listed = pd.concat([frame.assign(id=[["R1", "R2"]]), frame], ignore_index=True)
    held = hold(listed, "test.sites", "GeoDataFrame")
    listed.to_file(tmp_path / "listed.geojson")
    for place in (held.name, str(tmp_path / "listed.geojson")):
        with pytest.raises(AssessmentError) as caught:
            Sites.read(section, place)
        assert [(p.id, p.values["fields"]) for p in caught.value.problems] == [("vector.nested", ["id"])]


ZONE = ZoneSection(name="red line", file="red.gpkg", inside=False)


def test_zones_cut_regions_to_the_polygon(tmp_path: Path) -> None:
    gpd.GeoDataFrame(geometry=[square(110, 40, 1)], crs=4490).to_file(tmp_path / "red.gpkg")
    units = gpd.GeoDataFrame(
        {"code": ["1"], "name": ["1"], "level": "league", "parent": ""}, geometry=[square(110, 40, 2)], crs=4490
    )
    cut = cut_by_zones(units, [(ZONE, str(tmp_path / "red.gpkg"))]).set_index("code")
    areas = dict(zip(cut.index, shapely.area(cut.geometry.to_numpy()), strict=True))
    assert areas == pytest.approx({"1@i": 1, "1@o": 3})
    states = with_zones(pd.DataFrame({"region_code": ["1@i", "1@o"], "area_ha": [1.0, 3.0]}), [ZONE])
    assert states.to_dict("list") == {
        "region_code": ["1", "1"],
        "area_ha": [1.0, 3.0],
        "zone red line": ["inside", "outside"],
    }


def potential_of(tmp_path: Path, **more: Any) -> Any:
    (tmp_path / "curves.csv").write_text(
        "curve,function,quantity,value,unit,source\n"
        "pine,richards,asymptote,100,t C/ha,by hand\npine,richards,growth_rate,0.05,1/yr,by hand\n"
        "pine,richards,shape,2,1,by hand\n",
        encoding="utf-8",
    )
    planting = more.pop("planting", "plan,1501,pine,2025-2026,area,20,ha,by hand\n")
    (tmp_path / "planting.csv").write_text(
        "scenario,region_code,curve,year,quantity,value,unit,source\n" + planting, encoding="utf-8"
    )
    conditions = [{"name": "land", "layer": "ecosystem", "allowed": ["grassland"]}]
    files = {"curves": "c", "planting": "p"}
    section = PotentialSection.model_validate({"conditions": conditions, "zones": [ZONE.model_dump()], **files, **more})
    states = pd.DataFrame(
        {
            "region_code": ["150101", "150102", "150102"],
            "ecosystem": ["forest", "grassland", "grassland"],
            "zone red line": ["outside", "inside", "outside"],
            "area_ha": [100.0, 30.0, 50.0],
        }
    )
    paths = {name: str(tmp_path / f"{name}.csv") for name in ("curves", "planting")}
    return prospects(section, states, pd.DataFrame(), Hierarchy.of(REGIONS), paths)


def test_potential_by_hand(tmp_path: Path) -> None:
    found = potential_of(tmp_path, years=[2030], target=1000.0, target_year=2030)
    land = found.land[found.land["region_code"] == "1501"].set_index("reason")["area_ha"]
    assert land.to_dict() == {"suited": 50, "red line": 30, "land": 100}
    row = found.trajectory[found.trajectory["region_code"] == "1501"].iloc[0]
    density = [100 * (1 - np.exp(-0.05 * age)) ** 2 for age in (3, 4, 5)]
    # 10 ha of five years and 10 ha of four.
    assert row["stock"] == pytest.approx(10 * (density[2] + density[1]))
    assert row["removals"] == pytest.approx(10 * (density[2] - density[0]) * CO2_PER_C)
    assert found.needed.iloc[0]["factor"] == pytest.approx(1000 / row["removals"])
    assert bool(found.needed.iloc[0]["feasible"]) == (20 * 1000 / row["removals"] <= 50)


def test_plan_beyond_the_suited_land_is_said(tmp_path: Path) -> None:
    found = potential_of(tmp_path, planting="plan,1501,pine,2025,area,51,ha,by hand\n")
    assert [note.id for note in found.notes] == ["assessment.more_than_suited"]


def test_faults_of_a_plan_are_named_all_at_once(tmp_path: Path) -> None:
    rows = "plan,1599,pine,2025,area,5,ha,x\nplan,1501,oak,2025,area,5,ha,x\n"
    with pytest.raises(AssessmentError) as caught:
        potential_of(tmp_path, planting=rows)
    ids = [problem.id.removeprefix("assessment.") for problem in caught.value.problems]
    assert ids == ["unknown_region", "no_curve"]


@given(st.floats(0, 1e6), st.floats(-1e5, 1e5), st.floats(0, 1e6), st.floats(0, 100))
def test_present_land_never_grows_beyond_its_limit(stock: float, sink: float, limit: float, years: float) -> None:
    found, removals_ = saturating(stock, sink, limit, np.array([0.0, years]))
    assert found[0] == pytest.approx(stock, rel=1e-9, abs=1e-6)
    if sink > 0:
        assert found[1] <= max(stock, limit) * (1 + 1e-12)
        assert 0 <= removals_[1] <= sink


def test_forest_cover_and_wetland_area_from_the_run(entry: Entry) -> None:
    changes = [*CHANGES, change("150102", "wetland", "wetland", 20)]
    names = {"forest_cover": "by the map", "wetland_area": "by the map"}
    found = observe(basis(activity(changes)), names).set_index(["indicator", "region_code", "year"])["value"]
    assert found["forest_cover", "1501", 2023] == pytest.approx(110 / 185)
    assert found["wetland_area", "1501", 2020] == 20


def test_run_is_not_compared_with_a_target_of_another_definition(entry: Entry) -> None:
    target = parse_table(
        "targets",
        pd.DataFrame(
            [("1501", "forest_cover", "清查口径", "2020", "2025", "23.5", "%", "某规划")],
            columns=["region_code", "indicator", "definition", "base_year", "target_year", "value", "unit", "source"],
        ),
    )
    whole, none = basis(activity(CHANGES)), published_observations().iloc[:0]
    with pytest.raises(AssessmentError) as caught:
        follow_run(whole, target, none, {"forest_cover": "国土调查口径"})
    assert {problem.id for problem in caught.value.problems} == {"assessment.other_definition"}
    assert follow_run(whole, target, none, {"forest_cover": "清查口径"})["status"].iloc[0] == "reached"
    with pytest.raises(AssessmentError, match="growing_stock"):
        follow_run(whole, target, none, {"growing_stock": "清查口径"})


def test_published_targets_have_their_document_and_can_be_followed() -> None:
    targets = published_targets()
    assert len(targets) == 13
    assert (targets["source"] != "").all()
    ordos = targets[targets["region_code"] == "150600"].iloc[0]
    assert (ordos["indicator"], ordos["value"]) == ("intensity_reduction", pytest.approx(0.175))
    cover = published_observations().set_index(["indicator", "year"])["value"]
    assert cover["forest_cover", 2020] == pytest.approx(0.23)


def prices(*rows: tuple[str, str, str]) -> pd.DataFrame:
    cells = pd.DataFrame(rows, columns=["scenario", "year", "value"])
    return parse_table("prices", cells.assign(quantity="price", unit="CNY/t CO2", source="x"))


def test_value_and_present_value_of_an_account(entry: Entry) -> None:
    account = basis(activity(CHANGES)).account([entry], Draws(200, 3)).table
    sink = removals(account)["1501"]
    yearly, net = value_of_account(account, prices(("low", "2023-2024", "100")), 0.05, 2023)
    rows = yearly[yearly["region_code"] == "1501"].set_index("year")
    assert rows["value"].to_dict() == pytest.approx({2023: 100 * sink, 2024: 100 * sink})
    # The year after the account carries on its sink, and says so.
    assert rows["basis"].to_dict() == {2023: "computed", 2024: "assumed"}
    total = net.set_index("region_code").loc["1501"]
    assert total["value"] == pytest.approx(100 * sink * (1 + 1 / 1.05))
    assert total["low"] < total["value"] < total["high"]
    assert (yearly["withheld"] == "").all()


def test_a_sink_that_may_be_noise_has_no_value(entry: Entry) -> None:
    account = basis(activity(CHANGES)).account([entry], Draws(200, 3)).table
    given = prices(("low", "2023-2024", "100"))
    plain, (yearly, net) = (value_of_account(account, given, 0.05, 2023, d) for d in ((), {("1501", "2020-2023")}))
    mute = yearly["region_code"] == "1501"
    figures = ["value", "low", "high", "present_value"]
    assert yearly.loc[mute, figures].isna().all(axis=None)
    assert set(yearly.loc[mute, "withheld"]) == {"noise"}
    pd.testing.assert_frame_equal(yearly[~mute], plain[0][~mute])
    assert yearly["tonnes"].equals(plain[0]["tonnes"])
    assert net.set_index("region_code")["withheld"].to_dict() == {"1501": "noise", "150101": "", "150102": ""}
    shown = SinkValue(yearly, net).glance()[0].set_index("region_code")
    assert np.isnan(shown.loc["1501", "value_yuan"])
    assert "分类误差" in shown.loc["1501", "note"]
    assert "note" not in SinkValue(*plain).glance()[0]


@pytest.mark.parametrize(
    ("rows", "id"),
    [
        ([("low", "2023", "100"), ("low", "2025", "100")], "no_price"),
        ([("low", "2023", "100"), ("low", "2022-2023", "100")], "row_twice"),
        ([("low", "2019", "100")], "year_without_sink"),
    ],
)
def test_prices_that_do_not_cover_the_years_are_refused(entry: Entry, rows: list[Any], id: str) -> None:
    account = basis(activity(CHANGES)).account([entry]).table
    with pytest.raises(AssessmentError) as caught:
        value_of_account(account, prices(*rows), 0.05, 2023)
    assert caught.value.problems[0].id == f"assessment.{id}"


def early(*rows: tuple[str, str, str]) -> pd.DataFrame:
    cells = pd.DataFrame(rows, columns=["region_code", "ecosystem", "value"])
    return parse_table("early", cells.assign(year="2024", quantity="ratio", unit="1", source="x"))


def test_quick_estimate_of_an_account_is_marked(entry: Entry) -> None:
    account = basis(activity(CHANGES)).account([entry]).table
    found = estimate_account(account, early(("1501", "forest", "1.1"), ("1501", "grassland", "1"))).table
    assert set(found["basis"]) == {"assumed"}
    row = found[found["ecosystem"] == "all"].iloc[0]
    # Forest gained 100 t C, grassland lost 20 t C.
    assert row["value"] == pytest.approx((1.1 * 100 - 20) * A_YEAR)
    with pytest.raises(AssessmentError) as caught:
        estimate_account(account, early(("1501", "forest", "1.1"), ("9999", "forest", "1")))
    assert [problem.id for problem in caught.value.problems] == ["assessment.unknown_region"]
    with pytest.raises(AssessmentError, match="grassland"):
        estimate_account(account, early(("1501", "forest", "1.1")))


def test_quick_estimate_needs_a_period(entry: Entry) -> None:
    account = basis(activity(CHANGES)).account([entry]).table
    stocks = account[account["quantity"] == "carbon_stock"]
    with pytest.raises(AssessmentError) as caught:
        estimate_account(stocks, early(("1501", "forest", "1.1")))
    assert [problem.id for problem in caught.value.problems] == ["assessment.no_leaves"]


def test_densities_at_saturation_are_of_known_ecosystems_and_given_once(tmp_path: Path) -> None:
    """A slip of the pen would leave its land out, and of two rows the last would count."""
    path = tmp_path / "limits.csv"
    rows = ("forest", "forrest", "forest")
    path.write_text(
        "ecosystem,quantity,value,unit,source\n" + "".join(f"{name},limit,200,t C/ha,x\n" for name in rows),
        encoding="utf-8",
    )
    with pytest.raises(AssessmentError) as caught:
        prospects(
            PotentialSection.model_validate(
                {"conditions": [{"name": "a", "layer": "ecosystem", "allowed": ["forest"]}], "limits": "limits.csv"}
            ),
            pd.DataFrame({"region_code": ["150101"], "ecosystem": ["forest"], "area_ha": [1.0]}),
            pd.DataFrame(),
            Hierarchy.of(REGIONS),
            {"limits": str(path)},
        )
    found = [problem.id.removeprefix("assessment.") for problem in caught.value.problems]
    assert found == ["not_allowed", "limit_twice"]


def test_effects_by_region_add_up_and_read_in_both_languages(entry: Entry) -> None:
    before = basis(activity(CHANGES)).account([entry]).table
    more = [{**row, "area_ha": row["area_ha"] * 2} for row in CHANGES]  # type: ignore[operator]
    after = basis(activity(more)).account([entry]).table
    effects = explain(before, after, "net_removals", ("2020-2023", "2020-2023"))
    table = effects_by_region(effects).set_index("region_code")
    assert table["total"].to_dict() == pytest.approx((removals(after) - removals(before)).to_dict())
    for language, title in (("zh", "合计（t CO2/yr）"), ("en", "Total (t CO2/yr)")):
        with using_language(language):
            shown = shown_effects(effects, REGIONS, "net_removals")
            assert list(shown.iloc[:, 1]) == ["甲市", "乙旗", "丙旗"]
            assert title in shown.columns


def test_words_are_complete_and_used() -> None:
    for key, text in words().items():
        assert text.zh, key
        assert text.en, key
    for item in provincial_items():
        assert f"item.{item['item']}" in words()
    assert word("a key without words") == "a key without words"
    assert {"curves", "planting", "limits", "prices", "early"} <= set(tables())


def test_demonstration_tables_of_decisions_fit_the_schema() -> None:
    folder = Path(__file__).parents[3] / "data" / "tables"
    names = {"observations": "indicators", "curves": "carbon_curves", "planting": "planting", "limits": "saturation"}
    for name, file in (names | {"prices": "carbon_prices", "early": "early_statistics"}).items():
        assert len(read_table(name, folder / f"{file}.csv"))
