"""A run as an interactive map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import folium
import pandas as pd

from sinks.calls import spoken
from sinks.errors import Problem, RunError
from sinks.output.map.content import page_content
from sinks.output.map.overlay import paint
from sinks.output.map.page import Atlas, OfflineMap, new_figure
from sinks.results.atomic import write_file
from sinks.results.contents import RunContents

_TILES_EXAMPLE = "https://maps.example.org/{z}/{x}/{y}.png"
# What may stand in the host of a tile address; anything else could add a rule to the page's security policy.
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


@spoken
def draw_map(
    contents: RunContents,
    *,
    tiles: str | None = None,
    assessment: pd.DataFrame | None = None,
    overlay: str | Path | None = None,
    overlay_name: str = "",
    overlay_unit: str = "",
) -> folium.Map:
    """Draw a run as a map of leagues and banners that needs no network.

    Parameters
    ----------
    contents : RunContents
        From :func:`sinks.results.run_folder.read_run` or a run in memory.
    tiles : str, optional
        Address of a tile server of one's own, with ``{z}``, ``{x}`` and ``{y}``.  The page may then ask that
        origin, and no other, for images.  Without it the page asks nobody for anything.
    assessment : DataFrame, optional
        ``region_code, year, quantity, value, low, high``; ``sink_counted`` over ``emissions`` becomes a layer.
    overlay : path, optional
        A raster to paint under the outlines, averaged to the screen's resolution.
    overlay_name, overlay_unit : str, optional
        What the raster shows, for the legend; the file's name when not given.

    Returns
    -------
    folium.Map
        In a notebook it shows itself; ``save`` writes the page.

    Raises
    ------
    AccountError, RunError, LayerError
        The account, the regions, the tile address or the raster cannot be shown.

    Examples
    --------
    >>> draw_map(read_run(Path("runs/2023"))).save("map.html")  # doctest: +SKIP
    """
    origin = _tile_origin(tiles) if tiles is not None else None
    content = page_content(contents, assessment)
    content["tiles"] = tiles
    if overlay is not None:
        overlay = Path(overlay)
        extent = tuple(contents.regions.frame.total_bounds)
        content["overlay"] = paint(overlay, extent).to_json(overlay_name or overlay.stem, overlay_unit)
    figure = new_figure(content, origin)
    drawn = OfflineMap(tiles=None, zoom_control=False, attribution_control=False, zoom_snap=0.25)
    # folium names elements at random; with fixed names the same run gives the same file.
    drawn._id = "sinks"
    figure.add_child(drawn, name="map")
    drawn.add_child(Atlas(), name="atlas")
    return drawn


def write_map(contents: RunContents, path: Path, **options: Any) -> Path:
    """Write the map of a run as one HTML file.

    Parameters
    ----------
    contents : RunContents
        A run.
    path : Path
        The file; an existing one is replaced.
    **options
        As for :func:`draw_map`.

    Returns
    -------
    Path
        The file, absolute.

    Raises
    ------
    RunError
        The disk does not let it be written; else as for :func:`draw_map`.
    """
    page = draw_map(contents, **options).get_root().render()
    target = Path(path).resolve()
    # Bytes, so that no system changes the line ends: the policy holds hashes of the scripts as they stand here.
    write_file(target, page.encode("utf-8"))
    return target


def _tile_origin(tiles: str) -> str:
    """Scheme and host of the tile address, which is what the page's policy allows."""
    parts = urlsplit(tiles)
    origin = f"{parts.scheme}://{parts.netloc}"
    placed = all(mark in tiles for mark in ("{z}", "{x}", "{y}"))
    if not placed or not _ORIGIN.fullmatch(origin):
        raise RunError(Problem("map.bad_tiles", "tiles", {"found": tiles, "example": _TILES_EXAMPLE}))
    return origin
