"""Draws, quantiles and the errors of classified maps."""
