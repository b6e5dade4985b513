"""Every methodology of the library keeps its contract, and no number of science stands in code."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import methodologies
from sinks.errors import MethodologyError, SinksError
from sinks.layers.rasters import casa
from sinks.methodology import Bound, Methodology, Monthly, Registry, describe
from sinks.methodology.registry import ENTRY_POINTS
from sinks.methodology.spec import arguments
from sinks.text import LANGUAGES, using_language

ROOT = Path(__file__).parents[2]
FOLDER = Path(methodologies.__path__[0])
MODULES = sorted(FOLDER.glob("*.py"))
# A model of layers has its numbers in a table as well.
SCIENCE = [*MODULES, Path(casa.__file__)]
REGISTRY = Registry((), ("methodologies",))

# Numbers that are part of an equation's form: neutral elements, halves and squares, per cent.
OF_FORM = (0, 1, 2, 100)


def literals(tree: ast.AST) -> Iterator[ast.Constant]:
    """Numbers in code, except in an ``Example``: those are published calculations, which compute nothing."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "Example":
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, int | float | complex):
            if not isinstance(child.value, bool):
                yield child
        else:
            yield from literals(child)


@pytest.mark.parametrize("module", SCIENCE, ids=lambda path: path.stem)
def test_no_number_of_science_stands_in_code(module: Path) -> None:
    found = [(node.lineno, node.value) for node in literals(ast.parse(module.read_text(encoding="utf-8")))]
    # A soil depth is declared as a pair of centimetres and a tier by its number; neither converts anything.
    text = module.read_text(encoding="utf-8").splitlines()
    declared = ("soil_depth_cm", "    tier=3,")
    science = [
        (line, value)
        for line, value in found
        if value not in OF_FORM and not any(words in text[line - 1] for words in declared)
    ]
    assert science == []


def test_the_walk_finds_a_number() -> None:
    tree = ast.parse("x = 3.5 * v + Example({'a': 7}) - (-0.47)")
    assert [node.value for node in literals(tree)] == [3.5, 0.47]


def hidden_numbers(tree: ast.AST) -> Iterator[str]:
    """Ways round the walk: a number written as text, spelt by arithmetic of allowed ones, or looked up elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from (ast.unparse(default) for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)))
        elif (
            (isinstance(node, ast.Call) and _converts(node) and any(map(_is_number_as_text, node.args)))
            or (isinstance(node, ast.BinOp) and _all_literal(node))
            or (isinstance(node, ast.Attribute) and ast.unparse(node) in CONSTANTS)
        ):
            yield ast.unparse(node)


CONSTANTS = ("math.pi", "math.e", "math.tau", "np.pi", "np.e")
CONVERTERS = ("float", "int", "float64", "float32", "array", "asarray", "Decimal", "Fraction", "fromstring")


def _converts(call: ast.Call) -> bool:
    return ast.unparse(call.func).split(".")[-1] in CONVERTERS


def _is_number_as_text(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    try:
        float(node.value)
    except ValueError:
        return False
    return True


def _all_literal(node: ast.AST) -> bool:
    """Whether an expression is arithmetic of numbers alone."""
    if isinstance(node, ast.BinOp):
        return _all_literal(node.left) and _all_literal(node.right)
    if isinstance(node, ast.UnaryOp):
        return _all_literal(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


@pytest.mark.parametrize("module", SCIENCE, ids=lambda path: path.stem)
def test_no_number_is_hidden_in_code(module: Path) -> None:
    assert list(hidden_numbers(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    ["x = float('0.5') * v", "x = np.float64('0.47')", "x = (1 + 2 / 100) * v", "x = np.pi * r", "def f(v, r=2): ..."],
)
def test_hidden_numbers_are_found(code: str) -> None:
    assert list(hidden_numbers(ast.parse(code)))


def test_no_module_of_the_library_reads_numbers_by_itself() -> None:
    """Tables are read by the registry alone; a methodology opens no file and knows no other module's numbers."""
    allowed = {
        "__future__",
        "collections.abc",
        "dataclasses",
        "functools",
        "math",
        "typing",
        "numpy",
        "sinks",
        "methodologies",
    }
    for module in MODULES:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert all(name in allowed or name.split(".")[0] in allowed for name in names), (module.name, names)
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("open", "eval", "exec", "Path"))


@pytest.fixture(params=REGISTRY.ids)
def bound(request: pytest.FixtureRequest) -> Bound:
    return REGISTRY.get(request.param)


def test_the_whole_library_is_valid() -> None:
    assert [one.id for one in REGISTRY.all()] == list(REGISTRY.ids)
    assert len(REGISTRY.ids) >= 8


def test_the_package_is_announced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"][ENTRY_POINTS] == {"methodologies": "methodologies"}


def test_every_parameter_row_has_source_and_locator(bound: Bound) -> None:
    for row in bound.table.rows:
        assert row.source in bound.table.sources
        assert row.locator


def test_the_source_of_the_equation_is_listed(bound: Bound) -> None:
    assert bound.methodology.source in bound.table.sources


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_can_be_described(bound: Bound, language: str) -> None:
    with using_language(language):
        text = describe(bound)
    assert str(bound.methodology.valid_for.zh if language == "zh" else bound.methodology.valid_for.en) in text
    # A formula, in signs and not in LaTeX.
    assert re.search(r"^  \S.* = ", text, re.MULTILINE)
    assert "\\" not in text
    assert "math::" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_can_be_listed_with_its_page(bound: Bound, language: str) -> None:
    with using_language(language):
        text = describe(bound, full=True)
        documents = {str(bound.table.sources[row.source]) for row in bound.table.rows}
    for row in bound.table.rows:
        assert f"{row.value:g} {row.unit}" in text
        assert row.locator in text
    assert all(document in text for document in documents)


def shapes(method: Methodology) -> dict[str, tuple[int, ...]]:
    """By argument of the equation what stands before the rows: the twelve months of a series, nothing otherwise."""
    names = (*method.inputs, *method.parameters, *method.carried)
    return {name: (12,) if isinstance(method.inputs.get(name), Monthly) else () for name in names}


def test_compute_is_elementwise(bound: Bound) -> None:
    """Draws broadcast: (draws, n) in, (draws, n) out, each element as if alone."""
    method = bound.methodology
    rng = np.random.default_rng(5)
    values = {name: rng.uniform(0.1, 0.9, (*months, 4, 3)) for name, months in shapes(method).items()}
    outputs = method.compute(**values)
    for pool, output in outputs.items():
        for i, j in np.ndindex(4, 3):
            alone = method.compute(**{name: value[..., i, j] for name, value in values.items()})[pool]
            assert output[i, j] == pytest.approx(alone, rel=1e-14)


def run(bound: Bound, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    known: dict[str, Any] = dict(values)
    for name, one in bound.methodology.intermediates.items():
        known[name] = one.compute(**{key: known[key] for key in arguments(one.compute)})
    outputs = bound.methodology.compute(**{key: known[key] for key in arguments(bound.methodology.compute)})
    return {name: np.asarray(output, dtype=float) for name, output in outputs.items()}


def test_nothing_breaks_at_the_ends(bound: Bound) -> None:
    """No area, no stock, no growth, a rate of zero: a number, and no division by it."""
    method = bound.methodology
    refused = {"period"} | {name for name, (low, _) in method.bounds.items() if low > 0}
    for name in set(shapes(method)) - refused:
        values = {key: np.full((*months, 1), 0.0 if key == name else 0.3) for key, months in shapes(method).items()}
        for pool, output in run(bound, values).items():
            assert np.isfinite(output).all(), (name, pool)


def totals_of(bound: Bound) -> list[str]:
    return [pool for pool, unit in bound.methodology.outputs.items() if unit in ("t C", "t C/yr")]


@pytest.mark.parametrize("bound", [bound for bound in REGISTRY.all() if totals_of(bound)], ids=lambda bound: bound.id)
def test_no_stock_and_no_activity_give_nothing(bound: Bound) -> None:
    """Where every input that is an amount is zero, so is every result that is a total."""
    method, totals = bound.methodology, totals_of(bound)
    values = {name: np.array([0.0]) for name in method.inputs} | {n: np.array([0.3]) for n in method.parameters}
    values |= {"period": np.array([3.0])} if "period" in method.inputs else {}
    outputs = run(bound, values)
    assert all(outputs[pool] == 0 for pool in totals)


@pytest.mark.parametrize(
    "bound", [bound for bound in REGISTRY.all() if bound.methodology.options], ids=lambda bound: bound.id
)
def test_an_option_has_no_default(bound: Bound) -> None:
    rows = pd.DataFrame({"region_code": ["150400"], "area_ha": [1.0]})
    with pytest.raises(MethodologyError) as error:
        bound.evaluate(rows)
    asked = {p.values["option"] for p in error.value.problems if p.id == "methodology.no_choice"}
    assert asked == set(bound.methodology.options)


# Mixed forest has no default in the IPCC tables: the user gives its rows, or its species.
SPECIES = tuple(
    name
    for name in pd.read_csv(FOLDER / "species_groups.csv", encoding="utf-8-sig")["species_group"]
    if name != "mixed"
)
ZONES = ("boreal_moist", "boreal_dry", "cool_temperate_moist", "cool_temperate_dry", "warm_temperate_dry")


def forest() -> pd.DataFrame:
    """Forest of every species group and climate zone, over the range of growing stock."""
    stock = np.concatenate([[0.0, 20.0, 50.0, 100.0, 200.0, np.nan], np.linspace(1, 600, 40)])
    index = pd.MultiIndex.from_product([SPECIES, ZONES, ["natural", "planted"], stock])
    rows = index.to_frame(index=False, name=["species_group", "climate_zone", "origin", "growing_stock"])
    return rows.assign(region_code="150700", date="2020", ecosystem="forest", area_ha=1.0)


@pytest.mark.parametrize("id", ["growing_stock_bcef", "growing_stock_bcef_2019", "growing_stock_bef"])
def test_every_forest_of_the_region_finds_its_parameters(id: str) -> None:
    rows = forest()
    outputs = REGISTRY.get(id).evaluate(rows)
    observed = rows["growing_stock"].notna()
    for values in outputs.values():
        assert np.isnan(values[~observed]).all()
        assert (values[observed] >= 0).all()
        assert (values[rows["growing_stock"] == 0] == 0).all()


def _swapped(name: str) -> str:
    """``class_from`` for ``class_to`` and the reverse."""
    stem, _, end = name.rpartition("_")
    return f"{stem}_{'to' if end == 'from' else 'from'}" if end in ("from", "to") else name


@pytest.mark.parametrize("edition", ["2006", "2019"])
def test_every_change_of_land_finds_its_soil_factors(edition: str) -> None:
    bound = REGISTRY.get("soil_transition")
    lands = [name for name in bound.methodology.ecosystems if name != "wetland"]
    # Of the soils of the region: volcanic ones have no dry default.
    index = pd.MultiIndex.from_product([lands, lands, ("cool_temperate_dry", "cool_temperate_moist"), ("hac", "sandy")])
    rows = index.to_frame(index=False, name=["ecosystem_from", "ecosystem_to", "climate_zone", "soil_class"])
    rows = rows.assign(class_from="", class_to="", date_from="2020", date_to="2023", area_ha=1.0)
    # Bare land is native desert or desertified grassland, which the user says.
    for when in ("from", "to"):
        rows[f"condition_{when}"] = np.where(rows[f"ecosystem_{when}"] == "bare", "native", "nominal")
    management = {"tillage": "full", "input": "medium", "edition": edition}
    change = bound.with_constants(management).evaluate(rows)["soil_organic_carbon"]
    assert np.isfinite(change).all()
    same = (rows["ecosystem_from"] == rows["ecosystem_to"]).to_numpy()
    assert (change[same] == 0).all()
    # Time turned round flips the sign.

    turned = rows.rename(columns=_swapped)
    turned[["date_from", "date_to"]] = rows[["date_from", "date_to"]]
    np.testing.assert_allclose(
        bound.with_constants(management).evaluate(turned)["soil_organic_carbon"], -change, atol=1e-15
    )


def test_a_class_without_density_is_asked_for() -> None:
    rows = pd.DataFrame({"ecosystem": ["urban"], "class": ["urban"], "species_group": [""], "grassland_type": [""]})
    with pytest.raises(SinksError) as error:
        REGISTRY.get("lookup_density").evaluate(rows)
    assert error.value.problems[0].id == "parameters.gap"


def test_a_pool_and_a_sum_that_contains_it_are_not_both_counted(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(
        "# extends: lookup_density\n"
        "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
        "above_ground_biomass,forest,30,t C/ha,,,,,user,survey,p. 1,\n",
        encoding="utf-8",
    )
    rows = pd.DataFrame({"ecosystem": ["forest"], "class": ["forest"], "species_group": [""], "grassland_type": [""]})
    with pytest.raises(SinksError) as error:
        REGISTRY.get("lookup_density").with_parameters(path).evaluate(rows)
    assert error.value.problems[0].id == "methodology.pool_twice"
    assert "twice.csv:3" in str(error.value)


class TestFang:
    rows = forest().query("species_group == 'larch' and climate_zone == 'boreal_moist' and origin == 'natural'")

    def test_no_biomass_is_left_where_no_volume_is(self) -> None:
        bound = REGISTRY.get("growing_stock_fang").with_constants({"parameter_set": "fang_v2", "roots": "included"})
        rows = self.rows.head(4).assign(growing_stock=[0.0, 1e-9, 1.0, 0.5])
        nothing, almost, one, half = bound.evaluate(rows)["biomass"]
        assert nothing == 0
        assert almost < 1e-6
        assert half == pytest.approx(one / 2)

    def test_roots_are_added_only_on_request(self) -> None:
        bound = REGISTRY.get("growing_stock_fang")
        included = bound.with_constants({"parameter_set": "fang_v1", "roots": "included"}).resolve(self.rows)
        excluded = bound.with_constants({"parameter_set": "fang_v1", "roots": "excluded"}).resolve(self.rows)
        ratio = excluded.found_rows["root_to_shoot"].values
        assert (ratio > 0).all()
        assert (included.found_rows["root_to_shoot"].rows == -1).all()
        np.testing.assert_allclose(excluded.pools()["biomass"], included.pools()["biomass"] * (1 + ratio))
        draws = bound.table.draw(np.random.default_rng(1), 2)
        np.testing.assert_allclose(included.pools_from_draws(draws, {})["biomass"][0], included.pools()["biomass"])

    def test_an_unknown_choice_is_refused(self) -> None:
        with pytest.raises(MethodologyError):
            REGISTRY.get("growing_stock_fang").with_constants({"parameter_set": "fang_v3"})

    def test_a_negative_density_is_an_error_and_not_zero(self) -> None:
        bound = REGISTRY.get("growing_stock_fang").with_constants({"parameter_set": "fang_v1", "roots": "included"})
        rows = self.rows.head(1).assign(species_group="oak", growing_stock=1.0)
        with pytest.raises(MethodologyError) as error:
            bound.evaluate(rows)
        assert error.value.problems[0].id == "methodology.implausible_density"
