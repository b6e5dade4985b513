"""``sinks init``: a commented project file, from answers or flags."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import click

from sinks.errors import Problem, Problems, ProjectError
from sinks.project.names import MOST_BYTES, is_name
from sinks.text import message

_QUESTIONS = {
    "name": "init.ask_name",
    "province": "init.ask_province",
    "level": "init.ask_level",
    "legend": "init.ask_legend",
    "land_cover": "init.ask_land_cover",
}
_DEFAULTS = {"name": "my-account", "province": "150000", "level": "league", "legend": "clcd"}


def ask(given: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the answers by asking; without a terminal, what is missing is an error.

    Raises
    ------
    ProjectError
        With every answer that is missing when there is nobody to ask, and every ``YEAR=FILE`` that is not one.
    """
    answers = {name: value for name, value in given.items() if value not in (None, ())}
    missing = [name for name in _QUESTIONS if name not in answers]
    problems = Problems()
    if missing and not sys.stdin.isatty():
        flags = ["--" + name.replace("_", "-") for name in missing]
        problems.add("init.missing", "sinks init", flags=flags)
    else:
        for name in missing:
            answers[name] = click.prompt(message(_QUESTIONS[name]), default=_DEFAULTS.get(name))
    entries = answers.get("land_cover", ())
    answers["land_cover"] = _dated(entries.split(",") if isinstance(entries, str) else entries, problems)
    problems.raise_as(ProjectError)
    return answers


def _dated(entries: Any, problems: Problems) -> dict[str, str]:
    found = {}
    for entry in entries:
        match = re.fullmatch(r"\s*([0-9]{4})\s*=\s*(.+?)\s*", entry)
        if match:
            found[match[1]] = match[2].replace("\\", "/")
        else:
            problems.add("init.land_cover", "--land-cover", found=entry)
    return found


def write_project(path: Path, answers: Mapping[str, Any], *, force: bool = False) -> None:
    """Write the project file.

    Raises
    ------
    ProjectError
        The file is already there and ``force`` is not set, or the name is none.
    """
    if path.exists() and not force:
        problems = Problems()
        problems.add("init.exists", path)
        problems.raise_as(ProjectError)
    if not is_name(answers["name"]):
        raise ProjectError(Problem("project.not_a_name", "--name", {"found": answers["name"], "most": MOST_BYTES}))
    dates = sorted(answers["land_cover"])
    template = Template(files("sinks.cli").joinpath("project_template.toml").read_text(encoding="utf-8"))
    within = answers.get("within")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        template.substitute(
            name=_quoted(answers["name"]),
            title=_quoted(answers.get("title", answers["name"])),
            dates=", ".join(dates),
            province=_quoted(answers["province"]),
            within=f"within = {_quoted(within)}" if within else '# within = "150600"',
            level=_quoted(answers["level"]),
            legend=_quoted(answers["legend"]),
            files=", ".join(f"{date} = {_quoted(answers['land_cover'][date])}" for date in dates),
        ),
        encoding="utf-8",
    )


def _quoted(text: str) -> str:
    """A text as TOML has it; its basic strings are written like those of JSON."""
    return json.dumps(text, ensure_ascii=False)
