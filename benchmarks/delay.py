"""A TCP proxy that makes the server seem far away, in a process of its own.

    python -m benchmarks.delay PORT MILLISECONDS

Prints its own port. Every byte is passed on half the round trip later, in order and without limiting how many are
under way, as distance does; TLS goes through untouched. A new connection costs a round trip too.
"""

from __future__ import annotations

import asyncio
import sys


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            at, data = await due.get()
            await asyncio.sleep(at - loop.time())
            if not data:
                target.close()
                return
            target.write(data)
            await target.drain()

    delivering = asyncio.create_task(deliver())
    try:
        while data := await source.read(1 << 16):
            due.put_nowait((loop.time() + delay, data))
    except ConnectionError:
        pass
    due.put_nowait((loop.time() + delay, b""))
    await asyncio.gather(delivering, return_exceptions=True)


async def _serve(port: int, round_trip: float) -> None:
    async def connected(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(round_trip)
        server, request = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pipe(client, request, round_trip / 2), _pipe(server, answer, round_trip / 2))

    proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(proxy.sockets[0].getsockname()[1], flush=True)
    async with proxy:
        await proxy.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
