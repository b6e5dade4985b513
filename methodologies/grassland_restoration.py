"""Gain of carbon of degraded grassland after exclosure, by years since."""

from __future__ import annotations

from methodologies._restoration import rates_by_age
from sinks.text import Text

METHODOLOGY = rates_by_age(
    "grassland_restoration",
    Text("草地恢复固碳速率法", "Grassland restoration: rates by age"),
    sources=("su_2003_horqin", "li_2015_horqin", "wang_2011"),
    ecosystems=("grassland", "bare"),
    pools=("biomass", "soil_organic_carbon"),
    monitoring=Text("当地围封、禁牧长期监测样地", "long-term exclosure plots of the region"),
    valid_for=Text(
        "围封、禁牧或自然恢复的退化草地，年限在文献观测期内；超出观测年限须补充参数",
        "Degraded grassland under exclosure or natural recovery, within the years observed; beyond them give rows of "
        "your own",
    ),
    notes=r"""
Rates are differences between plots of different age, and hold within the ages observed only: an older exclosure
finds no row.  The depth of soil (stratum ``depth``) is that of the study, not the 30 or 100 cm used elsewhere.
""",
)
