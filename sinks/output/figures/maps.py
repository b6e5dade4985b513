"""Static maps of regions: coloured areas, names, north, scale, and the line that says what kind of map it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import atan2, degrees, floor, log10

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from pyproj import CRS, Transformer
from shapely.geometry import box

from sinks.output.figures.fonts import drawable
from sinks.output.figures.names import label_regions
from sinks.output.figures.style import (
    AROUND,
    FAINT,
    INK,
    MISSING,
    PAPER,
    SOURCE,
    diverging,
    new_figure,
    settle_layout,
    stock_scale,
    styled,
)

_ROOM_OF_THREE = 0.6
"""Inches of a scale bar over which three numbers fit."""

_BELOW = 1.0
"""Inches under a map: colours, what they mean, and the footer."""

MOST_NAMES = 40
"""Regions above which names would cover the map and each other."""


@dataclass(frozen=True)
class MapText:
    """The words on a map, in the reader's language.

    Attributes
    ----------
    scale : str
        What the colours mean, with its unit.
    missing : str
        Legend entry of regions without a figure.
    negative : str
        Legend entry of regions below zero.
    kilometres : str
        Unit of the scale bar.
    north : str
        Letter over the north arrow.
    footer : tuple of str
        Lines under the map: its approval or internal use, and the sources.
    """

    scale: str
    missing: str
    negative: str
    kilometres: str
    north: str
    footer: tuple[str, ...]


def region_map(
    regions: gpd.GeoDataFrame,
    values: Mapping[str, float],
    text: MapText,
    *,
    signed: bool,
    names: Mapping[str, str] | None = None,
    frame: gpd.GeoDataFrame | None = None,
    around: gpd.GeoDataFrame | None = None,
) -> Figure:
    """Regions coloured by a value.

    Parameters
    ----------
    regions : GeoDataFrame
        ``code, geometry`` of the regions to colour, any CRS.
    values : mapping of str to float
        Value by code; a region without one is drawn as missing.
    text : MapText
        Words.
    signed : bool
        Sinks and sources: a diverging scale whose middle is zero.  Otherwise a scale from pale to deep.
    names : mapping of str to str, optional
        Text to write on each region; left out above :data:`MOST_NAMES` regions.
    frame : GeoDataFrame, optional
        Outlines to draw more strongly over the regions, for example the leagues over their banners.
    around : GeoDataFrame, optional
        Neighbours, drawn in grey as far as the map reaches; they have no figure here.

    Returns
    -------
    Figure
    """
    crs = local_albers(regions)
    ground = regions.to_crs(crs)
    ground = ground.assign(shown=[float(values.get(code, np.nan)) for code in ground["code"]])
    west, south, east, north = ground.total_bounds
    tall = (north - south) / max(east - west, 1.0)
    with styled():
        figure = new_figure(min(max(6.0 * tall, 2.6) + 0.9, 4.3))
        axes = figure.add_subplot()
        norm, colours = _scale(ground["shown"].to_numpy(), signed)
        if around is not None and len(around):
            around.to_crs(crs).plot(ax=axes, facecolor=AROUND, edgecolor=PAPER, linewidth=0.6, zorder=0.5)
        _areas(axes, ground, norm, colours, text)
        if frame is not None and len(frame):
            frame.to_crs(crs).boundary.plot(ax=axes, color=INK, linewidth=0.9, zorder=3)
        axes.set_axis_off()
        axes.set_aspect("equal")
        _leave_room(axes, (west, south, east, north))
        _north_arrow(axes, ground, text.north)
        _scale_bar(axes, (west, south, east, north), text.kilometres)
        bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, orientation="horizontal", shrink=0.6, aspect=32)
        bar.set_label(drawable(text.scale))
        bar.outline.set_visible(False)
        figure.supxlabel(drawable("\n".join(text.footer)), fontsize=7, color=FAINT)
        if names and len(ground) <= MOST_NAMES:
            settle_layout(figure)
            label_regions(axes, ground, {code: drawable(name) for code, name in names.items()})
    return figure


def local_albers(regions: gpd.GeoDataFrame) -> CRS:
    """An Albers equal-area projection for these regions.

    Standard parallels lie one sixth of the range of latitude inside its ends (Snyder 1987, *Map Projections: A Working
    Manual*, USGS Professional Paper 1395, p. 99).
    """
    west, south, east, north = regions.to_crs(4490).total_bounds
    sixth = (north - south) / 6
    return CRS.from_dict(
        {
            "proj": "aea",
            "lat_1": south + sixth,
            "lat_2": north - sixth,
            "lat_0": (south + north) / 2,
            "lon_0": (west + east) / 2,
            "ellps": "GRS80",
            "units": "m",
        }
    )


def _scale(values: np.ndarray, signed: bool) -> tuple[Normalize, Colormap]:
    known = values[np.isfinite(values)]
    if signed:
        reach = float(np.abs(known).max()) if known.size and np.abs(known).max() > 0 else 1.0
        return TwoSlopeNorm(0.0, -reach, reach), diverging()
    top = float(known.max()) if known.size and known.max() > 0 else 1.0
    return Normalize(0.0, top), stock_scale()


def _areas(axes: Axes, ground: gpd.GeoDataFrame, norm: Normalize, colours: Colormap, text: MapText) -> None:
    known = np.isfinite(ground["shown"])
    if known.any():
        ground[known].plot(
            ax=axes, color=colours(norm(ground.loc[known, "shown"])), edgecolor=PAPER, linewidth=0.4, zorder=1
        )
    # Hatching says it once more for eyes and printers that take orange and blue for the same grey.
    patterns = (
        (ground[~known], MISSING, FAINT, "....", text.missing),
        (ground[known & (ground["shown"] < 0)], "none", SOURCE, "////", text.negative),
    )
    legend = []
    for part, face, edge, hatch, label in patterns:
        if len(part):
            part.plot(ax=axes, facecolor=face, edgecolor=edge, linewidth=0.0, hatch=hatch, zorder=1.5)
            legend.append(Patch(facecolor=face, edgecolor=edge, hatch=hatch, label=drawable(label)))
    if legend:
        axes.legend(handles=legend, loc="lower right", fontsize=7)
    ground.boundary.plot(ax=axes, color=INK, linewidth=0.35, zorder=2)


def _leave_room(axes: Axes, bounds: tuple[float, float, float, float]) -> None:
    """A margin round the regions, below them enough for the scale bar."""
    west, south, east, north = bounds
    wide, tall = east - west, north - south
    axes.set_xlim(west - 0.03 * wide, east + 0.03 * wide)
    axes.set_ylim(south - 0.10 * tall, north + 0.03 * tall)


def _north_arrow(axes: Axes, ground: gpd.GeoDataFrame, letter: str) -> None:
    """An arrow to true north at the place where it stands; far from the central meridian that is not straight up."""
    (left, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    length, crs = 0.09 * (right - left), ground.crs
    x, y = _free_corner(ground, (left, right), top, length)
    to_ground = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    lon, lat = to_ground.transform(x, y, direction="INVERSE")
    ahead = to_ground.transform(lon, min(lat + 0.1, 90.0))
    turn = -degrees(atan2(ahead[0] - x, ahead[1] - y))
    tip = (x + length * np.sin(-np.radians(turn)), y)
    foot = (x, y - length * np.cos(np.radians(turn)))
    axes.annotate(
        "",
        xy=tip,
        xytext=foot,
        arrowprops={"arrowstyle": "-|>,head_width=0.35,head_length=0.7", "color": INK, "lw": 1.4},
    )
    axes.annotate(
        letter, tip, xytext=(0, 3), textcoords="offset points", ha="center", va="bottom", rotation=turn, fontsize=9
    )


def _free_corner(
    ground: gpd.GeoDataFrame, across: tuple[float, float], top: float, length: float
) -> tuple[float, float]:
    """Tip of an arrow in the upper corner that no region reaches, the left one when neither or both are free."""
    left, right = across
    y = top - 0.6 * length
    places = [(left + 0.06 * (right - left), y), (right - 0.06 * (right - left), y)]
    free = [
        (x, y) for x, y in places if not ground.intersects(box(x - length / 2, y - length, x + length / 2, top)).any()
    ]
    return (free or places)[0]


def _scale_bar(axes: Axes, bounds: tuple[float, float, float, float], unit: str) -> None:
    """A bar of a round length, up to a third of the map wide; on the projection distances hold to a few per cent."""
    west, south, east, north = bounds
    length = _round_length(max(east - west, (north - south) / 2) / 3)
    left, bottom = west, south - 0.07 * (north - south)
    thick = 0.010 * (east - west)
    for half, colour in enumerate((INK, PAPER)):
        axes.add_patch(
            _box(left + half * length / 2, bottom, length / 2, thick, colour),
        )
    # On a narrow map, and beside a long number, the one in the middle would stand on its neighbours.
    for share in (0.0, 0.5, 1.0) if length * _inches_per_metre(axes) > _ROOM_OF_THREE else (0.0, 1.0):
        number = f"{share * length / 1000:g}" + (f" {unit}" if share == 1.0 else "")
        axes.annotate(
            number, (left + share * length, bottom + thick), (0, 2), textcoords="offset points", ha="center", fontsize=7
        )


def _inches_per_metre(axes: Axes) -> float:
    """How large the map will be on paper: as its figure has room for it above the colours and the footer."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    figure = axes.figure
    assert isinstance(figure, Figure)
    wide, tall = figure.get_size_inches()
    return float(min(wide / (east - west), (tall - _BELOW) / (north - south)))


def _box(x: float, y: float, wide: float, tall: float, colour: str) -> Patch:
    return Rectangle((x, y), wide, tall, facecolor=colour, edgecolor=INK, linewidth=0.6, zorder=5)


def _round_length(metres: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above ``metres``."""
    power: float = 10.0 ** floor(log10(metres))
    # 0.5 as well: the logarithm of a length just below a power of ten may round up to that power.
    return max(step * power for step in (0.5, 1.0, 2.0, 5.0) if step * power <= metres)
