"""The first session of a new user, as README has it: an image with wheels of PyPI, whose certificate the system's authorities
vouch for.

scripts/test-fresh-root runs this in a Debian that has nothing else; elsewhere it is one more test of the starter."""

import json
import math
import re
import unittest

from terrane_test import INPUTS, TOP, TestCase, have
from test_wheels import reach_pypi


@unittest.skipUnless(list(INPUTS.glob("debian12-base-*.tar.zst")) and have("bwrap"), "needs profiles/inputs and bubblewrap")
class FirstSession(TestCase):
    def test_from_init_to_an_answer(self):
        reason = reach_pypi()
        if reason:
            self.skipTest(reason)
        (base,) = INPUTS.glob("debian12-base-*.tar.zst")
        start = re.search(r"^```\n(terrane init .*?)^```", (TOP / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]
        init, build, invoke = (line.split()[1:] for line in start.splitlines())
        self.assertEqual(init, ["init", "tiles"])  # here with another base than AWS's
        self.run_terrane(*init, "--base", base, cwd=self.directory)
        record = json.loads(self.run_terrane("--json", *build, cwd=self.directory).stdout)
        self.assertTrue(all(result["passed"] for result in record["validation"]), record["validation"])
        answer = json.loads(self.run_terrane(*invoke, cwd=self.directory).stdout)
        earth = 6378137  # EPSG:3857: x = a λ, y = a ln tan (π/4 + φ/2)
        west, south, east, north = (math.radians(degrees) for degrees in json.loads((self.directory / "tiles/event.json").read_text())["bounds"])
        expected = [earth * west, earth * math.asinh(math.tan(south)), earth * east, earth * math.asinh(math.tan(north))]
        for value, wanted in zip(answer["bounds"], expected, strict=True):
            self.assertAlmostEqual(value, wanted, places=2)


if __name__ == "__main__":
    unittest.main()
