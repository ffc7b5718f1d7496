"""What calls and counts cost kernels, and how to do without.

Numba counts a reference whenever an array is bound to a name or handed to a function. That is an
atomic operation, as slow as the work of many a small kernel, and a City alone has a dozen arrays:
`borrowed`. And it hands an array over as seven words and more, each pushed on the stack, a City
with its Routes as two hundred, where the work may be three instructions: `inlined`.
"""

from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic


@intrinsic
def borrowed(_: Any, bundle: Any) -> Any:
    """The same tuple; its arrays count no references. Whoever calls the kernel holds them."""

    def give(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        for k, kind in enumerate(signature.return_type.types):
            if isinstance(kind, types.Array):
                array = context.make_array(kind)(context, builder, builder.extract_value(value, k))
                array.meminfo = context.get_constant_null(types.voidptr)
                value = builder.insert_value(value, array._getvalue(), k)
        return value

    return bundle(bundle), give


# A kernel that becomes part of whoever calls it: for what an iteration does often, or in one place.
inlined = njit(nogil=True, cache=True, forceinline=True)


@intrinsic
def fetch_row(_: Any, table: Any, row: Any) -> Any:
    """Begin to load the first cache line of a row of a contiguous table, and do not wait for it."""

    def give(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = builder.extract_value(array.shape, 1)
        at = builder.gep(array.data, [builder.mul(arguments[1], width)])
        word, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(fetch, [builder.bitcast(at, byte), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(table, types.intp), give
