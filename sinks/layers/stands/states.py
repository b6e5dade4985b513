"""Sub-compartments (小班) and other polygons with attributes, as rows of the activity table.

Stands are read in batches, cut by region exactly and summed by their raw attribute values; codes are understood at the
end, on the few distinct combinations there are, where the area behind every doubtful one is known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from sinks import units as unit_registry
from sinks.layers.codes import DECLARED_AREA, LAND_COVER, STAND_ID, TOTAL_VOLUME, plain
from sinks.layers.layer_states import LayerStates, ordered
from sinks.layers.stands.checks import AreaCheck, Findings, GeometryCheck, IdCheck, Listed, VolumeCheck
from sinks.layers.stands.cut import Cutter, Pieces
from sinks.layers.stands.decode import ZeroVolume, decode
from sinks.layers.stands.equal_area import Floats, Projector
from sinks.layers.stands.groups import Groups
from sinks.layers.stands.inputs import InputField
from sinks.layers.stands.overlap import find_overlaps
from sinks.layers.stands.overlay import Survey
from sinks.layers.stands.plan import GROWING_STOCK, Plan, plan
from sinks.layers.stands.vector import BATCH, Batch, VectorInfo, VectorLayer, inspect, read_batches
from sinks.tables.numbers import as_numbers

STAND = "stand"
_FEATURE = "feature"

AreaBasis = Literal["geometry", "declared"]


@dataclass(frozen=True)
class Tabulated:
    """A survey whose stands have a row each.

    Attributes
    ----------
    layer : LayerStates
    feature : int64[rows]
        Feature id of the stand of each row.
    survey : Survey
        What it takes to lay another survey upon it.
    """

    layer: LayerStates
    feature: npt.NDArray[np.int64]
    survey: Survey


def stand_states(
    layer: VectorLayer,
    units: gpd.GeoDataFrame,
    *,
    group: bool = True,
    area: AreaBasis = "geometry",
    zero_volume: ZeroVolume | None = None,
    accept: Collection[str] = (),
    batch_size: int = BATCH,
) -> LayerStates:
    """Tabulate a layer of stands by region, date and stratum.

    Parameters
    ----------
    layer : VectorLayer
        With its fields, for example from :func:`sinks.layers.codes.fields_from`.
    units : GeoDataFrame [code, geometry]
        Region units, which do not overlap.
    group : bool
        False for one row per piece of a stand, with its number (or else its date and feature id) in the column
        ``stand``.
    area : {"geometry", "declared"}
        True area of the geometry, or the recorded area shared out over a stand's pieces; the latter needs a unit.
    zero_volume : {"observed", "missing"}, optional
        What a growing stock of zero means in forest. There is no default: where it occurs, it has to be said.
    accept : collection of str
        Checks whose findings are accepted: ``null_geometry``, ``duplicate_id``, ``overlap``, ``declared_area``,
        ``total_volume``. They become notes.
    batch_size : int
        Stands read at a time; has no influence on the result.

    Returns
    -------
    LayerStates
        ``source, region_code, date, land_cover, class, ecosystem, <strata>, area_ha`` and for each input its
        area-weighted mean, ``_sd`` and ``_observed_ha``.

    Raises
    ------
    LayerError
        With everything that is wrong with the layer.
    """
    return tabulated(
        layer, units, group=group, area=area, zero_volume=zero_volume, accept=accept, batch_size=batch_size
    ).layer


def tabulated(
    layer: VectorLayer,
    units: gpd.GeoDataFrame,
    *,
    group: bool = False,
    area: AreaBasis = "geometry",
    zero_volume: ZeroVolume | None = None,
    accept: Collection[str] = (),
    batch_size: int = BATCH,
) -> Tabulated:
    """As :func:`stand_states`, with what it takes to lay another survey upon it."""
    info = inspect(layer)
    findings = Findings(layer.place, accept)
    planned = plan(layer, info, findings)
    _check_area_basis(area, planned, findings)
    findings.raise_errors()

    reading = _Reading(layer, info, planned, Cutter(units), area, group)
    for batch in read_batches(layer, info, planned.columns, batch_size):
        reading.add(batch)
    reading.report(findings)
    # Without a single stand that can be measured there are no values to be understood.
    if not reading.measured:
        findings.raise_errors()
    table = reading.groups.table()
    decoded = decode(table, planned, reading.groups.areas, reading.numeric, zero_volume, findings)
    findings.raise_errors()

    single = [] if group else [STAND, _FEATURE]
    states = reading.groups.finish(decoded, ["region", *single, "land_cover", "class", "ecosystem", *planned.strata])
    states["region_code"] = np.asarray(reading.cutter.codes, dtype=object)[states["region"].to_numpy(dtype=np.intp)]
    states["source"], states["date"] = layer.name, layer.date
    rows = ordered(states, planned.strata, planned.inputs, single)
    feature = np.zeros(0, np.int64) if group else rows.pop(_FEATURE).to_numpy(np.int64)
    survey = Survey(layer, info, reading.cutter, reading.projector, reading.bounds)
    return Tabulated(LayerStates(rows, tuple(findings.notes), reading.outside_ha), feature, survey)


def _check_area_basis(area: AreaBasis, planned: Plan, findings: Findings) -> None:
    spec = planned.fields.get(DECLARED_AREA)
    if area == "declared" and (spec is None or spec.unit is None):
        findings.error("vector.declared_area_unit", field=spec.field if spec else "–")


@dataclass
class _Reading:
    """What accumulates while the layer is read."""

    layer: VectorLayer
    info: VectorInfo
    plan: Plan
    cutter: Cutter
    area: AreaBasis
    group: bool

    def __post_init__(self) -> None:
        fields = self.plan.fields
        keys = [f"raw:{key}" for key in (LAND_COVER, *self.plan.strata)]
        keys += [] if self.group else [STAND, _FEATURE]
        self.groups = Groups(keys, self.plan.inputs, self._total_ha())
        self.projector = Projector(self.info.crs.crs, self.cutter.plane, self.layer.place)
        self.numeric: dict[str, bool] = {}
        self.outside_ha = self._area_ha = 0.0
        self._undeclared = 0
        self._bounds: list[Floats] = [np.empty((0, 4))]
        self._geometry = GeometryCheck(self.layer.repair)
        self._misplaced = Listed()
        self._ids = IdCheck()
        self._inputs = {name: InputField(quantity, fields[name]) for name, quantity in self.plan.inputs.items()}
        recorded, total, volume = (fields.get(role) for role in (DECLARED_AREA, TOTAL_VOLUME, GROWING_STOCK))
        self._areas = AreaCheck(recorded.field, recorded.unit) if recorded else None
        comparable = total is not None and volume is not None and total.field != volume.field
        self._volumes = VolumeCheck(volume.field, total.field) if comparable and volume and total else None

    def _total_ha(self) -> float:
        return float(self.cutter.area_ha.sum())

    def add(self, batch: Batch) -> None:
        """Take in one batch of stands."""
        usable, geometry = self._geometry.usable(batch.fid, batch.geometry, batch.faults)
        placed = self.projector.reaches(geometry)
        self._misplaced.add((str(i) for i in batch.fid[usable][~placed]), int((~placed).sum()))
        usable[usable], geometry = placed, geometry[placed]
        fid, rows = batch.fid[usable], batch.attributes.filter(pa.array(usable))
        pieces = self.cutter.cut_projected(geometry, self.projector)
        self._bounds.append(pieces.bounds)
        self.outside_ha += float(pieces.outside_ha.sum())
        self._area_ha += float(pieces.stand_area_ha.sum())
        if STAND_ID in self.plan.fields:
            self._ids.add(fid, _texts(rows.column(self.plan.fields[STAND_ID].field)))
        values = self._read_inputs(rows, pieces.stand_area_ha)
        area = self._piece_areas(rows, pieces)
        keys: dict[str, npt.NDArray[Any]] = {"region": pieces.region}
        for role in self.plan.books:
            column = rows.column(self.plan.fields[role].field)
            self.numeric[role] = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            keys[f"raw:{role}"] = _texts(column)[pieces.stand]
        if not self.group:
            keys[STAND] = self._numbers(fid, rows)[pieces.stand]
            keys[_FEATURE] = np.asarray(fid, dtype=np.int64)[pieces.stand]
        first = np.diff(pieces.stand, prepend=-1) != 0
        self.groups.add(keys, area, {name: value[pieces.stand] for name, value in values.items()}, first)

    def _numbers(self, fid: Any, rows: pa.Table) -> npt.NDArray[np.object_]:
        """What each stand is known by at every date: its own number, and not its place in a file.

        A place in a file says nothing of another survey, so that it is marked with the date.
        """
        if STAND_ID in self.plan.fields:
            own = _texts(rows.column(self.plan.fields[STAND_ID].field))
            return np.where(own == "", [f"{self.layer.date}#{one}" for one in fid], own).astype(object)
        return np.array([f"{self.layer.date}#{one}" for one in fid], dtype=object)

    def _read_inputs(self, rows: pa.Table, stand_area_ha: Floats) -> Mapping[str, Floats]:
        values = {
            name: reader.read(rows.column(reader.spec.field).to_pandas(), stand_area_ha)
            for name, reader in self._inputs.items()
        }
        if self._volumes is not None and GROWING_STOCK in values:
            spec = self.plan.fields[TOTAL_VOLUME]
            total = as_numbers(rows.column(spec.field).to_pandas()).values
            total_m3 = unit_registry.convert(total, spec.unit or "m3", "m3")
            self._volumes.add(values[GROWING_STOCK], total_m3, stand_area_ha)
        return values

    def _piece_areas(self, rows: pa.Table, pieces: Pieces) -> Floats:
        """True areas of the pieces, or their share of the recorded area of the stand. [ha]"""
        spec = self.plan.fields.get(DECLARED_AREA)
        if spec is None or self._areas is None:
            return pieces.area_ha
        recorded = as_numbers(rows.column(spec.field).to_pandas()).values
        self._areas.add(recorded, pieces.stand_area_ha)
        if self.area == "geometry" or spec.unit is None:
            return pieces.area_ha
        declared_ha = unit_registry.convert(recorded, spec.unit, "ha")
        self._undeclared += int((~(declared_ha > 0.0)).sum())
        factor = np.where(declared_ha > 0.0, declared_ha, 0.0) / pieces.stand_area_ha
        return pieces.area_ha * factor[pieces.stand]

    @property
    def bounds(self) -> Floats:
        """Boxes of the stands that were measured, in the order of the file. [m]"""
        return np.concatenate(self._bounds)

    @property
    def measured(self) -> bool:
        """Whether any land was measured."""
        return self._area_ha > 0.0

    def report(self, findings: Findings) -> None:
        """Everything that was found on the way."""
        self._geometry.report(findings)
        if self._misplaced.count:
            values = {"count": self._misplaced.count, "features": self._misplaced.shown}
            findings.error("vector.not_in_crs", **values, crs=str(self.info.crs))
        if STAND_ID in self.plan.fields:
            self._ids.report(findings, self.plan.fields[STAND_ID].field)
        for reader in self._inputs.values():
            reader.report(findings)
        if self._areas is not None:
            self._areas.report(findings)
        if self._volumes is not None:
            self._volumes.report(findings)
        if self._undeclared:
            findings.error("vector.no_declared_area", count=self._undeclared)
        self._report_outside(findings)
        # Only geometry that can be measured can be compared with itself.
        if not len(findings.problems):
            self._report_overlaps(findings)

    def _report_outside(self, findings: Findings) -> None:
        values = {"area": f"{self.outside_ha:.4f}", "total": f"{self._area_ha:.4f}"}
        if not self._area_ha:
            if not len(findings.problems):
                findings.error("vector.no_features")
        elif self.outside_ha >= self._area_ha:
            findings.error("vector.disjoint", **values)
        elif self.outside_ha:
            findings.note("vector.outside", **values, percent=f"{100.0 * self.outside_ha / self._area_ha:.4g}")

    def _report_overlaps(self, findings: Findings) -> None:
        overlaps = find_overlaps(self.layer, self.info, self.projector, self.bounds)
        values = {"area": f"{overlaps.area_ha:.4f}", "pairs": overlaps.pairs, "largest": list(overlaps.largest)}
        if overlaps.pairs:
            findings.judge("overlap", "vector.overlap", **values)


def _texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Codes as plain text; empty where there is none."""
    codes, distinct = pd.factorize(column.to_pandas())
    texts = np.array([*(plain(_text(value)) for value in distinct), ""], dtype=object)
    return np.asarray(texts[codes], dtype=object)


def _text(value: Any) -> str:
    """A number without the decimals that a float column adds."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)
