"""What the methodologies of age curves share: everything but the curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from methodologies._biomass import above_and_below
from sinks.methodology import Intermediate, Methodology
from sinks.methodology.equation import equation, with_arguments
from sinks.text import Text

OWN_PLOTS = Text(
    "本局固定样地或森林资源清查样地（用 sinks.parameters.growth_curves 拟合后写成扩展参数表）",
    "permanent or inventory plots of the bureau, fitted with sinks.parameters.growth_curves and written as a table "
    "that extends this one",
)
VALID_FOR = Text(
    "同龄林（人工林为主），林龄在拟合样地范围之内；曲线须由本局样地拟合，没有缺省参数",
    "Even-aged stands, planted ones above all, of ages within those of the plots; there are no default parameters",
)


_AGE = {"stand_age": "Age of the stand, t. [yr]"}
_FACTORS = {
    "root_to_shoot": "Below-ground to above-ground biomass, R, looked up by above-ground biomass. [t DM/t DM]",
    "carbon_fraction": "Carbon in dry matter, CF. [t C/(t DM)]",
}
_POOLS = {"above_ground_biomass": "of the shoots. [t C/ha]", "below_ground_biomass": "of the roots. [t C/ha]"}
_REFERENCES = "burkhart_2012, growth functions; ipcc_2006_v4, ch. 4, Table 4.4 for R and Table 4.3 for CF."


def age_curve(
    id: str,
    title: Text,
    locator: str,
    curve: Callable[..., Any],
    *,
    parameters: Mapping[str, tuple[str, str]],
    notes: str,
) -> Methodology:
    """A methodology of forest biomass by age: C = B(t) (1 + R) CF, with a growth curve for B.

    Parameters
    ----------
    id, title, locator
        As of a methodology; the document of the curves is one.
    curve : function
        Above-ground biomass from the age and the parameters, in their order. [t DM/ha]
    parameters : mapping of str to (str, str)
        Unit and meaning of each parameter of the curve.
    notes : str
        The equation, and what to know of the curve.
    """
    units = {name: unit for name, (unit, _) in parameters.items()}

    def above_ground_biomass(stand_age: Any, **given: Any) -> Any:
        return curve(stand_age, *(given[name] for name in parameters))

    def carbon_density(root_to_shoot: Any, carbon_fraction: Any, **given: Any) -> dict[str, Any]:
        return above_and_below(above_ground_biomass(**given) * carbon_fraction, root_to_shoot)

    biomass = with_arguments(above_ground_biomass, (*_AGE, *units))
    return Methodology(
        id=id,
        title=title,
        source="burkhart_2012",
        locator=locator,
        approach="stock_difference",
        tier=2,
        acts_on="state",
        ecosystems=("forest",),
        strata=("species_group", "climate_domain", "forest_type", "above_ground_biomass_density"),
        inputs={"stand_age": "yr"},
        parameters={**units, "root_to_shoot": "t DM/t DM", "carbon_fraction": "t C/(t DM)"},
        outputs=dict.fromkeys(_POOLS, "t C/ha"),
        bounds={**dict.fromkeys(units, (0, inf)), "root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
        intermediates={"above_ground_biomass_density": Intermediate("t DM/ha", biomass)},
        crosswalks={"forest_type": "species_groups.csv", "climate_domain": "climate_domains.csv"},
        edition="2006",
        documents=dict.fromkeys(units, OWN_PLOTS),
        valid_for=VALID_FOR,
        compute=equation(
            carbon_density,
            "Carbon density of living tree biomass from the age of the stand.",
            arguments={**_AGE, **{n: f"{text} [{unit}]" for n, (unit, text) in parameters.items()}, **_FACTORS},
            returns=_POOLS,
            notes=notes,
            references=_REFERENCES,
        ),
    )
