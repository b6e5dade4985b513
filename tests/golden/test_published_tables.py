"""Published tables, transcribed a second time: a look-up in each printed class gives the printed figure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))

Case = tuple[str, str, dict[str, object], float]


def bcef() -> Iterator[Case]:
    """IPCC 2006, vol. 4, ch. 4, Table 4.5, p. 4.50-4.51: BCEF_S at a growing stock inside each printed class."""
    boreal, temperate = (10, 35, 75, 150), (10, 30, 70, 150, 250)
    printed = {
        ("boreal", "pine"): (boreal, (1.2, 0.68, 0.57, 0.5)),
        ("boreal", "larch"): (boreal, (1.22, 0.78, 0.77, 0.77)),
        ("boreal", "fir_spruce"): (boreal, (1.16, 0.66, 0.58, 0.53)),
        ("boreal", "broadleaf"): (boreal, (0.9, 0.7, 0.62, 0.55)),
        ("temperate", "broadleaf"): (temperate, (3.0, 1.7, 1.4, 1.05, 0.8)),
        ("temperate", "pine"): (temperate, (1.8, 1.0, 0.75, 0.7, 0.7)),
        ("temperate", "conifer"): (temperate, (3.0, 1.4, 1.0, 0.75, 0.7)),
    }
    for id in ("growing_stock_bcef", "growing_stock_bcef_2019"):
        for (domain, forest), (stocks, values) in printed.items():
            for stock, value in zip(stocks, values, strict=True):
                strata = {"climate_domain": domain, "forest_type": forest, "growing_stock": stock, "origin": "natural"}
                yield id, "bcef", strata, value


def root_to_shoot() -> Iterator[Case]:
    """IPCC 2006, Table 4.4, p. 4.49, and 2019 Refinement, Table 4.4, by above-ground biomass."""
    printed_2006 = {
        ("boreal", "larch"): {40: 0.39, 100: 0.24},
        ("temperate", "conifer"): {40: 0.40, 100: 0.29, 200: 0.20},
        ("temperate", "oak"): {100: 0.30},
        ("temperate", "broadleaf"): {40: 0.46, 100: 0.23, 200: 0.24},
    }
    printed_2019 = {
        ("temperate", "conifer", "natural"): {100: 0.243, 150: 0.262},
        ("temperate", "broadleaf", "natural"): {100: 0.225, 150: 0.229},
        ("temperate", "conifer", "planted"): {100: 0.224, 150: 0.232},
        ("temperate", "broadleaf", "planted"): {100: 0.307, 150: 0.248},
        ("boreal", "larch", "natural"): {40: 0.39, 100: 0.24},
    }
    for (domain, forest), values in printed_2006.items():
        for biomass, value in values.items():
            strata = {"climate_domain": domain, "forest_type": forest, "above_ground_biomass_density": biomass}
            yield "growing_stock_bcef", "root_to_shoot", strata, value
    for (domain, forest, origin), values in printed_2019.items():
        for biomass, value in values.items():
            strata = {"climate_domain": domain, "forest_type": forest, "above_ground_biomass_density": biomass}
            yield "growing_stock_bcef_2019", "root_to_shoot", {**strata, "origin": origin}, value


def carbon_fraction() -> Iterator[Case]:
    """IPCC 2006, Table 4.3, p. 4.48."""
    for forest, value in {"larch": 0.51, "pine": 0.51, "fir_spruce": 0.51, "oak": 0.48, "broadleaf": 0.48}.items():
        yield "growing_stock_bcef", "carbon_fraction", {"forest_type": forest}, value


def species() -> Iterator[Case]:
    """Defaults by species group of AR-CM-001 (recalled): SVD, BEF, R, CF."""
    printed = {
        "larch": (0.490, 1.416, 0.212, 0.521),
        "birch": (0.541, 1.424, 0.248, 0.491),
        "poplar": (0.378, 1.446, 0.227, 0.496),
        "mongolian_pine": (0.375, 2.513, 0.241, 0.522),
        "chinese_pine": (0.360, 1.589, 0.251, 0.521),
        "oak": (0.676, 1.355, 0.292, 0.500),
        "elm": (0.598, 1.671, 0.621, 0.497),
        "spruce": (0.342, 1.734, 0.224, 0.521),
        "willow": (0.443, 1.821, 0.288, 0.485),
    }
    names = ("basic_wood_density", "bef", "root_to_shoot", "carbon_fraction")
    for group, values in printed.items():
        for name, value in zip(names, values, strict=True):
            yield "growing_stock_bef", name, {"species_group": group}, value


def fang() -> Iterator[Case]:
    """Regressions B = aV + b of both sets (recalled)."""
    printed = {
        "fang_v1": {
            "larch": (0.9671, 5.7598),
            "birch": (0.9644, 0.8485),
            "poplar": (0.4754, 30.6034),
            "oak": (1.3288, -3.8999),
            "mongolian_pine": (1.0945, 2.0040),
            "chinese_pine": (0.7554, 5.0928),
            "spruce": (0.4642, 47.4990),
        },
        "fang_v2": {
            "larch": (0.6096, 33.806),
            "birch": (1.0687, 10.237),
            "poplar": (0.4969, 26.973),
            "oak": (1.1453, 8.5473),
            "mongolian_pine": (1.112, 2.6951),
            "chinese_pine": (0.869, 9.1212),
            "spruce": (0.5519, 48.861),
        },
    }
    for parameter_set, groups in printed.items():
        for group, values in groups.items():
            for name, value in zip(("fang_a", "fang_b"), values, strict=True):
                yield "growing_stock_fang", name, {"parameter_set": parameter_set, "species_group": group}, value


def soil_reference() -> Iterator[Case]:
    """IPCC 2006, vol. 4, ch. 2, Table 2.3, p. 2.31, and its 2019 update: t C/ha in 0-30 cm."""
    soils = ("hac", "lac", "sandy", "volcanic", "wetland")
    printed = {
        ("2006", "cool_temperate_dry"): (50, 33, 34, 20, 87),
        ("2006", "cool_temperate_moist"): (95, 85, 71, 130, 87),
        ("2006", "warm_temperate_dry"): (38, 24, 19, 70, 88),
        ("2006", "warm_temperate_moist"): (88, 63, 34, 80, 88),
        ("2019", "cool_temperate_dry"): (43, 33, 13, 20, 87),
        ("2019", "cool_temperate_moist"): (81, 76, 51, 136, 128),
        ("2019", "warm_temperate_dry"): (24, 19, 10, 84, 74),
        ("2019", "warm_temperate_moist"): (64, 55, 36, 138, 135),
    }
    for (edition, zone), values in printed.items():
        for soil, value in zip(soils, values, strict=True):
            strata = {"edition": edition, "climate_zone": zone, "soil_class": soil}
            yield "soil_transition", "soc_reference", strata, value
    for edition, values in {"2006": (68, 10, 117, 146), "2019": (63, 10, 117, 116)}.items():
        for soil, value in zip(("hac", "sandy", "spodic", "wetland"), values, strict=True):
            for zone in ("boreal_dry", "boreal_moist"):
                strata = {"edition": edition, "climate_zone": zone, "soil_class": soil}
                yield "soil_transition", "soc_reference", strata, value


def soil_factors() -> Iterator[Case]:
    """Cropland and grassland factors of both editions, dry and moist cool temperate climate."""
    crop: dict[tuple[str, str], tuple[float, ...]] = {
        # F_LU long-term and set-aside; F_MG reduced, no-till; F_I low, high, with manure
        ("2006", "dry"): (0.80, 0.93, 1.02, 1.10, 0.95, 1.04, 1.37),
        ("2006", "moist"): (0.69, 0.82, 1.08, 1.15, 0.92, 1.11, 1.44),
        ("2019", "dry"): (0.77, 0.93, 0.98, 1.03, 0.95, 1.04, 1.37),
        ("2019", "moist"): (0.70, 0.82, 1.04, 1.09, 0.92, 1.11, 1.44),
    }
    cases = (
        ("f_lu", {}),
        ("f_lu", {"condition": "set_aside"}),
        ("f_mg", {"tillage": "reduced"}),
        ("f_mg", {"tillage": "no_till"}),
        ("f_i", {"input": "low"}),
        ("f_i", {"input": "high"}),
        ("f_i", {"input": "high_manure"}),
    )
    usual = {"soil_class": "hac", "class": "", "condition": "nominal", "tillage": "full", "input": "medium"}
    for (edition, climate), values in crop.items():
        place = {"edition": edition, "climate_zone": f"cool_temperate_{climate}", **usual}
        for (factor, management), value in zip(cases, values, strict=True):
            yield "soil_transition", factor, {**place, "ecosystem": "cropland", **management}, value
    grass = {
        "2006": {"moderately_degraded": 0.95, "severely_degraded": 0.70, "improved": 1.14, "nominal": 1.0},
        "2019": {"high_intensity_grazing": 0.90, "severely_degraded": 0.70, "improved": 1.14, "nominal": 1.0},
    }
    for edition, conditions in grass.items():
        for condition, value in conditions.items():
            place = {"edition": edition, "climate_zone": "cool_temperate_dry", **usual}
            yield "soil_transition", "f_mg", {**place, "ecosystem": "grassland", "condition": condition}, value


def gain_loss() -> Iterator[Case]:
    """IPCC 2006, ch. 4, Tables 4.4, 4.9 and 4.5 (BCEF_R), as gain_loss needs them."""
    usual = {"edition": "2006", "origin": "natural", "climate_domain": "temperate"}
    yield (
        "gain_loss",
        "above_ground_growth",
        {**usual, "ecological_zone": "temperate_continental", "stand_age": 10},
        4.0,
    )
    yield "gain_loss", "above_ground_growth", {**usual, "ecological_zone": "temperate_mountain", "stand_age": 10}, 3.0
    for biomass, value in {40: 0.40, 100: 0.29, 200: 0.20}.items():
        for forest in ("conifer", "pine", "larch", "fir_spruce"):
            strata = {**usual, "forest_type": forest, "above_ground_biomass_density": biomass}
            yield "gain_loss", "root_to_shoot", strata, value
    for domain, forest, values in (
        ("boreal", "pine", {10: 1.33, 35: 0.75, 75: 0.63, 150: 0.55}),
        ("boreal", "larch", {10: 1.35, 35: 0.87, 75: 0.85, 150: 0.85}),
        ("temperate", "pine", {30: 1.11}),
    ):
        for stock, value in values.items():
            strata = {**usual, "climate_domain": domain, "forest_type": forest, "growing_stock": stock}
            yield "gain_loss", "bcef_r", strata, value
    yield "gain_loss", "bark_expansion", usual, 1.15


def rates() -> Iterator[Case]:
    """Fixed rates of carbon sequestration: GEP guide (recalled) and papers, in t C/ha/yr."""
    printed = {
        ("water", "", "lake_mongolia_xinjiang"): 0.3026,
        ("water", "", "lake_northeast"): 0.0449,
        ("wetland", "", "marsh_peat"): 0.2480,
        ("wetland", "", "marsh_humus"): 0.3248,
        ("wetland", "", "inland_salt_marsh"): 0.6711,
        ("forest", "elm", "sandy_land"): 0.81,
        ("forest", "poplar", "sandy_land"): 5.35,
        ("grassland", "", "sandy_exclosure"): 0.68,
    }
    for (ecosystem, group, kind), value in printed.items():
        strata = {"ecosystem": ecosystem, "class": "", "species_group": group, "type": kind}
        yield "fixed_rate", "sequestration_rate", strata, value


CASES = [
    case
    for table in (bcef, root_to_shoot, carbon_fraction, species, fang, soil_reference, soil_factors, gain_loss, rates)
    for case in table()
]


@pytest.mark.parametrize(("id", "parameter", "strata", "printed"), CASES, ids=lambda value: str(value)[:60])
def test_printed_value(id: str, parameter: str, strata: dict[str, object], printed: float) -> None:
    found = REGISTRY.get(id).table.lookup(parameter, {name: [value] for name, value in strata.items()})
    assert found.values[0] == pytest.approx(printed, rel=1e-12)
