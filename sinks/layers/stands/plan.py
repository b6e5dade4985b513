"""What is read from a layer of stands, and as what; made and checked before the first feature is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sinks import units
from sinks.errors import LegendError, UnitError
from sinks.layers.codes import DECLARED_AREA, LAND_COVER, STAND_ID, TOTAL_VOLUME, CodeBook, code_list, strata
from sinks.layers.fields import FieldSpec, is_total
from sinks.layers.stands.checks import Findings
from sinks.layers.stands.vector import VectorInfo, VectorLayer
from sinks.vocabulary import Quantity, quantities

GROWING_STOCK = "growing_stock"


@dataclass(frozen=True)
class Plan:
    """Fields by what they become.

    Attributes
    ----------
    fields : mapping of str to FieldSpec
        Every role that is read.
    books : mapping of str to CodeBook
        Of ``land_cover`` and of each stratum.
    inputs : mapping of str to Quantity
        Inputs to be averaged.
    """

    fields: Mapping[str, FieldSpec]
    books: Mapping[str, CodeBook]
    inputs: Mapping[str, Quantity]

    @property
    def strata(self) -> list[str]:
        return [role for role in self.books if role != LAND_COVER]

    @property
    def columns(self) -> list[str]:
        """Fields of the file to read, each once."""
        return list(dict.fromkeys(spec.field for spec in self.fields.values()))


def plan(layer: VectorLayer, info: VectorInfo, findings: Findings) -> Plan:
    """Decide what each role of the layer is; what cannot be is added to ``findings``."""
    fields = _present(layer, info, findings)
    books: dict[str, CodeBook] = {}
    inputs: dict[str, Quantity] = {}
    known = {id: quantity for id, quantity in quantities().items() if quantity.kind == "input"}
    for role, spec in fields.items():
        if role in (STAND_ID, DECLARED_AREA, TOTAL_VOLUME):
            _check_area_unit(role, spec, findings)
        elif role in known:
            if _check_unit(role, spec, known[role], findings):
                inputs[role] = known[role]
        elif role == LAND_COVER or role in strata() or spec.codes:
            book = _book(role, spec, findings)
            if book is not None:
                books[role] = book
        else:
            findings.error("vector.unknown_role", role=role, strata=sorted(strata()), inputs=sorted(known))
    _note_unverified(books, findings)
    return Plan(fields, books, inputs)


def _present(layer: VectorLayer, info: VectorInfo, findings: Findings) -> dict[str, FieldSpec]:
    """The roles whose field is in the file."""
    missing = {role: spec for role, spec in layer.fields.items() if spec.field not in info.columns}
    left_out = [f"{role} ({spec.field})" for role, spec in missing.items() if spec.optional]
    needed = [f"{role} ({spec.field})" for role, spec in missing.items() if not spec.optional]
    if LAND_COVER not in layer.fields:
        findings.error("vector.no_land_cover")
    if needed:
        findings.error("vector.no_field", fields=needed, found=list(info.columns))
    if left_out:
        findings.note("vector.optional_field", fields=left_out)
    return {role: spec for role, spec in layer.fields.items() if role not in missing}


def _check_unit(role: str, spec: FieldSpec, quantity: Quantity, findings: Findings) -> bool:
    if spec.unit is None:
        findings.error("vector.no_unit", role=role, field=spec.field, expected=quantity.unit)
        return False
    try:
        is_total(spec.unit, quantity.unit)
    except UnitError as error:
        findings.problems.extend(error)
        return False
    return True


def _check_area_unit(role: str, spec: FieldSpec, findings: Findings) -> None:
    like = {DECLARED_AREA: "ha", TOTAL_VOLUME: "m3"}.get(role)
    if like is not None and spec.unit is not None:
        try:
            units.check(spec.unit, like, f"{findings.where}: {spec.field}")
        except UnitError as error:
            findings.problems.extend(error)


def _book(role: str, spec: FieldSpec, findings: Findings) -> CodeBook | None:
    rule = strata().get(role)
    name = spec.codes or (rule.codes if rule else None)
    if name is None:
        findings.error("vector.no_codes", role=role, field=spec.field)
        return None
    try:
        return CodeBook(code_list(name, spec.overrides, "" if role == LAND_COVER else role))
    except LegendError as error:
        findings.problems.extend(error)
        return None


def _note_unverified(books: Mapping[str, CodeBook], findings: Findings) -> None:
    lists = [book.legend.id for book in books.values() if any(entry.basis == "memory" for entry in book.legend)]
    if lists:
        findings.note("vector.unverified_codes", lists=list(dict.fromkeys(lists)))
