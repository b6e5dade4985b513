"""What stands in place of a number or an interval: in the console, the notebook, the workbook and the GeoPackage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest

from sinks.results.contents import RunContents
from sinks.results.leading_checks import LEADING, leading_first
from sinks.results.marks import marks
from sinks.results.partial_intervals import covered_share, least_share, partial_rows
from sinks.results.run_folder import write_run
from sinks.results.summary import as_html, as_text
from sinks.text import using_language
from support.finished_run import make_contents

PERIOD, DOUBTED, COVERED_IN_PART = "2020-2023", "150700", "150600"
NOISE = pd.DataFrame({"region_code": ["150600", "150700", "150700"], "period": [PERIOD, PERIOD, "2017-2020"]}).assign(
    withheld=[False, True, False]
)


def contents(**changed: Any) -> RunContents:
    """The sink of one league may be noise, and the uncertainty of the other's is stated for three quarters."""
    made = make_contents(tables={"noise": NOISE}, **changed)
    account = made.account
    part = (account["region_code"] == COVERED_IN_PART) & (account["quantity"] == "net_removals")
    account.loc[part, ["low", "high", "uncertain_share"]] = [np.nan, np.nan, 0.7499]
    # No parameter is in an area: nothing of it has a stated uncertainty.
    account.loc[account["quantity"] == "area", "uncertain_share"] = 0.0
    return made


def without_intervals() -> RunContents:
    made = contents()
    made.account[["low", "high"]] = np.nan
    made.account["uncertain_share"] = 0.25
    return made


@pytest.mark.parametrize(
    ("lang", "headline", "covers"),
    [
        ("zh", "分不清是变化还是分类误差", "不确定度只覆盖74%"),
        ("en", "cannot be told from classification noise", "uncertainty is stated for 74%"),
    ],
)
def test_console_and_notebook_say_what_is_missing(lang: str, headline: str, covers: str) -> None:
    with using_language(lang):
        made = contents()
        text, page = as_text(made), as_html(made)
        league = next(line for line in text.splitlines() if line.startswith(made.regions.frame["name"][2]))
        # The stock, 266 x 10^4 t C, stands; the sink, -29.33 x 10^4 t CO2/yr, does not.
        assert "266.00" in league
        assert "-29.33" not in text
        assert headline in league
        assert headline in page
        assert covers in text
        assert covers in page
        # Where no region shown has an interval, nothing speaks of one.
        assert "95" in text.replace("95.0%", "")
        assert "95%" not in as_text(without_intervals())
        assert "95%" not in as_text(without_intervals())


def test_marks_name_noise_before_a_missing_interval() -> None:
    made = contents()
    made.account.loc[made.account["region_code"] == DOUBTED, ["low", "high", "uncertain_share"]] = [np.nan, np.nan, 0.1]
    found = marks(made)
    assert found[DOUBTED, "all", "net_removals", PERIOD] == "分不清是变化还是分类误差"
    assert found[DOUBTED, "all", "carbon_stock", "2023"] == "不确定度只覆盖10%"
    assert found[COVERED_IN_PART, "forest", "net_removals", PERIOD] == "不确定度只覆盖74%"
    assert not any(code == "150000" for code, *_ in found)


def test_a_figure_that_is_covered_enough_or_never_drawn_is_no_partial_one() -> None:
    made = contents()
    assert least_share(made.record) == 0.9
    assert set(partial_rows(made)["region_code"]) == {COVERED_IN_PART}
    project = {"project": {"interval_share": 0.5, "draws": 100}}
    assert partial_rows(replace(made, record=made.record | {"project": project})).empty
    project = {"project": {"interval_share": 0.9, "draws": 0}}
    assert partial_rows(replace(made, record=made.record | {"project": project})).empty
    assert [covered_share(share) for share in (0.0, 0.8999, 0.999, 1.0)] == ["0%", "89%", "99%", "100%"]


def test_workbook_and_geopackage(tmp_path: Path) -> None:
    folder = write_run(contents(), tmp_path / "run")
    book = openpyxl.load_workbook(folder / "account.xlsx")
    rows = list(book["汇总"].iter_rows(values_only=True))
    header = {name: place for place, name in enumerate(rows[0])}
    by_place = {(row[0], row[3]): row for row in rows[1:]}
    sink = next(place for name, place in header.items() if name.startswith("2020-2023 年碳汇量（"))
    assert by_place[DOUBTED, "合计"][sink] == "分不清是变化还是分类误差"
    assert by_place[DOUBTED, "合计"][sink + 1] is None
    # The figure of a part stays, with the mark.
    assert by_place[DOUBTED, "森林"][sink] == pytest.approx(60_000 / 3 * 44 / 12 / 1e4)
    assert "分不清是变化还是分类误差" in by_place[DOUBTED, "森林"][header["备注"]]
    assert "年碳汇量（2020-2023）：不确定度只覆盖74%" in by_place[COVERED_IN_PART, "合计"][header["备注"]]
    assert by_place["150000", "合计"][header["备注"]] in (None, "")
    assert not any("不确定度" in str(name) and "面积" in str(name) for name in rows[0])
    leagues = pyogrio.read_dataframe(folder / "account.gpkg", layer="league").set_index("code")
    assert leagues.loc[DOUBTED, "mark_rem_2020_2023"] == "分不清是变化还是分类误差"
    assert leagues.loc[COVERED_IN_PART, "mark_rem_2020_2023"] == "不确定度只覆盖74%"
    assert leagues.loc[COVERED_IN_PART, "unc_rem_2020_2023"] == pytest.approx(0.7499)
    assert leagues.loc[DOUBTED, "rem_total_2020_2023"] == pytest.approx(-240_000 / 3 * 44 / 12)


def test_leading_checks_come_first_in_their_order_and_others_keep_theirs() -> None:
    names = ["b", *reversed(LEADING), "a"]
    found = leading_first(pd.DataFrame({"check": names, "status": "note"}))
    assert list(found["check"]) == [*LEADING, "b", "a"]


def test_console_names_leading_notes_though_it_leaves_out_others() -> None:
    checks = pd.DataFrame(
        [
            ("cells", "failed", "x", "", "few cells"),
            ("map_area", "note", "x", "", "of the map"),
            ("newly_known", "note", "x", "", "known anew"),
            ("newly_known", "note", "y", "", "known anew too"),
            ("interval_partial", "warning", "x", "", "covered in part"),
        ],
        columns=["check", "status", "where", "region_code", "detail"],
    )
    checks = checks.assign(detail_zh=checks["detail"], detail_en=checks["detail"])
    with using_language("en"):
        lines = as_text(replace(contents(), checks=checks)).splitlines()
    at = lines.index("x: few cells")
    assert lines[at + 1 : at + 3] == [
        "x: covered in part",
        "x: known anew (1 more check of this kind; see the checks.)",
    ]
    assert not any("of the map" in line for line in lines)
