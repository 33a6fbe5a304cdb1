"""A web server for tests, on 127.0.0.1, that keeps its files in memory and misbehaves on request.

    server = WebServer()
    server.files["/app.tar"] = data
    server.fault("/app.tar", times=2, cut_after=1000)
    ... server.url + "/app.tar", server.log
"""

import collections
import contextlib
import dataclasses
import http.server
import re
import socket
import threading
import time

Request = collections.namedtuple("Request", "path range authorization")


@dataclasses.dataclass
class Fault:
    """The faults of the next @times requests for one path."""
    path: str
    times: int = 1
    status: int = None
    headers: dict = None
    body: bytes = b""
    cut_after: int = None      # bytes of the body; then the connection is closed
    no_ranges: bool = False    # 200 with everything
    wrong_range: bool = False  # 206 with a Content-Range that was not asked for
    chunked: bool = False      # no Content-Length
    drip: float = 0            # seconds between pieces of 16 KiB


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.web.log.append(Request(self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        fault = self.web.next_fault(path) or Fault("")
        if fault.status is not None:
            return self.answer(fault, fault.status, fault.headers or {}, fault.body)
        data = self.web.files.get(path)
        if data is None or (path in self.web.passwords and self.headers.get("Authorization") != self.web.passwords[path]):
            return self.answer(fault, 404 if data is None else 401, {}, b"no")
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None or fault.no_ranges:
            return self.answer(fault, 200, {"Content-Type": self.web.types.get(path, "application/x-tar")}, data)
        first = int(match[1])
        if first >= len(data):
            return self.answer(fault, 416, {"Content-Range": f"bytes */{len(data)}"}, b"")
        said = 0 if fault.wrong_range else first
        return self.answer(fault, 206, {"Content-Range": f"bytes {said}-{len(data) - 1}/{len(data)}"}, data[first:])

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        status, body = self.web.post(self.path, self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(Fault(""), status, {"Content-Type": "application/json"}, body)

    def answer(self, fault, status, headers, body):
        self.send_response(status)
        if fault.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        sent = body if fault.cut_after is None else body[:fault.cut_after]
        for offset in range(0, len(sent), 16384):
            piece = sent[offset:offset + 16384]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if fault.chunked else piece)
            if fault.drip:
                self.wfile.flush()
                time.sleep(fault.drip)
        if fault.cut_after is not None:
            self.close_connection = True
            self.wfile.flush()
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        elif fault.chunked:
            self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass  # clients that break connections are what this is for


class WebServer:
    def __init__(self, context=None):
        """@context: an ssl.SSLContext, for HTTPS."""
        self.files, self.types, self.passwords, self.log, self.faults = {}, {}, {}, [], []
        self.post = lambda path, body: (405, b"")  # answers POST: status and body
        self.lock = threading.Lock()
        handler = type("BoundHandler", (Handler,), {"web": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if context else 'http'}://{self.host}"
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def fault(self, path, **options):
        self.faults.append(Fault(path, **options))

    def next_fault(self, path):
        with self.lock:
            for fault in self.faults:
                if fault.path == path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def ranges(self, path):
        """The Range headers of the requests of a path, None for those without."""
        return [request.range for request in self.log if request.path.partition("?")[0] == path]
