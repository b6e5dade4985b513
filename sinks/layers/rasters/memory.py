"""Bytes of memory by their address, many at once: what compiled loops need and numba has no name for.

Nothing here knows where a buffer ends; whoever calls it does.
"""

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_LITTLE = sys.byteorder == "little"

# numba hands over the context itself, which its type does not say.
_intrinsic: Any = intrinsic


@_intrinsic
def address(context: Any, array: Any) -> Any:
    """Where an array lies in memory."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.ptrtoint(found.data, ir.IntType(64))

    return types.uint64(array), generate


def _read(builder: Any, address: Any, kind: Any) -> Any:
    place = builder.inttoptr(address, kind.as_pointer())
    return builder.load(place, align=1)


def _write(builder: Any, value: Any, address: Any) -> Any:
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=1)


@_intrinsic
def copy_vector(context: Any, target: Any, source: Any) -> Any:
    """Copy 32 bytes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _write(builder, _read(builder, arguments[1], ir.VectorType(ir.IntType(8), 32)), arguments[0])
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint64), generate


@_intrinsic
def fill_vector(context: Any, target: Any, value: Any) -> Any:
    """Write a byte 32 times."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.VectorType(ir.IntType(8), 32)
        one = builder.insert_element(ir.Constant(kind, ir.Undefined), arguments[1], ir.Constant(ir.IntType(32), 0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), 32), [0] * 32)
        _write(builder, builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), places), arguments[0])
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint8), generate


@_intrinsic
def load_byte(context: Any, source: Any) -> Any:
    return types.uint8(types.uint64), lambda c, builder, s, arguments: _read(builder, arguments[0], ir.IntType(8))


@_intrinsic
def store_byte(context: Any, target: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _write(builder, arguments[1], arguments[0])
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint8), generate


@_intrinsic
def load_word(context: Any, source: Any) -> Any:
    """Eight bytes as one number, the first of them the highest, on any processor."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = _read(builder, arguments[0], ir.IntType(64))
        return builder.bswap(word) if _LITTLE else word

    return types.uint64(types.uint64), generate


@_intrinsic
def sum_vector(context: Any, place: Any, before: Any) -> Any:
    """Replace 16 bytes by their running sums, each with ``before`` added; returns the last.

    What was before is added at the end, so that the sums of one vector do not wait for those of another.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, places = ir.VectorType(ir.IntType(8), 16), ir.VectorType(ir.IntType(32), 16)
        sums = _read(builder, arguments[0], kind)
        for step in (1, 2, 4, 8):
            # Place 16 is the first of the second vector, a zero.
            moved = ir.Constant(places, [16 if at < step else at - step for at in range(16)])
            sums = builder.add(sums, builder.shuffle_vector(sums, ir.Constant(kind, [0] * 16), moved))
        last = builder.extract_element(sums, ir.Constant(ir.IntType(32), 15))
        undefined = ir.Constant(kind, ir.Undefined)
        one = builder.insert_element(undefined, arguments[1], ir.Constant(ir.IntType(32), 0))
        everywhere = builder.shuffle_vector(one, undefined, ir.Constant(places, [0] * 16))
        _write(builder, builder.add(sums, everywhere), arguments[0])
        return builder.add(last, arguments[1])

    return types.uint8(types.uint64, types.uint8), generate
