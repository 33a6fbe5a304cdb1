"""The README's first session, with its output: an image with wheels of PyPI, whose certificate the system's authorities vouch
for. The machine of scripts/test-fresh-root, which has nothing but the package, continues with podman, AWS Lambda, drift, and the
steps of the templates for CI with the files of a release; elsewhere other modules test these."""

import getpass
import json
import math
import os
import pathlib
import re
import subprocess
import unittest
import urllib.request

from terrane_test import INPUTS, PACKAGE_CLIENT, TERRANE, TOP, Registry, TestCase, have, sha256
from test_guides import GUIDES, blocks
from test_guides import commands as guide_commands
from test_readme import README, session, shape
from test_wheels import reach_pypi

# scripts/test-fresh-root sets both: URL and keys of fresh_aws.py, and what scripts/release has made.
AWS = os.environ.get("TERRANE_TEST_AWS", "").split()
RELEASE = pathlib.Path(os.environ.get("TERRANE_TEST_RELEASE", "/nonexistent"))
PYTHON = "/usr/bin/python3.11"
TOOLS = TOP / "build/lock-tools/bin"


def versions(text):
    """The session without what depends on the day: versions of packages, and how an answer's last digits are rounded."""
    return re.sub(r"(?<![\w.])-?\d+\.\d+(\.\d+)*(?! ?(B|kB|MB|ms)\b)", "N", text)


@unittest.skipUnless(list(INPUTS.glob("debian12-base-*.tar.zst")) and have("bwrap", "docker-registry"),
                     "needs profiles/inputs, bubblewrap and docker-registry")
@unittest.skipUnless((TOOLS / "uv").exists(), "scripts/install-lock-tools was not run")
class FirstSession(TestCase):
    def setUp(self):
        super().setUp()
        self.tiles = self.directory / "tiles"

    def here(self, *arguments, **options):
        return self.run_terrane(*arguments, cwd=self.directory, **options)

    def test_from_init_to_an_answer(self):
        reason = reach_pypi()
        if reason:
            self.skipTest(reason)
        if AWS:
            self.look_at_the_machine()
        (base,) = INPUTS.glob("debian12-base-*.tar.zst")
        (self.directory / "debian12.tar.zst").symlink_to(base)
        with Registry(self.directory / "registry") as registry:
            for command, expected in session(README):
                with self.subTest(command):
                    answer = getattr(self, "do_" + re.search("init|add|build|invoke|push", command)[0])(command.split()[1:], registry)
                    self.assertEqual(shape(versions(answer.replace(registry.host, "localhost:5000"))), shape(versions(expected)))
            self.follow_guides(registry)
            if AWS:
                self.run_by_podman()
                self.deploy(registry)
        if AWS:
            self.look_for_drift()

    def do_init(self, words, _):
        return self.here(*words).stdout

    def do_add(self, words, _):
        """Without a tool the command is printed, which then gives what terrane add does when it has the tool."""
        before = (self.tiles / "requirements.txt").read_text()
        if not have("uv") and not have("pip-compile"):
            said = self.here(*words).stdout
            self.assertIn("pipx install uv", said)
            self.assertIn("\ncd 'tiles' && uv pip compile ", said)
            self.assertEqual((self.tiles / "requirements.txt").read_text(), before)
        result = subprocess.run([*PACKAGE_CLIENT, TERRANE, *words], cwd=self.directory, capture_output=True, text=True,
                                env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"})
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertRegex((self.tiles / "requirements.txt").read_text(), r"(?m)^shapely==[0-9.]+ \\\n    --hash=sha256:")
        return result.stdout

    def do_build(self, words, _):
        said = self.here(*words).stdout
        self.digest = re.search(r"^tiles:latest +(sha256:\w+)$", said, re.MULTILINE)[1]
        return said

    def do_invoke(self, words, _):
        said = self.here(*words).stdout
        self.assert_bounds(json.loads(said))
        return said

    def do_push(self, words, registry):
        said = self.here(*words[:-1], words[-1].replace("localhost:5000", registry.host)).stdout
        self.assertTrue(said.endswith(f"@{self.digest}\n"), said)
        request = urllib.request.Request(f"http://{registry.host}/v2/geo/tiles/manifests/v1",
                                         headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(answer.headers["Docker-Content-Digest"], self.digest)
        return said

    def follow_guides(self, registry):
        """The guides' commands about this image. init, add and most builds are those of the session; podman is not everywhere."""
        commands = {tuple(words): None for guide in GUIDES for text in blocks(guide, "console") for words in guide_commands(text)}
        mine = [words for words in commands if {"tiles", "tiles/profile.json", "doctor", "images"} & set(words) and words[0] not in ("init", "add")
                and (words[0] != "build" or "--locked" in words)
                and (AWS or "--podman" not in words)]
        self.assertLessEqual({"doctor", "images", "inspect", "run", "push", "validate", "invoke"}, {words[0] for words in mine})
        for words in mine:
            with self.subTest(" ".join(words)):
                host = r"registry\.example\.org|\d+\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com"
                self.here(*(re.sub(host, registry.host, word) for word in words), env=self.podman_environment(), stdin="")

    def assert_bounds(self, answer):
        earth = 6378137  # EPSG:3857: x = a λ, y = a ln tan (π/4 + φ/2)
        west, south, east, north = (math.radians(degrees) for degrees in json.loads((self.tiles / "event.json").read_text())["bounds"])
        expected = [earth * west, earth * math.asinh(math.tan(south)), earth * east, earth * math.asinh(math.tan(north))]
        for value, wanted in zip(answer["bounds"], expected, strict=True):
            self.assertAlmostEqual(value, wanted, places=2)

    def look_at_the_machine(self):
        document = json.loads(self.here("--json", "doctor").stdout)
        states = {symptom["name"]: symptom["status"] for symptom in document["symptoms"]}
        self.assertEqual([states[name] for name in ("works", "file-system", "certificates", "podman")], ["ok"] * 4, states)

    def podman_environment(self):
        return {"CONTAINERS_CONF": str(self.write("containers.conf", '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'))}

    def run_by_podman(self):
        """Straight from the store, and loaded from an archive."""
        environment = self.podman_environment()
        call = "import json, shapely, handler; print(json.dumps(handler.handler(json.load(open('/dev/stdin')), None)))"
        event = (self.tiles / "event.json").read_text()
        result = self.here("run", "--podman", "tiles", "--", PYTHON, "-c", call, env=environment, stdin=event)
        self.assert_bounds(json.loads(result.stdout))
        self.here("build", "tiles/profile.json", "--output", "docker-archive:tiles.tar")
        for words in (["load", "--input", "tiles.tar"],
                      ["run", "--rm", "--interactive", "--network=none", f"--entrypoint={PYTHON}", "tiles", "-c", call]):
            result = subprocess.run(["podman", *words], cwd=self.directory, input=event, capture_output=True, text=True,
                                    env={**os.environ, **environment})
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_bounds(json.loads(result.stdout))

    def ask_lambda(self, path):
        url = f"{AWS[0]}/2015-03-31/functions/tiles-{getpass.getuser()}{path}"
        scope = f"AWS4-HMAC-SHA256 Credential={AWS[1]}/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": scope})) as answer:
            return json.load(answer)

    def deploy(self, registry):
        path = self.tiles / "profile.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {
            "push": {"repository": f"{registry.host}/geo/tiles", "tags": ["v1"]},
            "deploy": {"function": f"tiles-{getpass.getuser()}", "region": "eu-west-1", "smoke": {"event": "event.json"}}}))
        environment = {"AWS_ENDPOINT_URL": AWS[0], "AWS_ACCESS_KEY_ID": AWS[1], "AWS_SECRET_ACCESS_KEY": AWS[2]}
        self.here("build", "--push", "--record", "record.json", path)
        self.here("deploy", "--record", "record.json", path, env=environment)
        alias = self.ask_lambda("/aliases/live")
        self.assertEqual(alias["FunctionVersion"], "2")
        self.assertFalse((alias["RoutingConfig"] or {}).get("AdditionalVersionWeights"))
        version = self.ask_lambda("?Qualifier=2")
        self.assertEqual(version["Code"]["ImageUri"], f"{registry.host}/geo/tiles@{self.digest}")
        record = json.loads((self.directory / "record.json").read_text())
        self.assertEqual([item["version_arn"] for item in record["deploy"]], [version["Configuration"]["FunctionArn"]])

    def look_for_drift(self):
        """Advisories about a wheel and about a package of Debian; whether PyPI has something newer differs from day to day."""
        for identifier, ecosystem, name in (("PYSEC-1", "PyPI", "shapely"), ("DEBIAN-1", "Debian:12", "glibc"), ("PYSEC-2", "PyPI", "django")):
            self.write(f"advisories/{identifier}.json", json.dumps({
                "id": identifier, "modified": "2026-01-01T00:00:00Z", "affected": [{
                    "package": {"ecosystem": ecosystem, "name": name},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}]}]}))
        document = json.loads(self.here("--json", "drift", "--advisories", "advisories", "tiles/profile.json", exit_code=4).stdout)
        [answer] = document["profiles"]
        found = {finding["id"]: (finding["source"], finding["subject"]) for finding in answer["findings"] if finding["kind"] == "advisory"}
        self.assertEqual(found, {"PYSEC-1": ("dependencies", "shapely"), "DEBIAN-1": ("base", "glibc")})
        self.assertEqual([row for row in answer["unanswered"] if row["failed"]], [])


@unittest.skipUnless(RELEASE.exists(), "does not apply: scripts/test-fresh-root makes the release; test_ci_templates has one of its own")
class Templates(TestCase):
    """scripts/ci with the release, and with what is installed: root takes the package, others the tarball."""

    def setUp(self):
        super().setUp()
        import test_ci_templates
        from web_server import WebServer
        self.kinds = test_ci_templates.GitHub, test_ci_templates.GitLab, test_ci_templates.Azure
        self.env, self.github, self.azure, self.token = {"XDG_RUNTIME_DIR": ""}, {}, {}, ""
        self.repository = self.directory / "repository"
        (self.repository / "base/bin").mkdir(parents=True)
        subprocess.run(["cp", "/bin/busybox", self.repository / "base/bin"], check=True)
        (self.repository / "profile.json").write_text(json.dumps({
            "name": "app", "platform": "linux/amd64", "target": "oci", "base": {"directory": "base"},
            "validate": {"commands": [["/bin/busybox", "true"]]}}))
        self.run_terrane("lock", self.repository / "profile.json")
        server = WebServer()
        self.addCleanup(server.stop)
        (self.file,) = RELEASE.glob("*.deb" if os.geteuid() == 0 else "*.tar.gz")
        server.files[f"/{self.file.name}"] = self.file.read_bytes()
        self.release = f"{server.url}/{self.file.name}", sha256(self.file)
        self.machines = 0

    def two_jobs(self, kind, url, digest):
        self.url, self.sha, self.cache = url, digest, b""
        for expected in (False, True):
            self.machines += 1
            machine = kind(self, self.machines)
            self.assertEqual(machine.build(), 0, machine.output)
            self.assertRegex(machine.output, r"(?m)^terrane \d")
            self.assertEqual(json.loads(machine.kept["record.json"])["unchanged"], expected)
        self.assertEqual(machine.drift(), 0, machine.output)
        self.assertIn("Nothing has moved.", machine.summary)

    def test_release(self):
        for kind in self.kinds if os.geteuid() != 0 else self.kinds[1:2]:
            with self.subTest(kind=kind.__name__):
                self.two_jobs(kind, *self.release)

    def test_installed(self):
        for kind in self.kinds:
            with self.subTest(kind=kind.__name__):
                self.two_jobs(kind, "", "")


if __name__ == "__main__":
    unittest.main()
