"""Generators of the demonstration data (示范数据): modelled patterns, real boundaries, cited totals.

Nothing here is an observation.  :mod:`demo.frame` is the grid and who owns which part of a cell, :mod:`demo.terrain`
the smooth geography, :mod:`demo.cover` the land cover of both dates, :mod:`demo.layers` what stands on it,
:mod:`demo.vectors` and :mod:`demo.tables` the rest; :mod:`demo.write` is the only module that touches the disk.
"""
