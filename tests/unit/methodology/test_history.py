"""Land-use history: soil that is still changing from conversions before the period of the account."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

import sinks
from sinks import Project
from sinks.activity import known_dates, land_at, past_dates
from sinks.errors import SinksError

FOREST, CROP, GRASS, WATER, UNSEEN = 2, 1, 4, 5, 0
EDGE = 10_000.0
# SOC_REF 50 t C/ha; grassland 50, cropland 40, forest 60; the transition takes twenty years.
EQUILIBRIUM = {FOREST: 60.0, CROP: 40.0, GRASS: 50.0}
TRANSITION = 20
TABLE = """parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note
soc_reference,,50,t C/ha,,,,,user,survey,p. 1,
f_lu,forest,1.2,1,,,,,user,survey,p. 1,
f_lu,cropland,0.8,1,,,,,user,survey,p. 1,
f_lu,grassland,1,1,,,,,user,survey,p. 1,
f_mg,,1,1,,,,,user,survey,p. 1,
f_i,,1,1,,,,,user,survey,p. 1,
transition_period,,20,yr,,,,,user,survey,p. 1,
"""


def save(path: Path, classes: np.ndarray) -> str:  # type: ignore[type-arg]
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": UNSEEN, "crs": "EPSG:32650"}
    shape = {"height": classes.shape[0], "width": classes.shape[1]}
    transform = Affine(EDGE, 0, 300_000, 0, -EDGE, 4_700_000)
    with rasterio.open(path, "w", **profile, **shape, transform=transform) as dataset:
        dataset.write(classes.astype(np.uint8), 1)
    return str(path)


def soil(parameters: str) -> dict[str, Any]:
    """The methodology, by a table of parameters beside the project."""
    lands = ["forest", "grassland", "cropland"]
    return {"id": "soil_transition", "ecosystems": lands, "parameters": parameters, "strata": {"edition": "2019"}}


class Land:
    """Pieces of land side by side, each with what it was at every year; banners of two pieces make a league."""

    def __init__(self, folder: Path, years: list[int], pieces: list[list[int]]) -> None:
        self.folder, self.years = folder, years
        self._runs: dict[str, sinks.Run] = {}
        # Two rows of cells each, so that a piece is more than one cell.
        self.files = {
            str(year): save(folder / f"{year}.tif", np.array([[piece[at] for piece in pieces]] * 2))
            for at, year in enumerate(years)
        }
        (folder / "soil.csv").write_text(TABLE, encoding="utf-8")
        edges = [*range(0, len(pieces), 2), len(pieces)]
        shapes = [box(3e5 + a * EDGE, 4.7e6 - 2 * EDGE, 3e5 + b * EDGE, 4.7e6) for a, b in pairwise(edges)]
        codes = [f"1501{number:02d}" for number in range(1, len(shapes) + 1)]
        whole = box(3e5, 4.7e6 - 2 * EDGE, 3e5 + len(pieces) * EDGE, 4.7e6)
        frame = {"code": ["150100", *codes], "name": ["市", *codes], "parent": ["", *["150100"] * len(codes)]}
        gpd.GeoDataFrame(frame, geometry=[whole, *shapes], crs="EPSG:32650").to_crs(4490).to_file(folder / "r.gpkg")

    def project(self, dates: list[int], files: list[int] | None = None, draws: int = 0, **sections: Any) -> Project:
        cover = {"legend": "clcd", "files": {str(year): self.files[str(year)] for year in files or dates}}
        content = {
            "project": {
                "name": "history",
                "title": "history",
                "dates": dates,
                "draws": draws,
                "interval_share": 0,
                "cells_min": 1,
            },
            "regions": {"file": "r.gpkg", "code": "code", "name": "name", "parent": "parent"},
            "land_cover": cover,
            "methodologies": [soil("soil.csv")],
            **sections,
        }
        return Project.from_dict(content, folder=self.folder)

    def run(self, dates: list[int], files: list[int] | None = None, **sections: Any) -> sinks.Run:
        """The run, made once for all tests that ask for the same."""
        asked = repr((dates, files, sections))
        if asked not in self._runs:
            self._runs[asked] = sinks.run(self.project(dates, files, **sections))
        return self._runs[asked]


def change(run: sinks.Run, period: str, code: str = "150100") -> float:
    """Change of soil carbon over a period [t C], from the net removals of a region."""
    table = run.account
    rows = table[(table["quantity"] == "net_removals") & (table["period"] == period) & (table["stratum"] == "all")]
    rows = rows[(rows["ecosystem"] == "all") & (rows["pool"] == "all") & (rows["region_code"] == code)]
    first, last = map(int, period.split("-"))
    return float(rows["value"].iloc[0]) * (last - first) * 12 / 44


def by_hand(years: list[int], uses: list[int]) -> list[float]:
    """Stock of a piece at every year [t C/ha]: towards its equilibrium, from where it is, over the years left."""
    stock, left, stocks = EQUILIBRIUM[uses[0]], 0, [EQUILIBRIUM[uses[0]]]
    for at in range(1, len(years)):
        span = years[at] - years[at - 1]
        left = left if uses[at] == uses[at - 1] else TRANSITION
        goal = EQUILIBRIUM[uses[at]]
        stock = goal if span >= left else stock + (goal - stock) * span / left
        left = max(left - span, 0)
        stocks.append(stock)
    return stocks


def area(run: sinks.Run, code: str = "150101") -> float:
    """Hectares of the two pieces of a banner, the first unless said; they differ with their place on the earth."""
    states = run.activity.states
    return float(
        states.loc[(states["region_code"] == code) & (states["date"] == states["date"].max()), "area_ha"].sum()
    )


YEARS = [2000, 2005, 2010, 2020, 2023]
HISTORIES = [
    [CROP, CROP, FOREST, FOREST, FOREST],  # converted between 2005 and 2010: 15 years are over in 2020
    [FOREST, FOREST, FOREST, CROP, CROP],
    [CROP, GRASS, FOREST, FOREST, FOREST],  # converted twice
    [GRASS, CROP, GRASS, CROP, GRASS],  # in every interval
    [GRASS, GRASS, GRASS, GRASS, GRASS],
    [FOREST, CROP, CROP, CROP, CROP],  # at its equilibrium in 2020
]


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Land:
    """Every banner has one history only."""
    return Land(tmp_path_factory.mktemp("apart"), YEARS, [uses for uses in HISTORIES for _ in range(2)])


each = pytest.mark.parametrize(
    ("code", "uses"), [(f"1501{number:02d}", uses) for number, uses in enumerate(HISTORIES, 1)]
)


@each
def test_stock_follows_the_history(apart: Land, code: str, uses: list[int]) -> None:
    run = apart.run(YEARS)
    stocks = by_hand(YEARS, uses)
    for at in range(1, len(YEARS)):
        expected = (stocks[at] - stocks[at - 1]) * area(run, code)
        # A thousandth of a tonne a hectare: edges of banners are straight in degrees, so slivers of neighbours count.
        allowed = 1e-3 * area(run, code)
        assert change(run, f"{YEARS[at - 1]}-{YEARS[at]}", code) == pytest.approx(expected, abs=allowed)


@each
def test_periods_add_up_to_the_whole(apart: Land, code: str, uses: list[int]) -> None:
    run = apart.run(YEARS)
    parts = [change(run, f"{first}-{last}", code) for first, last in pairwise(YEARS)]
    assert change(run, "2000-2023", code) == pytest.approx(sum(parts), rel=1e-12, abs=1e-6)


def test_history_only_years_give_the_same_as_years_of_the_account(apart: Land) -> None:
    long, short = apart.run(YEARS), apart.run([2020, 2023], YEARS)
    for number in range(1, len(HISTORIES) + 1):
        found, right = (change(run, "2020-2023", f"1501{number:02d}") for run in (short, long))
        assert found == pytest.approx(right, rel=1e-12, abs=1e-6)
    assert set(short.account["period"]) == {"2020", "2023", "2020-2023"}
    assert set(short.activity.states["date"]) == {"2020", "2023"}
    assert short.activity.strata == ()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Land:
    return Land(tmp_path_factory.mktemp("many"), YEARS, HISTORIES)


def test_land_of_every_history_together(many: Land) -> None:
    run = many.run([2020, 2023], YEARS)
    whole = sum(by_hand(YEARS, uses)[-1] - by_hand(YEARS, uses)[-2] for uses in HISTORIES)
    assert change(run, "2020-2023") == pytest.approx(whole * area(run) / 2, rel=1e-3)
    assert past_dates(run.activity.changes) == ("2000", "2005", "2010")


def test_banners_sum_to_the_league(many: Land) -> None:
    run = many.run(YEARS)
    for period in ("2005-2010", "2020-2023", "2000-2023"):
        parts = [change(run, period, code) for code in ("150101", "150102", "150103")]
        assert change(run, period) == pytest.approx(sum(parts), rel=1e-12)


def test_without_history_only_the_conversions_of_the_period_are_seen(many: Land) -> None:
    run = many.run([2020, 2023])
    assert past_dates(run.activity.changes) == ()
    # Cropland to grassland in one piece of six, from one equilibrium to the other.
    assert change(run, "2020-2023") == pytest.approx(10 * 3 / TRANSITION * area(run) / 2, rel=1e-3)


def test_a_date_at_which_nothing_changes_changes_nothing(tmp_path: Path) -> None:
    land = Land(tmp_path, [2000, 2004, 2009, 2014], [[CROP, FOREST, FOREST, FOREST], [GRASS, CROP, CROP, CROP]])
    split, whole = land.run([2000, 2004, 2009, 2014]), land.run([2000, 2014])
    assert change(split, "2000-2014") == pytest.approx(change(whole, "2000-2014"), rel=1e-12)


def test_twenty_years_make_the_whole_difference(tmp_path: Path) -> None:
    years = [1990, 1991, 1998, 2005, 2010, 2030]
    land = Land(tmp_path, years, [[CROP] + [FOREST] * 5] * 2)
    run = land.run(years)
    parts = [change(run, f"{first}-{last}") for first, last in pairwise(years)]
    assert sum(parts[:4]) == pytest.approx(20.0 * area(run), rel=1e-6)
    assert parts[4] == 0


def test_a_date_that_did_not_see_the_land_is_passed_over(tmp_path: Path) -> None:
    years = [2000, 2010, 2020, 2023]

    def per_ha(name: str, uses: list[int]) -> float:
        """Change in 2020-2023 of two pieces beside one that is grassland throughout [t C/ha]."""
        (tmp_path / name).mkdir()
        run = Land(tmp_path / name, years, [uses, uses, [GRASS] * len(years)]).run([2020, 2023], years)
        return change(run, "2020-2023") / area(run)

    assert per_ha("seen", [CROP, CROP, FOREST, FOREST]) == pytest.approx(20 * 3 / TRANSITION, rel=1e-4)
    # The change lies between 2000 and 2020, and is taken to be at the start of that: over in 2020.
    assert per_ha("gap", [CROP, UNSEEN, FOREST, FOREST]) == pytest.approx(0, abs=1e-9)
    assert per_ha("late", [UNSEEN, CROP, FOREST, FOREST]) == pytest.approx(20 * 3 / TRANSITION, rel=1e-4)
    assert per_ha("water", [WATER, WATER, FOREST, FOREST]) == 0


def test_draws_follow_the_history_too(many: Land) -> None:
    uncertain = TABLE.replace("f_lu,cropland,0.8,1,,,", "f_lu,cropland,0.8,1,0.7,0.9,95%")
    (many.folder / "uncertain.csv").write_text(uncertain, encoding="utf-8")
    table = many.run([2020, 2023], YEARS, draws=200, methodologies=[soil("uncertain.csv")]).account
    rows = table[(table["quantity"] == "net_removals") & (table["stratum"] == "forest > forest")]
    rows = rows[(rows["region_code"] == "150101") & (rows["pool"] != "all")]
    # Cropland that became forest: a stock twice as far from its equilibrium makes twice the change.
    assert rows["low"].iloc[0] == pytest.approx(rows["value"].iloc[0] * 15 / 20, rel=0.1)
    assert rows["high"].iloc[0] == pytest.approx(rows["value"].iloc[0] * 25 / 20, rel=0.1)


def test_biomass_of_converted_land_grows_on_in_an_account(many: Land) -> None:
    choices = {"edition": "2006", "losses": "none", "ecological_zone": "temperate_continental", "origin": "planted"}
    choices |= {"species_group": "larch", "grassland_type": "typical_steppe"}
    method = {"id": "biomass_conversion", "ecosystems": ["forest", "cropland", "grassland"], "strata": choices}
    run = many.run([2020, 2023], YEARS, methodologies=[method])
    growth, loss = 2 * 3 * 4.0 * 1.4 * 0.51, 4.04 - 4.7
    assert change(run, "2020-2023") == pytest.approx((growth + loss) * area(run) / 2, rel=1e-3)
    rows = crf(run)
    assert rows.loc[("forest_land", "converted"), "biomass"] < 0
    assert rows["biomass"].loc[["forest_land"]].dropna().shape == (1,)


def test_the_loss_of_conversion_stands_beside_no_stock_difference(many: Land) -> None:
    constants = {"edition": "2006", "losses": "none"}
    biomass = {"id": "biomass_conversion", "ecosystems": ["cropland"], "strata": constants}
    stock = {"id": "lookup_density", "ecosystems": ["forest"], "pools": ["biomass"]}
    with pytest.raises(SinksError) as error:
        many.run([2020, 2023], methodologies=[biomass, stock])
    assert "checks.counted_twice_converted" in {problem.id for problem in error.value.problems}
    beside = [biomass | {"role": "comparison"}, stock | {"accounts_for": ["stock"]}]
    with pytest.raises(SinksError) as error:
        many.run([2020, 2023], methodologies=beside)
    assert "checks.counted_twice_converted" not in {problem.id for problem in error.value.problems}


def test_what_the_table_lacks_for_an_earlier_use_is_asked_for(tmp_path: Path) -> None:
    land = Land(tmp_path, [2010, 2020, 2023], [[CROP, FOREST, FOREST]] * 2)
    lacking = "\n".join(line for line in TABLE.splitlines() if ",cropland," not in line and ",forest," not in line)
    (tmp_path / "soil.csv").write_text(lacking + "\n", encoding="utf-8")
    with pytest.raises(SinksError) as error:
        land.run([2020, 2023], [2010, 2020, 2023])
    asked = [(problem.id, str(problem.values["stratum"])) for problem in error.value.problems]
    assert len(asked) == len(set(asked)) == 2, asked
    assert {id for id, _ in asked} == {"parameters.gap"}


def test_a_dated_stratum_has_a_history_of_its_own(tmp_path: Path) -> None:
    """Grassland that was degraded in 2010 recovers; a stratum must have a file for every map."""
    land = Land(tmp_path, [2010, 2020, 2023], [[GRASS] * 3] * 2)
    legend = "code,class,name_zh,name_en\n1,nominal,未退化,nominal\n2,severely_degraded,重度退化,degraded\n"
    (tmp_path / "condition.csv").write_text(legend, encoding="utf-8")
    head, *lines = TABLE.replace("parameter,ecosystem,", "parameter,ecosystem,condition,").splitlines()
    lines = [",".join([*line.split(",")[:2], "", *line.split(",")[2:]]) for line in lines]
    rows = "\n".join([head, *lines])
    rows += "\nf_mg,,severely_degraded,0.7,1,,,,,user,survey,p. 1,\n"
    (tmp_path / "soil.csv").write_text(rows, encoding="utf-8")
    files = {
        str(year): save(tmp_path / f"c{year}.tif", np.full((2, 2), code))
        for year, code in ((2010, 2), (2020, 1), (2023, 1))
    }
    strata = {"condition": {"files": files, "legend": "condition.csv"}}
    found = land.run([2020, 2023], [2010, 2020, 2023], strata=strata)
    assert change(found, "2020-2023") == pytest.approx(15 * 3 / TRANSITION * area(found), rel=1e-6)
    # On land that the stratum does not divide it says nothing, in the history too.
    (tmp_path / "crop").mkdir()
    crop = Land(tmp_path / "crop", [2010, 2020, 2023], [[CROP, GRASS, GRASS]] * 2)
    for name in ("soil.csv", "condition.csv"):
        (crop.folder / name).write_text((tmp_path / name).read_text(encoding="utf-8"), encoding="utf-8")
    of_grass = {"condition": {**strata["condition"], "ecosystems": ["grassland"]}}
    found = crop.run([2020, 2023], [2010, 2020, 2023], strata=of_grass)
    assert change(found, "2020-2023") == pytest.approx(10 * 3 / TRANSITION * area(found), rel=1e-6)
    del files["2010"]
    with pytest.raises(SinksError) as error:
        land.project([2020, 2023], [2010, 2020, 2023], strata=strata)
    assert [problem.id for problem in error.value.problems] == ["project.history_missing"]


def test_an_early_map_may_have_a_grid_of_its_own(tmp_path: Path) -> None:
    years = [2010, 2020, 2023]
    land = Land(tmp_path, years, [[CROP, FOREST, FOREST]] * 2)
    with rasterio.open(tmp_path / "2010.tif") as dataset:
        coarse = {
            **dataset.profile,
            "width": 1,
            "height": 1,
            "transform": Affine(2 * EDGE, 0, 3e5, 0, -2 * EDGE, 4.7e6),
        }
    with rasterio.open(tmp_path / "2010.tif", "w", **coarse) as dataset:
        dataset.write(np.array([[CROP]], np.uint8), 1)
    with pytest.raises(SinksError) as error:
        land.run([2020, 2023], years)
    assert [problem.id for problem in error.value.problems] == ["raster.other_grid"]
    cover = {"legend": "clcd", "files": land.files, "resampling": "nearest"}
    run = land.run([2020, 2023], years, land_cover=cover)
    assert change(run, "2020-2023") == pytest.approx(20 * 3 / TRANSITION * area(run), rel=1e-6)
    assert run.activity.units["cells"].max() == 4


def test_keys_of_files_are_years(tmp_path: Path) -> None:
    land = Land(tmp_path, [2020, 2023], [[GRASS] * 2] * 2)
    files = {**land.files, "early": land.files["2020"]}
    with pytest.raises(SinksError) as error:
        land.project([2020, 2023], land_cover={"legend": "clcd", "files": files})
    assert [problem.id for problem in error.value.problems] == ["project.not_a_year"]


def test_land_at_reads_the_ends_and_the_history() -> None:
    ends = {
        "date_from": ["2010", "2020"],
        "date_to": ["2020", "2023"],
        "class_from": ["a", "b"],
        "class_to": ["b", "c"],
    }
    rows = pd.DataFrame(ends | {"class@2010": ["", "a"], "ecosystem@2010": ["", "x"]})
    assert known_dates(rows) == ("2010", "2020", "2023")
    assert [list(land_at(rows, "class", date)) for date in known_dates(rows)] == [["a", "a"], ["b", "b"], ["", "c"]]


def crf(run: sinks.Run, period: str = "2020-2023") -> pd.DataFrame:
    rows = run.inventory(period).crf
    return rows[rows["region_code"] == "150100"].set_index(["category", "subcategory"])


def test_inventory_keeps_land_converted_for_twenty_years(many: Land) -> None:
    run = many.run([2020, 2023], YEARS)
    rows, one = crf(run), area(run) / 2
    # Forest since 2005 twice, cropland since 2010, grassland since 2020; cropland since 2000 has been so for 20 years.
    pieces = {("forest_land", "converted"): 2, ("cropland", "converted"): 1, ("grassland", "converted"): 1}
    pieces |= {("grassland", "remaining"): 1, ("cropland", "remaining"): 1}
    assert set(pieces) == {key for key in rows.index if key[0] != "all"}
    for key, count in pieces.items():
        assert rows.loc[key, "area_ha"] == pytest.approx(count * one, rel=1e-3)
    stays = rows[rows.index.get_level_values(1) == "remaining"]
    assert stays["soil"].abs().max() == pytest.approx(0, abs=1e-9)
    gain = change(run, "2020-2023") / 3 * 44 / 12 / 1000
    assert rows.loc[("all", ""), "total"] == pytest.approx(-gain, rel=1e-9)
    assert rows.loc[list(pieces), "total"].sum() == pytest.approx(-gain, rel=1e-9)


def test_inventory_says_when_the_history_is_short(many: Land) -> None:
    long, short = many.run([2020, 2023], YEARS).inventory(), many.run([2020, 2023], [2005, 2020, 2023]).inventory()
    assert long.notes == ()
    assert [(note.id, note.values["since"]) for note in short.notes] == [("assessment.inventory_history", "2005")]
    rows = crf(many.run([2020, 2023]))
    assert set(rows.index.get_level_values(1)) - {""} == {"converted", "remaining"}
    assert rows.loc[("forest_land", "remaining"), "area_ha"] > 0


def test_a_short_history_is_a_finding(many: Land) -> None:
    def found(run: sinks.Run) -> list[str]:
        checks = run.contents.checks
        return list(checks.loc[checks["check"] == "short_history", "detail_en"])

    assert found(many.run([2020, 2023], YEARS)) == []
    assert found(many.run([2020, 2023], [2005, 2020, 2023]))[0].startswith("land use is known from 2005 on")
    assert found(many.run([2020, 2023]))[0].startswith("land use is known from 2020 on")


def test_classes_of_one_equilibrium_do_not_restart_the_transition(tmp_path: Path) -> None:
    years = [2000, 2010, 2020]
    land = Land(tmp_path, years, [[CROP, FOREST, GRASS]] * 2)
    (tmp_path / "soil.csv").write_text(TABLE.replace("f_lu,grassland,1,", "f_lu,grassland,1.2,"), encoding="utf-8")
    run = land.run(years)
    assert change(run, "2000-2020") == pytest.approx(20 * area(run), rel=1e-9)


def test_litter_goes_on_to_gain_until_its_time_is_over(many: Land) -> None:
    table = TABLE.splitlines()[0] + "".join(
        f"\n{name},{land},{value},{unit},,,,,user,survey,p. 1,"
        for name, land, value, unit in [
            ("litter", "forest", 20, "t C/ha"),
            ("litter", "", 0, "t C/ha"),
            ("transition_period", "", 20, "yr"),
        ]
    )
    (many.folder / "litter.csv").write_text(table + "\n", encoding="utf-8")
    method = {"id": "dead_organic_matter", "ecosystems": ["forest", "grassland", "cropland"], "pools": ["litter"]}
    method |= {"parameters": "litter.csv", "strata": {"edition": "2019", "dead_wood_pool": "not_estimated"}}
    run = many.run(YEARS, methodologies=[method])
    one = area(run) / 2
    # Two pieces planted in 2005; the loss of the piece cleared after 2010 is at once, that of 2000 too.
    assert change(run, "2005-2010") == pytest.approx(2 * 5 * one, rel=1e-3)
    assert change(run, "2010-2020") == pytest.approx((2 * 10 - 20) * one, abs=one * 1e-2)
    assert change(run, "2020-2023") == pytest.approx(2 * 3 * one, rel=1e-3)
    assert change(run, "2000-2005") == pytest.approx(-20 * one, rel=1e-3)
    parts = [change(run, f"{first}-{last}") for first, last in pairwise(YEARS)]
    assert change(run, "2000-2023") == pytest.approx(sum(parts), abs=1e-6)


def test_a_painting_adds_up_over_histories(many: Land, tmp_path: Path) -> None:
    run = many.run([2010, 2020, 2023], YEARS)
    painting = run.paint(tmp_path / "p.tif", what="net_removals_density", period="2020-2023")
    assert painting.total * 3 * 12 / 44 == pytest.approx(change(run, "2020-2023"), rel=1e-9)


def test_a_run_folder_keeps_the_history(many: Land, tmp_path: Path) -> None:
    run = many.run([2020, 2023], YEARS)
    run.write(tmp_path / "out")
    pd.testing.assert_frame_equal(sinks.open_run(tmp_path / "out").activity.changes, run.activity.changes)
