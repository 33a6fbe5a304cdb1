"""Commands of the README and of the guide to GDAL print what these pages say, numbers and digests aside. test_fresh_root.py
runs the README's first session."""

import json
import os
import re
import subprocess
import unittest

from terrane_test import INPUTS, SHARED, TERRANE, TOP, Registry, TestCase, free_port, have

README = (TOP / "README.md").read_text()


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def session(text):
    """Pairs of a command and what it prints, of the first session in a page."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", blocks("console", text)[0], re.MULTILINE)


def shape(text):
    """The text without what differs from run to run."""
    text = re.sub(r"sha256:[0-9a-f]+", "sha256:DIGEST", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r" +\(unchanged\)|\n\(run before on exactly this file system\)", "", text)
    text = re.sub(r"\b(new|reused)\b", "STATE", text)
    text = re.sub(r"pushed (\S+): .*", r"pushed \1: SENT", text)
    text = re.sub(r"\d+(\.\d+)? (B|kB|MB|ms)\b", r"N UNIT", text)
    return re.sub(r"[ ]+", " ", text).strip()


@unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
class Readme(TestCase):
    @unittest.skipUnless(have("docker-registry"), "docker-registry is not installed")
    def test_session(self):
        bin_directory = self.directory / "bin"
        bin_directory.mkdir()
        (bin_directory / "terrane").symlink_to(TERRANE)
        SHARED.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, PATH=f"{bin_directory}:{os.environ['PATH']}", TERRANE_STORE=str(SHARED / "store"))
        guide = (TOP / "docs/guides/own-gdal.md").read_text(encoding="utf-8")
        commands = session(guide)
        self.assertEqual([command.split()[:2] for command, _ in commands], [["terrane", "-q"], ["terrane", "push"], ["terrane", "images"]])
        with Registry(self.directory / "registry") as registry:
            for command, expected in commands:
                with self.subTest(command):
                    words = command.replace("localhost:5000", registry.host).split()
                    result = subprocess.run(words, cwd=TOP, env=environment, capture_output=True, text=True)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    if words[1:] == ["images"]:  # other tests have theirs in the same store
                        result.stdout = "".join(line for line in result.stdout.splitlines(True) if line.split()[0] in expected)
                    self.assertEqual(shape(result.stdout.replace(registry.host, "localhost:5000")), shape(expected))
        for command in re.findall(r"^\$ (.*?) *#.*$", blocks("console", guide)[1], re.MULTILINE):
            with self.subTest(command):
                result = subprocess.run(command.split(), cwd=TOP, env=environment, capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_quickstart_runs_and_its_second_run_changes_nothing(self):
        environment = dict(os.environ, TERRANE_STORE=str(SHARED / "store"))
        for _ in range(2):
            result = subprocess.run([str(TOP / "scripts/quickstart"), "--build"], env=environment, capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = result.stdout.splitlines()
        for number, line in enumerate(lines[:4], start=1):
            self.assertRegex(line, rf"^{number}/4 .* \(about .*\): .*, \d+ s$")
        for part in ("debian12-gdal:latest", "unchanged", "run --podman debian12-gdal", "push debian12-gdal docker://"):
            self.assertIn(part, result.stdout)

    def test_the_start(self):
        (install, *_) = blocks("")
        version = subprocess.run([TERRANE, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
        self.assertIn(f"apt install ./terrane_{version}_amd64.deb", install)
        self.assertEqual([re.search("init|add|build|invoke|push", command)[0] for command, _ in session(README)],
                         ["init", "add", "build", "invoke", "push"])
        for script in re.findall(r"`\./(scripts/\S+?)`", README):
            self.assertTrue(os.access(TOP / script, os.X_OK), script)

    def test_the_profile_is_valid(self):
        (text,) = blocks("json")
        profile = json.loads(text)
        profile["trees"][0]["sha256"] = "0" * 64
        image = profile["base"]["image"].replace("public.ecr.aws", f"127.0.0.1:{free_port()}")
        profile["base"]["image"] = image
        path = self.write("profile.json", json.dumps(profile))
        # Its sources do not exist, which is found only after the profile was accepted.
        self.assert_fails(1, rf"base\.image: {image.rpartition(':')[0]}: .*refused", "build", path)


if __name__ == "__main__":
    unittest.main()
