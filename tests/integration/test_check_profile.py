"""Levels of findings by a profile, and terrane check for a profile that was not built."""

import json
import shutil
import subprocess
import unittest

from terrane_test import TestCase, have


@unittest.skipUnless(have("gcc"), "gcc is not installed")
class Checks(TestCase):
    def setUp(self):
        super().setUp()
        (self.directory / "app").mkdir()
        (self.directory / "base/etc").mkdir(parents=True)
        # A module that needs a missing library, and asks for an executable stack.
        subprocess.run(["gcc", "-shared", "-fPIC", "-nodefaultlibs", "-Wl,-soname,libgone.so.1", "-o", str(self.directory / "libgone.so"), "-xc",
                        "/dev/null"], check=True)
        subprocess.run(["gcc", "-shared", "-fPIC", "-nodefaultlibs", "-Wl,--no-as-needed", "-Wl,-z,execstack", "-o",
                        str(self.directory / "app/m.so"), "-xc", "/dev/null", "-xnone", str(self.directory / "libgone.so")], check=True)
        # The linker in the base is enough to load from: no other library is needed.
        (self.directory / "base/lib64").mkdir()
        shutil.copy("/lib64/ld-linux-x86-64.so.2", self.directory / "base/lib64/ld-linux-x86-64.so.2")

    def profile(self, **keys):
        return self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}], **keys)

    def findings(self, *arguments, exit_code=0):
        document = json.loads(self.run_terrane("--json", "check", *arguments, exit_code=exit_code).stdout)
        return document, {finding["id"]: finding for finding in document["findings"]}

    def test_all_findings_of_a_profile_that_cannot_be_built(self):
        profile = self.profile()
        document, findings = self.findings(profile, exit_code=3)
        self.assertEqual((document["errors"], document["warnings"], document["off"]), (1, 1, 0))
        self.assertEqual((document["profile"], document["target"]), (str(profile), "oci"))
        self.assertEqual(findings["elf.missing-library"]["severity"], "error")
        self.assertEqual(findings["elf.missing-library"]["tree"], "app")
        self.assertEqual(findings["elf.executable-stack"]["severity"], "warning")
        # Nothing was named, no layer made, and no lock written.
        self.assertEqual(self.run_terrane("--json", "images").stdout, "[]\n")
        self.assertEqual(list((self.store / "images/blobs/sha256").iterdir()), [])
        self.assertEqual(list(self.directory.glob("*.lock.json")), [])
        self.assert_fails(2, "--target is for images", "check", profile, "--target", "oci")

    def test_levels(self):
        off = {"level": "off", "reason": "never loaded"}
        profile = self.profile(checks={"elf.*": "warn", "elf.missing-library": off})
        sarif = self.directory / "x.sarif"
        document, findings = self.findings(profile, "--sarif", sarif)
        self.assertEqual((document["errors"], document["warnings"], document["off"]), (0, 1, 1))
        missing = findings["elf.missing-library"]
        self.assertEqual((missing["severity"], missing["found_as"], missing["reason"]), ("off", "error", "never loaded"))
        results = {result["ruleId"]: result for result in json.loads(sarif.read_text())["runs"][0]["results"]}
        self.assertEqual(results["elf.missing-library"]["suppressions"],
                         [{"kind": "external", "status": "accepted", "justification": "never loaded"}])
        self.assertNotIn("suppressions", results["elf.executable-stack"])
        # The build goes through, says so, and so does the next one, which finds the image in the store.
        for _ in range(2):
            record = json.loads(self.run_terrane("--json", "build", profile).stdout)
            self.assertEqual({finding["id"]: finding for finding in record["findings"]}, findings)
        self.assertTrue(record["unchanged"])
        text = self.run_terrane("build", profile).stdout
        self.assertIn(f"1 warning of checks; terrane check {profile} shows all:\n  elf.executable-stack (1): /var/task/m.so: ", text)
        self.assertNotIn("elf.missing-library", text)
        # The image itself knows nothing of the profile.
        self.assertEqual(self.findings("test", exit_code=3)[0]["errors"], 1)
        # Taking the exception back counts although the image is in the store; so does making it stricter.
        self.assert_fails(3, "elf.missing-library", "build", self.profile(checks={}))
        self.assert_fails(3, "elf.executable-stack", "build", self.profile(checks={"elf.missing-library": off, "elf.executable-stack": "error"}))
        profile = self.profile(checks={"elf.missing-library": off})
        self.assertTrue(json.loads(self.run_terrane("--json", "build", profile).stdout)["unchanged"])

    def test_paths(self):
        def checks(*paths):
            return {"elf.missing-library": [{"level": "off", "paths": [path], "reason": path} for path in paths]}
        self.assertEqual(self.findings(self.profile(checks=checks("var/task/numba/**")), exit_code=3)[0]["off"], 0)
        document, findings = self.findings(self.profile(checks=checks("var/task/numba/**", "var/task/*.so", "opt")))
        self.assertEqual((document["off"], findings["elf.missing-library"]["reason"]), (1, "var/task/*.so"))
        self.assertEqual(findings["elf.executable-stack"]["severity"], "warning")

    def test_extended(self):
        self.write("parent.json", json.dumps({"extends": [], "checks": {"elf.*": "warn"}}))
        self.assertEqual(self.findings(self.profile(extends="parent.json"))[0]["warnings"], 2)
        self.findings(self.profile(extends="parent.json", checks={"elf.*": None}), exit_code=3)


if __name__ == "__main__":
    unittest.main()
