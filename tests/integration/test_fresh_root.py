"""The first session of a new user: an image with wheels of PyPI, whose certificate the system's authorities vouch for.

scripts/test-fresh-root runs this in a Debian that has nothing else; elsewhere it is one more test of the starter."""

import json
import math
import unittest

from terrane_test import INPUTS, TestCase, have
from test_wheels import reach_pypi


@unittest.skipUnless(list(INPUTS.glob("debian12-base-*.tar.zst")) and have("bwrap"), "needs profiles/inputs and bubblewrap")
class FirstSession(TestCase):
    def test_from_init_to_an_answer(self):
        reason = reach_pypi()
        if reason:
            self.skipTest(reason)
        (base,) = INPUTS.glob("debian12-base-*.tar.zst")
        self.run_terrane("init", "--base", base, "app", cwd=self.directory)
        record = self.build(self.directory / "app/profile.json")
        self.assertTrue(all(result["passed"] for result in record["validation"]), record["validation"])
        answer = json.loads(self.run_terrane("invoke", "app", "--event", self.directory / "app/event.json").stdout)
        earth = 6378137  # EPSG:3857: x = a λ, y = a ln tan (π/4 + φ/2)
        west, south, east, north = (math.radians(degrees) for degrees in json.loads((self.directory / "app/event.json").read_text())["bounds"])
        expected = [earth * west, earth * math.asinh(math.tan(south)), earth * east, earth * math.asinh(math.tan(north))]
        for value, wanted in zip(answer["bounds"], expected, strict=True):
            self.assertAlmostEqual(value, wanted, places=2)


if __name__ == "__main__":
    unittest.main()
