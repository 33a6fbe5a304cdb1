"""Small wheels, and a package index on loopback that serves them: JSON (PEP 691) or HTML (PEP 503)."""

import base64
import contextlib
import hashlib
import html
import http.server
import io
import json
import threading
import zipfile


def sha256_of(data):
    return hashlib.sha256(data).hexdigest()


def record_hash(data):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def make_wheel(name, version, tag="py3-none-any", files=None, entry_points=None, requires=(), metadata="", inside=None, record=""):
    """The file name and the bytes of a wheel with @files, {path: content}; a module of its name by default. @inside: the tag that WHEEL
    has, else @tag; @record: rows for RECORD that are not true."""
    files = dict(files if files is not None else {f"{name}/__init__.py": f"VERSION = '{version}'\n"})
    info = f"{name}-{version}.dist-info"
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {str('none-any' in tag).lower()}\nTag: {inside or tag}\n"
    files[f"{info}/METADATA"] = (f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                                 + metadata + "".join(f"Requires-Dist: {item}\n" for item in requires))
    if entry_points:
        files[f"{info}/entry_points.txt"] = "[console_scripts]\n" + "".join(f"{k} = {v}\n" for k, v in entry_points.items())
    contents = {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}
    rows = "".join(f"{path},{record_hash(data)},{len(data)}\n" for path, data in contents.items())
    contents[f"{info}/RECORD"] = (record + rows + f"{info}/RECORD,,\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            member = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            member.external_attr = 0o100644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return f"{name}-{version}-{tag}.whl", buffer.getvalue()


def requirement(name, version, *files, marker=""):
    """A line of a requirements file for (file name, bytes) pairs."""
    hashes = "".join(f" \\\n    --hash=sha256:{sha256_of(data)}" for _, data in files)
    return f"{name}=={version}{' ; ' + marker if marker else ''}{hashes}\n"


class Index:
    """Serves {project: {file name: bytes}} under /simple/, files under /files/."""

    def __init__(self, html_pages=False, user=None):
        self.projects, self.log, self.html_pages, self.user = {}, [], html_pages, user
        self.faults = {}  # path -> (status, content type, body)
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def respond(self):
                status, kind, body = index.answer(self.path, self.headers)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return body

            def do_GET(self):
                index.log.append((self.path, self.headers))
                body = self.respond()
                with contextlib.suppress(OSError):
                    self.wfile.write(b"" if self.command == "HEAD" else body)

            do_HEAD = do_GET

            def do_HEAD(self):  # uv asks so
                self.respond()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/simple"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def add(self, *files):
        for file_name, data in files:
            project = file_name.split("-")[0].lower().replace("_", "-")
            self.projects.setdefault(project, {})[file_name] = data

    def requests(self, part):
        return [path for path, _ in self.log if part in path]

    def answer(self, path, headers):
        if path in self.faults:
            return self.faults[path]
        if self.user and headers.get("Authorization") != "Basic " + base64.b64encode(self.user.encode()).decode():
            return 401, "text/plain", b"who are you?"
        parts = path.partition("?")[0].strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2 and parts[1] in self.projects:
            return self.page(parts[1])
        if parts[0] == "files" and len(parts) == 3 and parts[2] in self.projects.get(parts[1], {}):
            return 200, "application/octet-stream", self.projects[parts[1]][parts[2]]
        return 404, "text/html", b"<html><body>Not found</body></html>"

    def page(self, project):
        files = self.projects[project]
        if self.html_pages:
            links = "".join(f'<a href="../../files/{project}/{html.escape(name)}#sha256={sha256_of(data)}">{name}</a><br/>\n'
                            for name, data in files.items())
            return 200, "text/html", f"<!DOCTYPE html><html><body>\n{links}</body></html>".encode()
        document = {"meta": {"api-version": "1.1"}, "name": project,
                    "files": [{"filename": name, "url": f"/files/{project}/{name}", "hashes": {"sha256": sha256_of(data)},
                               "size": len(data)} for name, data in files.items()]}
        return 200, "application/vnd.pypi.simple.v1+json", json.dumps(document).encode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
