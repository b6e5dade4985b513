"""A finished run: what it holds, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinks.activity import Activity
from sinks.analysis.comparison import Comparison
from sinks.analysis.sensitivity import Sensitivity
from sinks.project.project import Project
from sinks.tabulation.checkpoint import forget
from sinks.trust.consent import trusting
from sinks.workflow import questions
from sinks.workflow.consent import check_consent
from sinks.workflow.make_account import ProjectInputs, account_inputs, adjusted_areas_beside
from sinks.workflow.prepare import Prepared, prepare

if TYPE_CHECKING:
    import folium

    from sinks.analysis.inventory import Inventory
    from sinks.assessment.evaluate import Evaluation
    from sinks.output.painting import Painting
    from sinks.planning.prospects import Prospects
    from sinks.planning.sites import Effects
    from sinks.project.assessment import PotentialSection, RestorationSection
    from sinks.results.contents import RunContents


@dataclass(frozen=True)
class Run:
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
    """

    contents: RunContents
    trust: bool = False
    checkpoint: Path | None = None

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
    def record(self) -> dict[str, Any]:
        """The project with every default, versions and checksums: what ``run.json`` holds."""
        return self.contents.record

    def write(self, out: str | Path, *, force: bool = False) -> Path:
        """Write the run folder; see :func:`sinks.results.run_folder.write_run`."""
        from sinks.results.run_folder import write_run

        written = write_run(self.contents, Path(out), force=force)
        if self.checkpoint is not None:
            forget(Path(self.checkpoint))
        return written

    def compare(self, *, every: bool = False) -> Comparison:
        """Every methodology of the project by itself, side by side; see :mod:`sinks.analysis.comparison`.

        Parameters
        ----------
        every : bool
            Try every methodology of the registry on the data at hand, and say why those that cannot run cannot.
        """
        return questions.compare(self._prepared, self._inputs, every=every)

    def sensitivity(self) -> Sensitivity:
        """Which uncertain things the intervals come from, ranked by region; see :mod:`sinks.analysis.sensitivity`."""
        return questions.rank_sources(self._prepared, self._inputs)

    def approaches(self) -> pd.DataFrame:
        """Intervals by error propagation and by draws, side by side; see :mod:`sinks.analysis.sensitivity`."""
        return questions.approaches(self._prepared, self._inputs, self.account)

    def adjusted_areas(self) -> pd.DataFrame:
        """Error-adjusted areas beside those of the map (:func:`sinks.uncertainty.confusion_matrix.adjusted_areas`)."""
        return adjusted_areas_beside(self._prepared, self._inputs)

    def assess(self, project: Project | str | Path | None = None) -> Evaluation:
        """Dual control anew, by the ``[assessment]`` of this run's project or of another one.

        Raises
        ------
        SinksError
            The project has no such section, or its inputs are at fault.
        """
        other = project if project is None or isinstance(project, Project) else Project.read(project)
        if other is not None:
            check_consent(other)
        return questions.assess(self._prepared, self._inputs, self.account, other)

    def diff(self, other: Run, quantity: str = "net_removals") -> pd.DataFrame:
        """Why another run's figures differ: area, density, method, parameters and data; the effects add up exactly."""
        return questions.diff(self.contents, other.contents, quantity)

    def inventory(self, period: str | None = None) -> Inventory:
        """Inventory tables of a period, the last by default; see :mod:`sinks.analysis.inventory`."""
        return questions.inventory(self._prepared, self._inputs, self.account, period)

    def restoration(self, section: RestorationSection | None = None) -> Effects:
        """Effect of restoration projects, by the ``[restoration]`` of the project; see :mod:`sinks.planning.sites`.

        Raises
        ------
        SinksError
            There is no such section, or its inputs are at fault.
        """
        return questions.restoration(self._prepared, self._inputs, section)

    def potential(self, section: PotentialSection | None = None) -> Prospects:
        """Suited land and what plans for it would hold, by ``[potential]``; see :mod:`sinks.planning.prospects`.

        Raises
        ------
        SinksError
            There is no such section, or its inputs are at fault.
        """
        return questions.potential(self._prepared, self._inputs, self.account, section)

    def targets(self, definitions: Mapping[str, str] | None = None, *, published: bool = False) -> pd.DataFrame:
        """Progress of ecosystem targets; see :func:`sinks.assessment.indicators.follow_run`.

        Parameters
        ----------
        definitions : mapping of str to str, optional
            Indicators to compute from this run, and the definition that each then stands under.
        published : bool
            Targets and past figures of published documents instead of the project's tables.
        """
        return questions.targets(self._prepared, self._inputs, definitions, published=published)

    def value(self, prices: str | Path, discount_rate: float, base_year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Value of the sink by year, and its present value; see :mod:`sinks.assessment.valuation`."""
        return questions.value(self.account, prices, discount_rate, base_year)

    def estimate(self, early: str | Path) -> pd.DataFrame:
        """Quick estimate of a year without an account; see :func:`sinks.analysis.decomposition.estimate_account`."""
        return questions.estimate(self.account, early)

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

    @cached_property
    def _prepared(self) -> Prepared:
        """The project of the run once more: a run may have been read back, and then knows its project by its record."""
        with trusting(self.trust):
            return prepare(Project.from_record(self.record, Path("run.json")))

    @cached_property
    def _inputs(self) -> ProjectInputs:
        return account_inputs(self._prepared, self.activity)

    def __str__(self) -> str:
        from sinks.results.summary import as_text

        return as_text(self.contents)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sinks.results.summary import as_html

        return as_html(self.contents)
