"""The contract: everything about a methodology that can be checked without data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

import numpy as np

from sinks import units
from sinks.errors import Problems, UnitError
from sinks.methodology.docstring import names_in, sections
from sinks.methodology.spec import (
    KIND_OF_UNIT,
    OF_THE_ROW,
    Approach,
    Example,
    Floats,
    Methodology,
    Monthly,
    arguments,
)
from sinks.text import Text
from sinks.vocabulary import MONTHS, ecosystems, pools, quantities

_TIERS = (1, 2, 3)


def check(methodology: Methodology, where: str, problems: Problems) -> None:
    """Add everything that is wrong with a methodology to ``problems``: declaration, function, docstring, examples."""
    before = len(problems)
    _check_types(methodology, where, problems)
    if len(problems) > before:
        return
    _check_words(methodology, where, problems)
    _check_units(methodology, where, problems)
    _check_signature(methodology, where, problems)
    _check_docstring(methodology, where, problems)
    # What follows runs the function, which makes sense only when it can be called.
    if len(problems) == before:
        _check_plain(methodology, where, problems)
    if len(problems) == before:
        _check_dimensions(methodology, where, problems)
        for number, example in enumerate(methodology.examples, 1):
            _check_example(methodology, example, f"{where} example {number}", problems)
    if unfilled := _unfilled(methodology):
        problems.add("methodology.to_fill", where, names=unfilled)


def _check_types(methodology: Methodology, where: str, problems: Problems) -> None:
    """What a declaration gets wrong most easily: a tuple without its comma is a text, a title in one language too."""
    kinds: dict[str, tuple[type, str]] = {
        "title": (Text, 'Text("…", "…")'),
        "valid_for": (Text, 'Text("…", "…")'),
        "ecosystems": (tuple, '("forest",)'),
        "strata": (tuple, '("species_group",)'),
        "examples": (tuple, "(Example(...),)"),
        "inputs": (Mapping, '{"growing_stock": "m3/ha"}'),
        "parameters": (Mapping, '{"bcef": "t DM/m3"}'),
        "outputs": (Mapping, '{"biomass": "t C/ha"}'),
        "carried": (Mapping, '{"years_left": "yr"}'),
        "bounds": (Mapping, '{"bcef": (0, inf)}'),
        "options": (Mapping, '{"edition": ("2006", "2019")}'),
    }
    for name, (kind, example) in kinds.items():
        value = getattr(methodology, name)
        if not isinstance(value, kind) and not (name == "strata" and value is None):
            problems.add("methodology.wrong_type", where, name=name, found=repr(value), example=example)
    if not callable(methodology.compute):
        problems.add("methodology.wrong_type", where, name="compute", found=repr(methodology.compute), example="my_law")


def _unfilled(methodology: Methodology) -> list[str]:
    """What still has the question mark of a starter: the words of the declaration, and lines of the docstring."""
    words = {
        "title": (methodology.title.zh, methodology.title.en),
        "source": (methodology.source,),
        "locator": (methodology.locator,),
        "valid_for": (methodology.valid_for.zh, methodology.valid_for.en),
    }
    found = [name for name, texts in words.items() if "?" in map(str.strip, texts)]
    lines = {title: text.split("\n") for title, text in sections(methodology.compute).items()}
    return found + [title or "docstring" for title, text in lines.items() if "?" in map(str.strip, text)]


def _check_words(methodology: Methodology, where: str, problems: Problems) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", methodology.id):
        problems.add("methodology.bad_id", where, id=methodology.id)
    for name, text in (("title", methodology.title), ("valid_for", methodology.valid_for)):
        if not (text.zh.strip() and text.en.strip()):
            problems.add("methodology.one_language", where, name=name)
    known: dict[str, tuple[list[Any], list[Any]]] = {
        "approach": ([methodology.approach], list(get_args(Approach))),
        "tier": ([methodology.tier], list(_TIERS)),
        "acts_on": ([methodology.acts_on], ["state", "change"]),
        "ecosystems": (list(methodology.ecosystems), list(ecosystems())),
        "pools": (list(methodology.pools), list(pools())),
        "documents": (list(methodology.documents), list(methodology.table_parameters)),
    }
    for name, (found, allowed) in known.items():
        if unknown := [value for value in found if value not in allowed]:
            problems.add("methodology.unknown_word", where, name=name, found=unknown, allowed=allowed)
    if not (methodology.outputs or methodology.other_gases):
        problems.add("methodology.no_output", where)
    if methodology.carried and methodology.acts_on == "state":
        problems.add("methodology.carried_by_states", where, names=list(methodology.carried))
    # The mean of a layer over land of one history is not known at the dates before a transition.
    layers = [name for name in methodology.inputs if name not in OF_THE_ROW]
    if methodology.carried and layers:
        problems.add("methodology.carried_with_layers", where, names=list(methodology.carried), inputs=layers)


def _check_units(methodology: Methodology, where: str, problems: Problems) -> None:
    declared = _declared(methodology)
    declared |= {name: intermediate.unit for name, intermediate in methodology.intermediates.items()}
    declared |= methodology.other_gases
    for name, unit in declared.items():
        try:
            units.dimension(unit, f"{where} {name}")
            if name in methodology.inputs and (expected := OF_THE_ROW.get(name) or _known_unit(methodology, name)):
                units.check(unit, expected, f"{where} {name}")
        except UnitError as error:
            problems.extend(error)
    for pool, unit in methodology.outputs.items():
        if unit not in KIND_OF_UNIT:
            problems.add("methodology.output_unit", where, pool=pool, unit=unit, allowed=list(KIND_OF_UNIT))
    for name in methodology.inputs:
        if _known_unit(methodology, name) is None and name not in methodology.bounds and name not in OF_THE_ROW:
            problems.add("methodology.no_bounds", where, input=name)


def _known_unit(methodology: Methodology, input: str) -> str | None:
    """Unit of an input in the vocabulary, which has the months of a series one by one."""
    quantity = quantities().get(methodology.base_name(methodology.layers[input][0]))
    return None if quantity is None else quantity.unit


def _check_signature(methodology: Methodology, where: str, problems: Problems) -> None:
    """All that is declared is used, and all that is used is declared."""
    declared = set(_declared(methodology))
    functions = [methodology.compute, *(one.compute for one in methodology.intermediates.values())]
    used = {name for function in functions for name in arguments(function)}
    if undeclared := sorted(used - declared - set(methodology.intermediates)):
        problems.add("methodology.undeclared", where, names=undeclared)
    if unused := sorted(declared - used):
        problems.add("methodology.unused", where, names=unused)


def _check_docstring(methodology: Methodology, where: str, problems: Problems) -> None:
    found = sections(methodology.compute)
    expected = {
        "Parameters": set(arguments(methodology.compute)),
        "Returns": set(_returned(methodology)),
        "Notes": set(),
        # A source that is still to be written is named once, by what is to be filled in.
        "References": {methodology.source} - {"?"},
    }
    for title, names in expected.items():
        if title not in found:
            problems.add("methodology.no_section", where, section=title)
        elif missing := sorted(names - names_in(found[title])):
            problems.add("methodology.not_documented", where, section=title, names=missing)


# Six places with a number of their own, in a shape that no equation has by itself.
_STEPS = np.linspace(1, 1.5, 6).reshape(2, 3)


def _check_plain(methodology: Methodology, where: str, problems: Problems) -> None:
    """Run the function on one set of plain numbers and on arrays of them, as activity rows and draws bring them."""
    single = _numbers(methodology)
    try:
        outputs = _run_on(methodology, dict(single))
    except Exception as error:  # a user's function may fail in any way
        problems.add("methodology.fails", where, reason=f"{type(error).__name__}: {error}")
        return
    if not isinstance(outputs, Mapping):
        found = type(outputs).__name__
        problems.add("methodology.not_by_pool", where, found=found, pools=list(methodology.outputs))
        return
    try:
        together = _run_on(methodology, {name: np.multiply.outer(value, _STEPS) for name, value in single.items()})
        alone = [_run_on(methodology, {name: value * step for name, value in single.items()}) for step in _STEPS.flat]
        differing = [name for name in outputs if not _same(together[name], [one[name] for one in alone])]
        same, reason = not differing, ", ".join(map(str, differing))
    except Exception as error:
        same, reason = False, f"{type(error).__name__}: {error}"
    if not same:
        problems.add("methodology.not_elementwise", where, reason=reason)


def _numbers(methodology: Methodology) -> dict[str, Floats]:
    """A number of its own for everything that the function takes, twelve for a series of months.

    Different values, so that what cancels between equal ones shows too.
    """
    year = np.linspace(1, 2, len(MONTHS))
    return {
        name: np.asarray((year if isinstance(unit, Monthly) else 1.0) / (number + 2))[()]
        for number, (name, unit) in enumerate(_declared(methodology).items())
    }


def _same(together: Any, alone: list[Any]) -> bool:
    return bool(np.allclose(np.broadcast_to(together, _STEPS.shape).ravel(), alone, equal_nan=True))


def _check_dimensions(methodology: Methodology, where: str, problems: Problems) -> None:
    """Run the function once on quantities with units: the outputs must have the units declared."""
    values = _numbers(methodology)
    try:
        outputs = _run_on(methodology, {n: units.quantity(values[n], u) for n, u in _declared(methodology).items()})
    except Exception as error:  # whatever the equation raises on quantities is a fault of its dimensions
        problems.add("methodology.dimensions", where, reason=f"{type(error).__name__}: {error}")
        return
    given = _returned(methodology)
    if set(outputs) != set(given):
        problems.add("methodology.outputs", where, found=sorted(outputs), declared=sorted(given))
        return
    for pool, unit in given.items():
        found, expected = units.dimension_of(outputs[pool]), units.dimension(unit)
        if found != expected:
            problems.add("methodology.output_dimension", where, pool=pool, found=found, unit=unit, expected=expected)
            continue
        # Grams and tonnes have one dimension: plain numbers, as activity rows bring them, must give the same.
        plain = float(_run_on(methodology, dict(values))[pool])
        carried = _in_unit(outputs[pool], unit)
        if not np.isclose(plain, carried, rtol=1e-9, atol=0, equal_nan=True):
            problems.add("methodology.output_scale", where, pool=pool, unit=unit, factor=f"{plain / carried:g}")


def _in_unit(value: Any, unit: str) -> float:
    """A quantity as a plain number of ``unit``; a bare number already is one."""
    return float(value.to(units.quantity(1.0, unit).u).m / units.quantity(1.0, unit).m if _has_unit(value) else value)


def _has_unit(value: Any) -> bool:
    return hasattr(value, "_REGISTRY")


def _declared(methodology: Methodology) -> dict[str, str]:
    """Unit by name of what the function takes."""
    return {**methodology.inputs, **methodology.parameters, **methodology.carried}


def _returned(methodology: Methodology) -> dict[str, str]:
    """Unit by name of what the function gives."""
    return {**methodology.outputs, **methodology.other_gases, **methodology.carried}


def _run_on(methodology: Methodology, known: dict[str, Any]) -> Mapping[str, Any]:
    for name, intermediate in methodology.intermediates.items():
        known[name] = intermediate.compute(**{n: known[n] for n in arguments(intermediate.compute)})
        if _has_unit(known[name]):
            known[name].to(units.quantity(1.0, intermediate.unit).u)
    return methodology.compute(**{n: known[n] for n in arguments(methodology.compute)})


def _check_example(methodology: Methodology, example: Example, where: str, problems: Problems) -> None:
    given = {**dict.fromkeys(methodology.carried, 0.0), **example.inputs, **example.parameters}
    if set(given) != set(_declared(methodology)):
        problems.add("methodology.example_names", where, found=sorted(given), declared=sorted(_declared(methodology)))
        return
    months = {name for name, unit in methodology.inputs.items() if isinstance(unit, Monthly)}
    if short := [
        name for name, value in given.items() if np.shape(value) != ((len(MONTHS),) if name in months else ())
    ]:
        problems.add("methodology.example_months", where, names=short)
        return
    outputs = _run_on(methodology, {name: np.asarray(value, np.float64)[()] for name, value in given.items()})
    for pool, printed in example.outputs.items():
        if pool not in outputs:
            problems.add("methodology.outputs", where, found=sorted(outputs), declared=sorted(example.outputs))
        elif not agrees(float(outputs[pool]), printed):
            problems.add("methodology.example", where, pool=pool, found=f"{float(outputs[pool]):.12g}", printed=printed)


def agrees(computed: float, printed: str) -> bool:
    """Whether a number rounds to what is printed, to the last digit printed (a tie may go either way)."""
    expected = Decimal(printed.replace(",", ""))
    last_digit = Decimal(1).scaleb(int(expected.as_tuple().exponent))
    # A computed tie (0.125 for 0.13) can fall a rounding error to the wrong side.
    return abs(Decimal(computed) - expected) <= last_digit / 2 * (1 + Decimal("1e-9"))
