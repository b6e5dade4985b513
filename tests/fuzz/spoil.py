"""Ways to spoil a file of text, drawn from a generator of random numbers: the same seed spoils it the same way.

A spoilt file may still be sound, since a number can be another number.  Where no reader could take it for sound, the
spoiler says so, and to accept it is a finding.
"""

from __future__ import annotations

import csv
import io
import json
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NONSENSE_NUMBERS = ("nan", "inf", "-inf", "1e999", "--5", "0x10", "1 2 3", "half", "5..0", "#REF!", "5;6", "½", "١٢")
"""What stands for no number that a cell of a table could hold."""

ODD_NUMBERS = (
    "-1",
    "0",
    "-0",
    "1e308",
    "1e-320",
    "1,5",
    "1,234.5",
    "１２",
    "１２．５",
    "=1+1",
    "5%",
    " 7 ",
    "99999999999",
)
ODD_WORDS = (
    *("", " ", "nan", "NULL", "<Null>", "—", "…", "全部", "forest ", "FOREST", "林地", "a" * 3000, "\u202eabc"),
    *("'", '"', "{0}", "{count}", "%s", "../../x", "\\", "\u0000", "𠮷", "-", "all", "nodata", "150100", "2020-2023"),
)


@dataclass(frozen=True)
class Spoilt:
    """A file after something was done to it.

    Attributes
    ----------
    content : bytes
    what : str
        What was done, for whoever repeats it.
    unsound : bool
        Whether it must be refused.
    """

    content: bytes
    what: str
    unsound: bool = False


def spoil(name: str, content: bytes, rng: random.Random) -> Spoilt:
    """The content of a file, spoilt in one way."""
    ways: list[Callable[[str, random.Random], Spoilt]] = [_bytes] if rng.random() < 0.15 else []
    if not ways:
        kind = name.rpartition(".")[2]
        ways = {"csv": [_cell, _cell, _cell, _rows, _columns, _form], "toml": [_toml, _toml, _toml, _lines]}.get(
            kind, [_attribute, _attribute, _geometry]
        )
    return rng.choice(ways)(content.decode("utf-8"), rng)


def _bytes(text: str, rng: random.Random) -> Spoilt:
    """Bytes lost, doubled, turned round."""
    data = bytearray(text.encode())
    where = rng.randrange(len(data))
    way = rng.choice(["cut", "flip", "zero", "double", "empty", "drop"])
    if way == "cut":
        data = data[:where]
    elif way == "flip":
        data[where] ^= 1 << rng.randrange(8)
    elif way == "zero":
        data[where] = 0
    elif way == "double":
        data = data * 2
    elif way == "empty":
        data = bytearray(rng.choice([b"", b"\n", b"\xef\xbb\xbf", b"\x00" * 50, b"PK\x03\x04", b"\xff\xfe"]))
    else:
        del data[where : where + rng.randrange(1, 40)]
    return Spoilt(bytes(data), f"{way} at byte {where}")


def _table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def _joined(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _cell(text: str, rng: random.Random) -> Spoilt:
    """One cell holds something else."""
    rows = _table(text)
    row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    head = rows[0][column]
    number = head in ("value", "low", "high", "forest_area", "code", "year", "base_year", "target_year")
    if number and row and rng.random() < 0.5:
        found, unsound = (
            rng.choice(NONSENSE_NUMBERS),
            head in ("value", "forest_area", "year", "base_year", "target_year"),
        )
    else:
        found, unsound = rng.choice(ODD_NUMBERS if number and rng.random() < 0.6 else ODD_WORDS), False
    rows[row][column] = found
    return Spoilt(_joined(rows).encode(), f"{head} of row {row + 1} is {found[:40]!r}", unsound)


def _rows(text: str, rng: random.Random) -> Spoilt:
    """Rows lost, doubled, in another order, too short, too long."""
    rows = _table(text)
    at = rng.randrange(len(rows))
    way = rng.choice(["drop", "double", "shuffle", "short", "long", "blank", "head_only", "many"])
    unsound = way == "double" and at > 0
    if way == "drop":
        del rows[at]
    elif way == "double":
        rows.insert(at, list(rows[at]))
    elif way == "shuffle":
        rng.shuffle(rows)
    elif way == "short":
        rows[at] = rows[at][: rng.randrange(len(rows[at]))]
    elif way == "long":
        rows[at] = rows[at] * 3
    elif way == "blank":
        rows.insert(at, [""] * len(rows[0]))
    elif way == "head_only":
        rows = rows[:1]
    else:
        rows = rows[:1] + rows[1:] * 200
    return Spoilt(_joined(rows).encode(), f"{way} row {at + 1}", unsound)


def _columns(text: str, rng: random.Random) -> Spoilt:
    """Columns lost, doubled, renamed, in another order."""
    rows = _table(text)
    at = rng.randrange(len(rows[0]))
    way = rng.choice(["drop", "double", "rename", "move", "extra"])
    head = rows[0][at]
    if way == "drop":
        rows = [row[:at] + row[at + 1 :] for row in rows]
    elif way == "double":
        rows = [[*row, row[at]] for row in rows]
    elif way == "rename":
        rows[0][at] = rng.choice(ODD_WORDS)
    elif way == "move":
        rows = [[row[at], *row[:at], *row[at + 1 :]] for row in rows]
    else:
        rows = [[*row, rng.choice(ODD_WORDS)] for row in rows]
    return Spoilt(_joined(rows).encode(), f"{way} column {head}")


def _form(text: str, rng: random.Random) -> Spoilt:
    """The same table in another encoding, with another delimiter, with lines before it."""
    way = rng.choice(["gb18030", "utf-16", "utf-8-sig", "big5", "latin-1", "semicolon", "tab", "title", "cr", "quotes"])
    if way in ("semicolon", "tab"):
        return Spoilt(_joined(_table(text), {"semicolon": ";", "tab": "\t"}[way]).encode(), way)
    if way == "title":
        return Spoilt(("附表 1\n\n" + text).encode(), way)
    if way == "cr":
        return Spoilt(text.replace("\n", "\r").encode(), way)
    if way == "quotes":
        return Spoilt(text.replace(",", ',"').encode(), way)
    return Spoilt(text.encode(way, errors="replace"), way)


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(node, dict):
        for key, value in node.items():
            found += _leaves(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            found += _leaves(value, (*path, number))
    return found


def _odd_value(rng: random.Random) -> Any:
    return rng.choice(
        [
            None,
            True,
            0,
            -1,
            10**30,
            2**63,
            1e308,
            float("nan"),
            float("inf"),
            "",
            "x",
            [],
            {},
            [[]],
            {"a": {"b": 1}},
            "nan",
            *ODD_WORDS,
        ]
    )


def _toml(text: str, rng: random.Random) -> Spoilt:
    """One value of the project is something else, is gone, or has company."""
    content = tomllib.loads(text)
    path = rng.choice(_leaves(content))
    node = content
    for key in path[:-1]:
        node = node[key]
    way = rng.choice(["set", "set", "set", "drop", "add", "swap", "list"])
    unsound = False
    if way == "set":
        node[path[-1]] = _odd_value(rng)
    elif way == "drop":
        del node[path[-1]]
    elif way == "add" and isinstance(node, dict):
        node[rng.choice(["extra", "fles", "日期", "a.b"])] = _odd_value(rng)
        unsound = len(path) == 2 and path[0] in ("project", "land_cover", "regions", "assessment")
    elif way == "swap":
        other = rng.choice(_leaves(content))
        value: Any = content
        for key in other:
            value = value[key]
        node[path[-1]] = json.loads(json.dumps(value, default=str))
    else:
        node[path[-1]] = [node[path[-1]]] * rng.randrange(1, 4) if isinstance(node, dict) else node[path[-1]]
    where = ".".join(map(str, path))
    written = _dump(content)
    return Spoilt(written.encode("utf-8", errors="replace"), f"{way} {where}: {written[:0]}", unsound)


def _dump(content: dict[str, Any]) -> str:
    """TOML with one inline value a line."""
    return "".join(f"{json.dumps(str(key), ensure_ascii=False)} = {_value(value)}\n" for key, value in content.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(str(k), ensure_ascii=False)} = {_value(v)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    if value is None:
        return '""'
    return json.dumps(value, ensure_ascii=False)


def _lines(text: str, rng: random.Random) -> Spoilt:
    """A line of the project is lost, doubled, moved or cut."""
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    way = rng.choice(["drop", "double", "move", "cut"])
    line = lines.pop(at)
    if way == "double":
        lines[at:at] = [line, line]
    elif way == "move":
        lines.insert(rng.randrange(len(lines) + 1), line)
    elif way == "cut":
        lines.insert(at, line[: rng.randrange(len(line) + 1)])
    return Spoilt("\n".join(lines).encode(), f"{way} line {at + 1}: {line}", way == "double" and "=" in line)


def _attribute(text: str, rng: random.Random) -> Spoilt:
    """One attribute of a feature is something else, or gone."""
    content = json.loads(text)
    feature = rng.randrange(len(content["features"]))
    properties = content["features"][feature]["properties"]
    name = rng.choice(list(properties))
    if rng.random() < 0.15:
        for one in content["features"]:
            one["properties"].pop(name, None)
        return Spoilt(json.dumps(content).encode(), f"no attribute {name}", True)
    found = rng.choice([None, -5, 0, 1e30, 5.5, True, "", " ", "x", [1], {"a": 1}, *ODD_WORDS, *NONSENSE_NUMBERS])
    properties[name] = found
    return Spoilt(
        json.dumps(content, ensure_ascii=False).encode(errors="replace"), f"{name} of {feature} is {found!r:.40}"
    )


def _geometry(text: str, rng: random.Random) -> Spoilt:  # noqa: C901  # a list of ways, one below the other
    """One outline is something else."""
    content = json.loads(text)
    number = rng.randrange(len(content["features"]))
    feature = content["features"][number]
    ring = feature["geometry"]["coordinates"][0]
    way = rng.choice(
        ["null", "empty", "swap", "far", "nan", "bow", "point", "spike", "double", "drop", "kind", "crs", "huge"]
    )
    if way == "null":
        feature["geometry"] = None
    elif way == "empty":
        feature["geometry"]["coordinates"] = []
    elif way == "swap":
        feature["geometry"]["coordinates"] = [[[y, x] for x, y in ring]]
    elif way == "far":
        ring[1] = [500.0, 95.0]
    elif way == "nan":
        ring[1] = [float("nan"), 40.0]
    elif way == "bow":
        ring[1], ring[2] = ring[2], ring[1]
    elif way == "point":
        feature["geometry"] = {"type": "Point", "coordinates": ring[0]}
    elif way == "spike":
        ring.insert(1, [ring[0][0] + 3, ring[0][1]])
    elif way == "double":
        content["features"].append(json.loads(json.dumps(feature)))
    elif way == "drop":
        del content["features"][number]
    elif way == "kind":
        feature["geometry"]["type"] = rng.choice(["LineString", "MultiPolygon", "GeometryCollection", "Circle"])
    elif way == "crs":
        content["crs"] = rng.choice([None, {}, {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}])
    else:
        feature["geometry"]["coordinates"] = [[[x * 1e6, y * 1e6] for x, y in ring]]
    return Spoilt(json.dumps(content).encode(), f"geometry of {number}: {way}", way in ("nan", "point"))
