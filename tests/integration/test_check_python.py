"""The family python: wheels from PyPI in a real image, each with one thing wrong, and what the image's own Python says of it."""

import importlib.util
import json
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import unittest
import zipfile

from terrane_test import INPUTS, PACKAGE_CLIENT, SHARED, TOP, TestCase, have, remove_tree
from test_wheels import reach_pypi

BASE = INPUTS / "debian12-base-amd64.tar.zst"
MODULE = "def f():\n    return 1\n"


def download(requirement, python="3.11", platform="manylinux2014_x86_64"):
    """The wheel, from the cache or PyPI."""
    cache = SHARED / "wheels" / f"{requirement}-{python}-{platform}"
    if not list(cache.glob("*.whl")):
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([*PACKAGE_CLIENT, sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", python,
                        "--platform", platform, "--platform", platform.replace("2014", "_2_28"), "--dest", cache, requirement], check=True)
    return next(cache.glob("*.whl"))


@unittest.skipUnless(BASE.exists(), "profiles/inputs is empty, run scripts/debian-rootfs")
class PythonCase(TestCase):
    """A store for all, so that the base is read once."""

    @classmethod
    def setUpClass(cls):
        cls.root = SHARED.parent / f"terrane-test-{secrets.token_hex(6)}"
        cls.root.mkdir()
        cls.addClassCleanup(remove_tree, cls.root)

    def setUp(self):
        super().setUp()
        self.store = self.root / "store"
        self.app = self.directory / "app"
        self.app.mkdir()
        self.config = {"working_dir": "/var/task", "env": {"PATH": "/usr/bin:/bin"}}

    def unpack(self, *wheels, into=""):
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(self.app / into)

    def dist(self, name, version="1.0", **fields):
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        text += "".join(f"{key.replace('_', '-')}: {value}\n" for key, values in fields.items() for value in values)
        return self.write(f"app/{name}-{version}.dist-info/METADATA", text)

    def profile(self, prefix="/var/task", **keys):
        return self.write_profile(base={"archive": str(BASE)}, config=self.config, **keys,
                                  trees=[{"name": "app", "directory": "app", "prefix": prefix, "overwrite": True}])

    def check(self, exit_code=0, **keys):
        """The findings in the tree, by id."""
        document = json.loads(self.run_terrane("--json", "check", self.profile(**keys), exit_code=exit_code).stdout)
        findings = {}
        for finding in document["findings"]:
            if finding.get("tree") == "app":
                findings.setdefault(finding["id"], []).append(finding)
        self.all = {finding["id"] for finding in document["findings"]}
        return findings

    def python(self, code, *options, **keys):
        """Exit code and output of the image's Python."""
        self.run_terrane("build", "--no-validate", self.profile(checks={"python.*": "warn", "elf.*": "warn"}, **keys))
        argv = [self.run_terrane.__globals__["TERRANE"], "--store", str(self.store), "-q", "run", "test", "--", "python3", *options, "-c", code]
        result = subprocess.run(argv, capture_output=True, text=True, check=False)
        return result.returncode, result.stdout + result.stderr


@unittest.skipIf(reach_pypi(), str(reach_pypi()))
@unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
class Wheels(PythonCase):
    def test_sound(self):
        self.unpack(download("kiwisolver==1.4.5"), download("attrs==23.2.0"))
        self.assertEqual(self.check(), {})
        self.assertEqual(self.python("import kiwisolver, attr")[0], 0)

    def test_another_python(self):
        self.unpack(download("kiwisolver==1.4.5", python="3.12"))
        findings = self.check(exit_code=3)
        self.assertEqual({key: len(value) for key, value in findings.items()}, {"python.foreign-extension": 1, "python.wheel-tag": 1})
        finding, = findings["python.foreign-extension"]
        self.assertEqual(finding["severity"], "error")
        self.assertRegex(finding["message"], r"‘kiwisolver’ cannot be imported by Python 3\.11 on x86_64.*cpython-312")
        self.assertRegex(findings["python.wheel-tag"][0]["message"], "‘kiwisolver’ comes from a wheel for ‘cp312-cp312-")
        code, output = self.python("import kiwisolver")
        self.assertEqual((code, "ModuleNotFoundError: No module named 'kiwisolver._cext'" in output), (1, True), output)

    def test_another_processor(self):
        self.unpack(download("kiwisolver==1.4.5", platform="manylinux2014_aarch64"))
        findings = self.check(exit_code=3)
        self.assertEqual(set(findings), {"python.foreign-extension", "python.wheel-tag", "elf.wrong-machine"})
        self.assertIn("No module named 'kiwisolver._cext'", self.python("import kiwisolver")[1])

    def test_thread_pools_of_numba(self):
        self.unpack(download("numba==0.60.0"))
        found = self.check()["elf.missing-library"]
        self.assertEqual({finding["severity"] for finding in found}, {"note"})
        self.assertIn("/var/task/numba/np/ufunc/tbbpool.cpython-311-x86_64-linux-gnu.so", {finding["path"] for finding in found})

    def test_requirements(self):
        self.unpack(download("cligj==0.7.2"), download("affine==3.0.1"), download("attrs==20.3.0"))
        findings = self.check()
        self.assertEqual({key: len(value) for key, value in findings.items()}, {"python.missing-requirement": 1, "python.version-conflict": 1})
        self.assertIn("‘cligj’ needs ‘click’ ‘>=4.0’, and it is not installed", findings["python.missing-requirement"][0]["message"])
        self.assertIn("‘affine’ needs ‘attrs’ ‘>=21.3.0’, and Python finds ‘20.3.0’", findings["python.version-conflict"][0]["message"])
        self.assertIn("No module named 'click'", self.python("import cligj")[1])
        self.assertIn("No module named 'attrs'", self.python("import affine")[1])  # that attrs 21.3 added

    def test_numpy(self):
        self.unpack(download("numpy==2.0.2"), download("shapely==2.0.1"))
        finding, = self.check(exit_code=3)["python.numpy-abi"]
        self.assertEqual(finding["severity"], "error")
        self.assertIn("‘shapely’ was built for numpy 1 and cannot be used with numpy ‘2.0.2’", finding["message"])
        code, output = self.python("import shapely")
        self.assertEqual((code, "compiled using NumPy 1.x cannot be run in" in output), (1, True), output)

    def test_numpy_that_fits(self):
        self.unpack(download("numpy==2.0.2"), download("shapely==2.0.6"))
        finding, = self.check().pop("python.stale-bytecode")  # numpy's own wheel has it
        self.assertIn("numpy/distutils/__pycache__/conv_template.cpython-311.pyc", finding["path"])
        self.assertEqual(set(self.check()), {"python.stale-bytecode"})
        shutil.rmtree(self.app / "numpy/distutils/__pycache__")
        self.assertEqual(self.python("import shapely")[0], 0)
        # Parts of a package were removed; GDAL's bindings lack theirs.
        shutil.rmtree(self.app / "numpy/f2py")
        self.write("app/osgeo/__init__.py", "")
        findings = self.check()
        self.assertEqual(set(findings), {"python.broken-entry-point", "python.osgeo-without-numpy"})
        self.assertRegex(findings["python.broken-entry-point"][0]["message"], "‘numpy’ has an entry point ‘f2py’, .* ‘numpy.f2py.f2py2e’")
        code = "import importlib.metadata as m; [e.load() for e in m.distribution('numpy').entry_points if e.name == 'f2py']"
        self.assertIn("No module named 'numpy.f2py'", self.python(code)[1])

    def test_twice(self):
        self.unpack(download("attrs==20.3.0"), download("attrs==23.2.0"))
        finding, = self.check()["python.duplicate-distribution"]
        self.assertEqual(finding["severity"], "warning")
        # Another directory of sys.path: the first one counts.
        self.unpack(download("attrs==23.2.0"), into="../lib")
        shutil.rmtree(self.app)
        self.app.mkdir()
        self.unpack(download("attrs==20.3.0"))
        self.unpack(download("attrs==23.2.0"), into="sub")
        self.config["env"]["PYTHONPATH"] = "/var/task/sub"
        finding, = self.check()["python.duplicate-distribution"]
        self.assertEqual((finding["severity"], finding["path"]), ("note", "/var/task/sub/attrs-23.2.0.dist-info"))
        self.assertEqual(self.python("import importlib.metadata as m; print(m.version('attrs'))")[1], "20.3.0\n")


@unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
class Trees(PythonCase):
    def test_where_python_looks(self):
        self.dist("needs", Requires_Dist=["target"])
        missing = {"python.missing-requirement"}
        self.assertEqual(set(self.check()), missing)
        places = {"/usr/local/lib/python3.11/dist-packages": True, "/usr/lib/python3/dist-packages": True, "/opt/extra": True,
                  "/opt/by-pth": True, "/usr/lib/python3.11/site-packages": False, "/usr/local/lib/python3.11/site-packages": False,
                  "/usr/local/lib/python3.12/dist-packages": False, "/opt/python": False}
        self.config["env"]["PYTHONPATH"] = "/opt/extra:/var/task"
        for place, expected in places.items():
            with self.subTest(place):
                shutil.rmtree(self.app)
                self.app.mkdir()
                self.write("app/var/task/needs-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: needs\nVersion: 1\nRequires-Dist: Tar.get\n")
                self.write(f"app{place}/tar_get-2.dist-info/METADATA", "Metadata-Version: 2.1\nName: tar-get\nVersion: 2\n")
                self.write("app/usr/local/lib/python3.11/dist-packages/x.pth", "# comment\nimport sys\n/opt/by-pth\n")
                findings = self.check(prefix="/")
                self.assertEqual("python.missing-requirement" not in findings, expected, findings)
                self.assertEqual("python.other-version" in findings, "python3.12" in place)
                code = "import importlib.metadata as m; m.version('tar-get')"
                self.assertEqual(self.python(code, prefix="/")[0] == 0, expected)

    def test_markers_and_pythons(self):
        self.dist("a", Requires_Dist=["b ; extra == 'x'", "c ; python_version < '3.11'", "d [e] (>=1) ; sys_platform == 'linux'", "not a name"],
                  Requires_Python=[">=3.12"])
        findings = self.check()
        self.assertEqual(set(findings), {"python.missing-requirement", "python.requires-python"})
        self.assertIn("‘a’ needs ‘d’ ‘>=1’", findings["python.missing-requirement"][0]["message"])

    def test_editable_installations(self):
        """Files of pip install -e: a finder, of setuptools, or of anything else with direct_url.json (PEP 610)."""
        self.dist("my_app")
        self.write("app/my_app-1.0.dist-info/entry_points.txt", "[console_scripts]\nx = absent:f\n")
        self.write("app/__editable__.other-1.0.pth", "import __editable___other_1_0_finder; __editable___other_1_0_finder.install()\n")
        self.write("app/__editable__.my_app-1.0.pth", "# nothing\n")
        self.assertEqual(set(self.check()), {"python.broken-entry-point"})
        self.write("app/__editable__.my_app-1.0.pth", "import __editable___my_app_1_0_finder; __editable___my_app_1_0_finder.install()\n")
        self.assertEqual(self.check(), {})
        (self.app / "__editable__.my_app-1.0.pth").unlink()
        for text, found in (('{"url": "file:///src", "dir_info": {"editable": true}}', False), ('{"dir_info": {"editable": false}}', True),
                            ('[]', True), ('{"dir_info', True)):
            self.write("app/my_app-1.0.dist-info/direct_url.json", text)
            self.assertEqual("python.broken-entry-point" in self.check(), found, text)

    def test_eggs(self):
        self.write("app/old.egg-info/PKG-INFO", "Metadata-Version: 1.2\nName: old\nVersion: 1\n")
        self.write("app/old.egg-info/requires.txt", "first\n\n[:python_version < '3.0']\nsecond\n\n[extra]\nthird\n\n[:python_version >= '3.0']\nfourth>1\n")
        messages = {finding["message"] for finding in self.check()["python.missing-requirement"]}
        self.assertEqual(messages, {"‘old’ needs ‘first’, and it is not installed", "‘old’ needs ‘fourth’ ‘>1’, and it is not installed"})

    def compile(self, mode="timestamp", python=sys.executable):
        subprocess.run([python, "-c", "import py_compile, sys; py_compile.compile(sys.argv[1], "
                        "invalidation_mode=getattr(py_compile.PycInvalidationMode, sys.argv[2]))", str(self.app / "m.py"), mode.upper()], check=True)

    @unittest.skipUnless(sys.version_info[:2] == (3, 11), "needs Python 3.11, as the image has")
    def test_bytecode(self):
        self.write("app/m.py", MODULE)
        verbose = ("import m", "-v")
        self.assertEqual(self.check(), {})
        self.compile()
        finding, = self.check()["python.stale-bytecode"]
        self.assertEqual((finding["path"], finding["severity"]), ("/var/task/__pycache__/m.cpython-311.pyc", "note"))  # one takes no time
        self.assertIn("bytecode is stale for 'm'", self.python(*verbose)[1])
        # The same in the finished image, whose layers say when the source was changed.
        document = json.loads(self.run_terrane("--json", "check", "test").stdout)
        self.assertIn("python.stale-bytecode", {finding["id"] for finding in document["findings"] if finding.get("tree") == "app"})
        for mode in ("unchecked_hash", "checked_hash"):
            self.compile(mode)
            self.assertEqual(self.check(), {})
            self.assertNotIn("stale", self.python(*verbose)[1])
        for number in range(20):
            self.write(f"app/m{number}.py", "x = 1\n")
            subprocess.run([sys.executable, "-m", "py_compile", str(self.app / f"m{number}.py")], check=True)
        self.assertEqual(self.check()["python.stale-bytecode"][0]["severity"], "warning")
        for number in range(20):
            (self.app / f"m{number}.py").unlink()
            (self.app / f"__pycache__/m{number}.cpython-311.pyc").unlink()
        (self.app / "m.py").unlink()
        self.assertEqual(set(self.check()), {"python.unused-bytecode"})
        self.assertIn("No module named 'm'", self.python("import m")[1])
        (self.app / "__pycache__/m.cpython-311.pyc").rename(self.app / "m.pyc")
        self.assertEqual(self.check(), {})
        self.assertEqual(self.python("import m")[0], 0)
        data = (self.app / "m.pyc").read_bytes()
        (self.app / "m.pyc").write_bytes(bytes.fromhex("cb0d0d0a") + data[4:])  # of Python 3.12
        self.assertEqual(self.check(exit_code=3)["python.foreign-bytecode"][0]["severity"], "error")
        self.assertIn("bad magic number", self.python("import m")[1])

    def test_magic_numbers(self):
        """The table in the source against every interpreter of this machine."""
        source = (TOP / "builder/check/python-bytecode.c").read_text()
        table = {int(minor): int(magic) for minor, magic in re.findall(r"\{ (\d+), (\d+) \}", source)}
        self.assertEqual(table[sys.version_info[1]], int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"))
        for program in {path for minor in table for path in [shutil.which(f"python3.{minor}")] if path}:
            code = "import importlib.util as u, sys; print(sys.version_info[1], int.from_bytes(u.MAGIC_NUMBER[:2], 'little'))"
            result = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
            if result.returncode == 0:  # not a shim without an interpreter
                minor, magic = map(int, result.stdout.split())
                self.assertEqual(table[minor], magic, program)

    def test_hostile_metadata(self):
        self.write("app/a-1.dist-info/METADATA", b"\xff\xfe" * 5000)
        self.write("app/b-1.dist-info/METADATA", "Name: b\nVersion: \x1b[31m1\nRequires-Dist: \x1b[31mx\nRequires-Dist: c\x1b[31m (>=1)\n")
        self.write("app/b-1.dist-info/WHEEL", "Tag: \x1b[31m\nTag: a-b-c-d-e\n")
        self.write("app/b-1.dist-info/entry_points.txt", "x\n[y\n=\nz = \x1b[31m\nw = ..:f\n" + "q" * 100000)
        self.write("app/c-1.dist-info/RECORD", '"../../../../../etc/passwd,,\n' * 100)
        self.write("app/c-1.dist-info/METADATA", "Name: c\nVersion: 1\nRequires-Dist: b (>=" + "9" * 5000 + ")\n")
        result = self.run_terrane("check", self.profile(checks={"python.*": "warn"}))
        self.assertNotIn("\x1b", result.stdout)

    def test_entry_points_of_classes(self):
        """importlib.metadata's "module:Class.method", and "package.Class" as s3fs and gcsfs write it for fsspec."""
        self.dist("fs")
        self.write("app/fs/__init__.py", "class FS:\n    def open(self): pass\n")
        self.write("app/fs-1.0.dist-info/entry_points.txt",
                   "[console_scripts]\na = fs:FS.open\n[fsspec.specs]\nb = fs.FS\nc = fs.FS.open\nd = fs\n")
        self.assertEqual(self.check(), {})
        self.write("app/fs-1.0.dist-info/entry_points.txt", "[x]\na = fs.gone:f\nb = gone.FS\nc = fs.a.b.FS\n")
        messages = [item["message"] for item in self.check()["python.broken-entry-point"]]
        self.assertEqual([name for name in ("‘a’", "‘b’", "‘c’") if any(name in text for text in messages)], ["‘a’", "‘b’", "‘c’"])

    def test_many_entry_points(self):
        """A thousand of a distribution are looked at; the message says so."""
        self.dist("many")
        self.write("app/many-1.0.dist-info/entry_points.txt", "[x]\n" + "".join(f"p{i} = gone{i}\n" for i in range(1500)))
        result = self.run_terrane("check", "--json", self.profile())
        found = [f for f in json.loads(result.stdout)["findings"] if f["id"] == "python.broken-entry-point"]
        self.assertEqual(sum(f["severity"] == "warning" for f in found), 1000)
        self.assertRegex([f["message"] for f in found if f["severity"] == "note"][0], "‘many’ has more than 1000 entry points")


if __name__ == "__main__":
    unittest.main()
