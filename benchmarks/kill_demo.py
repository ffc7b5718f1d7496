"""Kill the server of a running demo, again and again, at random moments; then ask what was lost.

    python benchmarks/kill_demo.py --kills 100

The demo itself judges at its end: acknowledged orders missing on the server, the journal decided
again record by record, every invariant (no oversold unit, no unbalanced cent). This adds only
the kills. Exit status 0 if the demo's was 0 after all of them.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

FIRST_START_S = 180.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=time.monotonic_ns() % 10**9)
    parser.add_argument("--port", type=int, default=8093)
    parser.add_argument(
        "--most-s", type=float, default=3.0, help="alive at the most, before a kill"
    )
    args = parser.parse_args()
    rng = Random(args.seed)
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        return kill(args, rng, Path(folder))


def kill(args: argparse.Namespace, rng: Random, data: Path) -> int:
    # As many city minutes as the kills take at 60 times the speed of life, to a first guess:
    # the city's time stands still while its server is down.
    minutes = args.kills * args.most_s / 2
    words = ["demo", "--headless", "--data", str(data), "--port", str(args.port)]
    command = [sys.executable, "-m", "gateway.cli", *words, "--minutes", str(minutes)]
    demo = subprocess.Popen(command)
    killed: list[int] = []
    while len(killed) < args.kills and demo.poll() is None:
        # Three of four kills hit a server that serves, the fourth one that starts or recovers.
        serving = not killed or bool(rng.randrange(4))
        server = wait_for_server(demo, killed, args.port if serving else None)
        if server is None:
            break
        time.sleep(rng.uniform(0, args.most_s))
        try:
            os.kill(server, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed.append(server)
        if len(killed) % 10 == 0:
            print(f"{len(killed)} kills", flush=True)
    status = demo.wait()
    print(f"{len(killed)} kills, the demo ended with {status}")
    return status if len(killed) == args.kills else 1


def wait_for_server(
    demo: "subprocess.Popen[bytes]", killed: list[int], port: int | None
) -> int | None:
    """The demo's newest server process; if a port is given, once it listens there."""
    until = time.monotonic() + FIRST_START_S
    while time.monotonic() < until and demo.poll() is None:
        for child in children(demo.pid):
            if child not in killed and serves(child) and (port is None or listens(port)):
                return child
        time.sleep(0.05)
    return None


def serves(pid: int) -> bool:
    try:
        return b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False  # it is gone


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(x) for x in (task / "children").read_text().split()]
    return found


def listens(port: int) -> bool:
    hexadecimal = f":{port:04X} 00000000:0000 0A"
    return any(hexadecimal in x for x in Path("/proc/net/tcp").read_text().splitlines())


if __name__ == "__main__":
    sys.exit(main())
