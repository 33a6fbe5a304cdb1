"""terrane validate: the suite on the real image, and each kind of failure on a variant that is broken on purpose."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as xml

from terrane_test import INPUTS, SANITIZER, SHARED, TERRANE, TOP, TestCase, have, reachable_file, shared_gdal_build
from test_wheels import reach_pypi

BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))


def running(word):
    """Processes that have a word among their arguments."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:  # it ended
            pass
    return found


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
class Small(TestCase):
    """The Debian base with a few files of our own."""

    def image(self, files, env=None, **members):
        for name, content in files.items():
            if isinstance(content, bytes):
                path = self.directory / "app" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            else:
                self.write(f"app/{name}", content)
        (self.directory / "app").mkdir(exist_ok=True)
        profile = self.write_profile(
            name="small", base=members.pop("base", {"archive": str(BASE)}), trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}],
            checks={"python.*": "warn", "geo.*": "warn", "elf.*": "warn"},  # what is broken here is to be run
            config={"env": {"PATH": "/usr/bin:/bin", **(env or {})}, "working_dir": "/var/task"}, **members)
        self.build(profile, "--no-validate", store=SHARED / "store")
        return profile

    def results(self, *arguments, exit_code=0):
        run = self.run_terrane("--json", "validate", "small", *arguments, exit_code=exit_code, store=SHARED / "store")
        return {result["name"]: result for result in json.loads(run.stdout)["results"]}, run.stderr

    def test_builds_measure_only_against_a_limit(self):
        tree = {"trees": [{"name": "app", "directory": "app", "prefix": "/var/task"}], "base": {"archive": str(BASE)},
                "config": {"env": {"PATH": "/usr/bin:/bin"}, "working_dir": "/var/task"}}
        self.write("app/one.py", "")
        self.write("reads.py", "import os\nfor name in os.listdir('/usr/bin'): open('/usr/bin/' + name, 'rb').read(1)\n")
        junit = self.directory / "junit.xml"
        plain = self.build(self.write_profile(**tree, validate={"imports": ["one"], "scripts": ["reads.py"]}), "--junit", junit,
                           store=SHARED / "store")["validation"]
        self.assertNotIn("import", plain[0])
        for result in plain:
            self.assertGreaterEqual(result["read_bytes"], 0)
            self.assertGreaterEqual(result["major_faults"], 0)
        self.assert_is_junit(junit, {"import one", "script reads.py"}, 0)
        limited = self.build(self.write_profile(**tree, validate={"imports": ["one"]}, limits={"import_time": "60s"}),
                             store=SHARED / "store")["validation"]
        self.assertEqual(limited[0]["import"]["warm_runs"], 5)

    def assert_is_junit(self, path, names, failures):
        """The rules of Jenkins' schema for JUnit reports: which elements, attributes and counts there are, in which order."""
        root = xml.parse(path).getroot()
        self.assertEqual(root.tag, "testsuites")
        cases = root.findall("testsuite/testcase")
        for suite in root:
            self.assertEqual(suite.tag, "testsuite")
            self.assertTrue(suite.get("name"))
            for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error"),
                              ("skipped", "testcase/skipped")):
                self.assertEqual(int(suite.get(name, "0")), len(suite.findall(tag)), name)
            self.assertRegex(suite.get("time"), r"^[0-9]+(\.[0-9]+)?$")
        for case in cases:
            self.assertTrue(case.get("name") and case.get("classname"))
            self.assertRegex(case.get("time"), r"^[0-9]+(\.[0-9]+)?$")
            order = [child.tag for child in case]
            allowed = ["skipped", "error", "failure", "system-out", "system-err"]
            self.assertEqual(order, sorted(order, key=allowed.index))
            self.assertLessEqual(len(set(order) & {"skipped", "error", "failure"}), 1)
        self.assertEqual(len(root.findall(".//failure")), failures)
        self.assertEqual(names, {f"{case.get('classname')} {case.get('name')}" for case in cases})

    def test_the_working_directory_has_its_name_on_the_path(self):
        """As for `python -m`, which runtime clients are started with; '' hides distributions from importlib.metadata of Python 3.9."""
        self.write("path.py", "import sys\nassert sys.path[0] == '/var/task', sys.path\n")
        self.image({"place.py": "import sys\nassert sys.path[0] == '/var/task', sys.path\n"},
                   validate={"imports": ["place"], "scripts": ["path.py"]})
        results, _ = self.results("--profile", self.directory / "profile.json")
        self.assertEqual({name: result["status"] for name, result in results.items()}, {"place": "passed", "path.py": "passed"})

    def test_imports_are_measured(self):
        self.image({"one.py": "x = bytearray(50_000_000)\n", "two.py": ""})
        results, _ = self.results("--import", "one", "--import", "two")
        self.assertEqual(results["one"]["import"]["warm_runs"], 5)
        self.assertLessEqual(results["one"]["import"]["warm_min_usecs"], results["one"]["import"]["warm_median_usecs"])
        self.assertGreater(results["one"]["peak_rss_bytes"], 50_000_000)
        self.assertTrue(results["2 modules"]["passed"])

    def test_what_an_import_costs(self):
        self.image({"large.bin": os.urandom(3_000_000), "slow.py": "import time, slower\ntime.sleep(0.2)\nopen('/var/task/large.bin', 'rb').read()\n",
                    "slower.py": "import quick, time\ntime.sleep(0.4)\n", "quick.py": ""})
        imported = self.results("--import", "slow")[0]["slow"]["import"]
        self.assertEqual([module["name"] for module in imported["modules"][:2]], ["slower", "slow"])
        slower, slow = imported["modules"][:2]
        self.assertGreaterEqual(slow["total_usecs"], slow["self_usecs"] + slower["total_usecs"])
        self.assertLessEqual(len(imported["modules"]), 10)
        if "cold_usecs" in imported:  # the kernel can take files out of memory there
            files = {file["path"]: file["bytes"] for file in imported["cold_files"]}
            self.assertEqual(files["/var/task/large.bin"], 3_000_000)
            self.assertEqual(sorted(files.values(), reverse=True), list(files.values()))
        answer = json.loads(self.run_terrane("--json", "why", "small", "--import", "slow", store=SHARED / "store").stdout)
        self.assertEqual([answer["import"], *(module["name"] for module in answer["modules"][:2])], ["slow", "slower", "slow"])
        text = self.run_terrane("why", "small", "--import", "quick", store=SHARED / "store").stdout
        self.assertRegex(text, r"^quick takes .*\n\nMODULE +ITSELF +WITH WHAT IT IMPORTS\n")
        for words in (["small"], ["small", "x", "--import", "quick"]):
            self.assert_fails(2, "expected either FILE, LIBRARY or PACKAGE, or --import MODULE", "why", *words, store=SHARED / "store")
        self.assert_fails(3, "No module named 'absent'", "why", "small", "--import", "absent", store=SHARED / "store")

    def test_wrong_suffix(self):
        module = pathlib.Path("/lib/x86_64-linux-gnu/libz.so.1").resolve().read_bytes()  # any library will do
        self.image({"pkg/__init__.py": "import pkg._gdal\n", "pkg/_gdal.cpython-312-x86_64-linux-gnu.so": module})
        results, message = self.results("--import", "pkg", exit_code=3)
        self.assertIn("No module named 'pkg._gdal'", results["pkg"]["message"])
        self.assertIn("‘_gdal.cpython-312-x86_64-linux-gnu.so’, which Python ‘3.11’ cannot load", results["pkg"]["explanation"])
        self.assertIn("cannot load", message)

    def test_wrong_machine(self):
        library = bytearray(pathlib.Path("/lib/x86_64-linux-gnu/libz.so.1").resolve().read_bytes())
        library[18:20] = (0xB7).to_bytes(2, "little")  # EM_AARCH64
        self.image({"lib/libother.so.1": bytes(library), "needs.py": "import ctypes; ctypes.CDLL('libother.so.1')\n"},
                   env={"LD_LIBRARY_PATH": "/var/task/lib"})
        results, _ = self.results("--import", "needs", exit_code=3)
        self.assertIn("cannot open shared object file", results["needs"]["message"])
        self.assertIn("‘/var/task/lib/libother.so.1’ is there, for AArch64, and the image is for x86-64",
                      results["needs"]["explanation"])

    def test_missing_certificates(self):
        self.image({"net.py": "raise RuntimeError('HTTP response code: 0')\n"}, env={"CURL_CA_BUNDLE": "/etc/absent.crt"})
        results, _ = self.results("--import", "net", exit_code=3)
        self.assertIn("CURL_CA_BUNDLE is ‘/etc/absent.crt’, which the image does not have", results["net"]["explanation"])

    def test_no_certificates_at_all(self):
        self.image({"osgeo/__init__.py": "", "osgeo/gdal.py": ""}, base={"archive": str(BASE), "exclude": ["etc/ssl/certs"]})
        results, message = self.results("--suite", "geo", exit_code=3)
        said = results["geo.network.ca-bundle"]["message"]
        self.assertIn("the image has no CA bundle: none of CURL_CA_BUNDLE, SSL_CERT_FILE, GDAL_CURL_CA_BUNDLE is set", said)
        self.assertIn('GDAL would fail every https read with "HTTP response code: 0"', said)
        self.assertIn("suite geo.network.ca-bundle: AssertionError: the image has no CA bundle", message)
        self.assertIn("certificate", results["geo.network.ca-bundle"]["explanation"])

    @unittest.skipUnless(have("cc"), "no compiler")
    def test_certificates_of_the_libcurl_that_is_used(self):
        """A wheel's libcurl reads what it was built for, whatever other bundles there are."""
        load = ("import ctypes, os\nlibs = os.path.dirname(os.path.dirname(__file__)) + '/rasterio.libs/'\n"
                "for name in ('libgdal-1.so', 'libcurl-1.so'): ctypes.CDLL(libs + name)\n__gdal_version__ = '3.9.0'\n")

        def said(environment, *definitions):
            library = self.directory / "library.so"
            subprocess.run(["cc", "-shared", "-fPIC", *definitions, "-o", library, TOP / "tests/integration/curl_probe.c"], check=True)
            # If one file has two names, the linker loads one.
            files = {f"rasterio.libs/{name}-1.so": library.read_bytes() + name.encode() for name in ("libgdal", "libcurl")}
            self.image({"rasterio/__init__.py": load, **files}, environment)
            run = self.run_terrane("--json", "validate", "small", "--suite", "geo", exit_code=3, store=SHARED / "store")
            result = {result["name"]: result for result in json.loads(run.stdout)["results"]}["geo.network.ca-bundle"]
            return result["status"], result["message"]

        redhat, debian = "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"
        status, message = said({}, f'-DCAINFO="{redhat}"')
        self.assertEqual(status, "failed", message)
        self.assertIn(f"the libcurl of rasterio (libcurl-1.so) reads {redhat}, which is not in the image", message)
        self.assertIn(f"the image has {debian}: set CURL_CA_BUNDLE to it", message)
        self.assertEqual(said({"CURL_CA_BUNDLE": debian}, f'-DCAINFO="{redhat}"')[0], "passed")
        status, message = said({}, '-DCAPATH="/etc/ssl/certs"')
        self.assertEqual(status, "passed", message)
        self.assertRegex(message, r"^\d+ files in /etc/ssl/certs$")
        status, message = said({}, '-DCAPATH="/etc/none"')
        self.assertEqual(status, "failed", message)
        self.assertIn("reads /etc/none, which cannot be read", message)

    def test_gdal_that_does_not_say_everything(self):
        """Before 3.3 its build information has no PROJ, and early 3.0 has no search paths: skipped, with the version."""
        self.image({"osgeo/__init__.py": "__version__ = '3.2.2'\n", "osgeo/osr.py": "", "osgeo/ogr.py": "", "osgeo/gdal.py":
                    "def VersionInfo(what): return {'RELEASE_NAME': '3.2.2', 'BUILD_INFO': 'PAM_ENABLED=YES\\nGEOS_ENABLED=YES\\n'}[what]\n"
                    "def GetDriverByName(name): return name if name == 'VRT' else None\n"
                    "def FindFile(kind, name): return '/data/' + name if name == 'gdalvrt.xsd' else None\n"})
        results, _ = self.results("--suite", "geo", exit_code=3)
        self.assertEqual(results["geo.data.osgeo"]["status"], "passed", results["geo.data.osgeo"])  # without DXF no header.dxf
        self.assertEqual({name: (results[name]["status"], results[name]["message"]) for name in ("geo.versions.build-info", "geo.proj-db.osgeo")},
                         {"geo.versions.build-info": ("skipped", "GDAL 3.2.2 has GEOS, and does not say which PROJ it uses"),
                          "geo.proj-db.osgeo": ("skipped", "GDAL 3.2.2 does not say where its PROJ looks")})

    def test_order(self):
        taken = "import builtins\nif hasattr(builtins, 'taken'): raise ImportError('too late')\n"
        self.image({"rasterio.py": taken, "fiona.py": "import builtins\nbuiltins.taken = 1\n"})
        results, _ = self.results("--import", "rasterio", "--import", "fiona", exit_code=3)
        self.assertTrue(results["rasterio before fiona"]["passed"])
        self.assertFalse(results["fiona before rasterio"]["passed"])
        self.assertIn("too late", results["fiona before rasterio"]["message"])

    def test_limits_commands_scripts_and_time(self):
        profile = self.image(
            {"big.py": "x = bytearray(100_000_000)\n", "late.py": "import time; time.sleep(2)\n"},
            validate={"imports": ["big", "late"], "scripts": ["fails.py", "slow.py"], "timeout": "5s",
                      "commands": [{"command": ["python3", "--version"], "expect": "^Python 3[.]"},
                                   {"command": ["python3", "--version"], "expect": "^Ruby"},
                                   {"command": ["/bin/sh", "-c", "exit 4"], "exit_code": 4}, ["absent"]]},
            limits={"memory": "80MB", "import_time": "1500ms", "tmp": "64MiB"})
        self.write("fails.py", "import os\nassert os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize == 64 << 20\n"
                   "raise SystemExit('as it should')\n")
        self.write("slow.py", "import time; time.sleep(60)\n")
        junit = self.directory / "junit.xml"
        results, message = self.results("--profile", profile, "--junit", junit, exit_code=3)
        self.assertEqual(results["big"]["message"], "was killed for more than 80.0 MB in memory (limits.memory)")
        self.assertGreater(results["big"]["peak_rss_bytes"], 40_000_000)
        self.assertRegex(results["late"]["message"], "takes [2-4][0-9]{3} ms .*more than limits.import_time, 1500 ms")
        self.assertIn("as it should", results["fails.py"]["output"])
        self.assertIn("killed after 5 s", results["slow.py"]["message"])
        self.assertIn("no match of ‘^Ruby’", message)
        self.assertTrue(results["/bin/sh -c exit 4"]["passed"])
        self.assertIn("the image has no ‘absent’ in its PATH", results["absent"]["message"])
        suite = xml.parse(junit).getroot().find("testsuite")
        self.assertEqual(int(suite.get("failures")), len(suite.findall("testcase/failure")))
        self.assertEqual(int(suite.get("failures")), sum(not result["passed"] for result in results.values()))
        shutil.rmtree(self.directory / "app")

    def test_hostile_process(self):
        """A module that writes what the harness would write, ends without a word, and floods the output."""
        self.image({"liar.py": "import sys, os\nos.write(1, (sys.argv[1] + '{\"name\": \"\\\\u0007\", \"status\": \"passed\"}\\n')"
                               ".encode())\nos.write(1, b'x' * 1_000_000 + b'\\n')\nos._exit(0)\n"})
        results, _ = self.results("--import", "liar", exit_code=3)
        self.assertEqual(results["liar"]["message"], "the process ended before it was through")

    def test_ctrl_c(self):
        """The sandbox and what runs in it are gone when terrane is."""
        self.image({"slow.py": "print('begun', flush=True)\nimport time; time.sleep(600)\n"})
        mark = f"/tmp/terrane/{self.directory.name}.py"
        script = self.write(pathlib.Path(mark).name, "import time; time.sleep(600)\n")
        profile = self.write_profile("ends.json", name="ends", base={"archive": str(BASE)}, trees=[],
                                     config={"env": {"PATH": "/usr/bin:/bin"}}, validate={"scripts": [script.name]})
        for arguments in (("validate", "small", "--script", script), ("build", profile)):
            process = subprocess.Popen([TERRANE, "--store", str(SHARED / "store"), *map(str, arguments)],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            while not running(mark) and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, message = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130, message)
            self.assertIn("interrupted", message)
            self.assertEqual(running(mark), [])
        self.assertNotIn("ends:latest", self.run_terrane("images", store=SHARED / "store").stdout)

    def test_usage(self):
        self.image({})
        self.assert_fails(2, "--suite: expected geo, got ‘moon’", "validate", "small", "--suite", "moon", store=SHARED / "store")
        self.assert_fails(2, "--limit-memory: expected a size", "validate", "small", "--limit-memory", "much", store=SHARED / "store")
        self.assert_fails(2, "is not the name of a Python module", "validate", "small", "--import", "a b", store=SHARED / "store")


@unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
class Geo(TestCase):
    def suite_of(self, record, image):
        """As user 65534, too, if this is root: in a store of its own, from the image in the shared one."""
        self.assertEqual([result["name"] for result in record["validation"] if not result["passed"]], [])
        mine = {result["name"]: result["status"] for result in record["validation"] if result["kind"] == "suite"}
        if os.geteuid() != 0:
            return mine
        home = self.directory / "home"
        home.mkdir()
        shutil.chown(home, "nobody")
        layout = self.directory / "images"  # the store is closed to other users
        shutil.copytree(SHARED / "store/images", layout, copy_function=os.link)
        for directory in (layout, *(path for path in layout.rglob("*") if path.is_dir())):
            directory.chmod(0o755)
        run = self.run_terrane("--json", "validate", f"oci:{layout}:{image}:latest", "--suite", "geo",
                               store=home / "store", user="nobody")
        theirs = {result["name"]: result["status"] for result in json.loads(run.stdout)["results"] if result["kind"] == "suite"}
        self.assertEqual(theirs, mine)
        return mine

    def test_the_suite_on_debian_as_root_and_nobody(self):
        suite = self.suite_of(shared_gdal_build(), "debian12-gdal")
        for name in ("geo.crs.epsg-1133.pyproj", "geo.cog.ZSTD.osgeo", "geo.cog.LZMA.osgeo", "geo.zipped-shapefile.fiona",
                     "geo.zipped-shapefile.osgeo", "geo.network.range-read.rasterio", "geo.network.ca-bundle"):
            self.assertEqual(suite[name], "passed", name)

    @unittest.skipIf(SANITIZER, "does not apply: the suite on Debian's GDAL is the same work for terrane")
    @unittest.skipIf(reach_pypi(), str(reach_pypi()))
    def test_the_suite_on_wheels_as_root_and_nobody(self):
        record = self.build(TOP / "profiles/debian12-rasterio.json", store=SHARED / "store")
        suite = self.suite_of(record, "debian12-rasterio")
        for name in ("geo.crs.epsg-1133.pyproj", "geo.cog.ZSTD.rasterio", "geo.zipped-shapefile.pyogrio",
                     "geo.network.range-read.rasterio", "geo.network.ca-bundle"):
            self.assertEqual(suite[name], "passed", name)

    def test_what_a_profile_asks_for(self):
        shared_gdal_build()
        profile = self.write_profile(
            base={"archive": str(BASE)},
            validate={"drivers": ["GTiff", {"name": "GPKG", "raster": True, "vector": True, "write": True}, "Nonsense"],
                      "codecs": ["DEFLATE", "JXL"],
                      "crs": [{"from": "EPSG:4326", "to": "EPSG:3857", "point": [10, 45], "expect": [1113194.9079, 5621521.4861]},
                              {"operation_code": "EPSG:1133", "point": [50, 5], "tolerance": 1e-9,
                               "expect": [49.99914703731646, 4.998744105203575]},
                              {"from": "EPSG:4267", "to": "EPSG:4269", "point": [-100, 40], "tolerance": 1,
                               "expect": [-100, 40], "accuracy": 1},
                              {"from": "EPSG:4326", "to": "EPSG:32631", "point": [3, 45], "expect": [500000, 4982951]}]})
        run = self.run_terrane("--json", "validate", "debian12-gdal", "--profile", profile, exit_code=3,
                               store=SHARED / "store")
        results = {result["name"]: result for result in json.loads(run.stdout)["results"]}
        failed = {name for name, result in results.items() if not result["passed"]}
        self.assertEqual(failed, {"driver Nonsense", "codec JXL", "crs EPSG:4267 to EPSG:4269", "crs EPSG:4326 to EPSG:32631"})
        self.assertIn("the point is (500000.0, 4982950.4", re.sub(r"499999\.9\d+|500000\.0\d*", "500000.0",
                                                                   results["crs EPSG:4326 to EPSG:32631"]["message"]))
        self.assertIn("a grid that a better operation needs", results["crs EPSG:4267 to EPSG:4269"]["message"])
        self.assertIn("built without that codec", results["codec JXL"]["explanation"])


if __name__ == "__main__":
    unittest.main()
