"""terrane add: requirements.in changed and locked by real tools (scripts/install-lock-tools) against an index on loopback."""

import json
import os
import shutil
import signal
import subprocess
import unittest

from terrane_test import TERRANE, TOP
from test_wheels import WheelsCase
from wheel_index import make_wheel, requirement, sha256_of

TOOLS = TOP / "build/lock-tools/bin"
HOST = "/usr/bin:/bin"


class AddCase(WheelsCase):
    PROGRAM = None  # that is in PATH

    def setUp(self):
        super().setUp()
        self.alpha = {version: make_wheel("alpha", version, requires=["beta>=1"]) for version in ("1.0", "2.0")}
        self.beta = make_wheel("beta", "1.0", "cp312-cp312-manylinux_2_28_x86_64")
        self.gamma = make_wheel("gamma", "2.0")
        self.index.add(*self.alpha.values(), self.beta, make_wheel("beta", "1.0", "cp311-cp311-manylinux_2_28_x86_64"), self.gamma)
        self.programs = self.directory / "bin"
        self.programs.mkdir()
        if self.PROGRAM:
            (self.programs / self.PROGRAM).symlink_to(TOOLS / self.PROGRAM)
        self.profile()

    def environment(self):
        # The tools' own configuration may name other indexes.
        return {"PATH": f"{self.programs}:{HOST}", "HOME": str(self.directory / "home"), "UV_NO_CONFIG": "1", "PIP_CONFIG_FILE": os.devnull,
                "NO_PROXY": "*"}

    def add(self, *arguments, **options):
        return self.run_terrane("add", *arguments, cwd=self.directory, env=self.environment(), **options)

    def fails(self, code, pattern, *arguments):
        before = self.state()
        message = self.assert_fails(code, pattern, "add", *arguments, cwd=self.directory, env=self.environment())
        self.assertEqual(self.state(), before)
        return message

    def state(self):
        return {path.name: path.read_bytes() for path in self.directory.iterdir() if path.is_file()}

    def text(self, name):
        return (self.directory / name).read_text()

    def pins(self, name="requirements.txt"):
        return [line.split()[0] for line in self.text(name).splitlines() if line[:1].isalpha()]


class WithoutTool(AddCase):
    def test_the_command_is_printed(self):
        self.write("requirements.in", "# mine\nbeta  # why\n")
        self.write("requirements.txt", requirement("beta", "1.0", self.beta))
        result = self.add("Alpha>=2", "beta<3")
        self.assertEqual(self.text("requirements.in"), "# mine\nbeta<3  # why\nalpha>=2\n")
        self.assertEqual(self.text("requirements.txt"), requirement("beta", "1.0", self.beta))
        self.assertIn("requirements.in was changed, requirements.txt was not: neither uv nor pip-compile is installed. "
                      "Install uv ('sudo apt install pipx && pipx install uv', ", result.stdout)
        self.assertIn("\nuv pip compile --generate-hashes --python-version 3.12 --python-platform x86_64-manylinux_2_34 --only-binary :all: "
                      "requirements.in -o requirements.txt\n", result.stdout)
        document = json.loads(self.run_terrane("--json", "add", "alpha>=2", cwd=self.directory, env=self.environment()).stdout)
        self.assertEqual((document["locked"], document["changes"], document["input"]), (False, [], "requirements.in"))
        self.assertEqual(self.text("requirements.in").count("alpha"), 1)

    def test_profile_elsewhere_and_platforms(self):
        os.makedirs(self.directory / "app/pins")
        (self.directory / "app/base").mkdir()
        self.write("app/p.json", json.dumps({
            "name": "p", "platform": ["linux/arm64", "linux/amd64"], "target": "oci", "base": {"directory": "base"},
            "trees": [{"name": "a", "prefix": "/a", "wheels": {"requirements": "pins/run time.txt", "python": "3.13", "wheelhouse": "dist"}},
                      {"name": "b", "prefix": "/b", "wheels": {"requirements": "pylock.toml", "python": "3.13"}}]}))
        self.fails(2, "several trees with wheels; say which one by --tree: a, b", "--profile", "app/p.json", "alpha")
        self.fails(2, "has no tree ‘c’ with wheels; it has a, b", "--profile", "app/p.json", "--tree", "c", "alpha")
        self.fails(2, "pylock.toml is not a requirements file.*uv add", "--profile", "app/p.json", "--tree", "b", "alpha")
        result = self.add("--profile", "app/p.json", "--tree", "a", "alpha")
        self.assertEqual(self.text("app/pins/run time.in"), "alpha\n")
        self.assertIn("\ncd 'app/pins' && uv pip compile --generate-hashes --python-version 3.13 --universal --only-binary :all: --find-links ../dist "
                      "'run time.in' -o 'run time.txt'\n", result.stdout)

    def test_refusals(self):
        for package in ("./alpha.whl", "-r other.txt", "alpha==x", "alpha 1", "https://h.org/a.whl", "alpha ; os_name", ""):
            self.fails(2, "a requirement is written like", "--", package)
        self.fails(1, "opening ‘gone.json’", "--profile", "gone.json", "alpha")
        self.write("requirements.txt", requirement("beta", "1.0", self.beta))
        self.fails(2, "there is no requirements.in, from which requirements.txt would be made: write the packages into it", "alpha")
        self.write("requirements.in", "alpha<1 ; os_name == 'nt'\nalpha<2 ; os_name == 'posix'\n")
        self.fails(2, "requirements.in has 2 lines for alpha, with other markers", "alpha")
        (self.directory / "empty").mkdir()
        self.write_profile("plain.json", base={"directory": "empty"}, trees=[])
        self.fails(2, "has no tree with wheels; add one", "--profile", "plain.json", "alpha")
        self.write("requirements.in", "")
        self.write_profile(base={"directory": "empty"}, trees=[{"name": "deps", "prefix": "/a", "wheels": {"requirements": "requirements.txt"}}])
        self.fails(1, "the base has no Python; say which one", "alpha")

    def test_python_of_the_lock(self):
        """And of the base, which is looked at when neither profile nor lock say it."""
        self.write("requirements.in", "")
        self.write("requirements.txt", "")
        base = self.directory / "base"
        (base / "usr/bin").mkdir(parents=True)
        shutil.copy("/bin/true", base / "usr/bin/python3.13")
        (base / "usr/bin/python3").symlink_to("python3.13")
        self.write_profile(base={"directory": "base"}, trees=[{"name": "deps", "prefix": "/a", "wheels": {"requirements": "requirements.txt"}}])
        self.assertIn("--python-version 3.13 --python-platform x86_64-unknown-linux-gnu ", self.add("alpha").stdout)
        self.write_profile(base={"directory": "base"}, trees=[
            {"name": "deps", "prefix": "/a", "wheels": {"requirements": "requirements.txt", "python": "3.12", "glibc": "2.29"}}])
        self.run_terrane("lock", "profile.json", cwd=self.directory)
        self.write_profile(base={"directory": "base"}, trees=[{"name": "deps", "prefix": "/a", "wheels": {"requirements": "requirements.txt"}}])
        self.assertIn("--python-version 3.12 --python-platform x86_64-manylinux_2_28 ", self.add("alpha").stdout)


class WhileLocking(AddCase):
    """With a program in uv's place that does what the test wants before it locks."""

    def setUp(self):
        super().setUp()
        self.write("requirements.in", "gamma\n")
        self.locked = requirement("gamma", "2.0", self.gamma)

    def program(self, *commands):
        uv = self.write("bin/uv", "\n".join(["#!/bin/sh", "set -e", *commands, 'for word; do output=$word; done', f"cat >\"$output\" <<'END'\n{self.locked}END\n"]))
        uv.chmod(0o755)

    def test_links_stay_links(self):
        self.program()
        for name in ("requirements.in", "requirements.txt"):
            self.write(f"shared/{name}", "").chmod(0o640)
            (self.directory / name).unlink(missing_ok=True)
            (self.directory / name).symlink_to(f"shared/{name}")
        self.add("gamma")
        for name, expected in {"requirements.in": "gamma\n", "requirements.txt": self.locked}.items():
            self.assertEqual(os.readlink(self.directory / name), f"shared/{name}")
            self.assertEqual(self.text(f"shared/{name}"), expected)
            self.assertEqual((self.directory / "shared" / name).stat().st_mode & 0o777, 0o640)

    def test_versions_of_two_markers(self):
        """Both are named where they were before; the image has one Python, for which one version is locked."""
        lines = [requirement("gamma", "2.0", self.gamma).replace("==2.0", f"==2.0 ; python_version {condition} '3'") for condition in ("<", ">=")]
        self.write("requirements.txt", lines[0].replace("==2.0", "==1.0") + lines[1])
        self.program()
        self.assertIn("gamma 2.0, was 1.0 or 2.0\n", self.add("gamma").stdout)

    def test_an_edit_meanwhile_is_kept(self):
        for name in ("requirements.in", "requirements.txt"):
            before = self.state()
            self.program(f"echo '# edited' >>{name}")
            message = self.assert_fails(1, f"{name} was changed by another program meanwhile, and nothing was written; try again",
                                        "add", "gamma", cwd=self.directory, env=self.environment())
            self.assertNotIn(".terrane-add", message)
            self.assertEqual(self.state(), {**before, name: before.get(name, b"") + b"# edited\n"})

    def test_an_interrupt_leaves_nothing(self):
        os.mkfifo(self.directory / "ready")
        self.program("echo >ready", "exec sleep 1000")
        before = self.state()
        with subprocess.Popen([TERRANE, "add", "gamma"], cwd=self.directory, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            (self.directory / "ready").read_bytes()
            process.send_signal(signal.SIGINT)
            process.communicate()
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(self.state(), before)


@unittest.skipUnless((TOOLS / "uv").exists(), "scripts/install-lock-tools was not run")
class Uv(AddCase):
    PROGRAM = "uv"

    def test_from_nothing_to_an_image(self):
        """Versions that are pinned stay; the lock fits the profile's Python, whichever runs here."""
        first = self.add("Alpha<2")
        self.assertIn("alpha 1.0 added\nbeta 1.0 added\n", first.stdout)
        self.assertEqual(self.text("requirements.in"), "alpha<2\n")
        self.assertIn(f"alpha==1.0 \\\n    --hash=sha256:{sha256_of(self.alpha['1.0'][1])}\n    # via -r requirements.in\n",
                      self.text("requirements.txt"))
        self.assertIn("requirements.in -o requirements.txt\n", self.text("requirements.txt"))
        (self.directory / "requirements.txt").chmod(0o640)
        self.assertIn("gamma 2.0 added\n", self.add("gamma").stdout)
        self.assertEqual((self.directory / "requirements.txt").stat().st_mode & 0o777, 0o640)
        self.assertIn("(unchanged)", self.add("alpha").stdout)
        self.assertEqual(self.pins(), ["alpha==1.0", "beta==1.0", "gamma==2.0"])
        document = json.loads(self.run_terrane("--json", "add", "alpha>1", cwd=self.directory, env=self.environment()).stdout)
        self.assertEqual(document["changes"], [{"name": "alpha", "before": "1.0", "after": "2.0"}])
        files = self.files(self.build(self.directory / "profile.json"))
        self.assertEqual(files["alpha/__init__.py"][1], b"VERSION = '2.0'\n")
        self.assertEqual({path.name for path in self.directory.iterdir() if path.name.startswith(".terrane")}, set())

    def test_failures_change_nothing(self):
        self.write("requirements.in", "gamma\n")
        message = self.fails(2, "uv could not lock requirements.in; both files are as they were:", "nothere")
        self.assertIn("nothere was not found", message)
        self.assertNotIn(".terrane-add", message)
        self.add("gamma")
        self.fails(2, "could not lock", "gamma>9")
        self.index.faults["/files/alpha/" + self.alpha["2.0"][0]] = (500, "text/plain", b"")
        self.write("requirements.in", "-r other.in\n")  # which is not there
        self.fails(2, "(?s)could not lock.*other.in", "alpha")

    def test_included_files_count_from_the_directory(self):
        self.write("common.in", "gamma\n")
        self.write("requirements.in", "-r common.in\n# end\n")
        self.add("beta")
        self.assertEqual(self.text("requirements.in"), "-r common.in\n# end\nbeta\n")
        self.assertEqual(self.pins(), ["beta==1.0", "gamma==2.0"])

    def test_indexes(self):
        """The profile's, with its password, which is in no file; else pip's variable; else the file's."""
        self.index.user = "user:secret"
        self.profile(index=self.index.url.replace("//", "//user:secret@"))
        self.add("gamma")
        self.assertEqual(self.pins(), ["gamma==2.0"])
        self.assertNotIn("secret", self.text("requirements.txt") + self.text("requirements.in"))
        self.index.user = None
        self.profile(index=None)
        self.run_terrane("add", "beta", cwd=self.directory, env={**self.environment(), "PIP_INDEX_URL": self.index.url})
        self.assertEqual(self.pins(), ["beta==1.0", "gamma==2.0"])
        self.write("requirements.in", f"--index-url {self.index.url}\n")
        self.add("alpha")
        self.assertIn(f"--index-url {self.index.url}\n", self.text("requirements.txt"))
        self.run_terrane("lock", "profile.json", cwd=self.directory)

    def test_wheelhouse(self):
        wheel = make_wheel("delta", "3.0")
        os.mkdir(self.directory / "dist")
        self.write(f"dist/{wheel[0]}", wheel[1])
        self.profile(index=[], wheelhouse="dist")
        self.add("delta")
        self.assertEqual(self.pins(), ["delta==3.0"])
        self.assertNotIn(str(self.directory), self.text("requirements.txt"))
        self.build(self.directory / "profile.json", "--offline")


@unittest.skipUnless((TOOLS / "pip-compile").exists(), "scripts/install-lock-tools was not run")
class PipCompile(AddCase):
    PROGRAM = "pip-compile"

    def test_it_locks_for_its_own_python_only(self):
        here = subprocess.run([TOOLS / "python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], check=True, capture_output=True,
                              text=True).stdout.strip()
        self.profile(python=here)
        self.add("gamma", "alpha[x]<2" if here in ("3.11", "3.12") else "gamma")
        self.assertIn("gamma==2.0", self.pins())
        self.assertIn("#    pip-compile ", self.text("requirements.txt"))
        self.assertNotIn(".terrane-add", self.text("requirements.txt"))
        self.build(self.directory / "profile.json")
        self.profile(python="3.99")
        self.fails(1, f"pip-compile runs with Python {here}, and locks for that; the image has 3.99: install uv", "beta")


if __name__ == "__main__":
    unittest.main()
