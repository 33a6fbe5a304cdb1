#!/usr/bin/env python3
"""A registry that misbehaves on request, for tests of terrane's registry client.

Listens on 127.0.0.1 with a free port, printed as the first line of stdout. Takes pushes and keeps
digests only. Each request is a line in --log: METHOD PATH AUTHORIZATION-SCHEME ("-" without one).
"""

import argparse
import base64
import hashlib
import http.server
import json
import sys
import urllib.parse

ERROR_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--status-on", action="append", default=[], metavar="[METHOD:]PREFIX=CODE",
                        help="answer requests whose path starts with PREFIX with this status")
    parser.add_argument("--basic", metavar="USER:PASSWORD", help="require these credentials")
    parser.add_argument("--bearer", metavar="TOKEN",
                        help="require this token, given at /token to whom --basic admits")
    parser.add_argument("--upload-to", metavar="URL", default="",
                        help="origin of upload locations; without it they are relative")
    parser.add_argument("--digest", help="claim this Docker-Content-Digest for everything stored")
    parser.add_argument("--log", type=argparse.FileType("a"), default=sys.stderr)
    return parser.parse_args()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    stored = {}  # path -> digest

    def log_message(self, *_):
        pass

    def answer(self, status, headers=None, document=None):
        body = json.dumps(document).encode() if document is not None else b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status, headers=None):
        error = {"code": ERROR_CODES.get(status, "UNKNOWN"), "message": f"told to say {status}"}
        self.answer(status, headers, {"errors": [error]})

    def read_body(self):
        left, digest = int(self.headers.get("Content-Length", 0)), hashlib.sha256()
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
        return "sha256:" + digest.hexdigest()

    def basic_is_right(self):
        expected = base64.b64encode((self.options.basic or "").encode()).decode()
        return not self.options.basic or self.headers.get("Authorization") == "Basic " + expected

    def challenge(self):
        """The WWW-Authenticate value when the request is not authorised, else None."""
        if self.options.bearer:
            if self.headers.get("Authorization") == "Bearer " + self.options.bearer:
                return None
            return f'Bearer realm="http://{self.headers["Host"]}/token",service="fake, registry"'
        return None if self.basic_is_right() else 'Basic realm="fake"'

    def handle_request(self):
        scheme = (self.headers.get("Authorization") or "-").split()[0]
        self.options.log.write(f"{self.command} {self.path} {scheme}\n")
        self.options.log.flush()
        digest = self.read_body()
        url = urllib.parse.urlsplit(self.path)
        for rule in self.options.status_on:
            where, status = rule.rsplit("=", 1)
            method, _, prefix = where.rpartition(":")
            if url.path.startswith(prefix) and method in ("", self.command):
                return self.fail(int(status))
        if url.path == "/token":
            return self.answer(200, {}, {"token": self.options.bearer}) \
                if self.basic_is_right() else self.fail(401)
        challenge = self.challenge()
        if challenge:
            return self.fail(401, {"WWW-Authenticate": challenge})
        return self.serve(url, digest)

    def serve(self, url, digest):
        if url.path == "/v2/":
            return self.answer(200, {}, {})
        if self.command == "POST":
            location = f"{self.options.upload_to}{url.path}1?state=a%2Bb&x"
            return self.answer(202, {"Location": location})
        if self.command == "PUT":
            query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
            upload = "/blobs/uploads/" in url.path
            if upload and (query.get("digest") != [digest] or query.get("state") != ["a+b"]):
                return self.fail(400)
            path = url.path.replace("/uploads/1", "/" + digest) if upload else url.path
            self.stored[path] = self.options.digest or digest
            return self.answer(201, {"Docker-Content-Digest": self.stored[path]})
        known = self.stored.get(url.path)
        return self.answer(200, {"Docker-Content-Digest": known}) if known else self.fail(404)

    do_GET = do_HEAD = do_POST = do_PUT = handle_request


if __name__ == "__main__":
    Handler.options = parse_arguments()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
