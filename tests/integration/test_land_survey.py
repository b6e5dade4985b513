"""Areas beside a land survey: what differs, what definitions leave open, and densities that are scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sinks
from sinks.errors import ProjectError, SinksError
from sinks.series import Series
from sinks.series.definition import changed_parts, definition_of
from sinks.workflow.prepare import prepare
from support.yearly_maps import write_maps, yearly_content

DATES = ("2020", "2021")
LEAGUES = ("150200", "150600")


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_maps(tmp_path_factory.mktemp("maps"), 20, 30)


@pytest.fixture(scope="module")
def plain(maps: Path) -> sinks.Run:
    return sinks.run(sinks.Project.from_dict(yearly_content(maps, DATES), folder=maps))


def survey(plain: sinks.Run, **other: Any) -> pd.DataFrame:
    """A survey made from the map: forest less a tenth, of which a part stands as forest swamp; grassland twice."""
    rows = []
    for code in LEAGUES:
        area = {land: hectares(plain, code, land) for land in ("forest", "grassland", "bare", "cropland")}
        for kind, value, unit in (
            ("0301", area["forest"] * 0.9, "ha"),
            ("0304", area["forest"] * 0.3, "ha"),
            ("0401", area["grassland"] * 2 * 15, "mu"),
            ("0103", area["cropland"], "hm2"),
            ("1205", area["bare"] * 0.5, "ha"),
        ):
            rows.append({"region_code": code, "year": 2019, "class": kind, "value": value, "unit": unit,
                         "source": "a table made by the test"} | other)  # fmt: skip
    return pd.DataFrame(rows)


def hectares(run: sinks.Run, code: str, land: str, date: str = "2020") -> float:
    """From the account, all strata together."""
    table = run.account
    own = table[(table["region_code"] == code) & (table["quantity"] == "area") & (table["period"] == date)]
    return float(own.loc[(own["ecosystem"] == land) & (own["stratum"] == "all"), "value"].sum())


def project(maps: Path, table: pd.DataFrame, **section: Any) -> sinks.Project:
    path = maps / f"survey_{abs(hash(table.to_csv()))}.csv"
    table.to_csv(path, index=False)
    content = yearly_content(maps, DATES)
    content["land_survey"] = {"file": str(path), "years": {"2020": 2019}, **section}
    return sinks.Project.from_dict(content, folder=maps)


@pytest.fixture(scope="module")
def beside(maps: Path, plain: sinks.Run) -> sinks.Run:
    return sinks.run(project(maps, survey(plain)))


@pytest.fixture(scope="module")
def scaled(maps: Path, plain: sinks.Run) -> sinks.Run:
    return sinks.run(project(maps, survey(plain), scale_densities="2020"))


def test_areas_stand_beside_each_other_and_nothing_is_changed(beside: sinks.Run, plain: sinks.Run) -> None:
    pd.testing.assert_frame_equal(beside.account, plain.account, check_exact=True)
    table = beside.contents.tables["land_survey"].set_index(["region_code", "ecosystem"])
    assert set(table["period"]) == {"2020"}
    assert set(table["survey_year"]) == {2019}
    for code in LEAGUES:
        forest, grass, bare = (hectares(plain, code, land) for land in ("forest", "grassland", "bare"))
        row = table.loc[code, "forest"]
        # Of the forest swamp none or all may be forest on the map: from 0.9 to 1.2 of it, and the map has 1.
        assert row["difference_ha"] == pytest.approx(forest * 0.1, rel=1e-9)
        assert (row["least_ha"], row["greatest_ha"]) == (pytest.approx(forest * 0.9), pytest.approx(forest * 1.2))
        assert (row["explained_by"], row["unexplained_ha"]) == ("definition", 0.0)
        assert row["classes"].startswith("0304 ")
        # Mu are fifteen to a hectare; no class of the survey explains half of the grassland.
        row = table.loc[code, "grassland"]
        assert row["survey_ha"] == pytest.approx(grass * 2, rel=1e-9)
        assert row["unexplained_ha"] == pytest.approx(-grass, rel=1e-9)
        assert row["explained_by"] == "not"
        assert table.loc[(code, "cropland"), "explained_by"] == "equal"
        assert table.loc[(code, "bare"), "difference_percent"] == pytest.approx(100.0)
        total = forest * 1.2 + grass * 2 + hectares(plain, code, "cropland") + bare * 0.5
        assert table.loc[(code, "all"), "survey_ha"] == pytest.approx(total, rel=1e-9)
        assert table.loc[(code, "all"), "explained_by"] == "territory"
    # The region that the table does not name is the sum of its leagues.
    both = sum(table.loc[(code, "forest"), "survey_ha"] for code in LEAGUES)
    assert table.loc[("150000", "forest"), "survey_ha"] == pytest.approx(both)
    assert "land_survey" in set(beside.checks["check"].str.removeprefix("checks."))


def test_densities_are_scaled_and_areas_are_not(scaled: sinks.Run, plain: sinks.Run) -> None:
    factor = {"forest": 0.9, "grassland": 2.0}
    keys = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]
    both = plain.account.merge(scaled.account, on=keys, how="outer", suffixes=("", "_scaled"))
    area = both["quantity"] == "area"
    np.testing.assert_array_equal(both.loc[area, "value"], both.loc[area, "value_scaled"])
    np.testing.assert_array_equal(both["area_ha"], both["area_ha_scaled"])
    carbon = both[~area & (both["ecosystem"] != "all") & both["region_code"].isin(LEAGUES)]
    assert {"carbon_stock", "stock_change", "net_removals"} <= set(carbon["quantity"])
    expected = carbon["ecosystem"].map(factor)
    # Forest swamp is wetland in the survey, so that 0.9 of the forest stand against the map.
    for column in ("value", "low", "high"):
        np.testing.assert_allclose(carbon[f"{column}_scaled"], carbon[column] * expected, rtol=1e-9)
    table = scaled.contents.tables["land_survey"].set_index(["region_code", "ecosystem"])["factor"]
    assert table["150200", "grassland"] == pytest.approx(2.0)
    assert np.isnan(table["150200", "bare"])
    said = scaled.checks[scaled.checks["status"] == "warning"]["check"].str.removeprefix("checks.")
    assert "densities_scaled" in set(said)


def test_laws_hold_where_densities_are_scaled(scaled: sinks.Run) -> None:
    table = scaled.account
    own = table[(table["ecosystem"] == "all") & (table["pool"] == "all") & (table["stratum"] == "all")]
    for code in (*LEAGUES, "150000"):
        value = own[own["region_code"] == code].set_index(["quantity", "period"])["value"]
        moved = value["stock_change", "2020-2021"]
        moved += value.get(("newly_known", "2020-2021"), 0.0) - value.get(("no_longer_known", "2020-2021"), 0.0)
        assert value["carbon_stock", "2021"] - value["carbon_stock", "2020"] == pytest.approx(moved, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "section", "expected"),
    [
        ({"region_code": "159900"}, {}, {"survey.no_region", "survey.twice"}),
        ({"class": "9999"}, {}, {"survey.no_class", "survey.twice"}),
        ({"year": 2015}, {}, {"survey.no_year"}),
        ({}, {"years": {"2019": 2019}}, {"survey.no_date", "survey.no_year"}),
        ({}, {"scale_densities": "2030"}, {"survey.no_date"}),
        ({"value": -1}, {}, {"assessment.not_plausible"}),
        ({"value": "about 3"}, {}, {"assessment.not_a_number"}),
        ({"unit": "m3"}, {}, {"units.other_kind"}),
    ],
)
def test_a_survey_that_does_not_fit_is_found_by_check(
    maps: Path, plain: sinks.Run, change: dict[str, Any], section: dict[str, Any], expected: set[str]
) -> None:
    with pytest.raises(SinksError) as caught:
        sinks.check(project(maps, survey(plain, **change), **section))
    found = {problem.id for problem in caught.value.problems}
    assert expected <= found or (expected == {"units.other_kind"} and any(id.startswith("unit") for id in found))


def test_a_whole_and_its_parts_count_twice(maps: Path, plain: sinks.Run) -> None:
    """Swamp forest (0304) is a part of wetland (00) and not of forest land (03), whose published sums leave it out."""
    table = survey(plain)
    more = pd.concat([table, table.iloc[:1].assign(**{"class": "03"}), table.iloc[:1].assign(**{"class": "00"})])
    with pytest.raises(ProjectError) as caught:
        sinks.check(project(maps, more))
    assert [(p.id, p.values["whole"], p.values["parts"]) for p in caught.value.problems] == [
        ("survey.part_and_whole", "00", ["0304"]), ("survey.part_and_whole", "03", ["0301"])
    ]  # fmt: skip
    apart = table.replace({"class": {"0301": "03"}})
    assert sinks.check(project(maps, apart)).land_survey is not None


def test_no_factor_is_guessed(maps: Path, plain: sinks.Run) -> None:
    table = survey(plain)
    less = table[(table["class"] != "0401") | (table["region_code"] != "150600")]
    with pytest.raises(SinksError) as caught:
        sinks.run(project(maps, less, scale_densities="2020"))
    assert [(p.id, p.where) for p in caught.value.problems] == [("survey.no_factor", "150600")]


def test_classes_of_ones_own_are_read_and_checked(maps: Path, plain: sinks.Run) -> None:
    path = maps / "classes.csv"
    rows = ["class,name,ecosystem,may_be,reason,source", "F,林,forest,shrub,含灌木,本局说明", "X,x,woods,,,",
            "F,林,forest,,,本局说明"]  # fmt: skip
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(ProjectError) as caught:
        sinks.check(project(maps, survey(plain), classes=str(path)))
    assert {p.id for p in caught.value.problems} == {"survey.no_ecosystem", "survey.class_again", "survey.no_source"}


def test_another_scale_or_survey_behind_it_is_another_definition(plain: sinks.Run, maps: Path) -> None:
    """What decides densities; a survey that densities are not scaled to stands beside the figures and decides none."""
    table = survey(plain)

    def definition(rows: pd.DataFrame, **section: Any) -> dict[str, dict[str, str]]:
        return definition_of(prepare(project(maps, rows, **section)))

    scaled = definition(table, scale_densities="2020")
    other = table.assign(value=table["value"] * np.where(table["class"] == "0301", 1.01, 1.0))
    later = pd.concat([table, table.assign(year=2021)])
    assert changed_parts(scaled, definition(other, scale_densities="2020")) == {"definition": "land_survey"}
    assert changed_parts(scaled, definition(later, scale_densities="2021")) == {
        "definition": "land_survey (2020 → 2021)"
    }
    assert changed_parts(scaled, definition(table)) == {"definition": "land_survey (2020 → —)"}
    # Rows of a year that nothing is scaled to, another order, and a survey that only stands beside.
    assert changed_parts(scaled, definition(later.iloc[::-1], scale_densities="2020")) == {}
    assert changed_parts(definition(table), definition(other)) == {}


def test_a_series_with_scaled_densities_goes_on(plain: sinks.Run, maps: Path, tmp_path: Path) -> None:
    """A year is added to what is scaled to the same survey, and to no other."""

    def content(dates: tuple[str, ...], share: float = 1.0) -> dict[str, Any]:
        table = survey(plain)
        path = tmp_path / f"survey_{share}.csv"
        table.assign(value=table["value"] * np.where(table["class"] == "0301", share, 1.0)).to_csv(path, index=False)
        section = {"file": str(path), "years": {"2020": 2019}, "scale_densities": "2020"}
        return yearly_content(maps, dates, land_survey=section)

    def given(*of: Any) -> sinks.Project:
        return sinks.Project.from_dict(content(*of), folder=maps)

    series = Series.open(tmp_path / "series", new=True)
    series = series.add(given(DATES))
    with pytest.raises(SinksError) as error:
        series.add(given((*DATES, "2022"), 0.99))
    assert [problem.id for problem in error.value.problems] == ["series.other_definition"]
    series = series.add(given((*DATES, "2022")))
    whole = sinks.run(given((*DATES, "2022"))).account
    last = series.run().account
    keys = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]
    both = last.merge(whole, on=keys)
    assert len(both) == len(whole) == len(last)
    assert np.allclose(both["value_x"], both["value_y"], rtol=1e-12, equal_nan=True)
