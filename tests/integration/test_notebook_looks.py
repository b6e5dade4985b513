"""How a run and a project look in a notebook: figures on axes of the caller's, pages to unfold."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import rioxarray

import sinks
from sinks.errors import RunError
from sinks.folds import Fold, folded, items, pairs, table
from sinks.output.figures.fonts import FAMILY
from sinks.output.figures.style import stock_scale
from sinks.workflow.finished_run import Run
from sinks.workflow.steps import account_inputs, make_account

LATE = ("cell_area",)
"""Properties that would paint arrays to be looked at."""

LEAGUES = ["包头市", "乌海市", "鄂尔多斯市"]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    from matplotlib import pyplot

    with mpl.rc_context({"backend": "agg"}):
        yield
        pyplot.close("all")


@pytest.fixture(scope="module")
def run(world: Any) -> Run:
    return sinks.run(sinks.Project.from_dict(world.content, folder=world.folder))


def test_bars_are_the_totals_and_their_intervals(run: Run) -> None:
    axes = run.plot.bars("carbon_stock", level="league", period="2023")
    rows = run.totals("carbon_stock", level="league", period="2023").sort_values("value")
    bars = [patch for patch in axes.patches if patch.get_height() == pytest.approx(0.62)]
    np.testing.assert_allclose([bar.get_width() for bar in bars], rows["value"] / 1e4)
    assert [text.get_text() for text in axes.get_yticklabels()] == list(rows["region_name"])
    assert {text.get_fontfamily()[0] for text in axes.get_yticklabels()} == {FAMILY}


def test_a_sink_that_reports_withhold_is_grey(run: Run) -> None:
    rows = run.totals("net_removals", level="league").sort_values("value")
    bars = run.plot("net_removals", level="league").patches[: len(rows)]
    grey = [mpl.colors.to_hex(bar.get_facecolor()) == "#9a9a9a" for bar in bars]
    assert grey == rows["withheld"].tolist()


def test_lines_go_through_every_date(run: Run) -> None:
    axes = run.plot.series("carbon_stock", level="league")
    assert sorted(line.get_label() for line in axes.lines) == sorted(LEAGUES)
    assert all(list(line.get_xdata()) == [2020.0, 2023.0] for line in axes.lines)
    lands = run.plot.series("carbon_stock", level="league", by="ecosystem")
    assert len(lands.lines) == run.by("ecosystem", "carbon_stock")["ecosystem"].nunique()


def test_the_matrix_prints_its_areas_and_the_waterfall_ends_at_the_stock(run: Run) -> None:
    matrix, table = run.plot.matrix("乌海市"), run.transitions("乌海市")
    printed = [float(text.get_text().replace(",", "")) for text in matrix.texts]
    assert sum(printed) == pytest.approx(table.to_numpy().sum() / 1e4, abs=0.005 * len(printed))
    steps = run.plot.waterfall("150600")
    stock = run.totals("carbon_stock", level="league", period="2023").set_index("region_code")["value"]["150600"]
    last = steps.patches[-1]
    assert last.get_height() == pytest.approx(stock / 1e4)


def test_bands_are_the_land_that_changed(run: Run) -> None:
    from matplotlib.figure import Figure

    table = run.transitions("鄂尔多斯市").drop(index="nodata", columns="nodata", errors="ignore")
    changed = table.to_numpy()[~np.eye(len(table), dtype=bool)] / 1e4
    figure = Figure(figsize=(8, 4))
    for axes in (run.plot.sankey("鄂尔多斯市"), run.plot.sankey("150600", "2020-2023", ax=figure.subplots(1, 2)[1])):
        bars = [patch for patch in axes.patches if isinstance(patch, mpl.patches.Rectangle)]
        before = sum(bar.get_height() for bar in bars if bar.get_x() < 0)
        assert before == pytest.approx(changed.sum())
        assert len(axes.patches) - len(bars) == int((changed > 0).sum())
    with pytest.raises(RunError, match="2020-2023"):
        run.plot.sankey("150600", "2000-2003")


def test_figures_are_drawn_on_the_axes_that_are_given(run: Run) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    axes = figure.subplots(2, 2).ravel()
    assert run.plot.bars("carbon_stock", level="league", ax=axes[0]) is axes[0]
    assert run.plot.series(level="league", ax=axes[1]) is axes[1]
    assert run.plot.maps("carbon_stock", level="league", ax=axes[2:]) == list(axes[2:])
    figure.canvas.draw()
    with pytest.raises(RunError, match="2"):
        run.plot.maps("carbon_stock", level="league", ax=axes[:3])
    with pytest.raises(RunError, match="2020-2023"):
        run.plot.waterfall("150600", "2000-2003")


def test_maps_stand_on_one_scale_and_say_what_they_are(run: Run) -> None:
    several = run.plot.maps("carbon_stock", level="league")
    assert [axes.get_title() for axes in several] == ["2020", "2023"]
    words = "".join(axes.get_xlabel() for axes in several[0].figure.axes)
    assert "内部工作用图" in words
    # Tonnes per hectare, from the account by hand: the deepest colour is that of the densest league, not the largest.
    assert "吨碳/公顷" in words
    account = run.account
    sums = account[(account[["ecosystem", "stratum", "pool"]] == "all").all(axis=1) & (account["level"] == "league")]
    tonnes, hectares = (
        sums[sums["quantity"] == name].pivot(index="region_code", columns="period", values="value")
        for name in ("carbon_stock", "area")
    )
    density = tonnes / hectares
    leagues = run.regions.loc[run.regions["level"] == "league", "code"]
    for axes, date in zip(several, ["2020", "2023"], strict=True):
        wanted = stock_scale()(density.loc[leagues, date].to_numpy() / density.to_numpy().max())
        drawn = dict(zip(leagues, axes.collections[0].get_facecolor()[: len(leagues)], strict=True))
        assert np.allclose(list(drawn.values()), wanted)


def test_a_project_unfolds_its_sections(world: Any) -> None:
    array = rioxarray.open_rasterio(world.folder / "species.tif")
    content = world.project()
    content["strata"]["species_group"]["file"] = array
    project = sinks.Project.build(**content)
    page = project._repr_html_()
    assert page.count("<details") == page.count("</details>") > 5
    assert "DataArray" in page
    assert "1 × 560 × 520" in page
    assert str(project).startswith("Project territory")
    assert "land_cover" in dir(project)
    assert not [name for name in dir(project) if name.startswith("model_")]


class Reader(HTMLParser):
    """A browser's view of a page: every tag that is opened is closed, and no script or address is among them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick", "onerror"}
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader.seen


def shown_things(run: Run, world: Any) -> dict[str, Any]:
    prepared = sinks.check(sinks.Project.from_dict(world.content, folder=world.folder))
    bound = prepared.registry.get("lookup_density")
    return {
        "project": prepared.project,
        "checks": prepared,
        "regions": prepared.regions,
        "legend": sinks.load_legend("clcd"),
        "registry": prepared.registry,
        "bound": bound,
        "methodology": bound.methodology,
        "activity": run.activity,
        "account": make_account(prepared, account_inputs(prepared, run.activity)),
        "run": run,
        "answer": run.inventory(),
        "comparison": run.compare(),
        "tabulation": sinks.tabulate(world.folder / "cover_2020.tif", world.folder / "leagues.gpkg"),
    }


def test_everything_that_a_cell_can_end_with_unfolds_and_is_small(run: Run, world: Any) -> None:
    for name, thing in shown_things(run, world).items():
        page = thing._repr_html_()
        seen = read(page)
        assert "details" in seen, name
        assert {"table", "ul"} & set(seen), name
        assert "script" not in seen
        assert len(page) < 90_000, name
        line = repr(thing)
        assert "object at 0x" not in line, name
        if name in ("account", "checks", "methodology", "bound", "registry", "activity"):
            assert "\n" not in line
            assert len(line) < 200, name


def test_what_stands_in_cells_and_titles_is_text_and_no_markup() -> None:
    evil = "<script>alert('x')</script>&"
    frame = pd.DataFrame({evil: [evil, None, 7.5], "n": [1, 2, 3]})
    page = folded(evil, [Fold(evil, table(frame)), Fold("p", pairs({evil: evil})), Fold("i", items([evil]))])
    assert "script" not in read(page)
    assert page.count("&lt;script&gt;") == 7


def test_a_long_table_says_how_much_of_it_is_not_shown() -> None:
    frame = pd.DataFrame({"long": ["字" * 1000] * 55, "value": np.arange(55) / 7})
    page = table(frame, 40)
    assert page.count("<tr") == 41
    assert "15" in page.rpartition("</table>")[2]
    assert max(map(len, page.splitlines())) < 200
    assert table(frame.head(0)) == ""


def test_names_that_a_notebook_completes_are_nouns(run: Run, world: Any) -> None:
    assert dir(run.plot) == ["bars", "maps", "matrix", "sankey", "series", "waterfall"]
    assert set(dir(sinks)) == set(sinks.__all__)
    for name, thing in shown_things(run, world).items():
        names = dir(thing)
        assert names == sorted(names), name
        assert not [one for one in names if one.startswith(("_", "model_"))], name
        assert all(hasattr(thing, one) for one in names if one not in LATE), name
    assert {"account", "totals", "density", "plot", "checks"} <= set(dir(run))
    assert not {"contents", "trust", "checkpoint"} & set(dir(run))
    assert "overall_accuracy" not in dir(shown_things(run, world)["project"].project)
    assert "dates" in dir(shown_things(run, world)["project"].project)
