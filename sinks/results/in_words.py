"""What the program keeps in short forms, as a document says it: units, places in documents, bins, ids in sentences."""

from __future__ import annotations

import re
from collections.abc import Callable

from sinks.results.labels import label, labels, stratum_name, term
from sinks.text import language

_UNITS = (
    ("10^4 CNY", "万元"),
    ("t DM", "吨干物质"),
    ("t CO2", "吨CO₂"),
    ("t C", "吨碳"),
    ("kg C", "千克碳"),
    ("g C", "克碳"),
    ("kg", "千克"),
    ("m3", "m³"),
    ("m2", "m²"),
    ("/ha", "/公顷"),
    ("/yr", "/年"),
    ("ha", "公顷"),
    ("yr", "年"),
)
"""Units as the program writes them, and in Chinese; longer ones first, so that none is taken apart."""


def _zones(found: re.Match[str]) -> str:
    first, last = found.groups()
    return f"{first}—{last}区" if last else f"{first}区"


_PLACES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"\bvol(?:ume|\.) ?(\d+)", r"第\1卷"),
    (r"\bch(?:apter|\.) ?(\d+)", r"第\1章"),
    (r"\bsections? ([\d.]+\d)", r"第\1节"),
    (r"(?<=节) and ([\d.]+\d)", r"和第\1节"),
    (r"\bfig\. ?([\d.]*\d\w?)", r"图\1"),
    (r"\b[Tt]able (S?[\d.]*\d[A-Z]?)", r"表\1"),
    (r"\b[Ff]igure ([\d.]*\d)", r"图\1"),
    (r"\b[Ee]quation ([\d.]*\d[A-Z]?)", r"式\1"),
    (r"\bpp?\. ?([\w.]*\d(?:[-–][\w.]*\d)?)", r"第\1页"),
    (r"\b[Aa]nnex (\w+)\b", r"附件\1"),
    (r"\b[Aa]bstract\b", "摘要"),
    (r"\b[Aa]nnex\b", "附录"),
    (r"\bdefault values by species group\b", "分树种组缺省值"),
    (r" \(updated\)", "（更新）"),
    (r"\bdepth: ", "深度："),
    (r"\brange: ", "范围："),
    (r"\broot-to-shoot ratio: ", "根茎比："),
    (r"\bcarbon fraction: ", "含碳率："),
    (r"\brow (\d+)", r"第\1行"),
    (r"\bregions? (\d+)(?: to (\d+))?", _zones),
    (r" \(new\)", "（新增）"),
    (r"\bafter ([A-Z][\w. ]+ \d{4})", r"引自 \1"),
    (r"(?<=[^\x00-\x7f]) and (?=[^\x00-\x7f])", "和"),
    (r"; ", "；"),
    (r", ", "，"),
)
"""How a place in a document is written in English, and in Chinese."""

_BIN = re.compile(r"([\[(])(-?[\d.]*),(-?[\d.]*)([\])])")
_ID = re.compile(r"(?<![A-Za-z0-9_./\[{])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![A-Za-z0-9_./\]}])")


def unit_in_words(unit: str) -> str:
    """A unit as the present language writes it: ``t C/ha/yr`` is 吨碳/公顷/年 in Chinese.

    >>> unit_in_words("t C/ha"), unit_in_words("1")
    ('吨碳/公顷', '—')
    """
    if unit == "1":
        return "—"
    if language() != "zh":
        return unit.replace("m3", "m³").replace("m2", "m²").replace("CO2", "CO₂").replace("10^4", "10⁴")
    for short, said in _UNITS:
        unit = unit.replace(short, said)
    return unit


def place_in_words(locator: str) -> str:
    """A place in a document; in Chinese its chapters, tables and pages are called so, words of the document stay.

    >>> place_in_words("vol. 4, ch. 4, Table 4.5, p. 4.51")
    '第4卷，第4章，表4.5，第4.51页'
    >>> place_in_words("Table 1, regions 1 to 3; depth: abstract")
    '表1，1—3区；深度：摘要'
    """
    if language() != "zh":
        return locator
    for english, chinese in _PLACES:
        locator = re.sub(english, chinese, locator)
    return locator


def bin_in_words(text: str) -> str:
    """Bins of values inside a text as ranges.

    >>> bin_in_words("[20,50)"), bin_in_words("[100,)"), bin_in_words("(,20]")
    ('20～50', '≥100', '≤20')
    """
    return _BIN.sub(_range, text)


def _range(found: re.Match[str]) -> str:
    opening, low, high, closing = found.groups()
    if low and high:
        return label("summary_range", low=low, high=high)
    if low:
        return f"{'≥' if opening == '[' else '＞'}{low}"
    return f"{'≤' if closing == ']' else '＜'}{high}"


def said_without_ids(text: str) -> str:
    """A sentence in which ids of strata, pools and parameters stand as the words a reader knows; others stay."""
    return bin_in_words(_ID.sub(lambda found: _named(found[0]), text))


def _named(id: str) -> str:
    for key in (f"strata.{id}", f"parameter.{id}", f"column.{id}"):
        if key in labels():
            return label(key)
    for kind in ("pool", "quantity"):
        if (name := term(kind, id)) != id:
            return name
    return stratum_name(id)


def share_in_words(fraction: float, decimals: int = 1) -> str:
    """A fraction as a percentage; what is short of the whole never reads 100 %."""
    text = f"{100 * fraction:.{decimals}f}"
    whole = f"{100:.{decimals}f}"
    if text == whole and fraction < 1 - 1e-9:
        return f">{100 - 10.0**-decimals:.{decimals}f}%"
    return f"{text}%"
