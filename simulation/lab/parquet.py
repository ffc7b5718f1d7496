"""Every run of a comparison as a row: what was varied, the seed, and the scorecard's numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pandas as pd

from simulation.lab.figures import values
from simulation.lab.sweep import Sweep

RUNS_FILE = "runs.parquet"


def write_runs(sweep: Sweep, path: Path) -> None:
    """Read it with pandas, duckdb, or anything else. `counts` is false after an arm was clear."""
    frame = pd.DataFrame(list(rows(sweep)))  # noqa: F841 - duckdb finds it by its name
    aside = path.with_suffix(".part")
    with duckdb.connect() as connection:
        text = str(aside).replace("'", "''")
        connection.execute(f"COPY (SELECT * FROM frame) TO '{text}' (FORMAT parquet)")
    aside.replace(path)


def rows(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """By arm, then by seed."""
    for n, arm in enumerate(sweep.arms):
        for k, seed in enumerate(sweep.seeds):
            played = sweep.played.get((n, seed))
            if played is None:
                continue
            card = msgspec.to_builtins(played.scorecard)
            yield {
                "arm": arm.label,
                **arm.settings,
                "seed": seed,
                "counts": k < sweep.count(n),
                "is_sound": not played.scorecard.stuck and not played.scorecard.violations,
                "cpu_s": played.cpu_s,
                "wall_s": played.wall_s,
                "journal_digest": played.scorecard.digest,
                **{f"figure.{key}": x for key, x in values(played.scorecard).items()},
                **dict(_numbers(card, "")),
            }


def _numbers(tree: dict[str, Any], path: str) -> Iterator[tuple[str, float]]:
    """The leaves that are numbers, under dotted names."""
    for key, x in tree.items():
        place = f"{path}{key}"
        if isinstance(x, dict) and place != "provenance":
            yield from _numbers(x, f"{place}.")
        elif isinstance(x, int | float) and not isinstance(x, bool):
            yield place, x
