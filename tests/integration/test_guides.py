"""docs/guides: profiles are valid, options exist, and the session about a failing import is run as it is shown. The commands about
the image ‘tiles’ are run by test_fresh_root.py, those about GDAL by test_readme.py."""

import json
import re
import shlex
import subprocess
import unittest
import zipfile

from terrane_test import INPUTS, TERRANE, TOP, TestCase, seeded_store

BASE = INPUTS / "debian12-base-amd64.tar.zst"
GUIDES = sorted((TOP / "docs/guides").glob("*.md"))


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(text):
    """The words of each terrane command in a session."""
    for line in re.findall(r"^\$ (terrane .*)$", text, re.MULTILINE):
        yield shlex.split(line, comments=True)[1:]


class Guides(TestCase):
    def test_profiles_are_valid(self):
        """A part of a profile is put into a whole one."""
        for guide in GUIDES:
            for number, text in enumerate(blocks(guide, "json")):
                with self.subTest(f"{guide.name} {number}"):
                    members = json.loads(text if text.startswith("{") else "{" + text + "}")
                    profile = {"name": "x", "platform": "linux/amd64", "target": "aws-lambda", "base": {"directory": "root"}, **members}
                    trees = profile.get("trees", [])
                    named = [{"name": name, "directory": "d", "prefix": "/opt"} for name in profile.get("limits", {}).get("trees", {})]
                    profile["trees"] = trees + [tree for tree in named if tree["name"] not in {each["name"] for each in trees}]
                    for tree in profile["trees"]:
                        tree.update({"sha256": "0" * 64} if tree.get("sha256") == "…" else {})
                        if "compile" in tree:
                            tree["compile"]["recipe"] = str(TOP / "profiles" / tree["compile"]["recipe"])
                    path = self.write("profile.json", json.dumps(profile))
                    self.run_terrane("profile", "check", path)

    def test_the_profile_of_the_overview_is_valid(self):
        self.run_terrane("profile", "check", self.write("profile.json", blocks(TOP / "docs/profile.md", "json")[0]))

    def test_commands_and_options_exist(self):
        offered = {}
        for guide in GUIDES:
            for words in (words for text in blocks(guide, "console") for words in commands(text)):
                own = words[:words.index("--")] if "--" in words else words
                command = next(word for word in own if not word.startswith("-"))
                if command not in offered:
                    offered[command] = self.run_terrane(command, "--help").stdout
                with self.subTest(f"{guide.name}: {' '.join(words)}"):
                    for option in (word.partition("=")[0] for word in own if word.startswith("-")):
                        self.assertRegex(offered[command], rf"(?m)^ +(?:-\w, )?{option}\b|^ +{option},")

    def test_zip_layers_lie_where_lambda_puts_them(self):
        """Each tree of the table of layouts, made of a zip with that layout: /opt and /var/task, as AWS documents it."""
        rows = re.findall(r"^\| (.*?) \| `(\{.*?\})`", (TOP / "docs/guides/from-zip-layers.md").read_text(encoding="utf-8"), re.MULTILINE)
        trees = [json.loads(tree) for _, tree in rows]
        self.assertEqual([tree["archive"] for tree in trees], ["layer.zip", "function.zip"])
        names = {"layer.zip": ["lib/libx.so.1", "share/x", "python/a.py", "python/lib/python3.12/site-packages/b.py"],
                 "function.zip": ["handler.py", "package/c.py"]}
        for archive, members in names.items():
            with zipfile.ZipFile(self.directory / archive, "w") as file:
                for member in members:
                    file.writestr(member, member)
        (self.directory / "root").mkdir()
        profile = self.write("profile.json", json.dumps({"name": "x", "platform": "linux/amd64", "target": "oci", "base": {"directory": "root"},
                                                         "trees": trees}))
        self.build(profile)
        for prefix, archive in (("opt", "layer.zip"), ("var/task", "function.zip")):
            for member in names[archive]:
                answer = json.loads(self.run_terrane("--json", "why", "x", f"/{prefix}/{member}").stdout)
                self.assertEqual([file["path"] for file in answer["files"]], [f"/{prefix}/{member}"])

    @unittest.skipUnless(BASE.exists(), "profiles/inputs is empty, run scripts/debian-rootfs")
    def test_a_failing_import(self):
        (session,) = [text for text in blocks(TOP / "docs/guides/import-errors.md", "console") if "→" in text]
        expected = session.partition("\n")[2].replace("  |   …\n", "…")
        self.write("app/handler.py", "import json\n\nimport yaml\n")
        profile = self.write("profile.json", json.dumps({
            "name": "report", "platform": "linux/amd64", "target": "oci", "base": {"archive": str(BASE)},
            "trees": [{"name": "app", "directory": "app", "prefix": "/var/task"}],
            "config": {"entrypoint": ["/usr/bin/python3.11"], "cmd": ["handler.py"], "working_dir": "/var/task",
                       "env": {"PYTHONPATH": "/var/task"}}, "validate": {"imports": ["handler"]}}))
        seeded_store(self.directory / "seeded", base={"archive": str(BASE)})
        result = subprocess.run([TERRANE, "--store", str(self.directory / "seeded"), "-q", "build", profile], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertRegex(result.stderr, "(?s)^" + re.escape(expected).replace("…", ".*") + "$")
        (after,) = [text for text in blocks(TOP / "docs/guides/import-errors.md", "console") if "--no-validate" in text]
        self.assertGreater(len(list(commands(after))), 3)
        for words in commands(after):
            with self.subTest(" ".join(words)):
                self.run_terrane(*words, store=self.directory / "seeded", cwd=self.directory, stdin="")


if __name__ == "__main__":
    unittest.main()
