"""The opinion on a new project, on one page of Word: what it would do, to whom, and which reductions come first."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from docx import Document
from docx.document import Document as Page
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from sinks.assessment.admission import EVERY, Admission, opinion_lines
from sinks.assessment.words import word
from sinks.output.report.word.package import timeless
from sinks.results import atomic
from sinks.text import language

_FACES = {"zh": ("Times New Roman", "仿宋"), "en": ("Times New Roman", "Times New Roman")}
_MARGIN, _BODY, _SMALL = Mm(22), Pt(11), Pt(9)


def write_opinions(found: Admission, out: Path) -> list[Path]:
    """Write one page for each project of an admission.

    Parameters
    ----------
    found : Admission
    out : Path
        A folder, made when missing.

    Returns
    -------
    list of Path
        ``opinion_<project>.docx``.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    projects = [id for id in dict.fromkeys(found.opinions["project_id"]) if id != EVERY]
    made = []
    for number, id in enumerate(projects, 1):
        name = re.sub(r"[^\w.-]+", "_", str(id)).strip("._") or str(number)
        path = out / f"opinion_{name}.docx"
        if path in made:
            path = out / f"opinion_{name}_{number}.docx"
        atomic.write_file(path, _page(found, str(id)))
        made.append(path)
    return made


def _page(found: Admission, id: str) -> bytes:
    document = Document()
    _style(document)
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(word("admission.title"))
    run.bold, run.font.size = True, Pt(16)
    document.add_paragraph(word("admission.project", id=id))
    for sentence, rows in opinion_lines(found, id):
        document.add_paragraph(sentence)
        head = ["", word("column.before"), word("column.after"), word("column.unit")]
        table = document.add_table(0, len(head), style="Table Grid")
        for cells in [head, *rows]:
            for cell, text in zip(table.add_row().cells, cells, strict=True):
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after = Pt(0)
                paragraph.add_run(text).font.size = _SMALL
    for line in found.said():
        document.add_paragraph().add_run(line).font.size = _SMALL
    buffer = BytesIO()
    document.save(buffer)
    return timeless(buffer.getvalue())


def _style(document: Page) -> None:
    """Margins and type, and no date of writing, so that the same opinion gives the same bytes."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = _MARGIN
    latin, eastern = _FACES[language()]
    style = document.styles["Normal"]
    style.font.name, style.font.size = latin, _BODY
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), eastern)
    style.paragraph_format.space_after = Pt(4)
