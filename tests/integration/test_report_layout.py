"""Reports of real projects, as an office program lays them out: length, pages, contents, tables, words, sums, verdicts.

`make test` lays out the reports of Ordos in Chinese and of a city of Ningxia in English; `make pages` those of Ordos,
of the whole region and of Ningxia, each in both languages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn

import sinks
from sinks.output.report import write_reports

ROOT = Path(__file__).resolve().parents[2]
SOFFICE, PDFTOTEXT, PDFTOPPM = (shutil.which(name) for name in ("soffice", "pdftotext", "pdftoppm"))

MOST_PAGES = 12
UNITS = {
    "zh": {"万公顷", "万吨碳", "万吨CO2", "万吨CO2/年"},
    "en": {"1,000 ha", "kt C", "kt CO2", "kt CO2/yr"},
}
MET, NOT_MET = ("完成", "met"), ("未完成", "not met")
OWN = (
    ("强度下降（按本项目规则）", "目标进度要求的下降"),
    ("Reduction of intensity by the project's rule", "Reduction that the target path requires"),
)
"""What a region's own verdict rests on, in the table of its reductions."""
PACKAGES = re.compile(r"\b(numpy|pandas|pyproj|pyogrio|frykit|rasterio|shapely|geopandas|xarray)\b")
TEXT_WIDTH = {"report": 156, "annex": 225}
"""Width of the text block [mm], upright and lying."""


@dataclass(frozen=True)
class Case:
    """A region of a project and the language of its report."""

    project: str
    code: str
    lang: str

    def __str__(self) -> str:
        return f"{self.project}-{self.code}-{self.lang}"


SLICE = (Case("ordos", "150600", "zh"), Case("ningxia", "640400", "en"))
EVERY = tuple(
    Case(project, code, lang)
    for project, code in (
        *(("ordos", "150600"), ("demo", "150600"), ("demo", "150000")),
        *(("ningxia", "640000"), ("ningxia", "640400")),
    )
    for lang in ("zh", "en")
)


@cache
def made(project: str) -> sinks.Run:
    return sinks.run(ROOT / f"data/projects/{project}.toml")


CASES = EVERY if os.environ.get("SINKS_PAGES") else SLICE


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def files(case: Case, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    run = made(case.project)
    out = tmp_path_factory.mktemp(str(case))
    assessment = run.contents.tables.get("assessment")
    report, annex = write_reports(run.contents, out, regions=[case.code], lang=case.lang, assessment=assessment)
    return {"report": report, "annex": annex}


@pytest.fixture(scope="module")
def pdfs(files: dict[str, Path]) -> dict[str, Path]:
    if not (SOFFICE and PDFTOTEXT and PDFTOPPM):
        pytest.skip("LibreOffice or poppler is not installed")
    folder = files["report"].parent
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    convert = [str(SOFFICE), profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run([*convert, *map(str, files.values())], check=True, capture_output=True, timeout=300)
    return {kind: path.with_suffix(".pdf") for kind, path in files.items()}


def pages_of(pdf: Path) -> list[str]:
    shown = subprocess.run([str(PDFTOTEXT), "-layout", str(pdf), "-"], check=True, capture_output=True).stdout
    return shown.decode("utf-8").replace(" ", "").split("\f")[:-1]


def filled(pdf: Path, folder: Path) -> list[float]:
    """Of each page the share of its height between the margins that is used, from the top to the last ink."""
    subprocess.run(
        [str(PDFTOPPM), "-r", "25", "-gray", "-png", str(pdf), str(folder / pdf.stem)], check=True, timeout=120
    )
    found = []
    for image in sorted(folder.glob(f"{pdf.stem}-*.png")):
        grey = matplotlib.image.imread(image)
        tall = grey.shape[0]
        # Page head and foot stand outside the middle three quarters.
        body = grey[round(0.125 * tall) : round(0.87 * tall)]
        ink = np.nonzero((body < 0.8).any(axis=1))[0]
        found.append(float(ink.max() + 1) / body.shape[0] if len(ink) else 0.0)
    return found


def text_of(path: Path) -> str:
    return "\n".join(
        "".join(t.text or "" for t in p.iter(qn("w:t"))) for p in Document(str(path)).element.iter(qn("w:p"))
    )


def test_a_league_has_twelve_pages_and_none_is_half_empty(case: Case, pdfs: dict[str, Path], tmp_path: Path) -> None:
    shares = filled(pdfs["report"], tmp_path)
    # The whole region has twelve leagues in its tables, and a verdict for each.
    assert 4 < len(shares) <= MOST_PAGES + (case.code == "150000")
    assert [(page, share) for page, share in enumerate(shares[:-1], 1) if share < 1 / 3] == []


def test_the_annex_has_no_page_that_is_nearly_empty(pdfs: dict[str, Path], tmp_path: Path) -> None:
    shares = filled(pdfs["annex"], tmp_path)
    assert [(page, share) for page, share in enumerate(shares[:-1], 1) if share < 1 / 3] == []


@pytest.mark.parametrize("kind", ["report", "annex"])
def test_contents_name_the_page_on_which_a_heading_stands(pdfs: dict[str, Path], kind: str) -> None:
    pages = pages_of(pdfs[kind])
    listed = re.findall(
        r"^([一二三四五六七八]、[^.\n…]+?|[1-8][A-Z][^.\n…]+?)[.…]+(\d+)$", "\n".join(pages[:2]), re.MULTILINE
    )
    assert len(listed) == 8
    for heading, number in listed:
        assert re.search(rf"^{re.escape(heading)}$", pages[int(number) - 1], re.MULTILINE), (heading, number)


def test_page_one_is_the_result(case: Case, pdfs: dict[str, Path]) -> None:
    first = pages_of(pdfs["report"])[0]
    words = {
        "zh": ("碳储量", "含义", "主要假定", "使用须知", "编制单位"),
        "en": ("Carbonstock", "Whatitmeans", "Whatisassumed", "Beforeyouuse", "Issuedby"),
    }
    places = [first.index(word) for word in words[case.lang]]
    assert places == sorted(places)


@pytest.mark.parametrize("kind", ["report", "annex"])
def test_no_id_and_no_unknown_unit(case: Case, files: dict[str, Path], kind: str) -> None:
    text = text_of(files[kind])
    # Names of files, addresses and sections of the project file ([no_carbon]) are what they are, as are symbols.
    words = re.sub(r"\S*(://|\.tif|\.csv|\.json|\.gpkg|\.xlsx)\S*|\[[a-z_]+\]", "", text)
    assert set(re.findall(r"\b[a-z][a-z0-9]{2,}(?:_[A-Za-z0-9]+)+", words)) == set()
    assert set(re.findall(r"^(?:单位：|Unit: )(.+)$", text, re.MULTILINE)) <= UNITS[case.lang]
    assert not re.search(r"万ha|万tC|tCO2", text)
    if kind == "report":
        assert not PACKAGES.search(text)


def tables_of(path: Path) -> list[tuple[str, list[list[str]]]]:
    """Caption and rows of each table that has one."""
    found, caption = [], ""
    for node in Document(str(path)).element.body:
        text = "".join(part.text or "" for part in node.iter(qn("w:t")))
        if node.tag == qn("w:p") and re.match(r"(表|Table )\d", text):
            caption = text
        elif node.tag == qn("w:tbl") and caption:
            rows = [
                ["".join(part.text or "" for part in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))]
                for row in node.iter(qn("w:tr"))
            ]
            found.append((caption, rows))
            caption = ""
    return found


def number(text: str) -> Decimal:
    plain = text.replace(",", "")
    return Decimal(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else Decimal(0)


def test_printed_parts_add_up_to_printed_totals(case: Case, files: dict[str, Path]) -> None:
    """Tables of areas, transitions, ecosystems, pools and regions, downwards and across."""
    whole = {"zh": "合计", "en": "Total"}[case.lang]
    region = made(case.project).contents.regions.frame.set_index("code").loc[case.code, "name"]
    if case.lang == "en":
        region = pd.read_csv(ROOT / "sinks/vocabulary/region_names.csv", index_col="zh")["en"].get(region, region)
    seen, faults = 0, []
    for caption, (head, *rows) in tables_of(files["report"]):
        last = rows[-1][0]
        if last not in (whole, region) or len({row[0] for row in rows}) < len(rows):
            continue
        sums = [place for place, name in enumerate(head) if place and "95" not in name]
        seen += 1
        for place in sums:
            if rows[-1][place] != "—" and sum(number(row[place]) for row in rows[:-1]) != number(rows[-1][place]):
                faults.append((caption, head[place]))
        if whole in head:
            end = head.index(whole)
            faults += [
                (caption, row[0])
                for row in rows
                if row[end] != "—" and sum(map(number, row[1:end])) != number(row[end])
            ]
    assert seen >= 6
    assert faults == []


def test_printed_decimals_carry_the_verdict(case: Case, files: dict[str, Path]) -> None:
    """Of the regions inside, in a line each; of the region itself, where it has a target, in two lines of its table."""
    contents = made(case.project).contents
    assessed = contents.tables.get("assessment")
    verdicts: dict[str, float] = {}
    if assessed is not None:
        last = assessed[(assessed["quantity"] == "verdict") & (assessed["year"] == assessed["year"].max())]
        verdicts = dict(zip(last["region_code"], last["value"].astype(float), strict=True))
    seen = 0
    for caption, (head, *rows) in tables_of(files["report"]):
        cells = {row[0]: row[1] for row in rows}
        own = [cells[name].strip("%") for pair in OWN for name in pair if name in cells]
        if len(own) == 2 and verdicts.get(case.code) in (1.0, -1.0):
            seen += 1
            assert (Decimal(own[0]) >= Decimal(own[1])) is (verdicts[case.code] == 1.0), (caption, own)
        if head[-1] not in ("判定", "Verdict"):
            continue
        for row in rows:
            printed = row[-3:-1]
            if not all(text.endswith("%") for text in printed):
                continue
            seen += 1
            reached, required = (Decimal(text.strip("%")) for text in printed)
            assert row[-1] not in MET or reached >= required, (caption, row)
            assert row[-1] not in NOT_MET or reached < required, (caption, row)
    frame = contents.regions.frame
    told = {case.code, *frame.loc[frame["parent"] == case.code, "code"]} & set(verdicts)
    assert bool(seen) is bool(told)


@pytest.mark.parametrize("case", [one for one in CASES if one.lang == "en"], ids=str, indirect=True, scope="module")
@pytest.mark.parametrize("kind", ["report", "annex"])
def test_an_english_report_has_chinese_in_names_only(case: Case, files: dict[str, Path], kind: str) -> None:
    contents = made(case.project).contents

    def nameless(text: str) -> str:
        for name in contents.regions.frame["name"]:
            text = text.replace(str(name), "")
        return text

    text = nameless(text_of(files[kind]))
    # Two terms of the office stand beside their English on maps and in heads; documents keep their titles.
    for words in ("示范数据", "内部工作用图", "审图号"):
        text = text.replace(words, "")
    # Documents of the assessment's figures are as the user's tables name them.
    table = contents.tables.get("assessment")
    given = set() if table is None else {nameless(one).strip() for note in (
        table.loc[(table["basis"] == "given") & (table["quantity"] != "expected_total"), "note"]
    ) for one in str(note).splitlines()}  # fmt: skip
    lines = [line for line in text.splitlines() if re.search("[\u4e00-\u9fff]", line)]
    assert [line for line in lines if not re.match(r"\[\d+\]", line) and line.strip() not in given] == []


@pytest.mark.parametrize("kind", ["report", "annex"])
def test_no_table_is_wider_than_the_page(files: dict[str, Path], kind: str) -> None:
    most = TEXT_WIDTH[kind] / 25.4 * 1440 + 10
    tables: Any = list(Document(str(files[kind])).element.iter(qn("w:tbl")))
    assert tables
    for table in tables:
        assert sum(int(column.get(qn("w:w"))) for column in table.iter(qn("w:gridCol"))) <= most
