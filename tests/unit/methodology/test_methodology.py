"""The contract, the registry, and evaluation on activity rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sinks.errors import MethodologyError, ParameterError, SinksError
from sinks.methodology import Bound, Registry, check_file, describe, new
from sinks.methodology.contract import agrees
from sinks.text import using_language
from sinks.uncertainty.draws import Draws

PACKAGES = ("methodologies",)

MODULE = '''
from typing import Any
import numpy as np
from sinks.methodology import Example, Intermediate, Methodology
from sinks.text import Text

def stock(growing_stock: Any, bcef: Any, root_to_shoot: Any, carbon_fraction: Any) -> dict[str, Any]:
    """Stock.

    Parameters
    ----------
    growing_stock : array
        V. [m3/ha]
    bcef, root_to_shoot, carbon_fraction : array
        Factors.

    Returns
    -------
    dict
        ``biomass``. [t C/ha]

    Notes
    -----
    C = V BCEF (1 + R) CF

    References
    ----------
    survey, p. 1.
    """
    return {"biomass": growing_stock * bcef * (1 + root_to_shoot) * carbon_fraction}

METHODOLOGY = Methodology(
    id="ours", title=Text("本局方法", "Ours"), source="survey", locator="p. 1",
    approach="stock_difference", tier=2, acts_on="state", ecosystems=("forest",),
    strata=("species", "density"),
    inputs={"growing_stock": "m3/ha"},
    parameters={"bcef": "t DM/m3", "root_to_shoot": "t DM/t DM", "carbon_fraction": "t C/(t DM)"},
    outputs={"biomass": "t C/ha"},
    intermediates={"density": Intermediate("t DM/ha", lambda growing_stock, bcef: growing_stock * bcef)},
    valid_for=Text("本局", "Here"), compute=stock,
    examples=(Example({"growing_stock": 100}, {"bcef": 0.6, "root_to_shoot": 0.25, "carbon_fraction": 0.5},
                      {"biomass": "37.5"}, "survey", "p. 2"),),
)
'''
HEAD = "parameter,species,density,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
TABLE = (
    HEAD
    + """bcef,larch,,0.6,t DM/m3,0.5,0.7,95%,,user,survey,p. 3,
bcef,oak,,1,t DM/m3,,,,,user,survey,p. 3,
root_to_shoot,,"[0,50)",0.4,t DM/t DM,,,,,user,survey,p. 3,
root_to_shoot,,>=50,0.25,t DM/t DM,,,,,user,survey,p. 3,
carbon_fraction,,,0.5,t C/(t DM),,,,,user,survey,p. 3,
"""
)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    (tmp_path / "ours.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "ours.csv").write_text(TABLE, encoding="utf-8-sig")
    return tmp_path / "ours.py"


def states(**columns: object) -> pd.DataFrame:
    rows = pd.DataFrame(columns)
    return rows.assign(region_code="150400", date="2020", ecosystem="forest", area_ha=1.0)


def message_ids(error: pytest.ExceptionInfo[SinksError]) -> list[str]:
    assert str(error.value)  # every message can be filled in
    return [problem.id for problem in error.value.problems]


class TestEvaluate:
    def test_a_later_parameter_is_found_by_an_intermediate_value(self, ours: Path) -> None:
        rows = states(species=["larch", "larch", "oak"], growing_stock=[100.0, 50.0, 49.0])
        values = check_file(ours, ()).evaluate(rows)["biomass"]
        np.testing.assert_allclose(values, [100 * 0.6 * 1.25 / 2, 50 * 0.6 * 1.4 / 2, 49 * 1.4 / 2])

    def test_not_observed_stays_not_observed(self, ours: Path) -> None:
        rows = states(species=["larch", "larch"], growing_stock=[np.nan, 100.0])
        values = check_file(ours, ()).evaluate(rows)["biomass"]
        np.testing.assert_allclose(values, [np.nan, 37.5])

    def test_not_observed_is_not_zero_even_where_the_equation_says_so(self, ours: Path) -> None:
        text = MODULE.replace("growing_stock * bcef * (1", "np.where(growing_stock > 0, growing_stock, 0) * bcef * (1")
        ours.write_text(text, encoding="utf-8")
        # One ratio for all: none is missing because its stratum is not known.
        lines = [line for line in TABLE.splitlines(keepends=True) if ">=50" not in line]
        ours.with_suffix(".csv").write_text("".join(lines).replace('"[0,50)"', ""), encoding="utf-8")
        values = check_file(ours, ()).evaluate(states(species=["oak", "oak"], growing_stock=[np.nan, 0.0]))["biomass"]
        np.testing.assert_array_equal(values, [np.nan, 0.0])

    @pytest.mark.parametrize("value", [-1.0, 1501.0, np.inf])
    def test_an_implausible_input_is_named_and_not_clipped(self, ours: Path, value: float) -> None:
        with pytest.raises(MethodologyError) as error:
            check_file(ours, ()).evaluate(states(species=["larch"], growing_stock=[value]))
        assert message_ids(error) == ["methodology.implausible_input"]
        assert "150400" in error.value.problems[0].where

    def test_missing_input_wrong_ecosystem_and_both_at_once(self, ours: Path) -> None:
        rows = states(species=["larch"]).assign(ecosystem="grassland")
        with pytest.raises(MethodologyError) as error:
            check_file(ours, ()).evaluate(rows)
        assert message_ids(error) == ["methodology.wrong_ecosystem", "methodology.no_input"]

    def test_all_missing_strata_of_all_parameters(self, ours: Path) -> None:
        rows = states(species=["elm", "willow", "elm"], growing_stock=[1.0, 2.0, 3.0])
        with pytest.raises(ParameterError) as error:
            check_file(ours, ()).evaluate(rows)
        assert message_ids(error) == ["parameters.gap"] * 2

    def test_a_constant_stands_for_a_column(self, ours: Path) -> None:
        bound = check_file(ours, ()).with_constants({"species": "oak"})
        assert bound.evaluate(states(growing_stock=[100.0]))["biomass"][0] == pytest.approx(62.5)
        with pytest.raises(MethodologyError) as error:
            bound.evaluate(states(species=["larch"], growing_stock=[100.0]))
        assert message_ids(error) == ["methodology.stratum_twice"]

    def test_rows_are_evaluated_one_by_one(self, ours: Path) -> None:
        bound = check_file(ours, ())
        rows = states(species=["larch", "oak"] * 3, growing_stock=[0.0, 10.0, 60.0, 80.0, 200.0, 20.0])
        whole = bound.evaluate(rows)["biomass"]
        turned = bound.evaluate(rows.iloc[::-1])["biomass"][::-1]
        np.testing.assert_array_equal(whole, turned)

    def test_used_rows_lead_to_the_table(self, ours: Path) -> None:
        used = check_file(ours, ()).resolve(states(species=["oak"], growing_stock=[10.0])).used_rows()
        assert {name: rows.tolist() for name, rows in used.items()} == {
            "bcef": [1],
            "root_to_shoot": [2],
            "carbon_fraction": [4],
        }


class TestDraws:
    @staticmethod
    def drawn(bound: Bound, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Three draws of the table, the growing stock off by nothing, a tenth more and a tenth less."""
        factors = {"growing_stock": np.array([[1.0], [1.1], [0.9]])}
        return bound.resolve(rows).pools_from_draws(Draws(3, 1).table(bound).T, factors)["biomass"]

    def test_one_draw_of_a_row_serves_all_rows(self, ours: Path) -> None:
        rows = states(species=["larch", "larch", "oak"], growing_stock=[100.0, 200.0, 100.0])
        drawn = self.drawn(check_file(ours, ()), rows)
        assert drawn.shape == (3, 3)
        np.testing.assert_allclose(drawn[:, 1], 2 * drawn[:, 0])
        # Only the input is uncertain for oak.
        np.testing.assert_allclose(drawn[:, 2], 62.5 * np.array([1.0, 1.1, 0.9]))
        assert np.ptp(drawn[:, 0] / drawn[:, 2]) > 0

    def test_draws_can_be_evaluated_in_parts(self, ours: Path) -> None:
        bound = check_file(ours, ())
        rows = states(species=["larch", "oak"], growing_stock=[100.0, 200.0])
        np.testing.assert_array_equal(self.drawn(bound, rows)[:, 1:], self.drawn(bound, rows.iloc[1:]))


class TestContract:
    @pytest.mark.parametrize(
        ("before", "after", "message"),
        [
            ('id="ours"', 'id="theirs"', "methodology.other_id"),
            ('Text("本局方法", "Ours")', 'Text("", "Ours")', "methodology.one_language"),
            ('approach="stock_difference"', 'approach="guess"', "methodology.unknown_word"),
            ('("forest",)', '("woods",)', "methodology.unknown_word"),
            ('"biomass": "t C/ha"}', '"biomass": "t CO2/ha"}', "methodology.output_unit"),
            ('"growing_stock": "m3/ha"', '"growing_stock": "m3"', "units.mismatch"),
            ('"bcef": "t DM/m3"', '"bcef": "t DM/m3", "bef": "1"', "methodology.unused"),
            ("root_to_shoot: Any, carbon", "root_to_shoot: Any, slope: Any, carbon", "methodology.undeclared"),
            ("    Notes\n    -----", "    Remarks\n    -------", "methodology.no_section"),
            ("bcef, root_to_shoot, carbon", "bcef, carbon", "methodology.not_documented"),
            (" * (1 + root_to_shoot) * carbon_fraction}", " * (1 + root_to_shoot)}", "methodology.unused"),
            ("* carbon_fraction}", "/ carbon_fraction}", "methodology.output_dimension"),
            ('"bcef": "t DM/m3"', '"bcef": "kg DM/m3"', "methodology.output_scale"),
            ("(1 + root_to_shoot)", "(1 + bcef * root_to_shoot)", "methodology.dimensions"),
            ('return {"biomass"', 'return {"litter"', "methodology.outputs"),
            ('{"biomass": "37.5"}', '{"biomass": "37.6"}', "methodology.example"),
            ('Example({"growing_stock": 100}', 'Example({"volume": 100}', "methodology.example_names"),
            ("compute=stock,", 'compute=stock, carried={"left": "yr"},', "methodology.carried_by_states"),
            ("compute=stock,", 'compute=stock, carried={"left": "yr"},', "methodology.carried_with_layers"),
            ("METHODOLOGY = ", "METHOD = ", "methodology.no_attribute"),
            ("import numpy as np", "import nunpy as np", "methodology.import_failed"),
        ],
    )
    def test_a_breach_is_named(self, ours: Path, before: str, after: str, message: str) -> None:
        assert before in MODULE
        text = MODULE.replace(before, after)
        if message == "methodology.unused" and "slope" not in text and '"bef"' not in text:
            text = text.replace("root_to_shoot: Any, carbon_fraction: Any", "root_to_shoot: Any")
        ours.write_text(text, encoding="utf-8")
        with pytest.raises(SinksError) as error:
            check_file(ours, ())
        assert message in message_ids(error)

    def test_everything_at_once_table_included(self, ours: Path) -> None:
        ours.write_text(MODULE.replace('id="ours"', 'id="theirs"').replace("tier=2", "tier=5"), encoding="utf-8")
        ours.with_suffix(".csv").write_text(TABLE.replace("0.25", "x").replace("t DM/m3", "kg"), encoding="utf-8")
        with pytest.raises(SinksError) as error:
            check_file(ours, ())
        assert len(message_ids(error)) == 5

    @pytest.mark.parametrize(
        ("computed", "printed", "expected"),
        [
            (240003.2211, "240003.22", True),
            (240003.226, "240003.22", False),
            (1.31224, "1.3", True),
            (1.36, "1.3", False),
            (131224.0, "131,224", True),
            (-880011.8, "-880011.8", True),
        ],
    )
    def test_printed_digits_say_how_exactly(self, computed: float, printed: str, expected: bool) -> None:
        assert agrees(computed, printed) is expected


class TestRegistry:
    def test_an_id_stands_once_and_both_origins_are_named(self, ours: Path, tmp_path: Path) -> None:
        other = tmp_path / "elsewhere"
        other.mkdir()
        (other / "ours.py").write_text(MODULE, encoding="utf-8")
        with pytest.raises(MethodologyError) as error:
            Registry([ours, other / "ours.py"], ())
        assert str(ours) in str(error.value)
        assert str(other / "ours.py") in str(error.value)

    def test_the_table_beside_a_module_is_checked_with_it(self, ours: Path) -> None:
        assert check_file(ours.with_suffix(".csv"), ()).origin == str(ours)

    def test_nothing_is_imported_before_it_is_asked_for(self, ours: Path) -> None:
        ours.write_text("raise RuntimeError", encoding="utf-8")
        assert Registry([ours], ()).ids == ("ours",)

    def test_missing_file_wrong_kind_and_unknown_id(self, tmp_path: Path) -> None:
        with pytest.raises(MethodologyError) as error:
            Registry([tmp_path / "no.py", tmp_path / "no.xlsx"], ())
        assert message_ids(error) == ["methodology.no_file", "methodology.bad_file"]
        with pytest.raises(MethodologyError) as error:
            Registry((), PACKAGES).get("bcef")
        assert "growing_stock_bcef" in str(error.value)

    def test_a_csv_that_extends(self, ours: Path, tmp_path: Path) -> None:
        path = tmp_path / "our_larch.csv"
        path.write_text(
            "# extends: ours\n" + HEAD + "bcef,larch,,0.7,t DM/m3,,,,,user,survey,p. 9,\n", encoding="utf-8"
        )
        registry = Registry([ours, path], ())
        rows = states(species=["larch", "oak"], growing_stock=[100.0, 100.0])
        assert registry.get("our_larch").evaluate(rows)["biomass"] == pytest.approx([43.75, 62.5])
        assert registry.get("ours").evaluate(rows)["biomass"] == pytest.approx([37.5, 62.5])

    @pytest.mark.parametrize(
        ("first", "message"),
        [
            ("", "methodology.no_extends"),
            ("# extends: nothing\n", "methodology.unknown"),
            ("# extends: bad\n", "methodology.extends_itself"),
        ],
    )
    def test_a_csv_that_extends_nothing(self, tmp_path: Path, first: str, message: str) -> None:
        (tmp_path / "bad.csv").write_text(first + HEAD, encoding="utf-8")
        with pytest.raises(MethodologyError) as error:
            check_file(tmp_path / "bad.csv", ())
        assert message_ids(error) == [message]

    def test_parameters_of_a_project_extend_or_replace(self, ours: Path, tmp_path: Path) -> None:
        bound = check_file(ours, ())
        path = tmp_path / "local.csv"
        path.write_text("# extends: ours\n" + HEAD + "bcef,oak,,2,t DM/m3,,,,,user,survey,p,\n", encoding="utf-8")
        rows = states(species=["oak"], growing_stock=[100.0])
        assert bound.with_parameters(path).evaluate(rows)["biomass"] == pytest.approx([125])
        path.write_text(HEAD + "bcef,oak,,2,t DM/m3,,,,,user,survey,p,\n", encoding="utf-8")
        with pytest.raises(ParameterError):
            bound.with_parameters(path).evaluate(rows)
        path.write_text("# extends: growing_stock_bcef\n" + HEAD, encoding="utf-8")
        with pytest.raises(MethodologyError) as error:
            bound.with_parameters(path)
        assert message_ids(error) == ["methodology.extends_other"]


class TestStarter:
    @pytest.fixture
    def fill_in(self) -> Callable[[Path], None]:
        def fill(path: Path) -> None:
            text = path.read_text(encoding="utf-8-sig")
            path.write_text(text.replace("?", "0.5"), encoding="utf-8-sig")

        return fill

    def test_a_new_methodology_asks_for_its_numbers_and_then_runs(
        self, tmp_path: Path, fill_in: Callable[[Path], None]
    ) -> None:
        module, table = new("our_pine", folder=tmp_path)
        with pytest.raises(SinksError) as error:
            check_file(module, ())
        assert set(message_ids(error)) == {
            "methodology.to_fill",
            "parameters.not_a_number",
            "parameters.no_source",
            "parameters.no_locator",
        }
        fill_in(table)
        module.write_text(module.read_text(encoding="utf-8").replace("?", "survey"), encoding="utf-8")
        values = check_file(module, ()).evaluate(states(species_group=["larch"], growing_stock=[100.0]))
        assert values["above_ground_biomass"] == pytest.approx([25])

    def test_a_new_table(self, tmp_path: Path, fill_in: Callable[[Path], None]) -> None:
        registry = Registry((), PACKAGES)
        (table,) = new("our_larch", "growing_stock_bef", tmp_path, registry)
        fill_in(table)
        rows = states(species_group=["larch"], growing_stock=[100.0])
        assert check_file(table, PACKAGES).evaluate(rows)["above_ground_biomass"] == pytest.approx([100 * 0.5**3])

    def test_nothing_is_overwritten(self, tmp_path: Path) -> None:
        new("our_pine", folder=tmp_path)
        with pytest.raises(MethodologyError) as error:
            new("our_pine", folder=tmp_path)
        assert message_ids(error) == ["methodology.exists"] * 2
        with pytest.raises(MethodologyError):
            new("Our Pine", folder=tmp_path)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_describe_says_what_a_reviewer_asks(ours: Path, language: str) -> None:
    with using_language(language):
        text = describe(check_file(ours, ()))
    assert "C = V BCEF (1 + R) CF" in text
    assert "bcef [t DM/m3]" in text
    assert ("本局方法" if language == "zh" else "Ours") in text
