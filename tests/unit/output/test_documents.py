"""Word files and workbooks keep to the schema of their format in order and places; the red head is the project's.

No validator of the Open XML SDK runs here without .NET; what Word refuses most often is checked by name: the order of
properties (ISO/IEC 29500-1, A.1), ids that are there once, relations whose parts are there, cells that end in a
paragraph.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from lxml import etree
from openpyxl import load_workbook

from sinks.output.report import write_reports
from sinks.results.workbook import write_workbook
from sinks.text import LANGUAGES, using_language
from support.finished_run import make_contents

ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs"
    " suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE autoSpaceDN bidi adjustRightInd"
    " snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc textDirection textAlignment"
    " textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange",
    "rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid"
    " vanish webHidden color spacing w kern position sz szCs highlight u effect bdr shd fitText vertAlign rtl cs em"
    " lang eastAsianLayout specVanish oMath",
    "tblPr": "tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc tblCellSpacing"
    " tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption tblDescription",
    "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign hideMark",
    "sectPr": "headerReference footerReference footnotePr endnotePr type pgSz pgMar paperSrc pgBorders lnNumType"
    " pgNumType cols formProt vAlign noEndnote titlePg textDirection bidi rtlGutter docGrid",
    "style": "name aliases basedOn next link autoRedefine hidden uiPriority semiHidden unhideWhenUsed qFormat locked"
    " personal personalCompose personalReply rsid pPr rPr tblPr trPr tcPr tblStylePr",
    "tbl": "tblPr tblGrid tr",
}


def out_of_order(root: Any) -> set[str]:
    """Children that stand where the schema does not allow them, or that it does not know there."""
    found: set[str] = set()
    for parent, text in ORDER.items():
        places = {name: number for number, name in enumerate(text.split())}
        places |= {"footerReference": 0} if parent == "sectPr" else {}
        for node in root.iter(qn(f"w:{parent}")):
            names = [etree.QName(child).localname for child in node]
            found |= {f"{parent}/{name}" for name in names if name not in places}
            known = [places[name] for name in names if name in places]
            if known != sorted(known):
                found.add(f"{parent}: {' '.join(names)}")
    return found


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    record = make_contents().record
    project = dict(record.get("project") or {})
    head = {"issuer": "某市生态环境局", "number": "某环发〔2026〕7号", "date": "2026-07-01"}
    project["project"] = dict(project.get("project") or {}) | {"red_head": head}
    contents = make_contents(record=record | {"project": project})
    folder = tmp_path_factory.mktemp("documents")
    return [path for lang in LANGUAGES for path in write_reports(contents, folder / lang, lang=lang)]


def test_children_stand_in_the_order_of_the_schema(documents: list[Path]) -> None:
    found: set[str] = set()
    for path in documents:
        with zipfile.ZipFile(path) as package:
            for name in package.namelist():
                if name.startswith("word/") and name.endswith(".xml") and "theme" not in name:
                    found |= {
                        f"{path.name} {name}: {fault}" for fault in out_of_order(etree.fromstring(package.read(name)))
                    }
    assert found == set()


def test_ids_are_there_once_and_relations_lead_somewhere(documents: list[Path]) -> None:
    for path in documents:
        body = Document(str(path)).element.body
        for tag, key in (("w:bookmarkStart", "w:id"), ("w:bookmarkStart", "w:name")):
            ids = [node.get(qn(key)) for node in body.iter(qn(tag))]
            assert len(ids) == len(set(ids)), (path.name, key)
        assert all(cell[-1].tag == qn("w:p") for cell in body.iter(qn("w:tc")))
        with zipfile.ZipFile(path) as package:
            names = set(package.namelist())
            relations = etree.fromstring(package.read("word/_rels/document.xml.rels"))
            inside = [one.get("Target") for one in relations if one.get("TargetMode") != "External"]
            assert {f"word/{target}".replace("word/../", "").replace("word//", "") for target in inside} <= names
            used = set(
                etree.fromstring(package.read("word/document.xml")).xpath(
                    "//@r:embed | //@r:id",
                    namespaces={"r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships"},
                )
            )
            assert used <= {one.get("Id") for one in relations}


def test_the_red_head_is_what_the_project_says(documents: list[Path]) -> None:
    for path in documents:
        texts = [paragraph.text for paragraph in Document(str(path)).paragraphs]
        if "附件" in path.name or "annex" in path.name:
            assert "某市生态环境局" not in texts
            continue
        assert texts[:2] == ["某市生态环境局", "某环发〔2026〕7号"]
        assert any("2026年7月1日" in text or text == "2026-07-01" for text in texts)


def test_without_a_red_head_nothing_is_made_up(tmp_path: Path) -> None:
    first = write_reports(make_contents(), tmp_path, annex=False)[0]
    assert Document(str(first)).paragraphs[0].style.name == "Title"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_is_read_without_a_complaint(tmp_path: Path, lang: str) -> None:
    with using_language(lang):
        write_workbook(make_contents(), tmp_path / "account.xlsx")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = load_workbook(tmp_path / "account.xlsx")
        again = io.BytesIO()
        book.save(again)
    assert load_workbook(again).sheetnames == book.sheetnames
    assert all(len(name) <= 31 for name in book.sheetnames)
