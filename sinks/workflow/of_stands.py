"""How surveys of stands are taken: stand by stand or summed, and laid upon each other or not."""

from __future__ import annotations

from sinks.layers.stands.vector import VectorLayer
from sinks.vocabulary import quantities
from sinks.workflow.prepare import Prepared


def evaluates_stands(prepared: Prepared, layer: VectorLayer) -> bool:
    """Whether a methodology takes a number of the survey: it may not act on the mean of unlike stands."""
    numbers = {role for role in layer.fields if role in quantities() and quantities()[role].kind == "input"}
    return any(
        entry.source == layer.name and numbers & {*entry.method.inputs, *entry.method.strata}
        for entry in prepared.entries
    )


def rests_on_changes(prepared: Prepared, name: str) -> bool:
    """Whether a sink rests on what became of the land of several surveys."""
    several = sum(layer.name == name for layer in prepared.vectors) > 1
    return several and any(entry.source == name and "sink" in entry.accounts_for for entry in prepared.entries)


def is_overlaid(prepared: Prepared, name: str) -> bool:
    """Whether surveys are laid upon each other: recorded areas have no place on the land."""
    return rests_on_changes(prepared, name) and prepared.project.vectors[name].area == "geometry"
