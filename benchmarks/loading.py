"""Asks a web server as fast as it answers: `python -m benchmarks.loading PORT CONNECTIONS < requests`.

A process of its own. On its standard input stands a JSON list of whole requests; it prints {"seconds",
"statuses", "milliseconds"}. Every connection is kept, and asks again as soon as it has its answer.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PATIENCE_SECONDS = 120


class Asker(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests, told, ended):
        self.requests, self.told, self.ended, self.heard = requests, told, ended, b""

    def connection_made(self, transport):
        self.transport = transport
        self.ask()

    def ask(self):
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.asked_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data):
        self.heard += data
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found:
            return
        length = LENGTH.search(head)
        if len(body) >= (int(length[1]) if length else 0):
            self.told.append((head[9:12].decode(), time.perf_counter() - self.asked_at))
            self.heard = b""
            self.ask()

    def connection_lost(self, error):
        if not self.ended.done():
            self.ended.set_result(error)


async def load(port, connections, requests):
    """[(status, seconds)] of every request, and the seconds that all took."""
    loop, waiting, told, began = asyncio.get_running_loop(), iter(requests), [], time.perf_counter()
    ends = [loop.create_future() for _ in range(connections)]
    for ended in ends:
        await loop.create_connection(lambda ended=ended: Asker(waiting, told, ended), "127.0.0.1", port)
    await asyncio.wait_for(asyncio.gather(*ends), PATIENCE_SECONDS)
    return told, time.perf_counter() - began


def main():
    port, connections = map(int, sys.argv[1:])
    requests = [text.encode("latin-1") for text in json.load(sys.stdin)]
    told, seconds = asyncio.run(load(port, connections, requests))
    statuses = Counter(status for status, _took in told)
    took = [round(each * 1000, 3) for _status, each in told]
    print(json.dumps({"seconds": seconds, "statuses": statuses, "milliseconds": took}))


if __name__ == "__main__":
    main()
