"""Legends: what the codes of a classified layer mean, and which ecosystem of the account each class belongs to.

A legend is a CSV with the columns ``code, name_zh, name_en, class, ecosystem, basis, source, note``.  The built-in
ones lie in ``legends/`` beside this module; a user's own file has the same columns.  ``class`` is a fine class: it
keeps apart what one inventory counts as forest and another as wetland (``wetland_forest``), so that an area cannot
silently be counted twice.  ``ecosystem`` is the crosswalk into the account, an assumption that a project can override
class by class.

Legends of *strata* (climate zone, soil class, species group ...) have no ecosystem; their ``stratum`` names the column
that their classes fill in the activity table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, SupportsFloat

from sinks.calls import spoken
from sinks.errors import LayerError, LegendError, Problem, Problems
from sinks.folds import folded, items, nouns, part
from sinks.objects import is_object
from sinks.tables.form import Form
from sinks.tables.sheet import read_sheet
from sinks.text import MOST_ROWS, Text, language, table_rows
from sinks.vocabulary import NODATA, ecosystems

Code = int | str

COLUMNS = ("code", "name_zh", "name_en", "class", "ecosystem", "basis", "source", "note")
BASES = ("read", "memory", "own")
"""How a class came to be known: read in its document, recalled, or defined by the maker of the legend."""

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_OVERRIDE_KEYS = {"class", "ecosystem", "add", "name_zh", "name_en"}


@dataclass(frozen=True)
class LegendClass:
    """One class of a legend.

    Parameters
    ----------
    code : int or str
        As it stands in the data: a number, or text where digits alone would lose something (``"0301"``, ``"05H1"``).
    name : Text
        Name in Chinese and English.
    cls : str
        Fine class, for example ``"wetland_forest"``.
    ecosystem : str
        One of :func:`sinks.vocabulary.ecosystems` or ``"nodata"``; empty in the legend of a stratum.
    basis, source, note : str
        Where code and name come from, and what was assumed.
    overridden : bool
        Whether the project changed this class.
    """

    code: Code
    name: Text
    cls: str
    ecosystem: str
    basis: str = ""
    source: str = ""
    note: str = ""
    overridden: bool = False

    @property
    def text(self) -> str:
        """The code as text, as it stands in the activity table."""
        return str(self.code)

    @property
    def number(self) -> int | None:
        """The number by which a raster may hold the code, or None; a longer one is in no raster."""
        return int(self.text) if _INTEGER.fullmatch(self.text) else None

    @property
    def is_nodata(self) -> bool:
        """Whether this class says that the land was not observed."""
        return NODATA in (self.cls, self.ecosystem)


@dataclass(frozen=True)
class Legend:
    """The classes of one product or stratum.

    Parameters
    ----------
    id : str
        Name of the built-in legend, or of the user's file.
    title : Text
        For people.
    source : str
        Documents the legend was made from, each once.
    codes : tuple of (int or str)
        Every code, in the order of the file.
    classes : tuple of LegendClass
        In the same order.
    stratum : str
        Column that the classes fill; empty for a land-cover legend.
    """

    id: str
    title: Text
    source: str
    codes: tuple[Code, ...]
    classes: tuple[LegendClass, ...]
    stratum: str = ""

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[LegendClass]:
        return iter(self.classes)

    @cached_property
    def by_text(self) -> Mapping[str, LegendClass]:
        """Classes by their code as text."""
        return MappingProxyType({c.text: c for c in self.classes})

    @cached_property
    def _by_number(self) -> dict[int, tuple[LegendClass, ...]]:
        """Classes by the number a raster would hold; two classes share one where a leading zero made the difference."""
        found: dict[int, tuple[LegendClass, ...]] = {}
        for c in self.classes:
            if c.number is not None:
                found[c.number] = (*found.get(c.number, ()), c)
        return found

    @property
    def numbers(self) -> tuple[int, ...]:
        """Codes that a raster can hold, ascending."""
        return tuple(sorted(self._by_number))

    def get(self, code: object) -> LegendClass | None:
        """The class of ``code`` (number or text), or None when the legend has none.

        Text is matched exactly first; a number, or text that lost its leading zeros, is then matched by value.

        Raises
        ------
        LegendError
            If a number could be either of two codes (``201`` is ``"201"`` and ``"0201"`` in the land survey).
        """
        text = _code_text(code)
        if isinstance(code, str) and text in self.by_text:
            return self.by_text[text]
        if not _INTEGER.fullmatch(text):
            return None
        matches = self._by_number.get(int(text), ())
        if len(matches) > 1:
            codes = [c.text for c in matches]
            raise LegendError(Problem("legends.ambiguous_code", self.id, {"code": text, "codes": codes}))
        return matches[0] if matches else None

    def unknown(self, codes: Iterable[object]) -> list[object]:
        """Those of ``codes`` that the legend does not have, in the order given."""
        return [code for code in codes if self.get(code) is None]

    def lookup(self, codes: Sequence[object], where: str = "") -> list[LegendClass]:
        """The classes of ``codes``, all of which must be known.

        Raises
        ------
        LegendError
            Listing every code the legend lacks or cannot tell apart.
        """
        problems, found = Problems(), []
        missing: list[str] = []
        for code in codes:
            try:
                match = self.get(code)
            except LegendError as error:
                problems.extend(error)
                continue
            if match is None:
                missing.append(_code_text(code))
            else:
                found.append(match)
        if missing:
            problems.add(
                "legends.unknown_code", where or self.id, legend=self.id, codes=missing, known=_few(self.by_text)
            )
        problems.raise_as(LegendError)
        return found

    def __repr__(self) -> str:
        lines = [f"Legend {self.id} · {self.title} · {len(self)}"]
        lines += [f"  {c.text:>8}  {c.cls:<24} {c.ecosystem:<10} {c.name}" for c in self.classes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = [(one.text, str(one.name), one.cls, one.ecosystem, one.note) for one in self.classes]
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in cells)
        head = "".join(f"<th>{name}</th>" for name in _HEADINGS[language()])
        body = f"<table><tr>{head}</tr>{rows}</table>"
        return folded(
            f"{self.id} · {self.title}",
            [
                part("folds.classes", body, len(self), opened=len(self) <= MOST_ROWS),
                part("folds.documents", items([self.source]) if self.source else ""),
            ],
        )

    def __dir__(self) -> list[str]:
        return nouns(self)


_HEADINGS = {
    "zh": ("代码", "名称", "细类", "生态系统", "说明"),
    "en": ("code", "name", "class", "ecosystem", "note"),
}


@cache
def _index() -> dict[str, tuple[Text, str]]:
    """Title and stratum of every built-in legend."""
    rows = table_rows("sinks.geo", "legends/index.csv")
    return {r["id"]: (Text(r["title_zh"], r["title_en"]), r["stratum"]) for r in rows}


def available_legends() -> dict[str, Text]:
    """Ids and titles of the built-in legends."""
    return {id: title for id, (title, _) in _index().items()}


def legend_strata() -> dict[str, str]:
    """The stratum that each built-in legend classifies, by its id; empty for land cover."""
    return {id: stratum for id, (_, stratum) in _index().items()}


@spoken
def load_legend(
    id_or_path: str | Path,
    overrides: Mapping[Any, Any] | None = None,
    *,
    stratum: str | None = None,
    encoding: str | None = None,
) -> Legend:
    """A built-in legend by its id, or a user's own from a CSV or a workbook.

    Parameters
    ----------
    id_or_path : str or Path
        One of :func:`available_legends`, or the path of a table with the columns of this module.
    overrides : mapping, optional
        Changes class by class: ``{8: "grassland"}`` sets class and ecosystem, ``{8: {"class": "shrub_open",
        "ecosystem": "shrub"}}`` sets what it names.  A code that the legend lacks needs ``"add": True``.
    stratum : str, optional
        For a user's file that classifies a stratum: the column it fills.  Built-in legends know theirs.
    encoding : str, optional
        Of the user's file, where it has to be said; see :func:`sinks.tables.encoding.decode`.

    Raises
    ------
    LegendError
        With every fault of the file and of the overrides, each with its row.
    """
    index, problems = _index(), Problems()
    builtin = str(id_or_path) in index
    where = str(id_or_path)
    if builtin:
        title, own_stratum = index[where]
        records: Records | None = list(enumerate(table_rows("sinks.geo", f"legends/{where}.csv"), 2))
    else:
        title, own_stratum = Text(Path(where).stem, Path(where).stem), stratum or ""
        records = _read_user_file(Path(id_or_path), encoding, own_stratum, problems)
    classes = _parse(records, where, own_stratum, problems) if records is not None else {}
    # An override is judged against the classes of a readable file only; otherwise every code would look unknown.
    if records is not None:
        _override(classes, overrides or {}, where, own_stratum, problems)
    problems.raise_as(LegendError)
    listed = tuple(classes.values())
    source = "; ".join(dict.fromkeys(c.source for c in listed if c.source))
    id = where if builtin else Path(where).stem
    return Legend(id, title, source, tuple(c.code for c in listed), listed, own_stratum)


Records = list[tuple[int, dict[str, str]]]
"""Rows of a legend with the numbers that Excel shows."""


def _read_user_file(path: Path, encoding: str | None, stratum: str, problems: Problems) -> Records | None:
    if not path.is_file() and not is_object(path):
        problems.add("legends.no_file", path, known=list(_index()))
        return None
    needed = ("code", "name_zh", "class", *(() if stratum else ("ecosystem",)))
    try:
        sheet = read_sheet(path, needed, Form(encoding=encoding), optional=COLUMNS)
    except LayerError as error:
        problems.extend(error)
        return None
    return sheet.records()


def _parse(records: Records, where: str, stratum: str, problems: Problems) -> dict[str, LegendClass]:
    """Classes by code as text; every faulty row becomes a problem."""
    classes: dict[str, LegendClass] = {}
    first_line: dict[str, int] = {}
    for line, row in records:
        cell = {name: (row.get(name) or "").strip() for name in COLUMNS}
        code, place = cell["code"], f"{where}:{line}"
        if not any(cell.values()):
            continue
        if not code:
            problems.add("legends.empty_code", place)
            continue
        if code in classes:
            problems.add("legends.code_twice", place, code=code, first=first_line[code])
            continue
        first_line[code] = line
        name = Text(cell["name_zh"], cell["name_en"] or cell["name_zh"])
        found = LegendClass(
            _code(code), name, cell["class"], cell["ecosystem"], cell["basis"], cell["source"], cell["note"]
        )
        _check_class(found, place, stratum, problems)
        classes[code] = found
    if not classes and not len(problems):
        problems.add("legends.empty", where)
    return classes


def _check_class(found: LegendClass, place: str, stratum: str, problems: Problems) -> None:
    if not _IDENTIFIER.fullmatch(found.cls):
        problems.add("legends.bad_class", place, code=found.text, cls=found.cls)
    if stratum and found.ecosystem:
        problems.add("legends.ecosystem_in_stratum", place, code=found.text, ecosystem=found.ecosystem, stratum=stratum)
    if not stratum and found.ecosystem not in {*ecosystems(), NODATA}:
        known = [*ecosystems(), NODATA]
        problems.add("legends.unknown_ecosystem", place, code=found.text, ecosystem=found.ecosystem, known=known)
    if found.basis and found.basis not in BASES:
        problems.add("legends.unknown_basis", place, code=found.text, basis=found.basis, known=BASES)


def _override(
    classes: dict[str, LegendClass], overrides: Mapping[Any, Any], where: str, stratum: str, problems: Problems
) -> None:
    """Apply the project's changes in place."""
    seen: set[str] = set()
    for key, change in overrides.items():
        code, place = _code_text(key), f"{where} [overrides] {key}"
        if code in seen:
            problems.add("legends.override_twice", place, code=code)
            continue
        seen.add(code)
        if isinstance(change, str):
            change = {"class": change} if stratum else {"class": change, "ecosystem": change}
        if not isinstance(change, Mapping) or set(change) - _OVERRIDE_KEYS:
            problems.add("legends.bad_override", place, found=change, keys=sorted(_OVERRIDE_KEYS))
            continue
        present = classes.get(code)
        if present is None and change.get("add") is not True:
            problems.add("legends.override_unknown", place, code=code, known=_few(classes))
            continue
        if present is not None and change.get("add") is True:
            problems.add("legends.override_exists", place, code=code, cls=present.cls)
            continue
        changed = _changed(code, present, change)
        _check_class(changed, place, stratum, problems)
        classes[code] = changed


def _changed(code: str, present: LegendClass | None, change: Mapping[str, Any]) -> LegendClass:
    base = present or LegendClass(_code(code), Text(code, code), "", "", "own")
    name_zh = str(change.get("name_zh", base.name.zh))
    # A new class that is named in one language only carries that name in both.
    name_en = str(change.get("name_en", base.name.en if present else name_zh))
    return LegendClass(
        base.code,
        Text(name_zh, name_en),
        str(change.get("class", base.cls)),
        str(change.get("ecosystem", base.ecosystem)),
        base.basis,
        base.source,
        base.note,
        overridden=True,
    )


def _code(text: str) -> Code:
    """A number where nothing is lost by it; text where a leading zero or a letter matters."""
    return int(text) if _PLAIN_INTEGER.fullmatch(text) else text


def _code_text(code: object) -> str:
    """``11``, ``11.0``, ``numpy.uint8(11)`` and ``" 11 "`` all say "11"."""
    if isinstance(code, SupportsFloat) and float(code).is_integer():
        return str(int(float(code)))
    return str(code).strip()


def _few(codes: Iterable[str], limit: int = 30) -> list[str]:
    listed = list(codes)
    return listed if len(listed) <= limit else [*listed[:limit], "…"]
