"""Tables as people see them: pivots, names for ids, and rounded parts that add up."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.account.findings import Findings
from sinks.errors import AccountError
from sinks.results.labels import labels, stratum_name
from sinks.results.shown_tables import (
    activity_summary,
    ecosystem_by_pool,
    in_ten_thousands,
    round_to_total,
    shown_checks,
    summary_table,
    transition_matrix,
    units_of,
)
from sinks.text import LANGUAGES, using_language
from support.finished_run import make_account, make_contents
from support.problems import ids


def test_classes_of_a_stratum_have_names_in_both_languages() -> None:
    assert stratum_name("cool_temperate_dry / hac / cropland > forest") == "冷温带干旱 / 高活性黏土 / 耕地 > 森林"
    with using_language("en"):
        assert stratum_name("larch") == "Larch"
    # Land comes before a class of soil of the same word, and a word of the project's own stays.
    assert stratum_name("wetland") == "湿地"
    assert stratum_name("自定义") == "自定义"


def test_a_check_is_placed_in_words() -> None:
    checks = pd.DataFrame(
        [["coverage_pool", "warning", "海南区 forest", "", "", "", ""]], columns=list(Findings.COLUMNS)
    )
    assert shown_checks(checks)["where"].tolist() == ["海南区 森林"]
    with using_language("en"):
        assert shown_checks(checks)["where"].tolist() == ["Hainan District Forest"]
        assert shown_checks(checks.assign(where="鄂尔多斯市, 某县"))["where"].tolist() == ["Ordos, 某县"]


def test_every_label_is_there_in_both_languages() -> None:
    placeholders = {key: [set(_fields(text)) for text in (both.zh, both.en)] for key, both in labels().items()}
    assert all(zh == en for zh, en in placeholders.values())
    assert all(all(both) for both in labels().values())
    assert len(LANGUAGES) == 2


def _fields(template: str) -> list[str]:
    from string import Formatter

    return [name for _, name, _, _ in Formatter().parse(template) if name]


def test_summary_table_orders_selects_and_leaves_gaps() -> None:
    table = summary_table(make_account(), level="league", period=["2020", "2020-2023"])
    assert [code for code, _ in table.index] == ["150600"] * 3 + ["150700"] * 3
    assert [eco for _, eco in table.index] == ["forest", "wetland", "all", "forest", "grassland", "all"]
    assert ("carbon_stock", "2023", "value") not in table.columns
    assert ("area", "2020", "low") not in table.columns
    scaled = in_ten_thousands(table)
    assert scaled.loc[("150600", "forest"), ("area", "2020", "value")] == 2.0
    assert scaled.loc[("150600", "forest"), ("area", "2020", "coverage")] == 0.9


def test_ecosystem_by_pool_keeps_a_missing_pool_missing() -> None:
    account = make_account()
    gone = (account["ecosystem"] == "wetland") & (account["pool"] == "biomass")
    table = ecosystem_by_pool(account[~gone], "150600", "2023")
    assert list(table.columns) == ["biomass", "soil_organic_carbon", "all"]
    assert pd.isna(table.loc["wetland", "biomass"])
    assert table.loc["forest"].tolist() == [325_000.0, 975_000.0, 1_300_000.0]


def test_transition_matrix_is_not_summed_over_sources() -> None:
    changes = make_contents().activity.changes
    matrix = transition_matrix(changes, "150700", "2020", "2023")
    assert list(matrix.index) == ["forest", "nodata", "all"]
    assert list(matrix.columns) == ["grassland", "nodata", "all"]
    assert matrix.loc["forest", "nodata"] == 0.0
    assert matrix.loc["all", "all"] == 6.0
    both = pd.concat([changes, changes.assign(source="stands")])
    with pytest.raises(AccountError) as raised:
        transition_matrix(both, "150700", "2020", "2023")
    assert ids(raised) == ["output.several_sources"]
    assert transition_matrix(both, "150700", "2020", "2023", source="stands").equals(matrix)


def test_activity_means_are_over_the_observed_area() -> None:
    table = activity_summary(make_contents().activity.states).set_index("region_code")
    assert table.loc["150600", "area_ha"] == 400.0
    assert table.loc["150600", "growing_stock"] == 60.0
    assert pd.isna(table.loc["150700", "growing_stock"])


def test_units_of_a_region_are_its_finest_parts() -> None:
    frame = make_contents().regions.frame
    assert units_of(frame, "150000") == ("150600", "150700")
    assert units_of(frame, "150700") == ("150700",)


def test_tables_of_nothing_are_empty() -> None:
    assert summary_table(make_account(), level="village").empty
    assert ecosystem_by_pool(make_account(), "999999", "2020").empty
    matrix = transition_matrix(make_contents().activity.changes, "999999", "2020", "2023")
    assert matrix.index.tolist() == matrix.columns.tolist() == ["all"]
    assert matrix.loc["all", "all"] == 0.0


@pytest.mark.parametrize(
    ("parts", "total", "printed", "adds_up"),
    [
        ([0.335, 0.335, 0.33], 1.0, ["0.34", "0.33", "0.33"], True),
        ([1.004, 1.004, 1.004], 3.012, ["1.01", "1.00", "1.00"], True),
        ([-0.335, -0.335, 0.67], 0.0, ["-0.33", "-0.34", "0.67"], True),
        ([2.5, float("nan"), -1.25], 1.25, ["2.50", None, "-1.25"], True),
        ([1.0, 2.0], 4.0, ["1.00", "2.00"], False),
        ([1.0, 2.0], float("nan"), ["1.00", "2.00"], False),
        ([], 0.0, [], True),
    ],
)
def test_printed_parts_add_up_or_say_that_they_do_not(
    parts: list[float], total: float, printed: list[str | None], adds_up: bool
) -> None:
    rounded = round_to_total(parts, total)
    assert [None if part is None else str(part) for part in rounded.parts] == printed
    assert rounded.adds_up is adds_up


@given(st.lists(st.floats(-1e6, 1e6), max_size=12), st.integers(0, 3))
def test_rounding_keeps_the_sum_and_moves_no_part_by_a_whole_step(parts: list[float], decimals: int) -> None:
    total = float(sum(map(Decimal, parts), Decimal(0)))
    rounded = round_to_total(parts, total, decimals)
    step = Decimal(1).scaleb(-decimals)
    assert rounded.adds_up
    assert sum((part for part in rounded.parts if part is not None), Decimal(0)) == rounded.total
    for part, value in zip(rounded.parts, parts, strict=True):
        assert part is not None
        assert abs(part - Decimal(repr(value))) <= step
