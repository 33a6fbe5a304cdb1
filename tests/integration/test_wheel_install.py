"""Wheels from PyPI, installed by terrane and by pip: the same files.

Allowed differences: INSTALLER, REQUESTED and direct_url.json name the installer; RECORD lists paths that exist, where pip's
stays as it was before --target moved the files."""

import base64
import csv
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from terrane_test import BUILD, PACKAGE_CLIENT

PROBE = BUILD / "tests/wheel-probe"
WHEELS = BUILD.parent / "wheels"  # shared by the presets
PYTHON = shutil.which("python3.11") or "python3.11"
OF_INSTALLER = {"INSTALLER", "REQUESTED", "direct_url.json", "RECORD"}


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)


def missing():
    result = run("sh", "-c", f"{PYTHON} -m pip --version")
    # Other releases write other text into the scripts of entry points.
    return None if re.match(r"pip 2[34]\.", result.stdout) else "needs Python 3.11 with pip 23 or 24"


def download(requirement):
    """The wheel of "NAME==VERSION" for CPython 3.11 on x86-64, from the cache or PyPI."""
    name, version = requirement.split("==")
    WHEELS.mkdir(parents=True, exist_ok=True)
    with open(WHEELS / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        if not list(WHEELS.glob(pattern)):
            run(*PACKAGE_CLIENT, PYTHON, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--implementation", "cp",
                "--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64",
                "--dest", WHEELS, requirement, timeout=300)
        found = list(WHEELS.glob(pattern))
    return found[0] if found else None


def tree(top):
    """{path: (executable, content's digest)} of the files below a directory."""
    files = {}
    for path in top.rglob("*"):
        if path.is_file():
            mode = path.stat().st_mode
            files[str(path.relative_to(top))] = (mode & 0o111 != 0, hashlib.sha256(path.read_bytes()).hexdigest())
    return files


def is_of_installer(path):
    parts = path.split("/")
    return len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] in OF_INSTALLER


class WheelInstall(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        reason = missing()
        if reason:
            self.skipTest(reason)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="terrane-wheel-", dir=os.environ.get("TERRANE_TEST_TMPDIR", "/var/tmp")))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.interpreter = run(PYTHON, "-c", "import sys; print(sys.executable)").stdout.strip()

    def check_record(self, top):
        """RECORD has exactly the files, with their sizes and digests; read by Python's csv."""
        record = next(top.glob("*.dist-info/RECORD"))
        rows = list(csv.reader(record.read_text().splitlines()))
        self.assertEqual(sorted(row[0] for row in rows), sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()))
        self.assertEqual(rows[-1], [str(record.relative_to(top)), "", ""])
        self.assertEqual([row[0].encode() for row in rows[:-1]], sorted(row[0].encode() for row in rows[:-1]))
        for path, digest, size in rows[:-1]:
            content = (top / path).read_bytes()
            want = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            self.assertEqual((digest, size), (f"sha256={want}", str(len(content))), path)

    def check(self, requirement):
        wheel = download(requirement)
        if wheel is None:
            self.skipTest(f"{requirement} could not be downloaded")
        ours, theirs = self.scratch / "ours", self.scratch / "theirs"
        result = run(PROBE, wheel, ours, self.interpreter)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        result = run(PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--no-index", "--target", theirs,
                     wheel)
        self.assertEqual(result.returncode, 0, result.stderr)
        got, want = tree(ours), tree(theirs)
        self.check_record(ours)
        self.assertEqual({path: file for path, file in got.items() if not is_of_installer(path)},
                         {path: file for path, file in want.items() if not is_of_installer(path)})
        return got

    def test_rasterio(self):
        self.assertIn("bin/rio", self.check("rasterio==1.4.4"))

    def test_click(self):
        self.check("click==8.1.7")

    def test_certifi(self):
        self.check("certifi==2024.8.30")

    def test_numpy(self):
        self.assertIn("bin/f2py", self.check("numpy==1.26.4"))

    def test_shapely(self):
        self.check("shapely==2.0.6")

    def test_pyproj(self):
        self.check("pyproj==3.6.1")

    def test_scripts(self):
        self.assertEqual(self.check("jmespath==1.0.1")["bin/jp.py"][0], True)

    def test_data_and_scripts(self):
        self.assertIn("bin/aws", self.check("awscli==1.33.0"))

    def test_headers(self):
        self.assertIn("include/python/greenlet/greenlet.h", self.check("greenlet==3.1.1"))


if __name__ == "__main__":
    unittest.main()
