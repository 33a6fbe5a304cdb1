"""A registry for tests that behaves like Amazon ECR on request, and misbehaves on request.

    with FakeRegistry(mount=True) as registry:
        registry.fault("PUT", "/manifests/", status=503)
        ... registry.host, registry.log, registry.blobs ...

It runs in threads of the test's own process, on 127.0.0.1, and keeps everything in memory.
"""

import base64
import collections
import contextlib
import dataclasses
import hashlib
import http.server
import json
import re
import secrets
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import urllib.parse

EMPTY_BLOB = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "DENIED", 404: "NOT_FOUND", 429: "TOOMANYREQUESTS"}

# path is with the query; server is "registry" or "cdn"; body is the number of its bytes that arrived
Request = collections.namedtuple("Request", "method path headers server body")
# round: of the Rounds; fresh: first of its connection; resumed: whether its TLS session was, None without TLS
Visit = collections.namedtuple("Visit", "round method path fresh resumed")


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclasses.dataclass
class Fault:
    """The fault of the next @times requests that match, after @skip others."""
    method: str
    path: re.Pattern
    times: int = 1
    skip: int = 0
    status: int = None       # answered instead of doing anything
    store: bool = False      # do it all the same, and answer @status then
    headers: dict = None
    body: object = None      # bytes, or a document, or None for errors of the usual form
    cut_after: int = None    # bytes of the body, of whichever side has one; then the connection is closed
    drip: float = 0          # seconds for each 1024 bytes of the answer
    wrong_length: bool = False
    corrupt: bool = False
    delay: float = 0
    close: bool = False      # without an answer
    cut_headers: bool = False  # within them
    then: object = None      # called when the fault strikes


class Authority:
    """A certificate authority of the test's own, with one certificate for a server."""

    def __init__(self, directory, *names):
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.server = directory / "ca.pem", directory / "server.pem"
        names = ",".join(["DNS:localhost", "IP:127.0.0.1", *(f"DNS:{name}" for name in names)])

        def run(*argv):
            subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)

        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run("req", "-x509", *new_key, "-days", 2, "-subj", "/CN=terrane test CA", "-keyout", directory / "ca.key",
            "-out", self.certificate, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        run("req", *new_key, "-subj", "/CN=localhost", "-keyout", directory / "server.key",
            "-out", directory / "server.csr")
        (directory / "extensions").write_text(f"subjectAltName={names}\n")
        run("x509", "-req", "-in", directory / "server.csr", "-CA", self.certificate, "-CAkey", directory / "ca.key",
            "-CAcreateserial", "-days", 2, "-extfile", directory / "extensions", "-out", self.server)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.server, directory / "server.key")


class Rounds:
    """A network on which only round trips take time: requests are held until no other one has arrived for a while, and
    are then answered together, as one round. So the rounds are the longest chain of requests of which each waits for an
    answer to the one before. A machine that is busy can make them more, never fewer."""

    def __init__(self, quiet=0.15):
        self.quiet, self.changed = quiet, threading.Condition()
        self.restart()

    def restart(self):
        with self.changed:
            self.number, self.last, self.visits = 1, 0, []

    def wait(self):
        with self.changed:
            mine, self.last = self.number, time.monotonic()
            while self.number == mine:
                left = self.last + self.quiet - time.monotonic()
                if left <= 0:
                    self.number += 1
                    self.changed.notify_all()
                else:
                    self.changed.wait(left)
            return mine

    def connections(self):
        """How often a connection was waited for: the rounds that have requests on new ones."""
        return len({visit.round for visit in self.visits if visit.fresh})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64  # a push opens several connections at once

    def handle_error(self, request, client_address):
        pass  # clients that break connections are what this is for


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry = None
    context = None
    is_cdn = False
    fault = None
    visits = 0

    def setup(self):
        if self.context is not None:
            self.request.settimeout(20)
            self.request = self.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            try:
                self.request.do_handshake()
            except OSError:
                self.request.close()
                raise
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()
        if self.context is not None:
            if not self.registry.keeps:
                with contextlib.suppress(OSError):
                    self.request.unwrap()
            self.request.close()

    def log_message(self, *_):
        pass

    def answer(self, status, headers=None, body=b""):
        """Sends @body, bytes or a document, as the fault of this request wants it."""
        fault = self.fault or Fault("", None)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if fault.corrupt:
            body = bytes(byte ^ 0xff for byte in body[:64]) + body[64:]
        if not self.registry.keeps:
            headers = {"Connection": "close", **(headers or {})}
        headers = {"Content-Length": str(len(body) - (7 if fault.wrong_length else 0)), **(headers or {})}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(body if fault.cut_after is None else body[:fault.cut_after], fault.drip)
        if fault.cut_after is not None or fault.wrong_length:
            self.hang_up()

    def send_body(self, body, drip):
        step = 1024 if drip else 1 << 16
        for offset in range(0, len(body), step):
            self.wfile.write(body[offset:offset + step])
            if drip and self.registry.stopping.wait(drip):
                return self.hang_up()
        self.wfile.flush()
        return None

    def hang_up(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def fail(self, status, code=None, message="told to say so", headers=None):
        if self.command == "HEAD" and not self.registry.head_bodies:
            return self.answer(status, headers)
        error = {"code": code or CODES.get(status, "UNKNOWN"), "message": message}
        return self.answer(status, {"Content-Type": "application/json", **(headers or {})}, {"errors": [error]})

    def read_body(self):
        left, pieces = int(self.headers.get("Content-Length", 0)), []
        if self.fault is not None and self.fault.cut_after is not None and left > 0:
            left = min(left, self.fault.cut_after)
        try:
            while left > 0 and (piece := self.rfile.read(min(left, 1 << 16))):
                pieces.append(piece)
                left -= len(piece)
        except OSError:
            self.close_connection = True
        return b"".join(pieces), left == 0

    def handle_request(self):
        registry, self.arrival = self.registry, time.monotonic()
        self.fault = registry.next_fault(self.command, self.path, self.is_cdn)
        index = registry.note(Request(self.command, self.path, self.headers, "cdn" if self.is_cdn else "registry", 0))
        body, complete = self.read_body()
        registry.log[index] = registry.log[index]._replace(body=len(body))
        fault = self.fault
        if not complete:
            return self.hang_up()
        if registry.rounds is not None:
            return self.visit(body)
        if fault is not None:
            if fault.then is not None:
                fault.then()
            if fault.cut_headers:
                self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Le")
                return self.hang_up()
            if registry.stopping.wait(fault.delay) or fault.close or (fault.cut_after is not None and body):
                return self.hang_up()
            if fault.store:
                self.answer_quietly(body)
            if fault.status is not None:
                if fault.body is not None:
                    return self.answer(fault.status, fault.headers, fault.body)
                return self.fail(fault.status, headers=fault.headers)
        return self.serve(body)

    def visit(self, body):
        rounds, self.visits = self.registry.rounds, self.visits + 1
        number = rounds.wait()
        resumed = self.request.session_reused if self.context is not None else None
        rounds.visits.append(Visit(number, self.command, self.path, self.visits == 1, resumed))
        return self.serve(body)

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    def answer_quietly(self, body):
        self.answer = lambda *_: None
        try:
            self.serve(body)
        finally:
            del self.answer

    def serve(self, body):
        registry, url = self.registry, urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        if self.is_cdn:
            return self.serve_cdn(url.path)
        if url.path == "/token":
            return self.serve_token()
        match = re.fullmatch(r"/v2/(?:(?P<name>[a-z0-9/._-]+)/(?P<kind>blobs|manifests)/(?P<rest>.+))?", url.path)
        if match is None:
            return self.fail(404)
        name = match["name"]
        if not self.is_allowed(name):
            return None
        if name is None:
            return self.answer(200, {}, {})
        if registry.repositories is not None and name not in registry.repositories:
            message = f"The repository with name '{name}' does not exist in the registry with id '123456789012'"
            return self.fail(404, "NAME_UNKNOWN", message)
        if match["kind"] == "manifests":
            return self.serve_manifest(name, match["rest"], body)
        if match["rest"].startswith("uploads/"):
            return self.serve_upload(name, match["rest"].removeprefix("uploads/"), body)
        return self.serve_blob(name, match["rest"])

    # Authorization

    def basic_is_right(self):
        expected = base64.b64encode(f"{self.registry.user}:{self.registry.password}".encode()).decode()
        return self.headers.get("Authorization") == "Basic " + expected

    def is_allowed(self, name):
        """Whether the request may go on; else it is answered already."""
        registry = self.registry
        if registry.auth is None or (registry.auth == "basic" and self.basic_is_right()):
            return True
        if registry.hides and name and self.command in ("GET", "HEAD") and "Authorization" not in self.headers:
            self.fail(404)
            return False
        if registry.auth == "basic":
            self.fail(401, message="wrong", headers={"WWW-Authenticate": 'Basic realm="fake"'})
            return False
        action = "pull" if self.command in ("GET", "HEAD") else "push"
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        asked = name and registry.scope_prefix + name
        if scheme == "Bearer" and registry.use_token(token, asked, action, self.arrival):
            return True
        if token and registry.expired_answer == "bare":  # public.ecr.aws
            self.answer(400)
        elif token and registry.expired_answer == "message":  # private ECR
            self.fail(403, "DENIED", EXPIRED)
        else:
            scope = f"repository:{asked}:{'pull' if action == 'pull' else 'pull,push'}" if asked else "aws"
            challenge = f'Bearer realm="{registry.url}/token",service="fake, registry",scope="{scope}"'
            challenge += f',error="{registry.challenge_error}"' if token and registry.challenge_error else ""
            self.fail(401, message="Not Authorized", headers={"WWW-Authenticate": challenge})
        return False

    def serve_token(self):
        registry = self.registry
        registry.scopes.append(self.query.get("scope", []))
        if not registry.anonymous and not self.basic_is_right():
            return self.fail(401, message="wrong user or password")
        token = "token-" + secrets.token_hex(16)
        granted = self.query.get("scope", [])
        if registry.grants is not None:
            granted = [scope.rpartition(":")[0] + ":" + registry.grants for scope in granted]
        registry.tokens[token] = [granted, registry.token_uses,
                                  time.monotonic() + registry.expires_in]
        return self.answer(200, {}, registry.token_answer(token, registry.expires_in))

    # Blobs

    def serve_content(self, data, headers):
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if match is None or not self.registry.ranges:
            return self.answer(200, headers, data)
        first, last = int(match[1]), min(int(match[2] or len(data)), len(data) - 1)
        if first > last:
            return self.fail(416)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return self.answer(206, headers, data[first:last + 1])

    def serve_blob(self, name, digest):
        data = self.registry.blobs[name].get(digest)
        if data is None:
            return self.fail(404, "BLOB_UNKNOWN", "blob unknown to registry")
        if self.registry.cdn is not None and self.command == "GET":
            location = f"{self.registry.cdn_url}/{name}/{digest}?X-Amz-Signature=a%2Fb"
            return self.answer(307, {"Location": location})
        return self.serve_content(data, {"Docker-Content-Digest": digest})

    def serve_cdn(self, path):
        name, _, digest = path.strip("/").rpartition("/")
        data = self.registry.blobs[name].get(digest)
        return self.fail(404) if data is None else self.serve_content(data, {})

    def serve_upload(self, name, upload, body):
        registry = self.registry
        if self.command == "POST":
            digest, source = self.query.get("mount", [None])[0], self.query.get("from", [None])[0]
            if registry.mount and source is not None and digest in registry.blobs[source]:
                registry.blobs[name][digest] = registry.blobs[source][digest]
                return self.answer(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})
            upload = secrets.token_hex(8)
            registry.uploads.add(upload)
            origin = registry.url if registry.locations == "absolute" else ""
            return self.answer(202, {"Location": f"{origin}/v2/{name}/blobs/uploads/{upload}?state=a%2Bb&x"})
        if self.command != "PUT" or upload not in registry.uploads:
            return self.fail(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        registry.uploads.remove(upload)
        digest = digest_of(body)
        if self.query.get("state") != ["a+b"] or "x" not in self.query:
            return self.fail(400, "BLOB_UPLOAD_INVALID", "the query of the Location is missing")
        if self.query.get("digest") != [digest]:
            return self.fail(400, "DIGEST_INVALID", f"the content has {digest}")
        registry.blobs[name][digest] = body
        return self.answer(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    # Manifests

    def serve_manifest(self, name, tag, body):
        if self.command == "PUT":
            return self.take_manifest(name, tag, body)
        stored = self.registry.manifests[name].get(tag)
        if stored is None:
            return self.fail(404, "MANIFEST_UNKNOWN", f"Requested image not found: {tag}")
        data, media_type = stored
        return self.answer(200, {"Content-Type": media_type, "Docker-Content-Digest": digest_of(data)}, data)

    def take_manifest(self, name, tag, body):
        registry, document, digest = self.registry, json.loads(body), digest_of(body)
        media_type = self.headers.get("Content-Type")
        if registry.strict and document.get("mediaType") != media_type:
            message = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
            return self.fail(405, "UNSUPPORTED", message)
        if registry.immutable and tag in registry.manifests[name]:
            message = (f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
                       "because the tag is immutable.")
            return self.fail(400, "TAG_INVALID", message)
        wanted = [item["digest"] for item in [*document.get("layers", []), document.get("config")] if item]
        missing = [item for item in wanted if item not in registry.blobs[name]
                   or (item == EMPTY_BLOB and not registry.empty_blobs)]
        if missing:
            message = f"Layers with digests '[{', '.join(missing)}]' required for pushing image do not exist"
            return self.fail(registry.unknown_blob_status, "BLOB_UPLOAD_UNKNOWN", message)
        registry.put_manifest(name, body, tag, media_type=media_type)
        return self.answer(201, {"Docker-Content-Digest": digest, "Location": f"/v2/{name}/manifests/{digest}"})


class FakeRegistry:
    """auth: None, "basic" or "bearer"; expired_answer: "challenge", "bare" (400) or "message" (403).

    scope_prefix: what tokens need before the name, as after a rewriting proxy; grants: the actions that tokens get,
    whatever is asked for; challenge_error: of challenges to a token; token_answer: (token, seconds) -> document;
    rounds: Rounds, with which faults do not strike; keeps: connections stay open;
    hides: without credentials, what is asked for is not there.
    """

    def __init__(self, *, auth=None, user="alice", password="secret-password", anonymous=False, token_uses=None,
                 expires_in=300, expired_answer="challenge", authority=None, locations="relative", mount=False,
                 cdn=False, cdn_authority=None, ranges=True, head_bodies=False, strict=True, immutable=False,
                 empty_blobs=False, unknown_blob_status=404, repositories=None, address="127.0.0.1",
                 scope_prefix="", grants=None, challenge_error=None, rounds=None, keeps=True, hides=False,
                 token_answer=lambda token, seconds: {"token": token, "expires_in": seconds}):
        self.scope_prefix, self.grants = scope_prefix, grants
        self.rounds, self.keeps, self.hides = rounds, keeps, hides
        self.challenge_error, self.token_answer = challenge_error, token_answer
        self.auth, self.user, self.password, self.anonymous = auth, user, password, anonymous
        self.token_uses, self.expires_in, self.expired_answer = token_uses, expires_in, expired_answer
        self.locations, self.mount, self.ranges, self.head_bodies = locations, mount, ranges, head_bodies
        self.strict, self.immutable, self.empty_blobs = strict, immutable, empty_blobs
        self.unknown_blob_status, self.repositories = unknown_blob_status, repositories
        self.blobs = collections.defaultdict(dict)      # repository -> digest -> bytes
        self.manifests = collections.defaultdict(dict)  # repository -> tag or digest -> (bytes, media type)
        self.tokens, self.scopes, self.uploads = {}, [], set()
        self.log, self.faults, self.lock, self.stopping = [], [], threading.Lock(), threading.Event()
        self.servers, self.cdn = [], None
        self.server = self.start(address, authority)
        self.port = self.server.server_port
        self.host = f"{'localhost' if authority else address}:{self.port}"
        self.url = f"{'https' if authority else 'http'}://{self.host}"
        if cdn:
            self.cdn = self.start("127.0.0.1", cdn_authority, is_cdn=True)
            self.cdn_url = f"{'https://localhost' if cdn_authority else 'http://127.0.0.1'}:{self.cdn.server_port}"

    def start(self, address, authority, is_cdn=False):
        attributes = {"registry": self, "context": authority.context if authority else None, "is_cdn": is_cdn}
        server = Server((address, 0), type("Handler", (Handler,), attributes))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.servers.append(server)
        return server

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def fault(self, method, path, **how):
        rule = Fault(method, re.compile(path), **how)
        self.faults.append(rule)
        return rule

    def next_fault(self, method, path, is_cdn):
        """Faults are meant for the registry, but for paths that begin with the word cdn."""
        path = ("cdn" if is_cdn else "") + urllib.parse.unquote(path)
        with self.lock:
            for rule in self.faults:
                if rule.times <= 0 or rule.method != method or not rule.path.search(path):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                rule.times -= 1
                return rule
        return None

    def note(self, request):
        with self.lock:
            self.log.append(request)
            return len(self.log) - 1

    def requests(self, method, path="", server="registry"):
        """Those that arrived so far."""
        return [request for request in self.log if request.method == method and request.server == server
                and re.search(path, urllib.parse.unquote(request.path))]

    def wait_for(self, method, path, server="registry", seconds=10):
        deadline = time.monotonic() + seconds
        while not self.requests(method, path, server):
            if time.monotonic() > deadline:
                raise RuntimeError(f"no {method} {path} arrived")
            time.sleep(0.01)

    def use_token(self, token, name, action, now):
        with self.lock:
            scopes, uses, expires = self.tokens.get(token, ([], 0, 0))
            if uses == 0 or now > expires:
                return False
            if uses is not None:
                self.tokens[token][1] -= 1
        return name is None or any(scope.startswith(f"repository:{name}:") and action in scope for scope in scopes)

    # Content before the test begins

    def put_blob(self, name, data):
        self.blobs[name][digest_of(data)] = data
        return {"digest": digest_of(data), "size": len(data)}

    def put_manifest(self, name, document, *tags, media_type="application/vnd.oci.image.manifest.v1+json"):
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        for tag in (*tags, digest_of(data)):
            self.manifests[name][tag] = (data, media_type)
        return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


class Proxy(socketserver.ThreadingTCPServer):
    """An HTTPS proxy: CONNECT to anything leads to one port of 127.0.0.1. targets: what was asked for."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            words = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            self.server.targets.append(" ".join(words[:2]))
            if words[0] != "CONNECT":
                self.wfile.write(b"HTTP/1.1 405 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self.server.port)) as other:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self.copy, args=(other, self.connection), daemon=True)
                back.start()
                self.copy(self.connection, other)
                back.join(5)

        @staticmethod
        def copy(source, target):
            with contextlib.suppress(OSError):
                while data := source.recv(1 << 16):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.port, self.targets = port, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
