"""Text of every kind of file in every encoding: read as it was written, or refused with an advice that works.

Every pair of what a file stands in and what it is declared to stand in is tried; what was written is known here.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from sinks.errors import SinksError
from sinks.geo.region_file import load_file
from sinks.tables.form import Form
from sinks.tables.sheet import read_sheet

NAMES = ("呼和浩特市", "包头市", "鄂尔多斯市")
OLD_NAMES = ("臺北縣", "臺中縣", "臺南縣")
"""In the characters of Big5, which has none of the simplified ones."""

STANDS_IN = ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "big5"]
DECLARED = [None, "UTF-8", "GBK", "GB18030", "UTF-16", "Big5", "latin-1", "cp1252"]
FILES = ["t.csv", "t.txt", "t.tsv", "s.dbf cpg", "s.dbf language", "s.dbf user", "r.geojson"]
LANGUAGE = {"GBK": 0x4D, "Big5": 0x4F, "cp1252": 0x03}


def names_of(stands_in: str) -> tuple[str, ...]:
    return OLD_NAMES if stands_in == "big5" else NAMES


def text(path: Path, stands_in: str, declared: str | None) -> list[str]:
    sign = "\t" if path.suffix in (".tsv", ".txt") else ","
    lines = [sign.join(("地区" if stands_in != "big5" else "地區", "code"))]
    lines += [sign.join((name, str(k))) for k, name in enumerate(names_of(stands_in))]
    path.write_bytes("\n".join(lines).encode(stands_in))
    column = "地区" if stands_in != "big5" else "地區"
    return [str(name) for name in read_sheet(path, [column, "code"], Form(encoding=declared)).cells[column]]


def frame(stands_in: str) -> gpd.GeoDataFrame:
    shapes = [shapely.box(110 + k, 40, 111 + k, 41) for k in range(3)]
    return gpd.GeoDataFrame({"code": list("123"), "name": names_of(stands_in)}, geometry=shapes, crs=4490)


def shapefile(path: Path, stands_in: str, declared: str | None, way: str) -> list[str]:
    """The bytes are put into the table by hand: names of 40 bytes after codes of 80."""
    path = path.with_suffix(".shp")
    frame(stands_in).assign(name="?" * 13).to_file(path, encoding="UTF-8")
    table = path.with_suffix(".dbf")
    content = table.read_bytes()
    for name in names_of(stands_in):
        raw = name.encode(stands_in)
        content = content.replace(b"?" * 13 + b" " * 27, raw.ljust(40), 1)
    content = bytearray(content)
    path.with_suffix(".cpg").unlink()
    content[29] = 0
    if way == "cpg" and declared:
        path.with_suffix(".cpg").write_text(declared)
    if way == "language" and declared:
        content[29] = LANGUAGE[declared]
    table.write_bytes(bytes(content))
    return regions(path, declared if way == "user" else None)


def regions(path: Path, declared: str | None) -> list[str]:
    found = load_file(path, "code", "name", encoding=declared)
    return found.units.sort_values("code")["name"].tolist()


def geojson(path: Path, stands_in: str, declared: str | None) -> list[str]:
    path.write_bytes(json.dumps(json.loads(frame(stands_in).to_json()), ensure_ascii=False).encode(stands_in))
    return regions(path, declared)


def attempt(file: str, folder: Path, stands_in: str, declared: str | None) -> list[str]:
    name, _, way = file.partition(" ")
    if name.endswith(".dbf"):
        return shapefile(folder / name, stands_in, declared, way)
    return (geojson if name.endswith(".geojson") else text)(folder / name, stands_in, declared)


def is_possible(file: str, stands_in: str, declared: str | None) -> bool:
    if file.endswith("language"):
        return declared in LANGUAGE and stands_in not in ("utf-8-sig", "utf-16")
    # A table of dBASE has no room for the marks of Unicode, and names of two bytes a character end in zeros.
    return not (file.startswith("s.dbf") and stands_in in ("utf-8-sig", "utf-16"))


PAIRS = [pair for pair in product(FILES, STANDS_IN, DECLARED) if is_possible(*pair)]


@pytest.mark.parametrize(("file", "stands_in", "declared"), PAIRS)
def test_read_as_written_or_refused(tmp_path: Path, file: str, stands_in: str, declared: str | None) -> None:
    right = list(names_of(stands_in))
    try:
        found = attempt(file, tmp_path, stands_in, declared)
    except SinksError as error:
        problems = error.problems
    else:
        assert found == right
        return
    # What is refused was declared otherwise, or not at all where the bytes alone leave it open.
    same = declared is not None and declared.lower().replace("-", "") == stands_in.replace("-sig", "").replace("-", "")
    assert not same or (file, stands_in) == ("r.geojson", "utf-16"), problems
    for problem in problems:
        advice = problem.values.get("suggestion")
        if advice in (None, "?"):
            continue
        assert str(advice).lower() != str(declared).lower()
        if stands_in != "big5" or advice == "Big5":
            # The advice, followed, gives what was written.
            way = file if not file.startswith("s.dbf") else "s.dbf user"
            assert attempt(way, tmp_path, stands_in, str(advice)) == right
