"""Ten times what can be given is asked for: how much is given, at what cost, and who waits?

    python benchmarks/overload.py [SECONDS [TIMES [ROUNDS]]]

First as many quotes a second as can be given, then TIMES as many are asked for, by sixteen order
services that send whether or not they are answered; by turns. What is given is what the journal
has: who floods has no time to read his answers. The server has more to do than it can all the
while, so what it gives of what it can is the ratio of what a quote costs it in CPU: that does not
depend on who else uses the machine. A store that asks twenty times a second, from a process of its
own, stands for everybody else.
"""

import asyncio
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

from flood import Flood
from load import Load
from served import Served
from storm import Asking

PARTIES, STORES = 16, 20


class Phase:
    """What one stretch cost the server and others."""

    def __init__(self, served: Served, asking: Asking) -> None:
        self._served, self._asking = served, asking

    def __enter__(self) -> "Phase":
        self._seq = self._served.metrics()["o2o_journal_seq"]
        self.began_s, self._cpu_s = time.monotonic(), self._served.cpu_s
        return self

    def __exit__(self, *_: object) -> None:
        self.ended_s = time.monotonic()
        self.seconds, self.cpu_s = self.ended_s - self.began_s, self._served.cpu_s - self._cpu_s
        self.given = self._served.metrics()["o2o_journal_seq"] - self._seq
        self.cost_us = 1e6 * self.cpu_s / self.given

    @property
    def rate(self) -> float:
        """Quotes a second."""
        return self.given / self.seconds

    @property
    def busy_percent(self) -> float:
        return 100 * self.cpu_s / self.seconds

    @property
    def waits(self) -> str:
        return self._asking.told(self.began_s, self.ended_s)


async def measure(seconds: float, times: float, rounds: int, data: Path) -> None:
    served = Served(data, "insertion")
    await served.start()
    city = Namespace(stores=STORES, couriers=30, customers=1)
    load = Load(served, city)
    await load.connect()
    flood = Flood(served.url, served.tokens, PARTIES, load.stores)
    asking = Asking(served)
    hearing = asyncio.create_task(asking.hear())
    ratios = []
    for _ in range(rounds):
        await asyncio.sleep(2.0)
        with Phase(served, asking) as usual:
            await flood.capacity(seconds)
        await asyncio.sleep(2.0)
        print(
            f"can give {usual.rate:,.0f}/s at {usual.cost_us:,.0f} us of CPU each, "
            f"{usual.busy_percent:.0f} % of a core; others waited {usual.waits}"
        )
        with Phase(served, asking) as flooded:
            await flood.run(times * flood.capacity_per_s, seconds)
        ratios.append(usual.cost_us / flooded.cost_us)
        codes = dict(flood.answers.most_common())
        print(
            f"asked for {flood.offered_per_s:,.0f}/s: given {flooded.rate:,.0f}/s at "
            f"{flooded.cost_us:,.0f} us each: {ratios[-1]:.2f} of what can be, "
            f"{flooded.busy_percent:.0f} % of a core; they heard {codes} after "
            f"{flood.rows()['flood: quotes given, ms']} ms; {flood.unsent:,} not read, "
            f"{flood.expelled} shown the door; others waited {flooded.waits}",
            flush=True,
        )
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    print(f"ratios {sorted(round(x, 2) for x in ratios)}")
    await load.close()
    await served.stop()


def main() -> int:
    given = [float(x) for x in sys.argv[1:]]
    seconds, times, rounds = given + [10.0, 10.0, 3.0][len(given) :]
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(seconds, times, round(rounds), Path(folder, "data")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
