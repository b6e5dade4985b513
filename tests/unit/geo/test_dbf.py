"""Encodings of Shapefiles: a declaration under which Chinese is rubbish is refused with both readings."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from sinks.geo.dbf import check_dbf

CHINESE = ["呼和浩特市", "包头市", "甲区", "鄂尔多斯市"]
FRENCH = ["Évreux", "Orléans", "Besançon", "Nîmes"]
RUSSIAN = ["Улан-Удэ", "Чита", "Иркутск", "Кызыл"]
RARE = ["呼和浩特市", "𠮷林区"]
# Western code pages, which take any bytes.
BLIND = ["ISO-8859-1", "cp1252", "cp437", "cp850"]
LANGUAGE = {"cp437": 0x01, "cp850": 0x02, "cp1252": 0x03, "cp936": 0x4D, "cp950": 0x4F, "cp1251": 0xC9, "": 0x00}


def table(path: Path, names: list[str], stands_in: str, *, cpg: str = "", language: str = "") -> Path:
    """A Shapefile's table as dBASE III has it: one text field of 40 bytes; the shapes play no part."""
    head = bytearray(32)
    head[0], head[29] = 0x03, LANGUAGE[language]
    head[4:8] = len(names).to_bytes(4, "little")
    head[8:10], head[10:12] = (32 + 32 + 1).to_bytes(2, "little"), (41).to_bytes(2, "little")
    field = b"name".ljust(11, b"\0") + b"C" + bytes(4) + bytes([40]) + bytes(15)
    rows = b"".join(b" " + name.encode(stands_in).ljust(40) for name in names)
    path.with_suffix(".dbf").write_bytes(bytes(head) + field + b"\r" + rows + b"\x1a")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("stands_in", ["GBK", "UTF-8"])
@pytest.mark.parametrize("declared", [*BLIND, "cp950", "GBK", "UTF-8"])
@pytest.mark.parametrize("way", ["cpg", "language", "user"])
def test_a_declaration_that_turns_chinese_into_rubbish(tmp_path: Path, stands_in: str, declared: str, way: str) -> None:
    if way == "language" and declared not in LANGUAGE:
        return
    said = {way: declared} if way != "user" else {}
    path = table(tmp_path / "r.shp", CHINESE, stands_in, **said)
    problem = check_dbf(path, declared if way == "user" else None)
    if declared == stands_in:
        assert problem is None
        return
    assert problem is not None
    assert problem.id == {"cpg": "dbf.cpg_fails", "language": "dbf.language_fails", "user": "dbf.encoding_fails"}[way]
    assert problem.values["suggestion"] == stands_in
    assert f'{stands_in}: "呼和浩特市"' in problem.values["readings"]
    assert problem.values["found"] != "呼和浩特市"
    # The advice, followed, is right.
    assert check_dbf(path, problem.values["suggestion"]) is None


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (FRENCH, "cp1252"),
        (FRENCH, "UTF-8"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "UTF-8"),
        (CHINESE, "GB18030"),
        (RARE, "UTF-8"),
    ],
)
def test_an_honest_declaration_is_believed(tmp_path: Path, names: list[str], encoding: str) -> None:
    assert check_dbf(table(tmp_path / "r.shp", names, encoding, cpg=encoding), None) is None
    if encoding in LANGUAGE:
        assert check_dbf(table(tmp_path / "r.shp", names, encoding, language=encoding), None) is None


def test_advice_never_repeats_what_was_tried(tmp_path: Path) -> None:
    """A character beyond GBK: GBK fails, and only GB18030 is left."""
    path = table(tmp_path / "r.shp", RARE, "GB18030", cpg="GBK")
    problem = check_dbf(path, None)
    assert problem is not None
    assert problem.values["suggestion"] == "GB18030"
    assert check_dbf(path, "GB18030") is None


def test_nothing_said_gives_every_reading(tmp_path: Path) -> None:
    problem = check_dbf(table(tmp_path / "r.shp", CHINESE, "GBK"), None)
    assert problem is not None
    assert (problem.id, problem.values["suggestion"]) == ("dbf.no_encoding", "GBK")
    plain = table(tmp_path / "r.shp", ["Hohhot", "Baotou"], "ascii", cpg="ISO-8859-1")
    assert check_dbf(plain, None) is None


@pytest.mark.parametrize("kept", [0, 7, 20, 40, 65, 100, -2])
def test_a_table_that_was_cut_short_is_named(tmp_path: Path, kept: int) -> None:
    """In the middle of its head, of a field or of a row: GDAL would give empty attributes for what is not there."""
    path = table(tmp_path / "r.shp", CHINESE, "UTF-8", cpg="UTF-8")
    whole = path.with_suffix(".dbf").read_bytes()
    assert check_dbf(path, None) is None
    path.with_suffix(".dbf").write_bytes(whole[:kept])
    problem = check_dbf(path, None)
    assert problem is not None
    assert problem.id == "dbf.cut_short"
    assert problem.values["found"] == len(whole[:kept])
    with ZipFile(tmp_path / "r.zip", "w", ZIP_DEFLATED) as archive:
        for ending in (".dbf", ".cpg"):
            archive.write(path.with_suffix(ending), f"r{ending}")
    for place in (tmp_path, tmp_path / "r.zip"):
        again = check_dbf(place, None)
        assert again is not None
        assert (again.id, again.values) == (problem.id, problem.values)
    # A table without the mark at its end is whole.
    path.with_suffix(".dbf").write_bytes(whole[:-1])
    assert check_dbf(path, None) is None
