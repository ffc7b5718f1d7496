"""Fuzzing, kills and simulated days, with seeds nobody has tried, until interrupted or wrong.

`python tests/soak.py [--seed N] [--rounds N]` prints its seed first: the same seed asks the same.
A round is fifty random days of commerce, property tests with examples of their own, a scenario's
day in simulated time decided again from its journal, and a live city killed ten times.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = sorted(x.stem for x in (ROOT / "scenarios").glob("*.toml"))
FUZZED_DAYS = 50
KILLS = 10
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
O2O = [sys.executable, "-m", "gateway.cli"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--rounds", type=int, default=10**9, help="how many (default: no end)")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    chance = Random(args.seed)
    for number in range(1, args.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            for what, command, environment in one_round(chance, Path(folder)):
                print(f"round {number}: {what}", flush=True)
                if status := subprocess.run(command, cwd=ROOT, env=environment).returncode:
                    print(f"round {number}, {what}: exit status {status}; seed {args.seed}")
                    return 1
    return 0


def one_round(chance: Random, folder: Path) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """What is asked, the command that asks it, and its environment."""
    ours = os.environ | {"PYTHONPATH": str(ROOT)}
    first = chance.randrange(10**9)
    days = f"{first}:{first + FUZZED_DAYS}"
    yield (
        f"random days {days}",
        [*PYTEST, "tests/engine/test_fuzz.py"],
        ours | {"O2O_FUZZ_SEEDS": days},
    )
    seed = str(chance.randrange(10**9))
    exploring = ["--hypothesis-profile", "exploring", f"--hypothesis-seed={seed}"]
    yield f"properties, seed {seed}", [*PYTEST, "-m", "hypothesis", *exploring], ours
    scenario, seed = chance.choice(SCENARIOS), str(chance.randrange(10**9))
    out = str(folder / "day")
    yield (
        f"{scenario}, seed {seed}",
        [*O2O, "simulate", scenario, "--seed", seed, "--out", out],
        ours,
    )
    yield "the same decided again", [*O2O, "verify", out], ours
    kills = [
        "benchmarks/kill_demo.py",
        "--kills",
        str(KILLS),
        "--seed",
        str(chance.randrange(10**9)),
    ]
    yield f"{KILLS} kills, seed {kills[-1]}", [sys.executable, *kills], ours


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
