"""The uncertain rows of several parameter tables as estimates: what is drawn once, and what is drawn together.

Rows that are copies of one estimate (:mod:`sinks.parameters.estimate`) share their draws.  Rows that a table or a
project states to be wrong together (:mod:`sinks.parameters.correlation`) are correlated, and so is every copy of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sinks.parameters.correlation import Group
from sinks.parameters.draws import Spread
from sinks.parameters.estimate import COLUMN, key_of
from sinks.parameters.row import Row

Floats = NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Part:
    """A parameter table that takes part.

    ``owner`` names it; ``groups`` are its correlated rows, ``declared`` those that the project says are correlated.
    """

    owner: str
    rows: Sequence[Row]
    spreads: Sequence[Spread]
    groups: Sequence[Group] = ()
    declared: Sequence[Group] = ()


@dataclass(frozen=True, eq=False)
class Estimates:
    """What is uncertain in some tables, each thing once.

    Attributes
    ----------
    names : tuple of str
        Of the estimates; each names its stream of random numbers.
    places : tuple of array of int
        For each table, the estimate of every row; -1 for a row without an interval.
    groups : tuple of Group
        Estimates that are wrong together, each in one group; ``rows`` are places in ``names``.
    contradictions : tuple of tuple of str
        Estimates that are correlated in one way here and in another there.
    """

    names: tuple[str, ...]
    places: tuple[NDArray[np.intp], ...]
    groups: tuple[Group, ...]
    contradictions: tuple[tuple[str, ...], ...] = ()
    _group_of: Mapping[int, Group] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Estimates:
        """The estimates of some tables."""
        names: dict[str, int] = {}
        places = []
        for part in parts:
            alone = {row for group in part.groups for row in group.rows}
            place = np.full(len(part.rows), -1, np.intp)
            for number, (row, one) in enumerate(zip(part.rows, part.spreads, strict=True)):
                if one.distribution != "fixed":
                    name = key_of(row, of_parameter=number in alone) or _own_name(part.owner, row)
                    place[number] = names.setdefault(name, len(names))
            places.append(place)
        found, contradictions = _joined(_groups_of_estimates(parts, places))
        group_of = {estimate: group for group in found for estimate in group.rows}
        listed = tuple(names)
        said = tuple(tuple(listed[i] for i in estimates) for estimates in contradictions)
        return cls(listed, tuple(places), tuple(found), said, group_of)

    def draw(self, number: int, part: Part, seed: Sequence[int], n: int) -> Floats:
        """``n`` draws of every row of a table, shape (rows, n); constant where a row has no interval.

        Parameters
        ----------
        number : int
            Place of the table among those that the estimates are of.
        part : Part
            The table.
        seed : sequence of int
            With the name of an estimate it gives the stream of its random numbers, whatever else is drawn.
        n : int
        """
        drawn = np.empty((len(part.rows), n))
        ranks: dict[int, NDArray[np.intp]] = {}
        for row, (estimate, one) in enumerate(zip(self.places[number].tolist(), part.spreads, strict=True)):
            if estimate < 0:
                drawn[row] = one.value
                continue
            name = self.names[estimate]
            drawn[row] = one.draw(_stream(seed, name), n)
            # Twins may differ in their distributions, and are then alike in their ranks only.
            if estimate in self._group_of or name.startswith(COLUMN):
                if estimate not in ranks:
                    ranks |= self._ranks(estimate, seed, n)
                drawn[row] = np.sort(drawn[row])[ranks[estimate]]
        return drawn

    def _ranks(self, estimate: int, seed: Sequence[int], n: int) -> dict[int, NDArray[np.intp]]:
        """Order of the draws of an estimate and of those that are wrong together with it.

        It is the order of normal scores with the correlation wanted, which keeps every distribution as it is (Iman and
        Conover 1982, doi:10.1080/03610918208812265).  The scores come from the symmetric root of their correlation and
        independent normal numbers, a stream for each: no estimate comes before another.
        """
        group = self._group_of.get(estimate, Group((estimate,), np.eye(1)))
        normal = np.stack([_stream(seed, f"scores:{self.names[one]}").standard_normal(n) for one in group.rows])
        values, vectors = np.linalg.eigh(group.matrix)
        scores = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T @ normal
        return dict(zip(group.rows, np.argsort(np.argsort(scores, axis=-1), axis=-1), strict=True))

    def correlation(self, estimates: Sequence[int]) -> Floats:
        """Correlation matrix of some estimates."""
        matrix = np.eye(len(estimates))
        at = {estimate: i for i, estimate in enumerate(estimates)}
        for group in self.groups:
            inside = [(i, at[one]) for i, one in enumerate(group.rows) if one in at]
            within, into = [i for i, _ in inside], [place for _, place in inside]
            matrix[np.ix_(into, into)] = group.matrix[np.ix_(within, within)]
        return matrix


def _own_name(owner: str, row: Row) -> str:
    """Of a row that is a copy of nothing: tables of one methodology may have rows of one stratum that differ."""
    return f"{owner}:{row.layer}:{row.key}:{row.value!r}:{row.low!r}:{row.high!r}"


def _stream(seed: Sequence[int], name: str) -> np.random.Generator:
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return np.random.default_rng([*seed, int.from_bytes(digest, "big")])


def _groups_of_estimates(parts: Sequence[Part], places: Sequence[NDArray[np.intp]]) -> Iterable[Group]:
    """The groups of rows as groups of estimates, copies of one counted once."""
    for part, place in zip(parts, places, strict=True):
        for group in (*part.groups, *part.declared):
            first: dict[int, int] = {}
            for at, row in enumerate(group.rows):
                if place[row] >= 0:
                    first.setdefault(int(place[row]), at)
            if len(first) > 1:
                at_rows = list(first.values())
                yield Group(tuple(first), group.matrix[np.ix_(at_rows, at_rows)])


def _joined(groups: Iterable[Group]) -> tuple[list[Group], list[tuple[int, ...]]]:
    """Groups that share no estimate, and the estimates about which groups contradict each other.

    What two groups say of the estimates that they share must be the same; given these, the others of the two are
    independent, for nothing is said of them together.
    """
    found: list[Group] = []
    contradictions = []
    for group in groups:
        met = [one for one in found if set(one.rows) & set(group.rows)]
        differing = [row for one in met for row in _contradicted(one, group)]
        if differing:
            contradictions.append(tuple(differing))
        elif met:
            found = [one for one in found if one not in met] + [_linked(met, group)]
        else:
            found.append(group)
    return found, contradictions


def _contradicted(one: Group, other: Group) -> list[int]:
    """Estimates of both groups, if they say different things of them."""
    shared = [row for row in one.rows if row in other.rows]
    ours, theirs = (
        group.matrix[np.ix_(at, at)] for group in (one, other) for at in [[group.rows.index(row) for row in shared]]
    )
    return [] if np.allclose(ours, theirs, rtol=0, atol=_ROUNDING) else shared


def _linked(met: Sequence[Group], link: Group) -> Group:
    """Groups that have nothing in common, and another that each of them shares estimates with, as one group."""
    rows = (*(row for one in met for row in one.rows),)
    rows = (*rows, *(row for row in link.rows if row not in rows))
    # How far each estimate follows those of the link: itself where it is one of them.
    follows = np.zeros((len(rows), len(link.rows)))
    matrix = np.zeros((len(rows), len(rows)))
    for one in met:
        inside = [i for i, row in enumerate(link.rows) if row in one.rows]
        at, own = [rows.index(row) for row in one.rows], [one.rows.index(link.rows[i]) for i in inside]
        follows[np.ix_(at, inside)] = one.matrix[:, own] @ np.linalg.inv(link.matrix[np.ix_(inside, inside)])
        # What a group says of its own, beyond what follows from the link.
        explained = follows[at] @ link.matrix @ follows[at].T
        matrix[np.ix_(at, at)] = one.matrix - explained
    for i, row in enumerate(link.rows):
        if not any(row in one.rows for one in met):
            follows[rows.index(row), i] = 1.0
    return Group(rows, matrix + follows @ link.matrix @ follows.T)
