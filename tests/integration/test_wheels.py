"""The source "wheels": real wheels from PyPI in a real image, and indexes that lie."""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tarfile
import unittest

from terrane_test import INPUTS, SANITIZER, TOP, TestCase
from test_wheel_install import PYTHON, is_of_installer, missing, run
from wheel_index import Index, make_wheel, requirement, sha256_of

BASE = INPUTS / "debian12-base-amd64.tar.zst"
EM_X86_64, EM_AARCH64 = 62, 183


def reach_pypi():
    """Why not, or None."""
    result = subprocess.run(["curl", "-sSfI", "--max-time", "20", "https://pypi.org/simple/affine/"], capture_output=True, text=True,
                            check=False)
    return None if result.returncode == 0 else f"PyPI cannot be reached: {result.stderr.strip()}"


def machine_of(data):
    return struct.unpack_from("<H", data, 18)[0] if data[:4] == b"\x7fELF" else None


class WheelsCase(TestCase):
    TARGET = {"python": "3.12", "glibc": "2.34"}

    def setUp(self):
        super().setUp()
        self.index = Index()
        self.addCleanup(self.index.close)

    def profile(self, name="profile.json", prefix="/var/task", **wheels):
        wheels = {"requirements": "requirements.txt", "index": self.index.url, **self.TARGET, **wheels}
        return self.write_profile(name, trees=[{"name": "deps", "wheels": wheels, "prefix": prefix}])

    def files(self, record, prefix="var/task/"):
        """{path below the prefix: (mode, content)} of the layer of the wheels."""
        layer = next(layer for layer in record["layers"] if layer["tree"] == "deps")
        with self.open_layer(layer) as tar:
            return {member.name.removeprefix(prefix): (member.mode, tar.extractfile(member).read())
                    for member in tar if member.isfile()}

    def requirements(self, *lines):
        self.write("requirements.txt", "".join(lines))


class Wheels(WheelsCase):
    def test_installed_tree(self):
        wheel = make_wheel("alpha", "1.0", files={"alpha/__init__.py": "", "alpha-1.0.data/data/share/x": "x",
                                                  "alpha-1.0.data/scripts/run": "#!python\nprint(1)\n"},
                           entry_points={"alpha": "alpha:main"})
        self.index.add(wheel)
        self.requirements(requirement("alpha", "1.0", wheel))
        files = self.files(self.build(self.profile()))
        self.assertEqual(sorted(files), ["alpha-1.0.dist-info/INSTALLER", "alpha-1.0.dist-info/METADATA",
                                         "alpha-1.0.dist-info/RECORD", "alpha-1.0.dist-info/REQUESTED",
                                         "alpha-1.0.dist-info/WHEEL", "alpha-1.0.dist-info/entry_points.txt",
                                         "alpha/__init__.py", "bin/alpha", "bin/run", "share/x"])
        self.assertEqual(files["bin/run"], (0o755, b"#!/usr/bin/python3.12\nprint(1)\n"))
        self.assertEqual(files["alpha-1.0.dist-info/INSTALLER"][1], b"terrane\n")

    def test_python_of_the_base(self):
        """The interpreter that python3 is, the newest symbol version of the C library; another base, another wheel."""
        wheels = [make_wheel("alpha", "1.0", f"cp3{minor}-cp3{minor}-manylinux_2_{glibc}_x86_64", entry_points={"alpha": "a:b"})
                  for minor, glibc in ((12, 28), (12, 34), (13, 28))]
        self.index.add(*wheels)
        self.requirements(requirement("alpha", "1.0", *wheels))
        for minor, glibc, chosen in ((12, 28, 0), (12, 34, 1), (12, 33, 0), (13, 39, 2)):
            with self.subTest(minor=minor, glibc=glibc):
                base = self.directory / f"base-{minor}-{glibc}"
                (base / "var/lang/bin").mkdir(parents=True)
                (base / "lib64").mkdir()
                for name in ("python3.9", f"python3.{minor}"):
                    (base / "var/lang/bin" / name).write_text("")
                    (base / "var/lang/bin" / name).chmod(0o755)
                (base / "var/lang/bin/python3").symlink_to(f"python3.{minor}")
                text = b"".join(b"GLIBC_2.%d\0" % number for number in (2, 17, glibc, 4)) + b"GLIBC_PRIVATE\0"
                (base / "lib64/libc.so.6").write_bytes(b"\0" * 1048570 + text)  # over the border of two reads
                path = self.write_profile(base={"directory": base.name}, trees=[
                    {"name": "deps", "wheels": {"requirements": "requirements.txt", "index": self.index.url}, "prefix": "/opt"}])
                record = self.build(path)
                self.assertEqual(record["sources"]["trees"]["deps"]["wheels"][0]["file"], wheels[chosen][0])
                self.assertEqual(record["sources"]["trees"]["deps"]["libc"], f"glibc 2.{glibc}")
                script = self.files(record, "opt/")["bin/alpha"][1]
                self.assertTrue(script.startswith(b"#!/var/lang/bin/python3.%d\n" % minor))

    def test_markers(self):
        wheels = [make_wheel(name, "1.0") for name in ("alpha", "beta", "gamma")]
        self.index.add(*wheels)
        self.requirements(requirement("alpha", "1.0", wheels[0], marker="python_version < '3.12'"),
                          requirement("beta", "1.0", wheels[1], marker="platform_machine == 'x86_64'"),
                          requirement("gamma", "1.0", wheels[2], marker="sys_platform == 'win32'"))
        names = {path.split("/")[0] for path in self.files(self.build(self.profile()))}
        self.assertEqual(names, {"beta", "beta-1.0.dist-info"})

    def test_wheelhouse_without_index(self):
        wheel = make_wheel("alpha", "1.0")
        self.write(f"wheels/{wheel[0]}", wheel[1])
        self.requirements(requirement("alpha", "1.0", wheel))
        record = self.build(self.profile(wheelhouse="wheels", index=[]), "--offline")
        self.assertNotIn("url", record["sources"]["trees"]["deps"]["wheels"][0])
        self.assertEqual(self.index.log, [])
        self.assertEqual(self.build("--locked", self.profile(wheelhouse="wheels", index=[]))["digest"], record["digest"])
        self.write(f"wheels/{wheel[0]}", make_wheel("alpha", "1.0", files={"other.py": ""})[1])
        self.assert_fails(1, "has the sha256 .*, the lock says", "build", "--locked",
                          self.profile(wheelhouse="wheels", index=[]), store=self.directory / "fresh")

    def test_html_index(self):
        wheel = make_wheel("alpha", "1.0")
        self.index.html_pages = True
        self.index.add(wheel)
        self.requirements(requirement("alpha", "1.0", wheel))
        self.build(self.profile())

    def test_index_with_password(self):
        """It goes to the index and its files, and into no file and no message."""
        wheel = make_wheel("alpha", "1.0")
        self.index.add(wheel)
        self.requirements(requirement("alpha", "1.0", wheel))
        url = self.index.url.replace("http://", "http://me:secret@")
        self.index.user = "me:secret"
        result = self.run_terrane("--verbose", "build", self.profile(index="${env.TEST_INDEX}"), env={"TEST_INDEX": url})
        self.assertNotIn("secret", result.stderr + result.stdout + (self.directory / "profile.lock.json").read_text())
        self.assertNotIn("secret", subprocess.run(["grep", "-r", "secret", str(self.store)], capture_output=True, text=True,
                                                  check=False).stdout)
        message = self.assert_fails(1, "401|refuse|DENIED|credentials", "build", "--update-lock",
                                    self.profile(index="${env.TEST_INDEX}"), env={"TEST_INDEX": url.replace("secret", "wrong")})
        self.assertNotIn("wrong", message)

    def test_passwords_of_requirements_files(self):
        """In an --index-url and in a URL of a wheel; they are used for downloads, and written nowhere."""
        wheels = [make_wheel("alpha", "1.0"), make_wheel("beta", "1.0")]
        self.index.add(*wheels)
        self.index.user = "me:secret"
        host = f"http://me:${{TEST_TOKEN}}@127.0.0.1:{self.index.port}"
        url = f"{host.replace('${TEST_TOKEN}', 'secret')}/files/beta/{wheels[1][0]}"
        self.requirements(f"--index-url {host}/simple\n", requirement("alpha", "1.0", wheels[0]),
                          f"beta @ {url} --hash=sha256:{sha256_of(wheels[1][1])}\n")
        path = self.write_profile(trees=[{"name": "deps", "wheels": {"requirements": "requirements.txt", **self.TARGET},
                                          "prefix": "/opt"}])
        result = self.run_terrane("--json", "build", path, env={"TEST_TOKEN": "secret"})
        self.assertNotIn("secret", result.stdout + result.stderr + (self.directory / "profile.lock.json").read_text())
        self.build("--locked", path, env={"TEST_TOKEN": "secret"}, store=self.directory / "fresh")

    def test_wheelhouse_needs_not_have_everything(self):
        """Hashes of other platforms are in the file; the index is not there."""
        wheel, other = (make_wheel("alpha", "1.0", f"cp312-cp312-manylinux_2_17_{name}") for name in ("x86_64", "aarch64"))
        self.write(f"wheels/{wheel[0]}", wheel[1])
        self.requirements(requirement("alpha", "1.0", wheel, other))
        self.build(self.profile(wheelhouse="wheels", index="http://127.0.0.1:9/simple"))
        self.index.add(wheel, other)
        shutil.rmtree(self.directory / "wheels")
        (self.directory / "wheels").mkdir()
        self.build(self.profile(wheelhouse="wheels"))  # and when it has gone, the index has it

    def test_without_the_wheelhouse_what_has_a_url_is_downloaded(self):
        """A machine that has the lock and no wheelhouse, and no index: only what the wheelhouse had is missing, and is named."""
        alpha, beta = (make_wheel(name, "1.0") for name in ("alpha", "beta"))
        self.index.add(alpha, beta)
        self.write(f"wheels/{beta[0]}", beta[1])
        from_url = f"alpha @ {self.index.url.removesuffix('/simple')}/files/alpha/{alpha[0]} --hash=sha256:{sha256_of(alpha[1])}\n"
        for lines, missing in (([from_url], None), ([from_url, requirement("beta", "1.0", beta)], beta[0])):
            with self.subTest(lines):
                self.requirements(*lines)
                profile = self.profile(wheelhouse="wheels", index=[])
                self.build("--update-lock", profile)
                (self.directory / "wheels").rename(self.directory / "elsewhere")
                self.run_terrane("lock", "--check", profile)
                fresh = self.directory / f"fresh-{len(lines)}"
                if missing is None:
                    self.build("--locked", profile, store=fresh)
                else:
                    self.assert_fails(1, f"opening .*wheels/{missing}.: No such file or directory", "build", "--locked", profile, store=fresh)
                self.build("--locked", profile)  # the store has the tree
                (self.directory / "elsewhere").rename(self.directory / "wheels")

    def test_python_that_the_wheel_itself_asks_for(self):
        wheel = make_wheel("alpha", "1.0", metadata="Requires-Python: >=3.13\n")
        self.index.add(wheel)
        self.requirements(requirement("alpha", "1.0", wheel))
        self.assert_fails(1, "needs Python .>=3.13., the image has 3.12", "build", self.profile())

    def test_patch_versions_in_markers(self):
        wheel = make_wheel("alpha", "1.0")
        self.index.add(wheel)
        self.requirements(requirement("alpha", "1.0", wheel, marker="python_full_version >= '3.12.3'"))
        self.assertIn("alpha/__init__.py", self.files(self.build(self.profile())))

    def test_report_of_pip(self):
        wheel = make_wheel("alpha", "1.0")
        self.index.add(wheel)
        url = f"http://127.0.0.1:{self.index.port}/files/alpha/{wheel[0]}"
        self.write("report.json", json.dumps({"version": "1", "pip_version": "23.2", "environment": {}, "install": [
            {"download_info": {"url": url, "archive_info": {"hashes": {"sha256": sha256_of(wheel[1])}}}, "requested": True,
             "is_direct": False, "metadata": {"name": "alpha", "version": "1.0"}}]}))
        self.assertIn("alpha/__init__.py", self.files(self.build(self.profile(requirements="report.json"))))
        report = json.loads((self.directory / "report.json").read_text())
        report["environment"] = {"python_version": "3.8", "platform_machine": "s390x"}
        self.write("report.json", json.dumps(report))
        self.assert_fails(2, "made for Python ‘3.8’ on ‘s390x’, the image has 3.12 on x86_64", "build",
                          self.profile(requirements="report.json"))

    def test_shared_downloads(self):
        """Of many profiles each file is fetched once, and one that fails does not stop the others."""
        wheels = [make_wheel("alpha", "1.0"), make_wheel("beta", "1.0")]
        self.index.add(*wheels)
        self.requirements(*(requirement(name, "1.0", wheel) for name, wheel in zip(("alpha", "beta"), wheels)))
        paths = [self.profile(f"p{i}.json", prefix=f"/p{i}") for i in range(3)]
        for i, path in enumerate(paths):
            path.write_text(path.read_text().replace('"name": "test"', f'"name": "p{i}"'))
        broken = self.write("broken.json", "{")
        self.write("x.schema.json", "{}")
        result = self.run_terrane("build", *sorted(self.directory.glob("*.json")), exit_code=2)
        self.assertEqual(len(self.index.requests("/files/")), 2)
        self.assertRegex(result.stdout, r"p0\.json +sha256:[0-9a-f]{12} +\S+ \S+ +built\n")
        self.assertRegex(result.stdout, r"broken\.json +FAILED")
        self.assertIn("1 of 4 profiles failed", result.stderr)
        report = json.loads(self.run_terrane("--json", "build", *paths).stdout)
        self.assertEqual([build["record"]["unchanged"] for build in report["builds"]], [True] * 3)
        self.run_terrane("build", *paths, broken, self.profile("q.json", requirements="none.txt"), exit_code=1)


class Refusals(WheelsCase):
    def refused(self, pattern, exit_code=2, **wheels):
        return self.assert_fails(exit_code, pattern, "build", self.profile(**wheels))

    def test_no_fitting_wheel(self):
        wheels = [make_wheel("alpha", "1.0", f"cp312-cp312-{platform}")
                  for platform in ("manylinux_2_28_x86_64", "manylinux_2_17_aarch64", "musllinux_1_2_x86_64", "win_amd64")]
        self.index.add(*wheels)
        self.requirements(requirement("alpha", "1.0", *wheels))
        message = self.refused("requirements.txt line 1: no wheel of alpha 1.0 can be used", glibc="2.26")
        self.assertIn("manylinux_2_28 needs glibc ≥ 2.28, the base has 2.26", message)
        self.assertIn("it is for aarch64, the image is for x86_64", message)
        self.assertIn("it is for musl", message)
        self.assertIn("it is for Windows", message)

    def test_source_distribution_only(self):
        self.index.projects["alpha"] = {"alpha-1.0.tar.gz": b"source"}
        self.requirements(requirement("alpha", "1.0", ("alpha-1.0.tar.gz", b"source")))
        self.refused("alpha 1.0 has only a source distribution")

    def test_no_hash(self):
        self.requirements("alpha==1.0\n")
        self.refused("line 1: alpha has no --hash; generate the file with 'pip-compile --generate-hashes'")

    def test_other_digest_than_the_file(self):
        """The index says one digest, and serves something else."""
        wheel = make_wheel("alpha", "1.0")
        self.index.add(wheel)
        self.index.faults[f"/files/alpha/{wheel[0]}"] = (200, "application/octet-stream", b"x" * len(wheel[1]))
        self.requirements(requirement("alpha", "1.0", wheel))
        self.refused("sha256", exit_code=1)
        self.index.faults.clear()
        self.build(self.profile())

    def test_digest_that_is_not_allowed(self):
        wheel = make_wheel("alpha", "1.0")
        self.index.add(wheel)
        self.requirements(requirement("alpha", "1.0", ("", b"another")))
        self.refused("not among the hashes")

    def test_web_page_instead_of_an_index(self):
        self.requirements(requirement("alpha", "1.0", ("", b"")))
        self.index.faults["/simple/alpha/"] = (200, "text/html", b"<html><body><h1>Please log in</h1></body></html>")
        self.refused("web page", exit_code=1)
        self.index.faults["/simple/alpha/"] = (200, "application/vnd.pypi.simple.v1+json", b"<html>")
        self.refused("alpha", exit_code=1)

    def test_broken_wheels(self):
        name = "alpha-1.0-py3-none-any.whl"
        for what, wheel, pattern in (
                ("no zip", (name, b"not a wheel"), "alpha-1.0-py3-none-any.whl"),
                ("name", (name, make_wheel("beta", "1.0")[1]), "beta"),
                ("parent", (name, make_wheel("alpha", "1.0", files={"../evil": ""})[1]), r"\.\."),
                ("absolute", (name, make_wheel("alpha", "1.0", files={"/evil": ""})[1]), "evil"),
                ("bomb", (name, make_wheel("alpha", "1.0", files={"zeros": b"\0" * (80 << 20)})[1]), "times")):
            with self.subTest(what):
                self.index.projects.clear()
                self.index.add(wheel)
                self.requirements(requirement("alpha", "1.0", wheel))
                self.refused(pattern, exit_code=1)

    def test_base_without_python(self):
        self.requirements(requirement("alpha", "1.0", ("", b"")))
        path = self.write_profile(trees=[{"name": "deps", "wheels": {"requirements": "requirements.txt"}, "prefix": "/x"}])
        self.assert_fails(2, 'the base has no Python; say which one the wheels are for with "python": "3.12"', "build", path)

    def test_locks_of_other_tools(self):
        for name, pattern in (("uv.lock", "uv export"), ("poetry.lock", "poetry export"), ("pdm.lock", "pdm export")):
            with self.subTest(name):
                self.write(name, "version = 1\n")
                self.refused(pattern, requirements=name)


@unittest.skipIf(reach_pypi(), str(reach_pypi()))
class Real(TestCase):
    """The shipped profiles, with real wheels."""

    STAND_INS = {"aws-python3.12-rasterio": ("3.12", "2.34"), "aws-python3.13-rasterio": ("3.13", "2.34"),
                 "aws-python3.14-rasterio": ("3.14", "2.34"), "cloud-run-functions": ("3.12", "2.36"),
                 "azure-custom-handler": ("3.12", "2.36")}

    def child(self, name, **members):
        return self.write(f"{name}.json", json.dumps({"extends": str(TOP / "profiles" / f"{name}.json"), **members}))

    def layer_of(self, record, prefix="var/task/"):
        """The files of the tree, which may have several layers."""
        files = {}
        for layer in (layer for layer in record["layers"] if layer["tree"] == "deps"):
            with self.open_layer(layer) as tar:
                files.update((member.name.removeprefix(prefix), tar.extractfile(member).read()) for member in tar if member.isfile())
        return files

    @unittest.skipIf(SANITIZER, "does not apply: compares files with pip's; test_starter and wheel_install install under sanitizers")
    @unittest.skipUnless(BASE.exists(), "profiles/inputs has no Debian base; scripts/debian-rootfs makes it")
    def test_debian(self):
        """Built, run in the sandbox, and compared with what pip installs."""
        record = self.build(self.child("debian12-rasterio", transforms=None))  # what is installed, as it is
        self.assertTrue(all(result["passed"] for result in record["validation"]))
        self.assertGreater(len(record["validation"]), 6)
        ours = self.layer_of(record)
        self.assertEqual({machine_of(data) for data in ours.values()}, {None, EM_X86_64})
        if missing():
            self.skipTest(missing())
        theirs = self.directory / "pip"
        wheels = [wheel["file"] for wheel in record["sources"]["trees"]["deps"]["wheels"]]
        downloads = self.store / "downloads/blobs/sha256"
        house = self.directory / "house"
        house.mkdir()
        for wheel in record["sources"]["trees"]["deps"]["wheels"]:
            os.link(downloads / wheel["sha256"], house / wheel["file"])
        result = run(PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--no-index", "--target", theirs,
                     *(house / name for name in wheels))
        self.assertEqual(result.returncode, 0, result.stderr)
        pip = {str(path.relative_to(theirs)): path.read_bytes() for path in theirs.rglob("*") if path.is_file()}

        def comparable(files):
            """Without what names the installer, and without the first lines of scripts."""
            return {path: hashlib.sha256(data.split(b"\n", 1)[1] if path.startswith("bin/") else data).hexdigest()
                    for path, data in files.items() if not is_of_installer(path)}
        self.assertEqual(comparable(ours), comparable(pip))
        self.assertTrue(ours["bin/rio"].startswith(b"#!/usr/bin/python3.11\n"))

    @unittest.skipUnless(BASE.exists(), "profiles/inputs has no Debian base; scripts/debian-rootfs makes it")
    def test_starter(self):
        """The files of terrane init build and run unchanged."""
        self.run_terrane("init", "--base", BASE, "--python", "3.11", self.directory / "start")
        record = self.build(self.directory / "start/profile.json")
        self.assertEqual([(result["name"], result["passed"]) for result in record["validation"]],
                         [("rasterio", True), ("handler", True), ("2 modules", True), ("smoke.py", True), ("event.json", True)])
        self.build("--locked", "--offline", self.directory / "start/profile.json")

    def test_arm64_on_any_machine(self):
        profile = self.child("debian12-rasterio", platform="linux/arm64", target="oci", base={"directory": "base"},
                             checks={"elf.missing-library": {"level": "off", "reason": "the base has no C library"}},
                             trees=[{"name": "deps", "wheels": {"python": "3.11", "glibc": "2.36"}}])
        self.write("base/etc/os-release", "NAME=stand-in\n")
        record = self.build(profile, "--no-validate")
        files = self.layer_of(record)
        self.assertEqual({machine_of(data) for data in files.values()}, {None, EM_AARCH64})
        self.assertIn("rasterio/_base.cpython-311-aarch64-linux-gnu.so", files)
        self.assertTrue(any(path.startswith("rasterio.libs/libgdal") for path in files))

    def test_shipped_profiles_resolve(self):
        """Against stand-ins of bases that cannot be had here: every requirement has a wheel, for each platform."""
        for name, (python, glibc) in self.STAND_INS.items():
            with self.subTest(name):
                shutil.rmtree(self.directory / "base", ignore_errors=True)
                self.write(f"base/var/lang/bin/python{python}", "").chmod(0o755)
                self.write("base/lib64/libc.so.6", f"\0GLIBC_{glibc}\0")
                profile = self.child(name, base={"directory": "base"})
                self.run_terrane("lock", profile)
                lock = json.loads((self.directory / f"{name}.lock.json").read_text())
                platforms = ["linux/amd64", "linux/arm64"] if name.startswith("aws") else ["linux/amd64"]
                self.assertEqual(list(lock["platforms"]), platforms)
                for platform in platforms:
                    deps = lock["platforms"][platform]["trees"]["deps"]
                    self.assertEqual((deps["python"], deps["libc"]), (python, f"glibc {glibc}"))
                    machine = "x86_64" if platform.endswith("amd64") else "aarch64"
                    files = [wheel["file"] for wheel in deps["wheels"] if not wheel["file"].endswith("-any.whl")]
                    self.assertGreater(len(files), 1)
                    self.assertTrue(all(machine in file for file in files), files)

    def test_shared_gdal(self):
        """All recipes of it, in a stand-in of the build image that a variable names, and what wheels the bindings need besides."""
        self.write("base/var/lang/bin/python3.12", "").chmod(0o755)
        self.write("base/lib64/libc.so.6", "\0GLIBC_2.34\0")
        self.build(self.write_profile("in.json", name="in", target="oci", base={"directory": "base"}), "--no-validate", "--no-lock")
        profile = self.child("aws-shared-gdal", base={"directory": "base"}, platform="linux/amd64")
        self.run_terrane("lock", profile, env={"TERRANE_BUILD_IMAGE": f"oci:{self.store}/images:in:latest"})
        trees = json.loads((self.directory / "aws-shared-gdal.lock.json").read_text())["platforms"]["linux/amd64"]["trees"]
        self.assertEqual(set(trees), {"gdal", "gdal-python", "pyproj", "shapely", "fiona", "rasterio", "deps", "app"})
        index = json.loads((self.store / "images/index.json").read_text())
        digests = {manifest["digest"] for manifest in index["manifests"]}
        for name in set(trees) - {"deps", "app"}:
            with self.subTest(name):
                self.assertIn(trees[name]["in"]["digest"], digests)
                recipe = json.loads((TOP / f"profiles/recipes/{name}.json").read_text())
                locked = {entry.get("url", entry.get("file", "").rsplit("/", 1)[-1]): entry["sha256"] for entry in trees[name]["inputs"]}
                self.assertEqual(locked[recipe["sources"][0]["url"]], recipe["sources"][0]["sha256"])
                self.assertEqual("python-build.json" in locked, name != "gdal")
        shared = {entry["sha256"] for entry in trees["gdal"]["inputs"]}
        for name in ("gdal-python", "fiona", "rasterio"):
            self.assertLess(shared, {entry["sha256"] for entry in trees[name]["inputs"]}, name)
        self.assertIn("numpy-2.5.5-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", [wheel["file"] for wheel in trees["deps"]["wheels"]])


if __name__ == "__main__":
    unittest.main()
