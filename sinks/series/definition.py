"""What a series must keep from year to year, so that its figures may stand in one line.

Four things are told apart, as inventories do when they explain a recalculation: the *product* that the land is read
from, the *legend* that makes ecosystems of its codes, the *methodology* with its parameters, and the *definition*,
which is all else that decides a figure: regions, grid, layers and how they are read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import shapely

from sinks.analysis.land_survey import survey_classes
from sinks.assessment.input_tables import read_table
from sinks.geo.legends import Legend
from sinks.layers.rasters.raster import inspect
from sinks.project.land_survey import LandSurveySection
from sinks.project.project import Project
from sinks.vocabulary import ecosystems
from sinks.workflow.prepare import Prepared

PARTS = ("product", "legend", "methodology", "definition")

CODES = "legend_codes"
"""What the codes of a legend are, by layer: beside its digest, so that a difference can be named."""

_NOTHING, _MOST_CODES = "—", 6

Definition = dict[str, dict[str, str]]
"""By part, what is kept by name: a word where it can be read, and a digest where it is long."""

_DIGITS = 12
_DIGEST = re.compile(rf"\b[0-9a-f]{{{_DIGITS}}}$")

_DATED = ("files", "file", "bands", "band")
"""Keys of a section that say where a layer is, and not what it is."""

_NOT_FIGURES = ("name", "title", "dates", "demonstration", "map_approval", "coverage_min", "cells_min")
"""Keys of ``[project]`` that change no figure."""


def definition_of(prepared: Prepared, whole: Project | None = None) -> Definition:
    """The definition of a project that is prepared.

    Parameters
    ----------
    prepared : Prepared
    whole : Project, optional
        The project that ``prepared`` is some of the dates of: its land survey speaks of the whole account.

    Raises
    ------
    LayerError
        A map of the land cover cannot be opened, or the land survey that densities are scaled to cannot be read.
    """
    project = prepared.project
    cover = project.land_cover
    product = {"land_cover": (cover.product or "") if cover else ""}
    layers = {layer.name: layer.legend for layer in prepared.strata}
    if prepared.land_cover is not None:
        layers["land_cover"] = prepared.land_cover.legend
    methods = {}
    for number, entry in enumerate(prepared.entries, 1):
        words = [entry.ecosystems, entry.pools, entry.accounts_for, entry.source, entry.role]
        table = entry.method.table.frame.to_csv(index=False)
        methods[f"{number} {entry.method.id}"] = f"{entry.method.edition} {_digest([repr(words), table])}"
    return {
        "product": product,
        "legend": {name: _legend(legend) for name, legend in layers.items()},
        "methodology": methods,
        "definition": _rest(prepared, project, whole or project),
        CODES: {name: _codes(legend) for name, legend in layers.items()},
    }


def grids_of(prepared: Prepared) -> dict[str, str]:
    """The grid of the land cover at every date, in words.

    Raises
    ------
    LayerError
        A map cannot be opened.
    """
    layer = prepared.land_cover
    if layer is None:
        return {}
    found = {}
    for date in layer.files:
        grid = inspect(layer, date).grid
        corner = ", ".join(f"{value:.12g}" for value in tuple(grid.transform)[:6])
        found[str(date)] = f"{grid.crs.to_string()} ({corner}) {grid.width} x {grid.height}"
    return found


def changed_parts(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """By part that differs, the names of what differs in it, with what each was and is: ``land_cover (CLCD -> CLUD)``.

    Where only digests tell two of them apart, it is the name alone.
    """
    found = {}
    for part in PARTS:
        old, new = before.get(part, {}), after.get(part, {})
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        if names:
            found[part] = ", ".join(_named(part, name, before, after) for name in names)
    return found


def _named(part: str, name: str, *sides: Mapping[str, Mapping[str, str]]) -> str:
    """What differs: its name, and what it was and is where that can be read."""
    old, new = (_readable(side.get(part, {}).get(name)) for side in sides)
    if old != new:
        return f"{name} ({old} → {new})"
    codes = [json.loads(side.get(CODES, {}).get(name, "{}")) for side in sides]
    if part != "legend" or not all(codes):
        return name
    moved = [code for code in {**codes[0], **codes[1]} if codes[0].get(code) != codes[1].get(code)]
    said = [f"{code}: {_land(codes[0].get(code))} → {_land(codes[1].get(code))}" for code in moved[:_MOST_CODES]]
    more = ["…"] if len(moved) > _MOST_CODES else []
    return f"{name} ({'; '.join(said + more)})" if said else name


def _readable(kept: str | None) -> str:
    """The word of a definition without its digest."""
    text = _DIGEST.sub("", kept or "").strip()
    return _NOTHING if text in ("", str(None)) else text


def _land(name: str | None) -> str:
    return str(ecosystems()[name].label) if name in ecosystems() else name or _NOTHING


def _rest(prepared: Prepared, project: Project, whole: Project) -> dict[str, str]:
    frame = prepared.regions.frame
    shapes = [shapely.to_wkb(shape).hex() for shape in prepared.regions.units.geometry]
    found = {"regions": _digest([*map(str, frame["code"]), *map(str, frame["parent"]), *shapes])}
    content = project.record()
    own = {key: value for key, value in content["project"].items() if key not in _NOT_FIGURES}
    found |= {f"project.{key}": _word(value) for key, value in own.items()}
    for kind in ("strata", "inputs", "monthly_inputs", "vectors", "tables", "derived_inputs", "derive"):
        for name, section in content[kind].items():
            found[f"{kind}.{name}"] = _word(_without(section, _DATED))
    if content["land_cover"]:
        read = _without(content["land_cover"], (*_DATED, "legend", "legend_overrides", "product"))
        found["land_cover"] = _word(read)
    if content["accuracy"]:
        found["accuracy"] = _word(_without(content["accuracy"], ("matrix",)))
    if whole.land_survey is not None and whole.land_survey.scale_densities is not None:
        found["land_survey"] = _scale(whole, whole.land_survey, whole.land_survey.scale_densities)
    for key in ("map_noise", "no_carbon", "correlations", "nominal_errors", "areas"):
        found[key] = _word(content[key])
    return found


def _scale(project: Project, section: LandSurveySection, date: str) -> str:
    """What densities are scaled to: the areas of one year of the survey, and what its classes are in the account.

    Rows of other years decide no figure of the account: a survey may grow with the series.
    """
    table = read_table("land_survey", project.path(section.file))
    year = section.years.get(date, int(date) if date.isdecimal() else None)
    rows = sorted(
        f"{code} {cls} {float(value)!r}"
        for code, cls, value in table.loc[table["year"] == year, ["region_code", "class", "value"]].to_numpy(object)
    )
    classes = survey_classes(project.path(section.classes) if section.classes else None)
    lands = [f"{code} {one.ecosystem}" for code, one in sorted(classes.items())]
    return f"{date} {_digest([str(year), *rows, *lands])}"


def _without(section: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in keys}


def _word(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 3 * _DIGITS else _digest([text])


def _codes(legend: Legend) -> str:
    return json.dumps({one.text: one.ecosystem or one.cls for one in legend}, ensure_ascii=False)


def _legend(legend: Legend) -> str:
    return f"{legend.id} {_digest([f'{c.text} {c.cls} {c.ecosystem}' for c in legend])}"


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]
