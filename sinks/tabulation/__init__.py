"""The one pass over the layers: from rasters and regions to the joint table.

Names are loaded when they are first asked for, since compiled kernels and GDAL come with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sinks.tabulation.joint import Joint
    from sinks.tabulation.tabulation import check_files, check_layers, tabulate

__all__ = ["Joint", "check_files", "check_layers", "tabulate"]


def __getattr__(name: str) -> object:
    if name in ("check_files", "check_layers", "tabulate"):
        from sinks.tabulation import tabulation

        return getattr(tabulation, name)
    if name == "Joint":
        from sinks.tabulation.joint import Joint

        return Joint
    raise AttributeError(name)
