"""An environment of its own for each peer, and one run of its adapter there."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from peers.task import Task, dump

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".peers"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


class Peer(NamedTuple):
    """A solver by the name of the table's row."""

    requirements: tuple[str, ...]
    adapter: str  # beside this file
    effort: int = -1


NUMPY = "numpy==2.4.6"
PEERS = {
    "vroom x0": Peer(("pyvroom==1.15.2", NUMPY), "with_vroom.py", effort=0),
    "vroom x1": Peer(("pyvroom==1.15.2", NUMPY), "with_vroom.py", effort=1),
    "vroom x5": Peer(("pyvroom==1.15.2", NUMPY), "with_vroom.py", effort=5),
    "pyvrp": Peer(("pyvrp==0.14.1", NUMPY), "with_pyvrp.py"),
    "ortools": Peer(("ortools==9.15.6755", NUMPY), "with_ortools.py"),
    "vrp-cli": Peer(("vrp-cli==1.22.1", NUMPY), "with_vrp_cli.py"),
}


class Answer(NamedTuple):
    """What came back: routes of each pass, or in `failure` why there are none."""

    candidates: list[list[list[int]]]
    version: str
    cpu_s: float
    failure: str = ""


def prepare(peer: Peer) -> Path:
    """The peer's own interpreter; installs it from the package index if need be."""
    folder = PLACE / peer.requirements[0].replace("==", "-")
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    wanted = "\n".join(peer.requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", *peer.requirements]
        subprocess.run(command, check=True, env=_surroundings())
        stamp.write_text(wanted)
    return python


def run(peer: Peer, task: Task, patience_s: float) -> Answer:
    """Solve the task in the peer's environment; it is stopped after `patience_s` of CPU."""
    python = prepare(peer)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [python, "-W", "ignore", str(Path(__file__).parent / peer.adapter)],
        input=dump(task._replace(wall_s=task.seconds * load_factor(), effort=peer.effort)),
        capture_output=True,
        text=True,
        env=_surroundings(),
        preexec_fn=_limit(patience_s),
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"ended by signal {-done.returncode}"]
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            lines = [f"no plan in {patience_s:g} CPU s"]
        return Answer([], peer.requirements[0], cpu_s, lines[-1][:200])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return Answer(found["candidates"], found["version"], found["cpu_s"])


def _surroundings() -> dict[str, str]:
    """The environment variables of a peer: one thread, and none of our modules."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | ONE_THREAD


def load_factor(sample_s: float = 0.3) -> float:
    """Wall seconds per CPU second at present: what a peer that watches the wall is given."""
    wall, cpu = time.perf_counter(), time.process_time()
    while time.process_time() - cpu < sample_s:
        sum(range(1_000))
    return max(1.0, (time.perf_counter() - wall) / (time.process_time() - cpu))


def _limit(seconds: float) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))


def main() -> int:
    """`python -m peers.environments`: install every peer."""
    for name, peer in PEERS.items():
        print(f"{name}: {prepare(peer)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
