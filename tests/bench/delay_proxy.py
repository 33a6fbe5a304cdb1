"""A TCP proxy on loopback that delays every byte, as a distant registry would: kernels without netem have no other way.

Prints the port it listens on. Bandwidth is not limited, and many bytes may be on their way at the same time.
"""

import argparse
import asyncio


async def pump(reader, writer, delay):
    """Passes on what arrives, each piece @delay seconds later."""
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
            await pieces.put((loop.time() + delay, piece))
    except ConnectionError:
        pass
    await pieces.put((loop.time() + delay, b""))
    try:
        await sender
    except (ConnectionError, OSError):
        pass


async def serve(target, delay):
    async def handle(reader, writer):
        await asyncio.sleep(2 * delay)  # the handshake
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back_writer, delay), pump(back_reader, writer, delay))
        writer.close()
        back_writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=int, help="port to pass connections on to")
    parser.add_argument("--one-way", type=float, default=0.025, metavar="SECONDS")
    args = parser.parse_args()
    asyncio.run(serve(args.target, args.one_way))
