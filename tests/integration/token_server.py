"""A token server for docker-registry, as distribution's token specification has it: in the test's own process."""

import base64
import contextlib
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

ISSUER, SERVICE = "test-issuer", "test-registry"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenServer:
    """Gives tokens to @users ({name: password}), and without a password for what @anonymous allows.

    Tokens are JWTs signed by the openssl program with a key that the registry finds in their x5c header.
    """

    def __init__(self, directory, users=None, anonymous=(), lifetime=300, refuse_several=False):
        self.users, self.anonymous, self.lifetime = users or {}, set(anonymous), lifetime
        self.refuse_several = refuse_several  # scopes of several repositories in one request
        self.scopes = []  # of each request, a list
        self.key, self.certificate = directory / "token-key.pem", directory / "token-cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={ISSUER}",
                        "-keyout", str(self.key), "-out", str(self.certificate)], check=True, capture_output=True)
        der = subprocess.run(["openssl", "x509", "-in", str(self.certificate), "-outform", "DER"], check=True,
                             capture_output=True).stdout
        self.header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                status, document = server.answer(self.path, self.headers.get("Authorization"))
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def registry_config(self):
        """The "auth" section of docker-registry's configuration."""
        return {"token": {"realm": f"http://127.0.0.1:{self.http.server_port}/token", "service": SERVICE, "issuer": ISSUER,
                          "rootcertbundle": str(self.certificate)}}

    def sign(self, claims):
        message = f"{base64url(json.dumps(self.header).encode())}.{base64url(json.dumps(claims).encode())}"
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.key)], input=message.encode(),
                                   check=True, capture_output=True).stdout
        return f"{message}.{base64url(signature)}"

    def user_of(self, authorization):
        """The user's name, "" without credentials, None for wrong credentials."""
        if not authorization:
            return ""
        with contextlib.suppress(ValueError):
            name, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            if self.users.get(name) == password:
                return name
        return None

    def answer(self, path, authorization):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        scopes = [scope for value in query.get("scope", []) for scope in value.split()]
        self.scopes.append(scopes)
        user = self.user_of(authorization)
        if user is None:
            return 401, {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]}
        if self.refuse_several and len(scopes) > 1:
            return 403, {"errors": [{"code": "DENIED", "message": "one repository at a time"}]}
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = [action for action in actions.split(",") if user or action in self.anonymous]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        token = self.sign({"iss": ISSUER, "sub": user, "aud": SERVICE, "iat": now, "nbf": now - 10,
                           "exp": now + self.lifetime, "jti": str(len(self.scopes)), "access": access})
        return 200, {"token": token, "expires_in": self.lifetime}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
