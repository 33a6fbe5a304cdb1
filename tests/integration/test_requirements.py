"""Requirements files as other tools write them, and what the wheels in them look like."""

import hashlib
import json
import shutil
import struct
import unittest

from test_wheels import WheelsCase
from wheel_index import make_wheel, requirement, sha256_of


class RequirementsCase(WheelsCase):
    def locked(self, name="profile.lock.json"):
        """{name: wheel} of the lock."""
        lock = json.loads((self.directory / name).read_text())
        entry = lock["platforms"]["linux/amd64"]["trees"]["deps"]
        return {wheel["name"]: wheel for wheel in entry["wheels"]}

    def lock(self, **wheels):
        self.run_terrane("lock", self.profile(**wheels))
        return self.locked()

    def wheel_here(self, name, version="1.0", directory="dist"):
        wheel = make_wheel(name, version)
        (self.directory / directory).mkdir(parents=True, exist_ok=True)
        self.write(f"{directory}/{wheel[0]}", wheel[1])
        return wheel


class Files(RequirementsCase):
    def test_own_wheels_by_path(self):
        """As uv export and pip freeze write them; the lock is the same wherever the project is."""
        a, b, c = (self.wheel_here(name) for name in ("alpha", "beta", "gamma"))
        self.requirements(f"./dist/{a[0]} \\\n    --hash=sha256:{sha256_of(a[1])}\n",
                          f"beta @ file://{self.directory}/dist/{b[0]}#sha256={sha256_of(b[1])}\n",
                          f"file:///${{PROJECT_ROOT}}/dist/{c[0]} --hash=sha256:{sha256_of(c[1])}\n")
        record = self.build(self.profile(index=[]))
        self.assertLessEqual({"alpha/__init__.py", "beta/__init__.py", "gamma/__init__.py"}, self.files(record).keys())
        text = (self.directory / "profile.lock.json").read_text()
        self.assertNotIn(str(self.directory), text)
        self.run_terrane("lock", "--check", self.profile(index=[]))

    def test_other_files(self):
        a, b = self.wheel_here("alpha"), self.wheel_here("beta", directory="sub/wheels")
        self.write("pins.txt", requirement("alpha", "1.0", a))
        self.write("sub/more.txt", "--find-links wheels\n" + requirement("beta", "1.0", b))
        self.requirements("--find-links dist\n--no-index\n-c pins.txt\n-r sub/more.txt\nalpha\n")
        self.assertEqual(self.lock(index=None).keys(), {"alpha", "beta"})

    def test_digests_of_other_algorithms(self):
        a = self.wheel_here("alpha")
        for algorithm in ("sha384", "sha512"):
            self.requirements(f"alpha==1.0 --hash={algorithm}:{hashlib.new(algorithm, a[1]).hexdigest()}\n")
            path = self.profile(index=[], wheelhouse="dist")
            self.run_terrane("lock", path)
            self.assertEqual(self.locked()["alpha"]["sha256"], sha256_of(a[1]))
            self.run_terrane("lock", "--check", path)
            self.build(path)
            self.requirements(f"alpha==1.0 --hash={algorithm}:{hashlib.new(algorithm, b'another').hexdigest()}\n")
            self.assert_fails(2, "not among the hashes", "lock", path)

    def test_utf16(self):
        (self.directory / "requirements.txt").write_bytes("alpha==1.0\r\n".encode("utf-16"))
        self.assert_fails(2, "UTF-16, as PowerShell", "lock", self.profile())


class Target(RequirementsCase):
    """The base's target: its Python's version to the last number, and its C library where that matters."""
    OLD, NEW = "python_full_version < '3.11.3'", "python_full_version >= '3.11.3'"

    def base(self, version=b"3.11.2", before=0, glibc=True):
        """A directory; the program has its version at the offset @before."""
        shutil.rmtree(self.directory / "base", ignore_errors=True)
        self.write("base/usr/bin/python3.11", b"\x7fELF" + b"x" * (before - 5) + b"\0" + version + b"\0strict\0").chmod(0o755)
        if glibc:
            self.write("base/lib64/libc.so.6", b"\x7fELF\0GLIBC_2.36\0")
        return {"directory": "base"}

    def profile(self, name="profile.json", prefix="/var/task", **wheels):
        wheels = {"requirements": "requirements.txt", "index": self.index.url, **wheels}
        return self.write_profile(name, base={"directory": "base"}, config={"working_dir": "/var/task"},
                                  trees=[{"name": "deps", "wheels": wheels, "prefix": prefix}])

    def setUp(self):
        super().setUp()
        self.wheels = [make_wheel(name, "1.0") for name in ("alpha", "old", "new")]
        self.index.add(*self.wheels)
        self.requirements(requirement("alpha", "1.0", self.wheels[0]), requirement("old", "1.0", self.wheels[1], marker=self.OLD),
                          requirement("new", "1.0", self.wheels[2], marker=self.NEW))

    def test_patch_version_of_the_base(self):
        for version, before, name in ((b"3.11.2", 100, "old"), (b"3.11.3", 100, "new"), (b"3.11.0rc2", 100, "old"), (b"3.11.14+", 100, "new"),
                                      # across the pieces in which files are read
                                      (b"3.11.14", 2**20 - 6, "new"), (b"3.11.2", 2**20, "old"), (b"3.11.2", 2**20 - 7, "old")):
            with self.subTest(version=version, before=before):
                self.base(version, before)
                self.assertEqual(self.lock().keys(), {"alpha", name})

    def test_patch_version_of_the_headers(self):
        self.base(b"of a library")
        self.write("base/usr/include/python3.11/patchlevel.h", '#define PY_VERSION      \t"3.11.2"\n')
        self.assertEqual(self.lock().keys(), {"alpha", "old"})

    def test_lock_follows_the_base(self):
        self.base(b"3.11.2")
        path = self.profile()
        self.run_terrane("lock", path)
        self.run_terrane("lock", "--check", path)
        before = self.locked()
        self.base(b"3.11.9")
        message = self.assert_fails(4, "deps: python_full 3.11.2 → 3.11.9", "lock", "--check", path)
        self.assertIn("deps: new 1.0 added", message)
        self.assertIn("deps: old 1.0 removed", message)
        self.build(path)
        self.assertEqual(self.locked(), {"alpha": before["alpha"], "new": self.locked()["new"]})

    def test_patch_version_of_the_profile(self):
        self.base(b"3.11.2")
        self.assertEqual(self.lock(python="3.11.3").keys(), {"alpha", "new"})
        self.assertEqual(self.lock(python="3.11", glibc="2.36").keys(), {"alpha", "old"})
        path = self.profile(python="3.12", glibc="2.36")
        self.assertNotIn("patch version", self.run_terrane("lock", path).stderr)
        self.base(b"nothing")
        result = self.run_terrane("lock", self.profile())
        self.assertRegex(result.stderr, r'line 3: the marker of old depends on the patch version of Python.*"python": "3\.11\.4"')
        self.assertEqual(self.locked().keys(), {"alpha", "new"})

    def test_checks_know_the_same_version(self):
        self.base(b"3.11.2")
        wheel = make_wheel("beta", "1.0", requires=(f"missing-old ; {self.OLD}", f"missing-new ; {self.NEW}", "missing-both"))
        self.index.add(wheel)
        self.requirements(requirement("beta", "1.0", wheel))
        for version, expected in ((b"3.11.2", {"missing-old", "missing-both"}), (b"3.11.3", {"missing-new", "missing-both"}),
                                  (b"unknown", {"missing-both"})):
            self.base(version)
            report = json.loads(self.run_terrane("--json", "check", self.profile()).stdout)
            found = [item["message"] for item in report["findings"] if item["id"] == "python.missing-requirement"]
            self.assertEqual({name for name in ("missing-old", "missing-new", "missing-both") if any(name in text for text in found)}, expected)

    def test_pure_wheels_need_no_c_library(self):
        self.base(glibc=False)
        self.build(self.profile())
        lock = json.loads((self.directory / "profile.lock.json").read_text())
        self.assertNotIn("libc", lock["platforms"]["linux/amd64"]["trees"]["deps"])
        self.run_terrane("lock", "--check", self.profile())
        pure, fast, foreign = (make_wheel("gamma", "1.0", tag) for tag in ("py3-none-any", "cp311-cp311-manylinux_2_17_x86_64",
                                                                           "cp311-cp311-manylinux_2_17_aarch64"))
        self.index.add(pure, fast, foreign)
        self.requirements(requirement("gamma", "1.0", pure, foreign))
        self.assertEqual(self.lock()["gamma"]["file"], pure[0])
        self.requirements(requirement("gamma", "1.0", pure, fast))
        self.assert_fails(2, '"glibc": "2.34"', "lock", self.profile())
        self.assertEqual(self.lock(glibc="2.36")["gamma"]["file"], fast[0])
        self.assertEqual(self.lock(musl="1.2")["gamma"]["file"], pure[0])


class Wheels(RequirementsCase):
    """Wheels that pip and uv install, although something in them is not right."""

    def install(self, *wheels, **profile):
        self.index.add(*wheels)
        self.requirements(*(requirement(*wheel[0].split("-")[:2], wheel) for wheel in wheels))
        path = self.profile(**profile)
        record = self.build(path)
        return record, {item["id"]: item for item in record["findings"]}, path

    def test_record_that_is_not_exact(self):
        record, findings, path = self.install(make_wheel("alpha", "1.0", record="alpha/gone.py,,\n"))
        finding = findings["python.wheel-record"]
        self.assertEqual(finding["path"], "/var/task/alpha-1.0.dist-info/RECORD")
        self.assertEqual(finding["tree"], "deps")
        self.assertIn("RECORD of ‘alpha-1.0-py3-none-any.whl’ is not exact: ‘alpha/gone.py’ is listed and not there", finding["message"])
        self.assertNotIn(b"gone.py", self.files(record)["alpha-1.0.dist-info/RECORD"][1])
        # It is known when nothing is read, and a profile may turn it off or make it an error.
        self.assertIn("python.wheel-record", {item["id"] for item in self.build(path)["findings"]})
        profile = json.loads(path.read_text())
        profile["name"] = "another"
        path.write_text(json.dumps(profile))
        self.assertIn("python.wheel-record", {item["id"] for item in self.build(path)["findings"]})
        profile["checks"] = {"python.wheel-record": [{"level": "off", "reason": "stripped", "paths": ["var/task/alpha-*/RECORD"]}]}
        path.write_text(json.dumps(profile))
        self.assertEqual({item["severity"] for item in self.build(path)["findings"] if item["id"] == "python.wheel-record"}, {"off"})
        profile["checks"] = {"python.wheel-record": "error"}
        path.write_text(json.dumps(profile))
        self.assert_fails(3, "is not exact", "build", path)

    def test_tag_that_is_not_of_the_file_name(self):
        _, findings, _ = self.install(make_wheel("alpha", "1.0", "py3-none-manylinux2010_x86_64", inside="cp36-cp36m-manylinux2010_x86_64"))
        self.assertIn("‘alpha’ comes from a wheel for ‘cp36-cp36m-manylinux2010_x86_64’", findings["python.wheel-tag"]["message"])

    def test_equal_files_of_two_wheels(self):
        files = {"ns/__init__.py": "", "ns/same.py": "1"}
        a = make_wheel("alpha", "1.0", files={**files, "ns/other.py": "a"})
        b = make_wheel("beta", "1.0", files={**files, "ns/other.py": "b"})
        self.index.add(a, b)
        self.requirements(requirement("alpha", "1.0", a), requirement("beta", "1.0", b))
        result = self.run_terrane("build", self.profile())
        self.assertEqual([line.rpartition(": ")[2] for line in result.stderr.splitlines() if "replaces" in line],
                         ["ns/other.py of beta-1.0-py3-none-any.whl replaces that of alpha-1.0-py3-none-any.whl"])

    def test_helper_for_another_processor(self):
        """As debugpy has them in its wheel for any platform: no reason to refuse the image."""
        elf = struct.pack("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
        end = 64 + 2 * 56
        elf += struct.pack("<IIQQQQQQ", 1, 6, 0, 0, 0, end + 16, end + 16, 4096)
        elf += struct.pack("<IIQQQQQQ", 2, 6, end, end, end, 16, 16, 8) + bytes(16)
        files = {"alpha/__init__.py": "", "alpha/attach_linux_amd64.so": elf, "alpha/helper.so": elf}
        record, _, _ = self.install(make_wheel("alpha", "1.0", files=files), prefix="/opt/python")
        self.assertEqual([item for item in record["findings"] if item["id"] == "elf.wrong-machine"], [])
        path = self.directory / "profile.json"
        profile = json.loads(path.read_text())
        profile["platform"] = "linux/arm64"
        path.write_text(json.dumps(profile))
        found = {item["path"]: item["severity"] for item in self.build(path)["findings"] if item["id"] == "elf.wrong-machine"}
        self.assertEqual(found, {"/opt/python/alpha/attach_linux_amd64.so": "note", "/opt/python/alpha/helper.so": "warning"})
        # A module that import would look for is another matter, and so is a wheel for a platform.
        for tag, name in (("py3-none-any", "alpha/x.abi3.so"), ("py3-none-manylinux2014_aarch64", "alpha/attach_linux_amd64.so")):
            wheel = make_wheel("alpha", "1.0", tag, files={"alpha/__init__.py": "", name: elf})
            self.index.projects.clear()
            self.index.add(wheel)
            self.requirements(requirement("alpha", "1.0", wheel))
            self.assert_fails(3, "it is for x86-64, the image for arm64", "build", path)


if __name__ == "__main__":
    unittest.main()
