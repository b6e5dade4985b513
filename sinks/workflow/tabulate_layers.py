"""From the layers of a project to its activity table: everything tabulated once, strata derived, notes kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sinks.activity import STATE_KEYS, Activity, concat
from sinks.errors import Gather, LayerError, ProjectError
from sinks.geo.regions import Regions
from sinks.layers.layer_states import LayerStates, check_extent
from sinks.layers.rasters.derived import with_causes
from sinks.workflow.derived_strata import derive, mapping_of
from sinks.workflow.of_stands import evaluates_stands, is_overlaid
from sinks.workflow.prepare import Prepared

if TYPE_CHECKING:
    from distributed import Client

    from sinks.layers.stands.states import Tabulated
    from sinks.layers.stands.vector import VectorLayer
    from sinks.tabulation import Joint

Progress = bool | Callable[[int, int], None]


def tabulate_layers(
    prepared: Prepared,
    layers: Sequence[LayerStates],
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    scheduler: Client | str | None = None,
) -> Activity:
    """Tabulate every layer of a project once.

    Parameters
    ----------
    prepared : Prepared
    layers : sequence of LayerStates
        Its stands and statistics (:func:`layer_states`).
    threads, block_size, progress, checkpoint, scheduler
        See :func:`sinks.tabulation.tabulate`.

    Returns
    -------
    Activity

    Raises
    ------
    LayerError
        With the problems of the rasters.
    """
    parts: list[Activity] = []
    if layers:
        parts.append(_from_states(prepared.regions, layers))
    if prepared.land_cover is not None:
        from sinks.tabulation.tabulation import tabulate

        try:
            joint = tabulate(
                prepared.regions.units,
                prepared.land_cover,
                strata=(*prepared.strata, *prepared.history),
                inputs=prepared.inputs,
                watched=prepared.watched,
                threads=threads,
                block_size=block_size,
                progress=progress,
                checkpoint=checkpoint,
                scheduler=scheduler,
            )
        except LayerError as error:
            raise with_causes(error, prepared.inputs, prepared.land_cover) from error
        parts.append(_with_history(joint, prepared).activity())
    return _derived(concat(parts), prepared)


def tabulate_rasters(prepared: Prepared, regions: Regions) -> Activity:
    """The rasters of a project over other regions than its own."""
    return tabulate_layers(replace(prepared, regions=regions, vectors=(), tables=()), ())


def blank_activity(prepared: Prepared) -> Activity:
    """The activity of the rasters without any rows: the columns that a methodology can ask for."""
    from sinks.tabulation import Joint

    assert prepared.land_cover is not None
    strata = (*prepared.strata, *prepared.history)
    blank = Joint.blank(prepared.land_cover, strata, prepared.inputs, prepared.watched)
    return _derived(_with_history(blank, prepared).activity(), prepared)


def layer_states(prepared: Prepared) -> list[LayerStates]:
    """Stands and statistics as rows of the activity table.

    Raises
    ------
    LayerError
        With what is wrong with any of them.
    """
    from sinks.layers.tables.table import table_states

    gather = Gather()
    stands = [gather(_stands, prepared, layer) for layer in prepared.vectors]
    found = [None if one is None else one.layer for one in stands]
    found += [gather(table_states, layer, prepared.regions.frame) for layer in prepared.tables]
    read = [layer for layer in found if layer is not None]
    if read:
        frame, areas = prepared.regions.frame, prepared.regions.area_ha
        names, area_ha = (
            dict(zip(frame["code"], frame["name"], strict=True)),
            dict(zip(areas.index, areas, strict=True)),
        )
        files = [*(str(one.path) for one in prepared.vectors), *(str(one.path) for one in prepared.tables)]
        for file, layer in zip(files, found, strict=True):
            if layer is not None:
                gather(check_extent, layer, file, names, area_ha)
    gather.problems.raise_as(LayerError)
    return [*_compared(prepared, [one for one in stands if one is not None]), *read[len(stands) :]]


def _compared(prepared: Prepared, stands: Sequence[Tabulated]) -> list[LayerStates]:
    """Surveys with the transitions between them, where a sink rests on what became of their land."""
    from sinks.layers.stands.surveys import with_transitions

    found: list[LayerStates] = []
    for name in dict.fromkeys(layer.name for layer in prepared.vectors):
        own = [one for one in stands if one.survey.layer.name == name]
        found += with_transitions(own) if is_overlaid(prepared, name) else [one.layer for one in own]
    return found


def _with_history(joint: Joint, prepared: Prepared) -> Joint:
    """A joint table whose layers of earlier dates are the history of its land, and no strata."""
    project = prepared.project
    return replace(joint, strata=prepared.strata, history=project.history, steps_only=not project.project.land_history)


def strata_maps(prepared: Prepared) -> dict[str, Mapping[str, str]]:
    """What each derived stratum is for each value of the stratum that it follows from.

    Raises
    ------
    ProjectError
        With what is wrong with any of the tables.
    """
    gather = Gather()
    found = {target: gather(mapping_of, prepared.project, target) for target in prepared.project.derive}
    gather.problems.raise_as(ProjectError)
    return {target: mapping for target, mapping in found.items() if mapping is not None}


def _derived(activity: Activity, prepared: Prepared) -> Activity:
    """The activity with the strata that follow from others."""
    for target, mapping in strata_maps(prepared).items():
        activity = derive(activity, target, prepared.project.derive[target].from_, mapping)
    return activity


def _stands(prepared: Prepared, layer: VectorLayer) -> Tabulated:
    from sinks.layers.stands.states import tabulated

    section = prepared.project.vectors[layer.name]
    return tabulated(
        layer,
        prepared.regions.units,
        group=not (section.each_stand or evaluates_stands(prepared, layer) or is_overlaid(prepared, layer.name)),
        area=section.area,
        zero_volume=section.zero_volume,
        accept=section.accept,
    )


def _from_states(regions: Regions, layers: Sequence[LayerStates]) -> Activity:
    """An activity of stands and statistics; only surveys that were laid upon each other know transitions."""
    states = pd.concat([layer.states for layer in layers], ignore_index=True)
    areas = regions.area_ha.reindex(regions.units["code"])
    units = pd.DataFrame({"region_code": areas.index, "area_ha": areas.to_numpy(float), "cells": 0})
    inputs = tuple(name.removesuffix("_observed_ha") for name in states.columns if name.endswith("_observed_ha"))
    fixed = {*STATE_KEYS, "area_ha", "stand", *(name + end for name in inputs for end in ("", "_sd", "_observed_ha"))}
    strata = tuple(name for name in states.columns if name not in fixed)
    changes = [layer.changes for layer in layers if layer.changes is not None]
    found = Activity(states=states, units=units, strata=strata, inputs=inputs)
    return replace(found, changes=pd.concat(changes, ignore_index=True)) if changes else found
