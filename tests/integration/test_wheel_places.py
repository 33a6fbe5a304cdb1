"""Where wheels come from: several indexes, pages of links, directories, servers that fail, and locks that outlive them."""

import gzip
import hashlib
import html
import json
import pathlib
import re
import shutil
import socket
import unittest
import zlib

from terrane_test import TestCase
from wheel_index import Index, make_wheel, requirement, sha256_of

HTML = "text/html"


def unused_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class PlacesCase(TestCase):
    TARGET = {"python": "3.12", "glibc": "2.34"}
    NETRC = None  # path

    def setUp(self):
        super().setUp()
        self.index = self.start()
        self.wheel = make_wheel("alpha", "1.0")

    def start(self, *wheels, **options):
        index = Index(**options)
        self.addCleanup(index.close)
        index.add(*wheels)
        return index

    def clean(self):
        """Neither this machine's configuration of pip nor the user's passwords."""
        return {"PIP_INDEX_URL": "", "PIP_EXTRA_INDEX_URL": "", "NETRC": str(self.NETRC or "/nonexistent"),
                "HOME": str(self.directory)}

    def run_terrane(self, *arguments, env=None, **options):
        return super().run_terrane(*arguments, env={**self.clean(), **(env or {})}, **options)

    def requirements(self, *lines):
        self.write("requirements.txt", "".join(lines))

    def profile(self, name="profile.json", platform="linux/amd64", **wheels):
        wheels = {"requirements": "requirements.txt", **self.TARGET, **wheels}
        return self.write_profile(name, platform=platform, trees=[{"name": "deps", "wheels": wheels, "prefix": "/opt"}])

    def options(self, *urls):
        """Lines of a requirements file: the first index, and extra ones."""
        return "".join(f"--{'extra-' if i else ''}index-url {url}\n" for i, url in enumerate(urls))

    def lock(self, *arguments, profile=None, **options):
        return self.run_terrane("lock", profile or self.profile(), *arguments, **options)

    def locked(self, platform="linux/amd64"):
        lock = json.loads((self.directory / "profile.lock.json").read_text())
        return lock["platforms"][platform]["trees"]["deps"]["wheels"]

    def fresh(self):
        return self.directory / f"store-{len(list(self.directory.glob('store-*')))}"

    def page(self, path, *links, kind=HTML, index=None):
        (index or self.index).faults[path] = (200, kind, f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode())

    def link(self, wheel, prefix="", digest=True, attributes=""):
        name, data = wheel
        return f'<a href="{html.escape(prefix + name)}{"#sha256=" + sha256_of(data) if digest else ""}" {attributes}>{name}</a>\n'


class SeveralIndexes(PlacesCase):
    def test_one_that_fails(self):
        """Whatever it answers, in whatever order, another one has the pinned wheel: one warning at most."""
        self.index.add(self.wheel)
        other = self.start()
        self.requirements(requirement("alpha", "1.0", self.wheel))
        for what, answer in (("missing", (404, HTML, b"")), ("403 of an object store", (403, HTML, b"")), ("401", (401, HTML, b"")),
                             ("500", (500, HTML, b"")), ("503", (503, HTML, b"")), ("login page", (200, HTML, b"<h1>Log in</h1>")),
                             ("broken JSON", (200, "application/vnd.pypi.simple.v1+json", b"{")), ("image", (200, "image/png", b""))):
            for urls in ([self.index.url, other.url], [other.url, self.index.url]):
                with self.subTest(what, failing=urls.index(other.url)):
                    other.faults["/simple/alpha/"] = answer
                    result = self.lock(profile=self.profile(index=urls))
                    warnings = [line for line in result.stderr.splitlines() if "arning" in line or "skipped" in line]
                    self.assertEqual(len(warnings), 0 if answer[0] in (403, 404) else 1, result.stderr)
                    self.assertEqual([wheel["file"] for wheel in self.locked()], [self.wheel[0]])

    def test_one_that_cannot_be_reached(self):
        """It is not asked for every project, and warned of once."""
        wheels = [make_wheel(name, "1.0") for name in ("alpha", "beta", "gamma")]
        self.index.add(*wheels)
        dead = f"http://127.0.0.1:{unused_port()}/simple"
        self.requirements(self.options(dead, self.index.url), *(requirement(wheel[0].split("-")[0], "1.0", wheel) for wheel in wheels))
        result = self.lock(profile=self.profile(platform=["linux/amd64", "linux/arm64"]))
        self.assertEqual(result.stderr.count("skipped"), 1, result.stderr)
        self.assertNotIn("trying again", result.stderr)
        self.assertEqual(len(self.locked()), 3)

    def test_busy_server_that_alone_has_it(self):
        """The others do not have it, so the busy one is waited for."""
        other = self.start(self.wheel)
        answers = [(503, HTML, b"")]
        answer = other.answer
        other.answer = lambda path, headers: answers.pop() if answers and "/simple/" in path else answer(path, headers)
        self.requirements(self.options(self.index.url, other.url), requirement("alpha", "1.0", self.wheel))
        self.lock()
        self.assertEqual(len(self.locked()), 1)

    def test_unknown_everywhere(self):
        """All that were asked are named, once for neighbours, each with its answer."""
        other, third = self.start(), self.start()
        wheels = [make_wheel(name, "1.0") for name in ("alpha", "beta")]
        other.faults.update({f"/simple/{name}/": (401, HTML, b"") for name in ("alpha", "beta")})
        third.faults.update({f"/simple/{name}/": (403, HTML, b"") for name in ("alpha", "beta")})
        self.requirements(self.options(self.index.url, other.url, third.url), *(requirement(wheel[0][:-21], "1.0", wheel)
                                                                                for wheel in wheels))
        message = self.assert_fails(1, "there is no alpha 1.0", "lock", self.profile())
        self.assertIn("there is no beta 1.0", message)
        for server, text in ((self.index, "the index has no such project (HTTP 404)"), (other, "the index wants a login (HTTP 401)"),
                             (third, "the index wants a login (HTTP 403)")):
            self.assertEqual(message.count(f"asked: ‘{server.url}’: {text}"), 1, message)
        self.requirements(self.options(self.index.url), requirement("alpha", "1.0", self.wheel))
        message = self.assert_fails(2, f"asked: ‘{self.index.url}’: the index has no such project", "lock", self.profile())

    def test_other_version_only(self):
        self.index.add(make_wheel("alpha", "2.0"))
        self.requirements(self.options(self.index.url, self.start().url), requirement("alpha", "1.0", self.wheel))
        message = self.assert_fails(2, "the versions with wheels are: 2.0", "lock", self.profile())
        self.assertIn(f"asked: ‘{self.index.url}’: 1 file\n", message)

    def test_another_file_under_the_name(self):
        """As with dependency confusion: the index with the digest counts, not the first."""
        self.index.add(make_wheel("alpha", "1.0", files={"alpha/__init__.py": "evil"}))
        other = self.start(self.wheel)
        self.requirements(self.options(self.index.url, other.url), requirement("alpha", "1.0", self.wheel))
        self.lock()
        self.assertTrue(self.locked()[0]["url"].startswith(other.url.removesuffix("/simple")))

    def test_no_index(self):
        """It is for the requirements file; --extra-index-url beside it counts for nothing."""
        self.index.add(self.wheel)
        self.requirements("--no-index\n", requirement("alpha", "1.0", self.wheel))
        self.assert_fails(2, "there is no alpha 1.0", "lock", self.profile(), env={"PIP_INDEX_URL": self.index.url})
        self.assertEqual(self.index.log, [])

    def test_variables(self):
        """$PIP_EXTRA_INDEX_URL is a list; they count when nothing else says it."""
        self.index.add(self.wheel)
        self.requirements(requirement("alpha", "1.0", self.wheel))
        variables = {"PIP_INDEX_URL": self.start().url, "PIP_EXTRA_INDEX_URL": f"\n  {self.start().url}\n {self.index.url}\t\n"}
        self.lock(env=variables)
        log = len(self.index.log)
        message = self.assert_fails(2, "there is no alpha", "lock", self.profile(index=[]), env=variables)
        self.assertNotIn("asked", message)
        self.assertEqual(len(self.index.log), log)

    def test_redirects(self):
        """To another server, and in a circle."""
        other = self.start(self.wheel)
        answer = self.index.answer
        for code in (301, 302, 303, 307, 308):
            with self.subTest(code):
                self.index.answer = lambda path, headers, code=code: (
                    (code, f"text/html\r\nLocation: {other.url}/alpha/", b"") if "/alpha/" in path else answer(path, headers))
                self.requirements(self.options(self.index.url), requirement("alpha", "1.0", self.wheel))
                self.lock()
        self.index.answer = lambda path, headers: (302, f"text/html\r\nLocation: {path}", b"")
        message = self.assert_fails(1, "more than 5 redirects", "lock", self.profile())
        self.assertEqual(len(message.splitlines()), 1)
        self.requirements(self.options(self.index.url, other.url), requirement("alpha", "1.0", self.wheel))
        self.lock()


class Pages(PlacesCase):
    """The content of an index page."""

    def check(self, *command):
        self.requirements(self.options(self.index.url), requirement("alpha", "1.0", self.wheel))
        self.run_terrane(*(command or ("build", "--update-lock")), self.profile(), store=self.fresh())
        self.assertEqual([wheel["sha256"] for wheel in self.locked()], [sha256_of(self.wheel[1])])

    def test_compressed_unasked(self):
        for html_pages in (False, True):
            self.index = self.start(self.wheel, html_pages=html_pages)
            status, kind, body = self.index.answer("/simple/alpha/", {"Authorization": None})
            raw = zlib.compressobj(wbits=-15)
            for coding, data in (("gzip", gzip.compress(body)), ("x-gzip", gzip.compress(body)), ("deflate", zlib.compress(body)),
                                 ("deflate", raw.compress(body) + raw.flush()), ("gzip, gzip", gzip.compress(gzip.compress(body))),
                                 ("identity", body), ("identity", gzip.compress(body)), ("gzip", body)):
                with self.subTest(coding, html=html_pages):
                    self.index.faults["/simple/alpha/"] = (status, f"{kind}\r\nContent-Encoding: {coding}", data)
                    self.check("lock")
            for coding, data, pattern in (("br", b"\x0b\x02\x80", "compressed as ‘br’, which was not asked for"),
                                          ("gzip", gzip.compress(body)[:-12], "cannot be expanded"),
                                          ("gzip", gzip.compress(b" " * (65 << 20)), "more than 67108864 bytes")):
                with self.subTest(pattern, html=html_pages):
                    self.index.faults["/simple/alpha/"] = (status, f"{kind}\r\nContent-Encoding: {coding}", data)
                    message = self.assert_fails(1, pattern, "lock", self.profile())
                    self.assertEqual(len(message.splitlines()), 1)

    def test_links(self):
        """Of every form; percent-encoded names, other spellings of the project's name."""
        port = self.index.port
        name = self.wheel[0]
        for what, where, link in (
                ("relative", "/simple/alpha/x/", self.link(self.wheel, "x/")), ("from the root", "/y/", self.link(self.wheel, "/y/")),
                ("without scheme", "/z/", self.link(self.wheel, f"//127.0.0.1:{port}/z/")), ("dots", "/", self.link(self.wheel, "../../")),
                ("base", "/b/", "<base href='/b/c'>" + self.link(self.wheel)),
                ("base with a user", "/b/", f"<base href='http://u:p@127.0.0.1:{port}/b/'>" + self.link(self.wheel)),
                ("withdrawn", "/w/", self.link(self.wheel, "/w/", attributes="data-yanked")),
                ("metadata", "/m/", self.link(self.wheel, "/m/", attributes='data-core-metadata="sha256=00" data-dist-info-metadata')),
                ("for this Python", "/p/", self.link(self.wheel, "/p/", attributes='data-requires-python="&gt;=3.8"'))):
            with self.subTest(what):
                self.index.faults = {where + name: (200, "application/octet-stream", self.wheel[1])}
                self.page("/simple/alpha/", link)
                self.check()
        with self.subTest("for another Python"):
            self.page("/simple/alpha/", self.link(self.wheel, attributes='data-requires-python="&gt;=3.13"'))
            self.assert_fails(2, "needs Python >=3.13", "lock", self.profile())

    def test_names(self):
        wheel = make_wheel("My_Thing", "1.0+cpu.1")
        for shown in (wheel[0], wheel[0].replace("+", "%2B"), wheel[0].replace("_", "%5F"), wheel[0].replace("My_Thing", "my.thing")):
            with self.subTest(shown):
                self.index.faults = {f"/f/{shown}": (200, "application/octet-stream", wheel[1])}
                self.page("/simple/my-thing/", f'<a href="/f/{shown}#sha256={sha256_of(wheel[1])}">x</a>')
                self.requirements(self.options(self.index.url + "//"), requirement("my.THING", "1.0", wheel))
                self.run_terrane("build", "--update-lock", self.profile(), store=self.fresh())
                self.assertIn("1.0+cpu.1", self.locked()[0]["file"])
                self.run_terrane("lock", "--check", self.profile())

    def test_users_in_links(self):
        """They are used for their server, and written nowhere."""
        for html_pages in (True, False):
            with self.subTest(html=html_pages):
                self.index = self.start()
                files = self.start(self.wheel, user="joe:s3cret")
                url = f"http://joe:s3cret@127.0.0.1:{files.port}/files/alpha/{self.wheel[0]}"
                if html_pages:
                    self.page("/simple/alpha/", f'<a href="{url}#sha256={sha256_of(self.wheel[1])}">x</a>')
                else:
                    document = {"meta": {"api-version": "1.0"}, "name": "alpha", "files": [
                        {"filename": self.wheel[0], "url": url, "hashes": {"sha256": sha256_of(self.wheel[1])}}]}
                    self.index.faults["/simple/alpha/"] = (200, "application/vnd.pypi.simple.v1+json", json.dumps(document).encode())
                self.check()
                self.assertNotIn("s3cret", (self.directory / "profile.lock.json").read_text())
                self.assertNotIn("joe", (self.directory / "profile.lock.json").read_text())
                result = self.run_terrane("build", "--locked", self.profile(), store=self.fresh())  # the index has the password
                self.assertNotIn("s3cret", result.stderr)

    def test_links_to_local_files(self):
        """Only pages that are local files have them."""
        self.write(f"secret/{self.wheel[0]}", self.wheel[1])
        for link in (self.link(self.wheel, f"file://{self.directory}/secret/"),
                     f"<base href='file://{self.directory}/secret/'>" + self.link(self.wheel)):
            self.page("/simple/alpha/", link)
            self.requirements(self.options(self.index.url), requirement("alpha", "1.0", self.wheel))
            self.assert_fails(1, "HTTP 404|lists no files", "build", "--update-lock", self.profile())


class WithoutDigests(PlacesCase):
    """Pages that say no SHA-256: what a file is, only its content tells."""

    def setUp(self):
        super().setUp()
        self.wheels = [make_wheel("beta", "1.0", f"cp312-cp312-manylinux_2_28_{machine}", {"beta.py": machine})
                       for machine in ("x86_64", "aarch64")]

    def serve(self, *wheels, fragment=lambda data: ""):
        self.index.faults = {f"/f/{name}": (200, "application/octet-stream", data) for name, data in wheels}
        self.page("/simple/beta/", *(f'<a href="/f/{name}{fragment(data)}">{name}</a>' for name, data in wheels))

    def test_the_digest_is_of_the_file(self):
        self.serve(*self.wheels)
        both = self.profile(platform=["linux/amd64", "linux/arm64"])
        self.requirements(self.options(self.index.url), requirement("beta", "1.0", *self.wheels))
        self.lock(profile=both)
        for platform, (name, data) in zip(("linux/amd64", "linux/arm64"), self.wheels):
            self.assertEqual([(wheel["file"], wheel["sha256"], wheel["size"]) for wheel in self.locked(platform)],
                             [(name, sha256_of(data), len(data))])
        self.run_terrane("build", "--locked", "--platform", "linux/arm64", self.profile())
        self.assertEqual(len(self.index.requests("/f/")), 2)  # what was looked at need not come again

    def test_other_hashes(self):
        """Fragments of other algorithms, also as another member of the fragment, say nothing about SHA-256."""
        for fragment in (lambda data: "#md5=" + hashlib.md5(data).hexdigest(), lambda data: "#sha512=" + hashlib.sha512(data).hexdigest(),
                         lambda data: "#egg=beta&sha1=" + hashlib.sha1(data).hexdigest(), lambda data: "#sha256="):
            self.serve(*self.wheels, fragment=fragment)
            self.requirements(self.options(self.index.url), requirement("beta", "1.0", *self.wheels))
            self.lock()
            self.assertEqual(self.locked()[0]["sha256"], sha256_of(self.wheels[0][1]))

    def test_digest_of_another_file(self):
        """One digest, of the wheel for amd64: there is none for arm64."""
        self.serve(*self.wheels)
        self.requirements(self.options(self.index.url), requirement("beta", "1.0", self.wheels[0]))
        self.lock()
        message = self.assert_fails(2, "not among the hashes", "lock", self.profile(platform=["linux/amd64", "linux/arm64"]))
        self.assertIn(self.wheels[1][0], message)

    def test_longer_hashes(self):
        """An index says SHA-256, the requirement SHA-512: the content tells which file it is."""
        best = make_wheel("beta", "1.0", "cp312-cp312-manylinux_2_34_x86_64", {"beta.py": "another"})
        for digests in (True, False):
            self.serve(best, *self.wheels, fragment=lambda data, digests=digests: f"#sha256={sha256_of(data)}" if digests else "")
            for algorithm in ("sha384", "sha512"):
                hashes = [hashlib.new(algorithm, data).hexdigest() for _, data in self.wheels]
                self.requirements(self.options(self.index.url), "beta==1.0", *(f" --hash={algorithm}:{text}" for text in hashes), "\n")
                self.lock()
                wheel = self.locked()[0]
                self.assertEqual((wheel["file"], wheel["sha256"], wheel["hash"]),
                                 (self.wheels[0][0], sha256_of(self.wheels[0][1]), f"{algorithm}:{hashes[0]}"))
                self.run_terrane("lock", "--check", self.profile())
                self.run_terrane("build", "--locked", self.profile(), store=self.fresh())
        self.requirements("beta==1.0", *(f" --hash=sha512:{hashlib.sha512(data).hexdigest()}" for _, data in self.wheels), "\n")
        self.write(f"house/{self.wheels[0][0]}", self.wheels[0][1])
        self.run_terrane("build", "--update-lock", "--offline", self.profile(wheelhouse="house", index=self.index.url))
        self.requirements(self.options(self.index.url), "beta==1.0 --hash=sha512:" + "0" * 128 + "\n")
        self.assert_fails(2, "not among the hashes", "lock", self.profile())

    def test_next_candidate(self):
        """The best by its name is another file than was pinned; the next one is it."""
        best = make_wheel("beta", "1.0", "cp312-cp312-manylinux_2_34_x86_64", {"beta.py": "another"})
        self.serve(best, *self.wheels)
        self.requirements(self.options(self.index.url), requirement("beta", "1.0", *self.wheels))
        self.lock()
        self.assertEqual(self.locked()[0]["file"], self.wheels[0][0])

    def test_file_that_is_gone(self):
        self.serve(*self.wheels)
        del self.index.faults[f"/f/{self.wheels[0][0]}"]
        self.requirements(self.options(self.index.url), requirement("beta", "1.0", *self.wheels))
        self.assert_fails(2, r"downloading ‘http://.*/f/beta.*’: .*HTTP 404", "lock", self.profile())
        self.assert_fails(1, "offline", "build", "--offline", self.profile())


class FindLinks(PlacesCase):
    def test_page(self):
        """One page for all projects, on which other things are as well; without and with an index beside it."""
        gdal = make_wheel("gdal", "3.11.0", "cp312-cp312-manylinux_2_28_x86_64")
        other = make_wheel("GDAL_utils", "1.0")
        self.index.faults = {f"/files/{name}": (200, "application/octet-stream", data) for name, data in (gdal, other)}
        self.page("/wheels", self.link(gdal, "files/"), self.link(other, "files/", digest=False), '<a href="x.zip">x</a>',
                  '<a href="files/pyvips-2.2-py3-none-any.whl">pyvips</a><a href="/about">about</a>')
        page = f"http://127.0.0.1:{self.index.port}/wheels"
        lines = requirement("gdal", "3.11.0", gdal) + requirement("gdal-utils", "1.0", other)
        for options in (f"--no-index\n--find-links {page}\n", f"-f {page}\n{self.options(self.index.url)}"):
            self.requirements(options, lines)
            log = len(self.index.log)
            self.run_terrane("build", "--update-lock", self.profile(), store=self.fresh())
            self.assertEqual([path for path, _ in self.index.log[log:]].count("/wheels"), 1)
            self.assertEqual([wheel["file"] for wheel in self.locked()], [gdal[0], other[0]])
        self.run_terrane("build", "--locked", self.profile(), store=self.fresh())

    def test_a_wheel_itself(self):
        self.index.add(self.wheel)
        url = f"http://127.0.0.1:{self.index.port}/files/alpha/{self.wheel[0]}"
        for fragment in ("", f"#sha256={sha256_of(self.wheel[1])}"):
            self.requirements(f"--no-index\n--find-links {url}{fragment}\n", requirement("alpha", "1.0", self.wheel))
            self.run_terrane("build", "--update-lock", self.profile(), store=self.fresh())
            self.assertEqual(self.locked()[0]["url"], url)

    def test_page_that_fails(self):
        self.index.add(self.wheel)
        other = self.start()
        page = f"http://127.0.0.1:{other.port}/wheels"
        self.requirements(f"--find-links {page}\n", self.options(self.index.url), requirement("alpha", "1.0", self.wheel))
        for status in (403, 404, 500):
            other.faults["/wheels"] = (status, HTML, b"")
            self.assertEqual(self.lock().stderr.count("skipped"), int(status == 500))
        self.requirements(f"--no-index\n--find-links {page}\n", requirement("alpha", "1.0", self.wheel))
        other.faults["/wheels"] = (403, HTML, b"")
        self.assert_fails(1, f"‘{page}’: .*the server wants a login \\(HTTP 403\\)", "lock", self.profile())

    def test_local(self):
        """A directory, its URL, a page in a file, its URL; relative ones are beside the requirements file."""
        self.write(f"house/{self.wheel[0]}", self.wheel[1])
        self.write("house/links.html", f'<a href="{self.wheel[0]}">x</a><a href="gone-1-py3-none-any.whl">y</a>')
        house = self.directory / "house"
        for link in (f"house/{self.wheel[0]}", (house / self.wheel[0]).as_uri(), "house", "./house/", house, house.as_uri(), house.as_uri() + "/", "house/links.html",
                     (house / "links.html").as_uri()):
            with self.subTest(str(link)):
                self.requirements(f"--no-index\n--find-links {link}\n", requirement("alpha", "1.0", self.wheel))
                self.run_terrane("build", "--offline", "--update-lock", self.profile(), store=self.fresh())
                self.assertNotIn("url", self.locked()[0])
                self.run_terrane("build", "--offline", "--locked", self.profile(), store=self.fresh())

    def test_directory_that_is_not_there(self):
        """An export may name the directories of another machine."""
        self.index.add(self.wheel)
        self.requirements("--find-links /nonexistent/wheels\n", self.options(self.index.url), requirement("alpha", "1.0", self.wheel))
        self.lock()
        self.requirements("--no-index\n--find-links /nonexistent/wheels\n", requirement("alpha", "1.0", self.wheel))
        self.assert_fails(2, "asked: ‘/nonexistent/wheels’: the directory of wheels cannot be read: .*‘/nonexistent/wheels’", "lock", self.profile())
        self.assert_fails(1, "nonexistent", "lock", self.profile(wheelhouse="nonexistent"))


class LocalIndex(PlacesCase):
    """A directory tree with a page for each project, as dumb-pypi and bandersnatch make it."""

    def setUp(self):
        super().setUp()
        self.local = make_wheel("beta", "1.0+local")
        self.write(f"mirror/packages/{self.local[0]}", self.local[1])
        self.write("mirror/simple/beta/index.html", self.link((self.local[0].replace("+", "%2B"), self.local[1]), "../../packages/"))
        self.url = (self.directory / "mirror/simple").as_uri()

    def test_taken(self):
        for url in (self.url, self.url + "/"):
            for how in ({"index": url}, {"index": [self.index.url, url]}):
                self.requirements(requirement("beta", "1.0", self.local))
                self.run_terrane("build", "--update-lock", self.profile(**how), store=self.fresh())
                self.assertEqual([wheel.get("url") for wheel in self.locked()], [None])
                self.run_terrane("build", "--locked", self.profile(**how), store=self.fresh())
        for option in (f"--index-url {self.url}", "--index-url mirror/simple", f"--index-url {self.index.url}\n--extra-index-url {self.url}"):
            self.requirements(option + "\n", requirement("beta", "1.0", self.local))
            self.run_terrane("build", "--update-lock", self.profile(), store=self.fresh())

    def test_not_taken(self):
        self.requirements(requirement("alpha", "1.0", self.wheel))
        self.assert_fails(2, f"asked: ‘{self.url}’: the index has no such project", "lock", self.profile(index=self.url))
        self.assert_fails(2, "expected a URL as file:///absolute/path", "lock", self.profile(index="file:///%zz"))
        self.assert_fails(2, "expected https:// or file:/// URLs", "lock", self.profile(index="file://host/simple"))
        self.assert_fails(2, "asked: ‘file:///nonexistent’: there is no such directory", "lock", self.profile(index="file:///nonexistent"))
        self.requirements(requirement("beta", "1.0", self.local))
        (self.directory / f"mirror/packages/{self.local[0]}").write_bytes(b"another file")  # whatever the page says of it
        self.assert_fails(2, "not among the hashes", "lock", self.profile(index=self.url))


class Netrc(PlacesCase):
    def setUp(self):
        super().setUp()
        self.index.add(self.wheel)
        self.index.user = "me:se cret"
        self.NETRC = self.write("netrc", '# mine\nmachine other login x password y\nmachine 127.0.0.1\n  login me password "se cret"\n')
        self.requirements(requirement("alpha", "1.0", self.wheel))

    def try_out(self, **env):
        result = self.run_terrane("build", "--update-lock", self.profile(index=self.index.url), store=self.fresh(), env=env)
        self.assertNotIn("cret", (self.directory / "profile.lock.json").read_text() + result.stdout + result.stderr)

    def test_places_of_the_file(self):
        self.try_out()
        self.assertEqual(len(self.index.requests("/files/")), 1)
        self.NETRC.rename(self.directory / ".netrc")
        environment = dict(self.clean())
        del environment["NETRC"]
        self.clean = lambda: environment
        self.try_out()
        (self.directory / ".netrc").rename(self.directory / "_netrc")
        self.try_out()

    def test_user_in_the_url_wins(self):
        url = self.index.url.replace("//", "//other:wrong@")
        self.assert_fails(1, "refuses the user and password", "lock", self.profile(index=url))

    def test_default(self):
        self.NETRC.write_text("default login me password \"se cret\"")
        self.try_out()

    def test_default_is_for_hosts_that_the_user_named(self):
        self.NETRC.write_text("default login me password other")
        self.index.user = None
        elsewhere = self.start(self.wheel)
        self.page("/simple/alpha/", self.link(self.wheel, f"http://localhost:{elsewhere.port}/files/alpha/"))
        self.try_out()
        self.assertEqual([headers.get("Authorization") for _, headers in elsewhere.log], [None])

    def test_after_a_redirect(self):
        """The password of the first server does not go along; the second one's is in the file."""
        first = self.start()
        first.answer = lambda path, headers: (302, f"text/html\r\nLocation: http://127.0.0.1:{self.index.port}{path}", b"")
        self.run_terrane("lock", self.profile(index=f"http://localhost:{first.port}/simple"))
        self.assertTrue(all("Authorization" not in headers for _, headers in first.log))

    def test_broken_file(self):
        self.NETRC.write_text("machine 127.0.0.1 secret1 secret2")
        self.index.user = None
        result = self.run_terrane("lock", self.profile(index=self.index.url))
        self.assertRegex(result.stderr, "netrc: it has something else where .*; its passwords are not used")
        self.assertNotIn("secret", result.stderr)


class Locks(PlacesCase):
    """A lock says which files; where they are is looked up."""

    def setUp(self):
        super().setUp()
        self.index.add(self.wheel)
        self.requirements(requirement("alpha", "1.0", self.wheel))

    def test_index_that_moved(self):
        wheels = [self.wheel, make_wheel("beta", "1.0"), make_wheel("gamma", "1.0")]
        self.index.add(*wheels)
        self.requirements(*(requirement(wheel[0].split("-")[0], "1.0", wheel) for wheel in wheels))
        old = self.start(*wheels)
        self.lock(profile=self.profile(index=old.url))
        before = (self.directory / "profile.lock.json").read_bytes()
        old.faults = {f"/files/{wheel[0].split('-')[0]}/{wheel[0]}": (404, HTML, b"") for wheel in wheels}
        moved = self.profile(index=[self.start().url, self.index.url])
        self.run_terrane("lock", "--check", moved)
        for _ in range(2):  # the files are gone; then the server
            result = self.run_terrane("build", "--locked", moved, store=self.fresh())
            self.assertEqual(result.stderr.count("it is looked for elsewhere by its digest"), 1, result.stderr)
            old.url = f"http://127.0.0.1:{unused_port()}/simple"
            self.lock_text = before.decode().replace(f":{old.port}/", f":{old.url.split(':')[2].split('/')[0]}/")
            self.write("profile.lock.json", self.lock_text)
        self.assertEqual((self.directory / "profile.lock.json").read_text(), self.lock_text)

    def test_nowhere(self):
        """The first place and all that were asked are named."""
        self.lock(profile=self.profile(index=self.index.url))
        self.index.projects.clear()
        other = self.start(make_wheel("alpha", "1.0", files={"other.py": ""}))
        message = self.assert_fails(1, r"downloading ‘.*alpha.*’: .*HTTP 404", "build", "--locked",
                                    self.profile(index=[self.index.url, other.url]))
        self.assertIn(f"asked: ‘{self.index.url}’: the index has no such project (HTTP 404)", message)
        self.assertIn(f"asked: ‘{other.url}’: it has no file with this digest", message)
        self.assert_fails(1, "offline", "build", "--locked", "--offline", self.profile(index=self.index.url))

    def test_signed_links(self):
        """The signature is used, is in no file, and when it has changed the index knows the new one."""
        signature = ["first-secret"]
        name, data = self.wheel

        def answer(path, _):
            if path == "/simple/alpha/":
                return 200, HTML, f'<a href="/f/{name}?a=1&amp;sig={signature[0]}#sha256={sha256_of(data)}">x</a>'.encode()
            return (200, "application/octet-stream", data) if path == f"/f/{name}?a=1&sig={signature[0]}" else (403, HTML, b"expired")
        self.index.answer = answer
        path = self.profile(index=self.index.url)
        result = self.run_terrane("--verbose", "build", path)
        text = (self.directory / "profile.lock.json").read_text()
        self.assertNotIn("secret", text + result.stderr)
        self.assertNotIn("?", text)
        signature[0] = "second-secret"
        self.run_terrane("build", "--locked", path, store=self.fresh())
        self.run_terrane("lock", path)
        self.assertEqual((self.directory / "profile.lock.json").read_text(), text)

    def test_signed_url_of_a_requirement(self):
        name, data = self.wheel
        self.index.answer = lambda path, _: ((200, "application/octet-stream", data) if path == f"/f/{name}?sig=secret"
                                             else (403, HTML, b""))
        url = f"http://127.0.0.1:{self.index.port}/f/{name}"
        self.requirements(f"alpha @ {url}?sig=${{TEST_SIGNATURE}} --hash=sha256:{sha256_of(data)}\n")
        for arguments in (("--update-lock",), ("--locked",)):
            result = self.run_terrane("build", *arguments, self.profile(index=[]), store=self.fresh(), env={"TEST_SIGNATURE": "secret"})
            self.assertEqual(self.locked()[0]["url"], url)
            self.assertNotIn("warning", result.stderr)
        message = self.assert_fails(1, "does not give it to everybody \\(HTTP 403\\)", "build", "--locked", self.profile(index=[]),
                                    store=self.fresh(), env={"TEST_SIGNATURE": "wrong"})
        self.assertEqual(len(message.splitlines()), 1)

    def test_signed_url_of_an_archive(self):
        """The digest in the profile says which file it is: another signature does not mean another archive."""
        self.write("files/a.txt", "a")
        shutil.make_archive(self.directory / "data", "tar", self.directory / "files")
        data = (self.directory / "data.tar").read_bytes()
        self.index.answer = lambda path, _: ((200, "application/x-tar", data) if path in ("/data.tar?sig=first", "/data.tar?sig=second")
                                             else (403, HTML, b""))
        path = self.write_profile(trees=[{"name": "data", "prefix": "/opt", "archive": [
            {"url": f"http://127.0.0.1:{self.index.port}/data.tar?sig=${{env.TEST_SIGNATURE}}", "sha256": sha256_of(data)}]}])
        result = self.run_terrane("--json", "build", path, env={"TEST_SIGNATURE": "first"})
        lock = self.directory / "profile.lock.json"
        text = lock.read_text()
        self.assertNotIn("first", text + result.stdout + result.stderr)
        self.run_terrane("build", "--locked", path, store=self.fresh(), env={"TEST_SIGNATURE": "second"})
        old = text.replace("/data.tar", "/data.tar?sig=first")
        lock.write_text(old)
        self.run_terrane("build", "--locked", path, store=self.fresh(), env={"TEST_SIGNATURE": "second"})
        self.run_terrane("build", path, env={"TEST_SIGNATURE": "second"})
        self.assertEqual(lock.read_text(), old)
        lock.write_text(text.replace("/data.tar", "/other.tar"))
        self.assert_fails(4, "other.tar → .*data.tar", "lock", "--check", path, env={"TEST_SIGNATURE": "second"})

    def test_old_locks(self):
        """With a query or a user in a URL they go on to work, and are not called stale."""
        path = self.profile(index=self.index.url)
        self.lock(profile=path)
        lock = self.directory / "profile.lock.json"
        text = lock.read_text()
        for old in (re.sub(r'(\.whl)"(,?\n *"version")', r'\1?sig=old"\2', text), text.replace("http://", "http://joe:pw@")):
            self.assertNotEqual(old, text)
            lock.write_text(old)
            self.run_terrane("lock", "--check", path)
            self.run_terrane("build", "--locked", path, store=self.fresh())
            self.assertEqual(lock.read_text(), old)
        self.run_terrane("lock", path)
        self.assertEqual(lock.read_text(), text)

    def test_wheelhouse_comes_and_goes(self):
        """Locked from an index, built from a directory without network; and the other way round."""
        house = self.directory / "house"
        house.mkdir()
        path = self.profile(index=self.index.url, wheelhouse="house")
        self.lock(profile=path)
        (house / self.wheel[0]).write_bytes(self.wheel[1])
        self.run_terrane("build", "--locked", "--offline", path, store=self.fresh())
        self.run_terrane("lock", path)
        self.assertNotIn("url", self.locked()[0])
        (house / self.wheel[0]).write_bytes(make_wheel("alpha", "1.0", files={"other.py": ""})[1])  # now another file
        self.run_terrane("build", "--locked", path, store=self.fresh())
        shutil.rmtree(house)
        house.mkdir()
        self.run_terrane("lock", "--check", path)
        self.run_terrane("build", "--locked", path, store=self.fresh())

    def test_versions(self):
        """lock and then lock --check, for all that is equal by PEP 440 and PEP 503."""
        for name, asked, version in (("torch", "2.5.1", "2.5.1+cpu"), ("torch", "2.5.1+cpu", "2.5.1+cpu"), ("post", "1.0-1", "1.0.post1"),
                                     ("post", "1.0.post1", "1.0.post1"), ("zeros", "1.0", "1"), ("pre", "1.0RC1", "1.0rc1"),
                                     ("local", "1.0+Ubuntu-1", "1.0+ubuntu.1"), ("epoch", "1!2.0", "1!2"), ("My.Name[extra,b]", "1.0", "1.0")):
            with self.subTest(name=name, asked=asked, version=version):
                wheel = make_wheel(re.sub(r"\[.*", "", name).replace(".", "_"), version)
                self.index = self.start()
                self.index.projects[re.sub(r"\[.*", "", name).lower().replace(".", "-")] = dict([wheel])
                self.requirements(requirement(name, asked, wheel))
                path = self.profile(index=self.index.url)
                self.lock(profile=path)
                text = (self.directory / "profile.lock.json").read_text()
                self.run_terrane("lock", "--check", path)
                self.run_terrane("build", "--locked", path)
                self.assertEqual((self.directory / "profile.lock.json").read_text(), text)
        self.requirements(requirement("My.Name", "1.1", self.wheel))
        self.assert_fails(4, r"my-name 1.0 → 1.1", "lock", "--check", path)


if __name__ == "__main__":
    unittest.main()
