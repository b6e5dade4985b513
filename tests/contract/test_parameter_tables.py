"""Every number in ``methodologies/*.csv`` has a document, a place in it, a unit that parses and a sound interval."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from sinks import units
from sinks.errors import ParameterError
from sinks.methodology import Registry
from sinks.parameters import COLUMNS, CORRELATION, FORMULA, SAME_AS, Crosswalk, ParameterTable
from sinks.parameters.estimate import key_of
from sinks.parameters.row import Row
from sinks.provenance import Source, read_sources

FOLDER = Path(__file__).parents[2] / "methodologies"
CROSSWALKS = {"species_groups": "forest_type", "climate_domains": "climate_domain"}
TABLES = sorted(path.stem for path in FOLDER.glob("*.csv") if path.stem not in ("sources", *CROSSWALKS))
SOURCES: dict[str, Source] = read_sources(FOLDER / "sources.csv")

SPECIES_GROUPS = [
    *("larch", "birch", "poplar", "oak", "mongolian_pine", "chinese_pine"),
    *("elm", "spruce", "willow", "other_conifer", "other_broadleaf"),
]
CLIMATE_ZONES = [
    f"{zone}_{regime}" for zone, regime in product(("boreal", "cool_temperate", "warm_temperate"), ("moist", "dry"))
]


def records(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def table(name: str) -> ParameterTable:
    """A table read with all the checks of :mod:`sinks.parameters`, each parameter in the unit of its first row."""
    declared: dict[str, str] = {}
    for row in records(name):
        declared.setdefault(row["parameter"], row["unit"])
    return ParameterTable.read(FOLDER / f"{name}.csv", parameters=declared, sources=SOURCES)


def looked(name: str, parameter: str, **stratum: str | float) -> float:
    return float(table(name).lookup(parameter, {key: np.array([value]) for key, value in stratum.items()}).values[0])


@pytest.mark.parametrize("name", TABLES)
def test_table_is_faultless(name: str) -> None:
    assert table(name).rows


@pytest.mark.parametrize("name", ["sources", *CROSSWALKS, *TABLES])
def test_file_opens_in_a_spreadsheet_as_it_is(name: str) -> None:
    content = (FOLDER / f"{name}.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf"), "without a byte order mark Excel shows Chinese as rubbish"
    assert b"\r" not in content
    text = content.decode("utf-8-sig")
    assert not re.search(r"(?m)(^|,)[=@]", text), "a cell that a spreadsheet would run as a formula"
    widths = {len(row) for row in csv.reader(text.splitlines())}
    assert len(widths) == 1, f"rows of {widths} cells"


@pytest.mark.parametrize("name", TABLES)
def test_columns_stand_in_the_agreed_order(name: str) -> None:
    header = [column for column in records(name)[0] if column not in (CORRELATION, SAME_AS, FORMULA)]
    assert header[0] == COLUMNS[0]
    assert tuple(header[1 - len(COLUMNS) :]) == COLUMNS[1:]


@pytest.mark.parametrize("name", TABLES)
def test_every_row_can_be_walked_back_to_its_document(name: str) -> None:
    for line, row in enumerate(records(name), 2):
        where = f"{name}.csv:{line}"
        assert row["source"] in SOURCES, where
        assert row["locator"].strip(), where
        if row["basis"] == "read" and row["source"].startswith("ipcc_"):
            assert re.search(r"\bp\. \d+(\.|SM-)\d+", row["locator"]), f"{where}: a page that was read has a number"
        if row["basis"] == "read":
            assert SOURCES[row["source"]].retrieved, where
        if row["basis"] != "read":
            assert row["note"].strip(), f"{where}: say what it was derived from or why it is unverified"


@pytest.mark.parametrize("name", TABLES)
def test_numbers_and_units(name: str) -> None:
    for line, row in enumerate(records(name), 2):
        where = f"{name}.csv:{line}"
        value = float(row["value"])
        units.dimension(row["unit"], where)
        assert bool(row["interval"]) == bool(row["low"]) == bool(row["high"]), where
        if row["interval"]:
            assert float(row["low"]) <= value <= float(row["high"]), where
        if percentage := re.search(r"\+-(\d+(?:\.\d+)?) %$", row["note"]):
            half = value * float(percentage[1]) / 100
            assert float(row["high"]) - value == pytest.approx(half, abs=1e-5), where
            assert value - float(row["low"]) == pytest.approx(half, abs=1e-5), where


@pytest.mark.parametrize("name", TABLES)
def test_one_parameter_has_one_unit(name: str) -> None:
    found: dict[str, set[str]] = {}
    for row in records(name):
        found.setdefault(row["parameter"], set()).add(units.dimension(row["unit"]))
    assert {parameter: dims for parameter, dims in found.items() if len(dims) > 1} == {}


def test_no_row_stands_twice() -> None:
    keys = [
        (name, row["parameter"], *(value for column, value in row.items() if column not in COLUMNS))
        for name in TABLES
        for row in records(name)
    ]
    assert len(keys) == len(set(keys))


def test_each_document_is_listed_once_and_used() -> None:
    rows = records("sources")
    for column in ("key", "title", "identifier", "url"):
        given = [row[column] for row in rows if row[column]]
        assert len(given) == len(set(given)), column
    cited = {row["source"] for name in TABLES for row in records(name)}
    cited |= {bound.methodology.source for bound in Registry((), ("methodologies",)).all()}
    assert {row["key"] for row in rows} == cited
    assert all(row["url"] == "" or row["url"].startswith(("https://", "http://")) for row in rows)


@pytest.mark.parametrize(("name", "target"), CROSSWALKS.items())
def test_crosswalks_cover_the_region(name: str, target: str) -> None:
    crosswalk = Crosswalk.read(FOLDER / f"{name}.csv", target)
    wanted = SPECIES_GROUPS if name == "species_groups" else CLIMATE_ZONES
    assert all(crosswalk(np.array(wanted, dtype=object)))


@pytest.mark.parametrize("edition", ["growing_stock_bcef", "growing_stock_bcef_2019"])
def test_every_forest_of_the_region_finds_one_row(edition: str) -> None:
    to_type = Crosswalk.read(FOLDER / "species_groups.csv", "forest_type")
    to_domain = Crosswalk.read(FOLDER / "climate_domains.csv", "climate_domain")
    volumes = [0.0, 10.0, 20.0, 20.5, 40.0, 50.0, 50.5, 100.0, 100.5, 200.0, 1000.0]
    combos = list(product(CLIMATE_ZONES, SPECIES_GROUPS, ("natural", "planted"), volumes))
    zone, group, origin, size = (np.array(column, dtype=object) for column in zip(*combos, strict=True))
    strata = {
        "climate_domain": to_domain(zone),
        "forest_type": to_type(group),
        "origin": origin,
        "growing_stock": size.astype(float),
        "above_ground_biomass_density": size.astype(float),
    }
    read = table(edition)
    for parameter in ("bcef", "root_to_shoot", "carbon_fraction"):
        mine = {name: strata[name] for name in read.strata_of(parameter)}
        assert np.isfinite(read.lookup(parameter, mine).values).all(), parameter


def test_printed_values_of_the_ipcc_tables() -> None:
    bcef = partial(looked, "growing_stock_bcef", "bcef")
    assert bcef(climate_domain="boreal", forest_type="larch", growing_stock=80.0) == 0.77
    assert bcef(climate_domain="temperate", forest_type="pine", growing_stock=40.0) == 1.0
    ratio: dict[str, str | float] = {"climate_domain": "temperate", "above_ground_biomass_density": 75.0}
    assert looked("growing_stock_bcef", "root_to_shoot", **ratio, forest_type="broadleaf") == 0.23
    assert looked("growing_stock_bcef", "root_to_shoot", **ratio, forest_type="oak") == 0.30
    assert looked("growing_stock_bcef_2019", "root_to_shoot", **ratio, forest_type="pine", origin="planted") == 0.224
    soil = {"climate_zone": "cool_temperate_dry", "soil_class": "sandy"}
    assert looked("soil_transition", "soc_reference", **soil, edition="2006") == 34
    assert looked("soil_transition", "soc_reference", **soil, edition="2019") == 13


PRINTED_SOC = """
2006 boreal               hac 68 lac -  sandy 10 spodic 117 volcanic 20  wetland 146
2006 cool_temperate_dry   hac 50 lac 33 sandy 34 spodic -   volcanic 20  wetland 87
2006 cool_temperate_moist hac 95 lac 85 sandy 71 spodic 115 volcanic 130 wetland 87
2006 warm_temperate_dry   hac 38 lac 24 sandy 19 spodic -   volcanic 70  wetland 88
2006 warm_temperate_moist hac 88 lac 63 sandy 34 spodic -   volcanic 80  wetland 88
2019 polar                hac 59 lac -  sandy 27 spodic -   volcanic -   wetland -
2019 boreal               hac 63 lac -  sandy 10 spodic 117 volcanic 20  wetland 116
2019 cool_temperate_dry   hac 43 lac 33 sandy 13 spodic -   volcanic 20  wetland 87
2019 cool_temperate_moist hac 81 lac 76 sandy 51 spodic 128 volcanic 136 wetland 128
2019 warm_temperate_dry   hac 24 lac 19 sandy 10 spodic -   volcanic 84  wetland 74
2019 warm_temperate_moist hac 64 lac 55 sandy 36 spodic 143 volcanic 138 wetland 135
"""
"""Table 2.3 of both editions once more, as it is printed (p. 2.31 and 2.35)."""


def test_reference_soils_stand_as_printed() -> None:
    printed: dict[tuple[str, str, str], float] = {}
    for line in PRINTED_SOC.split("\n")[1:-1]:
        edition, zone, *cells = line.split()
        zones = [f"{zone}_moist", f"{zone}_dry"] if zone in ("boreal", "polar") else [zone]
        for soil, value in zip(cells[::2], cells[1::2], strict=True):
            printed |= {(edition, one, soil): float(value) for one in zones if value != "-"}
    ours = {
        (row["edition"], row["climate_zone"], row["soil_class"]): float(row["value"])
        for row in records("soil_transition")
        if row["parameter"] == "soc_reference"
    }
    assert ours == printed


PRINTED_BCEF = """
boreal    pine       1.2  0.85 1.3 | 0.68 0.5 0.72  | 0.57 0.52 0.65 | 0.5  0.45 0.58
boreal    larch      1.22 0.9  1.5 | 0.78 0.7 0.8   | 0.77 0.7 0.85  | 0.77 0.7 0.85
boreal    fir_spruce 1.16 0.8  1.5 | 0.66 0.55 0.75 | 0.58 0.5 0.65  | 0.53 0.45 0.605
boreal    broadleaf  0.9  0.7  1.2 | 0.7  0.6 0.75  | 0.62 0.53 0.7  | 0.55 0.5 0.65
temperate broadleaf  3.0  0.8  4.5 | 1.7  0.8 2.6   | 1.4  0.7 1.9   | 1.05 0.6 1.4   | 0.8 0.55 1.1
temperate pine       1.8  0.6  2.4 | 1.0  0.65 1.5  | 0.75 0.6 1.0   | 0.7  0.4 1.0   | 0.7 0.4 1.0
temperate conifer    3.0  0.7  4.0 | 1.4  0.5 2.5   | 1.0  0.5 1.4   | 0.75 0.4 1.2   | 0.7 0.35 0.9
"""
"""BCEF_S of Table 4.5 once more, as it is printed (p. 4.50-4.51): value, range; by rising growing stock."""


@pytest.mark.parametrize("name", ["growing_stock_bcef", "growing_stock_bcef_2019"])
def test_expansion_factors_stand_as_printed(name: str) -> None:
    ours: dict[str, list[list[float]]] = {}
    for row in records(name):
        if row["parameter"] == "bcef":
            numbers = [float(row[column]) for column in ("value", "low", "high")]
            ours.setdefault(f"{row['climate_domain']} {row['forest_type']}", []).append(numbers)
    for line in PRINTED_BCEF.split("\n")[1:-1]:
        domain, forest_type, cells = line.split(maxsplit=2)
        printed = [[float(number) for number in cell.split()] for cell in cells.split("|")]
        assert ours[f"{domain} {forest_type}"] == printed


def test_removal_factors_are_stock_factors_over_nine_tenths() -> None:
    """Note under Table 4.5: BCEF_R is BCEF_S divided by 0.9 (10 % of the volume is lost in felling)."""
    stock = {
        (row["climate_domain"], row["forest_type"], row["growing_stock"]): float(row["value"])
        for row in records("growing_stock_bcef")
        if row["parameter"] == "bcef"
    }
    removal = {
        (row["climate_domain"], row["forest_type"], row["growing_stock"]): float(row["value"])
        for row in records("gain_loss")
        if row["parameter"] == "bcef_r"
    }
    assert stock.keys() == removal.keys()
    # The table cuts some quotients instead of rounding them: 1.4/0.9 is printed as 1.55.
    assert all(removal[key] == pytest.approx(stock[key] / 0.9, abs=0.011) for key in stock)


@pytest.mark.parametrize("edition", ["2006", "2019"])
def test_every_cropland_and_grassland_of_the_region_finds_its_soil_factors(edition: str) -> None:
    read = table("soil_transition")
    choices = {
        "cropland": {"condition": ("", "set_aside"), "tillage": ("full", "reduced", "no_till")},
        "grassland": {"condition": ("nominal", "severely_degraded", "improved"), "tillage": ("",)},
    }
    for ecosystem, options in choices.items():
        combos = product(
            CLIMATE_ZONES,
            ("hac", "sandy", "wetland"),
            ("", "orchard", "paddy") if ecosystem == "cropland" else ("",),
            options["condition"],
            options["tillage"],
            ("low", "medium", "high", "high_manure") if ecosystem == "cropland" else ("",),
        )
        columns = zip(*((c, *rest) for c, *rest in combos if not (rest[1] and rest[2])), strict=True)
        names = ("climate_zone", "soil_class", "class", "condition", "tillage", "input")
        strata = {name: np.array(column, dtype=object) for name, column in zip(names, columns, strict=True)}
        n = len(strata["condition"])
        strata |= {"edition": np.full(n, edition, object), "ecosystem": np.full(n, ecosystem, object)}
        for parameter in ("f_lu", "f_mg", "f_i"):
            mine = {name: strata[name] for name in read.strata_of(parameter)}
            assert np.isfinite(read.lookup(parameter, mine).values).all(), (ecosystem, parameter)


def test_land_cover_alone_does_not_choose_a_grazing_state() -> None:
    """Degradation, tillage and input are the user's to state: a blank is a gap, not a default."""
    stratum = {"edition": "2019", "climate_zone": "cool_temperate_dry", "soil_class": "hac", "class": "", "input": ""}
    for ecosystem in ("grassland", "cropland", "bare"):
        with pytest.raises(ParameterError):
            looked("soil_transition", "f_mg", **stratum, ecosystem=ecosystem, condition="", tillage="")


def test_soil_depths_do_not_mix() -> None:
    for name, depth in (("lookup_density", "0-100 cm"), ("soil_transition", "0-30 cm")):
        soils = [row for row in records(name) if row["parameter"] in ("soil_organic_carbon", "soc_reference")]
        assert soils
        assert all(depth in row["note"] for row in soils), name


def test_shrub_organs_add_up_where_the_model_is_linear() -> None:
    both = [*records("shrub_allometry"), *records("shrub_allometry_total")]
    value = {(row["species"], row["parameter"]): float(row["value"]) for row in both}
    for species in ("caragana_microphylla", "nitraria_tangutorum", "armeniaca_sibirica"):
        for parameter in ("coefficient", "intercept"):
            organs = value[species, f"{parameter}_above"] + value[species, f"{parameter}_root"]
            assert organs == pytest.approx(value[species, parameter], abs=0.011), (species, parameter)


def test_larch_soil_follows_from_the_stocks_of_the_paper() -> None:
    """The scanned text repeats another type's ecosystem density for larch; the stocks of the same paper decide."""
    area = 416.4 / 66.0
    assert looked("lookup_density", "soil_organic_carbon", **_forest("larch")) == pytest.approx(1214.0 / area, abs=0.1)
    oak_area = 0.118 * 3237.4 / 178.6
    assert looked("lookup_density", "soil_organic_carbon", **_forest("oak")) == pytest.approx(293.5 / oak_area, abs=0.1)


def _forest(group: str) -> dict[str, str]:
    return {"ecosystem": "forest", "class": "forest", "species_group": group, "grassland_type": ""}


APART = {
    ("grassland_yield", 2.8, "warm temperate, dry"): "Table 6.1 prints the ratio of each climate zone",
    ("soil_transition", 20.0, "cold temperate, dry, volcanic"): "Table 2.3 prints the stock of each zone and soil",
    ("soil_transition", 20.0, "cool temperate dry, volcanic"): "Table 2.3 prints the stock of each zone and soil",
    ("soil_transition", 34.0, "warm temperate, moist, sandy"): "Table 2.3 prints the stock of each zone and soil",
    ("soil_transition", 88.0, "warm temperate, moist, hac"): "Table 2.3 prints the stock of each zone and soil",
}
"""Rows that have the numbers of another cell of the same printed table, and why they are an estimate of their own."""


def test_one_published_estimate_is_one_in_every_row_that_repeats_it() -> None:
    """Equal numbers at one place of one document are drawn once, in whatever table: two spellings are one place."""
    alike: defaultdict[tuple[object, ...], dict[str, tuple[str, Row]]] = defaultdict(dict)
    for name in TABLES:
        for row in table(name).rows:
            place = tuple(re.findall(r"\d+(?:\.\d+)*", row.locator))
            if row.interval:
                estimate = (row.source, place, row.unit, row.value, row.low, row.high)
                alike[estimate].setdefault(key_of(row), (name, row))
    apart = [found for group in alike.values() for found in list(group.values())[1:]]
    found = {(name, row.value, row.locator) for name, row in apart}
    for name, value, place in found:
        assert any((name, value) == known[:2] and place.endswith(known[2]) for known in APART), (name, value, place)
    assert len(found) == len(APART), "a reason that no row needs any more"
