"""profile.schema.json and the parser agree on every shipped, every good and every bad profile.

TERRANE is the path of the program. Needs python3-jsonschema.
"""

import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILES = ROOT / "profiles"
FIXTURES = ROOT / "tests" / "fixtures" / "profiles"
TERRANE = os.environ.get("TERRANE")

NOT_PROFILES = {"profile.schema.json", "recipe.schema.json", "output.schema.json", "event.json", "event-window.json"}


def shipped():
    return sorted(p for p in PROFILES.glob("*.json") if p.name not in NOT_PROFILES and not p.name.endswith(".lock.json"))


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def merge_patch(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def bad_profiles():
    """The rows of bad.json, each with the text of its profile. A row has "text", "profile" or a "patch" of a base; its
    message is a glob, or several that all match. Those that only the parser can refuse (a name that is used twice, what
    another file has, what a variable becomes) say "schema": "accepts"."""
    document = load(FIXTURES / "bad.json")
    for row in document["profiles"]:
        if "text" in row:
            text = row["text"]
        elif "profile" in row:
            text = json.dumps(row["profile"])
        else:
            text = json.dumps(merge_patch(document["bases"][row.get("base", "minimal")], row["patch"]))
        yield row, text


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
        names = []
        for row, text in bad_profiles():
            names.append(row["name"])
            with self.subTest(row["name"]):
                if "text" not in row:  # not JSON, or JSON in which only a parser sees the mistake
                    self.assertEqual(self.validator.is_valid(json.loads(text)), row.get("schema") == "accepts")
        self.assertGreater(len(names), 150)
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual([path.name for path in FIXTURES.glob("bad/*")], [], "bad profiles are rows of bad.json")

    def test_giants(self):
        profile = load(FIXTURES / "good/minimal.json")
        trees = [{"name": f"t{i}", "directory": "d", "prefix": "/opt"} for i in range(101)]
        for member, most, more in (("trees", trees[:-1], trees), ("config", {"cmd": ["x"] * 1500}, {"cmd": ["x"] * 1501})):
            self.assertTrue(self.validator.is_valid({**profile, member: most}), member)
            self.assertFalse(self.validator.is_valid({**profile, member: more}), member)

    def test_every_key_is_described(self):
        def walk(node, where):
            for key, value in node.get("properties", {}).items():
                with self.subTest(f"{where}.{key}"):
                    self.assertTrue(value.get("description"))
                walk(value, f"{where}.{key}")
            for key, value in node.get("$defs", {}).items():
                walk(value, f"{where}#{key}")

        walk(self.schema, "")


def bad_recipes():
    """As bad.json of the profiles; "message" is a glob of what terrane says."""
    return load(FIXTURES.parent / "recipes/bad.json")


class RecipeSchemaTest(unittest.TestCase):
    def test_rejects(self):
        schema = load(PROFILES / "recipe.schema.json")
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        self.assertTrue(validator.is_valid({"name": "zlib", "version": "1.3", "steps": ["make", ["make", "install"]]}))
        for path in (PROFILES / "recipes").glob("*.json"):
            with self.subTest(path.name):
                self.assertEqual([error.message for error in validator.iter_errors(load(path))], [])
        for row in bad_recipes():
            with self.subTest(row["name"]):
                self.assertEqual(validator.is_valid(row["recipe"]), row.get("schema") == "accepts")


@unittest.skipUnless(TERRANE, "TERRANE is not set")
class RecipeProgramTest(unittest.TestCase):
    def test_rejects(self):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TERRANE_TEST_TMPDIR")) as directory:
            for row in bad_recipes():
                path = pathlib.Path(directory, row["name"] + ".json")
                path.write_text(json.dumps(row["recipe"]), encoding="utf-8")
                with self.subTest(row["name"]):
                    result = subprocess.run([TERRANE, "profile", "check", str(path)], stdin=subprocess.DEVNULL,
                                            capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
                    self.assertTrue(fnmatch.fnmatchcase(result.stderr.strip(), row["message"]), result.stderr)


@unittest.skipUnless(TERRANE, "TERRANE is not set")
class ProgramTest(unittest.TestCase):
    def test_rejects(self):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TERRANE_TEST_TMPDIR")) as directory:
            shutil.copytree(FIXTURES / "parents", f"{directory}/parents")
            os.mkdir(f"{directory}/bad")
            for row, text in bad_profiles():
                path = pathlib.Path(directory, "bad", row["name"] + ".json")
                path.write_text(text, encoding="utf-8")
                with self.subTest(row["name"]):
                    result = subprocess.run(
                        [TERRANE, "--store", f"{directory}/store", "build", str(path)],
                        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                        check=False)
                    self.assertEqual(result.returncode, 2, result.stderr)
                    self.assertEqual(result.stdout, "")
                    self.assertRegex(result.stderr, rf"/({re.escape(path.name)}|parents/\w+\.json):")


if __name__ == "__main__":
    unittest.main()
