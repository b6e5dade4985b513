"""Search of Chinese and English text in one index: English by stems, Chinese by pairs of neighbouring characters.

Chinese has no blanks between words.  A dictionary that cuts text into words knows few terms of the field, and cuts a
question otherwise than the page; pairs of characters need none and are the same on both sides.
"""

from __future__ import annotations

import re

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9_]+", re.IGNORECASE)


def words(text: str) -> list[str]:
    """Words of Latin letters, and pairs of Chinese characters; a character by itself is a word.

    >>> words("碳汇量 is net_removals")
    ['碳汇', '汇量', 'is', 'net_removals']
    """
    found: list[str] = []
    for run in _RUN.findall(text):
        pairs = [run[at : at + 2] for at in range(len(run) - 1)] if run[0] >= "\u3400" else []
        found += pairs or [run]
    return found


SPLITTER = r"""
function splitQuery(query) {
  const found = [];
  for (const run of query.match(/[\u3400-\u9fff]+|[a-z0-9_]+/gi) || []) {
    if (run[0] < "\u3400" || run.length === 1) found.push(run);
    else for (let at = 0; at + 1 < run.length; at++) found.push(run.slice(at, at + 2));
  }
  return found;
}
"""
"""The same as :func:`words` in the browser."""


def search_language() -> type:
    """The language that Sphinx builds its index by."""
    from sphinx.search.en import SearchEnglish

    class SearchBothLanguages(SearchEnglish):
        lang = "zh-en"
        # After this name Sphinx calls the stemmer of the browser; characters pass through it as they are.
        language_name = "English"
        js_splitter_code = SPLITTER

        def split(self, input: str) -> list[str]:
            return words(input)

        def stem(self, word: str) -> str:
            return word if word[0] >= "\u3400" else super().stem(word)

        def word_filter(self, word: str) -> bool:
            return word[0] >= "\u3400" or super().word_filter(word)

    return SearchBothLanguages
