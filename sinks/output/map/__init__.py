"""The interactive map: one HTML file that opens by a double-click, with the network off."""

from sinks.output.map.draw import draw_map, write_map

__all__ = ["draw_map", "write_map"]
