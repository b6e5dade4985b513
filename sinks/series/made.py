"""A run that is about to be kept: how it is made, and what goes into the archive with it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sinks.activity import Activity
from sinks.errors import Problems, RunError
from sinks.project.project import Project
from sinks.provenance import InputFile
from sinks.series.definition import Definition, definition_of, grids_of
from sinks.series.sums import steps_of
from sinks.workflow.check import check as check_prepared
from sinks.workflow.check import with_notes
from sinks.workflow.finished_run import Run
from sinks.workflow.make_account import account_inputs, assess_or_say, make_account
from sinks.workflow.map_noise import table_of_noise
from sinks.workflow.prepare import Prepared, prepare
from sinks.workflow.run_contents import gather_contents, input_files
from sinks.workflow.tabulate_layers import Progress, tabulate_layers

GRID = "grid"
"""Part of a stored definition with the grid of the land cover, which every map of the series has."""


@dataclass(frozen=True)
class Made:
    """A run that is to be kept, with what it has added to the sums, what it rests on, and the files it has read."""

    run: Run
    sums: Activity
    definition: Definition
    files: Sequence[InputFile]

    @classmethod
    def anew(cls, project: Project, threads: int | None, progress: Progress) -> Made:
        """A run over all dates of a project."""
        prepared = prepare(project)
        definition, grids = definition_of(prepared), grids_of(prepared)
        first = next(iter(grids.values()), "")
        problems = Problems()
        for date, grid in grids.items():
            if grid != first:
                where = f"{project.file or 'project'}: land_cover.{date}"
                problems.add("series.other_grid", where, found=grid, expected=first)
        problems.raise_as(RunError)
        states = check_prepared(prepared, to_run=True)
        with ThreadPoolExecutor(max_workers=1) as beside:
            files = beside.submit(input_files, project)
            activity = tabulate_layers(prepared, states, threads=threads, progress=progress)
        run = finished(with_notes(prepared, states), activity, files.result())
        return cls(run, steps_of(activity), definition | {GRID: {"land_cover": first}}, files.result())

    def named(self, record: dict[str, Any]) -> Run:
        """The run, whose record says which vintage it is."""
        contents = self.run.contents
        return replace(self.run, contents=replace(contents, record=contents.record | {"series": record}))

    def with_table(self, name: str, table: pd.DataFrame) -> Made:
        """The same with one table more in its run."""
        contents = self.run.contents
        tables = {**contents.tables, name: table}
        return replace(self, run=replace(self.run, contents=replace(contents, tables=tables)))


def finished(prepared: Prepared, activity: Activity, files: Sequence[InputFile]) -> Run:
    """The run of an activity, as :func:`sinks.run` makes it after its pass."""
    inputs = account_inputs(prepared, activity)
    account = make_account(prepared, inputs)
    noise = table_of_noise(prepared, inputs, account.table)
    assessed, why = assess_or_say(prepared, inputs, account, noise)
    prepared = replace(prepared, notes=(*prepared.notes, *why))
    return Run(gather_contents(prepared, inputs, account, noise, assessed, files), trust=True)
