"""Place kept for DB1502/T 022-2024, which asks for its numbers."""

from methodologies._standard import place_kept
from sinks.text import Text

METHODOLOGY = place_kept(
    "db1502_022",
    "DB1502/T 022-2024",
    Text("森林碳汇调查与监测技术规程", "Forest carbon sink: survey and monitoring"),
    ("forest",),
)
