"""Words of plans held against what the layers have: conditions, strata of restoration, ecosystems, regions, curves.

A word that no layer has would rule all land out, or none, and nobody would see why.  What a layer may hold is in its
legend, so that all of this is known without reading a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sinks.assessment.errors import AssessmentError
from sinks.errors import Problems
from sinks.project.explain import near
from sinks.project.planning import ConditionSection, PotentialSection, RestorationSection
from sinks.vocabulary import NODATA, NOT_APPLICABLE

_ALIKE = 0.6
"""Likeness, as difflib has it by default, from which a word may be meant for another."""

_SLIP = 0.85
"""Likeness from which a word is taken for a misspelt one where words of one's own are allowed."""


@dataclass(frozen=True)
class KnownLayers:
    """The layers that land cover is tabulated with.

    Attributes
    ----------
    words : mapping of str to mapping
        Layer of classes to what it may hold: each word with the other words that people use for it, such as the name
        of the class that a code stands for.
    numbers : mapping of str to (float, float)
        Layer of numbers to its plausible bounds.
    """

    words: Mapping[str, Mapping[str, tuple[str, ...]]]
    numbers: Mapping[str, tuple[float, float]]

    def likely(self, layer: str, word: str) -> list[str]:
        """What was most likely meant by a word that the layer does not hold; everything it holds where nothing is."""
        known = self.words[layer]
        lowered = word.casefold()
        meant = [one for one, others in known.items() if lowered in map(str.casefold, others)]
        if meant:
            return [self._shown(layer, one) for one in meant]
        names = {name: one for one, others in known.items() for name in (one, *others)}
        alike = get_close_matches(word, list(names), n=3, cutoff=_ALIKE)
        return [self._shown(layer, one) for one in dict.fromkeys(names[name] for name in alike) or known]

    def _shown(self, layer: str, word: str) -> str:
        others = self.words[layer][word]
        return f"{word} ({others[0]})" if others and others[0] != word else word


def check_potential(section: PotentialSection, layers: KnownLayers) -> None:
    """Refuse conditions that no layer can answer, and keys that only make sense together.

    Raises
    ------
    AssessmentError
        With every condition, name and key that is at fault.
    """
    problems = Problems()
    for one in section.conditions:
        where = f"potential.conditions {one.name}"
        if not (one.allowed or one.excluded or one.low is not None or one.high is not None):
            problems.add("assessment.empty_condition", where)
        if one.layer in layers.words:
            _check_classes(one, where, layers, problems)
        elif one.layer in layers.numbers:
            _check_numbers(one, where, layers.numbers[one.layer], problems)
        else:
            known = [*layers.words, *layers.numbers]
            problems.add("assessment.unknown_layer", where, found=one.layer, near=near(one.layer, known))
    names = [*(zone.name for zone in section.zones), *(one.name for one in section.conditions)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add("assessment.name_twice", "potential", name=name)
    if (section.planting is None) != (section.curves is None):
        problems.add("assessment.planting_and_curves", "potential")
    whole = section.target is not None and section.target_year is not None
    if (section.target is not None or section.target_year is not None) and not (whole and section.planting):
        problems.add("assessment.target_and_year", "potential")
    problems.raise_as(AssessmentError)


def check_strata(section: RestorationSection, layers: KnownLayers) -> None:
    """Refuse strata of restoration that no layer gives.

    Raises
    ------
    AssessmentError
        With every one.
    """
    problems = Problems()
    for name in section.strata:
        if name not in layers.words:
            found = {"found": name, "near": near(name, list(layers.words))}
            problems.add("assessment.unknown_layer", "restoration.strata", **found)
    problems.raise_as(AssessmentError)


def check_map(target: str, source: str, mapped: Iterable[str], layers: KnownLayers) -> None:
    """Refuse a map from one stratum to another in which a word of the first is misspelt.

    A map may have words that the layer has not, for it may serve several layers; a word that is nearly one which the
    map leaves out is a slip, and its land would have no stratum.

    Raises
    ------
    AssessmentError
        With every such word.
    """
    if source not in layers.words:
        return
    problems, words = Problems(), set(mapped)
    left_out = [word for word in layers.words[source] if word not in words]
    for word in sorted(words - set(layers.words[source])):
        if meant := get_close_matches(word, left_out, n=1, cutoff=_SLIP):
            problems.add("derive.misspelt", f"derive.{target}", found=word, source=source, near=meant)
    problems.raise_as(AssessmentError)


def _check_classes(one: ConditionSection, where: str, layers: KnownLayers, problems: Problems) -> None:
    if one.low is not None or one.high is not None:
        problems.add("assessment.classes_not_numbers", where, layer=one.layer)
    for key, words in (("allowed", one.allowed), ("excluded", one.excluded)):
        for word in _unknown(words, layers.words[one.layer]):
            found = {"key": key, "layer": one.layer, "found": word, "near": layers.likely(one.layer, word)}
            problems.add("assessment.unknown_class", where, **found)
    for word in sorted(set(one.allowed) & set(one.excluded)):
        problems.add("assessment.allowed_and_excluded", where, found=word)


def _unknown(words: Iterable[str], known: Mapping[str, object]) -> list[str]:
    """Words that a layer cannot hold; land may also be unobserved, or not divided by a stratum."""
    return [word for word in dict.fromkeys(words) if word not in known and word not in (NODATA, NOT_APPLICABLE)]


def _check_numbers(one: ConditionSection, where: str, bounds: tuple[float, float], problems: Problems) -> None:
    if one.allowed or one.excluded:
        problems.add("assessment.numbers_not_classes", where, layer=one.layer)
    low = -math.inf if one.low is None else one.low
    high = math.inf if one.high is None else one.high
    if low > high:
        problems.add("assessment.condition_backwards", where, low=low, high=high)
    elif low > bounds[1] or high < bounds[0]:
        found = {"layer": one.layer, "low": f"{bounds[0]:g}", "high": f"{bounds[1]:g}"}
        problems.add("assessment.condition_never", where, **found)
