"""Arithmetic over layers, as a user writes it: ``npp - heterotrophic_respiration``, ``a * ndvi_max ^ b``.

The language has names, ``+ - * / ^``, comparisons and six functions, and nothing else; it is parsed with Python's own
grammar and never executed as Python.  Every name has a unit.  Units that cannot be added are refused before any cell
is read, and those that differ by a factor are converted.  Numbers stand in coefficients that say where they are from;
only 0 and 1 may be written in the expression itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from sinks import units
from sinks.errors import LayerError, Problem, Problems, SinksError

Floats = npt.NDArray[np.float64]

_INTERVALS = {"degC": "K", "degree_Celsius": "K"}
"""Values in degrees Celsius are taken as they are; what is multiplied or subtracted is an interval of temperature."""

_LITERALS = (0, 1)


@dataclass(frozen=True)
class Coefficient:
    """A number of an expression.

    Parameters
    ----------
    value : float
    unit : str
    source : str
        Where it is from: a document with page or table, or the user's own fit.
    """

    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class _Node:
    """A step of the calculation: a name, a number, or an operation on other steps."""

    operation: str
    name: str = ""
    value: float = 0.0
    parts: tuple[_Node, ...] = ()


@dataclass(frozen=True)
class Expression:
    """A checked expression (picklable).

    Attributes
    ----------
    text : str
        As it was written.
    inputs : tuple of str
        Names of the layers in it, in order of appearance.
    unit : str
        Unit of the result.
    """

    text: str
    inputs: tuple[str, ...]
    unit: str
    root: _Node

    def __call__(self, values: Mapping[str, Floats]) -> Floats:
        """The result for arrays of the inputs, all of one shape; NaN wherever an input that matters is NaN."""
        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self.root, values), np.float64)

    def cells(self, values: Mapping[str, Floats]) -> Floats:
        """The same as cells of a layer: infinite where all was observed and there is still no value (log of zero).

        Such a cell is out of every bound, so that the pass names it if it lies in a region, and not taken for
        unobserved.
        """
        result = self(values)
        return np.where(np.isnan(result) & defined(values), np.inf, result)

    def causes(self, values: Mapping[str, float], where: str) -> list[Problem]:
        """What a cell with an impossible result was computed from."""
        shown = [f"{name} = {values[name]:.6g}" for name in self.inputs]
        return [Problem("derived.computed_from", where, {"values": shown})]


def parse(
    text: str, where: str, inputs: Mapping[str, str], coefficients: Mapping[str, Coefficient], unit: str
) -> Expression:
    """Read an expression and check every name and unit in it.

    Parameters
    ----------
    text : str
    where : str
        The layer, for messages.
    inputs : mapping of str to str
        Units of the layers that may stand in it.
    coefficients : mapping of str to Coefficient
    unit : str
        Unit that the result is wanted in.

    Raises
    ------
    LayerError
        With every problem: what the language does not have, unknown and unused names, numbers without a source, units
        that do not fit.
    """
    problems = Problems()
    for name in sorted(set(inputs) & set(coefficients)):
        problems.add("derived.name_twice", where, name=name)
    for name, coefficient in coefficients.items():
        if not coefficient.source.strip():
            problems.add("derived.no_source", where, name=name)
        if not np.isfinite(coefficient.value):
            problems.add("derived.not_finite", where, name=name, value=coefficient.value)
    try:
        # A circumflex is a power to everyone but Python, and would bind more loosely than an addition there.
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError) as error:
        problems.add("derived.syntax", where, text=text, reason=str(getattr(error, "msg", error)))
        raise LayerError(*problems) from error
    except (RecursionError, MemoryError):
        tree = None
    if tree is None or _depth(tree) > _DEEPEST:
        problems.add("derived.too_deep", where, text=f"{text[:60]}...", most=_DEEPEST)
        raise LayerError(*problems)
    compiler = _Compiler(where, inputs, coefficients, problems)
    root, found = compiler.compile(tree)
    for name in sorted(set(coefficients) - compiler.used.keys()):
        problems.add("derived.unused", where, name=name)
    used = tuple(name for name in compiler.used if name in inputs)
    if not used and not len(problems):
        problems.add("derived.no_input", where, text=text, known=sorted(inputs))
    root = compiler.converted(root, found, compiler.unit(unit), text)
    problems.raise_as(LayerError)
    return Expression(text, used, unit, root)


_DEEPEST = 100


def _depth(tree: ast.AST) -> int:
    """How many steps lie within each other."""
    level, found = [tree], 0
    while level:
        level, found = [inner for node in level for inner in ast.iter_child_nodes(node)], found + 1
    return found


_BINARY: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}
_COMPARE: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_FUNCTIONS = {"exp": 1, "ln": 1, "sqrt": 1, "min": 2, "max": 2, "where": 3}


class _Compiler:
    """From syntax to steps; a unit is a pint quantity of one, None where any unit fits (zero, or after a problem)."""

    def __init__(
        self, where: str, inputs: Mapping[str, str], coefficients: Mapping[str, Coefficient], problems: Problems
    ) -> None:
        self.used: dict[str, None] = {}
        self._where, self._problems = where, problems
        self._coefficients = coefficients
        self._units = {**inputs, **{name: c.unit for name, c in coefficients.items()}}

    def unit(self, text: str) -> Any:
        """A unit by its text."""
        try:
            return units.quantity(1.0, _INTERVALS.get(text.strip(), text))
        except SinksError as error:
            self._problems.extend(error)
            return None

    def converted(self, node: _Node, unit: Any, wanted: Any, shown: str) -> _Node:
        """The same in another unit of the same dimension."""
        if unit is None or wanted is None:
            return node
        if unit.dimensionality != wanted.dimensionality:
            values = {"found": units.dimension_of(unit), "expected": units.dimension_of(wanted), "text": shown}
            self._problems.add("derived.unit", self._where, **values)
            return node
        factor = 1.0 if unit == wanted else float((unit / wanted).to_base_units().m)
        return node if factor == 1.0 else _Node("*", parts=(node, _Node("number", value=factor)))

    def compile(self, tree: ast.expr) -> tuple[_Node, Any]:
        """Steps and unit of a part of the expression."""
        match tree:
            case ast.Name(id=name):
                return self._name(name)
            case ast.Constant(value=value) if type(value) is int and value in _LITERALS:
                return _Node("number", value=value), self.unit("1") if value else None
            case ast.Constant(value=value):
                self._problems.add("derived.literal", self._where, found=value)
                return _Node("number"), None
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                node, unit = self.compile(operand)
                return _Node("negative", parts=(node,)), unit
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._binary(_BINARY[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                parts, _ = self._alike([left, right])
                return _Node(_COMPARE[type(op)], parts=parts), self.unit("1")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if _FUNCTIONS.get(name) == len(
                arguments
            ):
                return self._call(name, arguments)
        self._problems.add("derived.not_allowed", self._where, found=ast.unparse(tree), functions=list(_FUNCTIONS))
        return _Node("number"), None

    def _name(self, name: str) -> tuple[_Node, Any]:
        self.used[name] = None
        if name not in self._units:
            self._problems.add("derived.unknown_name", self._where, found=name, known=sorted(self._units))
            return _Node("number"), None
        if name in self._coefficients:
            return _Node("number", value=self._coefficients[name].value), self.unit(self._units[name])
        return _Node("input", name=name), self.unit(self._units[name])

    def _binary(self, operator: str, left: ast.expr, right: ast.expr) -> tuple[_Node, Any]:
        if operator in "+-":
            parts, unit = self._alike([left, right])
            return _Node(operator, parts=parts), unit
        if operator == "^":
            return self._power(left, right)
        (a, unit), (b, other) = self.compile(left), self.compile(right)
        node = _Node(operator, parts=(a, b))
        if unit is None or other is None:
            return node, None
        return node, unit * other if operator == "*" else unit / other

    def _power(self, left: ast.expr, right: ast.expr) -> tuple[_Node, Any]:
        base, unit = self.compile(left)
        exponent = self._plain(right)
        if unit is None or not unit.dimensionality:
            base = self.converted(base, unit, self.unit("1"), ast.unparse(left))
            return _Node("^", parts=(base, exponent)), self.unit("1")
        if exponent.operation != "number":
            self._problems.add("derived.exponent", self._where, found=ast.unparse(right), base=ast.unparse(left))
            return _Node("^", parts=(base, exponent)), None
        return _Node("^", parts=(base, exponent)), unit**exponent.value

    def _call(self, name: str, arguments: list[ast.expr]) -> tuple[_Node, Any]:
        if name in ("exp", "ln"):
            return _Node(name, parts=(self._plain(arguments[0]),)), self.unit("1")
        if name == "sqrt":
            node, unit = self.compile(arguments[0])
            return _Node(name, parts=(node,)), None if unit is None else unit**0.5
        if name == "where":
            condition = self._plain(arguments[0])
            parts, unit = self._alike(arguments[1:])
            return _Node(name, parts=(condition, *parts)), unit
        parts, unit = self._alike(arguments)
        return _Node(name, parts=parts), unit

    def _plain(self, tree: ast.expr) -> _Node:
        """A part that must be a bare number."""
        node, unit = self.compile(tree)
        return self.converted(node, unit, self.unit("1"), ast.unparse(tree))

    def _alike(self, trees: list[ast.expr]) -> tuple[tuple[_Node, ...], Any]:
        """Parts that must have one dimension, all in the unit of the first that has one."""
        found = [self.compile(tree) for tree in trees]
        common = next((unit for _, unit in found if unit is not None), None)
        shown = [ast.unparse(tree) for tree in trees]
        parts = (self.converted(node, unit, common, text) for (node, unit), text in zip(found, shown, strict=True))
        return tuple(parts), common


def _where(condition: Floats, yes: Floats, no: Floats) -> Floats:
    """Not known where the condition is not."""
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, yes, no))


def _compared(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """1 and 0; not known where a side is not, which comes as False from a comparison."""
    return lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, test(a, b))


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "negative": np.negative,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "min": np.minimum,
    "max": np.maximum,
    "where": _where,
    "<": _compared(np.less),
    "<=": _compared(np.less_equal),
    ">": _compared(np.greater),
    ">=": _compared(np.greater_equal),
}


def _evaluate(node: _Node, values: Mapping[str, Floats]) -> Any:
    if node.operation == "input":
        return values[node.name]
    if node.operation == "number":
        return np.float64(node.value)
    return _OPERATIONS[node.operation](*(_evaluate(part, values) for part in node.parts))


def defined(inputs: Mapping[str, Floats]) -> npt.NDArray[np.bool_]:
    """Cells in which every input was observed."""
    return reduce(np.logical_and, (~np.isnan(values) for values in inputs.values()))
