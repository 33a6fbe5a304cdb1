"""A TCP proxy on loopback that counts bytes and HTTP requests, and delays every byte as a distant registry would: kernels without
netem have no other way.

Prints the port it listens on. For each line that it reads it prints what went through since the last one, as JSON. Bandwidth is not
limited, and many bytes may be on their way at the same time.
"""

import argparse
import asyncio
import json
import sys


class Requests:
    """Counts the requests of one connection in the bytes that a client sends: HTTP/1.1 with Content-Length or in chunks."""

    def __init__(self):
        self.count = 0
        self.head = b""
        self.skip = 0  # bytes of a body
        self.chunked = False

    def feed(self, data):
        while data or (self.head and b"\r\n" in self.head):
            if self.skip:
                used = min(self.skip, len(data))
                self.skip -= used
                data = data[used:]
                if not data:
                    return
                continue
            self.head, data = self.head + data, b""
            if self.chunked:
                size, found, rest = self.head.partition(b"\r\n")
                if not found:
                    return
                length = int(size.split(b";")[0], 16)
                self.head, data = b"", rest
                self.skip = length + 2
                self.chunked = length > 0  # the last chunk is empty; clients here send no trailers
                continue
            head, found, rest = self.head.lstrip(b"\r\n").partition(b"\r\n\r\n")
            if not found:
                return
            self.head, data = b"", rest
            self.count += 1
            fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
            self.chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
            self.skip = 0 if self.chunked else int(fields.get(b"content-length", 0))


class Proxy:
    def __init__(self, target, delay):
        self.target, self.delay = target, delay
        self.counts = {"sent": 0, "received": 0, "requests": 0, "connections": 0}

    async def pump(self, reader, writer, look):
        """Passes on what arrives, each piece after a delay in seconds."""
        loop = asyncio.get_running_loop()
        pieces = asyncio.Queue(maxsize=4096)  # large enough for delay x bandwidth

        async def send():
            while True:
                due, piece = await pieces.get()
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                if not piece:
                    writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()

        sender = asyncio.create_task(send())
        try:
            while piece := await reader.read(1 << 18):
                look(piece)
                await pieces.put((loop.time() + self.delay, piece))
        except ConnectionError:
            pass
        await pieces.put((loop.time() + self.delay, b""))
        try:
            await sender
        except OSError:
            pass

    async def handle(self, reader, writer):
        self.counts["connections"] += 1
        requests = Requests()
        await asyncio.sleep(2 * self.delay)  # the handshake
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return

        def sent(piece):
            before = requests.count
            requests.feed(piece)
            self.counts["requests"] += requests.count - before
            self.counts["sent"] += len(piece)

        def received(piece):
            self.counts["received"] += len(piece)

        await asyncio.gather(self.pump(reader, back_writer, sent), self.pump(back_reader, writer, received))
        writer.close()
        back_writer.close()

    async def serve(self, port):
        server = await asyncio.start_server(self.handle, "127.0.0.1", port, limit=1 << 20)
        print(server.sockets[0].getsockname()[1], flush=True)
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while await commands.readline():
            print(json.dumps(self.counts), flush=True)
            self.counts.update(dict.fromkeys(self.counts, 0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=int, help="port to pass connections on to")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any)")
    parser.add_argument("--one-way", type=float, default=0.025, metavar="SECONDS")
    args = parser.parse_args()
    asyncio.run(Proxy(args.target, args.one_way).serve(args.port))
