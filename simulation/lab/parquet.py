"""Every run that counts as a row: what was varied, the seed, and the scorecard's numbers."""

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
    """Read it with pandas, duckdb, or anything else. The same comparison, the same bytes.

    Raises OSError.
    """
    frame = pd.DataFrame(list(rows(sweep)))  # noqa: F841 - duckdb finds it by its name
    aside = path.with_suffix(".part")
    with duckdb.connect() as connection:
        text = str(aside).replace("'", "''")
        try:
            connection.execute(f"COPY (SELECT * FROM frame) TO '{text}' (FORMAT parquet)")
        except duckdb.IOException as error:
            raise OSError(f"{path} cannot be written, is the disk full?") from error
    aside.replace(path)


def rows(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """By arm, then by seed."""
    for n, arm in enumerate(sweep.arms):
        for seed in sweep.seeds[: sweep.count(n)]:
            played = sweep.played[n, seed]
            card = msgspec.to_builtins(played.scorecard)
            yield {
                "arm": arm.label,
                **arm.settings,
                "seed": seed,
                "is_sound": not played.scorecard.stuck and not played.scorecard.violations,
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
