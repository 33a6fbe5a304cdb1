"""profile.schema.json and the parser agree on every shipped, every good and every bad profile.

TERRANE is the path of the program. Needs python3-jsonschema.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILES = ROOT / "profiles"
FIXTURES = ROOT / "tests" / "fixtures" / "profiles"
TERRANE = os.environ.get("TERRANE")

# What JSON Schema cannot say: two trees with one name, what other files have, what variables become.
SEMANTIC = {"tree-names-equal", "extends-missing", "extends-cycle", "extends-broken", "extends-wrong", "extends-incomplete",
            "extends-new-tree-incomplete", "remove-nothing", "variable-unknown", "variable-unset", "variable-open",
            "variable-env-name", "command-regex", "crs-counts", "limits-tree",
            "variable-lock-elsewhere", "variable-lock-literal", "checks-unknown-id", "checks-unknown-family"}
# No JSON at all, or JSON in which only a parser sees the mistake.
SYNTAX = {"empty", "not-json", "duplicate-key"}
NOT_PROFILES = {"profile.schema.json", "event.json"}


def shipped():
    return sorted(p for p in PROFILES.glob("*.json") if p.name not in NOT_PROFILES and not p.name.endswith(".lock.json"))


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        schema = load(PROFILES / "profile.schema.json")
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.schema = schema
        cls.validator = jsonschema.Draft202012Validator(schema)

    def test_accepts(self):
        profiles = shipped() + sorted((FIXTURES / "good").glob("*.json"))
        profiles += [FIXTURES / "parents/base.json", FIXTURES / "parents/fragment.json"]
        self.assertTrue(shipped())
        for path in profiles:
            with self.subTest(path.name):
                self.assertEqual([e.message for e in self.validator.iter_errors(load(path))], [])

    def test_rejects(self):
        bad = sorted((FIXTURES / "bad").glob("*.json"))
        self.assertGreater(len(bad), 50)
        for path in bad:
            with self.subTest(path.name):
                if path.stem in SYNTAX:
                    continue
                valid = self.validator.is_valid(load(path))
                self.assertEqual(valid, path.stem in SEMANTIC)

    def test_every_bad_profile_has_a_message(self):
        names = {p.stem for p in (FIXTURES / "bad").glob("*.json")}
        self.assertEqual(names, {p.stem for p in (FIXTURES / "bad").glob("*.err")})

    def test_every_key_is_described(self):
        def walk(node, where):
            for key, value in node.get("properties", {}).items():
                with self.subTest(f"{where}.{key}"):
                    self.assertTrue(value.get("description"))
                walk(value, f"{where}.{key}")
            for key, value in node.get("$defs", {}).items():
                walk(value, f"{where}#{key}")

        walk(self.schema, "")


@unittest.skipUnless(TERRANE, "TERRANE is not set")
class ProgramTest(unittest.TestCase):
    def test_rejects(self):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TERRANE_TEST_TMPDIR")) as store:
            for path in sorted((FIXTURES / "bad").glob("*.json")):
                with self.subTest(path.name):
                    result = subprocess.run(
                        [TERRANE, "--store", store, "build", str(path)],
                        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                        check=False)
                    self.assertEqual(result.returncode, 2, result.stderr)
                    self.assertEqual(result.stdout, "")
                    self.assertRegex(result.stderr, rf"/({re.escape(path.name)}|parents/\w+\.json):")


if __name__ == "__main__":
    unittest.main()
