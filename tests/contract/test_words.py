"""Words that go with a number agree with it: every English template is read for one and for several."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter

import pytest

from sinks.assessment.words import words as assessment_words
from sinks.output.map.content import map_labels
from sinks.output.report.words import words as report_words
from sinks.results.labels import labels
from sinks.text import Text, filled, messages, using_language

CATALOGUES: Mapping[str, Mapping[str, Text]] = {
    "messages": messages(),
    "labels": labels(),
    "assessment": assessment_words(),
    "report": report_words(),
    "map": map_labels(),
}
TEMPLATES = {f"{name}: {id}": text for name, words in CATALOGUES.items() for id, text in words.items()}

SAME_FOR_ANY_NUMBER = {
    # The number stands in brackets, or counts something that is named by another placeholder, such as {level}.
    *("messages: cli.noted", "messages: derived.casa_bounds", "messages: derived.casa_evaporation", "map: caveats"),
    *("messages: table.formula_without_value", "messages: table.shown_otherwise", "messages: table.percent_cells"),
    *("messages: table.looks_like_fraction", "messages: table.looks_like_percent"),
    *("messages: table.percent_and_fraction", "messages: checks.classification_noise"),
    "messages: checks.map_worse_than_published",
    *("report: rank.stock", "report: rank.sink", "report: rank.source", "report: dual.regions"),
    *("report: regions.largest", "report: regions.head", "report: regions.unsure"),
    # All of them, who are two or more.
    *(f"report: regions.all_{name}" for name in ("sink", "source", "unsure", "balanced", "unmoved", "withheld")),
    *(f"report: dual.all_{name}" for name in ("met", "not_met", "undecided", "withheld")),
    # Some of all parameters; and a band of a number of bands, whose dates are what is counted.
    *("messages: official.unverified", "messages: raster.same_band_twice"),
    # "1 met the target" and "2 met the target" are alike.
    *("report: dual.count_met", "report: dual.count_not_met"),
}


def fields(template: str) -> Iterator[tuple[str, str]]:
    """Placeholders of a template with their words, those inside of words too."""
    for _, name, words, _ in Formatter().parse(template):
        if name is not None:
            yield name, words or ""
            yield from fields(words or "")


def read(template: str, number: int) -> str:
    """A template with a number in every placeholder."""
    with using_language("en"):
        return filled(template, **dict.fromkeys((name for name, _ in fields(template)), number))


# Words that follow a number without being what is counted; "stands" is a noun of forestry and a verb.
NO_NOUNS = {
    *("is", "are", "was", "were", "has", "have", "its", "their", "it", "they"),
    *("them", "runs", "run", "differs", "differ", "stand", "stands"),
}

SINGULAR, PLURAL = (
    {
        word
        for text in TEMPLATES.values()
        for name, words in fields(text.en)
        if "|" in words and f"{{{name}}} {{{name}:" in text.en
        for word in [words.split("|")[place].split(" ")[0].strip(",;:.")]
        if word not in NO_NOUNS
    }
    for place in (0, 1)
)
"""First words of the forms that follow their number: cell, row, ... and cells, rows, ..."""


def test_there_is_something_to_compare() -> None:
    assert {"row", "cell", "region"} <= SINGULAR
    assert {"rows", "cells", "regions"} <= PLURAL


def test_no_plural_is_left_to_the_reader() -> None:
    left = re.compile(r"\w\((s|es|ies)\)(?! address)")
    assert {id: text.en for id, text in TEMPLATES.items() if left.search(text.en)} == {}


def test_what_is_counted_agrees_with_its_number() -> None:
    counting = {id: text.en for id, text in TEMPLATES.items() if "count" in dict(fields(text.en))}
    agreeing = {
        id for id, text in counting.items() if "count" in [name for name, words in fields(text) if "|" in words]
    }
    assert set(counting) - agreeing - SAME_FOR_ANY_NUMBER == set()
    assert agreeing & SAME_FOR_ANY_NUMBER == set()


def test_one_is_one_and_two_are_two() -> None:
    one = re.compile(rf"\b1 (?:more |other )?(?:{'|'.join(PLURAL)})\b")
    two = re.compile(rf"\b2 (?:more |other )?(?:{'|'.join(SINGULAR)})\b(?! (?:codes|rows))")
    said = [(read(text.en, 1), read(text.en, 2)) for text in TEMPLATES.values() if "{" in text.en]
    assert len(said) > 500
    assert [sentence for sentence, _ in said if one.search(sentence)] == []
    assert [sentence for _, sentence in said if two.search(sentence)] == []


@pytest.mark.parametrize(
    ("id", "number", "said"),
    [
        ("errors.several", 1, "1 problem found:"),
        ("errors.several", 2, "2 problems found:"),
        ("output.more_regions", 1, "1 more region is in the files."),
        ("output.more_regions", 85, "85 more regions are in the files."),
        ("output.more_regions", "1,000", "1,000 more regions are in the files."),
        ("regions.more_gaps", 0, "There are 0 more gaps, 0 ha in all. Check the borders."),
    ],
)
def test_a_few_in_full(id: str, number: object, said: str) -> None:
    with using_language("en"):
        assert filled(messages()[id], count=number, area=number) == said


@pytest.mark.parametrize(
    ("items", "said"), [(["area"], "column area"), (["area", "year"], "columns area, year"), ([], "columns ")]
)
def test_a_list_is_counted_by_its_items(items: list[str], said: str) -> None:
    with using_language("en"):
        assert filled("{columns:column|columns} {columns}", columns=items) == said


def test_words_of_a_number_may_have_placeholders() -> None:
    template = Text("{count}个", "{count:the only one is {name}|all {count} are {name}}")
    with using_language("en"):
        assert filled(template, count=1, name="lines") == "the only one is lines"
        assert filled(template, count=3, name="lines") == "all 3 are lines"
    with using_language("zh"):
        assert filled(template, count=3, name="lines") == "3个"
