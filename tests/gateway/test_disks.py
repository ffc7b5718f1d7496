"""The benchmark of full disks sees a read that is never answered, and does not call it quick."""

import asyncio

from benchmarks.outside.disks import Tills


class Hanging:
    """Answers once, and never again."""

    def __init__(self):
        self.asked = 0

    async def ask(self, _kind):
        self.asked += 1
        if self.asked > 1:
            await asyncio.Event().wait()
        return {"code": ""}


async def hung(seconds: float) -> Tills:
    tills, talk = Tills(None, 1), Hanging()
    reading = asyncio.create_task(tills.read(talk))
    while talk.asked < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(seconds)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return tills


def test_a_read_that_hangs_took_as_long_as_it_hung():
    tills = asyncio.run(hung(0.2))
    assert tills.reads == {"read": 1}
    assert tills.slowest_read_s >= 0.2
