"""The text of a CSV: in which encoding it stands, and whether what was declared fits the bytes.

Nothing is taken on trust.  An encoding that decodes without an error may still be the wrong one (Latin-1 decodes
everything), so both readings are compared, and a refusal shows both.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from sinks.errors import LayerError, Problem

UTF_8, GB18030, BIG5 = "UTF-8", "GB18030", "Big5"
BIG5_FAMILY = frozenset({"big5", "cp950", "big5hkscs"})
"""Names that Python has for Big5 and its extensions."""

# Lead bytes in Big5 of its signs and its 5401 common characters (level 1).
_BIG5_FIRST, _BIG5_LAST = 0xA1, 0xC6

# The longer mark comes first: that of UTF-32 begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: UTF_8,
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}

# First bytes of what is no text at all, and what such a file is.
_OTHER_FILES = {
    b"PK\x03\x04": ".xlsx",
    b"\xd0\xcf\x11\xe0": ".xls",
    b"%PDF": ".pdf",
    b"\x1f\x8b": ".gz",
}

_HAN = re.compile("[\u3400-\u9fff]")
_HAN_WORD = re.compile("[\u3400-\u9fff]{2}")

# Control characters of Latin-1, Cyrillic to Thaana: what pairs of bytes of another encoding read as in UTF-8.
_NO_TABLE_HAS = re.compile("[\u0080-\u009f\u0400-\u07ff]")

_SHOWN, _LINES = 60, 10
"""Characters shown of a line, and lines named."""


@dataclass(frozen=True)
class Decoded:
    """A text, and what was found rather than declared of its encoding."""

    text: str
    notes: tuple[Problem, ...] = ()


def decode(content: bytes, where: str, declared: str | None = None, names: Collection[str] = ()) -> Decoded:
    """The text of a file.

    Without a declaration a byte-order mark decides, then UTF-8, then GB18030 where that reading is beyond doubt: every
    character outside ASCII belongs to GB 2312, the set of common Chinese, or all ``names`` stand in the text.

    Parameters
    ----------
    content : bytes
        The whole file.
    where : str
        Its name, for messages.
    declared : str, optional
        The encoding that the project states.
    names : collection of str
        Names of columns that the table must have.

    Raises
    ------
    LayerError
        The bytes are no text, are not what was declared, read as rubbish in it, or could be read in several ways.
    """
    mark = next((mark for mark in _MARKS if content.startswith(mark)), None)
    if mark is None:
        _refuse_other_files(content, where, declared)
    if declared is not None:
        return _as_declared(content, where, declared, None if mark is None else _MARKS[mark])
    if mark is not None:
        return Decoded(_strict(content, where, _MARKS[mark]).removeprefix("\ufeff"))
    if (text := _try(content, UTF_8)) is not None:
        if _is_doubtful(text) and (other := _try(content, GB18030)) is not None and _is_common_chinese(other):
            raise _rubbish(content, where, UTF_8, GB18030)
        return Decoded(text)
    text = _try(content, GB18030)
    if text is not None and not _lines_of_utf_8(content) and (_is_common_chinese(text) or _has_all(text, names)):
        line = _first_line_outside_ascii(content)
        values = {"line": line, "reading": _shown(content, line, GB18030), "encoding": GB18030}
        return Decoded(text, (Problem("table.encoding_found", where, values),))
    return Decoded(_strict(content, where, UTF_8))


def _as_declared(content: bytes, where: str, declared: str, mark: str | None) -> Decoded:
    try:
        known = codecs.lookup(declared).name
    except LookupError:
        raise LayerError(Problem("table.unknown_encoding", where, {"encoding": declared})) from None
    if mark is not None and not _is_of_family(known, mark):
        raise _rubbish(content, where, declared, mark)
    if known.startswith("gb"):
        _refuse_mixed(content, where)
    text = _try(content, declared)
    if text is None and known in ("gb2312", "gbk"):
        # GB18030 holds GBK and GB 2312 whole; a character that they lack says which of the three was meant.
        wider = _try(content, GB18030)
        if wider is not None and _better(content, known) is None:
            line = _line_of_fault(content, declared)
            values = {"line": line, "reading": _shown(content, line, GB18030), "encoding": declared, "wider": GB18030}
            return Decoded(wider, (Problem("table.encoding_wider", where, values),))
    if text is None:
        return Decoded(_strict(content, where, declared))
    better = _better(content, known)
    if better is not None:
        raise _rubbish(content, where, declared, better)
    return Decoded(text.removeprefix("\ufeff"))


def _better(content: bytes, known: str) -> str | None:
    """An encoding whose reading makes sense where the declared one decodes as well, but to rubbish."""
    if known in ("utf-8", "utf-8-sig", "utf-16", "utf-32") or content.isascii():
        return None
    as_utf_8 = _try(content, UTF_8)
    if as_utf_8 is not None and _has_han(as_utf_8):
        return UTF_8
    if known not in BIG5_FAMILY and is_traditional(content) and not _is_common_chinese(_try(content, GB18030) or ""):
        return BIG5
    if known.startswith("gb"):
        return None
    as_chinese = _try(content, GB18030)
    single = len(bytes(range(0xA1, 0xFF)).decode(known, errors="replace")) == 0xFF - 0xA1
    return GB18030 if (single or known in BIG5_FAMILY) and as_chinese and _is_common_chinese(as_chinese) else None


def _strict(content: bytes, where: str, encoding: str) -> str:
    """The text, or a refusal that shows the line at fault in an encoding that was not tried."""
    text = _try(content, encoding)
    if text is not None:
        return text
    line = _line_of_fault(content, encoding)
    values = {"encoding": encoding, "line": line}
    family = codecs.lookup(encoding).name
    _refuse_mixed(content, where)
    for other in (UTF_8, GB18030):
        if codecs.lookup(other).name != family and _try(content, other) is not None:
            reading = {"suggestion": other, "reading": _shown(content, line, other)}
            raise LayerError(Problem("table.encoding_fails", where, {**values, **reading}))
    raise LayerError(Problem("table.encoding_unknown", where, {**values, "reading": _shown(content, line, encoding)}))


def _refuse_mixed(content: bytes, where: str) -> None:
    """Refuse a file some of whose lines are UTF-8 and others are not."""
    lines = _lines_of_utf_8(content)
    if not lines or _try(content, UTF_8) is not None:
        return
    shown = {"lines": [str(number) for number in lines[:_LINES]], "line": lines[0]}
    readings = {"utf8": _shown(content, lines[0], UTF_8), "gbk": _shown(content, lines[0], GB18030)}
    raise LayerError(Problem("table.encoding_mixed", where, {**shown, **readings}))


def _rubbish(content: bytes, where: str, declared: str, better: str) -> LayerError:
    line = _first_line_outside_ascii(content)
    values = {"encoding": declared, "suggestion": better, "line": line}
    readings = {"reading": _shown(content, line, declared), "other": _shown(content, line, better)}
    return LayerError(Problem("table.encoding_rubbish", where, {**values, **readings}))


def _refuse_other_files(content: bytes, where: str, declared: str | None) -> None:
    for start, suffix in _OTHER_FILES.items():
        if content.startswith(start):
            raise LayerError(Problem("table.not_text", where, {"suffix": suffix}))
    if b"\0" in content and declared is None:
        # Every other byte of a text in UTF-16 without its mark is zero where the text is ASCII.
        suggestion = "UTF-16LE" if content[1::2].count(0) >= content[::2].count(0) else "UTF-16BE"
        raise LayerError(Problem("table.zero_bytes", where, {"suggestion": suggestion}))


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_of_family(known: str, mark: str) -> bool:
    """Whether an encoding of this name reads a file with this byte-order mark."""
    return known.replace("-", "").startswith(mark.lower().replace("-", ""))


def _is_common_chinese(text: str) -> bool:
    """Whether all that is not ASCII belongs to GB 2312, and some of it is Han."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return _has_han(text)


def is_traditional(content: bytes) -> bool:
    """Whether bytes read as Big5 are nothing but common Chinese in traditional characters."""
    text = _try(content, BIG5)
    # Two in a row: "°C" of a western file is one such character by chance.
    if text is None or _HAN_WORD.search(text) is None:
        return False
    return all(_BIG5_FIRST <= sign.encode(BIG5)[0] <= _BIG5_LAST for sign in text if not sign.isascii())


def _has_han(text: str) -> bool:
    return _HAN.search(text) is not None


def _is_doubtful(text: str) -> bool:
    """Whether text decoded as UTF-8 holds what no table of this trade does: pairs of bytes of another encoding."""
    return _NO_TABLE_HAS.search(text) is not None and not _has_han(text)


def _has_all(text: str, names: Collection[str]) -> bool:
    """Whether the text has every name, and a name tells encodings apart."""
    squeezed = "".join(unicodedata.normalize("NFKC", text).split())
    wanted = ["".join(unicodedata.normalize("NFKC", name).split()) for name in names]
    return not "".join(wanted).isascii() and all(name in squeezed for name in wanted)


def _lines_of_utf_8(content: bytes) -> list[int]:
    """Lines that read as Chinese in UTF-8, and as anything but common Chinese in GB18030."""
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        if line.isascii() or (text := _try(line, UTF_8)) is None or not _has_han(text):
            continue
        other = _try(line, GB18030)
        if other is None or not _is_common_chinese(other):
            found.append(number)
    return found


def _line_of_fault(content: bytes, encoding: str) -> int:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return content[: error.start].count(b"\n") + 1
    return 1


def _first_line_outside_ascii(content: bytes) -> int:
    lines = content.splitlines()
    return next((number for number, line in enumerate(lines, 1) if not line.isascii()), 1)


def _shown(content: bytes, line: int, encoding: str) -> str:
    """A line as it reads in an encoding; what cannot be read shows as a question mark in a lozenge."""
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = text.split("\n")
    return lines[min(line, len(lines)) - 1].strip()[:_SHOWN]
