"""Place kept for DB1502/T 031-2025, which asks for its numbers."""

from methodologies._standard import place_kept
from sinks.text import Text

METHODOLOGY = place_kept(
    "db1502_031",
    "DB1502/T 031-2025",
    Text("人工林碳汇核算指南", "Carbon sink of planted forest"),
    ("forest",),
)
