"""The archive of a series: a folder of runs with a register, to which years are added and which can be made anew.

::

    archive/
      register.csv            one row for each vintage
      inputs.csv              every file that a vintage has read, by checksum
      vintages/2025-1/        a run folder over all years up to the last
      sums/2025-1/            what this vintage has added to the sums of the pass
      definitions/2025-1.json what its figures rest on, to be compared with the next

The register is written last.  What stands in the other folders without a row of it was left by an attempt that failed,
and is replaced by the next.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sinks.activity import Activity
from sinks.errors import Problem, Problems, RunError, path_of
from sinks.folds import folded, nouns, of_frame
from sinks.project.dates import for_dates, joined, stored
from sinks.project.project import Project
from sinks.provenance import InputFile
from sinks.results import atomic
from sinks.results.run_folder import read_run, write_exports, write_run
from sinks.results.verified import unverified_digest
from sinks.series.definition import Definition, changed_parts, definition_of, grids_of
from sinks.series.made import GRID, Made, finished
from sinks.series.recalculation import compare_vintages, recalculation
from sinks.series.register import (
    APPENDED,
    APPROVED,
    BEGUN,
    DRAFT,
    FILE,
    RECALCULATED,
    SUBMITTED,
    SUPERSEDED,
    Register,
    Vintage,
)
from sinks.series.sums import digest_of, joined_sums, new_sums
from sinks.series.years import Years, years_of_series, years_with
from sinks.text import message
from sinks.trust.consent import trusting
from sinks.workflow.check import check as check_prepared
from sinks.workflow.check import check_assessment, check_plans, with_notes
from sinks.workflow.consent import check_consent
from sinks.workflow.finished_run import Run
from sinks.workflow.land_survey import check_land_survey
from sinks.workflow.prepare import Prepared, prepare
from sinks.workflow.run_contents import input_files
from sinks.workflow.tabulate_layers import Progress, tabulate_layers

INPUTS = "inputs.csv"
_OTHER = {
    "product": "series.other_product",
    "legend": "series.other_legend",
    "methodology": "series.other_methodology",
    "definition": "series.other_definition",
}


@dataclass(frozen=True, repr=False)
class Series:
    """An archive of runs, year after year.

    Attributes
    ----------
    folder : Path
    register : Register
        As it was when the archive was opened.
    """

    folder: Path
    register: Register

    @classmethod
    def open(cls, folder: str | Path, *, new: bool = False) -> Series:
        """Open an archive.

        Parameters
        ----------
        folder : path
        new : bool
            Whether there may be nothing yet.

        Raises
        ------
        RunError
            There is no archive, or its register cannot be read.
        """
        place = path_of(folder, RunError).resolve()
        if (place / FILE).is_file():
            return cls(place, Register.read(place / FILE))
        if not new or (place.exists() and any(place.iterdir())):
            raise RunError(Problem("series.no_archive", str(place)))
        return cls(place, Register())

    def __repr__(self) -> str:
        return message("folds.series_head", count=len(self.register.rows), folder=self.folder)

    def _repr_html_(self) -> str:
        files = self.inputs() if self.register.rows else pd.DataFrame()
        parts = [of_frame("folds.vintages", self.register.table(), opened=True), of_frame("folds.files", files)]
        return folded(repr(self), parts)

    def __dir__(self) -> list[str]:
        return nouns(self)

    def add(
        self,
        project: Project | str | Path,
        *,
        new_segment: bool = False,
        cause: str = "",
        trust: bool = False,
        threads: int | None = None,
        progress: Progress = False,
    ) -> Series:
        """Add the years of a project that the series does not have; only they and the last year before are read.

        The first project begins the series with all of its years.

        Parameters
        ----------
        project : Project or path
            With the last year of the series among its dates, and later ones.
        new_segment : bool
            Begin a line of its own, of all dates of the project: its product, legend, methodology or definition is
            another, and no figure of it is joined to those before.
        cause : str
            Why, for a new segment.
        trust, threads, progress
            As of :func:`sinks.run`.

        Returns
        -------
        Series
            The archive with one vintage more, a draft.

        Raises
        ------
        SinksError
            The project cannot be used, does not go on from the series, or is of another definition.  Nothing is
            written then.
        """
        with self._alone() as here, trusting(trust):
            given = project if isinstance(project, Project) else Project.read(project)
            check_consent(given)
            last = here.register.last()
            if last is None or new_segment:
                if new_segment and last is not None and not cause:
                    raise RunError(Problem("series.no_cause", str(given.file or "project")))
                segment = max((row.segment for row in here.register.rows), default=0) + 1
                made = Made.anew(given, threads, progress)
                return here._keep(made, BEGUN, None, segment, cause)
            made = here._appended(given, last, threads, progress)
            return here._keep(made, APPENDED, last, last.segment, "")

    def recalculate(
        self,
        project: Project | str | Path,
        cause: str,
        *,
        trust: bool = False,
        threads: int | None = None,
        progress: Progress = False,
    ) -> Series:
        """Make all years of the newest segment anew, because a map, a legend, a method or a definition has changed.

        The vintage that is made holds the table ``recalculation`` (:func:`sinks.series.recalculation.recalculation`).

        Parameters
        ----------
        project : Project or path
            With every year of the series.
        cause : str
            Why, in words that an inventory report can print.
        trust, threads, progress
            As of :func:`sinks.run`.

        Raises
        ------
        SinksError
            The project cannot be used or lacks a year; nothing is written then.
        """
        with self._alone() as here, trusting(trust):
            given = project if isinstance(project, Project) else Project.read(project)
            where = str(given.file or "project")
            last = here.register.last()
            problems = Problems()
            if last is None:
                problems.add("series.nothing_yet", str(self.folder))
            elif missing := sorted(set(last.years) - set(given.dates)):
                problems.add("series.years_missing", where, missing=missing, vintage=last.vintage)
            if not cause.strip():
                problems.add("series.no_cause", where)
            problems.raise_as(RunError)
            assert last is not None
            before = here.run(last.vintage)
            check_consent(given)
            made = Made.anew(given, threads, progress)
            changed = changed_parts(here.definition(last), made.definition)
            table = recalculation(before.contents, made.run.contents, changed)
            made = made.with_table("recalculation", table)
            said = "; ".join([cause.strip(), *(f"{part}: {names}" for part, names in changed.items())])
            return here._keep(made, RECALCULATED, last, last.segment, said)

    def set_status(self, vintage: str, status: str) -> Series:
        """Say how far a vintage has come: ``submitted``, ``approved``, ``superseded``, or back to ``draft``.

        One that is handed in gets its workbook and its GeoPackage (:meth:`export`).

        Raises
        ------
        RunError
            There is no such vintage or status, it cannot come from where it is, or its run has been changed.
        """
        with self._alone() as here:
            contents = here.run(vintage).contents
            register = here.register.with_status(vintage, status)
            if status in (SUBMITTED, APPROVED):
                write_exports(contents, self.folder / "vintages" / vintage)
            register.write(self.folder / FILE)
            return replace(here, register=register)

    def export(self, vintage: str | None = None) -> list[Path]:
        """Write workbook and GeoPackage of a vintage, by default the newest, into its folder.

        A draft has the tables only: most are replaced before anybody opens a workbook.

        Returns
        -------
        list of Path
            What was written; nothing where both are there.

        Raises
        ------
        RunError
            There is no such vintage, or its run has been changed.
        """
        with self._alone() as here:
            row = here.register.get(vintage) if vintage else here.register.last()
            contents = here.run(vintage).contents
            assert row is not None
            return write_exports(contents, self.folder / "vintages" / row.vintage)

    def run(self, vintage: str | None = None) -> Run:
        """The run of a vintage, by default the newest.

        Raises
        ------
        RunError
            There is none, or it is not what the register says.
        """
        row = self.register.get(vintage) if vintage else self.register.last()
        if row is None:
            raise RunError(Problem("series.nothing_yet", str(self.folder)))
        folder = self.folder / "vintages" / row.vintage
        contents = read_run(folder)
        if unverified_digest(folder) != row.run_sha256:
            raise RunError(Problem("series.run_changed", str(folder), {"vintage": row.vintage}))
        return Run(contents, trust=True)

    def years(self, *, approved: bool = False) -> Years:
        """Stock, sink and area of every region by year, with the breaks between segments.

        Parameters
        ----------
        approved : bool
            Only vintages that are approved, by default the newest of each segment.

        Raises
        ------
        RunError
            There is no such vintage, or a run is not what the register says.
        """
        return years_of_series(self, approved=approved)

    def compare(self, old: str, new: str) -> pd.DataFrame:
        """Two vintages side by side, for the same periods only (:func:`sinks.series.recalculation.compare_vintages`).

        Raises
        ------
        RunError
            There is no such vintage, or they have no period in common.
        """
        return compare_vintages(self.run(old).contents, self.run(new).contents, (old, new))

    def definition(self, row: Vintage) -> Definition:
        """What the figures of a vintage rest on.

        Raises
        ------
        RunError
            The archive does not have it.
        """
        path = self.folder / "definitions" / f"{row.vintage}.json"
        try:
            found: Definition = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise RunError(Problem("series.file_missing", str(path))) from None
        return found

    def inputs(self) -> pd.DataFrame:
        """Every file that a vintage has read: ``vintage, path, size, sha256``."""
        path = self.folder / INPUTS
        columns = ["vintage", "path", "size", "sha256"]
        return pd.read_csv(path, dtype=str) if path.is_file() else pd.DataFrame(columns=columns)

    def sums(self, row: Vintage) -> Activity:
        """The sums of the pass over all years of a vintage, kept by it and by those that it has added to.

        Raises
        ------
        RunError
            They are not what the register says.
        """
        problems, parts = Problems(), []
        for one in self.register.additions(row):
            folder = self.folder / "sums" / one.vintage
            if not folder.is_dir():
                problems.add("series.file_missing", folder)
            elif digest_of(folder) != one.sums_sha256:
                problems.add("series.sums_changed", folder, vintage=one.vintage)
            else:
                parts.append(Activity.from_parquet(folder))
        problems.raise_as(RunError)
        return joined_sums(parts)

    @contextmanager
    def _alone(self) -> Iterator[Series]:
        """The archive as it is now, with all other writers kept out."""
        try:
            with atomic.exclusive(self.folder):
                yield Series.open(self.folder, new=True)
        except OSError as error:
            raise atomic.explained(error, self.folder) from error

    def _appended(self, given: Project, last: Vintage, threads: int | None, progress: Progress) -> Made:
        """A run over the years of the series and those that a project adds, of which only the new ones are read."""
        where = str(given.file or "project")
        partner = last.years[-1]
        added = [date for date in given.dates if date > partner]
        problems = Problems()
        if not added:
            problems.add("series.nothing_new", where, last=partner, dates=list(given.dates))
        if partner not in given.dates:
            problems.add("series.no_partner", where, partner=partner, dates=list(given.dates))
        if foreign := [date for date in given.dates if date < partner and date not in last.years]:
            problems.add("series.earlier_date", where, dates=foreign, years=list(last.years))
        problems.raise_as(RunError)
        before, kept = self.run(last.vintage), self.sums(last)
        pair = for_dates(given, [partner, *added])
        prepared = prepare(pair)
        definition = definition_of(prepared, given)
        self._check_definition(prepared, definition, last, where)
        earlier = stored(before.record)
        whole = replace(prepared, project=joined(earlier, given))
        check_assessment(whole)
        check_plans(whole)
        check_land_survey(whole)
        states = check_prepared(prepared)
        with ThreadPoolExecutor(max_workers=1) as beside:
            files = beside.submit(input_files, pair)
            found = tabulate_layers(prepared, states, threads=threads, progress=progress)
        read = files.result()
        self._check_files(earlier, before.record["inputs"], read, partner)
        sums = new_sums(kept, found, partner)
        old = [InputFile.from_json(file) for file in before.record["inputs"]]
        every = {file.path: file for file in (*old, *read)}
        run = finished(with_notes(whole, states), joined_sums([kept, sums]), list(every.values()))
        return Made(run, sums, definition | {GRID: self.definition(last)[GRID]}, read)

    def _check_definition(self, prepared: Prepared, found: Definition, last: Vintage, where: str) -> None:
        """Refuse a project whose figures may not stand in one line with those of the series."""
        problems, kept = Problems(), self.definition(last)
        for part, names in changed_parts(kept, found).items():
            problems.add(_OTHER[part], where, names=names, vintage=last.vintage)
        grids, expected = grids_of(prepared), kept[GRID].get("land_cover", "")
        for date, grid in grids.items():
            if grid != expected:
                problems.add("series.other_grid", f"{where}: land_cover.{date}", found=grid, expected=expected)
        problems.raise_as(RunError)

    def _check_files(
        self, earlier: Project, recorded: Sequence[dict[str, Any]], read: Sequence[InputFile], partner: str
    ) -> None:
        """Refuse a file of the partner date that is no longer the one that the series has read."""
        known = {file["path"]: file["sha256"] for file in recorded}
        dated = {path for place, path in earlier.files() if place.endswith(f".{partner}")}
        problems = Problems()
        for file in read:
            if file.path in dated and known.get(file.path, file.sha256) != file.sha256:
                values = {"found": file.sha256[:12], "expected": known[file.path][:12], "date": partner}
                problems.add("series.input_changed", file.path, **values)
        problems.raise_as(RunError)

    def _keep(self, made: Made, how: str, base: Vintage | None, segment: int, cause: str) -> Series:
        """Write a vintage into the archive, its row of the register last."""
        dates = made.run.record["project"]["project"]["dates"]
        name = self.register.name_for(dates)
        row = Vintage(
            vintage=name,
            status=DRAFT,
            made=how,
            base=base.vintage if base else "",
            segment=segment,
            dates=" ".join(sorted(dates)),
            created=str(made.run.record["created"]),
            methodology="; ".join(f"{one['id']} {one['edition']}" for one in made.run.record["methodologies"]),
            product=made.definition["product"]["land_cover"],
            cause=cause,
            run_sha256="",
            sums_sha256="",
        )
        made = made.with_table("years", years_with(self, made.run.contents, row, made.definition))
        run = made.named({"vintage": name, "made": how, "base": row.base, "segment": segment})
        folder = self.folder / "vintages" / name
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed; no row of the register knows it
        write_run(run.contents, folder, exports=False)
        sums = self.folder / "sums" / name
        shutil.rmtree(sums, ignore_errors=True)
        made.sums.to_parquet(sums)
        text = json.dumps(made.definition, ensure_ascii=False, indent=2)
        atomic.write_file(self.folder / "definitions" / f"{name}.json", text.encode())
        read = pd.DataFrame([{"vintage": name, **file.to_json()} for file in made.files])
        inputs = self.inputs()
        inputs = pd.concat([inputs[inputs["vintage"] != name], read.astype(str)], ignore_index=True)
        atomic.write_file(self.folder / INPUTS, inputs.to_csv(index=False).encode("utf-8-sig"))
        row = replace(row, run_sha256=unverified_digest(folder), sums_sha256=digest_of(sums))
        register = self.register.with_row(row)
        if how == RECALCULATED and base is not None and base.status == DRAFT:
            # A draft that was never handed in is replaced at once; what was handed in stays until its heir is approved.
            register = register.with_status(base.vintage, SUPERSEDED)
        register.write(self.folder / FILE)
        return replace(self, register=register)
