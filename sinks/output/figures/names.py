"""Names on a map: inside their region where they fit, else beside it with a line that leads there; none on another."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi, sin
from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase
from shapely import maximum_inscribed_circle
from shapely.affinity import affine_transform
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from sinks.output.figures.style import INK, PAPER

SIZE = 6.5
"""Points."""

_GAP = 1.5
"""Least distance between two names [points]."""

_RINGS, _TURNS = 14, 24
"""Places that are tried round a region: so many distances, each in so many directions."""


def label_regions(axes: Axes, ground: gpd.GeoDataFrame, names: Mapping[str, str]) -> list[Text]:
    """Write a name on each region; the layout of the figure has to be settled.

    Parameters
    ----------
    axes : Axes
    ground : GeoDataFrame
        ``code, geometry`` in the coordinates of the axes.
    names : mapping of str to str
        Text by code.

    Returns
    -------
    list of Text
        In the order of the regions; none overlaps another, as long as there is a free place round its region.
    """
    # The box of the axes takes its shape when it is drawn; names placed before would then lie elsewhere.
    axes.apply_aspect()
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]  # Agg has one, the base class does not
    shapes = [_on_paper(axes, shape) for shape in ground.geometry]
    middles = [maximum_inscribed_circle(shape).coords[0] for shape in shapes]
    texts = [_text(axes, names.get(code, "")) for code in ground["code"]]
    sizes = [text.get_window_extent(renderer) for text in texts]
    room, gap = axes.figure.bbox, _GAP * axes.figure.dpi / 72
    taken: list[Bbox] = []
    # A name that fits inside has one place; the others look for theirs round it, the smallest region last.
    order = sorted(range(len(texts)), key=lambda n: (not _fits(shapes[n], middles[n], sizes[n]), -shapes[n].area))
    for number in order:
        if not texts[number].get_text():
            continue
        place = _free_place(middles[number], sizes[number], taken, room, gap)
        found = _at(place, sizes[number])
        taken.append(found)
        texts[number].set_position(tuple(axes.transData.inverted().transform(place)))
        if not shapes[number].intersects(Point(place)) or place != tuple(middles[number]):
            _leader(axes, middles[number], found)
    return texts


def _text(axes: Axes, words: str) -> Text:
    return axes.text(
        *(0.0, 0.0, words),
        ha="center",
        va="center",
        fontsize=SIZE,
        zorder=6,
        linespacing=1.0,
        path_effects=[withStroke(linewidth=1.8, foreground=PAPER)],
    )


def _on_paper(axes: Axes, shape: BaseGeometry) -> Any:
    """A shape in pixels of the figure."""
    matrix = axes.transData.get_affine().get_matrix()
    (a, b, x), (d, e, y) = matrix[0], matrix[1]
    return affine_transform(shape, [a, b, d, e, x, y])


def _at(place: tuple[float, float], size: Bbox) -> Bbox:
    return Bbox.from_bounds(place[0] - size.width / 2, place[1] - size.height / 2, size.width, size.height)


def _fits(shape: BaseGeometry, middle: tuple[float, float], size: Bbox) -> bool:
    """Whether a name stands inside its region, give or take a tenth of it."""
    name = box(*_at(middle, size).extents)
    return float(shape.intersection(name).area) >= 0.9 * float(name.area)


def _free_place(
    middle: tuple[float, float], size: Bbox, taken: list[Bbox], room: BboxBase, gap: float
) -> tuple[float, float]:
    """The nearest place to the middle of a region where a name meets no other and stays on the paper."""
    step = size.height * 0.55
    for ring in range(_RINGS):
        for turn in range(_TURNS if ring else 1):
            angle = 2 * pi * turn / _TURNS + pi / 2
            # Names are wider than tall, and so is the ring.
            place = (middle[0] + ring * step * 1.5 * cos(angle), middle[1] + ring * step * sin(angle))
            wanted = _at(place, size)
            spaced = wanted.padded(gap)
            on_paper = room.x0 <= wanted.x0 and wanted.x1 <= room.x1 and room.y0 <= wanted.y0 and wanted.y1 <= room.y1
            if on_paper and not any(spaced.overlaps(other) for other in taken):
                return place
    return (float(middle[0]), float(middle[1]))


def _leader(axes: Axes, middle: tuple[float, float], name: Bbox) -> None:
    """A thin line from the region to the edge of its name, where the name does not already lie on the place."""
    frame = box(*name.extents)
    line = LineString([middle, frame.centroid.coords[0]]).difference(frame)
    if line.is_empty or line.length < name.height / 3:
        return
    ends = axes.transData.inverted().transform(np.array(line.coords))
    axes.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=0.5, zorder=5, scalex=False, scaley=False)
