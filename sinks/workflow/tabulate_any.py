"""One verb for two things: the activity table of a project, and rasters by polygon."""

from __future__ import annotations

from typing import Any, overload

from sinks.activity import Activity
from sinks.workflow.tabulate_over import Tabulated, tabulate_over
from sinks.workflow.verbs import tabulate as tabulate_project


@overload
def tabulate(source: Any, regions: None = None, **options: Any) -> Activity: ...


@overload
def tabulate(source: Any, regions: Any, **options: Any) -> Tabulated: ...


def tabulate(source: Any, regions: Any = None, **options: Any) -> Activity | Tabulated:
    """Count rasters by region.

    Without ``regions`` the activity table of a project (:func:`sinks.workflow.verbs.tabulate`); with them areas,
    transitions and means of rasters by polygon (:func:`sinks.workflow.tabulate_over.tabulate_over`).

    Parameters
    ----------
    source : Project or path; or DataArray, path, mapping of dates to these, or None
        A project; or a land cover, None for means alone.
    regions : GeoDataFrame or path, optional
    **options
        As of the two functions.

    Returns
    -------
    Activity or Tabulated

    >>> sinks.tabulate({2020: "a.tif", 2023: "b.tif"}, leagues, legend="clcd").areas  # doctest: +SKIP
    """
    if regions is None:
        return tabulate_project(source, **options)
    return tabulate_over(source, regions, **options)
