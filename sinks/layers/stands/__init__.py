"""Stands (小班): polygons of a forest inventory, cut by regions."""
