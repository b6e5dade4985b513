"""From the layers of a project to its activity table: everything tabulated once, strata derived, notes kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sinks.activity import STATE_KEYS, Activity, concat
from sinks.derive import derive, read_map
from sinks.errors import LayerError, MethodologyError, Problem
from sinks.geo.regions import Regions
from sinks.layers.derived import with_causes
from sinks.layers.states import LayerStates
from sinks.prepare import Gather, Prepared, later

if TYPE_CHECKING:
    from distributed import Client

    from sinks.layers.vector import VectorLayer
    from sinks.tabulate import Joint

Progress = bool | Callable[[int, int], None]


def collect(
    prepared: Prepared,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    scheduler: Client | str | None = None,
) -> tuple[Activity, list[Problem]]:
    """Tabulate every layer of a project once.

    Parameters
    ----------
    prepared : Prepared
    threads, block_size, progress, checkpoint, scheduler
        See :func:`sinks.tabulate.tabulate`.

    Returns
    -------
    Activity
    list of Problem
        What readers of the result must know of the layers, and is no error.

    Raises
    ------
    LayerError
        With the problems of all stands and statistics, or those of the rasters.
    """
    parts: list[Activity] = []
    layers = layer_states(prepared)
    if layers:
        parts.append(_from_states(prepared.regions, layers))
    if prepared.land_cover is not None:
        from sinks.tabulate.tabulation import tabulate

        try:
            joint = tabulate(
                prepared.regions.units,
                prepared.land_cover,
                strata=(*prepared.strata, *prepared.history),
                inputs=prepared.inputs,
                threads=threads,
                block_size=block_size,
                progress=progress,
                checkpoint=checkpoint,
                scheduler=scheduler,
            )
        except LayerError as error:
            raise with_causes(error, prepared.inputs, prepared.land_cover) from error
        parts.append(_with_history(joint, prepared).activity())
    activity = _derived(concat(parts), prepared)
    return activity, [note for layer in layers for note in layer.notes]


def check_needs(prepared: Prepared) -> None:
    """Refuse methodologies that need strata, inputs or choices that no raster layer gives, before there are any rows.

    Stands and statistics bring columns that their own files decide, so projects with them are checked by the account.

    Raises
    ------
    MethodologyError
        With what every methodology lacks.
    """
    if prepared.land_cover is None or prepared.vectors or prepared.tables:
        return
    from sinks.tabulate import Joint

    blank = Joint.blank(prepared.land_cover, (*prepared.strata, *prepared.history), prepared.inputs)
    activity = _derived(_with_history(blank, prepared).activity(), prepared)
    gather = Gather()
    for entry in prepared.entries:
        rows = activity.states if entry.method.acts_on == "state" else activity.changes
        if len(rows.columns):
            gather(later(entry.method.resolve, rows))
    gather.problems.raise_as(MethodologyError)


def check_rasters(prepared: Prepared) -> None:
    """Refuse rasters that do not fit the regions or each other, without reading them through.

    Raises
    ------
    LayerError
    """
    from sinks.tabulate import check_layers

    if prepared.land_cover is not None:
        strata = (*prepared.strata, *prepared.history)
        check_layers(prepared.regions.units, prepared.land_cover, strata=strata, inputs=prepared.inputs)


def layer_states(prepared: Prepared) -> list[LayerStates]:
    """Stands and statistics as rows of the activity table.

    Raises
    ------
    LayerError
        With what is wrong with any of them.
    """
    from sinks.layers.table import table_states

    gather = Gather()
    found = [gather(later(_stand_states, prepared, layer)) for layer in prepared.vectors]
    found += [gather(later(table_states, layer, prepared.regions.frame)) for layer in prepared.tables]
    gather.problems.raise_as(LayerError)
    return [layer for layer in found if layer is not None]


def _with_history(joint: Joint, prepared: Prepared) -> Joint:
    """A joint table whose layers of earlier dates are the history of its land, and no strata."""
    return replace(joint, strata=prepared.strata, history=prepared.project.history)


def _derived(activity: Activity, prepared: Prepared) -> Activity:
    """The activity with the strata that follow from others."""
    for target, section in prepared.project.derive.items():
        mapping = section.map
        if mapping is None:
            mapping = read_map(Path(prepared.project.path(str(section.table))), section.from_, target)
        activity = derive(activity, target, section.from_, mapping)
    return activity


def _stand_states(prepared: Prepared, layer: VectorLayer) -> LayerStates:
    from sinks.layers.stands import stand_states

    section = prepared.project.vectors[layer.name]
    return stand_states(
        layer,
        prepared.regions.units,
        group=not section.each_stand,
        area=section.area,
        zero_volume=section.zero_volume,
        accept=section.accept,
    )


def _from_states(regions: Regions, layers: list[LayerStates]) -> Activity:
    """An activity without transitions: stands and statistics know states only."""
    states = pd.concat([layer.states for layer in layers], ignore_index=True)
    areas = regions.area_ha.reindex(regions.units["code"])
    units = pd.DataFrame({"region_code": areas.index, "area_ha": areas.to_numpy(float), "cells": 0})
    inputs = tuple(name.removesuffix("_observed_ha") for name in states.columns if name.endswith("_observed_ha"))
    fixed = {*STATE_KEYS, "area_ha", "stand", *(name + end for name in inputs for end in ("", "_sd", "_observed_ha"))}
    strata = tuple(name for name in states.columns if name not in fixed)
    return Activity(states=states, units=units, strata=strata, inputs=inputs)
