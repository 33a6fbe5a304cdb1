"""cppcheck is silent about every file."""

import os
import pathlib
import shutil
import subprocess
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))


@unittest.skipUnless(shutil.which("cppcheck"), "cppcheck is not installed")
class Cppcheck(unittest.TestCase):
    def test_it_is_silent(self):
        memory = BUILD / "cppcheck"  # what it found in files that did not change
        memory.mkdir(exist_ok=True)
        result = subprocess.run(["cppcheck", "--quiet", "--error-exitcode=1", "--enable=warning,portability,performance",
                                 "--inline-suppr", "--std=c11", "--library=gtk", f"-I{TOP}", f"-j{os.cpu_count()}",
                                 f"--cppcheck-build-dir={memory}", "--suppress=unknownMacro", "--suppress=missingInclude",
                                 str(TOP / "oci"), str(TOP / "builder")], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
