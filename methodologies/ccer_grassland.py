"""Place kept for the CCER methodology of grassland, which asks for its numbers."""

from methodologies._ccer import place_kept

METHODOLOGY = place_kept("ccer_grassland", "草原碳汇", "grassland", "grassland")
