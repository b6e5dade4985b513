"""Place kept for the CCER methodology of forest management, which asks for its numbers."""

from methodologies._ccer import place_kept

METHODOLOGY = place_kept("ccer_forest_management", "森林经营碳汇", "forest management", "forest")
