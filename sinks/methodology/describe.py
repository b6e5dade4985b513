"""A methodology in words, for ``sinks methods ID``."""

from __future__ import annotations

from collections.abc import Iterator

from sinks.methodology.bound import Bound
from sinks.methodology.docstring import sections
from sinks.text import message
from sinks.vocabulary import ecosystems, pools


def describe(bound: Bound) -> str:
    """Equation, inputs, parameters with their sources, and validity, in the language that is set."""
    method = bound.methodology
    source = bound.table.sources.get(method.source, method.source)
    lines = [
        message("methodology.describe.head", title=method.title, id=method.id),
        message("methodology.describe.source", source=source, locator=method.locator),
        message("methodology.describe.approach", approach=method.approach, tier=method.tier, acts_on=method.acts_on),
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
    lines += ["", message("methodology.describe.equation"), *_indented(sections(method.compute).get("Notes", ""))]
    lines += [
        "",
        message("methodology.describe.inputs"),
        *(f"  {name} [{unit}]" for name, unit in method.inputs.items()),
    ]
    lines += ["", message("methodology.describe.parameters"), *(f"  {line}" for line in _parameters(bound))]
    lines += ["", message("methodology.describe.outputs")]
    lines += [f"  {pools()[name].label} ({name}) [{unit}]" for name, unit in method.outputs.items()]
    if method.beside:
        beside = [f"{name} [{unit}]" for name, unit in method.beside.items()]
        lines += _indented(message("methodology.describe.beside", names=beside))
    if method.examples:
        lines += [
            "",
            message("methodology.describe.examples", places=[f"{e.source}, {e.locator}" for e in method.examples]),
        ]
    return "\n".join(lines)


def _parameters(bound: Bound) -> Iterator[str]:
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


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]
