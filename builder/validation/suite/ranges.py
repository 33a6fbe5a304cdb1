"""Files read by ranges over TLS, from a server on this process's own loopback with a certificate made for it."""

import os
import re
import signal
import socket
import struct
from http.server import BaseHTTPRequestHandler, HTTPServer

from terrane_harness import FILES, Skip, expect, has, operation

BUNDLES = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "GDAL_CURL_CA_BUNDLE")


def trust_only_ours():
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            del os.environ[name]
    for name in BUNDLES:  # which of them wins depends on the version of GDAL
        os.environ[name] = os.path.join(FILES, "ca.pem")


trust_only_ours()  # before any GDAL is loaded


def serve(listener, content, requests):
    """Answers requests over TLS, with ranges, and writes a line for each; never returns."""
    import ssl

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self.answer(False)

        def do_GET(self):
            self.answer(True)

        def answer(self, body):
            ranges = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            os.write(requests, f"{self.command} {self.path} {ranges.group(0) if ranges else '-'}\n".encode())
            if not self.path.startswith("/terrane.tif"):
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first, last = 0, len(content) - 1
            if ranges:
                first, last = int(ranges.group(1)), min(int(ranges.group(2) or last), last)
            self.send_response(206 if ranges else 200)
            self.send_header("Content-Length", str(last - first + 1))
            self.send_header("Accept-Ranges", "bytes")
            if ranges:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.end_headers()
            if body:
                self.wfile.write(content[first:last + 1])

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FILES, "server.pem"))
    server = HTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket = context.wrap_socket(listener, server_side=True)
    server.serve_forever()


SIZE = 2048


def large_geotiff():
    """4 MiB of a plain GeoTIFF whose directory stands in front, made without GDAL: rows of one byte a pixel, y mod 251."""
    tags = [(256, 4, SIZE), (257, 4, SIZE), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, None), (277, 3, 1), (278, 4, SIZE),
            (279, 4, SIZE * SIZE)]
    offset = 8 + 2 + 12 * len(tags) + 4
    content = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    for tag, kind, value in tags:
        content += struct.pack("<HHII", tag, kind, 1, offset if value is None else value)
    content += struct.pack("<I", 0)
    return content + b"".join(bytes([y % 251]) * SIZE for y in range(SIZE))


def read_ranges(read_row):
    """Opens the file over TLS, reads its last row, and looks at what went over the line."""
    if not has("_ssl"):
        raise Skip("the image's Python has no ssl")
    content = large_geotiff()
    reader, writer = os.pipe()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)  # never outlives a reader that was killed
            serve(listener, content, writer)
        finally:
            os._exit(1)
    listener.close()
    os.close(writer)
    try:
        row = read_row(f"/vsicurl/https://127.0.0.1:{port}/terrane.tif")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reader, encoding="utf-8") as lines:
            seen = lines.read().splitlines()
    expect("the values of the last row", set(row), {(SIZE - 1) % 251})
    ranges = [re.search(r"bytes=(\d+)-(\d+)", line) for line in seen if line.startswith("GET /terrane.tif ")]
    fetched = sum(int(match.group(2)) - int(match.group(1)) + 1 if match else len(content) for match in ranges)
    if not ranges or not all(ranges):
        raise AssertionError(f"the file was not read by ranges: {seen}")
    if fetched > len(content) // 2:
        raise AssertionError(f"{fetched} of {len(content)} bytes were fetched for the header and one row")
    return f"{len(ranges)} range requests, {fetched} of {len(content)} bytes"


def read_row_by_osgeo(path):
    from osgeo import gdal
    gdal.UseExceptions()
    dataset = gdal.Open(path)  # a band does not keep its dataset
    return bytes(dataset.GetRasterBand(1).ReadRaster(0, SIZE - 1, SIZE, 1))


def read_row_by_rasterio(path):
    import rasterio
    from rasterio.windows import Window
    with rasterio.open(path) as dataset:
        return dataset.read(1, window=Window(0, SIZE - 1, SIZE, 1)).tobytes()


@operation("geo.network.range-read.osgeo", "osgeo")
def ranges_by_osgeo():
    return read_ranges(read_row_by_osgeo)


@operation("geo.network.range-read.rasterio", "rasterio")
def ranges_by_rasterio():
    return read_ranges(read_row_by_rasterio)
