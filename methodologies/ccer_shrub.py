"""Place kept for the CCER methodology of shrubland, which asks for its numbers."""

from methodologies._ccer import place_kept

METHODOLOGY = place_kept("ccer_shrub", "灌木林碳汇", "shrubland", "shrub")
