"""Attributes of polygons and columns of tables: where they stand in a file, and how they are written there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sinks import units
from sinks.errors import UnitError


@dataclass(frozen=True)
class FieldSpec:
    """Where an attribute stands in a file, and how it is written there.

    Parameters
    ----------
    field : str
        Name of the field or column.
    unit : str, optional
        Unit of its numbers. A total per stand (``m3`` where ``m3/ha`` is meant) is divided by the stand's area.
    codes : str, optional
        Code list or legend that explains its values: a built-in name, or the path of a CSV.
    overrides : mapping
        Values that the code list lacks or reads otherwise: ``{"971": "willow"}``.
    optional : bool
        Whether the file may lack the field; that is then noted.
    """

    field: str
    unit: str | None = None
    codes: str | None = None
    overrides: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    optional: bool = False


def is_total(unit: str, quantity_unit: str) -> bool:
    """Whether ``unit`` counts the whole stand where the quantity is per hectare.

    Raises
    ------
    UnitError
        If the unit is neither.
    """
    try:
        units.check(unit, quantity_unit)
    except UnitError as error:
        try:
            units.check(f"{unit}/ha", quantity_unit)
        except UnitError:
            raise error from None
        return True
    return False
