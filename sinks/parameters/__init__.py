"""Sourced parameter tables: read and check them, look values up by stratum, draw them from their intervals."""

from sinks.parameters.cells import Range
from sinks.parameters.correlation import COLUMN as CORRELATION
from sinks.parameters.crosswalk import Crosswalk
from sinks.parameters.draws import DISTRIBUTIONS, INTERVALS, Spread
from sinks.parameters.estimate import COLUMN as SAME_AS
from sinks.parameters.formula import COLUMN as FORMULA
from sinks.parameters.read import COLUMNS, extended_id
from sinks.parameters.row import UNVERIFIED_UNLESS, Row
from sinks.parameters.table import FoundRows, ParameterTable

__all__ = [
    "COLUMNS",
    "CORRELATION",
    "DISTRIBUTIONS",
    "FORMULA",
    "INTERVALS",
    "SAME_AS",
    "UNVERIFIED_UNLESS",
    "Crosswalk",
    "FoundRows",
    "ParameterTable",
    "Range",
    "Row",
    "Spread",
    "extended_id",
]
