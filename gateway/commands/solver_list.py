"""`o2o solvers`: what can plan, and what each supports."""

import argparse
import sys
from textwrap import fill

INDENT = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Scenarios name one of these as `policy` of their planner."


def run(_: argparse.Namespace) -> int:
    from solvers.portfolio import SOLVERS  # here, for it loads the kernels

    for name, entry in SOLVERS.items():
        does = [
            entry.description,
            f"respects: {entry.constraints}",
            "moves what is planned already" if entry.replans else "leaves what is planned alone",
            "thinks as long as the budget lasts" if entry.uses_budget else "needs no budget",
        ]
        first, *rest = (fill(x, 96 - INDENT, subsequent_indent=" " * (INDENT + 2)) for x in does)
        sys.stdout.write(f"{name:{INDENT}}{first}\n")
        sys.stdout.write("".join(f"{'':{INDENT}}{x}\n" for x in rest) + "\n")
    return 0
