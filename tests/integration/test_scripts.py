"""The scripts of a fresh machine, and the environment that tests run in."""

import os
import pathlib
import shutil
import struct
import subprocess
import tarfile
import tempfile
import unittest

from terrane_test import INPUTS, TOP, TestCase, have

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


class InstallPackages(unittest.TestCase):
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
        return result.stderr

    def installed(self):
        return [line for line in self.commands if " install " in line and "--simulate" not in line]

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

    @unittest.skipIf(os.geteuid() != 0 and have("sudo"), "the tools of this machine are in its PATH")
    def test_without_sudo_it_says_what_root_has_to_run(self):
        said = self.install("build", sudo=False, exit_code=1)
        self.assertRegex(said, "run as root: apt-get update && apt-get install --no-install-recommends libcurl4-gnutls-dev")
        self.assertEqual(self.commands, [])

    def test_usage(self):
        self.assertIn("usage: scripts/install-packages", self.install("all", exit_code=2))


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
