"""Messages about the commonest mistakes: tests/fixtures/mistakes.json, a row for each.

A message says what failed, why, and what to do. After a change, read the message here without looking at the source.
"""

import collections
import http.server
import json
import os
import pathlib
import re
import ssl
import subprocess
import threading
import unittest

from terrane_test import TERRANE, TOP, TestCase, remove_tree

FIXTURE = TOP / "tests/fixtures/mistakes.json"
ROWS = json.loads(FIXTURE.read_text(encoding="utf-8"))
NEEDED = {"command", "arguments", "option", "reference", "profile", "json", "image", "lock", "event", "place", "network"}


class Registry(http.server.BaseHTTPRequestHandler):
    """Refuses what is below denied/, has nothing else, and answers with a page for page/."""

    def do_GET(self):
        denied, page = "/denied/" in self.path, "/page/" in self.path
        body = b"<html>a login page</html>" if page else b'{"errors":[{"code":"%s"}]}' % (b"UNAUTHORIZED" if denied else b"NAME_UNKNOWN")
        self.send_response(401 if denied else 200 if page or self.path == "/v2/" else 404)
        if denied:
            self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        self.send_header("Content-Type", "text/html" if page else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, *_):
        pass


class Mistakes(TestCase):
    def setUp(self):
        super().setUp()
        root = self.directory / "root/bin"
        root.mkdir(parents=True)
        (root / "program").write_bytes(b"")
        profile = {"name": "tiles", "platform": "linux/amd64", "target": "oci", "base": {"directory": "root"}, "config": {"cmd": ["/bin/program"]}}
        self.write("p.json", json.dumps(profile))
        self.run_terrane("-q", "build", "--no-validate", "--no-lock", self.directory / "p.json")
        self.ports = {"port": self.serve(), "tls": self.serve_with_a_certificate_of_nobody()}
        kept = ("PATH", "LD_LIBRARY_PATH", "G_DEBUG", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")
        self.environment = {key: os.environ[key] for key in kept if key in os.environ} | {
            "HOME": str(self.directory), "TERRANE_STORE": str(self.store), "LC_ALL": "C.UTF-8",
            "REGISTRY_AUTH_FILE": str(self.directory / "auth.json")}
        self.write("auth.json", "{}")

    def serve_with_a_certificate_of_nobody(self):
        key, certificate = self.directory / "key.pem", self.directory / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-days", "3650", "-keyout", key, "-out", certificate], check=True,
                       capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return self.serve(context)

    def serve(self, context=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
        server.handle_error = lambda *_: None  # of a client that does not trust the certificate
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def answer(self, row):
        """The exit code, and all that is on standard error, of one row."""
        before = set(self.directory.iterdir())
        for name, content in row.get("files", {}).items():
            path = self.directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="")
        words = [word.format(**self.ports) if re.search(r"{[a-z]+}", word) else word for word in row["words"]]
        result = subprocess.run([TERRANE, *words], cwd=self.directory, env=self.environment, capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=60)
        for path in set(self.directory.iterdir()) - before:
            remove_tree(path) if path.is_dir() else path.unlink()
        lines = [line for line in result.stderr.splitlines() if not re.match(r"terrane: (asking|reading|pushing to) ", line)]
        text = "\n".join(lines).replace(str(self.directory), "DIRECTORY")
        for name, port in self.ports.items():
            text = text.replace(f":{port}", f":{{{name}}}").replace(f"port {port}", f"port {{{name}}}")
        text = re.sub(r"not trusted: [^;\n]*; put", "not trusted: REASON; put", text)  # in the words of the TLS library
        return result.returncode, re.sub(r"trying again in [0-9.]+ s", "trying again in N s", text)

    def test_every_row(self):
        for row in ROWS:
            with self.subTest(" ".join(row["words"]), files=row.get("files")):
                self.assertEqual(self.answer(row), (row["exit"], "\n".join(row["message"])))


class Fixture(unittest.TestCase):
    def test_it_has_all_kinds(self):
        self.assertGreaterEqual(len(ROWS), 60)
        self.assertEqual({row["group"] for row in ROWS}, NEEDED)
        twice = collections.Counter(json.dumps([row["words"], row.get("files")]) for row in ROWS)
        self.assertEqual([words for words, count in twice.items() if count > 1], [])

    def test_form(self):
        for row in ROWS:
            text = "\n".join(row["message"])
            with self.subTest(text):
                self.assertIn(row["exit"], (1, 2, 3, 4))
                self.assertTrue(text.startswith("terrane: "), text)
                self.assertFalse(text.endswith("."))
                self.assertNotRegex(text, r"\(null\)|errno|json_|curl_|g_[a-z]+_|archive_|ostree_|os error|HTTP/")

    def test_commands_that_messages_name_exist(self):
        commands = set(subprocess.run([TERRANE, "--list-commands"], capture_output=True, text=True, check=True).stdout.split())
        sources = "\n".join(path.read_text(encoding="utf-8") for folder in ("builder", "oci") for path in (TOP / folder).rglob("*.c"))
        named = set(re.findall(r"'terrane ([a-z]+)\b", sources))
        self.assertGreater(len(named), 10)
        self.assertLessEqual(named, commands)


if __name__ == "__main__":
    if pathlib.Path(os.environ.get("MISTAKES_OUT", "")).name:  # writes what terrane says now, to be read
        case = Mistakes("test_every_row")
        case.setUp()
        for row in ROWS:
            row["exit"], text = case.answer(row)
            row["message"] = text.split("\n")
        FIXTURE.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n]\n", encoding="utf-8")
        case.doCleanups()
    else:
        unittest.main()
