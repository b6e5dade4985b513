"""Blocks as WordprocessingML.

Written as text because a report has thousands of table cells, for which the object model of python-docx is slow.  Every
piece of text goes through :func:`escaped`.  Looks come from the template's styles; here stand only their ids.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from xml.sax.saxutils import escape, quoteattr

from sinks.output.report.blocks import REFERENCE, Block, KeyFigures, Paragraph, Picture, Table
from sinks.output.report.formula import placed
from sinks.output.report.words import word

_EMU_PER_INCH = 914400
_TEXT_WIDTH = {False: 156.0, True: 225.0}
"""Width of the text block [mm], upright and lying (GB/T 9704-2012, 5.2.1: the text block is 156 mm x 225 mm)."""

_MANY_COLUMNS = 6
"""Columns above which a table is set smaller."""

_SMALLEST = 12
"""Half points below which no table is set."""

_KEPT_WHOLE = {False: 15, True: 8}
"""Rows up to which a table stays on one page, upright and lying; a longer one would leave half a page empty."""

_LINES = str.maketrans("\t\n\r", "   ")
_FORBIDDEN = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 does not allow (section 2.2)."""

_STYLES = {
    "body": "BodyText",
    "caveat": "Caveat",
    "note": "TableNote",
    "item": "ListItem",
    "summary": "SummaryText",
    "notice": "Notice",
    "formula": "Formula",
    "red_issuer": "RedIssuer",
    "red_number": "RedNumber",
}

_BOOKMARK = "_Ref_"
_LOW_TWO = "₂"


def escaped(text: str) -> str:
    """Text for XML: markup shown and not obeyed, characters that XML forbids left out."""
    return escape(_FORBIDDEN.sub("", text.translate(_LINES)))


def block_xml(block: Block, image: Callable[[bytes], str], *, lying: bool = False) -> str:
    """One block.

    Parameters
    ----------
    block : Block
        What to write.
    image : callable
        Stores a PNG in the document and returns its relationship id.
    lying : bool
        Whether it stands on a page on its side.
    """
    if isinstance(block, Paragraph):
        content = _formula(block.text) if block.kind == "formula" else with_references(block.text)
        return paragraph(_STYLES[block.kind], content)
    if isinstance(block, Picture):
        return _picture(block, image(block.png))
    if isinstance(block, KeyFigures):
        return _key_figures(block, _TEXT_WIDTH[lying])
    return _table(block, _TEXT_WIDTH[lying], _KEPT_WHOLE[lying])


def paragraph(style: str, content: str, properties: str = "") -> str:
    """A paragraph of a style around finished runs."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>{content}</w:p>'


def run(text: str, properties: str = "") -> str:
    """A run of text; a low two, which many Chinese typefaces lack, is a two set low."""
    parts = text.replace("CO2", "CO" + _LOW_TWO).split(_LOW_TWO)
    low = _one_run("2", properties + '<w:vertAlign w:val="subscript"/>')
    return low.join(_one_run(part, properties) if part else "" for part in parts)


_HEIGHT = {"line": "", "low": '<w:vertAlign w:val="subscript"/>', "high": '<w:vertAlign w:val="superscript"/>'}


def _formula(text: str) -> str:
    return "".join(_one_run(part, _HEIGHT[place]) for part, place in placed(text))


def _one_run(text: str, properties: str) -> str:
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{escaped(text)}</w:t></w:r>'


def field(instruction: str, shown: str) -> str:
    """A field with the result that it shows until Word works it out itself."""
    return f"<w:fldSimple w:instr={quoteattr(f' {instruction} ')}>{run(shown)}</w:fldSimple>"


def with_references(text: str) -> str:
    """A text whose reference marks become REF fields."""
    parts = REFERENCE.split(text)
    return "".join(
        field(f"REF {_BOOKMARK}{part} \\h", "0") if place % 2 else run(part) for place, part in enumerate(parts) if part
    )


def _caption(kind: str, key: str, text: str) -> str:
    """Label and number as a bookmarked field, then the caption."""
    label = word(f"{kind}.label")
    name = f"{_BOOKMARK}{key}"
    # Bookmark ids are given by settle(), which sees the whole document.
    number = field(rf"SEQ {label.strip()} \* ARABIC", "0")
    return (
        f'<w:bookmarkStart w:id="0" w:name="{name}"/>{run(label)}{number}<w:bookmarkEnd w:id="0"/>'
        f"{run(word('caption.gap') + text)}"
    )


def _picture(picture: Picture, relation: str) -> str:
    wide, tall = _size(picture.png)
    described = f"name={quoteattr(escaped(picture.key))} descr={quoteattr(picture.description)}"
    drawing = (
        '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
        f' distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{wide}" cy="{tall}"/><wp:docPr id="1" {described}/>'
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:nvPicPr><pic:cNvPr id="0" {described}/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{relation}" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/>'
        "<a:stretch><a:fillRect/></a:stretch></pic:blipFill>"
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{wide}" cy="{tall}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing></w:r>"
    )
    caption = paragraph("FigureCaption", _caption("figure", picture.key, picture.caption))
    return paragraph("Figure", drawing) + caption


def _size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG [EMU] from its header and its resolution."""
    wide, tall = struct.unpack(">II", png[16:24])
    place = png.find(b"pHYs")
    per_metre = struct.unpack(">I", png[place + 4 : place + 8])[0] if place > 0 else 200 / 0.0254
    scale = _EMU_PER_INCH / (per_metre * 0.0254)
    shrink = min(1.0, _TEXT_WIDTH[False] / 25.4 * _EMU_PER_INCH / (wide * scale))
    return round(wide * scale * shrink), round(tall * scale * shrink)


def _table(table: Table, width: float, kept_whole: int) -> str:
    twips = [round(share * width / 25.4 * 1440) for share in table.relative_widths()]
    crowding = table.crowding()
    small, smaller = ("", "")
    if len(table.header) > _MANY_COLUMNS or crowding > 1:
        small, smaller = (_size_of(max(round(size / crowding), _SMALLEST)) for size in (17, 15))
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in twips)
    whole = len(table.rows) <= kept_whole
    rows = [_row(table.header, twips, ["TableHead"] * len(twips), smaller, header=True, keep=True)]
    styles = ["TableText" if place < table.text_columns else "TableNumber" for place in range(len(twips))]
    for place, cells in enumerate(table.rows):
        looks = ("<w:b/><w:bCs/>" if place in table.totals else "") + small
        rows.append(_row(cells, twips, styles, looks, keep=whole or place + 1 == len(table.rows)))
    head = paragraph("Caption", _caption("table", table.key, table.caption))
    unit = paragraph("TableUnit", run(word("table.unit", unit=table.unit))) if table.unit else ""
    body = (
        '<w:tbl><w:tblPr><w:tblStyle w:val="SinksTable"/><w:tblW w:w="5000" w:type="pct"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        f'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(rows)}</w:tbl>'
    )
    texts = _numbered(table.notes)
    # All notes stay with the table.
    notes = "".join(
        paragraph("TableNote", with_references(text), "<w:keepNext/>" if place < len(texts) else "")
        for place, text in enumerate(texts, 1)
    )
    # A paragraph has to stand between two tables, or Word joins them.
    return head + unit + body + (notes or paragraph("TableNote", ""))


def _key_figures(block: KeyFigures, width: float) -> str:
    """One row of cells without lines, the figure large between its title and what must be known with it."""
    twips = round(width / 25.4 * 1440 / len(block.figures))
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{twips}" w:type="dxa"/></w:tcPr>'
        f"{paragraph('KeyTitle', run(one.title))}{paragraph('KeyFigure', run(one.figure))}"
        f"{paragraph('KeyRemark', run(one.remark))}</w:tc>"
        for one in block.figures
    )
    grid = f'<w:gridCol w:w="{twips}"/>' * len(block.figures)
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="SinksTable"/><w:tblW w:w="5000" w:type="pct"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0400" w:firstRow="0" w:lastRow="0" w:firstColumn="0" '
        f'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr></w:tbl>{paragraph('TableNote', '')}"
    )


def _size_of(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


def _numbered(notes: Iterable[str]) -> list[str]:
    """Notes as one is used to: 注：one note, or 注：1. ...  2. ... in one paragraph each."""
    texts = list(notes)
    if len(texts) < 2:
        return [word("table.note", text=text) for text in texts]
    first, *rest = [word("table.note_item", number=number, text=text) for number, text in enumerate(texts, 1)]
    return [word("table.note", text=first), *rest]


def _row(
    cells: Iterable[str], widths: list[int], styles: list[str], looks: str, *, header: bool = False, keep: bool = False
) -> str:
    marks = "<w:cantSplit/>" + ("<w:tblHeader/>" if header else "")
    filled = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        f"{paragraph(style, run(text, looks), '<w:keepNext/>' if keep else '')}</w:tc>"
        for text, width, style in zip(cells, widths, styles, strict=True)
    )
    return f"<w:tr><w:trPr>{marks}</w:trPr>{filled}</w:tr>"
