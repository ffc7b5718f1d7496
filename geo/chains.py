"""Streets between junctions: pieces joined into chains, so that searches skip points of shape.

Of a street map three quarters of the points only bend a street. A search need not stop there.
"""

from typing import Any

import numpy as np
from msgspec import Struct
from numba import njit
from numpy.typing import NDArray

from geo.sphere import Int64s

Booleans = NDArray[np.bool_]


class Chains(Struct, frozen=True):
    """The pieces again, each once, chain after chain, in the order one passes along them."""

    piece: Int64s  # (G,) row of the piece
    flipped: Booleans  # (G,) passed from its second end to its first
    chain: Int64s  # (G,) ascending from 0


def chains_of(
    nodes: int, first: Int64s, second: Int64s, forward: Booleans, backward: Booleans
) -> Chains:
    """Join (G,) pieces of a connected network, open forward (to second), backward, or both.

    A node is passed without stopping if exactly two pieces meet there and what may be entered
    through one may be left through the other. No two pieces have the same ends.
    """
    ends = np.concatenate((first, second))
    piece = np.tile(np.arange(len(first)), 2)
    order = np.argsort(ends, kind="stable")
    start = np.searchsorted(ends[order], np.arange(nodes + 1))
    at_node = piece[order]
    into = np.concatenate((backward, forward))[order]  # towards the node of that row
    out = np.concatenate((forward, backward))[order]

    passing = np.diff(start) == 2
    one = start[:-1][passing]
    passing[passing] = (into[one] == out[one + 1]) & (out[one] == into[one + 1])
    if passing.all():  # a lone ring has to begin somewhere
        passing[0] = False
    return Chains(*_walk(first, second, start, at_node, passing))


_kernel: Any = njit(cache=True, nogil=True)


@_kernel
def _walk(first, second, start, at_node, passing):  # type: ignore[no-untyped-def]
    size = first.size
    piece = np.empty(size, np.int64)
    flipped = np.empty(size, np.bool_)
    chain = np.empty(size, np.int64)
    seen = np.zeros(size, np.bool_)
    count, chains = 0, 0
    for junction in range(passing.size):
        if passing[junction]:
            continue
        for slot in range(start[junction], start[junction + 1]):
            if seen[at_node[slot]]:
                continue
            node, current = junction, at_node[slot]
            while True:
                seen[current] = True
                piece[count] = current
                flipped[count] = second[current] == node
                chain[count] = chains
                count += 1
                node = first[current] if flipped[count - 1] else second[current]
                if not passing[node]:
                    break
                here = start[node]
                current = at_node[here] if at_node[here] != current else at_node[here + 1]
            chains += 1
    return piece, flipped, chain
