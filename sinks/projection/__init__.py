"""Stands grown into the future: age classes, planned planting, harvest and fire, with and without a project."""
