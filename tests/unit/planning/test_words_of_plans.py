"""Words of plans against what layers have, known without a pixel."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.assessment.errors import AssessmentError
from sinks.planning.words import KnownLayers, check_map, check_potential, check_strata
from sinks.project.planning import PotentialSection, RestorationSection

LAYERS = KnownLayers(
    {
        "land_cover": {"2": ("林地", "Forest", "forest"), "4": ("草地", "Grassland", "grassland")},
        "ecosystem": {"forest": ("森林", "Forest"), "grassland": ("草原", "Grassland"), "bare": ("裸地", "Bare land")},
        "soil": {"sandy": (), "hac": ()},
    },
    {"precipitation": (0.0, 15000.0)},
)


def problems(**section: Any) -> list[tuple[str, dict[str, Any]]]:
    with pytest.raises(AssessmentError) as caught:
        check_potential(PotentialSection.model_validate(section), LAYERS)
    assert str(caught.value)
    return [(p.id.removeprefix("assessment."), p.values) for p in caught.value.problems]


def condition(**values: Any) -> dict[str, Any]:
    return {"conditions": [{"name": "c", "layer": "ecosystem"} | values]}


@pytest.mark.parametrize(
    ("layer", "word", "likely"),
    [
        ("ecosystem", "grasland", "grassland (草原)"),
        ("ecosystem", "草原", "grassland (草原)"),
        ("ecosystem", "Bare Land", "bare (裸地)"),
        ("land_cover", "grassland", "4 (草地)"),
        ("land_cover", "林地", "2 (林地)"),
        ("soil", "sand", "sandy"),
        ("soil", "nothing like it", "hac"),
    ],
)
@pytest.mark.parametrize("key", ["allowed", "excluded"])
def test_a_class_that_no_layer_has_is_named_with_the_likely_one(key: str, layer: str, word: str, likely: str) -> None:
    found = problems(**condition(layer=layer, **{key: [word]}))
    assert [id for id, _ in found] == ["unknown_class"]
    assert likely in found[0][1]["near"]


def test_words_that_the_layer_has_pass() -> None:
    both = [
        {"name": "a", "layer": "ecosystem", "allowed": ["grassland", "bare", "nodata"], "excluded": ["forest"]},
        {"name": "b", "layer": "land_cover", "allowed": ["4"]},
        {"name": "c", "layer": "soil", "excluded": ["sandy", "-"]},
        {"name": "d", "layer": "precipitation", "low": 400},
    ]
    check_potential(PotentialSection.model_validate({"conditions": both}), LAYERS)


@pytest.mark.parametrize(
    ("values", "id"),
    [
        ({"layer": "ecosytem", "allowed": ["forest"]}, "unknown_layer"),
        ({"layer": "rain", "low": 400}, "unknown_layer"),
        ({}, "empty_condition"),
        ({"low": 1}, "classes_not_numbers"),
        ({"layer": "precipitation", "allowed": ["400"]}, "numbers_not_classes"),
        ({"layer": "precipitation", "low": 800, "high": 400}, "condition_backwards"),
        ({"layer": "precipitation", "low": 40_000}, "condition_never"),
        ({"layer": "precipitation", "high": -1}, "condition_never"),
        ({"allowed": ["forest", "bare"], "excluded": ["forest"]}, "allowed_and_excluded"),
    ],
)
def test_a_condition_that_cannot_be_answered_is_named(values: dict[str, Any], id: str) -> None:
    assert [one for one, _ in problems(**condition(**values))] == [id]


def test_the_likely_layer_is_proposed() -> None:
    assert problems(**condition(layer="precipitaton", low=400))[0][1]["near"] == ["precipitation"]


def test_everything_wrong_with_a_section_comes_at_once() -> None:
    found = problems(
        conditions=[
            {"name": "c", "layer": "ecosystem", "allowed": ["grasland", "bear"]},
            {"name": "c", "layer": "sol", "excluded": ["sandy"]},
        ],
        planting="p.csv",
        target=5,
    )
    ids = ["unknown_class", "unknown_class", "unknown_layer", "name_twice", "planting_and_curves", "target_and_year"]
    assert [id for id, _ in found] == ids


def test_strata_of_restoration_are_layers() -> None:
    section = {"file": "s.gpkg", "ring": 1000, "strata": ["soil", "ecosystem"]}
    check_strata(RestorationSection.model_validate(section), LAYERS)
    with pytest.raises(AssessmentError) as caught:
        check_strata(RestorationSection.model_validate(section | {"strata": ["soyl", "precipitation"]}), LAYERS)
    assert [(p.id, p.values["found"]) for p in caught.value.problems] == [
        ("assessment.unknown_layer", "soyl"),
        ("assessment.unknown_layer", "precipitation"),
    ]


def test_a_misspelt_word_of_a_map_is_named_and_words_of_other_layers_pass() -> None:
    check_map("texture", "soil", ["sandy", "hac", "volcanic"], LAYERS)
    check_map("texture", "of stands", ["snady"], LAYERS)
    # A word is no slip of one that the map has anyway.
    check_map("texture", "soil", ["sandy", "sandyy", "hac"], LAYERS)
    with pytest.raises(AssessmentError) as caught:
        check_map("texture", "soil", ["sanndy", "hac"], LAYERS)
    assert [(p.id, p.values["found"], p.values["near"]) for p in caught.value.problems] == [
        ("derive.misspelt", "sanndy", ["sandy"])
    ]
