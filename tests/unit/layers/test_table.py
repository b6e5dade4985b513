"""Statistics by region: what a yearbook or a bureau's Excel sheet looks like, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sinks.errors import LayerError, Problem
from sinks.geo.legends import load_legend
from sinks.layers.fields import FieldSpec
from sinks.layers.layer_states import check_extent
from sinks.layers.tables.plan import TableLayer
from sinks.layers.tables.table import table_states
from sinks.text import using_language

REGIONS = pd.DataFrame(
    {
        "code": ["150000", "150100", "150200"],
        "name": ["内蒙古自治区", "呼和浩特市", "包头市"],
        "parent": ["", "150000", "150000"],
    }
)
COLUMNS = {
    "region": FieldSpec("盟市"),
    "date": FieldSpec("年份"),
    "ecosystem": FieldSpec("类型"),
    "area": FieldSpec("面积", unit="万亩"),
    "growing_stock": FieldSpec("蓄积", unit="万m3"),
}
HEADER = "盟市,年份,类型,面积,蓄积"
GOOD = [HEADER, "呼和浩特市,2020,森林,15,300", "150200,2020年,forest,30,—"]


def read(tmp_path: Path, lines: list[str], *, encoding: str = "utf-8", **options: Any) -> Any:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines), encoding=encoding)
    return table_states(TableLayer("yearbook", path, options.pop("columns", COLUMNS), **options), REGIONS)


def refused(tmp_path: Path, lines: list[str], **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(LayerError) as caught:
        read(tmp_path, lines, **options)
    for language in ("zh", "en"):
        with using_language(language):
            assert str(caught.value)
    return [(problem.id, problem.where.rpartition(":")[2]) for problem in caught.value.problems]


def test_rows_of_the_activity_table(tmp_path: Path) -> None:
    states = read(tmp_path, GOOD).states
    assert states["region_code"].tolist() == ["150100", "150200"]
    assert states["date"].tolist() == ["2020", "2020"]
    assert states["ecosystem"].tolist() == ["forest", "forest"]
    # 15 x 10^4 mu are 10^4 ha, and 300 x 10^4 m3 on them 300 m3/ha.
    assert states["area_ha"].tolist() == pytest.approx([10_000, 20_000])
    assert states["growing_stock"][0] == pytest.approx(300.0)
    assert np.isnan(states["growing_stock"][1])
    assert states["growing_stock_observed_ha"].tolist() == pytest.approx([10_000, 0])


@pytest.mark.parametrize(("unit", "hectares"), [("ha", 2.0), ("mu", 2 / 15), ("10^4 ha", 2e4), ("km2", 200.0)])
def test_units_of_area(tmp_path: Path, unit: str, hectares: float) -> None:
    columns = {**COLUMNS, "area": FieldSpec("面积", unit=unit), "growing_stock": FieldSpec("蓄积", unit="m3/ha")}
    states = read(tmp_path, [HEADER, "150100,2020,森林,2,3"], columns=columns).states
    assert states["area_ha"][0] == pytest.approx(hectares)
    assert states["growing_stock"][0] == 3.0


def test_codes_of_twelve_digits_and_code_lists(tmp_path: Path) -> None:
    columns = {
        "region": FieldSpec("代码"),
        "land_cover": FieldSpec("地类", codes="sandiao"),
        "species_group": FieldSpec("树种"),
        "area": FieldSpec("面积", unit="ha"),
    }
    lines = ["代码,地类,树种,面积", "150100000000,0301,落叶松,7", "150200,0401,,8"]
    states = read(tmp_path, lines, columns=columns, date="2023").states
    assert states["region_code"].tolist() == ["150100", "150200"]
    assert states["class"].tolist() == ["forest", "grassland"]
    assert states["species_group"].tolist() == ["larch", "nodata"]
    assert set(states["date"]) == {"2023"}


def test_every_faulty_cell_in_one_pass(tmp_path: Path) -> None:
    lines = [
        HEADER,
        ",2020,森林,15,1",
        "赤峰市,2020,森林,15,1",
        "150100,二〇二〇,森林,15,1",
        "",
        "150100,2020,树林,15,1",
        "150100,2020,森林,十五,1",
        "150100,2021,森林,,1",
        "150100,2022,森林,-3,",
        "150100,2023,森林,15,99999999",
    ]
    assert sorted(refused(tmp_path, lines)) == sorted(
        [
            ("table.empty", "2"),
            ("table.unknown_region", "3"),
            ("table.bad_date", "4"),
            ("table.unknown_ecosystem", "6"),
            ("table.not_a_number", "7"),
            ("table.empty_number", "8"),
            ("table.out_of_bounds", "9"),
            ("table.out_of_bounds", "10"),
        ]
    )


def test_rows_of_units_and_notes_are_one_problem_each(tmp_path: Path) -> None:
    lines = [HEADER, ",,,万公顷,m3", *GOOD[1:], "注：数据来自统计年鉴,,,,"]
    assert refused(tmp_path, lines) == [("table.stray_row", "2"), ("table.stray_row", "5")]
    # A row of data that lacks its words is not taken for one.
    assert {id for id, _ in refused(tmp_path, [*GOOD, ",,,15,1"])} == {"table.empty"}


@pytest.mark.parametrize("written", ["呼和浩特", "呼和浩特盟", "包头县"])
def test_a_region_without_its_ending_is_asked_about(tmp_path: Path, written: str) -> None:
    with pytest.raises(LayerError) as caught:
        read(tmp_path, [HEADER, f"{written},2020,森林,15,300"])
    (problem,) = caught.value.problems
    assert problem.id == "table.near_region"
    assert problem.values["near"] == ["150200 包头市" if written.startswith("包头") else "150100 呼和浩特市"]


def test_a_file_without_anything_in_it(tmp_path: Path) -> None:
    assert [id for id, _ in refused(tmp_path, [""])] == ["table.no_rows"]


def test_a_workbook_that_is_none_or_cut_short(tmp_path: Path) -> None:
    book, path = openpyxl.Workbook(), tmp_path / "table.xlsx"
    assert book.active is not None
    for number in range(200):
        book.active.append([f"第 {number} 行", number])
    book.save(path)
    whole = path.read_bytes()
    for content in (b"", b"not a zip", whole[: len(whole) // 2], whole.replace(b"</row>", b"<row/>")):
        path.write_bytes(content)
        with pytest.raises(LayerError) as caught:
            table_states(TableLayer("yearbook", path, COLUMNS), REGIONS)
        assert [problem.id for problem in caught.value.problems] in (["table.unreadable"], ["table.no_column"])


def test_separators_and_full_width_digits_are_read_and_noted(tmp_path: Path) -> None:
    found = read(tmp_path, [HEADER, '150100,2020,森林,"1,500",', "150200,２０２０,森林,１５,"])
    assert found.states["area_ha"].tolist() == pytest.approx([1e6, 1e4])
    assert [(note.id, note.values["rows"]) for note in found.notes] == [("table.text_numbers", [2, 3])]


def test_duplicate_rows(tmp_path: Path) -> None:
    assert refused(tmp_path, [*GOOD, "150100,2020,森林,16,1"]) == [("table.duplicate", "4")]


def test_totals_are_compared_and_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, [*GOOD, "合计,2020,森林,45,300", "内蒙古自治区,2020,合计,45,"])
    assert len(found.states) == 2
    assert [(note.id, note.values["rows"]) for note in found.notes] == [("table.totals_left_out", [4, 5])]
    assert refused(tmp_path, [*GOOD, "合计,2020,森林,50,300"]) == [("table.total_differs", "4")]
    assert refused(tmp_path, [*GOOD, "合计,2021,森林,50,300"]) == [("table.total_without_parts", "4")]


def test_excel_with_a_title_above_the_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [
        ["2020 年森林资源"],
        HEADER.split(","),
        [150100, 2020, "森林", 15, 300],
        ["包头市", 2020, "森林", "30", None],
    ]:
        sheet.append(row)
    path = tmp_path / "table.xlsx"
    book.save(path)
    for header in (None, 2):
        found = table_states(TableLayer("yearbook", path, COLUMNS, header=header), REGIONS)
        assert found.states["area_ha"].tolist() == pytest.approx([10_000, 20_000])
        assert [note.id for note in found.notes] == ["table.header_found"] * (header is None)
    with pytest.raises(LayerError) as caught:
        table_states(TableLayer("yearbook", path, COLUMNS, header=1), REGIONS)
    (problem,) = caught.value.problems
    assert (problem.id, problem.values["better"]) == ("table.header_elsewhere", 2)
    book.create_sheet("另一张").append(["不是空的"])
    book.save(path)
    with pytest.raises(LayerError) as caught:
        table_states(TableLayer("yearbook", path, COLUMNS, header=2), REGIONS)
    assert caught.value.problems[0].id == "table.several_sheets"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"area": FieldSpec("面积")}, ["table.no_unit"]),
        ({"area": FieldSpec("面积", unit="t C")}, ["units.mismatch"]),
        ({"region": None}, ["table.no_role"]),
        ({"ecosystem": None}, ["table.no_land_class"]),
        ({"date": None}, ["table.no_date_role"]),
        ({"wonder": FieldSpec("蓄积")}, ["table.unknown_role"]),
        ({"area": FieldSpec("公顷数", unit="ha")}, ["table.no_column"]),
    ],
)
def test_columns_that_cannot_be(tmp_path: Path, columns: dict[str, Any], expected: list[str]) -> None:
    chosen = {role: spec for role, spec in {**COLUMNS, **columns}.items() if spec is not None}
    assert [id for id, _ in refused(tmp_path, GOOD, columns=chosen)] == expected


def test_a_column_is_found_whatever_the_spaces_in_its_name(tmp_path: Path) -> None:
    columns = {**COLUMNS, "area": FieldSpec("area (10^4 ha)", unit="10^4 ha")}
    states = read(tmp_path, [HEADER.replace("面积", "area  (10^4 ha)"), *GOOD[1:]], columns=columns).states
    assert states["area_ha"].tolist() == pytest.approx([150_000, 300_000])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        # An .xls of old whose name was changed, an empty file, a CSV with a quotation mark that is never closed.
        ("renamed.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
        ("empty.xlsx", b""),
        ("open.csv", HEADER.encode() + b'\n"' + b"x" * 200_000),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LayerError) as caught:
        table_states(TableLayer("yearbook", path, COLUMNS), REGIONS)
    assert [(problem.id, problem.where) for problem in caught.value.problems] == [("table.unreadable", str(path))]


def note_of(found: Any, id: str) -> Problem:
    (note,) = (note for note in found.notes if note.id == id)
    for language in ("zh", "en"):
        with using_language(language):
            assert str(note)
    return note


def test_a_region_without_rows_is_named_with_the_years_that_lack(tmp_path: Path) -> None:
    lines = [HEADER, "呼和浩特市,2020,森林,15,300", "呼和浩特市,2023,森林,15,300", "包头市,2023,森林,15,300"]
    note = note_of(read(tmp_path, lines), "table.regions_missing")
    assert note.values["regions"] == ["包头市 150200 (2020)"]
    assert not [n for n in read(tmp_path, GOOD).notes if n.id == "table.regions_missing"]


@pytest.mark.parametrize(
    ("unit", "cells", "id"),
    [
        ("%", ("0.7", "0.6"), "table.looks_like_fraction"),
        ("‰", ("0.7", "0.6"), "table.looks_like_fraction"),
        ("%", ("70", "0.6"), None),
        ("1", ("0.7", "0.6"), None),
        ("%", ("70%", "60%"), "table.percent_cells"),
        ("1", ("70%", "0.6"), "table.percent_cells"),
    ],
)
def test_shares_are_read_by_their_unit_and_doubts_are_said(
    tmp_path: Path, unit: str, cells: tuple[str, str], id: str | None
) -> None:
    columns = {**COLUMNS, "canopy_cover": FieldSpec("郁闭度", unit=unit)}
    lines = [f"{HEADER},郁闭度", f"呼和浩特市,2020,森林,15,300,{cells[0]}", f"包头市,2020,森林,15,300,{cells[1]}"]
    found = read(tmp_path, lines, columns=columns)
    assert [note.id for note in found.notes] == ([id] if id else [])
    if id:
        note_of(found, id)
    factor = {"%": 100, "‰": 1000, "1": 1}[unit]
    expected = [float(c[:-1]) / 100 if c.endswith("%") else float(c) / factor for c in cells]
    assert found.states["canopy_cover"].tolist() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("70", "60"), [("table.looks_like_percent", [2, 3])]),
        (("70", "0.6"), [("table.percent_and_fraction", [2])]),
        (("700", "0.6"), [("table.out_of_bounds", None)]),
        (("-70", "60"), [("table.looks_like_percent", [3]), ("table.out_of_bounds", None)]),
    ],
)
def test_shares_that_cannot_be_their_unit_are_refused(
    tmp_path: Path, cells: tuple[str, str], expected: list[tuple[str, Any]]
) -> None:
    columns = {**COLUMNS, "canopy_cover": FieldSpec("郁闭度", unit="1")}
    lines = [f"{HEADER},郁闭度", f"呼和浩特市,2020,森林,15,300,{cells[0]}", f"包头市,2020,森林,15,300,{cells[1]}"]
    with pytest.raises(LayerError) as caught:
        read(tmp_path, lines, columns=columns)
    assert [(p.id, p.values.get("rows")) for p in caught.value.problems] == expected


@pytest.mark.parametrize(
    ("field", "unit", "agrees"),
    [
        ("面积（万亩）", "万亩", True),
        ("面积(10^4 mu)", "万亩", True),
        ("面积（万亩）", "亩", False),
        ("面积（公顷）", "万公顷", False),
        ("面积[km2]", "ha", False),
        ("面积（2020）", "ha", True),
        ("面积（乔木林）", "ha", True),
    ],
)
def test_a_unit_in_the_name_of_a_column_has_to_agree(tmp_path: Path, field: str, unit: str, agrees: bool) -> None:
    columns = {**COLUMNS, "area": FieldSpec(field, unit=unit), "growing_stock": FieldSpec("蓄积", unit="m3/ha")}
    lines = [HEADER.replace("面积", field), "呼和浩特市,2020,森林,15,3"]
    if agrees:
        assert len(read(tmp_path, lines, columns=columns).states) == 1
    else:
        assert refused(tmp_path, lines, columns=columns)[0][0] == "table.unit_disagrees"


@pytest.mark.parametrize(
    ("role", "codes", "cell", "expected"),
    [
        # Those that a legend of this package is made for need no codes.
        ("climate_zone", None, "CTD", "CTD"),
        ("soil_class", None, "HAC", "HAC"),
        # Strata that methodologies ask for by words of their own.
        ("restoration", "as_written", "exclosure", "exclosure"),
        ("soil_group", "as_written", "栗钙土", "栗钙土"),
        ("depth", "as_written", "0-20", "0-20"),
        ("age_class", "as_written", "3.0", "3"),
    ],
)
def test_a_table_carries_every_stratum_that_a_raster_can(
    tmp_path: Path, role: str, codes: str | None, cell: str, expected: str
) -> None:
    columns = {**COLUMNS, role: FieldSpec("分层", codes=codes)}
    if codes is None:
        entry = next(entry for entry in load_legend(f"ipcc_{role}") if not entry.is_nodata)
        cell, expected = entry.text, entry.cls
    lines = [f"{HEADER},分层", f"呼和浩特市,2020,森林,15,300,{cell}", "包头市,2020,森林,15,300,"]
    assert read(tmp_path, lines, columns=columns).states[role].tolist() == [expected, "nodata"]


def test_a_stratum_without_codes_names_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(LayerError) as caught:
        read(tmp_path, GOOD, columns={**COLUMNS, "restoration": FieldSpec("蓄积")})
    (problem,) = caught.value.problems
    assert {"climate_zone", "soil_class", "species_group"} <= set(problem.values["strata"])
    assert {"ipcc_climate_zone", "ipcc_soil_class"} <= set(problem.values["lists"])
    assert "as_written" in str(problem)


def test_more_land_than_the_region_has_is_refused(tmp_path: Path) -> None:
    lines = [
        HEADER,
        "呼和浩特市,2020,森林,15,300",
        "呼和浩特市,2020,grassland,15,",
        "呼和浩特市,2023,森林,15,300",
        *GOOD[2:],
    ]
    found = read(tmp_path, lines)
    names = dict(zip(REGIONS["code"], REGIONS["name"], strict=True))
    # 15 x 10^4 mu are 10^4 ha; two classes of 2020 make 20,000.
    check_extent(found, "t.csv", names, {"150100": 20_000.0, "150200": 20_000.0})
    with pytest.raises(LayerError) as caught:
        check_extent(found, "t.csv", names, {"150100": 15_000.0, "150200": 19_000.0})
    problems = caught.value.problems
    assert [(p.id, p.where, p.values["code"], p.values["date"]) for p in problems] == [
        ("table.more_than_region", "t.csv", "150100", "2020"),
        ("table.more_than_region", "t.csv", "150200", "2020"),
    ]
    assert all(part in str(problems[0]) for part in ("呼和浩特市", "20,000", "15,000", "133"))
