"""Formulas of docstrings, written in LaTeX, as a line of plain text for the terminal."""

from __future__ import annotations

import re

_SIGNS = {
    r"\cdot": "·",
    r"\times": "×",
    r"\Delta": "Δ",
    r"\beta": "β",
    r"\sum": "Σ",
    r"\max": "max",
    r"\min": "min",
    r"\ln": "ln",
    r"\left": "",
    r"\right": "",
    r"\quad": "   ",
    r"\,": " ",
    "~": " ",
}
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"


def plain(formula: str) -> str:
    """A formula as plain text: ``\\frac{a}{b}`` becomes ``a / b``, ``C_{i+1}`` becomes ``C[i+1]``.

    >>> plain(r"\\Delta C = \\frac{SOC_0 - SOC_{0-T}}{\\max(D, T)}")
    'ΔC = (SOC_0 - SOC[0-T]) / max(D, T)'
    """
    text = re.sub(r"\\(?:mathrm|text|mathit)" + _GROUP, r"\1", formula)
    while (match := re.search(r"\\frac" + _GROUP + _GROUP, text)) is not None:
        ratio = f"{_bracketed(match[1])} / {_bracketed(match[2])}"
        text = text[: match.start()] + _apart(ratio, text[match.end() :]) + text[match.end() :]
    for sign, shown in _SIGNS.items():
        text = re.sub(re.escape(sign) + (r"(?![A-Za-z])" if sign[-1].isalpha() else ""), shown, text)
    text = re.sub(r"_\{([A-Za-z0-9]+)\}", r"_\1", text)
    text = re.sub(r"_" + _GROUP, r"[\1]", text)
    text = re.sub(r"\^\{([A-Za-z0-9])\}", r"^\1", text)
    text = re.sub(r"\^" + _GROUP, r"^(\1)", text)
    text = re.sub(r"Δ\s+", "Δ", text)
    return re.sub(r"(?<=\S) {2}(?=\S)", " ", text).strip()


def _bracketed(part: str) -> str:
    """A term of a quotient, in brackets when it is more than one factor."""
    part = part.strip()
    alone = re.fullmatch(r"\\?[A-Za-z0-9_\\{}\-+]+|\\(?:max|min|ln)\([^()]*\)", part)
    return part if alone and not re.search(r"(?<=.)[+\-](?![^{]*\})", part) else f"({part})"


def _apart(ratio: str, after: str) -> str:
    """A quotient that something multiplies needs brackets of its own."""
    return (
        f"({ratio})" if re.match(r"\s*[A-Za-z(\\]", after) and not re.match(r"\s*(\\quad|\\text|,)", after) else ratio
    )
