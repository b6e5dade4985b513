"""Common land: what is known at the other end of a period, on pieces of land that can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from sinks.account.common_land import Ends, KnownLand, ends_of, held, land_of_other_end
from sinks.activity import Activity

PERIOD = ("2020", "2023")
LAND_POOLS = ("above_ground_biomass", "below_ground_biomass", "dead_wood", "litter", "soil_organic_carbon")


def changes(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Transitions of one league: ecosystem before, after, hectares."""
    kinds = ("land_cover", "class", "ecosystem")
    return pd.DataFrame(
        [
            {"source": "lc", "region_code": "1", "date_from": PERIOD[0], "date_to": PERIOD[1], "area_ha": area}
            | {f"{kind}_from": before for kind in kinds}
            | {f"{kind}_to": after for kind in kinds}
            for before, after, area in rows
        ]
    )


def statistics(rows: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """States of a table: hectares by class, by date."""
    return pd.DataFrame(
        [
            {"source": "table", "region_code": "1", "date": date, "land_cover": name, "class": name}
            | {"ecosystem": "forest", "area_ha": area}
            for date, classes in rows.items()
            for name, area in classes.items()
        ]
    )


def mapped(scale: float | None = None, **parts: pd.DataFrame) -> Activity:
    """60 ha of forest stay, 30 ha become grassland, 10 ha are not seen again, 5 ha were not seen before."""
    rows = changes(
        ("forest", "forest", 60), ("forest", "grassland", 30), ("forest", "nodata", 10), ("nodata", "forest", 5),
        ("grassland", "grassland", 80),
    )  # fmt: skip
    if scale is not None:
        rows = rows.assign(area_scale_from=scale, area_scale_to=2 * scale)
    units = pd.DataFrame({"region_code": ["1"], "area_ha": [185.0], "cells": [185]})
    empty = statistics({"2020": {"a": 1.0}}).iloc[:0]
    return Activity(states=empty, changes=rows, units=units, inputs=(), **parts)


def bins() -> pd.DataFrame:
    """Bins of every transition at both ends: hectares are those of the transition, the bin has its number."""
    rows = [
        {"end": end, "row": row, "set": 0, "group": 0, "bin": row, "area_ha": area, "sum_0": 7 * area}
        for end in ("_from", "_to")
        for row, area in enumerate([60.0, 30.0, 10.0, 5.0, 80.0])
    ]
    return pd.DataFrame([*rows, rows[0] | {"end": "", "bin": 99}])


def of_table(rows: Mapping[str, Mapping[str, float]]) -> Activity:
    units = pd.DataFrame({"region_code": ["1"], "area_ha": [100.0], "cells": [100]})
    return Activity(states=statistics(rows), changes=changes(("x", "y", 1.0)).iloc[:0], units=units, inputs=())


def areas(ends: Ends) -> dict[tuple[str, int], float]:
    """Hectares by end and number of the piece of land."""
    return {
        (str(end), int(land)): float(area)
        for end, land, area in zip(ends.end, ends.land, ends.rows["area_ha"], strict=True)
    }


def test_a_piece_of_land_has_one_number_at_both_its_ends() -> None:
    ends = ends_of(mapped(), "lc", ["forest"], [PERIOD])
    assert areas(ends) == {
        ("_from", 0): 60, ("_from", 1): 30, ("_from", 2): 10, ("_to", 0): 60, ("_to", 3): 5,
    }  # fmt: skip
    assert set(ends.period) == {"2020-2023"}
    assert ends.dates() == ["2020"] * 3 + ["2023"] * 2
    assert [(period, end, len(places)) for period, end, places in ends.sides()] == [
        ("2020-2023", "_from", 3), ("2020-2023", "_to", 2),
    ]  # fmt: skip


def test_what_the_land_is_at_its_other_end() -> None:
    ends = ends_of(mapped(), "lc", ["forest"], [PERIOD])
    assert land_of_other_end(mapped(), "lc", ends).tolist() == ["forest", "grassland", "nodata", "forest", "nodata"]


def test_other_sources_ecosystems_and_periods_are_no_ends() -> None:
    assert not len(ends_of(mapped(), "lc", ["wetland"], [PERIOD]).rows)
    assert not len(ends_of(mapped(), "lc", ["forest"], [("2017", "2023")]).rows)
    assert not len(ends_of(mapped(), "lc", ["forest"], [("2020", "2030")]).rows)
    assert not len(ends_of(mapped(), "lc", ["forest"], []).rows)


def test_rows_of_a_table_are_common_where_both_dates_have_them() -> None:
    table = of_table({"2020": {"larch": 40.0, "oak": 10.0}, "2023": {"birch": 7.0, "larch": 50.0}})
    ends = ends_of(table, "table", ["forest"], [PERIOD])
    named = zip(ends.end, ends.rows["class"], strict=True)
    found = {(str(end), name): int(land) for (end, name), land in zip(named, ends.land, strict=True)}
    assert found["_from", "oak"] == found["_to", "birch"] == -1
    assert found["_from", "larch"] == found["_to", "larch"] >= 0
    assert land_of_other_end(table, "table", ends).tolist() == ["forest", "nodata", "nodata", "forest"]
    assert not len(ends_of(table, "another", ["forest"], [PERIOD]).rows)
    assert not len(ends_of(table, "table", ["grassland"], [PERIOD]).rows)


@pytest.mark.parametrize("scale", [None, 1.5])
def test_bins_go_with_their_land(scale: float | None) -> None:
    """Each with the row that it divides, and with the area that it has when areas are adjusted."""
    ends = ends_of(mapped(scale, bins=bins()), "lc", ["forest"], [PERIOD])
    assert ends.bins["row"].tolist() == list(range(len(ends.rows)))
    assert ends.bins["bin"].tolist() == ends.land.tolist()
    assert ends.bins["area_ha"].tolist() == ends.rows["area_ha"].tolist()
    factor = np.ones(5) if scale is None else np.array([1.5] * 3 + [3.0] * 2)
    assert ends.rows["area_ha"].tolist() == (np.array([60, 30, 10, 60, 5]) * factor).tolist()
    assert ends.bins["sum_0"].tolist() == (7 * ends.rows["area_ha"]).tolist()
    assert "area_scale" not in ends.rows


def test_the_first_row_of_a_table_is_land_as_any_other() -> None:
    table = of_table({"2020": {"ash": 40.0, "oak": 10.0}, "2023": {"ash": 50.0}})
    ends = ends_of(table, "table", ["forest"], [PERIOD])
    assert ends.land.tolist() == [0, -1, 0]
    assert land_of_other_end(table, "table", ends).tolist() == ["forest", "nodata", "forest"]


@pytest.mark.parametrize(
    ("pool", "parts"),
    [
        ("litter", {"litter"}),
        ("biomass", {"above_ground_biomass", "below_ground_biomass"}),
        ("ecosystem", set(LAND_POOLS)),
    ],
)
def test_a_sum_of_pools_is_known_by_its_parts(pool: str, parts: set[str]) -> None:
    assert parts <= set(held(pool))
    assert not {"biomass", "ecosystem", "harvested_wood_products"} & set(held(pool))
    assert pool == "ecosystem" or set(held(pool)) == parts


def test_known_at_the_other_end() -> None:
    """Litter of forest is known on 45 of the 60 ha that stay, before; and on all of them, after."""
    ends, known = ends_of(mapped(), "lc", ["forest"], [PERIOD]), KnownLand()
    other = land_of_other_end(mapped(), "lc", ends)
    known.add("lc", ends, "litter", np.array([45.0, 30.0, 10.0, 60.0, 5.0]))
    # What stays is known as far as its other end is; what became grassland, or is not seen, is not known there.
    assert known.other_end("lc", ends, "litter", other).tolist() == pytest.approx([1, 0, 0, 0.75, 0])
    assert known.other_end("another", ends, "litter", other).tolist() == [0] * 5
    assert known.other_end("lc", ends, "soil_organic_carbon", other).tolist() == [0] * 5


def test_a_second_source_of_knowledge_adds_and_takes_nothing_away() -> None:
    activity, known = mapped(), KnownLand()
    forest, grass = (ends_of(activity, "lc", [land], [PERIOD]) for land in ("forest", "grassland"))
    known.add("lc", forest, "litter", np.array([45.0, 0.0, 0.0, 60.0, 0.0]))
    known.add("lc", forest, "litter", np.array([30.0, 30.0, 0.0, 15.0, 0.0]))
    known.add("lc", grass, "litter", np.array([80.0, 30.0, 80.0]))
    of_forest = land_of_other_end(activity, "lc", forest)
    assert known.other_end("lc", forest, "litter", of_forest).tolist() == pytest.approx([1, 1, 0, 0.75, 0])
    kept = known.copy()
    kept.add("lc", forest, "litter", np.array([60.0, 30.0, 10.0, 60.0, 5.0]))
    assert known.other_end("lc", forest, "litter", of_forest).tolist() == pytest.approx([1, 1, 0, 0.75, 0])
    assert kept.other_end("lc", forest, "litter", of_forest).tolist() == pytest.approx([1, 1, 0, 1, 0])


def test_a_sum_is_known_where_all_its_parts_are() -> None:
    ends, known = ends_of(mapped(), "lc", ["forest"], [PERIOD]), KnownLand()
    other = land_of_other_end(mapped(), "lc", ends)
    known.add("lc", ends, "above_ground_biomass", np.array([60.0, 30.0, 10.0, 60.0, 5.0]))
    known.add("lc", ends, "below_ground_biomass", np.array([15.0, 30.0, 10.0, 30.0, 5.0]))
    assert known.other_end("lc", ends, "biomass", other).tolist() == pytest.approx([0.5, 0, 0, 0.25, 0])
    whole = KnownLand()
    whole.add("lc", ends, "biomass", np.array([15.0, 30.0, 10.0, 30.0, 5.0]))
    assert whole.other_end("lc", ends, "above_ground_biomass", other).tolist() == pytest.approx([0.5, 0, 0, 0.25, 0])


def test_a_pool_that_land_is_stated_not_to_have_is_known_to_be_none() -> None:
    ends = ends_of(mapped(), "lc", ["forest"], [PERIOD])
    other = land_of_other_end(mapped(), "lc", ends)
    known = KnownLand({"grassland": ["litter", "biomass"]})
    for pool in ("litter", "below_ground_biomass", "above_ground_biomass"):
        assert known.copy().other_end("lc", ends, pool, other).tolist() == [0, 1, 0, 0, 0]
    assert known.other_end("lc", ends, "soil_organic_carbon", other).tolist() == [0] * 5


@pytest.mark.parametrize(("share", "said"), [(1 - 1e-12, 1.0), (1e-12, 0.0), (0.5, 0.5), (1 - 1e-6, 1 - 1e-6)])
def test_rounding_is_no_land(share: float, said: float) -> None:
    ends, known = ends_of(mapped(), "lc", ["forest"], [PERIOD]), KnownLand()
    known.add("lc", ends, "litter", np.array([60.0 * share, 0, 0, 60.0 * share, 0]))
    other = land_of_other_end(mapped(), "lc", ends)
    assert known.other_end("lc", ends, "litter", other)[0] == said
