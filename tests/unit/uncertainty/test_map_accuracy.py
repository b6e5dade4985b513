"""Published accuracies of maps: each number with its document, and the right one for a legend and a year."""

from __future__ import annotations

import pytest

from sinks.geo.legends import available_legends, load_legend
from sinks.uncertainty.map_accuracy import COLUMNS, published_accuracy, published_rows
from sinks.vocabulary import ALL, ecosystems

ROWS = published_rows()


def test_every_row_is_of_a_built_in_legend_and_has_its_document_and_place() -> None:
    for row in ROWS:
        assert tuple(row) == COLUMNS
        assert row["legend"] in available_legends()
        assert row["ecosystem"] in {ALL, *ecosystems()}
        assert row["measure"] in {"overall", "users", "producers"}
        assert row["unit"] == "%"
        assert 0 < float(row["value"]) <= 100
        assert all(row[name] for name in ("version", "source", "locator", "basis"))
        assert 1980 <= int(row["first_year"]) <= int(row["last_year"])
        assert not row["low"] or float(row["low"]) <= float(row["value"]) <= float(row["high"])


def test_no_number_stands_twice() -> None:
    keys = [(row["legend"], row["version"], row["ecosystem"], row["measure"]) for row in ROWS]
    assert len(set(keys)) == len(keys)


def test_every_product_has_an_overall_accuracy_that_was_read() -> None:
    for legend, version in {(row["legend"], row["version"]) for row in ROWS}:
        of_all = [r for r in ROWS if (r["legend"], r["version"], r["ecosystem"]) == (legend, version, ALL)]
        assert [(r["measure"], r["basis"]) for r in of_all] == [("overall", "read")]


def test_classes_are_those_that_the_legend_has() -> None:
    for row in ROWS:
        if row["ecosystem"] != ALL:
            assert row["ecosystem"] in {one.ecosystem for one in load_legend(row["legend"]).classes}


@pytest.mark.parametrize("legend", ["cnlucc", "esa_cci", "mcd12q1_igbp", "sandiao", "my_legend.csv", ""])
def test_of_what_was_not_read_nothing_is_assumed(legend: str) -> None:
    assert published_accuracy(legend, "2020") is None


def test_a_year_has_the_version_that_covers_it_or_is_nearest() -> None:
    versions = {year: published_accuracy("esa_worldcover", year) for year in ("2019", "2020", "2021", "2024")}
    assert {year: one and one.version for year, one in versions.items()} == {
        "2019": "v100",
        "2020": "v100",
        "2021": "v200",
        "2024": "v200",
    }


def test_accuracy_by_class_where_it_is_known_and_overall_where_not() -> None:
    new, old = published_accuracy("esa_worldcover", "2021"), published_accuracy("esa_worldcover", "2020")
    assert new is not None
    assert old is not None
    assert list(new.of(["forest", "wetland"])) == pytest.approx([0.80, 0.305], rel=1e-12)
    assert list(old.of(["forest", "wetland"])) == pytest.approx([0.744, 0.744], rel=1e-12)
    assert "zenodo.7254221" in new.source
    # User's accuracies are quoted in another's text, the overall accuracy of the older version was read.
    assert (new.read, old.read) == (False, True)
    clcd = published_accuracy("clcd", "2023")
    assert clcd is not None
    assert list(clcd.of(["forest"])) == pytest.approx([0.7931], rel=1e-12)
