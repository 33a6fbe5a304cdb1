"""pylock.toml (PEP 751) as the source of wheels: written by uv, pip and PDM (scripts/install-lock-tools), compared with packaging,
the reference implementation (scripts/install-packaging); and by hand, with what can be wrong."""

import hashlib
import json
import os
import subprocess
import unittest

from terrane_test import TOP
from test_requirements import RequirementsCase
from wheel_index import make_wheel, sha256_of

TOOLS = TOP / "build/lock-tools/bin"
ORACLE = TOP / "build/venv/bin/python"
HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'

# The file that packaging takes for each package, for CPython 3.12 on x86_64 with glibc 2.34.
SELECT = r"""
import json, sys, tomllib
from packaging import _manylinux, tags
from packaging.pylock import Pylock
_manylinux._get_glibc_version = lambda: _manylinux._GLibCVersion(2, 34)
_manylinux._have_compatible_abi = lambda *_: True
_manylinux._get_manylinux_module = lambda: None
platforms = [*_manylinux.platform_tags(["x86_64"]), "linux_x86_64"]
all_tags = [*tags.cpython_tags((3, 12), ["cp312"], platforms), *tags.compatible_tags((3, 12), "cp312", platforms)]
environment = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_release": "", "platform_machine": "x86_64",
               "platform_python_implementation": "CPython", "platform_version": "", "python_version": "3.12", "python_full_version": "3.12.4",
               "implementation_name": "cpython", "implementation_version": "3.12.4"}
path, extras, groups = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
lock = Pylock.from_dict(tomllib.load(open(path, "rb")))
chosen = lock.select(environment=environment, tags=all_tags, extras=extras, dependency_groups=groups)
print(json.dumps(sorted(file.filename for _, file in chosen)))
"""


class PylockCase(RequirementsCase):
    TARGET = {"python": "3.12.4", "glibc": "2.34"}

    def pylock(self, text, name="pylock.toml", **wheels):
        self.write(name, text)
        return self.profile(requirements=name, index=[], **wheels)

    def locked_files(self):
        return sorted(wheel["file"] for wheel in self.locked().values())

    def package(self, wheel, project, version="1.0", more="", **place):
        place = "".join(f'{key} = {json.dumps(value)}, ' for key, value in place.items())
        return (f'[[packages]]\nname = "{project}"\nversion = "{version}"\n{more}'
                f'wheels = [{{{place}hashes = {{sha256 = "{sha256_of(wheel[1])}"}}}}]\n')

    def url(self, wheel):
        self.index.add(wheel)
        return f"{self.index.url.removesuffix('/simple')}/files/{wheel[0].split('-')[0]}/{wheel[0]}"


@unittest.skipUnless((TOOLS / "uv").exists() and ORACLE.exists(), "scripts/install-lock-tools and install-packaging were not run")
class Tools(PylockCase):
    PROJECT = """[project]
name = "app"
version = "0.1"
requires-python = ">=3.11"
dependencies = ["alpha"]
[project.optional-dependencies]
opt = ["gamma"]
[dependency-groups]
dev = ["delta"]
[tool.uv]
package = true
[[tool.pdm.source]]
name = "pypi"
url = "{url}"
verify_ssl = false
[tool.pdm.lock]
format = "{format}"
"""

    def setUp(self):
        super().setUp()
        glibc = "manylinux_2_17_x86_64.manylinux2014_x86_64"
        self.index.add(make_wheel("alpha", "1.0", requires=["beta>=1", "epsilon; sys_platform=='win32'"]),
                       *[make_wheel("beta", "1.0", f"cp3{minor}-cp3{minor}-{platform}") for minor in (11, 12)
                         for platform in (glibc, "manylinux_2_28_x86_64", "manylinux_2_39_x86_64", "win_amd64")],
                       make_wheel("beta", "1.0"), make_wheel("gamma", "2.0"), make_wheel("delta", "1"), make_wheel("epsilon", "3"))

    def tool(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory / "home"), "UV_DEFAULT_INDEX": self.index.url, "UV_NO_CONFIG": "1",
                       "UV_PYTHON_DOWNLOADS": "never", "PIP_INDEX_URL": self.index.url, "PIP_CONFIG_FILE": os.devnull,
                       "PDM_CHECK_UPDATE": "0", "PDM_USE_VENV": "0", "PDM_PYTHON": str(TOOLS / "python"), "NO_PROXY": "*"}
        result = subprocess.run([TOOLS / arguments[0], *arguments[1:]], cwd=self.directory, env=environment, capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_as_packaging(self, name, extras=None, groups=None):
        (self.directory / "profile.lock.json").unlink(missing_ok=True)
        parts = {key: value for key, value in (("extras", extras), ("groups", groups)) if value is not None}
        self.run_terrane("lock", self.profile(requirements=name, index=[], **parts))
        expected = subprocess.run([ORACLE, "-c", SELECT, self.directory / name, json.dumps(extras), json.dumps(groups)], check=True,
                                  capture_output=True, text=True).stdout
        self.assertEqual(self.locked_files(), json.loads(expected))
        return self.locked_files()

    def test_uv(self):
        self.write("pyproject.toml", self.PROJECT.format(url=self.index.url, format="pdm"))
        self.tool("uv", "export", "--quiet", "--extra", "opt", "--no-emit-project", "--format", "pylock.toml", "-o", "pylock.toml")
        files = self.assert_as_packaging("pylock.toml")
        self.assertEqual([file.split("-")[0] for file in files], ["alpha", "beta", "delta", "gamma"])
        installed = self.files(self.build(self.profile(requirements="pylock.toml", index=[])))
        self.assertLessEqual({"alpha/__init__.py", "beta/__init__.py", "gamma/__init__.py"}, installed.keys())
        # The project itself is a directory.
        self.tool("uv", "export", "--quiet", "--format", "pylock.toml", "-o", "pylock.toml")
        self.assert_fails(2, "app comes from .*directory.*--no-emit-project", "lock", self.profile(requirements="pylock.toml", index=[]))
        # uv's own data are not read.
        self.assert_fails(2, "uv.lock is a lock file of uv.*uv export --format pylock.toml", "lock", self.profile(requirements="uv.lock"))

    def test_pip(self):
        self.tool("pip", "lock", "--quiet", "--no-cache-dir", "delta", "gamma", "-o", "pylock.pip.toml")
        self.assert_as_packaging("pylock.pip.toml")

    def test_pdm(self):
        """Extras and groups are in the markers."""
        self.write("pyproject.toml", self.PROJECT.format(url=self.index.url, format="pylock"))
        self.tool("pdm", "lock", "--quiet", "-G", ":all")
        self.assertIn("dependency_groups", (self.directory / "pylock.toml").read_text())
        for extras, groups, names in ((None, None, "alpha beta"), (["opt"], None, "alpha beta gamma"), (None, ["default", "dev"], "alpha beta delta"),
                                      (["opt"], ["dev"], "delta gamma"), (None, [], "")):
            with self.subTest(extras=extras, groups=groups):
                files = self.assert_as_packaging("pylock.toml", extras, groups)
                self.assertEqual(" ".join(file.split("-")[0] for file in files), names)


class Files(PylockCase):
    def test_urls_and_paths(self):
        """A path counts from the file; what is here is taken, what is not comes from its URL; the lock pins both."""
        a, b = self.wheel_here("alpha"), make_wheel("beta", "1.0")
        path = self.pylock(HEAD + self.package(a, "alpha", path=f"dist/{a[0]}", size=len(a[1]))
                           + self.package(b, "beta", path=f"dist/{b[0]}", url=self.url(b) + "?signature=s", name=b[0], size=len(b[1])))
        record = self.build(path)
        self.assertLessEqual({"alpha/__init__.py", "beta/__init__.py"}, self.files(record).keys())
        locked = self.locked()
        self.assertNotIn("url", locked["alpha"])
        self.assertEqual(locked["beta"]["url"], self.url(b))
        self.assertNotIn(str(self.directory), (self.directory / "profile.lock.json").read_text())
        self.assertEqual(self.build("--locked", path, store=self.directory / "fresh")["digest"], record["digest"])
        self.assertIn("?signature=s", self.index.log[-1][0])

    def test_archive(self):
        wheel = make_wheel("alpha", "1.0")
        text = HEAD + f'[[packages]]\nname = "alpha"\n[packages.archive]\nurl = "{self.url(wheel)}"\nsize = {len(wheel[1])}\nhashes = '
        self.assertIn("alpha/__init__.py", self.files(self.build(self.pylock(text + f'{{sha256 = "{sha256_of(wheel[1])}"}}\n'))))
        self.assertEqual(self.locked()["alpha"]["version"], "1.0")

    def test_longer_digests(self):
        wheel = make_wheel("alpha", "1.0")
        text = HEAD + f'[[packages]]\nname = "alpha"\nwheels = [{{url = "{self.url(wheel)}", hashes = {{sha512 = "%s"}}}}]\n'
        path = self.pylock(text % hashlib.sha512(wheel[1]).hexdigest())
        self.run_terrane("lock", path)
        self.assertEqual(self.locked()["alpha"]["sha256"], sha256_of(wheel[1]))
        self.build(path)
        self.assert_fails(2, "not among the hashes", "lock", self.pylock(text % hashlib.sha512(b"other").hexdigest()))

    def test_sizes(self):
        """Of what is here, what is downloaded, and what was downloaded before."""
        a, b = self.wheel_here("alpha"), make_wheel("beta", "1.0")
        here = self.pylock(HEAD + self.package(a, "alpha", path=f"dist/{a[0]}", size=len(a[1]) + 1))
        self.assert_fails(1, f"it has {len(a[1])} bytes, the pylock.toml says {len(a[1]) + 1}", "build", here)
        there = self.pylock(HEAD + self.package(b, "beta", url=self.url(b), size=len(b[1]) - 1))
        self.assert_fails(1, f"{len(b[1]) - 1}", "build", there)
        self.build(self.pylock(HEAD + self.package(b, "beta", url=self.url(b), size=len(b[1]))))
        self.assert_fails(1, "the pylock.toml says 7", "build", self.pylock(HEAD + self.package(b, "beta", url=self.url(b), size=7), prefix="/x"))

    def test_digest_of_another_file(self):
        a, b = self.wheel_here("alpha"), make_wheel("beta", "1.0")
        self.assert_fails(2, "not among the hashes", "lock", self.pylock(HEAD + self.package(b, "alpha", path=f"dist/{a[0]}")))
        text = HEAD + self.package(a, "beta", url=self.url(b))
        self.assert_fails(1, "sha256|digest", "build", self.pylock(text))
        self.assert_fails(1, "gone.*is not there", "lock", self.pylock(HEAD + self.package(b, "beta", path=f"gone/{b[0]}")))

    def test_the_lock_follows_extras(self):
        a, b = self.wheel_here("alpha"), self.wheel_here("beta")
        text = (HEAD + 'extras = ["x"]\n' + self.package(a, "alpha", path=f"dist/{a[0]}")
                + self.package(b, "beta", path=f"dist/{b[0]}", more="marker = \"'x' in extras\"\n"))
        self.run_terrane("lock", self.pylock(text))
        self.assertEqual(self.locked().keys(), {"alpha"})
        path = self.pylock(text, extras=["X"])
        self.assert_fails(4, "beta", "lock", "--check", path)
        self.run_terrane("lock", path)
        self.assertEqual(self.locked().keys(), {"alpha", "beta"})
        self.assert_fails(2, "has no extra ‘y’; it has x", "lock", self.pylock(text, extras=["y"]))
        self.assert_fails(2, "extras.*expected a name", "lock", self.pylock(text, extras=["a b"]))

    def test_refusals(self):
        wheel = self.wheel_here("alpha")
        package = self.package(wheel, "alpha", path=f"dist/{wheel[0]}")
        for text, pattern, code in ((HEAD + package + package, "line 7: alpha is there more than once, and the markers of line 3 hold", 2),
                                    (HEAD + 'requires-python = ">=3.13"\n' + package, "needs Python >=3.13, the image has 3.12.4", 2),
                                    (HEAD + "environments = [\"os_name == 'nt'\"]\n" + package, "(?s)other environments.*‘os_name == 'nt'’", 2),
                                    ('lock-version = "2.0"\n', "lock-version 2.0; 1.0 is known", 1),
                                    (HEAD + package.replace("any.whl", "any.zip"), r"line 6: packages\[0\].wheels\[0\]", 2),
                                    (HEAD + "x = 1\n", "pylock.toml line 1: ‘packages’ is missing", 2), (package, "lock-version", 2), ("[[packages]\n", "line 1: this is not TOML", 2)):
            with self.subTest(pattern=pattern):
                self.assert_fails(code, pattern, "lock", self.pylock(text))
        later = self.run_terrane("lock", self.pylock(HEAD.replace("1.0", "1.7") + package))
        self.assertIn("later lock-version", later.stderr)
        self.assert_fails(2, "call it pylock.toml or pylock.NAME.toml", "lock", self.pylock(HEAD + package, name="locked.txt"))
        self.requirements(f"./dist/{wheel[0]} --hash=sha256:{sha256_of(wheel[1])}\n")
        self.assert_fails(2, "‘groups’ is of a pylock.toml", "lock", self.profile(index=[], groups=[]))


if __name__ == "__main__":
    unittest.main()
