"""The whole path in one place: project -> regions and layers -> activity -> account -> checks -> run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sinks.accounting import Accounting, check_accuracy, declared_correlations
from sinks.activity import Activity
from sinks.collect import Progress, check_needs, check_rasters, collect, layer_states
from sinks.errors import ProjectError
from sinks.finished import Run
from sinks.prepare import Gather, Prepared, later, prepare
from sinks.project import Project
from sinks.tabulate.checkpoint import FILE_NAME

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Progress", "Run", "check", "ensure_writable", "open_run", "run", "tabulate"]


def run(
    project: Project | str | Path,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    resume: bool = False,
    scheduler: Client | str | None = None,
) -> Run:
    """Make the account of a project.

    Parameters
    ----------
    project : Project or path
        A project file, or the ``run.json`` of an earlier run.
    threads, block_size, progress, checkpoint, scheduler
        See :func:`sinks.tabulate.tabulate`; ``scheduler`` is a dask ``Client`` or the address of a scheduler.
    resume : bool
        Go on from ``checkpoint``; without it an old checkpoint is thrown away.

    Returns
    -------
    Run

    Raises
    ------
    SinksError
        The input is at fault; everything that can be known before the pass is said before it, all at once.
    """
    from sinks.contents import input_files, run_contents

    prepared = _prepared(project)
    # What the account will need besides the pass fails before it.
    check_accuracy(prepared)
    declared_correlations(prepared)
    _check_assessment(prepared)
    if checkpoint is not None and not resume:
        _forget(Path(checkpoint))
    # Checksums read every file once more; they run beside the pass, which leaves the disk idle while it counts.
    with ThreadPoolExecutor(max_workers=1) as beside:
        files = beside.submit(input_files, prepared.project)
        activity, notes = collect(
            prepared,
            threads=threads,
            block_size=block_size,
            progress=progress,
            checkpoint=checkpoint,
            scheduler=scheduler,
        )
        accounting = Accounting(prepared, activity)
        return Run(run_contents(accounting, [*prepared.regions.notes, *notes], files.result()))


def tabulate(
    project: Project | str | Path,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    scheduler: Client | str | None = None,
) -> Activity:
    """Only the activity table of a project; see :func:`run`."""
    activity, _ = collect(
        _prepared(project),
        threads=threads,
        block_size=block_size,
        progress=progress,
        checkpoint=checkpoint,
        scheduler=scheduler,
    )
    return activity


def check(project: Project | str | Path) -> Prepared:
    """Check a project, its layers and its methodologies without running it.

    Returns
    -------
    Prepared
        With all that was noted of regions and layers.

    Raises
    ------
    SinksError
        With every problem found.
    """
    prepared, gather = _prepared(project), Gather()
    layers = gather(lambda: layer_states(prepared))
    for step in (check_rasters, check_accuracy, declared_correlations, _check_assessment):
        gather(later(step, prepared))
    gather.problems.raise_as(ProjectError)
    noted = (note for layer in layers or () for note in layer.notes)
    return replace(prepared, notes=(*prepared.regions.notes, *noted))


def _check_assessment(prepared: Prepared) -> None:
    """Read the tables of the assessment; whether they fit the account is known when there is one."""
    from sinks.assessment.evaluate import read_section

    if prepared.project.assessment is not None:
        read_section(prepared.project.assessment, prepared.project.path)


def open_run(folder: str | Path) -> Run:
    """Read a run folder back.

    Raises
    ------
    RunError
        The folder is no run, or is damaged.
    """
    from sinks.output.folder import read_run

    return Run(read_run(Path(folder)))


def ensure_writable(folder: Path, *, force: bool = False) -> None:
    """Refuse a destination before the work is done and not after it.

    Raises
    ------
    RunError
        The folder is there and may not be replaced.
    """
    from sinks.output.folder import check_destination

    check_destination(Path(folder), force=force)


def _forget(folder: Path) -> None:
    """Throw an old checkpoint away: its own file, and nothing else that may stand in the folder."""
    name = Path(FILE_NAME)
    for path in (folder / name, *folder.glob(f"{name.stem}.*.tmp")):
        path.unlink(missing_ok=True)


def _prepared(project: Project | str | Path) -> Prepared:
    prepared = prepare(project if isinstance(project, Project) else Project.read(project))
    check_needs(prepared)
    return prepared
