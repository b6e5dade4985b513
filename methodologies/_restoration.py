"""What the methodologies of land under restoration share: yearly gains by kind and age, as their tables have them."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.methodology.equation import equation
from sinks.text import Text

_MEANING = {
    "biomass": "Living biomass, above and below ground together. [t C/ha/yr]",
    "soil_organic_carbon": "Soil organic carbon, to the depth that the table's row states. [t C/ha/yr]",
    "ecosystem": "All pools together, where a source gives no more. [t C/ha/yr]",
}
_FORMULA = r".. math:: \Delta C_{pool} = r_{pool}(\text{restoration, years since})"


def gains(**by_pool: Any) -> dict[str, Any]:
    """The gain of each pool as the table has it; NaN for a pool that the table does not have for the stratum."""
    return by_pool


def rates_by_age(
    id: str,
    title: Text,
    *,
    sources: tuple[str, ...],
    ecosystems: tuple[str, ...],
    pools: tuple[str, ...],
    monitoring: Text,
    valid_for: Text,
    notes: str,
) -> Methodology:
    """A methodology of restored land.

    Parameters
    ----------
    id, title, ecosystems, valid_for
        As of a methodology.
    sources : tuple of str
        Keys of the documents that have the rates; the first, in its abstract, is that of the methodology.
    pools : tuple of str
        Of which the table has gains.
    monitoring : Text
        Who measures them in a region.
    notes : str
        What to know of the rates.
    """
    meaning = {pool: _MEANING[pool] for pool in pools}
    return Methodology(
        id=id,
        title=title,
        source=sources[0],
        locator="abstract",
        approach="rate",
        tier=2,
        acts_on="state",
        ecosystems=ecosystems,
        strata=("restoration", "depth", "restoration_age"),
        inputs={},
        parameters=dict.fromkeys(pools, "t C/ha/yr"),
        outputs=dict.fromkeys(pools, "t C/ha/yr"),
        documents=dict.fromkeys(pools, monitoring),
        partial=True,
        valid_for=valid_for,
        compute=equation(
            gains,
            "Yearly gain of carbon by kind and age of restoration.",
            arguments=meaning,
            returns=meaning,
            notes=f"{_FORMULA}\n\n{notes.strip()}",
            references=f"{', '.join(sources)}: rates by age and depth.",
        ),
    )
