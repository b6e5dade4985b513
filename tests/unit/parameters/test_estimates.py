"""Copies of one published estimate are one uncertain thing, whatever table, parameter or unit they stand in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry
from sinks.parameters import ParameterTable
from sinks.parameters.estimate import is_specific, key_of

HEADER = "parameter,type,value,unit,low,high,interval,distribution,basis,source,locator,note,correlation,same_as\n"
UNITS = {"soil": "t C/ha", "litter": "t C/ha", "ratio": "1"}
ESTIMATE = "80,t C/ha,60,100,95%,normal,user,survey,Table 1 region 2,,"


def table(folder: Path, *rows: str, name: str = "ours.csv") -> ParameterTable:
    path = folder / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return ParameterTable.read(path, parameters=UNITS, sources={})


def correlation(*rows: str, folder: Path, n: int = 4000) -> float:
    drawn = table(folder, *rows).draw(np.random.default_rng(1), n)
    return float(np.corrcoef(drawn.T)[0, 1])


@pytest.mark.parametrize(
    "other",
    [
        f"soil,desert,{ESTIMATE},",
        f"litter,steppe,{ESTIMATE},",
        "soil,desert,8,kg C/m2,6,10,95%,normal,user,survey,Table 1 region 2,,,",
        "soil,desert,80,t C/ha,60,100,+-%,,user,survey,Table 1 region 2,,,",
        "soil,desert,80,t C/ha,60,100,95%,normal,user,Survey,table 1  region ２,another note,,",
    ],
    ids=["stratum", "parameter", "unit", "interval", "spelling"],
)
def test_copies_share_their_draws(tmp_path: Path, other: str) -> None:
    drawn = table(tmp_path, f"soil,steppe,{ESTIMATE},", other).draw(np.random.default_rng(1), 200)
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1], rtol=1e-12)
    assert np.ptp(drawn[:, 0]) > 0


@pytest.mark.parametrize(
    "other",
    [
        "soil,desert,80,t C/ha,60,100,95%,normal,user,survey,Table 1 region 3,,,",
        "soil,desert,80,t C/ha,60,100,95%,normal,user,another,Table 1 region 2,,,",
        "soil,desert,80,t C/ha,59,100,95%,normal,user,survey,Table 1 region 2,,,",
        "soil,desert,80,t C/ha,60,100,sd,normal,user,survey,Table 1 region 2,,,",
        "soil,desert,80,t C/ha,60,100,95%,lognormal,user,survey,Table 1 region 2,,,",
    ],
    ids=["locator", "source", "interval", "kind of interval", "distribution"],
)
def test_other_estimates_are_drawn_apart(tmp_path: Path, other: str) -> None:
    assert abs(correlation(f"soil,steppe,{ESTIMATE},", other, folder=tmp_path)) < 0.05


@pytest.mark.parametrize(
    ("locator", "expected"),
    [
        *((place, True) for place in ("p. 12", "Table 4", "abstract", "表二", "第三章", "附录", "摘要", "图４")),
        *((word, False) for word in ("own survey", "expert judgement", "-", "本单位调查代表值", "suitable plots")),
    ],
)
def test_a_locator_that_names_no_place_ties_nothing(tmp_path: Path, locator: str, expected: bool) -> None:
    assert is_specific(locator) is expected
    rows = [f"soil,{kind},80,t C/ha,60,100,95%,normal,user,survey,{locator},,," for kind in ("steppe", "desert")]
    assert (correlation(*rows, folder=tmp_path) > 0.99) is expected


def test_twins_move_together_whatever_their_distributions(tmp_path: Path) -> None:
    rows = [
        "soil,steppe,80,t C/ha,60,100,95%,normal,user,survey,table 1,,,north",
        "litter,steppe,4,t C/ha,2,9,95%,lognormal,user,survey,table 9,,,north",
        "soil,desert,80,t C/ha,60,100,95%,normal,user,survey,table 1,,,south",
    ]
    drawn = table(tmp_path, *rows).draw(np.random.default_rng(1), 4000)
    ranks = np.argsort(np.argsort(drawn, axis=0), axis=0)
    np.testing.assert_array_equal(ranks[:, 0], ranks[:, 1])
    # A word of its own keeps apart what is alike in everything else.
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1]) < 0.05
    assert drawn[:, 0].std() == pytest.approx(20 / 1.959964, rel=0.05)


def test_a_copy_that_does_not_name_its_estimate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError) as caught:
        table(tmp_path, f"soil,steppe,{ESTIMATE},north", f"soil,desert,{ESTIMATE},")
    assert [(problem.id, problem.where) for problem in caught.value.problems] == [
        ("parameters.same_as_partly", "ours.csv:3")
    ]


def test_copies_of_correlated_rows_keep_both(tmp_path: Path) -> None:
    """A fitted curve that stands for two strata: its parameters err together, and its copies are the same curve."""
    rows = [
        line
        for kind in ("steppe", "desert")
        for line in (
            f"soil,{kind},80,t C/ha,60,100,95%,normal,user,survey,Table 1,,ratio=-0.9,",
            f"ratio,{kind},0.5,1,0.4,0.6,95%,normal,user,survey,Table 1,,,",
        )
    ]
    drawn = table(tmp_path, *rows).draw(np.random.default_rng(1), 8000)
    np.testing.assert_array_equal(drawn[:, :2], drawn[:, 2:])
    assert np.corrcoef(drawn[:, :2].T)[0, 1] == pytest.approx(-0.9, abs=0.01)


def test_what_is_correlated_with_one_estimate_is_so_through_it(tmp_path: Path) -> None:
    """Of two ratios that each err with one shared estimate nothing is said of both: given it they are independent."""
    rows = [
        "soil,steppe,80,t C/ha,60,100,95%,normal,user,survey,Table 1,,ratio=0.8,",
        "ratio,steppe,0.5,1,0.4,0.6,95%,normal,user,survey,Table 2,,,",
        "soil,desert,80,t C/ha,60,100,95%,normal,user,survey,Table 1,,ratio=0.5,",
        "ratio,desert,0.7,1,0.6,0.8,95%,normal,user,survey,Table 3,,,",
    ]
    found = np.corrcoef(table(tmp_path, *rows).draw(np.random.default_rng(1), 8000).T)
    expected = [[1, 0.8, 1, 0.5], [0.8, 1, 0.8, 0.4], [1, 0.8, 1, 0.5], [0.5, 0.4, 0.5, 1]]
    np.testing.assert_allclose(found, expected, atol=0.025)


def test_groups_may_be_linked_by_a_third(tmp_path: Path) -> None:
    """Two pairs, and then a correlation of one of each: the others follow through them."""
    rows = [
        "soil,a,80,t C/ha,60,100,95%,normal,user,survey,Table 1,,ratio=0.8,",
        "ratio,a,0.5,1,0.4,0.6,95%,normal,user,survey,Table 2,,,",
        "litter,b,4,t C/ha,3,5,95%,normal,user,survey,Table 3,,ratio=0.6,",
        "ratio,b,0.7,1,0.6,0.8,95%,normal,user,survey,Table 4,,,",
        "soil,c,80,t C/ha,60,100,95%,normal,user,survey,Table 1,,litter=0.5,",
        "litter,c,4,t C/ha,3,5,95%,normal,user,survey,Table 3,,,",
    ]
    found = np.corrcoef(table(tmp_path, *rows).draw(np.random.default_rng(1), 20_000).T[:4])
    expected = [[1, 0.8, 0.5, 0.3], [0.8, 1, 0.4, 0.24], [0.5, 0.4, 1, 0.6], [0.3, 0.24, 0.6, 1]]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_the_library_has_no_pair_of_unlike_estimates_with_one_key() -> None:
    """Rows that were seen to be one estimate are, and neighbours that agree by chance are not."""
    rows = [row for row in Registry().get("soil_transition").table.rows if row.interval]

    def keys(value: float, **cells: str) -> set[str]:
        return {key_of(r) for r in rows if r.value == value and all(r.cells[k] == v for k, v in cells.items())}

    wetland = keys(88, soil_class="wetland", edition="2006")
    assert len(wetland) == 1
    assert len(keys(88, soil_class="hac", edition="2006") | wetland) == 2
    assert len(keys(34, soil_class="sandy", edition="2006")) == 2
    assert len(keys(0.7, edition="2006")) == 1
    growth = {(row.value, key_of(row)) for row in Registry().get("biomass_conversion").table.rows if row.interval}
    assert len({key for value, key in growth if value in (2.856, 2.8032)}) == 1
