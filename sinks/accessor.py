"""``da.sinks.tabulate(gdf)``: the pass over an array, at hand where the array is.

Importing this gives every ``xarray.DataArray`` the accessor ``sinks``, as ``import rioxarray`` gives it ``rio``.
``import sinks`` does it too where xarray has been imported before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from sinks.workflow.tabulate_over import Tabulated


@xr.register_dataarray_accessor("sinks")  # type: ignore[no-untyped-call]  # xarray has no types for it
class SinksAccessor:
    """What this package does with one array.

    Parameters
    ----------
    array : DataArray
        With axes along x and y and ``rio.crs``; a dimension ``time``, ``date`` or ``year`` for dates.
    """

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def tabulate(self, regions: Any, **options: Any) -> Tabulated:
        """Areas by class of an array of whole numbers, or means of one of fractions, by polygon.

        Parameters
        ----------
        regions : GeoDataFrame or path
        **options
            As of :func:`sinks.tabulate` with regions; with ``legend`` the array is classes whatever its type.

        Returns
        -------
        Tabulated
            ``means`` have the array by its name, or as ``value`` where it has none.
        """
        from sinks.workflow.tabulate_over import tabulate_over

        classes = "legend" in options or np.issubdtype(self._array.dtype, np.integer)
        if classes:
            return tabulate_over(self._array, regions, **options)
        return tabulate_over(
            None,
            regions,
            means={"value" if self._array.name is None else str(self._array.name): self._array},
            **options,
        )
