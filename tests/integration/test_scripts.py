"""The scripts of a fresh machine, and the environment that tests run in."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
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


@unittest.skipUnless(have("umoci", "buildah", "pigz", "skopeo", "docker-registry", "mmdebstrap"), "a peer of scripts/bench is not installed")
class Bench(TestCase):
    """What the numbers are is for readers; that there are some, on any machine, is for this test."""

    def setUp(self):
        super().setUp()
        tree = self.directory / "tree"
        (tree / "usr/bin").mkdir(parents=True)
        (tree / "usr/bin/program").write_bytes(os.urandom(100_000))
        (tree / "bin").symlink_to("usr/bin")
        self.rootfs = self.directory / "rootfs.tar"
        subprocess.run(["tar", "-C", tree, "-cf", self.rootfs, "."], check=True)

    def bench(self, *arguments, **env):
        return subprocess.run([SCRIPTS / "bench", "--terrane", TERRANE, "--runs", "1", "--work", self.directory / "work", *arguments],
                              env=dict(os.environ, **env), capture_output=True, text=True)

    def numbers(self, output, names):
        for name in names:
            (row,) = re.findall(rf"^{re.escape(name)} .*$", output, re.MULTILINE)
            self.assertRegex(row, r"\d+\.\d\d s +\d+\.\d\dx? .*\d+ MiB", output)

    def test_its_own_input(self):
        """Without --rootfs mmdebstrap makes it, here a stand-in that chooses the format as mmdebstrap(1) says."""
        program = self.directory / "bin/mmdebstrap"
        program.parent.mkdir()
        program.write_text("#!/bin/bash\n"
                           'format=directory\n'
                           'for word in "$@"; do\n'
                           '  case $word in --format=*) format=${word#*=} ;; *.partial) target=$word ;; esac\n'
                           'done\n'
                           f'if [[ $format == tar ]]; then cp {self.rootfs} "$target"; else mkdir "$target"; fi\n')
        program.chmod(0o755)
        result = self.bench(PATH=f"{program.parent}:{os.environ['PATH']}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.directory / "work/rootfs-minbase.tar").read_bytes(), self.rootfs.read_bytes())
        self.numbers(result.stdout, ["terrane build", "umoci insert", "tar | pigz -6, digests", "buildah add, commit", "terrane, unchanged"])

    def test_transfers(self):
        result = self.bench("--transfers", "--rootfs", self.rootfs)
        self.assertEqual(result.returncode, 0, result.stderr)
        for name in ("cold push", "warm push", "edit push", "cold pull"):
            self.assertEqual(len(re.findall(rf"^{name} .* s .* MiB .* s .* MiB", result.stdout, re.MULTILINE)), 2, result.stdout)
        self.assertRegex(result.stdout, r"an edited handler sends [1-9]\d* bytes")

    def test_usage(self):
        self.assertEqual(self.bench("--rootfs").returncode, 2)
        result = self.bench("--terrane", "/nonexistent/terrane")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/terrane is missing: cmake --preset release", result.stderr)


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
