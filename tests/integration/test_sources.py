"""Where trees come from: files on web servers, ostree repositories, paths of images, and what of them is taken."""

import base64
import fcntl
import functools
import hashlib
import http.server
import io
import json
import os
import random
import signal
import subprocess
import tarfile
import threading
import time
import unittest
import zlib

from terrane_test import Registry, TERRANE, TestCase, have, make_tar, read_cache_entry, write_cache_entry
from web_server import Server, WebServer

HELP = subprocess.run([TERRANE, "--help"], capture_output=True, text=True).stdout
DAY = 24 * 60 * 60


def make_archive(*members, size=0):
    """An uncompressed tar of (name, kind, value) members, and a file of @size bytes that do not compress."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        if size:
            members = (*members, ("large", "file", random.Random(size).randbytes(size)))
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            info.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.LNKTYPE,
                         "symlink": tarfile.SYMTYPE}[kind]
            info.mode = 0o755 if kind == "dir" else 0o644
            if kind == "file":
                info.size = len(value)
            else:
                info.linkname = value or ""
            tar.addfile(info, io.BytesIO(value if kind == "file" else b""))
    return buffer.getvalue()


def sha256_of(data):
    return hashlib.sha256(data).hexdigest()


class SourceCase(TestCase):
    def setUp(self):
        super().setUp()
        self.env = {"HOME": str(self.directory), "REGISTRY_AUTH_FILE": "", "XDG_CONFIG_HOME": "", "http_proxy": "",
                    "https_proxy": "", "HTTPS_PROXY": "", "ALL_PROXY": "", "all_proxy": "", "NO_PROXY": "", "no_proxy": ""}

    def tearDown(self):
        if self.store.exists():
            self.assert_store_is_sound()

    def profile(self, *trees, **members):
        return self.write_profile(trees=[{"prefix": "/", **tree} for tree in trees], **members)

    def build_trees(self, *trees, **options):
        return self.build(self.profile(*trees), env=self.env, **options)

    def build_fails(self, exit_code, pattern, *trees, arguments=(), **members):
        return self.assert_fails(exit_code, pattern, *arguments, "build", self.profile(*trees, **members), env=self.env)

    def files(self, record, tree):
        """The content of the layer of a tree: path -> content, target of a symbolic link, or None for a directory."""
        layers = [layer for layer in record["layers"] if layer["tree"] == tree]
        found = {}
        for layer in layers:
            with self.open_layer(layer) as tar:
                contents = {}
                for member in tar:
                    if member.isdir():
                        contents[member.name] = None
                    elif member.issym():
                        contents[member.name] = "-> " + member.linkname
                    else:
                        contents[member.name] = tar.extractfile(member).read()
                found.update(contents)
        return {name: value for name, value in found.items() if value is not None}

    def popen(self, *arguments):
        process = subprocess.Popen([TERRANE, "--store", str(self.store), *map(str, arguments)],
                                   env={**os.environ, **self.env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def downloads(self):
        return sorted(path.name for path in (self.store / "downloads/blobs/sha256").iterdir())

    def offline(self):
        """--offline, or another proof that no server is asked: that there is none."""
        return ["--offline"] if "--offline" in HELP else []


class Downloads(SourceCase):
    SIZE = 500_000

    def setUp(self):
        super().setUp()
        self.server = WebServer()
        self.addCleanup(self.stop)
        self.data = make_archive(("bin/app", "file", b"app"), size=self.SIZE)
        self.server.files["/app.tar"] = self.data
        self.tree = {"name": "app", "archive": f"{self.server.url}/app.tar", "sha256": sha256_of(self.data)}

    def stop(self):
        if self.server is not None:
            self.server.stop()
        self.server = None

    def assert_built(self, record):
        self.assertEqual(self.files(record, "app")["bin/app"], b"app")
        self.assertEqual(self.downloads(), [sha256_of(self.data)])
        self.assertFalse(list((self.store / "downloads/partial").glob("*")))

    def test_healthy_and_once(self):
        record = self.build_trees(self.tree)
        self.assert_built(record)
        again = self.build_trees(self.tree)
        self.assertEqual(again["digest"], record["digest"])
        self.assertEqual(self.server.ranges("/app.tar"), [None])
        # The bytes are those of the same archive as a file.
        self.write("app.tar", self.data)
        local = self.build_trees({"name": "app", "archive": "app.tar"})
        self.assertEqual(local["layers"][-1]["digest"], record["layers"][-1]["digest"])

    def test_cut_download_goes_on(self):
        self.server.fault("/app.tar", times=3, cut_after=120_000)
        self.assert_built(self.build_trees(self.tree))
        self.assertEqual(self.server.ranges("/app.tar"), [None, "bytes=120000-", "bytes=240000-", "bytes=360000-"])

    def test_cut_chunks(self):
        """Without a Content-Length only the last chunk says that all is there."""
        self.server.fault("/app.tar", chunked=True, cut_after=6 * 16384)
        self.server.fault("/app.tar", chunked=True)
        self.assert_built(self.build_trees(self.tree))
        self.assertEqual(self.server.ranges("/app.tar")[:2], [None, f"bytes={6 * 16384}-"])

    def test_server_without_ranges(self):
        self.server.fault("/app.tar", cut_after=120_000)
        self.server.fault("/app.tar", no_ranges=True)
        self.assert_built(self.build_trees(self.tree))
        self.assertEqual(self.server.ranges("/app.tar"), [None, "bytes=120000-"])

    def test_another_range(self):
        self.server.fault("/app.tar", cut_after=120_000)
        self.server.fault("/app.tar", wrong_range=True)
        self.assert_built(self.build_trees(self.tree))
        self.assertEqual(self.server.ranges("/app.tar"), [None, "bytes=120000-", None])

    def test_busy_server(self):
        self.server.fault("/app.tar", status=503, headers={"Retry-After": "0"})
        result = self.run_terrane("build", self.profile(self.tree), env=self.env)
        self.assertRegex(result.stderr, r"‘http://127\.0\.0\.1:\d+/app\.tar’: HTTP 503; trying again in")

    def test_killed_download_goes_on(self):
        self.server.fault("/app.tar", drip=0.05)
        process = self.popen("build", self.profile(self.tree))
        partial = self.store / "downloads/partial" / sha256_of(self.data)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (partial.exists() and partial.stat().st_size >= 65536):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = partial.stat().st_size
        self.assertGreaterEqual(there, 65536)
        self.assert_built(self.build_trees(self.tree))
        self.assertEqual(self.server.ranges("/app.tar"), [None, f"bytes={there}-"])

    def test_interrupted(self):
        self.server.fault("/app.tar", drip=0.2)
        process = self.popen("build", self.profile(self.tree))
        partial = self.store / "downloads/partial" / sha256_of(self.data)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not partial.exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 130)

    def test_all_was_there_already(self):
        """A process that died after the last byte; the server answers 416 to the request of the rest."""
        self.build_trees(self.tree)
        blob = self.store / "downloads/blobs/sha256" / sha256_of(self.data)
        self.run_terrane("rm", "test")
        self.run_terrane("gc")
        (self.store / "downloads/partial").mkdir(exist_ok=True)
        blob.rename(self.store / "downloads/partial" / sha256_of(self.data))
        self.assert_built(self.build_trees(self.tree))
        self.assertEqual(self.server.ranges("/app.tar"), [None, f"bytes={len(self.data)}-"])

    def test_damaged_beginning(self):
        """Files that a machine lost in a crash are fetched again."""
        (self.directory / "empty").mkdir()
        self.build_trees({"name": "empty", "directory": "empty"})
        partial = self.store / "downloads/partial"
        partial.mkdir(exist_ok=True)
        for leftover, ranges in ((bytes(1000), ["bytes=1000-", None]), (bytes(self.SIZE * 2), [f"bytes={self.SIZE * 2}-", None])):
            (partial / sha256_of(self.data)).write_bytes(leftover)
            self.server.log.clear()
            self.assert_built(self.build_trees(self.tree))
            self.assertEqual(self.server.ranges("/app.tar"), ranges)
            (self.store / "downloads/blobs/sha256" / sha256_of(self.data)).unlink()
            self.run_terrane("rm", "test")
            self.run_terrane("gc")
            partial.mkdir(exist_ok=True)

    def test_wrong_digest(self):
        wrong = "0" * 64
        message = self.build_fails(1, rf"‘{self.server.url}/app.tar’: .*sha256:{sha256_of(self.data)}, expected sha256:{wrong}",
                                   {**self.tree, "archive": f"{self.server.url}/app.tar?token=secret", "sha256": wrong})
        self.assertNotIn("secret", message)
        self.assertNotIn("web page", message)
        self.assertEqual(self.downloads(), [])

    def test_web_page_instead(self):
        self.server.files["/login"] = b"<html>Log in</html>"
        self.server.types["/login"] = "text/html; charset=utf-8"
        self.server.fault("/app.tar", status=302, headers={"Location": "/login"}, times=9)
        self.build_fails(1, r"the content has 19 bytes.*; a web page came instead of the file", self.tree)

    def test_refusals(self):
        self.build_fails(1, r"‘http://.*/gone’: 127\.0\.0\.1 has no such file \(HTTP 404\)",
                         {**self.tree, "archive": f"{self.server.url}/gone"})
        self.server.passwords["/app.tar"] = "Basic " + base64.b64encode(b"alice:open sesame").decode()
        self.build_fails(1, r"127\.0\.0\.1 does not give it to everybody \(HTTP 401\)", self.tree)

    def test_user_in_the_url(self):
        self.server.passwords["/app.tar"] = "Basic " + base64.b64encode(b"alice:open sesame").decode()
        with_user = self.server.url.replace("//", "//alice:open%20sesame@")
        other = WebServer()
        self.addCleanup(other.stop)
        other.files["/moved.tar"] = self.data
        message = self.build_fails(1, r"does not take the user and password \(HTTP 401\)",
                                   {**self.tree, "archive": with_user.replace("sesame", "wrong") + "/app.tar"})
        self.assertNotIn("wrong", message)
        self.server.fault("/app.tar", status=302, headers={"Location": f"{other.url}/moved.tar"})
        self.build_trees({**self.tree, "archive": f"{with_user}/app.tar"})
        self.assertEqual(self.server.log[-1].authorization, self.server.passwords["/app.tar"])
        self.assertEqual([request.authorization for request in other.log], [None])
        for path in self.store.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"sesame", path.read_bytes(), path)

    def test_redirect(self):
        self.server.files["/moved/app-1.tar"] = self.data
        self.server.fault("/app.tar", status=302, headers={"Location": "/moved/app-1.tar"})
        self.assert_built(self.build_trees(self.tree))

    def test_plain_http_elsewhere_is_refused(self):
        self.build_fails(1, r"plain HTTP is only used with this machine itself",
                         {**self.tree, "archive": "http://203.0.113.1/app.tar"})

    def test_two_trees_with_one_url(self):
        record = self.build_trees({**self.tree, "prefix": "/opt"}, {**self.tree, "name": "other", "prefix": "/srv"})
        self.assertEqual(self.server.ranges("/app.tar"), [None])
        self.assertIn("srv/bin/app", self.files(record, "other"))

    def test_several_files_and_a_base(self):
        more = make_archive(("bin/more", "file", b"more"))
        base = make_archive(("etc/os-release", "file", b"NAME=x\n"))
        self.server.files.update({"/more.tar": more, "/base.tar": base})
        record = self.build(self.profile({"name": "app", "archive": [
            {"url": f"{self.server.url}/app.tar", "sha256": sha256_of(self.data)},
            {"url": f"{self.server.url}/more.tar", "sha256": sha256_of(more)}]},
            base={"archive": f"{self.server.url}/base.tar", "sha256": sha256_of(base)}), env=self.env)
        files = self.files(record, "app")
        self.assertEqual((files["bin/app"], files["bin/more"]), (b"app", b"more"))
        self.assertEqual(self.downloads(), sorted(map(sha256_of, (self.data, more, base))))

    def test_not_an_archive(self):
        self.server.files["/app.tar"] = data = b"no archive" * 100
        self.build_fails(1, rf"trees\[0\]: .*the download sha256:{sha256_of(data)[:12]}…", {**self.tree, "sha256": sha256_of(data)})

    def test_without_the_server(self):
        """The store's content needs no server: neither for the same tree nor for another of the same file."""
        record = self.build_trees(self.tree)
        self.stop()
        again = self.build(self.profile(self.tree), *self.offline(), env=self.env)
        self.assertEqual(again["digest"], record["digest"])
        self.build(self.profile({**self.tree, "prefix": "/opt"}), *self.offline(), env=self.env)

    def test_offline(self):
        self.build_fails(1, rf"--offline: ‘{self.server.url}/app.tar’ is not in the store", self.tree, arguments=["--offline"])
        self.assertEqual(self.server.log, [])

    def test_gc_keeps_what_was_used_lately(self):
        self.build_trees(self.tree)
        self.run_terrane("rm", "test")
        report = json.loads(self.run_terrane("--json", "gc").stdout)
        self.assertEqual((report["downloads"], self.downloads()), (0, [sha256_of(self.data)]))
        blob = self.store / "downloads/blobs/sha256" / sha256_of(self.data)
        old = time.time() - 31 * DAY
        os.utime(blob, (old, old))
        self.build_trees(self.tree)  # which is a use
        self.run_terrane("gc")
        self.assertEqual(self.downloads(), [sha256_of(self.data)])
        os.utime(blob, (old, old))
        self.write("downloads-partial", "x")
        report = json.loads(self.run_terrane("--json", "gc").stdout)
        self.assertEqual((report["downloads"], self.downloads()), (1, []))
        self.assertGreaterEqual(report["bytes"], len(self.data))
        # The image and its tree are there, so nothing is fetched again.
        requests = len(self.server.log)
        self.build_trees(self.tree)
        self.assertEqual(len(self.server.log), requests)

    def test_fsck_finds_a_damaged_download(self):
        self.build_trees(self.tree)
        blob = self.store / "downloads/blobs/sha256" / sha256_of(self.data)
        blob.chmod(0o644)
        with blob.open("r+b") as file:
            file.write(b"X")
        result = self.run_terrane("fsck", exit_code=1)
        self.assertIn(f"download sha256:{sha256_of(self.data)}", result.stdout + result.stderr)
        self.run_terrane("fsck", "--repair")
        self.assertEqual(self.downloads(), [])
        self.build_trees({**self.tree, "prefix": "/again"})
        self.assertEqual(self.server.ranges("/app.tar"), [None, None])

    def test_no_other_program_sees_them(self):
        self.build_trees(self.tree)
        self.assertFalse((self.layout() / "blobs/sha256" / sha256_of(self.data)).exists())


class Choice(SourceCase):
    """include, exclude, rename, strip_components, prefix."""

    MEMBERS = [("pkg-1/", "dir", None), ("pkg-1/bin/tool", "file", b"tool"), ("pkg-1/lib/a.so", "file", b"a"),
               ("pkg-1/lib/a.h", "file", b"h"), ("pkg-1/lib/b.so", "link", "pkg-1/lib/a.so"),
               ("pkg-1/lib/c.so", "symlink", "a.so"), ("pkg-1/share/doc/x", "file", b"x")]

    def setUp(self):
        super().setUp()
        make_tar(self.directory / "pkg.tar", self.MEMBERS)

    def take(self, **keys):
        return self.files(self.build_trees({"name": "pkg", "archive": "pkg.tar", "strip_components": 1, **keys}), "pkg")

    def warnings(self, **keys):
        profile = self.profile({"name": "pkg", "archive": "pkg.tar", "strip_components": 1, **keys})
        return self.run_terrane("build", profile).stderr

    def fails(self, exit_code, pattern, **keys):
        self.build_fails(exit_code, pattern, {"name": "pkg", "archive": "pkg.tar", "strip_components": 1, **keys})

    def test_include(self):
        self.assertEqual(self.take(include=["bin"]), {"bin/tool": b"tool"})
        self.assertEqual(set(self.take(include=["lib/*.so"])), {"lib/a.so", "lib/b.so", "lib/c.so"})
        self.assertEqual(set(self.take(include=["**/x", "bin/**"])), {"share/doc/x", "bin/tool"})

    def test_exclude_wins(self):
        self.assertEqual(set(self.take(include=["lib"], exclude=["**/*.h"])), {"lib/a.so", "lib/b.so", "lib/c.so"})
        self.assertEqual(self.take(include=["lib/a.*"], exclude=["lib/a.so"]), {"lib/a.h": b"h"})

    def test_rename(self):
        files = self.take(rename={"lib": "lib64", "bin/tool": "bin/tool-1"}, prefix="/opt")
        self.assertEqual(set(files), {"opt/bin/tool-1", "opt/lib64/a.so", "opt/lib64/a.h", "opt/lib64/b.so", "opt/lib64/c.so",
                                      "opt/share/doc/x"})
        self.assertEqual(files["opt/lib64/b.so"], b"a")
        self.assertEqual(files["opt/lib64/c.so"], "-> a.so")

    def test_the_first_rename_counts(self):
        files = self.take(include=["lib"], rename={"lib/a.so": "lib/z.so", "lib": "l"})
        self.assertEqual(set(files), {"lib/z.so", "l/a.h", "l/b.so", "l/c.so"})
        self.assertEqual(files["l/b.so"], b"a")  # a hard link to what has another name now

    def test_two_become_one(self):
        self.fails(2, r"rename: ‘pkg-1/lib/a\.so’ and ‘pkg-1/lib/a\.h’ would both be ‘lib/a\.h’", rename={"lib/a.so": "lib/a.h"})
        self.fails(1, r"the path goes through bin/tool, which is a file", rename={"lib": "bin/tool"})

    def test_hard_links_need_their_target(self):
        self.fails(2, r"‘pkg-1/lib/b\.so’ is a hard link to ‘pkg-1/lib/a\.so’, which ‘exclude’ leaves out", exclude=["lib/a.so"])
        self.fails(2, r"which ‘include’ does not take; add that to it", include=["lib/b.so"])
        self.assertEqual(set(self.take(exclude=["lib/a.so", "lib/b.so", "lib/a.h", "share", "bin"])), {"lib/c.so"})

    def test_what_matches_nothing(self):
        warned = self.warnings(include=["bin", "nothing/**"], exclude=["lib/x", "**/__pycache__"], rename={"gone": "here"})
        for text in ("trees[0].include: ‘nothing/**’ matches nothing", "trees[0].exclude: ‘lib/x’ matches nothing",
                     "trees[0].rename: ‘gone’ matches nothing"):
            self.assertIn(text, warned)
        self.assertEqual(warned.count("matches nothing"), 3)

    def test_a_directory(self):
        for name in ("a/keep", "a/drop", "b/keep", "c/d/e"):
            self.write(f"tree/{name}", name)
        tree = {"name": "tree", "directory": "tree", "include": ["a", "c/d"], "exclude": ["a/drop"], "rename": {"c": "z"}}
        result = self.run_terrane("build", self.profile(tree))
        self.assertNotIn("matches nothing", result.stderr)
        record = self.build_trees(tree)
        self.assertEqual(self.files(record, "tree"), {"a/keep": b"a/keep", "z/d/e": b"c/d/e"})
        # Files that are left out do not count as a change.
        time.sleep(2.1)
        self.build_trees(tree)
        self.write("tree/b/keep", "changed")
        result = self.run_terrane("--verbose", "build", self.profile(tree))
        self.assertIn("tree: unchanged", result.stderr)

    def test_the_keys_change_the_tree(self):
        digests = {json.dumps(keys): self.build_trees({"name": "pkg", "archive": "pkg.tar", **keys})["digest"]
                   for keys in ({}, {"include": ["pkg-1/bin"]}, {"rename": {"pkg-1": "pkg"}}, {"rename": {"pkg-1": "p"}})}
        self.assertEqual(len(set(digests.values())), 4)


@unittest.skipUnless(have("ostree"), "ostree is not installed")
class Ostree(SourceCase):
    def setUp(self):
        super().setUp()
        self.write("content/usr/bin/tool", "tool").chmod(0o755)
        self.write("content/usr/share/x", "x")
        (self.directory / "content/usr/bin/link").symlink_to("tool")
        (self.directory / "content/usr/empty").mkdir()
        self.expected = {"usr/bin/tool": b"tool", "usr/share/x": b"x", "usr/bin/link": "-> tool"}

    def ostree(self, *arguments):
        return subprocess.run(["ostree", *map(str, arguments)], check=True, capture_output=True, text=True).stdout.strip()

    def make_repository(self, mode, name="repo"):
        path = self.directory / name
        self.ostree("init", f"--repo={path}", f"--mode={mode}")
        self.commit(path)
        return path

    def commit(self, path, branch="app/stable"):
        return self.ostree("commit", f"--repo={path}", "-b", branch, "--owner-uid=0", "--owner-gid=0", "--no-xattrs",
                           f"--tree=dir={self.directory / 'content'}")

    def serve(self, path, delay=0):
        log = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                log.append(self.path)

            def do_GET(self):
                time.sleep(delay)
                super().do_GET()
        server = Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(path)))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

        def stop():
            server.shutdown()
            server.server_close()
        return f"http://127.0.0.1:{server.server_address[1]}", log, stop

    def tree(self, repository, ref="app/stable", **keys):
        return {"name": "tool", "ostree": {"repository": str(repository), "ref": ref}, **keys}

    def test_local_repositories(self):
        modes = ["archive", "bare-user", "bare-user-only"] + (["bare"] if os.geteuid() == 0 else [])
        digests = set()
        for mode in modes:
            with self.subTest(mode=mode):
                record = self.build_trees(self.tree(self.make_repository(mode, f"repo-{mode}")))
                self.assertEqual(self.files(record, "tool"), self.expected)
                digests.add(record["layers"][-1]["digest"])
        self.assertEqual(len(digests), 1)
        # The same as the directory itself.
        record = self.build_trees({"name": "tool", "directory": "content"})
        self.assertEqual({record["layers"][-1]["digest"]}, digests)

    def objects(self, repository, suffix):
        return sorted((repository / "objects").rglob(f"*.{suffix}"))

    def copy_object(self, source, target):
        """As an attacker or a bad disk would: the content and attributes of one object under the checksum of another."""
        target.unlink()
        subprocess.run(["cp", "-a", "--no-preserve=links", source, target], check=True)

    def test_objects_that_are_not_their_checksums(self):
        sources = {}
        self.write("other/usr/share/x", "tampered")
        (self.directory / "other/usr/share").chmod(0o711)
        for mode, suffixes in {"archive": ["filez", "dirtree", "dirmeta", "commit"], "bare-user": ["file"], "bare-user-only": ["file"]}.items():
            repository = self.make_repository(mode, f"good-{mode}")
            commit = self.ostree("rev-parse", f"--repo={repository}", "app/stable")
            other = self.directory / f"other-{mode}"
            self.ostree("init", f"--repo={other}", f"--mode={mode}")
            self.ostree("commit", f"--repo={other}", "-b", "app/stable", "--owner-uid=0", "--owner-gid=0", "--no-xattrs",
                        f"--tree=dir={self.directory / 'other'}")
            for suffix in suffixes:
                name = f"bad-{mode}-{suffix}"
                subprocess.run(["cp", "-a", repository, self.directory / name], check=True)
                known = {path.name for path in self.objects(repository, suffix)}
                foreign = next(path for path in self.objects(other, suffix) if path.name not in known)
                wanted = self.objects(self.directory / name, suffix)
                if suffix.startswith("file"):
                    regular = self.ostree("ls", f"--repo={repository}", "-C", commit, "/usr/share/x").split()[4]
                    wanted = [path for path in wanted if path.parent.name + path.stem == regular]
                for path in wanted:
                    self.copy_object(foreign, path)
                self.assertNotEqual(subprocess.run(["ostree", "fsck", f"--repo={self.directory / name}"], capture_output=True).returncode, 0)
                sources[name] = commit
        for name, commit in sources.items():
            with self.subTest(name=name):
                self.build_fails(1, rf"ostree: the object [0-9a-f]{{12}}…, .* is damaged; 'ostree fsck' shows .*{name}", self.tree(name, commit))
        # Naming the same commit elsewhere finds nothing of that.
        for mode in ("archive", "bare-user"):
            record = self.build_trees(self.tree(f"good-{mode}", sources[f"bad-{mode}-file{'z' if mode == 'archive' else ''}"]))
            self.assertEqual(self.files(record, "tool"), self.expected)
        # Files that a filter leaves out are not read.
        record = self.build_trees(self.tree("bad-archive-filez", sources["bad-archive-filez"], exclude=["usr/share/x"]))
        self.assertNotIn("usr/share/x", self.files(record, "tool"))

    def test_object_of_an_archive_repository_that_was_emptied(self):
        """Its header still announces the size of the content, of which not a byte comes."""
        repository = self.make_repository("archive")
        regular = self.ostree("ls", f"--repo={repository}", "-C", "app/stable", "/usr/share/x").split()[4]
        path = repository / "objects" / regular[:2] / f"{regular[2:]}.filez"
        data = path.read_bytes()
        header = 8 + int.from_bytes(data[:4], "big")  # a size, padding, and what it is the size of
        empty_deflate = b"\x03\x00"  # RFC 1951: a last block with fixed codes, and its end
        path.unlink()
        path.write_bytes(data[:header] + empty_deflate)
        self.build_fails(1, r"ostree: the object [0-9a-f]{12}…, the file .*usr/share/x.* is damaged", self.tree(repository))
        record = self.build_trees(self.tree(repository, exclude=["usr/share/x"]))
        self.assertNotIn("usr/share/x", self.files(record, "tool"))

    def test_object_with_more_than_it_announces(self):
        repository = self.make_repository("archive")
        regular = self.ostree("ls", f"--repo={repository}", "-C", "app/stable", "/usr/share/x").split()[4]
        path = repository / "objects" / regular[:2] / f"{regular[2:]}.filez"
        data = path.read_bytes()
        compressor = zlib.compressobj(wbits=-15)
        path.unlink()
        path.write_bytes(data[:8 + int.from_bytes(data[:4], "big")] + compressor.compress(bytes(1 << 24)) + compressor.flush())
        self.build_fails(1, "usr/share/x.*: the object is damaged: it has more than the 1 bytes", self.tree(repository))

    def test_directories_in_each_other_twice(self):
        """Each level names the one below it two times: few objects, and as many directories as one likes."""
        repository = self.make_repository("archive")
        objects = repository / "objects"

        def put(data, suffix):
            checksum = hashlib.sha256(data).hexdigest()
            path = objects / checksum[:2] / f"{checksum[2:]}.{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            return bytes.fromhex(checksum)

        def get(name):
            return (objects / name[:2] / name[2:]).read_bytes()

        commit = get(self.ostree("rev-parse", f"--repo={repository}", "app/stable") + ".commit")
        row = self.ostree("ls", f"--repo={repository}", "-C", "-d", "app/stable", "/").split()
        root, meta = (bytes.fromhex(checksum) for checksum in row[4:6])
        tree = root
        for _ in range(9):  # (a(say)a(sayay)) as GVariant: no files; two directories; framing offsets of one byte
            tree = put(b"".join(name + b"\0" + tree + meta + bytes([34, 2]) for name in (b"a", b"b")) + bytes([68, 136, 0]), "dirtree")
        self.assertEqual(commit.count(root), 1)
        bomb = put(commit.replace(root, tree), "commit").hex()
        self.assertEqual(self.ostree("ls", f"--repo={repository}", "-d", bomb, "/a/b/a").split()[-1], "/a/b/a")
        self.build_fails(1, "over 500 members; \u2018limits.unpacked_files\u2019", self.tree(repository, bomb), limits={"unpacked_files": 500})
        record = self.build_trees(self.tree(repository, bomb, include=["a/a/**"]))
        self.assertEqual(record["layers"][-1]["reused"], False)

    def test_pulled_objects_that_are_not_their_checksums(self):
        repository = self.make_repository("archive")
        commit = self.ostree("rev-parse", f"--repo={repository}", "app/stable")
        url, _, stop = self.serve(repository)
        self.addCleanup(stop)
        self.build_trees(self.tree(url))
        pulled = self.store / "repo/objects"
        object_name = self.ostree("ls", f"--repo={repository}", "-C", commit, "/usr/share/x").split()[4]
        path = pulled / object_name[:2] / f"{object_name[2:]}.file"
        attributes = os.getxattr(path, "user.ostreemeta")
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(b"T" * len(content))
        os.setxattr(path, "user.ostreemeta", attributes)
        with open(self.store / "lock") as lock:  # another process has the store: nothing of it is removed
            fcntl.flock(lock, fcntl.LOCK_SH)
            self.build_fails(1, rf"the object {object_name[:12]}…, the file .*usr/share/x.* is damaged; 'terrane fsck --repair' removes it",
                             self.tree(url, prefix="/elsewhere"))
        record = self.build_trees(self.tree(url, prefix="/elsewhere"))
        self.assertEqual(self.files(record, "tool")["elsewhere/usr/share/x"], content)

    def test_ref_and_commit(self):
        repository = self.make_repository("archive")
        first = self.ostree("rev-parse", f"--repo={repository}", "app/stable")
        before = self.build_trees(self.tree("repo"))
        result = self.run_terrane("--verbose", "build", self.profile(self.tree("repo")))
        self.assertIn("tool: unchanged", result.stderr)
        self.write("content/usr/share/x", "changed")
        self.commit(repository)
        self.assertEqual(self.build_trees(self.tree("repo"))["digest"], before["digest"])  # the lock has the commit
        after = self.build(self.profile(self.tree("repo")), "--update-lock", env=self.env)
        self.assertEqual(self.files(after, "tool")["usr/share/x"], b"changed")
        self.assertEqual(self.build_trees(self.tree("repo", first))["digest"], before["digest"])

    def test_filter(self):
        self.make_repository("archive")
        record = self.build_trees(self.tree("repo", strip_components=1, include=["bin"], rename={"bin": "sbin"}, prefix="/usr"))
        self.assertEqual(self.files(record, "tool"), {"usr/sbin/tool": b"tool", "usr/sbin/link": "-> tool"})

    def test_failures(self):
        repository = self.make_repository("archive")
        self.build_fails(1, r"trees\[0\]\.ostree: .*has no ref ‘other’", self.tree("repo", "other"))
        self.build_fails(1, r"trees\[0\]\.ostree: .*nowhere", self.tree("nowhere"))
        self.build_fails(1, r"trees\[0\]: ostree", self.tree("repo", "0" * 64))
        for path in (repository / "objects").rglob("*.dirtree"):
            path.unlink()
        self.build_fails(1, r"trees\[0\]: ostree", self.tree("repo"))

    def test_over_http(self):
        repository = self.make_repository("archive")
        url, log, stop = self.serve(repository)
        try:
            record = self.build_trees(self.tree(url))
            self.assertEqual(self.files(record, "tool"), self.expected)
            self.assertEqual(self.ostree("refs", f"--repo={self.store / 'repo'}"), "")
            log.clear()
            self.build_trees(self.tree(url))
            self.assertEqual(log, [])  # the lock has the commit
            self.build(self.profile(self.tree(url)), "--update-lock", env=self.env)
            self.assertEqual(log, ["/refs/heads/app/stable"])
            self.build_fails(1, r"trees\[0\]\.ostree: the ref ‘other’: .*no such ref \(HTTP 404\)", self.tree(url, "other"))
            # gc keeps what was pulled lately, for another tree of it.
            self.run_terrane("rm", "test")
            self.run_terrane("gc")
            log.clear()
            self.build_trees(self.tree(url, prefix="/opt"))
            self.assertEqual(log, [])
        finally:
            stop()
        # A stored commit needs no server.
        commit = self.ostree("rev-parse", f"--repo={repository}", "app/stable")
        self.build(self.profile(self.tree(url, commit, prefix="/srv")), *self.offline(), env=self.env)
        self.build_fails(1, r"connecting to port|--offline", self.tree(url, prefix="/other"))
        self.forget_pulls()
        self.run_terrane("rm", "test")
        self.run_terrane("gc")
        self.build_fails(1, r"the commit [0-9a-f]{12}… of ‘http://", self.tree(url, commit, prefix="/third"))

    def test_killed_pull(self):
        """At different times; the store stays sound, gc does not mind, and the next pull succeeds."""
        for i in range(60):
            self.write(f"content/many/{i}", f"file {i}")
        repository = self.make_repository("archive")
        url, log, stop = self.serve(repository, delay=0.01)
        self.addCleanup(stop)
        for requests in (8, 30, 60):
            log.clear()
            process = self.popen("build", self.profile(self.tree(url, prefix=f"/{requests}")))
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and len(log) < requests and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assert_store_is_sound()
            self.run_terrane("gc")
        self.assertEqual(len(self.files(self.build_trees(self.tree(url)), "tool")), 63)

    def test_interrupted_pull(self):
        for i in range(60):
            self.write(f"content/many/{i}", f"file {i}")
        url, log, stop = self.serve(self.make_repository("archive"), delay=0.2)
        self.addCleanup(stop)
        process = self.popen("build", self.profile(self.tree(url)))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and len(log) < 9:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 130)

    def forget_pulls(self):
        for path in (self.store / "cache/pulled").iterdir():
            write_cache_entry(path, {**read_cache_entry(path), "used": int(time.time()) - 31 * DAY})

    def test_broken_repository_over_http(self):
        repository = self.make_repository("archive")
        url, _, stop = self.serve(repository)
        self.addCleanup(stop)
        commit = self.ostree("rev-parse", f"--repo={repository}", "app/stable")
        (repository / "refs/heads/app/page").write_text("<html>")
        self.build_fails(1, r"not the checksum of a commit", self.tree(url, "app/page"))
        hidden = {path: path.read_bytes() for path in (repository / "objects").rglob("*.filez")}
        for path in hidden:
            path.unlink()
        self.build_fails(1, rf"the commit {commit[:12]}… of ‘{url}’", self.tree(url))
        for path, data in hidden.items():
            path.write_bytes(bytes([*data[:-8], *bytes(8)]))
        self.build_fails(1, rf"the commit {commit[:12]}… of ‘{url}’", self.tree(url))
        for path, data in hidden.items():
            path.write_bytes(data)
        self.assertEqual(self.files(self.build_trees(self.tree(url)), "tool"), self.expected)

    def test_plain_http_elsewhere_is_refused(self):
        self.build_fails(1, r"plain HTTP is only used with this machine", self.tree("http://203.0.113.1/repo"))


@unittest.skipUnless(have("umoci", "skopeo", "docker-registry"), "umoci, skopeo or docker-registry is not installed")
class ImagePaths(SourceCase):
    def setUp(self):
        super().setUp()
        make_tar(self.directory / "l1.tar", [
            ("opt", "dir", None), ("opt/tool", "dir", None), ("opt/tool/bin", "file", b"bin"), ("opt/tool/gone", "file", b"1"),
            ("opt/tool/hard", "link", "opt/tool/bin"), ("usr/lib", "dir", None), ("usr/lib/x", "file", b"x"),
            ("lib", "symlink", "usr/lib"), ("etc/passwd", "file", b"root\n")])
        make_tar(self.directory / "l2.tar", [("opt/tool", "dir", None), ("opt/tool/.wh.gone", "file", b""),
                                             ("opt/tool/new", "file", b"2"), ("srv/hard", "link", "opt/tool/bin")])
        self.make_image("tools", "amd64")

    def make_image(self, name, architecture):
        layout = self.directory / name
        image = f"{layout}:v1"
        for arguments in (("init", "--layout", layout), ("new", "--image", image),
                          ("raw", "add-layer", "--image", image, self.directory / "l1.tar"),
                          ("raw", "add-layer", "--image", image, self.directory / "l2.tar"),
                          ("config", "--image", image, "--architecture", architecture, "--os", "linux")):
            subprocess.run(["umoci", *map(str, arguments)], check=True, capture_output=True)

    def tree(self, *paths, image="oci:tools:v1", **keys):
        return {"name": "tools", "image": image, "paths": list(paths), **keys}

    def take(self, *paths, **keys):
        return self.files(self.build_trees(self.tree(*paths, **keys)), "tools")

    def test_paths(self):
        self.assertEqual(self.take("/opt/tool"), {"opt/tool/bin": b"bin", "opt/tool/hard": b"bin", "opt/tool/new": b"2"})
        self.assertEqual(self.take("/srv", "/usr/lib/x"), {"srv/hard": b"bin", "usr/lib/x": b"x"})
        self.assertEqual(self.take("/lib"), {"lib": "-> usr/lib"})
        self.assertEqual(set(self.take("/")), {"opt/tool/bin", "opt/tool/hard", "opt/tool/new", "srv/hard", "usr/lib/x", "lib",
                                               "etc/passwd"})

    def test_relocated(self):
        self.assertEqual(self.take("/opt/tool", strip_components=2, prefix="/usr/local", exclude=["new"], rename={"bin": "bin/tool"}),
                         {"usr/local/bin/tool": b"bin", "usr/local/hard": b"bin"})

    def test_missing(self):
        self.build_fails(1, r"trees\[0\]: image .*tools:v1: the image has no /opt/nothing", self.tree("/opt/tool", "/opt/nothing"))
        self.build_fails(1, r"/lib/x is reached through a symbolic link in the image: its path is /usr/lib/x", self.tree("/lib/x"))

    def test_platform(self):
        self.make_image("foreign", "arm64")
        self.build_fails(2, r"the image is for linux/arm64, the profile's platform is linux/amd64",
                         self.tree("/opt", image="oci:foreign:v1"))

    def test_archives(self):
        for transport in ("oci-archive", "docker-archive"):
            with self.subTest(transport=transport):
                archive = self.directory / f"{transport}.tar"
                subprocess.run(["skopeo", "--insecure-policy", "copy", f"oci:{self.directory}/tools:v1", f"{transport}:{archive}:tools:v1"],
                               check=True, capture_output=True)
                self.assertEqual(self.take("/srv", image=f"{transport}:{transport}.tar"), {"srv/hard": b"bin"})

    def test_registry(self):
        with Registry(self.directory / "registry") as registry:
            image = f"docker://{registry.host}/team/tools:v1"
            subprocess.run(["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{self.directory}/tools:v1", image],
                           check=True, capture_output=True)
            self.assertEqual(self.take("/srv", image=image), {"srv/hard": b"bin"})
            digest = json.loads(subprocess.run(["skopeo", "inspect", "--tls-verify=false", image], check=True,
                                               capture_output=True, text=True).stdout)["Digest"]
            # As base and as source of a tree the image is read once.
            pinned = f"docker://{registry.host}/team/tools@{digest}"
            result = self.run_terrane("--json", "--verbose", "build", self.profile(
                self.tree("/opt", image=pinned, prefix="/copy"), base={"image": image}), env=self.env)
            self.assertEqual(json.loads(result.stdout)["layers"][-1]["tree"], "tools")
            self.build_fails(1, r"team/none", self.tree("/opt", image=f"docker://{registry.host}/team/none:v1"))
        # The digest needs no registry while the image is in the store.
        self.build(self.profile(self.tree("/usr", image=pinned)), *self.offline(), env=self.env)


if __name__ == "__main__":
    unittest.main()
