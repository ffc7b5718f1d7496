"""How the kernels of this package are compiled: without the GIL, cached, uncounted.

Kernels allocate nothing, so the arrays they are handed outlive them and need no reference counts.
Counting each of some fifty arrays at every call took thirty times as long as the search of a row.
"""

from numba import njit

# A kernel must not be called from a function compiled otherwise if it returns an array.
kernel = njit(nogil=True, cache=True, _nrt=False)
