"""Units in which carbon, carbon dioxide and dry matter do not mix.

Substances are dimensions of their own: ``t C/ha`` becomes ``t CO2/ha`` or ``t DM/ha`` only through a factor that
carries the unit of the change, ``t CO2/(t C)`` or ``t C/(t DM)``.  The registry holds no more units than are in use,
so that a slip of the pen (``dm`` for dry matter, ``C`` for coulomb) is an unknown unit instead of another quantity.
A number is no unit: ``10^4 t`` counts by tens of thousands, but ``10000`` alone, or ``9999 t``, would multiply every
figure of a column without a word.

A unit is text.  What stands between two slashes belongs together (``t DM/t DM`` has no dimension); ``10^4 ha``,
``万ha``, ``万tCO2``, ``g C m-2 yr-1`` and ``kg C/m2`` are understood.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sinks.errors import Problem, UnitError

if TYPE_CHECKING:
    import pint

Number = TypeVar("Number", float, NDArray[np.float64])

# Molar masses as the inventory guidelines round them: IPCC 2006 Guidelines, vol. 4, ch. 2, section 2.2.3 (44/12).
_CO2, _C = 44, 12
CO2_PER_C = _CO2 / _C
"""Mass of carbon dioxide per mass of carbon, t CO2/(t C)."""

_DEFINITIONS = """
hecto- = 100 = h-
kilo- = 1000 = k-
mega- = 1000000 = M-
giga- = 1000000000 = G-
tera- = 1000000000000 = T-
peta- = 1000000000000000 = P-
centi- = 1/100 = c-
milli- = 1/1000 = m-
micro- = 1/1000000 = u-

meter = [length] = m
gram = [mass] = g
year = [time] = yr = a
kelvin = [temperature] = K
joule = [energy] = J
yuan = [currency] = CNY

C = [carbon]
CO2 = [carbon_dioxide]
CO2e = [carbon_dioxide_equivalent]
CH4 = [methane]
N2O = [nitrous_oxide]
N = [nitrogen]
DM = [dry_matter]
SEEDLING = [count] = plant

tonne = 1000000 * gram = t
hectare = 10000 * meter ** 2 = ha
# The Chinese mu is a fifteenth of a hectare.
mu = 2000 / 3 * meter ** 2
month = year / 12
day = year / 365.25
second = day / 86400
watt = joule / second = W
percent = 1 / 100
permille = 1 / 1000
# Definition of the Celsius scale (SI Brochure, 9th ed., section 2.3.1).
degree_Celsius = kelvin; offset: 273.15 = degC
"""

# Replaced in this order: a word stands before the words inside it.
_CHINESE = {
    "百万": "10^6 ",
    "万": "10^4 ",
    "亿": "10^8 ",
    "立方米": "m3",
    "平方公里": "km2",
    "平方千米": "km2",
    "平方米": "m2",
    "公顷": "ha",
    "亩": "mu",
    "公斤": "kg",
    "千克": "kg",
    "吨": "t ",
    "克": "g ",
    "二氧化碳当量": "CO2e",
    "二氧化碳": "CO2",
    "干物质": "DM",
    "干重": "DM",
    "碳": "C",
    "年": "yr",
    "元": "CNY",
    "株": "plant",
    "千": "10^3 ",
    "％": "%",
    "·": " ",
    "²": "2",
    "³": "3",
    "₂": "2",
}
# What has no word in it is a number, however it is written: 10000, 1e4, 10^4, 5/5.
_NUMBER = re.compile(r"([0-9\s/^*().+-]|(?<=[0-9])[eE](?=[0-9+-]))+")
_RAISED = re.compile(r"\^|\*\*")
_POWER = re.compile(r"(?:\^|\*\*)\s*\(?\s*[+-]?\s*[0-9]{1,2}(?:\.[0-9]+)?(?![\w.])\s*\)?(?!\s*(?:\^|\*\*))")
"""A power of one or two digits that is not raised itself: numbers such as ``9^9^9`` take for ever to be written out."""
_LONGEST = 120
_SUBSTANCES = "CO2e|CO2|C|CH4|N2O|DM"


def convert(value: Number, from_unit: str, to_unit: str) -> Number:
    """``value`` in another unit of the same dimension.

    Parameters
    ----------
    value : float or array
        In ``from_unit``.
    from_unit, to_unit : str
        For example ``"g C/m2/yr"`` and ``"t C/ha/yr"``.

    Returns
    -------
    float or array
        In ``to_unit``.

    Raises
    ------
    UnitError
        A unit is unknown, or the two have different dimensions (carbon and carbon dioxide among them).

    Examples
    --------
    >>> convert(1.0, "t C/ha", "g C/m2")
    100.0
    """
    check(from_unit, to_unit)
    if from_unit == to_unit:
        return value
    old, new = _parse(from_unit), _parse(to_unit)
    if old._is_multiplicative and new._is_multiplicative:
        return value * factor(from_unit, to_unit)
    # A scale with an offset (degrees Celsius) has no factor.
    converted: Number = _registry().Quantity(value, old.u).to(new.u).m
    return converted


def in_base_units(value: float, unit: str) -> tuple[float, str]:
    """``value`` in the base units of its dimension, and that dimension: one number for all spellings of a quantity.

    Raises
    ------
    UnitError
        The unit is not known.

    Examples
    --------
    >>> in_base_units(8.0, "kg C/m2") == in_base_units(80.0, "t C/ha")
    True
    """
    parsed = _parse(unit)
    return float(_registry().Quantity(value * parsed.m, parsed.u).to_base_units().m), dimension(unit)


def factor(from_unit: str, to_unit: str) -> float:
    """How many ``to_unit`` there are in one ``from_unit``, rounded once; scales with different zeros have none."""
    check(from_unit, to_unit)
    if from_unit != to_unit and not (_parse(from_unit)._is_multiplicative and _parse(to_unit)._is_multiplicative):
        raise UnitError(Problem("units.offset", f"{from_unit} -> {to_unit}", {"found": from_unit, "expected": to_unit}))
    old, new = _parse(from_unit).to_base_units(), _parse(to_unit).to_base_units()
    return float(Fraction(old.m) / Fraction(new.m))


def check(unit: str, like: str, where: str = "") -> None:
    """Raise :class:`UnitError`, placed at ``where``, unless ``unit`` and ``like`` have the same dimension."""
    found, expected = dimension(unit, where), dimension(like, where)
    if found != expected:
        values = {"found": unit, "expected": like, "found_dimension": found, "expected_dimension": expected}
        raise UnitError(Problem(_mismatch(found, expected), where or f"{unit} -> {like}", values))


def dimension(unit: str, where: str = "") -> str:
    """The dimension of ``unit``, as text: ``"carbon mass / length^2"``; ``"1"`` for a bare number.

    Raises
    ------
    UnitError
        The unit is not known.
    """
    try:
        return _dimension(unit)
    except UnitError as error:
        if not where:
            raise
        raise UnitError(*(Problem(p.id, where, p.values) for p in error.problems)) from None


def carbon_to_co2(carbon: Number) -> Number:
    """Mass of carbon dioxide that holds ``carbon``: 44/12 times as much (IPCC 2006, vol. 4, ch. 2, section 2.2.3)."""
    return carbon * _CO2 / _C


def co2_to_carbon(carbon_dioxide: Number) -> Number:
    """Mass of carbon in ``carbon_dioxide``: 12/44 of it."""
    return carbon_dioxide * _C / _CO2


def quantity(value: Any, unit: str) -> Any:
    """``value`` as a pint quantity of ``unit``, for the dimensional check of a methodology."""
    parsed = _parse(unit)
    return _registry().Quantity(value * float(parsed.m), parsed.u)


def per(value: Any, unit: str) -> Any:
    """``value`` as a bare number of ``unit``: what an empirical law takes, which is not homogeneous in its units.

    A plain number or array is already in the unit its argument declares and comes back as it is; a pint quantity is
    divided by ``unit``, so that the dimensional check of a methodology sees whether the declaration fits.
    """
    if not hasattr(value, "_REGISTRY"):
        return value
    parsed = _parse(unit)
    # A scale with an offset (degrees Celsius) cannot be divided by.
    return (value / quantity(1.0, unit)).to("").m if parsed._is_multiplicative else value.to(parsed.u).m


def dimension_of(value: Any) -> str:
    """The dimension of a pint quantity (or ``"1"`` for a bare number), written as :func:`dimension` writes it."""
    return _write(value.dimensionality) if hasattr(value, "_REGISTRY") else "1"


@cache
def _dimension(unit: str) -> str:
    return _write(_parse(unit).dimensionality)


def _write(dimensionality: Any) -> str:
    def term(name: str, power: float) -> str:
        name = name.strip("[]")
        return name if power == 1 else f"{name}^{power:g}"

    above = " ".join(term(n, p) for n, p in sorted(dimensionality.items()) if p > 0)
    below = " ".join(term(n, -p) for n, p in sorted(dimensionality.items()) if p < 0)
    return (above or "1") + (f" / {below}" if below else "")


@cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None, cache_folder=None)
    registry.load_definitions(_DEFINITIONS.strip().splitlines())
    return registry


@cache
def _parse(unit: str) -> Any:
    text = _normalise(unit)
    if not re.fullmatch(r"[\w\s/^*().%+-]+", text) or len(text) > _LONGEST or not _is_quick(text):
        raise UnitError(Problem("units.unknown", unit or '""', {"unit": unit}))
    if text == "1":
        return _registry().Quantity(1, "")
    if _NUMBER.fullmatch(text):
        raise UnitError(Problem("units.bare_number", unit, {"unit": unit}))
    try:
        parsed: Any = _registry().Quantity(_grouped(text))
    except Exception as error:  # pint and the tokenizer below it raise a dozen kinds, all of them "not a unit" here
        raise UnitError(Problem("units.unknown", unit, {"unit": unit})) from error
    if not _is_power_of_ten(parsed.m):
        raise UnitError(Problem("units.multiple", unit, {"unit": unit}))
    return parsed


def _is_quick(text: str) -> bool:
    """Whether the powers of a unit are small, and at most one of a bracket, so that they are worked out in no time."""
    return len(_RAISED.findall(text)) == len(_POWER.findall(text)) and len(re.findall(r"\)\s*(?:\^|\*\*)", text)) < 2


def _is_power_of_ten(number: float) -> bool:
    """Whether a unit may be counted in so many: 10^4 ha, but not 9999 ha, which is a value in the wrong column."""
    try:
        number = float(number)
    except OverflowError:
        return False
    if not (math.isfinite(number) and number > 0):
        return False
    exponent = math.log10(number)
    return abs(exponent - round(exponent)) < 1e-12


def _normalise(unit: str) -> str:
    text = unit.strip()
    for chinese, plain in _CHINESE.items():
        text = text.replace(chinese, plain)
    text = text.replace("d.m.", "DM").replace("%", "percent").replace("‰", "permille")
    text = re.sub(r"CO2-?e(q?)\b", "CO2e", text)
    text = re.sub(rf"\b([kMGTP]?g|[kMG]?t)({_SUBSTANCES})\b", r"\1 \2", text)
    text = re.sub(r"\b([kchm]?m)([23])\b", r"\1^\2", text)
    text = re.sub(r"\b(yr|a|ha|mu|month|[kchm]?m)-([123])\b", r"\1^-\2", text)
    return text.strip()


def _grouped(text: str) -> str:
    """``t DM/t DM`` as ``(t DM)/(t DM)``: a slash divides by all that follows up to the next one."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "/" and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    grouped = [
        f"({_grouped(p.strip()[1:-1])})" if p.strip().startswith("(") and p.strip().endswith(")") else p for p in parts
    ]
    return "/".join(f"({p})" for p in grouped)


def _mismatch(found: str, expected: str) -> str:
    """The message that fits: the three confusions that matter have a remedy of their own."""

    def has(text: str, substance: str) -> bool:
        return substance in text.replace("/", " ").split()

    pair = [found, expected]
    if any(has(d, "carbon") for d in pair) and any(has(d, "carbon_dioxide") for d in pair):
        return "units.carbon_and_co2"
    if any(has(d, "carbon") for d in pair) and any(has(d, "dry_matter") for d in pair):
        return "units.carbon_and_dry_matter"
    return "units.mismatch"
