"""What can be wrong with stands, gathered while they are read and said once, at the end.

A check that only the user can decide is an error until its name stands in ``accept``; then it becomes a note.  Nothing
is dropped, mended or converted without one of the two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sinks import units
from sinks.errors import LayerError, Problem, Problems
from sinks.layers.stands.equal_area import Geometries

Floats = npt.NDArray[np.float64]

_SHOWN = 10
"""Features named in a message; the count says how many there are."""

_AREA_UNITS = ("ha", "mu", "m2", "km2")
"""Units that areas are recorded in, as far as has been seen."""

_AREA_DEVIATION = 0.05
_AREA_WRONG_UNIT = 2.0
_VOLUME_DEVIATION = 0.1
_VOLUME_CONTRADICTION = 2.0
# Tolerances of a comparison and not figures of science: recorded areas are rounded and exclude roads and ditches, so a
# few percent are usual; a factor of two has no other reason than a wrong unit or a wrong field.

ACCEPTABLE = frozenset({"null_geometry", "duplicate_id", "overlap", "declared_area", "total_volume"})
"""Checks that a user may accept by name."""


class Findings:
    """Problems and notes of one layer."""

    def __init__(self, where: str, accept: Collection[str] = ()) -> None:
        self.where = where
        self.problems = Problems()
        self.notes: list[Problem] = []
        self._accept = frozenset(accept)
        unknown = self._accept - ACCEPTABLE
        if unknown:
            self.problems.add("vector.unknown_accept", where, found=unknown, known=ACCEPTABLE)

    def error(self, id: str, **values: Any) -> None:
        self.problems.add(id, self.where, **values)

    def note(self, id: str, **values: Any) -> None:
        self.notes.append(Problem(id, self.where, values))

    def judge(self, check: str, id: str, **values: Any) -> None:
        """An error, or a note where the user accepts ``check``."""
        if check in self._accept:
            self.note(id, **values)
        else:
            self.error(id, **values)

    def raise_errors(self) -> None:
        self.problems.raise_as(LayerError)


@dataclass
class Listed:
    """Features with something in common: how many, and the first of them."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, labels: Iterator[str], count: int) -> None:
        self.count += count
        while len(self.shown) < _SHOWN and (label := next(labels, None)) is not None:
            self.shown.append(label)


class GeometryCheck:
    """Empty, invalid and non-polygon geometry."""

    def __init__(self, repair: bool) -> None:
        self._repair = repair
        self._empty, self._invalid, self._other, self._broken = Listed(), Listed(), Listed(), Listed()
        self._area_before = self._area_after = 0.0

    def usable(
        self, fid: npt.NDArray[np.int64], geometry: Geometries, faults: Mapping[int, str]
    ) -> tuple[npt.NDArray[np.bool_], Geometries]:
        """Mask of the features that can be measured, and their geometry, repaired where that was asked for."""
        broken = np.zeros(len(fid), dtype=bool)
        broken[list(faults)] = True
        self._broken.add((f"{fid[at]}: {reason}" for at, reason in sorted(faults.items())), len(faults))
        empty = (shapely.is_missing(geometry) | shapely.is_empty(geometry)) & ~broken
        self._empty.add((str(i) for i in fid[empty]), int(empty.sum()))
        areal = np.isin(
            shapely.get_type_id(geometry), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
        )
        other = ~areal & ~empty & ~broken
        self._other.add((f"{i}: {g.geom_type}" for i, g in zip(fid[other], geometry[other], strict=True)), other.sum())
        invalid = areal & ~empty & ~shapely.is_valid(geometry)
        reasons = shapely.is_valid_reason(geometry[invalid])
        self._invalid.add((f"{i}: {r}" for i, r in zip(fid[invalid], reasons, strict=True)), int(invalid.sum()))
        usable = areal & ~empty
        if self._repair and invalid.any():
            geometry = geometry.copy()
            geometry[invalid] = self._repaired(geometry[invalid])
            # A ring of too few points has no area, however it is repaired.
            collapsed = np.flatnonzero(invalid)[shapely.is_empty(geometry[invalid])]
            reason_of = dict(zip(np.flatnonzero(invalid).tolist(), reasons, strict=True))
            self._broken.add((f"{fid[at]}: {reason_of[at]}" for at in collapsed.tolist()), len(collapsed))
            usable[collapsed] = False
        else:
            usable &= ~invalid
        return usable, geometry[usable]

    def _repaired(self, geometry: Geometries) -> Geometries:
        self._area_before += float(shapely.area(geometry).sum())
        whole = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
        self._area_after += float(shapely.area(whole).sum())
        return np.asarray(whole, dtype=object)

    def report(self, findings: Findings) -> None:
        if self._other.count:
            findings.error("vector.not_polygon_features", count=self._other.count, features=self._other.shown)
        if self._broken.count:
            findings.error("vector.broken_geometry", count=self._broken.count, features=self._broken.shown)
        if self._empty.count:
            values = {"count": self._empty.count, "features": self._empty.shown}
            findings.judge("null_geometry", "vector.null_geometry", **values)
        if self._invalid.count and self._repair:
            change = 100.0 * (self._area_after / self._area_before - 1.0) if self._area_before else 0.0
            values = {"count": self._invalid.count, "features": self._invalid.shown, "change": f"{change:+.4f}"}
            findings.note("vector.repaired", **values)
        elif self._invalid.count:
            findings.error("vector.invalid_geometry", count=self._invalid.count, features=self._invalid.shown)


class IdCheck:
    """Stand ids that occur twice; only their hashes are kept, 16 bytes a stand."""

    def __init__(self) -> None:
        self._hashes: list[npt.NDArray[np.uint64]] = []
        self._fids: list[npt.NDArray[np.int64]] = []
        self._missing = 0

    def add(self, fid: npt.NDArray[np.int64], ids: npt.NDArray[np.object_]) -> None:
        given = ids != ""
        self._missing += int((~given).sum())
        self._hashes.append(pd.util.hash_array(ids[given]))
        self._fids.append(fid[given])

    def report(self, findings: Findings, field_name: str) -> None:
        if self._missing:
            findings.note("vector.missing_id", field=field_name, count=self._missing)
        if not self._hashes:
            return
        hashes, fids = np.concatenate(self._hashes), np.concatenate(self._fids)
        repeated = pd.Series(hashes).duplicated(keep=False).to_numpy()
        if repeated.any():
            values = {"field": field_name, "count": int(repeated.sum()), "features": fids[repeated][:_SHOWN].tolist()}
            findings.judge("duplicate_id", "vector.duplicate_id", **values)


class AreaCheck:
    """The recorded area of stands against what their geometry measures."""

    def __init__(self, field_name: str, unit: str | None) -> None:
        self._field, self._unit = field_name, unit
        self._recorded = self._true = 0.0
        self._count = self._deviating = 0

    def add(self, recorded: Floats, true_ha: Floats) -> None:
        """Recorded areas in the field's own unit, and true areas. [ha]"""
        both = np.isfinite(recorded) & (recorded > 0.0)
        self._count += int(both.sum())
        self._recorded += float(recorded[both].sum())
        self._true += float(true_ha[both].sum())
        if self._unit:
            ratio = units.convert(recorded[both], self._unit, "ha") / true_ha[both]
            self._deviating += int((np.abs(ratio - 1.0) > _AREA_DEVIATION).sum())

    def report(self, findings: Findings) -> None:
        if not self._count:
            return
        guess = min(_AREA_UNITS, key=lambda unit: abs(np.log(units.convert(self._recorded, unit, "ha") / self._true)))
        if self._unit is None:
            ratio = units.convert(self._recorded, guess, "ha") / self._true
            findings.note("vector.area_unit", field=self._field, unit=guess, ratio=f"{ratio:.4f}")
            return
        ratio = units.convert(self._recorded, self._unit, "ha") / self._true
        values = {"field": self._field, "unit": self._unit, "ratio": f"{ratio:.4f}", "guess": guess}
        if not 1.0 / _AREA_WRONG_UNIT < ratio < _AREA_WRONG_UNIT:
            findings.judge("declared_area", "vector.area_wrong_unit", **values)
        elif self._deviating:
            counts = {"count": self._deviating, "total": self._count, "percent": f"{100 * _AREA_DEVIATION:g}"}
            findings.note("vector.area_deviates", **values, **counts)


class VolumeCheck:
    """The volume per hectare times area, against the recorded volume of the stand."""

    def __init__(self, per_hectare: str, total: str) -> None:
        self._fields = {"field": per_hectare, "total_field": total}
        self._product = self._total = 0.0

    def add(self, per_hectare: Floats, total: Floats, true_ha: Floats) -> None:
        both = np.isfinite(per_hectare) & np.isfinite(total) & (total > 0.0) & (per_hectare > 0.0)
        self._product += float((per_hectare[both] * true_ha[both]).sum())
        self._total += float(total[both].sum())

    def report(self, findings: Findings) -> None:
        if not self._total:
            return
        ratio = self._product / self._total
        values = self._fields | {"ratio": f"{ratio:.4g}"}
        if not 1.0 / _VOLUME_CONTRADICTION < ratio < _VOLUME_CONTRADICTION:
            findings.judge("total_volume", "vector.volume_contradiction", **values)
        elif abs(ratio - 1.0) > _VOLUME_DEVIATION:
            findings.note("vector.volume_deviates", **values)
