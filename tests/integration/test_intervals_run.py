"""Finished runs whose intervals are given by rule, stand beside other methodologies, or hang on one assumption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sinks

KEYS = ["region_code", "ecosystem", "quantity", "period"]
FOREST = ({"id": "growing_stock_bef", "ecosystems": ["forest"]},)
BESIDE = {
    "id": "growing_stock_bcef",
    "ecosystems": ["forest"],
    "role": "comparison",
    "strata": {"climate_domain": "boreal"},
}


def run(world: Any, **sections: Any) -> sinks.Run:
    return sinks.run(sinks.Project.from_dict(world.project(**sections), folder=world.folder))


def totals(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["pool"] == "all") & (table["stratum"] == "all")].set_index(KEYS)


@pytest.fixture(scope="module")
def plain(world: Any) -> sinks.Run:
    return run(world, methodologies=[*FOREST])


@pytest.fixture(scope="module")
def by_rule(world: Any) -> sinks.Run:
    return run(world, methodologies=[*FOREST], nominal_errors={"kinds": ["all"]})


def test_errors_by_rule_give_the_figure_an_interval(plain: sinks.Run, by_rule: sinks.Run) -> None:
    key = totals(plain.account).query("ecosystem == 'forest' and quantity == 'carbon_stock'").index[-1]
    before, after = totals(plain.account).loc[key], totals(by_rule.account).loc[key]
    assert before["uncertain_share"] == 0
    assert pd.isna(before["low"])
    assert after["uncertain_share"] == pytest.approx(1)
    # Wood density alone, 40 % in each species, makes more than a tenth of it.
    assert after["high"] - after["low"] > 0.2 * after["value"]
    assert after["value"] == before["value"]


def test_what_was_assumed_is_said_and_how_often(plain: sinks.Run, by_rule: sinks.Run) -> None:
    used = by_rule.contents.parameters_used
    given = used[used["interval"] == "nominal"]
    # Root-to-shoot ratios and carbon fractions have intervals of their own, which no rule replaces.
    assert set(given["parameter"]) == {"basic_wood_density", "bef"}
    said = by_rule.checks[by_rule.checks["check"] == "nominal_error"]
    assert set(said["status"]) == {"warning"}
    for words, parameter in (("wood density", "basic_wood_density"), ("expansion", "bef")):
        (detail,) = said.loc[said["detail_en"].str.contains(words), "detail_en"]
        assert f"Assumed: {(given['parameter'] == parameter).sum()} parameter" in detail
        assert "p. 4." in detail
    assert "nominal_error" not in set(plain.checks["check"])


def test_a_kind_that_there_is_not_is_refused(world: Any) -> None:
    with pytest.raises(sinks.SinksError) as caught:
        run(world, methodologies=[*FOREST], nominal_errors={"kinds": ["wood_densities", "root_to_shoot"]})
    assert [problem.id for problem in caught.value.problems] == ["project.nominal_kind"]
    assert "wood_densities" in str(caught.value)


def test_the_tables_of_a_run_say_what_else_could_be(world: Any, tmp_path: Path) -> None:
    given = run(world, methodologies=[*FOREST, BESIDE], nominal_errors={"kinds": ["all"]})
    account, beside = totals(given.account), totals(given.comparison)
    spread = given.contents.tables["spread"].set_index(KEYS)
    key = spread.query("ecosystem == 'forest' and quantity == 'net_removals'").index[0]
    both = account.loc[key, "value"], beside.loc[key, "value"]
    assert (spread.loc[key, "lowest"], spread.loc[key, "highest"]) == (min(both), max(both))
    assert spread.loc[key, "methodologies"] == "growing_stock_bcef"

    other = given.contents.tables["other_assumption"]
    assert set(other["input"]) == {"growing_stock"}
    assert (other["other_high"] - other["other_low"] > other["high"] - other["low"]).any()

    folder = given.write(tmp_path / "run")
    for name in ("spread", "other_assumption"):
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{name}.parquet"), given.contents.tables[name])
