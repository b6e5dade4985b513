"""The summary of a run: whole levels as far as they can be read at a glance, and how many regions are left out."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd
import pytest

from sinks.account.findings import Findings
from sinks.account.totals import COLUMNS
from sinks.activity import CHANGE_KEYS, STATE_KEYS, UNIT_COLUMNS, Activity
from sinks.results.contents import RunContents, StoredRegions
from sinks.results.summary import as_html, as_text, summary
from sinks.text import at_a_glance, using_language


def contents(levels: dict[str, int]) -> RunContents:
    """A run whose account is the area of so many regions of each level."""
    rows = [
        {
            **dict.fromkeys(COLUMNS, "all"),
            "region_code": f"{level}{number}",
            "region_name": f"{level}-{number}",
            "level": level,
            "quantity": "area",
            "period": "2020",
            "value": 10_000.0 * number,
            "low": None,
            "high": None,
            "unit": "ha",
            "coverage": 1.0,
            "area_ha": None,
            "uncertain_share": None,
        }
        for level, count in levels.items()
        for number in range(1, count + 1)
    ]
    account = pd.DataFrame(rows, columns=list(COLUMNS))
    regions = gpd.GeoDataFrame(
        {"code": account["region_code"], "name": account["region_name"], "level": account["level"], "parent": ""},
        geometry=[None] * len(account),
        crs=4490,
    )
    activity = Activity(
        pd.DataFrame(columns=[*STATE_KEYS, "area_ha"]),
        pd.DataFrame(columns=list(UNIT_COLUMNS)),
        pd.DataFrame(columns=[*CHANGE_KEYS, "area_ha"]),
    )
    record = {"created": "2024-01-01T00:00:00+00:00", "demonstration": False, "title": "t"}
    nothing = pd.DataFrame()
    return RunContents(account, StoredRegions(regions), activity, nothing, nothing, Findings().table(), record)


@pytest.mark.parametrize(
    ("levels", "shown", "more"),
    [
        ({"banner": 125}, 40, "85 more regions are in the files."),
        ({"banner": 41}, 40, "1 more region is in the files."),
        ({"banner": 40}, 40, ""),
        ({"province": 1, "league": 12, "banner": 103}, 13, "103 more regions are in the files."),
        ({"province": 1, "league": 12, "banner": 27}, 40, ""),
        ({"province": 1, "league": 12, "banner": 28}, 13, "28 more regions are in the files."),
        ({"league": 60, "banner": 103}, 40, "123 more regions are in the files."),
        ({"league": 1}, 1, ""),
    ],
)
def test_as_many_regions_as_can_be_read(levels: dict[str, int], shown: int, more: str) -> None:
    run = contents(levels)
    with using_language("en"):
        text, page = as_text(run), as_html(run)
    assert len(re.findall(r"^(?:province|league|banner)-\d+ ", text, re.MULTILINE)) == shown
    # What unfolds beneath is tables of its own.
    assert page.partition("<details")[0].count("<tr>") == shown + 1
    assert ("more region" in text) == bool(more)
    assert more in text
    assert more in page
    # What is left out of sight is still in the table.
    assert len(summary(run.account)) == sum(levels.values())


def test_an_account_of_nothing_is_shown_empty() -> None:
    with using_language("en"):
        assert "more region" not in as_text(contents({}))


def test_rows_at_a_glance_are_counted_by_groups() -> None:
    assert at_a_glance([]) == 0
    assert at_a_glance([125]) == 40
    assert at_a_glance([1, 2, 50, 3], most=10) == 3
    assert at_a_glance([10, 1], most=10) == 10
