"""Raster layers: files, readers, layers derived from layers."""
