"""How a project that has passed its checks shows itself in a notebook, and what it reads once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinks.errors import Problem
from sinks.folds import folded, items, nouns, of_frame, part
from sinks.text import message

if TYPE_CHECKING:
    from sinks.account.entries import Entry
    from sinks.analysis.land_survey import LandSurvey
    from sinks.geo.regions import Regions
    from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
    from sinks.layers.stands.vector import VectorLayer
    from sinks.layers.tables.plan import TableLayer
    from sinks.project.project import Project


class PreparedView:
    """What is seen of a prepared project: regions, layers, methodologies and notes."""

    project: Project
    regions: Regions
    land_cover: CategoricalLayer | None
    strata: tuple[CategoricalLayer, ...]
    inputs: tuple[ContinuousLayer, ...]
    vectors: tuple[VectorLayer, ...]
    tables: tuple[TableLayer, ...]
    entries: tuple[Entry, ...]
    notes: tuple[Problem, ...]

    @cached_property
    def land_survey(self) -> LandSurvey | None:
        """The land survey, read once and held against regions and dates; None without one.

        Raises
        ------
        LayerError, AssessmentError
            With what does not fit.
        """
        from sinks.analysis.land_survey import read_survey

        section, project = self.project.land_survey, self.project
        return None if section is None else read_survey(section, project.path, project.dates, self.regions.frame)

    def __repr__(self) -> str:
        values = {"name": self.project.project.name, "regions": len(self.regions.units), "notes": len(self.notes)}
        return message("folds.checked_head", layers=len(self._layers), **values)

    def _repr_html_(self) -> str:
        methods = pd.DataFrame(
            [(e.method.id, str(e.method.methodology.title), ", ".join(e.ecosystems), e.role) for e in self.entries],
            columns=["id", "title", "ecosystems", "role"],
        )
        notes = [str(note) for note in self.notes]
        return folded(
            repr(self),
            [
                part("folds.notes", items(notes), len(notes), opened=bool(notes)),
                part("folds.regions", self.regions._repr_html_(), len(self.regions)),
                part("folds.layers", items(self._layers), len(self._layers)),
                of_frame("folds.methodologies", methods),
                part("folds.project", self.project._repr_html_()),
            ],
        )

    def __dir__(self) -> list[str]:
        return nouns(self)

    @property
    def _layers(self) -> list[str]:
        """Names of the layers that are read."""
        layers: list[Any] = [*self.strata, *self.inputs, *self.vectors, *self.tables]
        return [str(one.name) for one in ([self.land_cover, *layers] if self.land_cover else layers)]
