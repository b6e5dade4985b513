"""Years added one by one are one run over all of them; what is another may not be joined, and is said."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import sinks
from sinks.errors import RunError, SinksError
from sinks.results.verified import note_verification
from sinks.series import Series
from support.yearly_maps import YEARS, write_maps, yearly, yearly_content


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_maps(tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="module")
def whole(maps: Path) -> sinks.Run:
    return sinks.run(yearly(maps, YEARS))


@pytest.fixture(scope="module")
def archive(maps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2020 and 2021, then a year at a time; each addition sees the new year and its partner only."""
    folder = tmp_path_factory.mktemp("archive") / "series"
    seen = tmp_path_factory.mktemp("seen")
    for name in ("leagues.gpkg", "species.tif", "grass.tif"):
        shutil.copy(maps / name, seen)
    for first, last in zip(("2020", *YEARS[1:]), ("2021", *YEARS[2:]), strict=False):
        for year in (first, last):
            for name in ("cover", "stock"):
                shutil.copy(maps / f"{name}_{year}.tif", seen)
        Series.open(folder, new=True).add(yearly(seen, [first, last]))
        for name in ("cover", "stock"):
            (seen / f"{name}_{first}.tif").unlink()
    return folder


@pytest.fixture
def copied(archive: Path, tmp_path: Path) -> Path:
    """The archive, to be changed by a test."""
    return Path(shutil.copytree(archive, tmp_path / "copied"))


def test_years_added_one_by_one_are_one_run_over_all(archive: Path, whole: sinks.Run) -> None:
    found = Series.open(archive).run()
    assert len(whole.account) > 500
    assert (whole.account["low"] < whole.account["high"]).any()
    assert_frame_equal(found.account, whole.account, check_exact=True)
    assert_frame_equal(found.activity.states, whole.activity.states, check_exact=True)
    assert_frame_equal(found.activity.changes, whole.activity.changes, check_exact=True)
    assert_frame_equal(found.activity.units, whole.activity.units, check_exact=True)


def test_bins_of_inputs_are_the_same_too(archive: Path, maps: Path) -> None:
    series = Series.open(archive)
    row = series.register.last()
    assert row is not None
    kept, expected = series.sums(row), sinks.tabulate(yearly(maps, YEARS))
    assert kept.input_sets == expected.input_sets
    assert_frame_equal(kept.bins, expected.bins, check_exact=True)


def test_the_history_of_land_is_kept_where_it_is_wanted(maps: Path, tmp_path: Path) -> None:
    project = yearly_content(maps, YEARS[:4])["project"] | {"land_history": True}

    def content(dates: tuple[str, ...]) -> dict[str, Any]:
        own = yearly_content(maps, YEARS[:4])
        return own | {"project": project | {"dates": list(dates)}}

    series = Series.open(tmp_path / "series", new=True)
    for last in (2, 3, 4):
        series = series.add(sinks.Project.from_dict(content(YEARS[:last]), folder=maps))
    expected = sinks.run(sinks.Project.from_dict(content(YEARS[:4]), folder=maps))
    found = series.run()
    assert_frame_equal(found.account, expected.account, check_exact=True)
    changes = expected.activity.changes
    steps = changes[(changes["date_from"] != "2020") | (changes["date_to"] != "2023")].reset_index(drop=True)
    assert "class@2021" in steps.columns
    # What the land was in 2022 is told of the whole span only, which no two passes know together.
    steps = steps.drop(columns=[name for name in steps.columns if name.endswith("@2022")])
    assert_frame_equal(found.activity.changes, steps, check_exact=True)


def test_the_register_tells_what_was_made_of_what(archive: Path, maps: Path) -> None:
    table = pd.read_csv(archive / "register.csv", dtype=str, keep_default_na=False)
    assert list(table["vintage"]) == ["2021-1", "2022-1", "2023-1", "2024-1", "2025-1"]
    assert list(table["base"]) == ["", "2021-1", "2022-1", "2023-1", "2024-1"]
    assert set(table["status"]) == {"draft"}
    assert table["dates"].iloc[-1].split() == list(YEARS)
    inputs = pd.read_csv(archive / "inputs.csv", dtype=str)
    last = inputs[inputs["vintage"] == "2025-1"]
    read = {Path(path).name for path in last["path"]}
    assert read == {*(f"{n}_{y}.tif" for n in ("cover", "stock") for y in (2024, 2025)),
                    "species.tif", "grass.tif", "leagues.gpkg"}  # fmt: skip
    record = json.loads((archive / "vintages" / "2025-1" / "run.json").read_text(encoding="utf-8"))
    assert record["series"] == {"vintage": "2025-1", "made": "appended", "base": "2024-1", "segment": 1}
    assert {Path(file["path"]).name for file in record["inputs"]} >= {f"cover_{year}.tif" for year in YEARS}


def test_a_changed_partner_is_refused_and_nothing_written(copied: Path, maps: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(maps, tmp_path / "maps"))
    shutil.copy(other / "cover_2020.tif", other / "cover_2025.tif")
    shutil.copy(other / "cover_2021.tif", other / "cover_2026.tif")
    shutil.copy(other / "stock_2021.tif", other / "stock_2026.tif")
    before = sorted(path.name for path in copied.rglob("*"))
    with pytest.raises(RunError) as caught:
        Series.open(copied).add(yearly(other, ["2025", "2026"]))
    assert [problem.id for problem in caught.value.problems] == ["series.partner_changed"]
    assert caught.value.problems[0].values["regions"] == ["150200", "150600"]
    assert sorted(path.name for path in copied.rglob("*")) == before


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"land_cover": {"product": "CLUD"}}, ["series.other_product"]),
        ({"land_cover": {"legend_overrides": {"7": "grassland"}}}, ["series.other_legend"]),
        ({"project": {"draws": 21}}, ["series.other_definition"]),
    ],
)
def test_another_definition_is_refused(copied: Path, maps: Path, sections: Any, expected: list[str]) -> None:
    content = yearly_content(maps, ["2025", "2026"][:1])
    for name, changes in sections.items():
        content[name] = content[name] | changes
    content["project"]["dates"] = ["2025", "2026"]
    for section in (content["land_cover"], content["inputs"]["growing_stock"]):
        section["files"]["2026"] = section["files"]["2025"].replace("2025", "2024")
        section["accept"] = ["other_year"]
    content["inputs"]["growing_stock"]["accept"] = ["other_year"]
    with pytest.raises(RunError) as caught:
        Series.open(copied).add(sinks.Project.from_dict(content, folder=maps))
    # What is accepted of a file is a part of how it is read, so that it is named as well.
    assert set(expected) <= {problem.id for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("dates", "expected"),
    [(["2024", "2025"], "series.nothing_new"), (["2019", "2020"], "series.nothing_new")],
)
def test_years_that_do_not_go_on_are_refused(copied: Path, maps: Path, dates: list[str], expected: str) -> None:
    content = yearly_content(maps, YEARS)
    content["project"]["dates"] = dates
    for section in (content["land_cover"], content["inputs"]["growing_stock"]):
        section["files"]["2019"] = section["files"]["2020"]
    with pytest.raises(RunError) as caught:
        Series.open(copied).add(sinks.Project.from_dict(content, folder=maps))
    assert expected in [problem.id for problem in caught.value.problems]


def test_kept_sums_that_were_changed_are_found(copied: Path, maps: Path) -> None:
    path = copied / "sums" / "2023-1" / "states.parquet"
    states = pd.read_parquet(path)
    states.assign(area_ha=states["area_ha"] + 1).to_parquet(path)
    series = Series.open(copied)
    row = series.register.last()
    assert row is not None
    with pytest.raises(RunError) as caught:
        series.sums(row)
    assert [problem.id for problem in caught.value.problems] == ["series.sums_changed"]


@pytest.fixture(scope="module")
def remade(archive: Path, maps: Path, tmp_path_factory: pytest.TempPathFactory) -> Series:
    """Barren land (7) read as grassland, in all years."""
    copied = Path(shutil.copytree(archive, tmp_path_factory.mktemp("recalculated") / "series"))
    content = yearly_content(maps, YEARS)
    content["land_cover"]["legend_overrides"] = {"7": "grassland"}
    project = sinks.Project.from_dict(content, folder=maps)
    return Series.open(copied).recalculate(project, "stony steppe is grassland")


class TestRecalculation:
    def test_the_table_closes_for_every_year_and_region(self, remade: Series, whole: sinks.Run) -> None:
        table = remade.run().contents.tables["recalculation"]
        every = table[table["cause"] == "all"]
        parts = table[table["cause"] != "all"].groupby(["quantity", "region_code", "period"])["difference"].sum()
        assert set(every.loc[every["quantity"] == "carbon_stock", "period"]) == set(YEARS)
        assert len(every[every["quantity"] == "net_removals"]["period"].unique()) == 6
        for row in every.itertuples():
            old = _total(whole.account, row.region_code, row.quantity, row.period)
            new = _total(remade.run().account, row.region_code, row.quantity, row.period)
            assert (row.old, row.new) == (old, new)
            assert row.difference == pytest.approx(new - old, rel=1e-9)
            own = parts.get((row.quantity, row.region_code, row.period), 0.0)
            assert own == pytest.approx(new - old, rel=1e-9, abs=1e-9 * max(abs(old), abs(new)))
        assert (every.loc[every["quantity"] == "carbon_stock", "difference"] > 0).all()
        assert set(table["changed"]) == {"legend: land_cover (7: 荒漠与裸地 → 草原)"}

    def test_the_draft_before_is_superseded_and_the_newest_is_shown(self, remade: Series) -> None:
        rows = {row.vintage: row for row in remade.register.rows}
        assert rows["2025-1"].status == "superseded"
        assert rows["2025-2"].made == "recalculated"
        assert "stony steppe is grassland" in rows["2025-2"].cause
        assert set(remade.years().table["vintage"]) == {"2025-2"}

    def test_vintages_are_compared_for_the_same_periods_only(self, remade: Series) -> None:
        table = remade.compare("2022-1", "2025-2")
        assert set(table["period"]) == {"2020", "2021", "2022", "2020-2021", "2021-2022"}
        known = table.dropna(subset=["old", "new"])
        assert np.array_equal(known["difference"], known["new"] - known["old"])

    def test_the_series_goes_on_from_what_was_made_anew(self, remade: Series, maps: Path, tmp_path: Path) -> None:
        row = remade.register.get("2025-2")
        assert remade.register.additions(row) == [row]
        assert remade.sums(row).dates == YEARS


def test_a_segment_of_its_own_is_joined_to_nothing(copied: Path, maps: Path, tmp_path: Path) -> None:
    content = yearly_content(maps, ["2024", "2025"])
    content["land_cover"]["product"] = "CLUD"
    project = sinks.Project.from_dict(content, folder=maps)
    with pytest.raises(RunError) as caught:
        Series.open(copied).add(project, new_segment=True)
    assert [problem.id for problem in caught.value.problems] == ["series.no_cause"]
    series = Series.open(copied).add(project, new_segment=True, cause="CLCD ends")
    table = series.years().table
    stock = table[(table["quantity"] == "carbon_stock") & (table["ecosystem"] == "all")]
    stock = stock[stock["region_code"] == "150600"]
    assert list(stock.loc[stock["segment"] == 1, "period"]) == list(YEARS)
    assert list(stock.loc[stock["segment"] == 2, "period"]) == ["2024", "2025"]
    said = stock[stock["break"] != ""]
    assert list(said["period"]) == ["2024"]
    assert said["break"].item() == "产品: land_cover (CLCD → CLUD)"
    sink = table[table["quantity"] == "net_removals"]
    assert set(sink.loc[sink["segment"] == 2, "period"]) == {"2024-2025"}
    _check_report(series.run(), tmp_path)


def _check_report(run: sinks.Run, folder: Path) -> None:
    """Of a vintage in a second segment: all years, its break, and no sink across it."""
    held = run.contents.tables["years"]
    assert sorted(set(held["segment"])) == [1, 2]
    text = run.html(folder / "page.html", region="150600").read_text(encoding="utf-8")
    table = next(
        t
        for t in pd.read_html(StringIO(text), flavor="lxml")
        if "碳储量(万吨碳)" in map(str, np.ravel(list(t.columns)))
    )
    assert list(table.iloc[:, 0].astype(str)) == [*YEARS, "2024", "2025"]
    broken = table[table.iloc[:, 1].notna()]
    assert list(broken.iloc[:, 0].astype(str)) == ["2024"]
    # The first year of a segment has no sink: none leads across the border.
    assert list(table.iloc[[0, 6], 5]) == ["—", "—"]
    stock = held[(held["region_code"] == "150600") & (held["quantity"] == "carbon_stock")]
    stock = stock[(stock["ecosystem"] == "all") & (stock["segment"] == 2)].set_index("period")["value"]
    assert float(table.iloc[7, 3]) == pytest.approx(stock["2025"] / 1e4, abs=0.0051)


def test_how_far_a_vintage_has_come(copied: Path) -> None:
    series = Series.open(copied)
    with pytest.raises(RunError) as caught:
        series.set_status("2023-1", "approved")
    assert [problem.id for problem in caught.value.problems] == ["series.no_move"]
    with pytest.raises(SinksError, match=r"2030-1"):
        series.set_status("2030-1", "submitted")
    for vintage in ("2023-1", "2025-1"):
        series = series.set_status(vintage, "submitted").set_status(vintage, "approved")
    status = {row.vintage: row.status for row in Series.open(copied).register.rows}
    assert status == {
        "2021-1": "draft", "2022-1": "draft", "2023-1": "superseded", "2024-1": "draft", "2025-1": "approved"
    }  # fmt: skip
    assert set(series.years(approved=True).table["vintage"]) == {"2025-1"}
    exports = {"account.xlsx", "account.gpkg"}
    written = {v: exports & {path.name for path in (copied / "vintages" / v).iterdir()} for v in status}
    # What was handed in can be opened by anybody; drafts have tables.
    assert written == {v: exports if v in ("2023-1", "2025-1") else set() for v in status}
    assert series.export() == []


def test_a_vintage_that_was_verified_is_still_the_one_of_the_register(copied: Path) -> None:
    folder = copied / "vintages" / "2025-1"
    before = (folder / "run.json").read_bytes()
    note_verification(folder, pd.DataFrame({"check": ["law"], "state": ["pass"]}), {"passed": 1}, datetime.now(UTC))
    assert (folder / "run.json").read_bytes() != before
    assert Series.open(copied).run("2025-1").account.equals(Series.open(copied).run().account)
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(manifest | {"title": "another"}), encoding="utf-8")
    with pytest.raises(RunError) as caught:
        Series.open(copied).run("2025-1")
    assert [problem.id for problem in caught.value.problems] == ["series.run_changed"]


def _total(account: pd.DataFrame, code: str, quantity: str, period: str) -> float:
    rows = account[(account["region_code"] == code) & (account["quantity"] == quantity)]
    rows = rows[(rows["period"] == period) & (rows[["ecosystem", "stratum", "pool"]] == "all").all(axis=1)]
    return float(rows["value"].item())
