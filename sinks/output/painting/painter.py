"""Painting a run: from the account and the layers it was made from to a raster of densities."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from sinks.account.account import AccountInputs, Entry
from sinks.calls import spoken
from sinks.errors import Problem, RunError
from sinks.geo.crs import densify_to
from sinks.geo.grid import CellAreas, Grid
from sinks.layers.rasters.raster import CategoricalLayer, inspect
from sinks.output.painting.amounts import Amounts, Subject, amounts
from sinks.output.painting.canvas import Canvas, Cells, Scene
from sinks.output.painting.geotiff import WindowWriter, check_free, window_writer
from sinks.output.painting.palette import densities, narrowed, palette
from sinks.progress import bar
from sinks.results.contents import RunContents
from sinks.tabulation import Joint, tabulate
from sinks.tabulation.blocks import Block
from sinks.tabulation.coverage import Coverage
from sinks.text import message

Progress = bool | Callable[[int, int], object]

_MOST_THREADS = 8


@dataclass(frozen=True)
class Painting:
    """A painted file.

    Attributes
    ----------
    path : Path
    subject : Subject
    resolution : float
        Width of a cell in units of the CRS.
    total : float
        Density times area over all cells: the account of what is painted, in its unit.
    left_out : tuple of str
        Methodologies of the account that do not stand on the land cover, with their layer; their land is nodata.
    """

    path: Path
    subject: Subject
    resolution: float
    total: float
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        lines = [message("painting.done", path=self.path, unit=self.subject.unit, cell=f"{self.resolution:.10g}")]
        if self.left_out:
            lines.append(message("painting.left_out", methods=self.left_out))
        return "\n".join(lines)


@dataclass(frozen=True)
class Layers:
    """The layers and methodologies that a run was made from, as its project names them.

    Parameters
    ----------
    units : GeoDataFrame
        ``code`` and ``geometry`` of the finest regions.
    land_cover : CategoricalLayer
    strata : tuple of CategoricalLayer
    entries : tuple of Entry
    inputs : AccountInputs
        What the account was made from: its activity has the rows of the run's, with the areas that the account stands
        on, which may be adjusted for the errors of the map.
    """

    units: gpd.GeoDataFrame
    land_cover: CategoricalLayer
    strata: tuple[CategoricalLayer, ...]
    entries: tuple[Entry, ...]
    inputs: AccountInputs


@dataclass(frozen=True)
class Request:
    """What is to be painted, how finely and where.

    Parameters
    ----------
    what : str
        ``carbon_stock_density`` [t C/ha], ``stock_change_density`` [t C/ha over the period] or
        ``net_removals_density`` [t CO2/ha/yr].
    period : str, optional
        ``"2020"`` or ``"2020-2023"``; needed where the account has several.
    resolution : float, optional
        Width of a cell in units of the land cover's CRS, a multiple of its own.  A coarser cell is the exact mean of
        what lies in it.  By default the finest for which there are at most 4 million cells.
    units : sequence of str, optional
        Paint these region units only.
    """

    what: str = "carbon_stock_density"
    period: str | None = None
    resolution: float | None = None
    units: Sequence[str] | None = None


@spoken
def paint(
    contents: RunContents,
    layers: Layers,
    out: Path,
    request: Request,
    *,
    threads: int | None = None,
    progress: Progress = False,
    force: bool = False,
) -> Painting:
    """Paint the density of a stock, a change or removals as a Cloud-Optimised GeoTIFF.

    Every cell of the land cover gets what the account holds per hectare of its region unit, class and strata; for
    changes, what it holds at the end less what it held at the beginning, where both are known.  A cell that several
    regions share gets the mean of its parts.  The first band is the density; the second the area [ha] it is the mean
    over, inside the regions and estimated, so that the sum of their product is the account.  Cells outside the regions,
    not observed or not estimated are nodata, which is not zero.  Where the account stands on areas that are adjusted
    for the errors of the map, the cells of a class together hold the adjusted amount.

    Parameters
    ----------
    contents : RunContents
    layers : Layers
        What the run was made from.
    out : Path
        The file.
    request : Request
    threads : int, optional
        By default the number of processors, at most eight.
    progress : bool or callable
        True draws a bar; a callable gets (windows done, windows in all).
    force : bool
        Replace a file that is there.

    Returns
    -------
    Painting

    Raises
    ------
    RunError
        The run has no such figure, or its layers or parameters are not what they were; the file is there or cannot be
        written.
    LayerError
        A layer cannot be read.
    """
    out = Path(out).resolve()
    check_free(out, force)
    threads = threads or min(_MOST_THREADS, os.cpu_count() or 1)
    subject = Subject.of(request.what, request.period, contents.account)
    found = amounts(subject, layers.inputs, layers.entries, layers.land_cover.name, contents.account)
    regions = _chosen(layers.units, request.units)
    joint = narrowed(tabulate(regions, layers.land_cover, strata=layers.strata, threads=threads), subject.dates)
    values = densities(joint, contents.activity, found)
    scene = _scene(regions, layers.land_cover, joint, values, request.resolution)
    tags = facts(contents, subject, found)
    names = (f"{contents.record['title']}: {subject.what} {subject.period}", "estimated_area")
    with window_writer(out, scene.canvas, units=(subject.unit, "ha"), names=names, tags=tags, threads=threads) as file:
        total = _write_windows(scene, file, threads, progress)
    return Painting(out, subject, scene.canvas.resolution, total, found.left_out)


def _write_windows(scene: Scene, file: WindowWriter, threads: int, progress: Progress) -> float:
    """Paint and write every window; return the sum of density times area."""
    total, windows = 0.0, scene.canvas.windows()
    with _shown(progress, len(windows)) as show:
        for number, (window, cells, amount) in enumerate(_painted(scene, windows, threads), 1):
            file.write(window, cells)
            total += amount
            show(number, len(windows))
    return total


def _chosen(units: gpd.GeoDataFrame, wanted: Sequence[str] | None) -> gpd.GeoDataFrame:
    """The region units to paint."""
    if wanted is None:
        return units
    unknown = sorted(set(wanted) - set(units["code"]))
    if unknown or not wanted:
        raise RunError(Problem("painting.no_unit", "units", {"found": unknown, "known": list(units["code"])}))
    return units[units["code"].isin(list(wanted))]


def _scene(
    units: gpd.GeoDataFrame,
    land_cover: CategoricalLayer,
    joint: Joint,
    values: npt.NDArray[np.float64],
    resolution: float | None,
) -> Scene:
    reference = reference_grid(land_cover)
    polygons = densify_to(units.geometry.to_numpy(), CRS.from_user_input(units.crs), reference.crs)
    canvas = Canvas.of(reference, tuple(shapely.total_bounds(polygons).tolist()), resolution)
    codes = [str(code) for code in units["code"]]
    colours = palette(joint, values, reference, codes)
    return Scene(canvas, colours, Coverage(reference, list(polygons), codes), len(codes), CellAreas(reference))


def reference_grid(land_cover: CategoricalLayer) -> Grid:
    """The grid of the land cover's first date."""
    return inspect(land_cover, min(land_cover.files)).grid


def _painted(scene: Scene, windows: Sequence[Block], threads: int) -> Iterator[tuple[Block, Cells, float]]:
    """Windows in their order, painted in threads; few wait to be written, so that memory does not grow."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Block, Future[tuple[Cells, float]]]] = deque()
        try:
            for window in windows:
                waiting.append((window, pool.submit(scene.paint, window)))
                if len(waiting) > threads:
                    first, future = waiting.popleft()
                    yield first, *future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, *future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def facts(contents: RunContents, subject: Subject, found: Amounts) -> dict[str, str]:
    """What whoever gets the file without its run must know."""
    record = contents.record
    tags = {
        "TITLE": str(record["title"]),
        "QUANTITY": subject.what,
        "PERIOD": subject.period,
        "UNIT": subject.unit,
        "METHODOLOGY": ", ".join(found.methods),
        "RUN_CREATED": str(record["created"]),
        "BANDS": message("painting.bands"),
    }
    if found.left_out:
        tags["LEFT_OUT"] = message("painting.left_out", methods=found.left_out)
    if record["demonstration"]:
        tags["NOTICE"] = message("output.demonstration")
    return tags


def _shown(progress: Progress, total: int) -> AbstractContextManager[Callable[[int, int], object]]:
    """A context whose value takes (done, total)."""
    if callable(progress):
        return nullcontext(progress)
    return _Bar(total) if progress else nullcontext(lambda done, total: None)


class _Bar:
    """A progress bar in windows."""

    def __init__(self, total: int) -> None:
        self._bar = bar(total, "cli.stage_painting")

    def __enter__(self) -> Callable[[int, int], object]:
        return lambda done, total: self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        self._bar.close()
