"""Numbers of documents not at hand, recalled a second time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sinks.methodology import Registry

REGISTRY = Registry((), ("methodologies",))

Case = tuple[str, str, dict[str, object], float]


def species() -> Iterator[Case]:
    """Defaults by species group of AR-CM-001 (recalled): SVD, BEF."""
    printed = {
        "larch": (0.490, 1.416),
        "birch": (0.541, 1.424),
        "poplar": (0.378, 1.446),
        "mongolian_pine": (0.375, 2.513),
        "chinese_pine": (0.360, 1.589),
        "oak": (0.676, 1.355),
        "elm": (0.598, 1.671),
        "spruce": (0.342, 1.734),
        "willow": (0.443, 1.821),
    }
    names = ("basic_wood_density", "bef")
    for group, values in printed.items():
        for name, value in zip(names, values, strict=True):
            yield "growing_stock_bef", name, {"species_group": group}, value


def fang() -> Iterator[Case]:
    """Regressions B = aV + b of both sets (recalled)."""
    printed = {
        "fang_v1": {
            "larch": (0.9671, 5.7598),
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


def rates() -> Iterator[Case]:
    """Fixed rates of carbon sequestration: GEP guide (recalled) and a paper, in t C/ha/yr."""
    printed = {
        ("water", "", "lake_mongolia_xinjiang"): 0.3026,
        ("water", "", "lake_northeast"): 0.0449,
        ("wetland", "", "marsh_peat"): 0.2480,
        ("wetland", "", "marsh_humus"): 0.3248,
        ("wetland", "", "inland_salt_marsh"): 0.6711,
        ("grassland", "", "sandy_exclosure"): 0.68,
    }
    for (ecosystem, group, kind), value in printed.items():
        strata = {"ecosystem": ecosystem, "class": "", "species_group": group, "type": kind}
        yield "fixed_rate", "sequestration_rate", strata, value


def grass_roots() -> Iterator[Case]:
    """Roots to shoots by type of grassland (recalled), for both methodologies that have them."""
    printed = {
        "meadow_steppe": 5.26,
        "typical_steppe": 4.25,
        "desert_steppe": 7.89,
        "desert": 7.89,
        "lowland_meadow": 6.31,
        "mountain_meadow": 6.23,
    }
    for grassland_type, value in printed.items():
        strata = {"grassland_type": grassland_type, "climate_zone": "", "ratio_set": "type", "curve_set": "piao_2007"}
        for id in ("grassland_yield", "grassland_ndvi"):
            yield id, "root_to_shoot", strata, value


def products() -> Iterator[Case]:
    """Carbon of wood products, KP Supplement, Table 2.8.1 (recalled)."""
    printed = {
        ("sawnwood_coniferous", "carbon_content_volume"): 0.225,
        ("sawnwood_non_coniferous", "carbon_content_volume"): 0.28,
        ("wood_panels", "carbon_content_volume"): 0.269,
        ("paper", "carbon_content_mass"): 0.386,
    }
    for (product, name), value in printed.items():
        yield "harvested_wood", name, {"product": product}, value


CASES = [case for table in (species, fang, rates, grass_roots, products) for case in table()]


@pytest.mark.parametrize(("id", "parameter", "strata", "printed"), CASES, ids=lambda value: str(value)[:60])
def test_printed_value(id: str, parameter: str, strata: dict[str, object], printed: float) -> None:
    found = REGISTRY.get(id).table.lookup(parameter, {name: [value] for name, value in strata.items()})
    assert found.values[0] == pytest.approx(printed, rel=1e-12)
