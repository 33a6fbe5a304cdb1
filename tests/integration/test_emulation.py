"""Images for another processor: under QEMU when it is there, by the checks alone when it is not.

The image is a real Debian for arm64, unpacked by mmdebstrap without running anything of it.
"""

import json
import pathlib
import platform
import shutil
import subprocess
import tempfile
import unittest

from terrane_test import SHARED, TestCase, have

CLIENT = """
import http.client, json, os, platform
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
def call(method, path, body=None):
    connection = http.client.HTTPConnection(host)
    connection.request(method, "/2018-06-01/runtime/invocation/" + path, body)
    response = connection.getresponse()
    return response.read(), response.headers
while True:
    event, headers = call("GET", "next")
    call("POST", headers["Lambda-Runtime-Aws-Request-Id"] + "/response",
         json.dumps({"machine": platform.machine(), "event": json.loads(event)}).encode())
"""


def arm64_root():
    """Made once for all runs, since it is fetched."""
    path = SHARED / "arm64.tar"
    if not path.exists():
        SHARED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SHARED) as directory:
            made = pathlib.Path(directory) / "root.tar"
            result = subprocess.run(["mmdebstrap", "--variant=extract", "--architectures=arm64", "--include=python3-minimal,"
                                     "libpython3.11-stdlib", "bookworm", str(made)], capture_output=True, text=True)
            if result.returncode != 0:
                raise unittest.SkipTest("no packages of Debian for arm64: " + result.stderr.strip().splitlines()[-1])
            made.rename(path)
    return path


@unittest.skipUnless(have("mmdebstrap", "qemu-aarch64-static"), "mmdebstrap or qemu-user-static is not installed")
@unittest.skipUnless(platform.machine() == "x86_64", "does not apply: arm64 is this machine's own")
class Emulation(TestCase):
    def setUp(self):
        super().setUp()
        self.store = SHARED / "arm64-store"  # the base is read once
        (self.directory / "task").mkdir()
        (self.directory / "task/client.py").write_text(CLIENT)
        script = self.directory / "task/script"
        script.write_text("#!/usr/bin/python3.11 -E\nimport sys; print(sys.argv, sys.flags.ignore_environment)\n")
        script.chmod(0o755)

    def profile(self, **validate):
        return self.write("profile.json", json.dumps({
            "name": "arm", "platform": "linux/arm64", "target": "oci",
            "base": {"archive": str(arm64_root()), "special": "skip"},
            "trees": [{"name": "task", "directory": "task", "prefix": "/var/task"}],
            "config": {"entrypoint": ["/usr/bin/python3.11", "/var/task/client.py"], "working_dir": "/var/task",
                       "env": {"PATH": "/usr/bin:/bin"}},
            "validate": validate}))

    def terrane(self, *arguments, **options):
        return self.run_terrane(*arguments, store=self.store, **options)

    @property
    def without_qemu(self):
        """Everything that terrane needs but QEMU."""
        directory = self.directory / "bin"
        if not directory.exists():
            directory.mkdir()
            (directory / "bwrap").symlink_to(shutil.which("bwrap"))
        return {"PATH": str(directory)}

    registered = any(path.name.startswith("qemu-aarch64") for path in pathlib.Path("/proc/sys/fs/binfmt_misc").glob("*"))

    def test_builds_are_validated(self):
        (self.directory / "check.py").write_text("import platform\nassert platform.machine() == 'aarch64'\n")
        path = self.profile(imports=["json"], scripts=["check.py"], timeout=30,
                            invoke={"event": {"n": 1}, "expect": {"machine": "aarch64", "event": {"n": 1}}})
        record = json.loads(self.terrane("--json", "-q", "build", path).stdout)
        self.assertEqual([result["passed"] for result in record["validation"]], [True] * 3)
        self.assertIn("emulated by qemu-aarch64, with 10 times the time", record["validation_emulator"])
        result = self.terrane("-q", "build", path)
        self.assertIn("(emulated by qemu-aarch64, with 10 times the time", result.stdout)
        self.functions()
        self.programs()

    def functions(self):
        event = self.write("event.json", '{"n": 2}')
        result = self.terrane("invoke", "arm", "--event", event)
        self.assertEqual(json.loads(result.stdout), {"machine": "aarch64", "event": {"n": 2}})
        self.assertIn("terrane: the image is for arm64: emulated by qemu-aarch64", result.stderr)

    def programs(self):
        code = "import platform, sys; print(platform.machine(), sys.argv); sys.exit(5)"
        result = self.terrane("-q", "run", "arm", "--", "python3.11", "-c", code, "a b", exit_code=5)
        self.assertEqual((result.stdout, result.stderr), ("aarch64 ['-c', 'a b']\n", ""))
        result = self.terrane("-q", "run", "arm", "--", "/var/task/script", "x")
        self.assertEqual(result.stdout, "['/var/task/script', 'x'] 1\n")
        result = self.terrane("-q", "run", "arm", "--", "/no/such", exit_code=127)
        self.assertIn("/no/such: No such file or directory", result.stderr)

    def test_a_failure_is_one(self):
        path = self.profile(imports=["no_such_module"], invoke={"event": 1, "expect": {"machine": "x86_64"}})
        result = self.terrane("-q", "build", path, exit_code=3)
        self.assertIn("No module named 'no_such_module'", result.stderr)
        self.assertIn("‘machine’ is ‘\"aarch64\"’, expected ‘\"x86_64\"’", result.stderr)

    @unittest.skipIf(registered, "does not apply: QEMU is registered with the kernel, which needs no program")
    def test_without_an_emulator_the_checks_alone_judge(self):
        path = self.profile(imports=["no_such_module"])
        result = self.terrane("--json", "-q", "build", path, env=self.without_qemu)
        record = json.loads(result.stdout)
        self.assertNotIn("validation", record)
        self.assertIn("no qemu-aarch64 to emulate it: 'sudo apt install qemu-user-static'", record["validation_not_run"])
        result = self.terrane("-q", "build", path, env=self.without_qemu)
        self.assertIn("validation: nothing was run: the image is for ‘arm64’", result.stdout)
        event = self.write("event.json", "{}")
        for arguments in ["invoke", "arm", "--event", event], ["serve", "arm"], ["run", "arm"]:
            result = self.terrane("-q", *arguments, env=self.without_qemu, exit_code=1)
            self.assertIn("this machine is x86_64, and it has no qemu-aarch64 to emulate it: 'sudo apt install", result.stderr)


if __name__ == "__main__":
    unittest.main()
