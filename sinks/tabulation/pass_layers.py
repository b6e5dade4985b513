"""The layers of a pass, the order of their files, and what is watched of them."""

from __future__ import annotations

from dataclasses import dataclass

from sinks.errors import LayerError, Problems, SinksError
from sinks.input_sets import InputSet
from sinks.layers.rasters.raster import (
    STATIC,
    CategoricalLayer,
    ContinuousLayer,
    Layer,
    RasterSource,
    check_declaration,
    inspect,
)
from sinks.tabulation.joint import column
from sinks.tabulation.unread import with_sampled_codes

Slot = tuple[Layer, str]
"""A layer and a date (or ``static``): one file of the pass."""


@dataclass(frozen=True)
class PassLayers:
    """The layers of a pass and the order of their files: land cover by date, strata, inputs."""

    land_cover: CategoricalLayer
    strata: tuple[CategoricalLayer, ...]
    inputs: tuple[ContinuousLayer, ...]
    watched: tuple[InputSet, ...] = ()

    @property
    def dates(self) -> tuple[str, ...]:
        return tuple(sorted(date for date in self.land_cover.files if date != STATIC))

    @property
    def categorical(self) -> list[tuple[CategoricalLayer, str]]:
        return [(layer, date) for layer in (self.land_cover, *self.strata) for date in self._dates(layer)]

    @property
    def continuous(self) -> list[tuple[ContinuousLayer, str]]:
        return [(layer, date) for layer in self.inputs for date in self._dates(layer)]

    @property
    def watches(self) -> list[tuple[InputSet, str]]:
        """What is watched, by date of the land cover."""
        return [(watched, date) for date in self.dates for watched in self.watched]

    def _dates(self, layer: Layer) -> tuple[str, ...]:
        return (STATIC,) if STATIC in layer.files else self.dates

    def inspect(self) -> dict[str, RasterSource]:
        """Every file on the reference grid, by column; all problems at once."""
        self._check()
        problems = Problems()
        found: dict[str, RasterSource] = {}
        resampling: dict[str, str | None] = {}
        everything: list[Slot] = [*self.categorical, *self.continuous]
        for layer, date in everything:
            try:
                found[column(layer, date)] = inspect(layer, date)
                resampling[column(layer, date)] = layer.resampling
            except SinksError as error:
                problems.extend(error)
        first = found.get(column(self.land_cover, self.dates[0]))
        if first is not None:
            for name, source in found.items():
                try:
                    found[name] = source.on(first.grid, resampling[name])
                except SinksError as error:
                    problems.extend(error)
        if len(problems):
            raise LayerError(*with_sampled_codes(problems, self, found))
        return found

    def _check(self) -> None:
        problems = Problems()
        everything: tuple[Layer, ...] = (self.land_cover, *self.strata, *self.inputs)
        if not self.dates:
            problems.add("tabulate.no_dates", self.land_cover.name, present=sorted(self.land_cover.files))
        names = [layer.name for layer in everything]
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.add("tabulate.name_twice", name)
        for layer in everything:
            check_declaration(layer, self.dates, problems)
        problems.raise_as(LayerError)
