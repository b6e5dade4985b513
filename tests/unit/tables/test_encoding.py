"""In which encoding a text stands: read where it is beyond doubt, refused with both readings where it is not."""

from __future__ import annotations

import codecs

import pytest

from sinks.errors import LayerError
from sinks.tables.encoding import decode
from sinks.text import using_language

TEXT = "地区,面积\n甲区,1000\n乙区,2000\n"
RARE = TEXT.replace("甲", "䶮")
"""With a character that GB18030 has and GBK lacks."""


def refused(content: bytes, declared: str | None = None, names: tuple[str, ...] = ()) -> dict[str, object]:
    with pytest.raises(LayerError) as caught:
        decode(content, "t.csv", declared, names)
    for language in ("zh", "en"):
        with using_language(language):
            assert str(caught.value)
    (problem,) = caught.value.problems
    return {"id": problem.id, **problem.values}


@pytest.mark.parametrize(
    ("content", "declared", "text", "notes"),
    [
        (TEXT.encode(), None, TEXT, []),
        (TEXT.encode("utf-8-sig"), None, TEXT, []),
        (TEXT.encode("utf-8-sig"), "UTF-8", TEXT, []),
        (TEXT.encode("utf-16"), None, TEXT, []),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), None, TEXT, []),
        (TEXT.encode("utf-16-le"), "UTF-16LE", TEXT, []),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "UTF-16LE", TEXT, []),
        (TEXT.encode("utf-32"), None, TEXT, []),
        (TEXT.encode("gbk"), "GBK", TEXT, []),
        (TEXT.encode("gbk"), None, TEXT, ["table.encoding_found"]),
        (RARE.encode("gb18030"), "GB18030", RARE, []),
        (RARE.encode("gb18030"), "GBK", RARE, ["table.encoding_wider"]),
        ("地區,面積\n".encode("big5"), "Big5", "地區,面積\n", []),
        ("Fläche,Größe\n".encode("latin-1"), "latin-1", "Fläche,Größe\n", []),
        ("m²,°C\n".encode(), None, "m²,°C\n", []),
        ("°C\n".encode("latin-1"), "latin-1", "°C\n", []),
    ],
)
def test_what_is_beyond_doubt_is_read(content: bytes, declared: str | None, text: str, notes: list[str]) -> None:
    found = decode(content, "t.csv", declared)
    assert found.text == text
    assert [note.id for note in found.notes] == notes


def test_the_names_of_columns_tell_the_encoding() -> None:
    assert decode(RARE.encode("gb18030"), "t.csv", names=("地区", "面 积")).text == RARE
    for names in ((), ("region",), ("地区", "蓄积")):
        assert refused(RARE.encode("gb18030"), names=names)["id"] == "table.encoding_fails"


@pytest.mark.parametrize(
    ("content", "declared", "id", "suggestion"),
    [
        # Declared, and the bytes do not fit it.
        (TEXT.encode("gbk"), "UTF-8", "table.encoding_fails", "GB18030"),
        (RARE.encode("gb18030"), None, "table.encoding_fails", "GB18030"),
        # Declared, and every byte fits it, but the text is rubbish.
        (TEXT.encode(), "latin-1", "table.encoding_rubbish", "UTF-8"),
        (TEXT.encode(), "cp1252", "table.encoding_fails", "UTF-8"),
        (TEXT.encode("gbk"), "cp1251", "table.encoding_rubbish", "GB18030"),
        (TEXT.encode("gbk"), "latin-1", "table.encoding_rubbish", "GB18030"),
        ("森林\n草地\n".encode(), "GBK", "table.encoding_fails", "UTF-8"),
        ("地区\n草原\n".encode(), "GBK", "table.encoding_rubbish", "UTF-8"),
        ("森林\n草地\n".encode(), "GB18030", "table.encoding_rubbish", "UTF-8"),
        (TEXT.encode("utf-16"), "GBK", "table.encoding_rubbish", "UTF-16"),
        ("臺北縣,1\n臺南縣,2\n".encode("big5"), "latin-1", "table.encoding_rubbish", "Big5"),
        ("臺北縣,1\n臺南縣,2\n".encode("big5"), "GB18030", "table.encoding_rubbish", "Big5"),
        (TEXT.encode("utf-8-sig"), "GBK", "table.encoding_rubbish", "UTF-8"),
        (TEXT.encode("utf-16-le"), None, "table.zero_bytes", "UTF-16LE"),
        (TEXT.encode("utf-16-be"), None, "table.zero_bytes", "UTF-16BE"),
    ],
)
def test_what_is_in_doubt_is_refused(content: bytes, declared: str | None, id: str, suggestion: str) -> None:
    found = refused(content, declared)
    assert (found["id"], found["suggestion"]) == (id, suggestion)
    # Advice never repeats what was tried.
    assert found["suggestion"] != declared


def test_both_readings_are_shown() -> None:
    found = refused("a,b\n森林,1\n".encode(), "latin-1")
    assert (found["line"], found["reading"], found["other"]) == (2, "森林,1".encode().decode("latin-1"), "森林,1")
    found = refused(RARE.encode("gb18030"))
    assert (found["line"], found["reading"]) == (1, "地区,面积")


def test_two_encodings_in_one_file() -> None:
    mixed = "地区,面积\n甲区,1\n".encode("gbk") + "锡林郭勒盟,2\n".encode() + "乙区,3\n".encode("gbk")
    for declared in (None, "UTF-8", "GBK", "GB18030"):
        found = refused(mixed, declared)
        assert (found["id"], found["lines"], found["utf8"]) == ("table.encoding_mixed", ["3"], "锡林郭勒盟,2")


def test_bytes_of_no_known_encoding() -> None:
    assert refused(b"a,b\n\xff\xff,1\n")["id"] == "table.encoding_unknown"
    assert refused(b"a,b\n", "klingon")["id"] == "table.unknown_encoding"


@pytest.mark.parametrize(
    ("start", "suffix"), [(b"PK\x03\x04", ".xlsx"), (b"\xd0\xcf\x11\xe0\xa1\xb1", ".xls"), (b"%PDF-1.7", ".pdf")]
)
def test_a_file_that_is_no_text(start: bytes, suffix: str) -> None:
    found = refused(start + bytes(40))
    assert (found["id"], found["suffix"]) == ("table.not_text", suffix)
