"""docker-archive: every form that docker, podman, skopeo, kaniko, crane and pack write and skopeo reads."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import subprocess
import tarfile
import unittest

from image_layout import ImageLayout, digest_of, make_layer
from terrane_test import TestCase, have


def hex_of(data):
    return hashlib.sha256(data).hexdigest()


class DockerArchive(TestCase):
    def setUp(self):
        super().setUp()
        self.layers = [make_layer(a=b"1"), make_layer(b=b"2")]
        self.config = self.config_of(self.layers)

    @staticmethod
    def config_of(layers):
        return json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {
            "type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}}).encode()

    def write_archive(self, *members, name="a.tar", tar_format=tarfile.GNU_FORMAT):
        """@members: (name, content), or (name, type, target) of a link."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tar_format) as tar:
            for path, *rest in members:
                info = tarfile.TarInfo(path)
                if len(rest) == 2:
                    info.type, info.linkname = rest
                    tar.addfile(info)
                else:
                    info.size = len(rest[0])
                    tar.addfile(info, io.BytesIO(rest[0]))
        path = self.directory / name
        path.write_bytes(out.getvalue())
        return path

    def manifest(self, layers, tags=("x:1",), config="c.json"):
        return ("manifest.json", json.dumps([{"Config": config, "RepoTags": tags and list(tags), "Layers": layers}]).encode())

    def diff_ids(self, path, name="", skopeo=True):
        """The content that terrane reads must be that of the layers of its image."""
        image = f"docker-archive:{path}{name}"
        document = json.loads(self.run_terrane("--json", "inspect", image).stdout)
        for layer in document["layers"]:
            self.assertEqual(digest_of(gzip.decompress(self.blob(layer["digest"]).read_bytes())), layer["diffID"])
            self.assertEqual(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip")
        if skopeo and have("skopeo"):  # reads the same
            result = subprocess.run(["skopeo", "inspect", "--config", image], check=True, capture_output=True, text=True)
            self.assertEqual(json.loads(result.stdout)["rootfs"]["diff_ids"], [layer["diffID"] for layer in document["layers"]])
        return [layer["diffID"] for layer in document["layers"]]

    def assert_read(self, *members, layers=None, name="", **options):
        self.assertEqual(self.diff_ids(self.write_archive(*members, **options), name),
                         [digest_of(layer) for layer in layers or self.layers])

    def plain(self):
        return [("1.tar", self.layers[0]), ("2.tar", self.layers[1]), ("c.json", self.config), self.manifest(["1.tar", "2.tar"])]

    def test_order_and_spelling(self):
        self.assert_read(*self.plain())
        self.assert_read(*reversed(self.plain()))
        self.assert_read(*[(f"./{name}", data) for name, data in self.plain()])
        self.assert_read(*self.plain()[:3], self.manifest(["1.tar", "2.tar"], tags=None))
        # pack writes absolute names (podman#8132), others "./" only in manifest.json.
        self.assert_read(*[(f"/{name}", data) for name, data in self.plain()[:3]],
                         self.manifest(["/1.tar", "/2.tar"], config="/c.json"))
        self.assert_read(*self.plain()[:3], self.manifest(["./1.tar", ".//2.tar"], config="./c.json"))

    def test_docker_24(self):
        """A directory for each layer with VERSION, json and layer.tar; a repeated layer is a link to the first."""
        layers = [self.layers[0], self.layers[1], self.layers[0], self.layers[0]]
        ids = [hex_of(bytes([number])) for number in range(4)]
        members = [(f"{ids[number]}/VERSION", b"1.0") for number in range(4)]
        members += [(f"{ids[number]}/json", json.dumps({"id": ids[number]}).encode()) for number in range(4)]
        members += [(f"{ids[0]}/layer.tar", self.layers[0]), (f"{ids[1]}/layer.tar", self.layers[1]),
                    (f"{ids[2]}/layer.tar", tarfile.SYMTYPE, f"../{ids[0]}/layer.tar"),
                    (f"{ids[3]}/layer.tar", tarfile.SYMTYPE, f"../{ids[2]}/layer.tar")]
        config = self.config_of(layers)
        members += [(f"{hex_of(config)}.json", config), ("repositories", b'{"x":{"1":"' + ids[3].encode() + b'"}}'),
                    self.manifest([f"{each}/layer.tar" for each in ids], config=f"{hex_of(config)}.json")]
        self.assert_read(*members, layers=layers)

    def test_docker_25(self):
        """An OCI layout and a manifest.json in one; the layers are plain tar."""
        layout = ImageLayout(self.directory / "l")
        descriptor = layout.image(layers=self.layers)
        layout.name(descriptor, "1")
        members = [("blobs/", tarfile.DIRTYPE, ""), ("blobs/sha256/", tarfile.DIRTYPE, "")]
        paths = [f"blobs/sha256/{hex_of(layer)}" for layer in self.layers]
        config = f"blobs/sha256/{hex_of(self.config)}"
        members += [(path, layer) for path, layer in zip(paths, self.layers)] + [(config, self.config)]
        members += [("index.json", (layout.path / "index.json").read_bytes()), self.manifest(paths, config=config),
                    ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')]
        self.assert_read(*members)
        # The archive of a layout without manifest.json is another thing.
        archive = self.write_archive(*[member for member in members if member[0] != "manifest.json"])
        self.assert_fails(1, "not a docker archive.* oci-archive:FILE", "inspect", f"docker-archive:{archive}")

    def test_compressed_layers(self):
        """kaniko and crane write gzip, which stays byte for byte; everything else becomes gzip."""
        config = self.config_of([self.layers[0]])
        forms = {"gz": gzip.compress(self.layers[0]), "bz2": bz2.compress(self.layers[0]), "xz": lzma.compress(self.layers[0])}
        if have("zstd"):
            forms["zst"] = subprocess.run(["zstd", "-qc"], input=self.layers[0], check=True, capture_output=True).stdout
        for suffix, data in forms.items():
            with self.subTest(suffix):
                self.assert_read((f"l.tar.{suffix}", data), ("c.json", config), self.manifest([f"l.tar.{suffix}"]),
                                 layers=[self.layers[0]])
        self.assertEqual(self.blob(hex_of(forms["gz"])).read_bytes(), forms["gz"])

    def test_compressed_as_a_whole(self):
        path = self.write_archive(*self.plain())
        for suffix, compress in (("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)):
            whole = self.write(f"a.tar.{suffix}", compress(path.read_bytes()))
            # skopeo 1.9 finds some of these cut short, which they are not: `tar` lists them.
            self.assertEqual(len(self.diff_ids(whole, skopeo=False)), 2)

    def test_several_images(self):
        one, two, config, _ = self.plain()
        other = self.config_of(self.layers[:1])
        images = [{"Config": "c.json", "RepoTags": ["docker.io/library/x:1", "quay.io/team/x:2"], "Layers": ["1.tar", "2.tar"]},
                  {"Config": "o.json", "RepoTags": ["localhost/y:1"], "Layers": ["1.tar"]},
                  {"Config": "o.json", "RepoTags": None, "Layers": ["1.tar"]}]
        archive = self.write_archive(one, two, config, ("o.json", other), ("manifest.json", json.dumps(images).encode()))
        for name, count in (("x:1", 2), ("library/x:1", 2), ("docker.io/x:1", 2), ("quay.io/team/x:2", 2), ("y:1", 1),
                            ("localhost/y:1", 1), ("@0", 2), ("@2", 1)):
            with self.subTest(name):
                document = json.loads(self.run_terrane("--json", "inspect", f"docker-archive:{archive}:{name}").stdout)
                self.assertEqual(len(document["layers"]), count)
        message = self.assert_fails(1, "has no image ‘z:latest’; there is: ", "inspect", f"docker-archive:{archive}:z")
        for name in ("docker.io/library/x:1", "quay.io/team/x:2", "localhost/y:1"):
            self.assertIn(name, message)
        self.assert_fails(2, "holds 3 images, name one: ‘docker.io/library/x:1, .*@0 to @2", "inspect", f"docker-archive:{archive}")
        self.assert_fails(1, "has no image ‘@3’", "inspect", f"docker-archive:{archive}:@3")

    def test_refused(self):
        one, two, config, manifest = self.plain()
        for pattern, *members in (
                ("1.tar: is there twice, with different content", one, ("1.tar", self.layers[1]), config, manifest),
                ("manifest.json: is there twice", *self.plain(), self.manifest(["1.tar"])),
                ("names ‘2.tar’, which is not in the archive", one, config, manifest),
                ("names ‘2.tar’, .* a link to what is not", one, ("2.tar", tarfile.SYMTYPE, "2.tar"), config, manifest),
                ("has 1 layers, and the configuration c.json 2 diff_ids", one, config, self.manifest(["1.tar"])),
                (f"2.tar: .*does not match its diff_id: its tar is {digest_of(b'other')}", one, ("2.tar", b"other"), config,
                 manifest),
                ("was written by docker before 1.10", one, ("repositories", b"{}")),
                ("it has no manifest.json", one),
                (r"contains ‘..’", one, config, self.manifest(["../1.tar", "1.tar"]))):
            with self.subTest(pattern):
                archive = self.write_archive(*members)
                self.assert_fails(1, pattern, "inspect", f"docker-archive:{archive}")
        self.assert_read(one, *self.plain())  # duplicates are not a contradiction

    @unittest.skipUnless(have("skopeo"), "skopeo is not installed")
    def test_skopeo(self):
        layout = ImageLayout(self.directory / "l")
        layout.name(layout.image(layers=[*self.layers, self.layers[0]]), "x")
        archive = self.directory / "s.tar"
        subprocess.run(["skopeo", "copy", f"oci:{layout.path}:x", f"docker-archive:{archive}:app:1", "--additional-tag",
                        "quay.io/a/b:2"], check=True, capture_output=True)
        for name in ("", ":app:1", ":quay.io/a/b:2"):
            self.assertEqual(len(self.diff_ids(archive, name)), 3)

    @unittest.skipUnless(have("podman"), "podman is not installed")
    def test_podman(self):
        """Two images of one podman in one archive: --multi-image-archive."""
        layout = ImageLayout(self.directory / "l")
        podman = ["podman", "--root", self.directory / "p", "--runroot", self.directory / "r", "--storage-driver", "vfs"]
        names = []
        for number, layers in enumerate((self.layers, self.layers[:1])):
            layout.entries.clear()
            layout.name(layout.image(layers=layers), "x")
            pulled = subprocess.run([*podman, "pull", "-q", f"oci:{layout.path}:x"], capture_output=True, text=True)
            if pulled.returncode != 0:
                self.skipTest(f"podman cannot be used here: {pulled.stderr[:200]}")
            names.append(f"localhost/app{number}:1")
            subprocess.run([*podman, "tag", pulled.stdout.strip(), names[-1]], check=True)
        archive = self.directory / "p.tar"
        subprocess.run([*podman, "save", "-q", "--format", "docker-archive", "-m", "-o", archive, *names], check=True,
                       capture_output=True, env=dict(os.environ, TMPDIR=str(self.directory)))
        self.assertEqual(len(self.diff_ids(archive, ":app0:1", skopeo=False)), 2)  # which wants the localhost/
        self.assertEqual(len(self.diff_ids(archive, ":localhost/app1:1")), 1)


if __name__ == "__main__":
    unittest.main()
