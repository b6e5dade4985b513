"""What a sheet shows of a number: formats of workbooks, carried out far enough to tell whether it reads as another.

A format may add digits (``0"020"`` shows 15 as 15020), divide (``0.0,``), hide (``;;;``), drop a sign, or pad a code
with zeros.  What is read has to be what the reader of the sheet sees; so the shown text is made and compared.

Source: ECMA-376, part 1, section 18.8.31 (numFmts).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

# Text in quotation marks, a sign behind a backslash or "!", brackets, a blank as wide as a sign, a sign that fills.
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|(?P<blank>_.|\*.)'
    r"|(?P<general>General|G/通用格式)|(?P<exponent>E[+-]0+)|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_CURRENCY = re.compile(r"\$([^-]*)")
_RED = re.compile("red|红色|color ?3", re.IGNORECASE)
_DIVIDES = re.compile(r"[0#?](,+)(?![0#?,])")
_ORDINARY = re.compile(r"General|#?(,##)?0(\.0*)?", re.IGNORECASE)
"""Formats that only round."""

_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")

_COUNTS = {"百万": 10**6, "千万": 10**7, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_LATIN_COUNTS = {"K": 1000, "k": 1000, "M": 10**6}
"""Words behind a number by which it is counted: 1.5万 is 15000.  A latin sign counts only where it stands alone."""

_NOTHING = frozenset({"", "-", "--", "—", "——", "–", "－"})
"""How accountants have nought shown."""


@dataclass(frozen=True)
class Shown:
    """A number as the sheet shows it.

    Attributes
    ----------
    text : str
        Without the blanks and commas that are there for the look of it.
    is_same : bool
        Whether who reads it reads the number that is stored, but for rounding.
    is_hidden_zero : bool
        Whether it is nought, shown as a dash or as nothing.
    has_digits : bool
        Whether the sheet shows digits of the number at all, and not words alone or a cell too narrow.
    unit : str
        Words behind the number: 公顷 of ``0.00"公顷"``.
    """

    text: str
    is_same: bool = True
    is_hidden_zero: bool = False
    has_digits: bool = True
    unit: str = ""


@dataclass(frozen=True)
class _Section:
    """One of the parts of a format between semicolons.

    Attributes
    ----------
    before, after : str
        Words around the digits.
    inner : tuple of (str, bool)
        From the first sign for a digit (``0``, ``#``, ``?``) to the last: the sign, or a text, and which it is.  The
        point is a text of its own.
    point : int
        Place of the point in ``inner``; its length where there is none.
    divisor, percents : int
        Power of a thousand that the number is divided by, and how many signs of percent there are.
    is_plain, is_fraction : bool
        Whether digits are set as General does, as a power of ten or in Chinese numerals, or as a fraction: other ways
        of writing the same number.
    is_red : bool
        Whether a number in it is coloured as a negative one.
    condition : (str, Decimal) or None
    """

    before: str
    inner: tuple[tuple[str, bool], ...]
    after: str
    point: int
    divisor: int
    percents: int
    is_plain: bool
    is_fraction: bool
    is_red: bool
    condition: tuple[str, Decimal] | None

    @property
    def places(self) -> int:
        """Decimals that are shown."""
        return sum(is_digit for _, is_digit in self.inner[self.point :])


def shown(value: float, number_format: str) -> Shown:
    """What a sheet shows of a number, and whether that is the number.

    Parameters
    ----------
    value : float
        As stored.
    number_format : str
        Of the cell; not one of dates.
    """
    if _ORDINARY.fullmatch(number_format):
        return Shown(_plain(Decimal(repr(value))))
    number = Decimal(repr(value))
    section, has_own_sign = _section_of(number, _sections(number_format))
    if section is None:
        # No section is for such a number: the sheet shows what it shows where a cell is too narrow.
        return Shown("####", is_same=False, has_digits=False)
    if section.is_fraction:
        return Shown(_plain(number))
    digits = _plain(abs(number)) if section.is_plain else _digits(abs(number), section)
    digits = digits if section.inner else ""
    before = ("-" if section.inner and number < 0 and not has_own_sign else "") + section.before
    text = before + digits + section.after
    if not digits and number == 0 and text in _NOTHING:
        return Shown(text, is_hidden_zero=True)
    if not section.inner:
        return Shown(text, is_same=False, has_digits=False)
    return _compared(number, section, before, digits)


def percent_of(value: float, number_format: str) -> tuple[str, int] | None:
    """The sign of percent or per mille shown behind a number, and what the stored number is multiplied by; or None."""
    section, _ = _section_of(Decimal(repr(value)), _sections(number_format))
    if section is None or not section.inner:
        return None
    if section.percents:
        return ("%", 100) if section.percents == 1 and section.divisor == 1 else None
    # A sign that is only shown: the number itself is already in percent.
    return (section.after, 1) if section.after in ("%", "％", "‰") else None


def around_year(number_format: str) -> str | None:
    """The words around the year where a format of dates shows the year alone, with ``{}`` for it; else None."""
    parts = []
    for found in _TOKEN.finditer(number_format.split(";")[0]):
        literal = found["quoted"] or found["escaped"]
        parts.append("" if literal is None else literal.strip())
        sign = (found["other"] or "").strip()
        parts.append("\0" if sign.casefold() == "y" else sign)
    text, count = re.subn("\0{4}", "{}", "".join(parts))
    return text if count == 1 and not re.search("[\0a-z]", text, re.IGNORECASE) else None


def _plain(number: Decimal) -> str:
    """As the format General shows it, without powers of ten."""
    return f"{number.normalize():f}"


def _section_of(number: Decimal, sections: Sequence[_Section]) -> tuple[_Section | None, bool]:
    """The section that a number is shown by, and whether its sign is left to that section."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _COMPARISONS[section.condition[0]](number, section.condition[1]):
                return section, False
        return None, False
    if number < 0 and len(sections) > 1:
        return sections[1], True
    return sections[2 if number == 0 and len(sections) > 2 else 0], False


@cache
def _sections(number_format: str) -> tuple[_Section, ...]:
    parts: list[list[re.Match[str]]] = [[]]
    for found in _TOKEN.finditer(number_format):
        if found["other"] == ";":
            parts.append([])
        else:
            parts[-1].append(found)
    # The fourth is for text.
    return tuple(map(_section, parts[:3]))


def _section(tokens: Sequence[re.Match[str]]) -> _Section:
    """One section of a format, taken apart."""
    brackets = [found["bracket"].strip() for found in tokens if found["bracket"] is not None]
    conditions = [found for bracket in brackets if (found := _CONDITION.fullmatch(bracket))]
    drawn: list[tuple[str, bool]] = []
    point = None
    for found in tokens:
        other = found["other"]
        if found["digit"] or found["general"] or other == "@":
            drawn.append((found["digit"] or "0", True))
        elif other == "." and point is None:
            point = len(drawn)
            drawn.append((".", False))
        elif found["bracket"] is not None:
            currency = _CURRENCY.match(found["bracket"])
            drawn.append((currency[1] if currency else "", False))
        elif other not in (",", " "):
            drawn.append(("".join((found["quoted"] or found["escaped"] or other or "").split()), False))
    places = [place for place, (_, is_digit) in enumerate(drawn) if is_digit]
    first, last = (places[0], places[-1]) if places else (len(drawn), len(drawn) - 1)
    if point is not None and places:
        first, last = min(first, point), max(last, point)
    inner = tuple(drawn[first : last + 1])
    bare = "".join(found["digit"] or (found["other"] if found["other"] in (",", ".") else "") or "" for found in tokens)
    commas = _DIVIDES.search(bare)
    return _Section(
        before="".join(text for text, _ in drawn[:first]),
        inner=inner if places else (),
        after="".join(text for text, _ in drawn[last + 1 :]),
        point=len(inner) if point is None or not places else point - first,
        divisor=1000 ** len(commas[1]) if commas else 1,
        percents=sum(found["other"] == "%" for found in tokens),
        is_plain=_is_plain(tokens, brackets),
        is_fraction=bool(places) and any(found["other"] == "/" for found in tokens),
        is_red=any(_RED.fullmatch(bracket) for bracket in brackets),
        condition=(conditions[0][1], Decimal(conditions[0][2])) if conditions else None,
    )


def _is_plain(tokens: Sequence[re.Match[str]], brackets: Sequence[str]) -> bool:
    spelt = any(bracket.casefold().startswith("dbnum") for bracket in brackets)
    text = any(found["other"] == "@" for found in tokens)
    return spelt or text or any(found["general"] or found["exponent"] for found in tokens)


def _digits(number: Decimal, section: _Section) -> str:
    """The digits of a number without its sign, with the texts that stand between them."""
    scaled = number * 100**section.percents / section.divisor
    rounded = scaled.quantize(Decimal(1).scaleb(-section.places), ROUND_HALF_UP)
    whole, _, decimals = f"{rounded:f}".partition(".")
    return _whole(whole.lstrip("0"), section.inner[: section.point]) + _decimals(
        decimals, section.inner[section.point :]
    )


def _whole(digits: str, signs: Sequence[tuple[str, bool]]) -> str:
    """Digits before the point: filled in from the right, those for which there is no sign before the first sign."""
    parts: list[str] = []
    left = sum(is_digit for _, is_digit in signs)
    if not left:
        return digits + "".join(sign for sign, _ in signs)
    for sign, is_digit in reversed(signs):
        if not is_digit:
            parts.append(sign)
            continue
        left -= 1
        taken = digits if left == 0 else digits[-1:]
        digits = digits[: len(digits) - len(taken)]
        parts.append(taken or ("0" if sign == "0" else ""))
    return "".join(reversed(parts))


def _decimals(digits: str, signs: Sequence[tuple[str, bool]]) -> str:
    parts: list[str] = []
    for sign, is_digit in signs:
        if not is_digit:
            parts.append(sign)
            continue
        rest, digits = digits, digits[1:]
        parts.append(rest[0] if sign == "0" or rest.strip("0") else "")
    return "".join(parts)


def _compared(number: Decimal, section: _Section, before: str, digits: str) -> Shown:
    """Whether the text reads as the number, be it rounded, counted by a word, or negative in brackets or in red."""
    after = section.after
    text = before + digits + after
    # Digits of the words beside those of the number are read as digits of the number.
    head = re.search(r"[\d.]*$", before)
    tail = re.match(r"[\d.]*", after)
    assert head is not None
    assert tail is not None
    written = head[0] + digits + tail[0]
    words = after[tail.end() :]
    signs = before.count("-") + before.count("−")
    is_negative = signs == 1
    if before.endswith(("(", "（")) and words[:1] in (")", "）"):
        is_negative, words = True, words[1:]
    is_negative |= number < 0 and section.is_red
    if not any(sign.isdigit() for sign in written):
        written = "0" if not written.strip(".") else written
    if (
        _NUMBER.fullmatch(written) is None
        or signs > 1
        or section.percents > 1
        or (number != 0 and is_negative != (number < 0))
    ):
        return Shown(text, is_same=False)
    read = Decimal(written)
    step = Decimal(1).scaleb(-len(written.partition(".")[2])) / 2
    for factor, unit in _readings(words):
        if abs(read * factor - abs(number) * 100**section.percents) <= step * factor:
            return Shown(text, unit=unit)
    return Shown(text, is_same=False)


def _readings(words: str) -> list[tuple[int, str]]:
    """What the words behind a number may count it by, and the unit that is left of them."""
    counts = {word: count for word, count in _COUNTS.items() if words.startswith(word)}
    counts |= {word: count for word, count in _LATIN_COUNTS.items() if words == word}
    if not counts:
        return [(1, words)]
    longest = max(counts, key=len)
    counted = (counts[longest], words[len(longest) :])
    # A count alone is no unit; 万亩 is one, and then the number may be stored in it.
    return [counted] if longest == words else [(1, words), counted]
