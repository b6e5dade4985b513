"""A finished run: what it holds, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from sinks.accounting import Accounting
from sinks.activity import Activity
from sinks.book import latest
from sinks.collect import collect
from sinks.compare import Comparison
from sinks.compare import compare as compare_entries
from sinks.errors import Problem, ProjectError, RunError
from sinks.prepare import Prepared, prepare
from sinks.project import Project
from sinks.sections import LAND_COVER
from sinks.sensitivity import Sensitivity, compare_approaches, sensitivity
from sinks.uncertainty import Draws

if TYPE_CHECKING:
    import folium

    from sinks.assessment.evaluate import Evaluation
    from sinks.assessment.inventory import Inventory
    from sinks.assessment.prospects import Prospects
    from sinks.assessment.section import PotentialSection, RestorationSection
    from sinks.assessment.sites import Effects
    from sinks.geo.regions import Regions
    from sinks.output.folder import RunContents
    from sinks.output.painting import Layers, Painting

S = TypeVar("S")


@dataclass(frozen=True)
class Run:
    """A finished account with everything it came from.

    Attributes
    ----------
    contents : RunContents
        What the run folder holds.
    """

    contents: RunContents

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
        """Write the run folder; see :func:`sinks.output.folder.write_run`."""
        from sinks.output.folder import write_run

        return write_run(self.contents, Path(out), force=force)

    def compare(self, *, every: bool = False) -> Comparison:
        """Every methodology of the project by itself, side by side; see :func:`sinks.compare.compare`.

        Parameters
        ----------
        every : bool
            Try every methodology of the registry on the data at hand, and say why those that cannot run cannot.
        """
        accounting, prepared = self._accounting, self._prepared
        registry = prepared.registry if every else None
        return compare_entries(accounting.basis, prepared.entries, accounting.draws, registry)

    def sensitivity(self) -> Sensitivity:
        """Which uncertain things the intervals come from, ranked by region; see :mod:`sinks.sensitivity`."""
        return sensitivity(self._accounting.basis, self._prepared.entries, self._draws)

    def approaches(self) -> pd.DataFrame:
        """Intervals by error propagation and by draws, side by side; see :mod:`sinks.sensitivity`."""
        return compare_approaches(self.sensitivity(), self.account, self._draws)

    def adjusted_areas(self) -> pd.DataFrame:
        """Error-adjusted areas beside those of the map; see :func:`sinks.accuracy.adjusted_areas`."""
        return self._accounting.adjusted_areas()

    def assess(self, project: Project | str | Path | None = None) -> Evaluation:
        """Dual control anew, by the ``[assessment]`` of this run's project or of another one.

        Raises
        ------
        SinksError
            The project has no such section, or its inputs are at fault.
        """
        other = project if project is None or isinstance(project, Project) else Project.read(project)
        evaluation = self._accounting.assess(self.account, other)
        if evaluation is None:
            asked = other or self._prepared.project
            raise ProjectError(Problem("project.no_assessment", asked.project.name))
        return evaluation

    def diff(self, other: Run, quantity: str = "net_removals") -> pd.DataFrame:
        """Why another run's figures differ: area, density, method, parameters and data; the effects add up exactly."""
        from sinks.assessment.decomposition import explain

        periods = (_last(self.account, quantity), _last(other.account, quantity))
        used = (self.contents.parameters_used, other.contents.parameters_used)
        return explain(self.account, other.account, quantity, periods, used)

    def inventory(self, period: str | None = None) -> Inventory:
        """Inventory tables of a period, the last by default; see :mod:`sinks.assessment.inventory`."""
        from sinks.assessment.inventory import inventory

        return inventory(self._accounting.basis, self._prepared.entries, self.account, period)

    def restoration(self, section: RestorationSection | None = None) -> Effects:
        """Effect of restoration projects, by the ``[restoration]`` of the project; see :mod:`sinks.assessment.sites`.

        Raises
        ------
        SinksError
            There is no such section, or its inputs are at fault.
        """
        from sinks.assessment.sites import Sites, measure

        project = self._prepared.project
        wanted = self._section("restoration", section or project.restoration)
        sites = Sites.read(wanted, project.path(wanted.file))
        activity = self._tabulated(sites.regions)
        draws = self._accounting.draws
        return measure(activity, self._prepared.entries, project.periods, wanted, sites.start, draws)

    def potential(self, section: PotentialSection | None = None) -> Prospects:
        """Suited land and what plans for it would hold, by ``[potential]``; see :mod:`sinks.assessment.prospects`.

        Raises
        ------
        SinksError
            There is no such section, or its inputs are at fault.
        """
        from sinks.assessment.prospects import cut_by_zones, prospects, with_zones

        project, regions = self._prepared.project, self._prepared.regions
        wanted = self._section("potential", section or project.potential)
        paths = {key: project.path(path) for key, path in wanted.files()}
        states = self.activity.states
        if wanted.zones:
            cut = cut_by_zones(regions.units, [(zone, paths[f"zones.{zone.name}"]) for zone in wanted.zones])
            activity = self._tabulated(replace(regions, frame=cut))
            states = with_zones(activity.states, wanted.zones)
        states = states[(states["date"] == project.dates[-1]) & (states["source"] == LAND_COVER)]
        return prospects(wanted, states, self.account, self._accounting.hierarchy, paths)

    def targets(self, definitions: Mapping[str, str] | None = None, *, published: bool = False) -> pd.DataFrame:
        """Progress of ecosystem targets; see :func:`sinks.assessment.indicators.follow_run`.

        Parameters
        ----------
        definitions : mapping of str to str, optional
            Indicators to compute from this run, and the definition that each then stands under.
        published : bool
            Targets and past figures of published documents instead of the project's tables.
        """
        from sinks.assessment.indicators import follow_run, published_observations, published_targets
        from sinks.assessment.tables import read_table

        project = self._prepared.project
        targets, observations = published_targets(), published_observations()
        if not published:
            section = self._section("assessment", project.assessment)
            targets = read_table("targets", project.path(section.targets), encoding=section.encoding)
            observations = observations.iloc[:0]
            if section.observations:
                path = project.path(section.observations)
                observations = read_table("observations", path, encoding=section.encoding)
        return follow_run(self._accounting.basis, targets, observations, definitions or {})

    def value(self, prices: str | Path, discount_rate: float, base_year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Value of the sink by year, and its present value; see :mod:`sinks.assessment.valuation`."""
        from sinks.assessment.tables import read_table
        from sinks.assessment.valuation import value_of_account

        return value_of_account(self.account, read_table("prices", prices), discount_rate, base_year)

    def estimate(self, early: str | Path) -> pd.DataFrame:
        """Quick estimate of a year without an account; see :func:`sinks.assessment.decomposition.estimate_account`."""
        from sinks.assessment.decomposition import estimate_account
        from sinks.assessment.tables import read_table

        return estimate_account(self.account, read_table("early", early))

    def map(self, **options: Any) -> folium.Map:
        """The interactive map, one page that needs no network; see :func:`sinks.output.map.draw_map`."""
        from sinks.output.map import draw_map

        return draw_map(self.contents, **{"assessment": self.assessment, **options})

    def report(self, *regions: str, out: str | Path, **options: Any) -> list[Path]:
        """Word reports of the regions named, or of all; see :func:`sinks.output.report.write_reports`."""
        from sinks.output.report import write_reports

        options = {"assessment": self.assessment, **options}
        return write_reports(self.contents, Path(out), regions=regions or None, **options)

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
        from sinks.output import painting

        layers = _painted_layers(self._prepared, self._accounting.basis.activity)
        return (painting.link if link else painting.paint)(self.contents, layers, Path(out), **options)

    @cached_property
    def _prepared(self) -> Prepared:
        """The project of the run once more: a run may have been read back, and then knows its project by its record."""
        return prepare(Project.from_dict(self.record["project"], folder=Path(self.record["folder"])))

    @cached_property
    def _draws(self) -> Draws:
        """Those of the account; what is declared of inputs and correlations is needed without draws too."""
        return self._accounting.draws or Draws(1, self._prepared.project.project.seed)

    @cached_property
    def _accounting(self) -> Accounting:
        return Accounting(self._prepared, self.activity)

    def _section(self, name: str, section: S | None) -> S:
        if section is None:
            raise ProjectError(Problem("assessment.no_section", self._prepared.project.project.name, {"section": name}))
        return section

    def _tabulated(self, regions: Regions) -> Activity:
        """The rasters of the project over other regions."""
        if self._prepared.land_cover is None:
            raise ProjectError(Problem("assessment.no_land_cover", self._prepared.project.project.name))
        return collect(replace(self._prepared, regions=regions, vectors=(), tables=()))[0]

    def __str__(self) -> str:
        from sinks.output.summary import as_text

        return as_text(self.contents)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sinks.output.summary import as_html

        return as_html(self.contents)


def _painted_layers(prepared: Prepared, activity: Activity) -> Layers:
    from sinks.output.painting import Layers

    if prepared.land_cover is None:
        others = [f"{entry.method.id} ({entry.source})" for entry in prepared.entries]
        raise RunError(Problem("painting.not_on_raster", "run", {"left_out": others, "source": LAND_COVER}))
    return Layers(prepared.regions.units, prepared.land_cover, prepared.strata, prepared.entries, activity)


def _last(account: pd.DataFrame, quantity: str) -> str:
    return latest(account.loc[account["quantity"] == quantity, "period"].unique())
