"""Smooth modelled geography of the demonstration: climate, mountains, sandy lands, plains, waters, towns and noise.

The shapes come from ``inputs/climate_points.csv`` and ``inputs/places.csv``: rounded positions and values,
drawn by hand so that the pattern is recognisable.  They are assumptions of a drawing, not observations, and
nothing is derived from them but the *order* in which cells take a class; the areas come from the calibration
targets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.frame import CELLS_PER_DEGREE, Frame, frame

INPUTS = Path(__file__).parent / "inputs"
SEED = 20_231_231
KM_PER_DEGREE = 111.0
"""Length of a degree, only to give the hand-drawn shapes a width."""

Field = NDArray[np.float64]


@dataclass(frozen=True)
class Terrain:
    """Fields on the observed cells of a frame; masks of shapes run from 0 (outside) to their strength."""

    precipitation: Field
    temperature: Field
    ridge: Field
    sand: Field
    gobi: Field
    plain: Field
    water: Field
    town: Field


def noise(name: str, cells: int, octaves: int = 4, on: Frame | None = None) -> Field:
    """Fractal value noise with unit variance on the observed cells.

    Parameters
    ----------
    name : str
        Names the random stream: the same name gives the same field.
    cells : int
        Wavelength of the coarsest octave, in cells; each further octave halves it and its amplitude falls by 0.6.
    """
    on = on or frame()
    total, power = np.zeros(len(on.cell)), 0.0
    for octave in range(octaves):
        size = max(cells // 2**octave, 1)
        amplitude = 0.6**octave
        rng = np.random.default_rng([SEED, *name.encode(), octave])
        lattice = rng.standard_normal((on.height // size + 2, on.width // size + 2))
        y, x = (on.row + 0.5) / size, (on.column + 0.5) / size
        total += amplitude * _interpolate(lattice, y, x)
        power += amplitude**2
    return (total - total.mean()) / total.std() if power else total


def _interpolate(lattice: Field, y: Field, x: Field) -> Field:
    """Lattice values at (y, x), blended smoothly between the four corners."""
    row, column = y.astype(np.int64), x.astype(np.int64)
    v, u = y - row, x - column
    v, u = v * v * (3 - 2 * v), u * u * (3 - 2 * u)
    north = lattice[row, column] * (1 - u) + lattice[row, column + 1] * u
    south = lattice[row + 1, column] * (1 - u) + lattice[row + 1, column + 1] * u
    return north * (1 - v) + south * v


@cache
def terrain() -> Terrain:
    """All fields on the common frame."""
    on = frame()
    shapes = {kind: np.zeros(len(on.cell)) for kind in ("ridge", "sand", "gobi", "plain", "water", "town")}
    warp = 8.0 / CELLS_PER_DEGREE
    # Bending the coordinates by noise keeps hand-drawn lines from looking drawn.
    lon, lat = on.lon + warp * noise("bend lon", 96, 4), on.lat + warp * noise("bend lat", 96, 4)
    for kind, width, strength, path in _places():
        distance = _distance_km(lon, lat, path)
        np.maximum(shapes[kind], strength * np.exp(-((distance / width) ** 2)), out=shapes[kind])
    precipitation, temperature = _climate(on)
    precipitation = precipitation * (1 + 0.12 * shapes["ridge"]) * np.exp(0.03 * noise("precipitation", 128))
    temperature = temperature - 1.5 * shapes["ridge"] + 0.2 * noise("temperature", 128)
    return Terrain(precipitation, temperature, **shapes)


def _climate(on: Frame) -> tuple[Field, Field]:
    """Inverse-distance weighted climate; precipitation in logarithms, because it spans a factor of ten."""
    weight_sum, log_p, t = np.zeros(len(on.cell)), np.zeros(len(on.cell)), np.zeros(len(on.cell))
    for row in _rows("climate_points.csv"):
        distance = _distance_km(on.lon, on.lat, np.array([[float(row["lon"]), float(row["lat"])]]))
        weight = 1.0 / (distance**2 + 30.0**2) ** 1.5
        weight_sum += weight
        log_p += weight * np.log(float(row["precipitation_mm"]))
        t += weight * float(row["temperature_degC"])
    return np.exp(log_p / weight_sum), t / weight_sum


def _distance_km(lon: Field, lat: Field, path: Field) -> Field:
    """Approximate distance from cells to a polyline [(lon, lat), ...] or a point, km."""
    scale = np.cos(np.radians(path[:, 1].mean()))
    x, y = lon * scale * KM_PER_DEGREE, lat * KM_PER_DEGREE
    px, py = path[:, 0] * scale * KM_PER_DEGREE, path[:, 1] * KM_PER_DEGREE
    nearest = (x - px[0]) ** 2 + (y - py[0]) ** 2
    for x0, y0, x1, y1 in zip(px[:-1], py[:-1], px[1:], py[1:], strict=True):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        np.minimum(nearest, (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2, out=nearest)
    return np.asarray(np.sqrt(nearest))


def _places() -> Iterator[tuple[str, float, float, Field]]:
    for row in _rows("places.csv"):
        path = np.array([[float(v) for v in point.split()] for point in row["path"].split(";")])
        yield row["kind"], float(row["width_km"]), float(row["strength"]), path


def _rows(name: str) -> list[dict[str, str]]:
    with (INPUTS / name).open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))
