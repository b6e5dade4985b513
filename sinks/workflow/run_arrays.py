"""A finished run as arrays of xarray: densities and changes cell by cell, and the areas that they go with.

The layers are counted once, when the first array is asked for; cells are painted when they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinks.errors import Problem, RunError
from sinks.layers.rasters.raster import inspect
from sinks.output.painting.amounts import Amounts, Subject, amounts, painted_pools
from sinks.output.painting.canvas import Scene
from sinks.output.painting.lazy import (
    Chunks,
    Floats,
    Ground,
    Painter,
    cell_areas,
    density_of,
    labels_of,
    lazy_array,
)
from sinks.output.painting.painter import Layers, reference_grid
from sinks.output.painting.palette import densities, narrowed, palette
from sinks.results.contents import RunContents
from sinks.results.frames import units_below
from sinks.tabulation import Joint, tabulate
from sinks.text import message

if TYPE_CHECKING:
    import xarray as xr

_CF = {"t C/ha": "t ha-1", "t CO2/ha/yr": "t ha-1 yr-1"}
"""Units as UDUNITS reads them; of which substance, ``unit`` and the long name say."""


@dataclass(frozen=True, eq=False)
class RunArrays:
    """What the arrays of a run are painted from.

    Parameters
    ----------
    contents : RunContents
    layers : Layers
        What the run was made from.
    """

    contents: RunContents
    layers: Layers

    def cell_area(self, chunks: Chunks = None) -> xr.DataArray:
        """True area of every cell [ha], (y, x), inside the regions or not."""
        attrs = {"long_name": "cell area on the ellipsoid", "standard_name": "cell_area", "units": "ha"}
        return self._array([cell_areas(self._ground)], {}, attrs, chunks)

    def coverage(self, level: str | None, chunks: Chunks = None) -> xr.DataArray:
        """Area of every cell that lies in each region [ha], (region, y, x); zero outside."""
        codes = self._codes(level)
        attrs = {"long_name": "area of the cell inside the region", "units": "ha"}
        painters = [self._ground_of(code).covered for code in codes]
        return self._array(painters, {"region": codes}, attrs, chunks)

    def painted(
        self,
        what: str,
        *,
        periods: Sequence[str] | str | None,
        pools: Sequence[str] | str | None,
        level: str | None,
        chunks: Chunks,
    ) -> xr.DataArray:
        """Densities of a quantity, (region?, date or period, pool, y, x), per hectare of a cell inside the regions.

        Parameters
        ----------
        what : str
            One of :data:`sinks.output.painting.amounts.WHAT`.
        periods, pools : str or sequence of str, optional
            By default all that the account has of the quantity on the land cover.
        level : str, optional
            Each region of this level by itself along ``region``, so that a cell on a boundary has the density of each.
        chunks : int or mapping, optional
            As of :func:`sinks.output.painting.lazy.lazy_array`.

        Raises
        ------
        RunError
            The run has no such figure, period, pool or level, or its layers are not what they were.
        """
        subjects = [Subject.of(what, period, self.contents.account) for period in self._periods(what, periods)]
        chosen = self._pools(subjects, pools)
        regions = self._codes(level) if level is not None else [None]
        laid = [(subject, self._laid(subject, pool)) for subject in subjects for pool in chosen]
        left_out = dict.fromkeys(method for _, found in laid for method in found.left_out)
        values = [self._values(subject, found) for subject, found in laid]
        painters = [self._painter(one, region) for region in regions for one in values]
        axis = "date" if what == "carbon_stock_density" else "period"
        leading = {axis: [subject.period for subject in subjects], "pool": chosen}
        if level is not None:
            leading = {"region": [str(code) for code in regions], **leading}
        return self._array(painters, leading, self._attrs(subjects[0], tuple(left_out)), chunks)

    @cached_property
    def _ground(self) -> Ground:
        return Ground.of(self.layers.units, reference_grid(self.layers.land_cover))

    @cached_property
    def _labels(self) -> tuple[Floats, Floats]:
        land_cover = self.layers.land_cover
        return labels_of(inspect(land_cover, min(land_cover.files)))

    @cached_property
    def _joint(self) -> Joint:
        return tabulate(self.layers.units, self.layers.land_cover, strata=self.layers.strata)

    @cached_property
    def _grounds(self) -> dict[str, Ground]:
        return {}

    def _ground_of(self, region: str) -> Ground:
        if region not in self._grounds:
            units = self.layers.units
            own = units[units["code"].isin(units_below(self.contents, region))]
            self._grounds[region] = Ground.of(own, self._ground.canvas.reference, self._ground.canvas)
        return self._grounds[region]

    def _codes(self, level: str | None) -> list[str]:
        frame = self.contents.regions.frame
        if level is None:
            return [str(code) for code in self.layers.units["code"]]
        if level not in set(frame["level"]):
            present = list(dict.fromkeys(frame["level"]))
            raise RunError(Problem("results.no_level", "level", {"found": level, "present": present}))
        return [str(code) for code in frame.loc[frame["level"] == level, "code"]]

    def _periods(self, what: str, asked: Sequence[str] | str | None) -> list[str | None]:
        if asked is not None:
            return [asked] if isinstance(asked, str) else list(asked)
        account = self.contents.account
        own = account.loc[account["quantity"] == what.removesuffix("_density"), "period"].astype(str)
        # None is for Subject.of to refuse, in its own words.
        return list(pd.unique(own)) or [None]

    def _pools(self, subjects: Sequence[Subject], asked: Sequence[str] | str | None) -> list[str]:
        entries, source = self.layers.entries, self.layers.land_cover.name
        account = self.contents.account
        # A methodology may have pools that no land of the run asks for.
        known = set(account.loc[account["quantity"] == subjects[0].quantity, "pool"])
        pools_of = (painted_pools(one, entries, source) for one in subjects)
        present = [pool for pool in dict.fromkeys(pool for found in pools_of for pool in found) if pool in known]
        wanted = present if asked is None else [asked] if isinstance(asked, str) else list(asked)
        if unknown := [pool for pool in wanted if pool not in present]:
            raise RunError(Problem("results.no_pool", "pools", {"found": unknown, "present": present}))
        if not wanted:
            self._laid(subjects[0], None)  # says why nothing can be painted
        return wanted

    def _laid(self, subject: Subject, pool: str | None) -> Amounts:
        layers = self.layers
        source = layers.land_cover.name
        return amounts(subject, layers.inputs, layers.entries, source, self.contents.account, pool=pool)

    def _values(self, subject: Subject, found: Amounts) -> Callable[[], tuple[Joint, Floats]]:
        """The joint table of the dates of a subject with its densities, made when they are first asked for."""

        @cache
        def made() -> tuple[Joint, Floats]:
            joint = narrowed(self._joint, subject.dates)
            return joint, densities(joint, self.contents.activity, found)

        return made

    def _scene(self, values: Callable[[], tuple[Joint, Floats]], ground: Ground) -> Scene:
        """What paints densities on the land of all regions, or of one."""
        joint, found = values()
        inside = joint.table["region_code"].astype(str).isin(ground.codes).to_numpy()
        own = replace(joint, table=joint.table[inside].reset_index(drop=True))
        return ground.scene(palette(own, found[inside], ground.canvas.reference, ground.codes))

    def _painter(self, values: Callable[[], tuple[Joint, Floats]], region: str | None) -> Painter:
        """A painter whose table of densities is made when the first window is asked for."""

        @cache
        def made() -> Painter:
            ground = self._ground if region is None else self._ground_of(region)
            return density_of(self._scene(values, ground), ground)

        return lambda window: made()(window)

    def _attrs(self, subject: Subject, left_out: tuple[str, ...]) -> dict[str, Any]:
        record = self.contents.record
        attrs = {
            "long_name": f"{subject.quantity} per hectare, as {subject.unit.split('/')[0].removeprefix('t ')}",
            "units": _CF.get(subject.unit, subject.unit),
            "unit": subject.unit,
            "title": str(record["title"]),
            "run_created": str(record["created"]),
        }
        if left_out:
            attrs["left_out"] = message("painting.left_out", methods=left_out)
        if record["demonstration"]:
            attrs["notice"] = message("output.demonstration")
        return attrs

    def _array(
        self, painters: Sequence[Painter], leading: dict[str, list[str]], attrs: dict[str, Any], chunks: Chunks
    ) -> xr.DataArray:
        return lazy_array(self._ground.canvas, painters, leading, attrs, chunks, self._labels)
