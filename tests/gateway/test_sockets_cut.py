"""Every kind of client, cut off again and again under load, knows in the end what the server knows.

`python -m benchmarks.cut_sockets` does the same a thousand times.
"""

from benchmarks.cut_sockets import run
from tests.serving import live

CUTS = 150


@live
async def test_whoever_is_cut_off_again_and_again_knows_what_the_server_knows(tmp_path):
    found = await run(tmp_path, CUTS)
    assert found["reconnects"] >= CUTS * 0.9
    assert found["gaps"] == 0
