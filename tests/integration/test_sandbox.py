"""Validation in the sandbox, as an ordinary user and as root, on the Debian base of the shipped profile."""

import json
import os
import re
import shutil
import unittest

from terrane_test import INPUTS, TestCase

BASE = next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None)

# What the sandbox promises, checked from inside.
PROBE = r'''
import json, os, socket
facts = {"uid": os.getuid(), "gid": os.getgid(), "env": dict(os.environ), "cwd": os.getcwd(),
         "shm": os.path.exists("/dev/shm"), "interfaces": [name for _, name in socket.if_nameindex()]}
def attempt(function):
    try:
        function()
        return "done"
    except OSError as error:
        return os.strerror(error.errno)
facts["write_root"] = attempt(lambda: open("/var/file", "w"))
facts["write_dev"] = attempt(lambda: open("/dev/file", "w"))
facts["write_tmp"] = attempt(lambda: open("/tmp/file", "w"))
facts["connect"] = attempt(lambda: socket.create_connection(("192.0.2.1", 80), 2))
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
facts["capabilities"] = int(status["CapEff"], 16) | int(status["CapBnd"], 16)
facts["no_new_privs"] = status["NoNewPrivs"]
facts["tmp_bytes"] = os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize
facts["init"] = open("/proc/1/comm").read().strip()
print("FACTS " + json.dumps(facts))
'''


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
class Sandbox(TestCase):
    users = [None] + (["nobody"] if os.geteuid() == 0 else [])

    def profile(self, **validate):
        return self.write_profile(base={"archive": str(BASE)}, validate=validate, config={
            "env": {"PATH": "/usr/bin", "GREETING": "hello world = ä"}, "working_dir": "/usr"})

    def store_for(self, user):
        home = self.directory / f"home-{user}"
        home.mkdir(exist_ok=True)
        if user is not None:
            shutil.chown(home, user)
        return home / "store"

    def test_what_the_program_sees(self):
        self.write("probe.py", PROBE)
        for user in self.users:
            with self.subTest(user):
                record = self.build(self.profile(scripts=["probe.py"]), store=self.store_for(user), user=user)
                output = record["validation"][0]["output"]
                facts = json.loads(re.search("^FACTS (.*)$", output, re.MULTILINE).group(1))
                self.assertEqual((facts["uid"], facts["gid"]), (993, 990))
                self.assertEqual(facts["env"] | {"PWD": "/usr"},
                                 {"PATH": "/usr/bin", "GREETING": "hello world = ä", "PWD": "/usr"} |
                                 {key: value for key, value in facts["env"].items() if key == "LC_CTYPE"})
                self.assertEqual(facts["cwd"], "/usr")
                self.assertEqual(facts["write_root"], "Read-only file system")
                self.assertIn(facts["write_dev"], ("Read-only file system", "Permission denied"))
                self.assertEqual(facts["write_tmp"], "done")
                self.assertEqual(facts["tmp_bytes"], 512 * 1024 * 1024)
                self.assertFalse(facts["shm"])
                self.assertEqual(facts["interfaces"], ["lo"])
                self.assertEqual(facts["connect"], "Network is unreachable")
                self.assertEqual((facts["capabilities"], facts["no_new_privs"]), (0, "1"))
                self.assertEqual(facts["init"], "bwrap")

    def test_failures_are_told_apart_and_all_are_run(self):
        self.write("crash.py", "import ctypes; ctypes.string_at(0)\n")
        self.write("slow.py", "import time; time.sleep(100)\n")
        self.write("big.py", "x = bytearray(200 * 1024 * 1024)\n")
        self.write("direct.sh", "#!/bin/sh\necho from the shell; exit 7\n")
        for user in self.users:
            with self.subTest(user):
                store = self.store_for(user)
                record_path = store.parent / "record.json"
                profile = self.profile(imports=["json", "no_such_module"], timeout=2,
                                       scripts=["crash.py", "slow.py", "big.py", "direct.sh"])
                message = self.assert_fails(3, "4 of 6 validations failed", "build", profile, "--record", record_path,
                                            store=store, user=user)
                for part in ("import no_such_module \n", "Traceback (most recent call last)",
                             "ModuleNotFoundError: No module named 'no_such_module'",
                             "script crash.py \n  was killed by signal 11", "script slow.py \n  was killed after 2 s",
                             "script direct.sh \n  failed with exit code 7", "from the shell"):
                    self.assertIn(part, message)
                results = {result["name"]: result for result in json.loads(record_path.read_text())["validation"]}
                self.assertTrue(results["json"]["passed"] and results["big.py"]["passed"])
                # Memory is that of the program alone, not of terrane or bubblewrap.
                self.assertGreater(results["big.py"]["peak_rss_bytes"], 200 * 1024 * 1024)
                self.assertLess(results["big.py"]["peak_rss_bytes"], 230 * 1024 * 1024)
                self.assertLess(results["json"]["peak_rss_bytes"], 20 * 1024 * 1024)
                self.assertGreater(results["slow.py"]["wall_usecs"], 1_900_000)
                self.assertLess(results["slow.py"]["wall_usecs"], 10_000_000)
                # The image has no name, so nothing can be pushed or run by mistake.
                self.assertEqual(self.run_terrane("--json", "images", store=store, user=user).stdout, "[]\n")

    def test_a_result_is_remembered_until_something_changes(self):
        script = self.write("check.py", "print('first')\n")
        profile = self.profile(scripts=["check.py"])
        self.assertFalse(self.build(profile)["validation_cached"])
        self.assertTrue(self.build(profile)["validation_cached"])
        script.write_text("raise SystemExit('changed')\n")
        self.assert_fails(3, "changed", "build", profile)
        self.run_terrane("build", profile, "--no-validate")

    def test_no_python(self):
        self.assert_fails(1, r"no python3 in its PATH \(/usr/local/bin:/usr/bin:/bin\)", "build",
                          self.write_profile(validate={"imports": ["json"]}))

    def test_bubblewrap_missing(self):
        self.assert_fails(1, r"bubblewrap is not installed; 'sudo apt install bubblewrap'", "build",
                          self.profile(imports=["json"]), env={"PATH": str(self.directory)})

    def test_user_namespaces_forbidden(self):
        """A stand-in says what bubblewrap says where namespaces are forbidden; this host allows them."""
        fake = self.write("bin/bwrap", "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        fake.chmod(0o755)
        self.assert_fails(1, r"the sandbox could not be made: .* user namespaces.*\(bwrap: No permissions", "build",
                          self.profile(imports=["json"]), env={"PATH": f"{fake.parent}:/usr/bin:/bin"})


if __name__ == "__main__":
    unittest.main()
