"""Reports of a whole run open in an office program: pages, contents and numbers as in the file, nothing repaired."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import sinks
from sinks.output.report import write_html, write_reports
from sinks.output.report.words import amount
from sinks.vocabulary import ALL

SOFFICE, PDFTOTEXT = shutil.which("soffice"), shutil.which("pdftotext")


@pytest.fixture(scope="module")
def run(world: Any, tmp_path_factory: pytest.TempPathFactory) -> sinks.Run:
    return sinks.run(world.save(world.project(), tmp_path_factory.mktemp("reported") / "project.toml"))


@pytest.fixture(scope="module")
def reports(run: sinks.Run, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_reports(run.contents, tmp_path_factory.mktemp("reports"), annex=False)


def total(run: sinks.Run, code: str, quantity: str) -> str:
    account = run.account
    rows = account[(account["region_code"] == code) & (account["quantity"] == quantity)]
    rows = rows[(rows["ecosystem"] == ALL) & (rows["stratum"] == ALL) & (rows["pool"] == ALL)]
    return amount(float(rows.loc[rows["period"] == rows["period"].max(), "value"].iloc[0]))


def test_html_tells_the_totals_of_the_run(run: sinks.Run, tmp_path: Path) -> None:
    source = write_html(run.contents, tmp_path / "summary.html").read_text(encoding="utf-8")
    code = run.account["region_code"].iloc[0]
    assert f">{total(run, code, 'carbon_stock')}<" in source


@pytest.mark.skipif(SOFFICE is None or PDFTOTEXT is None, reason="LibreOffice or poppler is not installed")
def test_reports_open_and_hold_their_pages(run: sinks.Run, reports: list[Path], tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        str(SOFFICE),
        "--headless",
        profile,
        "--convert-to",
        "pdf",
        "--outdir",
        str(tmp_path),
        *map(str, reports),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    for report in reports:
        pdf = tmp_path / f"{report.stem}.pdf"
        shown = subprocess.run([str(PDFTOTEXT), "-layout", str(pdf), "-"], check=True, capture_output=True).stdout
        pages = shown.decode("utf-8").split("\f")
        whole = "".join(pages).replace(" ", "")
        code = report.stem.split()[0]
        # Page one is the result and what it rests on, page two begins with the contents.
        for head in ("含义", "主要假定", "使用须知", "编制单位"):
            assert head in pages[0], head
        assert pages[1].replace(" ", "").split("报告")[1].strip().startswith("目")
        assert total(run, code, "carbon_stock") in whole
        assert total(run, code, "net_removals").lstrip("-") in whole
        assert "Error" not in whole
        assert "错误" not in whole
        for number in range(1, 4):
            assert f"—{number}—" in pages[number - 1].replace(" ", "")
