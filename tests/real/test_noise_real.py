"""Noise of two real maps whose producer advises against taking change from them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sinks
from sinks.project.project import Project
from sinks.results.withheld import withheld

DATA = Path(os.environ.get("SINKS_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
MODIS = DATA / "landcover_modis_5min_2001_2010"
WUHAI = "150300"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not MODIS.exists(), reason=f"no real layers at {DATA}"),
]


def test_a_league_that_changes_almost_wholly_is_refused() -> None:
    run = sinks.run(
        Project.from_dict(
            {
                "project": {"name": "modis", "title": "MODIS 2001-2010", "dates": [2001, 2010], "draws": 0},
                "regions": {"builtin": "150000", "levels": ["league"]},
                "land_cover": {
                    "legend": "igbp_0_16",
                    "files": {str(year): str(MODIS / f"lc_5min_{year}_clip.tif") for year in (2001, 2010)},
                },
                "methodologies": [
                    {
                        "id": "lookup_density",
                        "ecosystems": ["forest", "grassland"],
                        "strata": {"species_group": "any", "grassland_type": "typical_steppe"},
                    }
                ],
            },
            folder=Path(),
        )
    )
    noise = run.contents.tables["noise"]
    whole = noise[noise["ecosystem_from"] == "all"].set_index("region_code")
    changes = run.activity.changes
    here = changes[(changes["region_code"] == WUHAI) & ~changes["ecosystem_from"].eq("nodata")]
    here = here[~here["ecosystem_to"].eq("nodata")]
    moved = here.loc[here["ecosystem_from"] != here["ecosystem_to"], "area_ha"].sum() / here["area_ha"].sum()
    assert moved > 0.75
    assert whole.loc[WUHAI, "map_observed_share"] == pytest.approx(moved, rel=1e-9)
    assert whole.loc[WUHAI, "verdict"] == "map_worse"
    assert (WUHAI, "2001-2010") in withheld(run.contents)
    # The region as a whole, 9 % of which changes class in nine years, is no clear figure either.
    assert whole.loc["150000", "verdict"] in ("not_told", "doubtful")
    assert whole.loc["150000", "map_observed_share"] == pytest.approx(0.09, abs=0.005)
