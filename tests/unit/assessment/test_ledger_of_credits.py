"""CCER ledger: overlaps found exactly, every tonne in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import MultiPolygon, Polygon, box

from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import columns, parse_table
from sinks.assessment.inputs import read_credit_projects
from sinks.assessment.ledger import audit, check_ledger, deductions, overlapping
from sinks.geo.polygon_area import polygon_areas

REGIONS = gpd.GeoDataFrame(
    {"code": ["150600", "150700"]}, geometry=[box(108, 38, 110, 40), box(118, 48, 120, 50)], crs="EPSG:4490"
)


def projects(*rows: tuple[Any, ...]) -> gpd.GeoDataFrame:
    names = ["project_id", "region_code", "methodology", "crediting_start", "crediting_end", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=names), geometry="geometry", crs="EPSG:4490")


def project(
    id: str, shape: Any, start: str = "2021-01-01", end: str = "2040-12-31", code: str = "150600"
) -> tuple[Any, ...]:
    return id, code, "CCER-14-001-V01", start, end, shape


def tonnes(*rows: tuple[str, int, str, float], code: str = "150600") -> pd.DataFrame:
    cells = [(id, code, year, state, value, "t CO2", "登记簿") for id, year, state, value in rows]
    return parse_table("ledger", pd.DataFrame(cells, columns=[c.name for c in columns("ledger")], dtype=object))


NONE = tonnes()
LEFT, RIGHT = box(109.0, 39.0, 109.2, 39.2), box(109.1, 39.0, 109.3, 39.2)


def ids(*args: Any, **options: Any) -> list[str]:
    with pytest.raises(AssessmentError) as caught:
        check_ledger(*args, **options)
    assert str(caught.value)
    return [p.id for p in caught.value.problems]


def test_overlap_has_its_true_area_and_its_period() -> None:
    found = overlapping(projects(project("C1", LEFT), project("C2", RIGHT, "2030-01-01", "2050-12-31")))
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["first"], row["second"]) == ("C1", "C2")
    common = polygon_areas([box(109.1, 39.0, 109.2, 39.2)], REGIONS.crs)[0] / 1e4
    assert row["area_ha"] == pytest.approx(common, rel=1e-12)
    assert (str(row["start"])[:10], str(row["end"])[:10]) == ("2030-01-01", "2040-12-31")


def test_projects_that_share_land_but_not_time_are_sound() -> None:
    later = projects(project("C1", LEFT, "2010-01-01", "2020-12-31"), project("C2", RIGHT))
    assert overlapping(later).empty
    check_ledger(later, NONE, REGIONS)


def test_a_list_is_no_id_of_a_project(tmp_path: Path) -> None:
    listed = projects(project("C1", LEFT), (["C2", "C3"], *project("", RIGHT)[1:]))
    listed.to_file(tmp_path / "p.geojson")
    for refused in (
        lambda: check_ledger(listed, NONE, REGIONS),
        lambda: read_credit_projects(str(tmp_path / "p.geojson")),
    ):
        with pytest.raises(AssessmentError) as caught:
            refused()
        assert [(p.id, p.values["fields"]) for p in caught.value.problems] == [("vector.nested", ["project_id"])]


def test_one_common_day_is_an_overlap() -> None:
    touching = projects(project("C1", LEFT, "2010-01-01", "2021-01-01"), project("C2", RIGHT))
    assert len(overlapping(touching)) == 1


def test_neighbours_that_share_a_border_do_not_overlap() -> None:
    beside = projects(project("C1", box(109, 39, 109.1, 39.1)), project("C2", box(109.1, 39, 109.2, 39.1)))
    assert overlapping(beside).empty


def test_projects_that_cross_and_touch_along_a_line_too() -> None:
    """An intersection of an area and a line counts its area."""
    notched = Polygon([(109, 39), (109.2, 39), (109.2, 39.1), (109.1, 39.1), (109.1, 39.2), (109, 39.2)])
    other = MultiPolygon([box(109.05, 39.15, 109.15, 39.3), box(109.15, 39.1, 109.2, 39.12)])
    found = overlapping(projects(project("C1", notched), project("C2", other)))
    common = polygon_areas([box(109.05, 39.15, 109.1, 39.2)], REGIONS.crs)[0] / 1e4
    assert found["area_ha"].tolist() == pytest.approx([common])


def test_same_polygon_twice_is_an_overlap() -> None:
    assert len(overlapping(projects(project("C1", LEFT), project("C2", LEFT)))) == 1


def test_overlap_and_project_outside_its_league_are_named_together() -> None:
    three = projects(project("C1", LEFT), project("C2", RIGHT), project("C3", box(118.5, 48.5, 118.6, 48.6)))
    with pytest.raises(AssessmentError) as caught:
        check_ledger(three, NONE, REGIONS)
    found = {p.id: p.values for p in caught.value.problems}
    assert found.keys() == {"assessment.projects_overlap", "assessment.project_outside"}
    assert (found["assessment.projects_overlap"]["first"], found["assessment.projects_overlap"]["second"]) == (
        "C1",
        "C2",
    )
    assert found["assessment.project_outside"]["share"] == "100.0"


def test_strip_beyond_the_border_is_tolerated_up_to_a_share() -> None:
    # A square of 0.2 degrees of which 0.001 degrees lie beyond 110 E: half a percent.
    over = projects(project("C1", box(109.801, 39, 110.001, 39.2)))
    check_ledger(over, NONE, REGIONS)
    assert ids(over, NONE, REGIONS, outside_max=0.004) == ["assessment.project_outside"]


def test_faults_of_the_ledger_are_named_all_at_once() -> None:
    wrong = tonnes(
        ("C1", 2021, "registered_held", 10.5),
        ("C1", 2021, "registered_held", 10),
        ("C1", 2020, "unregistered", 10),
        ("C9", 2021, "unregistered", 10),
        ("C1", 2022, "cancelled", 0.5),
    )
    assert sorted(ids(projects(project("C1", LEFT)), wrong, REGIONS)) == [
        "assessment.tonnes_project",
        "assessment.tonnes_twice",
        "assessment.tonnes_whole",
        "assessment.tonnes_whole",
        "assessment.tonnes_year",
    ]


def test_ledger_and_layer_must_agree_on_the_league() -> None:
    elsewhere = tonnes(("C1", 2021, "unregistered", 1), code="150700")
    assert ids(projects(project("C1", LEFT)), elsewhere, REGIONS) == ["assessment.tonnes_region"]


def test_credits_beyond_the_account() -> None:
    sink = pd.DataFrame({"region_code": ["150600", "150600"], "year": [2021, 2022], "value": [100.0, -5.0]})
    one, layer = ("C1", 2021, "registered_held", 100), projects(project("C1", LEFT))
    check_ledger(layer, tonnes(one), REGIONS, sink)
    more = tonnes(one, ("C1", 2022, "unregistered", 1))
    assert ids(layer, more, REGIONS, sink) == ["assessment.credits_beyond"]
    check_ledger(layer, more, REGIONS, sink, waived=["credits"])


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"crediting_end": "2020-01-01"}, "assessment.project_period"),
        ({"crediting_start": "soon"}, "assessment.project_period"),
        ({"region_code": "150900"}, "assessment.project_region"),
        ({"geometry": Polygon([(109, 39), (109.2, 39.2), (109.2, 39), (109, 39.2)])}, "assessment.project_shape"),
        ({"geometry": Polygon()}, "assessment.project_shape"),
    ],
)
def test_faulty_projects(changes: dict[str, Any], id: str) -> None:
    assert ids(projects(project("C1", LEFT)).assign(**changes), NONE, REGIONS) == [id]


def test_one_day_no_tonnes_and_no_land_beyond_the_border_are_sound() -> None:
    one_day = projects(project("C1", LEFT, "2021-01-01", "2021-01-01"))
    check_ledger(one_day, tonnes(("C1", 2021, "registered_held", 0)), REGIONS, outside_max=0.0)


def test_a_period_that_is_none_ends_the_check_of_sound_ones_too() -> None:
    two = projects(project("C1", LEFT), project("C2", RIGHT, "soon"))
    assert ids(two, NONE, REGIONS) == ["assessment.project_period"]


def test_missing_fields_and_crs() -> None:
    layer = projects(project("C1", LEFT))
    assert ids(layer.drop(columns="methodology"), NONE, REGIONS) == ["assessment.project_columns"]
    assert ids(layer.set_crs(None, allow_override=True), NONE, REGIONS) == ["assessment.project_crs"]


def test_a_state_without_tonnes_has_no_numbers() -> None:
    found = audit(tonnes(("C1", 2023, "registered_held", 0), ("C1", 2023, "cancelled", 5)))
    assert found[["state", "tonnes", "first", "last"]].to_numpy().tolist() == [["cancelled", 5, 1, 5]]


def test_audit_numbers_every_tonne_once() -> None:
    book = tonnes(
        ("C1", 2022, "transferred_outside", 5),
        ("C1", 2021, "registered_held", 3),
        ("C1", 2021, "unregistered", 2),
        ("C2", 2021, "cancelled", 4),
    )
    table = audit(book)
    rows = table[["project_id", "year", "first", "last", "used_in", "deducted"]].to_numpy().tolist()
    assert rows == [
        ["C1", 2021, 1, 2, "sink", 0],
        ["C1", 2021, 3, 5, "register", 3],
        ["C1", 2022, 6, 10, "buyer_outside", 5],
        ["C2", 2021, 1, 4, "cancelled", 4],
    ]


def test_deduction_is_year_by_year() -> None:
    book = tonnes(
        ("C1", 2021, "registered_held", 3), ("C1", 2022, "transferred_inside", 5), ("C2", 2022, "cancelled", 4)
    )
    total = deductions(book).set_index("year")["value"]
    assert total.to_dict() == {2021: 3.0, 2022: 9.0}
    returned = deductions(book, cancelled_returns=True).set_index("year")["value"]
    assert returned.to_dict() == {2021: 3.0, 2022: 5.0}
