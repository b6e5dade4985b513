"""Notes of an assessment in the present language, whatever language the run was made in.

A table of a run keeps notes as they were written.  Those of the program are said again where a document is in the other
language; what a user wrote (a source, a document) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from sinks.assessment.result import rule_rows
from sinks.project.rules import Rule
from sinks.text import LANGUAGES, message, messages, using_language

_OWN = ("assessment.note_expected", "assessment.note_no_source")
"""Messages that stand alone in a note."""


def retold_rules(rule: Mapping[str, Any] | None) -> dict[str, str]:
    """Notes of the rows of a rule, as any language has them, with the words of the present one.

    Parameters
    ----------
    rule : mapping or None
        ``[assessment.rule]`` as the record of a run keeps it; of one that is no rule any more nothing is known.
    """
    try:
        known = Rule.model_validate(dict(rule or {}))
    except ValidationError:
        return {}
    now, found = list(rule_rows(known)["note"]), dict[str, str]()
    for language in LANGUAGES:
        with using_language(language):
            found.update(zip(rule_rows(known)["note"], now, strict=True))
    return found


def retold(note: str) -> str:
    """A note in the present language, where it is one of the program's; any other as it is.

    >>> with using_language("en"):
    ...     retold("假定值，没有文件规定。"), retold("统计公报")
    ('Assumed: no document fixes it.', '统计公报')
    """
    for id in _OWN:
        for template in messages()[id]:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(template))
            if said := re.fullmatch(pattern, note):
                return message(id, **said.groupdict())
    return note
