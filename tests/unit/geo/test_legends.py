"""Legends: built-in crosswalks, codes as numbers and as text, overrides, faulty files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.errors import LegendError
from sinks.geo.legends import BASES, COLUMNS, available_legends, load_legend
from sinks.vocabulary import NODATA, ecosystems

HEADER = ",".join(COLUMNS)


def write(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([HEADER, *rows, ""]).encode(encoding))
    return path


def ids_of(error: pytest.ExceptionInfo[LegendError]) -> list[str]:
    return [p.id for p in error.value.problems]


@pytest.mark.parametrize("id", available_legends())
def test_every_builtin_legend_is_sound(id: str) -> None:
    legend = load_legend(id)
    assert len(legend) == len(legend.codes) == len({c.text for c in legend})
    assert legend.source
    for found in legend:
        assert found.name.zh
        assert found.name.en
        assert found.basis in BASES
        assert found.ecosystem in ({""} if legend.stratum else {*ecosystems(), NODATA})
        assert legend.get(found.text) is found


@pytest.mark.parametrize(
    ("id", "code", "cls", "ecosystem"),
    [
        ("clcd", 4, "grassland", "grassland"),
        ("glc_fcs30d", 181, "wetland_forest", "wetland"),
        ("globeland30", 40, "shrub", "shrub"),
        ("esa_worldcover", 95, "mangrove", "wetland"),
        ("esa_cci", 12, "orchard", "cropland"),
        ("mcd12q1_igbp", 17, "water", "water"),
        ("mcd12q1_igbp", 8, "forest_open", "forest"),
        ("igbp_0_16", 0, "water", "water"),
        ("igbp_0_16", 254, "nodata", "nodata"),
        ("cnlucc", 62, "bare", "bare"),
        ("esri_lulc", 11, "grassland", "grassland"),
        ("dynamic_world", 0, "water", "water"),
        ("sandiao", "0304", "wetland_forest", "wetland"),
        ("sandiao", "0306", "wetland_shrub", "wetland"),
        ("sandiao", "0402", "wetland_herb", "wetland"),
        ("sandiao", "05H1", "urban", "urban"),
        ("sandiao", "1302", "pv", "urban"),
        ("ipcc_climate_zone", 4, "cool_temperate_dry", ""),
        ("dominant_species", 150, "larch", ""),
        ("dominant_species", "150000", "larch", ""),
    ],
)
def test_codes_mean_what_their_documents_say(id: str, code: int | str, cls: str, ecosystem: str) -> None:
    found = load_legend(id).get(code)
    assert found is not None
    assert (found.cls, found.ecosystem) == (cls, ecosystem)


def test_the_two_igbp_numberings_disagree_only_on_water_and_fill() -> None:
    new, old = load_legend("mcd12q1_igbp"), load_legend("igbp_0_16")
    for code in range(1, 17):
        assert new.lookup([code])[0].cls == old.lookup([code])[0].cls
    assert new.get(0) is None
    assert old.get(17) is None


def test_woody_savanna_as_forest_is_named_as_an_assumption() -> None:
    assert "assumption" in load_legend("mcd12q1_igbp").lookup([8])[0].note


def test_a_raster_of_survey_codes_loses_leading_zeros_and_is_still_understood() -> None:
    legend = load_legend("sandiao")
    assert [c.code for c in legend.lookup([301, np.int16(402), 9, 301.0, "301"])] == [
        "0301",
        "0402",
        "09",
        "0301",
        "0301",
    ]


def test_a_number_that_could_be_two_survey_codes_is_refused() -> None:
    legend = load_legend("sandiao")
    assert legend.get("201").name.zh == "城市"  # type: ignore[union-attr]
    assert legend.get("0201").name.zh == "果园"  # type: ignore[union-attr]
    with pytest.raises(LegendError) as error:
        legend.lookup([201, 999, 202])
    assert ids_of(error) == ["legends.ambiguous_code", "legends.ambiguous_code", "legends.unknown_code"]
    assert error.value.problems[0].values["codes"] == ["0201", "201"]


def test_unknown_codes_are_all_listed() -> None:
    legend = load_legend("clcd")
    assert legend.unknown([1, 11, "x", 9, None, 1.5]) == [11, "x", None, 1.5]
    assert legend.get(float("nan")) is None
    with pytest.raises(LegendError) as error:
        legend.lookup([1, 11, 12], "landcover_2020.tif")
    (problem,) = error.value.problems
    assert problem.where == "landcover_2020.tif"
    assert problem.values["codes"] == ["11", "12"]


@given(st.integers(-1000, 1000))
def test_number_text_and_float_of_a_code_agree(code: int) -> None:
    legend = load_legend("esa_cci")
    assert legend.get(code) == legend.get(str(code)) == legend.get(float(code))


def test_overrides_by_name_by_table_and_as_addition() -> None:
    legend = load_legend(
        "mcd12q1_igbp",
        {
            8: "grassland",
            "7": {"class": "shrub_open"},
            99: {"add": True, "class": "sand", "ecosystem": "bare", "name_zh": "沙"},
        },
    )
    eight, seven, new = legend.lookup([8, 7, 99])
    assert (eight.cls, eight.ecosystem, eight.overridden) == ("grassland", "grassland", True)
    assert (seven.cls, seven.ecosystem) == ("shrub_open", "shrub")
    assert (new.cls, new.ecosystem, new.name.en) == ("sand", "bare", "沙")
    assert not legend.lookup([1])[0].overridden
    assert load_legend("mcd12q1_igbp").lookup([8])[0].ecosystem == "forest"


def test_every_bad_override_is_named_at_once() -> None:
    with pytest.raises(LegendError) as error:
        load_legend("clcd", {8: "grass", "8": "forest", 77: "forest", 3: {"x": 1}, 2: {"add": True}, 1: 5})
    assert ids_of(error) == [
        "legends.unknown_ecosystem",
        "legends.override_twice",
        "legends.override_unknown",
        "legends.bad_override",
        "legends.override_exists",
        "legends.bad_override",
    ]
    assert "8" in str(error.value)


def test_a_stratum_has_no_ecosystem() -> None:
    assert load_legend("species_group", {1: "spruce"}).lookup([1])[0].cls == "spruce"
    with pytest.raises(LegendError) as error:
        load_legend("species_group", {1: {"ecosystem": "forest"}})
    assert ids_of(error) == ["legends.ecosystem_in_stratum"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_own_file_with_or_without_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    path = write(
        tmp_path / "own.csv", "1,林,Forest,forest,forest,own,bureau,", "02,水,,water,water,,,", encoding=encoding
    )
    legend = load_legend(path)
    assert legend.id == "own"
    assert legend.codes == (1, "02")
    assert legend.source == "bureau"
    assert legend.lookup([2])[0].name.en == "水"


def test_a_code_of_thousands_of_digits_is_text_that_no_raster_has(tmp_path: Path) -> None:
    long = "9" * 6000
    path = write(tmp_path / "own.csv", "1,林,Forest,forest,forest,own,bureau,", f"{long},水,,water,water,,,")
    legend = load_legend(path)
    assert legend.codes == (1, long)
    assert legend.numbers == (1,)
    assert legend.get(int("9" * 18)) is legend.get(long[:-1]) is None


def test_an_encoding_is_read_when_declared_and_refused_when_in_doubt(tmp_path: Path) -> None:
    path = write(tmp_path / "rare.csv", "1,䶮林,Forest,forest,forest,,,", encoding="gb18030")
    assert load_legend(path, encoding="GB18030").lookup([1])[0].name.zh == "䶮林"
    with pytest.raises(LegendError, match="GB18030") as error:
        load_legend(path)
    assert error.value.problems[0].values["line"] == 2
    with pytest.raises(LegendError) as error:
        load_legend(path, encoding="klingon")
    assert ids_of(error) == ["table.unknown_encoding"]


def test_every_fault_of_a_file_is_named_with_its_row(tmp_path: Path) -> None:
    path = write(
        tmp_path / "bad.csv",
        "1,林,F,forest,woods,,,",
        "1,林,F,forest,forest,,,",
        ",草,G,grass,grassland,,,",
        "3,草,G,Grass Land,grassland,guess,,",
    )
    with pytest.raises(LegendError) as error:
        load_legend(path)
    assert [(p.id, p.where.rsplit(":", 1)[1]) for p in error.value.problems] == [
        ("legends.unknown_ecosystem", "2"),
        ("legends.code_twice", "3"),
        ("legends.empty_code", "4"),
        ("legends.bad_class", "5"),
        ("legends.unknown_basis", "5"),
    ]


def test_missing_file_columns_and_rows(tmp_path: Path) -> None:
    with pytest.raises(LegendError, match="clcd"):
        load_legend("clcdd")
    (tmp_path / "columns.csv").write_text("code,name\n1,a\n", encoding="utf-8")
    with pytest.raises(LegendError) as error:
        load_legend(tmp_path / "columns.csv")
    assert error.value.problems[0].values["columns"] == ["name_zh", "class", "ecosystem"]
    with pytest.raises(LegendError) as error:
        load_legend(write(tmp_path / "empty.csv"))
    assert ids_of(error) == ["legends.empty"]


def test_shown_in_a_notebook() -> None:
    legend = load_legend("clcd")
    assert "耕地" in repr(legend)
    assert legend._repr_html_().count("<tr>") == len(legend) + 1
