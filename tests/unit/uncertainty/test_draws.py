"""Draws of layers: of the stated width, reproducible by name, never of the other sign."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from sinks.uncertainty.draws import Draws, InputUncertainty, interval

SEED, N = 7, 20_000


def factor(percent: float, date: str = "2020", *, correlated: bool = False, name: str = "volume") -> np.ndarray:  # type: ignore[type-arg]
    found = Draws(N, SEED, {name: InputUncertainty(percent, correlated)}).factor(name, date)
    assert found is not None
    return found


def test_half_width_is_the_stated_one() -> None:
    low, high = np.quantile(factor(8), (0.025, 0.975))
    assert (high - low) / 2 == pytest.approx(0.08, rel=0.03)
    assert factor(8).mean() == pytest.approx(1, abs=0.002)


def test_draws_are_those_of_the_name_and_of_nothing_else() -> None:
    """What is uncertain besides changes nothing: a record of draws holds when a layer is added."""
    stream = np.random.default_rng([SEED, zlib.crc32(b"input:volume@2020")])
    expected = 1 + 0.08 / 1.959963984540054 * stream.standard_normal(N)
    np.testing.assert_allclose(factor(8), expected, rtol=1e-12)
    many = Draws(N, SEED, {"other": InputUncertainty(50), "volume": InputUncertainty(8)})
    many.factor("other", "2020")
    assert np.array_equal(factor(8), many.factor("volume", "2020"))


def test_a_bias_of_the_map_is_the_same_at_every_date() -> None:
    assert np.array_equal(factor(8, "2020", correlated=True), factor(8, "2023", correlated=True))
    independent = np.corrcoef(factor(8, "2020"), factor(8, "2023"))[0, 1]
    assert abs(independent) < 0.03


@pytest.mark.parametrize("percent", [150, 400])
def test_no_draw_turns_the_sign(percent: float) -> None:
    """They are those of the normal distribution that are above zero, and not zeros in the place of the others."""
    drawn = factor(percent)
    assert drawn.min() > 0
    sigma = percent / 100 / 1.959963984540054
    normal = 1 + sigma * np.random.default_rng(1).standard_normal(20 * N)
    above = normal[normal > 0]
    assert drawn.mean() == pytest.approx(above.mean(), rel=0.02)
    assert np.median(drawn) == pytest.approx(np.median(above), rel=0.03)


def test_what_is_not_declared_has_no_factor() -> None:
    draws = Draws(N, SEED, {"volume": InputUncertainty(8)})
    assert draws.factor("age", "2020") is None
    assert draws.area("land_cover", "forest", "2020") is None


def test_areas_are_drawn_by_whoever_knows_their_errors() -> None:
    class Known:
        def relative(self, source: str, ecosystem: str, date: str, draws: Draws) -> np.ndarray:  # type: ignore[type-arg]
            return np.full((1, draws.n), float(len(source + ecosystem + date)))

    found = Draws(4, SEED, areas=Known()).area("lc", "bare", "2020")
    assert found is not None
    assert found.tolist() == [[10.0] * 4]


def test_interval_has_the_middle_95_of_100_draws() -> None:
    draws = np.random.default_rng(3).lognormal(size=(2, 3, 4001))
    low, high = interval(draws)
    assert low.shape == high.shape == (2, 3)
    assert low == pytest.approx(np.quantile(draws, 0.025, axis=-1), rel=1e-9)
    assert high == pytest.approx(np.quantile(draws, 0.975, axis=-1), rel=1e-9)
