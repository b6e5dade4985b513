"""What methodologies of living biomass share: one pool from the other by the root-to-shoot ratio."""

from __future__ import annotations

from typing import Any


def above_and_below(above_ground: Any, root_to_shoot: Any) -> dict[str, Any]:
    """The two pools of living biomass from carbon above ground, C (1 + R). [t C/ha]"""
    return {"above_ground_biomass": above_ground, "below_ground_biomass": above_ground * root_to_shoot}
