"""The scripts of a fresh machine, and the environment that tests run in."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest

from terrane_test import INPUTS, TERRANE, TOP, TestCase, have

SCRIPTS = TOP / "scripts"


class CleanEnvironment(unittest.TestCase):
    def run_clean(self, *words, **env):
        result = subprocess.run([SCRIPTS / "clean-environment", *words, "env", "-0"], env={"PATH": os.environ["PATH"], **env}, check=True,
                                capture_output=True, text=True)
        return dict(entry.split("=", 1) for entry in result.stdout.split("\0")[:-1])

    def test_only_what_users_have(self):
        noise = {"SSL_CERT_FILE": "/x", "PYTHONDONTWRITEBYTECODE": "1", "CURL_CA_BUNDLE": "/x", "PIP_INDEX_URL": "u", "CI": "true",
                 "XDG_RUNTIME_DIR": "/run/x", "AWS_CA_BUNDLE": "/x", "HOME": "/home/x", "TERM": "xterm", "TERRANE_TEST_TMPDIR": "/y"}
        clean = self.run_clean("A=b", **noise)
        self.assertEqual(set(clean), {"PATH", "HOME", "TERM", "TERRANE_TEST_TMPDIR", "TERRANE_TEST_PACKAGE_CLIENTS", "A"})

    def test_package_clients_have_their_configuration(self):
        configuration = {"PIP_INDEX_URL": "https://u@h/?a=b", "SSL_CERT_FILE": "/with space", "https_proxy": "http://p"}
        again = SCRIPTS / "clean-environment"  # within a test that ctest has started clean
        client = self.run_clean("A=b", again, "C=d", again, "--package-client", **configuration)
        self.assertEqual(client, {**client, **configuration, "C": "d"})
        self.assertNotIn("A", client)
        self.assertNotIn("PIP_INDEX_URL", self.run_clean("A=b", again, "--package-client"))

    def test_this_test_runs_in_it(self):
        """When ctest runs it."""
        if "TERRANE_TEST_PACKAGE_CLIENTS" not in os.environ:
            self.skipTest("run by hand")
        self.assertEqual([name for name in os.environ if name.startswith(("SSL_", "PIP_", "PYTHON", "CURL_", "XDG_", "AWS_"))], [])


class Packages(unittest.TestCase):
    """With stand-ins for dpkg-query, apt-get and sudo: what would they be told?"""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.directory.chmod(0o755)
        (self.directory / "bin").mkdir()
        self.log = self.directory / "log"
        self.log.touch(0o666)
        self.log.chmod(0o666)
        self.stand_in("dpkg-query", 'case "${*: -1}" in libcurl4-gnutls-dev) exit 1 ;; *) echo installed ;; esac')
        self.apt("")

    def stand_in(self, name, text):
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def apt(self, simulated):
        self.stand_in("apt-get", f'echo "${{DEBIAN_FRONTEND-unset}} $*" >>{self.log}\n[[ "$*" != *--simulate* ]] || printf "{simulated}"')

    def install(self, *arguments, sudo=True, exit_code=0):
        script = self.directory / "install-packages"  # where the user may read it
        shutil.copy(SCRIPTS / "install-packages", script)
        tools = self.directory / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("bash", "env", "sed", "xargs", "cat", "echo"):
            if not (tools / name).exists():
                (tools / name).symlink_to(shutil.which(name))
        if sudo:
            self.stand_in("sudo", 'exec env -i PATH="$PATH" "$@"')  # it resets the environment
        options = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        result = subprocess.run([script, *arguments], env={"PATH": f"{self.directory}/bin:{tools}"}, capture_output=True, text=True, **options)
        self.assertEqual(result.returncode, exit_code, result.stderr)
        self.commands = self.log.read_text().splitlines()
        self.said = result.stdout
        return result.stderr

    def installed(self):
        return [line for line in self.commands if " install " in line and "--simulate" not in line]


class InstallPackages(Packages):
    def test_nothing_is_removed(self):
        self.install("build")
        (command,) = self.installed()
        self.assertRegex(command, "^noninteractive install .*--no-remove.* libcurl4-gnutls-dev$")
        self.assertIn("noninteractive update -qq", self.commands)

    def test_what_would_be_removed_is_said_first(self):
        self.apt("Remv libcurl4-openssl-dev [7.88]\\nInst libcurl4-gnutls-dev (7.88)\\n")
        said = self.install("build", exit_code=1)
        self.assertRegex(said, r"nothing was installed: it would remove libcurl4-openssl-dev\..*--allow-remove build")
        self.assertEqual(self.installed(), [])
        said = self.install("--allow-remove", "build")
        self.assertIn("removing libcurl4-openssl-dev", said)
        self.assertNotIn("--no-remove", self.installed()[0])

    @unittest.skipIf(os.geteuid() != 0 and have("sudo"), "does not apply: the tools of this machine are in its PATH")
    def test_without_sudo_it_says_what_root_has_to_run(self):
        said = self.install("build", sudo=False, exit_code=1)
        self.assertRegex(said, "run as root: apt-get update && apt-get install --no-install-recommends libcurl4-gnutls-dev")
        self.assertNotIn("would remove", said)
        self.apt("Remv libcurl4-openssl-dev [7.88]\\nInst libcurl4-gnutls-dev (7.88)\\n")
        self.assertRegex(self.install("build", sudo=False, exit_code=1), "this would remove libcurl4-openssl-dev$")
        self.assertTrue(all("--simulate" in command for command in self.commands), self.commands)

    def test_what_is_missing_is_only_said(self):
        self.assertEqual(self.install("--missing", "inputs", "build"), "")
        self.assertEqual(self.said, "libcurl4-gnutls-dev\n")
        self.install("--missing", "inputs")
        self.assertEqual(self.said, "")
        self.assertEqual(self.commands, [])

    def test_usage(self):
        self.assertIn("usage: scripts/install-packages", self.install("all", exit_code=2))


class Quickstart(Packages):
    """The same stand-ins, and one for terrane, cmake and debian-rootfs."""

    def setUp(self):
        super().setUp()
        self.top = self.directory / "sources"
        (self.top / "scripts").mkdir(parents=True)
        for name in ("quickstart", "install-packages"):
            shutil.copy(SCRIPTS / name, self.top / "scripts")
        for directory in ("build/release", "profiles/inputs"):
            (self.top / directory).mkdir(parents=True)
        for path in [self.top, *self.top.rglob("*")]:
            path.chmod(0o777)
        said = f'echo "${{0##*/}} $*" >>{self.log}'
        self.stand_in("terrane", f'{said}; [[ $* != build* ]] || echo "debian12-gdal:latest"')
        self.stand_in("cmake", said)
        self.stand_in("dpkg", "echo amd64")
        shutil.copy(self.directory / "bin/cmake", self.top / "scripts/debian-rootfs")
        for name in ("dpkg-query", "apt-get", "sudo"):
            self.stand_in(name, "exit 1")
        self.missing("mmdebstrap")

    def missing(self, *names):
        self.stand_in("dpkg-query", f'case "${{*: -1}}" in {"|".join(names) or "-"}) exit 1 ;; *) echo installed ;; esac')

    def quickstart(self, *arguments, exit_code=0):
        options = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        result = subprocess.run([self.top / "scripts/quickstart", *arguments], env={"PATH": f"{self.directory}/bin:/usr/bin:/bin"},
                                capture_output=True, text=True, **options)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        self.commands = self.log.read_text().splitlines()
        return result.stdout, result.stderr

    def test_an_installed_terrane_needs_no_compiler(self):
        self.missing("gcc", "build-essential", "cmake", "libostree-dev")
        for name in ("base", "gdal"):
            (self.top / f"profiles/inputs/debian12-{name}-amd64.tar.zst").touch()
        said, _ = self.quickstart()
        lines = said.splitlines()
        for number, line in enumerate(lines[:4], start=1):
            self.assertRegex(line, rf"^{number}/4 .* \(about .*\): .*, \d+ s$")
        self.assertIn("debian12-gdal:latest", lines)
        self.assertEqual(self.commands, ["terrane build profiles/debian12-gdal.json"])

    def test_without_root_the_rest_is_done(self):
        said, told = self.quickstart("--build", exit_code=1)
        self.assertRegex(said, "(?m)^2/4 .*build/release/terrane is built")
        self.assertRegex(said, "(?m)^3/4 .*left out, root has to")
        self.assertRegex(told, r"(?m)^Root has to run this; .* again:\n  apt-get update && apt-get install --no-install-recommends mmdebstrap$")
        self.assertIn("cmake --build --preset release", self.commands)
        if os.geteuid() == 0:  # whose uid 65534 has no range, and else this user may have one
            self.assertRegex(told, "(?m)^  usermod --add-subuids 100000-165535 --add-subgids 100000-165535 nobody$")

    def test_nothing_that_would_be_removed_is(self):
        self.missing("libcurl4-gnutls-dev")
        self.stand_in("sudo", 'exec "$@"')
        self.apt("Remv libcurl4-openssl-dev [7.88]\\nInst libcurl4-gnutls-dev (7.88)\\n")
        _, told = self.quickstart("--build", exit_code=1)
        self.assertIn("nothing was installed: it would remove libcurl4-openssl-dev. If these may go: "
                      "scripts/install-packages --allow-remove build inputs", told)
        self.assertEqual(self.installed(), [])

    def test_usage(self):
        self.assertRegex(self.quickstart("--fast", exit_code=2)[1], "unknown argument '--fast'")
        self.assertRegex(self.quickstart("--help")[0], "^Usage: scripts/quickstart")


JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="t" tests="3"><testcase name="unit-good" time="0.5" status="run"><system-out>ok 1 /good/a
ok 2 /good/b # SKIP git is not installed
</system-out></testcase>
<testcase name="integration-{broken}" time="7" status="{status}">{failure}<system-out>ok test_x.X.test_y # SKIP does not apply: no such thing
# cost 3.25 6.50 test_x</system-out></testcase>
<testcase name="fresh-root" time="0.1" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/><system-out>
test-fresh-root: needs root</system-out></testcase></testsuite>"""


class Suite(TestCase):
    """scripts/test's program, with stand-ins for cmake and ctest: what is run, and what is said of it?"""

    def setUp(self):
        super().setUp()
        self.log = self.directory / "log"
        for status in ("run", "fail"):
            self.write(f"{status}.xml", JUNIT.format(broken="x", status=status, failure="<failure/>" if status == "fail" else ""))
        (self.directory / "tests").mkdir()
        shutil.copy(TOP / "tests/suite.py", self.directory / "tests")
        for name in ("unit", "fuzz"):
            (self.directory / "tests" / name).symlink_to(TOP / "tests" / name)
        for name, text in (("clean-environment", 'exec "$@"'), ("debian-rootfs", "exit 0"),
                           ("test-fresh-root", "echo test-fresh-root: ${FRESH-fine}; exit ${FRESH+77}")):
            self.write(f"scripts/{name}", f"#!/bin/bash\n{text}\n").chmod(0o755)
        self.stand_in("cmake", 'exit 0')
        self.stand_in("ctest", f"""report=
while (($# > 0)); do [[ $1 != --output-junit ]] || report=$2; [[ $1 != --preset ]] || preset=$2; shift; done
if [[ $preset == dev && -n $BREAK ]]; then cp {self.directory}/fail.xml "$report"; exit 8; else cp {self.directory}/run.xml "$report"; fi""")

    def stand_in(self, name, text):
        path = self.write(f"bin/{name}", f'#!/bin/bash\necho "{name} $*, only=$TERRANE_TEST_ONLY" >>{self.log}\n{text}\n')
        path.chmod(0o755)

    def suite(self, *arguments, exit_code=0, broken=False, **more):
        self.log.write_text("")
        environment = {"PATH": f"{self.directory}/bin:{os.environ['PATH']}", "HOME": str(self.directory), "BREAK": "1" if broken else "", **more}
        result = subprocess.run([sys.executable, "-B", self.directory / "tests/suite.py", *arguments], env=environment, capture_output=True, text=True)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def commands(self, name):
        return [line for line in self.log.read_text().splitlines() if line.startswith(f"{name} ")]

    def test_all_goes_on_after_a_failure(self):
        said = self.suite(exit_code=1, broken=True)
        ran = {re.search(r"--preset (\w+)", line).group(1): line for line in self.commands("ctest")}
        self.assertEqual(sorted(ran), ["asan", "dev", "fuzz", "tsan"])
        # Tests under the sanitizers do not run without them, and the fresh machine runs at the same time as all others.
        self.assertEqual([preset for preset, line in ran.items() if "-LE ^(fresh|unit|fuzz|sanitized|whole)$" in line], ["dev"])
        self.assertIn("\nFAILED: dev integration-x\n", said)
        self.assertEqual(said.count("FAILED"), 1)
        said = self.suite()
        self.assertNotIn("FAILED", said)
        self.assertRegex(said, r"\n  dev integration +7\.0 s +3\.\d s of CPU\n")
        self.assertIn("test-fresh-root: fine\n", said)
        self.assertIn("skipped: test-fresh-root: no network\n  dev fresh-root\n", self.suite(FRESH="no network"))

    def test_what_was_skipped(self):
        said = self.suite("integration")
        self.assertIn("skipped: git is not installed\n  dev /good/b\n", said)
        self.assertIn("skipped: test-fresh-root: needs root\n  dev fresh-root\n", said)
        self.assertIn("skipped: does not apply: no such thing\n  dev test_x.X.test_y\n", said)
        said = self.suite("--no-skips", "integration", exit_code=1)
        self.assertEqual(re.findall("^FAILED: (.*)$", said, re.MULTILINE),
                         ["skipped dev /good/b: git is not installed", "skipped dev fresh-root: test-fresh-root: needs root"])

    def test_names(self):
        self.suite("integration", "push.Push.test_again")
        (line,) = self.commands("ctest")
        self.assertIn("--preset dev ", line)
        self.assertIn(" -L ^(integration)$ -R ^(integration)(-run|-replay)?-(push)([.][A-Za-z]+)?$, only=Push.test_again", line)
        self.suite("--preset", "asan", "unit", "glob", "path")
        self.assertIn("--target test-glob test-path replay-path", self.commands("cmake")[1])
        self.assertIn(" -L ^(unit|fuzz)$ -R ^(unit|fuzz)(-run|-replay)?-(glob|path)([.][A-Za-z]+)?$", self.commands("ctest")[0])
        for wrong in (["nonsense"], ["--preset", "nonsense", "unit"], ["--preset", "asan"], ["--nonsense"]):
            self.assertIn("Try scripts/test --help", self.suite(*wrong, exit_code=2))
            self.assertEqual(self.log.read_text(), "")

    def test_nothing_that_runs_is_a_failure(self):
        """A name that no test has, for one."""
        self.stand_in("ctest", "exit 1")
        self.assertIn("FAILED: dev ctest ended with 1", self.suite("unit", "nonsense", exit_code=1))
        self.stand_in("cmake", "exit 1")
        self.assertIn("FAILED: dev the build", self.suite("unit", exit_code=1))


class DebianRootfsArguments(unittest.TestCase):
    def test_additions_have_a_name_and_packages(self):
        for wrong in ("zstd", "base=zstd", "x=", "=zstd", "X=zstd", "x=zstd git", "../x=zstd"):
            result = subprocess.run([SCRIPTS / "debian-rootfs", "--add", wrong], capture_output=True, text=True)
            self.assertEqual((result.returncode, f"--add takes NAME=PACKAGE,…, not '{wrong}'" in result.stderr), (2, True), result.stderr)

    def test_installed_it_writes_here(self):
        """Then there is no room beside it."""
        directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        (directory / "share/scripts").mkdir(parents=True)
        shutil.copy(SCRIPTS / "debian-rootfs", directory / "share/scripts")
        (directory / "inputs").mkdir()
        architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
        (directory / f"inputs/debian12-base-{architecture}.tar.zst").touch()
        result = subprocess.run([directory / "share/scripts/debian-rootfs", "--only", "base"], capture_output=True, text=True, cwd=directory)
        self.assertEqual((result.returncode, "nothing to do" in result.stderr), (0, True), result.stderr)


@unittest.skipUnless(have("zstd") and list(INPUTS.glob("debian12-base-*.tar.zst")), "needs profiles/inputs and zstd")
class DebianRootfs(TestCase):
    def test_no_bytecode_is_compared_with_its_source(self):
        """PEP 552: flags 1 is an unchecked hash. Layers have one constant time, so bytecode checked by time would be stale."""
        (base,) = INPUTS.glob("debian12-base-*.tar.zst")
        flags = {}
        with subprocess.Popen(["zstd", "-dc", base], stdout=subprocess.PIPE) as zstd, tarfile.open(fileobj=zstd.stdout, mode="r|") as tar:
            for entry in tar:
                if entry.isreg() and entry.name.endswith(".pyc"):
                    flags[entry.name] = struct.unpack("<I", tar.extractfile(entry).read(8)[4:])[0]
        self.assertGreater(len(flags), 100)
        self.assertEqual({name for name, value in flags.items() if value != 1}, set())


if __name__ == "__main__":
    unittest.main()
