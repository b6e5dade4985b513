"""The report of a real project, as an office program lays it out: length, pages, contents, tables, words."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from docx import Document
from docx.oxml.ns import qn

import sinks

ROOT = Path(__file__).resolve().parents[2]
SOFFICE, PDFTOTEXT, PDFTOPPM = (shutil.which(name) for name in ("soffice", "pdftotext", "pdftoppm"))

MOST_PAGES = 12
UNITS = {"万公顷", "万吨碳", "万吨CO2", "万吨CO2/年"}
PACKAGES = re.compile(r"\b(numpy|pandas|pyproj|pyogrio|frykit|rasterio|shapely|geopandas|xarray)\b")
TEXT_WIDTH = {"report": 156, "annex": 225}
"""Width of the text block [mm], upright and lying."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    run = sinks.run(ROOT / "data/projects/ordos.toml")
    report, annex = run.report("150600", out=tmp_path_factory.mktemp("ordos"))
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


def test_a_league_has_twelve_pages_and_none_is_half_empty(pdfs: dict[str, Path], tmp_path: Path) -> None:
    shares = filled(pdfs["report"], tmp_path)
    assert 4 < len(shares) <= MOST_PAGES
    assert [(page, share) for page, share in enumerate(shares[:-1], 1) if share < 1 / 3] == []


def test_the_annex_has_no_page_that_is_nearly_empty(pdfs: dict[str, Path], tmp_path: Path) -> None:
    shares = filled(pdfs["annex"], tmp_path)
    assert [(page, share) for page, share in enumerate(shares[:-1], 1) if share < 1 / 3] == []


@pytest.mark.parametrize("kind", ["report", "annex"])
def test_contents_name_the_page_on_which_a_heading_stands(pdfs: dict[str, Path], kind: str) -> None:
    pages = pages_of(pdfs[kind])
    listed = re.findall(r"^([一二三四五六七八]、[^.\n…]+?)[.…]+(\d+)$", "\n".join(pages[:2]), re.MULTILINE)
    assert len(listed) == 8
    for heading, number in listed:
        assert re.search(rf"^{re.escape(heading)}$", pages[int(number) - 1], re.MULTILINE), (heading, number)


def test_page_one_is_the_result(pdfs: dict[str, Path]) -> None:
    first = pages_of(pdfs["report"])[0]
    places = [first.index(words) for words in ("碳储量", "含义", "主要假定", "使用须知", "编制单位")]
    assert places == sorted(places)


@pytest.mark.parametrize("kind", ["report", "annex"])
def test_no_id_and_no_unknown_unit(files: dict[str, Path], kind: str) -> None:
    text = text_of(files[kind])
    # Names of files, addresses and sections of the project file ([no_carbon]) are what they are, as are symbols.
    words = re.sub(r"\S*(://|\.tif|\.csv|\.json|\.gpkg|\.xlsx)\S*|\[[a-z_]+\]", "", text)
    assert set(re.findall(r"\b[a-z][a-z0-9]{2,}(?:_[A-Za-z0-9]+)+", words)) == set()
    assert set(re.findall(r"^单位：(.+)$", text, re.MULTILINE)) <= UNITS
    assert not re.search(r"万ha|万tC|tCO2", text)
    if kind == "report":
        assert not PACKAGES.search(text)


@pytest.mark.parametrize("kind", ["report", "annex"])
def test_no_table_is_wider_than_the_page(files: dict[str, Path], kind: str) -> None:
    most = TEXT_WIDTH[kind] / 25.4 * 1440 + 10
    tables: Any = list(Document(str(files[kind])).element.iter(qn("w:tbl")))
    assert tables
    for table in tables:
        assert sum(int(column.get(qn("w:w"))) for column in table.iter(qn("w:gridCol"))) <= most
