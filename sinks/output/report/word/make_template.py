"""Makes the two Word templates: ``python -m sinks.output.report.word.make_template``.

The templates are made by this script so that a change of them can be read in a diff; a bureau edits a copy in Word.
Page, type and headings follow GB/T 9704-2012 (Layout key for official document of Party and government organs): margins
of 37 mm above and 28 mm left, a text block of 156 mm x 225 mm, body in 仿宋 size 3 (16 pt), first-level headings in
黑体, second-level in 楷体, title in 小标宋 size 2 (22 pt), page number in 宋体 size 4 (14 pt) between dashes, outside
on facing pages.  Words come from ``report_labels.csv`` (keys ``template.*``).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docx import Document
from docx.document import Document as Doc
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from sinks.output.report.word.outline import ANNEX, OUTLINE, Part
from sinks.output.report.word.package import timeless
from sinks.output.report.words import word
from sinks.text import LANGUAGES, language, using_language


@dataclass(frozen=True)
class Type:
    """Typefaces of one language: names for Chinese and for Latin text."""

    title: str
    body: str
    heading1: str
    heading2: str
    page: str
    latin: str
    latin_heading: str


TYPES = {
    "zh": Type("方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体", "Times New Roman", "Times New Roman"),
    "en": Type("宋体", "宋体", "宋体", "宋体", "宋体", "Times New Roman", "Arial"),
}
# Current Windows and WPS have 仿宋 and 楷体 under their new names only; Word looks up these substitutes by itself.
SUBSTITUTES = {"仿宋_GB2312": "仿宋", "楷体_GB2312": "楷体", "方正小标宋简体": "华文中宋"}

SIZE_2, SIZE_3, SIZE_4, SIZE_5 = Pt(22), Pt(16), Pt(14), Pt(10.5)
LINE = Pt(28.9)
"""22 lines on a text block of 225 mm (GB/T 9704-2012, 5.2.3)."""


def make_template() -> bytes:
    """The template of the report in the present language."""
    document = Document()
    _styles(document, TYPES[language()])
    _page(document.sections[0])
    _summary_page(document)
    _contents(document, on_new_page=True)
    _parts(document, OUTLINE)
    return _finished(document)


def make_annex() -> bytes:
    """The template of the technical annex in the present language; its wide tables want pages on their side."""
    document = Document()
    _styles(document, TYPES[language()], body=SIZE_5)
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin, section.right_margin, section.top_margin, section.bottom_margin = (
        Mm(37),
        Mm(35),
        Mm(26),
        Mm(28),
    )
    _head(document)
    _contents(document)
    _parts(document, ANNEX)
    return _finished(document)


def _finished(document: Doc) -> bytes:
    document.settings.odd_and_even_pages_header_footer = True
    # Word works out page numbers when the document is opened, and asks before it does.
    document.settings.element.append(parse_xml(f'<w:updateFields {nsdecls("w")} w:val="true"/>'))
    _page_numbers(document)
    _fonts(document)
    document.core_properties.author = ""
    document.core_properties.title = word("template.name")
    document.core_properties.comments = word("template.how")
    buffer = io.BytesIO()
    document.save(buffer)
    return timeless(buffer.getvalue())


def main() -> None:
    """Write the templates of both languages beside this script."""
    for lang in LANGUAGES:
        with using_language(lang):
            Path(__file__).with_name(f"template_{lang}.docx").write_bytes(make_template())
            Path(__file__).with_name(f"annex_{lang}.docx").write_bytes(make_annex())


def _page(section: Any) -> None:
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)


def _head(document: Doc) -> None:
    document.add_paragraph("{{ title }}", style="Title")
    document.add_paragraph("{{ subtitle }}", style="Subtitle")


def _summary_page(document: Doc) -> None:
    """What a chief reads: three figures, what they mean, what they rest on, what is open, who says so and when."""
    document.add_paragraph("{{p red_head }}", style="Red Number")
    _head(document)
    document.add_paragraph("{{p summary_notice }}", style="Notice")
    document.add_paragraph("{{p key_figures }}", style="Summary Text")
    for title, tag in (("meaning", "meaning_text"), ("assumed", "assumed_text"), ("warnings", "warnings_text")):
        document.add_paragraph(word(f"template.{title}"), style="Summary Head")
        document.add_paragraph(f"{{{{p {tag} }}}}", style="Summary Text")
    document.add_paragraph("{{ issuer }}", style="Signature")
    document.add_paragraph("{{ date }}", style="Signature")


def _contents(document: Doc, *, on_new_page: bool = False) -> None:
    title = document.add_paragraph(word("template.contents"), style="Contents Title")
    # A break in a paragraph of its own makes an empty page when the page before it is full to the last line.
    title.paragraph_format.page_break_before = on_new_page
    line = document.add_paragraph(style="TOC 1")
    for kind, text in (
        ("begin", ""),
        ("", ' TOC \\o "1-1" \\h \\z '),
        ("separate", ""),
        ("text", "…"),
        ("end", ""),
    ):
        line._p.append(_field_run(kind, text))


def _field(line: Any, code: str, shown: str) -> None:
    for kind, text in (("begin", ""), ("", code), ("separate", ""), ("text", shown), ("end", "")):
        line._p.append(_field_run(kind, text))


def _field_run(kind: str, text: str) -> Any:
    run = OxmlElement("w:r")
    if kind == "text":
        shown = OxmlElement("w:t")
        shown.text = text
        run.append(shown)
    elif kind:
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        run.append(mark)
    else:
        code = OxmlElement("w:instrText")
        code.text = text
        code.set(qn("xml:space"), "preserve")
        run.append(code)
    return run


def _parts(document: Doc, parts: Sequence[Part]) -> None:
    for kind, name in parts:
        if kind == "block":
            document.add_paragraph(f"{{{{p {name} }}}}", style="Body Text")
        else:
            style = "Heading 1" if kind == "heading1" else "Heading 2"
            document.add_paragraph(word(f"template.{name}"), style=style)


def _page_numbers(document: Doc) -> None:
    """— 1 — outside on facing pages."""
    first = document.sections[0]
    for footer, side in ((first.footer, ALIGN.RIGHT), (first.even_page_footer, ALIGN.LEFT)):
        line = footer.paragraphs[0]
        line.style = document.styles["Footer"]
        line.alignment = side
        line.add_run("— ")
        _field(line, " PAGE ", "1")
        line.add_run(" —")
    for header in (first.header, first.even_page_header):
        line = header.paragraphs[0]
        line.style = document.styles["Header"]
        line.add_run("{{ page_head }}")


def _styles(document: Doc, faces: Type, *, body: Pt | None = None) -> None:
    """Styles of a document; ``body`` sets a smaller text than the standard's, for the annex."""
    styles = document.styles
    _look(styles["Normal"], faces.body, faces.latin, SIZE_5)
    _spacing(styles["Normal"])
    zh = language() == "zh"
    text = styles["Body Text"]
    _look(text, faces.body, faces.latin, body or (SIZE_3 if zh else Pt(12)), align=ALIGN.JUSTIFY)
    _spacing(text, line=LINE if zh and body is None else None, after=0 if zh else 6)
    _indent(text)
    _look(styles["Title"], faces.title, faces.latin_heading, SIZE_2, align=ALIGN.CENTER, bold=language() == "en")
    _spacing(styles["Title"], after=6)
    _without_border(styles["Title"])
    _look(styles["Subtitle"], faces.heading2, faces.latin, SIZE_4, align=ALIGN.CENTER)
    _spacing(styles["Subtitle"], after=10)
    _heading(styles["Heading 1"], faces.heading1, faces, bold=False)
    _heading(styles["Heading 2"], faces.heading2, faces, bold=False)
    _heading(styles["Heading 3"], faces.body, faces, bold=True)
    _caveats(document, faces)
    _look(_new(document, "Contents Title"), faces.heading1, faces.latin_heading, SIZE_4, align=ALIGN.CENTER)
    _spacing(styles["Contents Title"], before=12, after=4)
    _look(_new(document, "TOC 1"), faces.body, faces.latin, SIZE_4)
    _spacing(styles["TOC 1"], line=Pt(24))
    styles["TOC 1"].paragraph_format.tab_stops.add_tab_stop(
        Mm(156 if body is None else 225), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
    )
    _summary(document, faces)
    _look(styles["Footer"], faces.page, "宋体" if language() == "zh" else faces.latin, SIZE_4)
    _look(styles["Header"], faces.body, faces.latin, Pt(9), align=ALIGN.CENTER, colour="666666")
    _tables_and_figures(document, faces)


def _caveats(document: Doc, faces: Type) -> None:
    for name, face, size, align in (
        ("Caveat Title", faces.heading1, SIZE_4, ALIGN.CENTER),
        ("Caveat", faces.body, Pt(12), ALIGN.JUSTIFY),
    ):
        style = _new(document, name)
        _look(style, face, faces.latin, size, align=align)
        _spacing(style, line=Pt(19))
        _border(style, ("top", "left", "bottom", "right"), 8, "B00000")
    document.styles["Caveat Title"].font.color.rgb = RGBColor(0xB0, 0, 0)
    document.styles["Caveat Title"].paragraph_format.keep_with_next = True


def _border(style: Any, sides: Sequence[str], eighths: int, colour: str) -> None:
    """Lines round the paragraphs of a style, ``eighths`` of a point thick."""
    lines = "".join(f'<w:{side} w:val="single" w:sz="{eighths}" w:space="4" w:color="{colour}"/>' for side in sides)
    properties = style.element.get_or_add_pPr()
    border = parse_xml(f"<w:pBdr {nsdecls('w')}>{lines}</w:pBdr>")
    # Word insists on the order of the schema: what stands before a border in it stays before it.
    ahead = ("keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl", "numPr", "suppressLineNumbers")
    place = sum(1 for child in properties if child.tag in {qn(f"w:{name}") for name in ahead})
    properties.insert(place, border)


def _summary(document: Doc, faces: Type) -> None:
    """Styles of page one, smaller than the body so that all of it stands on one page."""
    zh = language() == "zh"
    looks: Sequence[tuple[str, str, Pt, ALIGN, str, bool]] = (
        ("Summary Head", faces.heading1, Pt(14) if zh else Pt(12), ALIGN.LEFT, "0B6B4F", not zh),
        ("Summary Text", faces.body, Pt(12) if zh else Pt(10.5), ALIGN.JUSTIFY, "000000", False),
        ("Notice", faces.heading1, Pt(12) if zh else Pt(10.5), ALIGN.CENTER, "B00000", not zh),
        ("Key Title", faces.body, Pt(11) if zh else Pt(10), ALIGN.CENTER, "333333", False),
        ("Key Figure", faces.heading1, Pt(16) if zh else Pt(15), ALIGN.CENTER, "0B6B4F", True),
        ("Key Remark", faces.body, Pt(10.5) if zh else Pt(9.5), ALIGN.CENTER, "333333", False),
        ("Signature", faces.body, SIZE_4 if zh else Pt(12), ALIGN.RIGHT, "000000", False),
        ("Formula", "宋体", SIZE_5, ALIGN.LEFT, "000000", False),
    )
    for name, face, size, align, colour, bold in looks:
        _look(_new(document, name), face, faces.latin, size, align=align, colour=colour, bold=bold)
    styles = document.styles
    _spacing(styles["Summary Head"], before=10, after=3)
    styles["Summary Head"].paragraph_format.keep_with_next = True
    _spacing(styles["Summary Text"], line=Pt(20) if zh else Pt(14.5), after=1)
    _spacing(styles["Notice"], after=8)
    _spacing(styles["Key Title"], before=4, after=4)
    _spacing(styles["Key Remark"], before=4, after=4)
    _spacing(styles["Signature"], before=6)
    # GB/T 9704-2012, 7.2.4 to 7.2.7: issuer in red above the number, a red line as wide as the text below it.
    for name, face, size, colour in (
        ("Red Issuer", faces.title, Pt(36), "E60012"),
        ("Red Number", faces.body, SIZE_3, "000000"),
    ):
        _look(_new(document, name), face, faces.latin, size, align=ALIGN.CENTER, colour=colour)
        _spacing(styles[name], after=6)
    _border(styles["Red Number"], ("bottom",), 12, "E60012")
    _spacing(styles["Formula"], before=1, after=3)
    styles["Formula"].paragraph_format.left_indent = Mm(12)


def _tables_and_figures(document: Doc, faces: Type) -> None:
    styles = document.styles
    _look(styles["Caption"], faces.heading1, faces.latin_heading, SIZE_5, align=ALIGN.CENTER)
    _spacing(styles["Caption"], before=8, after=3)
    styles["Caption"].paragraph_format.keep_with_next = True
    _look(_new(document, "Figure Caption"), faces.heading1, faces.latin_heading, SIZE_5, align=ALIGN.CENTER)
    _spacing(styles["Figure Caption"], before=2, after=10)
    _look(_new(document, "Figure"), faces.body, faces.latin, SIZE_5, align=ALIGN.CENTER)
    _spacing(styles["Figure"], before=8)
    styles["Figure"].paragraph_format.keep_with_next = True
    for name, align in (("Table Head", ALIGN.CENTER), ("Table Text", ALIGN.LEFT), ("Table Number", ALIGN.RIGHT)):
        face = "宋体" if language() == "zh" else faces.body
        _look(_new(document, name), face, faces.latin, Pt(9.5), align=align, bold=name == "Table Head")
        _spacing(styles[name], before=1, after=1)
    styles["Table Head"].paragraph_format.keep_with_next = True
    _look(_new(document, "Table Unit"), faces.body, faces.latin, Pt(9), align=ALIGN.RIGHT)
    styles["Table Unit"].paragraph_format.keep_with_next = True
    _look(_new(document, "Table Note"), faces.body, faces.latin, Pt(9), align=ALIGN.LEFT)
    _spacing(styles["Table Note"], before=1, after=1)
    _look(_new(document, "List Item"), faces.body, faces.latin, SIZE_5)
    _spacing(styles["List Item"], after=3)
    _table_style(document)


def _table_style(document: Doc) -> None:
    """Three lines: strong above and below, fine under the head; the form of scientific tables in Chinese print."""

    def line(side: str, weight: int) -> str:
        return f'<w:{side} w:val="single" w:sz="{weight}" w:space="0" w:color="222222"/>'

    document.styles.element.append(
        parse_xml(
            f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="SinksTable">'
            '<w:name w:val="Sinks Table"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/><w:qFormat/>'
            '<w:tblPr><w:tblStyleRowBandSize w:val="1"/>'
            f"<w:tblBorders>{line('top', 12)}{line('bottom', 12)}"
            '<w:insideH w:val="single" w:sz="2" w:space="0" w:color="D9D9D9"/></w:tblBorders>'
            '<w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/></w:tblCellMar></w:tblPr>'
            f'<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders>{line("bottom", 6)}</w:tcBorders>'
            '<w:shd w:val="clear" w:color="auto" w:fill="EEF3EE"/></w:tcPr></w:tblStylePr></w:style>'
        )
    )


def _new(document: Doc, name: str) -> Any:
    if name in document.styles:
        return document.styles[name]
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    style.quick_style = True
    return style


def _heading(style: Any, face: str, faces: Type, *, bold: bool) -> None:
    zh = language() == "zh"
    _look(style, face, faces.latin_heading, SIZE_3 if zh else Pt(14), bold=bold or not zh)
    _spacing(style, line=LINE if zh else None, before=0 if zh else 12, after=0 if zh else 4)
    style.paragraph_format.keep_with_next = True
    if zh:
        _indent(style)


def _look(
    style: Any,
    face: str,
    latin: str,
    size: Pt,
    *,
    align: ALIGN | None = None,
    bold: bool = False,
    colour: str = "000000",
) -> None:
    """Typeface, size and colour, free of the theme's."""
    style.font.name, style.font.size, style.font.bold, style.font.italic = latin, size, bold, False
    style.font.color.rgb = RGBColor.from_string(colour)
    properties = style.element.get_or_add_rPr()
    fonts = properties.rFonts
    for name in list(fonts.attrib):
        if name.endswith("Theme"):
            del fonts.attrib[name]
    fonts.set(qn("w:eastAsia"), face)
    fonts.set(qn("w:cs"), latin)
    fonts.set(qn("w:hint"), "eastAsia" if language() == "zh" else "default")
    for spacing in properties.findall(qn("w:spacing")) + properties.findall(qn("w:kern")):
        properties.remove(spacing)
    if align is not None:
        style.paragraph_format.alignment = align


def _spacing(style: Any, *, line: Pt | None = None, before: float = 0, after: float = 0) -> None:
    form = style.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    if line is None:
        form.line_spacing = 1.0
    else:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, line


def _indent(style: Any) -> None:
    """Two characters at the start of a paragraph."""
    if language() == "zh":
        style.paragraph_format.first_line_indent = style.font.size * 2
        style.element.pPr.ind.set(qn("w:firstLineChars"), "200")


def _without_border(style: Any) -> None:
    border = style.element.pPr.find(qn("w:pBdr"))
    if border is not None:
        style.element.pPr.remove(border)


def _fonts(document: Doc) -> None:
    """Name substitutes for typefaces that a computer may lack."""
    part = next(r.target_part for r in document.part.rels.values() if r.reltype.endswith("/fontTable"))
    table = parse_xml(part.blob)
    for name, substitute in SUBSTITUTES.items():
        table.append(parse_xml(f'<w:font {nsdecls("w")} w:name="{name}"><w:altName w:val="{substitute}"/></w:font>'))
    part._blob = serialize_part_xml(table)


if __name__ == "__main__":
    main()
