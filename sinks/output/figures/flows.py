"""What became of the land that changed: bands from the ecosystems of one date to those of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from sinks.output.figures.fonts import drawable
from sinks.output.figures.style import ECOSYSTEM_COLOURS, FAINT, NEUTRAL, new_figure, styled

_LINE = 0.15
"""Inches that a line of text takes: neighbours are this far apart, so that their names never meet."""
_HEAD = 0.4
"""Inches for the words above and the margins."""
_BAR = 0.025
"""Width of the bar that stands for an ecosystem, as a share of the distance between the dates."""


@dataclass(frozen=True)
class Flow:
    """Land that was one ecosystem and became another; the area is positive, in the unit of the caller."""

    before: str
    after: str
    area: float


@dataclass(frozen=True)
class _Stack:
    """The ecosystems of one date from top to bottom: where each begins, how much land it has, where it all ends."""

    tops: dict[str, float]
    areas: dict[str, float]

    @property
    def end(self) -> float:
        return max(self.tops[land] + area for land, area in self.areas.items())


def flow_diagram(
    flows: Sequence[Flow],
    lands: Sequence[str],
    label: Callable[[str, float], str],
    printed: Callable[[float], str],
    heads: tuple[str, str],
) -> Figure | None:
    """An alluvial diagram (Sankey) of the land that changed; heights are proportional to areas.

    A band too thin for a line of text (about a twentieth of the changed area) is drawn without its number.

    Parameters
    ----------
    flows : sequence of Flow
        At most one for each pair of ecosystems.
    lands : sequence of str
        Every ecosystem of the flows (keys of :data:`ECOSYSTEM_COLOURS`), from top to bottom.
    label : callable
        Words beside an ecosystem, from its key and the area that leaves or reaches it.
    printed : callable
        An area as printed on its band.
    heads : (str, str)
        Words above the two sides: the dates.

    Returns
    -------
    Figure or None
        None without flows: there is nothing to draw.
    """
    if not flows:
        return None
    with styled():
        figure = new_figure(height_of(flows))
        draw_flows(figure.add_subplot(), flows, lands, label, printed, heads, _inches(_most(flows)))
    return figure


def height_of(flows: Sequence[Flow]) -> float:
    """Inches that a figure of flows asks for."""
    return _inches(_most(flows)) + _LINE * (_most(flows) - 1) + _HEAD


def draw_flows(
    axes: Axes,
    flows: Sequence[Flow],
    lands: Sequence[str],
    label: Callable[[str, float], str],
    printed: Callable[[float], str],
    heads: tuple[str, str],
    inches: float | None = None,
) -> None:
    """The diagram of :func:`flow_diagram` on an axes; ``inches`` is the height of all bands, by default of the axes."""
    count = _most(flows)
    if inches is None:
        room = axes.get_window_extent().height / axes.figure.dpi
        inches = max(room - _LINE * (count - 1), 0.5 * room)
    rank = {land: place for place, land in enumerate(lands)}
    flows = sorted(flows, key=lambda flow: (rank[flow.before], rank[flow.after]))
    line = sum(flow.area for flow in flows) / inches * _LINE
    left, right = (_stack(flows, lands, side, line) for side in ("before", "after"))
    # The side with fewer ecosystems has fewer gaps, so it is shorter; it is centred.
    height = max(left.end, right.end)
    left, right = (_moved(stack, (height - stack.end) / 2) for stack in (left, right))
    for flow, start, end in sorted(_places(flows, left, right), key=lambda place: -place[0].area):
        # Large bands first, so that thin ones are seen on top of them.
        _draw_band(axes, flow, start, end, printed(flow.area) if flow.area >= 0.8 * line else "")
    _draw_stack(axes, left, -_BAR, label)
    _draw_stack(axes, right, 1.0, label)
    axes.set_title(drawable(heads[0]), loc="left", fontsize=8)
    axes.set_title(drawable(heads[1]), loc="right", fontsize=8)
    axes.set_xlim(-_BAR, 1 + _BAR)
    axes.set_ylim(height, 0.0)
    axes.set_axis_off()


def _most(flows: Sequence[Flow]) -> int:
    """Ecosystems on the side that has more of them."""
    return max(len({flow.before for flow in flows}), len({flow.after for flow in flows}))


def _inches(count: int) -> float:
    """Height of all bands together in a figure of its own."""
    return 0.6 + 0.15 * count


def _stack(flows: Sequence[Flow], lands: Sequence[str], side: str, gap: float) -> _Stack:
    of = attrgetter(side)
    tops: dict[str, float] = {}
    areas: dict[str, float] = {}
    level = 0.0
    for land in lands:
        mine = [flow.area for flow in flows if of(flow) == land]
        if mine:
            tops[land], areas[land] = level, sum(mine)
            level += areas[land] + gap
    return _Stack(tops, areas)


def _moved(stack: _Stack, down: float) -> _Stack:
    return _Stack({land: top + down for land, top in stack.tops.items()}, stack.areas)


def _draw_stack(axes: Axes, stack: _Stack, start: float, label: Callable[[str, float], str]) -> None:
    beside, side = (start - 0.01, "right") if start < 0 else (start + _BAR + 0.01, "left")
    for land, area in stack.areas.items():
        top = stack.tops[land]
        axes.add_patch(
            Rectangle((start, top), _BAR, area, facecolor=_colour(land), edgecolor=FAINT, linewidth=0.4, zorder=3)
        )
        axes.text(beside, top + area / 2, drawable(label(land, area)), ha=side, va="center", fontsize=7.5)


def _draw_band(axes: Axes, flow: Flow, start: float, end: float, number: str) -> None:
    # A thin outline keeps pale and narrow bands visible.
    look = {"facecolor": _colour(flow.before), "edgecolor": FAINT}
    axes.add_patch(PathPatch(_band(start, end, flow.area), linewidth=0.3, alpha=0.65, **look))
    if number:
        # Bands cross in the middle; where they arrive they lie one under the other.
        axes.text(0.985, end + flow.area / 2, drawable(number), ha="right", va="center", fontsize=7)


def _places(flows: Sequence[Flow], left: _Stack, right: _Stack) -> Iterator[tuple[Flow, float, float]]:
    """Each flow with the upper edge of its band on both sides; flows come in the order of their lands."""
    starts, ends = dict(left.tops), dict(right.tops)
    for flow in flows:
        yield flow, starts[flow.before], ends[flow.after]
        starts[flow.before] += flow.area
        ends[flow.after] += flow.area


def _band(start: float, end: float, width: float) -> Path:
    """A band of the same vertical width everywhere: two cubic Bezier curves that leave and arrive level."""
    corners = [
        *((0.0, start), (0.5, start), (0.5, end), (1.0, end)),
        *((1.0, end + width), (0.5, end + width), (0.5, start + width), (0.0, start + width)),
        (0.0, start),
    ]
    curve = [Path.CURVE4] * 3
    return Path(corners, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _colour(land: str) -> str:
    return ECOSYSTEM_COLOURS.get(land, NEUTRAL)
