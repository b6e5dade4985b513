"""The language that users choose."""

from __future__ import annotations

import pytest

import sinks
from sinks.errors import SinksError
from sinks.text import language


def test_what_is_no_language_is_refused_in_words_and_changes_nothing() -> None:
    for wrong in ("fr", "", "ZH", 5, None):
        for choose in (sinks.set_language, lambda lang: sinks.using_language(lang).__enter__()):
            with pytest.raises(SinksError) as caught:
                choose(wrong)
            assert "zh" in str(caught.value) or "str" in str(caught.value)
            assert language() == "zh"


def test_a_block_has_a_language_of_its_own() -> None:
    with sinks.using_language("en"):
        assert language() == "en"
    assert language() == "zh"
