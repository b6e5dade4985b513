"""A finished run: what it holds, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from sinks.assessment.answer import Answer, Origin
from sinks.calls import all_spoken
from sinks.errors import Problem, RunError, path_of
from sinks.folds import nouns
from sinks.objects import Held
from sinks.workflow.run_views import RunViews

if TYPE_CHECKING:
    import folium

    from sinks.activity import Activity
    from sinks.analysis.comparison import Comparison
    from sinks.analysis.decomposition import Difference
    from sinks.analysis.inventory import Inventory
    from sinks.analysis.quick_estimate import QuickEstimate
    from sinks.analysis.sensitivity import Sensitivity
    from sinks.assessment.admission import Admission
    from sinks.assessment.alternatives import Alternatives
    from sinks.assessment.evaluate import Evaluation
    from sinks.assessment.indicators import Progress
    from sinks.assessment.valuation import SinkValue
    from sinks.output.painting import Painting
    from sinks.planning.prospects import Prospects
    from sinks.planning.sites import Effects
    from sinks.project.planning import PotentialSection, RestorationSection
    from sinks.project.project import Project
    from sinks.project.projection import ProjectionSection
    from sinks.projection.projection import Projection
    from sinks.results.contents import RunContents
    from sinks.results.shown_intervals import Intervals
    from sinks.results.shown_trace import Trace
    from sinks.verification.findings import Verification
    from sinks.workflow import questions
    from sinks.workflow.make_account import ProjectInputs
    from sinks.workflow.prepare import Prepared
    from sinks.workflow.run_arrays import RunArrays
else:

    class _Questions:
        """The file of questions, imported with the first that is asked: most runs are opened to be drawn."""

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module("sinks.workflow.questions"), name)

    questions = _Questions()

A = TypeVar("A", bound=Answer)


@all_spoken
@dataclass(frozen=True)
class Run(RunViews):
    """A finished account with everything it came from.

    Attributes
    ----------
    contents : RunContents
        What the run folder holds.
    trust : bool
        Whether its project may do all that it wants when it is needed once more: it was agreed to when the run was
        made, or by who has read it back.
    checkpoint : Path or None
        Folder of the pass that this run was made of, which is thrown away once the run is written.
    objects : mapping of str to Held
        Objects that stood in the place of files, for questions that need the layers once more.
    folder : Path or None
        Where it was read from; None where it was just made.
    """

    contents: RunContents
    trust: bool = False
    checkpoint: Path | None = None
    objects: Mapping[str, Held] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def account(self) -> pd.DataFrame:
        """The account, a tidy table."""
        return self.contents.account

    @property
    def comparison(self) -> pd.DataFrame:
        """The methodologies beside the account; never to be added to it."""
        return self.contents.comparison

    @property
    def activity(self) -> Activity:
        """Activity data: ``states``, ``changes``, ``units``."""
        return self.contents.activity

    @property
    def checks(self) -> pd.DataFrame:
        """Laws that hold and findings that a reader must know, failures first."""
        return self.contents.checks

    @property
    def assessment(self) -> pd.DataFrame | None:
        """Dual control by region, year and quantity; None when the project has no ``[assessment]``."""
        return self.contents.tables.get("assessment")

    @property
    def basis(self) -> pd.DataFrame:
        """Share of stock and sink of every region by what their parameters rest on (read, derived, memory ...).

        Columns :data:`sinks.account.basis.COLUMNS`; empty for a run that was written before there was such a table.
        """
        from sinks.account.basis import COLUMNS as BASIS_COLUMNS

        return self.contents.tables.get("basis", pd.DataFrame(columns=list(BASIS_COLUMNS)))

    @property
    def record(self) -> dict[str, Any]:
        """The project with every default, versions and checksums: what ``run.json`` holds."""
        return self.contents.record

    def write(self, out: str | Path, *, force: bool = False) -> Path:
        """Write the run folder; see :func:`sinks.results.run_folder.write_run`."""
        from sinks.results.run_folder import write_run

        written = write_run(self.contents, path_of(out, RunError), force=force)
        if self.checkpoint is not None:
            from sinks.tabulation.checkpoint import forget

            forget(Path(self.checkpoint))
        return written

    def verify(self, seed: int | None = None) -> Verification:
        """Compute it a second time, by other means, from its folder; see :func:`sinks.verify`.

        Raises
        ------
        RunError
            It was not read from a folder: what is verified are the files.
        """
        from sinks.workflow.verify_run import verify

        if self.folder is None:
            raise RunError(Problem("output.not_written", "run"))
        return verify(self.folder, seed=seed)

    def compare(self, *, every: bool = False) -> Comparison:
        """Every methodology of the project by itself, side by side; see :mod:`sinks.analysis.comparison`.

        Parameters
        ----------
        every : bool
            Try every methodology of the registry on the data at hand, and say why those that cannot run cannot.
        """
        return self._answer(questions.compare(self._prepared, self._inputs, every=every))

    def sensitivity(self) -> Sensitivity:
        """Which uncertain things the intervals come from, ranked by region; see :mod:`sinks.analysis.sensitivity`."""
        return questions.rank_sources(self._prepared, self._inputs)

    def approaches(self) -> pd.DataFrame:
        """Intervals by error propagation and by draws, side by side; see :mod:`sinks.analysis.sensitivity`."""
        return questions.approaches(self._prepared, self._inputs, self.account)

    def uncertainty(self, region: str | None = None, top: int = 5) -> Intervals:
        """Sources of uncertainty of a region, ranked, and its intervals by both approaches.

        Parameters
        ----------
        region : str, optional
            Code of the region that is shown, by default the first; the tables have all.
        top : int
            How many sources are shown of each quantity.

        Raises
        ------
        RunError
            The run has no such region.
        """
        return self._answer(questions.uncertainty(self._prepared, self._inputs, self.account, region, top))

    def adjusted_areas(self) -> pd.DataFrame:
        """Error-adjusted areas beside those of the map (:func:`sinks.uncertainty.confusion_matrix.adjusted_areas`)."""
        return questions.adjusted_areas(self._prepared, self._inputs)

    def noise(self) -> pd.DataFrame:
        """The sink by class densities beside the noise of the maps; see :mod:`sinks.analysis.noise_of_maps`."""
        return questions.noise(self._prepared, self._inputs, self.account)

    def reconciliation(self) -> pd.DataFrame:
        """From the stocks of the account to its sink, line by line; see :mod:`sinks.analysis.reconciliation`."""
        return questions.reconciled(self.account)

    def trace(self, figure: str, region: str | None = None) -> Trace:
        """Where a figure is from: rows, parameters, documents, files; see :func:`sinks.results.shown_trace.trace`."""
        from sinks.results.shown_trace import trace

        return self._answer(trace(self.contents, figure, region))

    def assess(self, project: Project | str | Path | None = None) -> Evaluation:
        """Dual control anew, by the ``[assessment]`` of this run's project or of another one.

        Raises
        ------
        SinksError
            The project has no such section, or its inputs are at fault.
        """
        other = None if project is None else questions.other_project(project)
        return self._answer(questions.assess(self._prepared, self._inputs, self.account, other))

    def alternatives(self, project: Project | str | Path | None = None) -> Alternatives:
        """The verdict by other coefficients, caps, pools and bases; see :mod:`sinks.assessment.alternatives`.

        Raises
        ------
        SinksError
            As of :meth:`assess`.
        """
        other = None if project is None else questions.other_project(project)
        return self._answer(questions.alternatives(self._prepared, self._inputs, self.account, other))

    def admit(self, projects: str | Path) -> Admission:
        """Effect of new projects (the table ``admission``) on targets; see :mod:`sinks.assessment.admission`."""
        return self._answer(questions.admit(self._prepared, self._inputs, self.account, projects))

    def diff(self, other: Run, quantity: str = "net_removals", periods: tuple[str, str] | None = None) -> Difference:
        """Why another run's figures differ: area, density, method, parameters and data; the effects add up exactly.

        Parameters
        ----------
        other : Run
        quantity : {"net_removals", "carbon_stock"}
        periods : (str, str), optional
            Date or period of this run and of the other; by default the last that both have
            (:func:`sinks.analysis.decomposition.compared_periods`).

        Raises
        ------
        RunError
            The other is no run.
        AssessmentError
            The runs have no periods that may be set against each other.
        """
        if not isinstance(other, Run):
            raise RunError(Problem("output.not_a_run_object", type(other).__name__, {"found": repr(other)[:80]}))
        # Shown are the regions of the later run.
        return replace(questions.diff(self.contents, other.contents, quantity, periods), origin=other.origin)

    def inventory(self, period: str | None = None) -> Inventory:
        """Inventory tables of a period, the last by default; see :mod:`sinks.analysis.inventory`."""
        return self._answer(questions.inventory(self._prepared, self._inputs, self.account, period))

    def restoration(self, section: RestorationSection | None = None) -> Effects:
        """Effect of restoration projects, by the ``[restoration]`` of the project; see :mod:`sinks.planning.sites`."""
        return self._answer(questions.restoration(self._prepared, self._inputs, section))

    def potential(self, section: PotentialSection | None = None) -> Prospects:
        """Suited land and what plans for it would hold, by ``[potential]``; see :mod:`sinks.planning.prospects`."""
        return self._answer(questions.potential(self._prepared, self._inputs, self.account, section))

    def projection(self, section: ProjectionSection | None = None) -> Projection:
        """Stock and sink of years to come, by ``[projection]``; see :mod:`sinks.projection.projection`."""
        return self._answer(questions.projection(self._prepared, self._inputs, self.account, section))

    def targets(self, definitions: Mapping[str, str] | None = None, *, published: bool = False) -> Progress:
        """Progress of ecosystem targets; see :func:`sinks.assessment.indicators.follow_run`.

        Parameters
        ----------
        definitions : mapping of str to str, optional
            Indicators to compute from this run, and the definition that each then stands under.
        published : bool
            Targets and past figures of published documents instead of the project's tables.
        """
        return self._answer(questions.targets(self._prepared, self._inputs, definitions, published=published))

    def value(self, prices: str | Path, discount_rate: float, base_year: int) -> SinkValue:
        """Value of the sink by year, and its present value; see :mod:`sinks.assessment.valuation`."""
        return self._answer(questions.value(self.contents, prices, discount_rate, base_year))

    def estimate(self, early: str | Path, record: str | Path | None = None) -> QuickEstimate:
        """Quick estimate of a year without an account; see :func:`sinks.analysis.quick_estimate.estimate_account`.

        Parameters
        ----------
        early : path
            Early statistics; the table ``early``.
        record : path, optional
            Earlier quick estimates and what came after; the table ``estimate_record``.
        """
        return self._answer(questions.estimate(self.account, early, record))

    def map(self, **options: Any) -> folium.Map:
        """The interactive map, one page that needs no network; see :func:`sinks.output.map.draw_map`."""
        from sinks.output.map import draw_map

        return draw_map(self.contents, **{"assessment": self.assessment, **options})

    def report(self, *regions: str, out: str | Path, **options: Any) -> list[Path]:
        """Word reports of the regions named, or of all; see :func:`sinks.output.report.write_reports`."""
        from sinks.output.report import write_reports

        return write_reports(
            self.contents, Path(out), regions=regions or None, **{"assessment": self.assessment, **options}
        )

    def html(self, path: str | Path, **options: Any) -> Path:
        """One self-contained page of the whole run; see :func:`sinks.output.report.write_html`."""
        from sinks.output.report import write_html

        return write_html(self.contents, Path(path), **{"assessment": self.assessment, **options})

    def paint(self, out: str | Path, *, link: bool = False, **options: Any) -> Painting:
        """A raster of densities; see :func:`sinks.output.painting.paint`.

        Parameters
        ----------
        link : bool
            Write no cells but a look-up table over the land cover; see :func:`sinks.output.painting.link`.
        """
        return questions.paint(self.contents, self._prepared, self._inputs, Path(out), link=link, **options)

    def _answer(self, found: A) -> A:
        """An answer that knows which run it is from."""
        return replace(found, origin=self.origin)

    @property
    def origin(self) -> Origin:
        """What an answer has to know of the run that it is from."""
        frame = self.contents.regions.frame
        regions = pd.DataFrame(frame[["code", "name", "level", "parent"]])
        return Origin(regions, bool(self.record["demonstration"]), self.contents.created)

    @cached_property
    def _prepared(self) -> Prepared:
        """The project of the run once more: a run may have been read back, and then knows its project by its record."""
        return questions.prepared_again(self.record, self.objects, trust=self.trust)

    def _painted(self) -> RunArrays:
        return self._arrays

    @cached_property
    def _arrays(self) -> RunArrays:
        from sinks.workflow.run_arrays import RunArrays

        return RunArrays(self.contents, questions.painted_layers(self._prepared, self._inputs.inputs))

    @cached_property
    def _inputs(self) -> ProjectInputs:
        return questions.inputs_again(self._prepared, self.activity)

    def __str__(self) -> str:
        from sinks.results.summary import as_text

        return as_text(self.contents)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sinks.results.summary import as_html

        return as_html(self.contents)

    def __dir__(self) -> list[str]:
        """What a run holds and can be asked; not what it was made of."""
        return nouns(self, ("checkpoint", "contents", "origin", "trust"))
