"""How much work a run does, counted: what is looked up, read or drawn for one purpose serves all others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import sinks
from sinks.account import hierarchy, posting
from sinks.account.account import AccountInputs
from sinks.account.entries import EntryRows
from sinks.assessment import input_tables
from sinks.assessment.inputs import write_templates
from sinks.project.project import Project
from sinks.uncertainty.draws import Draws
from tests.conftest import LEAGUES, World

RULE = {"base_year": 2020, "years": [2023], "base_period": "2020-2023"}
KINDS = ("energy", "process", "net_imported_power")


@pytest.fixture
def assessed(world: World, tmp_path: Path) -> Project:
    """The territory with an assessment of its leagues."""
    tables = tmp_path / "tables"
    write_templates(tables)
    years = [(code, year) for code in LEAGUES for year in (2020, 2023)]
    rows = {
        "emissions": [f"{code},{year},{kind},900,10^4 t CO2,x" for code, year in years for kind in KINDS],
        "gdp": [f"{code},{year},gdp,500,10^8 CNY,2020 constant,x" for code, year in years],
        "targets": [f"{code},intensity_reduction,d,2020,2025,18,%,x" for code in LEAGUES],
    }
    for name, lines in rows.items():
        path = tables / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8-sig") + "\n".join(lines) + "\n", encoding="utf-8")
    section = {name: str(tables / f"{name}.csv") for name in rows}
    return Project.read(world.save(world.project(assessment={**section, "rule": RULE}), tmp_path / "project.toml"))


def counted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, key: Any) -> Counter[Any]:
    """Calls of a function, by what ``key`` says of their arguments."""
    seen: Counter[Any] = Counter()
    function = getattr(place, name)

    def counting(*args: Any, **options: Any) -> Any:
        seen[key(*args, **options)] += 1
        return function(*args, **options)

    monkeypatch.setattr(place, name, counting)
    return seen


def test_what_serves_several_purposes_is_made_once(assessed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = counted(monkeypatch, input_tables, "read_table", lambda table, *_, **__: table)
    again = counted(monkeypatch, AccountInputs, "removals", lambda *_: "removals")
    looked_up = counted(monkeypatch, EntryRows, "of", lambda entry, *_, **options: (id(entry), options["with_ends"]))
    leaves = counted(monkeypatch, posting, "_draws", lambda totals, *_: type(totals.draws))
    result = sinks.run(assessed)
    assert result.assessment is not None
    assert tables == {"emissions": 1, "gdp": 1, "targets": 1}
    assert not again
    # Once for account, assessment and sensitivity together; once more as transitions for the noise of the maps.
    assert set(looked_up.values()) == {1}
    assert sum(not with_ends for _, with_ends in looked_up) == len(assessed.methodologies)
    # Random draws are evaluated for the account alone: as often as it has leaves.
    assert leaves[Draws] == _leaves(result.account)


def _leaves(account: Any) -> int:
    below = account[(account["stratum"] != "all") & (account["quantity"] == "carbon_stock")]
    return len(below[["ecosystem", "stratum", "methodology"]].drop_duplicates())


def test_intervals_are_sought_where_they_are_shown(assessed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of strata that a region does not have, and not of the account that sensitivity makes anew."""
    rows: Counter[str] = Counter()
    ends = hierarchy.interval

    def counting(draws: Any) -> Any:
        rows["sought"] += 1 if draws.ndim == 1 else len(draws)
        return ends(draws)

    monkeypatch.setattr(hierarchy, "interval", counting)
    account = sinks.run(assessed).account
    # Draws that say where an interval is shown are those of figures of which enough has a stated uncertainty.
    assert 0 < rows["sought"] <= (account["uncertain_share"] >= assessed.project.interval_share).sum()
