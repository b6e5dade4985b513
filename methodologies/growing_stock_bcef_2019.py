"""Forest biomass carbon from growing stock, with the root-to-shoot ratios of the 2019 Refinement."""

from dataclasses import replace

from methodologies.growing_stock_bcef import METHODOLOGY as EDITION_2006
from sinks.text import Text

METHODOLOGY = replace(
    EDITION_2006,
    id="growing_stock_bcef_2019",
    title=Text("森林蓄积量—生物量转换扩展因子法（IPCC 2019）", "Forest growing stock by BCEF (IPCC 2019)"),
    source="ipcc_2019_v4",
    locator="ch. 2, Eq. 2.8b (no refinement); ch. 4, Table 4.4",
    edition="2019",
    strata=("climate_domain", "forest_type", "growing_stock", "above_ground_biomass_density", "origin"),
)
