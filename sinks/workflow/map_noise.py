"""What a project says of the errors of its land-cover maps, and the noise that follows from them."""

from __future__ import annotations

import pandas as pd

from sinks.analysis.noise_of_maps import MapKnowledge, noise_of_maps
from sinks.geo.legends import available_legends
from sinks.project.project import Project
from sinks.project.rules import RuleValue
from sinks.uncertainty.map_accuracy import ClassAccuracy, published_accuracy
from sinks.workflow.check import confusion_matrices
from sinks.workflow.make_account import ProjectInputs
from sinks.workflow.prepare import Prepared


def map_knowledge(project: Project) -> MapKnowledge:
    """The errors of the maps: of the confusion matrix, else as the project states, else as published of the product.

    Raises
    ------
    LayerError
        A confusion matrix is at fault.
    """
    section, reasons = project.map_noise, {}
    drift = patch = stated = None
    if section is not None:
        drift, patch, stated = section.drift, section.error_patch_ha, section.overall_accuracy
        given = {"drift": drift, "patch_ha": patch}
        reasons = {name: value.source for name, value in given.items() if value is not None}
    matrices = confusion_matrices(project)
    accuracies: dict[str, ClassAccuracy] = {}
    basis = "matrix"
    if not matrices:
        accuracies, basis = _accuracies(project, stated)
    return MapKnowledge(matrices, accuracies, basis, _value(drift), _value(patch), reasons)


def _value(stated: RuleValue[float] | None) -> float | None:
    return None if stated is None else stated.value


def _accuracies(project: Project, stated: RuleValue[float] | None) -> tuple[dict[str, ClassAccuracy], str]:
    """Accuracy of the map of each date, and whose word it is."""
    if stated is not None:
        one = ClassAccuracy(stated.value, source=stated.source)
        return dict.fromkeys(project.dates, one), "stated"
    legend = project.land_cover.legend if project.land_cover else ""
    # A file of the user that is called as a product is not that product.
    known = {date: published_accuracy(legend, date) for date in project.dates if legend in available_legends()}
    found = {date: accuracy for date, accuracy in known.items() if accuracy is not None}
    return found, "published" if found else "none"


def table_of_noise(prepared: Prepared, given: ProjectInputs, account: pd.DataFrame) -> pd.DataFrame:
    """The sink by class densities beside the noise of the maps, see :func:`sinks.analysis.noise_of_maps`."""
    return noise_of_maps(given.inputs, given.mapped, prepared.entries, account, map_knowledge(prepared.project))
