"""What is given once and stands for several dates: ages, which advance by themselves, and states nobody measured twice.

Between two dates a stand is older by the years between.  A layer that has the same ages at both says that it is not, so
that growth by age finds none, or finds it at the wrong age.  A state that is the same layer at both dates says that
nothing changed; a sink that is the difference of its stocks then shows changes of class alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from sinks.errors import LayerError, Problem, Problems
from sinks.layers.codes import STAND_ID
from sinks.layers.layer_states import LayerStates
from sinks.layers.rasters.derived import DerivedLayer
from sinks.layers.rasters.raster import Layer, layer_file
from sinks.layers.rasters.years import dates_alike
from sinks.layers.stands.vector import VectorLayer
from sinks.project.base import STATIC
from sinks.vocabulary import ecosystems, of_time
from sinks.workflow.of_stands import is_overlaid, rests_on_changes
from sinks.workflow.prepare import Prepared

Origin = frozenset[tuple[str, int]]
"""Files and bands that the values of a date are of."""


def check_ages(prepared: Prepared) -> None:
    """Refuse ages that are the same layer at several dates of the account.

    Raises
    ------
    LayerError
        With every such layer and its dates; of stands, ages that a methodology asks for.
    """
    problems, dates = Problems(), prepared.project.dates
    for layer in prepared.inputs:
        if not of_time((layer.quantity,), "age"):
            continue
        for path, alike in _alike(layer, dates):
            problems.add("raster.age_given_once", f"inputs.{layer.name}", layer=layer.name, file=path, dates=alike)
    for stands, alike in _surveys_alike(prepared.vectors):
        for role in of_time(stands.fields, "age"):
            # A preset names fields that a file need not have, and that nobody may ask for.
            asked = any(
                entry.source == stands.name and role in (*entry.method.inputs, *entry.method.strata)
                for entry in prepared.entries
            )
            if not asked:
                continue
            values = {"field": stands.fields[role].field, "file": PurePath(stands.path).name, "dates": alike}
            problems.add("vector.age_given_once", f"vectors.{stands.name}", **values)
    problems.raise_as(LayerError)


def notes_of_dates(prepared: Prepared) -> Iterator[Problem]:
    """What several dates have in common: files, surveys, and states behind a sink that is a difference of stocks."""
    cover = () if prepared.land_cover is None else (prepared.land_cover,)
    files: tuple[Layer, ...] = (*cover, *prepared.strata, *prepared.inputs)
    for layer in files:
        # What follows from other layers has no file of its own; theirs are looked at.
        if not isinstance(layer, DerivedLayer):
            yield from dates_alike(layer.name, layer.files, {date: layer.band_of(date) for date in layer.files})
    for stands, alike in _surveys_alike(prepared.vectors):
        yield Problem("vector.same_survey", stands.name, {"file": PurePath(stands.path).name, "dates": alike})
    yield from _states_given_once(prepared)
    yield from _changes_of_groups(prepared)
    yield from _surveys_without_history(prepared)


def sources_without_dates(prepared: Prepared, states: Sequence[LayerStates]) -> Iterator[Problem]:
    """Surveys and statistics that give the area of an ecosystem and lack a date of the account."""
    project = prepared.project
    known: dict[str, set[str]] = {}
    for layer in states:
        for source, date in layer.states[["source", "date"]].drop_duplicates().itertuples(index=False):
            known.setdefault(str(source), set()).add(str(date))
    for source, found in known.items():
        lands = [name for name, whose in project.area_source.items() if whose == source]
        missing = [date for date in project.dates if date not in found]
        # What has none of the dates is refused by name.
        if lands and missing and len(missing) < len(project.dates):
            values = {"ecosystems": [ecosystems()[name].label for name in lands], "source": source}
            yield Problem(
                "account.source_without_dates", source, {**values, "found": sorted(found), "missing": missing}
            )


def _changes_of_groups(prepared: Prepared) -> Iterator[Problem]:
    """Surveys by recorded areas, which have no place on the land, and whose stands no number tells apart."""
    layers: dict[str, list[VectorLayer]] = {}
    for layer in prepared.vectors:
        layers.setdefault(layer.name, []).append(layer)
    for name, surveys in layers.items():
        by_number = prepared.project.vectors[name].each_stand and all(STAND_ID in one.fields for one in surveys)
        if by_number or is_overlaid(prepared, name) or not rests_on_changes(prepared, name):
            continue
        users = [
            str(entry.method.methodology.title)
            for entry in prepared.entries
            if entry.source == name and entry.is_difference and "sink" in entry.accounts_for
        ]
        if users:
            values = {"methods": list(dict.fromkeys(users)), "dates": sorted(one.date for one in surveys)}
            yield Problem("vector.change_of_groups", f"vectors.{name}", values)


def _surveys_without_history(prepared: Prepared) -> Iterator[Problem]:
    """Three surveys and more, which are compared two by two, behind what goes on for years after a conversion."""
    dates: dict[str, list[str]] = {}
    for layer in prepared.vectors:
        dates.setdefault(layer.name, []).append(layer.date)
    for name, own in dates.items():
        users = [
            str(entry.method.methodology.title)
            for entry in prepared.entries
            if entry.source == name and entry.method.methodology.carried and "sink" in entry.accounts_for
        ]
        if users and len(own) > 2:
            yield Problem(
                "vector.no_history", f"vectors.{name}", {"methods": list(dict.fromkeys(users)), "dates": sorted(own)}
            )


def _states_given_once(prepared: Prepared) -> Iterator[Problem]:
    """Layers without a date that a stock difference is made of: none of its change is theirs."""
    once = {layer.name: layer for layer in prepared.inputs if STATIC in layer.files}
    dates = prepared.project.dates
    for name in of_time(once, "state"):
        users = [
            str(entry.method.methodology.title)
            for entry in prepared.entries
            if entry.is_difference and "sink" in entry.accounts_for and name in entry.method.inputs
        ]
        if users and len(dates) > 1:
            values = {"layer": name, "methods": list(dict.fromkeys(users)), "dates": list(dates)}
            yield Problem("raster.state_given_once", f"inputs.{name}", values)


def _alike(layer: Layer, dates: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Dates at which a layer has the same values, and the file that they are of."""
    found: dict[Origin, list[str]] = {}
    for date in dates:
        found.setdefault(_origin(layer, date), []).append(date)
    for origin, alike in found.items():
        if len(alike) > 1:
            yield ", ".join(sorted({PurePath(path).name for path, _ in origin})), alike


def _origin(layer: Layer, date: str) -> Origin:
    if isinstance(layer, DerivedLayer):
        return frozenset().union(*(_origin(part, date) for part in layer.parts))
    return frozenset({(layer_file(layer, date), layer.band_of(date))})


def _surveys_alike(layers: Sequence[VectorLayer]) -> Iterator[tuple[VectorLayer, list[str]]]:
    """Stands of one file that stand for several dates."""
    found: dict[tuple[str, str, str | None, str | None], list[VectorLayer]] = {}
    for layer in layers:
        found.setdefault((layer.name, str(layer.path), layer.layer, layer.where), []).append(layer)
    for alike in found.values():
        if len(alike) > 1:
            yield alike[0], sorted(layer.date for layer in alike)
