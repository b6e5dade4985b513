"""What one gets wrong first with coefficients or an equation of one's own: every slip has its own message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import SinksError
from sinks.methodology import check_file, describe
from sinks.methodology.plain import plain
from sinks.methodology.starter import new
from sinks.text import using_language

PACKAGES = ("methodologies",)
HEADER = "parameter,species_group,value,unit,low,high,interval,distribution,basis,source,locator,note"
ROWS = (
    "basic_wood_density,larch,0.52,t DM/m3,0.48,0.56,95%,,user,larch survey of the bureau 2024,table 3,",
    "bef,larch,1.38,1,,,,,user,larch survey of the bureau 2024,table 3,",
)
EXTENDS = "# extends: growing_stock_bef"


def written(folder: Path, *lines: str, name: str = "bureau_larch.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def larch() -> pd.DataFrame:
    row = {"ecosystem": "forest", "species_group": "larch", "growing_stock": 80.0}
    return pd.DataFrame([row | {"region_code": "150700", "date": "2020", "area_ha": 1.0}])


def ids_of(path: Path) -> set[str]:
    with pytest.raises(SinksError) as error:
        check_file(path, PACKAGES)
    for language in ("zh", "en"):
        with using_language(language):
            assert str(error.value)
    return {problem.id for problem in error.value.problems}


def test_coefficients_of_a_bureau_are_one_file(tmp_path: Path) -> None:
    bound = check_file(written(tmp_path, EXTENDS, HEADER, *ROWS), PACKAGES)
    # 80 m3/ha x 0.52 t/m3 x 1.38 = 57.408 t/ha, x 0.4888, the library's carbon fraction of larch.
    assert bound.evaluate(larch())["above_ground_biomass"][0] == pytest.approx(57.408 * 0.4888)


@pytest.mark.parametrize(
    ("lines", "id"),
    [
        ((HEADER, *ROWS), "methodology.no_extends"),
        (("# extends: growing_stock_bff", HEADER, *ROWS), "methodology.unknown_near"),
        (("# extends: our_method", HEADER, *ROWS), "methodology.unknown"),
        ((EXTENDS, HEADER.replace(",", ";"), *ROWS), "parameters.separator"),
        ((EXTENDS, HEADER.replace(",", "，"), *ROWS), "parameters.separator"),
        ((EXTENDS, HEADER.replace(",", "\t"), *ROWS), "parameters.separator"),
        ((EXTENDS, HEADER.title(), *ROWS), "parameters.no_column"),
        ((EXTENDS, HEADER, ROWS[1].replace("1.38", "?")), "parameters.not_a_number"),
        ((EXTENDS, HEADER, ROWS[1].replace("1.38", "NaN")), "parameters.not_a_number"),
        ((EXTENDS, HEADER, ROWS[1].replace("1.38", "-1.38")), "parameters.impossible"),
        ((EXTENDS, HEADER, "carbon_fraction,larch,52.1,t C/(t DM),,,,,user,x,y,"), "parameters.impossible"),
        ((EXTENDS, HEADER, ROWS[0].replace("t DM/m3", "t C/m3")), "units.carbon_and_dry_matter"),
        ((EXTENDS, HEADER, ROWS[0].replace("t DM/m3", "g/cm3")), "units.mismatch"),
        ((EXTENDS, HEADER, ROWS[1].replace("table 3", "?")), "parameters.no_locator"),
        ((EXTENDS, HEADER, ROWS[1].replace("larch survey of the bureau 2024", "?")), "parameters.no_source"),
        ((EXTENDS, HEADER, ROWS[1].replace("2024", "2024, part 2")), "parameters.too_many_cells"),
        ((EXTENDS, HEADER, *ROWS, ROWS[1]), "parameters.overlap"),
        ((EXTENDS, HEADER, ROWS[1].replace("bef,", "木材密度,")), "parameters.unknown_parameter"),
    ],
)
def test_slips_in_a_table(lines: tuple[str, ...], id: str, tmp_path: Path) -> None:
    assert ids_of(written(tmp_path, *lines)) == {id}


@pytest.mark.parametrize("word", ["落叶松", "larhc"])
def test_a_class_that_the_base_does_not_have_is_pointed_at(word: str, tmp_path: Path) -> None:
    text = describe(check_file(written(tmp_path, EXTENDS, HEADER, ROWS[1].replace("larch", word, 1)), PACKAGES))
    assert f"species_group = {word}" in text
    assert f"species_group = {word}" not in describe(check_file(written(tmp_path, EXTENDS, HEADER, *ROWS), PACKAGES))


def swap(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


RESULT = '{"above_ground_biomass": growing_stock * bcef * carbon_fraction}'


@pytest.mark.parametrize(
    ("slip", "id"),
    [
        (swap("    return {", "    retur {"), "methodology.import_failed"),
        (swap("from math import inf", "import not_installed_here"), "methodology.import_failed"),
        (swap("METHODOLOGY =", "METHOD ="), "methodology.no_attribute"),
        (swap('id="our_law"', 'id="other"'), "methodology.other_id"),
        (swap(RESULT, "growing_stock * bcef * carbon_fraction"), "methodology.not_by_pool"),
        (swap(RESULT, '{"above_ground_biomass": math.exp(bcef)}'), "methodology.fails"),
        (swap("* bcef *", "* max(bcef, 0) *"), "methodology.not_elementwise"),
        (swap("growing_stock * bcef *", "growing_stock * bcef.mean() *"), "methodology.not_elementwise"),
        (
            swap("    return {", "    if growing_stock < 10:\n        bcef = 2 * bcef\n    return {"),
            "methodology.not_elementwise",
        ),
        (swap(" * carbon_fraction}", "}"), "methodology.output_dimension"),
        (
            swap(RESULT, RESULT.replace("growing_stock * bcef", "(growing_stock * bcef + 5.76)")),
            "methodology.dimensions",
        ),
        (swap('"t C/ha"', '"t CO2/ha"'), "methodology.output_unit"),
        (swap('("forest",)', '("forst",)'), "methodology.unknown_word"),
        (swap('("forest",)', '("forest")'), "methodology.wrong_type"),
        (swap('Text("?", "?"),\n    source', '"our law",\n    source'), "methodology.wrong_type"),
        (swap('"stock_difference"', '"stock-difference"'), "methodology.unknown_word"),
    ],
)
def test_slips_in_an_equation(slip: Callable[[str], str], id: str, tmp_path: Path) -> None:
    module, _ = new("our_law", folder=tmp_path)
    written(tmp_path, HEADER, "bcef,larch,0.8,t DM/m3,,,,,user,d,p,", name="our_law.csv")
    module.write_text(slip(module.read_text(encoding="utf-8")), encoding="utf-8")
    assert id in ids_of(module)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\Delta C = \frac{SOC_0 - SOC_{0-T}}{\max(D, T)}", "ΔC = (SOC_0 - SOC[0-T]) / max(D, T)"),
        (r"B(t) = A (1 - e^{-k t})^c", "B(t) = A (1 - e^(-k t))^c"),
        (r"\frac{1 - e^{-k}}{k} (I - k C_i)", "((1 - e^(-k)) / k) (I - k C_i)"),
        (r"b \min(V, 1\,\mathrm{m^3/ha})", "b min(V, 1 m^3/ha)"),
        (r"L_{wood} \cdot 10^{-3}", "L_wood · 10^(-3)"),
    ],
)
def test_formulas_read_without_latex(formula: str, text: str) -> None:
    assert plain(formula) == text


def test_a_starter_is_refused_until_its_words_are_written(tmp_path: Path) -> None:
    module, table = new("our_law", folder=tmp_path)
    table.write_text(table.read_text(encoding="utf-8-sig").replace("?", "0.5"), encoding="utf-8")
    with pytest.raises(SinksError) as error:
        check_file(module, ())
    (problem,) = error.value.problems
    assert problem.id == "methodology.to_fill"
    assert problem.values["names"] == ["title", "source", "locator", "valid_for", "docstring", "References"]
    text = module.read_text(encoding="utf-8")
    for before, after in (
        ("    ?\n", "    survey, p. 1.\n"),
        ('title=Text("?", "?")', 'title=Text("幂函数", "Power law")'),
        ('source="?"', 'source="survey"'),
        ('locator="?"', 'locator="p. 1"'),
        ('valid_for=Text("?", "?")', 'valid_for=Text("本局", "Here")'),
        ('    """?\n', '    """Carbon density.\n'),
    ):
        assert before in text
        # One of them left is one too many.
        module.write_text(text, encoding="utf-8")
        assert ids_of(module) == {"methodology.to_fill"}
        text = text.replace(before, after)
    module.write_text(text, encoding="utf-8")
    assert check_file(module, ()).id == "our_law"


@pytest.mark.parametrize("law", ["growing_stock**exponent", "np.exp(growing_stock)", "np.log(growing_stock + 1)"])
def test_a_law_that_is_not_homogeneous_is_told_how_to_take_its_variable(law: str, tmp_path: Path) -> None:
    """Biomass by a power of the growing stock: refused with the remedy, and accepted once it is followed."""

    def module(term: str) -> Path:
        path, table = new("our_law", folder=tmp_path / str(len(list(tmp_path.iterdir()))))
        text = path.read_text(encoding="utf-8")
        for before, after in (
            ("growing_stock * bcef", f"bcef * ({term})"),
            ('"bcef": "t DM/m3", ', '"bcef": "t DM/ha", "exponent": "1", '),
            ("    bcef : array", "    exponent : array\n        b. [1]\n    bcef : array"),
            ("bcef: Any,", "bcef: Any, exponent: Any,"),
            ("from math import inf", "from math import inf\n\nimport numpy as np\n\nfrom sinks import units"),
            ('Text("?", "?")', 'Text("幂函数", "Power law")'),
            ('"?"', '"survey"'),
            ('    """?\n', '    """Carbon density.\n'),
            ("    ?\n", "    survey, p. 1.\n"),
        ):
            text = text.replace(before, after)
        if "exponent" not in term:
            text = text.replace("carbon_fraction}", "carbon_fraction * exponent}")
        path.write_text(text, encoding="utf-8")
        table.write_text(
            HEADER + "\nbcef,,0.8,t DM/ha,,,,,user,d,p,\nexponent,,0.9,1,,,,,user,d,p,\n", encoding="utf-8"
        )
        return path

    with pytest.raises(SinksError) as error:
        check_file(module(law), ())
    for language in ("zh", "en"):
        with using_language(language):
            assert "units.per(growing_stock" in str(error.value)
    assert check_file(module(law.replace("growing_stock", "units.per(growing_stock, 'm3/ha')")), ()).id == "our_law"
