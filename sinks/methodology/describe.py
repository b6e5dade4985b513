"""A methodology in words, for ``sinks methods ID``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sinks.methodology.bound import Bound
from sinks.methodology.docstring import sections
from sinks.methodology.plain import plain
from sinks.methodology.spec import Methodology
from sinks.parameters import Row
from sinks.text import message
from sinks.vocabulary import ecosystems, pools, quantities

_ACTS_ON = {"state": "methodology.describe.state", "change": "methodology.describe.change"}


def describe(bound: Bound, *, full: bool = False) -> str:
    """Equation, inputs, parameters with their sources, and validity, in the language that is set.

    Parameters
    ----------
    bound : Bound
    full : bool
        Every row of the parameter table with its value, interval, document and page, and the documents in full;
        otherwise one line for each parameter.
    """
    method = bound.methodology
    source = bound.table.sources.get(method.source, method.source)
    lines = [
        message("methodology.describe.head", title=method.title, id=method.id),
        message("methodology.describe.source", source=source, locator=method.locator),
        message(
            "methodology.describe.approach",
            approach=message(f"compare.{method.approach}"),
            tier=method.tier,
            acts_on=message(_ACTS_ON[method.acts_on]),
        ),
        message(
            "methodology.describe.ecosystems", ecosystems=[str(ecosystems()[name].label) for name in method.ecosystems]
        ),
        message("methodology.describe.valid_for", text=method.valid_for),
    ]
    if method.soil_depth_cm is not None:
        lines.append(message("methodology.describe.depth", top=method.soil_depth_cm[0], bottom=method.soil_depth_cm[1]))
    if method.edition is not None:
        lines.append(message("methodology.describe.edition", edition=method.edition))
    lines += [
        message("methodology.describe.options", option=name, choices=choices)
        for name, choices in method.options.items()
    ]
    lines += [
        "",
        message("methodology.describe.equation"),
        *_indented(_readable(sections(method.compute).get("Notes", ""))),
    ]
    lines += ["", message("methodology.describe.inputs"), *_inputs(bound)]
    lines += ["", message("methodology.describe.parameters"), *(f"  {line}" for line in _parameters(bound, full))]
    lines += _strangers(bound)
    lines += ["", message("methodology.describe.outputs")]
    lines += [f"  {pools()[name].label} ({name}) [{unit}]" for name, unit in method.outputs.items()]
    if method.other_gases:
        gases = [f"{name} [{unit}]" for name, unit in method.other_gases.items()]
        lines += _indented(message("methodology.describe.other_gases", names=gases))
    if method.examples:
        lines += [
            "",
            message("methodology.describe.examples", places=[f"{e.source}, {e.locator}" for e in method.examples]),
        ]
    if full:
        documents = [f"{key}: {bound.table.sources.get(key, key)}" for key in sorted(set(bound.table.frame["source"]))]
        lines += ["", message("methodology.describe.documents"), *(f"  {line}" for line in documents)]
    return "\n".join(lines)


def _inputs(bound: Bound) -> list[str]:
    """A line for each input; of a monthly one, the first and the last month."""
    method = bound.methodology
    return [
        f"  {' … '.join(_labelled(layer) for layer in first_and_last(layers))} [{method.inputs[name]}]"
        for name, layers in method.layers.items()
    ]


def first_and_last(layers: tuple[str, ...]) -> tuple[str, ...]:
    """The first and the last layer of an input, by which a series of months is named; the one layer of any other."""
    return tuple(dict.fromkeys((layers[0], layers[-1])))


def _labelled(input: str) -> str:
    """An input as readers and as project files call it; one of a methodology's own has its name only."""
    known = quantities().get(input.removesuffix("_from").removesuffix("_to"))
    return f"{known.label} ({input})" if known else input


def _readable(notes: str) -> str:
    """Notes of a docstring with each formula as a line of plain text."""
    paragraphs = []
    for paragraph in notes.split("\n\n"):
        head, sign, formula = paragraph.partition(".. math::")
        if sign and not head.strip():
            # A formula of two parts stands on two lines.
            paragraphs.append("\n".join(plain(part) for part in " ".join(formula.split()).split(r",\quad")))
        else:
            paragraphs.append(re.sub(r":math:`([^`]*)`", lambda m: plain(m[1]), paragraph).replace("``", "`"))
    return "\n\n".join(paragraphs)


def formulas(methodology: Methodology) -> list[str]:
    """The equations of a methodology, each a line of plain text, in the order of its docstring."""
    notes = sections(methodology.compute).get("Notes", "")
    found = []
    for paragraph in notes.split("\n\n"):
        head, sign, formula = paragraph.partition(".. math::")
        if sign and not head.strip():
            found += [plain(part) for part in " ".join(formula.split()).split(r",\quad")]
    return found


def _strangers(bound: Bound) -> list[str]:
    return [
        message("methodology.describe.strangers", base=bound.id, words=f"{name} = {', '.join(words)}", known=known)
        for name, (words, known) in bound.table.strangers().items()
    ]


def _row(row: Row) -> str:
    cells = ", ".join(f"{name} = {row.cells[name]}" for name in row.asks_for)
    ends = f" [{row.low:g}, {row.high:g}] {row.interval}" if row.interval else ""
    return message(
        "methodology.describe.row",
        value=f"{row.value:g}",
        unit=row.unit,
        stratum=cells or message("methodology.describe.everywhere"),
        interval=ends,
        source=row.source,
        locator=row.locator,
        unverified=message("methodology.describe.unverified") if row.unverified else "",
    )


def _parameters(bound: Bound, full: bool) -> Iterator[str]:
    frame = bound.table.frame
    for name, unit in bound.methodology.table_parameters.items():
        rows, document = frame[frame["parameter"] == name], bound.methodology.documents.get(name)
        if rows.empty and document is not None:
            yield message("methodology.describe.in_document", name=name, unit=unit, document=document)
            continue
        if rows.empty:
            yield message("methodology.describe.no_rows", name=name, unit=unit)
            continue
        yield message(
            "methodology.describe.rows",
            name=name,
            unit=unit,
            count=len(rows),
            low=f"{rows['value'].min():g}",
            high=f"{rows['value'].max():g}",
            unverified=int(rows["unverified"].sum()),
            strata=list(bound.table.strata_of(name)) or "-",
            sources=sorted(rows["source"].unique()),
        )
        if full:
            yield from (f"  {_row(row)}" for row in bound.table.rows if row.parameter == name)


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]
