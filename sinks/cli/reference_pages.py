"""Reference pages made from the program itself: ``python -m sinks.cli.reference_pages [FOLDER]``.

``docs/methods/<id>.md`` is written from each methodology's specification, docstring and parameter table,
``docs/plausible-bounds.md`` from the table of bounds, ``docs/project-file.md`` from the models that check a project
file.  A test writes them again and compares, so a page that no longer says what the program does is noticed.
"""

from __future__ import annotations

import math
import re
import sys
import types
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sinks.errors import Problem, ProjectError
from sinks.methodology import Bound, Example, Methodology, Registry
from sinks.methodology.describe import first_and_last
from sinks.methodology.docstring import sections
from sinks.project.project import Project
from sinks.project.rules import RuleValue
from sinks.text import messages, table_rows
from sinks.vocabulary import ecosystems, pools, quantities
from sinks.vocabulary.bounds import bounds, every_bound

_HIDDEN = ("folder",)
"""Fields of the project that are not keys of its file."""


_CELLS = {
    "value": "reference.value",
    "unit": "reference.unit",
    "low": "reference.low",
    "high": "reference.high",
    "interval": "reference.interval",
    "basis": "reference.basis",
    "source": "reference.source",
    "locator": "reference.locator",
}
"""Columns of a parameter row that are shown after its strata, and their headers."""

_OF_SOURCE = ("reference.basis", "reference.source", "reference.locator")
"""Heads of the columns that say where a number comes from."""


def pages() -> dict[str, str]:
    """Every reference page by its path below the documentation folder.

    Raises
    ------
    ProjectError
        A key of the project file has no Chinese text in ``project_keys.csv``, or a text has no key.
    """
    bound = Registry().all()
    made = {f"methods/{one.id}.md": methodology_page(one) for one in bound}
    made["methods/README.md"] = _index(bound)
    made["project-file.md"] = project_page()
    made["plausible-bounds.md"] = bounds_page()
    return made


def write(folder: Path) -> list[Path]:
    """Write every page below ``folder`` and remove those of methodologies that are gone."""
    made = pages()
    for path in (folder / "methods").glob("*.md"):
        if f"methods/{path.name}" not in made:
            path.unlink()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in made]


def methodology_page(bound: Bound) -> str:
    """One methodology: what it is, its equation, inputs, parameters, published examples and validity, in Markdown."""
    method = bound.methodology
    parts = [
        f"# {method.title.zh} / {method.title.en}",
        _facts(bound),
        _heading("reference.equation"),
        _mathematics(sections(method.compute).get("Notes", "")),
        _heading("reference.inputs"),
        _inputs(method),
        _heading("reference.outputs"),
        _rows(
            ("reference.pool", "reference.unit"),
            [(_both(pools()[p].label), unit) for p, unit in method.outputs.items()],
        ),
        _heading("reference.parameters"),
        _parameters(bound),
        _heading("reference.examples"),
        *(_examples(method.examples, bound) or [_line("reference.no_examples")]),
        _heading("reference.validity"),
        method.valid_for.zh + "。",
        method.valid_for.en + ".",
        _heading("reference.sources"),
        _sources(bound),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(bound: Bound) -> str:
    method = bound.methodology
    rows = [
        ("reference.id", f"`{method.id}`"),
        ("reference.source", f"`{method.source}`, {method.locator}"),
        ("reference.approach", f"`{method.approach}`"),
        ("reference.tier", str(method.tier)),
        ("reference.acts_on", f"`{method.acts_on}`"),
        ("reference.ecosystems", ", ".join(_both(ecosystems()[name].label) for name in method.ecosystems)),
    ]
    if method.soil_depth_cm is not None:
        rows.append(("reference.depth", f"{method.soil_depth_cm[0]}-{method.soil_depth_cm[1]} cm"))
    if method.edition is not None:
        rows.append(("reference.edition", method.edition))
    rows += [
        ("reference.option", f"`{name}`: {', '.join(f'`{c}`' for c in choices)}")
        for name, choices in method.options.items()
    ]
    return _rows(("reference.fact", "reference.value"), [(_line(id), value) for id, value in rows])


def _inputs(method: Methodology) -> str:
    if not method.inputs:
        return _line("reference.no_inputs")
    known = quantities()

    def meaning(layer: str) -> str:
        base = method.base_name(layer)
        return _both(known[base].label) if base in known else ""

    rows = [
        (
            " … ".join(f"`{layer}`" for layer in first_and_last(layers)),
            " … ".join(map(meaning, first_and_last(layers))),
            method.inputs[name],
        )
        for name, layers in method.layers.items()
    ]
    return _rows(("reference.name", "reference.meaning", "reference.unit"), rows)


def _parameters(bound: Bound) -> str:
    """Every row of the parameter table, and the parameters that the user has to give."""
    rows = bound.table.rows
    missing = [f"`{name}` [{u}]" for name, u in bound.methodology.table_parameters.items() if not bound.table.has(name)]
    parts = []
    if missing:
        parts.append(_line("reference.user_parameters") + ": " + ", ".join(missing))
    if rows:
        shown = [name for name in bound.table.strata if any(row.cells[name] is not None for row in rows)]
        head = [_line("reference.name"), *(f"`{name}`" for name in shown), *map(_line, _CELLS.values())]
        cells = [
            [row.parameter, *(row.cells[name] for name in shown), *(getattr(row, id) for id in _CELLS)] for row in rows
        ]
        parts.append(_table(head, [[_cell(cell) for cell in line] for line in cells]))
        parts.append(_line("reference.basis_note"))
    return "\n\n".join(parts) or _line("reference.no_parameters")


def _examples(examples: Sequence[Example], bound: Bound) -> list[str]:
    """Published calculations, as numbers in and numbers out."""
    units = {**bound.methodology.inputs, **bound.methodology.parameters}
    found = []
    for example in examples:
        given = [
            (f"`{name}`", ", ".join(f"{number:g}" for number in np.atleast_1d(value)), units[name])
            for name, value in example.inputs.items()
        ]
        given += [(f"`{name}`", f"{value:g}", units[name]) for name, value in example.parameters.items()]
        given += [
            (f"**{_both(pools()[pool].label)}**", f"**{printed}**", bound.methodology.outputs[pool])
            for pool, printed in example.outputs.items()
        ]
        table = _rows(("reference.name", "reference.value", "reference.unit"), given)
        found.append(f"`{example.source}`, {example.locator}\n\n{table}")
    return found


def _sources(bound: Bound) -> str:
    used = {bound.methodology.source, *(row.source for row in bound.table.rows)}
    used |= {example.source for example in bound.methodology.examples}
    known = bound.table.sources
    rows = []
    for key in sorted(used & set(known)):
        source = known[key]
        link = f"[{source.identifier or source.url}]({source.url})" if source.url else source.identifier
        title = " / ".join(dict.fromkeys(text for text in (source.title_zh, source.title) if text))
        rows.append((f"`{key}`", title, ", ".join(filter(None, (source.issuer, source.edition, source.year))), link))
    return _rows(("reference.key", "reference.title", "reference.issuer", "reference.identifier"), rows)


def _mathematics(notes: str) -> str:
    """Notes of a docstring with ``.. math::`` as display formulas and double back quotes as single ones."""
    lines, found, inside = notes.splitlines(), list[str](), False
    for line in lines:
        if line.startswith(".. math::"):
            found += ["$$", line.removeprefix(".. math::").strip()]
            inside = True
        elif inside and line and not line.startswith(" "):
            found += ["$$", "", line]
            inside = False
        else:
            found.append(line.strip() if inside else line)
    if inside:
        found.append("$$")
    text = "\n".join(found).replace("``", "`")
    # A blank line inside a formula ends it for most renderers.
    return re.sub(r"\$\$\n(.*?)\$\$", _tight, text, flags=re.DOTALL)


def _tight(block: re.Match[str]) -> str:
    lines = [line for line in block[1].splitlines() if line.strip()]
    return "\n".join(["$$", *lines, "$$"])


def _index(bound: Sequence[Bound]) -> str:
    rows = [
        (f"[`{b.id}`]({b.id}.md)", b.methodology.title.zh, b.methodology.title.en, f"`{b.methodology.approach}`")
        for b in bound
    ]
    head = ("reference.id", "reference.zh", "reference.en", "reference.approach")
    return "\n\n".join(["# " + _line("reference.methods"), _line("reference.generated"), _rows(head, rows)]) + "\n"


def project_page() -> str:
    """Every key of a project file, section by section, in Markdown."""
    parts = ["# " + _line("reference.project_file"), _line("reference.generated"), _line("reference.project_intro")]
    loose = []
    for name, field in Project.model_fields.items():
        if name in _HIDDEN:
            continue
        models = _models(field.annotation)
        if not models:
            loose.append((name, field, Project))
        for model in models:
            parts += _section(model)
    parts += [_heading("reference.loose_keys"), _keys(loose)]
    _check_all_used()
    return "\n\n".join(parts) + "\n"


def bounds_page() -> str:
    """Plausible bounds of everything that a user can write, with reason and source."""
    parts = ["# " + _line("reference.bounds"), _line("reference.generated"), _line("reference.bounds_intro")]
    head = ("reference.quantity", "reference.range", "reference.reason", *_OF_SOURCE)
    for of in dict.fromkeys(one.of for one in every_bound()):
        rows = [
            (f"`{one.quantity}`", str(one).replace("|", "/"), _both(one.reason), one.basis, one.source, one.locator)
            for one in bounds(of).values()
        ]
        parts += [f"## `{of}`", _rows(head, rows)]
    return "\n\n".join(parts) + "\n"


def _section(model: type[BaseModel]) -> Iterator[str]:
    """Heading, words and keys of one section, and the sections inside it."""
    first = (model.__doc__ or "").strip().splitlines()[0]
    title, _, rest = first.removeprefix("``").partition("``")
    words = rest.removeprefix(":").strip()
    yield f"## `{title}`"
    yield f"{_chinese(model.__name__)}\n\n{words[:1].upper()}{words[1:]}"
    yield _keys([(key, field, model) for key, field in model.model_fields.items()])
    for field in model.model_fields.values():
        for inner in _models(field.annotation):
            yield from _section(inner)


def _keys(fields: Sequence[tuple[str, FieldInfo, type[BaseModel]]]) -> str:
    rows = []
    for name, field, model in fields:
        default = _line("reference.required") if field.is_required() else _default(field)
        key = field.alias or name
        rows.append((f"`{key}`", _type(field.annotation), default, _chinese_key(model, key), field.description or ""))
    return _rows(("reference.key", "reference.type", "reference.default", "reference.zh", "reference.en"), rows)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, RuleValue):
        value = value.value
    if value is None or value is PydanticUndefined or value in ((), {}):
        return ""
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Models inside an annotation such as ``dict[str, StratumSection]``."""
    if isinstance(annotation, type) and not get_args(annotation):
        # A value of the rule is a model for the sake of its source; in the file it is a value.
        return [annotation] if issubclass(annotation, BaseModel) and not issubclass(annotation, RuleValue) else []
    return [model for part in get_args(annotation) for model in _models(part)]


_TYPE_NAMES = {str: "text", int: "integer", float: "number", bool: "true / false"}


def _type(annotation: Any) -> str:
    """The type of a key in the words of TOML."""
    arguments, origin = get_args(annotation), get_origin(annotation)
    if annotation in _TYPE_NAMES:
        return _TYPE_NAMES[annotation]
    if isinstance(annotation, type) and issubclass(annotation, RuleValue):
        return _type(annotation.model_fields["value"].annotation)
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if origin is tuple:
        return f"[{_type(arguments[0])}, ...]"
    if origin is dict:
        return "{ key = value }"
    if origin is types.UnionType or "Union" in str(origin):
        return " or ".join(dict.fromkeys(_type(one) for one in arguments if one is not type(None)))
    if arguments:
        return " / ".join(f'"{choice}"' for choice in arguments)
    return "value"


@cache
def _chinese_texts() -> dict[str, str]:
    return {row["id"]: row["zh"] for row in table_rows("sinks.project", "project_keys.csv")}


def _chinese(key: str) -> str:
    if key not in _chinese_texts():
        raise ProjectError(Problem("reference.no_text", "project_keys.csv", {"key": key}))
    return _chinese_texts()[key]


def _chinese_key(model: type[BaseModel], key: str) -> str:
    """The text of a key, looked for in its section and then in what the section inherits from."""
    for one in model.__mro__:
        if f"{one.__name__}.{key}" in _chinese_texts():
            return _chinese_texts()[f"{one.__name__}.{key}"]
    return _chinese(f"{model.__name__}.{key}")


def _check_all_used() -> None:
    """Refuse texts of keys that no section has any more."""
    known: dict[str, Any] = {}
    waiting: list[type[BaseModel]] = [Project]
    while waiting:
        model = waiting.pop()
        known |= {one.__name__: one for one in model.__mro__ if one is not object}
        waiting += [inner for field in model.model_fields.values() for inner in _models(field.annotation)]
    unused = [
        text
        for text in _chinese_texts()
        if (name := text.partition("."))[0] not in known
        or (name[2] and name[2] not in {f.alias or n for n, f in known[name[0]].model_fields.items()})
    ]
    if unused:
        raise ProjectError(Problem("reference.text_unused", "project_keys.csv", {"keys": unused}))


def _both(text: Any) -> str:
    return f"{text.zh} / {text.en}"


def _line(id: str) -> str:
    return _both(messages()[id])


def _heading(id: str) -> str:
    return f"## {_line(id)}"


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return _table([_line(id) for id in head], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_lines_of(head, rows))


def _lines_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    for written in write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs")):
        print(written)
