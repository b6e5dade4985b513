"""Which uncertain things the interval of a total comes from, ranked, region by region.

Each estimate of the parameter tables, with all its copies, and each input is moved by a small part of its standard
deviation, down and up, with everything else at its value, and the account is made once with all these moves side by
side.  The slopes are the terms of error propagation (IPCC 2006, vol. 1, ch. 3, approach 1): their squares add up to the
variance of the total, so that each thing has a share of it.  Unlike shares estimated from random draws these have no
noise, and unlike the uncertainty percentages of a table they know how often and where a parameter is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd

from sinks.account.account import AccountInputs, Entry
from sinks.account.totals import TotalKey, whole_of
from sinks.methodology import Bound
from sinks.parameters import Row
from sinks.parameters.draws import Z95
from sinks.uncertainty.correlations import Shared
from sinks.uncertainty.draws import QUANTILES, Draws, Floats, InputUncertainty
from sinks.vocabulary import quantities

COLUMNS = (
    "region_code",
    "region_name",
    "level",
    "quantity",
    "period",
    "rank",
    "share",
    "half_width",
    "unit",
    "kind",
    "methodology",
    "name",
    "stratum",
)

APPROACH_COLUMNS = (
    "region_code",
    "region_name",
    "level",
    "quantity",
    "period",
    "unit",
    "value",
    "approach_1_low",
    "approach_1_high",
    "approach_2_low",
    "approach_2_high",
    "agreement",
)

AGREEMENTS = ("agree", "skewed", "width", "areas")
"""What may be said of two approaches, see :func:`compare_approaches`."""

TOTAL_COLUMNS = ("region_code", "region_name", "level", "quantity", "period", "half_width", "unit")

REMOVALS = "net_removals"

# The ends of an interval from draws scatter.  Two ends that are this many standard errors apart differ for a reason.
_STANDARD_ERRORS = 3

# Inputs are moved by this many standard deviations: little enough for the slope at the value, and to keep off bounds.
_STEP = 0.1


@dataclass(frozen=True)
class Factor:
    """One uncertain thing.

    Attributes
    ----------
    kind : {"parameter", "input"}
    methodology : str
        Empty for an input; joined by ``+`` where several have copies of one estimate.
    name : str
        Parameter or input; joined as well.
    stratum : str
        Of a parameter row, the cells that tell it apart, joined by ``;`` for the copies of an estimate; of an input,
        its date where dates are independent.
    sd : float
        Standard deviation, in the parameter's unit (of the first copy); relative to the mean for an input.
    estimate : int
        Place among the estimates of the account; -1 for an input.
    """

    kind: str
    methodology: str
    name: str
    stratum: str
    sd: float
    estimate: int = -1


@dataclass(frozen=True)
class Sensitivity:
    """Sources of the uncertainty of each region's totals.

    Attributes
    ----------
    table : DataFrame
        Columns :data:`COLUMNS`; ``share`` is the part of the variance (parts may be negative where rows are declared
        to be correlated), ``half_width`` the half width of the 95 % interval that the thing alone would give.
    totals : DataFrame
        Columns :data:`TOTAL_COLUMNS`; the half width of the 95 % interval by error propagation (approach 1).
    of_dates : mapping of (str, str) to array (regions, dates)
        Change of the net removals of an input and period with one standard deviation of the input at each date alone,
        whether the project takes the errors of its dates for the same or not.
    """

    table: pd.DataFrame
    totals: pd.DataFrame
    of_dates: Mapping[tuple[str, str], Floats] = field(default_factory=dict)

    def top(self, region_code: str, quantity: str, n: int = 10) -> pd.DataFrame:
        """The ``n`` largest sources of one region and quantity, largest first."""
        found = self.table[(self.table["region_code"] == region_code) & (self.table["quantity"] == quantity)]
        return found[found["rank"] <= n].reset_index(drop=True)


class _OneByOne(Draws):
    """Instead of random draws, a pair for each uncertain thing: that thing moved down and up, all else as it is."""

    def __init__(self, factors: Sequence[Factor], inputs: Mapping[str, InputUncertainty], shared: Shared) -> None:
        # No random number is drawn.
        super().__init__(2 * len(factors), 0, inputs)
        self._moved = shared
        self._of_estimate = {f.estimate: 2 * i for i, f in enumerate(factors) if f.kind == "parameter"}
        self._of_input = {(f.name, f.stratum): (2 * i, f.sd) for i, f in enumerate(factors) if f.kind == "input"}

    def table(self, method: Bound) -> Floats:
        moved = np.repeat(method.table.values[:, None], self.n, axis=1)
        estimates = self._moved.estimates.places[self._moved.tables.index(method.table)].tolist()
        for number, (estimate, spread) in enumerate(zip(estimates, method.table.spreads, strict=True)):
            if estimate in self._of_estimate:
                _move(moved[number], self._of_estimate[estimate], spread.standard_deviation())
        return moved

    def factor(self, input: str, date: str) -> Floats | None:
        uncertainty = self.inputs.get(input)
        if uncertainty is None:
            return None
        moved = np.ones(self.n)
        for key in ((input, ""), (input, date)):
            if key in self._of_input:
                _move(moved, *self._of_input[key])
        return moved


def _move(values: Floats, place: int, sd: float) -> None:
    values[place] -= _STEP * sd
    values[place + 1] += _STEP * sd


def sensitivity(basis: AccountInputs, entries: Sequence[Entry], draws: Draws) -> Sensitivity:
    """Rank the sources of uncertainty of the totals of every region.

    Parameters
    ----------
    basis : AccountInputs
        Activity, regions, dates and periods of the account.
    entries : sequence of Entry
        Those with the role ``record`` take part.
    draws : Draws
        For the uncertainty of inputs and the correlations declared; no random number is used.

    Returns
    -------
    Sensitivity
        Empty tables when nothing has an interval.
    """
    record = [entry for entry in entries if entry.role == "record"]
    shared = Shared([entry.method for entry in record], draws.shared.correlations)
    factors = _factors(basis, record, draws, shared)
    if not factors:
        return Sensitivity(pd.DataFrame(columns=list(COLUMNS)), pd.DataFrame(columns=list(TOTAL_COLUMNS)))
    # Each date of an input alone too, where the dates err together: one evaluation serves both.
    apart = [factor for factor in _of_dates(basis, record, draws) if factor not in factors]
    moved = basis.totals(record, _OneByOne([*factors, *apart], draws.inputs, shared))
    slopes = {key: (values[:, 1::2] - values[:, 0::2]) / (2 * _STEP) for key, values in moved.items()}
    correlation = _correlation(factors, shared)
    ranked: list[tuple[object, ...]] = []
    sums = []
    for key, every in slopes.items():
        own = every[:, : len(factors)]
        parts = own * (own @ correlation)
        for number, region in enumerate(basis.hierarchy.regions.to_numpy(str).tolist()):
            place = (*region, key[2], key[3])
            ranked += _ranked(place, factors, own[number], parts[number])
            half_width = Z95 * np.sqrt(max(parts[number].sum(), 0.0))
            sums.append((*place, half_width, quantities()[key[2]].unit))
    return Sensitivity(
        pd.DataFrame(ranked, columns=list(COLUMNS)),
        pd.DataFrame(sums, columns=list(TOTAL_COLUMNS)),
        _slopes_of_dates([*factors, *apart], slopes),
    )


def _of_dates(basis: AccountInputs, entries: Sequence[Entry], draws: Draws) -> list[Factor]:
    """Every uncertain input at each date alone."""
    inputs = sorted({name for entry in entries for name in entry.method.inputs} & set(draws.inputs))
    return [Factor("input", "", name, date, _sd(draws, name)) for name in inputs for date in basis.dates]


def _sd(draws: Draws, name: str) -> float:
    """Standard deviation of an input, relative to its mean."""
    return draws.inputs[name].percent / 100 / Z95


def _slopes_of_dates(factors: Sequence[Factor], slopes: Mapping[TotalKey, Floats]) -> dict[tuple[str, str], Floats]:
    places: dict[str, list[int]] = {}
    for place, factor in enumerate(factors):
        if factor.kind == "input" and factor.stratum:
            places.setdefault(factor.name, []).append(place)
    removals = {key[3]: found for key, found in slopes.items() if key[2] == REMOVALS}
    return {(name, period): found[:, own] for name, own in places.items() for period, found in removals.items()}


def _ranked(
    place: tuple[str, ...], factors: Sequence[Factor], slopes: Floats, parts: Floats
) -> list[tuple[object, ...]]:
    """Sources of one total as rows, the largest first; those that do not touch it are left out."""
    variance = parts.sum()
    order = [i for i in np.argsort(-np.abs(parts), kind="stable") if slopes[i] != 0]
    return [
        (
            *place,
            rank,
            parts[i] / variance if variance > 0 else np.nan,
            Z95 * abs(slopes[i]),
            quantities()[place[3]].unit,
            factors[i].kind,
            factors[i].methodology,
            factors[i].name,
            factors[i].stratum,
        )
        for rank, i in enumerate(order, 1)
    ]


def _factors(basis: AccountInputs, entries: Sequence[Entry], draws: Draws, shared: Shared) -> list[Factor]:
    """Every estimate that is used and has an interval, and every uncertain input, each once."""
    members: dict[int, list[tuple[str, Row, float]]] = {}
    inputs: set[str] = set()
    for entry, rows in basis.used(entries, draws):
        table = entry.method.table
        estimates = shared.estimates.places[shared.tables.index(table)]
        for number in rows.tolist():
            row, sd = table.rows[number], table.spreads[number].standard_deviation()
            if sd > 0:
                members.setdefault(int(estimates[number]), []).append((entry.method.id, row, sd))
        inputs |= set(entry.method.inputs)
    found = [
        Factor(
            "parameter",
            "+".join(dict.fromkeys(method for method, _, _ in copies)),
            "+".join(dict.fromkeys(row.parameter for _, row, _ in copies)),
            "; ".join(dict.fromkeys(_stratum(row.key) for _, row, _ in copies)),
            copies[0][2],
            estimate,
        )
        for estimate, copies in members.items()
    ]
    for name in sorted(inputs & set(draws.inputs)):
        dates = ("",) if draws.inputs[name].dates_correlated else basis.dates
        found += [Factor("input", "", name, date, _sd(draws, name)) for date in dates]
    return found


def _stratum(key: str) -> str:
    """The cells of a parameter row, of its key ``parameter[cells]``."""
    return key.partition("[")[2].removesuffix("]")


def _correlation(factors: Sequence[Factor], shared: Shared) -> Floats:
    """Correlation of the uncertain things, as the tables and the project state it."""
    matrix = np.eye(len(factors))
    at = [i for i, factor in enumerate(factors) if factor.kind == "parameter"]
    matrix[np.ix_(at, at)] = shared.estimates.correlation([factors[i].estimate for i in at])
    return matrix


def compare_approaches(found: Sensitivity, account: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Intervals of each region's totals by both approaches of the guidelines, side by side.

    Approach 1 takes every distribution for normal and every equation for linear; approach 2 draws.  Where they agree
    the simple one tells the whole story; where they do not, that of the account (approach 2) holds, and the reason is
    said.

    Parameters
    ----------
    found : Sensitivity
    account : DataFrame
        Made with ``draws``.
    draws : Draws

    Returns
    -------
    DataFrame
        Columns :data:`APPROACH_COLUMNS`.  ``agreement``: ``agree`` where neither end differs by more than the draws
        scatter; else ``areas`` (errors of area were drawn, which approach 1 does not have), ``skewed`` (the drawn
        interval lies unevenly about the value) or ``width`` (evenly, but wider or narrower); empty without draws.
    """
    sums = whole_of(account)
    keys = ["region_code", "quantity", "period"]
    both = found.totals.merge(sums[[*keys, "value", "low", "high"]], on=keys, how="left")
    both["approach_1_low"] = both["value"] - both["half_width"]
    both["approach_1_high"] = both["value"] + both["half_width"]
    both = both.rename(columns={"low": "approach_2_low", "high": "approach_2_high"})
    both["agreement"] = _agreement(both, draws)
    return both[list(APPROACH_COLUMNS)]


def _agreement(both: pd.DataFrame, draws: Draws) -> list[str]:
    scatter = _STANDARD_ERRORS * _standard_error(draws.n) * both["half_width"] / Z95
    apart = pd.DataFrame({end: both[f"approach_1_{end}"] - both[f"approach_2_{end}"] for end in ("low", "high")}).abs()
    differs = apart.gt(scatter, axis=0).any(axis=1)
    # The two ends scatter independently, so their sum scatters by the square root of two more.
    uneven = (both["approach_2_high"] + both["approach_2_low"] - 2 * both["value"]).abs() > np.sqrt(2) * scatter
    why = np.where(uneven, "skewed", "width") if draws.areas is None else "areas"
    return list(np.where(both["approach_2_low"].isna(), "", np.where(differs, why, "agree")))


def _standard_error(n: int) -> float:
    """Of an end of the 95 % interval from ``n`` draws of a normal distribution, in its standard deviations."""
    low, high = QUANTILES
    return float(np.sqrt(low * high / n) / NormalDist().pdf(Z95))
