"""Natural forest under protection: growth less felling and mortality, beyond the level before logging stopped."""

from methodologies._reference_level import with_reference_level
from sinks.text import Text

METHODOLOGY = with_reference_level(
    "natural_forest_protection",
    Text("天然林保护碳汇（增益—损失法，扣除参考水平）", "Natural forest protection: gain-loss beyond a level"),
    Text(
        "停伐以前的年净增长（含采伐），由工程实施方案或停伐前两期清查算得",
        "the yearly net gain before logging stopped, felling included, from the plan of the programme or the two "
        "inventories before it",
    ),
    Text(
        "全面停止商业性采伐的天然林；参考水平为停伐前的年净增长，须与本期同一口径",
        "Natural forest whose commercial logging has stopped; the level is the net gain before that, by the same rules",
    ),
)
