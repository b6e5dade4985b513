"""A finished run as frames, arrays and figures: what a notebook asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd

from sinks.calls import all_spoken
from sinks.results import frames

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from sinks.output.plots import Plots
    from sinks.results.contents import RunContents
    from sinks.workflow.run_arrays import RunArrays


@all_spoken
class RunViews:
    """What a run shows of its contents; the run itself knows what its arrays are painted from."""

    contents: RunContents

    def _painted(self) -> RunArrays:
        raise NotImplementedError

    @property
    def plot(self) -> Plots:
        """Figures: ``bars``, ``series``, ``matrix``, ``sankey``, ``waterfall``, ``maps``; axes in and out."""
        from sinks.output.plots import Plots

        return Plots(self.contents)

    @property
    def parameters(self) -> pd.DataFrame:
        """The rows of parameter tables that the account stands on: value, unit, interval, source and place in it."""
        return self.contents.parameters_used

    @property
    def sources(self) -> pd.DataFrame:
        """The documents that parameters and equations come from."""
        return self.contents.sources

    @property
    def regions(self) -> gpd.GeoDataFrame:
        """``code, name, level, parent, geometry`` of every region, in EPSG:4490."""
        return self.contents.regions.frame

    def totals(
        self, quantity: str = "net_removals", *, level: str | None = None, period: str | None = None
    ) -> pd.DataFrame:
        """A quantity of every region, all ecosystems and pools together; see :func:`sinks.results.frames.totals`.

        >>> run.totals("net_removals", level="league")  # doctest: +SKIP
        """
        return frames.totals(self.contents, quantity, level, period)

    def by(
        self, part: str, quantity: str = "net_removals", *, level: str | None = None, period: str | None = None
    ) -> pd.DataFrame:
        """A quantity by ``ecosystem``, ``pool`` or ``stratum``; see :func:`sinks.results.frames.by_part`."""
        return frames.by_part(self.contents, part, quantity, level, period)

    def transitions(self, region: str, period: str | None = None) -> pd.DataFrame:
        """Land [ha] by ecosystem before and after; see :func:`sinks.results.frames.transition_matrix`."""
        return frames.transition_matrix(self.contents, region, period)

    def to_geodataframe(
        self,
        quantity: str | Sequence[str] = "net_removals",
        *,
        level: str | None = None,
        period: str | None = None,
        shape: Literal["long", "wide"] = "long",
    ) -> gpd.GeoDataFrame:
        """Totals with the outlines of their regions; see :func:`sinks.results.frames.with_geometry`."""
        return frames.with_geometry(self.contents, quantity, level, period, shape)

    def density(
        self,
        dates: str | Sequence[str] | None = None,
        pools: str | Sequence[str] | None = None,
        *,
        level: str | None = None,
        chunks: int | Mapping[str, int] | None = None,
    ) -> xr.DataArray:
        """Carbon density [t C/ha] cell by cell, (date, pool, y, x), painted when it is looked at; NaN: not known.

        With ``level`` each region by itself along ``region``: per hectare of what a cell has in the region, so that
        times :meth:`coverage` of the same level, summed over y and x, it is the account, cells on boundaries included.
        Where a cell lies wholly in one region its coverage is :attr:`cell_area`.  Land of a cell that is not estimated
        beside land that is counts as holding nothing.  ``chunks`` as of ``xarray.open_dataset``.

        >>> density = run.density(level="league")  # doctest: +SKIP
        >>> stock = (density * run.coverage("league")).sum(("y", "x"))  # doctest: +SKIP

        Raises
        ------
        RunError
            The run has no stock on a land cover, no such date, pool or level, or its layers are not what they were.
        """
        what = "carbon_stock_density"
        return self._painted().painted(what, periods=dates, pools=pools, level=level, chunks=chunks)

    def change(
        self,
        quantity: Literal["stock_change", "net_removals"] = "stock_change",
        periods: str | Sequence[str] | None = None,
        pools: str | Sequence[str] | None = None,
        *,
        level: str | None = None,
        chunks: int | Mapping[str, int] | None = None,
    ) -> xr.DataArray:
        """Change of stock [t C/ha over the period] or removals [t CO2/ha/yr], (period, pool, y, x).

        Arguments and errors as of :meth:`density`.
        """
        what = f"{quantity}_density"
        return self._painted().painted(what, periods=periods, pools=pools, level=level, chunks=chunks)

    @property
    def cell_area(self) -> xr.DataArray:
        """True area [ha] of every cell of the land cover that the regions reach, (y, x)."""
        return self._painted().cell_area()

    def coverage(self, level: str | None = None, *, chunks: int | Mapping[str, int] | None = None) -> xr.DataArray:
        """Area [ha] of each cell inside each region, (region, y, x); by default of the finest regions.

        Its sum over ``region`` is :attr:`cell_area` wherever the regions fill the cell.
        """
        return self._painted().coverage(level, chunks)
