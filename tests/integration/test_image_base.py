"""An OCI image as base: layers byte for byte, configuration inherited, whiteouts understood."""

import io
import json
import os
import subprocess
import tarfile
import unittest

from terrane_test import TestCase, have, make_tar


@unittest.skipUnless(have("umoci", "skopeo"), "umoci or skopeo is not installed")
class ImageBase(TestCase):
    def setUp(self):
        super().setUp()
        self.make_image()
        self.write("app/f", "x")

    def umoci(self, *arguments):
        return subprocess.run(["umoci", *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def make_image(self):
        """Two layers made by umoci, the second of which deletes a file, makes a directory opaque and replaces one."""
        layout = self.directory / "base-image"
        image = f"{layout}:v1"
        self.umoci("init", "--layout", layout)
        self.umoci("new", "--image", image)
        make_tar(self.directory / "l1.tar", [
            ("etc", "dir", None), ("etc/keep", "file", b"1"), ("etc/gone", "file", b"1"), ("etc/conf.d", "dir", None),
            ("etc/conf.d/old", "file", b"1"), ("usr", "dir", None), ("usr/lib", "dir", None), ("lib", "symlink", "usr/lib"),
            ("tmp", "dir", None, {"mode": 0o1777})])
        make_tar(self.directory / "l2.tar", [
            ("etc", "dir", None), ("etc/.wh.gone", "file", b""), ("etc/conf.d", "dir", None),
            ("etc/conf.d/new", "file", b"2"), ("etc/conf.d/.wh..wh..opq", "file", b""), ("lib/x", "file", b"2")])
        for layer in ("l1.tar", "l2.tar"):
            self.umoci("raw", "add-layer", "--image", image, self.directory / layer)
        self.umoci("config", "--image", image, "--config.env", "PATH=/bin", "--config.env", "A=1", "--config.cmd", "run",
                   "--config.entrypoint", "/bin/base", "--config.workingdir", "/srv", "--architecture", "amd64", "--os",
                   "linux", "--created", "2020-01-02T03:04:05Z", "--author", "somebody")
        self.base = self.read_layout(layout)

    def read_layout(self, layout):
        index = json.loads((layout / "index.json").read_text())
        digest = index["manifests"][0]["digest"]
        manifest = json.loads((layout / "blobs/sha256" / digest.split(":")[1]).read_text())
        config = json.loads((layout / "blobs/sha256" / manifest["config"]["digest"].split(":")[1]).read_text())
        return digest, manifest, config

    def build_on(self, image, **members):
        return self.build(self.write_profile(base={"image": image}, trees=[
            {"name": "app", "directory": "app", "prefix": "/app"}], **members))

    def test_layers_config_and_history_are_kept(self):
        record = self.build_on("oci:base-image:v1", config={"env": {"A": "2", "B": "3"}})
        digest, base_manifest, base_config = self.base
        manifest = self.read_json_blob(record["digest"])
        config = self.read_json_blob(manifest["config"]["digest"])
        self.assertEqual([layer["digest"] for layer in manifest["layers"][:2]],
                         [layer["digest"] for layer in base_manifest["layers"]])
        self.assertEqual(config["history"][:-1], base_config["history"])
        self.assertEqual(config["rootfs"]["diff_ids"][:2], base_config["rootfs"]["diff_ids"])
        self.assertEqual(config["config"]["Env"], ["PATH=/bin", "A=2", "B=3"])
        for key in ("Entrypoint", "Cmd", "WorkingDir"):
            self.assertEqual(config["config"][key], base_config["config"][key])
        self.assertEqual(config["author"], "somebody")
        self.assertEqual(config["created"], "2020-01-02T03:04:05Z")
        annotations = manifest["annotations"]
        self.assertEqual(annotations["org.opencontainers.image.base.digest"], digest)
        self.assertEqual(annotations["org.opencontainers.image.base.name"], "v1")
        # Another entrypoint drops the inherited command, as in a Dockerfile.
        other = self.build_on("oci:base-image:v1", config={"entrypoint": ["/app/f"]})
        config = self.read_json_blob(self.read_json_blob(other["digest"])["config"]["digest"])
        self.assertNotIn("Cmd", config["config"])

    def test_whiteouts_and_links_are_understood(self):
        record = self.build_on("oci:base-image:v1")
        listing = subprocess.run(["ostree", f"--repo={self.store}/repo", "ls", "-R", record["commit"]], check=True,
                                 capture_output=True, text=True).stdout
        paths = {line.split(" /", 1)[1] for line in listing.splitlines() if " /" in line}
        self.assertEqual(paths, {"", "app", "app/f", "etc", "etc/conf.d", "etc/conf.d/new", "etc/keep", "lib -> usr/lib",
                                 "tmp", "usr", "usr/lib", "usr/lib/x"})

    def test_archives_give_the_same_layers(self):
        layout = self.build_on("oci:base-image:v1")
        subprocess.run(["skopeo", "copy", "oci:base-image:v1", "oci-archive:base.tar:v1"], check=True, capture_output=True,
                       cwd=self.directory)
        archive = self.build_on("oci-archive:base.tar:v1")
        self.assertEqual(archive["digest"], layout["digest"])
        subprocess.run(["skopeo", "copy", "oci:base-image:v1", "docker-archive:docker.tar:base:v1"], check=True,
                       capture_output=True, cwd=self.directory)
        docker = self.build_on("docker-archive:docker.tar:base:v1")
        # skopeo stored the layers uncompressed, so only what they contain can be equal.
        self.assertEqual([layer["diff_id"] for layer in docker["layers"]], [layer["diff_id"] for layer in layout["layers"]])
        self.assertEqual(docker["commit"], layout["commit"])
        self.assertTrue(self.build_on("docker-archive:docker.tar:base:v1")["unchanged"])

    def test_damaged_bases(self):
        _, manifest, _ = self.base
        blob = self.directory / "base-image/blobs/sha256" / manifest["layers"][0]["digest"].split(":")[1]
        data = blob.read_bytes()
        blob.write_bytes(data[:-1] + b"x")
        profile = self.write_profile(base={"image": "oci:base-image:v1"})
        self.assert_fails(1, r"base\.image: oci:.*base-image:v1: the blob sha256:[0-9a-f]{12}… of .*base-image: the content has the digest sha256:", "build", profile)
        blob.write_bytes(data[:-1])
        self.assert_fails(1, r"has \d+ bytes, its descriptor says \d+", "build", profile)
        blob.unlink()
        self.assert_fails(1, r"the blob sha256:.* No such file", "build", profile)
        self.assert_fails(1, r"no image ‘v9’; did you mean ‘v1’", "build",
                          self.write_profile(base={"image": "oci:base-image:v9"}))
        self.assert_store_is_sound()

    def test_other_platform(self):
        profile = self.write_profile(base={"image": "oci:base-image:v1"}, platform="linux/arm64")
        self.assert_fails(2, "the image is for linux/amd64, the profile's platform is linux/arm64", "build", profile)

    def test_oci_archive_with_a_wrong_digest(self):
        content = b"not what the name says"
        with tarfile.open(self.directory / "bad.tar", "w") as tar:
            info = tarfile.TarInfo("blobs/sha256/" + "0" * 64)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        self.assert_fails(1, r"bad\.tar: blobs/sha256/0+: the content has the digest", "build",
                          self.write_profile(base={"image": "oci-archive:bad.tar"}))
        os.remove(self.directory / "bad.tar")


if __name__ == "__main__":
    unittest.main()
