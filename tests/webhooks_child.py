"""Run by test_webhooks_killed: a gateway on a port, until it is killed. Prints its address.

python -m tests.webhooks_child DIRECTORY
"""

import asyncio
import sys
from pathlib import Path

from gateway.app import App, Config


async def main(directory: Path) -> None:
    config = Config(data=directory, port=0, webhook_networks=("127.0.0.0/8",))
    async with App(config) as app:
        sys.stdout.write(f"{app.url}\n")
        sys.stdout.flush()
        await app.ended()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
