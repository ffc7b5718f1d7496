"""Run by test_crash under ackwatch: PORT CLIENTS EACH. Asks, one key at a time per client."""

import asyncio
import sys
from uuid import uuid4


async def client(port: int, each: int) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(each):
            writer.write(f"k-{uuid4().hex[:12]}\n".encode())
            if not await reader.readline():
                return
        writer.close()
    except ConnectionError:
        return


async def main(port: int, clients: int, each: int) -> None:
    await asyncio.gather(*(client(port, each) for _ in range(clients)))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
