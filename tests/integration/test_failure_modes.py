"""The ways in which geospatial images fail, each made from real files: the check finds it by its id, and the image, run in the
sandbox, says what the check foretold."""

import hashlib
import json
import pathlib
import platform
import re
import shutil
import sqlite3
import struct
import subprocess
import unittest

from terrane_test import GDAL_PROFILE, INPUTS, SHARED, TERRANE, TestCase, have, shared_files, shared_gdal_build

LIBRARIES = "usr/lib/x86_64-linux-gnu"
MODULES = "usr/lib/python3/dist-packages"
PYTHON = "/usr/bin/python3.11"


@unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
@unittest.skipUnless(have("gcc", "bwrap") and platform.machine() == "x86_64", "gcc for x86-64 or bubblewrap is not installed")
class FailureModes(TestCase):
    @classmethod
    def setUpClass(cls):
        record = shared_gdal_build()
        cls.shared = SHARED / "store"
        cls.image = shared_files(record)

    def setUp(self):
        super().setUp()
        self.tree = self.directory / "fixture"
        (self.tree / "opt").mkdir(parents=True)
        self.trees = []     # of the profile, below the fixture
        self.exclude = []   # of the tree with GDAL
        self.env = {}
        self.members = {}   # of the profile
        self.modes = "normalise"

    def copy(self, source, target=None):
        """A file of the image, in the fixture."""
        path = self.tree / (target or source)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.image / source, path)
        return path

    def put(self, target, data):
        path = self.tree / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def gcc(self, target, *arguments, source="int f(void) { return 1; }\n"):
        path = self.tree / target
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-xc", "-", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", str(path), *map(str, arguments)], input=source,
                       text=True, check=True, capture_output=True)
        return path

    def module(self, target, *arguments, source=""):
        """An extension module of Python that loads and does nothing."""
        name = pathlib.Path(target).name.split(".")[0]
        return self.gcc(target, *arguments, "-Wl,--allow-shlib-undefined",
                        source=source + f"void *PyModule_Create2(void *, int);\nstatic struct {{ long head[5]; const char *name; long rest[8]; }}"
                        f" def = {{ {{ 1 }}, \"{name}\", {{ 0, -1 }} }};\nvoid *PyInit_{name}(void) {{ return PyModule_Create2(&def, 1013); }}\n")

    def profile(self, **members):
        profile = json.loads(GDAL_PROFILE.read_text())
        base = {"archive": str(GDAL_PROFILE.parent / profile["base"]["archive"])}
        gdal, runtime, app = profile["trees"]
        gdal = dict(gdal, archive=str(GDAL_PROFILE.parent / gdal["archive"]), **({"exclude": self.exclude} if self.exclude else {}))
        app = dict(app, directory=str(GDAL_PROFILE.parent / app["directory"]))
        fixture = {"name": "fixture", "directory": str(self.tree), "prefix": "/", "overwrite": True}
        config = dict(profile["config"], env={**profile["config"]["env"], **self.env})
        config["env"] = {name: value for name, value in config["env"].items() if value is not None}
        name = "fixture-" + hashlib.sha256(self.id().encode()).hexdigest()[:12]
        return {"name": name, "platform": "linux/amd64", "target": "aws-lambda", "base": base, "trees": [gdal, app, fixture],
                "transforms": {"modes": self.modes}, "config": config, **self.members, **members}

    def check(self, identifier, severity, *patterns, exactly=True):
        """The fixture's finding, and no other: what Debian's packages and the lack of awslambdaric give is known."""
        known = ("lambda.no-runtime-client", "python.missing-requirement")
        profile = self.write("profile.json", json.dumps(self.profile(checks={
            name: {"level": "off", "reason": "not of the fixture"} for name in known})))
        result = subprocess.run([TERRANE, "--store", str(self.shared), "--json",
                                 "check", str(profile)], capture_output=True, text=True)
        self.assertIn(result.returncode, (0, 3), result.stderr)
        findings = json.loads(result.stdout)["findings"]
        serious = [f for f in findings if f["severity"] in ("error", "warning")]
        found = [f for f in serious if f["id"] == identifier]
        self.assertTrue(found, findings)
        self.assertEqual({f["severity"] for f in found}, {severity} if isinstance(severity, str) else severity, found)
        if exactly:
            self.assertEqual({f["id"] for f in serious}, {identifier}, serious)
        self.assertEqual(result.returncode, 3 if any(f["severity"] == "error" for f in serious) else 0)
        text = "\n".join(f"{f.get('path')} {' '.join(file['path'] for file in f.get('files', []))} {f['message']}" for f in found)
        for pattern in patterns:
            self.assertRegex(text, pattern)
        return found

    def fails_in_sandbox(self, code, pattern):
        """The same image with its errors as warnings, run: what is imagined here is what happens."""
        profile = self.profile(target="oci", checks={f"{family}.*": "warn" for family in ("elf", "geo", "python", "lambda")})
        path = self.write("run.json", json.dumps(profile))
        self.run_terrane("--quiet", "build", "--no-validate", path, store=self.shared)
        argv = [TERRANE, "--store", str(self.shared), "--quiet", "run",
                profile["name"], "--", PYTHON, "-c", code]
        result = subprocess.run(argv, capture_output=True, text=True)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertRegex(result.stdout + result.stderr, pattern)

    def test_01_library_of_another_gdal(self):
        self.gcc("opt/build/libgdal.so.34", "-Wl,-soname,libgdal.so.34")
        self.module("var/task/m.so", f"-L{self.tree}/opt/build", "-l:libgdal.so.34")
        shutil.rmtree(self.tree / "opt/build")
        found, = self.check("elf.missing-library", "error", "libgdal.so.34’ is not found")
        self.assertRegex(found["fix"], "libgdal.so.32.3.6.2’ in ‘gdal’ is another version")
        self.fails_in_sandbox("import m", "libgdal.so.34: cannot open shared object file")

    def test_02_library_that_wheels_expect(self):
        self.gcc("opt/build/libX11.so.6", "-Wl,-soname,libX11.so.6")
        self.module("var/task/m.so", f"-L{self.tree}/opt/build", "-l:libX11.so.6")
        shutil.rmtree(self.tree / "opt/build")
        found, = self.check("elf.missing-library", "error", "libX11.so.6’ is not found")
        self.assertIn("wheels may expect ‘libX11.so.6’ of the system", found["fix"])
        self.fails_in_sandbox("import m", "libX11.so.6: cannot open shared object file")

    def newer(self, library, version):
        """A module that was linked to a newer @library."""
        script = self.write("map", f"{version} {{ global: wanted; }};\n")
        self.gcc(f"opt/build/{library}", f"-Wl,-soname,{library}", f"-Wl,--version-script={script}", source="int wanted(void) { return 1; }\n")
        self.module("var/task/m.so", f"-L{self.tree}/opt/build", f"-l:{library}", source="int wanted(void); int f(void) { return wanted(); }\n")
        shutil.rmtree(self.tree / "opt/build")
        self.check("elf.missing-version", "error", f"needs ‘{version}’ of .*{re.escape(library.split('.so')[0])}")
        self.fails_in_sandbox("import m", f"version `{version}' not found")

    def test_03_newer_glibc(self):
        self.newer("libm.so.6", "GLIBC_2.99")

    def test_04_newer_compiler(self):
        self.newer("libstdc++.so.6", "GLIBCXX_3.4.99")

    def test_05_no_proj_db(self):
        self.exclude = ["usr/share/proj/proj.db", f"{MODULES}/osgeo/_gdal_array.*"]
        self.check("geo.proj-db-missing", "error", r"PROJ ‘9\.1\.1’ .* finds no proj\.db; it looks in PROJ_DATA=‘/usr/share/proj’",
                   exactly=False)
        self.fails_in_sandbox("import osgeo.osr as o; o.UseExceptions(); o.SpatialReference().ImportFromEPSG(4326)", "Cannot find proj.db")

    def test_05_unreadable_proj_db(self):
        self.modes = "keep"
        self.copy("usr/share/proj/proj.db").chmod(0o600)
        self.check("geo.proj-db-unreadable", "error", "is mode 0600, owner 0", exactly=False)

    def test_05_damaged_proj_db(self):
        self.put("usr/share/proj/proj.db", b"<html>404 not found</html>" * 100)
        self.check("geo.proj-db-unreadable", "error", "is not an SQLite database")
        self.fails_in_sandbox("import osgeo.osr as o; o.UseExceptions(); o.SpatialReference().ImportFromEPSG(4326)", "not a database|proj.db")

    def edit_layout(self, path, minor):
        path.chmod(0o644)
        with sqlite3.connect(path) as connection:
            connection.execute("update metadata set value = ? where key = 'DATABASE.LAYOUT.VERSION.MINOR'", (str(minor),))
        connection.close()

    def test_06_old_proj_db(self):
        """PROJ 9.1 takes layout 1.2 and later ones."""
        self.edit_layout(self.copy("usr/share/proj/proj.db", "opt/proj/proj.db"), 1)
        self.env = {"PROJ_DATA": "/opt/proj", "PROJ_LIB": "/opt/proj"}
        self.check("geo.proj-db-layout", "error", r"needs a proj\.db of layout 1\.2 or later, but PROJ_DATA leads it to ‘/opt/proj/proj\.db’",
                   r"\(layout 1\.1, PROJ ‘9\.1\.1’\)")
        self.fails_in_sandbox("import osgeo.osr as o; o.UseExceptions(); o.SpatialReference().ImportFromEPSG(4326)",
                              "MINOR = 1 whereas a number >= 2 is expected")

    def test_06_newer_proj_db_is_taken(self):
        """Also when the value becomes longer, and SQLite moves the row."""
        self.edit_layout(self.copy("usr/share/proj/proj.db", "opt/proj/proj.db"), 10)
        self.env = {"PROJ_DATA": "/opt/proj", "PROJ_LIB": "/opt/proj"}
        profile = self.write("profile.json", json.dumps(self.profile(target="oci")))
        document = json.loads(self.run_terrane("--json", "check", profile, store=self.shared).stdout)
        self.assertEqual([f for f in document["findings"] if f["id"].startswith("geo.proj")], [])

    def test_07_grid_that_was_promised(self):
        self.members = {"geo": {"grids": ["ca_nrc_ntv2_0.tif"]}}
        self.check("geo.missing-grid", "error", "does not find the grid ‘ca_nrc_ntv2_0.tif’")
        self.fails_in_sandbox("import pyproj.transformer as t; g = t.TransformerGroup(4267, 4269); assert g.best_available,"
                              " g.unavailable_operations[0].grids", "ca_nrc_ntv2_0.tif")
        self.put("usr/share/proj/ca_nrc_ntv2_0.tif", b"not looked at")
        profile = self.write("profile.json", json.dumps(self.profile(target="oci")))
        findings = json.loads(self.run_terrane("--json", "check", profile, store=self.shared).stdout)["findings"]
        self.assertNotIn("geo.missing-grid", {finding["id"] for finding in findings})

    def test_08_older_sqlite_first(self):
        """Of one name, and Python's module wants more than it has."""
        self.gcc("opt/lib/libsqlite3.so.0", "-Wl,-soname,libsqlite3.so.0", source="int sqlite3_open(void) { return 1; }\n")
        self.env = {"LD_LIBRARY_PATH": "/opt/lib"}
        # Modules of the standard library that do not load are a warning: images leave some out.
        self.check("elf.undefined-symbol", "error", "libsqlite3.so.0’ exists 2 times", "(?s)_sqlite3.*this file gets ‘/opt/lib/libsqlite3.so.0’",
                   exactly=False)
        self.fails_in_sandbox("import sqlite3", "undefined symbol: sqlite3_")

    def test_08_in_the_wrong_order(self):
        """Whoever is imported first decides."""
        self.gcc("opt/lib/libsqlite3.so.0", "-Wl,-soname,libsqlite3.so.0", source="int sqlite3_open(void) { return 1; }\n")
        self.module("var/task/m.so", f"-L{self.tree}/opt/lib", "-l:libsqlite3.so.0", "-Wl,-rpath,/opt/lib,--disable-new-dtags",
                    source="int sqlite3_open(void); int f(void) { return sqlite3_open(); }\n")
        self.check("elf.undefined-symbol", "warning", "if another module is imported first, this file gets ‘/opt/lib/libsqlite3.so.0’")
        self.fails_in_sandbox("import m, sqlite3", "undefined symbol: sqlite3_")

    def test_09_shadowed(self):
        """DT_RUNPATH loses to LD_LIBRARY_PATH."""
        self.gcc("var/task/m.libs/libown.so.1", "-Wl,-soname,libown.so.1")
        self.module("var/task/m.so", f"-L{self.tree}/var/task/m.libs", "-l:libown.so.1", "-Wl,-rpath,$ORIGIN/m.libs,--enable-new-dtags")
        self.gcc("opt/lib/libown.so.1", "-Wl,-soname,libown.so.1", source="int other(void) { return 2; }\n")
        self.env = {"LD_LIBRARY_PATH": "/opt/lib"}
        self.check("elf.shadowed-library", "warning", "it gets ‘/opt/lib/libown.so.1’")
        self.fails_in_sandbox("import m; assert '/opt/lib/libown' not in open('/proc/self/maps').read(), 'shadowed'", "shadowed")

    def test_10_certificates_that_are_not_there(self):
        self.env = {"SSL_CERT_FILE": "/etc/ssl/cert.pem"}
        self.check("geo.ca-bundle", "error", "SSL_CERT_FILE=‘/etc/ssl/cert.pem’ names no file of the image")
        self.fails_in_sandbox("import ssl; assert ssl.create_default_context().cert_store_stats()['x509_ca'], 'no certificates'",
                              "no certificates")

    def test_10_certificates_that_were_left_out(self):
        self.exclude = ["etc/ssl/certs/ca-certificates.crt"]
        if not (self.image / "etc/ssl/certs/ca-certificates.crt").exists():
            self.skipTest("the image has no certificates at all")
        self.put("etc/ssl/certs/ca-certificates.crt", b"")
        self.check("geo.ca-bundle", "warning", "libcurl ‘7.88.1’ .* takes its certificates from ‘/etc/ssl/certs/ca-certificates.crt’")

    def test_11_other_processor(self):
        path = self.copy(f"{MODULES}/pyproj/_geod.cpython-311-x86_64-linux-gnu.so")
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[18:20] = struct.pack("<H", 183)
        path.write_bytes(data)
        self.check("elf.wrong-machine", "error", "AArch64", "would say that it does not exist")
        self.fails_in_sandbox("import pyproj", "cannot open shared object file: No such file or directory")

    def test_12_other_python(self):
        self.module("var/task/mine/inner.cpython-312-x86_64-linux-gnu.so")
        self.put("var/task/mine/__init__.py", "from . import inner\n")
        self.check("python.foreign-extension", "error", "cpython-312")
        self.fails_in_sandbox("import mine", "cannot import name 'inner'|No module named")

    def test_13_unreadable_code(self):
        self.modes = "keep"
        self.put("var/task/mine.py", "").chmod(0o600)
        self.check("lambda.unreadable-file", "error", r"mine\.py’ \(0600\)", exactly=False)

    def test_16_bindings_without_numpy(self):
        self.exclude = ["usr/share/proj/proj.db", f"{MODULES}/osgeo/_gdal_array.*"]
        self.check("python.osgeo-without-numpy", "warning", exactly=False)
        self.fails_in_sandbox("import osgeo.gdal as g; g.GetDriverByName('MEM').Create('', 1, 1).ReadAsArray()", "_gdal_array")

    def test_17_bindings_of_another_gdal(self):
        self.exclude = [f"{MODULES}/GDAL-3.6.2.egg-info/**", f"{MODULES}/GDAL-3.6.2.egg-info"]
        self.put(f"{MODULES}/GDAL-3.8.4.egg-info/PKG-INFO", "Metadata-Version: 2.1\nName: GDAL\nVersion: 3.8.4\n")
        self.check("geo.binding-version", "warning", r"the bindings are those of GDAL ‘3\.8\.4’ and load GDAL ‘3\.6\.2’")
        self.fails_in_sandbox("import importlib.metadata as m, osgeo.gdal as g; assert m.version('GDAL') == g.__version__, 'another GDAL'",
                              "another GDAL")

    def test_18_two_gdals(self):
        """A wheel's GDAL and the system's in one process."""
        name = "libgdal-1234abcd.so.32"
        path = self.copy(f"{LIBRARIES}/libgdal.so.32.3.6.2", f"var/task/rasterio.libs/{name}")
        path.chmod(0o644)
        subprocess.run(["patchelf", "--set-soname", name, str(path)], check=True)
        self.put("var/task/rasterio/gdal_data/header.dxf", "")
        self.module("var/task/rasterio/_env.so", f"-L{path.parent}", f"-l:{name}", "-Wl,-rpath,$ORIGIN/../rasterio.libs,--disable-new-dtags")
        self.put("var/task/rasterio/__init__.py", "from . import _env\n")
        self.check("geo.several-copies", "error", "2 copies of GDAL: .*/usr/lib/x86_64-linux-gnu/libgdal.so.32.3.6.2.*rasterio.libs",
                   exactly=False)
        self.fails_in_sandbox("import osgeo.gdal, rasterio; n = {l.split()[-1] for l in open('/proc/self/maps') if 'libgdal' in l};"
                              " assert len(n) < 2, n", "rasterio.libs/libgdal-1234abcd")

    def test_21_stale_bytecode(self):
        """As pip writes it: the time of the source, which is another one in the image."""
        for number in range(20):  # fewer cost so little that they are a note
            source = self.put(f"var/task/mine{number}.py", "x = 1\n")
        subprocess.run([shutil.which("python3.11") or shutil.which("python3"), "-m", "compileall", "-q", str(source.parent)], check=True)
        if not list(self.tree.glob("var/task/__pycache__/*311.pyc")):
            self.skipTest("no python3.11 here to compile with")
        self.check("python.stale-bytecode", "warning")

    def test_data_of_another_gdal(self):
        self.env = {"GDAL_DATA": "/opt/share/gdal"}
        self.check("geo.data-variable", "warning", "GDAL_DATA=‘/opt/share/gdal’ is not a directory of the image")
        self.fails_in_sandbox("import osgeo.gdal as g; assert g.FindFile('gdal', 'header.dxf'), 'no data'", "no data")

    def test_data_that_are_missing(self):
        for name in ("tms_NZTM2000.json", "nitf_spec.xml", "default.rsc"):
            self.copy(f"usr/share/gdal/{name}", f"opt/share/gdal/{name}")
        self.env = {"GDAL_DATA": "/opt/share/gdal"}
        self.check("geo.gdal-data", "warning", "lacks ‘header.dxf’, or")
        self.fails_in_sandbox("import osgeo.gdal as g; assert g.FindFile('gdal', 'header.dxf'), 'no data'", "no data")

    def test_plugins_of_another_gdal(self):
        self.gcc("opt/build/libgdal.so.34", "-Wl,-soname,libgdal.so.34")
        self.gcc("opt/lib/gdalplugins/gdal_X.so", f"-L{self.tree}/opt/build", "-l:libgdal.so.34")
        shutil.rmtree(self.tree / "opt/build")
        self.env = {"GDAL_DRIVER_PATH": "/opt/lib/gdalplugins"}
        self.check("geo.driver-path", "warning", "which is for ‘libgdal.so.34’", exactly=False)
        self.fails_in_sandbox("import osgeo.gdal as g; g.UseExceptions(); g.AllRegister(); assert 'libgdal.so.34' not in g.GetLastErrorMsg()",
                              "libgdal.so.34")


if __name__ == "__main__":
    unittest.main()
