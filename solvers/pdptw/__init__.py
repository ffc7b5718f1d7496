"""Static pickup and delivery with hard time windows: fewest vehicles, then the shortest routes.

instance = read("LR1_10_5.txt")
solution = solve(instance, Budget(seconds=10.0, seed=1))
assert check(instance, solution).feasible
"""

from solvers.pdptw.check import Verdict, check
from solvers.pdptw.files import InstanceFileError, read
from solvers.pdptw.instance import Instance, InstanceError, Objective
from solvers.pdptw.solution import (
    Solution,
    SolutionFileError,
    distance,
    read_solution,
    write_solution,
)
from solvers.pdptw.solving import Budget, compile_kernels, solve

__all__ = [
    "Budget",
    "Instance",
    "InstanceError",
    "InstanceFileError",
    "Objective",
    "Solution",
    "SolutionFileError",
    "Verdict",
    "check",
    "compile_kernels",
    "distance",
    "read",
    "read_solution",
    "solve",
    "write_solution",
]
