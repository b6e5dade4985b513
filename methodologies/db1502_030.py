"""Place kept for DB1502/T 030-2025, which asks for its numbers."""

from methodologies._standard import place_kept
from sinks.text import Text

METHODOLOGY = place_kept(
    "db1502_030",
    "DB1502/T 030-2025",
    Text("湿地植被碳储量核算指南", "Carbon stock of wetland vegetation"),
    ("wetland",),
)
