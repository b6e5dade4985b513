"""Look of the figures: palette, sizes, and one way to a file.

Colours of categories are those of Okabe and Ito (2008, *Color Universal Design*), which readers with any of the common
colour vision deficiencies can tell apart.  Scales run from pale to deep in one hue, or from orange to blue, the pair
that stays apart under all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from sinks.output.figures.fonts import font_family

ECOSYSTEM_COLOURS = {
    "forest": "#009E73",
    "shrub": "#D55E00",
    "grassland": "#F0E442",
    "wetland": "#56B4E9",
    "cropland": "#E69F00",
    "water": "#0072B2",
    "bare": "#BDB29A",
    "urban": "#CC79A7",
    "ice": "#DDEBF2",
    "nodata": "#D0D0D0",
    "all": "#555555",
}
SINK, SOURCE, NEUTRAL = "#0072B2", "#D55E00", "#9A9A9A"
INK, FAINT, PAPER = "#222222", "#8A8A8A", "#FFFFFF"
MISSING = "#E6E6E6"
AROUND = "#EFEFEF"
"""Land beside the map's own."""

STOCK_MAP = "YlGn"
WIDTH = 6.1
"""Inches: the text block of a GB/T 9704 page is 156 mm wide."""


def diverging() -> Colormap:
    """Orange for sources, near white for nothing, blue for sinks."""
    return LinearSegmentedColormap.from_list("source_sink", ["#B35806", "#F1A340", "#F7F7F7", "#67A9CF", "#2166AC"])


def stock_scale() -> Colormap:
    """Pale to deep green without the palest end, which would vanish on paper."""
    ramp = mpl.colormaps[STOCK_MAP](np.linspace(0.12, 0.85, 256))
    return LinearSegmentedColormap.from_list("stock", [tuple(colour) for colour in ramp])


@contextmanager
def styled() -> Iterator[None]:
    """Draw inside with our font and line weights, and leave the caller's settings as they were.

    A notebook turns matplotlib interactive when pyplot is loaded first, which may be inside; that is kept, for without
    it no later figure of the notebook would be shown.
    """
    with mpl.rc_context(
        {
            "font.family": font_family(),
            "font.size": 9,
            "axes.unicode_minus": False,
            # Ticks say what they stand for, without a power of ten or an offset at the end of the axis.
            "axes.formatter.limits": (-9, 12),
            "axes.formatter.useoffset": False,
            # Otherwise matplotlib would take text between two dollar signs of a name for a formula.
            "text.parse_math": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": FAINT,
            "axes.labelcolor": INK,
            "axes.linewidth": 0.7,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.0,
            "legend.frameon": False,
            "svg.hashsalt": "sinks",
        }
    ):
        yield
        interactive = mpl.is_interactive()
    mpl.interactive(interactive)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure that no window knows of."""
    figure = Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")
    _Canvas(figure)
    return figure


class _Canvas(FigureCanvasAgg):
    """A canvas that draws when a file is written and not whenever something is added."""

    def draw_idle(self, *args: object, **kwargs: object) -> None:
        """Nobody is looking."""


def settle_layout(figure: Figure) -> None:
    """Lay the figure out once, so that sizes on paper are known; what is added later moves nothing."""
    engine = figure.get_layout_engine()
    if engine is not None:
        with styled():
            engine.execute(figure)
        # Nothing rather than "none", which keeps a place for an engine: matplotlib would draw such a figure twice.
        figure.set_layout_engine(None)


def as_png(figure: Figure, dpi: int = 180) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    return packed(painted(figure, dpi), dpi)


def painted(figure: Figure, dpi: int = 180) -> Image.Image:
    """The figure as pixels."""
    buffer = BytesIO()
    # matplotlib would lay it out twice: once before it draws, once as it does.
    settle_layout(figure)
    with styled():  # ticks get their labels only now
        figure.savefig(buffer, format="rgba", dpi=dpi)
    wide, tall = (int(side * dpi) for side in figure.get_size_inches())
    return Image.frombuffer("RGBA", (wide, tall), buffer.getvalue(), "raw", "RGBA", 0, 1)


def packed(pixels: Image.Image, dpi: int = 180) -> bytes:
    """Pixels as PNG, without the name of the program that made it; this needs nothing of matplotlib."""
    buffer = BytesIO()
    pixels.save(buffer, format="png", dpi=(dpi, dpi), compress_level=3)
    return buffer.getvalue()
