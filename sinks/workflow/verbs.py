"""The verbs of a project file, and the whole path in one place.

Project -> regions, layers and methodologies -> checks -> activity -> account -> assessment -> run.

Each verb imports what it needs when it is called: who opens a run waits for none of what makes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from sinks.calls import spoken
from sinks.errors import LayerError, LegendError, Problem, ProjectError, RunError, path_of
from sinks.workflow.run_time import now

if TYPE_CHECKING:
    from distributed import Client

    from sinks.activity import Activity
    from sinks.project.project import Project
    from sinks.workflow.finished_run import Run
    from sinks.workflow.prepare import Prepared
    from sinks.workflow.tabulate_layers import Progress

__all__ = ["check", "ensure_writable", "open_run", "run", "tabulate"]


@spoken
def run(
    project: Project | str | Path,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    resume: bool = False,
    scheduler: Client | str | None = None,
    trust: bool = False,
) -> Run:
    """Make the account of a project.

    Parameters
    ----------
    project : Project or path
        A project file, or the ``run.json`` of an earlier run.
    threads, block_size, progress, checkpoint, scheduler
        See :func:`sinks.tabulation.tabulate`; ``scheduler`` is a dask ``Client`` or the address of a scheduler.
    resume : bool
        Go on from ``checkpoint``, which else is thrown away; it stays until :meth:`Run.write` has the result in place.
    trust : bool
        Let the project run Python of its own and read files beyond its folder (:mod:`sinks.trust`).

    Returns
    -------
    Run

    Raises
    ------
    SinksError
        The input is at fault; everything that can be known before the pass is said before it, all at once.
    """
    now()  # a wrong one is said here: libraries read it too as they load
    from sinks.workflow import steps

    with steps.stage(progress, "cli.stage_inputs"), steps.trusting(trust):
        prepared = steps.prepare(_read(project))
        states = steps.check(prepared, to_run=True)
    with ThreadPoolExecutor(max_workers=1) as beside:
        files = beside.submit(steps.input_files, prepared.project)  # the disk is idle while the pass counts
        with _forgetting(checkpoint, resume=resume):
            activity = steps.tabulate_layers(
                prepared,
                states,
                threads=threads,
                block_size=block_size,
                progress=progress,
                checkpoint=checkpoint,
                scheduler=scheduler,
            )
        with steps.stage(progress, "cli.stage_account"):
            inputs = steps.account_inputs(prepared, activity)
            account = steps.make_account(prepared, inputs)
            noise = steps.table_of_noise(prepared, inputs, account.table)
        with steps.stage(progress, "cli.stage_results"):
            assessed, why = steps.assess_or_say(prepared, inputs, account, noise)
            noted = steps.with_notes(prepared, states, why)
            contents = steps.gather_contents(noted, inputs, account, noise, assessed, files.result())
    return steps.Run(contents, trust=True, checkpoint=checkpoint, objects=prepared.project.objects)


@contextmanager
def _forgetting(checkpoint: Path | None, *, resume: bool) -> Iterator[None]:
    """Throw an old checkpoint away, and one whose input has to be corrected: sums over another input are of no use."""
    from sinks.tabulation.checkpoint import forget

    if checkpoint is not None and not resume:
        forget(Path(checkpoint))
    try:
        yield
    except (LayerError, LegendError):
        if checkpoint is not None:
            forget(Path(checkpoint))
        raise


@spoken
def tabulate(
    project: Project | str | Path,
    *,
    threads: int | None = None,
    block_size: int | None = None,
    progress: Progress = False,
    checkpoint: Path | None = None,
    scheduler: Client | str | None = None,
    trust: bool = False,
) -> Activity:
    """Only the activity table of a project; see :func:`run`."""
    now()  # a wrong one is said here: libraries read it too as they load
    from sinks.workflow import steps

    with steps.trusting(trust):
        prepared = steps.prepare(_read(project))
    return steps.tabulate_layers(
        prepared,
        steps.check_layers(prepared),
        threads=threads,
        block_size=block_size,
        progress=progress,
        checkpoint=checkpoint,
        scheduler=scheduler,
    )


@spoken
def check(project: Project | str | Path, *, trust: bool = False) -> Prepared:
    """Check a project, its layers and its methodologies without running it.

    Parameters
    ----------
    project : Project or path
    trust : bool
        As of :func:`run`.

    Returns
    -------
    Prepared
        With all that was noted of regions and layers.

    Raises
    ------
    SinksError
        With every problem found.
    """
    now()  # a wrong one is said here: libraries read it too as they load
    from sinks.workflow import steps

    with steps.trusting(trust):
        prepared = steps.prepare(_read(project))
    return steps.with_notes(prepared, steps.check(prepared))


@spoken
def open_run(folder: str | Path, *, trust: bool = False) -> Run:
    """Read a run folder back.

    Parameters
    ----------
    folder : path
    trust : bool
        As of :func:`run`, for questions that need the run's project once more.

    Raises
    ------
    RunError
        The folder is no run, or is damaged.
    """
    from sinks.results.run_folder import read_run
    from sinks.workflow.finished_run import Run

    place = path_of(folder, RunError)
    return Run(read_run(place), trust=trust, folder=place)


@spoken
def ensure_writable(folder: str | Path, *, force: bool = False) -> None:
    """Refuse a destination before the work is done and not after it.

    Raises
    ------
    RunError
        The folder is there and may not be replaced.
    """
    from sinks.results.run_folder import check_destination

    check_destination(path_of(folder, RunError), force=force)


def _read(project: Project | str | Path) -> Project:
    from sinks.project.project import Project

    if isinstance(project, Project):
        return project
    if not isinstance(project, str | PathLike):
        values = {"found": repr(project)[:80]}
        raise ProjectError(Problem("project.not_a_project", type(project).__name__, values))
    from sinks.workflow.read_project import read_project

    return read_project(project)
