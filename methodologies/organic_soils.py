"""Drained organic soils: carbon lost, with methane and nitrous oxide beside (IPCC)."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def emission(
    co2_c_emission: Any,
    doc_emission: Any,
    ch4_emission_land: Any,
    ch4_emission_ditch: Any,
    ditch_share: Any,
    n2o_emission: Any,
) -> dict[str, Any]:
    """Yearly loss of carbon from a drained organic soil, and gases beside it.

    Parameters
    ----------
    co2_c_emission : array
        Carbon lost on site as carbon dioxide, EF. [t C/ha/yr]
    doc_emission : array
        Carbon lost off site, dissolved, EF_DOC; zero under the 2006 factors, which have none. [t C/ha/yr]
    ch4_emission_land : array
        Methane of the land between ditches. [kg CH4/ha/yr]
    ch4_emission_ditch : array
        Methane of the ditches, per area of ditch. [kg CH4/ha/yr]
    ditch_share : array
        Share of the area that is ditch, f. [1]
    n2o_emission : array
        Nitrous oxide, as N2O and not as its nitrogen. [kg N2O/ha/yr]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``, negative for a loss [t C/ha/yr]; beside it ``ch4`` and ``n2o``, emissions per area.

    Notes
    -----
    .. math:: \\Delta C = -(EF + EF_{DOC}),\\quad CH_4 = (1 - f) EF_{land} + f EF_{ditch}

    The gases are reported beside the carbon and in masses of their own.

    References
    ----------
    ipcc_2013_wetlands, ch. 2, Eq. 2.2-2.7 (recalled, not re-read); ipcc_2006_v4, ch. 2, Eq. 2.26, p. 2.35.
    """
    return {
        "soil_organic_carbon": -(co2_c_emission + doc_emission),
        "ch4": (1 - ditch_share) * ch4_emission_land + ditch_share * ch4_emission_ditch,
        "n2o": n2o_emission,
    }


def _in_supplement(table: str) -> Text:
    return Text(f"IPCC《2013 年增补：湿地》第 2 章 表 {table}", f"IPCC 2013 Wetlands Supplement, ch. 2, Table {table}")


_GASES = ("ch4_emission_land", "ch4_emission_ditch", "ditch_share", "n2o_emission")

METHODOLOGY = Methodology(
    id="organic_soils",
    title=Text("排水有机土壤碳损失（IPCC）", "Carbon loss of drained organic soils (IPCC)"),
    source="ipcc_2013_wetlands",
    locator="ch. 2, Eq. 2.2-2.7",
    approach="rate",
    tier=1,
    acts_on="state",
    ecosystems=("forest", "shrub", "grassland", "wetland", "cropland", "bare"),
    strata=("factors", "land_use", "climate_domain", "nutrient"),
    inputs={},
    parameters={
        "co2_c_emission": "t C/ha/yr",
        "doc_emission": "t C/ha/yr",
        "ch4_emission_land": "kg CH4/ha/yr",
        "ch4_emission_ditch": "kg CH4/ha/yr",
        "ditch_share": "1",
        "n2o_emission": "kg N2O/ha/yr",
    },
    outputs={"soil_organic_carbon": "t C/ha/yr"},
    other_gases={"ch4": "kg CH4/ha/yr", "n2o": "kg N2O/ha/yr"},
    bounds={"ditch_share": (0, 1), "doc_emission": (0, inf), "n2o_emission": (0, inf)},
    options={"factors": ("ipcc_2006", "wetlands_2013")},
    only_if={
        "doc_emission": ("factors", "wetlands_2013", 0),
        **{name: ("factors", "wetlands_2013", nan) for name in _GASES},
    },
    crosswalks={"climate_domain": "climate_domains.csv"},
    documents={
        "co2_c_emission": _in_supplement("2.1"),
        "doc_emission": _in_supplement("2.2"),
        "ch4_emission_land": _in_supplement("2.3"),
        "ch4_emission_ditch": _in_supplement("2.4"),
        "ditch_share": _in_supplement("2.4"),
        "n2o_emission": _in_supplement("2.5"),
    },
    valid_for=Text(
        "已排水的泥炭地、沼泽土；须有排水范围和营养状况，不能由土地覆盖推定",
        "Drained peat and marsh soils; the extent of drainage and the nutrient status must be known and cannot be told "
        "from land cover",
    ),
    compute=emission,
)
