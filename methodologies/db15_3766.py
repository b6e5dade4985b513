"""Place kept for DB15/T 3766-2024, which asks for its numbers."""

from methodologies._standard import place_kept
from sinks.text import Text

METHODOLOGY = place_kept(
    "db15_3766",
    "DB15/T 3766-2024",
    Text(
        "草地生态修复工程碳汇监测与核算技术规程",
        "Carbon sink of grassland restoration works",
    ),
    ("grassland",),
)
