"""The whole assessment on the demonstration tables, with an account of twelve leagues made up for the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from sinks.assessment.errors import AssessmentError
from sinks.assessment.evaluate import (
    Evaluation,
    _with_open_credits,
    check_section,
    evaluate,
    read_section,
    whole_region,
)
from sinks.geo.regions import load_builtin
from sinks.project.assessment import AssessmentSection

DATA = Path(__file__).parents[3] / "data"
FILES = {
    "emissions": "tables/emissions.csv",
    "gdp": "tables/gdp.csv",
    "targets": "tables/targets.csv",
    "abatement": "tables/abatement_projects.csv",
    "budget": "tables/carbon_budget.csv",
    "ledger": "tables/ccer_ledger.csv",
    "credit_projects": "vector/ccer_projects.gpkg",
}
RULE: dict[str, Any] = {
    "base_year": 2020,
    "years": [2021, 2022, 2023],
    "base_period": "2020-2023",
    "gdp_growth": 0.05,
}


@pytest.fixture(scope="module")
def regions() -> gpd.GeoDataFrame:
    return load_builtin("150000", levels=("league",)).frame


@pytest.fixture(scope="module")
def account(regions: gpd.GeoDataFrame) -> pd.DataFrame:
    """Each league's forest removes 10^6 t a year, within 10 %; its grassland and wetland nothing."""
    rows = []
    for code, name, level in zip(regions["code"], regions["name"], regions["level"], strict=True):
        for land in ("forest", "grassland", "wetland", "all"):
            value = 1e6 if land in ("forest", "all") else 0.0
            rows.append((code, name, level, land, value, 0.9 * value, 1.1 * value))
    names = ["region_code", "region_name", "level", "ecosystem", "value", "low", "high"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(stratum="all", pool="all", quantity="net_removals", period="2020-2023")


def section(**changes: Any) -> AssessmentSection:
    return AssessmentSection.model_validate({**FILES, "rule": RULE, **changes})


@pytest.fixture(scope="module")
def whole(regions: gpd.GeoDataFrame, account: pd.DataFrame) -> Evaluation:
    return evaluate(section(), account, regions, lambda file: str(DATA / file))


def test_twelve_leagues_have_a_verdict_in_every_year(whole: Evaluation) -> None:
    verdicts = whole.assessment.verdicts()
    leagues = verdicts[verdicts["region_code"] != "150000"]
    assert len(leagues) == 12 * 3
    assert leagues["verdict"].notna().all()
    assert set(whole.tables()) == {"assessment", "budget_annual", "budget_five_year", "ccer_audit"}


def test_region_is_the_sum_of_its_leagues(whole: Evaluation) -> None:
    values = whole.assessment.values()
    for quantity in ("emissions", "sink", "ccer_deducted", "sink_counted", "adjusted_emissions", "gdp"):
        parts = [v for (code, year, name), v in values.items() if (year, name) == (2023, quantity) and code != "150000"]
        assert len(parts) == 12
        assert values["150000", 2023, quantity] == pytest.approx(sum(parts))


def test_credits_of_the_ledger_leave_the_sink(whole: Evaluation) -> None:
    """The one project of Hinggan sold its tonnes of 2021 and 2022 elsewhere; those of 2023 are not registered yet."""
    values, book = whole.assessment.values(), pd.read_csv(DATA / FILES["ledger"], dtype={"region_code": str})
    sold = book[(book["region_code"] == "152200") & (book["state"] == "transferred_outside")].set_index("year")["value"]
    for year in (2021, 2022):
        assert values["152200", year, "ccer_deducted"] == sold[year]
        assert values["152200", year, "sink_counted"] == 1e6 - sold[year]
    assert values["152200", 2023, "ccer_deducted"] == 0


def test_result_is_tidy(whole: Evaluation) -> None:
    table = whole.assessment.table
    assert not table.duplicated(["region_code", "year", "quantity"]).any()
    assert set(table["basis"]) == {"given", "assumed", "computed"}
    assert (table["low"].isna() == table["high"].isna()).all()
    inside = table.dropna(subset=["low"])
    assert ((inside["low"] <= inside["value"]) & (inside["value"] <= inside["high"])).all()


def test_same_inputs_give_the_same_bits(whole: Evaluation, regions: gpd.GeoDataFrame, account: pd.DataFrame) -> None:
    again = evaluate(section(), account.sample(frac=1, random_state=1), regions, lambda file: str(DATA / file))
    pd.testing.assert_frame_equal(again.assessment.table, whole.assessment.table, check_exact=True)


def test_faults_of_all_inputs_are_named_together(
    tmp_path: Path, regions: gpd.GeoDataFrame, account: pd.DataFrame
) -> None:
    """A league without GDP, emissions in the wrong unit, overlapping projects, more credits than sink."""
    for name, file in FILES.items():
        if file.endswith(".csv"):
            rows = pd.read_csv(DATA / file, dtype=str, encoding="utf-8-sig")
            if name == "gdp":
                rows = rows[rows["region_code"] != "150300"]
            if name == "emissions":
                slip = (rows["region_code"] == "150400") & (rows["year"] == "2022")
                rows["value"] = rows["value"].astype(float) * slip.map({True: 1.5e2, False: 1.0})
            if name == "ledger":
                rows.loc[0, "value"] = "9000000"
            rows.to_csv(tmp_path / f"{name}.csv", index=False)
    layer = gpd.read_file(DATA / FILES["credit_projects"])
    twin = layer.iloc[[0]].assign(project_id="C9")
    gpd.GeoDataFrame(pd.concat([layer, twin])).to_file(tmp_path / "projects.gpkg")
    files = {name: f"{name}.csv" for name in FILES} | {"credit_projects": "projects.gpkg"}
    with pytest.raises(AssessmentError) as caught:
        evaluate(section(**files), account, regions, lambda file: str(tmp_path / file))
    assert [p.id for p in caught.value.problems] == [
        "assessment.missing",
        "assessment.magnitude",
        "assessment.projects_overlap",
        "assessment.credits_beyond",
    ]


def test_ledger_without_polygons_is_refused(regions: gpd.GeoDataFrame, account: pd.DataFrame) -> None:
    with pytest.raises(AssessmentError, match="credit_projects"):
        evaluate(section(credit_projects=None), account, regions, lambda file: str(DATA / file))


def test_layer_that_is_not_there_is_named(regions: gpd.GeoDataFrame, account: pd.DataFrame) -> None:
    with pytest.raises(AssessmentError) as caught:
        evaluate(section(credit_projects="vector/no.gpkg"), account, regions, lambda file: str(DATA / file))
    assert [p.id for p in caught.value.problems] == ["assessment.projects_unreadable"]


def test_the_whole_is_what_has_the_assessed_regions_and_no_others(regions: gpd.GeoDataFrame) -> None:
    leagues = sorted(regions.loc[regions["level"] == "league", "code"])
    assert whole_region(regions, leagues) == ("150000", "内蒙古自治区")
    assert whole_region(regions, leagues[1:]) is None
    assert whole_region(regions[regions["level"] == "league"], leagues) is None


def test_credits_beside_a_sink_that_may_be_noise_are_named(whole: Evaluation, regions: gpd.GeoDataFrame) -> None:
    """Hinggan has credits; where a league has none, nothing has to be said of them."""
    read = read_section(section(), lambda file: str(DATA / file))
    assert read.ledger is not None
    without = sorted(set(regions.loc[regions["level"] == "league", "code"]) - set(read.ledger["region_code"]))
    for code, said in (("152200", ["兴安盟"]), (without[0], None)):
        found = _with_open_credits(whole.assessment, read, [(code, "2020-2023")])
        own = [note for note in found.notes if note.id == "assessment.note_credits_open"]
        assert [note.values["regions"] for note in own] == ([said] if said else [])


def test_a_layer_of_projects_that_cannot_be_read_is_one_of_several_faults(regions: gpd.GeoDataFrame) -> None:
    """Its ledger is not held against a layer that is not there; the other faults are named all the same."""
    wrong = section(credit_projects="vector/none.gpkg", rule=RULE | {"cap": {"999999": 1.0}})
    read = read_section(section(), lambda file: str(DATA / file))
    with pytest.raises(AssessmentError) as caught:
        check_section(wrong, regions, {}, lambda file: str(DATA / file), lambda: read)
    found = [problem.id for problem in caught.value.problems]
    assert "assessment.projects_unreadable" in found
    assert "assessment.rule_regions" in found
