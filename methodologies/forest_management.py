"""Managed forest: growth less felling and mortality, beyond the level without the management."""

from methodologies._reference_level import with_reference_level
from sinks.text import Text

METHODOLOGY = with_reference_level(
    "forest_management",
    Text("森林经营碳汇（增益—损失法，扣除参考水平）", "Forest management: gain-loss beyond a reference level"),
    Text(
        "不采取经营措施时的年净增长，由对照小班或经营方案的基准情景算得",
        "the yearly net gain without the management, from stands left alone or the baseline of the management plan",
    ),
    Text(
        "抚育、补植、更替改造等经营措施覆盖的乔木林；参考水平须与本期同一口径",
        "Forest that is tended, filled up or converted; the level must be made by the same rules",
    ),
)
