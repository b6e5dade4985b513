"""Densities as arrays that are painted when they are asked for, window by window.

An array of xarray behind which no numbers stand yet: whoever takes a window of it gets the cells of that window,
painted from the layers as a file of densities is painted, in double precision.  ``chunks`` hands the windows to dask,
so that a store of any size can be written, or a sum taken, in the memory of a chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from sinks.errors import Problem, RunError
from sinks.geo.crs import densify_to
from sinks.geo.grid import CellAreas, Grid
from sinks.layers.rasters.raster import RasterSource
from sinks.output.painting.canvas import Canvas, Scene
from sinks.output.painting.palette import Palette, plain_palette
from sinks.tabulation.blocks import Block
from sinks.tabulation.coverage import Coverage

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Chunks = int | Mapping[str, int] | None
Painter = Callable[[Block], Floats]
"""Paints a window of the canvas, [rows, columns]."""

_CHUNK = 1 << 22
"""Cells of a chunk when dask is asked for without saying how large."""


@dataclass(frozen=True)
class Ground:
    """Where an array lies, and the regions in it.

    Attributes
    ----------
    canvas : Canvas
        The cells of the land cover that the regions reach.
    codes : tuple of str
        Region units in the order of their numbers.
    coverage : Coverage
    areas : CellAreas
    """

    canvas: Canvas
    codes: tuple[str, ...]
    coverage: Coverage
    areas: CellAreas

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, reference: Grid, canvas: Canvas | None = None) -> Ground:
        """Region units on the grid of the land cover; ``canvas`` is that of more regions than these."""
        polygons = densify_to(units.geometry.to_numpy(), CRS.from_user_input(units.crs), reference.crs)
        codes = tuple(str(code) for code in units["code"])
        if canvas is None:
            bounds = tuple(shapely.total_bounds(polygons).tolist())
            canvas = Canvas.of(reference, bounds, reference.transform.a)
        return cls(canvas, codes, Coverage(reference, list(polygons), codes), CellAreas(reference))

    def scene(self, palette: Palette) -> Scene:
        """What paints the densities of a palette here."""
        return Scene(self.canvas, palette, self.coverage, len(self.codes), self.areas)

    def covered(self, window: Block) -> Floats:
        """Area of each cell inside the regions [ha]; zero outside."""
        _, area = self.scene(plain_palette(len(self.codes))).sums(window)
        return area


def density_of(scene: Scene, ground: Ground) -> Painter:
    """Paints what the cells of a scene hold per hectare of them inside the regions; NaN where nothing is estimated."""

    def paint(window: Block) -> Floats:
        amount, estimated = scene.sums(window)
        density = np.full(amount.shape, np.nan)
        np.divide(amount, ground.covered(window), out=density, where=estimated > 0)
        return density

    return paint


def cell_areas(ground: Ground) -> Painter:
    """Paints the true area of the cells [ha], inside the regions or not."""

    def paint(window: Block) -> Floats:
        beneath = ground.canvas.beneath(window)
        weights = ground.areas.weights(beneath.row, beneath.row + beneath.rows)
        groups = np.arange(beneath.column, beneath.column + beneath.columns) // ground.areas.group_width
        return np.asarray(weights[:, groups] * float(ground.areas.to_ha(1)), np.float64)

    return paint


def labels_of(source: RasterSource) -> tuple[Floats, Floats]:
    """Coordinates of the cells of a source along x, and along y from north to south, so that arrays align exactly.

    An array in memory keeps its own; those of a file are to the last digit what rioxarray computes of it.
    """
    with source.open() as dataset:
        if (own := getattr(dataset, "labels", None)) is not None:
            xs, ys = own
        else:
            t = dataset.transform
            xs = np.arange(dataset.width) * float(t.a) + float(t.a * 0.5 + t.c)
            ys = np.arange(dataset.height) * float(t.e) + float(t.e * 0.5 + t.f)
    return xs, ys[::-1] if source.south_up else ys


def lazy_array(
    canvas: Canvas,
    painters: Sequence[Painter],
    leading: Mapping[str, Sequence[str]],
    attrs: Mapping[str, Any],
    chunks: Chunks,
    labels: tuple[Floats, Floats],
) -> xr.DataArray:
    """An array whose planes are painted when they are asked for.

    Parameters
    ----------
    canvas : Canvas
    painters : sequence of Painter
        One for each plane, the last of the leading dimensions running fastest.
    leading : mapping of str to sequence of str
        Labels along the dimensions before y and x.
    attrs : mapping
        Of the array.
    chunks : int or mapping, optional
        As of ``xarray.open_dataset``: ``{}`` for dask with chunks of four million cells; None without dask.
    labels : tuple of float64
        Of :func:`labels_of`.

    Returns
    -------
    DataArray
        (*leading, y, x), float64, with ``spatial_ref`` as rioxarray has it.
    """
    import rioxarray  # noqa: F401  # gives arrays their .rio
    import xarray as xr
    from xarray.core import indexing

    backed = _painted_array(canvas, painters, tuple(len(names) for names in leading.values()))
    xs, ys = labels[0][canvas.column :][: canvas.columns], labels[1][canvas.row :][: canvas.rows]
    unit = "degree" if canvas.reference.is_geographic else "metre"
    # As objects: text of a fixed length is no type of Zarr.
    coords: dict[str, Any] = {name: np.array(names, dtype=object) for name, names in leading.items()}
    coords |= {"y": ("y", ys, {"axis": "Y", "units": unit}), "x": ("x", xs, {"axis": "X", "units": unit})}
    variable = xr.Variable((*leading, "y", "x"), indexing.LazilyIndexedArray(backed), dict(attrs))
    array = xr.DataArray(variable, coords=coords).rio.write_crs(canvas.reference.crs.to_wkt())
    array = array.rio.write_transform(canvas.transform)
    if chunks is not None:
        side = isqrt(_CHUNK)
        asked = dict(chunks) if isinstance(chunks, Mapping) else {"y": chunks, "x": chunks}
        if unknown := sorted(set(asked) - {*leading, "y", "x"}):
            raise RunError(
                Problem("painting.no_dimension", "chunks", {"found": unknown, "present": [*leading, "y", "x"]})
            )
        array = array.chunk({**dict.fromkeys(leading, 1), "y": side, "x": side, **asked})
    found: xr.DataArray = array
    return found


def _painted_array(canvas: Canvas, painters: Sequence[Painter], leading: tuple[int, ...]) -> Any:
    """What xarray asks for windows; made here, since xarray is loaded by those only who use it."""
    from xarray.backends import BackendArray
    from xarray.core import indexing

    class PaintedArray(BackendArray):
        """Planes of a canvas, each painted by a function of its own."""

        def __init__(self) -> None:
            self.shape = (*leading, canvas.rows, canvas.columns)
            self.dtype = np.dtype(np.float64)

        def __getitem__(self, key: Any) -> Floats:
            found: Floats = indexing.explicit_indexing_adapter(
                key, self.shape, indexing.IndexingSupport.BASIC, self._window
            )
            return found

        def _window(self, key: tuple[Any, ...]) -> Floats:
            """Cells of a key of whole numbers and slices."""
            places = [np.atleast_1d(np.arange(size)[part]) for size, part in zip(self.shape, key, strict=True)]
            shape = tuple(part.size for part in places)
            out = np.empty((int(np.prod(shape[:-2])), *shape[-2:]))
            if out.size:
                numbers = np.arange(len(painters)).reshape(leading)
                planes = numbers[np.ix_(*places[:-2])].ravel().tolist() if leading else [0]
                rows, columns = places[-2:]
                top, left = int(rows.min()), int(columns.min())
                window = Block(top, left, int(rows.max()) - top + 1, int(columns.max()) - left + 1)
                for number, plane in enumerate(planes):
                    out[number] = painters[plane](window)[np.ix_(rows - top, columns - left)]
            kept = [size for size, part in zip(shape, key, strict=True) if isinstance(part, slice)]
            return out.reshape(kept)

    return PaintedArray()
