"""Twenty figures drawn at random from account, report, workbook and map are followed to table, row and page."""

from __future__ import annotations

import random
import re
from math import isclose, isfinite
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

import sinks
from sinks.analysis.tracing import as_printed
from sinks.errors import RunError
from sinks.output.map.content import page_content
from sinks.output.report import write_reports
from sinks.text import using_language
from sinks.vocabulary import ALL

SEED, EACH = 20261130, 5
NUMBER = re.compile(r"-?\d+\.\d\d")


@pytest.fixture(scope="module")
def run(world: Any, tmp_path_factory: pytest.TempPathFactory) -> sinks.Run:
    return sinks.run(world.save(world.project(), tmp_path_factory.mktemp("traced") / "project.toml"))


@pytest.fixture(scope="module")
def asked(run: sinks.Run, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a reader would type: five figures of each output, as they stand there."""
    folder, drawn = tmp_path_factory.mktemp("outputs"), random.Random(SEED)
    found: list[str] = []
    with using_language("zh"):
        outputs = (
            of_account(run.account),
            of_report(write_reports(run.contents, folder, annex=False)[0]),
            of_workbook(run.write(folder / "run") / "account.xlsx"),
            of_map(run),
        )
    for figures in outputs:
        assert len(figures) >= EACH
        found += drawn.sample(sorted(figures), EACH)
    return found


def of_account(account: pd.DataFrame) -> set[str]:
    known = account["value"].notna() & (account["value"] != 0)
    return {f"account.csv:{row}" for row, there in enumerate(known, 2) if there}


def of_report(path: Path) -> set[str]:
    found, unit = set(), ""
    for node in Document(str(path)).element.body:
        text = "".join(part.text or "" for part in node.iter(qn("w:t")))
        if node.tag == qn("w:p") and text.startswith("单位："):
            unit = text.removeprefix("单位：")
        elif node.tag == qn("w:tbl") and unit in ("万吨碳", "万吨CO2/年"):
            cells = ("".join(t.text or "" for t in cell.iter(qn("w:t"))) for cell in node.iter(qn("w:tc")))
            found |= {cell + unit for cell in cells if NUMBER.fullmatch(cell) and float(cell)}
            unit = ""
    return found


def of_workbook(path: Path) -> set[str]:
    sheet = load_workbook(path)["汇总"]
    head, *rows = [row for row in sheet.iter_rows(values_only=True) if row and row[0] is not None]
    while "（" not in "".join(map(str, head)):
        head, *rows = rows
    units = [re.search(r"（(万[^）]+)）", str(cell)) for cell in head]
    return {
        f"{cell:.2f}{unit[1]}"
        for row in rows
        for cell, unit in zip(row, units, strict=True)
        if unit and isinstance(cell, float) and round(cell, 2)
    }


def of_map(run: sinks.Run) -> set[str]:
    rows = pd.DataFrame(page_content(run.contents, None)["rows"]["value"], columns=["value"]).dropna()
    return {f"{value / 1e4:.2f}" for value in rows["value"] if round(value / 1e4, 2)}


def test_each_figure_is_found_adds_up_and_leads_to_rows_and_pages(run: sinks.Run, asked: list[str]) -> None:
    assert len(asked) == 4 * EACH
    account, sources = run.account, set(run.contents.sources["key"])
    for text in asked:
        traced = run.trace(text)
        first = traced.figures.iloc[0]
        # The row that is named is the row of the file, and prints as what was asked for.
        assert account.iloc[int(first["row"]) - 2][first["end"]] == first[first["end"]]
        if (printed := as_printed(text)) is not None:
            assert any(low <= abs(first[first["end"]]) * (1 + 1e-12) for low, _ in printed.ranges), text
        total = account.iloc[int(first["row"]) - 2]["value"]
        if isfinite(total):
            assert isclose(traced.parts["value"].sum(), total, rel_tol=1e-9, abs_tol=1e-6), text
        assert not set(traced.parts["pool"]) - {ALL} or ALL not in set(traced.parts["pool"])
        if first["quantity"] in ("carbon_stock", "net_removals"):
            rows = traced.parameters
            assert len(rows), text
            assert rows["file"].astype(bool).all()
            assert (rows["row"] >= 2).all()
            assert set(rows["source"]) <= sources
            assert set(rows["methodology"]) <= {id for cell in traced.parts["methodology"] for id in cell.split("+")}
        assert len(traced.files)


def test_words_and_a_row_ask_for_the_same_figure(run: sinks.Run) -> None:
    account = run.account.reset_index(drop=True)
    totals = account[(account["ecosystem"] == ALL) & (account["stratum"] == ALL) & (account["pool"] == ALL)]
    row = totals[totals["quantity"] == "carbon_stock"].iloc[-1]
    for words in (
        f"{row['region_code']}/carbon_stock/{row['period']}",
        f"{row['period']}/碳储量/{row['region_name']}",
        f"account.csv:{row.name + 2}",
    ):
        figures = run.trace(words).figures
        assert list(figures["row"]) == [row.name + 2], words


def test_a_figure_that_is_not_there_is_refused(run: sinks.Run) -> None:
    for text in ("123456789.12亿吨碳", "account.csv:1", "no such thing", "5 metres", "", " ", "/"):
        with pytest.raises(RunError) as caught:
            run.trace(text)
        assert [problem.id for problem in caught.value.problems] == ["output.trace_nothing"]


def test_it_is_said_in_words(run: sinks.Run) -> None:
    said = str(run.trace("account.csv:2"))
    assert run.account["region_name"].iloc[0] in said
    assert "above_ground_biomass" not in said
