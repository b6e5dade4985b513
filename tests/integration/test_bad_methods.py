"""What a methodology must refuse, through a whole run: a named error with the row, nothing clipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sinks
from sinks.errors import SinksError
from sinks.text import using_language

HEADER = "parameter,{strata},value,unit,low,high,interval,distribution,basis,source,locator,note\n"
Content = dict[str, Any]


def table(folder: Path, base: str, strata: str, *rows: str) -> str:
    path = folder / f"our_{base}.csv"
    path.write_text(f"# extends: {base}\n{HEADER.format(strata=strata)}" + "\n".join([*rows, ""]), encoding="utf-8")
    return str(path)


def with_parameters(world: Any, base: str, path: str) -> Content:
    content: Content = world.project()
    for entry in content["methodologies"]:
        if entry["id"] == base:
            entry["parameters"] = path
    return content


def with_stock(world: Any, folder: Path, change: Callable[[Any], None]) -> Content:
    stock = world.arrays["stock_2023"].copy()
    change(stock)
    content: Content = world.project()
    content["inputs"]["growing_stock"]["files"]["2023"] = str(world.write(folder / "spoilt.tif", stock))
    return content


def negative_volume(world: Any, folder: Path) -> Content:
    def change(stock: Any) -> None:
        stock[250:255, 250:255] = -60

    return with_stock(world, folder, change)


def infinite_volume(world: Any, folder: Path) -> Content:
    def change(stock: Any) -> None:
        stock[250, 250] = np.inf

    return with_stock(world, folder, change)


def density_beyond_all_bounds(world: Any, folder: Path) -> Content:
    """Kilogrammes per hectare entered as tonnes: each number alone may be possible, the density is not."""
    path = table(folder, "growing_stock_bef", "species_group", "bef,,1380,1,,,,,user,survey,p. 1,")
    return with_parameters(world, "growing_stock_bef", path)


def negative_coefficient(world: Any, folder: Path) -> Content:
    path = table(folder, "growing_stock_bef", "species_group", "bef,larch,-1.38,1,,,,,user,survey,p. 1,")
    return with_parameters(world, "growing_stock_bef", path)


def percent_for_fraction(world: Any, folder: Path) -> Content:
    row = "carbon_fraction,larch,52.1,t C/(t DM),,,,,user,survey,p. 1,"
    return with_parameters(world, "growing_stock_bef", table(folder, "growing_stock_bef", "species_group", row))


def not_a_number(world: Any, folder: Path) -> Content:
    row = "carbon_fraction,larch,NaN,t C/(t DM),,,,,user,survey,p. 1,"
    return with_parameters(world, "growing_stock_bef", table(folder, "growing_stock_bef", "species_group", row))


def interval_in_percent(world: Any, folder: Path) -> Content:
    row = "carbon_fraction,larch,0.52,t C/(t DM),5,5,+-%,,user,survey,p. 1,"
    return with_parameters(world, "growing_stock_bef", table(folder, "growing_stock_bef", "species_group", row))


def unknown_species(world: Any, folder: Path) -> Content:
    """A code that the legend of species does not have."""
    content: Content = world.project()
    species = np.full_like(world.arrays["species"], 99)
    content["strata"]["species_group"]["file"] = str(world.write(folder / "species.tif", species))
    return content


def stratum_without_numbers(world: Any, folder: Path) -> Content:
    """Cropland, for which the table of densities has no row."""
    methods = [*world.content["methodologies"], {"id": "lookup_density", "ecosystems": ["cropland"]}]
    return dict(world.project(methodologies=methods))


SOIL = {"tillage": "full", "input": "medium", "condition": "nominal", "edition": "2019"}
SOIL |= {"climate_zone": "cool_temperate_dry", "soil_class": "hac"}


def mixed_depths(world: Any, folder: Path) -> Content:
    """Soil to 10 cm by measured rates beside soil to 100 cm by inventory densities."""
    shallow = {"id": "cropland_soil_rates", "ecosystems": ["cropland"], "strata": {"soil_group": "black_soil"}}
    methods = [*world.content["methodologies"], shallow]
    return dict(world.project(methodologies=methods))


def mixed_editions(world: Any, folder: Path) -> Content:
    """Biomass by the edition of 2006, soil by that of 2019."""
    zone = {"climate_zone": "cool_temperate_dry"}
    methods = [
        {"id": "growing_stock_bcef", "ecosystems": ["forest"], "strata": zone},
        {"id": "soil_transition", "ecosystems": ["cropland"], "strata": SOIL},
    ]
    return dict(world.project(methodologies=methods))


def a_choice_that_is_none(world: Any, folder: Path) -> Content:
    chosen = {"parameter_set": "fang_v3", "roots": "included"}
    return dict(world.project(methodologies=[{"id": "growing_stock_fang", "ecosystems": ["forest"], "strata": chosen}]))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("spoil", "id", "says"),
    [
        (negative_volume, "raster.out_of_bounds", ("spoilt.tif", "-60")),
        (infinite_volume, "raster.out_of_bounds", ("spoilt.tif",)),
        (density_beyond_all_bounds, "methodology.implausible_density", ("growing_stock_bef", "1502")),
        (negative_coefficient, "parameters.impossible", ("our_growing_stock_bef.csv:3", "-1.38")),
        (percent_for_fraction, "parameters.impossible", ("our_growing_stock_bef.csv:3", "52.1")),
        (not_a_number, "parameters.not_a_number", ("our_growing_stock_bef.csv:3", "NaN")),
        (interval_in_percent, "parameters.outside_interval", ("our_growing_stock_bef.csv:3", "0.52")),
        (unknown_species, "tabulate.unknown_codes", ("species_group", "99")),
        (stratum_without_numbers, "parameters.gap", ("lookup_density", "ecosystem = cropland", "cropland,")),
        (mixed_depths, "checks.soil_depths", ("0", "10", "100")),
        (mixed_editions, "checks.editions", ("2006", "2019")),
        (a_choice_that_is_none, "methodology.bad_choice", ("fang_v3", "fang_v1")),
    ],
)
def test_refused(world: Any, tmp_path: Path, spoil: Any, id: str, says: tuple[str, ...], lang: str) -> None:
    project = sinks.Project.from_dict(spoil(world, tmp_path), folder=tmp_path)
    with using_language(lang), pytest.raises(SinksError) as error:
        sinks.run(project)
    assert {problem.id for problem in error.value.problems} == {id}
    for word in says:
        assert word in str(error.value)


def test_a_choice_for_which_the_table_has_no_row_is_said_and_no_crash(world: Any) -> None:
    """Nothing is left to be tried then: how the methodology answers to its inputs cannot be found out."""
    method = {"id": "growing_stock_bcef", "ecosystems": ["forest"], "strata": {"forest_type": "a kind of its own"}}
    with pytest.raises(sinks.SinksError) as caught:
        sinks.run(sinks.Project.from_dict(world.project(methodologies=[method]), folder=world.folder))
    assert {problem.id.split(".")[0] for problem in caught.value.problems} <= {"parameters", "methodology", "project"}
