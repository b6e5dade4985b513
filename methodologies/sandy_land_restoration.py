"""Gain of carbon of sandy land after fixation, planting or exclosure, by years since."""

from __future__ import annotations

from methodologies._restoration import rates_by_age
from sinks.text import Text

METHODOLOGY = rates_by_age(
    "sandy_land_restoration",
    Text("沙地治理固碳速率法", "Sandy-land restoration: rates by age"),
    sources=("li_2012_horqin", "hasier_2019_muus", "zhao_2016_otindag"),
    ecosystems=("bare", "grassland", "shrub", "forest"),
    pools=("biomass", "soil_organic_carbon", "ecosystem"),
    monitoring=Text("当地防沙治沙工程碳汇监测", "monitoring of sand control projects of the region"),
    valid_for=Text(
        "固沙造林、封沙育草的沙地，年限在文献观测期内；人工杨树速率远高于区域均值，不宜外推",
        "Sandy land under fixation or exclosure, within the ages observed; the rate of planted poplar is far above any "
        "regional mean",
    ),
    notes=r"""
Rates hold within the ages observed only.  Land is counted either by its pools or, where a source gives no more, as
a whole ecosystem.
""",
)
