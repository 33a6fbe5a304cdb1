"""terrane drift: what has moved since a profile was locked."""

import json
import random
import subprocess
import unittest
import zipfile

from terrane_test import Registry, TestCase, have, make_tar
from test_python_oracle import PROBE, PYTHON
from web_server import WebServer
from wheel_index import Index, make_wheel, requirement, sha256_of

TODAY = "2026-03-01"
STATUS = """Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2

Package: openssl
Status: install ok installed
Version: 3.0.11-1~deb12u2

Package: gcc-12-base
Status: install ok installed
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+b1
Description: continued
 Version: 99

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""


def record(identifier, name, events, ecosystem="PyPI", **members):
    """An advisory about a package with one range; members of the record, or of "affected"."""
    affected = {"package": {"ecosystem": ecosystem, "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": [dict([event]) for event in events]}]}
    affected.update(members.pop("affected", {}))
    return {"schema_version": "1.6.0", "id": identifier, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **members}


class DriftCase(TestCase):
    PYTHON = {"python": "3.12", "glibc": "2.34"}

    def setUp(self):
        super().setUp()
        self.index = Index()
        self.addCleanup(self.index.close)
        self.wheels = {version: make_wheel("alpha", version) for version in ("1.0", "1.1", "2.0", "3.0rc1")}
        self.index.add(self.wheels["1.0"])
        self.write("requirements.txt", requirement("alpha", "1.0", self.wheels["1.0"]))
        self.write("base/etc/os-release", 'ID=debian\nVERSION_ID="12"\n')
        self.write("base/var/lib/dpkg/status", STATUS)
        self.advisories = self.directory / "advisories"
        self.advisories.mkdir()
        self.write_advisory(record("PYSEC-1", "unrelated", [("introduced", "0")]))

    def write_wheel_profile(self, **members):
        return self.write_profile(**{"base": {"directory": "base"}, "trees": [
            {"name": "deps", "wheels": {"requirements": "requirements.txt", "index": self.index.url, **self.PYTHON},
             "prefix": "/var/task"}], **members})

    def write_advisory(self, *records):
        for item in records:
            self.write(f"advisories/{item['id']}.json", json.dumps(item))

    def drift(self, *arguments, exit_code=4, **options):
        words = ["--json", "drift", "--today", TODAY]
        if "--advisory-service" not in arguments:
            words += ["--advisories", self.advisories]
        document = json.loads(self.run_terrane(*words, *arguments, exit_code=exit_code, **options).stdout)
        self.assertEqual(document["moved"], exit_code == 4)
        self.assertEqual("error" in document, exit_code != 0)
        return document

    def only(self, document):
        self.assertEqual(len(document["profiles"]), 1)
        return document["profiles"][0]

    def findings(self, document, *keys):
        return [tuple(finding.get(key) for key in keys) for finding in self.only(document)["findings"]]

    def reasons(self, document, question, failed):
        return [item["reason"] for item in self.only(document)["unanswered"]
                if item["question"] == question and item["failed"] == failed]


class Wheels(DriftCase):
    def setUp(self):
        super().setUp()
        self.profile = self.write_wheel_profile()
        self.run_terrane("lock", self.profile)

    def kinds(self, *arguments, exit_code=4):
        return self.findings(self.drift(self.profile, *arguments, exit_code=exit_code), "kind", "subject", "locked", "now")

    def test_nothing_moved(self):
        self.assertEqual(self.kinds(exit_code=0), [])

    def test_newer(self):
        self.index.add(self.wheels["1.1"], self.wheels["2.0"], self.wheels["3.0rc1"])
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "2.0")])
        self.assertEqual(self.kinds("--ignore", "wheel-newer:alpha", exit_code=0), [])
        self.write("requirements.in", "alpha < 2\n")
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "1.1")])
        self.write("requirements.in", "alpha >= 2.0rc1\n")
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "3.0rc1")])
        self.write("requirements.in", "alpha == 1.0\n")
        self.assertEqual(self.kinds(exit_code=0), [])
        self.write("requirements.in", "-c constraints.txt\nalpha\n")
        self.write("constraints.txt", "alpha != 2.0\n")
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "1.1")])
        self.write("requirements.in", 'alpha < 2 ; python_version < "3.9"\n')
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "2.0")])

    def test_newer_fits(self):
        self.index.add(make_wheel("alpha", "4.0", "cp39-cp39-manylinux_2_28_x86_64"),
                       make_wheel("alpha", "5.0", "cp312-cp312-manylinux_2_39_x86_64"),
                       make_wheel("alpha", "6.0", "cp312-cp312-manylinux_2_28_aarch64"))
        self.index.projects["alpha"]["alpha-7.0.tar.gz"] = b"a source distribution"
        self.assertEqual(self.kinds(exit_code=0), [])

    def test_what_the_image_needs(self):
        """A newer wheel that another package of the image does not allow is ignored."""
        beta = make_wheel("beta", "1.0", requires=["alpha<2", "alpha>=9 ; extra == 'new'"])
        self.index.add(beta, self.wheels["1.1"], self.wheels["2.0"])
        self.write("requirements.txt", requirement("alpha", "1.0", self.wheels["1.0"]) + requirement("beta", "1.0", beta))
        self.write("base/usr/bin/python3.12", "#!").chmod(0o755)
        (self.directory / "base/usr/bin/python3").symlink_to("python3.12")
        self.write_wheel_profile(config={"env": {"PYTHONPATH": "/var/task"}})
        self.run_terrane("lock", self.profile)
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "2.0")])
        self.build(self.profile)
        document = self.drift(self.profile)
        self.assertEqual(self.only(document)["packages_of"], "image")
        self.assertEqual(self.findings(document, "subject", "now"), [("alpha", "1.1")])

    def test_yanked(self):
        name, data = self.wheels["1.0"]
        page = {"meta": {"api-version": "1.1"}, "name": "alpha",
                "files": [{"filename": name, "url": f"/files/alpha/{name}", "hashes": {"sha256": sha256_of(data)}, "yanked": "broken @all, see www.example.org|https://x #1"},
                          {"filename": self.wheels["2.0"][0], "url": "/files/alpha/2", "hashes": {}, "yanked": True}]}
        self.index.faults["/simple/alpha/"] = (200, "application/vnd.pypi.simple.v1+json", json.dumps(page).encode())
        document = self.drift(self.profile, "--markdown", self.directory / "out.md")
        self.assertEqual(self.findings(document, "kind", "subject", "locked"), [("wheel-yanked", "alpha", "1.0")])
        self.assertIn("broken @all", self.only(document)["findings"][0]["message"])
        text = (self.directory / "out.md").read_text()  # without mentions, links or extra cells
        self.assertIn("broken &#64;&#8203;all, see www&#8203;.example.org&#124;https:&#8203;//x &#35;&#8203;1", text)
        row = next(line for line in text.splitlines() if "wheel-yanked" in line)
        self.assertEqual(row.count("|"), 7)
        text = self.run_terrane("drift", "--today", TODAY, "--advisories", self.advisories, self.profile, exit_code=4).stdout
        self.assertRegex(text, r"(?m)^wheel-yanked +deps +alpha +1\.0 .*broken @all")

    def test_withdrawn(self):
        self.index.projects["alpha"] = dict([self.wheels["1.1"]])
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "1.1"), ("wheel-withdrawn", "alpha", "1.0", None)])
        self.index.projects["alpha"] = {"alpha-1.0-py3-none-any.whl": b"other bytes"}
        self.assertEqual([row[0] for row in self.kinds()], ["wheel-withdrawn"])
        del self.index.projects["alpha"]
        self.assertEqual([row[0] for row in self.kinds()], ["wheel-withdrawn"])

    def test_no_answer(self):
        """A failing server does not mean a withdrawn wheel."""
        self.index.faults["/simple/alpha/"] = (400, "text/plain", b"no")
        document = self.drift(self.profile, exit_code=1)
        self.assertEqual(self.findings(document, "kind"), [])
        self.assertRegex(self.reasons(document, "wheels", True)[0], "HTTP 400")

    def test_one_of_two_indexes_fails(self):
        other = Index()
        self.addCleanup(other.close)
        other.add(self.wheels["1.1"])
        self.write_wheel_profile(trees=[{"name": "deps", "prefix": "/var/task", "wheels": {
            "requirements": "requirements.txt", "index": [self.index.url, other.url], **self.PYTHON}}])
        self.run_terrane("lock", self.profile)
        self.index.faults["/simple/alpha/"] = (400, "text/plain", b"no")
        document = self.drift(self.profile)
        self.assertEqual(self.findings(document, "kind", "now"), [("wheel-newer", "1.1")])
        self.assertRegex(self.reasons(document, "wheels", True)[0], r"(?s)alpha.*HTTP 400")

    def test_offline(self):
        requests = len(self.index.log)
        document = self.drift(self.profile, "--offline", exit_code=0)
        self.assertEqual(len(self.index.log), requests)
        self.assertIn("--offline", self.reasons(document, "wheels", False)[0])
        service = json.loads(self.run_terrane("--json", "drift", "--offline", "--today", TODAY, self.profile).stdout)
        self.assertIn("--offline", self.reasons(service, "advisories", False)[0])

    def test_wheelhouse(self):
        """Local data are examined with --offline, too."""
        (self.directory / "house").mkdir()
        for version in ("1.0", "2.0"):
            self.write(f"house/{self.wheels[version][0]}", self.wheels[version][1])
        self.write_wheel_profile(trees=[{"name": "deps", "prefix": "/var/task", "wheels": {
            "requirements": "requirements.txt", "index": [], "wheelhouse": "house", **self.PYTHON}}])
        self.run_terrane("lock", self.profile)
        self.assertEqual(self.kinds("--offline"), [("wheel-newer", "alpha", "1.0", "2.0")])

    def test_direct_url(self):
        server = WebServer()
        self.addCleanup(server.stop)
        name, data = self.wheels["1.0"]
        server.files[f"/{name}"] = data
        self.write("requirements.txt", f"alpha @ {server.url}/{name} --hash=sha256:{sha256_of(data)}\n")
        self.run_terrane("lock", self.profile)
        self.assertRegex(self.reasons(self.drift(self.profile, exit_code=0), "wheels", False)[0], "only a download tells")
        self.build(self.profile)
        document = self.drift(self.profile, exit_code=0)
        self.assertEqual(self.reasons(document, "wheels", False), [])  # the store has it, with its size
        server.files[f"/{name}"] = data + b"more"
        self.assertEqual([row[0] for row in self.kinds()], ["wheel-withdrawn"])
        del server.files[f"/{name}"]
        self.assertEqual([row[0] for row in self.kinds()], ["wheel-withdrawn"])


    def test_pylock(self):
        """Its files are where it says, whatever an index has; that knows of newer ones."""
        name, data = self.wheels["1.0"]
        url = f"http://127.0.0.1:{self.index.port}/files/alpha/{name}"
        self.write("pylock.toml", f"""lock-version = "1.0"
created-by = "test"
[[packages]]
name = "alpha"
version = "1.0"
wheels = [{{ url = "{url}", size = {len(data)}, hashes = {{ sha256 = "{sha256_of(data)}" }} }}]
""")
        trees = [{"name": "deps", "wheels": {"requirements": "pylock.toml", "index": [], **self.PYTHON}, "prefix": "/var/task"}]
        self.write_wheel_profile(trees=trees)
        self.run_terrane("lock", self.profile)
        document = self.drift(self.profile, exit_code=0)
        self.assertEqual(self.reasons(document, "wheels", False), ["the profile names no index, which would know newer and yanked wheels"])
        self.index.faults[f"/files/alpha/{name}"] = (404, "text/plain", b"")
        self.assertEqual([row[0] for row in self.kinds()], ["wheel-withdrawn"])
        del self.index.faults[f"/files/alpha/{name}"]
        trees[0]["wheels"]["index"] = self.index.url
        self.write_wheel_profile(trees=trees)
        self.index.add(self.wheels["1.1"], self.wheels["2.0"])
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "2.0")])
        self.write("requirements.in", "alpha < 2\n")
        self.assertEqual(self.kinds(), [("wheel-newer", "alpha", "1.0", "1.1")])


class Advisories(DriftCase):
    def setUp(self):
        super().setUp()
        self.profile = self.write_wheel_profile()
        self.run_terrane("lock", self.profile)

    def test_applies_to_the_version(self):
        self.write_advisory(record("GHSA-1", "Alpha", [("introduced", "0"), ("fixed", "1.0.1")], aliases=["CVE-2026-1"], summary="bad\x1b[31m",
                                   severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]),
                            record("GHSA-2", "alpha", [("introduced", "1.1")]),
                            record("GHSA-3", "alpha", [("introduced", "0")], withdrawn="2026-02-01T00:00:00Z"),
                            record("GHSA-4", "alpha", [("introduced", "0")], ecosystem="npm"))
        document = self.drift(self.profile)
        self.assertEqual(self.findings(document, "kind", "id", "subject", "source", "locked", "now", "score", "severity"),
                         [("advisory", "CVE-2026-1", "alpha", "deps", "1.0", "1.0.1", "9.8", "critical")])
        self.assertEqual(self.only(document)["findings"][0]["ids"], ["CVE-2026-1", "GHSA-1"])
        text = self.run_terrane("drift", "--today", TODAY, "--advisories", self.advisories, self.profile, exit_code=4).stdout
        self.assertNotIn("\x1b", text)

    def test_aliases_are_one(self):
        zero = [("introduced", "0")]
        self.write_advisory(record("GHSA-1", "alpha", [*zero, ("fixed", "1.1")], aliases=["CVE-2026-1"]),
                            record("PYSEC-2", "alpha", [*zero, ("fixed", "1.2")], aliases=["CVE-2026-1"], summary="told"),
                            record("OTHER-3", "alpha", zero, aliases=["PYSEC-2"]),
                            record("GHSA-9", "alpha", zero))
        document = self.drift(self.profile)
        self.assertEqual(self.findings(document, "id", "now", "message"),
                         [("CVE-2026-1", "1.2", "CVE-2026-1: told"), ("GHSA-9", None, "GHSA-9: the advisory has no summary")])
        self.assertEqual(self.only(document)["findings"][0]["ids"], ["CVE-2026-1", "GHSA-1", "OTHER-3", "PYSEC-2"])

    def test_ignored(self):
        self.write_advisory(record("GHSA-1", "alpha", [("introduced", "0"), ("fixed", "2")], aliases=["CVE-2026-1"]),
                            record("GHSA-2", "alpha", [("introduced", "0")]))
        document = self.drift(self.profile, "--ignore", "cve-2026-1")
        self.assertEqual(self.findings(document, "id"), [("GHSA-2",)])
        self.assertEqual([item["id"] for item in self.only(document)["ignored"]], ["CVE-2026-1"])
        self.assertEqual(self.findings(self.drift(self.profile, "--fixable"), "id"), [("CVE-2026-1",)])
        self.drift(self.profile, "--fixable", "--ignore=GHSA-1", exit_code=0)
        self.drift(self.profile, "--ignore=advisory", exit_code=0)

    def test_the_profile_ignores(self):
        self.write_advisory(record("GHSA-1", "alpha", [("introduced", "0")], aliases=["CVE-2026-1"]))
        self.write_wheel_profile(drift={"ignore": [{"id": "CVE-2026-1", "reason": "not used", "until": TODAY}]})
        document = self.drift(self.profile, exit_code=0)
        self.assertEqual([(item["id"], item["reason"]) for item in self.only(document)["ignored"]], [("CVE-2026-1", "not used")])
        self.write_wheel_profile(drift={"ignore": [{"id": "CVE-2026-1", "reason": "not used", "until": "2026-02-28"}]})
        self.assertEqual(self.findings(self.drift(self.profile), "id"), [("CVE-2026-1",)])

    def test_zip(self):
        with zipfile.ZipFile(self.advisories / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for number in (1, 2):
                archive.writestr(f"GHSA-{number}.json", json.dumps(record(f"GHSA-{number}", "alpha", [("introduced", "0")])))
        self.assertEqual(self.findings(self.drift(self.profile), "id"), [("GHSA-1",), ("GHSA-2",)])

    def test_markdown_fits_into_an_issue(self):
        """GitHub takes 65536 characters; these have 300 rows of 360 and more."""
        self.write_advisory(*(record(f"GHSA-{number}", "alpha", [("introduced", "0")], summary="@" * 60) for number in range(300)))
        self.drift(self.profile, "--markdown", self.directory / "out.md")
        text = (self.directory / "out.md").read_text()
        self.assertLess(len(text), 65536)
        shown = text.count("| advisory |")
        self.assertGreater(shown, 50)
        self.assertIn(f"\nand {300 - shown} more.\n", text)

    def test_hostile_files(self):
        self.write("advisories/broken.json", "{")
        self.write("advisories/deep.json", '{"id": ' + "[" * 100000)
        self.write("advisories/noid.json", json.dumps({"id": "a\nb", "affected": []}))
        document = self.drift(self.profile, exit_code=1)
        self.assertRegex(self.reasons(document, "advisories", True)[0], "3 of 4 advisories cannot be read: broken.json")
        with zipfile.ZipFile(self.advisories / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("a.json", "b.json", "c.json"):
                archive.writestr(name, bytes(30 << 20))
        document = self.drift(self.profile, exit_code=1)
        self.assertTrue(any("bomb.zip" in reason and "100 times" in reason for reason in self.reasons(document, "advisories", True)),
                        self.reasons(document, "advisories", True))
        document = self.drift("--advisories", self.directory / "absent", self.profile, exit_code=1)
        self.assertTrue(any("absent" in reason for reason in self.reasons(document, "advisories", True)))

    def test_debian(self):
        """By source packages and the order of dpkg, for this release. The base is here, and so needs no build."""
        debian = {"ecosystem": "Debian:12"}
        self.write_advisory(
            record("DEBIAN-CVE-2026-1", "openssl", [("introduced", "0"), ("fixed", "3.0.11-1~deb12u3")], upstream=["CVE-2026-1"], **debian),
            record("DEBIAN-CVE-2026-2", "openssl", [("introduced", "0"), ("fixed", "3.0.11-1~deb12u2")], **debian),
            record("DEBIAN-CVE-2026-3", "gcc-12", [("introduced", "0"), ("fixed", "12.2.0-14+b1")], **debian),
            record("DEBIAN-CVE-2026-4", "gcc-12", [("introduced", "0")], affected={"ecosystem_specific": {"urgency": "unimportant"}}, **debian),
            record("DEBIAN-CVE-2026-5", "openssl", [("introduced", "0")], ecosystem="Debian:11"),
            record("DEBIAN-CVE-2026-6", "gone", [("introduced", "0")], **debian),
            record("DSA-1", "openssl", [("introduced", "0"), ("fixed", "3.0.11-1~deb12u3")], upstream=["CVE-2026-1", "DEBIAN-CVE-2026-1"], **debian),
            record("DSA-2", "openssl", [("introduced", "0"), ("fixed", "3.0.12-1")], upstream=["CVE-2026-1", "CVE-2026-9"], **debian))
        document = self.drift(self.profile)
        self.assertEqual(self.findings(document, "id", "subject", "source", "locked", "now", "packages"), [
            ("DEBIAN-CVE-2026-3", "gcc-12", "base", "12.2.0-14", "12.2.0-14+b1", ["gcc-12-base"]),
            ("CVE-2026-1", "openssl", "base", "3.0.11-1~deb12u2", "3.0.11-1~deb12u3", ["libssl3", "openssl"]),
            ("DSA-2", "openssl", "base", "3.0.11-1~deb12u2", "3.0.12-1", ["libssl3", "openssl"])])
        profile = self.only(document)
        self.assertEqual(profile["packages"], {"PyPI": 1, "Debian:12": 2})
        self.assertEqual([(item["id"], item["reason"]) for item in profile["ignored"]],
                         [("DEBIAN-CVE-2026-4", "the distribution calls it unimportant")])

    def test_libraries_inside_of_wheels(self):
        """By the releases that records of OSS-Fuzz list; by commits nothing can be told, which is said."""
        self.write("base/var/task/rasterio.libs/libgdal-1234abcd.so.32", b"\x7fELF\0GDAL 3.6.2\0")
        self.write("base/usr/lib/libgdal.so.32", b"\x7fELF\0GDAL 3.6.1\0")  # of a package of the system
        self.write_advisory({"id": "OSV-2026-1", "affected": [{"package": {"ecosystem": "OSS-Fuzz", "name": "gdal"}, "versions": ["v3.6.2"]}]},
                            {"id": "OSV-2026-2", "affected": [{"package": {"ecosystem": "OSS-Fuzz", "name": "gdal"}, "versions": ["v3.6.1"]}]})
        document = self.drift(self.profile)
        self.assertEqual(self.findings(document, "id", "subject", "locked", "packages"),
                         [("OSV-2026-1", "gdal", "3.6.2", ["/var/task/rasterio.libs/libgdal-1234abcd.so.32"])])
        self.assertTrue(any("1 library inside of wheels" in reason for reason in self.reasons(document, "advisories", False)))

    def test_packages_of_the_base_are_not_known(self):
        """Until it was fetched: that is said, and the wheels of the lock are looked up."""
        server = WebServer()
        self.addCleanup(server.stop)
        data = make_tar(self.directory / "base.tar", [("var/lib/dpkg/status", "file", STATUS.encode())]).read_bytes()
        server.files["/base.tar"] = data
        self.write_wheel_profile(base={"archive": [{"url": server.url + "/base.tar", "sha256": sha256_of(data)}]})
        self.run_terrane("lock", self.profile)
        document = self.drift(self.profile, exit_code=0)
        profile = self.only(document)
        self.assertEqual((profile["packages_of"], profile["packages"]), ("lock", {"PyPI": 1}))
        self.assertRegex(self.reasons(document, "packages", False)[0], "build the profile first")


class Service(DriftCase):
    """The API of osv.dev, answered as its documentation says."""

    def setUp(self):
        super().setUp()
        self.write("bare/etc/os-release", "ID=debian\nVERSION_ID=12\n")
        self.profile = self.write_wheel_profile(base={"directory": "bare"})
        self.run_terrane("lock", self.profile)
        self.server = WebServer()
        self.addCleanup(self.server.stop)
        self.queries = []

    def serve(self, *pages, records=()):
        answers = iter(pages)

        def post(path, body):
            self.queries.append((path, json.loads(body)))
            return 200, json.dumps(next(answers)).encode()
        self.server.post = post
        for item in records:
            self.server.files[f"/v1/vulns/{item['id']}"] = json.dumps(item).encode()

    def test_pages_and_records(self):
        self.serve({"results": [{"vulns": [{"id": "GHSA-1", "modified": "x"}], "next_page_token": "more"}]},
                   {"results": [{"vulns": [{"id": "GHSA-2"}, {"id": "../escape"}, {"id": "GHSA-3"}]}]},
                   records=[record("GHSA-1", "alpha", [("introduced", "0")]), record("GHSA-2", "alpha", [("introduced", "2")])])
        document = self.drift(self.profile, "--advisory-service", self.server.url + "/")
        self.assertEqual(self.findings(document, "id"), [("GHSA-1",)])
        query = {"package": {"ecosystem": "PyPI", "name": "alpha"}, "version": "1.0"}
        self.assertEqual(self.queries, [("/v1/querybatch", {"queries": [query]}),
                                        ("/v1/querybatch", {"queries": [{**query, "page_token": "more"}]})])
        self.assertRegex(self.reasons(document, "advisories", True)[0], "^2 advisories cannot be read: ‘../escape’ cannot be the id")
        self.assertEqual({item.path for item in self.server.log}, {f"/v1/vulns/GHSA-{number}" for number in (1, 2, 3)})

    def test_local_version(self):
        """Advisories are about the public one: 1.0+cu118 is a build of 1.0."""
        beta = make_wheel("beta", "1.0+cu118")
        self.index.add(beta)
        self.write("requirements.txt", requirement("alpha", "1.0", self.wheels["1.0"]) + requirement("beta", "1.0+cu118", beta))
        self.run_terrane("lock", self.profile)
        self.serve({"results": [{}, {"vulns": [{"id": "GHSA-1"}]}]}, records=[record("GHSA-1", "beta", [("introduced", "0"), ("last_affected", "1.0")])])
        document = self.drift(self.profile, "--advisory-service", self.server.url)
        self.assertIn(("GHSA-1", "1.0+cu118"), self.findings(document, "id", "locked"))
        self.assertEqual({query["package"]["name"]: query["version"] for query in self.queries[0][1]["queries"]}, {"alpha": "1.0", "beta": "1.0"})

    def test_bad_answers(self):
        for answer in ({"results": []}, {"results": [1]}, []):
            with self.subTest(answer):
                self.serve(answer)
                document = self.drift(self.profile, "--advisory-service", self.server.url, exit_code=1)
                self.assertEqual(len(self.reasons(document, "advisories", True)), 1)

    def test_unreachable(self):
        document = self.drift(self.profile, "--advisory-service", "http://127.0.0.1:1", exit_code=1)
        self.assertRegex(self.reasons(document, "advisories", True)[0], "127.0.0.1:1")


@unittest.skipUnless(have("docker-registry"), "docker-registry is not installed")
class Images(DriftCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(self.directory / "registry")
        self.addCleanup(self.registry.__exit__)

    def push(self, name, text, **members):
        self.write(f"{name}/etc/issue", text)
        path = self.write_profile(f"{name}.json", name=name, **{"base": {"directory": name}, **members})
        return self.build(path, "--no-lock", "--push", f"docker://{self.registry.host}/{name}:v1")["digest"]

    def test_moved_tag(self):
        before = self.push("one", "1")
        profile = self.write_profile(base={"image": f"docker://{self.registry.host}/one:v1"})
        self.run_terrane("lock", profile)
        self.drift(profile, exit_code=0)
        after = self.push("one", "2")
        self.assertEqual(self.findings(self.drift(profile), "kind", "id", "source", "locked", "now"),
                         [("image", f"image:{self.registry.host}/one:v1", "base", before, after)])
        self.drift(profile, "--ignore", "image", exit_code=0)
        document = self.drift(profile, "--offline", exit_code=0)
        self.assertIn("--offline", self.reasons(document, "image", False)[0])
        self.write_profile(base={"image": f"docker://{self.registry.host}/one:v1@{before}"})
        self.run_terrane("lock", profile)
        self.assertEqual(self.findings(self.drift(profile), "locked", "now"), [(before, after)])
        self.write_profile(base={"image": f"docker://{self.registry.host}/one@{before}"})
        self.run_terrane("lock", profile)
        self.assertRegex(self.reasons(self.drift(profile, exit_code=0), "image", False)[0], "named by its digest alone")

    def test_base_of_the_base(self):
        """By the annotations of an image that others have built."""
        before = self.push("one", "1")
        two = {"base": {"image": f"docker://{self.registry.host}/one:v1"}}
        self.push("two", "2", **two)
        profile = self.write_profile(base={"image": f"docker://{self.registry.host}/two:v1"})
        self.run_terrane("lock", profile)
        self.drift(profile, exit_code=0)
        after = self.push("one", "3")
        self.assertEqual(self.findings(self.drift(profile), "kind", "id", "locked", "now"),
                         [("image-base", f"image-base:{self.registry.host}/one:v1", before, after)])

    def test_lock_of_another_image(self):
        self.push("one", "1")
        profile = self.write_profile(base={"image": f"docker://{self.registry.host}/one:v1"})
        self.run_terrane("lock", profile)
        self.write_profile(base={"image": f"docker://{self.registry.host}/one:v2"})
        self.assertRegex(self.reasons(self.drift(profile, exit_code=1), "image", True)[0], "terrane lock")

    def test_registry_is_gone(self):
        self.push("one", "1")
        profile = self.write_profile(base={"image": f"docker://{self.registry.host}/one:v1"})
        self.run_terrane("lock", profile)
        self.registry.process.terminate()
        self.registry.process.wait()
        document = self.drift(profile, exit_code=1)
        self.assertEqual(len(self.reasons(document, "image", True)), 1)


class Others(DriftCase):
    def test_archives(self):
        server = WebServer()
        self.addCleanup(server.stop)
        local = make_tar(self.directory / "local.tar", [("a", "file", b"1")])
        far = make_tar(self.directory / "far.tar", [("b", "file", b"2")]).read_bytes()
        server.files["/far.tar"] = far
        profile = self.write_profile(trees=[
            {"name": "local", "archive": "local.tar", "prefix": "/a"},
            {"name": "far", "archive": [{"url": server.url + "/far.tar", "sha256": sha256_of(far)}], "prefix": "/b"}])
        self.run_terrane("lock", profile)
        document = self.drift(profile, exit_code=0)
        self.assertRegex(self.reasons(document, "archive", False)[0], "far.tar’ is there")
        self.build(profile)
        document = self.drift(profile, exit_code=0)
        self.assertEqual(self.reasons(document, "archive", False), [])  # its size is known
        server.files["/far.tar"] += b"more"
        before = sha256_of(local.read_bytes())
        make_tar(local, [("a", "file", b"3")])
        self.assertEqual(self.findings(self.drift(profile), "kind", "subject", "source", "locked", "now"), [
            ("archive", f"{server.url}/far.tar", "far", "sha256:" + sha256_of(far), None),
            ("archive", "local.tar", "local", "sha256:" + before, "sha256:" + sha256_of(local.read_bytes()))])

    @unittest.skipUnless(have("ostree"), "ostree is not installed")
    def test_ostree(self):
        repository = self.directory / "repo"

        def commit(text):
            self.write("content/file", text)
            run = ["ostree", f"--repo={repository}"]
            return subprocess.run([*run, "commit", "--branch=main", self.directory / "content"], check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["ostree", f"--repo={repository}", "init", "--mode=archive"], check=True)
        before = commit("1")
        profile = self.write_profile(trees=[{"name": "data", "ostree": {"repository": "repo", "ref": "main"}, "prefix": "/d"}])
        self.build(profile)
        self.drift(profile, exit_code=0)
        after = commit("2")
        self.assertEqual(self.findings(self.drift(profile), "kind", "subject", "locked", "now"), [("ostree", "main", before, after)])

    def test_end_of_life(self):
        profile = self.write_wheel_profile()
        self.run_terrane("lock", profile)
        self.build(profile)
        run = ["--advisories", self.advisories, profile, "--json"]

        def ends(today, *arguments, exit_code=4):
            result = self.run_terrane("drift", "--today", today, *arguments, *run, exit_code=exit_code)
            return self.findings(json.loads(result.stdout), "subject", "ends", "days")
        # Python 3.12 by PEP 693, Debian 12 by its LTS team
        self.assertEqual(ends("2028-03-31", exit_code=0), [])
        self.assertEqual(ends("2028-04-02", "--days=89"), [("debian 12", "2028-06-30", 89)])
        self.assertEqual(ends("2028-11-01"), [("Python 3.12", "2028-10-31", -1), ("debian 12", "2028-06-30", -124)])
        self.assertEqual(ends("2028-06-29", "--days=0", exit_code=0), [])
        table = self.write("ends.json", json.dumps({"date": "2030-01-01", "products": {"python": {"3.12": "2031-01-01"}}}))
        document = json.loads(self.run_terrane("drift", "--today=2030-12-01", "--end-of-life", table, *run, exit_code=4).stdout)
        self.assertEqual(self.findings(document, "subject"), [("Python 3.12",)])
        self.assertEqual(document["end_of_life_table"], "2030-01-01")
        self.assertRegex(self.reasons(document, "end-of-life", False)[0], "debian 12: the table of 2030-01-01")
        bad = self.write("bad.json", json.dumps({"date": "yesterday", "products": {"python": {"3.12": "2031-02-30"}}}))
        self.assert_fails(2, r"date: expected a date[^\n]*\n[^\n]*3\.12: expected a date", "drift", "--end-of-life", bad, profile)

    def test_runtime_of_aws(self):
        """Python below /var/lang is that of AWS's images."""
        self.write("base/var/lang/bin/python3.9", "#!").chmod(0o755)
        profile = self.write_profile(config={"env": {"PATH": "/var/lang/bin:/bin"}})
        self.run_terrane("lock", profile)
        self.build(profile)
        self.assertEqual(self.findings(self.drift(profile), "kind", "subject", "locked"),
                         [("end-of-life", "Python 3.9", "2025-10-31"), ("end-of-life", "the Lambda runtime python3.9", "2025-12-15")])

    def test_several_profiles(self):
        one = self.write_wheel_profile()
        two = self.write_profile("two.json")
        for profile in (one, two):
            self.run_terrane("lock", profile)
        self.run_terrane("lock", "--platform", "linux/arm64", two)
        self.build(one)
        self.index.add(self.wheels["2.0"])
        document = self.drift(one, two)
        self.assertEqual([(item["profile"], item["platform"], len(item["findings"])) for item in document["profiles"]],
                         [(str(one), "linux/amd64", 1), (str(two), "linux/amd64", 0), (str(two), "linux/arm64", 0)])
        document = self.drift("--platform=linux/arm64", two, exit_code=0)
        self.assertEqual([item["platform"] for item in document["profiles"]], ["linux/arm64"])
        document = self.drift("--platform=linux/arm64", one, exit_code=1)
        self.assertRegex(self.reasons(document, "lock", True)[0], "nothing of this platform; run: terrane lock")

    def test_no_lock(self):
        profile = self.write_wheel_profile()
        self.assert_fails(1, "there is no .*profile.lock.json .*terrane lock", "drift", profile)
        self.assert_fails(2, "--today.*expected a date", "drift", "--today=1.2.2026", profile)
        self.assert_fails(2, "expected a URL", "drift", "--advisory-service=osv.dev", profile)
        self.assert_fails(2, "advisories", "drift", "--advisory-service=https://x", "--advisories=y", profile)


# The evaluation algorithm of OSV's schema as it is written there, with packaging's versions; and the least fixed version above.
REFERENCE = r"""
import json, sys
from packaging.version import Version

def affects(version, events):
    key = lambda event: (-1,) if next(iter(event.values())) == "0" else (0, Version(next(iter(event.values()))))
    vulnerable, at = False, Version(version.partition("+")[0])
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(at < Version(limit) for limit in limits):
        return False
    for event in sorted((event for event in events if "limit" not in event), key=key):
        if "introduced" in event and (event["introduced"] == "0" or at >= Version(event["introduced"])):
            vulnerable = True
        if "fixed" in event and at >= Version(event["fixed"]):
            vulnerable = False
        if "last_affected" in event and at > Version(event["last_affected"]):
            vulnerable = False
    return vulnerable

for version, events in json.load(sys.stdin):
    above = [event["fixed"] for event in events if "fixed" in event and Version(event["fixed"]) > Version(version.partition("+")[0])]
    affected = affects(version, events)
    print(json.dumps([affected, min(above, key=Version) if affected and above else None]))
"""


class Oracle(unittest.TestCase):
    def probe(self, questions):
        output = subprocess.run([PROBE], input=json.dumps(questions), capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in output.splitlines()]

    @unittest.skipUnless(PYTHON.exists(), "packaging is not installed: run scripts/install-packaging")
    def test_ranges_as_packaging_has_versions(self):
        random.seed(13)
        versions = ["0.9", "1.0.dev1", "1.0a1", "1.0rc2", "1.0", "1.0.post1", "1.0+local", "1.1", "1.10", "1!0.1", "2.0rc1", "2.0", "v2.0.1", "3"]
        bounds = [version for version in versions if "+" not in version]
        cases = []
        for _ in range(600):
            kinds = random.choices(["introduced", "fixed", "last_affected", "limit"], [4, 3, 2, 1], k=random.randint(1, 5))
            chosen = random.sample(bounds, len(kinds))  # of equal versions the schema says no order
            events = [{kind: version} for kind, version in zip(kinds, chosen)]
            if random.random() < 0.5:
                events.insert(0, {"introduced": "0"})
            cases.append((random.choice(versions), events))
        expected = subprocess.run([PYTHON, "-c", REFERENCE], input=json.dumps(cases), capture_output=True, text=True, check=True).stdout
        expected = [json.loads(line) for line in expected.splitlines()]
        questions = [{"ask": "judge", "ecosystem": "PyPI", "name": "a", "version": version,
                      "record": {"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"},
                                                          "ranges": [{"type": "ECOSYSTEM", "events": events}]}]}}
                     for version, events in cases]
        self.assertEqual([(case, answer) for case, answer in zip(cases, self.probe(questions))], list(zip(cases, expected)))
        self.assertGreater(sum(affected for affected, _ in expected), 100)
        self.assertGreater(sum(not affected for affected, _ in expected), 100)

    @unittest.skipUnless(have("dpkg"), "dpkg is not installed")
    def test_versions_as_dpkg_has_them(self):
        random.seed(7)
        parts = ["", "0", "1", "9", "10", "01", "a", "z", "A", "~", "~rc1", "+", "+b1", "+dfsg", ".", ".0", "deb12u3"]

        def version():
            text = random.choice("0123456789") + "".join(random.choices(parts, k=random.randint(0, 4)))
            epoch = random.choice(["", "", "", "0:", "1:", "2:"])
            revision = random.choice(["", "", "-1", "-0", "-1~deb12u2", "-1+deb12u10", "-10", "-1ubuntu0.1"])
            return epoch + text + revision
        pairs = [(version(), version()) for _ in range(150)]
        pairs += [(a, a + end) for a, _ in pairs[:30] for end in ("~", "+b1")]
        script = 'while read -r a b; do for o in lt eq gt; do dpkg --compare-versions "$a" "$o" "$b" && echo "$o" && break; done; done'
        output = subprocess.run(["sh", "-c", script], input="".join(f"{a} {b}\n" for a, b in pairs), capture_output=True, text=True, check=True)
        expected = [{"lt": -1, "eq": 0, "gt": 1}[word] for word in output.stdout.split()]
        answers = self.probe([{"ask": "dpkg", "a": a, "b": b} for a, b in pairs])
        self.assertEqual(list(zip(pairs, answers)), list(zip(pairs, expected)))


if __name__ == "__main__":
    unittest.main()
