"""From a project's activity table to its account: draws, adjusted areas, dual control."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from sinks.account import Account, Basis
from sinks.accuracy import ConfusionMatrix, adjusted_areas, read_matrix
from sinks.activity import Activity
from sinks.adjust import AdjustedAreas, check_adjustable
from sinks.book import Hierarchy
from sinks.errors import LayerError
from sinks.prepare import Gather, Prepared, later
from sinks.project import Project
from sinks.sections import STATIC
from sinks.uncertainty import Correlation, Draws, InputUncertainty, check_correlations
from sinks.vocabulary import MONTHS, ecosystems, month_id

if TYPE_CHECKING:
    from sinks.assessment.evaluate import Evaluation


@dataclass(frozen=True)
class Accounting:
    """A project and its activity, and what accounts are made from; each part is made once, when it is asked for.

    Parameters
    ----------
    prepared : Prepared
    activity : Activity
        Areas as the layers have them.
    """

    prepared: Prepared
    activity: Activity

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Regions and the units inside them."""
        return Hierarchy.of(self.prepared.regions.frame)

    @cached_property
    def adjustment(self) -> AdjustedAreas | None:
        """Areas corrected by the confusion matrices, where the project asks for an account of them."""
        accuracy = self.prepared.project.accuracy
        if accuracy is None or not accuracy.adjust:
            return None
        return AdjustedAreas.of(self.activity, self.hierarchy, self._matrices)

    @cached_property
    def basis(self) -> Basis:
        """What accounts are made from, on the areas that the project asks for."""
        areas = self.adjustment
        return self._basis(self.activity if areas is None else areas.apply(self.activity, self.hierarchy))

    @cached_property
    def draws(self) -> Draws | None:
        """Draws for the intervals; None when the project wants none."""
        project = self.prepared.project
        if not project.project.draws:
            return None
        months = [(month_id(name, m), section) for name, section in project.monthly_inputs.items() for m in MONTHS]
        inputs = {
            name: InputUncertainty(section.uncertainty, section.dates_correlated)
            for name, section in (*project.inputs.items(), *months, *project.derived_inputs.items())
            if section.uncertainty is not None
        }
        correlations = declared_correlations(self.prepared)
        return Draws(project.project.draws, project.project.seed, inputs, correlations, self.adjustment)

    @cached_property
    def account(self) -> Account:
        """The account of record and the methodologies beside it."""
        return self.basis.account(self.prepared.entries, self.draws)

    def adjusted_areas(self) -> pd.DataFrame:
        """Error-adjusted areas beside those of the map; see :func:`sinks.accuracy.adjusted_areas`."""
        return adjusted_areas(self._basis(self.activity).account(()).table, self._matrices)

    def assess(self, table: pd.DataFrame, project: Project | None = None) -> Evaluation | None:
        """Dual control of an account, with the account's own draws of the sink that the rule counts.

        Parameters
        ----------
        table : DataFrame
            The account.
        project : Project, optional
            Whose ``[assessment]`` to take, with the files it names; that of this account when left out.

        Returns
        -------
        Evaluation or None
            None when the project has no ``[assessment]``.
        """
        project = project or self.prepared.project
        section = project.assessment
        if section is None:
            return None
        from sinks.assessment.dual_control import assessed_regions
        from sinks.assessment.evaluate import evaluate

        drawn = None
        if self.draws is not None:
            codes, _ = assessed_regions(table, section.rule)
            places = pd.Index(self.hierarchy.regions["code"]).get_indexer(pd.Index(codes))
            counted = section.rule.ecosystems.value, section.rule.pools.value
            removals = self.basis.removals(self.prepared.entries, self.draws, *counted)
            drawn = {period: draws[:, places] for period, draws in removals.items()}
        return evaluate(section, table, self.prepared.regions.frame, project.path, draws=drawn)

    @cached_property
    def _matrices(self) -> dict[str, ConfusionMatrix]:
        return _matrices(self.prepared.project)

    def _basis(self, activity: Activity) -> Basis:
        project = self.prepared.project
        return Basis(activity, self.hierarchy, project.dates, project.periods, project.area_source)


def check_accuracy(prepared: Prepared) -> None:
    """Refuse an accuracy assessment that cannot be used, before the pass.

    Raises
    ------
    LayerError
        A confusion matrix is at fault, or is missing where the account is to be made of adjusted areas.
    """
    matrices, accuracy = _matrices(prepared.project), prepared.project.accuracy
    if accuracy is not None and accuracy.adjust:
        check_adjustable(prepared.entries, prepared.project.dates, matrices)


def declared_correlations(prepared: Prepared) -> list[Correlation]:
    """Correlations that the project declares between parameters.

    Raises
    ------
    ParameterError
        They do not fit the parameter tables that the project uses.
    """
    sections = prepared.project.correlations
    found = [Correlation(section.methodology, section.parameters, section.coefficient) for section in sections]
    check_correlations(found, [entry.method for entry in prepared.entries])
    return found


def _matrices(project: Project) -> dict[str, ConfusionMatrix]:
    """The confusion matrix of the land-cover map at each date for which there is one."""
    if project.accuracy is None:
        return {}
    gather, by_date = Gather(), project.accuracy.by_date
    read = {name: gather(later(read_matrix, project.path(name), tuple(ecosystems()))) for name in by_date.values()}
    gather.problems.raise_as(LayerError)
    names = {date: by_date.get(date, by_date.get(STATIC)) for date in project.dates}
    return {date: matrix for date, name in names.items() if name and (matrix := read[name]) is not None}
