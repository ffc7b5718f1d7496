"""What is said while the planner's kernels are compiled, by who serves and by who waits for him."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

COMPILING = "compiling the planner's kernels: once on a machine, about a minute ..."
SAID_AFTER_S = 3.0


@contextmanager
def said_if_slow() -> Iterator[None]:
    """On stderr, so that what reads our addresses reads nothing else."""
    timer = Timer(SAID_AFTER_S, sys.stderr.write, [f"{COMPILING}\n"])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
