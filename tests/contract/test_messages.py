"""The message catalogue and the code agree, in both languages."""

from __future__ import annotations

import csv
import re
import string
from pathlib import Path

import pytest

from sinks.text import messages, using_language

ROOT = Path(__file__).parents[2]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "sinks").rglob("*.py")))
ROOMS = {id.split(".")[0] for id in messages()}
# An id in code is a quoted word of a known room, a dot, and more words.
USED = {found for found in re.findall(r'"([a-z_]+\.[a-z0-9_]+)"', CODE) if found.split(".")[0] in ROOMS}
# Ids that are put together from a value: the prefix is in the code, the rest is in the data.
COMPOSED = {
    "project.asset_without_item",
    "project.band_or_bands",
    "project.bands_dates",
    "project.expression_or_model",
    "project.files_or_file",
    "project.map_or_table",
    "project.model_keys",
    "project.model_vegetation",
    "project.months_band",
    "project.months_mixed",
    "project.uncertainty_source",
}


def placeholders(template: str) -> set[str]:
    """What is printed; a number that only chooses a word need not be."""
    found: set[str] = set()
    for _, name, words, _ in string.Formatter().parse(template):
        if name:
            found |= placeholders(words) if words and "|" in words else {name}
    return found


def test_both_languages_are_there_and_use_the_same_placeholders() -> None:
    every = messages()
    assert len(every) > 500
    assert [id for id, text in every.items() if not text.en.strip()] == []
    assert [id for id, text in every.items() if not re.search(r"[\u4e00-\u9fff]", text.zh)] == [], "no Chinese in it"
    assert [id for id, text in every.items() if placeholders(text.zh) != placeholders(text.en)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "sinks").rglob("*.csv")), ids=lambda path: path.name)
def test_no_text_is_cut_at_a_comma_that_is_not_quoted(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        head, *rows = [row for row in csv.reader(handle) if row]
    assert [row for row in rows if len(row) != len(head)] == []


def test_every_message_is_used() -> None:
    # A file path such as "run.json" looks like an id; only ids that the catalogue could hold count.
    unused = {id for id in messages() if id not in USED and id not in COMPOSED and f'"{id}"' not in CODE}
    assert not unused


def test_language_is_one_of_the_two() -> None:
    with pytest.raises(ValueError, match="zh"), using_language("fr"):
        pass
