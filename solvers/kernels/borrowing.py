"""Arrays without their reference counts, for kernels.

Numba counts a reference whenever an array is bound to a name or handed to a function. That is an
atomic operation, as slow as the work of many a small kernel, and a City alone has a dozen arrays.
"""

from typing import Any

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
