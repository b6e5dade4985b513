"""A look-up asks for a stratum only where the row it finds depends on it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from sinks.errors import ParameterError
from sinks.parameters import Crosswalk, ParameterTable

STRATA = ("ecosystem", "species", "age")
WORDS = {"ecosystem": ("forest", "grassland"), "species": ("larch", "oak"), "age": ("young", "old")}
HEAD = ",".join(("parameter", *STRATA, "value,unit,low,high,interval,distribution,basis,source,locator,note"))


def line(*cells: str, value: float = 1.0) -> str:
    return ",".join(("density", *cells, f"{value:g}", "t C/ha,,,,,user,survey,p. 1,"))


def table(folder: Path, *lines: str) -> ParameterTable:
    path = folder / "table.csv"
    path.write_text("\n".join((HEAD, *lines, "")), encoding="utf-8")
    return ParameterTable.read(path, parameters={"density": "t C/ha"}, sources={}, strata=STRATA)


def extended(base: ParameterTable, folder: Path, *lines: str) -> ParameterTable:
    path = folder / "own.csv"
    path.write_text("\n".join(("# extends: table", HEAD, *lines, "")), encoding="utf-8")
    return base.extended(path)


def value(found: ParameterTable, **strata: str) -> float:
    return float(found.lookup("density", {name: [word] for name, word in strata.items()}).values[0])


def asked(found: ParameterTable, **strata: str) -> list[str]:
    with pytest.raises(ParameterError) as error:
        value(found, **strata)
    assert str(error.value)
    return [name for p in error.value.problems for name in p.values.get("columns", [p.id])]


def test_strata_of_an_ecosystem_that_is_not_there_are_not_asked_for(tmp_path: Path) -> None:
    found = table(tmp_path, line("forest", "larch", "", value=2), line("grassland", "", "old", value=3))
    assert value(found, ecosystem="forest", species="larch") == 2
    assert value(found, ecosystem="grassland", age="old") == 3
    assert asked(found, ecosystem="forest") == ["species"]
    assert asked(found, ecosystem="grassland", species="larch") == ["age"]
    assert asked(found, ecosystem="forest", species="oak") == ["parameters.gap"]


def test_both_ecosystems_at_once_ask_for_what_either_needs(tmp_path: Path) -> None:
    found = table(tmp_path, line("forest", "larch", "", value=2), line("grassland", "", "old", value=3))
    with pytest.raises(ParameterError) as error:
        found.lookup("density", {"ecosystem": ["forest", "grassland"]})
    assert [p.values["columns"] for p in error.value.problems] == [["species", "age"]]


def test_a_row_of_an_extension_frees_from_the_strata_of_the_base(tmp_path: Path) -> None:
    base = table(tmp_path, line("forest", "larch", "", value=2), line("forest", "oak", "", value=4))
    found = extended(base, tmp_path, line("forest", "", "", value=9))
    assert value(found, ecosystem="forest") == 9
    # One that covers a part of the land leaves the rest to the base.
    part = extended(base, tmp_path, line("forest", "", "old", value=9))
    assert value(part, ecosystem="forest", age="old") == 9
    assert asked(part, ecosystem="forest", age="young") == ["species"]
    assert asked(part, ecosystem="forest") == ["species", "age"]


def test_an_extension_may_have_words_that_a_crosswalk_of_the_base_lacks(tmp_path: Path) -> None:
    (tmp_path / "cross.csv").write_text("tree,species\nL1,larch\n", encoding="utf-8")
    base = table(tmp_path, line("forest", "larch", "", value=2))
    object.__setattr__(base, "crosswalks", (Crosswalk.read(tmp_path / "cross.csv", "species"),))
    own = tmp_path / "own.csv"
    own.write_text(
        "# extends: table\n" + HEAD.replace("species", "tree") + "\n" + line("", "L9", "", value=7) + "\n",
        encoding="utf-8",
    )
    found = base.extended(own)
    assert value(found, ecosystem="forest", tree="L1") == 2
    assert value(found, ecosystem="forest", tree="L9") == 7
    with pytest.raises(ParameterError) as error:
        found.lookup("density", {"ecosystem": ["forest"] * 3, "tree": ["L1", "L9", "L8"]})
    (problem,) = error.value.problems
    assert problem.id == "parameters.not_in_crosswalk"
    assert problem.values["found"] == ["L8"]


def winner(rows: list[tuple[str, ...]], stratum: tuple[str, ...]) -> object:
    """By hand: the row with most cells of those that match; all of them where several have as many."""
    hits = [i for i, row in enumerate(rows) if all(cell in ("", word) for cell, word in zip(row, stratum, strict=True))]
    most = max((sum(map(bool, rows[i])) for i in hits), default=0)
    return tuple(i for i in hits if sum(map(bool, rows[i])) == most)


@pytest.mark.parametrize("seed", range(20))
def test_a_stratum_is_asked_for_exactly_where_it_decides(tmp_path: Path, seed: int) -> None:
    """Against trying every word that the missing column could hold, one that no row has among them."""
    rng = np.random.default_rng(seed)
    cells = list(product(*(("", *words) for words in WORDS.values())))
    rows = [cells[i] for i in sorted(rng.choice(len(cells), size=rng.integers(1, 8), replace=False))]
    found = table(tmp_path, *(line(*row, value=number + 1) for number, row in enumerate(rows)))
    for hidden in range(len(STRATA)):
        known = [name for i, name in enumerate(STRATA) if i != hidden]
        for words in product(*((*WORDS[name], "other") for name in known)):
            possible = {
                winner(rows, (*words[:hidden], word, *words[hidden:])) for word in (*WORDS[STRATA[hidden]], "other")
            }
            given = dict(zip(known, words, strict=True))
            if len(possible) > 1:
                assert STRATA[hidden] in asked(found, **given)
            elif len(only := possible.pop()) == 1:
                assert value(found, **given) == only[0] + 1
            else:
                assert asked(found, **given) == ["parameters.tie" if only else "parameters.gap"]


def test_columns_alone_say_what_can_never_be_found(tmp_path: Path) -> None:
    found = table(
        tmp_path, line("forest", "larch", "", value=2), line("forest", "", "", value=1), line("grassland", "", "old")
    )
    assert found.never_found("density", ["ecosystem"], "forest") == []
    (problem,) = found.never_found("density", ["ecosystem", "species"], "grassland")
    assert problem.values["columns"] == ["age"]
    assert found.never_found("density", ["ecosystem", "age"], "grassland") == []
    assert found.never_found("density", ["ecosystem"]) == []
    # The age of grassland may be missing; no row of any other ecosystem is there to be found.
    assert found.never_found("density", ["ecosystem"], "wetland") == []
