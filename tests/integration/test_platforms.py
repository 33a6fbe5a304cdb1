"""Builds for several platforms: image indexes in registries, layouts and archives as skopeo and podman read them, tags of their
own where there can be none, and variables of the platform."""

import hashlib
import json
import os
import re
import subprocess
import unittest

from terrane_test import TestCase, Registry, have

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BOTH = ["linux/amd64", "linux/arm64"]


@unittest.skipUnless(have("docker-registry", "skopeo"), "docker-registry and skopeo are not installed")
class Platforms(TestCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(self.directory / "registry")
        self.addCleanup(self.registry.__exit__)
        self.url = f"docker://{self.registry.host}/team/app"

    def skopeo(self, *arguments, check=True):
        result = subprocess.run(["skopeo", *map(str, arguments)], capture_output=True, text=True)
        if check:
            self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def raw(self, image):
        tls = ["--tls-verify=false"] if str(image).startswith("docker:") else []
        return self.skopeo("inspect", "--raw", *tls, image).stdout

    def tags(self):
        result = self.skopeo("list-tags", "--tls-verify=false", self.url, check=False)
        return sorted(json.loads(result.stdout)["Tags"] or []) if result.returncode == 0 else []

    def multi(self, **members):
        members = {"platform": BOTH, "config": {"labels": {"arch": "${arch}", "on": "${platform}"}}, **members}
        return self.write_profile(**members)

    def check_index(self, raw, records):
        """As image-spec v1.1 image-index.md has it, and as the manifests of the records are."""
        index = json.loads(raw)
        self.assertEqual((index["schemaVersion"], index["mediaType"]), (2, INDEX))
        found = {f"{entry['platform']['os']}/{entry['platform']['architecture']}": entry for entry in index["manifests"]}
        self.assertEqual(list(found), BOTH)
        for platform, record in records.items():
            entry, blob = found[platform], self.blob(record["digest"])
            self.assertEqual((entry["digest"], entry["mediaType"], entry["size"]), (record["digest"], MANIFEST, blob.stat().st_size))
            self.assertEqual(sorted(entry), ["digest", "mediaType", "platform", "size"])
        return "sha256:" + hashlib.sha256(raw.encode()).hexdigest()

    def test_an_index_everywhere(self):
        profile = self.multi(annotations={"org.example.same": "both", "org.example.arch": "${arch}"})
        layout, archive = self.directory / "layout", self.directory / "image.tar"
        record_path = self.directory / "record.json"
        first = self.build(profile, "--platform", ",".join(reversed(BOTH)), "--push", f"{self.url}:1.0", "-o", f"oci:{layout}:1.0",
                           "-o", f"oci-archive:{archive}:1.0", "--record", record_path)
        self.assertEqual(json.loads(record_path.read_text()), first)
        records = {row["platform"]: row["record"] for row in first["builds"]}
        self.assertEqual((sorted(records), first["passed"]), (BOTH, True))
        raw = self.raw(f"{self.url}:1.0")
        digest = self.check_index(raw, records)
        self.assertEqual((first["index"]["digest"], first["push"]["digest"], first["index"]["size"]), (digest, digest, len(raw)))
        self.assertEqual(first["push"]["reference"], f"{self.registry.host}/team/app@{digest}")
        annotations = json.loads(raw)["annotations"]
        self.assertEqual(annotations["org.example.same"], "both")
        self.assertNotIn("org.example.arch", annotations)
        self.assertEqual(self.raw(f"oci:{layout}:1.0"), raw)
        self.assertEqual(self.raw(f"oci-archive:{archive}:1.0"), raw)
        # Two configurations and one layer: that of the base is the same for both.
        self.assertEqual((first["push"]["blobs_uploaded"], first["push"]["blobs_existing"]), (3, 1))
        self.assertEqual(self.tags(), ["1.0"])
        for image, options in ((f"{self.url}:1.0", ["--tls-verify=false"]), (f"oci:{layout}:1.0", []), (f"oci-archive:{archive}", [])):
            for arch in ("amd64", "arm64"):
                with self.subTest(image, arch=arch):
                    inspected = json.loads(self.skopeo("inspect", "--override-arch", arch, *options, image).stdout)
                    self.assertEqual((inspected["Architecture"], inspected["Labels"]["arch"], inspected["Labels"]["on"]),
                                     (arch, arch, f"linux-{arch}"))
        self.skopeo("copy", "--all", f"oci-archive:{archive}:1.0", f"oci:{self.directory}/copy:x")
        # Again, in the other order: nothing is sent, and all bytes are the same.
        archive2 = self.directory / "again.tar"
        again = self.build(profile, "--platform", "all", "--push", f"{self.url}:1.0", "-o", f"oci-archive:{archive2}:1.0")
        self.assertTrue(again["push"]["unchanged"])
        self.assertEqual(again["index"], first["index"])
        self.assertEqual(archive2.read_bytes(), archive.read_bytes())
        # terrane itself takes its image of them, and the store has names for each.
        pulled = json.loads(self.run_terrane("--json", "pull", "--platform", "linux/arm64", f"{self.url}:1.0", "pulled:1").stdout)
        self.assertEqual(pulled["digest"], records["linux/arm64"]["digest"])
        names = {row["name"]: row["digest"] for row in json.loads(self.run_terrane("--json", "images").stdout)}
        self.assertEqual((names["test:amd64"], names["test:arm64"]), tuple(records[platform]["digest"] for platform in BOTH))
        self.assertEqual(names["test:latest"], records["linux/amd64"]["digest"])
        self.assert_store_is_sound()

    @unittest.skipUnless(have("podman"), "podman is not installed")
    def test_podman_reads_the_index(self):
        self.build(self.multi(), "--platform", "all", "--push", f"{self.url}:1")
        conf = self.write("registries.conf", f'[[registry]]\nlocation = "{self.registry.host}"\ninsecure = true\n')
        result = subprocess.run(["podman", "manifest", "inspect", f"{self.registry.host}/team/app:1"], capture_output=True, text=True,
                                env=dict(os.environ, CONTAINERS_REGISTRIES_CONF=str(conf)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([entry["platform"]["architecture"] for entry in json.loads(result.stdout)["manifests"]], ["amd64", "arm64"])

    def test_lambda_gets_tags_of_their_own(self):
        push = {"repository": f"{self.registry.host}/team/app", "tags": ["2-${lock.short}"]}
        profile = self.multi(push=push, target="aws-lambda")
        for options in (["--push"], ["--push", f"{self.url}:2"], ["--push", f"{self.url}:2-${{lock.short}}"]):
            message = self.assert_fails(2, "Lambda takes no image index; write ‘\\$\\{arch\\}’ in the tag", "build", "--platform", "all", *options,
                                        profile)
            self.assertNotIn("reading", message)
        self.assertEqual(self.tags(), [])
        self.assertFalse((self.store / "images/index.json").exists() and json.loads((self.store / "images/index.json").read_text())["manifests"])

    def test_tags_of_their_own(self):
        push = {"repository": f"{self.registry.host}/team/app", "tags": ["3-${arch}", "3"]}
        profile = self.multi(push=push, name="app-${arch}")
        document = self.build(profile, "--platform", "all", "--push", "-o", f"docker-archive:{self.directory}/${{platform}}.tar")
        self.assertEqual(self.tags(), ["3", "3-amd64", "3-arm64"])
        records = {row["platform"]: row["record"] for row in document["builds"]}
        for platform, record in records.items():
            arch = platform.split("/")[1]
            self.assertEqual(record["name"], f"app-{arch}:latest")
            self.assertEqual([push["tag"] for push in record["pushes"]], [f"{self.registry.host}/team/app:3-{arch}"])
            self.assertEqual("sha256:" + hashlib.sha256(self.raw(f"{self.url}:3-{arch}").encode()).hexdigest(), record["digest"])
            self.assertEqual(json.loads(self.skopeo("inspect", f"docker-archive:{self.directory}/linux-{arch}.tar").stdout)["Architecture"], arch)
        self.check_index(self.raw(f"{self.url}:3"), records)
        self.assertEqual([push["tag"] for push in document["pushes"]], [f"{self.registry.host}/team/app:3"])
        # One platform, where variables are known as well.
        one = self.build(profile, "--platform", "linux/aarch64", "--push", f"{self.url}:one-${{arch}}-${{lock.short}}")
        short = one["lock"].removeprefix("sha256:")[:12]
        self.assertEqual(one["push"]["tag"], f"{self.registry.host}/team/app:one-arm64-{short}")
        self.assertEqual(one["digest"], records["linux/arm64"]["digest"])

    def test_the_lock_of_an_index(self):
        """${lock.short} of what all platforms share is of all of their locks: a line for each, in the order of the index."""
        document = self.build(self.multi(), "--platform", "linux/arm64,linux/amd64", "--push", f"{self.url}:${{lock.short}}")
        locks = {row["platform"]: row["record"]["lock"] for row in document["builds"]}
        lines = "".join(f"{platform} {locks[platform]}\n" for platform in BOTH)
        self.assertEqual(self.tags(), [hashlib.sha256(lines.encode()).hexdigest()[:12]])

    def test_a_failure_leaves_no_tag(self):
        """The second platform lacks a file: the first is built, and nothing goes anywhere."""
        for arch in ("amd64", "arm64"):
            path = self.write(f"files-{arch}/{arch}", arch)
        profile = self.multi(trees=[{"name": "files", "directory": "files-${arch}", "prefix": "/opt"}])
        path.unlink()
        path.parent.rmdir()
        record_path = self.directory / "record.json"
        layout = self.directory / "layout"
        result = self.run_terrane("--json", "build", "--platform", "all", "--push", f"{self.url}:1", "-o", f"oci:{layout}:1", "--record", record_path,
                                  profile, exit_code=1)
        document = json.loads(result.stdout)
        self.assertEqual([row["passed"] for row in document["builds"]], [True, False])
        self.assertIn("files-arm64", document["builds"][1]["error"]["message"])
        self.assertIn("1 of 2 platforms failed; nothing was pushed or written", document["error"]["message"])
        self.assertFalse(document["passed"] or "pushes" in document or "index" in document)
        self.assertFalse(json.loads(record_path.read_text())["passed"])
        self.assertFalse(layout.exists())
        self.assertEqual(self.tags(), [])
        names = [row["name"] for row in json.loads(self.run_terrane("--json", "images").stdout)]
        self.assertEqual(names, ["test:amd64"])
        # With the file, both differ by it.
        self.write("files-arm64/arm64", "arm64")
        good = self.build(profile, "--platform", "all", "--push", f"{self.url}:1")
        layers = [{layer["tree"]: layer["digest"] for layer in row["record"]["layers"]} for row in good["builds"]]
        self.assertNotEqual(layers[0]["files"], layers[1]["files"])
        self.assertEqual(layers[0]["base"], layers[1]["base"])
        self.assertEqual(self.tags(), ["1"])
        locks = json.loads((self.directory / "profile.lock.json").read_text())["platforms"]
        self.assertEqual(sorted(locks), BOTH)

    def test_all_of_one(self):
        document = self.build(self.write_profile(), "--platform", "all", "--push", f"{self.url}:x")
        [row] = document["builds"]
        self.assertEqual((row["platform"], row["record"]["name"], "index" in document), ("linux/amd64", "test:latest", False))
        self.assertEqual(row["record"]["push"]["digest"], row["record"]["digest"])
        self.assertEqual(json.loads(self.raw(f"{self.url}:x"))["mediaType"], MANIFEST)

    def test_what_is_refused(self):
        profile = self.multi()
        for arguments, words in (
                (["--platform", "linux/amd64,linux/amd64", profile], "linux/amd64 is named twice"),
                (["--platform", "linux/amd64,", profile], "--platform"),
                (["--platform", "linux/amd64,linux/riscv64", profile], "platform"),
                (["--platform", "all", "-o", f"docker-archive:{self.directory}/a.tar", profile], "which holds no image index; write ‘${arch}’"),
                (["--platform", "all", "-o", f"lambda-zip:{self.directory}/a.zip", profile], "several platforms would have one; write ‘${arch}’"),
                (["--platform", "all", "--junit", f"{self.directory}/a.xml", profile], "--junit: several platforms would have one; write ‘${arch}’"),
                (["--platform", "all", "--push", f"{self.url}:${{arhc}}", profile], "‘arhc’; did you mean ‘${arch}’?"),
                (["--platform", "all", "--push", f"{self.url}:a b", profile], "--push"),
                (["--platform", "all", profile, self.write_profile("other.json", name="other")], "--platform with several platforms is about one profile")):
            with self.subTest(arguments):
                self.assert_fails(2, re.escape(words), "build", *arguments)
        self.assert_fails(2, "‘\\$\\{arch\\}’ is what ‘platform’ says", "build", self.write_profile("own.json", platform="linux/${arch}"))
        self.assert_fails(2, "the profile is for linux/amd64", "build", "--platform", "linux/amd64,linux/arm64",
                          self.write_profile("one.json", platform=["linux/amd64"]))
        self.assertEqual(self.tags(), [])


if __name__ == "__main__":
    unittest.main()
