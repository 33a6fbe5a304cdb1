"""A proxy in front of a registry, on 127.0.0.1, that counts what goes through it.

    with CountingProxy(registry.port) as proxy:
        ... proxy.host ...
        proxy.take()  # the Transfers since the last time

It runs in threads of the test's own process. The registry names the proxy in its answers, since it goes by the Host header.
"""

import collections
import http.client
import http.server
import threading

# sent is what the registry got of the body, received what it gave
Transfer = collections.namedtuple("Transfer", "method path status sent received")
PIECE = 1 << 16


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None

    def log_message(self, *_):
        pass

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()
        self.proxy.log.append(Transfer(self.command, self.path, response.status, len(body), len(content)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward


class CountingProxy:
    def __init__(self, port):
        self.port, self.log = port, []
        handler = type("Bound", (Handler,), {"proxy": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def take(self):
        log, self.log = self.log, []
        return log
