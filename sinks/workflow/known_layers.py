"""What the layers of a project may hold, from their legends, for the words of its plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sinks.activity import LAND_COVER
from sinks.geo.legends import LegendClass
from sinks.planning.words import KnownLayers
from sinks.vocabulary import ecosystems
from sinks.workflow.derived_strata import derived_values
from sinks.workflow.prepare import Prepared


def known_layers(prepared: Prepared) -> KnownLayers:
    """The layers that are tabulated with the land cover, and what each may hold."""
    words: dict[str, Mapping[str, tuple[str, ...]]] = {}
    if prepared.land_cover is not None:
        classes = [one for one in prepared.land_cover.legend if not one.is_nodata]
        words[LAND_COVER] = _called((one.text, (*one.name, one.cls, one.ecosystem)) for one in classes)
        words["class"] = _called((one.cls, _others(one)) for one in classes)
        labels = {name: tuple(found.label) for name, found in ecosystems().items()}
        words["ecosystem"] = _called((one.ecosystem, labels[one.ecosystem]) for one in classes)
    for layer in prepared.strata:
        words[layer.name] = _called((one.cls, _others(one)) for one in layer.legend if not one.is_nodata)
    for target in prepared.project.derive:
        words[target] = {value: () for value in derived_values(prepared.project, target)}
    return KnownLayers(words, {layer.name: (layer.low, layer.high) for layer in prepared.inputs})


def _others(one: LegendClass) -> tuple[str, ...]:
    return (*one.name, one.text)


def _called(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """Words with the other words for them; several classes may have one word in common."""
    found: dict[str, tuple[str, ...]] = {}
    for word, others in pairs:
        found[word] = (*found.get(word, ()), *(other for other in others if other and other not in found.get(word, ())))
    return found
