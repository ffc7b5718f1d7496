"""Logarithm and exponential from the four operations, so that two machines agree on every bit.

Those of the C library differ in the last bit between platforms, and a journal would show it.
Compiled, but without leave to do sums in another order: to the bit what Python would say.
"""

from math import factorial, frexp, ldexp, sqrt

from numba import njit

LN2 = 0.6931471805599453
SQRT_HALF = sqrt(0.5)  # IEEE 754 prescribes the square root to the last bit
ARTANH = tuple(1.0 / odd for odd in range(21, 0, -2))  # of the odd powers, highest first
TAYLOR = tuple(1.0 / factorial(n) for n in range(14, -1, -1))


@njit(cache=True)
def ln(x: float) -> float:
    """Natural logarithm of x > 0, to about 1e-15: 2 artanh((m - 1) / (m + 1)) as a series."""
    mantissa, exponent = frexp(x)
    if mantissa < SQRT_HALF:
        mantissa, exponent = mantissa * 2.0, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)  # within 0.172 of zero
    square = s * s
    total = 0.0
    for coefficient in ARTANH:
        total = total * square + coefficient
    return exponent * LN2 + 2.0 * s * total


@njit(cache=True)
def exp(x: float) -> float:
    """e to the power of x, to about 1e-14 relative: Taylor's series, and a power of two."""
    power = round(x / LN2)
    rest = x - power * LN2  # within 0.347 of zero
    total = 0.0
    for coefficient in TAYLOR:
        total = total * rest + coefficient
    return ldexp(total, power)
