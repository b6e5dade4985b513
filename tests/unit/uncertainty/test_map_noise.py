"""The noise of two maps: by hand, against maps that are simulated with numpy alone, and by its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.uncertainty.map_noise import MapErrors, MapNoise, map_errors, map_noise, only, spread_errors

Array = np.ndarray[Any, Any]

# Shares of classes, true class by mapped class, and densities, as one might find them in a steppe.
SHARES = np.array([0.1, 0.55, 0.15, 0.2])
TRUE_TO_MAP = np.array(
    [[0.80, 0.12, 0.05, 0.03], [0.04, 0.85, 0.05, 0.06], [0.03, 0.17, 0.78, 0.02], [0.01, 0.14, 0.02, 0.83]]
)
DENSITY = np.array([180.0, 75.0, 60.0, 20.0])


def step(density: Array) -> Array:
    return np.asarray(density[None, :] - density[:, None])


def drawn(rng: np.random.Generator, rates: Array, true: Array, runs: int) -> Array:
    """Maps of cells by their true class, shape (runs, cells)."""
    edges = np.cumsum(rates, axis=1)[:, :-1]
    draw = rng.random((runs, len(true)))
    found: Array = (draw[:, :, None] > edges[true][None]).sum(axis=2)
    return found


def true_cells(cells: int) -> Array:
    return np.repeat(np.arange(len(SHARES)), np.round(SHARES * cells).astype(int))


def crossed(first: Array, second: Array) -> Array:
    table = np.zeros((len(SHARES), len(SHARES)))
    np.add.at(table, (first, second), 1.0)
    return table


class TestByHand:
    """100 000 ha of grassland (80 t C/ha) and forest (180 t C/ha), 80 % of the map right, 3 000 ha and 1 000 ha change.

    The same figures stand in the guide's page on the noise of maps.
    """

    TRANSITIONS = np.array([[77_000.0, 3_000.0], [1_000.0, 19_000.0]])

    @pytest.fixture
    def noise(self) -> MapNoise:
        mapped = np.array([79_000.0, 21_000.0])
        shares = spread_errors(np.array([0.8, 0.8]), self.TRANSITIONS, mapped)
        return map_noise(self.TRANSITIONS, step(np.array([80.0, 180.0])), map_errors(mapped, shares), 0.1, 100.0)

    def test_shares_of_change(self, noise: MapNoise) -> None:
        # Truly grassland: 0.8 x 79 000 + 0.2 x 21 000 = 67 400; truly forest 32 600.
        false = 2 * (63_200 * 4_200 / 67_400 + 16_800 * 15_800 / 32_600)
        assert noise.observed_share == pytest.approx(0.04, rel=1e-12)
        assert noise.expected_share == pytest.approx(false / 100_000, rel=1e-12)
        assert noise.expected_share == pytest.approx(0.2416, abs=5e-5)
        assert noise.independent == pytest.approx(0.04 / 0.2416, rel=1e-3)

    def test_errors_explain_all_change_and_the_same_both_ways(self, noise: MapNoise) -> None:
        assert noise.false == pytest.approx(np.array([[0.0, 2_000.0], [2_000.0, 0.0]]), rel=1e-12)

    def test_carbon(self, noise: MapNoise) -> None:
        change, most, random, drift, total = noise.total
        assert (change, most) == pytest.approx((200_000, 400_000), rel=1e-12)
        # 4 000 ha of false change in patches of 100 ha, each 100 t C/ha up or down.
        assert random == pytest.approx(np.sqrt(40) * 100 * 100, rel=1e-12)
        # 20 000 ha of the map are wrong by 100 t C/ha each.
        assert drift == pytest.approx(0.1 * np.sqrt(2 * 0.165555) * 2_000_000, rel=1e-4)
        assert total == pytest.approx(1.959964 * np.hypot(random, drift), rel=1e-6)
        assert (random, drift, total) == pytest.approx((63_246, 115_084, 257_378), rel=3e-5)
        assert change / total == pytest.approx(0.777, abs=5e-4)

    def test_nothing_can_be_more_than_all_that_was_observed(self) -> None:
        few = np.array([[79_990.0, 5.0], [5.0, 20_000.0]])
        mapped = np.array([79_995.0, 20_005.0])
        errors = map_errors(mapped, spread_errors(np.array([0.8, 0.8]), few, mapped))
        noise = map_noise(few, step(np.array([80.0, 180.0])), errors, 0.1, 100.0)
        assert noise.total[4] == pytest.approx(1_000, rel=1e-12)
        assert 1.96 * np.hypot(*noise.total[2:4]) > 1_000


class TestSimulated:
    CELLS, RUNS = 2_000, 1_500

    def errors(self) -> MapErrors:
        return MapErrors(SHARES * self.CELLS, TRUE_TO_MAP, TRUE_TO_MAP)

    @pytest.mark.parametrize("correlation", [0.0, 0.6, 0.9])
    def test_false_change_and_its_scatter(self, correlation: float) -> None:
        """No land changes; a cell keeps its error of the first date with the chance that is the correlation."""
        rng = np.random.default_rng(11)
        true = true_cells(self.CELLS)
        first, second = (drawn(rng, TRUE_TO_MAP, true, self.RUNS) for _ in range(2))
        second = np.where(rng.random(first.shape) < correlation, first, second)
        gross = (first != second).mean()
        change = (DENSITY[second] - DENSITY[first]).sum(axis=1)
        mean = sum(crossed(*maps) for maps in zip(first, second, strict=True)) / self.RUNS
        noise = map_noise(mean, step(DENSITY), self.errors(), 0.0, 1.0)
        assert noise.observed_share == pytest.approx(gross, rel=1e-9)
        assert (1 - correlation) * noise.expected_share == pytest.approx(gross, rel=0.02)
        assert noise.independent == pytest.approx(1 - correlation, rel=0.02)
        off = ~np.eye(len(SHARES), dtype=bool)
        assert noise.false[off] == pytest.approx(mean[off], rel=0.1, abs=0.3)
        assert noise.total[2] / change.std() == pytest.approx(1.0, abs=0.05)
        # Without drift, the 95 % of the random part hold the change of 95 % of the pairs of maps.
        assert np.mean(np.abs(change) < noise.total[4]) == pytest.approx(0.95, abs=0.02)

    @pytest.mark.parametrize("patch", [1, 8, 25])
    def test_errors_that_come_in_patches(self, patch: int) -> None:
        """All cells of a patch are wrong together: the scatter grows as the root of the patch."""
        rng = np.random.default_rng(12)
        true = np.repeat(true_cells(self.CELLS // patch), patch)
        first, second = (np.repeat(drawn(rng, TRUE_TO_MAP, true[::patch], self.RUNS), patch, axis=1) for _ in range(2))
        change = (DENSITY[second] - DENSITY[first]).sum(axis=1)
        mean = sum(crossed(*maps) for maps in zip(first, second, strict=True)) / self.RUNS
        noise = map_noise(mean, step(DENSITY), self.errors(), 0.0, float(patch))
        assert noise.total[2] / change.std() == pytest.approx(1.0, abs=0.07)

    def test_drift_when_all_errors_go_one_way(self) -> None:
        """Rates of error, all from the poorer to the richer class, scatter by c about their mean at each date."""
        rng, c = np.random.default_rng(13), 0.1
        rates = np.array([[0.8, 0.2], [0.0, 1.0]])
        area, density = np.array([700.0, 300.0]), np.array([20.0, 120.0])
        scatter = 1 + c * rng.standard_normal((20_000, 2))
        change = area[0] * rates[0, 1] * (scatter[:, 1] - scatter[:, 0]) * 100.0
        mean = np.array([[560.0 - 112, 112.0], [112.0, 440.0 - 112]])
        noise = map_noise(mean, step(density), MapErrors(area, rates, rates), c, 1.0)
        assert noise.independent == pytest.approx(1.0, rel=1e-12)
        assert noise.total[3] / change.std() == pytest.approx(1.0, abs=0.03)

    def test_accuracies_by_class_stand_for_the_whole_matrix(self) -> None:
        """User's accuracies, spread as the region changes, against the rates that made the change: 48 territories."""
        rng, k, ratios = np.random.default_rng(15), 7, []
        for _ in range(48):
            area = rng.dirichlet([2, 0.5, 8, 0.5, 2, 0.3, 4]) * 1e5
            wrong = rng.dirichlet(np.ones(k), k) * (1 - np.eye(k))
            right = rng.uniform(0.6, 0.95, k)
            rates = np.diag(right) + wrong / wrong.sum(axis=1, keepdims=True) * (1 - right)[:, None]
            r = rng.choice([0.0, 0.6, 0.9])
            seen = (1 - r) * np.einsum("i,ij,ik->jk", area, rates, rates) + r * np.diag(area @ rates)
            joint, difference = area[:, None] * rates, step(rng.uniform(5, 200, k))
            mapped = joint.sum(axis=0)
            spread = map_errors(mapped, spread_errors(np.diag(joint) / mapped, seen, mapped))
            known = map_noise(seen, difference, MapErrors(area, rates, rates), 0.1, 100.0)
            ratios.append(map_noise(seen, difference, spread, 0.1, 100.0).total[4] / known.total[4])
        low, middle, high = np.percentile(ratios, [5, 50, 95])
        assert middle == pytest.approx(1.0, abs=0.03)
        assert 0.85 < low < high < 1.15

    def test_two_maps_of_unlike_quality(self) -> None:
        rng = np.random.default_rng(14)
        better = 0.5 * TRUE_TO_MAP + 0.5 * np.eye(len(SHARES))
        true = true_cells(self.CELLS)
        first, second = drawn(rng, TRUE_TO_MAP, true, 800), drawn(rng, better, true, 800)
        errors = MapErrors(SHARES * self.CELLS, TRUE_TO_MAP, better)
        mean = sum(crossed(*maps) for maps in zip(first, second, strict=True)) / 800
        off = ~np.eye(len(SHARES), dtype=bool)
        assert errors.false_gross[off] == pytest.approx(mean[off], rel=0.1, abs=0.5)


class TestErrorsFromMaps:
    def test_a_sample_of_the_map_gives_back_the_rates_of_the_truth(self) -> None:
        """From shares within classes of the map, as a sample has them, to shares within true classes."""
        joint = SHARES[:, None] * TRUE_TO_MAP
        mapped = joint.sum(axis=0) * 1_000
        found = map_errors(mapped, (joint / joint.sum(axis=0)).T)
        assert found.area == pytest.approx(SHARES * 1_000, rel=1e-12)
        assert found.first == pytest.approx(TRUE_TO_MAP, rel=1e-12)
        assert found.second == pytest.approx(TRUE_TO_MAP, rel=1e-12)

    def test_errors_go_where_the_region_seems_to_change(self) -> None:
        transitions = np.array([[50.0, 6.0, 0.0], [2.0, 30.0, 1.0], [0.0, 1.0, 10.0]])
        shares = spread_errors(np.array([0.7, 0.8, 0.9]), transitions, np.array([54.0, 35.0, 11.0]))
        assert shares == pytest.approx(np.array([[0.7, 0.3, 0.0], [0.16, 0.8, 0.04], [0.0, 0.1, 0.9]]), rel=1e-12)

    def test_errors_of_a_class_that_never_changed_go_by_area(self) -> None:
        transitions = np.array([[50.0, 5.0, 0.0], [5.0, 30.0, 0.0], [0.0, 0.0, 10.0]])
        shares = spread_errors(np.array([0.7, 0.8, 0.6]), transitions, np.array([55.0, 35.0, 10.0]))
        assert shares[2] == pytest.approx([0.4 * 55 / 90, 0.4 * 35 / 90, 0.6], rel=1e-12)
        assert shares.sum(axis=1) == pytest.approx(np.ones(3), rel=1e-12)

    def test_the_only_class_of_a_region_is_right(self) -> None:
        assert spread_errors(np.array([0.7]), np.array([[5.0]]), np.array([5.0])) == pytest.approx(np.array([[1.0]]))

    def test_shares_among_some_classes_sum_to_one(self) -> None:
        kept = only(TRUE_TO_MAP, np.array([0, 2]))
        assert kept == pytest.approx(np.array([[0.80 / 0.85, 0.05 / 0.85], [0.03 / 0.81, 0.78 / 0.81]]), rel=1e-12)

    def test_a_class_that_is_none_of_those_kept_has_no_errors_among_them(self) -> None:
        shares = np.array([[0.0, 1.0, 0.0], [0.2, 0.8, 0.0], [0.1, 0.1, 0.8]])
        assert only(shares, np.array([0, 2])) == pytest.approx(np.array([[1.0, 0.0], [1 / 9, 8 / 9]]), rel=1e-12)


def any_noise(
    seed: int, accuracy: float = 0.8, scale: float = 1.0, patch: float = 100.0
) -> tuple[Array, Array, MapNoise]:
    rng = np.random.default_rng(seed)
    transitions = rng.random((4, 4)) * 50 + np.diag(rng.random(4) * 5_000)
    transitions *= scale
    mapped = (transitions.sum(axis=0) + transitions.sum(axis=1)) / 2
    errors = map_errors(mapped, spread_errors(np.full(4, accuracy), transitions, mapped))
    values = rng.random(4) * 200
    return transitions, values, map_noise(transitions, step(values), errors, 0.1, patch)


SEEDS = st.integers(0, 10_000)


class TestLaws:
    @given(SEEDS)
    def test_pairs_add_up_to_the_whole(self, seed: int) -> None:
        transitions, values, noise = any_noise(seed)
        upper = np.triu_indices(4, 1)
        change, most, random, drift, _ = noise.total
        # Transitions times differences are the difference of the totals.
        assert change == pytest.approx((transitions.sum(axis=0) - transitions.sum(axis=1)) @ values, rel=1e-9, abs=1e-6)
        assert (noise.random[upper] ** 2).sum() == pytest.approx(random**2, rel=1e-12)
        assert noise.drift[upper].sum() == pytest.approx(drift, rel=1e-12)
        assert noise.most[upper].sum() == pytest.approx(most, rel=1e-12)
        assert noise.false.sum() == pytest.approx(noise.gross.sum(), rel=1e-9)

    @given(SEEDS)
    def test_the_random_part_is_the_variance_of_the_density_that_the_map_gives(self, seed: int) -> None:
        """The usual form: the root of 2 (1 - r) a sum A_i Var_i(d)."""
        rng = np.random.default_rng(seed)
        rates = rng.dirichlet(np.ones(4) * 2, 4)
        area, values, transitions = rng.random(4) * 1_000, rng.random(4) * 200, rng.random((4, 4)) * 100
        noise = map_noise(transitions, step(values), MapErrors(area, rates, rates), 0.1, 7.0)
        variance = rates @ values**2 - (rates @ values) ** 2
        assert noise.total[2] == pytest.approx(np.sqrt(2 * noise.independent * 7.0 * area @ variance), rel=1e-9)
        wrong = (area[:, None] * rates * np.abs(step(values))).sum()
        assert noise.total[3] == pytest.approx(0.1 * np.sqrt(2 * noise.independent) * wrong, rel=1e-9)

    @given(SEEDS)
    def test_a_region_of_four_has_four_times_the_drift_and_twice_the_random_part(self, seed: int) -> None:
        one, four = any_noise(seed)[-1], any_noise(seed, scale=4.0)[-1]
        assert four.total[2] == pytest.approx(2 * one.total[2], rel=1e-9)
        assert four.total[3] == pytest.approx(4 * one.total[3], rel=1e-9)
        assert four.independent == pytest.approx(one.independent, rel=1e-9)

    @given(SEEDS)
    def test_a_better_map_has_less_noise(self, seed: int) -> None:
        """The random part need not shrink: all observed change may be error, however good the map."""
        worse, better = any_noise(seed, 0.75)[-1], any_noise(seed, 0.9)[-1]
        assert better.expected_share < worse.expected_share
        assert better.independent >= worse.independent
        assert better.total[3] < worse.total[3]
        worse, better = any_noise(seed, 0.75, patch=1e-6)[-1], any_noise(seed, 0.9, patch=1e-6)[-1]
        assert better.total[4] <= worse.total[4]

    @given(SEEDS, st.permutations(range(4)))
    def test_the_order_of_classes_and_of_dates_is_no_matter(self, seed: int, order: list[int]) -> None:
        rng = np.random.default_rng(seed)
        transitions, values = rng.random((4, 4)) * 100, rng.random(4) * 200
        first, second = rng.dirichlet(np.ones(4), 4), rng.dirichlet(np.ones(4), 4)
        area = rng.random(4) * 1_000
        noise = map_noise(transitions, step(values), MapErrors(area, first, second), 0.1, 7.0)
        at = np.ix_(order, order)
        moved = MapErrors(area[order], first[at], second[at])
        assert map_noise(transitions[at], step(values)[at], moved, 0.1, 7.0).total == pytest.approx(noise.total)
        back = map_noise(transitions.T, step(values), MapErrors(area, second, first), 0.1, 7.0)
        assert back.total == pytest.approx((-noise.total[0], *noise.total[1:]))

    def test_errors_of_two_dates_are_at_most_independent(self) -> None:
        """Where more changed than errors can make, all errors are taken for false change, and none twice."""
        rates = np.array([[0.99, 0.01], [0.02, 0.98]])
        errors = MapErrors(np.array([60.0, 40.0]), rates, rates)
        noise = map_noise(np.array([[50.0, 10.0], [10.0, 30.0]]), step(np.array([1.0, 3.0])), errors, 0.1, 1.0)
        assert noise.observed_share > noise.expected_share
        assert noise.independent == 1.0
        assert noise.false.sum() == pytest.approx(errors.false_gross.sum(), rel=1e-12)

    def test_without_errors_there_is_no_noise(self) -> None:
        transitions = np.array([[5.0, 1.0], [0.0, 4.0]])
        sure = MapErrors(np.array([6.0, 4.0]), np.eye(2), np.eye(2))
        noise = map_noise(transitions, step(np.array([1.0, 3.0])), sure, 0.1, 1.0)
        assert noise.total == (2.0, 2.0, 0.0, 0.0, 0.0)

    def test_a_region_without_land_has_none_either(self) -> None:
        none = MapErrors(np.zeros(2), np.eye(2), np.eye(2))
        assert map_noise(np.zeros((2, 2)), np.zeros((2, 2)), none, 0.1, 1.0).total == (0, 0, 0, 0, 0)
