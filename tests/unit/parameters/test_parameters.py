"""Parameter tables: reading, checking, looking up, extending, drawing."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.errors import ParameterError
from sinks.parameters import Crosswalk, ParameterTable, Range, extended_id
from sinks.parameters.cells import parse_cell
from sinks.provenance import Source

HEAD = "parameter,species,stock,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
UNITS = {"density": "t C/ha", "bcef": "t DM/m3", "carbon_fraction": "t C/(t DM)"}
SOURCES = {"doc": Source("doc", "paper", "A document")}
BOUNDS = {"bcef": (0.0, np.inf), "carbon_fraction": (0.0, 1.0)}


def write(folder: Path, rows: str, name: str = "table.csv", head: str = HEAD) -> Path:
    path = folder / name
    path.write_text(head + rows, encoding="utf-8-sig")
    return path


def read(path: Path) -> ParameterTable:
    return ParameterTable.read(path, parameters=UNITS, sources=SOURCES, strata=("species", "stock"), bounds=BOUNDS)


GOOD = """bcef,,,0.9,t DM/m3,,,,,read,doc,p. 1,
bcef,larch,,0.8,t DM/m3,0.6,1.0,95%,,read,doc,p. 1,
bcef,larch,"[20,50)",700,kg DM/m3,500,900,range,,memory,doc,p. 1,
bcef,larch,>=50,0.6,t DM/m3,,,,,user,our survey,p. 1,
carbon_fraction,,,51,%,,,,,derived,doc,Table 4.3,mean of two
"""
UNITLESS = GOOD.replace("51,%", "0.51,t C/(t DM)")


@pytest.fixture
def table(tmp_path: Path) -> ParameterTable:
    return read(write(tmp_path, UNITLESS))


class TestCells:
    @pytest.mark.parametrize(
        ("text", "inside", "outside"),
        [
            ("[20,50)", [20, 49.9], [19.9, 50]),
            ("(,75]", [-1e9, 75], [75.1]),
            ("(20, 50]", [20.1, 50], [20]),
            (">=100", [100], [99.9]),
            ("<20", [19.9], [20]),
            ("≤20", [20], [20.1]),
            ("（20，50］".replace("］", "]"), [30], [20]),
        ],
    )
    def test_ranges(self, text: str, inside: list[float], outside: list[float]) -> None:
        cell = parse_cell(text)
        assert isinstance(cell, Range)
        assert all(number in cell for number in inside)
        assert not any(number in cell for number in outside)
        assert parse_cell(str(cell)) == cell

    @pytest.mark.parametrize("text", ["[50,20)", "[20,20)", "(20,50", "[20-50]", "(,)"])
    def test_bad_ranges(self, text: str) -> None:
        with pytest.raises(ValueError):
            parse_cell(text)

    def test_words(self) -> None:
        assert parse_cell("") is None
        assert parse_cell(" larch ") == "larch"


class TestRead:
    def test_numbers_come_in_the_declared_unit(self, table: ParameterTable) -> None:
        row = table.rows[2]
        assert (row.value, row.low, row.high, row.unit) == pytest.approx((0.7, 0.5, 0.9, "t DM/m3"))

    def test_what_is_not_read_is_unverified(self, table: ParameterTable) -> None:
        assert table.frame["unverified"].tolist() == [False, False, True, False, True]
        assert table.frame["row"].tolist() == [2, 3, 4, 5, 6]

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("bcfe,,,1,t DM/m3,,,,,read,doc,p,", "parameters.unknown_parameter"),
            ("bcef,,,x,t DM/m3,,,,,read,doc,p,", "parameters.not_a_number"),
            ("bcef,,,nan,t DM/m3,,,,,read,doc,p,", "parameters.not_a_number"),
            ("bcef,,,,t DM/m3,,,,,read,doc,p,", "parameters.not_a_number"),
            ("bcef,,,1,t C/m3,,,,,read,doc,p,", "units.carbon_and_dry_matter"),
            ("bcef,,,1,t dm/m3,,,,,read,doc,p,", "units.unknown"),
            ("bcef,,,1,t DM/m3,,,,,guess,doc,p,", "parameters.bad_word"),
            ("bcef,,,1,t DM/m3,0.5,2,90%,,read,doc,p,", "parameters.bad_word"),
            ("bcef,,,1,t DM/m3,0.5,2,95%,gauss,read,doc,p,", "parameters.bad_word"),
            ("bcef,,,1,t DM/m3,,,,,read,nobody,p,", "parameters.unknown_source"),
            ("bcef,,,1,t DM/m3,,,,,user,,p,", "parameters.no_source"),
            ("bcef,,,1,t DM/m3,,,,,read,doc,,", "parameters.no_locator"),
            ("bcef,,,1,t DM/m3,,,,,derived,doc,p,", "parameters.no_derivation"),
            ("bcef,,,1,t DM/m3,0.5,,95%,,read,doc,p,", "parameters.half_interval"),
            ("bcef,,,1,t DM/m3,0.5,2,,,read,doc,p,", "parameters.half_interval"),
            ("bcef,,,1,t DM/m3,2,3,95%,,read,doc,p,", "parameters.outside_interval"),
            ("bcef,,,-1,t DM/m3,,,,,read,doc,p,", "parameters.impossible"),
            ("carbon_fraction,,,47,t C/(t DM),,,,,read,doc,p,", "parameters.impossible"),
            ("density,,,40000,t C/ha,,,,,read,doc,p,", "parameters.not_plausible"),
            ("density,,,4000,kg C/m2,,,,,read,doc,p,", "parameters.not_plausible"),
            ('bcef,,"[50,20)",1,t DM/m3,,,,,read,doc,p,', "parameters.bad_range"),
            ("bcef,,,1,t DM/m3,0,2,95%,lognormal,read,doc,p,", "parameters.lognormal_at_zero"),
        ],
    )
    def test_a_faulty_row_is_named(self, tmp_path: Path, row: str, message: str) -> None:
        good = "bcef,oak,,1,t DM/m3,,,,,read,doc,p,\n"
        with pytest.raises(ParameterError) as error:
            read(write(tmp_path, good + row + "\n"))
        assert [p.id for p in error.value.problems] == [message]
        assert error.value.problems[0].where == "table.csv:3"
        assert str(error.value)

    def test_everything_wrong_is_said_at_once(self, tmp_path: Path) -> None:
        rows = "x,,,a,t DM/m3,,,,,guess,doc,p,\nbcef,,,1,kg,,,,,read,doc,p,\n"
        with pytest.raises(ParameterError) as error:
            read(write(tmp_path, rows))
        assert [p.where for p in error.value.problems] == ["table.csv:2"] * 3 + ["table.csv:3"]

    def test_overlapping_rows_are_refused(self, tmp_path: Path) -> None:
        rows = 'bcef,larch,"[20,50]",1,t DM/m3,,,,,read,doc,p,\nbcef,larch,>=50,1,t DM/m3,,,,,read,doc,p,\n'
        with pytest.raises(ParameterError) as error:
            read(write(tmp_path, rows))
        assert error.value.problems[0].id == "parameters.overlap"

    def test_a_misspelt_column_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError) as error:
            read(write(tmp_path, "", head=HEAD.replace("species", "spceies")))
        assert error.value.problems[0].id == "parameters.unknown_column"

    def test_missing_columns_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError) as error:
            read(write(tmp_path, "", head="parameter,value\n"))
        assert "locator" in error.value.problems[0].values["columns"]

    def test_an_encoding_in_doubt_is_not_guessed(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        # A character outside GB 2312 leaves other encodings possible.
        path.write_bytes((HEAD + GOOD + "# 䶮").encode("gb18030"))
        with pytest.raises(ParameterError) as error:
            read(path)
        assert error.value.problems[0].id == "table.encoding_fails"

    def test_a_percentage_is_not_a_carbon_fraction_by_substance(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError):
            read(write(tmp_path, GOOD))


class TestLookup:
    def test_the_most_specific_row_wins(self, table: ParameterTable) -> None:
        species = ["oak", "larch", "larch", "larch", "larch"]
        stock = [30.0, 10.0, 20.0, 49.9, 50.0]
        found = table.lookup("bcef", {"species": species, "stock": stock})
        np.testing.assert_allclose(found.values, [0.9, 0.8, 0.7, 0.7, 0.6])
        np.testing.assert_array_equal(found.rows, [0, 1, 2, 2, 3])

    def test_strata_that_no_row_asks_for_are_not_needed(self, table: ParameterTable) -> None:
        assert table.lookup("carbon_fraction", {}, size=3).values.tolist() == [0.51] * 3

    def test_a_number_not_observed_gives_nan(self, tmp_path: Path) -> None:
        table = read(write(tmp_path, 'bcef,,"[0,50)",1,t DM/m3,,,,,read,doc,p,\n'))
        found = table.lookup("bcef", {"stock": [np.nan, 10.0]})
        np.testing.assert_array_equal(found.values, [np.nan, 1.0])
        np.testing.assert_array_equal(found.rows, [-1, 0])

    def test_gaps_name_the_row_to_add_once_per_stratum(self, tmp_path: Path) -> None:
        path = write(tmp_path, 'bcef,larch,"[0,50)",1,t DM/m3,,,,,read,doc,p,\n')
        table = read(path)
        strata = {"species": ["oak", "oak", "oak", "larch"], "stock": [0.0, 10.0, 20.0, 60.0]}
        with pytest.raises(ParameterError) as error:
            table.lookup("bcef", strata)
        assert [p.id for p in error.value.problems] == ["parameters.gap"] * 2
        # The rows proposed, filled in, close the gaps.
        rows = [p.values["row"].replace("?", "1") for p in error.value.problems]
        extension = write(tmp_path, "\n".join(rows), "ours.csv", "# extends: x\n" + HEAD)
        np.testing.assert_array_equal(table.extended(extension).lookup("bcef", strata).values, [1, 1, 1, 1])

    def test_a_tie_names_both_rows(self, tmp_path: Path) -> None:
        rows = 'bcef,larch,,1,t DM/m3,,,,,read,doc,p,\nbcef,,"[0,50)",2,t DM/m3,,,,,read,doc,p,\n'
        table = read(write(tmp_path, rows))
        with pytest.raises(ParameterError) as error:
            table.lookup("bcef", {"species": ["larch"], "stock": [10.0]})
        assert error.value.problems[0].id == "parameters.tie"
        assert error.value.problems[0].values["rows"] == ["table.csv:2", "table.csv:3"]

    def test_a_column_that_is_needed_is_asked_for(self, table: ParameterTable) -> None:
        with pytest.raises(ParameterError) as error:
            table.lookup("bcef", {"species": ["larch"]})
        assert error.value.problems[0].values["columns"] == ["stock"]

    def test_codes_are_words_however_they_come(self, tmp_path: Path) -> None:
        table = read(write(tmp_path, "bcef,150,,1,t DM/m3,,,,,read,doc,p,\n"))
        for species in (["150"], [150], [150.0]):
            assert table.lookup("bcef", {"species": species}).values.tolist() == [1.0]

    def test_text_where_numbers_belong(self, table: ParameterTable) -> None:
        with pytest.raises(ParameterError) as error:
            table.lookup("bcef", {"species": ["larch"], "stock": ["many"]})
        assert error.value.problems[0].id == "parameters.stratum_not_a_number"

    def test_a_stratum_can_follow_from_another(self, table: ParameterTable, tmp_path: Path) -> None:
        path = tmp_path / "names.csv"
        path.write_text("name,species\n落叶松,larch\n栎,oak\n", encoding="utf-8-sig")
        table = replace(table, crosswalks=(Crosswalk.read(path, "species"),))
        assert table.lookup("bcef", {"name": ["落叶松"], "stock": [60.0]}).values.tolist() == [0.6]
        with pytest.raises(ParameterError) as error:
            table.lookup("bcef", {"name": ["柳"], "stock": [60.0]})
        assert error.value.problems[0].values["found"] == ["柳"]

    def test_a_million_rows(self, table: ParameterTable) -> None:
        rng = np.random.default_rng(1)
        species = np.array(["larch", "oak"], dtype=object)[rng.integers(0, 2, 1_000_000)]
        stock = rng.uniform(0, 100, 1_000_000)
        start = time.perf_counter()
        found = table.lookup("bcef", {"species": species, "stock": stock})
        assert time.perf_counter() - start < 10
        larch = species == "larch"
        expected = np.select([~larch, stock < 20, stock < 50], [0.9, 0.8, 0.7], 0.6)
        np.testing.assert_allclose(found.values, expected)

    @given(st.lists(st.tuples(st.sampled_from(["larch", "oak", ""]), st.floats(0, 1500)), min_size=1, max_size=30))
    def test_each_row_is_looked_up_as_if_alone(self, rows: list[tuple[str, float]]) -> None:
        table = _TABLE
        species, stock = zip(*rows, strict=True)
        together = table.lookup("bcef", {"species": species, "stock": stock}).values
        alone = [table.lookup("bcef", {"species": [a], "stock": [b]}).values[0] for a, b in rows]
        np.testing.assert_array_equal(together, alone)


class TestExtension:
    def test_a_bare_number_is_a_size_where_the_base_tells_sizes_apart(
        self, table: ParameterTable, tmp_path: Path
    ) -> None:
        """Taken for a word it would match nothing, and nobody would notice."""
        ours = table.extended(write(tmp_path, "bcef,larch,60,0.5,t DM/m3,,,,,user,survey,p. 1,\n", "ours.csv"))
        found = ours.lookup("bcef", {"species": ["larch"] * 2, "stock": [60.0, 61.0]})
        assert found.values.tolist() == [0.5, 0.6]

    def test_a_row_wins_over_a_more_specific_base(self, table: ParameterTable, tmp_path: Path) -> None:
        path = write(tmp_path, "bcef,larch,,0.5,t DM/m3,,,,,user,survey,p,\n", "ours.csv", "# extends: base\n" + HEAD)
        assert extended_id(path) == "base"
        ours = table.extended(path)
        found = ours.lookup("bcef", {"species": ["larch", "oak"], "stock": [60.0, 60.0]})
        assert found.values.tolist() == [0.5, 0.9]
        assert ours.frame["file"].tolist()[-1] == "ours.csv"
        assert ours.frame["row"].tolist()[-1] == 3

    def test_a_column_of_its_own(self, table: ParameterTable, tmp_path: Path) -> None:
        head = "# extends: base,,,\n" + HEAD.replace("stock", "farm")
        ours = table.extended(write(tmp_path, "bcef,,north,0.4,t DM/m3,,,,,user,survey,p,\n", "ours.csv", head))
        strata = {"species": ["oak", "oak"], "stock": [1.0, 1.0], "farm": ["north", "south"]}
        assert ours.lookup("bcef", strata).values.tolist() == [0.4, 0.9]

    @pytest.mark.parametrize(
        ("first", "id"), [('"# extends: a_b",,\n', "a_b"), ("parameter,value\n", None), ("# x\n", None)]
    )
    def test_the_first_line(self, tmp_path: Path, first: str, id: str | None) -> None:
        path = tmp_path / "x.csv"
        path.write_text(first, encoding="utf-8-sig")
        assert extended_id(path) == id


class TestDraws:
    def draw(self, folder: Path, cells: str, n: int = 20_000) -> np.ndarray:
        """Draws of one row of ``bcef`` whose value, low, high, interval and distribution are given."""
        value, low, high, interval, distribution = cells.split()
        row = f"bcef,,,{value},t DM/m3,{low},{high},{interval},{distribution.strip('-')},read,doc,p,\n"
        return read(write(folder, row)).draw(np.random.default_rng(7), n)[:, 0]

    def test_a_95_percent_interval_is_normal(self, tmp_path: Path) -> None:
        drawn = self.draw(tmp_path, "1 0.8 1.2 95% -")
        assert drawn.mean() == pytest.approx(1, abs=0.005)
        np.testing.assert_allclose(np.quantile(drawn, [0.025, 0.975]), [0.8, 1.2], atol=0.01)

    def test_a_standard_deviation(self, tmp_path: Path) -> None:
        assert self.draw(tmp_path, "1 0.9 1.1 sd -").std() == pytest.approx(0.1, rel=0.03)

    def test_a_skewed_interval_is_lognormal_about_the_value(self, tmp_path: Path) -> None:
        drawn = self.draw(tmp_path, "1 0.5 2.4 95% -")
        assert drawn.mean() == pytest.approx(1, abs=0.02)
        low, high = np.quantile(drawn, [0.025, 0.975])
        assert high / low == pytest.approx(2.4 / 0.5, rel=0.06)

    def test_a_range_is_triangular(self, tmp_path: Path) -> None:
        drawn = self.draw(tmp_path, "1 0.4 1.2 range -")
        assert drawn.min() >= 0.4
        assert drawn.max() <= 1.2
        assert drawn.mean() == pytest.approx((0.4 + 1 + 1.2) / 3, abs=0.005)

    def test_uniform(self, tmp_path: Path) -> None:
        assert self.draw(tmp_path, "1 0.4 1.2 range uniform").std() == pytest.approx(0.8 / 12**0.5, rel=0.03)

    def test_physical_bounds_truncate(self, tmp_path: Path) -> None:
        drawn = self.draw(tmp_path, "1 -1.5 3.5 95% -")
        assert drawn.min() >= 0
        assert (drawn > 3).any()

    def test_a_row_without_interval_is_exact_and_listed(self, table: ParameterTable) -> None:
        drawn = table.draw(np.random.default_rng(1), 5)
        assert drawn.shape == (5, 5)
        assert np.ptp(drawn[:, 0]) == 0
        assert np.ptp(drawn[:, 1]) > 0
        assert table.frame.loc[table.frame["interval"] == "", "row"].tolist() == [2, 5, 6]

    def test_draws_of_a_row_do_not_depend_on_the_others(self, tmp_path: Path) -> None:
        lines = UNITLESS.splitlines(keepends=True)
        one = read(write(tmp_path, lines[2])).draw(np.random.default_rng(3), 10)
        all_of_them = read(write(tmp_path, UNITLESS)).draw(np.random.default_rng(3), 10)
        np.testing.assert_array_equal(one[:, 0], all_of_them[:, 2])

    @pytest.mark.parametrize(
        "cells", ["1 0.8 1.2 95% -", "1 0.5 2.4 95% -", "1 0.4 1.2 range -", "1 0.4 1.2 range uniform"]
    )
    def test_the_standard_deviation_fits_the_draws(self, tmp_path: Path, cells: str) -> None:
        drawn = self.draw(tmp_path, cells, 50_000)
        assert read(tmp_path / "table.csv").spreads[0].standard_deviation() == pytest.approx(drawn.std(), rel=0.05)


def _shared_table() -> ParameterTable:
    with tempfile.TemporaryDirectory() as folder:
        return read(write(Path(folder), UNITLESS))


_TABLE = _shared_table()
