"""clang-tidy is silent about every file; .clang-tidy says which checks, and why not others."""

import os
import pathlib
import shutil
import subprocess
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))
PROGRAM = shutil.which("run-clang-tidy") or shutil.which("run-clang-tidy-14")


@unittest.skipUnless(PROGRAM, "clang-tidy is not installed")
class ClangTidy(unittest.TestCase):
    def test_it_is_silent(self):
        result = subprocess.run([PROGRAM, "-quiet", "-p", str(BUILD), "-extra-arg=-Wno-unknown-warning-option",
                                 f"{TOP}/(oci|builder)/.*\\.cc?$"], capture_output=True, text=True)
        findings = [line for line in result.stdout.splitlines() if "warning:" in line or "error:" in line]
        self.assertEqual((result.returncode, findings), (0, []), "\n".join(findings[:40]))


if __name__ == "__main__":
    unittest.main()
