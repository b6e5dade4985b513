"""Noise of change between two classified maps: what two maps of unchanged land would show by their errors alone.

Each map is wrong in some places, and two maps are not wrong in the same.  Land that did not change thus seems to
change, and with a carbon density for each class it seems to gain or lose carbon.  The functions here say how much of
the change that was observed has to be expected from errors, in a few sums over classes:

- ``A_i`` area that truly is class i, ``P_ij`` the share of it that a map calls j (the first map ``P``, the second
  ``Q``; one matrix for both unless each has its own);
- ``T_jk`` area that the maps show to go from j to k, ``D_jk`` the difference of carbon density of k and j;
- ``r`` the correlation of errors between the dates, ``a`` the area of a patch of errors, ``c`` by how much the rates
  of error differ between the dates, all in one direction.

.. math::

    G_0 = \\sum_i a_i (1 - \\sum_j P_{ij} Q_{ij}), \\qquad 1 - r = \\min(1, G / G_0)

    R^2 = (1 - r)\\, a \\sum_i A_i \\sum_{jk} P_{ij} Q_{ik} D_{jk}^2, \\qquad
    E = \\sum_{ij} A_i \\tfrac{1}{2} (P_{ij} + Q_{ij}) |D_{ij}|, \\qquad S = c \\sqrt{2 (1 - r)}\\, E

    N = \\min(\\Gamma,\\ 1.96 \\sqrt{R^2 + S^2}), \\qquad \\Gamma = \\sum_{jk} T_{jk} |D_{jk}|

``R`` is random and shrinks beside a growing region; the drift ``S`` does not.  The correlation is not known without
sites that are sure not to have changed, so all observed change is allowed to be error: the largest r that explains it.
Where every class has one density, ``D_jk = d_k - d_j`` and R is the usual ``sqrt(2 (1 - r) a sum A_i Var_i(d))``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sinks.parameters.draws import Z95
from sinks.uncertainty.draws import Floats


@dataclass(frozen=True)
class MapErrors:
    """What two maps call the land that truly is of each class.

    Attributes
    ----------
    area : array (k,)
        Area that truly is of each class [ha].
    first, second : array (k, k)
        Share of each true class (rows) that a map calls each class (columns); rows sum to 1.
    """

    area: Floats
    first: Floats
    second: Floats

    @property
    def false_gross(self) -> Floats:
        """Area [ha] that goes from each class to each other by errors alone, when those of the dates are independent.

        Shape (k, k), with a zero diagonal.
        """
        found: Floats = np.einsum("i,ij,ik->jk", self.area, self.first, self.second)
        np.fill_diagonal(found, 0.0)
        return found


@dataclass(frozen=True)
class MapNoise:
    """Observed change of carbon between two maps, and what of it errors of the maps can be.

    Attributes
    ----------
    area : float
        Land [ha].
    gross : array (k, k)
        Observed transitions [ha], zero on the diagonal.
    false : array (k, k)
        Transitions [ha] to be expected from errors alone, given the correlation.
    independent : float
        1 - r, the part of the errors of one date that the other does not repeat.
    observed_share, expected_share : float
        G and G0: share of the land that changed, and that would seem to change by independent errors.
    change, most : array (k, k)
        For each pair of classes, taken both ways, the change of carbon [t C] and the sum of its absolute parts;
        symmetric, so that the upper triangle holds each pair once.
    random, drift : array (k, k)
        Standard deviations [t C] for each pair, symmetric.
    """

    area: float
    gross: Floats
    false: Floats
    independent: float
    observed_share: float
    expected_share: float
    change: Floats
    most: Floats
    random: Floats
    drift: Floats

    @property
    def pair_noise(self) -> Floats:
        """Noise [t C] of each pair of classes by itself, 95 %, shape (k, k)."""
        return _at_most(self.most, self.random, self.drift)

    @property
    def total(self) -> tuple[float, float, float, float, float]:
        """Of all classes together [t C]: change, gross change, random part, drift, and noise.

        Random parts add as variances; drifts of all classes may point the same way, so they add as they are.
        """
        upper = np.triu_indices(len(self.gross), 1)
        change, most, drift = (float(part[upper].sum()) for part in (self.change, self.most, self.drift))
        random = float(np.sqrt((self.random[upper] ** 2).sum()))
        return change, most, random, drift, float(_at_most(np.array(most), np.array(random), np.array(drift)))


def _at_most(most: Floats, random: Floats, drift: Floats) -> Floats:
    noise: Floats = np.minimum(most, Z95 * np.hypot(random, drift))
    return noise


def spread_errors(users: Floats, transitions: Floats, mapped: Floats) -> Floats:
    """What land of each class of the map truly is, from user's accuracies alone.

    The errors of a class go to the others as the region's own change does, ``T + T'``: classes that a map takes for
    each other at one place and time are those between which it seems to change.  Those of a class that never changed
    go to the others by their area.

    Parameters
    ----------
    users : array (k,)
        User's accuracy of each class.
    transitions : array (k, k)
        Observed transitions of the region [ha].
    mapped : array (k,)
        Area of each class on the map [ha].

    Returns
    -------
    array (k, k)
        Share of each true class (columns) in each class of the map (rows); rows sum to 1.
    """
    weights = transitions + transitions.T
    np.fill_diagonal(weights, 0.0)
    by_area = np.broadcast_to(mapped, weights.shape).copy()
    np.fill_diagonal(by_area, 0.0)
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, by_area)
    whole = weights.sum(axis=1, keepdims=True)
    spread = np.divide(weights, whole, out=np.zeros_like(weights), where=whole > 0)
    shares: Floats = spread * (1 - users)[:, None]
    np.fill_diagonal(shares, np.where(whole[:, 0] > 0, users, 1.0))
    return shares


def map_errors(mapped: Floats, first: Floats, second: Floats | None = None) -> MapErrors:
    """From shares by class of the map to shares by true class (Bayes), for the region's own mix of classes.

    Parameters
    ----------
    mapped : array (k,)
        Area of each class on the maps, the mean of both [ha].
    first, second : array (k, k)
        Share of each true class (columns) in each class of each map (rows); the second is the first when left out.
    """
    both = [mapped[:, None] * shares for shares in (first, first if second is None else second)]
    area = (both[0].sum(axis=0) + both[1].sum(axis=0)) / 2
    turned = []
    for joint in both:
        true = joint.sum(axis=0)
        # A class of which the sample finds nothing has no errors to speak of.
        turned.append(np.divide(joint, true, out=np.eye(len(mapped)), where=true > 0).T)
    return MapErrors(area, *turned)


def only(shares: Floats, kept: NDArray[np.intp]) -> Floats:
    """Shares among some of the classes, both of map and of truth, summing to 1 again; ``kept`` is their numbers."""
    part: Floats = shares[np.ix_(kept, kept)]
    whole = part.sum(axis=1, keepdims=True)
    among: Floats = np.divide(part, whole, out=np.eye(len(kept)), where=whole > 0)
    return among


def map_noise(transitions: Floats, difference: Floats, errors: MapErrors, drift: float, patch_ha: float) -> MapNoise:
    """Observed change of carbon between two maps, and what of it can be errors of the maps.

    Parameters
    ----------
    transitions : array (k, k)
        Land by class on the first map (rows) and on the second (columns), unchanged land on the diagonal [ha].
    difference : array (k, k)
        Carbon density of the class of the column less that of the row [t C/ha]; antisymmetric.
    errors : MapErrors
    drift : float
        c, the relative difference of the rates of error between the two dates.
    patch_ha : float
        Area within which all cells are wrong together [ha].

    Returns
    -------
    MapNoise
    """
    area = float(transitions.sum())
    gross = transitions - np.diag(np.diag(transitions))
    false = errors.false_gross
    true_area = float(errors.area.sum())
    observed = float(gross.sum()) / area if area > 0 else 0.0
    expected = float(false.sum()) / true_area if true_area > 0 else 0.0
    # Whatever a map without errors shows is change.
    independent = min(1.0, observed / expected) if expected > 0 else 0.0
    false = independent * false
    by_net = gross * difference
    variance = patch_ha * (false + false.T) * difference**2
    rates = errors.area[:, None] * (errors.first + errors.second) / 2
    wrong = (rates + rates.T) * np.abs(difference)
    return MapNoise(
        area,
        gross,
        false,
        independent,
        observed,
        expected,
        by_net + by_net.T,
        np.abs(by_net) + np.abs(by_net.T),
        np.sqrt(variance),
        drift * np.sqrt(2 * independent) * wrong,
    )
