"""Place kept for DB15/T 4248-2025, which asks for its numbers."""

from methodologies._standard import place_kept
from sinks.text import Text

METHODOLOGY = place_kept(
    "db15_4248",
    "DB15/T 4248-2025",
    Text("水土保持碳汇核算方法", "Carbon sink of soil and water conservation"),
    ("forest", "shrub", "grassland", "cropland", "bare"),
)
