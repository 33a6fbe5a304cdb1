"""Every command that the README shows is run, and prints what the README says, numbers and digests aside."""

import json
import os
import re
import subprocess
import unittest

from terrane_test import INPUTS, SHARED, TERRANE, TOP, Registry, TestCase, free_port, have

README = (TOP / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


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
        (session,) = blocks("console")
        with Registry(self.directory / "registry") as registry:
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", session, re.MULTILINE):
                with self.subTest(command):
                    words = command.replace("localhost:5000", registry.host).split()
                    result = subprocess.run(words, cwd=TOP, env=environment, capture_output=True, text=True)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    if words[1:] == ["images"]:  # other tests have theirs in the same store
                        result.stdout = "".join(line for line in result.stdout.splitlines(True) if line.split()[0] in expected)
                    self.assertEqual(shape(result.stdout.replace(registry.host, "localhost:5000")), shape(expected))

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
        """test_fresh_root.py runs the commands."""
        (install, start, *_) = blocks("")
        version = subprocess.run([TERRANE, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
        self.assertIn(f"apt install ./terrane_{version}_amd64.deb", install)
        self.assertEqual([line.split()[1] for line in start.splitlines()], ["init", "build", "invoke"])
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
