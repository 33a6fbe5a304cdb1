"""Healthy images of real wheels: what scripts/real-world does, for a few that are quick. docs/real-world.md has them all."""

import json
import subprocess
import sys
import unittest

from terrane_test import INPUTS, TERRANE, TOP, TestCase, have
from test_wheels import reach_pypi

BASE = next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None)
SCRIPT = TOP / "scripts/real-world"


class RealWorld(TestCase):
    def script(self, *arguments):
        return subprocess.run([sys.executable, str(SCRIPT), "--work", str(self.directory / "work"), "--terrane", TERRANE, *arguments],
                              capture_output=True, text=True, check=False)

    def test_the_list_is_long_enough(self):
        names = self.script("--list").stdout.split()
        self.assertGreaterEqual(len(names), 20)
        self.assertEqual(len(names), len(set(names)))
        table = (TOP / "docs/real-world.md").read_text()
        rows = [line for line in table.splitlines() if line.startswith(("| debian", "| slim"))]
        self.assertEqual(len(rows), len(names))
        result = self.script("absent-debian12")
        self.assertIn("no combination absent-debian12", result.stderr)

    @unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
    @unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
    def test_healthy_images(self):
        if problem := reach_pypi():
            self.skipTest(problem)
        result = self.script("--short", "--base", f"debian12={BASE}")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        for name in ("shapes-debian12", "hdf-debian12"):
            known = json.loads((self.directory / f"work/{name}.result.json").read_text())
            self.assertEqual(known["build"], "ok")
            self.assertEqual([finding for finding in known["findings"] if finding["severity"] == "error"], [])
        # Finished work is not repeated.
        again = self.script("--short", "--base", f"debian12={BASE}")
        self.assertEqual((again.returncode, again.stdout, again.stderr), (0, result.stdout, ""))


if __name__ == "__main__":
    unittest.main()
