"""Formulas of rows that were computed from numbers read: arithmetic that every load of a table does once more.

The optional column ``formula`` holds numbers as they are printed, ``+ - x / ^`` and brackets, and nothing else, so that
a reader can do it by hand.  Its result is the row's value in the unit of the row, to the digits in which the value is
written.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

COLUMN = "formula"

_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_LONGEST = 400
_HIGHEST_POWER = 10.0


def result_of(formula: str) -> float:
    """The result of a formula.

    >>> result_of("(1786 - 822) / 13")
    74.15384615384616

    Raises
    ------
    ValueError
        It is no arithmetic on numbers, or has no finite result.
    """
    text = formula.replace("×", "*").replace(" x ", " * ").replace("÷", "/").replace("^", "**").replace("−", "-")
    if len(text) > _LONGEST:
        raise ValueError(formula)
    try:
        found = _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(formula) from error
    if not math.isfinite(found):
        raise ValueError(formula)
    return found


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow) and abs(right) > _HIGHEST_POWER:
            raise ValueError(ast.dump(node))
        found = _OPERATIONS[type(node.op)](left, right)
        if isinstance(found, complex):
            raise ValueError(ast.dump(node))
        return found
    raise ValueError(ast.dump(node))


def gives(formula: str, value: str) -> bool:
    """Whether a formula gives a value, to half a unit of the last digit in which the value is written.

    >>> gives("(524 - 492) / 5", "6.4"), gives("(524 - 492) / 5", "6.5")
    (True, False)
    """
    mantissa, _, exponent = value.strip().lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    # Half a unit, and as much more as adding in binary loses.
    return abs(result_of(formula) - float(value)) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
