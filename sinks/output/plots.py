"""Quick figures of a run for a notebook: matplotlib axes in and out, numbers and words from the account.

Figures for reports stand in :mod:`sinks.output.figures`; these take an axes of the caller's, or make one that the
notebook shows by itself.  What a report does not print as a headline is grey here, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.text import Text

from sinks.analysis.reconciliation import OF_STOCK, reconciliation
from sinks.calls import all_spoken
from sinks.errors import Problem, RunError
from sinks.output.figures.flows import Flow, draw_flows, height_of
from sinks.output.figures.fonts import drawable, font_family
from sinks.output.figures.maps import local_albers
from sinks.output.figures.style import FAINT, INK, MISSING, NEUTRAL, SINK, SOURCE, diverging, stock_scale, styled
from sinks.output.report.words import word
from sinks.results.contents import RunContents
from sinks.results.frames import by_part, the_region, totals, transition_matrix
from sinks.results.in_words import unit_in_words
from sinks.results.labels import label, term
from sinks.results.shown_tables import TEN_THOUSAND
from sinks.vocabulary import ALL, NODATA

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNITS = {"ha": "unit.10k_ha", "t C": "unit.10k_t_c", "t CO2/yr": "unit.10k_t_co2_yr"}
_PER_HECTARE = {"t C": "t C/ha", "t CO2/yr": "t CO2/ha/yr"}
_WIDTH = 6.4
_SIGNED = ("net_removals", "stock_change")


@all_spoken
@dataclass(frozen=True)
class Plots:
    """Figures of a run; ``run.plot()`` draws bars.

    Each takes ``ax``, an axes to draw on, and returns the axes; without it a figure is made.

    Parameters
    ----------
    contents : RunContents
    """

    contents: RunContents

    def __call__(self, quantity: str = "net_removals", **options: Any) -> Axes:
        """Bars; see :meth:`bars`."""
        return self.bars(quantity, **options)

    def __dir__(self) -> list[str]:
        return ["bars", "maps", "matrix", "sankey", "series", "waterfall"]

    def bars(
        self,
        quantity: str = "net_removals",
        *,
        level: str | None = None,
        period: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """A bar for each region with its 95 % interval, the greatest above.

        Parameters
        ----------
        quantity : str
        level : str, optional
            By default the finest level with at most forty regions.
        period : str, optional
            By default the last.
        ax : Axes, optional

        Raises
        ------
        RunError
            As of :func:`sinks.results.frames.totals`.
        """
        rows = self._of_one_period(quantity, level, period).sort_values("value", na_position="first")
        value, low, high = (rows[name].to_numpy(float) / self._by(rows) for name in ("value", "low", "high"))
        doubted = rows.get("withheld", pd.Series(False, index=rows.index)).to_numpy(bool)
        colours = np.where(doubted, NEUTRAL, np.where(value < 0, SOURCE, SINK))
        with styled():
            axes = _axes(ax, max(1.6, 0.27 * len(rows) + 0.9))
            places = np.arange(len(rows))
            axes.barh(places, np.nan_to_num(value), height=0.62, color=colours.tolist(), zorder=2)
            told = np.isfinite(low) & np.isfinite(high) & (low < high)
            axes.errorbar(
                value[told],
                places[told],
                xerr=np.abs(np.vstack([value - low, high - value])[:, told]),
                fmt="none",
                ecolor=INK,
                elinewidth=1.0,
                capsize=2.5,
                zorder=3,
            )
            axes.set_yticks(places, [drawable(name) for name in rows["region_name"]])
            axes.axvline(0.0, color=INK, linewidth=0.8)
            axes.set_xlabel(drawable(self._words(quantity, rows)))
            axes.set_title(drawable(str(rows["period"].iloc[0])), loc="left", fontsize=9)
            if doubted.any():
                axes.bar(0, 0, color=NEUTRAL, label=drawable(label("withheld.headline")))
                axes.legend(loc="lower right", fontsize=7)
            axes.grid(axis="x", color="#E4E4E4", linewidth=0.6, zorder=0)
            # Numbers of six digits would run into each other on axes that share a figure.
            axes.locator_params(axis="x", nbins=4)
            axes.xaxis.set_major_formatter("{x:,g}")
            return _finished(axes)

    def series(
        self, quantity: str = "carbon_stock", *, level: str | None = None, by: str | None = None, ax: Axes | None = None
    ) -> Axes:
        """A line for each region through the dates, or the middles of the periods, its 95 % interval as a band.

        ``by`` (``"ecosystem"``, ``"pool"``) draws a line for each part of the first region of the level instead.

        Raises
        ------
        RunError
            As of :func:`sinks.results.frames.by_part`.
        """
        level = level or self._level(quantity)
        rows = totals(self.contents, quantity, level) if by is None else by_part(self.contents, by, quantity, level)
        if by is not None:
            rows = rows[rows["region_code"] == rows["region_code"].iloc[0]]
        key, steps = by or "region_name", _consecutive(rows["period"].astype(str))
        rows = rows[rows["period"].astype(str).isin(steps)]
        divisor = self._by(rows)
        with styled():
            axes = _axes(ax, 3.4)
            count = int(rows[key].nunique())
            scale = mpl.colormaps["tab10" if count <= 10 else "tab20"]
            colours = iter([scale(number % scale.N) for number in range(count)])
            for name, part in rows.groupby(key, sort=False):
                times = [_middle(str(period)) for period in part["period"]]
                order = np.argsort(times)
                x, value, low, high = (
                    np.asarray(column, float)[order]
                    for column in (times, *(part[c] / divisor for c in ("value", "low", "high")))
                )
                said = str(name) if by is None else term(by, str(name))
                (line,) = axes.plot(
                    x, value, "o-", color=next(colours), markersize=3.5, linewidth=1.3, label=drawable(said)
                )
                axes.fill_between(x, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
            axes.set_xticks(sorted({_middle(step) for step in steps}), sorted(steps))
            axes.set_ylabel(drawable(self._words(quantity, rows)))
            axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
            axes.grid(axis="y", color="#E4E4E4", linewidth=0.6)
            return _finished(axes)

    def matrix(self, region: str, period: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Land by ecosystem before (rows) and after (columns); what stayed is grey.

        Raises
        ------
        RunError
            As of :func:`sinks.results.frames.transition_matrix`.
        """
        table = transition_matrix(self.contents, region, period)
        areas = table.to_numpy(float) / TEN_THOUSAND
        changed = areas * ~np.eye(len(table), dtype=bool)
        # Transitions differ by orders of magnitude; on the square root the small ones remain visible.
        shade = np.sqrt(changed / changed.max()) if changed.max() > 0 else changed
        colours = mpl.colormaps["YlGnBu"](0.85 * shade)
        colours[changed == 0] = (1, 1, 1, 1)
        colours[np.eye(len(table), dtype=bool)] = (0.9, 0.9, 0.9, 1)
        names = [drawable(term("ecosystem", name)) for name in table.index]
        before, after = str(table.attrs["period"]).split("-")
        with styled():
            axes = _axes(ax, 0.42 * len(table) + 1.0)
            axes.imshow(colours, aspect="auto")
            axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
            axes.set_yticks(range(len(names)), names)
            axes.set_xlabel(drawable(word("axis.after", date=after)))
            axes.set_ylabel(drawable(word("axis.before", date=before)))
            axes.set_title(drawable(f"{self._name(region)} ({label('unit.10k_ha')})"), loc="left", fontsize=9)
            for (row, column), area in np.ndenumerate(areas):
                if area > 0:
                    ink = "white" if row != column and shade[row, column] > 0.65 else INK
                    axes.text(column, row, f"{area:,.2f}", ha="center", va="center", fontsize=7, color=ink)
            return _finished(axes)

    def sankey(self, region: str, period: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Land that changed, as bands from the ecosystems before to those after; heights are areas.

        What stayed is left out: it would hide the rest.  See :meth:`matrix` for it.

        Raises
        ------
        RunError
            As of :func:`sinks.results.frames.transition_matrix`, or no land changed.
        """
        table = transition_matrix(self.contents, region, period)
        pairs = [(a, b) for a in table.index for b in table.columns if a != b and NODATA not in (a, b)]
        areas = {pair: float(table.loc[pair]) / TEN_THOUSAND for pair in pairs}
        flows = [Flow(*pair, area) for pair, area in areas.items() if area > 0]
        if not flows:
            values = {"region": self._name(region), "period": table.attrs["period"]}
            raise RunError(Problem("results.no_transition", "sankey", values))
        before, after = str(table.attrs["period"]).split("-")
        with styled():
            axes = _axes(ax, height_of(flows) + 0.4)
            draw_flows(
                axes,
                flows,
                list(table.index),
                lambda land, area: f"{term('ecosystem', land)} {area:,.2f}",
                "{:,.2f}".format,
                (word("axis.before", date=before), word("axis.after", date=after)),
            )
            axes.set_title(drawable(f"{self._name(region)} ({label('unit.10k_ha')})"), fontsize=9)
            return _finished(axes)

    def waterfall(self, region: str, period: str | None = None, *, ax: Axes | None = None) -> Axes:
        """From the stock at the first date to that at the last, step by step; the axis begins near the stocks.

        Raises
        ------
        RunError
            No such region, or no such period in the reconciliation.
        """
        code = the_region(self.contents, region)
        table = reconciliation(self.contents.account)
        own = table[(table["region_code"] == code) & (table["ecosystem"] == ALL)]
        present = list(dict.fromkeys(own["period"].astype(str)))
        chosen = period or (present[-1] if present else None)
        if chosen not in present:
            raise RunError(Problem("results.no_period", "waterfall", {"found": period, "present": present}))
        own = own[own["period"].astype(str) == chosen]
        values = {line: float(own.loc[own["line"] == line, "value"].sum()) / TEN_THOUSAND for line in OF_STOCK}
        with styled():
            axes = _axes(ax, 3.2)
            level, reached = 0.0, []
            for place, line in enumerate(OF_STOCK):
                total = line in ("stock_first", "stock_last")
                start, end = (0.0, values[line]) if total else (level, level + values[line])
                colour = NEUTRAL if total else SINK if end >= start else SOURCE
                axes.bar(place, end - start, bottom=start, width=0.6, color=colour, zorder=2)
                axes.annotate(
                    f"{values[line]:,.1f}",
                    (place, max(start, end)),
                    (0, 2),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7.5,
                )
                level = end
                reached.append(end)
            spread = max(max(reached) - min(reached), 1e-9 * max(map(abs, reached)), 1e-12)
            axes.set_ylim(min(reached) - 0.6 * spread, max(reached) + 0.35 * spread)
            axes.set_xticks(range(len(OF_STOCK)), [drawable(label(f"line.{line}")) for line in OF_STOCK])
            for tick in axes.get_xticklabels():
                tick.set(rotation=15, ha="right")
            axes.set_ylabel(drawable(label("unit.10k_t_c")))
            axes.set_title(drawable(f"{self._name(region)}, {chosen}"), loc="left", fontsize=9)
            return _finished(axes)

    def maps(
        self, quantity: str = "net_removals", *, level: str | None = None, ax: Axes | Sequence[Axes] | None = None
    ) -> list[Axes]:
        """A small map for each date or period, all on one scale.

        Carbon is drawn per hectare of the region at the end of the period, as reports do it: a total grows with a
        region's size, and would only show which regions are large.

        Parameters
        ----------
        ax : sequence of Axes, optional
            As many as there are dates or periods.

        Raises
        ------
        RunError
            As of :func:`sinks.results.frames.totals`, or for another number of axes.
        """
        level = level or self._level(quantity)
        rows = totals(self.contents, quantity, level)
        periods = list(dict.fromkeys(rows["period"].astype(str)))
        frame = self.contents.regions.frame
        ground = frame[frame["level"] == level].to_crs(local_albers(frame))
        shown, words = self._on_land(quantity, rows)
        known = shown[np.isfinite(shown)]
        reach = float(np.abs(known).max()) if known.size and np.abs(known).max() > 0 else 1.0
        signed = quantity in _SIGNED
        norm = TwoSlopeNorm(0.0, -reach, reach) if signed else Normalize(0.0, reach)
        colours = diverging() if signed else stock_scale()
        with styled():
            several = _several(ax, len(periods))
            for axes, period in zip(several, periods, strict=True):
                here = (rows["period"].astype(str) == period).to_numpy()
                own = pd.Series(shown[here], index=rows.loc[here, "region_code"])
                told = ground["code"].map(own)
                drawn = [MISSING if not np.isfinite(value) else colours(norm(value)) for value in told]
                ground.plot(ax=axes, color=drawn, edgecolor=FAINT, linewidth=0.4)
                axes.set_axis_off()
                axes.set_title(drawable(period), fontsize=9)
            bar = several[0].figure.colorbar(
                mpl.cm.ScalarMappable(norm, colours), ax=several, orientation="horizontal", shrink=0.6, aspect=40
            )
            bar.set_label(drawable(f"{words}\n{self._footer()}"), fontsize=7.5)
            return [_finished(axes) for axes in several]

    def _on_land(self, quantity: str, rows: pd.DataFrame) -> tuple[np.ndarray, str]:
        """What a map colours: carbon per hectare, anything else as it is; and what that is called."""
        unit = _PER_HECTARE.get(str(rows["unit"].iloc[0]))
        values = rows["value"].to_numpy(float)
        if unit is None:
            return values / self._by(rows), self._words(quantity, rows)
        land = totals(self.contents, "area")
        area = land.assign(date=land["period"].astype(str)).set_index(["region_code", "date"])["value"]
        ends = rows["period"].astype(str).str.rpartition("-")[2]
        per = values / area.reindex(pd.MultiIndex.from_arrays([rows["region_code"], ends])).to_numpy(float)
        return per, word("axis.amount", quantity=term("quantity", quantity), unit=unit_in_words(unit))

    def _of_one_period(self, quantity: str, level: str | None, period: str | None) -> pd.DataFrame:
        rows = totals(self.contents, quantity, level or self._level(quantity), period)
        last = max(rows["period"].astype(str), key=_span)
        return rows[rows["period"].astype(str) == (period or last)]

    def _level(self, quantity: str, most: int = 40) -> str:
        """The finest level whose regions can be told apart in a figure."""
        counts = totals(self.contents, quantity).groupby("level", sort=False)["region_code"].nunique()
        fits = counts[counts <= most]
        return str((fits if len(fits) else counts).idxmax())

    def _by(self, rows: pd.DataFrame) -> float:
        return TEN_THOUSAND if str(rows["unit"].iloc[0]) in _UNITS else 1.0

    def _words(self, quantity: str, rows: pd.DataFrame) -> str:
        unit = str(rows["unit"].iloc[0])
        return word(
            "axis.amount", quantity=term("quantity", quantity), unit=label(_UNITS[unit]) if unit in _UNITS else unit
        )

    def _name(self, region: str) -> str:
        frame = self.contents.regions.frame
        return str(frame.loc[frame["code"] == the_region(self.contents, region), "name"].iloc[0])

    def _footer(self) -> str:
        """What kind of map it is: approved, or for internal use."""
        section = self.contents.record.get("project", {}).get("project", {})
        number = section.get("map_approval") if isinstance(section, Mapping) else None
        return word("map.approval", number=number) if number else word("map.internal")


def _axes(given: Axes | None, height: float) -> Axes:
    """The caller's axes, or one that a notebook shows by itself."""
    if given is not None:
        return given
    from matplotlib import pyplot

    _, axes = pyplot.subplots(figsize=(_WIDTH, height), layout="constrained")
    return axes


def _several(given: Axes | Sequence[Axes] | None, count: int) -> list[Axes]:
    if given is not None:
        axes = list(np.atleast_1d(np.asarray(given, dtype=object)).ravel())
        if len(axes) != count:
            raise RunError(Problem("results.number_of_axes", "ax", {"found": len(axes), "expected": count}))
        return axes
    from matplotlib import pyplot

    wide = min(count, 3)
    _, found = pyplot.subplots(
        -(-count // wide), wide, figsize=(_WIDTH, 2.6 * -(-count // wide) + 0.8), layout="constrained", squeeze=False
    )
    axes = list(found.ravel())
    for empty in axes[count:]:
        empty.set_axis_off()
    return axes[:count]


def _finished(axes: Axes) -> Axes:
    """Every text of an axes in the font that has Chinese: it is drawn when our settings no longer hold."""
    for text in axes.figure.findobj(Text):
        text.set_fontfamily(font_family())
        text.set_parse_math(False)
    return axes


def _span(period: str) -> tuple[int, int]:
    """For the last period, and of those that end together the longest."""
    first, _, last = period.partition("-")
    return int(last or first), -int(first)


def _middle(period: str) -> float:
    first, _, last = period.partition("-")
    return (int(first) + int(last or first)) / 2


def _consecutive(periods: pd.Series) -> list[str]:
    """Dates, or periods without those that hold others."""
    found = list(dict.fromkeys(periods))
    dates = {date for period in found for date in period.split("-")}
    return [one for one in found if not any(one.split("-")[0] < date < one.split("-")[-1] for date in dates)]
